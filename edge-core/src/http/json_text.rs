//! JSON text, written once and directly into the response string.
//!
//! The available serializers write through a formatter that needs more wasm than this whole module.

use alloc::string::String;

/// Writes a JSON string (RFC 8259, section 7).
pub(crate) fn write_text(text: &str, out: &mut String) {
    out.push('"');
    write_escaped(text, out);
    out.push('"');
}

/// Writes a comma, a name that needs no escape, and a string.
pub(crate) fn write_member(name: &str, text: &str, out: &mut String) {
    write_name(name, out);
    write_text(text, out);
}

/// Writes a comma, a name and a string that both need no escape.
pub(crate) fn write_plain_member(name: &str, text: &str, out: &mut String) {
    write_name(name, out);
    out.push('"');
    out.push_str(text);
    out.push('"');
}

/// Writes a comma, a name that needs no escape, and a number.
pub(crate) fn write_number(name: &str, number: u64, out: &mut String) {
    write_name(name, out);
    out.push_str(itoa::Buffer::new().format(number));
}

/// Writes a comma, and a name that needs no escape with its colon.
pub(crate) fn write_name(name: &str, out: &mut String) {
    for part in [",\"", name, "\":"] {
        out.push_str(part);
    }
}

/// Writes a comma, a name and a list of strings.
pub(crate) fn write_list<'t>(name: &str, texts: impl Iterator<Item = &'t str>, out: &mut String) {
    write_name(name, out);
    write_texts(texts, out);
}

/// Writes a list of strings.
pub(crate) fn write_texts<'t>(texts: impl Iterator<Item = &'t str>, out: &mut String) {
    out.push('[');
    for (at, text) in texts.enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_text(text, out);
    }
    out.push(']');
}

/// Writes a digest as a string that names its algorithm.
pub(crate) fn write_digest(digest: &[u8; 32], out: &mut String) {
    let mut digits = [0; 64];
    write_hex_digest(base16ct::lower::encode_str(digest, &mut digits).unwrap_or_default(), out);
}

/// Writes a digest from its hexadecimal digits, like [`write_digest`].
pub(crate) fn write_hex_digest(digits: &str, out: &mut String) {
    out.push_str("\"sha256:");
    out.push_str(digits);
    out.push('"');
}

/// Whether a byte must or should be escaped in a string.
fn needs_escape(byte: &u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..=0x1f | 0x7f)
}

/// Writes the content of a JSON string, without its quotes.
pub(crate) fn write_escaped(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some((plain, special)) = find_escape(rest.as_bytes()).and_then(|at| rest.split_at_checked(at)) {
        out.push_str(plain);
        let mut special = special.chars();
        write_escape(special.next(), out);
        rest = special.as_str();
    }
    out.push_str(rest);
}

/// The position of the first byte that needs an escape.
fn find_escape(bytes: &[u8]) -> Option<usize> {
    // Eight bytes at a time; the last block overlaps to cover the remainder. Most texts need no escape.
    let (blocks, _) = bytes.as_chunks::<8>();
    let is_plain = match bytes.last_chunk::<8>() {
        Some(last) => !has_escape(*last) && !blocks.iter().any(|block| has_escape(*block)),
        None => !bytes.iter().any(needs_escape),
    };
    if is_plain { None } else { bytes.iter().position(needs_escape) }
}

/// Whether one of eight ASCII bytes needs an escape; a non-ASCII byte can cause a false positive.
fn has_escape(block: [u8; 8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let bytes = u64::from_le_bytes(block);
    // A byte below a bound borrows from its high bit.
    let below = |bytes: u64, bound: u8| bytes.wrapping_sub(ONES.wrapping_mul(u64::from(bound)));
    let is = |byte: u8| below(bytes ^ ONES.wrapping_mul(u64::from(byte)), 1);
    (bytes | below(bytes, 0x20) | is(b'"') | is(b'\\') | is(0x7f)) & HIGH != 0
}

#[cold]
fn write_escape(special: Option<char>, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match special {
        Some(c @ ('"' | '\\')) => out.extend(['\\', c]),
        Some('\n') => out.push_str("\\n"),
        Some('\r') => out.push_str("\\r"),
        Some('\t') => out.push_str("\\t"),
        Some(c) => {
            let digit = |shift: u32| HEX.get(usize::try_from(u32::from(c) >> shift & 0xf).unwrap_or(0));
            out.push_str("\\u00");
            out.extend([4, 0].into_iter().filter_map(digit).copied().map(char::from));
        }
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn every_string_is_written_as_json_that_reads_back_the_same() {
        let all: String = (0..0x300).filter_map(char::from_u32).chain("😀\u{202e}`".chars()).collect();
        let mut out = String::new();
        write_text(&all, &mut out);
        let value: serde_json::Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(value, serde_json::Value::from(all.to_string()));
        assert!(out.bytes().all(|byte| byte >= 0x20 && byte != 0x7f), "no control character is sent as it is");
    }

    #[test]
    fn one_character_that_needs_an_escape_gets_it_wherever_it_stands() {
        for special in (0..0x80).filter_map(char::from_u32) {
            // No bit of the second text makes a byte look as if it needed an escape.
            for (at, plain) in (0..17).flat_map(|at| [(at, "plain characters"), (at, "nnnnnnnnnnnnnnnn")]) {
                let mut text = plain.to_string();
                text.insert(at, special);
                let mut out = String::new();
                write_text(&text, &mut out);
                assert_eq!(serde_json::from_str::<serde_json::Value>(&out).expect("JSON"), text, "{special:?} {at}");
                assert!(out.bytes().all(|byte| byte >= 0x20 && byte != 0x7f), "{special:?} {at}");
            }
        }
    }
}
