//! Checks arbitrary text as a policy in YAML and in JSON with comments.
#![no_main]

use callgate_fuzz_oracles::policy_yaml;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Err(problem) = policy_yaml::check(input) {
        panic!("{problem}");
    }
});
