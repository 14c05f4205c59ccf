//! The findings about an invalid policy: every error at once, each with its position and, if known, the fix.

use callgate_engine::policy::text::{Format, Positions, Severity};
use callgate_test_support::{error_codes_of, errors_of, findings_of, valid_policy};

/// Checks the findings about a text: `severity code line:column pointer: message [fix]` for each finding, in order.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let findings = findings_of(text);
    let positions = Positions::new(text, Format::Json);
    let seen: Vec<String> = findings
        .iter()
        .map(|finding| {
            let position = positions.position(&finding.span);
            let fix = finding.fix.as_deref().map(|fix| format!(" [{fix}]")).unwrap_or_default();
            let (severity, code) = (finding.severity.name(), finding.code);
            let (line, column, pointer) = (position.line, position.column, position.pointer.unwrap_or_default());
            format!("{severity} {code} {line}:{column} {pointer}: {}{fix}", finding.message)
        })
        .collect();
    assert_eq!(seen, expected, "{text}");
}

#[test]
fn a_position_has_a_pointer_where_the_text_is_json() {
    let pointer = |text: &str| Positions::new(text, Format::Json).position(&(0..1)).pointer;
    assert_eq!(pointer("{}"), Some(String::new()));
    assert_eq!(pointer("{\"a\":1"), None);
}

/// A policy of which only the rules matter.
fn with_rules(rules: &str) -> String {
    format!(
        "{{\"version\":\"callgate-1\",\"tools\":[\"view\"],\"roles\":{{\"agent\":{{}}}},\n\"rules\":[\n{rules}\n]}}"
    )
}

/// A rule of which only the condition matters.
fn with_condition(condition: &str) -> String {
    with_rules(&format!(
        "{{\"effect\":\"Allow\",\"tool_name\":\"view\",\"roles\":[\"agent\"],\n\"condition\":{condition}}}"
    ))
}

#[test]
fn text_that_is_no_json_is_refused_where_it_stops_being_json() {
    check("", &["error invalid_json 1:1 : the policy ends in the middle of a JSON value"]);
    check("xx", &["error invalid_json 1:1 : the policy is not valid JSON at this position"]);
    check("{\n  \"version\": nope }", &["error invalid_json 2:14 : the policy is not valid JSON at this position"]);
    check("{\"a\":1,}", &["error invalid_json 1:8 : the policy is not valid JSON at this position"]);
    check("{\"version\":\"callgate-1\"", &["error invalid_json 1:24 : the policy ends in the middle of a JSON value"]);
    check("\"\\é\"", &["error invalid_json 1:3 : the policy is not valid JSON at this position"]);
    check(&"[".repeat(200), &["error invalid_json 1:129 : objects and lists nest deeper than 128 levels"]);
}

#[test]
fn a_fault_within_a_token_has_the_position_of_its_character() {
    let not_json =
        |position: &str| format!("error invalid_json {position} : the policy is not valid JSON at this position");
    for (text, position) in [
        (r#""\x""#, "1:3"),
        (r#"{"\u00e":1}"#, "1:8"),
        ("[\"a\nb\"]", "1:4"),
        ("{\"a name of more than 32 bytes: \u{e9}\\q\":1}", "1:35"),
        ("[1.]", "1:4"),
        ("[1e400, -1e]", "1:12"),
        ("[01]", "1:2"),
        ("[true, [truf]]", "1:9"),
    ] {
        check(text, &[&not_json(position)]);
    }
    let ends =
        |position: &str| format!("error invalid_json {position} : the policy ends in the middle of a JSON value");
    for (text, position) in [(r#"{"a"#, "1:4"), (r#"["\u00"#, "1:7"), ("[1.", "1:4"), ("{\"a\":\n", "2:1")] {
        check(text, &[&ends(position)]);
    }
    for (text, position) in [(r#"["\udc00"]"#, "1:2"), (r#"["\ud800\u0041"]"#, "1:2"), (r#"{"a":1,"\ud800":2}"#, "1:8")]
    {
        let expected = format!("error invalid_json {position} : this string contains a surrogate without its partner");
        check(text, &[&expected]);
    }
}

#[test]
fn nesting_up_to_the_bound_is_read() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    check(&nested(128), &["error wrong_type 1:1 : a policy must be an object, not a list"]);
    check(&nested(129), &["error invalid_json 1:129 : objects and lists nest deeper than 128 levels"]);
}

#[test]
fn a_version_that_is_not_known_is_refused() {
    let fix = "[write `callgate-1`, or a version that starts with `perso-` for a perso policy]";
    check("[]", &["error wrong_type 1:1 : a policy must be an object, not a list"]);
    check("{}", &["error missing_key 1:1 : `version` is missing [add `\"version\": \"callgate-1\"`]"]);
    check("{\"version\":1}", &["error wrong_type 1:12 /version: `version` must be a string, not a number"]);
    check(
        "{\"version\":\"callgate-2\"}",
        &[&format!(
            "error unknown_version 1:12 /version: `callgate-2` is not a supported policy language version {fix}"
        )],
    );
}

#[test]
fn every_mistake_is_found_at_once() {
    let text = with_rules(
        r#"{"id":"a","effect":"Alow","tool_name":"view","roles":["agent"],"conditions":null},
{"id":"b","effect":"Allow","tool_name":"veiw","roles":["agnet"]},
{"id":"b","effect":"Deny","tool_name":"delete_*","roles":[]}"#,
    );
    check(
        &text,
        &[
            "error unknown_effect 3:20 /rules/0/effect: `Alow` is not an effect [did you mean `Allow`?]",
            "error unknown_key 3:64 /rules/0/conditions: a rule has no key `conditions` [did you mean `condition`?]",
            "error unknown_tool 4:40 /rules/1/tool_name: `veiw` is not declared in `tools` [did you mean `view`?]",
            "error unknown_role 4:56 /rules/1/roles/0: `agnet` is not declared in `roles` [did you mean `agent`?]",
            "error no_role 5:1 /rules/2: `roles` is empty, so this rule never applies",
            "error duplicate_id 5:7 /rules/2/id: the `id` `b` is duplicated",
            "error no_match 5:39 /rules/2/tool_name: the pattern `delete_*` matches no declared tool",
        ],
    );
}

#[test]
fn keys_that_stand_twice_are_refused_after_escapes_are_read() {
    let fix = "[remove one of the two, because programs differ in which one they read]";
    check(
        &with_rules(r#"{"effect":"Deny","\u0065ffect":"Allow","tool_name":"view","roles":["agent"]}"#),
        &[&format!("error duplicate_key 3:18 /rules/0/effect: the key `effect` is duplicated in this object {fix}")],
    );
    let text = r#"{"version":"callgate-1","roles":{},"rules":[],"roles":{},
"description":1e400,"roles":{}}"#;
    let duplicate = |position: &str| {
        format!("error duplicate_key {position} /roles: the key `roles` is duplicated in this object {fix}")
    };
    let out_of_range = "error number_out_of_range 2:15 /description: this number is out of range \
        [use an absolute value below 1.8e308, and an exponent from -999999 to 999999]";
    let wrong_type = "error wrong_type 2:15 /description: `description` must be a string, not a number";
    check(text, &[&duplicate("1:47"), out_of_range, wrong_type, &duplicate("2:21")]);
}

#[test]
fn a_condition_is_one_known_key_with_what_it_needs() {
    check(
        &with_condition(r#"{"All":[],"Any":[]}"#),
        &[
            "error condition_keys 4:13 /rules/0/condition: a condition must have one key, not 2 [write one condition, or combine several with `All` or `Any`]",
        ],
    );
    check(
        &with_condition(r#""All""#),
        &["error wrong_type 4:13 /rules/0/condition: a condition must be an object with one key, not a string"],
    );
    check(
        &with_condition(r#"{"NumberCheck":{}}"#),
        &[
            "error unknown_condition 4:14 /rules/0/condition/NumberCheck: `NumberCheck` is not a condition of `callgate-1` [did you mean `NumericCheck`?]",
        ],
    );
    check(
        &with_condition(r#"{"All":[]}"#),
        &["error empty_list 4:13 /rules/0/condition: the list of conditions must not be empty"],
    );
    check(
        &with_condition(r#"{"NumericCheck":{"source":"arguments","op":"lt","value":"5"}}"#),
        &[
            "error missing_key 4:29 /rules/0/condition/NumericCheck: `field` is missing",
            "error unknown_source 4:39 /rules/0/condition/NumericCheck/source: `arguments` is not a source [did you mean `Arguments`?]",
            "error unknown_op 4:56 /rules/0/condition/NumericCheck/op: `lt` is not an operator of `NumericCheck` [did you mean `Lt`?]",
            "error wrong_type 4:69 /rules/0/condition/NumericCheck/value: `value` must be a number, not a string",
        ],
    );
    check(
        &with_condition(r#"{"NumericCheck":{"source":"Arguments","field":"x","op":"Lt","value":1e400}}"#),
        &[
            "error number_out_of_range 4:81 /rules/0/condition/NumericCheck/value: this number is out of range [use an absolute value below 1.8e308, and an exponent from -999999 to 999999]",
        ],
    );
}

#[test]
fn a_rule_whose_condition_is_broken_does_not_become_one_without() {
    let text = with_condition(r#"{"Not":{"FieldPresent":{"source":"Arguments","feild":"x"}}}"#);
    let findings = errors_of(&text);
    assert!(findings.iter().all(|finding| finding.severity == Severity::Error));
    assert_eq!(findings.len(), 2, "{findings:?}");
}

#[test]
fn names_are_checked() {
    check(
        r#"{"version":"callgate-1","tools":["a","a","","b c","d*"],"roles":{"r\u0000":{}},"rules":[]}"#,
        &[
            "error duplicate_name 1:38 /tools/1: the tool `a` is declared twice",
            "error bad_name 1:42 /tools/2: the name of a tool must not be empty",
            "error bad_name 1:45 /tools/3: the name of a tool must not contain white space, control characters or `*`",
            "error bad_name 1:51 /tools/4: the name of a tool must not contain white space, control characters or `*`",
            "error bad_name 1:66 /roles/r\u{0}: the name of a role must not contain white space, control characters or `*`",
        ],
    );
}

#[test]
fn what_no_rule_speaks_of_is_warned_of() {
    check(
        r#"{"version":"callgate-1","tools":["a","b"],"roles":{"r":{},"s":{}},"rules":[
{"effect":"Allow","tool_name":"a","roles":["r"]}]}"#,
        &[
            "note unused_name 1:38 /tools/1: no rule matches the tool `b`, so every call to it is denied",
            "warning unused_name 1:59 /roles/s: no rule matches the role `s`, so it allows no call",
        ],
    );
}

#[test]
fn each_spot_where_perso_fails_open_is_warned_of() {
    let text = r#"{"version":"perso-1.0.0","default_action":"Allow","tools":["a"],"roles":["r"],"rules":[
{"tool_name":"a","roles":["r"],"conditions":{}},
{"tool_name":"a","roles":["r"],"condition":{"Not":{"FieldPresent":{"source":"Arguments","field":"x"}}}},
{"tool_name":"b","roles":["s"],"condition":{"All":[]}},
{"tool_name":"z*","roles":["r"],"condition":{"FieldEquals":{"source_a":"Arguments","field_a":"x","source_b":"Arguments","field_b":"y"}}}]}"#;
    check(
        text,
        &[
            "warning allows_by_default 1:26 /default_action: `default_action` allows every call that no rule matches, including unknown tools and roles [write `Deny`]",
            "warning unknown_key 2:32 /rules/0/conditions: perso ignores the key `conditions`, so it has no effect [did you mean `condition`?]",
            "warning rule_replaced 3:14 /rules/1/tool_name: this rule replaces `/rules/0` for some tool and role; in perso, only the last rule for a tool and a role applies",
            "warning not_fails_open 3:44 /rules/1/condition: `Not` is true if its field is missing, null or of the wrong type [also require the field with `FieldPresent`, or migrate to `callgate-1`, in which `Not` of unknown is unknown]",
            "warning presence_only 3:51 /rules/1/condition/Not: `FieldPresent` is true for `false`, 0 and the empty string [compare the value with `StringCheck`, or migrate to `callgate-1` and use `BoolCheck`]",
            "warning undeclared_tool 4:14 /rules/2/tool_name: `b` is not declared in `tools`, but this rule allows it",
            "warning unknown_role 4:27 /rules/2/roles/0: `s` is not declared in `roles`, so perso ignores it here [use `r`]",
            "warning always_true 4:44 /rules/2/condition: an empty `All` is always true [remove the condition, or add checks to it]",
            "warning no_match 5:14 /rules/3/tool_name: the pattern `z*` matches no declared tool",
            "warning null_equals_null 5:45 /rules/3/condition: `FieldEquals` is true if both fields are null, empty or equal objects [also check one of the fields with `StringCheck`]",
        ],
    );
}

#[test]
fn an_operator_or_a_condition_that_perso_lacks_is_reported_for_its_language() {
    let policy = |condition: &str| {
        format!(
            r#"{{"version":"perso-1.0.0","default_action":"Deny","tools":["a"],"roles":["r"],"rules":[
{{"tool_name":"a","roles":["r"],"condition":
{condition}}}]}}"#
        )
    };
    check(
        &policy(r#"{"StringCheck":{"source":"Arguments","field":"x","op":"Contains","value":["a"]}}"#),
        &[
            "error unknown_op 3:55 /rules/0/condition/StringCheck/op: `Contains` is not an operator of `StringCheck` in `perso-1` [migrate to `callgate-1`, which has `Contains`]",
        ],
    );
    check(
        &policy(r#"{"NumericCheck":{"source":"Arguments","field":"x","op":"Ne","value":1}}"#),
        &[
            "error unknown_op 3:56 /rules/0/condition/NumericCheck/op: `Ne` is not an operator of `NumericCheck` in `perso-1` [use `Eq`, `Lt`, `Lte`, `Gt` or `Gte`]",
        ],
    );
    check(
        &policy(r#"{"BoolCheck":{"source":"Arguments","field":"x","value":true}}"#),
        &[
            "error unknown_condition 3:2 /rules/0/condition/BoolCheck: `BoolCheck` is not a condition of `perso-1` [`BoolCheck` belongs to `callgate-1`; migrate the policy]",
        ],
    );
}

#[test]
fn a_role_that_inherits_itself_is_refused() {
    check(
        r#"{"version":"callgate-1","tools":["a"],"roles":{"r":{"inherits":["s"]},"s":{"inherits":["r","t"]},"u":{"inherit":["r"]}},"rules":[]}"#,
        &[
            "error role_cycle 1:48 /roles/r: the role `r` inherits itself",
            "error role_cycle 1:71 /roles/s: the role `s` inherits itself",
            "error unknown_role 1:92 /roles/s/inherits/1: `t` is not declared in `roles` [use `r`, `s` or `u`]",
            "error unknown_key 1:103 /roles/u/inherit: a role has no key `inherit` [did you mean `inherits`?]",
        ],
    );
}

#[test]
fn a_field_is_a_name_or_a_pointer() {
    for field in ["/a~", "/~2", "/a~/b"] {
        let check = format!(r#"{{"FieldPresent":{{"source":"Arguments","field":"{field}"}}}}"#);
        let message = format!("`{field}` is not a valid JSON pointer [write `~` as `~0`, and `/` in a name as `~1`]");
        check_field(&check, &message);
    }
    check_field(r#"{"FieldPresent":{"source":"Arguments","field":""}}"#, "the name of a field must not be empty");
}

#[track_caller]
fn check_field(condition: &str, message: &str) {
    let pointer = "/rules/0/condition/FieldPresent/field";
    check(&with_condition(condition), &[&format!("error bad_field 4:59 {pointer}: {message}")]);
}

#[test]
fn a_check_that_says_nothing_is_refused() {
    let string = |op: &str, value: &str| {
        format!(r#"{{"StringCheck":{{"source":"Arguments","field":"x","op":"{op}","value":{value}}}}}"#)
    };
    for (op, value, shown) in [("StartsWith", r#""""#, "``"), ("EndsWith", r#""""#, "``"), ("Glob", r#""**""#, "`**`")]
    {
        let column = 78 + op.len();
        check(
            &with_condition(&string(op, value)),
            &[&format!(
                "error always_true 4:{column} /rules/0/condition/StringCheck/value: `{op}` with {shown} is true for every string"
            )],
        );
    }
    let not_a_list = "error wrong_type 4:80 /rules/0/condition/StringCheck/value: `value` must be a list, not a string";
    check(&with_condition(&string("In", r#""a""#)), &[not_a_list]);
    for value in ["-1", "1.5", "1e2", "99999999999"] {
        let condition = format!(r#"{{"LengthCheck":{{"source":"Arguments","field":"x","op":"Lt","value":{value}}}}}"#);
        let message = "a length must be a whole number from 0 to 4294967295";
        check(
            &with_condition(&condition),
            &[&format!("error bad_length 4:80 /rules/0/condition/LengthCheck/value: {message}")],
        );
    }
}

/// The codes of the findings about a condition.
#[track_caller]
fn check_codes(condition: &str, expected: &[&str]) {
    assert_eq!(error_codes_of(with_condition(condition)), expected, "{condition}");
}

#[test]
fn roots_hosts_and_networks_have_one_reading() {
    let with = |check: &str, rest: &str| format!(r#"{{"{check}":{{"source":"Arguments","field":"x",{rest}}}}}"#);
    check_codes(&with("PathCheck", r#""roots":["/a/../b","/a//b","/%2e","//"]"#), &["bad_root"; 4]);
    check_codes(&with("PathCheck", r#""roots":["..","./a","a/../b","~","a:b","a//b"]"#), &["bad_root"; 6]);
    check_effect("Allow", &with("PathCheck", r#""roots":["a","."]"#), &[]);
    check_codes(&with("PathCheck", r#""roots":["a","/a"]"#), &["mixed_roots"]);
    check_codes(&with("PathCheck", r#""roots":[]"#), &["empty_list"]);
    check_codes(
        &with("UrlCheck", r#""hosts":["http://a","a_b","127.1","*.","*"],"schemes":["https:"]"#),
        &["bad_host", "bad_host", "bad_host", "bad_host", "bad_host", "bad_scheme"],
    );
    check_codes(&with("UrlCheck", r#""hosts":["xn--a.test","*.xn--a.test","bücher.test"]"#), &["bad_host"; 3]);
    check_codes(&with("UrlCheck", r#""hosts":["a"],"ports":[0,65536,1.5,-1]"#), &["bad_port"; 4]);
    check_effect(
        "Allow",
        &with("UrlCheck", r#""hosts":["public","a"],"schemes":"*","ports":["*"],"paths":["/","/**","/a/*/b*"]"#),
        &[],
    );
    check_codes(&with("UrlCheck", r#""hosts":["Public","PUBLIC","*.public"]"#), &["bad_host"; 2]);
    check_codes(&with("UrlCheck", r#""hosts":["a"],"schemes":["*","https"]"#), &["bad_scheme"]);
    check_codes(&with("UrlCheck", r#""hosts":["a"],"schemes":[]"#), &["empty_list"]);
    check_codes(&with("UrlCheck", r#""hosts":["a"],"paths":[]"#), &["empty_list"]);
    check_codes(&with("UrlCheck", r#""hosts":["a"],"schemes":"https""#), &["wrong_type"]);
    check_codes(&with("UrlCheck", r#""hosts":["a"],"ports":[80,"*"]"#), &["wrong_type"]);
    let paths = r#"["a","/a/","//","/a/../b","/a;b","/a?b","/%61","/%2f","/a**","/***","/a b"]"#;
    check_codes(&with("UrlCheck", &format!(r#""hosts":["a"],"paths":{paths}"#)), &["bad_path"; 11]);
    let without_ports = with("UrlCheck", r#""hosts":["a"]"#);
    check(&with_condition(&without_ports), &[]);
    check(
        &with_condition(&with("UrlCheck", r#""hosts":["a"],"ports":[]"#)),
        &[
            "error empty_list 4:81 /rules/0/condition/UrlCheck/ports: the list of ports must not be empty [write a port, or remove `ports` for the default port of the scheme]",
        ],
    );
    check_codes(
        &with("CidrCheck", r#""op":"In","value":["10.0.0.0","10.0.0.1/8","x/8","10.0.0.0/33"]"#),
        &["bad_network"; 4],
    );
    check_codes(&with("CidrCheck", r#""op":"StartsWith","value":["10.0.0.0/8"]"#), &["unknown_op"]);
}

/// The findings of a policy with one rule of this effect, its condition and all codes.
#[track_caller]
fn check_effect(effect: &str, condition: &str, expected: &[&str]) {
    let policy = with_condition(condition).replace("\"Allow\"", &format!("\"{effect}\""));
    let findings = findings_of(&policy);
    let codes: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, expected, "{policy}");
}

#[test]
fn a_url_check_that_denies_says_which_schemes_and_ports_it_covers() {
    let url = |rest: &str| format!(r#"{{"UrlCheck":{{"source":"Arguments","field":"x","hosts":["a"]{rest}}}}}"#);
    let not = |condition: &str| format!(r#"{{"Not":{condition}}}"#);
    let narrow = url("");
    let some = format!(r#"{{"Some":{{"source":"Arguments","field":"l","condition":{{"All":[{narrow}]}}}}}}"#);
    for (effect, condition) in [
        ("Deny", narrow.clone()),
        ("Deny", url(r#","schemes":["http"]"#)),
        ("Deny", url(r#","ports":[80]"#)),
        ("Deny", not(&not(&narrow))),
        ("Deny", some.clone()),
        ("Allow", not(&narrow)),
        ("Allow", not(&some)),
    ] {
        check_effect(effect, &condition, &["narrow_deny"]);
    }
    for (effect, condition) in [
        ("Allow", narrow.clone()),
        ("Allow", not(&not(&narrow))),
        ("Deny", not(&narrow)),
        ("RequireApproval", narrow.clone()),
        ("Deny", url(r#","schemes":"*","ports":"*""#)),
        ("Deny", url(r#","schemes":["https"],"ports":[443]"#)),
        ("Allow", not(&url(r#","schemes":["*"],"ports":[80]"#))),
    ] {
        check_effect(effect, &condition, &[]);
    }
    check(
        &with_condition(&not(&narrow)),
        &[
            r#"error narrow_deny 4:20 /rules/0/condition/Not: this `UrlCheck` denies only URLs with the scheme `https` at port 443 [add `"schemes": "*", "ports": "*"`]"#,
        ],
    );
}

#[test]
fn a_list_of_networks_that_denies_has_both_kinds_of_addresses() {
    let cidr = |op: &str, list: &str| {
        format!(r#"{{"CidrCheck":{{"source":"Arguments","field":"x","op":"{op}","value":{list}}}}}"#)
    };
    let not = |condition: &str| format!(r#"{{"Not":{condition}}}"#);
    let (v4, v6, both) = (r#"["10.0.0.0/8","shared"]"#, r#"["fc00::/7"]"#, r#"["10.0.0.0/8","::/0"]"#);
    for list in [v4, v6] {
        check_effect("Allow", &cidr("NotIn", list), &["address_family"]);
        check_effect("Allow", &not(&cidr("In", list)), &["address_family"]);
        check_effect("Deny", &cidr("In", list), &["address_family"]);
        check_effect("Allow", &cidr("In", list), &[]);
        check_effect("Deny", &cidr("NotIn", list), &[]);
        check_effect("RequireApproval", &cidr("NotIn", list), &[]);
    }
    for list in [both, r#"["private"]"#, r#"["public"]"#] {
        check_effect("Allow", &cidr("NotIn", list), &[]);
        check_effect("Deny", &cidr("In", list), &[]);
    }
}

#[test]
fn an_expression_says_itself_how_it_treats_case() {
    let text = |op: &str, case: &str| {
        format!(
            r#"{{"StringCheck":{{"source":"Arguments","field":"x","op":"{op}","value":["a"],"ignoreCase":{case}}}}}"#
        )
    };
    for op in ["In", "NotIn", "StartsWith", "EndsWith", "Contains", "Glob"] {
        check_effect("Allow", &text(op, r#""Ascii""#), &[]);
        check_effect("Allow", &text(op, r#""Full""#), &[]);
    }
    check_codes(&text("Matches", r#""Ascii""#), &["case_of_expression"]);
    check_codes(&text("In", r#""full""#), &["unknown_case"]);
    check_codes(&text("In", "true"), &["wrong_type"]);
    check_codes(&text("In", "null"), &["wrong_type"]);
}

#[test]
fn a_fix_says_what_to_write() {
    let with = |check: &str, rest: &str| format!(r#"{{"{check}":{{"source":"Arguments","field":"x",{rest}}}}}"#);
    check(
        &with_condition(&with("CidrCheck", r#""op":"In","value":["10.0.0.1/8","10.0.0.0"]"#)),
        &[
            "error bad_network 4:79 /rules/0/condition/CidrCheck/value/0: `10.0.0.1/8` has host bits after its prefix [write `10.0.0.0/8`]",
            "error bad_network 4:92 /rules/0/condition/CidrCheck/value/1: `10.0.0.0` is not a network in CIDR notation [write a network such as `10.0.0.0/8`, or one of `private`, `loopback`, `link-local`, `shared`, `metadata`, `multicast`, `reserved`, `public`]",
        ],
    );
    check(
        &with_condition(&with("StringCheck", r#""op":"Eq","value":["a"]"#)),
        &[
            "error unknown_op 4:67 /rules/0/condition/StringCheck/op: `Eq` is not an operator of `StringCheck` [write `In` with a list of one value]",
        ],
    );
    check(
        &with_condition(&with("StringCheck", r#""op":"NotContains","value":["a"]"#)),
        &[
            "error unknown_op 4:67 /rules/0/condition/StringCheck/op: `NotContains` is not an operator of `StringCheck` [write `Contains` and enclose the check in `Not`]",
        ],
    );
    check(
        &with_condition(
            r#"{"FieldEquals":{"source_a":"Arguments","field_a":"x","source_b":"Arguments","field_b":"x"}}"#,
        ),
        &[
            "error same_field 4:13 /rules/0/condition: the field `x` is compared with itself [compare it with another field]",
        ],
    );
    check(
        &with_condition(r#"{"TimeCheck":{"offset":"Europe/Berlin","from":"9:00"}}"#),
        &[
            "error bad_time 4:36 /rules/0/condition/TimeCheck/offset: `Europe/Berlin` is not an offset from UTC [write `\"zone\": \"Europe/Berlin\"`]",
            "error bad_time 4:59 /rules/0/condition/TimeCheck/from: `9:00` is not a time of day [write a time from `00:00` to `24:00`, such as `09:30`]",
        ],
    );
}

#[test]
fn items_stand_only_within_every_and_some() {
    let item = r#"{"FieldPresent":{"source":"Item","field":"a"}}"#;
    check_codes(item, &["unknown_source"]);
    let nested = format!(r#"{{"Every":{{"source":"Arguments","field":"x","condition":{item}}}}}"#);
    let twice = format!(r#"{{"Some":{{"source":"Arguments","field":"y","condition":{nested}}}}}"#);
    check_codes(&twice, &["list_of_call"]);
    check_codes(r#"{"Every":{"source":"Arguments","field":"x"}}"#, &["missing_key"]);
    check_codes(r#"{"Every":{"source":"Arguments","field":"","condition":{"All":[]}}}"#, &["bad_field"]);
}

#[test]
fn an_expression_that_no_automaton_can_do_is_refused() {
    let message = |pattern: &str| {
        let pattern = serde_json::Value::from(pattern);
        let check =
            format!(r#"{{"StringCheck":{{"source":"Arguments","field":"x","op":"Matches","value":{pattern}}}}}"#);
        let text = with_condition(&check);
        let findings = errors_of(&text);
        findings.into_iter().map(|finding| finding.message).collect::<Vec<_>>().join("; ")
    };
    for (pattern, problem) in [
        ("(", "unclosed group"),
        ("a)|(?:b", "unopened group"),
        ("a{2", "unclosed counted repetition"),
        ("(?=a)", "look-around, including look-ahead and look-behind, is not supported"),
        (r"(a)\1", "backreferences are not supported"),
        (r"((a{1000}){1000}){1000}", "too many states"),
        (r"(?:a|b)*a(?:a|b){20}", "too many states"),
        (r"[z-a]", "invalid character class range, the start must be <= the end"),
    ] {
        let seen = message(pattern);
        assert!(seen.contains(problem), "{pattern}: {seen}");
    }
    // Nested counts, and a word boundary for all of Unicode's words.
    assert!(message("(?:[a-z]{100}){100}{100}").contains("is not a supported regular expression"));
    assert!(message(r"\bword\b").contains("is not a supported regular expression"));
}

#[test]
fn a_window_of_time_holds_some_times_and_not_all() {
    for window in ["{}", r#"{"from":"09:00","to":"09:00"}"#, r#"{"weekdays":[]}"#] {
        check_codes(&format!(r#"{{"TimeCheck":{window}}}"#), &["empty_window"]);
    }
    check_codes(r#"{"TimeCheck":{"from":"9:00","to":"25:00","offset":"CET"}}"#, &["bad_time"; 3]);
    check_codes(r#"{"TimeCheck":{"weekdays":["mon","Fry"]}}"#, &["unknown_weekday"; 2]);
    check_codes(r#"{"FieldPresent":{"source":"Request","field":"ips"}}"#, &["bad_field"]);
}

#[test]
fn rules_are_held_against_the_schemas_of_their_tools() {
    let with_schema = |is_closed: bool, condition: &str| {
        format!(
            r#"{{"version":"callgate-1","tools":[{{"name":"pay","inputSchema":{{"additionalProperties":{open},"properties":{{
"amount":{{"type":["number","null"]}},"to":{{"type":"string"}},"lines":{{"type":"array"}},"any":{{}}}}}}}}],"roles":{{"agent":{{}}}},"rules":[
{{"effect":"Allow","tool_name":"pay","roles":["agent"],"condition":{condition}}}]}}"#,
            open = !is_closed
        )
    };
    let number =
        |field: &str| format!(r#"{{"NumericCheck":{{"source":"Arguments","field":"{field}","op":"Lt","value":1}}}}"#);
    for field in ["amount", "any", "/lines/0/price", "/any/x"] {
        check(&with_schema(true, &number(field)), &[]);
    }
    let pointer = "/rules/0/condition/NumericCheck/field";
    let declares = "the schema of `pay` declares";
    check(
        &with_schema(true, &number("ammount")),
        &[&format!(
            "error unknown_argument 3:113 {pointer}: {declares} no argument `ammount` [did you mean `amount`?]"
        )],
    );
    check(
        &with_schema(false, &number("ammount")),
        &[&format!(
            "warning unknown_argument 3:113 {pointer}: {declares} no argument `ammount` [did you mean `amount`?]"
        )],
    );
    check(
        &with_schema(false, &number("to")),
        &[&format!(
            "error type_mismatch 3:113 {pointer}: this check needs `number` or `integer`, but {declares} `to` as `string`"
        )],
    );
    check(
        &with_schema(false, &number("lines")),
        &[&format!(
            "error type_mismatch 3:113 {pointer}: this check needs `number` or `integer`, but {declares} `lines` as `array` [check the items with `Every` or `Some`]"
        )],
    );
    check(
        &with_schema(false, &number("/to/x")),
        &[&format!(
            "error type_mismatch 3:113 {pointer}: this check needs `object` or `array`, but {declares} `to` as `string`"
        )],
    );
}

#[test]
fn servers_are_declared_and_reasons_say_something() {
    let rule =
        |extra: &str| with_rules(&format!(r#"{{"effect":"Allow","tool_name":"view","roles":["agent"],{extra}}}"#));
    check(
        &rule(r#""server":"crm""#),
        &["error unknown_server 3:65 /rules/0/server: `crm` is not declared in `servers`"],
    );
    check(&rule(r#""reason":" ""#), &["error empty_reason 3:65 /rules/0/reason: `reason` must not be blank"]);
    check(
        &rule(r#""disclose":"none""#),
        &["error unknown_disclosure 3:67 /rules/0/disclose: `none` is not a value of `disclose` [use `all` or `code`]"],
    );
}

/// An open policy with one rule, whose effect and target matter.
fn open_rule(effect: &str, key: &str, name: &str) -> String {
    let rule = serde_json::json!({ "effect": effect, key: name, "roles": ["agent"] });
    format!("{{\"version\":\"callgate-1\",\"roles\":{{\"agent\":{{}}}},\"rules\":[\n{rule}\n]}}")
}

#[test]
fn a_pattern_that_no_name_can_match_is_an_error() {
    for effect in ["Allow", "RequireApproval", "Deny"] {
        for (key, noun) in [("tool_name", "tool"), ("prompt_name", "prompt")] {
            for (pattern, shown, code_point) in [
                ("system\u{200b}_*", "system\\u{200b}_*", "200B"),
                ("delete_* ", "delete_* ", "0020"),
                (" delete_*", " delete_*", "0020"),
                ("admin *", "admin *", "0020"),
                ("*\tx", "*\\tx", "0009"),
                ("*\u{7f}*", "*\\u{7f}*", "007F"),
                ("a\u{ad}*", "a\\u{ad}*", "00AD"),
                ("*\u{a0}", "*\\u{a0}", "00A0"),
                ("*\u{feff}", "*\\u{feff}", "FEFF"),
                ("*\u{e0041}*", "*\\u{e0041}*", "E0041"),
            ] {
                let text = open_rule(effect, key, pattern);
                let findings = errors_of(&text);
                let seen: Vec<_> =
                    findings.iter().map(|found| (found.code, found.message.as_str(), found.fix.as_deref())).collect();
                let message = format!("the pattern `{shown}` cannot match a valid {noun} name");
                let fix = format!("remove the character U+{code_point}");
                assert_eq!(seen, [("bad_name", message.as_str(), Some(fix.as_str()))], "{text}");
                let place = findings.first().map(|finding| text.get(finding.span.clone()).expect("a span"));
                let written = serde_json::Value::from(pattern).to_string();
                assert_eq!(place, Some(written.as_str()), "{text}");
            }
        }
    }
}

#[test]
fn a_pattern_that_a_name_can_match_is_accepted() {
    let longest = format!("{}*", "x".repeat(127));
    for pattern in ["*", "**", "system_*", "*.*", "überweisung*", "*_日本", longest.as_str()] {
        check(&open_rule("Deny", "tool_name", pattern), &[]);
        check(&open_rule("Deny", "prompt_name", pattern), &[]);
    }
    let too_long = open_rule("Deny", "tool_name", &format!("{}*", "x".repeat(128)));
    assert_eq!(error_codes_of(too_long), ["bad_name"]);
}

#[test]
fn a_name_that_no_call_can_have_is_an_error_with_the_character_to_remove() {
    let pointer = "/rules/0/tool_name";
    check(
        &open_rule("Deny", "tool_name", "delete_all "),
        &[&format!(
            "error bad_name 2:48 {pointer}: `delete_all ` is not a valid tool name [remove the character U+0020]"
        )],
    );
}

#[test]
fn a_server_has_a_name_that_a_call_can_have() {
    let policy = |server: &str| {
        let server = serde_json::Value::from(server);
        format!(
            "{{\"version\":\"callgate-1\",\"servers\":[{server}],\"roles\":{{\"agent\":{{}}}},\"rules\":[\n{{\"effect\":\"Deny\",\"server\":{server},\"tool_name\":\"*\",\"roles\":[\"agent\"]}}]}}"
        )
    };
    check(&policy("crm"), &[]);
    check(&policy("kundenbetreuung-süd"), &[]);
    for (server, problem) in [
        ("", "the name of a server must not be empty [write 1 to 128 characters]"),
        ("crm\u{200b}", "`crm\\u{200b}` is not a valid server name [remove the character U+200B]"),
        ("crm ", "`crm ` is not a valid server name [remove the character U+0020]"),
        ("my crm", "`my crm` is not a valid server name [remove the character U+0020]"),
        ("crm\n", "`crm\\n` is not a valid server name [remove the character U+000A]"),
        ("crm*", "`crm*` is not a valid server name [write the name without `*`]"),
    ] {
        check(&policy(server), &[&format!("error bad_name 1:36 /servers/0: {problem}")]);
    }
    let long = "x".repeat(129);
    let shown = format!("`{}…` is not a valid server name [write 1 to 128 characters]", "x".repeat(60));
    check(&policy(&long), &[&format!("error bad_name 1:36 /servers/0: {shown}")]);
}

/// Checks the findings about a comparison of a request fact with one text: message and fix of each finding with the
/// code.
#[track_caller]
fn check_fact(field: &str, op: &str, value: &str, code: &str, expected: Option<(&str, &str)>) {
    let check =
        serde_json::json!({ "StringCheck": { "source": "Request", "field": field, "op": op, "value": [value] } });
    for condition in [check.clone(), serde_json::json!({ "Not": check })] {
        let text = with_condition(&condition.to_string());
        let findings = findings_of(&text);
        let seen: Vec<_> = findings
            .iter()
            .map(|found| (found.code, found.severity, found.message.as_str(), found.fix.as_deref()))
            .collect();
        let message =
            expected.map(|(message, _)| format!("{} never matches `{field}`, which is {message}", quoted(value)));
        let expected: Vec<_> = expected
            .iter()
            .zip(&message)
            .map(|((_, fix), message)| (code, Severity::Error, message.as_str(), Some(*fix)))
            .collect();
        assert_eq!(seen, expected, "{text}");
        for finding in &findings {
            let written = serde_json::Value::from(value).to_string();
            assert_eq!(text.get(finding.span.clone()), Some(written.as_str()), "{text}");
        }
    }
}

fn quoted(text: &str) -> String {
    format!("`{text}`")
}

#[test]
fn a_country_is_compared_with_what_a_country_can_be() {
    let check = |op: &str, value: &str, fix: Option<&str>| {
        check_fact("country", op, value, "bad_country", fix.map(|fix| ("two capital letters", fix)));
    };
    let other = Some("write a code such as `DE`");
    for op in ["In", "NotIn"] {
        check(op, "KP", None);
        check(op, "kp", Some("write `KP`"));
        check(op, "Kp", Some("write `KP`"));
        for value in ["", "K", "PRK", "T1", "K ", " KP", "*P", "ÄÖ", "Ä"] {
            check(op, value, other);
        }
    }
    for op in ["StartsWith", "EndsWith", "Contains"] {
        check(op, "K", None);
        check(op, "KP", None);
        check(op, "kp", Some("write `KP`"));
        for value in ["k", "KPX", "1"] {
            check(op, value, other);
        }
    }
    for value in ["K*", "*K*P*", "KP", "KP*"] {
        check("Glob", value, None);
    }
    for value in ["k*", "K", "?P", "K*P*X", "K*1"] {
        check("Glob", value, other);
    }
    for value in ["KP|IR", "K.", "(?i)kp", "[A-K]P?P"] {
        check("Matches", value, None);
    }
    check("Matches", "kp", Some("write `KP`"));
    for value in ["kp|ir", "K", "[a-z]{2}", "KP."] {
        check("Matches", value, other);
    }
}

#[test]
fn an_address_is_compared_with_what_an_address_can_be() {
    let check = |op: &str, value: &str, fix: Option<&str>| {
        check_fact("ip", op, value, "bad_address", fix.map(|fix| ("an address in canonical form", fix)));
    };
    let other = Some("write an address such as `10.0.0.1`");
    for op in ["In", "NotIn"] {
        for value in ["10.0.0.1", "::1", "2001:db8::1", "::ffff:10.0.0.1"] {
            check(op, value, None);
        }
        check(op, "2001:DB8::1", Some("write `2001:db8::1`"));
        check(op, "2001:db8:0::1", Some("write `2001:db8::1`"));
        check(op, "10.0.0.0/8", Some("use `CidrCheck` for a network"));
        for value in ["", "10.0.0.999", "10.1", "010.0.0.1", "localhost", "10.0.0.1 ", "[::1]", "10.*"] {
            check(op, value, other);
        }
    }
    for (op, value) in
        [("StartsWith", "10."), ("EndsWith", ".1"), ("Contains", ":db8:"), ("Glob", "10.*"), ("Glob", "::1")]
    {
        check(op, value, None);
    }
    for (op, value) in
        [("StartsWith", "FE80"), ("EndsWith", "%eth0"), ("Contains", "/"), ("Glob", "x*"), ("Glob", "10.")]
    {
        check(op, value, other);
    }
    check("Matches", "10\\..*", None);
}

#[test]
fn expressions_that_are_right_by_themselves_may_be_too_many_together() {
    let values: Vec<String> = ["x", "y", "z", "w"].map(|first| format!("{first}[ab]*a[ab]{{12}}")).to_vec();
    let list = serde_json::Value::from(values);
    let check = format!(r#"{{"StringCheck":{{"source":"Arguments","field":"x","op":"Matches","value":{list}}}}}"#);
    check_codes(&check, &["bad_regex"]);
}

/// The codes of what is found in a policy whose rules have these `id`s.
#[track_caller]
fn codes_of_ids(ids: &[&str]) -> Vec<&'static str> {
    let rule = |id: &&str| {
        serde_json::json!({ "id": id, "effect": "Allow", "tool_name": "view", "roles": ["agent"] }).to_string()
    };
    let text = with_rules(&ids.iter().map(rule).collect::<Vec<_>>().join(","));
    findings_of(text).iter().map(|finding| finding.code).collect()
}

#[test]
fn an_id_is_a_name_that_no_pointer_looks_like() {
    for id in ["", "/rules/0", "/", "a\nb", "\u{0}"] {
        assert_eq!(codes_of_ids(&[id]), ["bad_name"], "{id:?}");
    }
    for id in ["a", "a/b", "a b", "\u{fc}ber"] {
        assert!(codes_of_ids(&[id]).is_empty(), "{id:?}");
    }
    assert_eq!(codes_of_ids(&["a", "b", "a"]), ["duplicate_id"]);
    assert_eq!(codes_of_ids(&["a", "b", "A"]), ["never_decides"; 2]);
}

#[test]
fn only_an_empty_list_of_conditions_is_always_true_in_perso() {
    let codes = |condition: &str| {
        let text = format!(
            r#"{{"version":"perso-1.0.0","default_action":"Deny","tools":["a"],"roles":["r"],"rules":[
{{"tool_name":"a","roles":["r"],"condition":{condition}}}]}}"#
        );
        valid_policy(&text).warnings().iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    let check = r#"{"NumericCheck":{"source":"Arguments","field":"x","op":"Lt","value":5}}"#;
    assert_eq!(codes(r#"{"All":[]}"#), ["always_true"]);
    assert!(codes(&format!(r#"{{"All":[{check}]}}"#)).is_empty());
    // An empty `Any` is never true.
    assert!(codes(r#"{"Any":[]}"#).is_empty());
}

#[test]
fn a_name_is_declared_once_but_for_perso() {
    let codes = |text: &str| {
        let findings = findings_of(text);
        findings.iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    let perso = |tools: &str, roles: &str| {
        codes(&format!(
            r#"{{"version":"perso-1.0.0","default_action":"Deny","tools":{tools},"roles":{roles},"rules":[]}}"#
        ))
    };
    assert!(perso(r#"["a","a"]"#, r#"["r"]"#).is_empty());
    assert!(perso(r#"["a"]"#, r#"["r","r"]"#).is_empty());
    let ours = |tools: &str| {
        codes(&with_rules(r#"{"effect":"Allow","tool_name":"view","roles":["agent"]}"#).replace(r#"["view"]"#, tools))
    };
    assert_eq!(ours(r#"["view","view"]"#), ["duplicate_name"]);
    assert!(ours(r#"["view"]"#).is_empty());
}

#[test]
fn a_declared_name_has_128_characters_at_most() {
    let codes = |length: usize| {
        // The characters count, not the bytes.
        let name = "ü".repeat(length);
        let text = with_rules(r#"{"effect":"Allow","tool_name":"view","roles":["agent"]}"#).replace("view", &name);
        let findings = findings_of(text);
        findings.iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert!(codes(128).is_empty());
    assert_eq!(codes(129), ["bad_name"]);
    assert_eq!(codes(130), ["bad_name"]);
}

#[test]
fn a_word_in_a_wrong_place_is_reported_with_its_place() {
    let fix_of = |text: &str| {
        let findings = callgate_engine::parse(text).and_then(callgate_engine::validate).expect_err("an error");
        findings.into_iter().map(|finding| finding.fix.unwrap_or_default()).collect::<Vec<_>>()
    };
    let op = |check: &str, op: &str, value: &str| {
        let check = format!(r#"{{"{check}":{{"source":"Arguments","field":"x","op":"{op}","value":{value}}}}}"#);
        fix_of(&with_condition(&check))
    };
    assert_eq!(op("NumericCheck", "In", "1"), ["`In` belongs to `StringCheck`"]);
    assert_eq!(op("NumericCheck", "contains", "1"), ["`Contains` belongs to `StringCheck`"]);
    assert_eq!(op("LengthCheck", "Matches", "1"), ["`Matches` belongs to `StringCheck`"]);
    assert_eq!(op("CidrCheck", "StartsWith", r#"["10.0.0.0/8"]"#), ["`StartsWith` belongs to `StringCheck`"]);
    assert_eq!(op("StringCheck", "Ne", r#"["a"]"#), ["write `NotIn` with a list of one value"]);
    assert_eq!(op("StringCheck", "Gt", r#"["a"]"#), ["`Gt` belongs to `NumericCheck`"]);
    // Another spelling of an operator of the check is that operator.
    assert_eq!(op("LengthCheck", "eq", "1"), ["did you mean `Eq`?"]);
    assert_eq!(op("CidrCheck", "in", r#"["10.0.0.0/8"]"#), ["did you mean `In`?"]);
    let key = |key: &str| {
        let rule = format!(r#"{{"id":"a","effect":"Allow","tool_name":"view","roles":["agent"],"{key}":{{}}}}"#);
        fix_of(&with_rules(&rule))
    };
    assert_eq!(key("NumericCheck"), ["`NumericCheck` belongs to `condition`"]);
    assert_eq!(key("inherits"), ["`inherits` belongs to a role"]);
    assert_eq!(key("inputSchema"), ["`inputSchema` belongs to a tool"]);
    assert_eq!(key("description"), ["`description` belongs to a policy"]);
    assert_eq!(key("field"), ["`field` belongs to a check such as `NumericCheck`"]);
    assert_eq!(key("conditions"), ["did you mean `condition`?"]);
    let two = r#"{"FieldEquals":{"source_a":"Arguments","field":"x","source_b":"Item","field_b":"y"}}"#;
    assert!(fix_of(&with_condition(two)).contains(&"did you mean `field_b`?".to_owned()));
}
