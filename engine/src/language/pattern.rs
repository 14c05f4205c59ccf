//! Patterns with `*`.

/// Whether a text matches a pattern in which `*` matches any run of characters and no other character is special.
///
/// Each part between two `*` is matched at its first occurrence. This is correct because the parts are in order, and it
/// is linear in the text because no part is searched for twice. The available crates backtrack or allocate.
pub(crate) fn matches_pattern(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut open) = text.strip_prefix(start).and_then(|text| text.strip_suffix(end)) else { return false };
    middle.split('*').all(|part| match open.split_once(part) {
        Some((_, after)) => {
            open = after;
            true
        }
        None => false,
    })
}
