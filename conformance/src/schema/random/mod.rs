//! Random schemas, and random values that mostly conform to them.

pub mod schemas;
pub mod values;

use fastrand::Rng;

use crate::json::Json;
use crate::values::{NUMBERS, once_in, pick};

/// Bounds of sizes, multiples and numbers, small enough that values are often equal or close to them.
const SMALL: [&str; 10] = ["0", "1", "2", "3", "5", "5.0", "0.5", "-1", "100", "1e1"];

/// Numbers that are exact, and some that binary64 confuses with others.
fn number(random: &mut Rng) -> Json {
    let text = if once_in(random, 3) { pick(random, &NUMBERS) } else { pick(random, &SMALL) };
    Json::Number(text.to_owned())
}

/// Patterns of the common ground of ECMA-262 and the crate, and texts that match each.
const PATTERNS: [(&str, &[&str]); 8] = [
    ("a+", &["a", "xaay"]),
    ("^a|b$", &["ax", "xb"]),
    ("^[a-c]{2,3}$", &["ab", "cab"]),
    (r"^\d+$", &["7", "2024"]),
    (r"^\w*@[ab]\.test$", &["x@a.test", "@b.test"]),
    ("é", &["é", "caféé"]),
    ("^.$", &["😀", "x"]),
    ("^(?:prod|test)?$", &["", "prod"]),
];

/// Formats, and texts that have each; callgate ignores the last two.
const FORMATS: [(&str, &[&str]); 8] = [
    ("date-time", &["2024-02-29T12:00:00Z", "2023-12-31t23:59:59.5+01:00"]),
    ("date", &["2024-02-29", "2023-12-31"]),
    ("time", &["12:00:00Z", "23:59:59.001-05:30"]),
    ("uuid", &["2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2EB8AA08-AA98-11EA-B4AA-73B441D16380"]),
    ("ipv4", &["10.0.0.1", "127.0.0.1"]),
    ("ipv6", &["::1", "2001:db8::1", "::ffff:10.0.0.1"]),
    ("email", &["x@a.test"]),
    ("uri", &["https://a.test/"]),
];

/// Texts that nearly have a format.
const NEAR_FORMATS: [&str; 16] = [
    "2023-02-29",
    "1900-02-29",
    "2024-13-01",
    "2024-02-29 12:00:00Z",
    "2024-02-29T12:00:00",
    "12:00:60Z",
    "23:59:60Z",
    "24:00:00Z",
    "12:00:00+24:00",
    "12:00:00.Z",
    "2eb8aa08aa9811eab4aa73b441d16380",
    "2eb8aa08-aa98-11ea-b4aa-73b441d1638g",
    "010.0.0.1",
    "10.1",
    "fe80::1%eth0",
    "1::2::3",
];
