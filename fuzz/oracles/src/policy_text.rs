//! Checks arbitrary text as a policy.
//!
//! A valid policy compiles to one image, which opens and evaluates calls; an invalid one gets findings with positions
//! in the text.

use callgate_engine::policy::text::{Diagnostic, Format, Severity};
use callgate_engine::{
    Call, Code, Dialect, PolicyDocument, PolicyImage, RequestFacts, compile, evaluate, parse, report, validate,
};
use serde_json::json;

use crate::strict_json;

/// The maximum number of calls for an image.
const MOST_CALLS: usize = 4;

/// Runs all stages on a policy text. Bytes that are not UTF-8 are ignored.
///
/// # Errors
/// A position is not in the text, a policy has two images or an unusable one, or serde_json rejects an accepted policy.
pub fn check(input: &[u8]) -> Result<(), String> {
    let Ok(text) = str::from_utf8(input) else { return Ok(()) };
    let document = match parse(text) {
        Ok(document) => document,
        Err(problems) => return check_refusal(text, &problems),
    };
    let calls = calls_of(&document);
    let dialect = document.dialect;
    let policy = match validate(document) {
        Ok(policy) => policy,
        Err(problems) => return check_refusal(text, &problems),
    };
    check_diagnostics(text, Format::Json, policy.warnings())?;
    if policy.warnings().iter().any(|warning| warning.severity == Severity::Error) {
        return Err(format!("valid with an error: {:?}", policy.warnings()));
    }
    if !strict_json::read(input).is_some_and(|json| strict_json::is_strict(&json)) {
        return Err("valid, and no strict JSON".to_owned());
    }
    let image = compile(&policy);
    let again = parse(text).and_then(validate).map_err(|problems| format!("valid once: {problems:#?}"))?;
    if image != compile(&policy) || image != compile(&again) {
        return Err("two images of one policy".to_owned());
    }
    check_image(&image, dialect, policy.rule_names().count(), &calls)
}

fn check_refusal(text: &str, problems: &[Diagnostic]) -> Result<(), String> {
    if !problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(format!("refused without an error: {problems:?}"));
    }
    check_diagnostics(text, Format::Json, problems)
}

/// Checks that diagnostics are in the text and can be shown.
pub(crate) fn check_diagnostics(text: &str, format: Format, diagnostics: &[Diagnostic]) -> Result<(), String> {
    // A slice of the text exists only if both ends are in it and on character boundaries.
    if let Some(lost) = diagnostics.iter().find(|diagnostic| text.get(diagnostic.span.clone()).is_none()) {
        return Err(format!("not in the text: {lost:?}"));
    }
    // Any report suffices, if there is one.
    for color in [false, true] {
        let shown = report::render("policy", text, format, diagnostics, color);
        if shown.is_empty() && !diagnostics.is_empty() {
            return Err(format!("nothing is said of {diagnostics:?}"));
        }
    }
    Ok(())
}

/// The bodies of some calls that may match the policy.
fn calls_of(document: &PolicyDocument<'_>) -> Vec<String> {
    // Without a list of tools, any name suffices.
    let any = "any".to_owned();
    let tools = document.tools.iter().flatten().map(|tool| &tool.name.value).chain([&any]);
    let roles: Vec<&String> = document.roles.iter().flatten().map(|role| &role.name.value).collect();
    let attributes = json!({ "a": 1, "s": "a", "l": [1, "a", null], "o": { "n": 2 } });
    tools
        .flat_map(|tool| roles.iter().map(move |role| (tool, *role)))
        .take(MOST_CALLS)
        .map(|(tool, role)| {
            json!({ "tool": tool, "role": role, "args": attributes, "agentAttributes": attributes }).to_string()
        })
        .collect()
}

fn check_image(image: &[u8], dialect: Dialect, rules: usize, calls: &[String]) -> Result<(), String> {
    let image = PolicyImage::open(image).map_err(|problem| format!("the image does not open: {problem:?}"))?;
    if image.dialect() != dialect || usize::try_from(image.rule_count()) != Ok(rules) {
        return Err("the image is of another policy".to_owned());
    }
    let facts = RequestFacts::new(Some(0), Some("10.0.0.1"), Some("DE"));
    for body in calls {
        let call = Call::read(body.as_bytes(), &facts, &image).map_err(|problem| format!("{problem}: {body}"))?;
        let decision = evaluate(&image, &call);
        let mut reason = String::new();
        decision.write_reason(&image, &call, &mut reason);
        if decision.code == Code::PolicyFault {
            return Err(format!("the image cannot be used: {body}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_all_fates_are_no_problem() {
        for text in [
            "",
            "\u{e9}",
            "{\"version\":\"callgate-1\"}",
            "{\"version\":\"callgate-1\",\"tools\":[\"é\u{301}\"],\"roles\":{},\"rules\":[{}]}",
            "{\"version\":\"perso-1\",\"tools\":[],\"roles\":[],\"rules\":[],\"default_action\":\"Allow\"}",
            crate::request_reader::POLICY,
        ] {
            check(text.as_bytes()).expect("no problem");
        }
    }
}
