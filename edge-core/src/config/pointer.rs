//! JSON pointers (RFC 6901) to parts of a configuration, of arguments and of token claims.

use alloc::string::String;
use alloc::vec::Vec;

use callgate_engine::json::RawValue;

/// The position of a value in an object or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pointer(Vec<String>);

impl Pointer {
    /// Reads a pointer, which must not be empty, because the whole value is not a part of it.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let tokens = text.strip_prefix('/')?.split('/').map(unescape);
        tokens.collect::<Option<_>>().map(Self)
    }

    /// The value at the pointer.
    pub(crate) fn find<'v>(&self, value: RawValue<'v>) -> Option<RawValue<'v>> {
        self.0.iter().try_fold(value, |value, token| value.member(token))
    }
}

/// The reference token for the member `name` (section 3).
pub(crate) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The member name that `token` refers to; `None` for an invalid use of `~` (section 4).
fn unescape(token: &str) -> Option<String> {
    let mut parts = token.split('~');
    let mut out = String::from(parts.next()?);
    for part in parts {
        let (escaped, rest) = part.split_at_checked(1)?;
        out.push(match escaped {
            "0" => '~',
            "1" => '/',
            _ => return None,
        });
        out.push_str(rest);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use callgate_engine::json;

    #[track_caller]
    fn check(pointer: &str, expected: Option<&str>) {
        let claims = br#"{"sub":"a","realm":{"roles":["x","y"]},"https://b/roles":1,"m~n":2,"":{"":3}}"#;
        let claims = json::read(claims, 16).expect("JSON");
        let pointer = Pointer::read(pointer).expect("a pointer");
        assert_eq!(pointer.find(claims).map(RawValue::text), expected);
    }

    #[test]
    fn pointers_lead_to_values_at_any_depth() {
        check("/sub", Some("\"a\""));
        check("/realm/roles", Some(r#"["x","y"]"#));
        check("/realm/roles/1", Some("\"y\""));
        check("/https:~1~1b~1roles", Some("1"));
        check("/m~0n", Some("2"));
        check("//", Some("3"));
    }

    #[test]
    fn pointers_lead_nowhere_where_nothing_stands() {
        for pointer in ["/Sub", "/realm/role", "/realm/roles/2", "/realm/roles/01", "/realm/roles/-", "/sub/0", "/sub/"]
        {
            check(pointer, None);
        }
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        for text in ["", "sub", "#/sub", "/a~", "/a~2", "/a~é", "~0/"] {
            assert_eq!(Pointer::read(text), None, "{text:?}");
        }
    }
}
