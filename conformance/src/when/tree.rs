//! The syntax of CEL, as far as the language reference mentions it, read by operator precedence.

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tree {
    Word(String),
    Number(String),
    Text(String),
    List(Vec<Tree>),
    Map(Vec<(Tree, Tree)>),
    /// `a.name`
    Member(Box<Tree>, String),
    /// `a[b]`
    At(Box<Tree>, Box<Tree>),
    /// `a.name(..)`, or `name(..)`.
    Call(Option<Box<Tree>>, String, Vec<Tree>),
    Infix(&'static str, Box<Tree>, Box<Tree>),
    Not(Box<Tree>),
    Choice(Box<[Tree; 3]>),
}

/// The operators between two expressions, from the weakest, with how strongly they bind.
const INFIX: [(&str, u8); 9] =
    [("||", 2), ("&&", 3), ("==", 4), ("!=", 4), ("<=", 4), (">=", 4), ("<", 4), (">", 4), ("in", 4)];

const SIGNS: [&str; 20] =
    ["||", "&&", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", "{", "}", ".", ",", "?", ":", "-"];

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Number(String),
    Text(String),
    Sign(&'static str),
}

/// Reads an expression.
pub(super) fn read(text: &str) -> Result<Tree, String> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = tokens(&chars)?;
    tokens.reverse();
    let mut reader = Reader { tokens };
    let tree = reader.expression(0)?;
    match reader.tokens.pop() {
        None => Ok(tree),
        Some(token) => Err(format!("{token:?} after the expression")),
    }
}

fn tokens(chars: &[char]) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = chars;
    while let Some((&first, behind)) = rest.split_first() {
        if first.is_ascii_whitespace() {
            rest = behind;
        } else if rest.starts_with(&['/', '/']) {
            let end = rest.iter().position(|&c| c == '\n').unwrap_or(rest.len());
            rest = rest.split_at(end).1;
        } else if let Some((text, behind)) = string(rest)? {
            tokens.push(Token::Text(text));
            rest = behind;
        } else if first.is_ascii_alphabetic() || first == '_' {
            let (word, behind) = split_while(rest, |c| c.is_ascii_alphanumeric() || c == '_');
            tokens.push(Token::Word(word));
            rest = behind;
        } else if first.is_ascii_digit() {
            let (number, behind) = number(rest);
            if behind.first().is_some_and(|c| c.is_ascii_alphanumeric()) {
                return Err(format!("{number} goes on"));
            }
            tokens.push(Token::Number(number));
            rest = behind;
        } else {
            let is_next = |sign: &&&str| rest.starts_with(&sign.chars().collect::<Vec<_>>());
            let sign = SIGNS.iter().find(is_next).ok_or_else(|| format!("{first:?} is not a token"))?;
            tokens.push(Token::Sign(sign));
            rest = rest.split_at(sign.len()).1;
        }
    }
    Ok(tokens)
}

fn split_while(chars: &[char], belongs: impl Fn(char) -> bool) -> (String, &[char]) {
    let end = chars.iter().position(|&c| !belongs(c)).unwrap_or(chars.len());
    let (start, rest) = chars.split_at(end);
    (start.iter().collect(), rest)
}

/// A number in the grammar of JSON, without its sign.
fn number(chars: &[char]) -> (String, &[char]) {
    let (mut text, mut rest) = split_while(chars, |c| c.is_ascii_digit());
    if let ['.', digit, ..] = rest
        && digit.is_ascii_digit()
    {
        let (fraction, behind) = split_while(rest.split_at(1).1, |c| c.is_ascii_digit());
        text = format!("{text}.{fraction}");
        rest = behind;
    }
    let sign = match rest {
        ['e' | 'E', '+' | '-', digit, ..] if digit.is_ascii_digit() => 2,
        ['e' | 'E', digit, ..] if digit.is_ascii_digit() => 1,
        _ => return (text, rest),
    };
    let (mark, behind) = rest.split_at(sign);
    let (digits, behind) = split_while(behind, |c| c.is_ascii_digit());
    (format!("{text}{}{digits}", mark.iter().collect::<String>()), behind)
}

/// A string, and what follows it; `None` if there is none.
fn string(chars: &[char]) -> Result<Option<(String, &[char])>, String> {
    let (is_raw, quoted) = match chars {
        ['r' | 'R', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let Some(&quote @ ('"' | '\'')) = quoted.first() else { return Ok(None) };
    let len = if quoted.starts_with(&[quote; 3]) { 3 } else { 1 };
    let end = vec![quote; len];
    let mut rest = quoted.split_at(len).1;
    let mut text = String::new();
    while !rest.starts_with(&end) {
        let (&first, behind) = rest.split_first().ok_or("a string without an end")?;
        if len == 1 && matches!(first, '\n' | '\r') {
            return Err("a line ends in a string".into());
        }
        rest = behind;
        if first == '\\' && !is_raw {
            let (c, behind) = escape(rest)?;
            text.push(c);
            rest = behind;
        } else {
            text.push(first);
        }
    }
    Ok(Some((text, rest.split_at(len).1)))
}

fn escape(chars: &[char]) -> Result<(char, &[char]), String> {
    let (&kind, rest) = chars.split_first().ok_or("a string without an end")?;
    let code = |from: &[char], len: usize, radix: u32| {
        let digits: String = from.iter().take(len).collect();
        let code = u32::from_str_radix(&digits, radix).ok().filter(|_| digits.chars().count() == len);
        code.and_then(char::from_u32).ok_or_else(|| format!("{digits:?} is not a character"))
    };
    let simple =
        [('a', '\u{7}'), ('b', '\u{8}'), ('f', '\u{c}'), ('n', '\n'), ('r', '\r'), ('t', '\t'), ('v', '\u{b}')];
    if let Some((_, c)) = simple.into_iter().find(|(name, _)| *name == kind) {
        return Ok((c, rest));
    }
    Ok(match kind {
        '\\' | '"' | '\'' | '`' | '?' => (kind, rest),
        'x' | 'X' => (code(rest, 2, 16)?, rest.split_at(2).1),
        'u' => (code(rest, 4, 16)?, rest.split_at(4).1),
        'U' => (code(rest, 8, 16)?, rest.split_at(8).1),
        '0'..='3' => (code(chars, 3, 8)?, chars.split_at(3).1),
        _ => return Err(format!("\\{kind} is not an escape")),
    })
}

/// Reads tokens, of which the next is the last.
struct Reader {
    tokens: Vec<Token>,
}

impl Reader {
    fn accept(&mut self, sign: &str) -> bool {
        let is_next = matches!(self.tokens.last(), Some(Token::Sign(next)) if *next == sign);
        if is_next {
            self.tokens.pop();
        }
        is_next
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.accept(sign) { Ok(()) } else { Err(format!("{sign} is missing before {:?}", self.tokens.last())) }
    }

    /// Reads an expression whose operators bind at least as strongly as `least`.
    fn expression(&mut self, least: u8) -> Result<Tree, String> {
        let mut left = self.operand()?;
        loop {
            let next = match self.tokens.last() {
                Some(Token::Sign(sign)) => *sign,
                Some(Token::Word(word)) if word == "in" => "in",
                _ => return Ok(left),
            };
            if next == "?" && least <= 1 {
                self.tokens.pop();
                let yes = self.expression(2)?;
                self.expect(":")?;
                return Ok(Tree::Choice(Box::new([left, yes, self.expression(0)?])));
            }
            let Some(&(sign, strength)) = INFIX.iter().find(|(sign, strength)| *sign == next && *strength >= least)
            else {
                return Ok(left);
            };
            self.tokens.pop();
            let right = self.expression(strength.saturating_add(1))?;
            left = Tree::Infix(sign, Box::new(left), Box::new(right));
        }
    }

    fn operand(&mut self) -> Result<Tree, String> {
        let mut tree = match self.tokens.pop().ok_or("the expression ends")? {
            Token::Sign("!") => return Ok(Tree::Not(Box::new(self.operand()?))),
            Token::Sign("-") => match self.tokens.pop() {
                Some(Token::Number(digits)) => Tree::Number(format!("-{digits}")),
                other => return Err(format!("- before {other:?}")),
            },
            Token::Sign("(") => {
                let inner = self.expression(0)?;
                self.expect(")")?;
                inner
            }
            Token::Sign("[") => Tree::List(self.list("]")?),
            Token::Sign("{") => Tree::Map(self.entries()?),
            Token::Sign(sign) => return Err(format!("{sign} is not an operand")),
            Token::Number(digits) => Tree::Number(digits),
            Token::Text(text) => Tree::Text(text),
            Token::Word(word) if self.accept("(") => Tree::Call(None, word, self.list(")")?),
            Token::Word(word) => Tree::Word(word),
        };
        loop {
            if self.accept(".") {
                let Some(Token::Word(name)) = self.tokens.pop() else { return Err("a name is missing".into()) };
                tree = if self.accept("(") {
                    Tree::Call(Some(Box::new(tree)), name, self.list(")")?)
                } else {
                    Tree::Member(Box::new(tree), name)
                };
            } else if self.accept("[") {
                let index = self.expression(0)?;
                self.expect("]")?;
                tree = Tree::At(Box::new(tree), Box::new(index));
            } else {
                return Ok(tree);
            }
        }
    }

    fn list(&mut self, end: &str) -> Result<Vec<Tree>, String> {
        let mut items = Vec::new();
        while !self.accept(end) {
            if !items.is_empty() {
                self.expect(",")?;
            }
            items.push(self.expression(0)?);
        }
        Ok(items)
    }

    fn entries(&mut self) -> Result<Vec<(Tree, Tree)>, String> {
        let mut entries = Vec::new();
        while !self.accept("}") {
            if !entries.is_empty() {
                self.expect(",")?;
            }
            let key = self.expression(0)?;
            self.expect(":")?;
            entries.push((key, self.expression(0)?));
        }
        Ok(entries)
    }
}
