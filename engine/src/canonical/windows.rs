//! Unambiguous paths of Windows.
//!
//! Windows reads many names in several ways: a colon starts a stream, dots and spaces at an end are dropped, `~1` ends a
//! short name, and `NUL` is a device in every directory.
//! Sources: "Naming Files, Paths, and Namespaces" of Microsoft, and \[MS-FSCC] section 2.1.5 for names.

use alloc::string::String;

use crate::canonical::path::{has_plain_segments, has_short_name};

/// The names of devices, also with an extension and in any case. Digits also stand as superscripts.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
const NUMBERED_DEVICES: [&str; 2] = ["COM", "LPT"];

/// An absolute path with a drive as `/C:/directory/file`; `None` if the path is ambiguous or not absolute.
pub(crate) fn to_plain(path: &str) -> Option<String> {
    let (drive, rest) = split_drive(path)?;
    let rest = rest.replace('\\', "/");
    let rest = rest.strip_prefix('/')?;
    is_plain(rest).then(|| join(drive, rest))
}

/// The path below a base directory with a relative path, both in the form of [`to_plain`]; `None` if it is ambiguous.
pub(crate) fn to_plain_below(base: &str, path: &str) -> Option<String> {
    let path = path.replace('\\', "/");
    let is_relative = !path.starts_with(['/', '~', '$', ' ']) && !path.is_empty() && is_plain(&path);
    is_relative.then(|| [base, &path].join("/"))
}

/// Whether a text starts with a drive and a slash.
#[cfg(feature = "compile")]
pub(crate) fn is_windows(path: &str) -> bool {
    split_drive(path).is_some_and(|(_, rest)| rest.starts_with(['/', '\\']))
}

/// The letter of a drive, and what follows its colon.
fn split_drive(path: &str) -> Option<(&str, &str)> {
    let (drive, rest) = path.split_once(':')?;
    (drive.len() == 1 && drive.bytes().all(|byte| byte.is_ascii_alphabetic())).then_some((drive, rest))
}

fn join(drive: &str, rest: &str) -> String {
    let mut plain = String::from("/");
    plain.push_str(drive);
    plain.push_str(":/");
    plain.push_str(rest);
    plain
}

/// Whether a path without its drive and first slash has one reading.
fn is_plain(path: &str) -> bool {
    // Names cannot contain these characters; `<`, `>` and `"` are wildcards to the file system, and `%` encloses variables.
    !path.contains([':', '*', '?', '"', '<', '>', '|', '%'])
        && !has_short_name(path)
        && (path.is_empty() || has_plain_segments(path))
        && !path.split('/').any(is_device)
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ');
    let is = |device: &&str| stem.eq_ignore_ascii_case(device);
    let is_numbered = |device: &&str| {
        let number = stem.get(..device.len()).filter(is_same(device)).and_then(|_| stem.get(device.len()..));
        number.is_some_and(|number| {
            let mut chars = number.chars();
            matches!((chars.next(), chars.next()), (Some('0'..='9' | '\u{b9}' | '\u{b2}' | '\u{b3}'), None))
        })
    };
    DEVICES.iter().any(is) || NUMBERED_DEVICES.iter().any(is_numbered)
}

fn is_same(device: &str) -> impl Fn(&&str) -> bool {
    move |start| start.eq_ignore_ascii_case(device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_one_reading_has_a_plain_form() {
        for (path, plain) in [
            ("C:\\Users\\ana\\work", "/C:/Users/ana/work"),
            ("c:/Users/ana/work", "/c:/Users/ana/work"),
            ("C:\\Users/ana\\a b.txt", "/C:/Users/ana/a b.txt"),
            ("D:\\", "/D:/"),
            ("D:\\.env", "/D:/.env"),
            ("C:\\console\\comma1\\nulls.txt", "/C:/console/comma1/nulls.txt"),
            ("C:\\COM10", "/C:/COM10"),
        ] {
            assert_eq!(to_plain(path).as_deref(), Some(plain), "{path}");
        }
        assert_eq!(to_plain_below("/C:/work", "src\\a.rs").as_deref(), Some("/C:/work/src/a.rs"));
    }

    #[test]
    fn a_path_with_several_readings_is_not_judged() {
        for path in [
            "",
            "C:",
            "C:work",
            "CC:\\x",
            "\\work",
            "\\\\server\\share\\x",
            "\\\\?\\C:\\x",
            "\\\\.\\C:\\x",
            "/C:/x",
            "1:\\x",
            "C:\\work\\..\\x",
            "C:\\work\\.\\x",
            "C:\\work\\\\x",
            "C:\\\\x",
            "C:\\work\\x.",
            "C:\\work\\x ",
            "C:\\work \\x",
            "C:\\work\\... \\x",
            "C:\\work\\x:stream",
            "C:\\work\\x::$DATA",
            "C:\\work::$INDEX_ALLOCATION\\x",
            "C:\\PROGRA~1\\x",
            "C:\\work\\GITHUB~1",
            "C:\\work\\NUL",
            "C:\\work\\nul.txt",
            "C:\\work\\con .txt",
            "C:\\work\\Aux\\x",
            "C:\\work\\COM1",
            "C:\\work\\lpt\u{b9}.log",
            "C:\\work\\conin$",
            "C:\\work\\*.txt",
            "C:\\work\\<",
            "C:\\work\\a\"b",
            "C:\\%USERPROFILE%\\x",
            "C:\\work\\%2e%2e\\x",
            "C:\\work\u{ff3c}x",
            "C:\\work\\x\0y",
            "C:\\work\\\u{2025}\\x",
        ] {
            assert_eq!(to_plain(path), None, "{path:?}");
        }
        for path in ["", "..\\x", ".", "\\x", "/x", "C:\\x", "C:x", "~\\x", "x\\", "a\\NUL", "a:b", "$HOME\\x"] {
            let is_below = to_plain_below("/C:/work", path).is_some();
            assert_eq!(is_below, path == "x\\", "{path:?}");
        }
    }
}
