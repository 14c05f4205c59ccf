//! Records that name one another: each has the hash of the one before, so that none can be changed, taken out or moved
//! alone.
//!
//! A record in a chain has the member `chain` in its `data` (CloudEvents) or its `result` (OPA):
//!
//! - `id`: the chain, by the id of the first decision in it, since instances share nothing and each has chains of its own;
//! - `sequence`: which record of the chain it is, from 0;
//! - `previous`: the `hash` of the record before, and `sha256:` with 64 zeros in the first;
//! - `hash`: the SHA-256 of the record's canonical form without this member.

use alloc::borrow::{Cow, ToOwned as _};
use alloc::string::String;

use callgate_engine::json::{RawValue, read};
use callgate_engine::limits::MAX_REQUEST_DEPTH;
use sha2::{Digest as _, Sha256};

use crate::http::json_text::{write_digest, write_name, write_number};
use crate::log::canonical::write_canonical;

/// The member of a record that may hold a chain: `data` of CloudEvents, `result` of OPA.
const HOLDERS: [&str; 2] = ["data", "result"];

/// The chain of one instance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chain {
    /// The chain, by its first record's id; `None` before the first.
    id: Option<String>,
    sequence: u64,
    previous: [u8; 32],
}

impl Chain {
    /// Makes the record `text`, whose last member is the object that holds the chain, the next in the chain.
    ///
    /// `decision_id` names the chain where the record is the first.
    pub(crate) fn link(&mut self, text: &mut String, decision_id: &str) {
        let whole = text.len();
        // INVARIANT: a record ends with the holder's brace and its own.
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
        // INVARIANT: a record is strict JSON, so that it has a hash; without one it stays out of every chain.
        let hash = read(text.as_bytes(), MAX_REQUEST_DEPTH).ok().and_then(record_hash).unwrap_or_default();
        text.truncate(text.len().saturating_sub(3));
        write_name("hash", text);
        write_digest(&hash, text);
        text.push_str("}}}");
        self.sequence = self.sequence.saturating_add(1);
        self.previous = hash;
    }

    /// Ends the chain, where what was linked may not have arrived: the next record starts another.
    pub(crate) fn end(&mut self) {
        *self = Self::default();
    }
}

/// A record's place in its chain, as the record says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainLink<'r> {
    /// The chain.
    pub id: Cow<'r, str>,
    /// Which record of the chain it is, from 0.
    pub sequence: u64,
    /// The hash of the record before, as it is written.
    pub previous: Cow<'r, str>,
    /// The record's own hash, as it is written.
    pub hash: Cow<'r, str>,
}

impl<'r> ChainLink<'r> {
    /// What the first record of a chain has for the hash of the one before.
    pub const NO_PREVIOUS: &'static str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

    /// Reads a record's place in its chain; `None` where it is in none.
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

/// The SHA-256 of a record's canonical form, without the hash that its chain has; `None` where the record is in no chain.
#[must_use]
pub fn record_hash(record: RawValue<'_>) -> Option<[u8; 32]> {
    let (holder, _) = chain_of(record)?;
    let mut canonical = String::with_capacity(record.text().len());
    write_canonical(record, &[holder, "chain", "hash"], &mut canonical)?;
    Some(Sha256::digest(canonical.as_bytes()).into())
}

/// The name of the member that holds the record's chain, and the chain.
fn chain_of(record: RawValue<'_>) -> Option<(&'static str, RawValue<'_>)> {
    HOLDERS.into_iter().find_map(|holder| Some((holder, record.member(holder)?.member("chain")?)))
}

/// Writes how many records were lost before this one, at the end of the record `text`.
pub(crate) fn write_dropped(dropped: u64, text: &mut String) {
    // INVARIANT: a record ends with the holder's brace and its own.
    text.truncate(text.len().saturating_sub(2));
    write_number("dropped", dropped, text);
    text.push_str("}}");
}

/// Writes a hash as records do.
#[must_use]
pub fn hash_text(hash: &[u8; 32]) -> String {
    let mut quoted = String::with_capacity(80);
    write_digest(hash, &mut quoted);
    quoted.trim_matches('"').to_owned()
}
