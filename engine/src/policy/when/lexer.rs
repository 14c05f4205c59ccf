//! The tokens of CEL (the section "Syntax" of its language definition).

use alloc::format;
use alloc::string::String;
use core::ops::Range;

use crate::policy::text::diagnostic::quoted;

/// The smallest part of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Name(String),
    /// A number as the text spells it.
    Number(String),
    Text(String),
    /// An operator or a bracket.
    Sign(&'static str),
    End,
}

/// An error in an expression, with its bytes in the text of the expression.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
    pub(crate) fix: Option<String>,
}

impl SyntaxError {
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), fix: None }
    }

    pub(crate) fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

/// The operators and brackets, the longer of two with the same start first.
const SIGNS: [&str; 24] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", "{", "}", ".", ",", "?", ":", "-", "+", "*",
    "/", "%",
];

/// Reads the tokens of an expression one by one.
#[derive(Clone, Debug)]
pub(crate) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn advance(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.text.len());
    }

    /// The next token and its bytes.
    pub(crate) fn next(&mut self) -> Result<(Token, Range<usize>), SyntaxError> {
        self.skip_space();
        let start = self.at;
        let token = self.token(start)?;
        Ok((token, start..self.at))
    }

    /// Skips white space and comments.
    fn skip_space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']);
            self.advance(rest.len().saturating_sub(trimmed.len()));
            if !trimmed.starts_with("//") {
                return;
            }
            self.advance(trimmed.find('\n').unwrap_or(trimmed.len()));
        }
    }

    fn token(&mut self, start: usize) -> Result<Token, SyntaxError> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Token::End) };
        if let Some((prefix, after)) = split_prefix(rest) {
            if prefix.contains(['b', 'B']) {
                let end = start.saturating_add(prefix.len()).saturating_add(1);
                let error = SyntaxError::new(start..end, "byte strings are not supported");
                return Err(error.with_fix("remove the `b` before the quotation mark"));
            }
            self.advance(rest.len().saturating_sub(after.len()));
            return self.string(start, !prefix.is_empty()).map(Token::Text);
        }
        if first.is_ascii_alphabetic() || first == '_' {
            let len = rest.find(|c: char| !is_name_char(c)).unwrap_or(rest.len());
            self.advance(len);
            return Ok(Token::Name(String::from(rest.get(..len).unwrap_or_default())));
        }
        let is_fraction = first == '.' && rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        if first.is_ascii_digit() || is_fraction {
            return self.number(start);
        }
        if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            self.advance(sign.len());
            return Ok(Token::Sign(sign));
        }
        let end = start.saturating_add(first.len_utf8());
        let fix = match first {
            '=' => Some("write `==` to compare"),
            '&' => Some("write `&&`"),
            '|' => Some("write `||`"),
            '`' => Some("write the name in brackets and quotation marks, such as `args[\"a-b\"]`"),
            '\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}' => Some("write straight quotation marks"),
            _ => None,
        };
        let error = SyntaxError::new(
            start..end,
            format!("{} is not part of an expression", quoted(first.encode_utf8(&mut [0; 4]))),
        );
        Err(match fix {
            Some(fix) => error.with_fix(fix),
            None => error,
        })
    }

    fn number(&mut self, start: usize) -> Result<Token, SyntaxError> {
        let rest = self.rest();
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let after = |len: usize| rest.get(len..).unwrap_or_default();
        let mut len = digits(rest);
        let has_digits = len > 0;
        if let Some(fraction) = after(len).strip_prefix('.').map(digits).filter(|&count| count > 0) {
            len = len.saturating_add(1).saturating_add(fraction);
        }
        if let Some(exponent) = after(len).strip_prefix(['e', 'E']) {
            let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            let count = digits(unsigned);
            if count > 0 {
                len = len.saturating_add(1).saturating_add(exponent.len().saturating_sub(unsigned.len()));
                len = len.saturating_add(count);
            }
        }
        let text = rest.get(..len).unwrap_or_default();
        let tail = after(len).find(|c: char| !is_name_char(c)).unwrap_or(after(len).len());
        let whole = rest.get(..len.saturating_add(tail)).unwrap_or_default();
        self.advance(whole.len());
        let error = |message: &str| SyntaxError::new(start..start.saturating_add(whole.len()), message);
        if !has_digits {
            return Err(error("a number must start with a digit").with_fix(format!("write `0{text}`")));
        }
        if whole.starts_with("0x") || whole.starts_with("0X") {
            let value = whole.get(2..).and_then(|digits| u64::from_str_radix(digits, 16).ok());
            let fix = value.map_or_else(|| String::from("write it in decimal"), |value| format!("write `{value}`"));
            return Err(error("hexadecimal numbers are not supported").with_fix(fix));
        }
        if matches!(whole.strip_prefix(text), Some("u" | "U")) {
            return Err(error("unsigned numbers are not supported").with_fix(format!("write `{text}`")));
        }
        if tail > 0 {
            return Err(error("this is not a number"));
        }
        let is_padded =
            text.len() > 1 && text.starts_with('0') && text.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        if is_padded {
            return Err(error("a number must not start with `0`").with_fix("remove the zeros at its start"));
        }
        Ok(Token::Number(String::from(text)))
    }

    /// Reads a string; the lexer must be at its quotation mark.
    fn string(&mut self, start: usize, is_raw: bool) -> Result<String, SyntaxError> {
        let rest = self.rest();
        let quotes = ["\"\"\"", "'''", "\"", "'"];
        let quote = quotes.into_iter().find(|quote| rest.starts_with(quote)).unwrap_or("\"");
        let is_long = quote.len() == 3;
        self.advance(quote.len());
        let mut text = String::new();
        loop {
            let rest = self.rest();
            if rest.starts_with(quote) {
                self.advance(quote.len());
                return Ok(text);
            }
            match rest.chars().next() {
                None => return Err(unterminated(start, quote)),
                Some('\n' | '\r') if !is_long => return Err(unterminated(start, quote)),
                Some('\\') if !is_raw => text.push(self.escape()?),
                Some(c) => {
                    text.push(c);
                    self.advance(c.len_utf8());
                }
            }
        }
    }

    /// Reads an escape sequence; the lexer must be at its backslash.
    fn escape(&mut self) -> Result<char, SyntaxError> {
        let start = self.at;
        self.advance(1);
        let rest = self.rest();
        let first = rest.chars().next();
        self.advance(first.map_or(0, char::len_utf8));
        let code = |digits: &str, radix: u32| {
            let is_plain = digits.bytes().all(|byte| char::from(byte).is_digit(radix));
            is_plain.then(|| u32::from_str_radix(digits, radix).ok()).flatten().and_then(char::from_u32)
        };
        let mut sized = |skip: usize, len: usize, radix: u32| {
            let end = skip.saturating_add(len);
            let digits = rest.get(skip..end);
            self.advance(end.saturating_sub(1));
            digits.and_then(|digits| code(digits, radix))
        };
        let decoded = match first {
            Some('a') => Some('\u{7}'),
            Some('b') => Some('\u{8}'),
            Some('f') => Some('\u{c}'),
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some('v') => Some('\u{b}'),
            Some(c @ ('\\' | '?' | '"' | '\'' | '`')) => Some(c),
            Some('x' | 'X') => sized(1, 2, 16),
            Some('u') => sized(1, 4, 16),
            Some('U') => sized(1, 8, 16),
            Some('0'..='3') => sized(0, 3, 8),
            _ => None,
        };
        decoded.ok_or_else(|| {
            let end = (start.saturating_add(1)..=self.at).rev().find(|&end| self.text.is_char_boundary(end));
            let span = start..end.unwrap_or(self.at);
            let shown = quoted(self.text.get(span.clone()).unwrap_or_default());
            SyntaxError::new(span, format!("{shown} is not an escape sequence"))
                .with_fix("write `\\\\` for a backslash, or `r` before the quotation mark for a string without escapes")
        })
    }
}

fn unterminated(start: usize, quote: &str) -> SyntaxError {
    let end = start.saturating_add(1);
    SyntaxError::new(start..end, "the string has no end").with_fix(format!("add `{quote}` after it"))
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Splits the letters before a string from its quotation mark; `None` if the text does not start with a string.
fn split_prefix(text: &str) -> Option<(&str, &str)> {
    let after = text.trim_start_matches(['r', 'R', 'b', 'B']);
    let prefix = text.get(..text.len().saturating_sub(after.len()))?;
    (prefix.len() <= 2 && after.starts_with(['"', '\''])).then_some((prefix, after))
}

/// Whether a text is a name that `.` may select.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(is_name_char)
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && !matches!(text, "in" | "true" | "false" | "null")
}

/// The words that CEL reserves, which cannot be names of variables.
pub(crate) const RESERVED: [&str; 21] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];
