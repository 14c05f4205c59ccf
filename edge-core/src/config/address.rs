//! Addresses in a configuration, for an edge to fetch from or send to.
//!
//! Only a host and an optional port are accepted, without a user or a fragment, so that every platform parses them
//! alike.

/// The names of the local machine, to which traffic stays local.
const THIS_MACHINE: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Whether an edge may fetch from an address: `https:` authenticates the owner of the content.
pub(crate) fn is_https(address: &str) -> bool {
    address.strip_prefix("https://").and_then(host).is_some()
}

/// Whether an edge may send to an address: `https:`, or `http:` to the local machine, so that nobody can intercept the
/// data.
pub(crate) fn is_https_or_local(address: &str) -> bool {
    is_https(address) || address.strip_prefix("http://").and_then(host).is_some_and(|host| THIS_MACHINE.contains(&host))
}

/// The host of an address without its scheme, or `None` if the address is not plain.
fn host(address: &str) -> Option<&str> {
    if !address.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\\\"<>^`{|}".contains(&byte)) {
        return None;
    }
    let authority = address.split(['/', '?']).next()?;
    let (host, port) = match authority.rsplit_once(':') {
        // An IPv6 address contains colons.
        Some((host, port)) if !authority.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_port = |port: &str| !port.starts_with('+') && port.parse::<u16>().is_ok_and(|port| port > 0);
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(ipv6) => !ipv6.is_empty() && ipv6.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte)),
        None => !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)),
    };
    (is_host && port.is_none_or(is_port)).then_some(host)
}
