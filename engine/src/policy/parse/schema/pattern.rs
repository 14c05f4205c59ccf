//! The patterns of JSON Schema, which are regular expressions of ECMA-262, as expressions of callgate's syntax.
//!
//! The syntaxes share most constructs. `.`, `\d`, `\w`, `\s` and `\b` have another meaning in each, so they are
//! rewritten. A construct that only one of them has, or that the other reads differently, is refused.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::ops::Range;

use regex_syntax::ast::{
    self, AssertionKind, Ast, ClassPerlKind, ClassSetItem, GroupKind, HexLiteralKind, LiteralKind, RepetitionKind,
    RepetitionRange, Span, SpecialLiteralKind, Visitor,
};

/// What `.` matches in ECMA-262.
const DOT: &str = r"[^\n\r\u{2028}\u{2029}]";
/// What `\s` matches in ECMA-262, as the content of a class.
const SPACE: &str = r"\t\n\x0b\f\r\x20\u{a0}\u{1680}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff}";

/// The expression for whole strings in which a pattern matches anywhere.
///
/// # Errors
/// Why ECMA-262 and callgate do not read the pattern the same way.
pub(super) fn translate(pattern: &str) -> Result<String, String> {
    let tree = ast::parse::Parser::new().parse(pattern).map_err(|error| error.kind().to_string())?;
    let mut edits = ast::visit(&tree, Translator { pattern, edits: Vec::new() })?;
    // An anchor at an end replaces the search from there.
    let parts = match &tree {
        Ast::Concat(concat) => concat.asts.as_slice(),
        other => core::slice::from_ref(other),
    };
    let anchor = |part: Option<&Ast>, wanted: &AssertionKind| match part {
        Some(Ast::Assertion(assertion)) if assertion.kind == *wanted => Some(range(assertion.span)),
        _ => None,
    };
    let start = anchor(parts.first(), &AssertionKind::StartLine);
    let end = anchor(parts.last(), &AssertionKind::EndLine);
    let (before, after) = (search(start.is_some()), search(end.is_some()));
    edits.extend(start.into_iter().chain(end).map(|span| (span, String::new())));
    edits.sort_by_key(|(span, _)| span.start);
    let mut expression = String::from(before);
    expression.push_str("(?:");
    let mut at = 0;
    for (span, text) in edits {
        expression.push_str(pattern.get(at..span.start).unwrap_or_default());
        expression.push_str(&text);
        at = span.end;
    }
    expression.push_str(pattern.get(at..).unwrap_or_default());
    expression.push(')');
    expression.push_str(after);
    Ok(expression)
}

/// What matches the characters outside the pattern.
fn search(is_anchored: bool) -> &'static str {
    if is_anchored { "" } else { "(?s:.*)" }
}

fn range(span: Span) -> Range<usize> {
    span.start.offset..span.end.offset
}

/// Collects what must be rewritten.
struct Translator<'p> {
    pattern: &'p str,
    edits: Vec<(Range<usize>, String)>,
}

impl Translator<'_> {
    fn edit(&mut self, span: Span, text: impl Into<String>) {
        self.edits.push((range(span), text.into()));
    }

    fn text(&self, span: Span) -> &str {
        self.pattern.get(range(span)).unwrap_or_default()
    }

    fn refuse(&self, span: Span) -> Result<(), String> {
        Err(format!("`{}` is not the same in ECMA-262", self.text(span)))
    }

    fn literal(&self, literal: &ast::Literal, is_in_class: bool) -> Result<(), String> {
        let is_shared = match &literal.kind {
            // A bracket ends or opens a class of ECMA-262, or is part of a set operation of callgate.
            LiteralKind::Verbatim => !is_in_class || !matches!(literal.c, '[' | ']'),
            LiteralKind::Meta
            | LiteralKind::Superfluous
            | LiteralKind::HexFixed(HexLiteralKind::X | HexLiteralKind::UnicodeShort)
            | LiteralKind::HexBrace(HexLiteralKind::UnicodeShort) => true,
            LiteralKind::Special(special) => !matches!(special, SpecialLiteralKind::Bell | SpecialLiteralKind::Space),
            LiteralKind::Octal | LiteralKind::HexFixed(_) | LiteralKind::HexBrace(_) => false,
        };
        if is_shared { Ok(()) } else { self.refuse(literal.span) }
    }

    fn perl(&mut self, class: &ast::ClassPerl) {
        let not = if class.negated { "^" } else { "" };
        self.edit(
            class.span,
            match class.kind {
                ClassPerlKind::Digit => format!("[{not}0-9]"),
                ClassPerlKind::Word => format!("[{not}0-9A-Za-z_]"),
                ClassPerlKind::Space => format!("[{not}{SPACE}]"),
            },
        );
    }

    fn unicode(&self, class: &ast::ClassUnicode) -> Result<(), String> {
        if self.text(class.span).get(2..3) == Some("{") { Ok(()) } else { self.refuse(class.span) }
    }
}

impl Visitor for Translator<'_> {
    type Output = Vec<(Range<usize>, String)>;
    type Err = String;

    fn finish(self) -> Result<Self::Output, String> {
        Ok(self.edits)
    }

    fn visit_pre(&mut self, part: &Ast) -> Result<(), String> {
        match part {
            Ast::Dot(span) => self.edit(**span, DOT),
            Ast::Literal(literal) => return self.literal(literal, false),
            Ast::ClassPerl(class) => self.perl(class),
            Ast::ClassUnicode(class) => return self.unicode(class),
            Ast::Flags(flags) => return self.refuse(flags.span),
            Ast::Group(group) => {
                let is_shared = match &group.kind {
                    GroupKind::CaptureIndex(_) => true,
                    GroupKind::CaptureName { starts_with_p, .. } => !starts_with_p,
                    GroupKind::NonCapturing(flags) => flags.items.is_empty(),
                };
                return if is_shared { Ok(()) } else { self.refuse(group.span) };
            }
            Ast::Assertion(assertion) => match assertion.kind {
                AssertionKind::StartLine | AssertionKind::EndLine => {}
                AssertionKind::WordBoundary => self.edit(assertion.span, r"(?-u:\b)"),
                _ => return self.refuse(assertion.span),
            },
            Ast::Repetition(repetition) => {
                let is_count = matches!(repetition.op.kind, RepetitionKind::Range(RepetitionRange::Bounded(..)));
                if is_count && self.text(repetition.op.span).starts_with("{,") {
                    return self.refuse(repetition.op.span);
                }
                if matches!(*repetition.ast, Ast::Repetition(_) | Ast::Assertion(_)) {
                    return self.refuse(repetition.span);
                }
            }
            Ast::Empty(_) | Ast::ClassBracketed(_) | Ast::Alternation(_) | Ast::Concat(_) => {}
        }
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), String> {
        match item {
            ClassSetItem::Literal(literal) => self.literal(literal, true),
            ClassSetItem::Range(range) => {
                self.literal(&range.start, true)?;
                self.literal(&range.end, true)
            }
            ClassSetItem::Perl(class) => {
                self.perl(class);
                Ok(())
            }
            ClassSetItem::Unicode(class) => self.unicode(class),
            ClassSetItem::Ascii(class) => self.refuse(class.span),
            ClassSetItem::Bracketed(class) => self.refuse(class.span),
            ClassSetItem::Empty(_) | ClassSetItem::Union(_) => Ok(()),
        }
    }

    fn visit_class_set_binary_op_pre(&mut self, operation: &ast::ClassSetBinaryOp) -> Result<(), String> {
        self.refuse(operation.span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::automaton;

    #[track_caller]
    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        let expression = translate(pattern).expect(pattern);
        let tables = automaton::build(&[expression]).expect(pattern);
        let is_match = |text: &&&str| tables.label(text).is_some();
        assert_eq!(matching.iter().filter(|text| !is_match(text)).collect::<Vec<_>>(), [&""; 0], "{pattern}");
        assert_eq!(others.iter().filter(is_match).collect::<Vec<_>>(), [&""; 0], "{pattern}");
    }

    #[test]
    fn a_pattern_matches_anywhere() {
        check("b", &["b", "abc", "\nb\n"], &["", "a"]);
        check("^b", &["b", "bc", "b\n"], &["ab", "a\nb"]);
        check("b$", &["b", "ab", "\nb"], &["bc", "b\n"]);
        check("^b$", &["b"], &["ab", "bc", "b\n"]);
        check("^a|b$", &["ac", "cb", "ab"], &["ca", "bc"]);
        check("(^a)", &["ab"], &["ba"]);
        check("", &["", "a"], &[]);
    }

    #[test]
    fn classes_mean_what_ecma_262_says() {
        check(r"^\d$", &["5"], &["\u{665}"]);
        check(r"^\D$", &["\u{665}", "a"], &["5"]);
        check(r"^[\d.]$", &["5", "."], &["\u{665}", "a"]);
        check(r"^\w$", &["a", "_"], &["\u{e9}", "-"]);
        check(r"^\s$", &[" ", "\u{feff}", "\u{2028}"], &["\u{85}", "a"]);
        check(r"^[\s\S]$", &["\n", "a"], &["", "ab"]);
        check("^.$", &["a", "\u{85}"], &["\n", "\u{2028}"]);
        check(r"\bcat\b", &["a cat", "\u{e9}cat"], &["cats"]);
        check(r"^\p{L}$", &["\u{e9}"], &["5"]);
        check(r"^\/a\.b-c\x41\u0042$", &["/a.b-cAB"], &["/axb-cAB"]);
        check(r"^(?:a|(b)|(?<name>c)){2,3}$", &["ab", "abc"], &["a", "abca"]);
    }

    #[test]
    fn what_the_syntaxes_read_differently_is_refused() {
        let patterns = [
            "(?=a)",
            "(?!a)",
            r"(a)\1",
            "(?i)a",
            "(?i:a)",
            "(?P<n>a)",
            "[a&&b]",
            "[a--b]",
            "[[:alpha:]]",
            "[[a]]",
            "[]a]",
            "[^]",
            r"\A",
            r"\z",
            r"\a",
            r"\x{41}",
            r"\U00000041",
            r"\pL",
            r"\<a",
            r"\B",
            "a{,3}",
            "a**",
            "{",
            r"\cA",
            "(",
            r"\u{110000}",
        ];
        for pattern in patterns {
            assert!(translate(pattern).is_err(), "{pattern}: {:?}", translate(pattern));
        }
    }
}
