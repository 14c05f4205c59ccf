//! Valid configurations, and the messages for invalid ones.
#![expect(clippy::expect_used, reason = "a failed test panics")]

use callgate_edge_core::log::{Collector, Format, Mode, Sink};
use callgate_edge_core::{Config, Limits, RateLimit};

#[track_caller]
fn check(text: &str, expected: &str) {
    let told = Config::read(text).err().map(|error| error.to_string());
    assert_eq!(told.as_deref(), Some(expected), "{text}");
}

#[track_caller]
fn sink(text: &str) -> Sink {
    let config = format!(r#"{{"log":{{"mode":"best-effort","sink":{text}}}}}"#);
    Config::read(&config).expect("a configuration").log.sink
}

#[test]
fn nothing_is_recorded_and_every_bound_is_the_default_unless_it_is_set() {
    for text in ["{}", " {} ", r#"{"log":{},"limits":{}}"#] {
        let config = Config::read(text).expect("a configuration");
        assert_eq!(
            (config.log.mode, config.log.format, config.log.sink),
            (Mode::Off, Format::CloudEvents, Sink::Stdout)
        );
        assert_eq!(config.limits, Limits::default());
        assert!(config.auth.is_none());
    }
    let limits =
        Limits { body_bytes: 262_144, depth: 32, calls_per_batch: 100, roles_per_caller: 32, log_queue: 1_000 };
    assert_eq!(Limits::default(), limits);
}

#[test]
fn a_blank_configuration_is_refused() {
    for text in ["", " ", "\n", " \t\r\n "] {
        check(text, "the configuration is blank; write `{}` for the defaults, or unset `CALLGATE_CONFIG`");
    }
}

#[test]
fn limits_are_read() {
    let text = r#"{"limits":{"bodyBytes":1024,"depth":2,"callsPerBatch":100,"rolesPerCaller":2,"logQueue":100000}}"#;
    let limits = Limits { body_bytes: 1_024, depth: 2, calls_per_batch: 100, roles_per_caller: 2, log_queue: 100_000 };
    assert_eq!(Config::read(text).expect("a configuration").limits, limits);
}

#[test]
fn limits_have_limits() {
    check(r#"{"limits":{"bodyBytes":1023}}"#, "/limits/bodyBytes must be an integer from 1024 to 1048576");
    check(r#"{"limits":{"bodyBytes":1048577}}"#, "/limits/bodyBytes must be an integer from 1024 to 1048576");
    check(r#"{"limits":{"depth":1}}"#, "/limits/depth must be an integer from 2 to 32");
    check(r#"{"limits":{"depth":33}}"#, "/limits/depth must be an integer from 2 to 32");
    check(r#"{"limits":{"callsPerBatch":101}}"#, "/limits/callsPerBatch must be an integer from 1 to 100");
    check(r#"{"limits":{"rolesPerCaller":"2"}}"#, "/limits/rolesPerCaller must be an integer from 1 to 32");
    check(r#"{"limits":{"logQueue":1.5}}"#, "/limits/logQueue must be an integer from 1 to 100000");
    check(
        r#"{"limits":{"body":1}}"#,
        "/limits has an unknown key `body`; use `bodyBytes`, `depth`, `callsPerBatch`, \
         `rolesPerCaller` or `logQueue`",
    );
}

#[test]
fn calls_are_counted_by_a_binding_or_by_a_store() {
    let read = |text: &str| Config::read(text).expect("a configuration").rate_limit;
    assert_eq!(read(r#"{"rateLimit":{}}"#), None);
    assert_eq!(read(r#"{"rateLimit":{"binding":"CALLS_2"}}"#), Some(RateLimit::Binding("CALLS_2".into())));
    let store = RateLimit::Store { store: "default".into(), calls: 600, period_seconds: 60 };
    assert_eq!(read(r#"{"rateLimit":{"store":"default","calls":600,"periodSeconds":60}}"#), Some(store));
    for section in [
        r#"{"binding":"CALLS","calls":600}"#,
        r#"{"binding":"CALLS","store":"default","calls":600,"periodSeconds":60}"#,
        r#"{"store":"","calls":600,"periodSeconds":60}"#,
        r#"{"store":"default","calls":600}"#,
        r#"{"periodSeconds":60}"#,
    ] {
        check(
            &format!(r#"{{"rateLimit":{section}}}"#),
            "/rateLimit must have either `binding`, or `store`, `calls` and `periodSeconds`",
        );
    }
}

#[test]
fn bindings_have_names_wherever_they_are_named() {
    for name in ["", "A-B", "A B", "A.B", "\u{c4}"] {
        let problem = "must be a binding name of ASCII letters, digits and `_`";
        check(&format!(r#"{{"rateLimit":{{"binding":"{name}"}}}}"#), &format!("/rateLimit/binding {problem}"));
        for sink in ["queue", "analytics"] {
            check(
                &format!(r#"{{"log":{{"sink":{{"type":"{sink}","binding":"{name}"}}}}}}"#),
                &format!("/log/sink/binding {problem}"),
            );
        }
    }
    check(r#"{"rateLimit":{"binding":1}}"#, "/rateLimit/binding must be a string");
}

#[test]
fn each_sink_is_read() {
    assert_eq!(sink(r#"{"type":"stdout"}"#), Sink::Stdout);
    assert_eq!(sink(r#"{"type":"queue","binding":"DECISIONS"}"#), Sink::Queue("DECISIONS".into()));
    assert_eq!(sink(r#"{"type":"analytics","binding":"DECISIONS"}"#), Sink::Analytics("DECISIONS".into()));
    let url = "https://logs.example.com/in?x=1".to_owned();
    let defaults = Collector { url, batch: 100, batch_wait_millis: 1_000, timeout_millis: 5_000, attempts: 3 };
    let url = defaults.url.clone();
    assert_eq!(sink(r#"{"type":"https","url":"https://logs.example.com/in?x=1"}"#), Sink::Https(defaults));
    let set = r#"{"type":"https","url":"https://logs.example.com/in?x=1","batch":1,"batchWaitMillis":0,
        "timeoutMillis":100,"attempts":10}"#;
    let collector = Collector { url, batch: 1, batch_wait_millis: 0, timeout_millis: 100, attempts: 10 };
    assert_eq!(sink(set), Sink::Https(collector));
}

#[test]
fn records_are_sent_over_tls_or_stay_on_the_machine() {
    for url in [
        "https://logs.example.com",
        "https://logs.example.com:8443/in",
        "https://10.0.0.1/",
        "https://[2001:db8::1]:8443/",
        "http://localhost:4318/in",
        "http://127.0.0.1",
        "http://[::1]:80/",
    ] {
        assert!(matches!(sink(&format!(r#"{{"type":"https","url":"{url}"}}"#)), Sink::Https(_)), "{url}");
    }
    for url in [
        "",
        "logs.example.com",
        "ftp://logs.example.com",
        "HTTPS://logs.example.com",
        "https://",
        "https:///in",
        "https://user:key@logs.example.com/",
        "https://logs.example.com/#top",
        "https://logs.example.com:/",
        "https://logs.example.com:+443/",
        "https://[::1]x/",
        "https://[::1",
        "https://[]/",
        "http://[::1]:/",
        "https://logs.example.com:0/",
        "https://logs.example.com:65536/",
        "https://logs.example.com/a b",
        "https://logs.example.com\\\\x",
        "https://löschen.example/",
        "http://logs.example.com/",
        "http://localhost.example.com/",
        "http://localhost@logs.example.com/",
        "http://127.0.0.1.example.com/",
    ] {
        let text = format!(r#"{{"log":{{"sink":{{"type":"https","url":"{url}"}}}}}}"#);
        check(
            &text,
            "/log/sink/url must be an `https:` URL without a user or fragment; `http:` is only for `localhost`",
        );
    }
}

#[test]
fn an_error_is_reported_with_its_position() {
    check("[]", "the configuration must be an object");
    check("{", "the configuration must be exactly one JSON object");
    check(r#"{"log":{},"log":{}}"#, "the configuration has an object with a duplicate key");
    check(
        r#"{"logs":{}}"#,
        "the configuration has an unknown key `logs`; use `auth`, `log`, `limits`, `rateLimit` or `explain`",
    );
    check(r#"{"log":{"mode":"always"}}"#, "/log/mode must be `off`, `best-effort` or `required`");
    check(r#"{"log":{"mode":true}}"#, "/log/mode must be a string");
    check(r#"{"log":{"format":"ecs"}}"#, "/log/format must be `cloudevents` or `opa`");
    check(r#"{"log":{"chain":"yes"}}"#, "/log/chain must be a boolean");
    check(r#"{"log":{"argsDigest":0}}"#, "/log/argsDigest must be a boolean");
    check(r#"{"log":{"source":"a b"}}"#, "/log/source must be a URI or a path, such as `/callgate`");
    check(r#"{"log":{"labels":{"env":1}}}"#, "/log/labels must be an object of strings");
    check(r#"{"log":{"labels":[]}}"#, "/log/labels must be an object of strings");
    check(r#"{"log":{"labels":{"app":"x"}}}"#, "/log/labels must not have `app` or `version`, which callgate sets");
    check(r#"{"log":{"sink":"stdout"}}"#, "/log/sink must be an object");
    check(r#"{"log":{"sink":{}}}"#, "/log/sink/type is missing");
    check(r#"{"log":{"sink":{"type":"kafka"}}}"#, "/log/sink/type must be `stdout`, `https`, `queue` or `analytics`");
    check(r#"{"log":{"sink":{"type":"https"}}}"#, "/log/sink/url is missing");
    check(r#"{"log":{"sink":{"type":"queue"}}}"#, "/log/sink/binding is missing");
    check(
        r#"{"log":{"sink":{"type":"queue","binding":"A","batch":1}}}"#,
        "/log/sink has an unknown key `batch`; use `type` or `binding`",
    );
    check(
        r#"{"log":{"sink":{"type":"https","url":"https://a.example","batch":0}}}"#,
        "/log/sink/batch must be an integer from 1 to 1000",
    );
}

#[test]
fn arguments_are_recorded_only_with_a_mask() {
    check(r#"{"log":{"arguments":"all"}}"#, "/log/arguments must be `none` or `masked`");
    check(r#"{"log":{"arguments":"masked"}}"#, "/log/mask is missing; `[]` records all arguments unmasked");
    check(r#"{"log":{"mask":["a"]}}"#, "/log/mask requires `arguments` to be `masked`");
    check(
        r#"{"log":{"arguments":"none","argumentBytes":64}}"#,
        "/log/argumentBytes requires `arguments` to be `masked`",
    );
    check(r#"{"log":{"arguments":"masked","mask":["a",1]}}"#, "/log/mask must be a list of strings");
    check(
        r#"{"log":{"arguments":"masked","mask":["a","/b~"]}}"#,
        "/log/mask names `/b~`, which is neither a field nor a JSON pointer",
    );
    check(
        r#"{"log":{"arguments":"masked","mask":[],"argumentBytes":65537}}"#,
        "/log/argumentBytes must be an integer from 64 to 65536",
    );
    Config::read(r#"{"log":{"arguments":"masked","mask":["a","/b/0"]}}"#).expect("a configuration");
}

#[test]
fn a_dataset_cannot_be_required() {
    let with = |more: &str| format!(r#"{{"log":{{"sink":{{"type":"analytics","binding":"A"}},{more}}}}}"#);
    check(
        &with(r#""mode":"required""#),
        "/log/mode cannot be `required` with the sink `analytics`, which reports no failures",
    );
    check(&with(r#""chain":true"#), "/log/chain cannot be true with the sink `analytics`, which samples records");
    check(
        &with(r#""arguments":"masked","mask":[]"#),
        "/log/arguments cannot be `masked` with the sink `analytics`, which cannot store arguments",
    );
}

#[test]
fn the_section_of_callers_is_handed_on() {
    let config = Config::read(r#"{"auth":{"anything":[1]}}"#).expect("a configuration");
    assert_eq!(config.auth.map(|auth| auth.text()), Some(r#"{"anything":[1]}"#));
}

#[test]
fn a_log_has_16_labels_and_256_masked_fields_at_most() {
    let labels = |count: usize| {
        let labels: Vec<String> = (0..count).map(|number| format!(r#""label-{number}":"x""#)).collect();
        format!(r#"{{"log":{{"labels":{{{}}}}}}}"#, labels.join(","))
    };
    let mask = |count: usize| {
        let fields: Vec<String> = (0..count).map(|number| format!(r#""field-{number}""#)).collect();
        format!(r#"{{"log":{{"arguments":"masked","mask":[{}]}}}}"#, fields.join(","))
    };
    for (config, pointer) in [(labels(17), "/log/labels"), (labels(18), "/log/labels"), (mask(257), "/log/mask")] {
        let error = Config::read(&config).expect_err("a mistake").to_string();
        assert!(error.starts_with(&format!("{pointer} ")), "{error}");
    }
    for config in [labels(0), labels(16), mask(0), mask(256)] {
        assert!(Config::read(&config).is_ok(), "{config}");
    }
}
