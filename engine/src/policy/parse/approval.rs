//! The approval of a rule: which of the calls that it allows a person must confirm.

use alloc::string::String;
use alloc::vec::Vec;

use crate::condition::{Condition, ConditionKind};
use crate::language::effect::Effect;
use crate::policy::document::{Approval, Rule};
use crate::policy::parse::condition::read_condition_or_when;
use crate::policy::text::diagnostic::{Diagnostic, quoted};
use crate::policy::text::node_reader::NodeReader;
use crate::policy::text::spanned::Spanned;
use crate::policy::text::tree::Node;
use crate::policy::when::define::Definitions;

/// The longest time in which an approval may be given, in seconds: a day.
const MAX_SECONDS: u32 = 86_400;

/// Reads the approval of an Allow rule as the RequireApproval rule that it means.
pub(crate) fn read_approval(
    node: &Node<'_>,
    rule: &Rule,
    text: &str,
    definitions: &mut Definitions,
    reader: &mut NodeReader,
) -> Option<Rule> {
    if rule.effect != Effect::Allow {
        let message = "`approval` requires the effect `Allow`";
        reader.problems.push(Diagnostic::error("unknown_key", &node.span, message));
        return None;
    }
    let approval = reader.object(node, "`approval`", &["when", "by", "notSelf", "expires"])?;
    let when = approval.optional("when").map(|node| read_condition_or_when(node, text, definitions, reader));
    let by = approval.optional("by").map(|node| read_approvers(node, reader));
    let not_self = approval.optional("notSelf").map(|node| reader.boolean(node, "`notSelf`"));
    let expires = approval.optional("expires").map(|node| read_expiry(node, reader));
    // A part that cannot be read must not become an absent part.
    let when = when.map_or(Some(None), |when| when.map(Some))?;
    let terms = Approval {
        when: when.clone(),
        by: by.unwrap_or_else(|| Some(Vec::new()))?,
        not_self: not_self.unwrap_or(Some(false))?,
        expires_seconds: expires.map_or(Some(None), |expires| expires.map(Some))?,
    };
    let condition = match (&rule.condition, when) {
        (Some(condition), Some(when)) => Some(both(condition, when)),
        (None, when) => when,
        (condition, None) => condition.clone(),
    };
    Some(Rule { effect: Effect::RequireApproval, condition, approval: Some(terms), ..rule.clone() })
}

/// The condition that two conditions are true. Its span contains both, so that its text states both.
fn both(condition: &Condition, when: Condition) -> Condition {
    let start = condition.span.start.min(when.span.start);
    let end = condition.span.end.max(when.span.end);
    Condition { span: start..end, kind: ConditionKind::All(alloc::vec![condition.clone(), when]) }
}

fn read_approvers(node: &Node<'_>, reader: &mut NodeReader) -> Option<Vec<Spanned<String>>> {
    let roles = reader.strings(node, "`by`")?;
    if roles.is_empty() {
        let message = "`by` is empty, so nobody can approve a call";
        let fix = "name roles, or remove `by`";
        reader.problems.push(Diagnostic::error("empty_list", &node.span, message).with_fix(fix));
    }
    Some(roles)
}

/// Reads a number of seconds, minutes or hours, such as `15m`, in seconds.
fn read_expiry(node: &Node<'_>, reader: &mut NodeReader) -> Option<u32> {
    let text = reader.string(node, "`expires`")?;
    let seconds = seconds_of(&text.value);
    if seconds.is_none() {
        let message = alloc::format!("`expires` must be a time of at most `24h`, not {}", quoted(&text.value));
        let fix = "write whole seconds, minutes or hours, such as `90s`, `15m` or `1h`";
        reader.problems.push(Diagnostic::error("bad_duration", &text.span, message).with_fix(fix));
    }
    seconds
}

fn seconds_of(text: &str) -> Option<u32> {
    let units = [('s', 1_u32), ('m', 60), ('h', 3_600)];
    let (digits, unit) = units.into_iter().find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))?;
    // `parse` also accepts a sign and zeros at the start.
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    let count: u32 = digits.parse().ok().filter(|_| is_plain)?;
    count.checked_mul(unit).filter(|seconds| *seconds <= MAX_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_with_one_unit_of_at_most_a_day() {
        for (text, seconds) in [("1s", 1), ("90s", 90), ("15m", 900), ("1h", 3_600), ("24h", 86_400), ("1440m", 86_400)]
        {
            assert_eq!(seconds_of(text), Some(seconds), "{text}");
        }
        let invalid =
            ["", "0s", "s", "15", "-1s", "+1s", "015m", "1.5h", "1h30m", "25h", "86401s", "1441m", "1d", "1H"];
        for text in
            invalid.into_iter().chain(["15 m", " 15m", "15m ", "4294967296s", "4294967295h", "1_0s", "\u{661}s"])
        {
            assert_eq!(seconds_of(text), None, "{text}");
        }
    }
}
