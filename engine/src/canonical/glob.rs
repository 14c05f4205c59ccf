//! Patterns of paths, segment by segment.

use core::iter::Skip;
use core::str::Split;

use crate::language::pattern::matches_pattern;

/// Whether a path, both without their first slash, matches a pattern: `**` as a segment matches any number of segments,
/// and `*` matches any characters of one segment.
///
/// As in [`matches_pattern`], the segments between two `**` are matched at their first occurrence.
pub(crate) fn matches_path(pattern: &str, path: &str) -> bool {
    let (mut patterns, mut open) = (segments(pattern), segments(path));
    // What follows the last `**`, and the segments that it does not match yet.
    let mut retry = None;
    loop {
        let (pattern, segment) = (patterns.next(), open.clone().next());
        match (pattern, segment) {
            (None, None) => return true,
            (Some("**"), _) => retry = Some((patterns.clone(), open.clone())),
            (Some(pattern), Some(segment)) if matches_segment(pattern, segment) => _ = open.next(),
            _ => {
                let Some((after, rest)) = &mut retry else { return false };
                if rest.next().is_none() {
                    return false;
                }
                (patterns, open) = (after.clone(), rest.clone());
            }
        }
    }
}

/// The segments of a path without its first slash; an empty path has none.
fn segments(path: &str) -> Skip<Split<'_, char>> {
    path.split('/').skip(usize::from(path.is_empty()))
}

fn matches_segment(pattern: &str, segment: &str) -> bool {
    !segment.is_empty() && matches_pattern(pattern, segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_matches_segment_by_segment() {
        for (pattern, paths, others) in [
            ("", &[""][..], &["a", "a/b"][..]),
            ("**", &["", "a", "a/b"], &[]),
            ("a/*", &["a/b"], &["a", "a/", "a/b/c", "b/a"]),
            ("a/**", &["a", "a/", "a/b", "a/b/c"], &["ab", "", "b/a"]),
            ("a/**/z", &["a/z", "a/b/z", "a/z/z", "a/b/c/z"], &["a", "z", "a/z/b"]),
            ("**/z", &["z", "a/z", "a/b/z"], &["az", "z/a", ""]),
            ("**/b/**/d", &["b/d", "a/b/c/d", "b/b/x/d", "b/c/d/d"], &["b/c", "d/b", "a/d"]),
            ("v*/x-*.json", &["v1/x-.json", "v/x-a.json"], &["v1/x.json", "x/x-a.json", "v1/x-a.json/b"]),
            ("a/**/**/b", &["a/b", "a/x/b"], &["a"]),
            ("*/b", &["a/b"], &["/b", "b"]),
        ] {
            for path in paths {
                assert!(matches_path(pattern, path), "{pattern} {path}");
            }
            for path in others {
                assert!(!matches_path(pattern, path), "{pattern} {path}");
            }
        }
    }
}
