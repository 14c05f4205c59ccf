//! The key `when`: expressions that mean the same as conditions in JSON, their errors, and the way back.
#![expect(clippy::panic, reason = "a test states what must hold by failing")]

mod forms;
mod truth;
mod errors;
mod define;
mod convert;

use serde_json::{Value, json};

/// A policy with one rule for the tool `tool`, which has these keys besides.
fn policy(rule: &Value) -> Value {
    let mut whole = json!({ "effect": "Allow", "tool_name": "tool", "roles": ["agent"], "id": "rule" });
    if let (Some(whole), Some(rule)) = (whole.as_object_mut(), rule.as_object()) {
        whole.extend(rule.clone());
    }
    json!({ "version": "callgate-1", "tools": ["tool"], "roles": { "agent": {} }, "rules": [whole] })
}

/// A policy with one rule with an expression.
fn with_when(when: &str) -> String {
    policy(&json!({ "when": when })).to_string()
}
