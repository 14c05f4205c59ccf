//! What `callgate-1` means: strictest effect wins, three-valued truth, exact decimals, patterns expanded at build time.
#![expect(clippy::expect_used, reason = "a test states what must hold by failing")]

mod judge;

mod conditions;
mod items;
mod requests;
mod rules;
mod tables;
