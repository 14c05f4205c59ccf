//! Patterns, paths, URLs, networks and times as the policy language describes them, each read in the simplest way.
//!
//! A result is `None` if a text is ambiguous.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use percent_encoding::percent_decode_str;
use regex::Regex;
use unicode_normalization::UnicodeNormalization as _;
use url::Url;

use crate::policy::condition::{IgnoreCase, TimeCheck};

/// Whether a text matches a pattern in which `*` stands for any run of characters and nothing else is special.
#[must_use]
pub fn matches_pattern(pattern: &str, text: &str) -> bool {
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('*') => {
            let after_star = pattern.strip_prefix('*').unwrap_or_default();
            let mut rest = text;
            loop {
                if matches_pattern(after_star, rest) {
                    return true;
                }
                let mut chars = rest.chars();
                if chars.next().is_none() {
                    return false;
                }
                rest = chars.as_str();
            }
        }
        Some(first) => match (pattern.strip_prefix(first), text.strip_prefix(first)) {
            (Some(pattern), Some(text)) => matches_pattern(pattern, text),
            _ => false,
        },
    }
}

/// The form of a text in which texts that differ only in case are equal.
#[must_use]
pub fn fold(text: &str, ignored: Option<IgnoreCase>) -> String {
    match ignored {
        None => text.to_owned(),
        Some(IgnoreCase::Ascii) => text.chars().map(|c| c.to_ascii_lowercase()).collect(),
        Some(IgnoreCase::Full) => caseless::default_case_fold_str(text),
    }
}

/// The body of `PathCheck` without its field.
#[derive(Clone, Debug, Default)]
pub struct AllowedPaths<'p> {
    /// Roots of the same kind.
    pub roots: Vec<&'p str>,
    /// Patterns of the same kind, instead of roots.
    pub globs: Vec<&'p str>,
    /// Where relative paths start.
    pub base: Option<&'p str>,
    /// How the comparison treats case.
    pub ignored: Option<IgnoreCase>,
}

impl AllowedPaths<'_> {
    /// Whether a path is below a root or matches a pattern; `None` if the path is ambiguous.
    pub fn hold(&self, path: &str) -> Option<bool> {
        let first = self.roots.iter().chain(&self.globs).next()?;
        let (is_windows, is_relative) =
            (drive_of(first).is_some(), !first.starts_with('/') && drive_of(first).is_none());
        let ignored = if is_windows { Some(IgnoreCase::Full) } else { self.ignored };
        let names = match (is_windows, self.base) {
            (true, base) => match (windows_names(path), base.and_then(drive_of)) {
                (Some(names), _) => names,
                (None, Some((drive, base))) => {
                    let start = windows_names(&format!("{drive}:/{}", base.replace('\\', "/")))?;
                    // A relative path has no start that programs replace.
                    let is_plain = !path.starts_with(['~', '$', ' ', '/', '\\']) && !path.is_empty();
                    let below = windows_names(&format!("X:/{path}")).filter(|_| is_plain)?;
                    [start, below.into_iter().skip(1).collect()].concat()
                }
                (None, None) => return None,
            },
            (false, base) => {
                let start = match (is_relative, base) {
                    // Relative paths and roots are read as if they were below one directory.
                    (true, _) => Some(""),
                    (false, base) => base.filter(|_| !path.starts_with('/')),
                };
                let is_below = start.is_some();
                if path.contains(':')
                    || is_below
                        && (path.is_empty() || path.starts_with(['/', '~', '$', '%', ' ']) || may_be_short_name(path))
                {
                    return None;
                }
                let whole = start.map_or(path.to_owned(), |start| format!("{}/{path}", start.trim_end_matches('/')));
                path_segments(&whole)?.into_iter().map(str::to_owned).collect()
            }
        };
        let folded: Vec<String> = names.iter().map(|name| fold(name, ignored)).collect();
        let names_of = |place: &str| -> Vec<String> {
            let plain = match drive_of(place) {
                Some((drive, rest)) => format!("{drive}:/{}", rest.replace('\\', "/")),
                None if is_relative && place.trim_end_matches('/') == "." => String::new(),
                None => place.to_owned(),
            };
            plain.split('/').filter(|name| !name.is_empty()).map(|name| fold(name, ignored)).collect()
        };
        Some(
            self.roots.iter().any(|root| folded.starts_with(&names_of(root)))
                || self.globs.iter().any(|glob| segments_match(&names_of(glob), &folded)),
        )
    }
}

/// The drive of a path of Windows, and what follows its first slash.
fn drive_of(path: &str) -> Option<(char, &str)> {
    let drive = path.chars().next().filter(char::is_ascii_alphabetic)?;
    Some((drive, path.get(1..)?.strip_prefix(':')?.strip_prefix(['/', '\\'])?))
}

/// The drive and the names of an absolute path of Windows.
fn windows_names(path: &str) -> Option<Vec<String>> {
    static DEVICE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)").ok());
    static FORBIDDEN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"[:*?"<>|%]"#).ok());
    let (drive, rest) = drive_of(path)?;
    let plain = format!("/{}", rest.replace('\\', "/"));
    let is_device = |name: &str| DEVICE.as_ref().is_none_or(|device| device.is_match(name));
    if FORBIDDEN.as_ref().is_none_or(|forbidden| forbidden.is_match(&plain)) || may_be_short_name(&plain) {
        return None;
    }
    let names = if rest.is_empty() { Vec::new() } else { path_segments(&plain)? };
    if names.iter().any(|name| is_device(name)) {
        return None;
    }
    Some(std::iter::once(format!("{drive}:")).chain(names.into_iter().map(str::to_owned)).collect())
}

fn may_be_short_name(path: &str) -> bool {
    let chars: Vec<char> = path.chars().collect();
    chars.windows(2).any(|pair| matches!(pair, ['~', '0'..='9']))
}

/// The characters that Unicode allows a reader to ignore.
static IGNORABLE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\p{Default_Ignorable_Code_Point}").ok());

fn path_segments(path: &str) -> Option<Vec<&str>> {
    let below = path.strip_prefix('/')?;
    let is_dropped_by_some = IGNORABLE.as_ref().is_none_or(|ignorable| ignorable.is_match(path));
    if is_dropped_by_some || path.chars().any(|c| c == '\\' || c.is_control() || looks_like_what_separates(c)) {
        return None;
    }
    if has_percent_encoding(path) {
        return None;
    }
    let mut segments: Vec<&str> = below.split('/').collect();
    if segments.last() == Some(&"") {
        segments.pop();
    }
    let is_plain = |text: &str| !text.is_empty() && !text.ends_with('.') && !text.ends_with(' ');
    let has_one_reading = |segment: &&str| is_plain(segment) && is_plain(segment.split(';').next().unwrap_or_default());
    segments.iter().all(|segment| has_one_reading(segment) && !may_be_dots(segment)).then_some(segments)
}

/// Letters and digits that look like dots or slashes. Words need them, so they are only forbidden in dot segments.
static DOT_LIKE: [char; 6] = ['\u{660}', '\u{6f0}', '\u{a4f8}', '\u{a4fa}', '\u{abec}', '\u{1ecae}'];
static SLASH_LIKE: [char; 7] = ['\u{2cc6}', '\u{2cc7}', '〳', 'ノ', '丶', '丿', 'ﾉ'];

/// Whether a part of a segment has only dots and blanks for a reader that drops non-ASCII characters or replaces
/// look-alikes.
fn may_be_dots(segment: &str) -> bool {
    let separated = segment.replace(SLASH_LIKE, "/").replace(';', "/");
    separated.split('/').any(|part| {
        let ascii: String = part.chars().filter(char::is_ascii).collect();
        [part.replace(DOT_LIKE, "."), ascii]
            .iter()
            .any(|text| text.contains('.') && text.trim_matches(['.', ' ']).is_empty())
    })
}

/// Whether normalization of a non-ASCII character gives a text with a dot, slash, backslash or percent sign, or the
/// character looks like one.
fn looks_like_what_separates(c: char) -> bool {
    const DOTS: &str = "։۔܁܂።᙮᠃᠉\u{2cf9}\u{2cfe}\u{2e3c}。\u{a4fe}\u{a4ff}\u{a60e}\u{a6f3}︒｡\u{10a50}\u{16af5}\u{16e98}\u{1bc9f}\u{1d16d}\u{1da88}";
    const SLASHES: &str = "⁄∕⧸᜵⁁╱⟉⟋⧶⫻⫽\u{2e4a}⼃㇒㇓\u{1d23a}\u{1f67c}㎧㎮㎯㏆㏞㏟";
    const BACKSLASHES: &str = "∖⧵⧹⑊╲⟈⟍⧷⼂㇔\u{1d20f}\u{1d23b}\u{1f67d}";
    // Japanese and Korean code pages have these in place of the ASCII backslash.
    const CURRENCIES: [char; 4] = ['\u{a5}', '\u{20a9}', '\u{ffe5}', '\u{ffe6}'];
    !c.is_ascii()
        && ([DOTS, SLASHES, BACKSLASHES].concat().contains(c)
            || CURRENCIES.contains(&c)
            || c.is_whitespace()
            || std::iter::once(c).nfkc().any(|normal| ['.', '/', '\\', '%', ';'].contains(&normal)))
}

fn has_percent_encoding(path: &str) -> bool {
    // Some readers drop non-ASCII characters before they decode.
    let chars: Vec<char> = path.chars().filter(char::is_ascii).collect();
    chars
        .windows(3)
        .any(|three| matches!(three, ['%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit()))
        || chars.windows(2).any(|two| matches!(two, ['%', 'u' | 'U']))
}

/// The entries of a list that has a default and may be `*`.
#[derive(Clone, Debug)]
pub enum Entries<'p> {
    /// The list is missing.
    Default,
    /// The list is `*`.
    Any,
    /// The entries.
    These(Vec<&'p str>),
}

/// The targets that a `UrlCheck` allows.
#[derive(Clone, Debug)]
pub struct AllowedUrls<'p> {
    /// The schemes; the default is `https`.
    pub schemes: Entries<'p>,
    /// The hosts; a host that starts with `*.` stands for all its subdomains, and `public` for all public hosts.
    pub hosts: Vec<&'p str>,
    /// The ports; the default is the default port of the scheme.
    pub ports: Entries<'p>,
    /// The patterns of paths, if the path matters.
    pub paths: Option<Vec<&'p str>>,
}

impl AllowedUrls<'_> {
    /// Whether the policy allows the target of a URL.
    ///
    /// The URL must be absolute and in ASCII, and the WHATWG standard must parse it without changing its authority.
    #[must_use]
    pub fn hold(&self, text: &str) -> Option<bool> {
        let url = read_plain_url(text)?;
        let host = url.host_str()?.to_ascii_lowercase();
        let has_punycode = |name: &str| name.split('.').any(|label| label.starts_with("xn--"));
        let is_scheme = match &self.schemes {
            Entries::Any => true,
            Entries::Default => url.scheme() == "https",
            Entries::These(schemes) => schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case(url.scheme())),
        };
        // A punycode name must be spelled out in the policy.
        let is_host = self.hosts.iter().map(|host| host.to_ascii_lowercase()).any(|allowed| {
            match allowed.strip_prefix('*') {
                // The rest starts with the dot.
                Some(domain) => {
                    host.strip_suffix(domain).is_some_and(|before| !before.is_empty() && !has_punycode(before))
                }
                None if allowed == "public" => !has_punycode(&host) && is_public(&host),
                None => host == allowed,
            }
        });
        if !is_host && has_punycode(&host) {
            return None;
        }
        let is_port = match &self.ports {
            Entries::Any => true,
            // The parser drops the default port of the scheme.
            Entries::Default => url.port().is_none(),
            Entries::These(ports) => {
                let port = url.port_or_known_default().map(|port| port.to_string());
                ports.iter().any(|allowed| port.as_deref() == Some(*allowed))
            }
        };
        match &self.paths {
            Some(patterns) if is_scheme && is_host && is_port => path_matches(text, patterns),
            _ => Some(is_scheme && is_host && is_port),
        }
    }
}

/// Whether the path of a URL matches one of the patterns; `None` if it is not in the normal form that the URIs of
/// resources have, or if a slash at its end changes the result.
fn path_matches(url: &str, patterns: &[&str]) -> Option<bool> {
    let (_, rest) = url.split_once("://")?;
    let rest = rest.split(['?', '#']).next()?;
    let path = rest.split_once('/').map_or("", |(_, path)| path);
    if !uri_is_normal(&format!("https://host.example/{path}")) {
        return None;
    }
    let segments = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    let none_if_empty = |path: &str| if path.is_empty() { Vec::new() } else { segments(path) };
    let with_slash = none_if_empty(path);
    let without_slash = none_if_empty(path.strip_suffix('/').unwrap_or(path));
    let is_match = |path: &[String]| {
        patterns.iter().any(|pattern| segments_match(&none_if_empty(pattern.trim_start_matches('/')), path))
    };
    (is_match(&with_slash) == is_match(&without_slash)).then(|| is_match(&with_slash))
}

fn segments_match(pattern: &[String], path: &[String]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        Some((first, others)) if first == "**" => {
            (0..=path.len()).any(|count| path.get(count..).is_some_and(|rest| segments_match(others, rest)))
        }
        Some((first, others)) => path.split_first().is_some_and(|(segment, rest)| {
            !segment.is_empty() && matches_pattern(first, segment) && segments_match(others, rest)
        }),
    }
}

/// Whether a host, in lowercase, is none of the local or special ones.
fn is_public(host: &str) -> bool {
    const LOCAL: &str =
        "localhost test invalid local lan intranet private internal corp home mail arpa onion alt localdomain svc";
    if let Ok(address) = host.trim_matches(['[', ']']).parse() {
        return is_public_address(address);
    }
    let last = host.rsplit_once('.').map(|(_, last)| last);
    last.is_some_and(|last| !LOCAL.split(' ').any(|local| local == last))
}

/// Whether an address is none of the special ones.
fn is_public_address(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let is_reserved = match address.octets() {
                [0, ..] | [240..=255, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [198, 18 | 19, ..] => true,
                [100, second, ..] => (64..128).contains(&second),
                // The platform of Azure.
                octets => octets == [168, 63, 129, 16],
            };
            !(is_reserved
                || address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_multicast()
                || address.is_documentation())
        }
        IpAddr::V6(address) => match address.segments() {
            [0x2001, second, ..] => second >= 0x200 && second != 0xdb8,
            [0x2002, ..] | [0x3fff, 0..0x1000, ..] => false,
            [first, ..] => (0x2000..0x4000).contains(&first),
        },
    }
}

/// Whether an address is in a set that the language names; `None` if there is no such set.
fn address_is_in_set(name: &str, address: IpAddr) -> Option<bool> {
    let networks = match name {
        "private" => "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7",
        "loopback" => "127.0.0.0/8 ::1/128",
        "link-local" => "169.254.0.0/16 fe80::/10",
        "shared" => "100.64.0.0/10",
        "metadata" => {
            "169.254.169.254/32 169.254.170.2/32 169.254.170.23/32 168.63.129.16/32 100.100.100.200/32 192.0.0.192/32 \
             fd00:ec2::254/128 fd00:ec2::23/128 fd20:ce::254/128"
        }
        "multicast" => "224.0.0.0/4 ff00::/8",
        "reserved" => {
            let is_kept = |other: &str| address_is_in_set(other, address) == Some(true);
            let is_other = ["private", "link-local", "shared", "multicast"].into_iter().any(is_kept);
            let is_v4_loopback = address.is_ipv4() && address.is_loopback();
            let is_azure = address == IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16));
            return Some(!is_public_address(address) && !is_other && !is_v4_loopback && !is_azure);
        }
        "public" => return Some(is_public_address(address)),
        _ => return None,
    };
    Some(networks.split(' ').any(|network| network_holds(network, address).unwrap_or(false)))
}

fn read_plain_url(text: &str) -> Option<Url> {
    if !text.chars().all(|c| c.is_ascii_graphic() && c != '\\') {
        return None;
    }
    let (scheme, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().filter(|authority| !authority.is_empty())?;
    let url = Url::parse(text).ok()?;
    if url.scheme() == "file" {
        // The parser drops the placeholder host.
        return None;
    }
    if authority.contains('@') || !url.scheme().eq_ignore_ascii_case(scheme) {
        return None;
    }
    // With a web scheme, the parser reads the host as a domain or an address, not as opaque text.
    let of_web = Url::parse(&format!("http://{authority}/")).ok()?;
    let written_host = match authority.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
        None => authority,
        Some((host, port)) => {
            let is_plain = port.parse::<u16>().is_ok_and(|number| number != 0 && number.to_string() == port);
            if !is_plain {
                return None;
            }
            host
        }
    };
    let host = written_host.to_ascii_lowercase();
    let is_kept =
        of_web.host_str() == Some(&*host) && url.host_str().map(str::to_ascii_lowercase) == Some(host.clone());
    (is_kept && is_plain_host(&host)).then_some(url)
}

/// Whether a host is a plain name (RFC 1123, section 2.1) or an address that is not an IPv4 address inside an IPv6 one.
fn is_plain_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok_and(|address| !leads_to_ipv4(address));
    }
    let is_label = |label: &str| {
        let is_known = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (1..=63).contains(&label.len())
            && label.chars().all(is_known)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host.parse::<Ipv4Addr>().is_ok()
        || (host.len() <= 253 && host.split('.').all(is_label) && last.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// Whether a URI matches a pattern, in which a `*` in the host matches only a part of the host.
#[must_use]
pub fn matches_uri(pattern: &str, uri: &str) -> bool {
    match (split_uri(pattern), split_uri(uri)) {
        _ if pattern == "*" => true,
        (Some((place, rest)), Some((uri_place, uri_rest))) => {
            let ((host, port), (uri_host, uri_port)) = (split_port(place), split_port(uri_place));
            port == uri_port && matches_pattern(host, uri_host) && matches_pattern(rest, uri_rest)
        }
        (None, None) => matches_pattern(pattern, uri),
        _ => false,
    }
}

/// Splits the port from a scheme and an authority.
fn split_port(place: &str) -> (&str, Option<&str>) {
    match place.rsplit_once(':') {
        Some((host, port)) if !port.contains(['/', ']']) => (host, Some(port)),
        _ => (place, None),
    }
}

/// Whether a name is valid for an undeclared tool or prompt, or for a server.
#[must_use]
pub fn can_be_name(name: &str) -> bool {
    let is_dropped = IGNORABLE.as_ref().is_none_or(|ignorable| ignorable.is_match(name));
    let length = name.chars().count();
    !is_dropped
        && (1..=128).contains(&length)
        && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '*')
}

/// Splits a URI after its authority.
fn split_uri(uri: &str) -> Option<(&str, &str)> {
    let (_, rest) = uri.split_once("://").filter(|(scheme, _)| !scheme.contains([':', '*']))?;
    let below = rest.trim_start_matches(|c| !['/', '?', '#'].contains(&c));
    uri.split_at_checked(uri.len().checked_sub(below.len())?)
}

/// The expression of RFC 3986, appendix B, for a scheme in normal form, without a fragment.
static FORM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let path_byte = r"[A-Za-z0-9\-._~!$&'()*+,=:@/]|%[0-9A-F]{2}";
    let form = format!(
        r"^(?<scheme>[a-z][a-z0-9+.-]*):(?://(?<authority>[^/?#]*))?(?<path>(?:{path_byte})*)(?:\?(?<query>(?:{path_byte}|[?;])+))?$"
    );
    Regex::new(&form).ok()
});

/// Whether a URI is in normal form (RFC 3986, section 6.2.2) and unambiguous.
#[must_use]
pub fn uri_is_normal(uri: &str) -> bool {
    let Some(parts) = FORM.as_ref().and_then(|form| form.captures(uri)) else { return false };
    let part = |name: &str| parts.name(name).map(|part| part.as_str());
    let (scheme, path) = (part("scheme").unwrap_or_default(), part("path").unwrap_or_default());
    // A character that needs no encoding must not be encoded; in a query, an encoded delimiter can be part of a value.
    let may_stand = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$'()*,:@/".contains(byte);
    let separates = |byte: &u8| b"&=+;".contains(byte);
    let hides = |byte: &u8| b"\\%\x7f".contains(byte) || *byte < 0x20;
    if percent_encoded(path).iter().any(|byte| may_stand(byte) || separates(byte) || hides(byte)) {
        return false;
    }
    if let Some(query) = part("query") {
        let is_decoded = percent_decode_str(query).decode_utf8().is_ok();
        if ["file", "urn"].contains(&scheme)
            || !is_decoded
            || percent_encoded(query).iter().any(|byte| may_stand(byte) || *byte == b'?')
        {
            return false;
        }
    }
    let Ok(decoded) = percent_decode_str(path).decode_utf8() else { return false };
    match part("authority") {
        None => {
            let is_of_text = !path.starts_with('/') && !path.is_empty() && is_opaque(scheme);
            // The namespace of a URN is not case-sensitive (RFC 8141, section 3.1).
            let namespace = path.split(':').next().unwrap_or_default();
            let is_namespace = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            is_of_text
                && (scheme != "urn" || namespace.chars().all(is_namespace))
                && path_segments(&format!("/{decoded}")).is_some()
        }
        Some(authority) => {
            let is_path_plain = match path {
                // A file or web URI has at least the root path.
                "" => !authority.is_empty() && is_opaque(scheme),
                "/" => authority.is_empty() || !is_opaque(scheme),
                _ if scheme == "file" => file_is_plain(path) && path_segments(&decoded).is_some(),
                _ => path_segments(&decoded).is_some(),
            };
            is_path_plain && authority_is_normal(scheme, authority)
        }
    }
}

/// Whether the path of a file ends in a name, and has a colon only after a drive letter.
fn file_is_plain(path: &str) -> bool {
    let colons: Vec<usize> = path.match_indices(':').map(|(at, _)| at).collect();
    let is_drive =
        path.chars().nth(1).is_some_and(|c| c.is_ascii_uppercase()) && path.chars().nth(3).is_none_or(|c| c == '/');
    !path.ends_with('/') && (colons.is_empty() || (colons == [2] && is_drive))
}

/// Whether the WHATWG standard keeps the host of a scheme unchanged.
fn is_opaque(scheme: &str) -> bool {
    !["http", "https", "ws", "wss", "ftp", "file"].contains(&scheme)
}

/// The known default ports of schemes.
const OWN_PORTS: [(&str, &str); 47] = [
    ("ftps", "21 990"),
    ("ssh sftp scp git+ssh ssh+git svn+ssh", "22"),
    ("telnet", "23"),
    ("smtp", "25 465 587"),
    ("tftp", "69"),
    ("gopher", "70"),
    ("pop pop3", "110"),
    ("nntp", "119"),
    ("smb cifs", "139 445"),
    ("imap", "143"),
    ("snmp", "161"),
    ("irc", "194 6667"),
    ("rtsp rtsps", "322 554"),
    ("ldap", "389"),
    ("smtps", "465 587"),
    ("afp", "548"),
    ("nntps snews", "563"),
    ("ipp ipps", "631"),
    ("ldaps", "636"),
    ("rsync", "873"),
    ("telnets", "992"),
    ("imaps", "993"),
    ("ircs", "994 6697"),
    ("pops pop3s", "995"),
    ("mssql sqlserver", "1433"),
    ("oracle", "1521"),
    ("mqtt", "1883"),
    ("gemini", "1965"),
    ("nfs", "2049"),
    ("dict", "2628"),
    ("mysql mariadb", "3306"),
    ("rdp", "3389"),
    ("svn", "3690"),
    ("sieve", "4190"),
    ("nats", "4222"),
    ("postgres postgresql", "5432"),
    ("amqps", "5671"),
    ("amqp", "5672"),
    ("coap coap+tcp", "5683"),
    ("coaps coaps+tcp", "5684"),
    ("vnc", "5900"),
    ("redis rediss", "6379"),
    ("bolt bolt+s bolt+ssc neo4j neo4j+s neo4j+ssc", "7687"),
    ("mqtts", "8883"),
    ("git", "9418"),
    ("memcached", "11211"),
    ("mongodb", "27017"),
];

fn has_punycode(authority: &str) -> bool {
    authority.split('.').any(|label| label.starts_with("xn--"))
}

fn authority_is_normal(scheme: &str, authority: &str) -> bool {
    if authority.is_empty() {
        return is_opaque(scheme) || scheme == "file";
    }
    if is_opaque(scheme) {
        let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ['_', '~', '-'].contains(&c);
        let are_labels = host.split('.').all(|label| !label.is_empty() && label.chars().all(is_plain));
        let own_ports: Vec<&str> = OWN_PORTS
            .iter()
            .filter(|(schemes, _)| schemes.split(' ').any(|known| known == scheme))
            .flat_map(|(_, ports)| ports.split(' '))
            .collect();
        // Any port can be the default port of an unknown scheme.
        let is_port = port.is_none_or(|port| {
            let is_number = port.parse::<u16>().is_ok_and(|number| number != 0 && number.to_string() == port);
            is_number && !own_ports.is_empty() && !own_ports.contains(&port)
        });
        let ends_in_digit = host.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()));
        let is_name = are_labels && (!ends_in_digit || host.parse::<Ipv4Addr>().is_ok());
        return is_name && is_port && !has_punycode(authority);
    }
    // The standard's own spelling of a URL with this authority must be the given one.
    let url = format!("{scheme}://{authority}/");
    let is_its_own_spelling = Url::parse(&url).is_ok_and(|parsed| parsed.as_str() == url);
    is_its_own_spelling && !has_punycode(authority) && read_plain_url(&url).is_some()
}

fn percent_encoded(text: &str) -> Vec<u8> {
    text.split('%').skip(1).filter_map(|after| u8::from_str_radix(after.get(..2)?, 16).ok()).collect()
}

/// Whether an IPv6 address is one of those that embed IPv4 addresses.
fn leads_to_ipv4(address: Ipv6Addr) -> bool {
    const MAPPED: &str = "::ffff:0:0/96";
    const COMPATIBLE: &str = "::/96";
    const NAT64: [&str; 2] = ["64:ff9b::/96", "64:ff9b:1::/48"];
    const SIX_TO_FOUR: &str = "2002::/16";
    const TEREDO: &str = "2001::/32";
    const TRANSLATED: &str = "::ffff:0:0:0/96";
    let is_isatap = address.to_bits() >> 32 & 0xfdff_ffff == 0x5efe;
    let is_in = |network: &&str| network_holds(network, IpAddr::V6(address)).unwrap_or(false);
    let is_own = address.is_loopback() || address.is_unspecified();
    let networks = [MAPPED, COMPATIBLE, SIX_TO_FOUR, TEREDO, TRANSLATED];
    !is_own && (is_isatap || networks.iter().chain(&NAT64).any(is_in))
}

/// Whether an address is in one of the networks. An IPv4 address inside an IPv6 one has two forms.
#[must_use]
pub fn address_is_in(text: &str, networks: &[&str]) -> Option<bool> {
    let address: IpAddr = text.parse().ok()?;
    if let IpAddr::V6(address) = address
        && leads_to_ipv4(address)
    {
        return None;
    }
    Some(networks.iter().any(|network| {
        address_is_in_set(network, address).or_else(|| network_holds(network, address)).unwrap_or(false)
    }))
}

fn network_holds(network: &str, address: IpAddr) -> Option<bool> {
    let (base, length) = network.split_once('/')?;
    let length: usize = length.parse().ok()?;
    let (base, address) = match (base.parse().ok()?, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => (bits(&base.octets()), bits(&address.octets())),
        (IpAddr::V6(base), IpAddr::V6(address)) => (bits(&base.octets()), bits(&address.octets())),
        _ => return Some(false),
    };
    Some(base.get(..length)? == address.get(..length)?)
}

/// The bits of an address, most significant first, as zeros and ones.
fn bits(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:08b}")).collect()
}

/// Whether a time, in seconds since the start of 1970 in UTC, is in a window.
#[must_use]
pub fn time_is_in(seconds: i64, window: &TimeCheck) -> Option<bool> {
    let instant = Timestamp::from_second(seconds).ok()?;
    let zone = match &window.zone {
        // Summer time is known for a century only.
        Some(_) if !(2000..2100).contains(&instant.to_zoned(TimeZone::UTC).year()) => return None,
        Some(name) => TimeZoneDatabase::bundled().get(name).ok()?,
        None => fixed_zone(&window.offset)?,
    };
    let local = instant.to_zoned(zone);
    // Times of day in the same format have the order of their texts.
    let clock = local.strftime("%H:%M").to_string();
    let is_day = |date: Date| {
        let weekday = date.strftime("%a").to_string();
        // So have dates.
        let text = date.to_string();
        let is_among = |dates: &String| {
            let (first, last) = dates.split_once('/').unwrap_or((dates, dates));
            first <= text.as_str() && text.as_str() <= last
        };
        window.weekdays.as_ref().is_none_or(|days| days.iter().any(|day| format!("{day:?}") == weekday))
            && window.dates.as_ref().is_none_or(|dates| dates.iter().any(is_among))
    };
    let today = local.date();
    let (from, to) = (window.from.as_deref().unwrap_or("00:00"), window.to.as_deref().unwrap_or("24:00"));
    Some(match (from, to) {
        (from, to) if from < to => *from <= *clock && *clock < *to && is_day(today),
        // The window is that of the day on which it starts.
        (from, _) if *from <= *clock => is_day(today),
        (_, to) => *clock < *to && is_day(today.yesterday().ok()?),
    })
}

fn fixed_zone(offset: &str) -> Option<TimeZone> {
    if offset == "Z" {
        return Some(TimeZone::UTC);
    }
    let (sign, digits) = offset.split_at_checked(1)?;
    let (hours, minutes) = digits.split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let seconds_east = hours.checked_mul(60)?.checked_add(minutes)?.checked_mul(60)?;
    let seconds_east = if sign == "-" { seconds_east.checked_neg()? } else { seconds_east };
    Some(TimeZone::fixed(Offset::from_seconds(seconds_east).ok()?))
}
