//! Checks arbitrary bytes as the body of a request.
#![no_main]

use callgate_fuzz_oracles::request_reader;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Err(problem) = request_reader::check(input) {
        panic!("{problem}");
    }
});
