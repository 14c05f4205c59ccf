//! Unambiguous URIs of resources.
//!
//! Rules compare URIs as text, so a second spelling of a URI would bypass a rule. Only URIs in normal form (RFC 3986,
//! section 6.2.2) that all programs interpret in the same way are accepted.

use core::net::Ipv4Addr;

use crate::canonical::segments::{are_segments, decode, is_path_byte};
use crate::canonical::url::{self, UrlTarget};

/// Whether a URI is in normal form and unambiguous.
///
/// It has no fragment, which is not part of the request, and no empty query.
pub(crate) fn is_normal(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte));
    let (hierarchy, query) = rest.split_once('?').map_or((rest, None), |(before, query)| (before, Some(query)));
    // The text after `?` is not part of a URN name (RFC 8141, section 3.1).
    let takes_query = scheme != "file" && scheme != "urn";
    let is_query = query.is_none_or(|query| !query.is_empty() && takes_query && is_normal_query(query));
    if !is_scheme || !is_query {
        return false;
    }
    match hierarchy.strip_prefix("//") {
        Some(hierarchy) => {
            let (authority, path) = hierarchy.find('/').map_or((hierarchy, ""), |at| hierarchy.split_at(at));
            is_authority(scheme, authority) && is_path(scheme, authority, path)
        }
        // `file:/x` and `https:x` are other spellings of URIs with an authority.
        None => {
            let has_one_namespace = scheme != "urn" || is_urn_namespace(hierarchy);
            !is_of_web(scheme) && scheme != "file" && has_one_namespace && are_segments(hierarchy)
        }
    }
}

/// Whether the namespace of a URN is in normal form; it is case-insensitive (RFC 8141, section 3.1).
fn is_urn_namespace(name: &str) -> bool {
    let namespace = name.split(':').next().unwrap_or_default();
    namespace.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Why a URI is not in normal form, and the fix, if its port, its host or its namespace is the reason.
#[cfg(feature = "compile")]
pub(crate) fn problem(uri: &str) -> Option<(&'static str, &'static str)> {
    const OWN_PORT: &str = "contains the default port of its scheme, which the normal form omits";
    let (scheme, rest) = uri.split_once(':')?;
    if scheme == "urn" && !is_urn_namespace(rest.split('?').next()?) {
        return Some((
            "has a URN namespace that is not in normal form",
            "write the namespace in lowercase letters, digits and `-`",
        ));
    }
    if scheme == "urn" && rest.contains('?') {
        return Some(("has a query, which is not part of a URN name", "remove the query"));
    }
    let (host, port) = url::split_port(rest.strip_prefix("//")?.split(['/', '?', '#']).next()?)?;
    match port {
        Some(_) if is_of_web(scheme) && port == (UrlTarget { scheme, host, port: None }).default_port() => {
            Some((OWN_PORT, "remove the port"))
        }
        Some(_) if !is_of_web(scheme) && own_ports(scheme).is_empty() => {
            let problem = "has a port, but callgate does not know the default port of its scheme";
            Some((problem, "remove the port"))
        }
        Some(port) if own_ports(scheme).contains(&port) => Some((OWN_PORT, "remove the port")),
        _ if url::has_punycode(host) => {
            Some(("has a punycode host name, which programs interpret differently", "use a host name without `xn--`"))
        }
        _ => None,
    }
}

/// Whether a query is in normal form. Separators may be encoded, because they then have another meaning.
fn is_normal_query(query: &str) -> bool {
    let may_stand = |byte: u8| byte == b'?' || is_path_byte(byte);
    decode(query, may_stand, |byte| b"&=+;%#".contains(&byte) || !may_stand(byte)).is_some()
}

/// Whether the WHATWG standard defines how the authority of the scheme is parsed.
fn is_of_web(scheme: &str) -> bool {
    ["http", "https", "ws", "wss", "ftp"].contains(&scheme)
}

fn is_authority(scheme: &str, authority: &str) -> bool {
    if authority.is_empty() {
        return !is_of_web(scheme);
    }
    let Some((host, port)) = url::split_port(authority) else { return false };
    if is_of_web(scheme) {
        let is_own_port = port.is_some() && port == UrlTarget { scheme, host, port: None }.default_port();
        let is_lower_case = !host.bytes().any(|byte| byte.is_ascii_uppercase());
        return url::is_host(host) && is_lower_case && !url::has_punycode(host) && !is_own_port;
    }
    // The meaning of a name in another scheme depends on the server; it only must be unambiguous.
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_~".contains(&byte);
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(is_plain);
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = last.starts_with(|c: char| c.is_ascii_digit());
    let has_one_reading = host.split('.').all(is_label) && (!is_number || host.parse::<Ipv4Addr>().is_ok());
    // If the default port of a scheme is unknown, any port may be the default.
    let may_have_port = |port| {
        let own = own_ports(scheme);
        !own.is_empty() && !own.contains(&port)
    };
    scheme != "file" && has_one_reading && !url::has_punycode(host) && port.is_none_or(may_have_port)
}

/// The default ports of a scheme that is not a web scheme, according to IANA and its clients. There are several if they
/// disagree, and none if the default is unknown.
fn own_ports(scheme: &str) -> &'static [u16] {
    match scheme {
        "ftps" => &[21, 990],
        "ssh" | "sftp" | "scp" | "git+ssh" | "ssh+git" | "svn+ssh" => &[22],
        "telnet" => &[23],
        "smtp" => &[25, 465, 587],
        "tftp" => &[69],
        "gopher" => &[70],
        "pop" | "pop3" => &[110],
        "nntp" => &[119],
        "smb" | "cifs" => &[139, 445],
        "imap" => &[143],
        "snmp" => &[161],
        "irc" => &[194, 6667],
        "rtsp" | "rtsps" => &[322, 554],
        "ldap" => &[389],
        "smtps" => &[465, 587],
        "afp" => &[548],
        "nntps" | "snews" => &[563],
        "ipp" | "ipps" => &[631],
        "ldaps" => &[636],
        "rsync" => &[873],
        "telnets" => &[992],
        "imaps" => &[993],
        "ircs" => &[994, 6697],
        "pops" | "pop3s" => &[995],
        "mssql" | "sqlserver" => &[1433],
        "oracle" => &[1521],
        "mqtt" => &[1883],
        "gemini" => &[1965],
        "nfs" => &[2049],
        "dict" => &[2628],
        "mysql" | "mariadb" => &[3306],
        "rdp" => &[3389],
        "svn" => &[3690],
        "sieve" => &[4190],
        "nats" => &[4222],
        "postgres" | "postgresql" => &[5432],
        "amqps" => &[5671],
        "amqp" => &[5672],
        "coap" | "coap+tcp" => &[5683],
        "coaps" | "coaps+tcp" => &[5684],
        "vnc" => &[5900],
        "redis" | "rediss" => &[6379],
        "bolt" | "bolt+s" | "bolt+ssc" | "neo4j" | "neo4j+s" | "neo4j+ssc" => &[7687],
        "mqtts" => &[8883],
        "git" => &[9418],
        "memcached" => &[11211],
        "mongodb" => &[27017],
        _ => &[],
    }
}

fn is_path(scheme: &str, authority: &str, path: &str) -> bool {
    match path.strip_prefix('/') {
        // In a web scheme, `https://host` and `https://host/` are equal, and the normal form has the slash.
        None => !is_of_web(scheme) && !authority.is_empty(),
        // In another scheme, the normal form has no slash.
        Some("") => is_of_web(scheme) || authority.is_empty(),
        Some(below) if scheme == "file" => is_file(below),
        Some(below) => are_segments(below),
    }
}

/// Whether the path of a file, without its first slash, is unambiguous. It has no trailing slash, and a colon only
/// after an uppercase drive letter, because elsewhere a colon selects a file stream.
fn is_file(path: &str) -> bool {
    let behind_drive = match path.as_bytes() {
        [drive, b':', rest @ ..] if drive.is_ascii_uppercase() && rest.first().is_none_or(|&byte| byte == b'/') => rest,
        all => all,
    };
    !behind_drive.contains(&b':') && !path.ends_with('/') && are_segments(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_in_normal_form_is_judged() {
        for uri in [
            "file:///data/reports/q3.csv",
            "file:///",
            "file:///data/a%20b/caf%C3%A9/%5Bx%5D",
            "file:///C:/x",
            "https://api.example.com/v1/?path=/data&q=..&r=a%26b%20c",
            "https://api.example.com:8443/",
            "https://[2001:db8::1]/",
            "postgres://db/customers/schema",
            "postgres:///customers",
            "screen://localhost/display1",
            "redis://10.0.0.1:6380/0",
            "note://internal",
            "config://app_settings",
            "urn:isbn:9780131103627",
            "mailto:a@b.test",
            "s3://bucket/x",
            "git+ssh://a-b_c~d.test/x",
            "x-a.b:c",
            "https://a.test/?what?",
            "note://a/b:c",
            "note://a/b/",
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
            "file:///etc/passwd#",
            "file:///etc/passwd#a",
            "file:///etc/passwd?",
            "file:///etc/passwd?x",
            "file:///etc/passwd/",
            "file:///C%3A/x",
            "file:///data/%40x",
            "file:///data/[x]",
            "file:///data/x:stream",
            "file:///C:/secret::$INDEX_ALLOCATION/x",
            "file:///data/..%C2%A0/x",
            "https://api.example.com/v1#top",
            "https://api.example.com/v1?",
            "https://api.example.com/v1?path=%2Fdata",
            "file:///data/%2fetc",
            "file:///data/%5C..%5Cx",
            "file:///data/%252e",
            "file:///data/%41",
            "file:///data/caf%c3%a9",
            "file:///data/%FF",
            "file:///data/%EF%BC%8E%EF%BC%8E/x",
            "file:///data/..%CC%81/x",
            "file:///data/%DB%94/x",
            "file:///data/..%E3%83%8E/x",
            "note://a/..%E2%95%B1/x",
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
            "file:///c:/x",
            "note://internal/",
            "postgres://db.test:5432/x",
            "postgres://db.test./x",
            "redis://127.1/0",
            "redis://2130706433/0",
            "redis://0x7f.1/0",
            "redis://0177.0.0.1/0",
            "https://api.example.com/admin;a/x",
            "https://api.example.com/admin%3Ba/x",
            "note://Internal/x",
            "note://a@b/x",
            "note://a%41/x",
            "note://a//b",
            "note:a//b",
            "note:a/../b",
            "https://a.test/?x=%2f",
            "https://a.test/?x=%41",
            "https://a.test/?x=a b",
            "https://a.test/?x=é",
            "1x://a/b",
            "fILE:///data",
            "a_b://c/d",
            "file:///C:x",
            "file:///CD:/x",
            "ws://a.test:80/",
            "wss://a.test:443/",
            "ftp://a.test:21/",
            "ftp://a.test",
        ] {
            assert!(!is_normal(uri), "{uri}");
        }
    }

    #[test]
    fn the_port_that_a_scheme_has_by_itself_is_not_written() {
        let schemes: [(&str, &[u16]); 65] = [
            ("ftps", &[21, 990]),
            ("ssh", &[22]),
            ("sftp", &[22]),
            ("scp", &[22]),
            ("git+ssh", &[22]),
            ("ssh+git", &[22]),
            ("svn+ssh", &[22]),
            ("telnet", &[23]),
            ("smtp", &[25, 465, 587]),
            ("tftp", &[69]),
            ("gopher", &[70]),
            ("pop", &[110]),
            ("pop3", &[110]),
            ("nntp", &[119]),
            ("smb", &[139, 445]),
            ("cifs", &[139, 445]),
            ("imap", &[143]),
            ("snmp", &[161]),
            ("irc", &[194, 6667]),
            ("rtsp", &[322, 554]),
            ("rtsps", &[322, 554]),
            ("ldap", &[389]),
            ("smtps", &[465, 587]),
            ("afp", &[548]),
            ("nntps", &[563]),
            ("snews", &[563]),
            ("ipp", &[631]),
            ("ipps", &[631]),
            ("ldaps", &[636]),
            ("rsync", &[873]),
            ("telnets", &[992]),
            ("imaps", &[993]),
            ("ircs", &[994, 6697]),
            ("pops", &[995]),
            ("pop3s", &[995]),
            ("mssql", &[1433]),
            ("sqlserver", &[1433]),
            ("oracle", &[1521]),
            ("mqtt", &[1883]),
            ("gemini", &[1965]),
            ("nfs", &[2049]),
            ("dict", &[2628]),
            ("mysql", &[3306]),
            ("mariadb", &[3306]),
            ("rdp", &[3389]),
            ("svn", &[3690]),
            ("sieve", &[4190]),
            ("nats", &[4222]),
            ("postgres", &[5432]),
            ("postgresql", &[5432]),
            ("amqps", &[5671]),
            ("amqp", &[5672]),
            ("coap", &[5683]),
            ("coap+tcp", &[5683]),
            ("coaps", &[5684]),
            ("coaps+tcp", &[5684]),
            ("vnc", &[5900]),
            ("redis", &[6379]),
            ("rediss", &[6379]),
            ("neo4j", &[7687]),
            ("bolt", &[7687]),
            ("mqtts", &[8883]),
            ("git", &[9418]),
            ("memcached", &[11211]),
            ("mongodb", &[27017]),
        ];
        for (scheme, ports) in schemes {
            let uri = |port: &str| alloc::format!("{scheme}://host{port}/x");
            assert!(is_normal(&uri("")), "{scheme}");
            assert!(is_normal(&uri(":1")), "{scheme}");
            for port in ports {
                assert!(!is_normal(&uri(&alloc::format!(":{port}"))), "{scheme}");
            }
        }
    }

    #[test]
    fn a_port_is_not_judged_where_the_one_of_the_scheme_is_not_known() {
        for scheme in ["note", "screen", "kafka", "mongodb+srv", "s3", "foo"] {
            assert!(is_normal(&alloc::format!("{scheme}://host/x")), "{scheme}");
            for port in ["1", "22", "443", "65535"] {
                assert!(!is_normal(&alloc::format!("{scheme}://host:{port}/x")), "{scheme}");
            }
        }
    }

    #[test]
    fn what_does_not_count_in_a_urn_is_not_written() {
        for uri in ["urn:isbn:9780131103627", "urn:ietf:rfc:2648", "urn:example:A-b", "urn:x-1:y"] {
            assert!(is_normal(uri), "{uri}");
        }
        for uri in [
            "urn:ISBN:9780131103627",
            "urn:isBn:9780131103627",
            "urn:isbn:9780131103627?=a",
            "urn:isbn:9780131103627?+a",
            "urn:is%62n:9780131103627",
            "urn:is%C3%A9:1",
            "URN:isbn:1",
        ] {
            assert!(!is_normal(uri), "{uri}");
        }
    }

    #[test]
    fn a_host_in_punycode_is_judged_in_no_scheme() {
        for scheme in ["https", "note", "redis", "imap"] {
            assert!(is_normal(&alloc::format!("{scheme}://bcher-kva.test/x")), "{scheme}");
            for host in ["xn--bcher-kva.test", "a.xn--bcher-kva.test", "a.xn--p1ai", "xn--a"] {
                assert!(!is_normal(&alloc::format!("{scheme}://{host}/x")), "{scheme} {host}");
            }
        }
    }
}
