//! URIs of resources that have one spelling.
//!
//! Rules name resources by their text, so a text that another spelling reaches would slip past a rule. Only the normal
//! form (RFC 3986, section 6.2.2) is judged, and of it what every reader takes for the same.

use alloc::string::String;
use alloc::vec::Vec;

use crate::path;
use crate::url::{self, Target};

/// Whether a URI is in normal form and has one reading.
pub(crate) fn is_normal(uri: &str) -> bool {
    let is_character = |byte: u8| byte.is_ascii_graphic() && !b"\\\"<>^`{|}".contains(&byte);
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte));
    let (before_query, query) = rest.find(['?', '#']).map_or((rest, ""), |at| rest.split_at(at));
    if !is_scheme || !uri.bytes().all(is_character) || decode(query, |_| true).is_none() {
        return false;
    }
    match before_query.strip_prefix("//") {
        Some(hierarchy) => {
            let (authority, path) = hierarchy.find('/').map_or((hierarchy, ""), |at| hierarchy.split_at(at));
            is_authority(scheme, authority) && is_path(scheme, authority, path)
        }
        // `file:/x` and `https:x` are other spellings of what has an authority.
        None => !is_of_web(scheme) && scheme != "file" && are_segments(before_query),
    }
}

/// Whether all readers of the WHATWG standard know how the scheme's authority is read.
fn is_of_web(scheme: &str) -> bool {
    ["http", "https", "ws", "wss", "ftp"].contains(&scheme)
}

fn is_authority(scheme: &str, authority: &str) -> bool {
    if authority.is_empty() {
        return !is_of_web(scheme);
    }
    let Some((host, port)) = url::split_port(authority) else { return false };
    if is_of_web(scheme) {
        let is_own_port = port.is_some() && port == Target { scheme, host, port: None }.own_port();
        let is_lower_case = !host.bytes().any(|byte| byte.is_ascii_uppercase());
        return url::is_host(host) && is_lower_case && !url::has_punycode(host) && !is_own_port;
    }
    // What an authority means in another scheme is the server's matter; its text must only have one spelling.
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._~".contains(&byte);
    scheme != "file" && !host.is_empty() && host.bytes().all(is_plain)
}

fn is_path(scheme: &str, authority: &str, path: &str) -> bool {
    match path.strip_prefix('/') {
        // Where the authority says it all, `https://host` and `https://host/` are the same.
        None => !is_of_web(scheme) && !authority.is_empty(),
        Some("") => true,
        Some(below) => are_segments(below),
    }
}

/// Whether a path's segments are plain after decoding; the last one may be empty.
fn are_segments(path: &str) -> bool {
    let decoded = decode(path, |byte| !matches!(byte, b'/' | b'\\' | b'%') && !byte.is_ascii_control());
    decoded.is_some_and(|decoded| path::has_plain_segments(&decoded))
}

/// Decodes percent-encoding; `None` where it is not in normal form (RFC 3986, section 6.2.2.2), encodes a character that
/// `may_stand` refuses, or encodes no UTF-8.
fn decode(text: &str, may_stand: impl Fn(u8) -> bool) -> Option<String> {
    let mut parts = text.split('%');
    let mut decoded = Vec::from(parts.next()?);
    for part in parts {
        let (digits, after) = part.split_at_checked(2)?;
        let is_hex = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'A'..=b'F');
        let byte = u8::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(is_hex))?;
        let is_unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if is_unreserved || !may_stand(byte) {
            return None;
        }
        decoded.push(byte);
        decoded.extend_from_slice(after.as_bytes());
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_in_normal_form_is_judged() {
        for uri in [
            "file:///data/reports/q3.csv",
            "file:///",
            "file:///data/",
            "file:///data/a%20b/caf%C3%A9",
            "file:///C:/x",
            "https://api.example.com/v1?path=%2Fdata&q=..#top",
            "https://api.example.com:8443/",
            "https://[2001:db8::1]/",
            "postgres://db/customers/schema",
            "postgres:///customers",
            "screen://localhost/display1",
            "note://internal",
            "config://app_settings",
            "urn:isbn:9780131103627",
            "mailto:a@b.test",
        ] {
            assert!(is_normal(uri), "{uri}");
        }
    }

    #[test]
    fn a_uri_that_has_another_spelling_is_not_judged() {
        for uri in [
            "",
            "x",
            ":",
            "x:",
            "/data/x",
            "FILE:///data",
            "file:/data/x",
            "file:data",
            "file://localhost/data",
            "file://data",
            "file:////data",
            "file:///data//x",
            "file:///data/../etc/passwd",
            "file:///data/.",
            "file:///data/%2e%2e/etc",
            "file:///data/%2E%2E/etc",
            "file:///data/..%2Fetc",
            "file:///data/%2fetc",
            "file:///data/%5C..%5Cx",
            "file:///data/%252e",
            "file:///data/%41",
            "file:///data/caf%c3%a9",
            "file:///data/%FF",
            "file:///data/%EF%BC%8E%EF%BC%8E/x",
            "file:///data/%00",
            "file:///data/%",
            "file:///data/%4",
            "file:///data/..;/x",
            "file:///data/x.",
            "file:///data\\x",
            "file:///data/a b",
            "file:///data/é",
            "file:///data/{x}",
            "https://api.example.com",
            "https://api.example.com:443/",
            "https://API.example.com/",
            "https://user@api.example.com/",
            "https://api.example.com./",
            "https://127.1/",
            "https://xn--bcher-kva.test/",
            "https:///x",
            "https:api.example.com/",
            "http://[::ffff:10.0.0.1]/",
            "note://Internal/x",
            "note://a@b/x",
            "note://a%41/x",
            "note://a//b",
            "note:a//b",
            "note:a/../b",
            "https://a.test/?x=%2f",
            "https://a.test/?x=%41",
        ] {
            assert!(!is_normal(uri), "{uri}");
        }
    }
}
