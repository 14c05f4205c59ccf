//! Comparisons that ignore case.

use alloc::borrow::Cow;

use unicase::UniCase;

/// How a comparison treats the case of letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// Two letters that differ in case are two letters.
    Exact,
    /// `A` to `Z` are equal to `a` to `z`.
    Ascii,
    /// Two texts are equal if their full case foldings are equal (Unicode Standard, section 3.13.3).
    Full,
}

impl Case {
    /// The values of `ignoreCase`.
    pub const IGNORED: [Self; 2] = [Self::Ascii, Self::Full];

    /// Its name in a policy.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "Exact",
            Self::Ascii => "Ascii",
            Self::Full => "Full",
        }
    }

    #[cfg(feature = "compile")]
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Exact => 0,
            Self::Ascii => 1,
            Self::Full => 2,
        }
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Exact),
            1 => Some(Self::Ascii),
            2 => Some(Self::Full),
            _ => None,
        }
    }

    /// The form of a text in which equal texts have equal bytes.
    pub(crate) fn fold(self, text: Cow<'_, str>) -> Cow<'_, str> {
        match self {
            Self::Exact => text,
            Self::Ascii => Cow::Owned(text.to_ascii_lowercase()),
            Self::Full => Cow::Owned(UniCase::new(text).to_folded_case()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_joins_the_letters_that_its_name_says() {
        for (text, ascii, full) in [
            ("Secrets", "secrets", "secrets"),
            ("STRASSE", "strasse", "strasse"),
            ("straße", "straße", "strasse"),
            ("ΣΊΣΥΦΟΣ", "ΣΊΣΥΦΟΣ", "σίσυφοσ"),
            ("\u{17f}", "\u{17f}", "s"),
            ("\u{212a}", "\u{212a}", "k"),
            ("\u{130}", "\u{130}", "i\u{307}"),
            ("\u{fb03}", "\u{fb03}", "ffi"),
            ("a/B.c", "a/b.c", "a/b.c"),
        ] {
            assert_eq!(Case::Exact.fold(text.into()), text);
            assert_eq!(Case::Ascii.fold(text.into()), ascii, "{text}");
            assert_eq!(Case::Full.fold(text.into()), full, "{text}");
        }
    }

    #[test]
    fn folding_never_makes_a_separator() {
        for c in (char::MIN..=char::MAX).filter(|c| !"./\\:%;~$*@ ".contains(*c)) {
            let mut text = alloc::string::String::new();
            text.push(c);
            let folded = Case::Full.fold(text.into());
            assert!(!folded.contains(['.', '/', '\\', ':', '%', ';', '~', '$', '*', '@', ' ']), "{c:?}");
        }
    }
}
