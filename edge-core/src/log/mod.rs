//! The decision log: one record per decision, as an event of CloudEvents 1.0 or of OPA's decision log.
//!
//! The content of a record is final at the time of the decision. An [`Outbox`] numbers, chains and queues the records
//! of one instance; the edge sends the bytes.

mod config;
mod timestamp;
mod mask;
mod entry;
mod record;
pub(crate) mod recorder;
mod cloudevents;
mod opa;
mod data_point;
mod canonical;
mod chain;
mod outbox;

pub use chain::{ChainLink, hash_text, record_hash};
pub use config::{Collector, Format, LogConfig, Mode, Sink};
pub use data_point::DataPoint;
pub use outbox::{Batch, Lines, Outbox};
pub use record::Record;
