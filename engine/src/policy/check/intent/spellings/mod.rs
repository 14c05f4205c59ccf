//! Finds checks that compare one spelling of a path, a URL, a header or SQL, although a server accepts others.
mod headers;
mod paths;
mod scope;
mod sql;
mod urls;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use core::cell::Cell;

use hashbrown::HashMap;

use crate::condition::{ConditionKind, TimeCheck};
use crate::language::operators::StringOp;
use crate::policy::check::intent::resolved::Resolved;
use crate::policy::check::intent::spellings::headers::{find_header, find_header_items, find_header_names};
use crate::policy::check::intent::spellings::paths::{find_path_case, find_permitted_paths, find_restricted_paths};
use crate::policy::check::intent::spellings::scope::{Argument, MAX_COMPARISONS, RuleScope};
use crate::policy::check::intent::spellings::sql::find_sql;
use crate::policy::check::intent::spellings::urls::{find_restricted_urls, find_urls};
use crate::policy::check::intent::visit::visit_all;
use crate::policy::check::target::RuleTarget;
use crate::policy::text::diagnostic::{Diagnostic, quoted};

pub(crate) fn check(policy: Resolved<'_>, findings: &mut Vec<Diagnostic>) {
    let mut rules_of: HashMap<RuleTarget, Vec<usize>> = HashMap::new();
    for (at, targets) in policy.rule_targets.iter().enumerate() {
        targets.iter().for_each(|target| rules_of.entry(*target).or_default().push(at));
    }
    let budget = Cell::new(MAX_COMPARISONS);
    for (at, rule) in policy.document.rules.iter().enumerate() {
        let Some(condition) = &rule.condition else { continue };
        let scope = RuleScope { policy, at, rule, condition, rules_of: &rules_of, budget: &budget };
        let mut headers: Vec<&[String]> = Vec::new();
        visit_all(condition, &mut |condition, at| {
            if let ConditionKind::TimeCheck(check) = &condition.kind {
                find_fixed_offset(check, findings);
            }
            let Some(restricts) = at.restricts(rule.effect) else { return };
            match &condition.kind {
                ConditionKind::StringCheck(check) => {
                    let argument = Argument { field: &check.field, list: at.list };
                    if !argument.is_of_the_model() {
                        return;
                    }
                    if restricts != (check.op == StringOp::NotIn) {
                        find_restricted_paths(&scope, check, argument, at, findings);
                        find_restricted_urls(&scope, check, argument, findings);
                        find_header_items(check, argument, findings);
                    } else {
                        find_permitted_paths(&scope, check, argument, findings);
                        find_urls(&scope, check, argument, findings);
                        find_sql(check, argument, findings);
                    }
                }
                ConditionKind::PathCheck(check) if restricts => find_path_case(check, findings),
                ConditionKind::FieldPresent(check) if restricts => {
                    let Some((_, object)) = check.field.path.split_last() else { return };
                    if !headers.contains(&object) && find_header(&check.field, object, findings) {
                        headers.push(object);
                    }
                }
                ConditionKind::MembersCheck(check) if !restricts => find_header_names(check, findings),
                _ => {}
            }
        });
    }
}

/// Notes that a fixed offset is not a time zone.
fn find_fixed_offset(check: &TimeCheck, findings: &mut Vec<Diagnostic>) {
    if check.window.offset != 0 {
        let message = format!(
            "the offset {} is fixed, so the window does not follow summer time",
            quoted(&check.window.offset())
        );
        let fix = "if the place has summer time, write `zone` with its name, such as `Europe/Berlin`";
        findings.push(Diagnostic::note("fixed_offset", &check.field.name.span, message).with_fix(fix));
    }
}
