//! The records of the JSON Schemas of tools.
//!
//! A schema is the number of its keywords and then the keywords, in the image's bytes. Schemas refer to each other by
//! their offsets, so that a recursive schema is finite.

use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::image::hash_table::Slot;
use crate::image::index::{SchemaOffset, Stored, StoredOption};
use crate::image::records::{NO_TEXT, NONE, TextList, TextRef};

/// The codes of keywords.
pub(crate) mod code {
    /// The schema `false`, which no value conforms to.
    pub(crate) const NEVER: u8 = 1;
    /// `type`: `op` has one bit for each type.
    pub(crate) const TYPE: u8 = 2;
    /// `enum` of strings only: a [`TextList`](super::TextList) of the strings.
    pub(crate) const STRINGS: u8 = 3;
    /// `enum`: a [`TextList`](super::TextList) of JSON texts.
    pub(crate) const ENUM: u8 = 4;
    /// `const`: like [`ENUM`], with one text.
    pub(crate) const CONST: u8 = 5;
    /// `minimum` and the like: a comparison with a number.
    pub(crate) const NUMBER: u8 = 6;
    /// `multipleOf`: a number.
    pub(crate) const MULTIPLE_OF: u8 = 7;
    /// `minLength` and `maxLength`: a comparison with a count.
    pub(crate) const CHARACTERS: u8 = 8;
    /// `minItems` and `maxItems`.
    pub(crate) const ITEM_COUNT: u8 = 9;
    /// `minProperties` and `maxProperties`.
    pub(crate) const MEMBER_COUNT: u8 = 10;
    /// `pattern`: an automaton, and the text of the pattern.
    pub(crate) const PATTERN: u8 = 11;
    /// `format`: an automaton, if the format has one; `op` is the format.
    pub(crate) const FORMAT: u8 = 12;
    /// `uniqueItems`.
    pub(crate) const UNIQUE: u8 = 13;
    /// `prefixItems` and `items`: a list of schemas, and the schema of the other items.
    pub(crate) const ITEMS: u8 = 14;
    /// `properties` and the like: a [`MembersRecord`](super::MembersRecord).
    pub(crate) const MEMBERS: u8 = 15;
    /// `propertyNames`: a schema.
    pub(crate) const NAMES: u8 = 16;
    /// `allOf` and `$ref`: a list of schemas.
    pub(crate) const ALL_OF: u8 = 17;
    /// `anyOf`: a list of schemas.
    pub(crate) const ANY_OF: u8 = 18;
    /// `oneOf`: a list of schemas.
    pub(crate) const ONE_OF: u8 = 19;
    /// `not`: a schema.
    pub(crate) const NOT: u8 = 20;
    /// `if`, `then` and `else`: three schemas, of which the last two may be absent.
    pub(crate) const IF: u8 = 21;
}

/// The types of JSON Schema; a type's bit is its position.
pub(crate) const TYPES: [&str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];
/// The bits of the types, in the order of [`TYPES`].
pub(crate) mod types {
    pub(crate) const NULL: u8 = 1;
    pub(crate) const BOOLEAN: u8 = 1 << 1;
    pub(crate) const INTEGER: u8 = 1 << 2;
    pub(crate) const NUMBER: u8 = 1 << 3;
    pub(crate) const STRING: u8 = 1 << 4;
    pub(crate) const ARRAY: u8 = 1 << 5;
    pub(crate) const OBJECT: u8 = 1 << 6;
}

/// The formats that are checked; a format's code is its position.
pub(crate) const FORMATS: [&str; 6] = ["date-time", "date", "time", "uuid", "ipv4", "ipv6"];

/// One keyword of a schema. The meaning of the operands depends on the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct KeywordRecord {
    /// One of [`code`].
    pub(crate) code: u8,
    /// A comparison, a format, or the bits of types.
    pub(crate) op: u8,
    pub(crate) reserved: [u8; 2],
    pub(crate) operands: [U32; 3],
}

impl KeywordRecord {
    /// An operand as a number or an offset; each code determines how many it has.
    pub(crate) fn operand(&self, at: usize) -> u32 {
        self.operands.get(at).map_or(NONE, |operand| operand.get())
    }

    /// The operands of a list of texts.
    pub(crate) fn texts(&self) -> TextList {
        let [first, count, _] = self.operands;
        TextList { first: Stored::from_number(first), count }
    }

    /// The text of a pattern.
    pub(crate) fn text(&self) -> TextRef {
        let [_, start, len] = self.operands;
        TextRef { start, len }
    }
}

/// The keywords about the members of an object.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct MembersRecord {
    /// The names in `required`, in the order of the schema.
    pub(crate) required: TextList,
    /// The hash table of `properties` and `required`: the number of its slots and then the [`PropertyRecord`]s.
    pub(crate) properties: U32,
    /// `patternProperties`: their number and then the [`PatternRecord`]s.
    pub(crate) patterns: U32,
    /// The schema of all other members.
    pub(crate) additional: StoredOption<SchemaOffset>,
}

/// A slot of the hash table of an object's members; an empty slot has `name.start` [`NONE`].
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct PropertyRecord {
    pub(crate) hash: U32,
    pub(crate) name: TextRef,
    /// The member's schema; none if the name is only in `required`.
    pub(crate) schema: StoredOption<SchemaOffset>,
    /// 1 if the member is required.
    pub(crate) is_required: u8,
    pub(crate) reserved: [u8; 3],
}

impl Slot for PropertyRecord {
    const EMPTY: Self =
        Self { hash: U32::ZERO, name: NO_TEXT, schema: StoredOption::NONE, is_required: 0, reserved: [0; 3] };

    fn is_empty(&self) -> bool {
        self.name.start.get() == NONE
    }
}

/// One of `patternProperties`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct PatternRecord {
    pub(crate) automaton: U32,
    pub(crate) schema: Stored<SchemaOffset>,
}
