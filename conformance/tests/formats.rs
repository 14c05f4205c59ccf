//! Random policies have the same meaning in each format.
#![expect(clippy::expect_used, reason = "a failed test panics")]

use callgate_conformance::generate::Language;
use callgate_conformance::judge::policy_of;
use callgate_engine::policy::text::convert::convert;
use callgate_engine::{Format, ValidPolicy, compile, validate};

/// The number of random policies.
const GENERATED: u64 = 300;

/// The image without the digest and the length of the policy text, which are those of the file.
fn without_digest(policy: &ValidPolicy<'_>) -> Vec<u8> {
    let image = compile(policy);
    let is_hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    let digest = image.windows(64).position(|window| window.iter().all(is_hex)).expect("a digest");
    let (before, after) = image.split_at(digest);
    [before, after.get(68..).expect("the length")].concat()
}

#[test]
fn a_random_policy_has_the_same_image_in_each_format() {
    let mut compared = 0_usize;
    for number in 0..GENERATED {
        let json = policy_of(number, Language::WHOLE).to_string();
        let Ok(policy) = Format::Json.parse(&json).and_then(validate) else { continue };
        if json.contains("\"perso-") {
            continue;
        }
        for format in Format::ALL {
            let text = convert(&json, Format::Json, format).expect("a text");
            let other = format.parse(&text).and_then(validate).expect(&text);
            assert!(without_digest(&other) == without_digest(&policy), "{json}\n{text}");
            let findings = |policy: &ValidPolicy<'_>| -> Vec<String> {
                let mut messages: Vec<_> = policy.findings().iter().map(|finding| finding.message.clone()).collect();
                messages.sort();
                messages
            };
            assert_eq!(findings(&other), findings(&policy), "{json}\n{text}");
            compared = compared.saturating_add(1);
        }
    }
    assert!(compared > 300, "{compared}");
}
