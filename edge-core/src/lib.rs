//! The HTTP contract of callgate, the same on every host.
//!
//! An edge reads the head of a request, asks [`receive`] for the next state, reads the body if that state needs it, and
//! writes the [`Response`]. This crate contains routes, authentication, strict reading, decisions and the formats of
//! responses.
//!
//! # Examples
//!
//! An edge follows the state machine; a deployment without a log or a rate limit has two states:
//!
//! ```
//! use callgate_edge_core::{Deployment, Head, Next, Platform, Settings, receive};
//! use callgate_engine::{PolicyImage, compile, parse, validate};
//!
//! let policy = r#"{ "version": "callgate-1", "tools": ["view"], "roles": { "agent": {} }, "rules": [
//!     { "effect": "Allow", "tool_name": "view", "roles": ["agent"] } ] }"#;
//! let bytes = compile(&parse(policy).and_then(validate).expect("the policy has no error"));
//! let settings = Settings::new([Some("desk:key-0123456789abcdef".into()), None, None, None, None]);
//! let platform = Platform { now: || None, random: || Some([1; 16]), ip_header: None, country_header: None };
//! let deployment = Deployment::new(PolicyImage::open(&bytes).expect("an image"), &settings, platform);
//!
//! let head = Head {
//!     method: "POST",
//!     target: "/evaluate",
//!     credential: Some("Bearer key-0123456789abcdef"),
//!     content_type: Some("application/json"),
//!     ..Head::default()
//! };
//! let Next::ReadBody(body) = receive(&head, &deployment) else { panic!("the caller may call") };
//! let Next::Send(response) = body.resume(Ok(br#"{"tool":"view","role":"agent"}"#), &|_| None) else { panic!("no log") };
//! assert_eq!(response.status, 200);
//! assert!(response.body.starts_with(br#"{"decision":"Allow""#));
//! ```
//!
//! Without a credential, no state reads a body:
//!
//! ```
//! use callgate_edge_core::{Deployment, Head, Next, Platform, Settings, policy_image, receive};
//!
//! let settings = Settings::new([Some("desk:key-0123456789abcdef".into()), None, None, None, None]);
//! let platform = Platform { now: || None, random: || Some([1; 16]), ip_header: None, country_header: None };
//! let deployment = Deployment::new(policy_image().expect("the embedded policy"), &settings, platform);
//! let head = Head { method: "POST", target: "/evaluate", ..Head::default() };
//! let Next::Send(response) = receive(&head, &deployment) else { panic!("nobody may call without a key") };
//! assert_eq!(response.status, 401);
//! ```
#![no_std]

extern crate alloc;

mod platform;
pub mod config;
mod http;
pub mod auth;
pub mod log;
mod answer;
mod flow;

pub use answer::decision::{answer_batch, answer_call, explain_call};
pub use answer::edge_facts::EdgeFacts;
#[cfg(feature = "embed")]
pub use answer::embedded::{POLICY_TEXT, policy_image};
pub use config::explainers::Explainers;
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
