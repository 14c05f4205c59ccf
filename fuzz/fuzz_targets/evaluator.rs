//! Compares the engine with the reference evaluator, on policies and calls from the input.
#![no_main]

use callgate_fuzz_oracles::evaluator;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Err(problem) = evaluator::check(input) {
        panic!("{problem}");
    }
});
