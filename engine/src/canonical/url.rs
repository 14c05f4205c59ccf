//! Unambiguous URLs.
//!
//! The available parsers repair their input: they drop tabs, turn backslashes into slashes, split off user information,
//! read `127.1` as an address and map look-alikes. Attackers rely on these repairs. This parser accepts only the subset
//! of RFC 3986 that has the same meaning in the WHATWG standard, and rejects everything else. The tests compare it with
//! the `url` crate.

use alloc::string::ToString as _;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::canonical::address::{embeds_ipv4, is_in_one_of};
use crate::canonical::segments::are_segments;

/// The parts of a URL that determine the destination of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UrlTarget<'u> {
    /// The scheme as written; case-insensitive.
    pub(crate) scheme: &'u str,
    /// The host as written, with brackets for an IPv6 address; case-insensitive.
    pub(crate) host: &'u str,
    /// The port, if the URL has one.
    pub(crate) port: Option<u16>,
}

impl<'u> UrlTarget<'u> {
    /// Reads the target of a URL; `None` if the URL is ambiguous.
    pub(crate) fn read(url: &'u str) -> Option<Self> {
        // Programs interpret spaces, control characters, backslashes and non-ASCII characters differently.
        if !url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return None;
        }
        let (scheme, rest) = url.split_once("://")?;
        // Programs disagree on the meaning of a host in a `file` URL, and on whether it is allowed.
        let is_scheme = !scheme.eq_ignore_ascii_case("file")
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        let authority = rest.split(['/', '?', '#']).next()?;
        let (host, port) = split_port(authority)?;
        (is_scheme && is_host(host)).then_some(Self { scheme, host, port })
    }

    /// The port of the URL, or the default port of its scheme.
    pub(crate) fn effective_port(&self) -> Option<u16> {
        self.port.or_else(|| self.default_port())
    }

    /// The default port of the scheme.
    pub(crate) fn default_port(&self) -> Option<u16> {
        let is = |scheme: &str| self.scheme.eq_ignore_ascii_case(scheme);
        if is("https") || is("wss") {
            Some(443)
        } else if is("http") || is("ws") {
            Some(80)
        } else if is("ftp") {
            Some(21)
        } else {
            None
        }
    }
}

/// The path of a URL without its first slash; `None` if the path is ambiguous.
///
/// The path must be in the normal form that URIs of resources have. The URL is unambiguous otherwise.
pub(crate) fn plain_path(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let rest = rest.find(['/', '?', '#']).and_then(|at| rest.get(at..)).unwrap_or_default();
    let path = rest.split(['?', '#']).next()?;
    let path = path.strip_prefix('/').unwrap_or(path);
    (path.is_empty() || are_segments(path)).then_some(path)
}

/// Whether a host is public: none of the networks in `local` has its address, and it is not below one of the names.
pub(crate) fn is_public<'n>(host: &str, mut local: impl Iterator<Item = &'n str>) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match address.parse::<IpAddr>() {
        Ok(address) => !is_in_one_of(local, &address),
        // Resolvers look up a name without a dot in the local domain.
        Err(_) => host.contains('.') && !has_punycode(host) && !local.any(|name| wildcard_labels(name, host).is_some()),
    }
}

/// The labels of a host that `*.` in `allowed` matches; empty if the host is `allowed` itself; `None` if the host is
/// another.
pub(crate) fn wildcard_labels<'h>(allowed: &str, host: &'h str) -> Option<&'h str> {
    let Some(parent) = allowed.strip_prefix("*.") else { return allowed.eq_ignore_ascii_case(host).then_some("") };
    let (below, end) = host.split_at_checked(host.len().checked_sub(parent.len())?)?;
    let labels = below.strip_suffix('.').filter(|labels| !labels.is_empty())?;
    end.eq_ignore_ascii_case(parent).then_some(labels)
}

/// The host of an authority and its port, if it has one; `None` if the port is ambiguous.
pub(crate) fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    // The colons of an IPv6 address are in brackets.
    let after_address = authority.rfind(']').map_or(0, |bracket| bracket.saturating_add(1));
    let colon = authority.get(after_address..)?.find(':').map(|colon| after_address.saturating_add(colon));
    let Some(colon) = colon else { return Some((authority, None)) };
    let (host, port) = authority.split_at_checked(colon)?;
    let digits = port.strip_prefix(':')?;
    let is_plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    let port = digits.parse::<u16>().ok().filter(|_| is_plain)?;
    Some((host, Some(port)))
}

/// Whether a host is a plain name or a canonical address.
pub(crate) fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok_and(|parsed| {
            // An address has many spellings; only the shortest is accepted.
            !embeds_ipv4(parsed) && parsed.to_string().eq_ignore_ascii_case(address)
        });
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    if last.starts_with(|c: char| c.is_ascii_digit()) {
        // Some programs read `127.1`, `0x7f.1` and `2130706433` as addresses, others as names.
        return host.parse::<Ipv4Addr>().is_ok();
    }
    host.len() <= 253 && host.split('.').all(is_label)
}

/// Whether a name contains a punycode label (RFC 5890, section 2.3.2.1).
///
/// Programs disagree on which of these labels are valid, and a check needs the Unicode tables.
pub(crate) fn has_punycode(host: &str) -> bool {
    host.split('.').any(|label| label.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("xn--")))
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    type Parts = (&'static str, &'static str, Option<u16>);

    #[track_caller]
    fn check(url: &str, expected: Option<Parts>) {
        let expected = expected.map(|(scheme, host, port)| UrlTarget { scheme, host, port });
        assert_eq!(UrlTarget::read(url), expected, "{url:?}");
    }

    /// Accepted URLs and their parts.
    const READ: [(&str, Parts); 10] = [
        ("https://api.example.com/", ("https", "api.example.com", None)),
        ("https://api.example.com", ("https", "api.example.com", None)),
        ("HTTPS://API.Example.COM:8443/a?b#c", ("HTTPS", "API.Example.COM", Some(8443))),
        ("https://api.example.com?x=@evil.test", ("https", "api.example.com", None)),
        ("https://api.example.com/%2e%2e/@x", ("https", "api.example.com", None)),
        ("https://xn--bcher-kva.example/", ("https", "xn--bcher-kva.example", None)),
        ("http://169.254.169.254/latest", ("http", "169.254.169.254", None)),
        ("http://[2001:db8::1]:8080/", ("http", "[2001:db8::1]", Some(8080))),
        ("http://localhost/", ("http", "localhost", None)),
        ("https://api.example.com.evil.test/", ("https", "api.example.com.evil.test", None)),
    ];

    #[test]
    fn a_plain_url_is_read() {
        for (url, expected) in READ {
            check(url, Some(expected));
        }
    }

    #[test]
    fn what_has_two_readings_is_not_read() {
        for url in [
            "",
            "api.example.com",
            "//api.example.com/",
            "https:api.example.com",
            "https:/api.example.com",
            "https:///x",
            "https://",
            "://x",
            "1http://x/",
            "https://api.example.com@evil.test/",
            "https://user:pw@api.example.com/",
            "https://@api.example.com/",
            "https://api.example.com\\@evil.test/",
            "https:\\\\api.example.com/",
            "https://api.example.com:/",
            "https://api.example.com:0443/",
            "https://api.example.com:99999/",
            "https://api.example.com:+443/",
            "https://api.example.com:443:80/",
            "https://api.example.com./",
            "https://api..example.com/",
            "https://-a.example.com/",
            "https://a_b.example.com/",
            "https://ap%69.example.com/",
            "http://127.1/",
            "http://0x7f.0.0.1/",
            "http://2130706433/",
            "http://0177.0.0.1/",
            "http://127.0.0.1./",
            "http://1.2.3.4.5/",
            "http://0x7f000001/",
            "http://[::ffff:169.254.169.254]/",
            "http://[::127.0.0.1]/",
            "http://[fe80::1%25eth0]/",
            "http://[2001:db8:0::1]/",
            "http://[2001:0db8::1]/",
            "http://[::1/",
            "http://::1/",
            "https://аpi.example.com/",
            "https://api。example.com/",
            "https://ａpi.example.com/",
            "ht\ttps://api.example.com/",
            " https://api.example.com/",
            "https://api.example.com/\n",
            "https://api.example.com/a b",
            "https://api\u{ad}.example.com/",
            "https://xn--api.example.com-/",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "FILE://host/x",
            "file://host:80/x",
            "data:text/plain,x",
        ] {
            check(url, None);
        }
    }

    #[test]
    fn a_path_with_two_readings_is_not_judged() {
        let host = "https://a.test";
        for (end, path) in [
            ("", ""),
            ("/", ""),
            ("?q=/../x", ""),
            ("#/..", ""),
            ("/a/b", "a/b"),
            ("/a/b/?x=%2e%2e", "a/b/"),
            ("/a%20b/caf%C3%A9/~x/(1)", "a%20b/caf%C3%A9/~x/(1)"),
            ("/a@b:c,d=e", "a@b:c,d=e"),
        ] {
            assert_eq!(plain_path(&alloc::format!("{host}{end}")), Some(path), "{end}");
        }
        for end in [
            "/a/../b",
            "/..",
            "/.",
            "/a/./b",
            "/a/..",
            "/%2e%2e/b",
            "/.%2E/b",
            "/%2E/b",
            "/..;/b",
            "/a;x/b",
            "/..%3B/b",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a%5Cb",
            "//a",
            "/a//b",
            "/a/b//",
            "/%61",
            "/%7E",
            "/a%00",
            "/a%0d%0a",
            "/a%7F",
            "/a%",
            "/a%zz",
            "/a%252e",
            "/a%c3%a9",
            "/a%FF",
            "/a./b",
            "/a%20/b",
            "/a|b",
            "/a{b}",
            "/a\"b",
            "/[a]",
            "/a^b",
            "/a`b",
            "/%E2%80%A4/b",
            "/a%40b",
        ] {
            assert_eq!(plain_path(&alloc::format!("{host}{end}")), None, "{end}");
        }
    }

    #[cfg(feature = "compile")]
    #[test]
    fn a_host_is_public_unless_it_is_special() {
        use crate::canonical::special::{LOCAL_NAMES, all_networks};
        let is_public = |host: &str| is_public(host, all_networks().chain(LOCAL_NAMES));
        for host in [
            "news.example",
            "api.example.com",
            "localhost.example.com",
            "internal.example.com",
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "169.253.0.1",
            "11.0.0.1",
            "192.167.1.1",
            "[2606:4700::1111]",
            "[2a00::1]",
            "mylocal.com",
        ] {
            assert!(is_public(host), "{host}");
        }
        for host in [
            "localhost",
            "LOCALHOST",
            "a.localhost",
            "printer.local",
            "metadata.google.internal",
            "METADATA.Google.Internal",
            "host.docker.internal",
            "router.lan",
            "wiki.corp",
            "nas.home",
            "nas.home.arpa",
            "wiki",
            "a.intranet",
            "a.test",
            "a.invalid",
            "a.onion",
            "a.alt",
            "localhost.localdomain",
            "kubernetes.default.svc",
            "a.cluster.local",
            "0.0.0.0",
            "10.0.0.5",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.9.9.9",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[fd00:ec2::254]",
            "[fc00::1]",
            "[fe80::1]",
            "[fec0::1]",
            "[ff02::1]",
            "[100::1]",
            "[2001:db8::1]",
            "[3fff::1]",
            "[5f00::1]",
            "[2001:2::1]",
            "[4000::1]",
            "[e000::1]",
            "xn--bcher-kva.com",
        ] {
            assert!(!is_public(host), "{host}");
        }
    }

    #[test]
    fn the_standard_of_browsers_reads_the_same_target() {
        for (text, _) in READ {
            let target = UrlTarget::read(text).expect("a target");
            let url = url::Url::parse(text).expect("a URL");
            assert_eq!(target.scheme.to_ascii_lowercase(), url.scheme());
            assert_eq!(Some(&*target.host.to_ascii_lowercase()), url.host_str());
            assert_eq!(target.effective_port(), url.port_or_known_default());
            assert!(url.username().is_empty() && url.password().is_none());
        }
    }
}
