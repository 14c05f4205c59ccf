//! What an edge knows of a request beside its body.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

/// What an edge knows of a request by itself: the source `Request`.
#[derive(Clone, Debug, Default)]
pub struct RequestFacts {
    /// A JSON object; empty where nothing is known.
    pub(crate) text: String,
    /// What the caller's token says.
    pub(crate) caller: Option<CallerFacts>,
}

/// What a token says of the caller, once its signature was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerFacts {
    /// The roles: at least one, none empty, none twice.
    pub roles: Vec<String>,
    /// The text of one strict JSON object, the caller's attributes by their names; `{}` where there are none.
    pub attributes: String,
}

impl RequestFacts {
    /// Collects what is known: the time in seconds since the start of 1970 in UTC, the caller's address, and the
    /// caller's country as a code of two capital letters. A text that is no address or no country code is not known.
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
        // INVARIANT: neither an address nor a country code holds a character that JSON escapes.
        // Conditions compare the text, so an address has one: the canonical form (RFC 5952).
        if let Some(ip) = ip.and_then(|ip| ip.parse::<IpAddr>().ok()) {
            add("ip", &format!("\"{ip}\""));
        }
        if let Some(country) = country.filter(|code| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase())) {
            add("country", &format!("\"{country}\""));
        }
        text.push('}');
        Self { text, caller: None }
    }

    /// Adds what the caller's token says: its roles and attributes are then those of the token, and a body that says
    /// something else of them is refused.
    #[must_use]
    pub fn with_caller(self, caller: CallerFacts) -> Self {
        Self { caller: Some(caller), ..self }
    }
}
