//! One record of a decision, before it is numbered, chained and sent.

use alloc::string::String;

use crate::log::data_point::DataPoint;

/// One record, before an [`Outbox`](crate::log::Outbox) numbers it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The decision's ID.
    pub(crate) decision_id: String,
    /// A JSON object whose last member is an object, so that members can be appended to it.
    pub(crate) text: String,
    /// The record as columns, if it goes into a dataset.
    pub(crate) point: Option<DataPoint>,
}
