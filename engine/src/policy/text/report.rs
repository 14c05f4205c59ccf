//! Prints diagnostics as a compiler does: the line, the problem and the fix.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use hashbrown::{HashMap, HashSet};

use crate::policy::text::diagnostic::{Diagnostic, Severity};
use crate::policy::text::format::Format;
use crate::policy::text::positions::Positions;

/// The most diagnostics of one kind that are shown, because they differ in a name only.
const MAX_OF_A_KIND: usize = 3;
/// The most diagnostics that are shown, because more are not read and each shows its whole line.
const MAX_SHOWN: usize = 100;

/// Prints diagnostics of the policy text in the file `path`.
///
/// Of one kind, three are shown; of all, 100, errors first. The result counts the others. With `color`, it contains the
/// escape sequences of a terminal.
#[must_use]
pub fn render(path: &str, text: &str, format: Format, diagnostics: &[Diagnostic], color: bool) -> String {
    let page = Page::new(path, text, format, color);
    let pointers: Vec<String> = diagnostics.iter().map(|diagnostic| page.pointer(diagnostic)).collect();
    let kinds = kinds(diagnostics, &pointers);
    let mut counts: HashMap<&Kind, usize> = HashMap::new();
    let mut first: Vec<(Severity, usize)> = Vec::new();
    for (at, (diagnostic, kind)) in diagnostics.iter().zip(&kinds).enumerate() {
        let count = counts.entry(kind).or_default();
        *count = count.saturating_add(1);
        if *count <= MAX_OF_A_KIND {
            first.push((diagnostic.severity, at));
        }
    }
    first.sort_unstable();
    let not_shown = first.len().saturating_sub(MAX_SHOWN);
    let shown: HashSet<usize> = first.into_iter().take(MAX_SHOWN).map(|(_, at)| at).collect();
    let mut blocks = Vec::new();
    let mut shown_of_kind: HashMap<&Kind, usize> = HashMap::new();
    for (at, (diagnostic, kind)) in diagnostics.iter().zip(&kinds).enumerate() {
        if !shown.contains(&at) {
            continue;
        }
        blocks.push(page.block(diagnostic));
        let so_far = shown_of_kind.entry(kind).or_default();
        *so_far = so_far.saturating_add(1);
        let more = counts.get(kind).map_or(0, |count| count.saturating_sub(MAX_OF_A_KIND));
        if *so_far == MAX_OF_A_KIND && more > 0 {
            let noun = if more == 1 { "finding" } else { "findings" };
            blocks.push(format!("and {more} more {noun} of the kind `{}`", diagnostic.code));
        }
    }
    if not_shown > 0 {
        blocks.push(format!("findings not shown: {not_shown}"));
    }
    blocks.join("\n\n")
}

/// Like [`render`], but all diagnostics are shown.
#[must_use]
pub fn render_all(path: &str, text: &str, format: Format, diagnostics: &[Diagnostic], color: bool) -> String {
    let page = Page::new(path, text, format, color);
    diagnostics.iter().map(|diagnostic| page.block(diagnostic)).collect::<Vec<_>>().join("\n\n")
}

/// A kind of diagnostics: those of one severity and code in one rule, or with the same message.
type Kind = (Severity, &'static str, String);

/// The kind of each diagnostic, given its pointer.
fn kinds(diagnostics: &[Diagnostic], pointers: &[String]) -> Vec<Kind> {
    let mut equal: HashMap<(&str, &str), usize> = HashMap::new();
    for diagnostic in diagnostics {
        let count = equal.entry((diagnostic.code, &diagnostic.message)).or_default();
        *count = count.saturating_add(1);
    }
    let kind = |(diagnostic, pointer): (&Diagnostic, &String)| {
        let count = equal.get(&(diagnostic.code, diagnostic.message.as_str())).copied().unwrap_or_default();
        let group = if count > MAX_OF_A_KIND { diagnostic.message.clone() } else { place_of(pointer).to_owned() };
        (diagnostic.severity, diagnostic.code, group)
    };
    diagnostics.iter().zip(pointers).map(kind).collect()
}

/// The rule that a pointer points into, or otherwise the key of the policy.
fn place_of(pointer: &str) -> &str {
    let tokens = if pointer.starts_with("/rules/") { 2 } else { 1 };
    let end = pointer.match_indices('/').nth(tokens).map_or(pointer.len(), |(at, _)| at);
    pointer.get(..end).unwrap_or(pointer)
}

/// A policy text on which findings are shown.
struct Page<'t> {
    path: &'t str,
    text: &'t str,
    positions: Positions<'t>,
    renderer: Renderer,
}

impl<'t> Page<'t> {
    fn new(path: &'t str, text: &'t str, format: Format, color: bool) -> Self {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        Self { path, text, positions: Positions::new(text, format), renderer }
    }

    fn pointer(&self, diagnostic: &Diagnostic) -> String {
        self.positions.pointer(&diagnostic.span).unwrap_or_default()
    }

    fn block(&self, diagnostic: &Diagnostic) -> String {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let pointer = self.pointer(diagnostic);
        let label = if pointer.is_empty() { String::new() } else { format!("at {pointer}") };
        let end = diagnostic.span.end.min(self.text.len());
        let span = diagnostic.span.start.min(end)..end;
        let mut group = Group::with_title(level.primary_title(&*diagnostic.message).id(diagnostic.code)).element(
            Snippet::source(self.text).path(self.path).annotation(AnnotationKind::Primary.span(span).label(&*label)),
        );
        if let Some(fix) = &diagnostic.fix {
            group = group.element(Level::HELP.message(&**fix));
        }
        if let Some(owner) = &diagnostic.owner {
            group = group.element(Level::NOTE.message(format!("the owner of this rule is {owner}")));
        }
        if let Some(reason) = &diagnostic.accepted {
            group = group.element(Level::NOTE.message(format!("the policy accepts this finding: {reason}")));
        }
        self.renderer.render(&[group])
    }
}
