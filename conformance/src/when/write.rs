//! Random spellings of conditions as expressions.

use fastrand::Rng;

use crate::json::Json;

/// The expression of a condition that the generator made; of several spellings, one is picked.
#[must_use]
pub fn write(random: &mut Rng, condition: &Json) -> String {
    Writer { random, item: 0 }.condition(condition)
}

struct Writer<'w> {
    random: &'w mut Rng,
    /// The lists around the condition.
    item: u32,
}

fn texts(list: Option<&Json>) -> Vec<String> {
    match list {
        Some(Json::String(text)) => vec![text.clone()],
        Some(Json::Array(items)) => items.iter().map(plain).collect(),
        _ => Vec::new(),
    }
}

/// A string or a number as its text.
fn plain(value: &Json) -> String {
    match value {
        Json::String(text) | Json::Number(text) => text.clone(),
        other => other.to_string(),
    }
}

fn sign(op: &str) -> &'static str {
    match op {
        "Eq" => "==",
        "Ne" => "!=",
        "Lt" => "<",
        "Lte" => "<=",
        "Gt" => ">",
        _ => ">=",
    }
}

impl Writer<'_> {
    fn condition(&mut self, condition: &Json) -> String {
        let Json::Object(members) = condition else { return String::new() };
        let Some((kind, check)) = members.first() else { return String::new() };
        let text = |key: &str| check.child(key).map(plain).unwrap_or_default();
        match kind.as_str() {
            "All" => self.combined(check, "&&"),
            "Any" => self.combined(check, "||"),
            "Not" => {
                let inner = self.condition(check);
                format!("!({inner})")
            }
            "Every" | "Some" => {
                let list = self.field(check, "");
                self.item = self.item.saturating_add(1);
                let item = self.item_name();
                let inner = check.child("condition").map(|inner| self.condition(inner)).unwrap_or_default();
                self.item = self.item.saturating_sub(1);
                format!("{list}.{}({item}, {inner})", if kind == "Every" { "all" } else { "exists" })
            }
            "FieldPresent" => format!("has({})", self.field(check, "")),
            "NumericCheck" => {
                let (field, op, value) = (self.field(check, ""), text("op"), text("value"));
                let field = if self.random.u8(0..6) == 0 { format!("number({field})") } else { field };
                self.compare(&field, &op, &value)
            }
            "LengthCheck" => {
                let (field, op, value) = (self.field(check, ""), text("op"), text("value"));
                let size = if self.random.bool() { format!("size({field})") } else { format!("{field}.size()") };
                self.compare(&size, &op, &value)
            }
            "BoolCheck" => {
                let field = self.field(check, "");
                match (text("value") == "true", self.random.bool()) {
                    (true, true) => field,
                    (true, false) => format!("{field} == true"),
                    (false, true) => format!("{field} == false"),
                    (false, false) => format!("{field} != true"),
                }
            }
            "FieldEquals" => {
                let (a, b) = (self.field(check, "_a"), self.field(check, "_b"));
                format!("{a} == {b}")
            }
            "FieldCompare" => {
                let (a, b, op) = (self.field(check, "_a"), self.field(check, "_b"), text("op"));
                match op.as_str() {
                    "Eq" | "Ne" => format!("number({a}) {} number({b})", sign(&op)),
                    _ => self.compare(&a, &op, &b),
                }
            }
            "StringCheck" => self.string_check(check),
            "MembersCheck" => self.members_check(check),
            "PathCheck" => {
                let field = self.field(check, "");
                let base = text("base");
                let base = if base.is_empty() { base } else { format!(", {}", self.literal(&base)) };
                let (method, key) =
                    if check.child("globs").is_some() { ("glob", "globs") } else { ("isInside", "roots") };
                let places = self.list_or_one(check, key);
                format!("path({field}{base}).{method}({places})")
            }
            "CidrCheck" => {
                let (field, networks) = (self.field(check, ""), self.list_or_one(check, "value"));
                let not = if text("op") == "NotIn" { "!" } else { "" };
                format!("{not}cidr({networks}).containsIP({field})")
            }
            "UrlCheck" => self.url_check(check),
            _ => self.time_check(check),
        }
    }

    fn combined(&mut self, parts: &Json, sign: &str) -> String {
        let Json::Array(parts) = parts else { return String::new() };
        let parts: Vec<String> = parts
            .iter()
            .map(|part| {
                let is_combined = part.child("All").or(part.child("Any")).is_some();
                let inner = self.condition(part);
                if is_combined || self.random.u8(0..8) == 0 { format!("({inner})") } else { inner }
            })
            .collect();
        let space = if self.random.u8(0..8) == 0 { "\n  // both\n" } else { " " };
        parts.join(&format!("{space}{sign}{space}"))
    }

    /// A comparison, at times with its sides exchanged.
    fn compare(&mut self, a: &str, op: &str, b: &str) -> String {
        // Exchanged fields are another check, although it has the same truth.
        if self.random.u8(0..4) > 0 {
            return format!("{a} {} {b}", sign(op));
        }
        let exchanged = match op {
            "Lt" => "Gt",
            "Lte" => "Gte",
            "Gt" => "Lt",
            "Gte" => "Lte",
            other => other,
        };
        format!("{b} {} {a}", sign(exchanged))
    }

    fn item_name(&self) -> String {
        String::from(if self.item.is_multiple_of(2) { "item" } else { "it" })
    }

    /// The field of a check, with the function that ignores case.
    fn field(&mut self, check: &Json, side: &str) -> String {
        let part = |key: &str| check.child(&format!("{key}{side}")).map(plain).unwrap_or_default();
        let (source, field) = (part("source"), part("field"));
        let mut text = match source.as_str() {
            "Arguments" => "args".to_owned(),
            "AgentAttributes" => "agent".to_owned(),
            "ResourceAttributes" => "resource".to_owned(),
            "Request" => "request".to_owned(),
            _ => self.item_name(),
        };
        let path: Vec<String> = match field.strip_prefix('/') {
            Some(pointer) => pointer.split('/').map(|name| name.replace("~1", "/").replace("~0", "~")).collect(),
            None if field.is_empty() => Vec::new(),
            None => vec![field],
        };
        for name in path {
            let is_word =
                name.chars().all(|c| c.is_ascii_alphanumeric()) && name.starts_with(|c: char| c.is_ascii_alphabetic());
            let is_index = matches!(name.as_str(), "0" | "1" | "2");
            text.push_str(&match self.random.u8(0..4) {
                1.. if is_word => format!(".{name}"),
                1.. if is_index => format!("[{name}]"),
                _ => format!("[{}]", self.literal(&name)),
            });
        }
        text.push_str(function_of(check));
        text
    }

    /// A string in one of the styles of CEL.
    fn literal(&mut self, text: &str) -> String {
        let is_simple = text.chars().all(|c| !c.is_control() && !matches!(c, '"' | '\'' | '\\'));
        let has_no_quote = !text.contains(['"', '\'', '\n', '\r']);
        match self.random.u8(0..8) {
            0 if is_simple => format!("'{text}'"),
            1 if is_simple => format!("\"\"\"{text}\"\"\""),
            2 | 3 if has_no_quote => format!("r\"{text}\""),
            4 => {
                let escaped: String = text.chars().map(|c| format!("\\U{:08X}", u32::from(c))).collect();
                format!("'{escaped}'")
            }
            _ => {
                let escape = |c: char| match c {
                    '"' | '\'' | '\\' => format!("\\{c}"),
                    '\n' => "\\n".to_owned(),
                    c if c.is_control() => format!("\\x{:02x}", u32::from(c)),
                    c => c.to_string(),
                };
                let escaped: String = text.chars().map(escape).collect();
                format!("\"{escaped}\"")
            }
        }
    }

    fn literals(&mut self, check: &Json, key: &str) -> Vec<String> {
        // A text with other letters than the function returns needs the function, too.
        let function = function_of(check);
        texts(check.child(key)).iter().map(|text| format!("{}{function}", self.literal(text))).collect()
    }

    fn list_or_one(&mut self, check: &Json, key: &str) -> String {
        let items = self.literals(check, key);
        match items.as_slice() {
            [one] if self.random.bool() => one.clone(),
            items => format!("[{}]", items.join(", ")),
        }
    }

    fn string_check(&mut self, check: &Json) -> String {
        let field = self.field(check, "");
        let op = check.child("op").map(plain).unwrap_or_default();
        let method = match op.as_str() {
            "In" | "NotIn" => {
                let items = self.literals(check, "value");
                if let ([one], true) = (items.as_slice(), self.random.bool()) {
                    return format!("{field} {} {one}", if op == "In" { "==" } else { "!=" });
                }
                let listed = format!("{field} in [{}]", items.join(", "));
                return if op == "In" { listed } else { format!("!({listed})") };
            }
            "StartsWith" => "startsWith",
            "EndsWith" => "endsWith",
            "Contains" => "contains",
            "Glob" => "glob",
            _ => {
                let whole = |text: &String| {
                    if self.random.bool() { format!("^(?:{text})$") } else { format!("\\A(?:{text})\\z") }
                };
                let whole: Vec<String> = texts(check.child("value")).iter().map(whole).collect();
                let items: Vec<String> = whole.iter().map(|text| self.literal(text)).collect();
                return match items.as_slice() {
                    [one] => format!("{field}.matches({one})"),
                    items => format!("{field}.matches([{}])", items.join(", ")),
                };
            }
        };
        format!("{field}.{method}({})", self.list_or_one(check, "value"))
    }

    fn members_check(&mut self, check: &Json) -> String {
        let mut object = self.field(check, "");
        let function = function_of(check);
        object.truncate(object.len().saturating_sub(function.len()));
        let names = self.literals(check, "value").join(", ");
        let is_in = check.child("op").map(plain).unwrap_or_default() == "In";
        match (is_in, self.random.bool()) {
            (true, true) => format!("keys({object}).all(k, k{function} in [{names}])"),
            (false, true) => format!("keys({object}).all(k, !(k{function} in [{names}]))"),
            (true, false) => format!("!keys({object}).exists(k, !(k{function} in [{names}]))"),
            (false, false) => format!("!keys({object}).exists(k, k{function} in [{names}])"),
        }
    }

    fn url_check(&mut self, check: &Json) -> String {
        let field = self.field(check, "");
        let list = |key: &str| texts(check.child(key));
        let (schemes, hosts, ports, paths) = (list("schemes"), list("hosts"), list("ports"), list("paths"));
        let is_plain = hosts.iter().all(|host| host != "public") && !paths.iter().any(|path| path == "/");
        if is_plain && schemes.len() < 2 && ports.len() < 2 && paths.len() < 2 && self.random.u8(0..4) > 0 {
            let scheme = schemes.first().map_or("https", String::as_str);
            let port = ports.first().map(|port| format!(":{port}")).unwrap_or_default();
            let path = paths.first().cloned().unwrap_or_default();
            let patterns: Vec<String> =
                hosts.iter().map(|host| self.literal(&format!("{scheme}://{host}{port}{path}"))).collect();
            return format!("url({field}).isOneOf([{}])", patterns.join(", "));
        }
        if is_plain
            && (schemes.as_slice(), ports.as_slice(), paths.len()) == (&["*".to_owned()], &["*".to_owned()], 0)
            && !hosts.iter().any(|host| host.contains('*'))
        {
            let hosts: Vec<String> = hosts.iter().map(|host| self.literal(host)).collect();
            return format!("url({field}).getHost() in [{}]", hosts.join(", "));
        }
        let mut parts = Vec::new();
        for (key, items) in [("schemes", schemes), ("hosts", hosts), ("ports", ports), ("paths", paths)] {
            if items.is_empty() {
                continue;
            }
            let is_any = items == ["*"] && key != "hosts";
            let write = |item: &String| if key == "ports" && !is_any { item.clone() } else { self.literal(item) };
            let items: Vec<String> = items.iter().map(write).collect();
            let items = items.join(", ");
            parts.push(if is_any { format!("'{key}': {items}") } else { format!("\"{key}\": [{items}]") });
        }
        format!("url({field}).matches({{{}}})", parts.join(", "))
    }

    fn time_check(&mut self, check: &Json) -> String {
        let text = |key: &str| check.child(key).map(plain);
        let offset = text("offset").or(text("zone"));
        let list = |key: &str| {
            let items: Vec<String> = texts(check.child(key)).iter().map(|item| format!("\"{item}\"")).collect();
            format!("[{}]", items.join(", "))
        };
        if check.child("dates").is_some() {
            let (place, dates) = (format!("'{}'", offset.unwrap_or("Z".into())), list("dates"));
            let days = check.child("weekdays").map(|_| list("weekdays"));
            let (from, to) = (text("from"), text("to"));
            if from.is_none() && to.is_none() {
                let days = days.map(|days| format!(", {days}")).unwrap_or_default();
                return format!("request.time.isOn({dates}, {place}{days})");
            }
            let (from, to) = (from.unwrap_or("00:00".into()), to.unwrap_or("24:00".into()));
            let days = days.unwrap_or("['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']".into());
            return format!("request.time.isBetween('{from}', '{to}', {place}, {days}, {dates})");
        }
        let days = check.child("weekdays").map(|_| texts(check.child("weekdays")));
        let argument = offset.as_ref().map(|offset| format!("\"{offset}\"")).unwrap_or_default();
        if let (None, None, Some(days)) = (text("from"), text("to"), &days) {
            let names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
            let numbers: Vec<String> = days
                .iter()
                .filter_map(|day| names.iter().position(|name| name == day))
                .map(|at| at.to_string())
                .collect();
            return match numbers.as_slice() {
                [one] if self.random.bool() => format!("request.time.getDayOfWeek({argument}) == {one}"),
                numbers => format!("request.time.getDayOfWeek({argument}) in [{}]", numbers.join(", ")),
            };
        }
        let (from, to) = (text("from").unwrap_or("00:00".into()), text("to").unwrap_or("24:00".into()));
        let hour = |clock: &str| clock.strip_suffix(":00").and_then(|hour| hour.parse::<u32>().ok());
        if days.is_none() && self.random.bool() {
            match (hour(&from), hour(&to)) {
                (Some(from @ 1..=23), Some(24)) => return format!("request.time.getHours({argument}) >= {from}"),
                (Some(0), Some(to @ 1..=23)) => return format!("request.time.getHours({argument}) < {to}"),
                _ => {}
            }
        }
        let mut arguments = vec![format!("\"{from}\""), format!("'{to}'")];
        match (offset, days) {
            (None, None) => {}
            (offset, None) => arguments.extend(offset.map(|offset| format!("\"{offset}\""))),
            (offset, Some(days)) => {
                arguments.push(format!("\"{}\"", offset.unwrap_or("Z".into())));
                let days: Vec<String> = days.iter().map(|day| format!("\"{day}\"")).collect();
                arguments.push(format!("[{}]", days.join(", ")));
            }
        }
        format!("request.time.isBetween({})", arguments.join(", "))
    }
}

/// The function that ignores case as a check does.
fn function_of(check: &Json) -> &'static str {
    match check.child("ignoreCase") {
        Some(Json::String(case)) if case == "Ascii" => ".lowerAscii()",
        Some(_) => ".foldCase()",
        None => "",
    }
}
