//! Checks an arbitrary string as a path, a URL and an address.
//!
//! If the engine decides whether a string is inside or outside the policy's targets, independent readers must agree. It
//! may call any string ambiguous, because that denies.

use std::net::IpAddr;
use std::sync::LazyLock;

use callgate_conformance::judge::compile_text;
use callgate_conformance::policy::condition::IgnoreCase;
use callgate_conformance::readers::{AllowedPaths, AllowedUrls, Entries, address_is_in};
use callgate_engine::{Call, Code, Effect, PolicyImage, RequestFacts, evaluate};
use percent_encoding::percent_decode_str;
use serde_json::json;
use unicode_normalization::UnicodeNormalization as _;
use url::{Host, Url};

const ROOTS: [&str; 3] = ["/data/reports", "/srv/", "/a b/é"];
const RELATIVE_ROOTS: [&str; 3] = [".github", "src/gen/", "é"];
const PATHS: [&str; 4] = ["/", "/v1/**", "/*/a%20b", "/**/x*/y"];
const SETS: [&str; 3] = ["private", "metadata", "public"];
const SCHEMES: [&str; 4] = ["https", "http", "WSS", "foo"];
const HOSTS: [&str; 6] =
    ["api.example.com", "*.CDN.example", "10.0.0.1", "[2001:db8::1]", "xn--bcher-kva.example", "*.com"];
const PORTS: [u16; 3] = [443, 80, 8443];
const NETWORKS: [&str; 5] = ["10.0.0.0/8", "2001:db8::/32", "192.168.0.1/32", "128.0.0.0/1", "::/1"];

static IMAGE: LazyLock<Result<Vec<u8>, String>> = LazyLock::new(|| {
    let rule = |tool: &str, condition: serde_json::Value| json!({ "effect": "Allow", "tool_name": tool, "roles": ["r"], "condition": condition });
    let policy = json!({
        "version": "callgate-1",
        "tools": ["path", "relative", "windows", "glob", "url", "plain_url", "public", "ip", "not_ip", "ip_of_sets"],
        "roles": { "r": {} },
        "rules": [
            rule("path", json!({ "PathCheck": { "source": "Arguments", "field": "v", "roots": ROOTS } })),
            rule("relative", json!({ "PathCheck": {
                "source": "Arguments", "field": "v", "roots": RELATIVE_ROOTS, "ignoreCase": "Full" } })),
            rule("windows", json!({ "PathCheck": {
                "source": "Arguments", "field": "v", "roots": WINDOWS_ROOTS, "base": "C:\\data" } })),
            rule("glob", json!({ "PathCheck": {
                "source": "Arguments", "field": "v", "globs": GLOBS, "base": "/data", "ignoreCase": "Ascii" } })),
            rule("public", json!({ "UrlCheck": {
                "source": "Arguments", "field": "v", "schemes": "*", "hosts": ["public"], "ports": "*", "paths": PATHS } })),
            rule("ip_of_sets", json!({ "CidrCheck": { "source": "Arguments", "field": "v", "op": "In", "value": SETS } })),
            rule("url", json!({ "UrlCheck": {
                "source": "Arguments", "field": "v", "schemes": SCHEMES, "hosts": HOSTS, "ports": PORTS } })),
            rule("plain_url", json!({ "UrlCheck": { "source": "Arguments", "field": "v", "hosts": HOSTS } })),
            rule("ip", json!({ "CidrCheck": { "source": "Arguments", "field": "v", "op": "In", "value": NETWORKS } })),
            rule("not_ip", json!({ "CidrCheck": { "source": "Arguments", "field": "v", "op": "NotIn", "value": NETWORKS } })),
        ],
    });
    compile_text(&policy.to_string())
});

const WINDOWS_ROOTS: [&str; 2] = ["C:\\data", "d:/"];
const GLOBS: [&str; 2] = ["/data/**/.env*", "/**/*.pem"];

fn paths<'p>(roots: &[&'p str], ignored: Option<IgnoreCase>) -> AllowedPaths<'p> {
    AllowedPaths { roots: roots.to_vec(), ignored, ..AllowedPaths::default() }
}

/// Evaluates the checks on a string. Bytes that are not UTF-8 are ignored.
///
/// # Errors
/// The engine decides a string that an independent reader decides differently, or rejects.
pub fn check(input: &[u8]) -> Result<(), String> {
    let Ok(text) = str::from_utf8(input) else { return Ok(()) };
    let image = IMAGE.as_ref().map_err(Clone::clone)?;
    let image = PolicyImage::open(image).map_err(|problem| format!("the image does not open: {problem:?}"))?;
    let ask = |tool: &str| ask(&image, tool, text);

    if let Some(is_inside) = ask("path")? {
        agree(text, "the plain reading of the path", is_inside, paths(&ROOTS, None).hold(text))?;
        // A lenient reader may accept more in a root, such as characters with two compositions.
        if is_inside {
            agree(text, "the most lenient reading of the path", true, Some(leads_into_a_root(text)))?;
            let in_ascii = |text: &str| text.chars().filter(char::is_ascii).collect::<String>();
            let leads_inside = leads_into(&in_ascii(text), &ROOTS.map(in_ascii));
            agree(text, "the most lenient reading of the path in ASCII", true, Some(leads_inside))?;
        }
    }
    if let Some(is_inside) = ask("relative")? {
        let reading = paths(&RELATIVE_ROOTS, Some(IgnoreCase::Full)).hold(text);
        agree(text, "the plain reading of the relative path", is_inside, reading)?;
        // The most lenient reader sees the path below a directory.
        let roots = RELATIVE_ROOTS.map(|root| format!("/x/{root}").to_lowercase());
        if is_inside {
            let leads_inside = leads_into(&format!("/x/{}", text.to_lowercase()), &roots);
            agree(text, "the most lenient reading of the relative path", true, Some(leads_inside))?;
        }
    }
    if let Some(is_inside) = ask("windows")? {
        let reading = AllowedPaths { base: Some("C:\\data"), ..paths(&WINDOWS_ROOTS, None) }.hold(text);
        agree(text, "the plain reading of the path of Windows", is_inside, reading)?;
    }
    if let Some(is_match) = ask("glob")? {
        let globs = GLOBS.to_vec();
        let reading = AllowedPaths { globs, base: Some("/data"), ..paths(&[], Some(IgnoreCase::Ascii)) }.hold(text);
        agree(text, "the plain reading of the path and its pattern", is_match, reading)?;
    }
    if let Some(is_public) = ask("public")? {
        let reading = AllowedUrls {
            schemes: Entries::Any,
            hosts: vec!["public"],
            ports: Entries::Any,
            paths: Some(PATHS.to_vec()),
        };
        agree(text, "the plain reading of the public URL", is_public, reading.hold(text))?;
    }
    if let Some(is_in) = ask("ip_of_sets")? {
        agree(text, "the plain reading of the address in a set", is_in, address_is_in(text, &SETS))?;
    }
    let ports = PORTS.map(|port| port.to_string());
    let allowed = [
        ("url", SCHEMES.to_vec(), ports.iter().map(String::as_str).collect()),
        ("plain_url", vec!["https"], Vec::new()),
    ];
    for (tool, schemes, ports) in allowed {
        if let Some(is_allowed) = ask(tool)? {
            agree(text, "the standard of browsers", is_allowed, whatwg_goes_to(text, &schemes, &ports))?;
            let ports = if ports.is_empty() { Entries::Default } else { Entries::These(ports) };
            let reading = AllowedUrls { schemes: Entries::These(schemes), hosts: HOSTS.to_vec(), ports, paths: None };
            agree(text, "the plain reading of the URL", is_allowed, reading.hold(text))?;
        }
    }
    let is_in = ask("ip")?;
    if ask("not_ip")? != is_in.map(|is_in| !is_in) {
        return Err(format!("{text:?}: `In` says {is_in:?}, and `NotIn` not the opposite"));
    }
    if let Some(is_in) = is_in {
        agree(text, "the plain reading of the address", is_in, address_is_in(text, &NETWORKS))?;
        agree(text, "the standard of browsers, of the address", true, Some(whatwg_reads_the_address(text)))?;
    }
    Ok(())
}

fn agree(text: &str, reading: &str, engine: bool, other: Option<bool>) -> Result<(), String> {
    if other == Some(engine) {
        return Ok(());
    }
    Err(format!("{text:?}: the engine says {engine}, and {reading} {other:?}"))
}

/// The engine's result for a string with the tool's one rule: true, false, or ambiguous.
fn ask(image: &PolicyImage<'_>, tool: &str, text: &str) -> Result<Option<bool>, String> {
    let body = json!({ "tool": tool, "role": "r", "args": { "v": text } }).to_string();
    let facts = RequestFacts::default();
    let call = Call::read(body.as_bytes(), &facts, image).map_err(|problem| format!("{problem}: {body}"))?;
    let decision = evaluate(image, &call);
    match (decision.effect, decision.code) {
        (Effect::Allow, Code::Allowed) => Ok(Some(true)),
        (Effect::Deny, Code::ConditionFailed) => Ok(Some(false)),
        (Effect::Deny, Code::ConditionUnknown) => Ok(None),
        _ => Err(format!("{decision:?}: {body}")),
    }
}

/// The target of a path for a reader that decodes everything, replaces all look-alikes, cuts segments at `;`, drops
/// what a file system drops, and then resolves dot segments.
fn leads_into_a_root(path: &str) -> bool {
    leads_into(path, &ROOTS.map(str::to_owned))
}

fn leads_into(path: &str, roots: &[String]) -> bool {
    let mut decoded = path.to_owned();
    // Each round that changes something shortens the text or removes a look-alike.
    loop {
        let normal: String = decoded.nfkc().collect();
        let next = percent_decode_str(&normal).decode_utf8_lossy().into_owned();
        if next == decoded {
            break;
        }
        decoded = next;
    }
    let segments = |path: &str| {
        let mut segments: Vec<String> = Vec::new();
        for segment in path.split(['/', '\\']) {
            match segment.split([';', '\0']).next().unwrap_or_default() {
                "" | "." => {}
                ".." => _ = segments.pop(),
                plain => segments.push(plain.trim_end_matches(['.', ' ']).to_owned()),
            }
        }
        segments
    };
    let place = segments(&decoded);
    // A root is processed in the same way, because it can contain a character with two spellings.
    roots.iter().any(|root| place.starts_with(&segments(&root.nfkc().collect::<String>())))
}

/// Whether the WHATWG standard accepts a URL, and whether the policy allows its target.
fn whatwg_goes_to(text: &str, schemes: &[&str], ports: &[&str]) -> Option<bool> {
    let url = Url::parse(text).ok()?;
    if !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let host = url.host_str()?.to_ascii_lowercase();
    let is_scheme = schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case(url.scheme()));
    let is_host =
        HOSTS.iter().map(|allowed| allowed.to_ascii_lowercase()).any(|allowed| match allowed.strip_prefix("*.") {
            None => host == allowed,
            Some(parent) => host.strip_suffix(parent).is_some_and(|below| below.len() > 1 && below.ends_with('.')),
        });
    let is_port = if ports.is_empty() {
        url.port().is_none()
    } else {
        url.port_or_known_default().is_some_and(|port| ports.contains(&port.to_string().as_str()))
    };
    Some(is_scheme && is_host && is_port)
}

/// Whether the WHATWG standard reads an address unchanged.
fn whatwg_reads_the_address(text: &str) -> bool {
    let (host, address) = match text.parse::<IpAddr>() {
        Ok(address @ IpAddr::V4(_)) => (Host::parse(text), address),
        Ok(address @ IpAddr::V6(_)) => (Host::parse(&format!("[{text}]")), address),
        Err(_) => return false,
    };
    match host {
        Ok(Host::Ipv4(host)) => address == host,
        Ok(Host::Ipv6(host)) => address == host,
        Ok(Host::Domain(_)) | Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readings_agree_on_plain_strings_and_on_hostile_ones() {
        for text in [
            "",
            "/data/reports/q3.csv",
            "/data/reports_private",
            "/data/reports/../x",
            "/data/reports/%2e%2e/x",
            "/a b/é",
            "/a b/e\u{301}/x",
            "https://api.example.com/",
            "https://x.cdn.example:8443/a",
            "https://evil.test\\@api.example.com/",
            "https://xn--bcher-kva.example/",
            "http://[2001:db8::1]:80/",
            "foo://10.0.0.1:443/",
            ".github/workflows/ci.yml",
            ".GITHUB",
            "./.github",
            "src/../.github",
            "SRC/Gen/x",
            "GITHUB~1",
            "ÉX/a",
            "https://news.example/v1/a?b",
            "https://news.example/v1/../a",
            "foo://metadata.google.internal:8080/",
            "http://1.1.1.1:81/a/x1/y",
            "169.254.169.254",
            "1.1.1.1",
            "10.0.0.1",
            "010.0.0.1",
            "::ffff:10.0.0.1",
            "2001:DB8:0::1",
        ] {
            check(text.as_bytes()).expect("no problem");
        }
    }

    #[test]
    fn a_lenient_reader_follows_dots_however_they_are_written() {
        for path in ["/data/reports/x", "/data/./reports", "/x/../data/reports", "\\srv\\x", "/%2573rv", "/srv;x/y"] {
            assert!(leads_into_a_root(path), "{path}");
        }
        for path in ["/", "/data", "/data/reports/..", "/data/reports/%252e%252e/x", "/srv/\u{2025}/x", "/srv/..;/x"] {
            assert!(!leads_into_a_root(path), "{path}");
        }
    }

    #[test]
    fn a_browser_goes_where_the_policy_says() {
        let goes = |text: &str| whatwg_goes_to(text, &SCHEMES, &["443", "80"]);
        assert_eq!(goes("https://api.example.com/"), Some(true));
        assert_eq!(goes("https://api.example.com.evil.test/"), Some(false));
        assert_eq!(goes("https://evil.test\\@api.example.com/"), Some(false));
        assert_eq!(goes("https://user@api.example.com/"), None);
        assert_eq!(goes("https://"), None);
    }
}
