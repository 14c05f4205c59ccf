//! Checks arbitrary text as a policy.
#![no_main]

use callgate_fuzz_oracles::policy_text;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Err(problem) = policy_text::check(input) {
        panic!("{problem}");
    }
});
