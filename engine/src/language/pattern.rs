//! Patterns with `*`.

/// Whether a text matches a pattern in which `*` stands for any run of characters and nothing else is special.
///
/// Each part between two `*` is taken where it first occurs, which is right as the parts are in order, so no part is
/// searched for twice and the time is linear in the text. The crates in reach backtrack or allocate.
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
