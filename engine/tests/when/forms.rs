//! Each form of an expression has the image of a condition in JSON.

use callgate_test_support::assert_same_image;
use serde_json::{Value, json};

use crate::{policy, with_when};

#[track_caller]
fn check(when: &str, condition: &Value) {
    assert_same_image(with_when(when), policy(&json!({ "condition": condition })));
}

fn numeric(field: &str, op: &str, value: i64) -> Value {
    json!({ "NumericCheck": { "source": "Arguments", "field": field, "op": op, "value": value } })
}

fn string(field: &str, op: &str, values: &[&str]) -> Value {
    json!({ "StringCheck": { "source": "Arguments", "field": field, "op": op, "value": values } })
}

fn boolean(source: &str, field: &str, value: bool) -> Value {
    json!({ "BoolCheck": { "source": source, "field": field, "value": value } })
}

#[test]
fn numbers_are_compared_from_both_sides() {
    for (sign, mirrored, op) in [
        ("==", "==", "Eq"),
        ("!=", "!=", "Ne"),
        ("<", ">", "Lt"),
        ("<=", ">=", "Lte"),
        (">", "<", "Gt"),
        (">=", "<=", "Gte"),
    ] {
        check(&format!("args.amount {sign} 500"), &numeric("amount", op, 500));
        check(&format!("500 {mirrored} args.amount"), &numeric("amount", op, 500));
        check(&format!("number(args.amount) {sign} 500"), &numeric("amount", op, 500));
    }
    check("args.a == -5", &numeric("a", "Eq", -5));
    check("args.a in [1, 2]", &json!({ "Any": [numeric("a", "Eq", 1), numeric("a", "Eq", 2)] }));
    check("args.a in [1]", &numeric("a", "Eq", 1));
    check("!(args.a in [1, 2,])", &json!({ "Not": { "Any": [numeric("a", "Eq", 1), numeric("a", "Eq", 2)] } }));
}

#[test]
fn the_digits_of_a_number_are_kept() {
    for number in ["500.00000000000000001", "123456789012345678901234567890", "1e-7", "5E+2", "-0.50"] {
        let json = policy(&json!({ "condition": numeric("a", "Lt", 42) })).to_string().replace("42", number);
        assert_same_image(with_when(&format!("args.a < {number}")), json);
    }
}

#[test]
fn fields_have_names_and_pointers() {
    check("args.a.b <= 1", &numeric("/a/b", "Lte", 1));
    check("args[\"a-b\"].c <= 1", &numeric("/a-b/c", "Lte", 1));
    check("args[\"a-b\"] <= 1", &numeric("a-b", "Lte", 1));
    check("args.list[0] <= 1", &numeric("/list/0", "Lte", 1));
    check("args.list[\"0\"] <= 1", &numeric("/list/0", "Lte", 1));
    check("args[\"/a\"] <= 1", &numeric("/~1a", "Lte", 1));
    check("args[\"a/b~c\"].d <= 1", &numeric("/a~1b~0c/d", "Lte", 1));
    check("args[\"\"] <= 1", &numeric("/", "Lte", 1));
    check("args[\"a.b\"] <= 1", &numeric("a.b", "Lte", 1));
    check("(args.a).b <= 1", &numeric("/a/b", "Lte", 1));
    check("agent.mfa", &boolean("AgentAttributes", "mfa", true));
    check("resource.locked", &boolean("ResourceAttributes", "locked", true));
    check(
        "request.country == \"DE\"",
        &json!({ "StringCheck": { "source": "Request", "field": "country", "op": "In", "value": ["DE"] } }),
    );
    check(
        "request.time >= 1700000000",
        &json!({ "NumericCheck": { "source": "Request", "field": "time", "op": "Gte", "value": 1_700_000_000 } }),
    );
}

#[test]
fn booleans_are_conditions() {
    check("agent.mfa == true", &boolean("AgentAttributes", "mfa", true));
    check("agent.mfa == false", &boolean("AgentAttributes", "mfa", false));
    check("agent.mfa != true", &boolean("AgentAttributes", "mfa", false));
    check("true == agent.mfa", &boolean("AgentAttributes", "mfa", true));
    check("!agent.mfa", &json!({ "Not": boolean("AgentAttributes", "mfa", true) }));
    check("!!agent.mfa", &json!({ "Not": { "Not": boolean("AgentAttributes", "mfa", true) } }));
}

#[test]
fn strings_are_compared() {
    check("args.region == \"eu\"", &string("region", "In", &["eu"]));
    check("\"eu\" == args.region", &string("region", "In", &["eu"]));
    check("args.region != \"eu\"", &string("region", "NotIn", &["eu"]));
    check("args.region in [\"eu\", \"us\"]", &string("region", "In", &["eu", "us"]));
    check("!(args.region in ['eu', 'us'])", &string("region", "NotIn", &["eu", "us"]));
    check("!(args.region in ['eu', 'us'])", &json!({ "Not": string("region", "In", &["eu", "us"]) }));
    check("!(args.region == 'eu')", &string("region", "NotIn", &["eu"]));
    check("!(args.region != 'eu')", &json!({ "Not": string("region", "NotIn", &["eu"]) }));
    for (method, op) in
        [("startsWith", "StartsWith"), ("endsWith", "EndsWith"), ("contains", "Contains"), ("glob", "Glob")]
    {
        check(&format!("args.name.{method}(\"a\")"), &string("name", op, &["a"]));
        check(&format!("args.name.{method}([\"a\", \"b\"])"), &string("name", op, &["a", "b"]));
        let one = |text: &str| string("name", op, &[text]);
        let when = format!("args.name.{method}(\"a\") || args.name.{method}(\"b\")");
        check(&when, &json!({ "Any": [one("a"), one("b")] }));
    }
}

#[test]
fn strings_have_the_escapes_of_cel() {
    for (literal, text) in [
        (r#""a\"b'\\""#, "a\"b'\\"),
        (r#"'a\'b"'"#, "a'b\""),
        (r#"r"a\d""#, "a\\d"),
        (r#"R'a\'"#, "a\\"),
        ("\"\"\"a\"b\nc\"\"\"", "a\"b\nc"),
        ("'''a'b'''", "a'b"),
        ("r'''a\\'b'''", "a\\'b"),
        (r#""\a\b\f\n\r\t\v\?\`""#, "\u{7}\u{8}\u{c}\n\r\t\u{b}?`"),
        (r#""\x41\X42\u00e9\U0001f600\101""#, "AB\u{e9}\u{1f600}A"),
        ("\"\u{e9}\"", "\u{e9}"),
        ("\"\"", ""),
    ] {
        check(&format!("args.name == {literal}"), &string("name", "In", &[text]));
    }
    check(
        "args.a == 'x' // a comment\n && args.b == 'y'",
        &json!({ "All": [string("a", "In", &["x"]), string("b", "In", &["y"])] }),
    );
}

#[test]
fn expressions_match_as_in_cel() {
    check("args.name.matches(\"^(?:a|b)$\")", &string("name", "Matches", &["a|b"]));
    check("args.name.matches(\"^[a-z]+$\")", &string("name", "Matches", &["[a-z]+"]));
    check(r#"args.name.matches(r"^\d+$")"#, &string("name", "Matches", &["\\d+"]));
    check("args.name.matches(\"b\")", &string("name", "Matches", &["(?s:.)*(?:b)(?s:.)*"]));
    check("args.name.matches([\"^a$\", \"^b$\"])", &string("name", "Matches", &["a", "b"]));
}

#[test]
fn case_is_ignored_by_a_function() {
    let folded = |op: &str, values: &[&str], case: &str| json!({ "StringCheck": { "source": "Arguments", "field": "repo", "op": op, "value": values, "ignoreCase": case } });
    check("args.repo.lowerAscii() == \"secrets\"", &folded("In", &["secrets"], "Ascii"));
    check("args.repo.lowerAscii() != \"secrets\"", &folded("NotIn", &["secrets"], "Ascii"));
    check("args.repo.foldCase() == \"strasse\"", &folded("In", &["strasse"], "Full"));
    check("args.repo.foldCase() in [\"a\", \"Stra\u{df}e\".foldCase()]", &folded("In", &["a", "Stra\u{df}e"], "Full"));
    check("args.repo.lowerAscii() == \"Secrets\".lowerAscii()", &folded("In", &["Secrets"], "Ascii"));
    check("args.repo.lowerAscii().startsWith(\"a\")", &folded("StartsWith", &["a"], "Ascii"));
    check("args.repo.foldCase().glob([\"a*\", \"B*\".foldCase()])", &folded("Glob", &["a*", "B*"], "Full"));
    let fields = json!({ "source_a": "Arguments", "field_a": "a", "source_b": "AgentAttributes", "field_b": "b", "ignoreCase": "Ascii" });
    check("args.a.lowerAscii() == agent.b.lowerAscii()", &json!({ "FieldEquals": fields }));
}

#[test]
fn two_fields_are_compared() {
    let equals = json!({ "FieldEquals": { "source_a": "Arguments", "field_a": "id", "source_b": "ResourceAttributes", "field_b": "id" } });
    check("args.id == resource.id", &equals);
    check("args.id != resource.id", &json!({ "Not": equals }));
    check("!(args.id == resource.id)", &json!({ "Not": equals }));
    let compare = |op: &str| json!({ "FieldCompare": { "source_a": "Arguments", "field_a": "a", "op": op, "source_b": "AgentAttributes", "field_b": "b" } });
    check("args.a <= agent.b", &compare("Lte"));
    check("args.a < agent.b", &compare("Lt"));
    check("number(args.a) == number(agent.b)", &compare("Eq"));
    check("number(args.a) != number(agent.b)", &compare("Ne"));
}

#[test]
fn presence_and_length_have_functions() {
    check("has(args.cc)", &json!({ "FieldPresent": { "source": "Arguments", "field": "cc" } }));
    check("!has(args.a.b)", &json!({ "Not": { "FieldPresent": { "source": "Arguments", "field": "/a/b" } } }));
    check("has(args[\"a-b\"])", &json!({ "FieldPresent": { "source": "Arguments", "field": "a-b" } }));
    let length = json!({ "LengthCheck": { "source": "Arguments", "field": "to", "op": "Lte", "value": 10 } });
    check("size(args.to) <= 10", &length);
    check("args.to.size() <= 10", &length);
    check("10 >= size(args.to)", &length);
}

#[test]
fn conditions_are_combined() {
    let [a, b, c] = ["a", "b", "c"].map(|field| boolean("Arguments", field, true));
    check("args.a && args.b && args.c", &json!({ "All": [a, b, c] }));
    check("args.a || args.b || args.c", &json!({ "Any": [a, b, c] }));
    check("(args.a && args.b) && args.c", &json!({ "All": [{ "All": [a, b] }, c] }));
    check("args.a && args.b || args.c", &json!({ "Any": [{ "All": [a, b] }, c] }));
    check("args.a && (args.b || args.c)", &json!({ "All": [a, { "Any": [b, c] }] }));
    check("!(args.a && args.b)", &json!({ "Not": { "All": [a, b] } }));
    check("args.a ? args.b : args.c", &json!({ "Any": [{ "All": [a, b] }, { "All": [{ "Not": a }, c] }] }));
    check("args.a", &json!({ "All": [a] }));
    check("!args.a", &json!({ "Any": [{ "Not": { "All": [a] } }] }));
}

#[test]
fn lists_are_checked_item_by_item() {
    let item =
        |field: &str| json!({ "StringCheck": { "source": "Item", "field": field, "op": "EndsWith", "value": ["x"] } });
    let items = |kind: &str, field: &str, condition: &Value| json!({ kind: { "source": "Arguments", "field": field, "condition": condition } });
    check("args.to.all(t, t.endsWith(\"x\"))", &items("Every", "to", &item("")));
    check("args.to.exists(t, t.endsWith(\"x\"))", &items("Some", "to", &item("")));
    check("args.to.all(t, t.name.endsWith(\"x\"))", &items("Every", "to", &item("name")));
    check("args.to.all(t, t.a.b.endsWith(\"x\"))", &items("Every", "to", &item("/a/b")));
    check("!args.to.exists(t, t.endsWith(\"x\"))", &json!({ "Not": items("Some", "to", &item("")) }));
    check(
        "args.to.all(t, has(t))",
        &items("Every", "to", &json!({ "FieldPresent": { "source": "Item", "field": "" } })),
    );
    check("args.to.all(t, t)", &items("Every", "to", &boolean("Item", "", true)));
    let nested = json!({ "Some": { "source": "Item", "field": "lines", "condition": item("") } });
    check("args.to.all(t, t.lines.exists(l, l.endsWith(\"x\")))", &items("Every", "to", &nested));
    check("args.to.all(t, t.lines.exists(t, t.endsWith(\"x\")))", &items("Every", "to", &nested));
    let equals = json!({ "FieldEquals": { "source_a": "Item", "field_a": "", "source_b": "ResourceAttributes", "field_b": "y" } });
    check("args.to.all(t, t == resource.y)", &items("Every", "to", &equals));
}

#[test]
fn member_names_are_compared_with_a_list() {
    let members = |op: &str, case: Option<&str>| {
        let mut check = json!({ "source": "Arguments", "field": "headers", "op": op, "value": ["accept", "X-Y"] });
        if let (Some(case), Some(check)) = (case, check.as_object_mut()) {
            check.insert("ignoreCase".into(), case.into());
        }
        json!({ "MembersCheck": check })
    };
    check("keys(args.headers).all(k, k in [\"accept\", \"X-Y\"])", &members("In", None));
    check("keys(args.headers).all(k, !(k in [\"accept\", \"X-Y\"]))", &members("NotIn", None));
    check("!keys(args.headers).exists(k, k in [\"accept\", \"X-Y\"])", &members("NotIn", None));
    check("keys(args.headers).exists(k, k in [\"accept\", \"X-Y\"])", &json!({ "Not": members("NotIn", None) }));
    check("!keys(args.headers).exists(k, !(k in [\"accept\", \"X-Y\"]))", &members("In", None));
    let folded = "keys(args.headers).all(k, k.lowerAscii() in [\"accept\", \"X-Y\".lowerAscii()])";
    check(folded, &members("In", Some("Ascii")));
}

#[test]
fn paths_are_inside_of_directories() {
    let path = |roots: &[&str], case: Option<&str>| {
        let mut check = json!({ "source": "Arguments", "field": "path", "roots": roots });
        if let (Some(case), Some(check)) = (case, check.as_object_mut()) {
            check.insert("ignoreCase".into(), case.into());
        }
        json!({ "PathCheck": check })
    };
    check("path(args.path).isInside(\"/repo\")", &path(&["/repo"], None));
    check("path(args.path).isInside([\"/a\", \"/b\"])", &path(&["/a", "/b"], None));
    check("path(args.path.lowerAscii()).isInside([\".git\"])", &path(&[".git"], Some("Ascii")));
    check("path(args.path.foldCase()).isInside([\".Git\".foldCase()])", &path(&[".Git"], Some("Full")));
    check("path(args.path).isInside(r\"C:\\work\")", &path(&["C:\\work"], None));
    let globs = |globs: &[&str]| json!({ "PathCheck": { "source": "Arguments", "field": "path", "globs": globs } });
    check("path(args.path).glob(\"/srv/**\")", &globs(&["/srv/**"]));
    check("path(args.path).glob([\"**/.env*\", \"*.pem\"])", &globs(&["**/.env*", "*.pem"]));
    let below = json!({ "source": "Arguments", "field": "path", "roots": ["/repo/src"], "base": "/repo" });
    check("path(args.path, \"/repo\").isInside(\"/repo/src\")", &json!({ "PathCheck": below }));
}

#[test]
fn urls_are_compared_with_patterns() {
    let url = |parts: &Value| {
        let mut check = json!({ "source": "Arguments", "field": "url" });
        if let (Some(parts), Some(check)) = (parts.as_object(), check.as_object_mut()) {
            check.extend(parts.clone());
        }
        json!({ "UrlCheck": check })
    };
    check(
        "url(args.url).isOneOf([\"https://docs.rs\", \"https://*.docs.rs\"])",
        &url(&json!({ "hosts": ["docs.rs", "*.docs.rs"] })),
    );
    check(
        "url(args.url).isOneOf(\"http://localhost:3000\")",
        &url(&json!({ "schemes": ["http"], "hosts": ["localhost"], "ports": [3000] })),
    );
    check(
        "url(args.url).isOneOf([\"https://x.org/docs/**\"])",
        &url(&json!({ "hosts": ["x.org"], "paths": ["/docs/**"] })),
    );
    check(
        "url(args.url).isOneOf([\"*://x.org:*\"])",
        &url(&json!({ "schemes": "*", "hosts": ["x.org"], "ports": "*" })),
    );
    check(
        "url(args.url).isOneOf([\"https://[::1]:8443/a\"])",
        &url(&json!({ "hosts": ["[::1]"], "ports": [8443], "paths": ["/a"] })),
    );
    check(
        "url(args.url).isOneOf([\"https://a.org\", \"http://b.org\", \"https://c.org\"])",
        &json!({ "Any": [url(&json!({ "hosts": ["a.org", "c.org"] })), url(&json!({ "schemes": ["http"], "hosts": ["b.org"] }))] }),
    );
    check("url(args.url).getHost() == \"x.org\"", &url(&json!({ "schemes": "*", "hosts": ["x.org"], "ports": "*" })));
    check(
        "url(args.url).getHost() in [\"x.org\", \"y.org\"]",
        &url(&json!({ "schemes": "*", "hosts": ["x.org", "y.org"], "ports": "*" })),
    );
    check(
        "url(args.url).getHost() != \"x.org\"",
        &json!({ "Not": url(&json!({ "schemes": "*", "hosts": ["x.org"], "ports": "*" })) }),
    );
    check(
        "url(args.url).matches({\"schemes\": [\"https\", \"http\"], \"hosts\": [\"public\"], \"ports\": \"*\", \"paths\": [\"/\", \"/a\"]})",
        &url(&json!({ "schemes": ["https", "http"], "hosts": ["public"], "ports": "*", "paths": ["/", "/a"] })),
    );
    check(
        "url(args.url).matches({\"hosts\": [\"x.org\"], \"ports\": [443, 8443]})",
        &url(&json!({ "hosts": ["x.org"], "ports": [443, 8443] })),
    );
}

#[test]
fn addresses_are_inside_of_networks() {
    let cidr = |op: &str, networks: &[&str]| json!({ "CidrCheck": { "source": "Request", "field": "ip", "op": op, "value": networks } });
    check("cidr(\"10.0.0.0/8\").containsIP(request.ip)", &cidr("In", &["10.0.0.0/8"]));
    check("cidr([\"10.0.0.0/8\", \"loopback\"]).containsIP(request.ip)", &cidr("In", &["10.0.0.0/8", "loopback"]));
    check("!cidr(\"private\").containsIP(request.ip)", &cidr("NotIn", &["private"]));
    check("!cidr(\"private\").containsIP(request.ip)", &json!({ "Not": cidr("In", &["private"]) }));
}

#[test]
fn times_are_in_windows() {
    let time = |window: &Value| json!({ "TimeCheck": window });
    check("request.time.isBetween(\"09:00\", \"17:00\")", &time(&json!({ "from": "09:00", "to": "17:00" })));
    check(
        "request.time.isBetween(\"09:00\", \"17:00\", \"+01:00\")",
        &time(&json!({ "from": "09:00", "to": "17:00", "offset": "+01:00" })),
    );
    check(
        "request.time.isBetween(\"22:00\", \"06:00\", \"Z\", [\"Fri\", \"Sat\"])",
        &time(&json!({ "from": "22:00", "to": "06:00", "weekdays": ["Fri", "Sat"] })),
    );
    check(
        "request.time.getDayOfWeek() in [1, 2, 3, 4, 5]",
        &time(&json!({ "weekdays": ["Mon", "Tue", "Wed", "Thu", "Fri"] })),
    );
    check("request.time.getDayOfWeek(\"+01:00\") == 0", &time(&json!({ "weekdays": ["Sun"], "offset": "+01:00" })));
    check("request.time.getDayOfWeek() != 6", &json!({ "Not": time(&json!({ "weekdays": ["Sat"] })) }));
    for (comparison, from, to) in [
        (">= 9", "09:00", "24:00"),
        ("> 8", "09:00", "24:00"),
        ("< 17", "00:00", "17:00"),
        ("<= 16", "00:00", "17:00"),
        ("== 9", "09:00", "10:00"),
    ] {
        let window = json!({ "from": from, "to": to, "offset": "-05:00" });
        check(&format!("request.time.getHours(\"-05:00\") {comparison}"), &time(&window));
    }
    let work = json!({ "from": "09:00", "to": "17:00", "weekdays": ["Mon"], "zone": "Europe/Berlin" });
    check("request.time.isBetween(\"09:00\", \"17:00\", \"Europe/Berlin\", [\"Mon\"])", &time(&work));
    let eve = json!({ "from": "09:00", "to": "17:00", "dates": ["2026-12-24"] });
    let every_day = "[\"Mon\", \"Tue\", \"Wed\", \"Thu\", \"Fri\", \"Sat\", \"Sun\"]";
    let is_eve = format!("request.time.isBetween(\"09:00\", \"17:00\", \"Z\", {every_day}, [\"2026-12-24\"])");
    check(&is_eve, &time(&eve));
    let dates = json!({ "dates": ["2026-12-24/2027-01-02", "2027-05-01"], "zone": "Europe/Berlin" });
    check("request.time.isOn([\"2026-12-24/2027-01-02\", \"2027-05-01\"], \"Europe/Berlin\")", &time(&dates));
    check("request.time.isOn(\"2027-05-01\")", &time(&json!({ "dates": ["2027-05-01"] })));
    let sunday = json!({ "dates": ["2027-05-01"], "weekdays": ["Sun"] });
    check("request.time.isOn([\"2027-05-01\"], \"Z\", [\"Sun\"])", &time(&sunday));
    let sunday = json!({ "weekdays": ["Sun"], "zone": "Asia/Kolkata" });
    check("request.time.getDayOfWeek(\"Asia/Kolkata\") == 0", &time(&sunday));
    check("request.time.getHours() != 9", &json!({ "Not": time(&json!({ "from": "09:00", "to": "10:00" })) }));
}
