//! `callgate explain`: the rules that match a call, and the truth of each check in them.

use std::path::Path;

use callgate_edge_core::{EdgeFacts, Problem, explain_call};
use callgate_engine::judge::explanation::{ExplainedCondition, ExplainedRule, explain};
use callgate_engine::{Call, Decision, Effect, PolicyImage, RequestFacts, ValidPolicy, compile, evaluate, limits};

use crate::eval;
use crate::failure::Failure;
use crate::policy_file::{self, PolicyFile};
use crate::print::{self, on_one_line};

/// Explains the call on standard input for the policy in `file`.
pub(crate) fn run(file: &Path, as_json: bool) -> Result<(), Failure> {
    let file = PolicyFile::read(file)?;
    let policy = file.check()?;
    let bytes = compile(&policy);
    let image = policy_file::open(&bytes)?;
    let body = eval::read_input()?;
    if body.len() > limits::DEFAULT_MAX_BODY_BYTES {
        return refuse(Problem::BodyTooLarge, as_json);
    }
    if as_json {
        let facts = EdgeFacts { random: eval::random()?, unix_time: eval::unix_time(), ip: None, country: None };
        return match explain_call(&image, &body, &facts) {
            Ok(answer) => print::response(&answer),
            Err(error) => refuse(Problem::from(error), as_json),
        };
    }
    let facts = RequestFacts::new(eval::unix_time(), None, None);
    match Call::read(&body, &facts, &image) {
        Ok(call) => print::out(on_lines(&policy, &image, &call).trim_end()),
        Err(error) => refuse(Problem::from(error), as_json),
    }
}

fn refuse(problem: Problem, as_json: bool) -> Result<(), Failure> {
    if as_json {
        print::response(&problem.response().body)?;
    } else {
        print::out(&format!("error: {}", on_one_line(&problem.detail())))?;
    }
    Err(Failure::Refused)
}

fn on_lines(policy: &ValidPolicy<'_>, image: &PolicyImage<'_>, call: &Call<'_>) -> String {
    let decision = evaluate(image, call);
    let mut reason = String::new();
    decision.write_reason(image, call, &mut reason);
    let mut out = format!("{} ({}): {}\n", decision.effect.name(), decision.code.name(), on_one_line(&reason));
    match explain(image, call) {
        None => out.push_str("\nthe call exceeds the evaluation budget\n"),
        Some(rules) if rules.is_empty() => out.push_str("\nno rule matches the call\n"),
        Some(rules) => rules.iter().for_each(|rule| write_rule(rule, &decision, policy, image, &mut out)),
    }
    out
}

fn write_rule(
    rule: &ExplainedRule,
    decision: &Decision,
    policy: &ValidPolicy<'_>,
    image: &PolicyImage<'_>,
    out: &mut String,
) {
    let id = rule.id(image);
    let applies = match rule.applies {
        Some(true) => "applies",
        Some(false) => "does not apply",
        None => "unknown whether it applies",
    };
    let is_default = decision.effect == Effect::Deny && rule.effect != Effect::Deny;
    let mark = match (rule.is_rule_of(decision), is_default) {
        (true, true) => "; nearest rule",
        (true, false) => "; this rule decides",
        (false, _) => "",
    };
    let line = format!("\nrule `{}` ({}): {applies}{mark}", on_one_line(id), rule.effect.name());
    out.push_str(&line);
    out.push('\n');
    let (owner, note) = policy.texts_of_rule(id);
    for (name, text) in [("owner", owner), ("note", note)] {
        if let Some(text) = text {
            out.push_str(&format!("  {name}: {}\n", on_one_line(text)));
        }
    }
    if let Some(condition) = &rule.condition {
        write_condition(condition, image, 1, out);
    }
}

fn write_condition(condition: &ExplainedCondition, image: &PolicyImage<'_>, depth: usize, out: &mut String) {
    let truth = match condition.truth {
        Some(true) => "true",
        Some(false) => "false",
        None => "unknown",
    };
    let mut text = String::new();
    if condition.check(image).is_none() {
        text.push_str(condition.name);
    } else {
        condition.write_requirement(image, &mut text);
        text.push_str(&format!(" ({})", condition.name));
        if condition.truth.is_none() && condition.children.is_empty() {
            text.push_str("; ");
            condition.write_problem(image, &mut text);
        }
    }
    if let Some(item) = condition.item {
        text.push_str(&format!("; item {item} decides"));
    }
    out.push_str(&format!("{}{truth}: {}\n", "  ".repeat(depth), on_one_line(&text)));
    for child in &condition.children {
        write_condition(child, image, depth.saturating_add(1), out);
    }
}
