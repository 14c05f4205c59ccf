//! Regular expressions to automata, at build time.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use std::collections::HashMap;

use regex_automata::Anchored;
use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_syntax::hir::{Hir, Look};

use crate::automaton::{DEAD, START};

/// The most bytes that a determinized expression may take before it is refused: states multiply where `.*` and counts
/// meet, and the image carries every one of them.
const MAX_AUTOMATON_BYTES: usize = 1 << 20;

/// An automaton as tables. State 0 is dead, state 1 is the first.
pub(crate) struct Tables {
    /// The class of each byte.
    pub(crate) classes: [u8; 256],
    pub(crate) class_count: usize,
    /// For each state, the next state for each class.
    pub(crate) next: Vec<u16>,
    /// For each state, 1 if a text may end there.
    pub(crate) accepts: Vec<u8>,
}

/// Builds the automaton that matches a whole text by one of `patterns`.
///
/// # Errors
/// A pattern is no regular expression, asks for what an automaton can't do, or takes too many states.
pub(crate) fn build(patterns: &[String]) -> Result<Tables, String> {
    // Each pattern is read by itself, so that none can close a bracket or turn on a flag of what stands around it.
    let read = |pattern: &String| regex_syntax::parse(pattern).map_err(|error| last_line(&error.to_string()));
    let alternatives: Result<Vec<Hir>, String> = patterns.iter().map(read).collect();
    let whole = Hir::concat(alloc::vec![Hir::alternation(alternatives?), Hir::look(Look::End)]);
    let nfa = thompson::Compiler::new().build_from_hir(&whole).map_err(|error| explain(&error))?;
    let config = dense::Config::new()
        .start_kind(StartKind::Anchored)
        .minimize(true)
        .dfa_size_limit(Some(MAX_AUTOMATON_BYTES))
        .determinize_size_limit(Some(MAX_AUTOMATON_BYTES.saturating_mul(8)));
    let dfa = dense::Builder::new().configure(config).build_from_nfa(&nfa).map_err(|error| explain(&error))?;
    tables_of(&dfa).ok_or_else(|| "the expression takes too many states".to_string())
}

/// What is wrong with an expression, on one line.
fn explain(error: &dyn core::error::Error) -> String {
    // The cause of the cause says it best.
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    last_line(&cause.to_string())
}

/// A syntax error shows the expression first; its last line says what is wrong.
fn last_line(text: &str) -> String {
    let last = text.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_string()
}

fn tables_of(dfa: &dense::DFA<Vec<u32>>) -> Option<Tables> {
    let start = dfa.start_state(&start::Config::new().anchored(Anchored::Yes)).ok()?;
    let mut numbers: HashMap<StateID, u16> = HashMap::from([(start, START)]);
    let mut states = alloc::vec![start];
    let mut rows: Vec<Vec<u16>> = alloc::vec![alloc::vec![DEAD; 256]];
    let mut accepts = alloc::vec![0_u8];
    let mut at = 0;
    while let Some(&state) = states.get(at) {
        let mut row = Vec::with_capacity(256);
        for byte in 0..=u8::MAX {
            let next = dfa.next_state(state, byte);
            if dfa.is_dead_state(next) {
                row.push(DEAD);
                continue;
            }
            let known = u16::try_from(states.len()).ok()?.checked_add(START)?;
            let number = *numbers.entry(next).or_insert_with(|| {
                states.push(next);
                known
            });
            row.push(number);
        }
        rows.push(row);
        accepts.push(u8::from(dfa.is_match_state(dfa.next_eoi_state(state))));
        at = at.checked_add(1)?;
    }
    // Bytes whose columns are the same in every row are one class.
    let mut classes = [0_u8; 256];
    let mut columns: HashMap<Vec<u16>, u8> = HashMap::new();
    let mut class_bytes: Vec<usize> = Vec::new();
    for (byte, class) in classes.iter_mut().enumerate() {
        let column: Vec<u16> = rows.iter().filter_map(|row| row.get(byte)).copied().collect();
        let new = u8::try_from(columns.len()).ok();
        *class = match columns.get(&column) {
            Some(&known) => known,
            None => {
                columns.insert(column, new?);
                class_bytes.push(byte);
                new?
            }
        };
    }
    let next = rows.iter().flat_map(|row| class_bytes.iter().filter_map(|&byte| row.get(byte)).copied()).collect();
    Some(Tables { classes, class_count: class_bytes.len(), next, accepts })
}
