//! Compares the image with the reference on JSON Schemas and values.
#![no_main]

use callgate_fuzz_oracles::json_schema;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Err(problem) = json_schema::check(input) {
        panic!("{problem}");
    }
});
