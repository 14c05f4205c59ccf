//! Random values and their lists: each is equal or close to a value that policies compare with.

use fastrand::Rng;

use crate::json::{Json, string};

pub(crate) const NUMBERS: [&str; 30] = [
    "0",
    "-0",
    "0.0e7",
    "1",
    "-1",
    "4.99",
    "5",
    "5.0",
    "50e-1",
    "0.5E+1",
    "5.00000000000000000001",
    "6",
    "499",
    "499.99999999999999999999",
    "500",
    "5e2",
    "500.0",
    "500.00000000000000001",
    "-500",
    "9007199254740992",
    "9007199254740993",
    "-9007199254740993",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775807",
    "-9223372036854775808",
    "1e-400",
    "-1e-400",
    "1.7976931348623157e308",
    "0.30000000000000004",
];
pub(crate) const TEXTS: [&str; 30] = [
    "", "a", "ab", "aab", "aaab", "aaaa", "b", "prod", "Prod", "PROD", "prod ", "é", "e\u{301}", "x@a.test",
    "x@b.test", "a\nb", "a\n", "日本", "a*b", "😀", "\u{212a}", "k", "αβ", "straße", "\\", "\"", "a\0b", "ORD-8821",
    "ORD-882", "a.b",
];
pub(crate) const PATTERNS: [&str; 13] =
    ["a*", "*b", "a*b", "*a*", "*a*a*b", "a**b", "prod*", "*é*", "x@*.test", "a?b", "[a]*", "a.b", ""];
pub(crate) const EXPRESSIONS: [&str; 20] = [
    "a+",
    "a|ab",
    "(a|aa)+b?",
    "ORD-[0-9]{4}",
    "(?i)prod",
    "(?i)k",
    "é|e\u{301}",
    ".*",
    "(?s).*",
    "[^a]*",
    "^a$",
    "",
    "(?m)^a$\n?b?",
    "\\p{Greek}+",
    "x@[ab]\\.test",
    "(?-u:\\b)a+(?-u:\\b)",
    "a*?b",
    "\\x61\\n?",
    "(?:a{2}){1,2}",
    "日.",
];
pub(crate) const ROOTS: [&str; 7] =
    ["/data", "/data/reports", "/data/reports/", "/srv/pub/", "/", "/data/a b", "/Data/REPORTS"];
pub(crate) const WINDOWS_ROOTS: [&str; 6] =
    ["C:\\data", "c:/data/reports", "C:\\data\\reports\\", "D:\\", "C:/", "C:\\Data\\a b"];
pub(crate) const GLOBS: [&str; 7] =
    ["/data/**/.env*", "/**", "/data/*", "/**/*.csv", "/*/reports/**", "/data/**/q*", "/"];
pub(crate) const RELATIVE_GLOBS: [&str; 5] = ["**", "**/.env*", "data/*", "*.csv", "*/reports/**"];
pub(crate) const WINDOWS_GLOBS: [&str; 4] = ["C:\\**\\.env*", "c:/data/*", "C:/**", "D:/**/*.csv"];
pub(crate) const RELATIVE_ROOTS: [&str; 6] = ["data", "data/reports/", ".", "./", ".ENV", "é"];
const SEGMENTS: [&str; 65] = [
    "data",
    "reports",
    "reports_private",
    "Data",
    "a b",
    "q3.csv",
    ".env",
    "...a",
    "100%",
    "%zz",
    "é",
    "..",
    ".",
    "...",
    "x.",
    "x ",
    "",
    "..;",
    "..;a=b",
    "a;b",
    ";",
    "%2e%2e",
    "%2E.",
    "%252e",
    "％2e％2e",
    "%00",
    "..\\x",
    "\0",
    "\n",
    "．．",
    "\u{2025}",
    "\u{fe30}",
    "\u{2488}",
    "\u{2105}",
    "\u{1f100}x",
    "\u{fe6a}2f",
    "a\u{ff0f}b",
    "a\u{2215}b",
    "\u{fe68}",
    "..\u{200d}",
    "a\u{ad}b",
    "x\u{fe0f}",
    "\u{180e}y",
    "%u002e",
    "a:b",
    "..\u{a0}",
    "..\u{37e}",
    "..¥",
    "a\u{2216}b",
    "..\u{301}",
    "日.本",
    "日.txt",
    "日 本",
    "ノート",
    "..ノx",
    "a;..é;b",
    "\u{660}\u{660}",
    "\u{662}\u{660}",
    "a\u{6d4}b",
    "a\u{2571}b",
    "%é2e",
    "DATA",
    "É",
    "DATA~1",
    "$HOME",
];
pub(crate) const SCHEMES: [&str; 6] = ["https", "http", "HTTPS", "ftp", "wss", "foo"];
pub(crate) const ALLOWED_HOSTS: [&str; 12] = [
    "api.example.com",
    "API.example.com",
    "*.example.com",
    "*.cdn.test",
    "10.0.0.1",
    "[2001:db8::1]",
    "localhost",
    "*.com",
    "xn--bcher-kva.test",
    "*.xn--bcher-kva.test",
    "public",
    "PUBLIC.test",
];
pub(crate) const PATHS: [&str; 9] =
    ["/", "/**", "/v1", "/v1/*", "/v1/**", "/**/x", "/v*/a%20b/**", "/*/x/**/z", "/caf%C3%A9"];
pub(crate) const MEMBERS: [&str; 14] = ["n", "m", "s", "É", "a/b", "x.y", "b", "L", "o", "p", "u", "i", "0", "S"];
const HOSTS: [&str; 64] = [
    "api.example.com",
    "API.EXAMPLE.COM",
    "example.com",
    "a.b.example.com",
    "cdn.test",
    "x.cdn.test",
    "evilcdn.test",
    "api.example.com.",
    "api..example.com",
    ".cdn.test",
    "api.example.com.evil.test",
    "-a.example.com",
    "a-.example.com",
    "a_b.example.com",
    "xn--bcher-kva.example.com",
    "xn--a.example.com",
    "XN--bcher-kva.test",
    "a.xn--bcher-kva.test",
    "xn--a.xn--bcher-kva.test",
    "ap%69.example.com",
    "аpi.example.com",
    "api。example.com",
    "localhost",
    "10.0.0.1",
    "10.0.0.2",
    "10.1",
    "0x0a000001",
    "167772161",
    "010.0.0.1",
    "10.0.0.1.",
    "1.2.3.4.5",
    "[2001:db8::1]",
    "[2001:DB8::1]",
    "[2001:db8:0::1]",
    "[::ffff:10.0.0.1]",
    "[::a00:1]",
    "[64:ff9b::a00:1]",
    "[::1]",
    "",
    "a.1b",
    "public",
    "news.example",
    "a.localhost",
    "wiki.CORP",
    "metadata.google.internal",
    "nas.home.arpa",
    "a.onion",
    "a.svc",
    "1.1.1.1",
    "100.100.100.200",
    "127.0.0.2",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.192",
    "198.19.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "255.255.255.255",
    "[2606:4700::1111]",
    "[2001:1ff::1]",
    "[2001:200::1]",
    "[3fff:fff::1]",
    "[fd00:ec2::254]",
];
const AUTHORITY_STARTS: [&str; 3] = ["user@", "api.example.com@", "user:pw@"];
const PORTS: [&str; 13] =
    [":443", ":80", ":8443", ":21", ":8080", ":", ":0", ":0443", ":65536", ":+443", ":443:80", ":x", ":65535"];
const URL_ENDS: [&str; 25] = [
    "/",
    "/v1?q=1",
    "?x=@evil.test",
    "#@evil.test",
    "/a b",
    "\\@evil.test",
    "/\t",
    "/%2e%2e/",
    "/é",
    "/v1",
    "/v1/",
    "/v1/x",
    "/v1/x/",
    "/v1/x/y/z",
    "/v2/a%20b",
    "/v1/../v2",
    "/v1//x",
    "/v1/%78",
    "/v1;a/x",
    "/caf%C3%A9",
    "/caf%c3%a9",
    "/v1%2fx",
    "/v1/x.",
    "//x",
    "/V1",
];
pub(crate) const NETWORKS: [&str; 17] = [
    "10.0.0.0/8",
    "10.0.0.0/31",
    "10.0.0.1/32",
    "0.0.0.0/0",
    "2001:db8::/32",
    "::/0",
    "::1/128",
    "2001:db8::/127",
    "128.0.0.0/1",
    "private",
    "loopback",
    "link-local",
    "shared",
    "metadata",
    "multicast",
    "reserved",
    "public",
];
const ADDRESSES: [&str; 54] = [
    "10.0.0.0",
    "10.0.0.1",
    "10.0.0.2",
    "10.255.255.255",
    "11.0.0.0",
    "127.255.255.255",
    "128.0.0.0",
    "2001:db8::1",
    "2001:DB8:0::1",
    "2001:db8::2",
    "2001:db9::",
    "::1",
    "::ffff:10.0.0.1",
    "::ffff:a00:1",
    "::10.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::a00:1",
    "2002:a00:1::",
    "2003::",
    "2001:0:a00:1::",
    "::ffff:0:10.0.0.1",
    "fe80::5efe:10.0.0.1",
    "fe80::200:5efe:a00:1",
    "010.0.0.1",
    "10.1",
    "10.0.0.1 ",
    "10.0.0.1/8",
    "",
    "localhost",
    "fe80::1%eth0",
    "[::1]",
    "1.1.1.1",
    "0.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "168.63.129.16",
    "169.254.169.254",
    "172.31.255.255",
    "172.32.0.0",
    "192.0.0.192",
    "192.0.2.1",
    "192.168.0.1",
    "198.20.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "100::1",
    "2606:4700::1111",
    "2001:1ff::",
    "3fff:1000::",
    "4000::",
    "fd00:ec2::254",
    "fe80::1",
    "ff02::1",
];
pub(crate) const TIMES: [i64; 22] = [
    0,
    -1,
    59,
    60,
    86_399,
    86_400,
    1_795_233_906,
    1_795_219_140,
    1_795_219_200,
    1_795_305_599,
    1_795_305_600,
    -62_000_000_000,
    4_102_444_800,
    1_795_267_800,
    // The ends of summer time, and of the times of which images know the offsets.
    1_774_745_999,
    1_774_746_000,
    1_792_889_999,
    1_792_890_000,
    1_772_953_200,
    946_684_799,
    946_684_800,
    4_102_444_799,
];
pub(crate) const CLOCKS: [&str; 9] = ["00:00", "00:01", "04:05", "04:06", "09:00", "12:30", "17:30", "23:59", "24:00"];
pub(crate) const OFFSETS: [&str; 7] = ["Z", "+00:00", "+01:00", "-05:30", "+14:00", "-14:00", "+05:45"];
pub(crate) const ZONES: [&str; 6] =
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata", "UTC"];
pub(crate) const DATES: [&str; 7] = [
    "2026-03-29",
    "2026-10-25",
    "2026-11-21",
    "2026-11-20/2026-11-22",
    "2026-01-01/2026-12-31",
    "2000-01-01",
    "2099-12-31",
];
pub(crate) const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
pub(crate) const COUNTRIES: [&str; 3] = ["DE", "FR", "US"];

/// The names of arguments and attributes, and their usual values.
pub(crate) const NAMES: [(&str, Kind); 14] = [
    ("n", Kind::Number),
    ("m", Kind::Number),
    ("s", Kind::Text),
    ("é", Kind::Text),
    ("a/b", Kind::Text),
    ("x.y", Kind::Text),
    ("b", Kind::Bool),
    ("l", Kind::List),
    ("o", Kind::Object),
    ("p", Kind::Path),
    ("u", Kind::Url),
    ("i", Kind::Address),
    ("0", Kind::Bool),
    ("S", Kind::Text),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    Text,
    Bool,
    List,
    Object,
    Path,
    Url,
    Address,
}

/// Picks an item of a list, or the default if it is empty.
pub(crate) fn pick<T: Copy + Default>(random: &mut Rng, list: &[T]) -> T {
    random.choice(list).copied().unwrap_or_default()
}

/// True with a probability of one in `times`.
pub(crate) fn once_in(random: &mut Rng, times: u32) -> bool {
    random.u32(0..times) == 0
}

/// Picks from one to `most` different items of a list.
pub(crate) fn pick_some<T: Copy + Default>(random: &mut Rng, list: &[T], most: usize) -> Vec<T> {
    let count = random.usize(1..=most.min(list.len()));
    random.choose_multiple(list, count).into_iter().copied().collect()
}

pub(crate) fn pick_kind(random: &mut Rng, kinds: &[Kind]) -> Kind {
    random.choice(kinds).copied().unwrap_or(Kind::Text)
}

pub(crate) fn any_kind(random: &mut Rng) -> Kind {
    random.choice(NAMES).map_or(Kind::Text, |(_, kind)| kind)
}

pub(crate) fn source(random: &mut Rng) -> Json {
    if once_in(random, 20) { Json::EMPTY } else { members(random, 2) }
}

fn members(random: &mut Rng, depth: u32) -> Json {
    let mut object = Json::EMPTY;
    for (name, kind) in NAMES {
        match random.u8(0..16) {
            0..=1 => {}
            2 => object.insert(name, Json::Null),
            3..=4 => {
                let kind = any_kind(random);
                object.insert(name, value(random, kind, depth));
            }
            _ => object.insert(name, value(random, kind, depth)),
        }
    }
    object
}

pub(crate) fn value(random: &mut Rng, kind: Kind, depth: u32) -> Json {
    let below = depth.saturating_sub(1);
    match kind {
        Kind::Number => Json::Number(pick(random, &NUMBERS).to_owned()),
        Kind::Text => string(pick(random, &TEXTS)),
        Kind::Bool => Json::Bool(random.bool()),
        Kind::Path => string(path(random)),
        Kind::Url => string(url(random)),
        Kind::Address => string(pick(random, &ADDRESSES)),
        Kind::List if depth == 0 => Json::Array(Vec::new()),
        Kind::Object if depth == 0 => Json::EMPTY,
        Kind::List => {
            let count = random.usize(0..4);
            let kind = any_kind(random);
            Json::Array((0..count).map(|_| item(random, kind, below)).collect())
        }
        Kind::Object => members(random, below),
    }
}

/// An item of a list whose items are mostly of one type.
pub(crate) fn item(random: &mut Rng, kind: Kind, depth: u32) -> Json {
    match random.u8(0..12) {
        0 => Json::Null,
        1 => {
            let kind = any_kind(random);
            value(random, kind, depth)
        }
        2..=5 => members(random, depth),
        _ => value(random, kind, depth),
    }
}

fn path(random: &mut Rng) -> String {
    let mut path = match random.u8(0..10) {
        0 => pick(random, &["", "data", "~", "C:", "file://", "/", "\\data"]).to_owned(),
        1..=6 => pick(random, &ROOTS).trim_end_matches('/').to_owned(),
        _ => String::new(),
    };
    for at in 0..random.u8(0..3) {
        // A path may be relative.
        path.push_str(if at == 0 && path.is_empty() && random.bool() { "" } else { "/" });
        // Plain segments come first in the list, and are picked more often than the others.
        let plain = SEGMENTS.get(..11).unwrap_or_default();
        path.push_str(if once_in(random, 3) { pick(random, &SEGMENTS) } else { pick(random, plain) });
    }
    path.push_str(if once_in(random, 6) { "/" } else { "" });
    if once_in(random, 5) {
        path.insert_str(0, pick(random, &["C:", "c:", "D:", "C:\\", "\\\\?\\C:"]));
        if random.bool() {
            path = path.replace('/', "\\");
        }
    }
    path
}

fn url(random: &mut Rng) -> String {
    let mut url = pick(random, &["https", "https", "https", "http", "HTTPS", "ftp", "wss", "foo", "file", "1http", ""])
        .to_owned();
    url.push_str(if once_in(random, 30) { pick(random, &[":", ":/", ":///", ":\\\\", "//"]) } else { "://" });
    url.push_str(if once_in(random, 16) { pick(random, &AUTHORITY_STARTS) } else { "" });
    url.push_str(if random.bool() {
        pick(random, &HOSTS)
    } else {
        pick(random, &["api.example.com", "x.cdn.test", "10.0.0.1"])
    });
    url.push_str(if once_in(random, 3) { pick(random, &PORTS) } else { "" });
    url.push_str(if random.bool() { pick(random, &URL_ENDS) } else { "" });
    url
}
