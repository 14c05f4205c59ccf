//! The functions of expressions, one file for each group.

pub(crate) mod strings;
pub(crate) mod lists;
pub(crate) mod paths;
pub(crate) mod urls;
pub(crate) mod networks;
pub(crate) mod times;

use alloc::format;
use alloc::vec::Vec;
use core::ops::Range;

use alloc::string::String;

use crate::condition::{Condition, ConditionKind, FieldPresent};
use crate::policy::text::diagnostic::{Diagnostic, quoted};
use crate::policy::text::spanned::Spanned;
use crate::policy::when::ast::{Expr, Start, Step};
use crate::policy::when::lower::Lowering;

/// A call of a method.
#[derive(Clone, Copy)]
pub(crate) struct Method<'e> {
    /// What the method is called on: a name or a call, and what follows it.
    pub(crate) start: &'e Start,
    pub(crate) before: &'e [Step],
    pub(crate) name: &'e Spanned<String>,
    pub(crate) arguments: &'e [Expr],
    /// The bytes of all of it.
    pub(crate) span: &'e Range<usize>,
}

/// The functions and an example of each, in the order in which messages list them.
const EXAMPLES: [(&str, &str); 24] = [
    ("has", "`has(args.name)`"),
    ("size", "`size(args.list) <= 10`"),
    ("number", "`number(args.a) == number(resource.b)`"),
    ("startsWith", "`args.name.startsWith(\"a\")`"),
    ("endsWith", "`args.name.endsWith(\"a\")`"),
    ("contains", "`args.name.contains(\"a\")`"),
    ("glob", "`args.name.glob(\"a*\")`"),
    ("matches", "`args.name.matches(\"^[a-z]+$\")`"),
    ("lowerAscii", "`args.name.lowerAscii() == \"a\"`"),
    ("foldCase", "`args.name.foldCase() == \"a\"`"),
    ("all", "`args.list.all(item, item.size() <= 10)`"),
    ("exists", "`args.list.exists(item, item == \"a\")`"),
    ("keys", "`keys(args.headers).all(key, key in [\"Accept\"])`"),
    ("path", "`path(args.path).isInside(\"/srv\")`"),
    ("isInside", "`path(args.path).isInside(\"/srv\")`"),
    ("url", "`url(args.url).isOneOf([\"https://example.com\"])`"),
    ("isOneOf", "`url(args.url).isOneOf([\"https://example.com\"])`"),
    ("getHost", "`url(args.url).getHost() == \"example.com\"`"),
    ("cidr", "`cidr(\"10.0.0.0/8\").containsIP(request.ip)`"),
    ("containsIP", "`cidr(\"10.0.0.0/8\").containsIP(request.ip)`"),
    ("isBetween", "`request.time.isBetween(\"09:00\", \"17:00\", \"Europe/Berlin\")`"),
    ("isOn", "`request.time.isOn([\"2026-12-24\"], \"Europe/Berlin\")`"),
    ("getHours", "`request.time.getHours(\"Europe/Berlin\") >= 9`"),
    ("getDayOfWeek", "`request.time.getDayOfWeek(\"Europe/Berlin\") in [1, 2, 3, 4, 5]`"),
];

pub(crate) fn example(name: &str) -> Option<&'static str> {
    EXAMPLES.into_iter().find(|(function, _)| *function == name).map(|(_, example)| example)
}

/// The condition of a method.
pub(crate) fn condition(lowering: &mut Lowering<'_>, method: Method<'_>) -> Option<Condition> {
    match method.name.value.as_str() {
        "startsWith" | "endsWith" | "contains" | "matches" | "glob" => {
            if urls::is_url(method.start, method.before) {
                urls::matches(lowering, method)
            } else if paths::is_path(method.start, method.before) {
                paths::condition(lowering, method)
            } else {
                strings::condition(lowering, method)
            }
        }
        "all" | "exists" => lists::condition(lowering, method),
        "isInside" => paths::condition(lowering, method),
        "isOneOf" => urls::is_one_of(lowering, method),
        "containsIP" => networks::contains(lowering, method),
        "isBetween" => times::is_between(lowering, method),
        "isOn" => times::is_on(lowering, method),
        _ => not_a_condition(lowering, method.name),
    }
}

/// The condition of a function.
pub(crate) fn condition_of_call(
    lowering: &mut Lowering<'_>,
    name: &Spanned<String>,
    arguments: &[Expr],
    span: &Range<usize>,
) -> Option<Condition> {
    if name.value == "has" {
        let field = lowering.field_argument(arguments, name)?;
        return lowering.make(span, ConditionKind::FieldPresent(FieldPresent { field }));
    }
    not_a_condition(lowering, name)
}

/// The opposite of a condition on member names, if a method is one that `!` must not be written around.
pub(crate) fn negated_members(lowering: &mut Lowering<'_>, method: Method<'_>) -> Option<Option<Condition>> {
    lists::is_of_keys(method.start, method.before)
        .then_some(method)
        .filter(|method| method.name.value == "exists")
        .map(|method| lists::members(lowering, method, true))
}

/// Reports a function whose result is not true or false.
fn not_a_condition<T>(lowering: &mut Lowering<'_>, name: &Spanned<String>) -> Option<T> {
    match example(&name.value) {
        Some(example) => {
            let message = format!("the result of `{}` is not a condition", name.value);
            lowering.unsupported(&name.span, message, format!("write it as in {example}"))
        }
        None => unknown(lowering, name),
    }
}

/// Reports a function whose result cannot be compared.
pub(crate) fn not_a_value<T>(lowering: &mut Lowering<'_>, name: &Spanned<String>) -> Option<T> {
    match example(&name.value) {
        Some(example) => {
            let message = format!("the result of `{}` cannot be compared", name.value);
            lowering.unsupported(&name.span, message, format!("write it as in {example}"))
        }
        None => unknown(lowering, name),
    }
}

/// Reports a function that callgate does not have.
fn unknown<T>(lowering: &mut Lowering<'_>, name: &Spanned<String>) -> Option<T> {
    let message = format!("{} is not a function of expressions", quoted(&name.value));
    let problem = Diagnostic::error("unknown_function", &lowering.at(&name.span), message);
    let fix = match name.value.as_str() {
        "map" | "filter" | "exists_one" | "existsOne" | "transformList" | "sortBy" => {
            "write `all` or `exists`, such as `args.list.all(item, item.amount <= 10)`"
        }
        "length" | "len" | "count" => "write `size(args.list)`",
        "not" | "NOT" => "write `!`",
        "type" | "dyn" | "is" => "compare the field; a value of another type makes the condition unknown",
        "int" | "uint" | "double" => "compare the field as it is; a string is never a number",
        "string" | "bytes" | "bool" => "compare the field as it is",
        "timestamp" | "getFullYear" | "getMonth" | "getDate" | "getDayOfMonth" | "getDayOfYear" => {
            "write `request.time.isOn([\"2026-12-24/2027-01-02\"], \"Europe/Berlin\")`"
        }
        "duration" | "getMinutes" | "getSeconds" | "getMilliseconds" => {
            "write `request.time.isBetween(\"09:00\", \"17:00\")`, or compare `getHours()` or `getDayOfWeek()`"
        }
        "lower" | "toLower" | "toLowerCase" | "lowercase" | "upperAscii" | "toUpperCase" => {
            "write `lowerAscii()`, or `foldCase()` for letters beyond ASCII"
        }
        "getScheme" | "getPort" | "getHostname" | "getEscapedPath" | "getQuery" | "isURL" => {
            "write `url(args.url).isOneOf([\"https://example.com:443\"])`"
        }
        "ip" | "isIP" | "isCIDR" | "containsCIDR" => "write `cidr(\"10.0.0.0/8\").containsIP(request.ip)`",
        "includes" => "write `contains` for a part of a string, or `exists` for an item of a list",
        "find" | "findAll" | "regex" | "match" => "write `args.name.matches(\"^[a-z]+$\")`",
        "isPresent" | "exist" | "present" | "defined" => "write `has(args.name)`",
        _ => "",
    };
    let known: Vec<&str> = EXAMPLES.into_iter().map(|(function, _)| function).collect();
    lowering.reader.problems.push(if fix.is_empty() {
        problem.with_likely_word(&name.value, known.iter().copied())
    } else {
        problem.with_fix(fix)
    });
    None
}
