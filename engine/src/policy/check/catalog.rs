//! The targets of one kind in a policy, and the targets that its patterns match.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use hashbrown::HashMap;

use crate::canonical::uri;
use crate::language::dialect::Dialect;
use crate::language::index::Index as _;
use crate::language::pattern::matches_pattern;
use crate::language::target::is_bad_character;
use crate::language::target::{MAX_NAME_CHARS, TargetKind, can_be_name};
use crate::policy::automaton::{self, Tables};
use crate::policy::check::name_table::{NameTable, PatternIndex, TargetIndex, declare};
use crate::policy::document::{Names, PolicyDocument, Rule, Tool};
use crate::policy::text::diagnostic::{Diagnostic, quoted, quoted_or};
use crate::policy::text::spanned::Spanned;

/// The longest URI or URI pattern of a rule, in characters.
const MAX_URI_CHARS: usize = 2048;

/// The most tools of servers that the fix for a name without its server lists.
const MAX_SHOWN_OWNERS: usize = 3;

/// The targets of one kind.
///
/// If the policy declares them, the pattern of a rule means the declared targets that it matches. If not, the kind is
/// open: a call may have any target, and one automaton determines which patterns match it.
#[derive(Debug)]
pub(crate) struct Catalog {
    pub(crate) kind: TargetKind,
    dialect: Dialect,
    /// The declared names, then the names that only a rule contains.
    pub(crate) names: NameTable<TargetIndex>,
    /// For each declared name, the server that owns the tool; its name is then the start of the tool's name.
    servers: Vec<Option<String>>,
    /// The tools that servers own, by their names in calls.
    owners: HashMap<String, Vec<TargetIndex>>,
    /// How many names are declared; `None` if the kind is open.
    pub(crate) declared: Option<usize>,
    /// The patterns of the rules, if the kind is open.
    patterns: NameTable<PatternIndex>,
    /// The automaton of the patterns. Its labels from 1 are the classes of names that match the same patterns.
    pub(crate) automaton: Option<Tables>,
}

impl Catalog {
    /// Collects the names and patterns of a kind.
    pub(crate) fn collect(document: &PolicyDocument<'_>, kind: TargetKind, findings: &mut Vec<Diagnostic>) -> Self {
        let of_tool = |tool: &'_ Tool| (tool.name.clone(), tool.server.clone());
        let declared: Option<Vec<(Spanned<String>, Option<String>)>> = match kind {
            TargetKind::Tool => document.tools.as_ref().map(|tools| tools.iter().map(of_tool).collect()),
            TargetKind::Prompt => {
                document.prompts.as_ref().map(|prompts| prompts.iter().map(|name| (name.clone(), None)).collect())
            }
            _ => None,
        };
        let mut catalog = Self {
            kind,
            dialect: document.dialect,
            names: NameTable::default(),
            servers: Vec::new(),
            owners: HashMap::new(),
            declared: None,
            patterns: NameTable::default(),
            automaton: None,
        };
        for (name, server) in declared.iter().flatten() {
            let prefix = server.as_ref().map_or(0, |server| server.len().saturating_add(1));
            let own = name.value.get(prefix..).unwrap_or_default();
            let is_new = declare(&mut catalog.names, name, own, kind.noun(), document.dialect, findings);
            if is_new {
                catalog.servers.push(server.clone());
                if server.is_some()
                    && let Some(at) = catalog.names.get(&name.value)
                {
                    catalog.owners.entry(own.into()).or_default().push(at);
                }
            } else {
                let message = format!("the {} {} is declared twice", kind.noun(), quoted(&name.value));
                findings.push(Diagnostic::error("duplicate_name", &name.span, message));
            }
        }
        catalog.declared = declared.map(|_| catalog.names.names.len());
        if catalog.declared.is_none() {
            catalog.collect_from_rules(&document.rules, findings);
        }
        catalog
    }

    fn collect_from_rules(&mut self, rules: &[Rule], findings: &mut Vec<Diagnostic>) {
        let longest = if self.kind.is_resource() { MAX_URI_CHARS } else { MAX_NAME_CHARS };
        let mut first_pattern = None;
        let rules = rules.iter().filter(|rule| rule.kinds.contains(&self.kind));
        for name in rules.flat_map(|rule| rule.target.all()) {
            if name.value.chars().count() > longest {
                let message = format!("the target of a rule must not exceed {longest} characters");
                findings.push(Diagnostic::error("bad_name", &name.span, message));
                continue;
            }
            if name.value.contains('*') {
                first_pattern.get_or_insert(&name.span);
                self.patterns.add(&name.value);
            } else {
                self.names.add(&name.value);
            }
        }
        if let Some(span) = first_pattern {
            match automaton::build_patterns(&self.patterns.names, self.kind) {
                Ok(automaton) => self.automaton = Some(automaton),
                Err(_) => {
                    let message = "the patterns of this policy require too many states";
                    let fix = match self.kind {
                        TargetKind::Tool => "declare `tools`, so that patterns are expanded at build time",
                        TargetKind::Prompt => "declare `prompts`, so that patterns are expanded at build time",
                        _ => "use fewer patterns that start with `*` or contain several `*`",
                    };
                    findings.push(Diagnostic::error("too_many_states", span, message).with_fix(fix));
                }
            }
        }
    }

    /// The targets that a rule matches, in ascending order.
    pub(crate) fn targets_of(&mut self, rule: &Rule, findings: &mut Vec<Diagnostic>) -> Vec<TargetIndex> {
        let Names { span, included, excluded } = &rule.target;
        let mut targets: Vec<TargetIndex> = Vec::new();
        let server = rule.server.as_ref().map(|server| server.value.as_str());
        for name in included {
            targets.extend(self.targets_named(name, server, findings));
        }
        targets.sort_unstable();
        targets.dedup();
        let mut without: Vec<TargetIndex> = Vec::new();
        for name in excluded {
            let before = findings.len();
            let named = self.targets_named(name, server, findings);
            // A name or pattern with another error needs no second one.
            let is_valid = findings.len() == before && !targets.is_empty();
            if is_valid && named.iter().all(|target| targets.binary_search(target).is_err()) {
                let value = quoted(&name.value);
                let message = format!("{value} in `except` excludes nothing, because `tools` does not match it");
                findings.push(Diagnostic::error("no_match", &name.span, message).with_fix("remove it"));
            }
            without.extend(named);
        }
        without.sort_unstable();
        let is_excluded = |target: &TargetIndex| without.binary_search(target).is_ok();
        if !targets.is_empty() && targets.iter().all(is_excluded) {
            let message = "`except` excludes every tool of this rule, so it never applies";
            findings.push(Diagnostic::error("no_match", span, message).with_fix("remove the rule, or exclude less"));
        }
        targets.retain(|target| !is_excluded(target));
        targets
    }

    /// The server that owns a tool and the tool's name in calls, or only the name.
    pub(crate) fn owned(&self, at: TargetIndex) -> (Option<&str>, &str) {
        let name = self.names.names.get(at.to_usize()).map_or("", String::as_str);
        let server = self.servers.get(at.to_usize()).and_then(Option::as_deref);
        let own = server.and_then(|server| name.get(server.len().saturating_add(1)..));
        (server, own.unwrap_or(name))
    }

    /// The targets that a name or a pattern of a rule matches; `server` is the server of the rule.
    fn targets_named(
        &mut self,
        name: &Spanned<String>,
        server: Option<&str>,
        findings: &mut Vec<Diagnostic>,
    ) -> Vec<TargetIndex> {
        if name.value.contains('\0') {
            findings.push(Diagnostic::error("bad_name", &name.span, "a name must not contain NUL"));
            return Vec::new();
        }
        match (self.declared, name.value.contains('*')) {
            (Some(declared), true) => self.expand(declared, name, server, findings),
            (Some(_), false) => self.declared_target(name, server, findings).into_iter().collect(),
            (None, true) => {
                self.check_open_pattern(name, findings);
                self.open_targets(name)
            }
            (None, false) => {
                self.check_open_name(name, findings);
                self.names.get(&name.value).into_iter().collect()
            }
        }
    }

    /// The declared names that a pattern matches.
    fn expand(
        &self,
        declared: usize,
        name: &Spanned<String>,
        server: Option<&str>,
        findings: &mut Vec<Diagnostic>,
    ) -> Vec<TargetIndex> {
        let matched: Vec<TargetIndex> = self
            .names
            .iter()
            .take(declared)
            .filter(|(at, word)| match (server, self.owned(*at)) {
                (Some(server), (Some(owner), own)) => server == owner && matches_pattern(&name.value, own),
                _ => matches_pattern(&name.value, word),
            })
            .map(|(at, _)| at)
            .collect();
        if matched.is_empty() {
            let message = format!("the pattern {} matches no declared {}", quoted(&name.value), self.kind.noun());
            findings.push(match self.dialect {
                Dialect::Callgate1 => Diagnostic::error("no_match", &name.span, message),
                Dialect::Perso1 => Diagnostic::warning("no_match", &name.span, message),
            });
        }
        matched
    }

    fn declared_target(
        &mut self,
        name: &Spanned<String>,
        server: Option<&str>,
        findings: &mut Vec<Diagnostic>,
    ) -> Option<TargetIndex> {
        let of_server = server.and_then(|server| self.names.get(&format!("{server}/{}", name.value)));
        let is_owned = |at: &TargetIndex| self.owned(*at).0.is_some();
        // A rule for a server does not name the tool of another one.
        let of_all = self.names.get(&name.value).filter(|at| server.is_none() || !is_owned(at));
        let known = of_server.filter(is_owned).or(of_all);
        if known.is_none() && self.dialect == Dialect::Perso1 {
            return Some(self.names.add(&name.value).0);
        }
        if known.is_none() {
            let (noun, value) = (self.kind.noun(), quoted(&name.value));
            let code = if self.kind == TargetKind::Prompt { "unknown_prompt" } else { "unknown_tool" };
            let owned = self.owners.get(&name.value).into_iter().flatten().take(MAX_SHOWN_OWNERS);
            let owned: Vec<&str> =
                owned.filter_map(|at| self.names.names.get(at.to_usize())).map(String::as_str).collect();
            if !owned.is_empty() && server.is_none() {
                let problem = Diagnostic::error(code, &name.span, format!("{value} is a tool of a server"));
                findings.push(problem.with_fix(format!("write {}", quoted_or(owned.into_iter()))));
                return None;
            }
            let problem = Diagnostic::error(code, &name.span, format!("{value} is not declared in `{noun}s`"));
            findings.push(problem.with_likely_word(&name.value, self.names.names.iter().map(String::as_str)));
        }
        known
    }

    /// The names and the classes that a pattern of an open kind matches.
    fn open_targets(&self, name: &Spanned<String>) -> Vec<TargetIndex> {
        let (Some(automaton), Some(pattern)) =
            (&self.automaton, self.patterns.get(&name.value).map(PatternIndex::to_usize))
        else {
            return Vec::new();
        };
        let of_names = self.names.iter().filter(|(_, word)| {
            let label = automaton.label(word);
            label.is_some_and(|label| automaton.matched.get(label).is_some_and(|matched| matched.contains(&pattern)))
        });
        let classes = self.classes().zip(&automaton.matched).filter(|(_, matched)| matched.contains(&pattern));
        of_names.map(|(at, _)| at).chain(classes.map(|(at, _)| at)).collect()
    }

    /// The indices of the classes of names, after those of the names.
    pub(crate) fn classes(&self) -> impl Iterator<Item = TargetIndex> {
        let classes = self.automaton.as_ref().map_or(0, |tables| tables.matched.len());
        (self.names.len()..).map(TargetIndex::from_u32).take(classes)
    }

    /// Checks a name that no list declares.
    fn check_open_name(&self, name: &Spanned<String>, findings: &mut Vec<Diagnostic>) {
        if self.kind.is_resource() && !uri::is_normal(&name.value) {
            let (problem, fix) = uri::problem(&name.value).unwrap_or(("is not a URI in normal form", URI_FIX));
            let message = format!("{} {problem}, so no call can name it", quoted(&name.value));
            findings.push(Diagnostic::error("bad_uri", &name.span, message).with_fix(fix));
        } else if !self.kind.is_resource() && !can_be_name(&name.value) {
            let message = format!("{} is not a valid {} name", quoted(&name.value), self.kind.noun());
            findings.push(bad_name(name, message));
        }
    }

    /// Checks a pattern of undeclared names. Every text between its `*` is in each name that it matches.
    fn check_open_pattern(&self, name: &Spanned<String>, findings: &mut Vec<Diagnostic>) {
        if !self.kind.is_resource() && name.value.chars().any(|c| c != '*' && is_bad_character(c)) {
            let message = format!("the pattern {} cannot match a valid {} name", quoted(&name.value), self.kind.noun());
            findings.push(bad_name(name, message));
        }
    }
}

/// The finding for an invalid name or pattern, with the character to remove, because most of these characters are
/// invisible.
pub(crate) fn bad_name(name: &Spanned<String>, message: String) -> Diagnostic {
    let problem = Diagnostic::error("bad_name", &name.span, message);
    match name.value.chars().find(|&c| c != '*' && is_bad_character(c)) {
        Some(c) => problem.with_fix(format!("remove the character U+{:04X}", u32::from(c))),
        None if name.value.contains('*') => problem.with_fix("write the name without `*`"),
        None => problem.with_fix(format!("write 1 to {MAX_NAME_CHARS} characters")),
    }
}

const URI_FIX: &str = "write the scheme and host in lower case, without dot segments, and percent-encode only the characters that require it";

/// Checks a pattern of URIs. A `*` is not allowed at a position at which it would match another scheme or another host.
pub(crate) fn check_uri_pattern(name: &Spanned<String>, findings: &mut Vec<Diagnostic>) {
    if name.value == "*" || !name.value.contains('*') {
        return;
    }
    let (scheme, rest) = name.value.split_once(':').unwrap_or((&name.value, ""));
    let authority = rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let host_after_star = authority.strip_prefix('*').unwrap_or(authority);
    let stays_in_host = !host_after_star.contains('*')
        && (authority == host_after_star || host_after_star.is_empty() || host_after_star.starts_with(['.', ':']));
    let example = name.value.replace('*', "x");
    let shown = quoted(&name.value);
    let (message, fix) = if scheme.contains('*') {
        (format!("the scheme of the pattern {shown} must not contain `*`"), "write one scheme, such as `https`")
    } else if !stays_in_host {
        let message = format!("`*` in the host of the pattern {shown} must be the whole host or its first labels");
        (message, "write `*` or a host such as `*.example.com`")
    } else if uri::is_normal(&example) {
        return;
    } else if let Some((problem, fix)) = uri::problem(&example) {
        (format!("the pattern {shown} {problem}, so it matches no call"), fix)
    } else {
        (format!("the pattern {shown} matches no URI in normal form"), URI_FIX)
    };
    findings.push(Diagnostic::error("bad_uri", &name.span, message).with_fix(fix));
}
