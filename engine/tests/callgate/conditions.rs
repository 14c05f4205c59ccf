//! The requirements of each condition.

use callgate_engine::{Code, Effect, RequestFacts};
use serde_json::{Value, json};

use crate::judge::{
    allow_if, check, check_allow_condition, check_condition, check_facts, check_reason, no_number, numeric, refund,
    strings, unknown_and,
};

#[test]
fn numbers_compare_by_each_operator() {
    let (less, equal, more) = (json!({"x": 4.99}), json!({"x": 5.0}), json!({"x": 6}));
    let all = [&less, &equal, &more];
    for (op, holds) in [
        ("Eq", &[&equal][..]),
        ("Ne", &[&less, &more]),
        ("Lt", &[&less]),
        ("Lte", &[&less, &equal]),
        ("Gt", &[&more]),
        ("Gte", &[&equal, &more]),
    ] {
        let fails: Vec<Value> = all.iter().filter(|args| !holds.contains(args)).map(|&args| args.clone()).collect();
        let holds: Vec<Value> = holds.iter().map(|&args| args.clone()).collect();
        check_condition(&numeric(op, &json!(5)), &holds, &fails, &no_number());
    }
}

#[test]
fn strings_are_looked_up_as_they_are() {
    let check_x =
        |op: &str| json!({ "StringCheck": { "source": "Arguments", "field": "x", "op": op, "value": ["prod", "a"] } });
    let listed = [json!({"x": "prod"}), json!({"x": "a"})];
    let others = [json!({"x": "Prod"}), json!({"x": ""}), json!({"x": "prod "}), json!({"x": "pro"})];
    let no_string = [json!({}), json!({"x": null}), json!({"x": 1}), json!({"x": ["prod"]}), json!({"x": true})];
    check_condition(&check_x("In"), &listed, &others, &no_string);
    check_condition(&check_x("NotIn"), &others, &listed, &no_string);
}

/// Checks a `StringCheck` with one text or a list.
#[track_caller]
fn check_string(op: &str, value: &Value, holds: &[&str], fails: &[&str]) {
    let condition = json!({ "StringCheck": { "source": "Arguments", "field": "x", "op": op, "value": value } });
    let strings = |list: &[&str]| list.iter().map(|text| json!({ "x": text })).collect::<Vec<Value>>();
    let no_string = [json!({}), json!({"x": null}), json!({"x": 1}), json!({"x": ["a"]}), json!({"x": true})];
    check_condition(&condition, &strings(holds), &strings(fails), &no_string);
}

#[test]
fn strings_are_compared_in_part() {
    check_string("StartsWith", &json!("ab"), &["ab", "abc"], &["", "a", "Ab", " ab", "cab"]);
    check_string("EndsWith", &json!(["@a.test", "@b.test"]), &["x@a.test", "@b.test"], &["x@a.test.", "a.test", ""]);
    check_string("Contains", &json!("é"), &["é", "café!"], &["", "e", "e\u{301}"]);
}

#[test]
fn a_star_stands_for_any_run_of_characters_and_nothing_else_is_special() {
    check_string("Glob", &json!("a*b"), &["ab", "a*b", "axxb", "aab", "a/\n/b"], &["a", "b", "abc", "xab", "AB", ""]);
    check_string("Glob", &json!("*.csv"), &[".csv", "a.b.csv"], &["csv", "a.csv.exe", "a.csvx", "acsv"]);
    check_string("Glob", &json!("a*a"), &["aa", "aXa"], &["a"]);
    check_string("Glob", &json!("*a*a*b"), &["aab", "xaxaxb"], &["ab", "aaaa", "b"]);
    check_string("Glob", &json!("a?[b]"), &["a?[b]"], &["axb", "ab"]);
    check_string("Glob", &json!(["x", "y*"]), &["x", "y", "yz"], &["xx", "z"]);
    check_string("Glob", &json!("é*"), &["é", "école"], &["e", ""]);
}

#[test]
fn a_regular_expression_matches_the_whole_string() {
    check_string(
        "Matches",
        &json!("ORD-[0-9]{4}"),
        &["ORD-8821"],
        &["", "ORD-882", "xORD-8821", "ORD-8821\n", "ORD-88211"],
    );
    check_string("Matches", &json!("a|b"), &["a", "b"], &["ab", "", "c"]);
    check_string("Matches", &json!(["a+", "x.z"]), &["aaa", "xyz", "xéz"], &["aaab", "xyyz", "x\nz"]);
    check_string("Matches", &json!("(?i)prod|é"), &["PROD", "prod", "É"], &["prodx", "e"]);
    check_string("Matches", &json!("^a$"), &["a"], &["aa", "a\n"]);
    check_string("Matches", &json!(".*"), &["", "anything"], &["two\nlines"]);
    check_string("Matches", &json!("\\p{Greek}+"), &["αβγ"], &["abc", "αb"]);
    check_string("Matches", &json!(""), &[""], &["a"]);
    check_string("Matches", &json!(["(?x) a # a comment", "b"]), &["a", "b"], &["ab", "a # a comment"]);
    check_string("Matches", &json!(["(?i)a", "b"]), &["A", "b"], &["B"]);
    let hostile = "a".repeat(50_000) + "!";
    check_string("Matches", &json!("(a+)+"), &["a"], &[&hostile]);
}

#[test]
fn a_pattern_is_matched_in_linear_time() {
    let text = "a".repeat(200_000);
    let stars = "*a".repeat(2_000) + "*b";
    let started = std::time::Instant::now();
    check_string("Glob", &json!(stars), &[], &[&text]);
    assert!(started.elapsed().as_secs() < 20, "a backtracking matcher would not end");
}

#[test]
fn lengths_are_counted_in_characters_items_and_members() {
    let at_most_2 = json!({ "LengthCheck": { "source": "Arguments", "field": "x", "op": "Lte", "value": 2 } });
    let short = [
        json!({"x": ""}),
        json!({"x": "é\u{1f600}"}),
        json!({"x": []}),
        json!({"x": [[], {}]}),
        json!({"x": {"a": 1}}),
    ];
    let long = [
        json!({"x": "abc"}),
        json!({"x": "e\u{301}x"}),
        json!({"x": [1, 2, 3]}),
        json!({"x": {"a": 1, "b": 2, "c": 3}}),
    ];
    let unknown = [json!({}), json!({"x": null}), json!({"x": 1}), json!({"x": true})];
    check_condition(&at_most_2, &short, &long, &unknown);
    let exactly_1 = json!({ "LengthCheck": { "source": "Arguments", "field": "x", "op": "Eq", "value": 1 } });
    check_condition(&exactly_1, &[json!({"x": "\n"})], &[json!({"x": ""}), json!({"x": "ab"})], &unknown);
}

#[test]
fn two_numbers_compare_exactly() {
    let condition = json!({ "FieldCompare": {
        "source_a": "Arguments", "field_a": "x", "op": "Lte", "source_b": "Arguments", "field_b": "y" } });
    let holds = [
        json!({"x": 1, "y": 1.0}),
        json!({"x": -1, "y": 0}),
        json!({"x": 9007199254740992_u64, "y": 9007199254740993_u64}),
        json!({"x": 9007199254740993_u64, "y": 9007199254740993_u64}),
    ];
    let fails = [json!({"x": 2, "y": 1}), json!({"x": 9007199254740993_u64, "y": 9007199254740991_u64})];
    let unknown = [
        json!({"x": 9007199254740993_u64, "y": 9007199254740992_u64}),
        json!({}),
        json!({"x": 1}),
        json!({"y": 1}),
        json!({"x": "1", "y": 1}),
        json!({"x": 1, "y": null}),
        json!({"x": [1], "y": [1]}),
    ];
    check_condition(&condition, &holds, &fails, &unknown);
}

#[test]
fn a_path_lies_in_a_root_after_all_readers_agree_on_it() {
    let condition =
        json!({ "PathCheck": { "source": "Arguments", "field": "x", "roots": ["/data/reports", "/srv/pub/"] } });
    check_condition(
        &condition,
        &strings(&["/data/reports/q3.csv", "/data/reports", "/srv/pub/a/b"]),
        &strings(&["/data/reports_private/x", "/etc/passwd", "/", "/srv/public"]),
        &unknown_and(&[
            "",
            "reports/x",
            "/data/reports/../../etc/passwd",
            "/data/reports/%2e%2e/x",
            "\\data",
            "//data/reports/x",
        ]),
    );
}

#[test]
fn a_url_goes_where_the_policy_says() {
    let condition =
        json!({ "UrlCheck": { "source": "Arguments", "field": "x", "hosts": ["api.example.com", "*.cdn.test"] } });
    check_allow_condition(
        &condition,
        &strings(&[
            "https://api.example.com/v1?q=1",
            "https://API.EXAMPLE.COM",
            "https://api.example.com:443/",
            "https://a.cdn.test/",
            "https://a.b.CDN.test/",
        ]),
        &strings(&[
            "http://api.example.com/",
            "https://api.example.com.evil.test/",
            "https://api.example.com:8443/",
            "https://cdn.test/",
            "https://evilcdn.test/",
            "https://evil.test/?https://api.example.com/",
            "http://169.254.169.254/",
            "ftp://api.example.com/",
        ]),
        &unknown_and(&[
            "",
            "api.example.com",
            "https://api.example.com@evil.test/",
            "http://127.1/",
            "https://\u{430}pi.example.com/",
            "https://api.example.com\\@evil.test",
            "ht\ttps://api.example.com/",
            "https://.cdn.test/",
            // Punycode that the policy does not contain, valid or not.
            "https://xn--a.cdn.test/",
            "https://xn--bcher-kva.example/",
            "https://XN--A.cdn.test/",
        ]),
    );
    let condition = json!({ "UrlCheck": {
        "source": "Arguments", "field": "x", "hosts": ["xn--bcher-kva.test", "*.xn--bcher-kva.test"] } });
    check_allow_condition(
        &condition,
        &strings(&["https://xn--bcher-kva.test/", "https://XN--Bcher-kva.test/", "https://a.xn--bcher-kva.test/"]),
        &strings(&["https://bcher-kva.test/"]),
        &unknown_and(&["https://xn--a.xn--bcher-kva.test/", "https://xn--bcher-kv.test/", "https://bücher.test/"]),
    );
    let condition = json!({ "UrlCheck": {
        "source": "Arguments", "field": "x", "schemes": ["http", "https"], "hosts": ["10.0.0.1", "[2001:db8::1]"], "ports": [80, 8080] } });
    check_condition(
        &condition,
        &strings(&["http://10.0.0.1/", "http://10.0.0.1:8080/", "https://[2001:db8::1]:80/"]),
        &strings(&["https://10.0.0.1/", "http://10.0.0.2/", "http://10.0.0.1:81/", "http://[2001:db8::2]/"]),
        &unknown_and(&["http://10.1/", "http://[2001:db8:0:0::1]/", "http://[::ffff:10.0.0.1]/"]),
    );
}

#[test]
fn a_url_check_may_cover_every_scheme_and_port() {
    let of = |schemes: Value, ports: Value| {
        json!({ "UrlCheck": { "source": "Arguments", "field": "x", "schemes": schemes,
                "hosts": ["169.254.169.254", "localhost", "*.internal", "[fd00:ec2::254]"], "ports": ports } })
    };
    let others =
        ["https://news.example/", "http://169.254.169.253/", "http://internal/", "https://localhost.example:1/"];
    let unknown = unknown_and(&[
        "http://[::ffff:169.254.169.254]/",
        "http://2852039166/",
        "http://169.254.169.254./",
        "http://user@localhost/",
        "file://localhost/x",
        "//localhost/",
    ]);
    for any in [json!("*"), json!(["*"])] {
        check_condition(
            &of(any.clone(), any),
            &strings(&[
                "http://169.254.169.254/latest",
                "https://169.254.169.254",
                "http://localhost:9200/_search",
                "ftp://LOCALHOST:1/",
                "gopher://localhost/",
                "http://metadata.google.internal:8080/",
                "http://[fd00:ec2::254]:80/",
            ]),
            &strings(&others),
            &unknown,
        );
    }
    let plain = ["http://localhost/", "foo://a.internal/"];
    check_condition(&of(json!("*"), json!([80])), &strings(&plain[..1]), &strings(&plain[1..]), &unknown);
    let web = ["https://localhost:1/", "http://localhost/", "foo://localhost:443/"];
    check_condition(&of(json!(["https"]), json!("*")), &strings(&web[..1]), &strings(&web[1..]), &unknown);
}

#[test]
fn the_path_of_a_url_is_matched_by_segment() {
    let condition = json!({ "UrlCheck": { "source": "Arguments", "field": "x", "schemes": ["https"],
        "hosts": ["api.github.com"], "ports": [443], "paths": ["/repos/acme/**", "/files/*.csv", "/a%20b"] } });
    check_condition(
        &condition,
        &strings(&[
            "https://api.github.com/repos/acme/site",
            "https://api.github.com/repos/acme",
            "https://api.github.com/repos/acme/",
            "https://api.github.com/repos/acme/site/issues?state=open&q=../x#top",
            "https://api.github.com/files/a.csv",
            "https://api.github.com/a%20b",
        ]),
        &strings(&[
            "https://api.github.com",
            "https://api.github.com/?/repos/acme/x",
            "https://api.github.com/#/repos/acme/x",
            "https://api.github.com/repos/other/site",
            "https://api.github.com/repos/acmecorp/site",
            "https://api.github.com/Repos/acme/site",
            "https://api.github.com/files/a/b.csv",
            "https://api.github.com/x/repos/acme/site",
            "https://evil.test/repos/acme/site",
            // Another host is another host, in whatever form its path is.
            "https://evil.test/repos/acme/../x",
        ]),
        &unknown_and(&[
            "https://api.github.com/repos/acme/../evilcorp/secrets",
            "https://api.github.com/repos/acme/%2e%2e/evilcorp/secrets",
            "https://api.github.com/repos/acme/.%2E/evilcorp/secrets",
            "https://api.github.com/repos/acme/./../../user/emails",
            "https://api.github.com/repos/acme/..;/evilcorp",
            "https://api.github.com/repos/acme/..%3b/evilcorp",
            "https://api.github.com/repos/acme/..%2fevilcorp",
            "https://api.github.com/repos/acme/..%5Cevilcorp",
            "https://api.github.com/repos/acme/..\\evilcorp",
            "https://api.github.com//repos/acme/x",
            "https://api.github.com/repos//acme/x",
            "https://api.github.com/%72epos/acme/x",
            "https://api.github.com/repos/acme/x%00",
            "https://api.github.com/repos/acme/%252e%252e/x",
            "https://api.github.com/repos/acme/..",
            // Some servers drop the slash at the end.
            "https://api.github.com/files/a.csv/",
        ]),
    );
}

#[test]
fn a_public_host_is_neither_local_nor_special() {
    let condition = json!({ "UrlCheck": { "source": "Arguments", "field": "x", "schemes": "*",
        "hosts": ["public", "wiki.internal", "10.0.0.7"], "ports": "*" } });
    check_condition(
        &condition,
        &strings(&[
            "https://news.example/a",
            "http://1.1.1.1:8080/",
            "http://[2606:4700::1111]/",
            "https://wiki.internal/",
            "http://10.0.0.7/",
        ]),
        &strings(&[
            "http://169.254.169.254/latest/meta-data/",
            "http://10.0.0.5/admin",
            "http://[fd00:ec2::254]/latest",
            "http://[::1]:3000/",
            "http://localhost:9200/",
            "http://metadata.google.internal/",
            "http://wiki/",
            "http://printer.LOCAL/",
            "http://100.100.100.200/",
            "http://168.63.129.16/",
        ]),
        &unknown_and(&[
            "http://[::ffff:10.0.0.5]/",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://[2002:a00:1::]/",
            "http://0x7f000001/",
            "http://127.1/",
            "https://xn--bcher-kva.example/",
        ]),
    );
    check_reason(
        &allow_if(&condition),
        &refund(&json!({ "x": "http://10.0.0.5/" })),
        Some("r"),
        "`x` must be a URL with scheme `*` and host `10.0.0.7` or `public` or `wiki.internal` and port `*`",
    );
}

#[test]
fn a_named_set_stands_for_its_networks() {
    let check_x = |op: &str| json!({ "CidrCheck": { "source": "Arguments", "field": "x", "op": op, "value": ["private", "metadata", "203.0.113.0/24"] } });
    let inside = strings(&["10.0.0.1", "192.168.1.1", "fd00::1", "169.254.169.254", "168.63.129.16", "203.0.113.9"]);
    let outside = strings(&["1.1.1.1", "127.0.0.1", "169.254.169.253", "::1", "2606:4700::1111"]);
    let unknown = unknown_and(&["private", "::ffff:10.0.0.1", "10.1"]);
    check_condition(&check_x("In"), &inside, &outside, &unknown);
    check_condition(&check_x("NotIn"), &outside, &inside, &unknown);
    check_reason(
        &allow_if(&check_x("In")),
        &refund(&json!({ "x": "1.1.1.1" })),
        Some("r"),
        "`x` must be an address in `203.0.113.0/24` or `metadata` or `private`",
    );
    let public =
        json!({ "CidrCheck": { "source": "Arguments", "field": "x", "op": "In", "value": ["public", "10.0.0.0/8"] } });
    check_condition(
        &public,
        &strings(&["1.1.1.1", "10.0.0.1", "2606:4700::1111"]),
        &strings(&["192.168.1.1", "127.0.0.1", "::1", "fe80::1", "ff02::1", "240.0.0.1", "100.64.0.1"]),
        &unknown_and(&["::ffff:1.1.1.1", "public"]),
    );
}

/// Checks a `StringCheck` that ignores case.
#[track_caller]
fn check_in_any_case(op: &str, value: &str, case: &str, holds: &[&str], fails: &[&str]) {
    let condition = json!({ "StringCheck": { "source": "Arguments", "field": "x", "op": op, "value": [value, "\u{0}"], "ignoreCase": case } });
    check_condition(&condition, &strings(holds), &strings(fails), &unknown_and(&[]));
}

#[test]
fn strings_are_compared_without_case_if_asked() {
    check_in_any_case("In", "Secrets", "Ascii", &["secrets", "SECRETS", "Secrets"], &["secret", "\u{17f}ecrets", ""]);
    check_in_any_case("In", "Secrets", "Full", &["secrets", "SECRETS", "\u{17f}ecret\u{17f}"], &["secret", ""]);
    check_in_any_case("NotIn", "Secrets", "Ascii", &["secret", "\u{17f}ecrets"], &["secrets", "SECRETS"]);
    check_in_any_case("NotIn", "straße", "Full", &["strase"], &["STRASSE", "Straße", "STRAẞE"]);
    check_in_any_case("StartsWith", "/API/", "Ascii", &["/api/x", "/Api/"], &["/ap", "x/api/"]);
    check_in_any_case("EndsWith", ".ENV", "Full", &["a.env", ".Env"], &["a.envs"]);
    check_in_any_case("Contains", "É", "Full", &["café", "CAFÉ"], &["cafe", "e\u{301}"]);
    check_in_any_case("Contains", "É", "Ascii", &["CAFÉ"], &["café"]);
    check_in_any_case("Glob", "*/.Env*", "Full", &["/a/.ENV.local", "/.env"], &["/a/env"]);
    let rules = allow_if(&json!({ "StringCheck": {
        "source": "Arguments", "field": "x", "op": "In", "value": ["Straße"], "ignoreCase": "Full" } }));
    check_reason(&rules, &refund(&json!({ "x": "a" })), Some("r"), "`x` must be `Straße`");
}

#[test]
fn fields_are_equal_without_case_if_asked() {
    let of = |case: &str| json!({ "FieldEquals": { "source_a": "Arguments", "field_a": "x", "source_b": "Arguments", "field_b": "y", "ignoreCase": case } });
    let pair = |x: Value, y: Value| json!({ "x": x, "y": y });
    let ascii = pair(json!("Acme"), json!("aCME"));
    let full = pair(json!("É\u{212a}"), json!("ék"));
    let others = [pair(json!("a"), json!("b")), pair(json!("a"), json!("a ")), pair(json!(1), json!(2))];
    let unknown = [pair(json!("1"), json!(1)), json!({ "x": "a" }), pair(json!(["a"]), json!(["A"]))];
    let number = pair(json!(1), json!(1.0));
    let fails = [&others[..], std::slice::from_ref(&full)].concat();
    check_condition(&of("Ascii"), &[ascii.clone(), number.clone()], &fails, &unknown);
    check_condition(&of("Full"), &[ascii, full, number], &others, &unknown);
}

#[test]
fn a_relative_path_lies_in_a_relative_root_after_all_readers_agree_on_it() {
    let condition = json!({ "PathCheck": { "source": "Arguments", "field": "x", "roots": [".github", ".ci/"], "ignoreCase": "Full" } });
    let ambiguous = [
        "./.github/x",
        ".//.github/x",
        ".github/./x",
        "src/../.github/x",
        "/.github/x",
        "..\\.github\\x",
        "",
        ".",
        "~/.github",
        "C:.github",
        "GITHUB~1/x",
    ];
    check_condition(
        &condition,
        &strings(&[".github", ".github/workflows/ci.yml", ".GITHUB/x", ".CI/run", ".ci"]),
        &strings(&["src/main.rs", "a/.github/x", ".githubs", "README.md"]),
        &unknown_and(&ambiguous),
    );
    let everywhere = json!({ "PathCheck": { "source": "Arguments", "field": "x", "roots": ["."] } });
    check_condition(&everywhere, &strings(&["src/main.rs", ".github"]), &[], &unknown_and(&ambiguous));
    let rules = allow_if(&condition);
    check_reason(&rules, &refund(&json!({ "x": "a" })), Some("r"), "`x` must be inside `.ci/` or `.github`");
    check_reason(&rules, &refund(&json!({ "x": "./a" })), Some("r"), "`x` must be an unambiguous relative path");
}

#[test]
fn the_members_of_an_object_are_all_listed_or_none_is() {
    let of = |op: &str, case: Value| {
        let mut check = json!({ "source": "Arguments", "field": "x", "op": op, "value": ["Accept", "Cookie"] });
        if case != Value::Null {
            check["ignoreCase"] = case;
        }
        json!({ "MembersCheck": check })
    };
    let object = |names: &[&str]| json!({ "x": names.iter().map(|&name| (name.to_owned(), json!(1))).collect::<serde_json::Map<_, _>>() });
    let unknown = [
        json!({}),
        json!({ "x": null }),
        json!({ "x": "{\"Accept\":1}" }),
        json!({ "x": [["Accept", "x"]] }),
        json!({ "x": [{ "name": "Accept" }] }),
        json!({ "x": 1 }),
        json!({ "x": true }),
    ];
    let (empty, listed, any_case) = (object(&[]), object(&["Accept", "Cookie"]), object(&["accept", "COOKIE"]));
    let (mixed, others) = (object(&["Accept", "Authorization"]), object(&["Authorization", "Cookie "]));
    check_condition(
        &of("In", Value::Null),
        &[empty.clone(), listed.clone()],
        &[any_case.clone(), mixed.clone(), others.clone()],
        &unknown,
    );
    for case in ["Ascii", "Full"] {
        check_condition(
            &of("In", json!(case)),
            &[empty.clone(), listed.clone(), any_case.clone()],
            &[mixed.clone(), others.clone()],
            &unknown,
        );
        check_condition(
            &of("NotIn", json!(case)),
            &[empty.clone(), others.clone()],
            &[listed.clone(), any_case.clone(), mixed.clone()],
            &unknown,
        );
    }
    check_condition(
        &of("NotIn", Value::Null),
        &[empty, any_case.clone(), others.clone()],
        &[listed.clone(), mixed.clone()],
        &unknown,
    );
    let requirements = [
        (of("In", Value::Null), &mixed, "`x` must have no members except `Accept` or `Cookie`"),
        (of("NotIn", Value::Null), &listed, "`x` must not have a member `Accept` or `Cookie`"),
        (json!({ "Not": of("In", Value::Null) }), &listed, "`x` must have a member other than `Accept` or `Cookie`"),
        (json!({ "Not": of("NotIn", Value::Null) }), &others, "`x` must have a member `Accept` or `Cookie`"),
        (of("In", Value::Null), &unknown[2], "`x` must be an object"),
    ];
    for (condition, args, reason) in requirements {
        check_reason(&allow_if(&condition), &refund(args), Some("r"), reason);
    }
}

#[test]
fn an_address_lies_in_a_network() {
    let check_x = |op: &str| json!({ "CidrCheck": { "source": "Arguments", "field": "x", "op": op, "value": ["10.0.0.0/8", "2001:db8::/32"] } });
    let inside = strings(&["10.0.0.0", "10.255.255.255", "2001:db8::1", "2001:DB8:ffff::"]);
    let outside = strings(&["11.0.0.0", "9.255.255.255", "2001:db9::", "::1"]);
    let unknown = unknown_and(&[
        "",
        "10",
        "10.1",
        "010.0.0.1",
        "10.0.0.1/8",
        "10.0.0.1 ",
        "::ffff:10.0.0.1",
        "::10.0.0.1",
        "64:ff9b::10.0.0.1",
        "2002:a00:1::1",
        "localhost",
        "0x0a000001",
    ]);
    check_condition(&check_x("In"), &inside, &outside, &unknown);
    check_condition(&check_x("NotIn"), &outside, &inside, &unknown);
}

#[test]
fn booleans_are_not_guessed() {
    let condition = json!({ "BoolCheck": { "source": "Arguments", "field": "x", "value": true } });
    let unknown =
        [json!({}), json!({"x": null}), json!({"x": 1}), json!({"x": "true"}), json!({"x": [true]}), json!({"x": {}})];
    check_condition(&condition, &[json!({"x": true})], &[json!({"x": false})], &unknown);
}

#[test]
fn a_field_is_present_unless_it_is_missing_or_null() {
    let condition = json!({ "FieldPresent": { "source": "Arguments", "field": "x" } });
    let present = [json!({"x": 0}), json!({"x": false}), json!({"x": ""}), json!({"x": {}}), json!({"x": []})];
    check_condition(&condition, &present, &[json!({}), json!({"x": null}), json!({"y": 1})], &[]);
}

#[test]
fn a_field_within_a_string_a_number_or_a_boolean_may_be_present_or_not() {
    let condition = json!({ "FieldPresent": { "source": "Arguments", "field": "/x/y/0" } });
    let absent = [
        json!({}),
        json!({"x": null}),
        json!({"x": {}}),
        json!({"x": []}),
        json!({"x": {"y": null}}),
        json!({"x": {"y": []}}),
        json!({"x": {"y": [null]}}),
        json!({"x": {"z": "{\"0\":1}"}}),
    ];
    let hidden = [
        json!({"x": "{\"y\":[1]}"}),
        json!({"x": ""}),
        json!({"x": 1}),
        json!({"x": false}),
        json!({"x": {"y": "[1]"}}),
        json!({"x": {"y": true}}),
    ];
    let present = [json!({"x": {"y": [0]}}), json!({"x": {"y": {"0": ""}}})];
    check_condition(&condition, &present, &absent, &hidden);
    let some = |field: &str| {
        json!({ "Some": { "source": "Arguments", "field": "x", "condition":
            { "FieldPresent": { "source": "Item", "field": field } } } })
    };
    let absent = [json!({"x": []}), json!({"x": [{}, []]}), json!({"x": [{"$out": null}, null]})];
    let hidden = [json!({"x": ["{\"$out\":1}"]}), json!({"x": [{}, 1]})];
    check_condition(&some("$out"), &[json!({"x": ["", {"$out": 1}]})], &absent, &hidden);
    let hidden = [json!({"x": [{"$out": "{}"}]}), json!({"x": [{}, false]})];
    check_condition(&some("/$out/db"), &[json!({"x": [{"$out": {"db": 1}}]})], &absent, &hidden);
}

#[test]
fn fields_are_equal_only_where_both_are_scalars_of_one_type() {
    let condition = json!({ "FieldEquals": {
        "source_a": "Arguments", "field_a": "x", "source_b": "Arguments", "field_b": "y" } });
    let equal = [json!({"x": "a", "y": "a"}), json!({"x": 1, "y": 1.0}), json!({"x": false, "y": false})];
    let differ = [json!({"x": "a", "y": "A"}), json!({"x": 1, "y": 2}), json!({"x": "é", "y": "e\u{301}"})];
    let unknown = [
        json!({}),
        json!({"x": null, "y": null}),
        json!({"x": "1", "y": 1}),
        json!({"x": {}, "y": {}}),
        json!({"x": [], "y": []}),
        json!({"x": "a"}),
        json!({"y": "a"}),
        json!({"x": true, "y": 1}),
    ];
    check_condition(&condition, &equal, &differ, &unknown);
}

#[test]
fn combinators_follow_kleene() {
    let (yes, no, unknown) = ([json!({"x": 5})], [json!({"x": 6})], [json!({})]);
    let any = [&yes[..], &no, &unknown].concat();
    let is_5 = numeric("Eq", &json!(5));
    let always = json!({ "Not": { "FieldPresent": { "source": "Arguments", "field": "never" } } });
    let never = json!({ "FieldPresent": { "source": "Arguments", "field": "never" } });
    check_condition(&json!({ "All": [always, is_5] }), &yes, &no, &unknown);
    check_condition(&json!({ "Any": [never, is_5] }), &yes, &no, &unknown);
    check_condition(&json!({ "All": [never, is_5] }), &[], &any, &[]);
    check_condition(&json!({ "Any": [always, is_5] }), &any, &[], &[]);
}

#[test]
fn sources_are_kept_apart() {
    let rules = allow_if(&json!({ "BoolCheck": { "source": "AgentAttributes", "field": "mfa", "value": true } }));
    let by = |member: &str| json!({ "tool": "refund", "role": "agent", member: { "mfa": true } });
    check(&rules, &by("agentAttributes"), Effect::Allow, Code::Allowed);
    check(&rules, &by("args"), Effect::Deny, Code::ConditionUnknown);
    check(&rules, &by("resourceAttributes"), Effect::Deny, Code::ConditionUnknown);
}

#[test]
fn a_pointer_leads_into_objects_and_lists() {
    let at = |field: &str| allow_if(&json!({ "BoolCheck": { "source": "Arguments", "field": field, "value": true } }));
    let args = json!({
        "a": { "b": { "c": true, "": true } },
        "list": [false, { "x": true }],
        "/": true, "~": { "1/2": true },
        "a.b": true, "10": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, true],
    });
    for field in ["/a/b/c", "/a/b/", "/list/1/x", "/~1", "/~0/1~12", "a.b", "/a.b", "/10/10"] {
        check(&at(field), &refund(&args), Effect::Allow, Code::Allowed);
    }
    for field in ["/a/b", "/a/c", "/list/0/x", "/list/01/x", "/list/-", "/list/2", "/a/b/c/d", "/nothing", "a/b/c"] {
        check(&at(field), &refund(&args), Effect::Deny, Code::ConditionUnknown);
    }
}

#[test]
fn a_field_and_a_field_within_it_are_both_read() {
    let rules = allow_if(&json!({ "All": [
        { "FieldPresent": { "source": "Arguments", "field": "order" } },
        { "NumericCheck": { "source": "Arguments", "field": "/order/total", "op": "Lte", "value": 5 } },
        { "NumericCheck": { "source": "Arguments", "field": "/order/lines/0/price", "op": "Lte", "value": 5 } },
    ] }));
    let order = |total: Value, lines: Value| refund(&json!({ "order": { "total": total, "lines": lines } }));
    check(&rules, &order(json!(5), json!([{ "price": 1 }])), Effect::Allow, Code::Allowed);
    check(&rules, &order(json!(6), json!([{ "price": 1 }])), Effect::Deny, Code::ConditionFailed);
    check(&rules, &order(json!(5), json!([])), Effect::Deny, Code::ConditionUnknown);
    check(&rules, &refund(&json!({ "order": [5] })), Effect::Deny, Code::ConditionUnknown);
    check_reason(&rules, &order(json!(6), json!([{ "price": 1 }])), Some("r"), "`/order/total` must be at most 5");
}

#[test]
fn what_the_edge_knows_is_a_source_of_its_own() {
    let friday_9_30 = RequestFacts::new(Some(1_795_167_000), Some("10.1.2.3"), Some("DE"));
    let nothing = RequestFacts::default();
    let work = json!({ "TimeCheck": { "from": "09:00", "to": "17:30", "weekdays": ["Mon", "Fri"], "offset": "Z" } });
    check_facts(&work, &friday_9_30, Code::Allowed);
    check_facts(&work, &RequestFacts::new(Some(1_795_167_000 + 8 * 3600), None, None), Code::ConditionFailed);
    check_facts(&work, &RequestFacts::new(Some(1_795_167_000 + 86_400), None, None), Code::ConditionFailed);
    check_facts(&work, &nothing, Code::ConditionUnknown);
    let from =
        |op: &str| json!({ "CidrCheck": { "source": "Request", "field": "ip", "op": op, "value": ["10.0.0.0/8"] } });
    check_facts(&from("In"), &friday_9_30, Code::Allowed);
    check_facts(&from("NotIn"), &friday_9_30, Code::ConditionFailed);
    check_facts(&from("In"), &nothing, Code::ConditionUnknown);
    check_facts(&from("NotIn"), &RequestFacts::new(None, Some("no\" address"), None), Code::ConditionUnknown);
    let country = json!({ "StringCheck": { "source": "Request", "field": "country", "op": "In", "value": ["DE"] } });
    check_facts(&country, &friday_9_30, Code::Allowed);
    check_facts(&country, &RequestFacts::new(None, None, Some("FR")), Code::ConditionFailed);
    check_facts(&country, &RequestFacts::new(None, None, Some("de")), Code::ConditionUnknown);
    let address =
        json!({ "StringCheck": { "source": "Request", "field": "ip", "op": "In", "value": ["2001:db8::1"] } });
    for spelling in ["2001:db8::1", "2001:DB8::1", "2001:db8:0:0::1", "2001:0db8::0001"] {
        check_facts(&address, &RequestFacts::new(None, Some(spelling), None), Code::Allowed);
    }
    check_facts(&address, &RequestFacts::new(None, Some("2001:db8::2"), None), Code::ConditionFailed);
    check_facts(&address, &RequestFacts::new(None, Some("2001:db8::1%eth0"), None), Code::ConditionUnknown);
}
