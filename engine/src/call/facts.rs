//! The facts that an edge knows about a request in addition to its body.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

/// The facts that an edge knows about a request: the source `Request`.
#[derive(Clone, Debug, Default)]
pub struct RequestFacts {
    /// A JSON object; empty if nothing is known.
    pub(crate) text: String,
    /// The facts from the caller's token.
    pub(crate) caller: Option<CallerFacts>,
}

/// The facts from a token about the caller, after its signature was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerFacts {
    /// The roles: at least one, none empty, no duplicates.
    pub roles: Vec<String>,
    /// The text of one strict JSON object with the caller's attributes by name; `{}` if there are none.
    pub attributes: String,
}

impl RequestFacts {
    /// Collects the known facts: the time in seconds since the start of 1970 in UTC, the caller's address, and the
    /// caller's country as a code of two uppercase letters. An invalid address or country code is unknown.
    #[must_use]
    pub fn new(unix_time: Option<i64>, ip: Option<&str>, country: Option<&str>) -> Self {
        let mut text = String::from("{");
        let mut separator = "";
        let mut add = |name: &str, value: &str| {
            for part in [core::mem::replace(&mut separator, ","), "\"", name, "\":", value] {
                text.push_str(part);
            }
        };
        if let Some(time) = unix_time {
            add("time", itoa::Buffer::new().format(time));
        }
        // INVARIANT: neither an address nor a country code contains a character that JSON escapes. Conditions compare
        // the text of an address, so it is in canonical form (RFC 5952).
        if let Some(ip) = ip.and_then(|ip| ip.parse::<IpAddr>().ok()) {
            add("ip", &format!("\"{ip}\""));
        }
        if let Some(country) = country.filter(|code| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase())) {
            add("country", &format!("\"{country}\""));
        }
        text.push('}');
        Self { text, caller: None }
    }

    /// Adds the facts from the caller's token. The roles and attributes are then those of the token, and a body with
    /// different ones is rejected.
    #[must_use]
    pub fn with_caller(self, caller: CallerFacts) -> Self {
        Self { caller: Some(caller), ..self }
    }
}
