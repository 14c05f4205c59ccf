//! Unambiguous file paths, and the roots that contain them.
//!
//! What a tool makes of a path depends on its working directory, its decoding and its file system. Only a path on which
//! all of them agree is judged: no dot segments, however they are written, no empty segments, no backslashes, no
//! percent-encoding, no control characters, and no segment that ends in a dot or a space. A slash at the end, which some
//! programs drop and others read as "must be a directory", does not change where the path is.

/// Whether a lenient program drops a character and so joins its neighbors: the Unicode code points with the property
/// default ignorable.
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

/// Whether compatibility normalization (Unicode NFKC or NFKD) turns a character into a text that contains `.`, `/`,
/// `\`, `%` or `;`. Also whether a lenient program treats it as one of these. The reason is its look, or an old code
/// page with a currency sign in place of `\`.
///
/// The look-alikes of `.`, `/` and `\` are Unicode's confusables (UTS 39, section 4), and the characters that Unicode
/// names a full stop or a solidus. Look-alike letters and digits are in [`is_dot_like_letter`] and
/// [`is_slash_like_letter`].
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
            // Full stops and other dots.
            | '\u{589}' | '\u{6d4}' | '\u{701}' | '\u{702}' | '\u{1362}' | '\u{166e}' | '\u{1803}' | '\u{1809}'
            | '\u{2cf9}' | '\u{2cfe}' | '\u{2e3c}' | '\u{3002}' | '\u{a4fe}' | '\u{a4ff}' | '\u{a60e}' | '\u{a6f3}'
            | '\u{fe12}' | '\u{ff61}' | '\u{10a50}' | '\u{16af5}' | '\u{16e98}' | '\u{1bc9f}' | '\u{1d16d}' | '\u{1da88}'
            // Slashes, and units that contain one.
            | '\u{1735}' | '\u{2041}' | '\u{2571}' | '\u{27c9}' | '\u{27cb}' | '\u{29f6}' | '\u{2afb}' | '\u{2afd}'
            | '\u{2e4a}' | '\u{2f03}' | '\u{31d2}' | '\u{31d3}' | '\u{1d23a}' | '\u{1f67c}'
            | '\u{33a7}' | '\u{33ae}' | '\u{33af}' | '\u{33c6}' | '\u{33de}' | '\u{33df}'
            // Backslashes.
            | '\u{244a}' | '\u{2572}' | '\u{27c8}' | '\u{27cd}' | '\u{29f7}' | '\u{2f02}' | '\u{31d4}' | '\u{1d20f}'
            | '\u{1d23b}' | '\u{1f67d}'
    )
}

/// Whether a letter or a digit looks like `.` (UTS 39, section 4). Words and numbers contain such letters, so names may
/// contain them.
fn is_dot_like_letter(c: char) -> bool {
    matches!(c, '\u{660}' | '\u{6f0}' | '\u{a4f8}' | '\u{a4fa}' | '\u{abec}' | '\u{1ecae}')
}

/// Whether a letter looks like `/` or `\` (UTS 39, section 4). Words contain such letters, so names may contain them.
fn is_slash_like_letter(c: char) -> bool {
    matches!(c, '\u{2cc6}' | '\u{2cc7}' | '\u{3033}' | '\u{30ce}' | '\u{4e36}' | '\u{4e3f}' | '\u{ff89}')
}

/// Whether a path is inside one of `roots`, all in their plain forms.
pub(crate) fn is_inside<'r>(path: &str, mut roots: impl Iterator<Item = &'r str>) -> bool {
    roots.any(|root| {
        let root = root.strip_suffix('/').unwrap_or(root);
        let is_below = |rest: &str| rest.is_empty() || rest.starts_with('/');
        root == CURRENT_DIRECTORY || path.strip_prefix(root).is_some_and(is_below)
    })
}

/// The root of all relative paths.
const CURRENT_DIRECTORY: &str = ".";

/// Whether a path is relative and unambiguous.
pub(crate) fn is_canonical_relative(path: &str) -> bool {
    // Shells and some libraries replace `~`, `$HOME` and `%HOME%` by absolute paths, and some programs drop a space.
    !path.starts_with(['/', '~', '$', '%', ' '])
        && !path.contains(':')
        && !has_percent_encoding(path)
        && !has_short_name(path)
        && has_plain_segments(path)
}

/// Whether a path may contain the short name that Windows gives to a file, such as `GITHUB~1` for `.github`.
pub(crate) fn has_short_name(path: &str) -> bool {
    path.split('~').skip(1).any(|after| after.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether a path is absolute and unambiguous.
pub(crate) fn is_canonical(path: &str) -> bool {
    let Some(inside) = path.strip_prefix('/') else { return false };
    // A colon names a stream of a file on Windows, and separates on old systems of Apple.
    !path.contains(':') && !has_percent_encoding(path) && (inside.is_empty() || has_plain_segments(inside))
}

/// Whether a policy can name a directory so: a canonical path, with or without a slash at the end.
#[cfg(feature = "compile")]
pub(crate) fn is_root(path: &str) -> bool {
    let is_directory = |path: &str| is_canonical(path) || is_canonical_relative(path) || path == CURRENT_DIRECTORY;
    is_directory(path) || path.strip_suffix('/') == Some(CURRENT_DIRECTORY)
}

/// Whether a path without its first slash has only unambiguous segments. Only the last segment may be empty, because a
/// directory may have a trailing slash.
pub(crate) fn has_plain_segments(path: &str) -> bool {
    let is_odd_space = |c: char| c.is_whitespace() && c != ' ';
    let has_one_reading =
        |c: char| !(c == '\\' || c.is_control() || is_odd_space(c) || is_look_alike(c) || is_ignorable(c));
    path.chars().all(has_one_reading) && path.strip_suffix('/').unwrap_or(path).split('/').all(is_plain_segment)
}

fn is_plain_segment(segment: &str) -> bool {
    // Servlet containers cut a segment at `;` before they look for dots, and Windows drops trailing dots and spaces.
    let cut = segment.split(';').next().unwrap_or_default();
    let has_dots_only = |part: &str| are_dots(part.chars()) || are_dots(part.chars().filter(char::is_ascii));
    !cut.is_empty()
        && !cut.ends_with(['.', ' '])
        && !segment.ends_with(['.', ' '])
        && !segment.split(|c| c == ';' || is_slash_like_letter(c)).any(has_dots_only)
}

/// Whether a text consists of dots and spaces, and so is a dot segment for programs that trim it. Programs that only
/// support ASCII drop other letters, so the caller also checks the ASCII part of a segment.
fn are_dots(mut chars: impl Iterator<Item = char> + Clone) -> bool {
    let is_dot = |c: char| c == '.' || is_dot_like_letter(c);
    chars.clone().any(is_dot) && chars.all(|c| c == ' ' || is_dot(c))
}

fn has_percent_encoding(path: &str) -> bool {
    let is_hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let is_encoding = |after: &[u8]| {
        // A program that only supports ASCII drops other letters before it decodes.
        let mut ascii = after.iter().filter(|byte| byte.is_ascii());
        match ascii.next() {
            // Some servers also decode `%u002e`.
            Some(b'u' | b'U') => true,
            first => is_hex(first) && is_hex(ascii.next()),
        }
    };
    path.as_bytes().split(|&byte| byte == b'%').skip(1).any(is_encoding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::case::Case;

    /// Whether a path is inside a root, as `PathCheck` decides it.
    fn is_inside<'r>(path: &str, roots: impl Iterator<Item = &'r str> + Clone, case: Case) -> Option<bool> {
        let is_absolute = roots.clone().any(|root| root.starts_with('/'));
        let is_plain = if is_absolute { is_canonical(path) } else { is_canonical_relative(path) };
        is_plain.then(|| super::is_inside(&case.fold(path.into()), roots))
    }

    #[track_caller]
    fn check(path: &str, expected: Option<bool>) {
        assert_eq!(is_inside(path, ["/data/reports", "/srv/"].into_iter(), Case::Exact), expected, "{path:?}");
    }

    #[track_caller]
    fn check_relative(path: &str, expected: Option<bool>) {
        let roots = [".github", "src/gen/"].into_iter();
        assert_eq!(is_inside(path, roots, Case::Full), expected, "{path:?}");
    }

    #[test]
    fn a_relative_path_is_inside_a_relative_root_or_outside_all() {
        for path in [".github", ".github/workflows/ci.yml", ".GITHUB/x", ".gıthub/x", "src/gen", "SRC/Gen/a.rs"] {
            check_relative(path, Some(!path.contains('ı')));
        }
        for path in ["src", "src/main.rs", "a/.github/x", ".githubs", ".github.yml", "src/gen2", "a~b", "$", "x/$id.ts"]
        {
            check_relative(path, (path != "$").then_some(false));
        }
        assert_eq!(is_inside("a/b", ["."].into_iter(), Case::Exact), Some(true));
        assert_eq!(is_inside("a/b", ["./"].into_iter(), Case::Exact), Some(true));
        assert_eq!(is_inside(".GitHub", [".github"].into_iter(), Case::Exact), Some(false));
    }

    #[test]
    fn a_relative_path_with_two_readings_is_not_judged() {
        for path in [
            "",
            ".",
            "..",
            "./.github/x",
            ".//.github/x",
            ".github//x",
            ".github/./x",
            "src/../.github/x",
            "src/..",
            "/.github/x",
            "//.github/x",
            "..\\.github\\x",
            ".github\\x",
            "C:.github",
            ".github:x",
            "~/.github",
            "$PWD/.github",
            "%CD%/.github",
            ".%67ithub/x",
            "%2egithub",
            " .github/x",
            ".github /x",
            ".github./x",
            ".github;a/../x",
            "a/..;/.github",
            ".github\0",
            "\n.github",
            ".git\u{200d}hub",
            "\u{2024}github",
            "GITHUB~1/x",
            "src/GEN~12/x",
        ] {
            check_relative(path, None);
            assert_eq!(is_inside(path, ["."].into_iter(), Case::Exact), None, "{path:?}");
        }
    }

    #[test]
    fn an_absolute_root_folds_case_only_if_asked() {
        let roots = || ["/users/ana/.ssh", "/srv/strasse"].into_iter();
        for (path, exact, ascii, full) in [
            ("/users/ana/.ssh/id", true, true, true),
            ("/Users/Ana/.SSH/id", false, true, true),
            ("/users/ana/.\u{17f}sh", false, false, true),
            ("/srv/straße", false, false, true),
            ("/users/ana", false, false, false),
        ] {
            let inside = [Case::Exact, Case::Ascii, Case::Full].map(|case| is_inside(path, roots(), case));
            assert_eq!(inside, [Some(exact), Some(ascii), Some(full)], "{path:?}");
        }
        assert_eq!(is_inside("/Users/../x", roots(), Case::Full), None);
    }

    #[test]
    fn a_path_is_inside_a_root_or_outside_all() {
        for path in [
            "/data/reports",
            "/data/reports/q3.csv",
            "/data/reports/a b/100%",
            "/data/reports/100%a",
            "/data/reports/5%-a/%xa/%a-",
            "/srv",
            "/srv/.env",
            "/srv/...a",
            "/srv/..a\u{301}",
            "/srv/日本 語",
            "/srv/日本.txt",
            "/srv/ノート/\u{662}\u{660}\u{662}\u{664}/½",
            "/srv/a\u{338}",
        ] {
            check(path, Some(true));
        }
        for path in
            ["/", "/data", "/data/reports_private/x", "/data/Reports/x", "/etc/passwd", "/srv2", "/x/data/reports/y"]
        {
            check(path, Some(false));
        }
    }

    #[cfg(feature = "compile")]
    #[test]
    fn a_slash_at_the_end_does_not_move_a_path() {
        for path in ["/data/reports/", "/data/reports/key.pem/", "/srv/"] {
            check(path, Some(true));
        }
        check("/etc/", Some(false));
        check_relative(".github/", Some(true));
        check_relative("docs/", Some(false));
    }

    #[test]
    fn a_root_ends_in_one_slash_at_most() {
        for root in ["/", "/srv", "/srv/", "/a/b/", ".", "./", "src", "src/", ".github/workflows"] {
            assert!(is_root(root), "{root}");
        }
        for root in ["", "//", "///", "/srv//", "srv//", "/srv/../", "..", "./src", "src/..", "~", "./."] {
            assert!(!is_root(root), "{root}");
        }
    }

    #[test]
    fn a_segment_that_is_dots_without_its_other_letters_is_not_judged() {
        for segment in [
            "..\u{301}",
            ".\u{301}",
            "..é",
            "é..é",
            "日.本",
            "日. .本",
            "日...本",
            "..\u{301};a",
            "a;..\u{301};b",
            ". \u{301}",
            "..\u{30ce}etc",
            "a\u{30ce}..\u{30ce}etc",
            "..\u{4e36}etc",
            "..\u{ff89}etc",
            "\u{660}\u{660}",
            ".\u{6f0}",
            "\u{a4fa}",
            "\u{660}\u{30ce}etc",
        ] {
            for path in [alloc::format!("/srv/{segment}"), alloc::format!("/srv/a/{segment}/b")] {
                check(&path, None);
            }
        }
    }

    #[test]
    fn look_alikes_of_dots_and_slashes_are_not_judged() {
        let dots = "\u{589}\u{6d4}\u{701}\u{702}\u{1362}\u{166e}\u{1803}\u{1809}\u{2cf9}\u{2cfe}\u{2e3c}\u{3002}\u{a4fe}\u{a4ff}\u{a60e}\u{a6f3}";
        let more_dots = "\u{fe12}\u{ff61}\u{10a50}\u{16af5}\u{16e98}\u{1bc9f}\u{1d16d}\u{1da88}";
        let slashes = "\u{1735}\u{2041}\u{2571}\u{27c9}\u{27cb}\u{29f6}\u{2afb}\u{2afd}\u{2e4a}\u{2f03}\u{31d2}\u{31d3}\u{1d23a}\u{1f67c}";
        let units = "\u{33a7}\u{33ae}\u{33af}\u{33c6}\u{33de}\u{33df}";
        let backslashes = "\u{244a}\u{2572}\u{27c8}\u{27cd}\u{29f7}\u{2f02}\u{31d4}\u{1d20f}\u{1d23b}\u{1f67d}";
        for c in [dots, more_dots, slashes, units, backslashes].concat().chars() {
            check(&alloc::format!("/srv/a{c}b"), None);
        }
    }

    #[test]
    fn percent_encoding_around_other_letters_is_not_judged() {
        for path in ["/srv/%é2e/x", "/srv/%2\u{301}e%2\u{301}e/x", "/srv/%\u{301}u002e", "/srv/%éE0"] {
            check(path, None);
        }
        check("/srv/100%日本", Some(true));
        check("/srv/100%é2", Some(true));
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
            "//",
            "/data/reports//",
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
