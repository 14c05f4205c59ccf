//! The HTTP contract of callgate, the same on every host.
//!
//! An edge reads the head of a request, asks [`receive`] what to do, reads the body if it is asked for one, and writes
//! the [`Response`]. Routes, authentication, strict reading, decisions and the shapes of answers and errors are here.
#![no_std]

extern crate alloc;

mod platform;
pub mod config;
mod http;
pub mod auth;
pub mod log;
mod answer;
mod flow;

pub use answer::decision::{answer_batch, answer_call};
pub use answer::edge_facts::EdgeFacts;
#[cfg(feature = "embed")]
pub use answer::embedded::{POLICY_TEXT, policy_image};
pub use config::limits::Limits;
pub use config::rate_limit::RateLimit;
pub use config::settings::Settings;
pub use config::{Config, ConfigError};
pub use flow::body::BodyFault;
pub use flow::deployment::Deployment;
pub use flow::next::{Afterwards, BackgroundWrite, BodyRead, CallCount, KeyFetch, Next, RecordWrite, Verification};
pub use flow::rate::Counter;
pub use flow::record::Destination;
pub use flow::route::receive;
pub use flow::sender::{Post, Sender, SenderStep};
pub use http::problem::Problem;
pub use http::{Head, Response};
pub use platform::Platform;
