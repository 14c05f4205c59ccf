//! Checks arbitrary text as a policy in YAML and in JSON with comments.
//!
//! Whatever is read is written in each format and read again with the same content, and a text that is also JSON has the
//! content of the JSON.

use callgate_engine::policy::text::convert::{content, content_with_places, convert};
use callgate_engine::{Format, validate};

use crate::policy_text::check_diagnostics;
use crate::strict_json;

/// Runs the readers and the writers on a text. Bytes that are not UTF-8 are ignored.
///
/// # Errors
/// A position is not in the text, a text that is written has another content, or two formats disagree.
pub fn check(input: &[u8]) -> Result<(), String> {
    let Ok(text) = str::from_utf8(input) else { return Ok(()) };
    let json = content(text, Format::Json).ok();
    for format in [Format::Yaml, Format::JsonWithComments] {
        let findings = match format.parse(text).and_then(validate) {
            Ok(policy) => policy.findings().to_vec(),
            Err(problems) if problems.is_empty() => return Err(format!("{format:?}: refused without an error")),
            Err(problems) => problems,
        };
        check_diagnostics(text, format, &findings)?;
        let Ok(read) = content_with_places(text, format) else {
            // JSON with comments is JSON, too.
            if format == Format::JsonWithComments && json.is_some() {
                return Err(format!("{format:?}: refused, but it is JSON"));
            }
            continue;
        };
        if json.as_ref().is_some_and(|json| *json != read.json) {
            return Err(format!("{format:?}: {} and {json:?}", read.json));
        }
        if !strict_json::read(read.json.as_bytes()).is_some_and(|json| strict_json::is_strict(&json)) {
            return Err(format!("{format:?}: not strict JSON: {}", read.json));
        }
        if read.places.iter().any(|&(at, source)| !read.json.is_char_boundary(at) || !text.is_char_boundary(source)) {
            return Err(format!("{format:?}: a place is not in the text: {:?}", read.places));
        }
        for other in Format::ALL {
            let written = convert(text, format, other).map_err(|problems| format!("read once: {problems:#?}"))?;
            if content(&written, other).as_ref() != Ok(&read.json) {
                return Err(format!("{format:?} as {other:?}: {}\n{written}", read.json));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_all_fates_are_no_problem() {
        for text in [
            "",
            "\u{e9}",
            "a: yes",
            "a: &b [*b]",
            "- 'é'\n- \"\\U0001f600\"",
            "[1, // \n]",
            "{\"a\":\"\\/\"}",
            "? |\n  a\n: >\n",
        ] {
            check(text.as_bytes()).expect(text);
        }
    }

    #[test]
    fn changed_texts_are_no_problem() {
        const PARTS: [&str; 40] = [
            "a",
            ": ",
            "\n",
            "  ",
            "- ",
            "[",
            "]",
            "{",
            "}",
            ", ",
            "'",
            "\"",
            "#",
            " # ",
            "|",
            ">",
            "|-\n",
            "&a ",
            "*a",
            "!t ",
            "? ",
            "<<",
            "---\n",
            "...\n",
            "%A\n",
            "\t",
            "\r\n",
            "é",
            "\u{1f600}",
            "\\",
            "\\n",
            "1",
            "-1.5e3",
            "0x1",
            "yes",
            "true",
            "//",
            "/*",
            "*/",
            "\u{2028}",
        ];
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..20_000 {
            let text: String = (0..rng.usize(1..14)).filter_map(|_| rng.choice(PARTS)).collect();
            assert_eq!(check(text.as_bytes()), Ok(()), "{text:?}");
        }
    }
}
