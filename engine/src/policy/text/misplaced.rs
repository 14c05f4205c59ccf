//! Words of the policy language that are written in a wrong place.

use alloc::format;
use alloc::string::String;

/// Keys that belong to one concept, or to one in most cases. Keys of several concepts are missing.
const KEYS: [(&str, &[&str]); 10] = [
    ("a policy", &["$schema", "version", "description", "servers", "prompts", "define", "rules"]),
    ("a tool", &["inputSchema"]),
    ("a role", &["inherits"]),
    (
        "a rule",
        &[
            "id",
            "effect",
            "except",
            "tool_name",
            "prompt_name",
            "resource_uri",
            "operations",
            "server",
            "when",
            "condition",
            "reason",
            "disclose",
            "approval",
        ],
    ),
    ("`approval`", &["by", "notSelf", "expires"]),
    (
        "`condition`",
        &[
            "All",
            "Any",
            "Not",
            "Every",
            "Some",
            "NumericCheck",
            "StringCheck",
            "BoolCheck",
            "LengthCheck",
            "FieldPresent",
            "FieldEquals",
            "FieldCompare",
            "TimeCheck",
            "PathCheck",
            "UrlCheck",
            "CidrCheck",
            "Defined",
        ],
    ),
    ("a check such as `NumericCheck`", &["source", "field", "op", "value"]),
    ("`TimeCheck`", &["from", "to", "weekdays", "dates", "zone", "offset"]),
    ("`PathCheck`", &["roots", "globs"]),
    ("`UrlCheck`", &["schemes", "hosts", "ports"]),
];

const NUMERIC_OPS: [&str; 6] = ["Eq", "Ne", "Lt", "Lte", "Gt", "Gte"];
const STRING_OPS: [&str; 7] = ["In", "NotIn", "StartsWith", "EndsWith", "Contains", "Glob", "Matches"];

/// The fix for an unknown key of `what`, if the key belongs to another concept.
pub(crate) fn key_fix(what: &str, key: &str) -> Option<String> {
    let (owner, _) = KEYS.into_iter().find(|(_, keys)| keys.contains(&key))?;
    // Most checks have a key of almost the same name, such as `field_a` for `field`.
    let is_of_check = owner.starts_with("a check") && what.starts_with('`');
    (owner != what && !is_of_check).then(|| format!("`{key}` belongs to {owner}"))
}

/// The fix for an unknown operator, if it belongs to another check. `what` names the check in backticks.
pub(crate) fn operator_fix(what: &str, name: &str) -> Option<String> {
    let is_name = |op: &&&str| op.eq_ignore_ascii_case(name);
    if let Some(op) = STRING_OPS.iter().find(is_name) {
        return (!what.contains("`StringCheck`")).then(|| format!("`{op}` belongs to `StringCheck`"));
    }
    let op = NUMERIC_OPS.iter().find(is_name)?;
    match *op {
        _ if what.contains("`NumericCheck`") => None,
        "Eq" => Some(String::from("write `In` with a list of one value")),
        "Ne" => Some(String::from("write `NotIn` with a list of one value")),
        _ => Some(format!("`{op}` belongs to `NumericCheck`")),
    }
}
