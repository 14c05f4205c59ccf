//! Expressions as conditions in JSON.

use crate::json::{Json, object, string, strings};
use crate::when::parts::{Members, check, defined, text_of, texts_of};
use crate::when::times::{between, days, hours, on_dates};
use crate::when::tree::{Tree, read};

/// The condition of an expression.
pub(super) fn condition(text: &str, definitions: &[(String, Json)]) -> Result<Json, String> {
    Translation { definitions, item: None }.condition(&read(text)?)
}

/// Translates one expression.
#[derive(Clone, Copy)]
struct Translation<'t> {
    definitions: &'t [(String, Json)],
    /// The name of the innermost item.
    item: Option<&'t str>,
}

/// A field as a check names it, and how it ignores case.
struct Field {
    source: &'static str,
    name: String,
    case: Option<&'static str>,
}

impl Field {
    /// The check of this field with some more members.
    fn check(self, kind: &'static str, members: Members) -> Json {
        let mut all = vec![("source", string(self.source)), ("field", string(self.name))];
        all.extend(members);
        all.extend(self.case.map(|case| ("ignoreCase", string(case))));
        check(kind, all)
    }
}

fn not(inner: Json) -> Json {
    object([("Not", inner)])
}

fn op_name(sign: &str) -> Option<&'static str> {
    let names = [("==", "Eq"), ("!=", "Ne"), ("<", "Lt"), ("<=", "Lte"), (">", "Gt"), (">=", "Gte")];
    names.into_iter().find(|(own, _)| *own == sign).map(|(_, name)| name)
}

/// The operator for exchanged sides.
fn exchanged(sign: &'static str) -> &'static str {
    match sign {
        "<" => ">",
        ">" => "<",
        "<=" => ">=",
        ">=" => "<=",
        other => other,
    }
}

fn is_literal(tree: &Tree) -> bool {
    match tree {
        Tree::Number(_) | Tree::Text(_) | Tree::List(_) | Tree::Map(_) => true,
        Tree::Word(word) => matches!(word.as_str(), "true" | "false" | "null"),
        Tree::Call(Some(target), _, _) => is_literal(target),
        _ => false,
    }
}

impl<'t> Translation<'t> {
    fn condition(self, tree: &'t Tree) -> Result<Json, String> {
        let both = |name: &'static str, a: &'t Tree, b: &'t Tree| {
            Ok::<_, String>(object([(name, Json::Array(vec![self.condition(a)?, self.condition(b)?]))]))
        };
        match tree {
            Tree::Infix("&&", a, b) => both("All", a, b),
            Tree::Infix("||", a, b) => both("Any", a, b),
            Tree::Infix("in", a, b) => self.is_in(a, b),
            Tree::Infix(sign, a, b) if is_literal(a) && !is_literal(b) => self.compare(b, exchanged(sign), a),
            Tree::Infix(sign, a, b) => self.compare(a, sign, b),
            Tree::Not(inner) => Ok(not(self.condition(inner)?)),
            Tree::Choice(parts) => {
                let [first, yes, no] = &**parts;
                let (first, yes, no) = (self.condition(first)?, self.condition(yes)?, self.condition(no)?);
                let all = |parts: Vec<Json>| object([("All", Json::Array(parts))]);
                Ok(object([("Any", Json::Array(vec![all(vec![first.clone(), yes]), all(vec![not(first), no])]))]))
            }
            Tree::Call(None, name, arguments) => match (name.as_str(), arguments.as_slice()) {
                ("has", [field]) => Ok(self.field(field)?.check("FieldPresent", vec![])),
                _ => Err(format!("{name} is not a condition")),
            },
            Tree::Call(Some(target), name, arguments) => self.method(target, name, arguments),
            Tree::Word(name) if self.item != Some(name) && self.definitions.iter().any(|(own, _)| own == name) => {
                defined(name, self.definitions)
            }
            other => Ok(self.field(other)?.check("BoolCheck", vec![("value", Json::Bool(true))])),
        }
    }

    /// A field, which may have a function that ignores case.
    fn field(self, tree: &'t Tree) -> Result<Field, String> {
        if let Tree::Call(Some(target), name, arguments) = tree {
            let case = match (name.as_str(), arguments.as_slice()) {
                ("lowerAscii", []) => "Ascii",
                ("foldCase", []) => "Full",
                _ => return Err(format!("{name} is not a field")),
            };
            return Ok(Field { case: Some(case), ..self.field(target)? });
        }
        let mut path = Vec::new();
        let mut at = tree;
        let root = loop {
            at = match at {
                Tree::Member(inner, name) => {
                    path.push(name.clone());
                    inner
                }
                Tree::At(inner, index) => {
                    match &**index {
                        Tree::Text(text) | Tree::Number(text) => path.push(text.clone()),
                        other => return Err(format!("{other:?} is not an index")),
                    }
                    inner
                }
                Tree::Word(root) => break root.as_str(),
                other => return Err(format!("{other:?} is not a field")),
            }
        };
        path.reverse();
        let source = match root {
            root if self.item == Some(root) => "Item",
            "args" => "Arguments",
            "agent" => "AgentAttributes",
            "resource" => "ResourceAttributes",
            "request" => "Request",
            _ => return Err(format!("{root} is not a variable")),
        };
        let name = match path.as_slice() {
            [] if source == "Item" => String::new(),
            [] => return Err(format!("{root} alone is not a field")),
            [name] if !name.is_empty() && !name.starts_with('/') => name.clone(),
            _ => path.iter().map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1"))).collect(),
        };
        Ok(Field { source, name, case: None })
    }

    fn compare(self, a: &'t Tree, sign: &'static str, b: &'t Tree) -> Result<Json, String> {
        let op = op_name(sign).ok_or_else(|| format!("{sign} does not compare"))?;
        let is_equality = matches!(op, "Eq" | "Ne");
        let or_not = |is_equal: Json| if op == "Ne" { not(is_equal) } else { is_equal };
        let number = || match b {
            Tree::Number(digits) => Ok(Json::Number(digits.clone())),
            other => Err(format!("{other:?} is not a number")),
        };
        let of = |name: &str| match a {
            Tree::Call(None, own, arguments) if own == name => arguments.first(),
            Tree::Call(Some(target), own, arguments) if own == name && arguments.is_empty() => Some(&**target),
            _ => None,
        };
        if let Some(measured) = of("size") {
            return Ok(self.field(measured)?.check("LengthCheck", vec![("op", string(op)), ("value", number()?)]));
        }
        if let Tree::Call(Some(target), name, arguments) = a {
            match name.as_str() {
                "getHours" => return Ok(or_not(hours(op, b, arguments)?)),
                "getDayOfWeek" if is_equality => return Ok(or_not(days(std::slice::from_ref(b), arguments)?)),
                "getHost" if is_equality => return Ok(or_not(self.host(target, std::slice::from_ref(b))?)),
                _ => {}
            }
        }
        let numbers = (
            of("number"),
            if let Tree::Call(None, name, it) = b { it.first().filter(|_| name == "number") } else { None },
        );
        if let (Some(a), Some(b)) = numbers {
            return self.two_fields("FieldCompare", a, Some(op), b);
        }
        let a = numbers.0.unwrap_or(a);
        match b {
            Tree::Number(digits) => {
                let value = Json::Number(digits.clone());
                Ok(self.field(a)?.check("NumericCheck", vec![("op", string(op)), ("value", value)]))
            }
            Tree::Word(word) if is_equality && matches!(word.as_str(), "true" | "false") => {
                let value = (word == "true") == (op == "Eq");
                Ok(self.field(a)?.check("BoolCheck", vec![("value", Json::Bool(value))]))
            }
            _ if is_literal(b) => {
                let text = text_of(b)
                    .and_then(|text| if is_equality { Ok(text) } else { Err("texts have no order".into()) })?;
                let members = vec![("op", string("In")), ("value", strings([text]))];
                Ok(or_not(self.field(a)?.check("StringCheck", members)))
            }
            _ if is_equality => Ok(or_not(self.two_fields("FieldEquals", a, None, b)?)),
            _ => self.two_fields("FieldCompare", a, Some(op), b),
        }
    }

    fn two_fields(self, kind: &'static str, a: &'t Tree, op: Option<&str>, b: &'t Tree) -> Result<Json, String> {
        let (a, b) = (self.field(a)?, self.field(b)?);
        if a.case != b.case {
            return Err("one of two fields ignores case".into());
        }
        let mut members = vec![("source_a", string(a.source)), ("field_a", string(a.name))];
        members.extend([("source_b", string(b.source)), ("field_b", string(b.name))]);
        members.extend(op.map(|op| ("op", string(op))));
        members.extend(a.case.map(|case| ("ignoreCase", string(case))));
        Ok(check(kind, members))
    }

    fn is_in(self, a: &'t Tree, list: &'t Tree) -> Result<Json, String> {
        let Tree::List(items) = list else { return Err("`in` without a list".into()) };
        if let Tree::Call(Some(target), name, arguments) = a {
            match name.as_str() {
                "getDayOfWeek" => return days(items, arguments),
                "getHost" => return self.host(target, items),
                _ => {}
            }
        }
        if matches!(items.first(), Some(Tree::Number(_))) {
            let each = items.iter().map(|item| self.compare(a, "==", item));
            return Ok(object([("Any", Json::Array(each.collect::<Result<_, _>>()?))]));
        }
        let members = vec![("op", string("In")), ("value", strings(texts_of(list)?))];
        Ok(self.field(a)?.check("StringCheck", members))
    }

    fn method(self, target: &'t Tree, name: &str, arguments: &'t [Tree]) -> Result<Json, String> {
        let function = |wanted: &str| match target {
            Tree::Call(None, own, inner) if own == wanted => inner.first(),
            _ => None,
        };
        if let (Some(url), "matches", [Tree::Map(entries)]) = (function("url"), name, arguments) {
            return self.url_parts(url, entries);
        }
        if let (Some(url), "isOneOf", [patterns]) = (function("url"), name, arguments) {
            return self.url_patterns(url, &texts_of(patterns)?);
        }
        if let (Tree::Call(None, own, of_path), "isInside" | "glob", [places]) = (target, name, arguments)
            && let ("path", [path, base @ ..]) = (own.as_str(), of_path.as_slice())
        {
            let key = if name == "glob" { "globs" } else { "roots" };
            let mut members = vec![(key, strings(texts_of(places)?))];
            if let Some(base) = base.first() {
                members.push(("base", string(text_of(base)?)));
            }
            return Ok(self.field(path)?.check("PathCheck", members));
        }
        if let (Some(networks), "containsIP", [address]) = (function("cidr"), name, arguments) {
            let members = vec![("op", string("In")), ("value", strings(texts_of(networks)?))];
            return Ok(self.field(address)?.check("CidrCheck", members));
        }
        if let ("all" | "exists", [Tree::Word(item), inside]) = (name, arguments) {
            let inner = Self { item: Some(item), ..self };
            if let Some(members) = function("keys") {
                return self.member_names(members, name == "all", &inner.condition(inside)?);
            }
            let kind = if name == "all" { "Every" } else { "Some" };
            return Ok(self.field(target)?.check(kind, vec![("condition", inner.condition(inside)?)]));
        }
        if name == "isBetween" {
            return between(arguments);
        }
        if name == "isOn" {
            return on_dates(arguments);
        }
        let op = match name {
            "startsWith" => "StartsWith",
            "endsWith" => "EndsWith",
            "contains" => "Contains",
            "glob" => "Glob",
            "matches" => "Matches",
            _ => return Err(format!("{name} is not a method")),
        };
        let [argument] = arguments else { return Err(format!("{name} has one argument")) };
        // An expression of CEL may match anywhere, and one of a check matches the whole text.
        let texts = texts_of(argument)?.into_iter().map(|text| match op {
            "Matches" => format!("(?s:.*)(?:{text})(?s:.*)"),
            _ => text.to_owned(),
        });
        let members = vec![("op", string(op)), ("value", strings(texts))];
        Ok(self.field(target)?.check("StringCheck", members))
    }

    /// `all` of the names in a list, or of the names that are not in it; `exists` is the opposite of the opposite.
    fn member_names(self, object: &'t Tree, every: bool, condition: &Json) -> Result<Json, String> {
        let (condition, is_listed) = match condition.child("Not") {
            Some(inner) => (inner, false),
            None => (condition, true),
        };
        let check = condition.child("StringCheck").ok_or("names are compared with a list")?;
        let mut members = vec![("op", string(if is_listed == every { "In" } else { "NotIn" }))];
        members.push(("value", check.child("value").cloned().ok_or("a list")?));
        members.extend(check.child("ignoreCase").cloned().map(|case| ("ignoreCase", case)));
        let checked = self.field(object)?.check("MembersCheck", members);
        Ok(if every { checked } else { not(checked) })
    }

    fn host(self, url: &'t Tree, hosts: &'t [Tree]) -> Result<Json, String> {
        let Tree::Call(None, name, arguments) = url else { return Err("a host of something else".into()) };
        let field = arguments.first().filter(|_| name == "url").ok_or("a host of something else")?;
        let hosts = hosts.iter().map(text_of).collect::<Result<Vec<_>, _>>()?;
        let members = vec![("schemes", string("*")), ("hosts", strings(hosts)), ("ports", string("*"))];
        Ok(self.field(field)?.check("UrlCheck", members))
    }

    /// Patterns that differ in their hosts only are one check.
    fn url_patterns(self, url: &'t Tree, patterns: &[&str]) -> Result<Json, String> {
        let mut groups: Vec<([&str; 3], Vec<&str>)> = Vec::new();
        for pattern in patterns {
            let (scheme, rest) = pattern.split_once("://").ok_or("a pattern without a scheme")?;
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            // A colon inside of brackets belongs to an address.
            let colon = authority.rfind(':').filter(|at| authority.rfind(']').is_none_or(|bracket| bracket < *at));
            let (host, port) = authority.split_at(colon.unwrap_or(authority.len()));
            let group = [scheme, port, path];
            match groups.iter_mut().find(|(other, _)| *other == group) {
                Some((_, hosts)) => hosts.push(host),
                None => groups.push((group, vec![host])),
            }
        }
        let mut checks = Vec::new();
        for ([scheme, port, path], hosts) in groups {
            let mut members = vec![("schemes", strings([scheme])), ("hosts", strings(hosts))];
            match port.strip_prefix(':') {
                None => {}
                Some("*") => members.push(("ports", string("*"))),
                Some(port) => members.push(("ports", Json::Array(vec![Json::Number(port.to_owned())]))),
            }
            if !path.is_empty() {
                members.push(("paths", strings([path])));
            }
            checks.push(self.field(url)?.check("UrlCheck", members));
        }
        Ok(object([("Any", Json::Array(checks))]))
    }

    fn url_parts(self, url: &'t Tree, entries: &'t [(Tree, Tree)]) -> Result<Json, String> {
        let mut members = Vec::new();
        for (key, value) in entries {
            let key = text_of(key)?;
            let key = ["schemes", "hosts", "ports", "paths"].into_iter().find(|own| *own == key);
            let list = match value {
                Tree::Text(text) => string(text.as_str()),
                Tree::List(items) => Json::Array(items.iter().map(literal).collect::<Result<_, _>>()?),
                other => return Err(format!("{other:?} is not a list")),
            };
            members.push((key.ok_or("an unknown key")?, list));
        }
        Ok(self.field(url)?.check("UrlCheck", members))
    }
}

fn literal(tree: &Tree) -> Result<Json, String> {
    match tree {
        Tree::Text(text) => Ok(string(text.as_str())),
        Tree::Number(digits) => Ok(Json::Number(digits.clone())),
        other => Err(format!("{other:?} is not a literal")),
    }
}
