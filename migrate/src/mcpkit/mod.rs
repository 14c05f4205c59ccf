//! A policy of mcpkit-rs, in YAML, as one of `callgate-1`.
//!
//! mcpkit knows no roles, so all rules are for one. Its lists of tools, prompts and resources become rules of an open
//! policy, which matches names that nobody declared. What an entry asks for beyond that is not forgotten: an entry that
//! allows under a condition that can't be said allows nothing, and one that denies is written to deny at least as much.

mod entry;

use std::collections::HashSet;

use callgate_engine::Effect;

use self::entry::{Listed, OPERATIONS, Room, Subject, operation};
use super::finding::{Finding, Place, Weight, quoted, snippet};
use super::pattern::{self, without_doubled_stars};
use super::policy::{Policy, Rule, RuleIds};
use super::sandbox;
use super::yaml::{self, Entry, Node, Value};

/// Says what a policy has against itself.
pub(super) type Judge = fn(&Policy) -> Result<(), String>;

/// Migrates the text of a policy for one role; without a policy, the findings say what kept it from being read.
pub(super) fn migrate(text: &str, role: &str, judge: Judge) -> (Option<Policy>, Vec<Finding>) {
    let root = match yaml::read(text) {
        Ok(root) => root,
        Err(finding) => return (None, vec![finding]),
    };
    let mut reader = Reader {
        role,
        judge,
        description: None,
        rules: Vec::new(),
        written: HashSet::new(),
        ids: RuleIds::default(),
        findings: Vec::new(),
        room: Room::default(),
    };
    reader.root(&root);
    let Reader { description, rules, findings, .. } = reader;
    if findings.iter().any(|finding| finding.weight == Weight::Error) {
        return (None, findings);
    }
    let mut policy = Policy::new(None, vec![role.to_owned()], rules);
    policy.description = description.filter(|text| !text.is_empty());
    (Some(policy), findings)
}

struct Reader<'r> {
    role: &'r str,
    judge: Judge,
    description: Option<String>,
    rules: Vec<Rule>,
    /// What the rules say, so that a thing that is listed twice becomes one rule.
    written: HashSet<String>,
    ids: RuleIds,
    findings: Vec<Finding>,
    room: Room,
}

impl Reader<'_> {
    fn find(&mut self, weight: Weight, code: &'static str, place: Place, message: impl Into<String>) {
        self.findings.push(Finding::new(weight, code, place, message));
    }

    fn find_with_fix(&mut self, weight: Weight, code: &'static str, place: Place, message: String, fix: String) {
        self.findings.push(Finding::new(weight, code, place, message).with_fix(fix));
    }

    fn wrong_type(&mut self, node: &Node, what: &str, expected: &str) {
        let message = format!("{what} must be {expected}, not {}", node.kind());
        self.find(Weight::Error, "wrong_type", node.place, message);
    }

    fn mapping<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Entry] {
        match &node.value {
            Value::Mapping(entries) => entries,
            Value::Null => &[],
            _ => {
                self.wrong_type(node, what, "a mapping");
                &[]
            }
        }
    }

    fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.value {
            Value::List(items) => items,
            Value::Null => &[],
            _ => {
                self.wrong_type(node, what, "a list");
                &[]
            }
        }
    }

    fn string<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        if let Value::Text(text) = &node.value {
            return Some(text);
        }
        self.wrong_type(node, what, "a string");
        None
    }

    fn unknown_key(&mut self, entry: &Entry, of: &str) {
        let message = format!("{of} has no key {} that is read here, so what it says is lost", quoted(&entry.key));
        self.find(Weight::Lost, "unknown_key", entry.place, message);
    }

    /// A policy, or a configuration of a server that holds one under `policy`.
    fn root(&mut self, root: &Node) {
        let Some(policy) = root.get("policy").filter(|policy| matches!(policy.value, Value::Mapping(_))) else {
            return self.policy(root);
        };
        let others: Vec<String> = self
            .mapping(root, "a configuration")
            .iter()
            .map(|entry| &*entry.key)
            .filter(|&key| key != "policy")
            .map(quoted)
            .collect();
        if !others.is_empty() {
            let message = format!(
                "this is the configuration of a server: only `policy` is migrated, and not {}",
                others.join(", ")
            );
            self.find(Weight::Note, "configuration", root.place, message);
        }
        self.policy(policy);
    }

    fn policy(&mut self, policy: &Node) {
        if !matches!(policy.value, Value::Mapping(_)) {
            return self.wrong_type(policy, "a policy", "a mapping");
        }
        if policy.get("version").is_none() {
            self.find(Weight::Error, "missing_key", policy.place, "`version` is missing");
        }
        let extensions = policy.get("extensions").and_then(|extensions| extensions.get("mcp"));
        for entry in self.mapping(policy, "a policy") {
            match &*entry.key {
                "version" => self.version(&entry.value),
                "description" if matches!(entry.value.value, Value::Null) => {}
                "description" => self.description = self.string(&entry.value, "`description`").map(str::to_owned),
                "core" => {
                    for section in self.mapping(&entry.value, "`core`") {
                        self.section(section);
                    }
                }
                "extensions" => {
                    for extension in self.mapping(&entry.value, "`extensions`") {
                        match &*extension.key {
                            "mcp" => self.mcp(&extension.value),
                            _ => self.unknown_key(extension, "`extensions`"),
                        }
                    }
                }
                "mcp" if extensions.is_some() => {
                    let message = "`mcp` stands here and under `extensions`, and mcpkit reads only the one there";
                    self.find(Weight::Error, "two_sections", entry.place, message);
                }
                "mcp" => self.mcp(&entry.value),
                "tools" => self.tools(&entry.value),
                key if sandbox::SECTIONS.contains(&key) => self.section(entry),
                _ => self.unknown_key(entry, "a policy"),
            }
        }
    }

    fn version(&mut self, node: &Node) {
        let (Value::Text(version) | Value::Word(version)) = &node.value else {
            return self.wrong_type(node, "`version`", "a string");
        };
        if !version.starts_with("1.") {
            let message = format!("{} is no version of mcpkit's policies that is read here", quoted(version));
            self.find(Weight::Error, "unknown_version", node.place, message);
        }
    }

    fn section(&mut self, entry: &Entry) {
        if sandbox::SECTIONS.contains(&&*entry.key) {
            sandbox::report(entry, &mut self.findings);
        } else {
            self.unknown_key(entry, "`core`");
        }
    }

    fn mcp(&mut self, node: &Node) {
        for entry in self.mapping(node, "`mcp`") {
            match &*entry.key {
                "tools" => self.lists(&entry.value, Subject::Tool),
                "prompts" => self.lists(&entry.value, Subject::Prompt),
                "resources" => self.lists(&entry.value, Subject::Resource),
                "transport" => {
                    let message = "`transport` says how the server is reached, and has no counterpart";
                    let fix = "keep it where the server runs";
                    self.find_with_fix(Weight::Lost, "transport", entry.place, message.to_owned(), fix.to_owned());
                }
                _ => self.unknown_key(entry, "`mcp`"),
            }
        }
    }

    /// The short form, which may be a list of what is allowed.
    fn tools(&mut self, node: &Node) {
        if let Value::List(_) = node.value {
            return self.allow(node, Subject::Tool);
        }
        self.lists(node, Subject::Tool);
    }

    fn lists(&mut self, node: &Node, subject: Subject) {
        let what = format!("`{}s`", subject.word());
        for entry in self.mapping(node, &what) {
            match &*entry.key {
                "allow" => self.allow(&entry.value, subject),
                "deny" => self.deny(&entry.value, subject),
                _ => self.unknown_key(entry, &what),
            }
        }
    }

    fn listed<'n>(&mut self, item: &'n Node, subject: Subject) -> Option<Listed<'n>> {
        if self.room.is_full {
            return None;
        }
        let what = format!("the `{}` of a {}", subject.key(), subject.word());
        let mut listed = Listed { name: "", place: item.place, operations: None, others: Vec::new() };
        match &item.value {
            Value::Text(name) if subject != Subject::Resource => listed.name = name,
            Value::Mapping(entries) => {
                let Some(name) = item.get(subject.key()) else {
                    self.find(Weight::Error, "missing_key", item.place, format!("{what} is missing"));
                    return None;
                };
                (listed.name, listed.place) = (self.string(name, &what)?, name.place);
                for entry in entries.iter().filter(|entry| entry.key != subject.key()) {
                    match &*entry.key {
                        "operations" if subject == Subject::Resource => listed.operations = Some(&entry.value),
                        _ if matches!(entry.value.value, Value::Null) => {}
                        _ => listed.others.push(entry),
                    }
                }
            }
            _ => {
                self.wrong_type(item, &format!("an entry for a {}", subject.word()), "a mapping");
                return None;
            }
        }
        if listed.name.is_empty() {
            self.find(Weight::Error, "empty_name", listed.place, format!("{what} must not be empty"));
            return None;
        }
        if let Err(problem) = self.room.take(listed.name) {
            self.find(Weight::Error, "too_long", listed.place, problem);
            return None;
        }
        Some(listed)
    }

    fn allow(&mut self, list: &Node, subject: Subject) {
        for item in self.list(list, "`allow`") {
            if let Some(listed) = self.listed(item, subject) {
                self.allow_one(&listed, subject);
            }
        }
    }

    fn allow_one(&mut self, listed: &Listed<'_>, subject: Subject) {
        let shown = quoted(listed.name);
        let name = match subject {
            Subject::Tool => pattern::say_tool(listed.name),
            Subject::Prompt => Ok(without_doubled_stars(listed.name)),
            Subject::Resource => pattern::say_uri(listed.name),
        };
        let name = match name {
            Ok(name) => name,
            Err(problem) => {
                let message = format!("the pattern {shown} can't be said, so what it allows is denied: {problem}");
                return self.find(Weight::Lost, "pattern", listed.place, message);
            }
        };
        let operations = match subject {
            Subject::Resource => self.allowed_operations(listed),
            Subject::Tool | Subject::Prompt => Vec::new(),
        };
        if subject == Subject::Resource && operations.is_empty() {
            return;
        }
        let mut rule = self.rule(Effect::Allow, subject, &name, operations);
        let mut unsaid = Vec::new();
        for entry in &listed.others {
            match (&*entry.key, &entry.value.value) {
                ("require_confirmation", Value::Word(word)) if word.eq_ignore_ascii_case("true") => {
                    rule = self.rule(Effect::RequireApproval, subject, &name, rule.operations);
                    let message = format!(
                        "{shown} needs an approval now, as `require_confirmation` says, which mcpkit does not read"
                    );
                    self.find(Weight::Note, "approval", entry.place, message);
                }
                ("require_confirmation", Value::Word(word)) if word.eq_ignore_ascii_case("false") => {}
                ("parameters", Value::Mapping(entries)) if entries.is_empty() => {}
                _ => unsaid.push(*entry),
            }
        }
        if let Some(problem) = self.refusal(&rule) {
            let message = format!("{shown} can't be said, so what it allows is denied: {problem}");
            return self.find(Weight::Lost, "pattern", listed.place, message);
        }
        if unsaid.is_empty() {
            if subject == Subject::Resource && pattern::beyond_host(&name).is_some() {
                let message =
                    format!("in the host of {shown} `*` stays within the host: mcpkit lets it run on into the path");
                self.find(Weight::Note, "host_star", listed.place, message);
            }
            return self.write(rule);
        }
        rule.id = self.ids.name(&rule.id);
        for entry in unsaid {
            let why = match &*entry.key {
                "max_calls_per_minute" | "max_calls_per_hour" => "callgate keeps no count from call to call",
                "parameters" => "mcpkit does not say what its parts mean",
                "max_length" => "a call does not show how long a prompt is",
                _ => "it is not known here",
            };
            let message = format!(
                "{} of the {} {shown} has no counterpart, as {why}: without it the entry would allow more, so it allows nothing",
                quoted(&entry.key),
                subject.word(),
            );
            let fix =
                format!("keep to it elsewhere, or in a condition of the rule, and add the rule {}", snippet(&rule));
            self.find_with_fix(Weight::Lost, "restriction", entry.place, message, fix);
        }
    }

    /// The operations of an entry that a rule can name.
    fn allowed_operations(&mut self, listed: &Listed<'_>) -> Vec<&'static str> {
        let mut operations = Vec::new();
        for (word, place) in self.operations(listed) {
            match operation(word) {
                Some(operation) if !operations.contains(&operation) => operations.push(operation),
                Some(_) => {}
                None => {
                    let message = format!("MCP knows no operation {} on a resource, so it is left out", quoted(word));
                    self.find(Weight::Lost, "operation", place, message);
                }
            }
        }
        operations
    }

    fn operations<'n>(&mut self, listed: &Listed<'n>) -> Vec<(&'n str, Place)> {
        let Some(node) = listed.operations else {
            let message = format!("`operations` of {} is missing", quoted(listed.name));
            self.find(Weight::Error, "missing_key", listed.place, message);
            return Vec::new();
        };
        let words = self.list(node, "`operations`");
        if words.is_empty() {
            self.find(Weight::Error, "empty_list", node.place, "`operations` must not be empty");
        }
        words.iter().filter_map(|word| Some((self.string(word, "an operation")?, word.place))).collect()
    }

    fn deny(&mut self, list: &Node, subject: Subject) {
        for item in self.list(list, "`deny`") {
            if let Some(listed) = self.listed(item, subject) {
                self.deny_one(&listed, subject);
            }
        }
    }

    fn deny_one(&mut self, listed: &Listed<'_>, subject: Subject) {
        let (shown, word) = (quoted(listed.name), subject.word());
        let mut operations = Vec::new();
        if subject == Subject::Resource {
            for (word, _) in self.operations(listed) {
                match operation(word) {
                    Some(known) => operations.push(known),
                    // No call does these, so there is nothing to deny.
                    None if matches!(word, "write" | "create" | "update" | "delete") => {}
                    None => operations.extend(OPERATIONS),
                }
            }
            operations.sort_by_key(|known| OPERATIONS.iter().position(|other| other == known));
            operations.dedup();
            if operations.is_empty() {
                let message = format!("no call does to {shown} what this denies, so it is left out");
                return self.find(Weight::Note, "operation", listed.place, message);
            }
        }
        for entry in &listed.others {
            let message = format!(
                "{} of a {word} that is denied has no counterpart: {shown} is denied whatever it says",
                quoted(&entry.key)
            );
            self.find(Weight::Lost, "restriction", entry.place, message);
        }
        let exact = match subject {
            Subject::Tool => pattern::say_tool(listed.name).map_err(|_| pattern::widen_tool(listed.name)),
            Subject::Prompt => Ok(without_doubled_stars(listed.name)),
            Subject::Resource => pattern::say_uri(listed.name).map_err(|_| pattern::widen_uri(listed.name)),
        };
        let all = || "*".to_owned();
        let wider = if subject == Subject::Resource { all() } else { pattern::without_blanks(listed.name) };
        let candidates = match exact {
            Ok(name) => [(name, true), (wider, false), (all(), false)],
            Err(wider) => [(wider, false), (all(), false), (all(), false)],
        };
        let rules = candidates
            .map(|(name, is_exact)| (self.rule(Effect::Deny, subject, &name, operations.clone()), name, is_exact));
        let sayable = rules.into_iter().find(|(rule, ..)| self.refusal(rule).is_none());
        let Some((rule, name, is_exact)) = sayable else {
            let message = format!("the {word} {shown} can't be denied, so nothing is written");
            return self.find(Weight::Error, "pattern", listed.place, message);
        };
        if !is_exact {
            let message =
                format!("{shown} can't be said: {} is denied instead, which is at least as much", quoted(&name));
            self.find(Weight::Lost, "deny_more", listed.place, message);
        } else if name == "*" {
            let message =
                format!("{shown} denies every {word} now, those under `allow` too: mcpkit never denied by a pattern");
            let fix = "leave it out if all others were meant: callgate denies what no rule allows";
            self.find_with_fix(Weight::Note, "deny_all", listed.place, message, fix.to_owned());
        } else if name.contains('*') {
            let message = format!("{shown} denies every {word} that it matches now: mcpkit never denied by a pattern");
            self.find(Weight::Note, "deny_pattern", listed.place, message);
        }
        let beyond = if subject == Subject::Resource { pattern::beyond_host(&name) } else { None };
        self.write(rule);
        if let Some(beyond) = beyond {
            let rule = self.rule(Effect::Deny, subject, &beyond, operations);
            match self.refusal(&rule) {
                None => self.write(rule),
                // What the other rule leaves out is denied whatever it is.
                Some(_) => self.write(self.rule(Effect::Deny, subject, "*", rule.operations)),
            }
        }
    }

    fn rule(&self, effect: Effect, subject: Subject, name: &str, operations: Vec<&'static str>) -> Rule {
        let verb = match effect {
            Effect::Allow => "allow",
            Effect::RequireApproval => "approve",
            Effect::Deny => "deny",
        };
        let of = |wanted| (subject == wanted).then(|| name.to_owned());
        Rule {
            id: format!("{verb}-{}-{name}", subject.word()),
            effect: effect.name(),
            tool_name: of(Subject::Tool),
            prompt_name: of(Subject::Prompt),
            resource_uri: of(Subject::Resource),
            operations,
            roles: vec![self.role.to_owned()],
            condition: None,
        }
    }

    /// What the engine has against a rule.
    ///
    /// It is asked with `x` for each `*` but the one in a host: that is all that its checks look at, and an automaton for
    /// each pattern of a hostile text would take minutes. The policy as a whole is checked with its patterns in the end.
    fn refusal(&self, rule: &Rule) -> Option<String> {
        let mut rule = rule.clone();
        for name in [&mut rule.tool_name, &mut rule.prompt_name, &mut rule.resource_uri].into_iter().flatten() {
            *name = pattern::without_stars_of_paths(name);
        }
        (self.judge)(&Policy::new(None, vec![self.role.to_owned()], vec![rule])).err()
    }

    fn write(&mut self, mut rule: Rule) {
        let same = format!("{} {} {:?}", rule.effect, rule.id, rule.operations);
        if self.written.insert(same) {
            rule.id = self.ids.name(&rule.id);
            self.rules.push(rule);
        }
    }
}

#[cfg(test)]
mod tests;
