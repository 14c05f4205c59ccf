//! The expressions and definitions of a policy, as conditions in JSON.

use crate::json::Json;
use crate::when::parts::defined;
use crate::when::read::condition;

/// Whether a policy has expressions or definitions.
pub(crate) fn has_expressions(policy: &Json) -> bool {
    let rules = policy.child("rules").map(Json::parts).unwrap_or_default();
    let is_text = |when: &Json| matches!(when, Json::String(_));
    let has_text =
        |rule: &Json| rule.child("approval").and_then(|approval| approval.child("when")).is_some_and(is_text);
    policy.child("define").is_some() || rules.iter().any(|rule| rule.child("when").is_some() || has_text(rule))
}

/// The policy with conditions in JSON in place of expressions and the names of definitions.
///
/// # Errors
/// An expression or a definition is malformed, or a name is not defined.
pub fn without_expressions(mut policy: Json) -> Result<Json, String> {
    let mut definitions = Vec::new();
    match policy.remove("define") {
        None => {}
        Some(Json::Object(members)) => {
            for (name, definition) in members {
                let condition = match definition {
                    Json::String(text) => condition(&text, &[])?,
                    condition => with_definitions(condition, &[])?,
                };
                let text = condition.to_string();
                serde_json::from_str::<crate::policy::condition::Condition>(&text)
                    .map_err(|error| error.to_string())?;
                definitions.push((name, condition));
            }
        }
        Some(_) => return Err("`define` is not an object".into()),
    }
    let Some(Json::Array(rules)) = policy.child_mut("rules") else { return Err("there are no rules".into()) };
    for rule in rules {
        if let Some(approval) = rule.child_mut("approval")
            && let Some(when) = approval.remove("when")
        {
            let when = match when {
                Json::String(text) => condition(&text, &definitions)?,
                when => with_definitions(when, &definitions)?,
            };
            approval.insert("when", when);
        }
        let in_json = rule.child("condition").filter(|condition| **condition != Json::Null).cloned();
        let new = match (rule.remove("when"), in_json) {
            (None, None) => continue,
            (None, Some(condition)) => with_definitions(condition, &definitions)?,
            (Some(Json::String(text)), None) => condition(&text, &definitions)?,
            (Some(_), _) => return Err("`when` is not a text, or next to a condition".into()),
        };
        rule.remove("condition");
        rule.insert("condition", new);
    }
    Ok(policy)
}

/// A condition in which `Defined` is replaced by the condition of that name.
fn with_definitions(condition: Json, definitions: &[(String, Json)]) -> Result<Json, String> {
    Ok(match condition {
        Json::Object(members) => match members.as_slice() {
            [(key, Json::String(name))] if key == "Defined" => defined(name, definitions)?,
            _ => {
                let inner = members.into_iter().map(|(key, value)| Ok((key, with_definitions(value, definitions)?)));
                Json::Object(inner.collect::<Result<_, String>>()?)
            }
        },
        Json::Array(items) => {
            Json::Array(items.into_iter().map(|item| with_definitions(item, definitions)).collect::<Result<_, _>>()?)
        }
        other => other,
    })
}
