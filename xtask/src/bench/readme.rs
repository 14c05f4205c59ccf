//! The places of tables in a Markdown file, between comments that readers do not see.

use anyhow::{Context as _, Result};

/// The text with what is between the markers of this name replaced; all else is written by hand and stays.
pub(super) fn put(text: &str, name: &str, content: &str) -> Result<String> {
    let (opening, closing) = (format!("<!-- bench:{name} -->\n"), format!("<!-- /bench:{name} -->"));
    let (before, rest) = text.split_once(&opening).with_context(|| format!("no line `{}`", opening.trim_end()))?;
    let (_, after) = rest.split_once(&closing).with_context(|| format!("no line `{closing}`"))?;
    // A table needs an empty line around it, or else Markdown takes it for part of the comment.
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
