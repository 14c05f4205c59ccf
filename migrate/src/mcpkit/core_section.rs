//! The types under `core`: mcpkit rejects the whole policy if one is wrong.
//!
//! The sandbox uses the section's values. Its types are checked, so that a policy that mcpkit rejects does not become
//! one that allows something.

use globset::Glob;

use super::yaml::{Entry, Node, Value};
use crate::finding::{Finding, Position, Weight, quoted};

/// Reports each value under `core` that mcpkit rejects.
pub(super) fn check(core: &Node, findings: &mut Vec<Finding>) {
    let mut checker = Checker { findings };
    for section in checker.mapping(core, "`core`") {
        if matches!(section.value.value, Value::Null) {
            continue;
        }
        match &*section.key {
            "storage" => checker.lists(section, Checker::storage),
            "network" => checker.lists(section, Checker::network),
            "environment" => checker.lists(section, |checker, item| {
                checker.text_of(item, "key");
            }),
            "resources" => checker.resources(section),
            _ => {}
        }
    }
}

struct Checker<'f> {
    findings: &'f mut Vec<Finding>,
}

impl Checker<'_> {
    fn error(&mut self, code: &'static str, position: Position, message: String) {
        self.findings.push(Finding::new(Weight::Error, code, position, message));
    }

    fn wrong_type(&mut self, node: &Node, what: &str, expected: &str) {
        self.error("wrong_type", node.position, format!("{what} must be {expected}, not {}", node.kind()));
    }

    fn mapping<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Entry] {
        if let Value::Mapping(entries) = &node.value {
            return entries;
        }
        self.wrong_type(node, what, "a mapping");
        &[]
    }

    fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        if let Value::List(items) = &node.value {
            return items;
        }
        self.wrong_type(node, what, "a list");
        &[]
    }

    /// The value of a required key.
    fn required<'n>(&mut self, node: &'n Node, key: &str) -> Option<&'n Node> {
        let value = node.get(key);
        if value.is_none() {
            self.error("missing_key", node.position, format!("{} is missing", quoted(key)));
        }
        value
    }

    fn text_of<'n>(&mut self, item: &'n Node, key: &str) -> Option<&'n Node> {
        self.mapping(item, "an entry");
        let value = self.required(item, key)?;
        if matches!(value.value, Value::Text(_)) {
            return Some(value);
        }
        self.wrong_type(value, &quoted(key), "a string");
        None
    }

    fn glob(&mut self, node: &Node, glob: &str) {
        if let Err(error) = Glob::new(glob) {
            self.error(
                "invalid_glob",
                node.position,
                format!("{} is not a valid glob: {}", quoted(glob), error.kind()),
            );
        }
    }

    /// The entries of `allow` and `deny`.
    fn lists(&mut self, section: &Entry, check: impl Fn(&mut Self, &Node)) {
        for list in self.mapping(&section.value, &quoted(&section.key)) {
            if matches!(&*list.key, "allow" | "deny") {
                for item in self.list(&list.value, &quoted(&list.key)) {
                    check(self, item);
                }
            }
        }
    }

    fn storage(&mut self, item: &Node) {
        let uri = self.text_of(item, "uri");
        if let Some(Node { value: Value::Text(text), .. }) = uri {
            self.glob(item, text.strip_prefix("fs://").unwrap_or(text));
        }
        if let Some(access) = self.required(item, "access") {
            for mode in self.list(access, "`access`") {
                if !matches!(mode.value, Value::Text(_)) {
                    self.wrong_type(mode, "an access mode", "a string");
                }
            }
        }
    }

    fn network(&mut self, item: &Node) {
        // An entry without a valid `host` can still have a `cidr`.
        match item.get("host").map(|host| &host.value) {
            Some(Value::Text(host)) if host.contains('*') => self.glob(item, host),
            Some(Value::Text(_)) => {}
            _ if matches!(item.get("cidr").map(|cidr| &cidr.value), Some(Value::Text(_))) => {}
            _ => self.error(
                "wrong_type",
                item.position,
                "an entry must have a `host` or a `cidr` as a string".to_owned(),
            ),
        }
    }

    fn resources(&mut self, section: &Entry) {
        self.mapping(&section.value, "`resources`");
        let Some(limits) = self.required(&section.value, "limits") else { return };
        for limit in self.mapping(limits, "`limits`") {
            let text = match &limit.value.value {
                Value::Null => continue,
                Value::Text(text) | Value::Word(text) => text,
                _ => "",
            };
            let (is_valid, expected) = match &*limit.key {
                "cpu" => (is_cpu(text), "an amount such as `0.5` or `500m`"),
                "memory" => (is_amount(text, &["Ki", "Mi", "Gi"]), "an amount such as `64Mi`"),
                "execution_time" => (is_amount(text, &["ms", "s", "m"]), "a time such as `30s`"),
                "fuel" => (limit.value.is_integer_up_to(u64::MAX), "an integer of at least 0"),
                "memory_limit" => (!matches!(limit.value.value, Value::List(_) | Value::Mapping(_)), "a string"),
                _ => continue,
            };
            if !is_valid {
                let message = format!("{} must be {expected}", quoted(&limit.key));
                self.error("wrong_type", limit.value.position, message);
            }
        }
    }
}

fn is_cpu(text: &str) -> bool {
    text.strip_suffix('m').map_or_else(|| text.parse::<f64>().is_ok(), |milli| milli.parse::<u64>().is_ok())
}

fn is_amount(text: &str, units: &[&str]) -> bool {
    // mcpkit uses the first matching unit, so `m` must not be tried on `ms`.
    units.iter().find_map(|unit| text.strip_suffix(unit)).is_some_and(|amount| amount.parse::<u64>().is_ok())
}
