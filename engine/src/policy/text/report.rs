//! Prints diagnostics as a compiler does: the line, the problem and the fix.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::policy::text::diagnostic::{Diagnostic, Severity};
use crate::policy::text::positions::Positions;

/// The most diagnostics that are shown, because more are not read and each shows its whole line.
const MAX_SHOWN: usize = 100;

/// Prints diagnostics of the policy text in the file `path`.
///
/// At most 100 are shown. With `color`, the result contains the escape sequences of a terminal.
#[must_use]
pub fn render(path: &str, text: &str, diagnostics: &[Diagnostic], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let positions = Positions::new(text);
    let mut blocks: Vec<String> = diagnostics
        .iter()
        .take(MAX_SHOWN)
        .map(|diagnostic| {
            let level = match diagnostic.severity {
                Severity::Error => Level::ERROR,
                Severity::Warning => Level::WARNING,
            };
            let pointer = positions.position(&diagnostic.span).pointer.unwrap_or_default();
            let label = if pointer.is_empty() { String::new() } else { format!("at {pointer}") };
            let end = diagnostic.span.end.min(text.len());
            let span = diagnostic.span.start.min(end)..end;
            let mut group = Group::with_title(level.primary_title(&*diagnostic.message).id(diagnostic.code)).element(
                Snippet::source(text).path(path).annotation(AnnotationKind::Primary.span(span).label(&*label)),
            );
            if let Some(fix) = &diagnostic.fix {
                group = group.element(Level::HELP.message(&**fix));
            }
            renderer.render(&[group])
        })
        .collect();
    if let Some(more) = diagnostics.len().checked_sub(MAX_SHOWN).filter(|&more| more > 0) {
        blocks.push(format!("findings not shown: {more}"));
    }
    blocks.join("\n\n")
}
