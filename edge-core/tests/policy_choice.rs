//! Which policy a build embeds: nobody deploys the demo without its name.

use std::env::VarError;

#[path = "../build/choice.rs"]
mod choice;

#[track_caller]
fn check(profile: &str, variable: Option<&str>, expected: Result<&str, &str>) {
    let chosen = choice::choose(profile, variable.map(str::to_owned).ok_or(VarError::NotPresent));
    let chosen = chosen.as_deref().map_err(|message| message.lines().next().unwrap_or_default());
    assert_eq!(chosen, expected);
}

#[test]
fn a_build_that_can_be_deployed_names_its_policy() {
    for profile in ["release", "debug"] {
        check(profile, Some("policies/mine.json"), Ok("policies/mine.json"));
        for blank in ["", " \n"] {
            check(profile, Some(blank), Err("error: the variable `CALLGATE_POLICY` is blank"));
        }
    }
    for profile in ["release", ""] {
        check(profile, None, Err("error: the variable `CALLGATE_POLICY` is not set"));
    }
}

#[test]
fn a_debug_build_embeds_the_demo_unless_another_policy_is_named() {
    check("debug", None, Ok("policies/crm.json"));
    check("debug", Some("policies/crm.json"), Ok("policies/crm.json"));
}
