//! Arbitrary text as a policy.
//!
//! What validates compiles to one image, which opens and judges calls; what does not is explained at places that are in
//! the text.

use callgate_engine::policy::text::{Diagnostic, Severity};
use callgate_engine::{
    Call, Code, Dialect, PolicyDocument, PolicyImage, RequestFacts, compile, evaluate, parse, report, validate,
};
use serde_json::json;

use crate::strict_json;

/// The most calls that an image is tried on.
const MOST_CALLS: usize = 4;

/// Takes a policy text through its stages. Bytes that are no UTF-8 are no text.
///
/// # Errors
/// A place is not in the text, a policy has two images or one that can't be used, or a policy is taken that serde_json
/// does not read.
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
    check_diagnostics(text, policy.warnings())?;
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
    check_diagnostics(text, problems)
}

fn check_diagnostics(text: &str, diagnostics: &[Diagnostic]) -> Result<(), String> {
    // A slice of the text is there only if both ends are in it and on the bounds of characters.
    if let Some(lost) = diagnostics.iter().find(|diagnostic| text.get(diagnostic.span.clone()).is_none()) {
        return Err(format!("not in the text: {lost:?}"));
    }
    // Any report will do, as long as there is one.
    for color in [false, true] {
        let shown = report::render("policy.json", text, diagnostics, color);
        if shown.is_empty() && !diagnostics.is_empty() {
            return Err(format!("nothing is said of {diagnostics:?}"));
        }
    }
    Ok(())
}

/// The bodies of some calls that the policy may speak of.
fn calls_of(document: &PolicyDocument<'_>) -> Vec<String> {
    // A policy without a list of tools leaves them open, so any name will do.
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
            return Err(format!("the image can't be used: {body}"));
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
