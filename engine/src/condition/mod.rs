//! The kinds of conditions, one file each: how a kind is read, checked and encoded at build time, and how it is decoded,
//! evaluated and described where it is deployed.
//!
//! A new kind is a file, and here a code, a variant and a line in each list.

mod bool;
#[cfg(feature = "compile")]
pub(crate) mod check;
mod cidr;
mod compare;
mod equals;
#[cfg(feature = "compile")]
pub(crate) mod field;
mod items;
mod length;
mod numeric;
mod path;
mod present;
pub(crate) mod sentence;
mod string;
mod time;
mod url;

use crate::call::fields::{Fields, Unknown};
use crate::condition::bool::Bool;
use crate::condition::cidr::Cidr;
use crate::condition::compare::Compare;
use crate::condition::equals::Equals;
use crate::condition::items::Items;
use crate::condition::length::Length;
use crate::condition::numeric::Numeric;
use crate::condition::path::Path;
use crate::condition::present::Present;
use crate::condition::sentence::Describe;
use crate::condition::string::StringPredicate;
use crate::condition::time::Time;
use crate::condition::url::Url;
use crate::image::PolicyImage;
use crate::image::records::StepRecord;

#[cfg(feature = "compile")]
pub(crate) use build::read_condition;
#[cfg(feature = "compile")]
pub use build::{
    BoolCheck, CidrCheck, Condition, ConditionKind, Field, FieldCompare, FieldEquals, FieldPresent, ItemsCheck,
    LengthCheck, NumericCheck, PathCheck, StringCheck, TimeCheck, UrlCheck, names,
};

/// The codes of steps. Kinds whose meaning differs between languages have a code for each meaning.
pub(crate) mod code {
    pub(crate) const ALL: u8 = 1;
    pub(crate) const ANY: u8 = 2;
    pub(crate) const NOT: u8 = 3;
    pub(crate) const NUMERIC: u8 = 4;
    pub(crate) const STRING: u8 = 5;
    pub(crate) const BOOL: u8 = 6;
    pub(crate) const PRESENT: u8 = 7;
    pub(crate) const EQUALS: u8 = 8;
    pub(crate) const LENGTH: u8 = 9;
    pub(crate) const COMPARE: u8 = 10;
    pub(crate) const PATH: u8 = 11;
    pub(crate) const URL: u8 = 12;
    pub(crate) const CIDR: u8 = 13;
    pub(crate) const EVERY: u8 = 14;
    pub(crate) const SOME: u8 = 15;
    pub(crate) const TIME: u8 = 16;
    pub(crate) const NUMERIC_BINARY64: u8 = 17;
    pub(crate) const STRING_OR_FALSE: u8 = 18;
    pub(crate) const PRESENT_UNCHARGED: u8 = 19;
    pub(crate) const EQUALS_DEEP: u8 = 20;
}

/// A leaf of a condition as the image holds it, or a condition on the items of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Predicate<'i> {
    Numeric(Numeric<'i>),
    String(StringPredicate<'i>),
    Bool(Bool),
    Present(Present),
    Equals(Equals),
    Length(Length<'i>),
    Compare(Compare),
    Path(Path<'i>),
    Url(Url<'i>),
    Cidr(Cidr<'i>),
    Items(Items),
    Time(Time),
}

/// Evaluates the predicate of a step; `None` if the step is not a predicate or the image is damaged.
#[inline]
pub(crate) fn evaluate(step: &StepRecord, fields: &Fields<'_, '_, '_>) -> Option<Result<bool, Unknown>> {
    let image = fields.image;
    Some(match step.code {
        code::NUMERIC => Numeric::decode(image, step)?.evaluate(fields),
        code::NUMERIC_BINARY64 => Ok(Numeric::decode(image, step)?.evaluate_binary64(fields)),
        code::STRING => StringPredicate::decode(image, step)?.evaluate(fields),
        code::STRING_OR_FALSE => Ok(StringPredicate::decode(image, step)?.evaluate_or_false(fields)),
        code::BOOL => Bool::decode(step).evaluate(fields),
        code::PRESENT => Ok(Present::decode(step).evaluate(fields)),
        code::PRESENT_UNCHARGED => Ok(Present::decode(step).evaluate_uncharged(fields)),
        code::EQUALS => Equals::decode(step)?.evaluate(fields),
        code::EQUALS_DEEP => Ok(Equals::decode(step)?.evaluate_deep(fields)),
        code::LENGTH => Length::decode(image, step)?.evaluate(fields),
        code::COMPARE => Compare::decode(step)?.evaluate(fields),
        code::PATH => Path::decode(image, step)?.evaluate(fields),
        code::URL => Url::decode(image, step)?.evaluate(fields),
        code::CIDR => Cidr::decode(image, step)?.evaluate(fields),
        code::TIME => Time::decode(step)?.evaluate(fields),
        _ => return None,
    })
}

impl<'i> Predicate<'i> {
    /// Reads a step to describe it; `None` if it is a combinator or the image is damaged.
    pub(crate) fn decode(image: &PolicyImage<'i>, step: &StepRecord) -> Option<Self> {
        Some(match step.code {
            code::NUMERIC | code::NUMERIC_BINARY64 => Self::Numeric(Numeric::decode(image, step)?),
            code::STRING | code::STRING_OR_FALSE => Self::String(StringPredicate::decode(image, step)?),
            code::BOOL => Self::Bool(Bool::decode(step)),
            code::PRESENT | code::PRESENT_UNCHARGED => Self::Present(Present::decode(step)),
            code::EQUALS | code::EQUALS_DEEP => Self::Equals(Equals::decode(step)?),
            code::LENGTH => Self::Length(Length::decode(image, step)?),
            code::COMPARE => Self::Compare(Compare::decode(step)?),
            code::PATH => Self::Path(Path::decode(image, step)?),
            code::URL => Self::Url(Url::decode(image, step)?),
            code::CIDR => Self::Cidr(Cidr::decode(image, step)?),
            code::EVERY => Self::Items(Items::decode(step, true)),
            code::SOME => Self::Items(Items::decode(step, false)),
            code::TIME => Self::Time(Time::decode(step)?),
            _ => return None,
        })
    }

    /// What decisions say of it.
    pub(crate) fn describe(&self) -> &dyn Describe {
        match self {
            Self::Numeric(predicate) => predicate,
            Self::String(predicate) => predicate,
            Self::Bool(predicate) => predicate,
            Self::Present(predicate) => predicate,
            Self::Equals(predicate) => predicate,
            Self::Length(predicate) => predicate,
            Self::Compare(predicate) => predicate,
            Self::Path(predicate) => predicate,
            Self::Url(predicate) => predicate,
            Self::Cidr(predicate) => predicate,
            Self::Items(predicate) => predicate,
            Self::Time(predicate) => predicate,
        }
    }
}

#[cfg(feature = "compile")]
mod build {
    use alloc::boxed::Box;
    use alloc::format;
    use alloc::vec::Vec;
    use core::ops::Range;

    pub use crate::condition::bool::BoolCheck;
    use crate::condition::check::Check;
    pub use crate::condition::cidr::CidrCheck;
    pub use crate::condition::compare::FieldCompare;
    pub use crate::condition::equals::FieldEquals;
    pub use crate::condition::field::Field;
    use crate::condition::field::Scope;
    pub use crate::condition::items::ItemsCheck;
    pub use crate::condition::length::LengthCheck;
    pub use crate::condition::numeric::NumericCheck;
    pub use crate::condition::path::PathCheck;
    pub use crate::condition::present::FieldPresent;
    pub use crate::condition::string::StringCheck;
    pub use crate::condition::time::TimeCheck;
    pub use crate::condition::url::UrlCheck;
    use crate::language::dialect::Dialect;
    use crate::policy::text::diagnostic::{Diagnostic, quoted};
    use crate::policy::text::node_reader::NodeReader;
    use crate::policy::text::tree::{Member, Node, Value};

    /// A condition and the bytes that it takes in the text.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Condition {
        /// Where it stands.
        pub span: Range<usize>,
        /// What it says.
        pub kind: ConditionKind,
    }

    /// What a condition says.
    #[derive(Clone, Debug, PartialEq)]
    pub enum ConditionKind {
        /// All of the conditions are true.
        All(Vec<Condition>),
        /// At least one of the conditions is true.
        Any(Vec<Condition>),
        /// The condition is false.
        Not(Box<Condition>),
        /// A condition is true for each item of a list, or for at least one.
        Items(ItemsCheck),
        /// A number compares with another.
        NumericCheck(NumericCheck),
        /// A string compares with one of a list.
        StringCheck(StringCheck),
        /// The length of a string, a list or an object compares with a number.
        LengthCheck(LengthCheck),
        /// A boolean is the one given.
        BoolCheck(BoolCheck),
        /// A field is present and not null.
        FieldPresent(FieldPresent),
        /// Two fields have the same value.
        FieldEquals(FieldEquals),
        /// Two fields are numbers that compare.
        FieldCompare(FieldCompare),
        /// The time of the request is in a window.
        TimeCheck(TimeCheck),
        /// A string is a path within a root.
        PathCheck(PathCheck),
        /// A string is a URL with one of some schemes, hosts and ports.
        UrlCheck(UrlCheck),
        /// A string is an IP address in one of some networks, or in none.
        CidrCheck(CidrCheck),
    }

    /// Reads what the one key of a condition contains.
    type Read = fn(&Node<'_>, &mut NodeReader, Scope) -> Option<ConditionKind>;

    /// A kind of condition as a policy text names it.
    struct Kind {
        name: &'static str,
        is_in_perso: bool,
        read: Read,
    }

    /// All kinds, in the order in which messages list them.
    const KINDS: [Kind; 16] = [
        Kind { name: "All", is_in_perso: true, read: read_all },
        Kind { name: "Any", is_in_perso: true, read: read_any },
        Kind { name: "Not", is_in_perso: true, read: read_not },
        Kind { name: "NumericCheck", is_in_perso: true, read: NumericCheck::read },
        Kind { name: "StringCheck", is_in_perso: true, read: StringCheck::read },
        Kind { name: "BoolCheck", is_in_perso: false, read: BoolCheck::read },
        Kind { name: "LengthCheck", is_in_perso: false, read: LengthCheck::read },
        Kind { name: "FieldPresent", is_in_perso: true, read: FieldPresent::read },
        Kind { name: "FieldEquals", is_in_perso: true, read: FieldEquals::read },
        Kind { name: "FieldCompare", is_in_perso: false, read: FieldCompare::read },
        Kind { name: "Every", is_in_perso: false, read: ItemsCheck::read_every },
        Kind { name: "Some", is_in_perso: false, read: ItemsCheck::read_some },
        Kind { name: "TimeCheck", is_in_perso: false, read: TimeCheck::read },
        Kind { name: "PathCheck", is_in_perso: false, read: PathCheck::read },
        Kind { name: "UrlCheck", is_in_perso: false, read: UrlCheck::read },
        Kind { name: "CidrCheck", is_in_perso: false, read: CidrCheck::read },
    ];

    /// The names of the kinds of conditions that a language has.
    pub fn names(dialect: Dialect) -> impl Iterator<Item = &'static str> + Clone {
        kinds(dialect).map(|kind| kind.name)
    }

    fn kinds(dialect: Dialect) -> impl Iterator<Item = &'static Kind> + Clone {
        KINDS.iter().filter(move |kind| kind.is_in_perso || dialect != Dialect::Perso1)
    }

    impl ConditionKind {
        /// The check, unless the condition combines others.
        pub(crate) fn as_check(&self) -> Option<&dyn Check> {
            Some(match self {
                Self::All(_) | Self::Any(_) | Self::Not(_) => return None,
                Self::Items(check) => check,
                Self::NumericCheck(check) => check,
                Self::StringCheck(check) => check,
                Self::LengthCheck(check) => check,
                Self::BoolCheck(check) => check,
                Self::FieldPresent(check) => check,
                Self::FieldEquals(check) => check,
                Self::FieldCompare(check) => check,
                Self::TimeCheck(check) => check,
                Self::PathCheck(check) => check,
                Self::UrlCheck(check) => check,
                Self::CidrCheck(check) => check,
            })
        }
    }

    impl Condition {
        /// The conditions that it is made of.
        pub fn children(&self) -> &[Condition] {
            match &self.kind {
                ConditionKind::All(children) | ConditionKind::Any(children) => children,
                ConditionKind::Not(inner) => core::slice::from_ref(inner),
                ConditionKind::Items(items) => core::slice::from_ref(&items.condition),
                _ => &[],
            }
        }

        /// The fields that it reads itself; those of its children are not among them.
        pub fn fields(&self) -> Vec<&Field> {
            self.kind.as_check().map(Check::fields).unwrap_or_default()
        }

        /// Collects the fields that it and its children read.
        pub(crate) fn collect_fields<'c>(&'c self, fields: &mut Vec<&'c Field>) {
            fields.extend(self.fields());
            self.children().iter().for_each(|child| child.collect_fields(fields));
        }
    }

    /// Reads a condition: an object with one key, which names its kind.
    pub(crate) fn read_condition(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<Condition> {
        let Value::Object(members) = &node.value else {
            reader.wrong_type(node, "a condition", "an object with one key");
            return None;
        };
        let [Member { name, name_span, value }] = members.as_slice() else {
            let message = format!("a condition has one key, not {}", members.len());
            let fix = "put several conditions into `All` or `Any`";
            reader.problems.push(Diagnostic::error("condition_keys", &node.span, message).with_fix(fix));
            return None;
        };
        let Some(kind) = kinds(scope.dialect).find(|kind| kind.name == *name) else {
            let problem =
                Diagnostic::error("unknown_condition", name_span, format!("{} is no condition", quoted(name)));
            reader.problems.push(problem.with_likely_word(name, names(scope.dialect)));
            return None;
        };
        Some(Condition { span: node.span.clone(), kind: (kind.read)(value, reader, scope)? })
    }

    fn read_all(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<ConditionKind> {
        read_conditions(node, reader, scope).map(ConditionKind::All)
    }

    fn read_any(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<ConditionKind> {
        read_conditions(node, reader, scope).map(ConditionKind::Any)
    }

    fn read_not(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<ConditionKind> {
        read_condition(node, reader, scope).map(Box::new).map(ConditionKind::Not)
    }

    fn read_conditions(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<Vec<Condition>> {
        let items = reader.list(node, "`All` and `Any`")?;
        let read: Vec<Condition> = items.iter().filter_map(|item| read_condition(item, reader, scope)).collect();
        (read.len() == items.len()).then_some(read)
    }
}
