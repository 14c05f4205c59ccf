//! File paths that have one reading, and the roots that hold them.

/// Whether a lenient reader drops a character, so that what stands around it comes together: the code points that Unicode
/// calls default ignorable.
pub(crate) fn is_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Whether compatibility normalization (Unicode NFKC or NFKD) makes of a character a text with `.`, `/`, `\`, `%` or `;`
/// in it, or a lenient reader takes it for one of them: by its looks, or as old code pages have a currency for `\`.
fn is_look_alike(c: char) -> bool {
    matches!(
        c,
        '\u{2024}'..='\u{2026}'
            | '\u{2044}'
            | '\u{2100}' | '\u{2101}' | '\u{2105}' | '\u{2106}'
            | '\u{2215}' | '\u{2216}'
            | '\u{37e}'
            | '\u{2488}'..='\u{249b}'
            | '\u{29f5}' | '\u{29f8}' | '\u{29f9}'
            | '\u{a5}' | '\u{20a9}'
            | '\u{33c2}' | '\u{33c7}' | '\u{33d8}'
            | '\u{fe14}' | '\u{fe19}' | '\u{fe30}' | '\u{fe52}' | '\u{fe54}' | '\u{fe68}' | '\u{fe6a}'
            | '\u{ff05}' | '\u{ff0e}' | '\u{ff0f}' | '\u{ff1b}' | '\u{ff3c}' | '\u{ffe5}' | '\u{ffe6}'
            | '\u{1f100}'
    )
}

/// Whether `path` lies in one of `roots`, which are canonical; `None` if the path has more than one reading.
///
/// What a tool makes of a path depends on its working directory, its decoding and its file system. Only an absolute
/// path on which all of them agree is judged: no dot segments, however they are written, no empty segments, no
/// backslashes, no percent-encoding, no control characters, and no segment that ends in a dot or a space.
pub(crate) fn is_inside<'r>(path: &str, roots: impl IntoIterator<Item = &'r str>) -> Option<bool> {
    is_canonical(path).then(|| {
        roots.into_iter().any(|root| {
            let root = root.strip_suffix('/').unwrap_or(root);
            path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    })
}

/// Whether a path is absolute and has one reading.
pub(crate) fn is_canonical(path: &str) -> bool {
    let Some(inside) = path.strip_prefix('/') else { return false };
    // A colon names a stream of a file on Windows, and separates on old systems of Apple.
    !path.contains(':') && !has_percent_encoding(path) && (inside.is_empty() || has_plain_segments(inside))
}

/// Whether a path without its first slash has segments that are what they seem, and none that is empty but the last: a
/// directory may be written with a slash after it.
pub(crate) fn has_plain_segments(path: &str) -> bool {
    let is_odd_space = |c: char| c.is_whitespace() && c != ' ';
    let has_one_reading =
        |c: char| !(c == '\\' || c.is_control() || is_odd_space(c) || is_look_alike(c) || is_ignorable(c));
    path.chars().all(has_one_reading) && path.strip_suffix('/').unwrap_or(path).split('/').all(is_plain_segment)
}

fn is_plain_segment(segment: &str) -> bool {
    // Servlet containers cut a segment at `;` before they look for dots, and Windows drops dots and spaces at the end.
    let cut = segment.split(';').next().unwrap_or_default();
    !cut.is_empty() && !cut.ends_with(['.', ' ']) && !segment.ends_with(['.', ' '])
}

fn has_percent_encoding(path: &str) -> bool {
    let is_hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let is_encoding = |after: &[u8]| match after.first() {
        // Some servers read `%u002e` too.
        Some(b'u' | b'U') => true,
        first => is_hex(first) && is_hex(after.get(1)),
    };
    path.as_bytes().split(|&byte| byte == b'%').skip(1).any(is_encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: Option<bool>) {
        assert_eq!(is_inside(path, ["/data/reports", "/srv/"]), expected, "{path:?}");
    }

    #[test]
    fn a_path_is_inside_a_root_or_outside_all() {
        for path in [
            "/data/reports",
            "/data/reports/",
            "/data/reports/q3.csv",
            "/data/reports/a b/100%",
            "/data/reports/100%a",
            "/data/reports/5%-a/%xa/%a-",
            "/srv/.env",
            "/srv/...a",
        ] {
            check(path, Some(true));
        }
        for path in
            ["/", "/data", "/data/reports_private/x", "/data/Reports/x", "/etc/passwd", "/srv2", "/x/data/reports/y"]
        {
            check(path, Some(false));
        }
    }

    #[test]
    fn what_has_two_readings_is_not_judged() {
        for path in [
            "",
            "data/reports/x",
            "~/x",
            "./x",
            "C:/data/reports",
            "file:///data/reports/x",
            "/data/reports/../../etc/passwd",
            "/data/reports/..",
            "/data/reports/.",
            "/data/./reports/x",
            "/..",
            "/data/reports/%2e%2e/x",
            "/data/reports/%2E./x",
            "/data/reports/%252e%252e/x",
            "/data/reports/%2f..%2f",
            "/data/reports/%00",
            "/data/reports/a%20b",
            "/data/reports/..\\x",
            "\\data\\reports",
            "/data/reports\\..\\x",
            "//data/reports/x",
            "/data//reports/x",
            "/data/reports//x",
            "/data/reports/x\0/../../etc",
            "/data/reports/\n",
            "/data/reports/．．/x",
            "/data/reports/\u{2025}/x",
            "/data/reports/\u{fe30}/x",
            "/data/reports/\u{ff05}2e",
            "/data/reports/\u{2105}",
            "/data/reports/..\u{200d}/x",
            "/data/reports/..\u{ad}/x",
            "/data/reports/x\u{fe0f}",
            "/data/reports/..\u{a0}/x",
            "/data/reports/..\u{3000}",
            "/data/reports/..\u{37e}/x",
            "/data/reports/..\u{ff1b}/x",
            "/data/reports/..¥..¥etc",
            "/data/reports/..\u{2216}x",
            "/data/reports/%u002e%u002e/x",
            "/data/reports:stream",
            "/data/reports::$INDEX_ALLOCATION/x",
            "/data／reports",
            "/data/reports/..;/x",
            "/data/reports/..;a=b",
            "/data/reports/x.",
            "/data/reports/x /y",
            "/data/reports/... /x",
            "/data/reports/;/x",
        ] {
            check(path, None);
        }
    }
}
