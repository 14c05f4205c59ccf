//! The meaning of `callgate-1`: the strictest effect decides, three-valued truth, exact decimals, patterns expanded at
//! build time.
#![expect(clippy::expect_used, clippy::panic, reason = "a test states what must hold by failing")]

mod judge;

mod conditions;
mod items;
mod requests;
mod rules;
mod tables;
