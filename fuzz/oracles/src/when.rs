//! Checks an arbitrary string as an expression.
//!
//! A valid expression becomes a condition that is printed as an expression with the same image, and in JSON too; an
//! invalid one gets findings with positions in the text.

use callgate_engine::Format;
use callgate_engine::policy::text::Diagnostic;
use callgate_engine::policy::{ConditionForm, convert};
use callgate_engine::{PolicyImage, compile, parse, validate};
use serde_json::json;

/// Reads an expression, and converts it to JSON and back. Bytes that are not UTF-8 are ignored.
///
/// # Errors
/// A position is not in the text, a form of the policy is invalid, or the forms have several images.
pub fn check(input: &[u8]) -> Result<(), String> {
    let Ok(when) = str::from_utf8(input) else { return Ok(()) };
    let policy = json!({
        "version": "callgate-1", "tools": ["tool"], "roles": { "agent": {} },
        "define": { "own": "args.own" },
        "rules": [{ "id": "rule", "effect": "RequireApproval", "tool_name": "tool", "roles": ["agent"], "when": when }],
    })
    .to_string();
    if let Err(findings) = parse(&policy).and_then(validate) {
        let lost = findings.iter().find(|finding| policy.get(finding.span.clone()).is_none());
        return lost.map_or(Ok(()), |lost| Err(format!("not in the text: {lost:?}")));
    }
    let mut form = policy.clone();
    for to in [ConditionForm::Condition, ConditionForm::When, ConditionForm::Condition] {
        form = match convert(&form, Format::Json, to) {
            Ok(form) => form,
            // An expression has fewer levels than a condition in JSON, and a printed one may be longer.
            Err(findings) if findings.iter().all(|finding| finding.code == "too_deep") => return Ok(()),
            Err(findings) => return Err(format!("not converted: {findings:#?}\n{form}")),
        };
        let len = policy.len().max(form.len());
        match (image_of(&policy, len), image_of(&form, len)) {
            (Ok(image), Ok(other)) if other == image => {}
            (Ok(_), Ok(_)) => return Err(format!("two images:\n{policy}\n{form}")),
            (Err(findings), _) | (_, Err(findings)) => return Err(format!("now invalid: {findings:#?}\n{form}")),
        }
    }
    Ok(())
}

/// The image of a policy text with spaces up to a length, without its digest.
fn image_of(policy: &str, len: usize) -> Result<Vec<u8>, Vec<Diagnostic>> {
    let padded = format!("{policy}{}", " ".repeat(len.saturating_sub(policy.len())));
    let mut image = compile(&parse(&padded).and_then(validate)?);
    let digest = PolicyImage::open(&image).map(|image| image.policy_digest().as_bytes().to_vec());
    let digest = digest.unwrap_or_default();
    if let Some(at) = image.windows(digest.len().max(1)).position(|part| part == digest) {
        image.drain(at..at.saturating_add(digest.len()));
    }
    Ok(image)
}

/// Expressions of all forms, which are the initial inputs.
pub(crate) const SEEDS: [&str; 16] = [
    "own && args.a <= 5e2 || !(agent.b in [\"x\", 'y'])",
    "args.a == 1 ? args.b : !args.c",
    "args[\"a-b\"].list[0] != r\"\\d\"",
    "args.a.lowerAscii() == \"A\".lowerAscii() && args.b.foldCase().startsWith([\"a\", \"b\"])",
    "args.a.matches(\"^(?:a|b)$\") || args.a.matches(\"(?i)a\") || args.a.glob('''a*''')",
    "args.list.all(i, i.lines.exists(l, l > -1 && has(l.x)))",
    "keys(args.h).all(k, !(k.lowerAscii() in [\"a\"])) && !keys(args.h).exists(k, k in [\"b\"])",
    "path(args.p.foldCase()).isInside([\"/a\", \"/b\"])",
    "url(args.u).isOneOf([\"https://x.org:*/a/**\", \"http://[::1]:80\"])",
    "url(args.u).matches({\"schemes\": \"*\", \"hosts\": [\"public\"], \"ports\": [1, 2], \"paths\": [\"/\"]})",
    "url(args.u).getHost() in [\"x.org\"]",
    "cidr([\"10.0.0.0/8\", \"private\"]).containsIP(request.ip)",
    "request.time.isBetween(\"22:00\", \"06:00\", \"+01:00\", [\"Mon\"])",
    "request.time.getHours() >= 9 && request.time.getDayOfWeek(\"Z\") in [0, 6] // days",
    "size(args.a) < 3 && number(args.a) == number(args.b) && args.a != args.b",
    "\"\\x41\\u00e9\\U0001f600\\101\\n\" == args.a",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_initial_input_is_valid_and_no_problem() {
        for when in SEEDS {
            check(when.as_bytes()).expect(when);
            let policy = json!({ "version": "callgate-1", "tools": ["t"], "roles": { "a": {} },
                "define": { "own": "args.own" },
                "rules": [{ "effect": "RequireApproval", "tool_name": "t", "roles": ["a"], "when": when }] });
            assert!(parse(&policy.to_string()).and_then(validate).is_ok(), "{when}");
        }
    }

    #[test]
    fn changed_expressions_are_no_problem() {
        let mut random = fastrand::Rng::with_seed(0);
        for _ in 0..2_000 {
            let mut chars: Vec<char> = SEEDS.iter().flat_map(|seed| seed.chars()).collect();
            let when: Vec<char> = random.choice(SEEDS).unwrap_or_default().chars().collect();
            random.shuffle(&mut chars);
            let at = random.usize(..when.len());
            let inserted = chars.into_iter().take(random.usize(..3));
            let rest = when.iter().skip(at).skip(random.usize(..3));
            let changed: String = when.iter().take(at).copied().chain(inserted).chain(rest.copied()).collect();
            assert_eq!(check(changed.as_bytes()), Ok(()), "{changed:?}");
        }
    }
}
