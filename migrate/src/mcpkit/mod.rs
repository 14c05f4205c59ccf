//! Migrates an mcpkit-rs policy in YAML to `callgate-1`.
//!
//! mcpkit has no roles, so all rules are for one role. Its lists of tools, prompts and resources become rules of an
//! open policy, which matches undeclared names. Additional requirements of an entry are not dropped: an allow entry
//! with a requirement that has no counterpart allows nothing, and a deny entry denies at least as much as in mcpkit.

mod core_section;
mod entry;
mod pattern;
mod sandbox;
mod yaml;

use std::collections::HashSet;

use callgate_engine::Effect;
use globset::Glob;

use self::entry::{Budget, Form, Listed, OPERATIONS, Subject, operation};
use self::pattern::without_doubled_stars;
use self::yaml::{Entry, Node, Value};
use crate::finding::{Finding, Position, Weight, quoted, snippet};
use crate::policy::{Policy, Rule, RuleIds};

/// Checks a policy; the error is the first problem.
pub(crate) type Judge = fn(&Policy) -> Result<(), String>;

/// Why a name that the engine rejects is not written.
const NO_CALL: &str = "no call can use this name";

/// The target of a Deny rule.
struct Denial {
    name: String,
    /// Why the name is wider than in the source; `None` if it is the source's name.
    why_wider: Option<&'static str>,
}

/// Migrates the text of a policy for one role; without a policy, the findings contain the errors.
pub(crate) fn migrate(text: &str, role: &str, judge: Judge) -> (Option<Policy>, Vec<Finding>) {
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
        budget: Budget::default(),
        words_are_reported: false,
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
    /// The rules, so that a duplicate entry becomes one rule.
    written: HashSet<String>,
    ids: RuleIds,
    findings: Vec<Finding>,
    budget: Budget,
    /// Whether it was reported that mcpkit only checks the long words of operations.
    words_are_reported: bool,
}

impl Reader<'_> {
    fn find(&mut self, weight: Weight, code: &'static str, position: Position, message: impl Into<String>) {
        self.findings.push(Finding::new(weight, code, position, message));
    }

    fn find_with_fix(&mut self, weight: Weight, code: &'static str, position: Position, message: String, fix: String) {
        self.findings.push(Finding::new(weight, code, position, message).with_fix(fix));
    }

    fn wrong_type(&mut self, node: &Node, what: &str, expected: &str) {
        let message = format!("{what} must be {expected}, not {}", node.kind());
        self.find(Weight::Error, "wrong_type", node.position, message);
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
        let message = format!("{of} has an unknown key {}; it is not migrated", quoted(&entry.key));
        self.find(Weight::Lost, "unknown_key", entry.position, message);
    }

    /// A policy, or a server configuration with a policy under `policy`.
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
            let message =
                format!("the file is a server configuration; only `policy` is migrated, without {}", others.join(", "));
            self.find(Weight::Note, "configuration", root.position, message);
        }
        self.policy(policy);
    }

    fn policy(&mut self, policy: &Node) {
        if !matches!(policy.value, Value::Mapping(_)) {
            return self.wrong_type(policy, "a policy", "a mapping");
        }
        if policy.get("version").is_none() {
            self.find(Weight::Error, "missing_key", policy.position, "`version` is missing");
        }
        let extensions = policy.get("extensions").and_then(|extensions| extensions.get("mcp"));
        for entry in self.mapping(policy, "a policy") {
            match &*entry.key {
                "version" => self.version(&entry.value),
                "description" if matches!(entry.value.value, Value::Null) => {}
                "description" => self.description = self.string(&entry.value, "`description`").map(str::to_owned),
                "core" => {
                    core_section::check(&entry.value, &mut self.findings);
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
                    let message = "`mcp` is present here and under `extensions`, and mcpkit reads only the one under `extensions`";
                    self.find(Weight::Error, "two_sections", entry.position, message);
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
            let message = format!("{} is not a supported version of an mcpkit policy; write `1.0`", quoted(version));
            self.find(Weight::Error, "unknown_version", node.position, message);
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
                "tools" => self.lists(&entry.value, Subject::Tool, Form::Long),
                "prompts" => self.lists(&entry.value, Subject::Prompt, Form::Long),
                "resources" => self.lists(&entry.value, Subject::Resource, Form::Long),
                "transport" => {
                    self.transport(&entry.value);
                    let message = "`transport` configures how clients reach the server and has no counterpart";
                    let fix = "keep it in the server's configuration";
                    self.find_with_fix(Weight::Lost, "transport", entry.position, message.to_owned(), fix.to_owned());
                }
                _ => self.unknown_key(entry, "`mcp`"),
            }
        }
    }

    /// Checks the types under `transport`, because mcpkit ignores all of `mcp` if one is wrong.
    fn transport(&mut self, node: &Node) {
        for entry in self.mapping(node, "`transport`") {
            match &*entry.key {
                "stdio" | "websocket" if !entry.value.is_boolean() => {
                    self.wrong_type(&entry.value, &quoted(&entry.key), "a boolean");
                }
                "http" if matches!(entry.value.value, Value::Null) => {}
                "http" => {
                    self.mapping(&entry.value, "`http`");
                    match entry.value.get("allowed_hosts") {
                        Some(hosts) => {
                            for host in self.list(hosts, "`allowed_hosts`") {
                                self.string(host, "a host");
                            }
                        }
                        None => self.find(Weight::Error, "missing_key", entry.position, "`allowed_hosts` is missing"),
                    }
                }
                _ => {}
            }
        }
    }

    /// The short form, which can be a list of allowed names.
    fn tools(&mut self, node: &Node) {
        if let Value::List(_) = node.value {
            return self.allow(node, Subject::Tool, Form::Short);
        }
        self.lists(node, Subject::Tool, Form::Short);
    }

    fn lists(&mut self, node: &Node, subject: Subject, form: Form) {
        let what = format!("`{}s`", subject.word());
        for entry in self.mapping(node, &what) {
            match &*entry.key {
                "allow" => self.allow(&entry.value, subject, form),
                "deny" => self.deny(&entry.value, subject, form),
                _ => self.unknown_key(entry, &what),
            }
        }
    }

    /// Checks the type of a known key, because mcpkit ignores all of `mcp` if it is wrong.
    fn check_restriction(&mut self, entry: &Entry, subject: Subject) {
        let expected = match (subject, &*entry.key) {
            (Subject::Tool, "max_calls_per_minute") if !entry.value.is_integer_up_to(u32::MAX.into()) => {
                "an integer from 0 to 4294967295"
            }
            (Subject::Prompt, "max_length") if !entry.value.is_integer_up_to(u64::MAX) => "an integer of at least 0",
            (Subject::Tool, "parameters") if !matches!(entry.value.value, Value::Mapping(_)) => "a mapping",
            _ => return,
        };
        self.wrong_type(&entry.value, &quoted(&entry.key), expected);
    }

    fn listed<'n>(&mut self, item: &'n Node, subject: Subject, form: Form) -> Option<Listed<'n>> {
        if self.budget.is_full {
            return None;
        }
        let what = format!("the `{}` of a {}", subject.key(), subject.word());
        let mut listed = Listed { name: "", position: item.position, operations: None, others: Vec::new() };
        match &item.value {
            Value::Text(name) if form == Form::Short => listed.name = name,
            Value::Mapping(entries) => {
                let Some(name) = item.get(subject.key()) else {
                    self.find(Weight::Error, "missing_key", item.position, format!("{what} is missing"));
                    return None;
                };
                (listed.name, listed.position) = (self.string(name, &what)?, name.position);
                for entry in entries.iter().filter(|entry| entry.key != subject.key()) {
                    match &*entry.key {
                        "operations" if subject == Subject::Resource => listed.operations = Some(&entry.value),
                        _ if matches!(entry.value.value, Value::Null) => {}
                        _ => {
                            if form == Form::Long {
                                self.check_restriction(entry, subject);
                            }
                            listed.others.push(entry);
                        }
                    }
                }
            }
            _ => {
                self.wrong_type(item, &format!("an entry for a {}", subject.word()), "a mapping");
                return None;
            }
        }
        if listed.name.is_empty() {
            self.find(Weight::Error, "empty_name", listed.position, format!("{what} must not be empty"));
            return None;
        }
        if let Err(problem) = self.budget.spend(listed.name) {
            self.find(Weight::Error, "too_long", listed.position, problem);
            return None;
        }
        Some(listed)
    }

    fn allow(&mut self, list: &Node, subject: Subject, form: Form) {
        for item in self.list(list, "`allow`") {
            if let Some(listed) = self.listed(item, subject, form) {
                self.allow_one(&listed, subject);
            }
        }
    }

    fn allow_one(&mut self, listed: &Listed<'_>, subject: Subject) {
        let shown = quoted(listed.name);
        if subject == Subject::Tool && listed.name.contains('*') {
            // mcpkit rejects the whole policy for one invalid glob.
            if let Err(error) = Glob::new(listed.name) {
                let message = format!("{shown} is not a valid glob: {}", error.kind());
                return self.find(Weight::Error, "invalid_glob", listed.position, message);
            }
        }
        let name = match subject {
            Subject::Tool => pattern::translate_allowed_tool(listed.name),
            Subject::Prompt if listed.name.contains('*') => {
                Err("mcpkit compares whole prompt names, so it allows no prompt by a pattern")
            }
            Subject::Prompt => Ok(listed.name.to_owned()),
            Subject::Resource => pattern::translate_allowed_uri(listed.name),
        };
        let name = match name {
            Ok(name) => name,
            Err(problem) => {
                let message =
                    format!("the pattern {shown} cannot be migrated; everything that it allows is denied: {problem}");
                return self.find(Weight::Lost, "pattern", listed.position, message);
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
                        "{shown} now requires approval because of `require_confirmation`, which mcpkit ignores"
                    );
                    self.find(Weight::Note, "approval", entry.position, message);
                }
                ("require_confirmation", Value::Word(word)) if word.eq_ignore_ascii_case("false") => {}
                ("parameters", Value::Mapping(entries)) if entries.is_empty() => {}
                _ => unsaid.push(*entry),
            }
        }
        if let Some(problem) = self.refusal(&rule) {
            let message = format!("{shown} cannot be migrated; everything that it allows is denied: {problem}");
            return self.find(Weight::Lost, "pattern", listed.position, message);
        }
        if unsaid.is_empty() {
            if subject == Subject::Resource && pattern::has_star_in_host(&name) {
                let message = format!(
                    "in the host of {shown}, `*` matches only within the host; in mcpkit it also matches ports and a part of the path"
                );
                self.find(Weight::Note, "host_star", listed.position, message);
            }
            return self.write(rule);
        }
        rule.id = self.ids.name(&rule.id);
        for entry in unsaid {
            let why = match &*entry.key {
                "max_calls_per_minute" | "max_calls_per_hour" => "callgate does not count calls",
                "parameters" => "mcpkit does not define the meaning of its members",
                "max_length" => "a call does not contain the length of the prompt",
                _ => "callgate does not know the key",
            };
            let message = format!(
                "{} of the {} {shown} has no counterpart because {why}; the entry allows nothing, since without it the entry would allow more",
                quoted(&entry.key),
                subject.word(),
            );
            let fix =
                format!("enforce it elsewhere or in a condition of the rule, and add the rule {}", snippet(&rule));
            self.find_with_fix(Weight::Lost, "restriction", entry.position, message, fix);
        }
    }

    /// The operations of an entry that a rule can contain.
    fn allowed_operations(&mut self, listed: &Listed<'_>) -> Vec<&'static str> {
        let mut operations = Vec::new();
        for (word, position) in self.operations(listed) {
            match operation(word) {
                Some(operation) => {
                    if !operations.contains(&operation) {
                        operations.push(operation);
                    }
                    if !matches!(word, "resource_read" | "resource_list") && !self.words_are_reported {
                        self.words_are_reported = true;
                        let message = format!(
                            "callgate allows {} here, but mcpkit 0.15 checks only for `resource_read` and `resource_list`",
                            quoted(word)
                        );
                        self.find(Weight::Note, "operation_word", position, message);
                    }
                }
                None => {
                    let message =
                        format!("MCP has no operation {} on a resource; the operation is omitted", quoted(word));
                    self.find(Weight::Lost, "operation", position, message);
                }
            }
        }
        operations
    }

    fn operations<'n>(&mut self, listed: &Listed<'n>) -> Vec<(&'n str, Position)> {
        let Some(node) = listed.operations else {
            let message = format!("`operations` of {} is missing", quoted(listed.name));
            self.find(Weight::Error, "missing_key", listed.position, message);
            return Vec::new();
        };
        let words = self.list(node, "`operations`");
        if words.is_empty() && matches!(node.value, Value::List(_) | Value::Null) {
            self.find(Weight::Error, "empty_list", node.position, "`operations` must not be empty");
        }
        words.iter().filter_map(|word| Some((self.string(word, "an operation")?, word.position))).collect()
    }

    fn deny(&mut self, list: &Node, subject: Subject, form: Form) {
        for item in self.list(list, "`deny`") {
            if let Some(listed) = self.listed(item, subject, form) {
                self.deny_one(&listed, subject);
            }
        }
    }

    fn deny_one(&mut self, listed: &Listed<'_>, subject: Subject) {
        let (shown, word) = (quoted(listed.name), subject.word());
        let operations = match subject {
            Subject::Resource => self.denied_operations(listed),
            Subject::Tool | Subject::Prompt => Vec::new(),
        };
        if subject == Subject::Resource && operations.is_empty() {
            let message = format!("MCP has no operation that this entry denies on {shown}; the entry is omitted");
            return self.find(Weight::Note, "operation", listed.position, message);
        }
        for entry in &listed.others {
            let message = format!(
                "{} of a denied {word} has no counterpart; {shown} is denied in every case",
                quoted(&entry.key)
            );
            self.find(Weight::Lost, "restriction", entry.position, message);
        }
        let exact = match subject {
            Subject::Tool => pattern::translate_tool(listed.name),
            Subject::Prompt => Ok(without_doubled_stars(listed.name)),
            Subject::Resource => pattern::translate_denied_uri(listed.name),
        };
        // From the source's own pattern to wider ones; the first one that the engine accepts is written.
        let own = exact.clone().map(|name| Denial { name, why_wider: None });
        let wider = |name| Denial { name, why_wider: Some(exact.clone().err().unwrap_or(NO_CALL)) };
        let some = match (&exact, subject) {
            (_, Subject::Resource) => None,
            (Ok(_), _) => Some(pattern::without_blanks(listed.name)),
            (Err(_), _) => Some(pattern::widen_tool(listed.name)),
        };
        let candidates = own.ok().into_iter().chain(some.map(wider)).chain([wider("*".to_owned())]);
        let mut rules =
            candidates.map(|denial| (self.rule(Effect::Deny, subject, &denial.name, operations.clone()), denial));
        let written = rules.find(|(rule, _)| self.refusal(rule).is_none());
        let Some((rule, denial)) = written else {
            let message = format!("the {word} {shown} cannot be denied; nothing is written");
            return self.find(Weight::Error, "pattern", listed.position, message);
        };
        self.report_denial(listed, subject, &denial, &rule.operations);
        self.write(rule);
    }

    /// Reports calls that a Deny rule denies but the mcpkit entry does not.
    fn report_denial(&mut self, listed: &Listed<'_>, subject: Subject, denial: &Denial, operations: &[&'static str]) {
        let (shown, word) = (quoted(listed.name), subject.word());
        if let Some(why) = denial.why_wider {
            let message = format!(
                "{shown} cannot be migrated; {} is denied instead, which denies more: {why}",
                quoted(&denial.name)
            );
            let of_uri = Some(listed.name).filter(|_| subject == Subject::Resource);
            let Some(patterns) = of_uri.and_then(pattern::without_ports) else {
                return self.find(Weight::Lost, "deny_more", listed.position, message);
            };
            let [first, second] =
                patterns.map(|name| snippet(&self.rule(Effect::Deny, subject, &name, operations.to_vec())));
            let fix = format!(
                "if all URIs that rules allow have a path and no port, replace the rule with {first} and {second}"
            );
            self.find_with_fix(Weight::Lost, "deny_more", listed.position, message, fix);
        } else if subject == Subject::Resource {
            // mcpkit also denies resources by patterns.
        } else if denial.name == "*" {
            let message =
                format!("{shown} now denies every {word}, also those under `allow`; mcpkit does not deny by patterns");
            let fix = "remove the entry if it was meant for all others; callgate denies everything that no rule allows";
            self.find_with_fix(Weight::Note, "deny_all", listed.position, message, fix.to_owned());
        } else if denial.name.contains('*') {
            let message = format!("{shown} now denies every {word} that it matches; mcpkit does not deny by patterns");
            self.find(Weight::Note, "deny_pattern", listed.position, message);
        }
    }

    /// The operations that an entry denies, if MCP has them.
    fn denied_operations(&mut self, listed: &Listed<'_>) -> Vec<&'static str> {
        let mut operations = Vec::new();
        for (word, _) in self.operations(listed) {
            match operation(word) {
                Some(known) => operations.push(known),
                // No call has these operations, so there is nothing to deny.
                None if matches!(word, "write" | "create" | "update" | "delete") => {}
                None => operations.extend(OPERATIONS),
            }
        }
        operations.sort_by_key(|known| OPERATIONS.iter().position(|other| other == known));
        operations.dedup();
        operations
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

    /// The engine's error for a rule.
    ///
    /// Each `*` except one in a host is replaced with `x`. The checks need no more, and an automaton for each pattern
    /// of a hostile text would take minutes. At the end, the whole policy is checked with its patterns.
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
