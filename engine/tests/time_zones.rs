//! Time windows in time zones, on dates, and across changes of summer time.

use callgate_engine::{Code, RequestFacts};
use callgate_test_support::{Answer, decide_with, error_codes_of, errors_of, findings_of, image_of};
use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZoneDatabase;
use serde_json::{Value, json};

fn policy(rules: &Value) -> Value {
    json!({ "version": "callgate-1", "tools": ["mail"], "roles": { "agent": {} }, "rules": rules })
}

fn rule(effect: &str, window: &Value) -> Value {
    let condition = json!({ "TimeCheck": window });
    json!({ "effect": effect, "tool_name": "mail", "roles": ["agent"], "condition": condition })
}

/// A policy that allows within a window.
fn allow_in(window: &Value) -> Vec<u8> {
    image_of(policy(&json!([rule("Allow", window)])))
}

/// A policy that denies within a window.
fn deny_in(window: &Value) -> Vec<u8> {
    let others = json!({ "effect": "Allow", "tool_name": "mail", "roles": ["agent"] });
    image_of(policy(&json!([others, rule("Deny", window)])))
}

fn answer_at(image: &[u8], seconds: i64) -> Answer {
    decide_with(image, &RequestFacts::new(Some(seconds), None, None), json!({ "tool": "mail", "role": "agent" }))
}

/// The seconds since the start of 1970; a text that is not a time is a time that no window knows.
fn seconds(time: &str) -> i64 {
    time.parse::<Timestamp>().map_or(i64::MIN, Timestamp::as_second)
}

#[track_caller]
fn check(window: &Value, time: &str, expected: Code) {
    assert_eq!(answer_at(&allow_in(window), seconds(time)).code, expected, "allowed within {window} at {time}");
    let denied = match expected {
        Code::Allowed => Code::DeniedByRule,
        Code::ConditionFailed => Code::Allowed,
        other => other,
    };
    assert_eq!(answer_at(&deny_in(window), seconds(time)).code, denied, "denied within {window} at {time}");
}

#[test]
fn office_hours_follow_summer_time_for_every_hour_of_eleven_years() {
    let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri"];
    // Every hour in Berlin; elsewhere, steps that meet every hour of a day.
    let zones = [
        ("Europe/Berlin", 1),
        ("America/New_York", 25),
        ("Australia/Lord_Howe", 25),
        ("Africa/Casablanca", 25),
        ("Asia/Kolkata", 25),
        ("UTC", 25),
    ];
    for (name, step) in zones {
        let zone = TimeZoneDatabase::bundled().get(name).expect("a time zone");
        let window = json!({ "from": "09:00", "to": "17:00", "weekdays": weekdays, "zone": name });
        let night = json!({ "from": "22:30", "to": "02:30", "weekdays": ["Sat"], "zone": name });
        let (window, night) = (allow_in(&window), allow_in(&night));
        let mut time = seconds("2026-01-01T00:00:00Z");
        while time < seconds("2037-01-01T00:00:00Z") {
            let local = Timestamp::from_second(time).expect("a time").to_zoned(zone.clone());
            let minute = i32::from(local.hour()) * 60 + i32::from(local.minute());
            let is_work =
                (9 * 60..17 * 60).contains(&minute) && !matches!(local.weekday(), Weekday::Saturday | Weekday::Sunday);
            let is_night = match local.weekday() {
                Weekday::Saturday => minute >= 22 * 60 + 30,
                Weekday::Sunday => minute < 2 * 60 + 30,
                _ => false,
            };
            assert_eq!(answer_at(&window, time).code == Code::Allowed, is_work, "work in {name} at {local}");
            assert_eq!(answer_at(&night, time).code == Code::Allowed, is_night, "night in {name} at {local}");
            time += 3600 * step;
        }
    }
}

#[test]
fn an_hour_that_is_left_out_or_repeated_has_the_clock_of_the_place() {
    let at_two = json!({ "from": "02:00", "to": "03:00", "zone": "Europe/Berlin" });
    // On 29 March the clock goes from 01:59 to 03:00.
    check(&at_two, "2026-03-29T00:59:59Z", Code::ConditionFailed);
    check(&at_two, "2026-03-29T01:00:00Z", Code::ConditionFailed);
    // On 25 October the hour from 02:00 comes twice.
    check(&at_two, "2026-10-24T23:59:59Z", Code::ConditionFailed);
    check(&at_two, "2026-10-25T00:00:00Z", Code::Allowed);
    check(&at_two, "2026-10-25T01:59:59Z", Code::Allowed);
    check(&at_two, "2026-10-25T02:00:00Z", Code::ConditionFailed);
}

#[test]
fn a_time_without_a_known_offset_is_unknown() {
    let window = json!({ "from": "00:00", "to": "24:00", "weekdays": ["Fri", "Sat"], "zone": "Europe/Berlin" });
    check(&window, "1999-12-31T23:59:59Z", Code::ConditionUnknown);
    check(&window, "2000-01-01T00:00:00Z", Code::Allowed);
    check(&window, "2099-12-31T22:59:59Z", Code::ConditionFailed);
    check(&window, "2100-01-01T00:00:00Z", Code::ConditionUnknown);
    let answer = answer_at(&allow_in(&window), -1);
    assert_eq!(answer.reason, "`time` must be a time from 2000 to 2099");
}

#[test]
fn dates_are_those_of_the_place_and_of_the_start_of_the_window() {
    let holidays = json!({ "dates": ["2026-12-24/2027-01-02", "2026-05-01"], "zone": "Europe/Berlin" });
    check(&holidays, "2026-12-23T22:59:59Z", Code::ConditionFailed);
    check(&holidays, "2026-12-23T23:00:00Z", Code::Allowed);
    check(&holidays, "2027-01-02T22:59:59Z", Code::Allowed);
    check(&holidays, "2027-01-02T23:00:00Z", Code::ConditionFailed);
    check(&holidays, "2026-04-30T22:00:00Z", Code::Allowed);
    check(&holidays, "2026-05-01T22:00:00Z", Code::ConditionFailed);
    // Without a time zone, dates are those of the offset.
    let eve = json!({ "dates": ["2026-12-24"], "from": "22:00", "to": "02:00", "offset": "+01:00" });
    check(&eve, "2026-12-24T20:59:59Z", Code::ConditionFailed);
    check(&eve, "2026-12-25T00:59:59Z", Code::Allowed);
    check(&eve, "2026-12-23T23:30:00Z", Code::ConditionFailed);
    let reason = answer_at(&allow_in(&holidays), seconds("2026-06-01T00:00:00Z")).reason;
    assert_eq!(reason, "`time` must be on 2026-05-01, 2026-12-24/2027-01-02 in the time zone Europe/Berlin");
}

#[test]
fn a_window_needs_a_zone_of_the_database_and_dates_of_the_calendar() {
    let codes = |window: Value| error_codes_of(policy(&json!([rule("Allow", &window)])));
    let hours = |key: &str, value: Value| {
        let mut window = json!({ "from": "09:00" });
        window[key] = value;
        codes(window)
    };
    for zone in ["europe/berlin", "Berlin", "CEST", "", "+01:00", "../../etc/passwd"] {
        assert_eq!(hours("zone", json!(zone)), ["unknown_zone"], "{zone}");
    }
    for dates in [json!(["2026-02-30"]), json!(["24.12.2026"]), json!(["2027-01-01/2026-01-01"]), json!(["2100-01-01"])]
    {
        assert_eq!(hours("dates", dates.clone()), ["bad_time"], "{dates}");
    }
    assert_eq!(hours("dates", json!([])), ["empty_list"]);
    assert_eq!(codes(json!({ "from": "09:00", "zone": "UTC", "offset": "Z" })), ["zone_and_offset"]);
    assert_eq!(codes(json!({ "zone": "UTC" })), ["empty_window"]);
    let fix_of = |window: &Value| errors_of(policy(&json!([rule("Allow", window)]))).remove(0).fix.expect("a fix");
    assert_eq!(fix_of(&json!({ "from": "09:00", "zone": "Europe/Berlim" })), "did you mean `Europe/Berlin`?");
    let fix = fix_of(&json!({ "from": "09:00", "offset": "Europe/Berlin" }));
    assert_eq!(fix, "write `\"zone\": \"Europe/Berlin\"`");
    // The fix is taken, and the note about a fixed offset is gone.
    let findings = findings_of(policy(&json!([rule("Allow", &json!({ "from": "09:00", "zone": "Europe/Berlin" }))])));
    assert!(findings.iter().all(|finding| finding.code != "fixed_offset"), "{findings:?}");
}
