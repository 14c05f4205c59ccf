//! `callgate log verify`: checks that the records of each chain are unchanged and complete.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use callgate_edge_core::log::{ChainLink, hash_text, record_hash};
use callgate_engine::json::read;
use callgate_engine::limits::MAX_REQUEST_DEPTH;

use crate::failure::Failure;
use crate::print::{counted, quoted, unwritable, write_line};

/// The maximum length of a record in bytes; a longer line is not a record and is not stored.
const MAX_LINE_BYTES: u64 = 1024 * 1024;

/// One record of a chain.
#[derive(Clone)]
struct Linked {
    line: u64,
    sequence: u64,
    previous: String,
    hash: String,
}

/// A break at a line.
struct Break {
    line: u64,
    why: String,
}

/// The chains of the records that were read.
#[derive(Default)]
struct Verification {
    /// The chains in the order in which they first appear.
    chains: Vec<(String, Vec<Linked>)>,
    /// The index of each chain in the list, by its ID.
    places: HashMap<String, usize>,
    unchained: u64,
    breaks: Vec<Break>,
}

/// Verifies the records in `file` or on standard input, and prints each break and the last hash of each chain.
pub(crate) fn run(file: Option<&Path>, is_partial: bool) -> Result<(), Failure> {
    let shown = file.map_or_else(|| "standard input".into(), |file| file.display().to_string());
    let unreadable = |error: io::Error| Failure::Unusable(format!("cannot read `{shown}`: {error}"));
    let mut verification = Verification::default();
    match file {
        Some(file) => verification.read(BufReader::new(File::open(file).map_err(unreadable)?)),
        None => verification.read(io::stdin().lock()),
    }
    .map_err(unreadable)?;
    verification.judge(is_partial);
    verification.print(&shown, &mut io::stdout().lock()).map_err(|error| unwritable(&error))?;
    if verification.breaks.is_empty() && !verification.chains.is_empty() { Ok(()) } else { Err(Failure::Refused) }
}

impl Verification {
    fn read(&mut self, mut lines: impl BufRead) -> io::Result<()> {
        let mut number = 0_u64;
        let mut line = Vec::new();
        while io::Read::take(&mut lines, MAX_LINE_BYTES).read_until(b'\n', &mut line)? > 0 {
            number = number.saturating_add(1);
            let is_whole = line.ends_with(b"\n") || lines.fill_buf()?.is_empty();
            if !is_whole {
                lines.skip_until(b'\n')?;
            }
            match is_whole {
                true if line.trim_ascii().is_empty() => {}
                true => self.add(number, &line),
                false => self.unchained = self.unchained.saturating_add(1),
            }
            line.clear();
        }
        Ok(())
    }

    /// Reads one line: a record whose hash is checked, or something else.
    fn add(&mut self, line: u64, text: &[u8]) {
        let record = read(text, MAX_REQUEST_DEPTH).ok();
        let Some((link, hash)) = record.and_then(|record| Some((ChainLink::read(record)?, record_hash(record)?)))
        else {
            self.unchained = self.unchained.saturating_add(1);
            return;
        };
        if hash_text(&hash) != link.hash {
            let why = format!("changed: record {} of chain {} does not match its hash", link.sequence, shown(&link.id));
            self.breaks.push(Break { line, why });
        }
        let place = *self.places.entry(link.id.to_string()).or_insert_with(|| {
            self.chains.push((link.id.to_string(), Vec::new()));
            self.chains.len().saturating_sub(1)
        });
        if let Some((_, records)) = self.chains.get_mut(place) {
            let (previous, hash) = (link.previous.into_owned(), link.hash.into_owned());
            records.push(Linked { line, sequence: link.sequence, previous, hash });
        }
    }

    fn judge(&mut self, is_partial: bool) {
        for (id, records) in &mut self.chains {
            let id = &*shown(id);
            find_moved(id, records, &mut self.breaks);
            // From here on, records are in their original order; a duplicate record counts once.
            records.sort_by_key(|record| record.sequence);
            records.dedup_by(|second, first| (second.sequence, &second.hash) == (first.sequence, &first.hash));
            find_gaps(id, records, is_partial, &mut self.breaks);
        }
        self.breaks.sort_by_key(|found| found.line);
    }

    fn print(&self, source: &str, out: &mut impl Write) -> io::Result<()> {
        for Break { line, why } in &self.breaks {
            write_line(out, &format!("{source}:{line}: {why}"))?;
        }
        for (id, records) in &self.chains {
            if let (Some(first), Some(last)) = (records.first(), records.last()) {
                let (from, to) = (first.sequence, last.sequence);
                let (id, hash) = (shown(id), shown(&last.hash));
                write_line(out, &format!("chain {id}: records {from} to {to}, last hash {hash}"))?;
            }
        }
        let records = self.chains.iter().fold(0_usize, |sum, (_, records)| sum.saturating_add(records.len()));
        let chains = counted(self.chains.len(), "chain");
        let unchained = match self.unchained {
            0 => String::new(),
            lines => format!(", {} outside a chain", counted(usize::try_from(lines).unwrap_or(usize::MAX), "line")),
        };
        let verdict = match (self.breaks.len(), records) {
            (0, 0) => "no record has a chain".to_owned(),
            (0, _) => "no break found".to_owned(),
            (breaks, _) => counted(breaks, "break"),
        };
        write_line(out, &format!("{source}: {}, {chains}{unchained}: {verdict}", counted(records, "record")))
    }
}

/// Finds records at wrong positions: after a later record, or duplicate with different content.
fn find_moved(id: &str, records: &[Linked], breaks: &mut Vec<Break>) {
    let mut seen: HashMap<u64, &Linked> = HashMap::new();
    let mut latest: Option<&Linked> = None;
    for record in records {
        let Linked { line, sequence, .. } = record;
        match seen.get(sequence) {
            // A collector may get a batch twice.
            Some(earlier) if earlier.hash == record.hash => continue,
            Some(earlier) => {
                let kind = if *sequence == 0 { "restarted" } else { "repeated" };
                let why = format!("{kind}: chain {id} has a different record {sequence} on line {}", earlier.line);
                breaks.push(Break { line: *line, why });
            }
            None => {
                seen.insert(*sequence, record);
            }
        }
        match latest {
            Some(later)
                if later.sequence > *sequence && seen.get(sequence).is_some_and(|first| first.line == *line) =>
            {
                let why = format!(
                    "reordered: record {sequence} of chain {id} is after record {} on line {}",
                    later.sequence, later.line
                );
                breaks.push(Break { line: *line, why });
            }
            Some(later) if later.sequence >= *sequence => {}
            _ => latest = Some(record),
        }
    }
}

/// Finds missing records, and records that do not match the hash of the previous record.
fn find_gaps(id: &str, records: &[Linked], is_partial: bool, breaks: &mut Vec<Break>) {
    let Some(first) = records.first() else { return };
    if first.sequence == 0 && first.previous != ChainLink::NO_PREVIOUS {
        let why = format!("changed: record 0 of chain {id} has the hash of a previous record, but it is the first");
        breaks.push(Break { line: first.line, why });
    } else if first.sequence > 0 && !is_partial {
        breaks.push(missing(id, 0, first));
    }
    // If two records have the same number, which is already reported, the next record may follow either one.
    let places: Vec<&[Linked]> = records.chunk_by(|a, b| a.sequence == b.sequence).collect();
    for pair in places.windows(2) {
        let [all_before @ [before, ..], [record, ..]] = pair else { continue };
        let expected = before.sequence.saturating_add(1);
        if record.sequence > expected {
            breaks.push(missing(id, expected, record));
        } else if !all_before.iter().any(|before| before.hash == record.previous) {
            let why = format!(
                "unlinked: record {} of chain {id} does not follow the record {} on line {}",
                record.sequence, before.sequence, before.line
            );
            breaks.push(Break { line: record.line, why });
        }
    }
}

fn missing(id: &str, from: u64, next: &Linked) -> Break {
    let to = next.sequence.saturating_sub(1);
    let which = if from == to { format!("record {from}") } else { format!("records {from} to {to}") };
    Break { line: next.line, why: format!("missing: {which} of chain {id}, before record {}", next.sequence) }
}

/// The ID or hash of a record in its original form if it has callgate's format; otherwise as a JSON string.
fn shown(text: &str) -> String {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b':'));
    if is_plain && (1..=80).contains(&text.len()) { text.to_owned() } else { quoted(text) }
}
