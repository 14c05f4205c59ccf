//! Conditions as a policy text says them.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::language::operators::SERVER_FIELD;
use crate::language::operators::{NumericOp, Source, StringOp};
use crate::language::time_window::TimeWindow;
use crate::policy::document::Rule;
use crate::policy::text::spanned::Spanned;
use alloc::borrow::Cow;

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
    /// All of the conditions hold.
    All(Vec<Condition>),
    /// At least one of the conditions holds.
    Any(Vec<Condition>),
    /// The condition does not hold.
    Not(Box<Condition>),
    /// A condition holds for each item of a list; of an empty one, always.
    Every {
        /// The list.
        field: Field,
        /// What must hold for an item, which is the source `Item` in it.
        condition: Box<Condition>,
    },
    /// A condition holds for at least one item of a list.
    Some {
        /// The list.
        field: Field,
        /// What must hold for an item, which is the source `Item` in it.
        condition: Box<Condition>,
    },
    /// A number compares with another.
    NumericCheck {
        /// The number that is compared.
        field: Field,
        /// How it is compared.
        op: NumericOp,
        /// The text of the number that it is compared with.
        value: String,
    },
    /// A string compares with one of a list.
    StringCheck {
        /// The string that is compared.
        field: Field,
        /// How it is compared.
        op: StringOp,
        /// The list.
        values: Vec<Spanned<String>>,
    },
    /// The length of a string (in characters), a list (in items) or an object (in members) compares with a number.
    LengthCheck {
        /// The value that is measured.
        field: Field,
        /// How its length is compared.
        op: NumericOp,
        /// The text of the number, a whole one.
        value: Spanned<String>,
    },
    /// A boolean is the one given.
    BoolCheck {
        /// The boolean.
        field: Field,
        /// What it must be.
        value: bool,
    },
    /// A field is there and not null.
    FieldPresent {
        /// The field.
        field: Field,
    },
    /// Two fields have the same value.
    FieldEquals {
        /// One field.
        a: Field,
        /// The other field.
        b: Field,
    },
    /// Two fields are numbers that compare.
    FieldCompare {
        /// The number that is compared.
        a: Field,
        /// How it is compared.
        op: NumericOp,
        /// The number that it is compared with.
        b: Field,
    },
    /// The time of the request lies in a window.
    TimeCheck {
        /// The time that the edge tells: the field `time` of the source `Request`.
        field: Field,
        /// The window.
        window: TimeWindow,
    },
    /// A string is a path within a root.
    PathCheck {
        /// The path.
        field: Field,
        /// The roots, absolute and canonical.
        roots: Vec<Spanned<String>>,
    },
    /// A string is a URL with one of some schemes, hosts and ports.
    UrlCheck {
        /// The URL.
        field: Field,
        /// The schemes.
        schemes: Vec<Spanned<String>>,
        /// The hosts; `*.` before one stands for all hosts below it.
        hosts: Vec<Spanned<String>>,
        /// The ports, in digits; without one, the port that the scheme has by itself.
        ports: Vec<Spanned<String>>,
    },
    /// A string is an IP address in one of some networks, or in none.
    CidrCheck {
        /// The address.
        field: Field,
        /// `In` or `NotIn`.
        op: StringOp,
        /// The networks, in CIDR notation.
        networks: Vec<Spanned<String>>,
    },
}

/// A field of a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Where the field is read from.
    pub source: Source,
    /// The field as the text spells it: the name of a top-level member, or a JSON pointer (RFC 6901).
    pub name: Spanned<String>,
    /// The names on the way to the field, from the top; none for an item itself.
    pub path: Vec<String>,
}

/// Collects the fields that a condition reads.
pub(crate) fn collect_fields<'c>(condition: &'c Condition, fields: &mut Vec<&'c Field>) {
    match &condition.kind {
        ConditionKind::All(children) | ConditionKind::Any(children) => {
            children.iter().for_each(|child| collect_fields(child, fields));
        }
        ConditionKind::Not(inner) => collect_fields(inner, fields),
        ConditionKind::Every { field, condition } | ConditionKind::Some { field, condition } => {
            fields.push(field);
            collect_fields(condition, fields);
        }
        ConditionKind::NumericCheck { field, .. }
        | ConditionKind::StringCheck { field, .. }
        | ConditionKind::BoolCheck { field, .. }
        | ConditionKind::LengthCheck { field, .. }
        | ConditionKind::TimeCheck { field, .. }
        | ConditionKind::PathCheck { field, .. }
        | ConditionKind::UrlCheck { field, .. }
        | ConditionKind::CidrCheck { field, .. }
        | ConditionKind::FieldPresent { field } => fields.push(field),
        ConditionKind::FieldEquals { a, b } | ConditionKind::FieldCompare { a, b, .. } => fields.extend([a, b]),
    }
}

/// A rule's condition, with the server that it asks for as a predicate: a call that names no server is unknown.
pub(crate) fn whole_condition(rule: &Rule) -> Option<Cow<'_, Condition>> {
    let Some(server) = &rule.server else { return rule.condition.as_ref().map(Cow::Borrowed) };
    let name = Spanned { value: String::from(SERVER_FIELD), span: server.span.clone() };
    let field = Field { source: Source::Request, path: alloc::vec![name.value.clone()], name };
    let kind = ConditionKind::StringCheck { field, op: StringOp::In, values: alloc::vec![server.clone()] };
    let is_server = Condition { span: server.span.clone(), kind };
    let Some(condition) = &rule.condition else { return Some(Cow::Owned(is_server)) };
    let kind = ConditionKind::All(alloc::vec![is_server, condition.clone()]);
    Some(Cow::Owned(Condition { span: condition.span.clone(), kind }))
}
