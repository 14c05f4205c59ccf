//! Converts regular expressions and patterns with `*` to automata at build time.

use alloc::boxed::Box;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use hashbrown::HashMap;
use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Dot, Hir, Look, Repetition};

use crate::image::automaton::{DEAD, START};
use crate::language::target::TargetKind;

/// The most bytes of a determinized expression. States multiply when `.*` and counts are combined, and the image
/// contains every state.
const MAX_EXPRESSION_BYTES: usize = 1 << 20;
/// The most bytes for all patterns of a policy. A state needs about 200 bytes.
const MAX_PATTERNS_BYTES: usize = 1 << 22;

const TOO_MANY_STATES: &str = "too many states";

/// An automaton as tables. State 0 is dead, state 1 is the first.
#[derive(Debug)]
pub(crate) struct Tables {
    /// The class of each byte.
    pub(crate) classes: [u8; 256],
    pub(crate) class_count: usize,
    /// For each state, the next state for each class.
    pub(crate) next: Vec<u16>,
    /// For each state, the label of a text that ends in it; 0 if such a text does not match.
    pub(crate) labels: Vec<u16>,
    /// For each label from 1 on, the expressions that match, as indices.
    pub(crate) matched: Vec<Vec<usize>>,
}

impl Tables {
    /// The index in `matched` of the expressions that match a whole text, if any does.
    pub(crate) fn label(&self, text: &str) -> Option<usize> {
        let mut state = usize::from(START);
        for &byte in text.as_bytes() {
            let class = usize::from(*self.classes.get(usize::from(byte))?);
            state = usize::from(*self.next.get(state.checked_mul(self.class_count)?.checked_add(class)?)?);
        }
        usize::from(*self.labels.get(state)?).checked_sub(1)
    }
}

/// Builds the automaton that matches a whole text with any of several expressions.
///
/// # Errors
/// An expression is invalid, is not supported by an automaton, or needs too many states.
pub(crate) fn build(expressions: &[String]) -> Result<Tables, String> {
    // Each expression is parsed alone, so that it cannot close a bracket or set a flag of another one.
    let read = |text: &String| regex_syntax::parse(text).map_err(|error| last_line(&error.to_string()));
    let alternatives: Result<Vec<Hir>, String> = expressions.iter().map(read).collect();
    determinize(&[Hir::alternation(alternatives?)], MAX_EXPRESSION_BYTES, true)
}

/// Builds the automaton that determines which of several patterns match a whole text.
///
/// # Errors
/// The patterns need too many states together.
pub(crate) fn build_patterns(patterns: &[String], kind: TargetKind) -> Result<Tables, String> {
    let expressions: Vec<Hir> = patterns.iter().map(|pattern| expression_of(pattern, kind)).collect();
    // Patterns only share their beginnings, so minimization saves little and costs much.
    determinize(&expressions, MAX_PATTERNS_BYTES, false)
}

/// A pattern as an expression. A `*` in the host of a URI matches only within the host, because the text after the host
/// is another part.
fn expression_of(pattern: &str, kind: TargetKind) -> Hir {
    let any = || any_number_of(Hir::dot(Dot::AnyByte));
    // A host contains no colon, except in an IPv6 address in brackets.
    let in_host = || {
        let bytes = |ranges: &[(u8, u8)]| {
            let ranges = ranges.iter().map(|&(first, last)| ClassBytesRange::new(first, last));
            any_number_of(Hir::class(Class::Bytes(ClassBytes::new(ranges))))
        };
        let name = bytes(&[(0, b'"'), (b'$', b'.'), (b'0', b'9'), (b';', b'>'), (b'@', b'Z'), (b'\\', u8::MAX)]);
        let address = [Hir::literal(*b"["), bytes(&[(b'0', b':'), (b'a', b'f'), (b'.', b'.')]), Hir::literal(*b"]")];
        Hir::alternation(alloc::vec![name, Hir::concat(address.to_vec())])
    };
    let path = if kind.is_resource() { path_of(pattern) } else { 0 };
    let mut parts = Vec::new();
    let mut at: usize = 0;
    for (number, part) in pattern.split('*').enumerate() {
        if number > 0 {
            parts.push(if at <= path && path > 0 { in_host() } else { any() });
            at = at.saturating_add(1);
        }
        parts.push(Hir::literal(part.as_bytes()));
        at = at.saturating_add(part.len());
    }
    Hir::concat(parts)
}

fn any_number_of(what: Hir) -> Hir {
    Hir::repetition(Repetition { min: 0, max: None, greedy: true, sub: Box::new(what) })
}

/// Where the path of a URI pattern starts; 0 if the pattern has no authority.
fn path_of(pattern: &str) -> usize {
    let Some((scheme, rest)) = pattern.split_once("://").filter(|(scheme, _)| !scheme.contains([':', '*'])) else {
        return 0;
    };
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    scheme.len().saturating_add("://".len()).saturating_add(authority)
}

/// Builds the automaton that determines which of several expressions match a whole text.
fn determinize(expressions: &[Hir], most_bytes: usize, minimize: bool) -> Result<Tables, String> {
    let whole = |expression: &Hir| Hir::concat(alloc::vec![expression.clone(), Hir::look(Look::End)]);
    let whole: Vec<Hir> = expressions.iter().map(whole).collect();
    let nfa = thompson::Compiler::new()
        .configure(
            thompson::Config::new()
                .utf8(false)
                .which_captures(WhichCaptures::None)
                // Nested counts multiply before the first state is determinized.
                .nfa_size_limit(Some(most_bytes.saturating_mul(8))),
        )
        .build_many_from_hir(&whole)
        .map_err(|error| if error.size_limit().is_some() { TOO_MANY_STATES.to_string() } else { explain(&error) })?;
    let config = dense::Config::new()
        .start_kind(StartKind::Anchored)
        .match_kind(MatchKind::All)
        .minimize(minimize)
        .dfa_size_limit(Some(most_bytes))
        .determinize_size_limit(Some(most_bytes.saturating_mul(8)));
    let dfa = dense::Builder::new()
        .configure(config)
        .build_from_nfa(&nfa)
        .map_err(|error| if error.is_size_limit_exceeded() { TOO_MANY_STATES.to_string() } else { explain(&error) })?;
    tables_of(&dfa).ok_or_else(|| TOO_MANY_STATES.to_string())
}

/// The error of an expression, on one line.
fn explain(error: &dyn core::error::Error) -> String {
    // The innermost cause is the most specific.
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    last_line(&cause.to_string())
}

/// A syntax error starts with the expression; its last line is the error.
fn last_line(text: &str) -> String {
    let last = text.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_string()
}

fn tables_of(dfa: &dense::DFA<Vec<u32>>) -> Option<Tables> {
    let start = dfa.start_state(&start::Config::new().anchored(Anchored::Yes)).ok()?;
    let mut numbers: HashMap<StateID, u16> = HashMap::from([(start, START)]);
    let mut states = alloc::vec![start];
    let mut rows: Vec<Vec<u16>> = alloc::vec![alloc::vec![DEAD; 256]];
    let mut labels = alloc::vec![0_u16];
    let mut known_labels: HashMap<Vec<usize>, u16> = HashMap::new();
    let mut matched: Vec<Vec<usize>> = Vec::new();
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
        let end = dfa.next_eoi_state(state);
        labels.push(if dfa.is_match_state(end) {
            let mut those: Vec<usize> =
                (0..dfa.match_len(end)).map(|index| dfa.match_pattern(end, index).as_usize()).collect();
            those.sort_unstable();
            let new = u16::try_from(matched.len()).ok()?.checked_add(1)?;
            *known_labels.entry(those).or_insert_with_key(|those| {
                matched.push(those.clone());
                new
            })
        } else {
            0
        });
        at = at.checked_add(1)?;
    }
    // Bytes with equal columns in every row form one class.
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
    Some(Tables { classes, class_count: class_bytes.len(), next, labels, matched })
}
