//! Converts mcpkit patterns to `callgate-1`: globs for tools, and for URIs `*` as any characters anywhere.

/// Why a pattern cannot be converted, or the pattern.
pub(super) type Translated = Result<String, &'static str>;

/// The URI pattern of an allow entry. It matches no URI that the source's pattern does not match.
///
/// # Errors
/// `callgate-1` has no such pattern.
pub(super) fn translate_allowed_uri(pattern: &str) -> Translated {
    let uri = UriPattern::read(pattern)?;
    if uri.has_capitals {
        return Err("mcpkit compares scheme and host with case, and callgate accepts both only in lower case");
    }
    Ok(uri.translated)
}

/// The URI pattern of a deny entry. It matches all URIs that callgate accepts and the source's pattern matches.
///
/// # Errors
/// `callgate-1` has no such pattern, so the entry must deny more.
pub(super) fn translate_denied_uri(pattern: &str) -> Translated {
    let uri = UriPattern::read(pattern)?;
    if uri.has_star_in_host {
        return Err(
            "in mcpkit, `*` in the host also matches ports and paths, and no callgate-1 pattern matches every port",
        );
    }
    // A URI with capitals in the scheme or host is denied anyway, so the lower-case pattern is equivalent.
    Ok(uri.translated)
}

/// Whether a `callgate-1` pattern has `*` in its host.
pub(super) fn has_star_in_host(translated: &str) -> bool {
    UriPattern::read(translated).is_ok_and(|uri| uri.has_star_in_host)
}

/// The URIs that a pattern with `*` in its host denies in mcpkit, as `callgate-1` patterns, except URIs with a port.
pub(super) fn without_ports(pattern: &str) -> Option<[String; 2]> {
    let UriPattern { translated, has_star_in_host: true, .. } = UriPattern::read(pattern).ok()? else { return None };
    let (scheme, rest) = translated.split_once("://*")?;
    let beyond = format!("{scheme}://*/*{rest}");
    Some([translated, beyond])
}

/// A URI pattern in `callgate-1`.
struct UriPattern {
    translated: String,
    has_star_in_host: bool,
    /// Whether the scheme or authority had capital letters, which callgate accepts in no URI.
    has_capitals: bool,
}

impl UriPattern {
    fn read(pattern: &str) -> Result<Self, &'static str> {
        let pattern = without_doubled_stars(pattern);
        if pattern == "*" {
            return Ok(Self { translated: pattern, has_star_in_host: false, has_capitals: false });
        }
        let (scheme, rest) = pattern.split_once(':').ok_or("a resource must have an absolute URI")?;
        if scheme.contains('*') {
            return Err("the scheme must not contain `*`");
        }
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => rest.find(['/', '?', '#']).and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, "")),
            None => ("", rest),
        };
        let after_star = authority.strip_prefix('*').unwrap_or(authority);
        let is_host = after_star == authority || after_star.is_empty() || after_star.starts_with(['.', ':']);
        if after_star.contains('*') || !is_host {
            return Err("in a host, `*` must be the whole host or its first labels");
        }
        if authority.ends_with('*') && path.is_empty() {
            return Err("`*` cannot match a host and a path at once");
        }
        let slashes = if rest.starts_with("//") { "//" } else { "" };
        let (lower_scheme, lower_authority) = (scheme.to_ascii_lowercase(), authority.to_ascii_lowercase());
        Ok(Self {
            translated: format!("{lower_scheme}:{slashes}{lower_authority}{path}"),
            has_star_in_host: authority.contains('*'),
            has_capitals: lower_scheme != scheme || lower_authority != authority,
        })
    }
}

/// The name or pattern of a tool, with only `*` as a special character, that matches no tool that the source does not
/// match.
///
/// mcpkit treats a name with `*` as a glob, and any other name literally.
pub(super) fn translate_tool(name: &str) -> Translated {
    if !name.contains('*') {
        return Ok(name.to_owned());
    }
    if name.contains(['?', '[', ']', '{', '}', '\\']) {
        return Err("callgate-1 patterns have only `*`; write a rule for each alternative");
    }
    if name.contains("**/") {
        return Err("`**/` also matches nothing at all; write a rule with the directory and one without");
    }
    Ok(without_doubled_stars(name))
}

/// The name or pattern of an allow entry.
///
/// # Errors
/// `callgate-1` has no pattern that matches no other tool.
pub(super) fn translate_allowed_tool(name: &str) -> Translated {
    let translated = translate_tool(name)?;
    if translated.contains('*') && translated.ends_with('.') {
        // For globset, the ending `.` is a file extension, which the name `..` does not have.
        return Err("mcpkit reads the last `.` as a file extension, so the pattern does not match the name `..`");
    }
    Ok(translated)
}

/// A pattern that matches at least the tools of a glob, and the tool with the glob as its name.
pub(super) fn widen_tool(glob: &str) -> String {
    let glob = glob.replace("/**/", "*").replace("**/", "*");
    let is_special = ['?', '[', ']', '{', '}', '\\'];
    let start = glob.split(is_special).next().unwrap_or_default();
    let end = glob.rsplit(is_special).next().unwrap_or_default();
    if start.len() == glob.len() {
        without_doubled_stars(&glob)
    } else {
        without_doubled_stars(&format!("{start}*{end}"))
    }
}

/// The name with `*` for characters that no name can contain.
pub(super) fn without_blanks(name: &str) -> String {
    let is_blank = |c: char| c.is_whitespace() || c.is_control();
    without_doubled_stars(&name.chars().map(|c| if is_blank(c) { '*' } else { c }).collect::<String>())
}

/// The pattern with `x` for each `*`, except a sole `*` and the first one of a host.
pub(super) fn without_stars_of_paths(pattern: &str) -> String {
    if pattern == "*" {
        return pattern.to_owned();
    }
    let host = pattern.find("://*").and_then(|at| pattern.split_at_checked(at.saturating_add("://*".len())));
    let (host, rest) = host.filter(|(host, _)| host.matches(['*', '/']).count() == 3).unwrap_or(("", pattern));
    format!("{host}{}", rest.replace('*', "x"))
}

/// `**` is equivalent to `*`.
pub(super) fn without_doubled_stars(pattern: &str) -> String {
    let mut translated = String::with_capacity(pattern.len());
    for c in pattern.chars() {
        if c != '*' || !translated.ends_with('*') {
            translated.push(c);
        }
    }
    translated
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The patterns of an allow entry and a deny entry; `None` if there is none.
    #[track_caller]
    fn check_uri(pattern: &str, allowed: Option<&str>, denied: Option<&str>) {
        assert_eq!(translate_allowed_uri(pattern).ok().as_deref(), allowed, "{pattern}");
        assert_eq!(translate_denied_uri(pattern).ok().as_deref(), denied, "{pattern}");
    }

    #[track_caller]
    fn check_tool(pattern: &str, expected: Result<&str, &str>) {
        let translated = translate_tool(pattern).map_err(|_| widen_tool(pattern));
        assert_eq!(translated.as_deref().map_err(String::as_str), expected, "{pattern}");
    }

    #[test]
    fn a_star_in_a_path_is_written_for_allow_and_for_deny() {
        for (pattern, translated) in [
            ("*", "*"),
            ("**", "*"),
            ("file:///workspace/**", "file:///workspace/*"),
            ("file:///a/*/b.txt", "file:///a/*/b.txt"),
            ("sqlite://app.db", "sqlite://app.db"),
            ("urn:isbn:*", "urn:isbn:*"),
            ("note://today?page=*", "note://today?page=*"),
            ("note://today?Page=1/*", "note://today?Page=1/*"),
        ] {
            check_uri(pattern, Some(translated), Some(translated));
        }
    }

    #[test]
    fn a_star_in_a_host_is_written_for_allow_and_never_for_deny() {
        for pattern in ["https://*.example.com/Docs/*", "https://*/docs/*", "https://*:8443/docs"] {
            check_uri(pattern, Some(pattern), None);
            assert!(has_star_in_host(pattern), "{pattern}");
        }
        assert!(!has_star_in_host("https://a.test/*"));
        assert!(!has_star_in_host("*"));
    }

    #[test]
    fn capitals_in_scheme_or_host_are_written_for_deny_and_never_for_allow() {
        check_uri("HTTPS://a.test/Docs/*", None, Some("https://a.test/Docs/*"));
        check_uri("https://A.test/Docs/*", None, Some("https://a.test/Docs/*"));
        check_uri("URN:isbn:*", None, Some("urn:isbn:*"));
    }

    #[test]
    fn other_patterns_are_written_neither_for_allow_nor_for_deny() {
        for pattern in [
            "*/secrets/*",
            "*://internal/x",
            "https://*",
            "https://api-*.example.com/x",
            "https://api-*.example.com:8443/x",
            "https://a.test:*/x",
            "https://user@*/x",
            "https://api*/x",
            "/etc/*",
        ] {
            check_uri(pattern, None, None);
        }
    }

    #[test]
    fn what_a_star_in_a_host_denies_without_ports_takes_two_patterns() {
        let check = |pattern: &str, expected: Option<[&str; 2]>| {
            assert_eq!(without_ports(pattern), expected.map(|patterns| patterns.map(str::to_owned)), "{pattern}");
        };
        check("https://*/admin/*", Some(["https://*/admin/*", "https://*/*/admin/*"]));
        check("https://*.A.test/x", Some(["https://*.a.test/x", "https://*/*.a.test/x"]));
        check("https://a.test/*", None);
        check("*", None);
    }

    #[test]
    fn the_engine_is_asked_about_a_pattern_of_one_star_at_most() {
        assert_eq!(without_stars_of_paths("*"), "*");
        assert_eq!(without_stars_of_paths("a*b*"), "axbx");
        assert_eq!(without_stars_of_paths("file:///a/*/b*"), "file:///a/x/bx");
        assert_eq!(without_stars_of_paths("https://*.a.test/*/b"), "https://*.a.test/x/b");
        assert_eq!(without_stars_of_paths("https://a.test/*?u=b://*"), "https://a.test/x?u=b://x");
    }

    #[test]
    fn in_the_name_of_a_tool_a_star_alone_is_special() {
        check_tool("search_*", Ok("search_*"));
        check_tool("calculator/**", Ok("calculator/*"));
        // Without a star, mcpkit treats a name literally.
        check_tool("a[b]?", Ok("a[b]?"));
    }

    #[test]
    fn a_pattern_that_ends_in_a_dot_is_written_for_deny_and_never_for_allow() {
        assert_eq!(translate_tool("a*.").as_deref(), Ok("a*."));
        assert!(translate_allowed_tool("a*.").is_err());
        assert_eq!(translate_allowed_tool("a.").as_deref(), Ok("a."));
    }

    #[test]
    fn other_globs_are_denied_from_their_first_to_their_last_special_character() {
        check_tool("{get,set}_*", Err("*_*"));
        check_tool("*[]a]x", Err("*x"));
        check_tool("sys?_*_\\[x", Err("sys*x"));
        check_tool("a/**/b", Err("a*b"));
        check_tool("**/b", Err("*b"));
    }
}
