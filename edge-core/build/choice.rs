//! Which policy a build embeds.

use std::env::VarError;

/// The policy that a debug build embeds if the environment names none.
const DEMO_POLICY: &str = "policies/crm.json";

/// The path of the policy, given cargo's profile and the value of `CALLGATE_POLICY`.
///
/// A release build is what people deploy, and nobody must deploy the demo because the variable is not set. A debug build is
/// for editors, lints and tests.
///
/// # Errors
/// The variable does not name a policy.
pub(crate) fn choose(profile: &str, variable: Result<String, VarError>) -> Result<String, String> {
    let problem = match variable {
        Ok(path) if !path.trim().is_empty() => return Ok(path),
        Ok(_) => "is blank",
        Err(VarError::NotUnicode(_)) => "is not Unicode",
        Err(VarError::NotPresent) if profile == "debug" => return Ok(DEMO_POLICY.to_owned()),
        Err(VarError::NotPresent) => "is not set",
    };
    let fix = format!("set it to the path of your policy; `{DEMO_POLICY}` is the demo");
    Err(format!("error: the variable `CALLGATE_POLICY` {problem}\n  = help: {fix}"))
}
