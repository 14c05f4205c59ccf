//! Prints the image size per (role, tool) entry, and the size of the policy's strings.
#![expect(clippy::print_stdout, reason = "the lines are read by `cargo xtask bench`")]
#![expect(clippy::expect_used, reason = "a measurement stops if its policy is invalid")]

use std::collections::BTreeSet;

use callgate_bench::{image, policy_text, shared_policy_text};
use serde_json::{Value, json};

/// The number of (role, tool) pairs of each policy.
const ENTRIES: u32 = 100_000;

fn main() {
    let rules = usize::try_from(ENTRIES).expect("a number of rules");
    let conditional = policy_text(rules);
    for (row, text) in [
        ("100,000 rules without conditions, one for each pair", without_conditions(&conditional)),
        ("100,000 rules, most with conditions, one for each pair", conditional),
        ("10 rules, each for all tools of a role", shared_policy_text(rules)),
    ] {
        let bytes = count(image(&text).expect("a valid policy").len());
        let strings = count(strings(&serde_json::from_str(&text).expect("a policy")).iter().map(String::len).sum());
        let line = |column: &str, value: f64| {
            println!("{}", json!({ "table": "image", "row": row, "column": column, "value": value, "unit": "B" }));
        };
        line("image", f64::from(bytes));
        line("strings in it", f64::from(strings));
        line("the rest, each pair", f64::from(bytes.saturating_sub(strings)) / f64::from(ENTRIES));
    }
}

fn without_conditions(policy: &str) -> String {
    let mut policy: Value = serde_json::from_str(policy).expect("a policy");
    for rule in policy.get_mut("rules").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(condition) = rule.get_mut("condition") {
            *condition = Value::Null;
        }
    }
    policy.to_string()
}

fn count(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("an image is smaller than 4 GiB")
}

/// The names of rules, tools and roles, each of which is in an image once.
fn strings(policy: &Value) -> BTreeSet<String> {
    let list = |name: &str| policy.get(name).and_then(Value::as_array).into_iter().flatten();
    let ids = list("rules").filter_map(|rule| rule.get("id")).filter_map(Value::as_str);
    let tools = list("tools").filter_map(Value::as_str);
    let roles = policy.get("roles").and_then(Value::as_object).into_iter().flat_map(|roles| roles.keys());
    ids.chain(tools).chain(roles.map(String::as_str)).map(str::to_owned).collect()
}
