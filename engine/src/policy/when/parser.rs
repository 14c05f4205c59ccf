//! The grammar of CEL, without arithmetic.
//!
//! The grammar of the language definition is left-recursive only in chains, which are read in loops. The nesting of
//! everything else is limited, so hostile text cannot exhaust the stack.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::json::{self, Kind};
use crate::language::operators::NumericOp;
use crate::policy::text::diagnostic::quoted;
use crate::policy::text::spanned::Spanned;
use crate::policy::when::ast::{Expr, ExprKind, Start, Step};
use crate::policy::when::lexer::{Lexer, RESERVED, SyntaxError, Token};
use crate::policy::when::{MAX_BYTES, MAX_DEPTH};

/// Reads an expression.
pub(crate) fn parse(text: &str) -> Result<Expr, SyntaxError> {
    if text.len() > MAX_BYTES {
        let message = format!("the expression is longer than {} KiB", MAX_BYTES / 1024);
        return Err(SyntaxError::new(0..0, message).with_fix("move a part of it to `define`"));
    }
    let mut lexer = Lexer::new(text);
    let (next, span) = lexer.next()?;
    let mut parser = Parser { lexer, next, span, last: 0, depth: 0 };
    if parser.next == Token::End {
        return Err(SyntaxError::new(0..text.len(), "the expression is empty").with_fix("remove the key"));
    }
    let whole = parser.expression()?;
    match parser.next {
        Token::End => Ok(whole),
        _ => Err(parser.unexpected("an operator")),
    }
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    /// The next token and its bytes.
    next: Token,
    span: Range<usize>,
    /// The end of the token before it.
    last: usize,
    depth: usize,
}

type Parsed = Result<Expr, SyntaxError>;

impl Parser<'_> {
    fn advance(&mut self) -> Result<Token, SyntaxError> {
        let (next, span) = self.lexer.next()?;
        self.last = self.span.end;
        self.span = span;
        Ok(core::mem::replace(&mut self.next, next))
    }

    fn is_at(&self, sign: &str) -> bool {
        matches!(self.next, Token::Sign(next) if next == sign)
    }

    fn is_at_word(&self, word: &str) -> bool {
        matches!(&self.next, Token::Name(name) if name == word)
    }

    /// Consumes a sign if it is next.
    fn accept(&mut self, sign: &str) -> Result<bool, SyntaxError> {
        let is_next = self.is_at(sign);
        if is_next {
            self.advance()?;
        }
        Ok(is_next)
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), SyntaxError> {
        if self.accept(sign)? { Ok(()) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    /// The error that the next token is not what must be there.
    fn unexpected(&self, expected: &str) -> SyntaxError {
        let word = |name: &str| {
            Some(match name {
                "and" | "AND" | "And" => "write `&&`",
                "or" | "OR" | "Or" => "write `||`",
                "not" | "NOT" | "Not" => "write `!` before what must be false",
                "is" | "eq" | "equals" => "write `==`",
                "contains" | "matches" | "startsWith" | "endsWith" => {
                    "write it as a method, such as `args.a.contains(\"b\")`"
                }
                _ => return None,
            })
        };
        let (found, fix) = match &self.next {
            Token::End => (String::from("the expression ends"), None),
            Token::Name(name) => (format!("{} is", quoted(name)), word(name)),
            Token::Number(text) => (format!("{} is", quoted(text)), None),
            Token::Text(_) => (String::from("a string is"), None),
            Token::Sign(sign @ ("+" | "-" | "*" | "/" | "%")) => {
                let message = format!("arithmetic such as `{sign}` is not supported");
                let fix = "compare fields and literals only; the host can send the result as an attribute";
                return SyntaxError::new(self.span.clone(), message).with_fix(fix);
            }
            Token::Sign(sign) => (format!("`{sign}` is"), None),
        };
        let problem = match self.next {
            Token::End => format!("{found}, but {expected} must follow"),
            _ => format!("{found} not possible here; {expected} must follow"),
        };
        let error = SyntaxError::new(self.span.clone(), problem);
        match fix {
            Some(fix) => error.with_fix(fix),
            None => error,
        }
    }

    fn since(&self, start: usize, kind: ExprKind) -> Expr {
        Expr { span: start..self.last, kind }
    }

    /// Reads what nests one level deeper.
    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        if self.depth >= MAX_DEPTH {
            let message = format!("the expression nests deeper than {MAX_DEPTH} levels");
            return Err(SyntaxError::new(self.span.clone(), message).with_fix("move a part of it to `define`"));
        }
        self.depth = self.depth.saturating_add(1);
        let read = read(self);
        self.depth = self.depth.saturating_sub(1);
        read
    }

    fn expression(&mut self) -> Parsed {
        self.deeper(|parser| {
            let start = parser.span.start;
            let condition = parser.chain("||", Self::conjunction, ExprKind::Or)?;
            if !parser.accept("?")? {
                return Ok(condition);
            }
            let yes = parser.chain("||", Self::conjunction, ExprKind::Or)?;
            parser.expect(":")?;
            let no = parser.expression()?;
            Ok(parser.since(start, ExprKind::Conditional(Box::new([condition, yes, no]))))
        })
    }

    fn conjunction(&mut self) -> Parsed {
        self.chain("&&", Self::relation, ExprKind::And)
    }

    fn chain(&mut self, sign: &str, part: fn(&mut Self) -> Parsed, whole: fn(Vec<Expr>) -> ExprKind) -> Parsed {
        let start = self.span.start;
        let first = part(self)?;
        if !self.is_at(sign) {
            return Ok(first);
        }
        let mut parts = alloc::vec![first];
        while self.accept(sign)? {
            parts.push(part(self)?);
        }
        Ok(self.since(start, whole(parts)))
    }

    fn relation(&mut self) -> Parsed {
        let start = self.span.start;
        let left = self.unary()?;
        let Some(op) = self.relation_op()? else { return Ok(left) };
        let right = self.unary()?;
        if self.is_relation_op() {
            let error = SyntaxError::new(self.span.clone(), "comparisons cannot be chained");
            return Err(error.with_fix("write two comparisons and `&&` between them"));
        }
        Ok(self.since(
            start,
            match op {
                Some(op) => ExprKind::Compare(Box::new(left), op, Box::new(right)),
                None => ExprKind::In(Box::new(left), Box::new(right)),
            },
        ))
    }

    fn is_relation_op(&self) -> bool {
        self.is_at_word("in") || matches!(self.next, Token::Sign(sign) if numeric_op(sign).is_some())
    }

    /// Consumes a comparison, or `in` (`Some(None)`), if it is next.
    fn relation_op(&mut self) -> Result<Option<Option<NumericOp>>, SyntaxError> {
        if !self.is_relation_op() {
            return Ok(None);
        }
        Ok(Some(match self.advance()? {
            Token::Sign(sign) => numeric_op(sign),
            _ => None,
        }))
    }

    fn unary(&mut self) -> Parsed {
        let start = self.span.start;
        if self.is_at("!") {
            return self.deeper(|parser| {
                parser.advance()?;
                let inner = parser.unary()?;
                Ok(parser.since(start, ExprKind::Not(Box::new(inner))))
            });
        }
        let is_negative = self.is_at("-");
        if is_negative {
            let sign = self.span.clone();
            self.advance()?;
            if !matches!(self.next, Token::Number(_)) {
                let error = SyntaxError::new(sign, "`-` is only possible before a number");
                return Err(error.with_fix("write a number, or compare with the opposite operator"));
            }
        }
        let first = self.primary(is_negative)?;
        let first = Expr { span: start..first.span.end, ..first };
        self.postfix(first)
    }

    fn primary(&mut self, is_negative: bool) -> Parsed {
        let start = self.span.start;
        let kind = match &self.next {
            Token::Sign("(") => {
                self.advance()?;
                let inner = self.expression()?;
                self.expect(")")?;
                // The parentheses belong to the text of the expression, so that a message shows both.
                return Ok(Expr { span: start..self.last, kind: inner.kind });
            }
            Token::Sign("[") => {
                self.advance()?;
                ExprKind::List(self.expressions("]")?)
            }
            Token::Sign("{") => {
                self.advance()?;
                ExprKind::Map(self.entries()?)
            }
            Token::Number(text) => {
                let text = format!("{}{text}", if is_negative { "-" } else { "" });
                if !json::read(text.as_bytes(), 1).is_ok_and(|value| value.kind() == Kind::Number) {
                    let error = SyntaxError::new(self.span.clone(), "this number is out of range");
                    return Err(
                        error.with_fix("use an absolute value below 1.8e308, and an exponent from -999999 to 999999")
                    );
                }
                self.advance()?;
                ExprKind::Number(text)
            }
            Token::Text(text) => {
                let text = text.clone();
                self.advance()?;
                ExprKind::Text(text)
            }
            Token::Name(name) => return self.name(name.clone()),
            Token::Sign(_) | Token::End => return Err(self.unexpected("an expression")),
        };
        Ok(self.since(start, kind))
    }

    /// Reads what starts with a name.
    fn name(&mut self, name: String) -> Parsed {
        let span = self.span.clone();
        let kind = match name.as_str() {
            "true" => ExprKind::Bool(true),
            "false" => ExprKind::Bool(false),
            "null" => ExprKind::Null,
            "in" => return Err(self.unexpected("an expression")),
            _ if RESERVED.contains(&name.as_str()) => {
                return Err(SyntaxError::new(span, format!("`{name}` is a reserved word of CEL")));
            }
            _ => {
                self.advance()?;
                if name.eq_ignore_ascii_case("not") && matches!(self.next, Token::Name(_)) {
                    let error = SyntaxError::new(span, format!("{} is not an operator", quoted(&name)));
                    return Err(error.with_fix("write `!` before what must be false"));
                }
                let name = Spanned { value: name, span: span.clone() };
                let first =
                    if self.accept("(")? { Start::Call(name, self.expressions(")")?) } else { Start::Name(name) };
                return Ok(self.since(span.start, ExprKind::Chain(first, Vec::new())));
            }
        };
        self.advance()?;
        Ok(self.since(span.start, kind))
    }

    /// Reads selections, indices and calls after an expression.
    fn postfix(&mut self, first: Expr) -> Parsed {
        let mut steps = Vec::new();
        loop {
            if self.accept(".")? {
                let span = self.span.clone();
                let name = match &self.next {
                    Token::Name(name) if !matches!(name.as_str(), "in" | "true" | "false" | "null") => name.clone(),
                    Token::Name(name) => {
                        let error = SyntaxError::new(span, format!("`{name}` cannot follow a dot"));
                        return Err(error.with_fix(format!("write `[\"{name}\"]` instead of `.{name}`")));
                    }
                    _ => return Err(self.unexpected("a name")),
                };
                self.advance()?;
                let name = Spanned { value: name, span };
                steps.push(if self.accept("(")? {
                    Step::Call(name, self.expressions(")")?)
                } else {
                    Step::Select(name)
                });
            } else if self.accept("[")? {
                let index = self.expression()?;
                self.expect("]")?;
                steps.push(Step::Index(index));
            } else if self.is_at("{") {
                return Err(self.unexpected("an operator"));
            } else {
                break;
            }
        }
        if steps.is_empty() {
            return Ok(first);
        }
        let start = first.span.start;
        let kind = match first.kind {
            ExprKind::Chain(name, mut before) => {
                before.append(&mut steps);
                ExprKind::Chain(name, before)
            }
            kind => ExprKind::Of(Box::new(Expr { span: first.span, kind }), steps),
        };
        Ok(self.since(start, kind))
    }

    /// Reads expressions with commas between them, up to a bracket.
    fn expressions(&mut self, end: &'static str) -> Result<Vec<Expr>, SyntaxError> {
        let mut items = Vec::new();
        while !self.is_at(end) {
            items.push(self.expression()?);
            if !self.accept(",")? {
                break;
            }
            // A list may end in a comma, but not the arguments of a call.
            if end == ")" && self.is_at(end) {
                return Err(self.unexpected("an expression"));
            }
        }
        if self.is_at(end) {
            self.advance()?;
            return Ok(items);
        }
        Err(self.unexpected(&format!("`,` or `{end}`")))
    }

    fn entries(&mut self) -> Result<Vec<(Expr, Expr)>, SyntaxError> {
        let mut entries = Vec::new();
        while !self.is_at("}") {
            let key = self.expression()?;
            self.expect(":")?;
            entries.push((key, self.expression()?));
            if !self.accept(",")? {
                break;
            }
        }
        self.expect("}")?;
        Ok(entries)
    }
}

fn numeric_op(sign: &str) -> Option<NumericOp> {
    Some(match sign {
        "==" => NumericOp::Eq,
        "!=" => NumericOp::Ne,
        "<" => NumericOp::Lt,
        "<=" => NumericOp::Lte,
        ">" => NumericOp::Gt,
        ">=" => NumericOp::Gte,
        _ => return None,
    })
}
