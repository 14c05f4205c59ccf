//! Conditions of a policy text: the content of each kind, and the list of all kinds.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::condition::check::{Check, Encoder, Validation};
use crate::condition::code;
pub use crate::condition::field::Field;
use crate::condition::field::{Scope, read_field};
pub use crate::condition::kinds::bool::BoolCheck;
pub use crate::condition::kinds::cidr::CidrCheck;
pub use crate::condition::kinds::compare::FieldCompare;
pub use crate::condition::kinds::equals::FieldEquals;
pub use crate::condition::kinds::length::LengthCheck;
pub use crate::condition::kinds::members::MembersCheck;
pub use crate::condition::kinds::numeric::NumericCheck;
pub use crate::condition::kinds::path::PathCheck;
pub use crate::condition::kinds::present::FieldPresent;
pub use crate::condition::kinds::string::StringCheck;
pub use crate::condition::kinds::time::TimeCheck;
pub use crate::condition::kinds::url::UrlCheck;
use crate::image::records::{NO_OPERAND, StepRecord};
use crate::language::dialect::Dialect;
use crate::language::operators::Source;
use crate::policy::check::domain::Domain;
use crate::policy::check::knowledge::Knowledge;
use crate::policy::text::diagnostic::{Diagnostic, quoted};
use crate::policy::text::node_reader::NodeReader;
use crate::policy::text::tree::{Member, Node, Value};

/// A condition and its position in the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Its position.
    pub span: Range<usize>,
    /// Its content.
    pub kind: ConditionKind,
}

/// The content of a condition.
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
    /// A boolean has the given value.
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
    /// The names of an object's members are all in a list, or none is.
    MembersCheck(MembersCheck),
    /// A name in `define`, while a policy is read; a document has the condition of that name in its place.
    Defined(String),
}

/// Reads the value of the only key of a condition.
type Read = fn(&Node<'_>, &mut NodeReader, Scope) -> Option<ConditionKind>;

/// The key of a condition that `define` contains.
const DEFINED: &str = "Defined";

/// A kind of condition in a policy text.
struct Kind {
    name: &'static str,
    is_in_perso: bool,
    read: Read,
}

/// All kinds, in the order in which messages list them.
const KINDS: [Kind; 17] = [
    Kind { name: "All", is_in_perso: true, read: read_all },
    Kind { name: "Any", is_in_perso: true, read: read_any },
    Kind { name: "Not", is_in_perso: true, read: read_not },
    Kind {
        name: "NumericCheck",
        is_in_perso: true,
        read: |node, reader, scope| NumericCheck::read(node, reader, scope).map(ConditionKind::NumericCheck),
    },
    Kind {
        name: "StringCheck",
        is_in_perso: true,
        read: |node, reader, scope| StringCheck::read(node, reader, scope).map(ConditionKind::StringCheck),
    },
    Kind {
        name: "BoolCheck",
        is_in_perso: false,
        read: |node, reader, scope| BoolCheck::read(node, reader, scope).map(ConditionKind::BoolCheck),
    },
    Kind {
        name: "LengthCheck",
        is_in_perso: false,
        read: |node, reader, scope| LengthCheck::read(node, reader, scope).map(ConditionKind::LengthCheck),
    },
    Kind {
        name: "MembersCheck",
        is_in_perso: false,
        read: |node, reader, scope| MembersCheck::read(node, reader, scope).map(ConditionKind::MembersCheck),
    },
    Kind {
        name: "FieldPresent",
        is_in_perso: true,
        read: |node, reader, scope| FieldPresent::read(node, reader, scope).map(ConditionKind::FieldPresent),
    },
    Kind {
        name: "FieldEquals",
        is_in_perso: true,
        read: |node, reader, scope| FieldEquals::read(node, reader, scope).map(ConditionKind::FieldEquals),
    },
    Kind {
        name: "FieldCompare",
        is_in_perso: false,
        read: |node, reader, scope| FieldCompare::read(node, reader, scope).map(ConditionKind::FieldCompare),
    },
    Kind {
        name: "Every",
        is_in_perso: false,
        read: |node, reader, scope| ItemsCheck::read(node, reader, scope, true).map(ConditionKind::Items),
    },
    Kind {
        name: "Some",
        is_in_perso: false,
        read: |node, reader, scope| ItemsCheck::read(node, reader, scope, false).map(ConditionKind::Items),
    },
    Kind {
        name: "TimeCheck",
        is_in_perso: false,
        read: |node, reader, scope| TimeCheck::read(node, reader, scope).map(ConditionKind::TimeCheck),
    },
    Kind {
        name: "PathCheck",
        is_in_perso: false,
        read: |node, reader, scope| PathCheck::read(node, reader, scope).map(ConditionKind::PathCheck),
    },
    Kind {
        name: "UrlCheck",
        is_in_perso: false,
        read: |node, reader, scope| UrlCheck::read(node, reader, scope).map(ConditionKind::UrlCheck),
    },
    Kind {
        name: "CidrCheck",
        is_in_perso: false,
        read: |node, reader, scope| CidrCheck::read(node, reader, scope).map(ConditionKind::CidrCheck),
    },
];

/// The names of the condition kinds of a language.
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
            Self::All(_) | Self::Any(_) | Self::Not(_) | Self::Defined(_) => return None,
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
            Self::MembersCheck(check) => check,
        })
    }
}

impl Condition {
    /// The conditions inside it.
    pub fn children(&self) -> &[Condition] {
        match &self.kind {
            ConditionKind::All(children) | ConditionKind::Any(children) => children,
            ConditionKind::Not(inner) => core::slice::from_ref(inner),
            ConditionKind::Items(items) => core::slice::from_ref(&items.condition),
            _ => &[],
        }
    }

    /// The condition inside of `All` and `Any` with one condition.
    pub(crate) fn without_wrappers(&self) -> &Self {
        match &self.kind {
            ConditionKind::All(children) | ConditionKind::Any(children) => match children.as_slice() {
                [only] => only.without_wrappers(),
                _ => self,
            },
            _ => self,
        }
    }

    /// The fields that it reads itself, without the fields of its children.
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
        let message = format!("a condition must have one key, not {}", members.len());
        let fix = "write one condition, or combine several with `All` or `Any`";
        reader.problems.push(Diagnostic::error("condition_keys", &node.span, message).with_fix(fix));
        return None;
    };
    if *name == DEFINED && scope.dialect == Dialect::Callgate1 {
        // The condition keeps the position of its definition, by which it is recognized.
        return read_defined(value, reader);
    }
    let Some(kind) = kinds(scope.dialect).find(|kind| kind.name == *name) else {
        let problem = Diagnostic::error(
            "unknown_condition",
            name_span,
            format!("{} is not a condition of `{}`", quoted(name), scope.dialect.name()),
        );
        let is_of_callgate = names(Dialect::Callgate1).any(|other| other == *name);
        reader.problems.push(if is_of_callgate {
            problem.with_fix(format!("{} belongs to `callgate-1`; migrate the policy", quoted(name)))
        } else {
            problem.with_likely_word(name, names(scope.dialect).chain([DEFINED]))
        });
        return None;
    };
    Some(Condition { span: node.span.clone(), kind: (kind.read)(value, reader, scope)? })
}

fn read_defined(node: &Node<'_>, reader: &mut NodeReader) -> Option<Condition> {
    let name = reader.string(node, "`Defined`")?;
    if !reader.is_defined(&name.value) {
        let message = format!("{} is not defined in `define`", quoted(&name.value));
        let problem = Diagnostic::error("unknown_name", &name.span, message);
        let problem = problem.with_likely_word(&name.value, reader.defined.iter().map(String::as_str));
        reader.problems.push(problem);
        return None;
    }
    Some(Condition { span: name.span, kind: ConditionKind::Defined(name.value) })
}

fn read_all(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<ConditionKind> {
    read_conditions(node, reader, scope, "`All`").map(ConditionKind::All)
}

fn read_any(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<ConditionKind> {
    read_conditions(node, reader, scope, "`Any`").map(ConditionKind::Any)
}

fn read_not(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<ConditionKind> {
    read_condition(node, reader, scope).map(Box::new).map(ConditionKind::Not)
}

fn read_conditions(node: &Node<'_>, reader: &mut NodeReader, scope: Scope, name: &str) -> Option<Vec<Condition>> {
    let items = reader.list(node, name)?;
    let read: Vec<Condition> = items.iter().filter_map(|item| read_condition(item, reader, scope)).collect();
    (read.len() == items.len()).then_some(read)
}

/// A condition is true for each item of a list, which includes an empty list, or for at least one item.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemsCheck {
    /// Whether the condition must be true for each item, not just for one.
    pub every: bool,
    /// The list.
    pub field: Field,
    /// The condition on an item, in which the item is the source `Item`.
    pub condition: Box<Condition>,
}

impl ItemsCheck {
    fn read(node: &Node<'_>, reader: &mut NodeReader, scope: Scope, every: bool) -> Option<Self> {
        let name = if every { "`Every`" } else { "`Some`" };
        let check = reader.object(node, name, &["source", "field", "condition"])?;
        let field = read_field(&check, reader, scope);
        let of_item = Scope { has_item: true, ..scope };
        let condition =
            check.required("condition", reader).and_then(|node| read_condition(node, reader, of_item)).map(Box::new);
        let (field, condition) = (field?, condition?);
        if scope.has_item && field.source != Source::Item {
            let message = "the source of a list inside `Every` or `Some` must be `Item`";
            reader.problems.push(Diagnostic::error("list_of_call", &field.name.span, message));
            return None;
        }
        Some(Self { every, field, condition })
    }
}

impl Check for ItemsCheck {
    fn fields(&self) -> Vec<&Field> {
        alloc::vec![&self.field]
    }

    fn accepted_types(&self) -> &'static [&'static str] {
        &["array"]
    }

    fn validate(&self, _: &Range<usize>, _: &mut Validation<'_>) {}

    fn narrow<'p>(&'p self, known: &mut Knowledge<'p>, _: bool) -> bool {
        known.narrow(&self.field, Domain::keep_compound, |_| {})
    }

    fn encode(&self, encoder: &mut dyn Encoder) -> StepRecord {
        let code = if self.every { code::EVERY } else { code::SOME };
        StepRecord::new(code, 0, encoder.field(&self.field), &NO_OPERAND)
    }
}
