//! The patterns that mean the same in ECMA-262 and in callgate.
//!
//! The text is copied item by item; an item with another meaning in the crate is written as in the crate, and a text
//! with any other item is not supported.

use std::iter::Peekable;
use std::str::Chars;

use regex::Regex;

/// The characters of `\s` in ECMA-262: white space and line ends.
const SPACE: &str = r"\t\n\x0b\x0c\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff";

/// Reads a pattern, which may match anywhere in a text; `None` if it is not supported.
pub(super) fn read(pattern: &str) -> Option<Regex> {
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => escape(&mut chars, false, &mut out)?,
            '[' => class(&mut chars, &mut out)?,
            '(' => {
                out.push('(');
                if chars.next_if_eq(&'?').is_some() {
                    // A lookaround, a flag or a name.
                    chars.next_if_eq(&':')?;
                    out.push_str("?:");
                }
            }
            '{' => out.push_str(&repetition(&mut chars)?),
            '.' => out.push_str(r"[^\n\r\u2028\u2029]"),
            '}' | ']' => return None,
            _ => out.push(c),
        }
        // Two quantifiers in a row are an error in ECMA-262.
        if matches!(c, '*' | '+' | '?' | '{') {
            if chars.next_if_eq(&'?').is_some() {
                out.push('?');
            }
            if matches!(chars.peek(), Some('*' | '+' | '?' | '{')) {
                return None;
            }
        }
    }
    Regex::new(&out).ok()
}

/// Reads what follows a backslash.
fn escape(chars: &mut Peekable<Chars<'_>>, in_class: bool, out: &mut String) -> Option<()> {
    let c = chars.next()?;
    match c {
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' => out.push_str(&format!("[{SPACE}]")),
        'S' => out.push_str(&format!("[^{SPACE}]")),
        't' | 'n' | 'r' | 'f' | 'v' | '^' | '$' | '\\' | '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}'
        | '|' | '/' => out.extend(['\\', c]),
        '-' if in_class => out.push_str(r"\-"),
        _ => return None,
    }
    Some(())
}

/// Reads a class from the character after `[`.
fn class(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Option<()> {
    out.push('[');
    if chars.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut is_empty = true;
    loop {
        match chars.next()? {
            // An empty class has another meaning in the crate.
            ']' => break if is_empty { return None } else { out.push(']') },
            '\\' => escape(chars, true, out)?,
            // The crate has nested classes, and operators of two characters.
            c @ ('[' | '&' | '~') => out.extend(['\\', c]),
            '-' if chars.peek() == Some(&'-') => return None,
            c => out.push(c),
        }
        is_empty = false;
    }
    Some(())
}

/// Reads a repetition from the character after `{`.
fn repetition(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut text = String::from("{");
    loop {
        let c = chars.next()?;
        text.push(c);
        match c {
            '}' => break,
            '0'..='9' | ',' => {}
            _ => return None,
        }
    }
    // `{,2}` and `{}` are texts in ECMA-262.
    (!text.starts_with("{,") && text != "{}").then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, matching: &[&str], other: &[&str]) {
        let regex = read(pattern).unwrap_or_else(|| panic!("{pattern} is supported"));
        for text in matching {
            assert!(regex.is_match(text), "{pattern} matches {text:?}");
        }
        for text in other {
            assert!(!regex.is_match(text), "{pattern} does not match {text:?}");
        }
    }

    #[test]
    fn a_pattern_matches_anywhere_in_a_text() {
        check("a+", &["xaay"], &["xy", ""]);
        check("^a*$", &["aaa", ""], &["ab", "a\n"]);
    }

    #[test]
    fn classes_of_characters_are_those_of_ecma() {
        check(r"^\d$", &["7"], &["\u{664}"]);
        check(r"^\w$", &["_"], &["é"]);
        check(r"^\s$", &["\u{feff}", "\u{a0}"], &["\u{85}", "\u{200b}"]);
        check("^.$", &["é", "\u{85}", "😀"], &["\n", "\r", "\u{2028}", ""]);
        check("^[a&&b[]$", &["&", "["], &["c"]);
    }

    #[test]
    fn what_differs_between_the_syntaxes_is_not_supported() {
        for pattern in
            ["(?i)a", "(?=a)", r"\1", r"\p{L}", r"a\z", "a{,2}", "[]", "a**", "[a--b]", r"\x41", r"\b", "(", "}"]
        {
            assert!(read(pattern).is_none(), "{pattern}");
        }
    }
}
