//! `PathCheck`: a string is a path within a root, or matches a pattern of paths.

use alloc::borrow::Cow;

use crate::call::fields::{Fields, Unknown};
use crate::canonical::glob::matches_path;
use crate::canonical::{path, windows};
use crate::condition::lists::Lists;
use crate::condition::sentence::{Describe, MemberValue, Sentence, Visit};
use crate::image::PolicyImage;
use crate::image::index::FieldSlot;
use crate::image::records::StepRecord;
use crate::language::case::Case;

#[cfg(feature = "compile")]
pub use build::PathCheck;

/// In the operator of a step: the places are patterns, not roots.
const GLOBS: u8 = 1;
/// In the operator of a step: the paths are those of Windows.
const WINDOWS: u8 = 2;

/// The check in the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path<'i> {
    field: FieldSlot,
    op: u8,
    /// The roots or patterns; `extra` is the base directory, if there is one.
    places: Lists<'i>,
}

impl<'i> Path<'i> {
    pub(crate) fn decode(image: &PolicyImage<'i>, step: &StepRecord) -> Option<Self> {
        Some(Self { field: step.field.get(), op: step.op, places: Lists::decode(image, step)? })
    }

    pub(crate) fn evaluate(self, fields: &Fields<'_, '_, '_>) -> Result<bool, Unknown> {
        let value = fields.value(self.field)?;
        let Lists { compared, case, .. } = self.places;
        fields.charge(value, compared.count().saturating_add(usize::from(case != Case::Exact)));
        let text = value.as_string().ok_or(Unknown::wrong_type(self.field))?;
        let plain = self.plain(&text).ok_or(Unknown::ambiguous(self.field))?;
        let folded = case.fold(plain);
        if self.op & GLOBS == 0 {
            return Ok(path::is_inside(&folded, compared.iter()));
        }
        let path = folded.strip_suffix('/').unwrap_or(&folded);
        let below = |path| str::strip_prefix(path, '/').unwrap_or(path);
        Ok(compared.iter().any(|glob| matches_path(below(glob), below(path))))
    }

    /// The path in the form of the roots; `None` if it is ambiguous.
    ///
    /// Without a base directory, a path of the other kind is ambiguous, because the working directory is unknown.
    fn plain<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        let base = self.places.extra.iter().next();
        if self.op & WINDOWS != 0 {
            let below = || windows::to_plain_below(base?, text);
            return windows::to_plain(text).or_else(below).map(Cow::Owned);
        }
        if !self.is_absolute() {
            return path::is_canonical_relative(text).then_some(text.into());
        }
        if path::is_canonical(text) {
            return Some(text.into());
        }
        let below = |base: &str| [base.strip_suffix('/').unwrap_or(base), text].join("/");
        base.filter(|_| path::is_canonical_relative(text)).map(below).map(Cow::Owned)
    }

    fn is_absolute(&self) -> bool {
        self.places.compared.iter().any(|place| place.starts_with('/'))
    }
}

impl Describe for Path<'_> {
    fn name(&self) -> &'static str {
        "PathCheck"
    }

    fn op(&self, asked: bool) -> &'static str {
        if asked { "Inside" } else { "Outside" }
    }

    fn field(&self) -> FieldSlot {
        self.field
    }

    fn type_requirement(&self) -> Option<&'static str> {
        Some("be a string")
    }

    fn form_requirement(&self) -> &'static str {
        match (self.op & WINDOWS != 0, self.is_absolute(), self.places.extra.count()) {
            (true, _, 0) => "be an unambiguous absolute path of Windows",
            (true, ..) => "be an unambiguous path of Windows",
            (false, true, 0) => "be an unambiguous absolute path",
            (false, true, _) => "be an unambiguous path",
            (false, false, _) => "be an unambiguous relative path",
        }
    }

    fn write_requirement(&self, asked: bool, _: &PolicyImage<'_>, out: &mut Sentence<'_>) {
        out.push_str(if asked { "" } else { "not " });
        out.push_str(if self.op & GLOBS == 0 { "be inside " } else { "match " });
        out.push_alternatives(self.places.shown.iter());
    }

    fn visit_members(&self, _: bool, _: &PolicyImage<'_>, visit: Visit<'_>) {
        visit("value", MemberValue::Texts(&mut self.places.shown.iter()));
    }
}

#[cfg(feature = "compile")]
mod build {
    use alloc::format;
    use alloc::string::{String, ToString as _};
    use alloc::vec::Vec;
    use core::ops::Range;

    use super::{GLOBS, WINDOWS};
    use crate::canonical::{path, windows};
    use crate::condition::check::{Check, Encoder, Validation};
    use crate::condition::code;
    use crate::condition::field::{Field, Scope, read_field};
    use crate::condition::lists::{encode_lists, read_case};
    use crate::image::records::StepRecord;
    use crate::language::case::Case;
    use crate::policy::check::domain::Domain;
    use crate::policy::check::knowledge::Knowledge;
    use crate::policy::text::diagnostic::{Diagnostic, quoted};
    use crate::policy::text::node_reader::NodeReader;
    use crate::policy::text::spanned::Spanned;
    use crate::policy::text::tree::Node;

    /// A string is a path within a root, or matches a pattern of paths.
    #[derive(Clone, Debug, PartialEq)]
    pub struct PathCheck {
        /// The path.
        pub field: Field,
        /// The roots, which are unambiguous, and all absolute, all relative, or all of Windows.
        pub roots: Vec<Spanned<String>>,
        /// Instead of roots, patterns of paths: `*` within a segment, and `**` for any segments.
        pub globs: Vec<Spanned<String>>,
        /// The directory that contains relative paths.
        pub base: Option<Spanned<String>>,
        /// How it treats the case of letters. Paths of Windows have no case.
        pub case: Case,
    }

    /// What a root is relative to.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Kind {
        Absolute,
        Relative,
        Windows,
    }

    impl Kind {
        fn of(place: &str) -> Self {
            match place {
                place if windows::is_windows(place) => Self::Windows,
                place if place.starts_with('/') => Self::Absolute,
                _ => Self::Relative,
            }
        }

        /// A root or a pattern in the form of plain paths; `None` if it is ambiguous.
        fn plain(place: &str) -> Option<String> {
            // A wildcard may stand in any name. The letters do not occur in another part of a path of Windows.
            const WILDCARD: &str = "\u{e000}";
            match Self::of(place) {
                Self::Windows if place.contains(WILDCARD) => None,
                Self::Windows => {
                    windows::to_plain(&place.replace('*', WILDCARD)).map(|plain| plain.replace(WILDCARD, "*"))
                }
                _ => path::is_root(&place.replace('*', "x")).then(|| place.to_string()),
            }
        }
    }

    impl PathCheck {
        pub(crate) fn read(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<Self> {
            let keys = ["source", "field", "roots", "globs", "base", "ignoreCase"];
            let check = reader.object(node, "`PathCheck`", &keys)?;
            let field = read_field(&check, reader, scope);
            let globs = check.optional("globs").map(|node| reader.strings(node, "`globs`"));
            let roots = match (check.optional("roots"), &globs) {
                (Some(roots), Some(_)) => {
                    let message = "`PathCheck` must have `roots` or `globs`, not both";
                    let fix = "write two checks, and combine them with `All` or `Any`";
                    reader.problems.push(Diagnostic::error("roots_and_globs", &roots.span, message).with_fix(fix));
                    return None;
                }
                (None, Some(_)) => Some(Vec::new()),
                (_, None) => check.required("roots", reader).and_then(|node| reader.strings(node, "`roots`")),
            };
            let base = check.optional("base").map(|node| reader.string(node, "`base`"));
            let case = read_case(&check, reader);
            Some(Self {
                field: field?,
                roots: roots?,
                globs: globs.unwrap_or(Some(Vec::new()))?,
                base: base.map_or(Some(None), |base| base.map(Some))?,
                case: case?,
            })
        }

        /// The roots or the patterns.
        pub(crate) fn places(&self) -> &[Spanned<String>] {
            if self.globs.is_empty() { &self.roots } else { &self.globs }
        }

        fn kind(&self) -> Kind {
            self.places().first().map_or(Kind::Absolute, |place| Kind::of(&place.value))
        }

        /// The case of the comparison.
        pub(crate) fn effective_case(&self) -> Case {
            if self.kind() == Kind::Windows { Case::Full } else { self.case }
        }
    }

    impl Check for PathCheck {
        fn fields(&self) -> Vec<&Field> {
            alloc::vec![&self.field]
        }

        fn accepted_types(&self) -> &'static [&'static str] {
            &["string"]
        }

        fn validate(&self, span: &Range<usize>, validation: &mut Validation<'_>) {
            let places = self.places();
            validation.check_not_empty(span, places, "roots");
            for glob in self.globs.iter().filter(|glob| Kind::plain(&glob.value).is_none()) {
                let message = format!("{} is not a pattern of unambiguous paths", quoted(&glob.value));
                let fix = "write a pattern such as `/srv/**/*.csv`, `**/.env*` for relative paths, or `C:/work/**`";
                validation.error_with_fix("bad_glob", &glob.span, message, fix);
            }
            let is_bad_root = |root: &&Spanned<String>| match Kind::of(&root.value) {
                Kind::Windows => windows::to_plain(&root.value).is_none(),
                _ => !path::is_root(&root.value),
            };
            for root in self.roots.iter().filter(is_bad_root) {
                let message = format!("{} is not an unambiguous path", quoted(&root.value));
                let fix = "write an absolute path such as `/srv/data` or `C:\\\\data`, a relative path such as `src`, or `.` for every relative path";
                validation.error_with_fix("bad_root", &root.span, message, fix);
            }
            let kind = self.kind();
            if places.iter().any(|place| Kind::of(&place.value) != kind) {
                let message = "the roots must be all absolute, all relative, or all of Windows".to_string();
                let fix = "write one `PathCheck` for each kind of root";
                validation.error_with_fix("mixed_roots", span, message, fix);
            }
            let Some(base) = &self.base else { return };
            let is_directory = Kind::plain(&base.value).is_some() && !base.value.contains('*');
            if kind == Kind::Relative || Kind::of(&base.value) != kind || !is_directory {
                let message =
                    format!("{} is not an absolute directory of the same kind as the roots", quoted(&base.value));
                let fix = "write an absolute path such as `/repo`, and absolute roots";
                validation.error_with_fix("bad_base", &base.span, message, fix);
            }
        }

        fn narrow<'p>(&'p self, known: &mut Knowledge<'p>, _: bool) -> bool {
            known.narrow(&self.field, Domain::keep_strings, |_| {})
        }

        fn encode(&self, encoder: &mut dyn Encoder) -> StepRecord {
            let plain = |place: &Spanned<String>| Kind::plain(&place.value).unwrap_or_else(|| place.value.clone());
            let case = self.effective_case();
            let fold = |place: &Spanned<String>| case.fold(plain(place).into()).into_owned();
            let shown = self.places().iter().map(|place| place.value.clone()).collect();
            let compared = self.places().iter().map(fold).collect();
            let base = self.base.iter().map(plain).collect();
            let globs = if self.globs.is_empty() { 0 } else { GLOBS };
            let windows = if self.kind() == Kind::Windows { WINDOWS } else { 0 };
            encode_lists(encoder, (code::PATH, globs | windows), &self.field, [shown, compared, base], case)
        }
    }
}
