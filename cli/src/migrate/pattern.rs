//! The patterns of mcpkit as `callgate-1` says them: globs for tools, and for URIs `*` as any run of characters anywhere.

/// Why a pattern can't be said, or the pattern.
pub(super) type Said = Result<String, &'static str>;

/// A pattern of URIs that matches none that the source's does not.
pub(super) fn say_uri(pattern: &str) -> Said {
    let pattern = without_doubled_stars(pattern);
    if pattern == "*" {
        return Ok(pattern);
    }
    let (scheme, rest) = pattern.split_once(':').ok_or("a resource is named by an absolute URI")?;
    if scheme.contains('*') {
        return Err("`*` can't stand for a scheme");
    }
    let scheme = scheme.to_ascii_lowercase();
    let Some(rest) = rest.strip_prefix("//") else { return Ok(format!("{scheme}:{rest}")) };
    let (authority, path) = rest.find('/').and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
    let after_star = authority.strip_prefix('*').unwrap_or(authority);
    let is_host = after_star == authority || after_star.is_empty() || after_star.starts_with(['.', ':']);
    if after_star.contains('*') || !is_host {
        return Err("in a host `*` stands for its first labels or for all of it");
    }
    if authority.ends_with('*') && path.is_empty() {
        return Err("`*` stands for a host or for a part of a path, and not for both at once");
    }
    Ok(format!("{scheme}://{}{path}", authority.to_ascii_lowercase()))
}

/// A pattern of URIs that matches each that the source's does, where [`say_uri`] has none; of `*` there is always one.
pub(super) fn widen_uri(pattern: &str) -> String {
    let pattern = without_doubled_stars(pattern);
    let of_any_host = pattern.split_once("://").and_then(|(scheme, rest)| {
        let (authority, path) = rest.split_once('/')?;
        let is_sayable = !scheme.contains('*') && !authority.contains('@') && !authority.ends_with('*');
        is_sayable.then(|| format!("{}://*/{path}", scheme.to_ascii_lowercase()))
    });
    of_any_host.unwrap_or_else(|| "*".to_owned())
}

/// What a pattern of URIs with `*` in its host leaves out, as mcpkit lets that `*` run on into the path.
pub(super) fn beyond_host(said: &str) -> Option<String> {
    let (scheme, rest) = said.split_once("://*").filter(|(scheme, _)| !scheme.contains('/'))?;
    Some(format!("{scheme}://*/*{rest}"))
}

/// The name of a tool, or the pattern in which `*` alone is special, that matches no tool that the source's does not.
///
/// mcpkit reads a name with `*` in it as a glob, and any other as it stands.
pub(super) fn say_tool(name: &str) -> Said {
    if !name.contains('*') {
        return Ok(name.to_owned());
    }
    if name.contains(['?', '[', ']', '{', '}', '\\']) {
        return Err("only `*` is special in a pattern here, so write a rule for each alternative");
    }
    if name.contains("**/") {
        return Err("`**/` stands for nothing at all too, so write a rule with it and one without");
    }
    Ok(without_doubled_stars(name))
}

/// A pattern that matches at least the tools that a glob does, and the one that has the glob for a name.
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

/// The name with `*` for what no name may hold.
pub(super) fn without_blanks(name: &str) -> String {
    let is_blank = |c: char| c.is_whitespace() || c.is_control();
    without_doubled_stars(&name.chars().map(|c| if is_blank(c) { '*' } else { c }).collect::<String>())
}

/// The pattern with `x` for each `*` but a lone one and the first one of a host.
pub(super) fn without_stars_of_paths(pattern: &str) -> String {
    if pattern == "*" {
        return pattern.to_owned();
    }
    let host = pattern.find("://*").and_then(|at| pattern.split_at_checked(at.saturating_add("://*".len())));
    let (host, rest) = host.filter(|(host, _)| host.matches(['*', '/']).count() == 3).unwrap_or(("", pattern));
    format!("{host}{}", rest.replace('*', "x"))
}

/// `**` is `*` twice, which stands for what one does.
pub(super) fn without_doubled_stars(pattern: &str) -> String {
    let mut said = String::with_capacity(pattern.len());
    for c in pattern.chars() {
        if c != '*' || !said.ends_with('*') {
            said.push(c);
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_uri(pattern: &str, expected: Result<&str, &str>) {
        let said = say_uri(pattern).map_err(|_| widen_uri(pattern));
        assert_eq!(said.as_deref().map_err(String::as_str), expected, "{pattern}");
    }

    #[track_caller]
    fn check_tool(pattern: &str, expected: Result<&str, &str>) {
        let said = say_tool(pattern).map_err(|_| widen_tool(pattern));
        assert_eq!(said.as_deref().map_err(String::as_str), expected, "{pattern}");
    }

    #[test]
    fn a_star_stands_for_a_path_or_a_host() {
        check_uri("*", Ok("*"));
        check_uri("**", Ok("*"));
        check_uri("file:///workspace/**", Ok("file:///workspace/*"));
        check_uri("file:///a/*/b.txt", Ok("file:///a/*/b.txt"));
        check_uri("HTTPS://*.Example.com/Docs/*", Ok("https://*.example.com/Docs/*"));
        check_uri("https://*/docs/*", Ok("https://*/docs/*"));
        check_uri("https://*:8443/docs", Ok("https://*:8443/docs"));
        check_uri("sqlite://app.db", Ok("sqlite://app.db"));
        check_uri("urn:isbn:*", Ok("urn:isbn:*"));
    }

    #[test]
    fn what_can_not_be_said_is_denied_more_widely() {
        check_uri("*/secrets/*", Err("*"));
        check_uri("*://internal/x", Err("*"));
        check_uri("https://*", Err("*"));
        check_uri("https://api-*.example.com/x", Err("https://*/x"));
        check_uri("https://api-*.example.com:8443/x", Err("https://*/x"));
        check_uri("https://user@*/x", Err("*"));
        check_uri("https://api*/x", Err("*"));
        check_uri("/etc/*", Err("*"));
    }

    #[test]
    fn a_star_in_a_host_runs_on_in_mcpkit() {
        assert_eq!(beyond_host("https://*/admin/*").as_deref(), Some("https://*/*/admin/*"));
        assert_eq!(beyond_host("https://*.a.test/x").as_deref(), Some("https://*/*.a.test/x"));
        assert_eq!(beyond_host("https://a.test/*"), None);
        assert_eq!(beyond_host("*"), None);
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
        // Without a star mcpkit reads a name as it stands.
        check_tool("a[b]?", Ok("a[b]?"));
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
