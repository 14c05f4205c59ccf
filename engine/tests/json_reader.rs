//! Compares the reader of calls with serde_json, on random edits of the bodies of the case files.
#![expect(clippy::expect_used, clippy::panic, reason = "a test states what must hold by failing")]

use callgate_engine::Fault;
use callgate_engine::json::{Kind, RawValue, read};
use callgate_test_support::read_checkout;
use serde_json::Value;

const MAX_DEPTH: usize = 32;

/// The texts that edits insert: parts of JSON, and near misses.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u",
    "\\ud83d",
    "\\ude00",
    "\\n",
    "\\x",
    " ",
    "\t",
    "\u{b}",
    "\u{1}",
    "0",
    "-",
    "1",
    ".",
    "e",
    "E+",
    "1e308",
    "1e309",
    "true",
    "null",
    "nul",
    "é",
    "😀",
    "\u{feff}",
    "\u{7f}",
    "\"a\":",
    "\"a\":1,",
    "\"\\u0061\":2,",
    "[[[[[[[[[[[[[[[[",
    "{\"a\":{\"b\":[",
    "abcdefghijklmnopqrstuvwxyz0123456789",
];

fn bodies() -> Vec<String> {
    let cases = read_checkout("testdata/http/json.jsonl");
    let body = |line: &str| {
        let case: Value = serde_json::from_str(line).expect("a case");
        case.get("body").and_then(Value::as_str).map(str::to_owned)
    };
    cases.lines().filter_map(body).collect()
}

fn edit(text: &str, random: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..random.usize(1..3) {
        let at = random.usize(0..=bytes.len());
        let end = bytes.len().min(at.saturating_add(random.usize(0..4)));
        match random.u8(0..4) {
            0 => drop(bytes.drain(at..end)),
            1 => drop(bytes.splice(at..end, [random.u8(..)])),
            _ => {
                let piece = PIECES.get(random.usize(0..PIECES.len())).copied().unwrap_or_default();
                drop(bytes.splice(at..end, piece.bytes()));
            }
        }
    }
    bytes
}

/// Whether a value equals the value of serde_json, down to the last string.
fn is_same(raw: RawValue<'_>, value: &Value) -> bool {
    match (raw.kind(), value) {
        (Kind::Null, Value::Null) => true,
        (Kind::Bool(a), Value::Bool(b)) => a == *b,
        (Kind::Number, Value::Number(_)) => serde_json::from_str::<Value>(raw.text()).is_ok_and(|read| read == *value),
        (Kind::String, Value::String(text)) => raw.as_string().is_some_and(|raw| raw == text.as_str()),
        (Kind::Array, Value::Array(items)) => {
            let mut rest = items.iter();
            let looked = raw.for_items(|raw| rest.next().is_some_and(|item| is_same(raw, item)));
            looked.is_some() && rest.next().is_none() && raw.length() == Some(items.len())
        }
        (Kind::Object, Value::Object(members)) => {
            let mut all = true;
            let looked = raw.for_members(|name, raw| {
                all = members.get(name).is_some_and(|value| is_same(raw, value));
                all
            });
            // A lookup of each of many names would take quadratic time.
            let found = members.iter().take(20).all(|(name, _)| raw.member(name).is_some());
            looked.is_some() && all && found && raw.length() == Some(members.len())
        }
        _ => false,
    }
}

#[track_caller]
fn check(text: &[u8]) -> Result<(), Fault> {
    let shown = String::from_utf8_lossy(text);
    match (read(text, MAX_DEPTH), serde_json::from_slice::<Value>(text)) {
        (Ok(raw), Ok(value)) => {
            assert!(is_same(raw, &value), "{shown}");
            Ok(())
        }
        (Ok(_), Err(error)) => panic!("read what serde_json refuses, {error}: {shown}"),
        (Err(fault), Err(_)) => Err(fault),
        // Texts that only I-JSON and the limits forbid.
        (Err(fault @ (Fault::DuplicateMember | Fault::TooDeep | Fault::NumberOutOfRange)), Ok(_)) => Err(fault),
        (Err(fault), Ok(_)) => panic!("{fault:?} where serde_json reads: {shown}"),
    }
}

#[test]
fn what_is_read_is_what_serde_json_reads() {
    let bodies = bodies();
    let mut random = fastrand::Rng::with_seed(0x0000_15ca_1190_7e00);
    let (mut taken, mut refused) = (0_u32, 0_u32);
    for body in &bodies {
        // One edit of invalid JSON seldom makes it valid.
        if check(body.as_bytes()).is_err() || body.len() > 2_000 {
            continue;
        }
        for _ in 0..200 {
            let count = if check(&edit(body, &mut random)).is_ok() { &mut taken } else { &mut refused };
            *count = count.saturating_add(1);
        }
    }
    assert!(taken > 5_000 && refused > 10_000, "{taken} texts were taken, {refused} refused");
}

#[test]
fn a_name_that_stands_twice_is_found_among_any_number() {
    for count in [2_usize, 47, 48, 49, 100, 6_000, 9_000, 20_000] {
        let members: Vec<String> = (0..count).map(|n| format!("\"n{n}\":{{\"a\":[{{\"b\":0}}]}}")).collect();
        let object = |more: &str| format!("[{{{}{more}}},{{\"n1\":0}}]", members.join(","));
        assert_eq!(check(object("").as_bytes()), Ok(()), "{count}");
        for twice in [0, count / 2, count.saturating_sub(1)] {
            let text = object(&format!(",\"\\u006e{twice}\":1"));
            assert_eq!(check(text.as_bytes()), Err(Fault::DuplicateMember), "{twice} of {count}");
        }
    }
}

#[test]
fn what_ends_a_string_is_found_wherever_it_stands() {
    // Strings are read in blocks of 8 and of 32 bytes: two special bytes must not hide each other, nor non-ASCII bytes.
    for plain in ["a", "é", "\u{7f}"] {
        for length in 0..80_usize {
            let text = plain.repeat(length);
            check(format!("\"{text}\"").as_bytes()).unwrap_or_else(|fault| panic!("{length}: {fault:?}"));
            for (special, more) in [("\n", "\n"), ("\u{1f}", "\""), ("\\x", "\n"), ("\0", "\\")] {
                for gap in 0..34 {
                    let text = format!("\"{text}{special}{}{more}\"", "a".repeat(gap));
                    assert_eq!(check(text.as_bytes()), Err(Fault::Syntax), "{text:?}");
                }
            }
        }
    }
}
