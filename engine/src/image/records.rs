//! The records of an image. Every bit pattern is a valid record.

use zerocopy::little_endian::{I64, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::image::bytes::Record;
pub(crate) use crate::image::bytes::TextRef;
use crate::image::hash_table::Slot;
pub(crate) use crate::image::index::NONE;
use crate::image::index::{
    ApprovalOffset, AutomatonIndex, FieldSlot, RoleSlot, RowOffset, RuleListOffset, RuleOffset, StepOffset, Stored,
    StoredOption, TextListOffset,
};
use crate::language::index::Index as _;

/// The first bytes of every image.
pub(crate) const MAGIC: [u8; 8] = *b"callgate";
/// Changes with every change of a record or of the hash.
pub(crate) const FORMAT: u32 = 11;

/// Means a missing text.
pub(crate) const NO_TEXT: TextRef = TextRef { start: U32::MAX_VALUE, len: U32::ZERO };

/// The number of reason templates: no rule, a rule without a condition, a condition that is true, and one that is not.
pub(crate) const REASON_TEMPLATES: u32 = 4;

/// The position of a table, in bytes from the start of the image.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Section {
    pub(crate) start: U32,
    pub(crate) len: U32,
}

/// The tables.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Sections {
    pub(crate) roles: Section,
    pub(crate) fields: Section,
    pub(crate) class_rows: Section,
    pub(crate) automata: Section,
    pub(crate) transitions: Section,
    /// The schema of each tool by its slot, or nothing if no schema is enforced. The slots of the tools of servers are
    /// after those of the other tools.
    pub(crate) schemas: Section,
    /// The hash table of the tools that servers own.
    pub(crate) server_tools: Section,
    /// The hash table of the names of these tools in calls. Instead of a row, a name has a list of one text, which states
    /// the servers.
    pub(crate) owners: Section,
    pub(crate) bytes: Section,
}

#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct HeaderRecord {
    pub(crate) magic: [u8; 8],
    pub(crate) format: U32,
    /// The language of the policy, which is only displayed.
    pub(crate) dialect: u8,
    pub(crate) default_effect: u8,
    /// 1 if a rule reads the source `Request`.
    pub(crate) reads_request: u8,
    /// The code of a [`Conflicts`](crate::language::conflicts::Conflicts).
    pub(crate) conflicts: u8,
    /// 1 if a call names one role and no list of roles.
    pub(crate) takes_one_role: u8,
    /// 1 if a call names a tool and no other target.
    pub(crate) takes_tools_only: u8,
    pub(crate) reserved: [u8; 2],
    /// The first of the [`REASON_TEMPLATES`], if the language has its own reasons.
    pub(crate) reasons: StoredOption<TextListOffset>,
    /// SHA-256 of the policy's text in hexadecimal digits, as in every response, and the text's length in bytes.
    pub(crate) policy_digest: [u8; 64],
    pub(crate) policy_bytes: U32,
    pub(crate) version: TextRef,
    pub(crate) description: TextRef,
    /// How many tools are declared; [`NONE`] if any tool may be called.
    pub(crate) tool_count: U32,
    pub(crate) role_count: U32,
    pub(crate) rule_count: U32,
    /// The [`name_bit`](crate::json::name_hash::name_bit)s of all names in the table of fields.
    pub(crate) field_names: U64,
    /// The targets of each kind, in the order of [`TargetKind::ALL`](crate::TargetKind::ALL).
    pub(crate) catalogs: [CatalogRecord; 5],
    pub(crate) sections: Sections,
}

/// The targets of one kind: names, and the classes to which an automaton assigns the other names.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct CatalogRecord {
    /// The hash table of the names.
    pub(crate) names: Section,
    /// The automaton of the patterns, whose labels are the classes, if there are patterns.
    pub(crate) automaton: StoredOption<AutomatonIndex>,
    /// The index of the first class in the table of class rows.
    pub(crate) first_class: U32,
    /// 1 if calls may name a target that is not declared.
    pub(crate) is_open: u8,
    pub(crate) reserved: [u8; 3],
}

/// A slot of a hash table of names. The slot's index is the name's number; an empty slot has `text.start` [`NONE`].
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct NameRecord {
    pub(crate) hash: U32,
    pub(crate) text: TextRef,
    /// For a target that a rule matches, where its row starts in the image's bytes.
    ///
    /// A row is the number of its cells as a [`U32`], followed by the [`CellRecord`]s. The row is next to the name, and
    /// both are next to the first rule that matches the target: the cost of a start is mostly the pages that the first
    /// decision touches first.
    pub(crate) row: StoredOption<RowOffset>,
}

impl Slot for NameRecord {
    const EMPTY: Self = Self { hash: U32::ZERO, text: NO_TEXT, row: StoredOption::NONE };

    fn is_empty(&self) -> bool {
        self.text.start.get() == NONE
    }
}

/// A slot of the hash table of fields. A field is a path of names; each name has a slot that refers to the slot of the
/// previous name.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct FieldRecord {
    pub(crate) hash: U32,
    /// The slot of the previous name, or the root of the source.
    pub(crate) parent: Stored<FieldSlot>,
    /// The name itself; an empty slot has `name.start` [`NONE`].
    pub(crate) name: TextRef,
    /// The whole field as the policy spells it.
    pub(crate) shown: TextRef,
    pub(crate) source: u8,
    /// 1 if a rule reads the field.
    pub(crate) is_read: u8,
    /// 1 if a rule reads a field inside this one.
    pub(crate) has_children: u8,
    pub(crate) reserved: u8,
}

impl Slot for FieldRecord {
    const EMPTY: Self = Self {
        hash: U32::ZERO,
        parent: Stored::EMPTY,
        name: NO_TEXT,
        shown: NO_TEXT,
        source: 0,
        is_read: 0,
        has_children: 0,
        reserved: 0,
    };

    fn is_empty(&self) -> bool {
        self.name.start.get() == NONE
    }
}

/// The rules that match a target and a role. The cells of a row are in the order of the roles.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct CellRecord {
    pub(crate) role: Stored<RoleSlot>,
    /// The only rule; or, marked with [`RULE_LIST`], the offset of a list of rules.
    rules: Stored<RuleOffset>,
}

/// The rules of a cell.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CellRules<'i> {
    One(&'i Stored<RuleOffset>),
    Many(RuleListOffset),
}

impl CellRecord {
    #[cfg(feature = "compile")]
    pub(crate) fn of_one(role: RoleSlot, rule: RuleOffset) -> Self {
        Self { role: Stored::new(role), rules: Stored::new(rule) }
    }

    #[cfg(feature = "compile")]
    pub(crate) fn of_many(role: RoleSlot, list: RuleListOffset) -> Self {
        Self { role: Stored::new(role), rules: Stored::new(RuleOffset::from_u32(RULE_LIST | list.to_u32())) }
    }

    #[inline]
    pub(crate) fn rules(&self) -> CellRules<'_> {
        let number = self.rules.get().to_u32();
        if number & RULE_LIST == 0 {
            CellRules::One(&self.rules)
        } else {
            CellRules::Many(RuleListOffset::from_u32(number & !RULE_LIST))
        }
    }
}

/// Marks a list of rules in a [`CellRecord`].
const RULE_LIST: u32 = 1 << 31;

/// A rule. Rules are in the image's bytes, stricter ones first.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct RuleRecord {
    pub(crate) id: TextRef,
    /// The condition's first step, if the rule has a condition.
    pub(crate) condition: StoredOption<StepOffset>,
    /// The rule's own reason, which most rules do not have.
    pub(crate) reason: StoredOption<TextListOffset>,
    /// The terms of the approval that the rule requires, if it has terms.
    pub(crate) approval: StoredOption<ApprovalOffset>,
    pub(crate) effect: u8,
    /// 1 if responses hide the condition's requirements.
    pub(crate) hides_condition: u8,
    /// [`RULE_MARK`], so that a damaged offset is not accepted as a rule.
    pub(crate) mark: [u8; 2],
}

/// Who may approve a call, and how long.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct ApprovalRecord {
    /// The roles that may approve; none if every person may.
    pub(crate) by: TextList,
    /// The time in which the approval must be given; 0 if there is no limit.
    pub(crate) expires_seconds: U32,
    /// 1 if the caller must not approve.
    pub(crate) not_self: u8,
    pub(crate) reserved: [u8; 3],
}

/// The end of every rule.
pub(crate) const RULE_MARK: [u8; 2] = [0x9a, 0xc5];

/// One node of a condition. A condition is its nodes in depth-first order; they are in the image's bytes, next to the
/// first rule that has the condition.
///
/// A node does not contain its own position, so equal conditions have equal bytes, of which an image has one copy.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct StepRecord {
    /// One of [`code`](crate::condition::code).
    pub(crate) code: u8,
    /// The predicate's operator, or the boolean that it requires.
    pub(crate) op: u8,
    /// 1 if a `PathCheck` reads the field too, so that a text comparison must not depend on a slash at its end.
    pub(crate) is_path: u8,
    pub(crate) reserved: u8,
    /// The number of steps of the node and its descendants.
    pub(crate) len: U32,
    /// The field that the predicate reads; a combinator has none.
    pub(crate) field: Stored<FieldSlot>,
    /// The operand of the predicate; each kind reads it as its own record.
    operand: [u8; OPERAND_BYTES],
}

/// The length of an operand.
const OPERAND_BYTES: usize = 12;

/// The bytes of a step without an operand.
#[cfg(feature = "compile")]
pub(crate) const NO_OPERAND: [u8; OPERAND_BYTES] = [0; OPERAND_BYTES];

impl StepRecord {
    #[cfg(feature = "compile")]
    pub(crate) fn new<T: IntoBytes + Immutable>(code: u8, op: u8, field: Stored<FieldSlot>, operand: &T) -> Self {
        const { assert!(size_of::<T>() == OPERAND_BYTES, "an operand has a fixed size") };
        let mut bytes = NO_OPERAND;
        bytes.copy_from_slice(operand.as_bytes());
        Self { code, op, is_path: 0, reserved: 0, len: U32::ZERO, field, operand: bytes }
    }

    /// The same step, for a field that is a path or not.
    #[cfg(feature = "compile")]
    pub(crate) fn with_path(self, is_path: bool) -> Self {
        Self { is_path: u8::from(is_path), ..self }
    }

    /// The operand of the predicate, as the record of its kind.
    #[inline]
    pub(crate) fn operand<T: Record>(&self) -> Option<&T> {
        T::ref_from_bytes(&self.operand).ok()
    }

    /// The offset after the step at `at` and its descendants.
    #[inline]
    pub(crate) fn end(&self, at: StepOffset) -> Option<StepOffset> {
        at.to_u32().checked_add(self.len.get().checked_mul(STEP_BYTES)?).map(StepOffset::from_u32)
    }
}

/// The offset of the first child of the step at `at`, if it has one.
#[inline]
pub(crate) fn first_child(at: StepOffset) -> Option<StepOffset> {
    at.to_u32().checked_add(STEP_BYTES).map(StepOffset::from_u32)
}

/// The distance between steps.
const STEP_BYTES: u32 = 24;
const _: () = assert!(size_of::<StepRecord>() == 24);

/// Some texts, in ascending order of their bytes.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct TextList {
    /// The offset of the first [`TextRef`].
    pub(crate) first: Stored<TextListOffset>,
    pub(crate) count: U32,
}

/// The allowed URLs.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct UrlRecord {
    pub(crate) schemes: TextList,
    pub(crate) hosts: TextList,
    pub(crate) ports: TextList,
    /// The patterns of paths; none if every path is allowed.
    pub(crate) paths: TextList,
    /// The networks and names that are not public; none if no host is `public`.
    pub(crate) local: TextList,
}

/// The lists of a check that does not compare with the texts as the policy spells them.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct ListsRecord {
    /// The texts as the policy spells them, for descriptions.
    pub(crate) shown: TextList,
    /// The texts that values are compared with.
    pub(crate) compared: TextList,
    /// What else the check needs: the networks that are not public, or the base directory of paths.
    pub(crate) extra: TextList,
}

/// An automaton: a regular expression, or the patterns of one kind of target.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct AutomatonRecord {
    /// Where the classes of the 256 bytes are in the image's bytes.
    pub(crate) classes: U32,
    pub(crate) class_count: U32,
    pub(crate) states: U32,
    /// The first of its transitions, after which there is one label for each state.
    pub(crate) first: U32,
}

/// A number that a predicate compares with.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct NumberRecord {
    /// The text in the policy, which is the exact value.
    pub(crate) text: TextRef,
    /// The bits of the nearest binary64, for the dialect that compares binary64 numbers.
    pub(crate) binary64: U64,
    /// The value if it is an integer of at most 18 characters; otherwise [`i64::MIN`].
    pub(crate) integer: I64,
}

/// A count or an index in the form of the image.
#[cfg(feature = "compile")]
pub(crate) fn to_u32(value: usize) -> u32 {
    // INVARIANT: the image of a policy is below 2^31 bytes, except for the transitions of its expressions. An image
    // that they make too large cannot be opened.
    u32::try_from(value).unwrap_or(NONE)
}
