//! Hash chains: each record contains the hash of the previous one, so that no single record can be changed, removed or
//! moved unnoticed.
//!
//! A record in a chain has the member `chain` in its `data` (CloudEvents) or its `result` (OPA):
//!
//! - `id`: the chain, by the ID of its first decision; instances share nothing, so each has its own chains;
//! - `sequence`: the number of the record in the chain, from 0;
//! - `previous`: the `hash` of the previous record; in the first record, `sha256:` and 64 zeros;
//! - `hash`: the SHA-256 of the record's canonical form without this member.

use alloc::borrow::{Cow, ToOwned as _};
use alloc::string::String;

use callgate_engine::json::{RawValue, read};
use callgate_engine::limits::MAX_REQUEST_DEPTH;
use sha2::{Digest as _, Sha256};

use crate::http::json_text::{write_digest, write_name, write_number};
use crate::log::canonical::write_canonical;

/// The member of a record that can contain a chain: `data` of CloudEvents, `result` of OPA.
const HOLDERS: [&str; 2] = ["data", "result"];

/// The chain of one instance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chain {
    /// The ID of the chain's first record; `None` before the first record.
    id: Option<String>,
    sequence: u64,
    previous: [u8; 32],
}

impl Chain {
    /// Adds the record `text` to the chain; the record's last member must be the object that contains the chain.
    ///
    /// `decision_id` names the chain if this is its first record.
    pub(crate) fn link(&mut self, text: &mut String, decision_id: &str) {
        let whole = text.len();
        // INVARIANT: a record ends with the closing braces of the container and of itself.
        text.truncate(whole.saturating_sub(2));
        text.push_str(",\"chain\":{");
        let id = self.id.get_or_insert_with(|| decision_id.to_owned());
        for part in ["\"id\":\"", id, "\""] {
            text.push_str(part);
        }
        write_number("sequence", self.sequence, text);
        write_name("previous", text);
        write_digest(&self.previous, text);
        text.push_str("}}}");
        // INVARIANT: a record is strict JSON, so it has a hash; otherwise, the hash would be all zeros.
        let hash = read(text.as_bytes(), MAX_REQUEST_DEPTH).ok().and_then(record_hash).unwrap_or_default();
        text.truncate(text.len().saturating_sub(3));
        write_name("hash", text);
        write_digest(&hash, text);
        text.push_str("}}}");
        self.sequence = self.sequence.saturating_add(1);
        self.previous = hash;
    }

    /// Ends the chain because a linked record may not have arrived: the next record starts a new chain.
    pub(crate) fn end(&mut self) {
        *self = Self::default();
    }
}

/// A record's position in its chain, as stated in the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainLink<'r> {
    /// The chain.
    pub id: Cow<'r, str>,
    /// The number of the record in the chain, from 0.
    pub sequence: u64,
    /// The hash of the previous record, as text.
    pub previous: Cow<'r, str>,
    /// The record's own hash, as text.
    pub hash: Cow<'r, str>,
}

impl<'r> ChainLink<'r> {
    /// The value of `previous` in the first record of a chain.
    pub const NO_PREVIOUS: &'static str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

    /// Reads a record's position in its chain; `None` if it has none.
    #[must_use]
    pub fn read(record: RawValue<'r>) -> Option<Self> {
        let (_, chain) = chain_of(record)?;
        let text = |name| chain.member(name).and_then(RawValue::as_string);
        Some(Self {
            id: text("id")?,
            sequence: chain.member("sequence")?.as_number()?.parse().ok()?,
            previous: text("previous")?,
            hash: text("hash")?,
        })
    }
}

/// The SHA-256 of a record's canonical form without its chain hash; `None` if it has no chain.
#[must_use]
pub fn record_hash(record: RawValue<'_>) -> Option<[u8; 32]> {
    let (holder, _) = chain_of(record)?;
    let mut canonical = String::with_capacity(record.text().len());
    write_canonical(record, &[holder, "chain", "hash"], &mut canonical)?;
    Some(Sha256::digest(canonical.as_bytes()).into())
}

/// The name of the member that contains the record's chain, and the chain.
fn chain_of(record: RawValue<'_>) -> Option<(&'static str, RawValue<'_>)> {
    HOLDERS.into_iter().find_map(|holder| Some((holder, record.member(holder)?.member("chain")?)))
}

/// Appends the number of records that were lost before the record `text`.
pub(crate) fn write_dropped(dropped: u64, text: &mut String) {
    // INVARIANT: a record ends with the closing braces of the container and of itself.
    text.truncate(text.len().saturating_sub(2));
    write_number("dropped", dropped, text);
    text.push_str("}}");
}

/// Writes a hash as in records.
#[must_use]
pub fn hash_text(hash: &[u8; 32]) -> String {
    let mut quoted = String::with_capacity(80);
    write_digest(hash, &mut quoted);
    quoted.trim_matches('"').to_owned()
}
