//! The decision log: one record for each decision, as an event of CloudEvents 1.0 or as OPA's decision log shapes it.
//!
//! What a record says is settled where the decision falls; an [`Outbox`] numbers, chains and queues the records of one
//! instance; moving bytes is the edge's.

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
