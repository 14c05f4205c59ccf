//! Checks an arbitrary string as a path, a URL and an address.
#![no_main]

use callgate_fuzz_oracles::path_and_url;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Err(problem) = path_and_url::check(input) {
        panic!("{problem}");
    }
});
