//! Checks an arbitrary string as an expression.
#![no_main]

use callgate_fuzz_oracles::when;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Err(problem) = when::check(input) {
        panic!("{problem}");
    }
});
