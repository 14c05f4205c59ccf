//! Conditions to expressions.
//!
//! Conditions with the same meaning and order have the same text, whichever form they were written in, and the text
//! leads to the same image.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::condition::{
    CidrCheck, Condition, ConditionKind, Field, FieldCompare, FieldEquals, ItemsCheck, MembersCheck, PathCheck,
    StringCheck, TimeCheck, UrlCheck,
};
use crate::language::case::Case;
use crate::language::operators::{NumericOp, Source, StringOp};
use crate::language::time_window::{TimeWindow, WEEKDAYS};
use crate::policy::text::spanned::Spanned;
use crate::policy::when::functions::strings::WHOLE;
use crate::policy::when::lexer::is_name;

/// Prints conditions as expressions.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Printer<'d> {
    /// The conditions that have a name; a condition at the position of one is printed as its name.
    pub(crate) definitions: &'d [(Spanned<String>, Condition)],
}

/// How strongly an expression binds, from the weakest.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Binding {
    Any,
    All,
    Comparison,
    Primary,
}

/// The expression of a condition, without the names of definitions.
pub(crate) fn print(condition: &Condition) -> String {
    Printer::default().print(condition)
}

impl Printer<'_> {
    /// The expression of a condition. The condition itself is not printed as the name of a definition.
    pub(crate) fn print(&self, condition: &Condition) -> String {
        self.whole(condition, 1).0
    }

    /// The expression of a condition, which is a name if the condition is a definition.
    pub(crate) fn print_with_name(&self, condition: &Condition) -> String {
        self.part(condition, 1).0
    }

    fn part(&self, condition: &Condition, level: usize) -> (String, Binding) {
        let is_own = |(_, own): &&(Spanned<String>, Condition)| own == condition;
        match self.definitions.iter().find(is_own) {
            Some((name, _)) => (name.value.clone(), Binding::Primary),
            None => self.whole(condition, level),
        }
    }

    fn inside(&self, condition: &Condition, level: usize, weakest: Binding) -> String {
        let (text, binding) = self.part(condition, level);
        if binding < weakest { format!("({text})") } else { text }
    }

    fn whole(&self, condition: &Condition, level: usize) -> (String, Binding) {
        let children = |children: &[Condition], sign: &str, weakest: Binding| {
            let parts: Vec<String> = children.iter().map(|child| self.inside(child, level, weakest)).collect();
            parts.join(sign)
        };
        let variable = variable(level);
        let names = Names { item: self.variable_before(level) };
        match &condition.kind {
            ConditionKind::All(only) | ConditionKind::Any(only) if only.len() == 1 => {
                only.first().map_or_else(|| (String::new(), Binding::Primary), |only| self.part(only, level))
            }
            ConditionKind::All(parts) => (children(parts, " && ", Binding::Comparison), Binding::All),
            ConditionKind::Any(parts) => (children(parts, " || ", Binding::Comparison), Binding::Any),
            ConditionKind::Not(inner) => self.not(inner, level),
            ConditionKind::Items(ItemsCheck { every, field, condition }) => {
                let list = names.field(field);
                let method = if *every { "all" } else { "exists" };
                let variable = self.free(variable);
                let condition = self.part(condition, level.saturating_add(1)).0;
                (format!("{list}.{method}({variable}, {condition})"), Binding::Primary)
            }
            ConditionKind::NumericCheck(check) => {
                (format!("{} {} {}", names.field(&check.field), sign(check.op), check.value), Binding::Comparison)
            }
            ConditionKind::LengthCheck(check) => {
                let field = names.field(&check.field);
                (format!("size({field}) {} {}", sign(check.op), check.value.value), Binding::Comparison)
            }
            ConditionKind::BoolCheck(check) if check.value => (names.field(&check.field), Binding::Primary),
            ConditionKind::BoolCheck(check) => (format!("{} == false", names.field(&check.field)), Binding::Comparison),
            ConditionKind::StringCheck(check) => names.string(check),
            ConditionKind::FieldPresent(check) => (format!("has({})", names.field(&check.field)), Binding::Primary),
            ConditionKind::FieldEquals(check) => (names.equals(check, "=="), Binding::Comparison),
            ConditionKind::FieldCompare(check) => (names.compare(check), Binding::Comparison),
            ConditionKind::TimeCheck(check) => time(check),
            ConditionKind::Defined(name) => (name.clone(), Binding::Primary),
            ConditionKind::PathCheck(check) => (names.path(check), Binding::Primary),
            ConditionKind::UrlCheck(check) => (names.url(check), Binding::Primary),
            ConditionKind::CidrCheck(check) => match check.op {
                StringOp::NotIn => (format!("!{}", names.cidr(check)), Binding::Primary),
                _ => (names.cidr(check), Binding::Primary),
            },
            ConditionKind::MembersCheck(check) => (names.members(check, &self.free(variable)), Binding::Primary),
        }
    }

    /// The opposite of a condition.
    fn not(&self, inner: &Condition, level: usize) -> (String, Binding) {
        let names = Names { item: self.variable_before(level) };
        let is_named = self.part(inner, level).1 == Binding::Primary && self.is_definition(inner);
        match &inner.without_wrappers().kind {
            ConditionKind::StringCheck(check) if check.op == StringOp::In && !is_named => {
                names.string(&StringCheck { op: StringOp::NotIn, ..check.clone() })
            }
            ConditionKind::FieldEquals(check) if !is_named => (names.equals(check, "!="), Binding::Comparison),
            _ => (format!("!{}", self.inside(inner, level, Binding::Primary)), Binding::Primary),
        }
    }

    fn is_definition(&self, condition: &Condition) -> bool {
        self.definitions.iter().any(|(_, own)| own == condition)
    }

    /// A name for a variable that no definition has.
    fn free(&self, mut name: String) -> String {
        while self.definitions.iter().any(|(own, _)| own.value == name) {
            name.push('_');
        }
        name
    }

    /// The variable of the items around a condition.
    fn variable_before(&self, level: usize) -> String {
        self.free(variable(level.saturating_sub(1)))
    }
}

/// The name of the items at a level of lists.
fn variable(level: usize) -> String {
    if level <= 1 { String::from("item") } else { format!("item{level}") }
}

/// The names of what a condition reads.
struct Names {
    item: String,
}

impl Names {
    fn field(&self, field: &Field) -> String {
        let mut text = match field.source {
            Source::Arguments => String::from("args"),
            Source::AgentAttributes => String::from("agent"),
            Source::ResourceAttributes => String::from("resource"),
            Source::Request => String::from("request"),
            Source::Item => self.item.clone(),
        };
        for (at, name) in field.path.iter().enumerate() {
            let is_number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
            let is_padded = name.len() > 1 && name.starts_with('0');
            if is_name(name) {
                text.push('.');
                text.push_str(name);
            } else if is_number && !is_padded && at > 0 {
                text.push_str(&format!("[{name}]"));
            } else {
                text.push_str(&format!("[{}]", literal(name)));
            }
        }
        text
    }

    /// A field with the function that ignores case.
    fn folded(&self, field: &Field, case: Case) -> String {
        format!("{}{}", self.field(field), function(case))
    }

    fn string(&self, check: &StringCheck) -> (String, Binding) {
        let field = self.folded(&check.field, check.case);
        let method = |name: &str| {
            let text = |value: &Spanned<String>| match check.op {
                StringOp::Matches => literal(&format!("{}{}{}", WHOLE.0, value.value, WHOLE.1)),
                _ => folded_literal(&value.value, check.case),
            };
            let values: Vec<String> = check.values.iter().map(text).collect();
            (format!("{field}.{name}({})", one_or_list(&values)), Binding::Primary)
        };
        let list = || folded_list(&check.values, check.case);
        match (check.op, check.values.as_slice()) {
            (StringOp::In, [only]) => {
                (format!("{field} == {}", folded_literal(&only.value, check.case)), Binding::Comparison)
            }
            (StringOp::NotIn, [only]) => {
                (format!("{field} != {}", folded_literal(&only.value, check.case)), Binding::Comparison)
            }
            (StringOp::In, _) => (format!("{field} in {}", list()), Binding::Comparison),
            (StringOp::NotIn, _) => (format!("!({field} in {})", list()), Binding::Primary),
            (StringOp::StartsWith, _) => method("startsWith"),
            (StringOp::EndsWith, _) => method("endsWith"),
            (StringOp::Contains, _) => method("contains"),
            (StringOp::Glob, _) => method("glob"),
            (StringOp::Matches, _) => method("matches"),
        }
    }

    fn equals(&self, check: &FieldEquals, sign: &str) -> String {
        format!("{} {sign} {}", self.folded(&check.a, check.case), self.folded(&check.b, check.case))
    }

    fn compare(&self, check: &FieldCompare) -> String {
        let (a, b) = (self.field(&check.a), self.field(&check.b));
        match check.op {
            NumericOp::Eq | NumericOp::Ne => format!("number({a}) {} number({b})", sign(check.op)),
            op => format!("{a} {} {b}", sign(op)),
        }
    }

    fn path(&self, check: &PathCheck) -> String {
        let places: Vec<String> = check.places().iter().map(|it| folded_literal(&it.value, check.case)).collect();
        let base = check.base.as_ref().map(|base| format!(", {}", literal(&base.value))).unwrap_or_default();
        let method = if check.globs.is_empty() { "isInside" } else { "glob" };
        format!("path({}{base}).{method}({})", self.folded(&check.field, check.case), one_or_list(&places))
    }

    fn cidr(&self, check: &CidrCheck) -> String {
        let networks: Vec<String> = check.networks.iter().map(|network| literal(&network.value)).collect();
        format!("cidr({}).containsIP({})", one_or_list(&networks), self.field(&check.field))
    }

    fn members(&self, check: &MembersCheck, variable: &str) -> String {
        let is_listed = format!("{variable}{} in {}", function(check.case), folded_list(&check.names, check.case));
        let condition = if check.op == StringOp::In { is_listed } else { format!("!({is_listed})") };
        format!("keys({}).all({variable}, {condition})", self.field(&check.field))
    }

    fn url(&self, check: &UrlCheck) -> String {
        let field = self.field(&check.field);
        if let Some(patterns) = patterns(check) {
            return format!("url({field}).isOneOf([{}])", patterns.join(", "));
        }
        let texts = |list: &[Spanned<String>]| match list {
            [only] if only.value == "*" => literal("*"),
            list => folded_list(list, Case::Exact),
        };
        let ports: Vec<&str> = check.ports.iter().map(|port| port.value.as_str()).collect();
        let ports = if ports == ["*"] { literal("*") } else { format!("[{}]", ports.join(", ")) };
        let mut parts = Vec::new();
        if !check.schemes.is_empty() {
            parts.push(format!("\"schemes\": {}", texts(&check.schemes)));
        }
        parts.push(format!("\"hosts\": {}", folded_list(&check.hosts, Case::Exact)));
        if !check.ports.is_empty() {
            parts.push(format!("\"ports\": {ports}"));
        }
        if !check.paths.is_empty() {
            parts.push(format!("\"paths\": {}", folded_list(&check.paths, Case::Exact)));
        }
        format!("url({field}).matches({{{}}})", parts.join(", "))
    }
}

/// The patterns of a check of URLs that has one scheme, one port and one path.
fn patterns(check: &UrlCheck) -> Option<Vec<String>> {
    let one = |list: &[Spanned<String>]| match list {
        [] => Some(None),
        [only] => Some(Some(only.value.clone())),
        _ => None,
    };
    let scheme = one(&check.schemes)?.unwrap_or_else(|| String::from("https"));
    let (port, path) = (one(&check.ports)?, one(&check.paths)?);
    let is_plain = |text: &str| !text.contains(['/', '?', '#', '@', '\\']) && text != "public" && text != "*";
    let is_host = |host: &str| {
        let is_address = host.starts_with('[') && host.ends_with(']');
        !host.is_empty() && is_plain(host) && (is_address || !host.contains([':', '[', ']']))
    };
    let is_path = |path: &str| path.len() > 1 && path.starts_with('/') && !path.contains(['?', '#']);
    let fits = check.hosts.iter().all(|host| is_host(&host.value))
        && !check.hosts.is_empty()
        && path.as_deref().is_none_or(is_path)
        && (scheme == "*" || (!scheme.is_empty() && !scheme.contains(':')));
    fits.then(|| {
        let end = format!("{}{}", port.map(|port| format!(":{port}")).unwrap_or_default(), path.unwrap_or_default());
        check.hosts.iter().map(|host| literal(&format!("{scheme}://{}{end}", host.value))).collect()
    })
}

fn time(check: &TimeCheck) -> (String, Binding) {
    let window = check.window;
    let list = |items: &[String]| format!("[{}]", items.join(", "));
    let place = match &check.zone {
        Some(zone) => Some(literal(&zone.value)),
        None => (window.offset != 0).then(|| literal(&window.offset())),
    };
    let days = (window.weekdays != 0x7f).then(|| list(&window.weekday_names().map(literal).collect::<Vec<_>>()));
    let dates: Vec<String> = check.dates.iter().map(|date| literal(&date.value)).collect();
    let dates = (!dates.is_empty()).then(|| list(&dates));
    let every_day = || list(&WEEKDAYS.map(literal));
    // An argument is written if it or one after it is not the default.
    let is_needed = (days.is_some() || dates.is_some()).then(|| literal("Z"));
    let (method, arguments) = match (window.hours(), dates) {
        (Some((from, to)), dates) => {
            let hours = [Some(literal(&from)), Some(literal(&to))];
            let days = days.or_else(|| dates.is_some().then(every_day));
            ("isBetween", hours.into_iter().chain([place.or(is_needed), days, dates]).flatten().collect::<Vec<_>>())
        }
        (None, Some(dates)) => {
            let place = place.or_else(|| days.is_some().then(|| literal("Z")));
            ("isOn", [Some(dates), place, days].into_iter().flatten().collect())
        }
        (None, None) => return (weekdays(window, &place.unwrap_or_default()), Binding::Comparison),
    };
    (format!("request.time.{method}({})", arguments.join(", ")), Binding::Primary)
}

/// A window without hours and dates.
fn weekdays(window: TimeWindow, place: &str) -> String {
    // CEL counts the days from Sunday as 0.
    let cel_day = |day: usize| (if day == 6 { 0 } else { day.saturating_add(1) }).to_string();
    let names: Vec<&str> = window.weekday_names().collect();
    let days = WEEKDAYS.into_iter().enumerate().filter(|(_, day)| names.contains(day)).map(|(at, _)| cel_day(at));
    let days: Vec<String> = days.collect();
    match days.as_slice() {
        [only] => format!("request.time.getDayOfWeek({place}) == {only}"),
        days => format!("request.time.getDayOfWeek({place}) in [{}]", days.join(", ")),
    }
}

fn function(case: Case) -> &'static str {
    match case {
        Case::Exact => "",
        Case::Ascii => ".lowerAscii()",
        Case::Full => ".foldCase()",
    }
}

/// A text that is compared in a case: as it is, or with the function if it has other letters.
fn folded_literal(text: &str, case: Case) -> String {
    let is_folded = case.fold(text.into()) == text;
    format!("{}{}", literal(text), if is_folded { "" } else { function(case) })
}

fn folded_list(texts: &[Spanned<String>], case: Case) -> String {
    let items: Vec<String> = texts.iter().map(|text| folded_literal(&text.value, case)).collect();
    format!("[{}]", items.join(", "))
}

fn one_or_list(items: &[String]) -> String {
    match items {
        [only] => only.clone(),
        _ => format!("[{}]", items.join(", ")),
    }
}

/// A string in quotation marks. A string with backslashes is raw if it can be.
pub(crate) fn literal(text: &str) -> String {
    let is_plain = |c: char| !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    if text.contains('\\') && !text.contains('"') && text.chars().all(is_plain) {
        return format!("r\"{text}\"");
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_plain(c) => out.push(c),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// An operator as an expression has it.
pub(crate) fn sign(op: NumericOp) -> &'static str {
    match op {
        NumericOp::Eq => "==",
        NumericOp::Ne => "!=",
        NumericOp::Lt => "<",
        NumericOp::Lte => "<=",
        NumericOp::Gt => ">",
        NumericOp::Gte => ">=",
    }
}
