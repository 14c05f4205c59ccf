//! The HTTP contract of callgate, the same on every host.
//!
//! An edge reads the head of a request, asks [`receive`] what to do, reads the body if it is asked for one, and writes
//! the [`Response`]. Routes, authentication, strict reading, decisions and the shapes of answers and errors are here.
#![no_std]

extern crate alloc;

mod http;
mod pointer;
mod address;
pub mod config;
mod limits;
mod rate_limit;
mod deployment;
mod route;
mod admission;
mod pending;
pub mod auth;
mod json_text;
mod answer;
mod policy;
pub mod log;
mod problem;
#[cfg(feature = "embed")]
mod embedded;

pub use admission::{KeyFetch, Next, Verification};
pub use answer::{Arrival, answer_batch, answer_call};
pub use config::{Config, ConfigError};
pub use deployment::{Clock, Deployment};
#[cfg(feature = "embed")]
pub use embedded::{POLICY_TEXT, policy_image};
pub use http::{Head, Response};
pub use limits::Limits;
pub use pending::{Answered, PendingCall};
pub use problem::Problem;
pub use rate_limit::RateLimit;
pub use route::receive;
