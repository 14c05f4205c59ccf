//! The explanation of a decision as JSON: a member of the decision.

use alloc::string::String;

use callgate_engine::judge::explanation::{ExplainedCondition, ExplainedRule, explain};
use callgate_engine::{Call, PolicyImage};

use crate::answer::check::write_check;
use crate::http::json_text::{write_name, write_number, write_plain_member, write_text};

/// Whether a caller may receive explanations, which contain every rule that matches the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Explain {
    /// A call that asks for one is refused.
    Never,
    /// A call that asks for one receives it.
    IfAsked,
    /// Every call receives one.
    Always,
}

/// Writes a comma and the rules that match the call; `null` if they exceed the evaluation budget.
///
/// A rule with `"disclose": "code"` has no condition here, because its author hides it from responses.
pub(crate) fn write_explanation(image: &PolicyImage<'_>, call: &Call<'_>, out: &mut String) {
    write_name("explanation", out);
    let Some(rules) = explain(image, call) else { return out.push_str("null") };
    out.push('[');
    for (at, rule) in rules.iter().enumerate() {
        out.push_str(if at > 0 { "," } else { "" });
        write_rule(rule, image, out);
    }
    out.push(']');
}

fn write_rule(rule: &ExplainedRule, image: &PolicyImage<'_>, out: &mut String) {
    out.push_str("{\"rule\":");
    write_text(rule.id(image), out);
    write_plain_member("effect", rule.effect.name(), out);
    let applies = match rule.applies {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown",
    };
    write_plain_member("applies", applies, out);
    match &rule.condition {
        _ if rule.hides_condition => out.push_str(",\"hidden\":true"),
        Some(condition) => {
            write_name("condition", out);
            write_condition(condition, image, out);
        }
        None => {}
    }
    out.push('}');
}

fn write_condition(condition: &ExplainedCondition, image: &PolicyImage<'_>, out: &mut String) {
    out.push_str("{\"truth\":\"");
    out.push_str(match condition.truth {
        Some(true) => "true\"",
        Some(false) => "false\"",
        None => "unknown\"",
    });
    match condition.check(image) {
        None => write_plain_member("check", condition.name, out),
        Some(check) => {
            out.push(',');
            write_check(&check, condition.truth.is_none(), out);
        }
    }
    if let Some(item) = condition.item.and_then(|item| u64::try_from(item).ok()) {
        write_number("item", item, out);
    }
    if !condition.children.is_empty() {
        write_name("conditions", out);
        for (at, child) in condition.children.iter().enumerate() {
            out.push(if at > 0 { ',' } else { '[' });
            write_condition(child, image, out);
        }
        out.push(']');
    }
    out.push('}');
}
