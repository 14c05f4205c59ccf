//! The formats of policy texts.

use core::fmt;

use crate::policy::text::diagnostic::quoted;

/// The format of a policy text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON (RFC 8259).
    Json,
    /// JSON with comments and trailing commas.
    JsonWithComments,
    /// The part of YAML 1.2 that every program reads in the same way.
    Yaml,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::Json, Self::JsonWithComments, Self::Yaml];

    /// The format of a file, by the extension of its name: `.json`, `.jsonc`, and `.yaml` or `.yml`.
    ///
    /// # Errors
    /// The name has another extension, or none.
    pub fn of_path(path: &str) -> Result<Self, UnknownFormat<'_>> {
        let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
        let formats =
            [("json", Self::Json), ("jsonc", Self::JsonWithComments), ("yaml", Self::Yaml), ("yml", Self::Yaml)];
        let found = formats.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(extension));
        found.map(|(_, format)| format).ok_or(UnknownFormat { path })
    }

    /// The format's name in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::JsonWithComments => "JSON with comments",
            Self::Yaml => "YAML",
        }
    }
}

/// A file whose name does not state the format of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownFormat<'p> {
    path: &'p str,
}

impl fmt::Display for UnknownFormat<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = quoted(self.path);
        write!(
            out,
            "the name of the policy file {path} must end in `.json`, `.jsonc`, `.yaml` or `.yml`; rename the file"
        )
    }
}

impl core::error::Error for UnknownFormat<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn the_extension_selects_the_format() {
        let format = |path| Format::of_path(path).ok();
        for path in ["a.json", "/b/a.JSON", "c.d/a.test.json"] {
            assert_eq!(format(path), Some(Format::Json), "{path}");
        }
        assert_eq!(format("a.jsonc"), Some(Format::JsonWithComments));
        assert_eq!((format("a.yaml"), format("a.b.Yml")), (Some(Format::Yaml), Some(Format::Yaml)));
        for path in ["", "a", "json", "a.json5", "a.json/b", "a.yaml.bak", "a.", "a.json "] {
            assert_eq!(format(path), None, "{path}");
        }
    }

    #[test]
    fn an_unknown_extension_names_the_known_ones() {
        let problem = Format::of_path("dir/policy.toml").expect_err("no format").to_string();
        let expected = "the name of the policy file `dir/policy.toml` must end in `.json`, `.jsonc`, `.yaml` or `.yml`; \
            rename the file";
        assert_eq!(problem, expected);
    }
}
