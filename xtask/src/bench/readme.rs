//! Replaces tables in a Markdown file, between comments that readers do not see.

use anyhow::{Context as _, Result};

/// The text with new content between the markers with this name; the rest does not change.
pub(super) fn put(text: &str, name: &str, content: &str) -> Result<String> {
    let (opening, closing) = (format!("<!-- bench:{name} -->\n"), format!("<!-- /bench:{name} -->"));
    let (before, rest) =
        text.split_once(&opening).with_context(|| format!("a line `{}` is missing", opening.trim_end()))?;
    let (_, after) = rest.split_once(&closing).with_context(|| format!("the line `{closing}` is missing"))?;
    // A table needs an empty line around it; otherwise, Markdown parses it as part of the comment.
    Ok(format!("{before}{opening}\n{content}\n{closing}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_markers_hold_is_replaced() {
        let text = "above\n<!-- bench:one -->\n\nold\n\n<!-- /bench:one -->\nbelow\n<!-- bench:two -->\nkept\n";
        let expected = "above\n<!-- bench:one -->\n\nnew\n\n<!-- /bench:one -->\nbelow\n<!-- bench:two -->\nkept\n";
        assert_eq!(put(text, "one", "new\n").expect("a place"), expected);
        assert_eq!(put(expected, "one", "new\n").expect("a place"), expected);
    }

    #[test]
    fn texts_without_both_markers_are_refused() {
        assert!(put("<!-- bench:one -->\n", "one", "new\n").is_err());
        assert!(put("<!-- /bench:one -->\n", "one", "new\n").is_err());
    }
}
