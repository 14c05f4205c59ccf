//! The compiled policy: flat tables in one byte string, read in place.
//!
//! Every table is a slice of fixed-size little-endian records without alignment, so opening an image checks a header
//! and a few bounds, whatever its size: nothing is parsed, copied or allocated. Every bit pattern is a legal record,
//! and every index is looked up with its bound, so a damaged image leads to [`None`] and from there to Deny.

use zerocopy::little_endian::{I64, U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::automaton;
use crate::hash_table::{self, Slot, hash_name, hash_pair, hash_within};
use crate::predicate::Source;
use crate::target::TargetKind;

/// The first bytes of every image.
pub(crate) const MAGIC: [u8; 8] = *b"callgate";
/// Changes with every change of a record or of the hash.
pub(crate) const FORMAT: u32 = 2;
/// Stands for "no entry" in a record.
pub(crate) const NONE: u32 = u32::MAX;

/// A run of bytes in the image's text table.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct TextRef {
    pub(crate) start: U32,
    pub(crate) len: U32,
}

/// Stands for a text that is not there.
pub(crate) const NO_TEXT: TextRef = TextRef { start: U32::MAX_VALUE, len: U32::ZERO };

/// Where a table lies, in bytes from the front of the image.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Section {
    pub(crate) start: U32,
    pub(crate) len: U32,
}

/// The tables, in the order in which they lie in the image.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Sections {
    pub(crate) roles: Section,
    pub(crate) fields: Section,
    pub(crate) cells: Section,
    pub(crate) cell_rules: Section,
    pub(crate) rules: Section,
    pub(crate) steps: Section,
    pub(crate) numbers: Section,
    pub(crate) texts: Section,
    pub(crate) automata: Section,
    pub(crate) transitions: Section,
    pub(crate) arguments: Section,
    pub(crate) bytes: Section,
}

#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Header {
    pub(crate) magic: [u8; 8],
    pub(crate) format: U32,
    pub(crate) dialect: u8,
    pub(crate) default_effect: u8,
    /// 1 if some rule reads the source `Request`.
    pub(crate) reads_request: u8,
    pub(crate) reserved: u8,
    /// SHA-256 of the policy's text, and the text's length in bytes.
    pub(crate) policy_digest: [u8; 32],
    pub(crate) policy_bytes: U32,
    pub(crate) version: TextRef,
    pub(crate) description: TextRef,
    /// How many tools are declared; [`NONE`] where any tool may be called.
    pub(crate) tool_count: U32,
    pub(crate) role_count: U32,
    pub(crate) rule_count: U32,
    /// The targets of each kind, in the order of [`TargetKind::ALL`].
    pub(crate) catalogs: [CatalogRecord; 5],
    pub(crate) sections: Sections,
}

/// The targets of one kind. They have numbers from `first` on: first the slots of the names, then the classes into which
/// the automaton puts the other names.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct CatalogRecord {
    /// The hash table of the names.
    pub(crate) names: Section,
    pub(crate) first: U32,
    /// The automaton of the patterns, whose labels are the classes; [`NONE`] where there are none.
    pub(crate) automaton: U32,
    /// 1 if calls may name a target that is not declared.
    pub(crate) is_open: u8,
    pub(crate) reserved: [u8; 3],
}

/// A slot of a hash table of names. The slot's index is the name's number; an empty slot has `text.start` [`NONE`].
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct NameSlot {
    pub(crate) hash: U32,
    pub(crate) text: TextRef,
}

impl Slot for NameSlot {
    const EMPTY: Self = Self { hash: U32::ZERO, text: NO_TEXT };

    fn is_empty(&self) -> bool {
        self.text.start.get() == NONE
    }
}

/// A slot of the hash table of arguments: one for each that a closed tool declares, and one with an empty slot for a name
/// ([`NONE`]) for each closed tool. An empty slot has `tool` [`NONE`].
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Argument {
    pub(crate) hash: U32,
    pub(crate) tool: U32,
    pub(crate) name: TextRef,
}

impl Slot for Argument {
    const EMPTY: Self = Self { hash: U32::ZERO, tool: U32::MAX_VALUE, name: NO_TEXT };

    fn is_empty(&self) -> bool {
        self.tool.get() == NONE
    }
}

/// A slot of the hash table of fields. A field is a path of names; each name on it has a slot, which knows the one before.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct FieldSlot {
    pub(crate) hash: U32,
    /// The slot of the name before this one, or the source, as [`Source::root`] numbers it.
    pub(crate) parent: U32,
    /// The name itself; an empty slot has `name.start` [`NONE`].
    pub(crate) name: TextRef,
    /// The whole field as the policy spells it.
    pub(crate) shown: TextRef,
    pub(crate) source: u8,
    /// 1 if some rule reads the field.
    pub(crate) is_read: u8,
    /// 1 if some rule reads a field within this one.
    pub(crate) has_children: u8,
    pub(crate) reserved: u8,
}

impl Slot for FieldSlot {
    const EMPTY: Self = Self {
        hash: U32::ZERO,
        parent: U32::MAX_VALUE,
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

/// A field that a call has, as a slot of the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldRef {
    pub(crate) slot: u32,
    pub(crate) is_read: bool,
    pub(crate) has_children: bool,
}

/// A slot of the hash table of (role, target): which rules speak of the pair. An empty slot has `role` [`NONE`].
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Cell {
    pub(crate) role: U32,
    pub(crate) target: U32,
    pub(crate) first: U32,
    pub(crate) count: U32,
}

impl Slot for Cell {
    const EMPTY: Self = Self { role: U32::MAX_VALUE, target: U32::MAX_VALUE, first: U32::ZERO, count: U32::ZERO };

    fn is_empty(&self) -> bool {
        self.role.get() == NONE
    }
}

#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Rule {
    pub(crate) id: TextRef,
    /// The first step of the condition, or [`NONE`] where there is no condition.
    pub(crate) condition: U32,
    /// What to say where the rule decides; `reason.start` is [`NONE`] where it says nothing by itself.
    pub(crate) reason: TextRef,
    pub(crate) effect: u8,
    /// 1 if answers hide what the condition asks for.
    pub(crate) hides_condition: u8,
    pub(crate) reserved: [u8; 2],
}

/// One node of a condition. A condition is its nodes in reading order, each followed by its children.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Step {
    /// One of [`step`].
    pub(crate) code: u8,
    /// The predicate's operator, or the boolean that it asks for.
    pub(crate) op: u8,
    pub(crate) reserved: [u8; 2],
    /// The index of the step after this node's last descendant.
    pub(crate) end: U32,
    /// The field that the predicate reads, as a slot of the field table.
    pub(crate) field: U32,
    /// The other field, the number, or the first of the texts that the predicate compares with.
    pub(crate) operand: U32,
    /// How many texts there are.
    pub(crate) count: U32,
    /// The automaton of a regular expression.
    pub(crate) automaton: U32,
}

/// The codes of [`Step`].
pub(crate) mod step {
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
}

/// An automaton: a regular expression, or the patterns of one kind of target.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct AutomatonRecord {
    /// Where the classes of the 256 bytes lie in the image's bytes.
    pub(crate) classes: U32,
    pub(crate) class_count: U32,
    pub(crate) states: U32,
    /// The first of its transitions, after which there is one label for each state.
    pub(crate) first: U32,
}

/// A number that a predicate compares with.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Number {
    /// The text in the policy, which is the exact value.
    pub(crate) text: TextRef,
    /// The nearest binary64's bits, for the dialect that compares those.
    pub(crate) binary64: U64,
    /// The value where it is an integer of at most 18 digits, else [`i64::MIN`].
    pub(crate) integer: I64,
}

/// Which language the policy is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `callgate-1`: declared tools and roles, strictest effect wins, three-valued truth, exact decimals.
    Callgate1,
    /// `perso-1`: what the perso engine makes of the same text.
    Perso1,
}

impl Dialect {
    /// The dialect's name in documents and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Callgate1 => "callgate-1",
            Self::Perso1 => "perso-1",
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Callgate1 => 1,
            Self::Perso1 => 2,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        [Self::Callgate1, Self::Perso1].into_iter().find(|dialect| dialect.code() == code)
    }
}

/// Why bytes are no image that this version of callgate reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageError {
    /// The bytes do not start like an image.
    NotAnImage,
    /// The image was written by another version of callgate.
    OtherFormat,
    /// A table lies outside the bytes or does not hold whole records.
    Damaged,
}

impl core::fmt::Display for ImageError {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str(match self {
            Self::NotAnImage => "these bytes are no policy image",
            Self::OtherFormat => "the policy image was written by another version of callgate; compile it again",
            Self::Damaged => "the policy image is damaged; compile it again",
        })
    }
}

impl core::error::Error for ImageError {}

/// The targets of one kind.
#[derive(Clone, Copy, Debug)]
struct Catalog<'i> {
    names: &'i [NameSlot],
    record: &'i CatalogRecord,
}

/// A compiled policy, borrowed from its bytes.
#[derive(Clone, Copy, Debug)]
pub struct PolicyImage<'i> {
    header: &'i Header,
    dialect: Dialect,
    catalogs: [Catalog<'i>; 5],
    roles: &'i [NameSlot],
    fields: &'i [FieldSlot],
    cells: &'i [Cell],
    cell_rules: &'i [U32],
    rules: &'i [Rule],
    steps: &'i [Step],
    numbers: &'i [Number],
    texts: &'i [TextRef],
    automata: &'i [AutomatonRecord],
    transitions: &'i [U16],
    arguments: &'i [Argument],
    bytes: &'i [u8],
}

impl<'i> PolicyImage<'i> {
    /// Opens an image in place. The work does not depend on the size of the policy.
    ///
    /// # Errors
    /// The bytes are no image, are of another format, or a table does not fit into them.
    pub fn open(image: &'i [u8]) -> Result<Self, ImageError> {
        let (header, _) = Header::ref_from_prefix(image).map_err(|_| ImageError::NotAnImage)?;
        if header.magic != MAGIC {
            return Err(ImageError::NotAnImage);
        }
        if header.format.get() != FORMAT {
            return Err(ImageError::OtherFormat);
        }
        let sections = &header.sections;
        let [tools, prompts, reads, lists, subscriptions] = &header.catalogs;
        let catalog = |record: &'i CatalogRecord| Ok(Catalog { names: table(image, record.names)?, record });
        Ok(Self {
            header,
            dialect: Dialect::from_code(header.dialect).ok_or(ImageError::Damaged)?,
            catalogs: [catalog(tools)?, catalog(prompts)?, catalog(reads)?, catalog(lists)?, catalog(subscriptions)?],
            roles: table(image, sections.roles)?,
            fields: table(image, sections.fields)?,
            cells: table(image, sections.cells)?,
            cell_rules: table(image, sections.cell_rules)?,
            rules: table(image, sections.rules)?,
            steps: table(image, sections.steps)?,
            numbers: table(image, sections.numbers)?,
            texts: table(image, sections.texts)?,
            automata: table(image, sections.automata)?,
            transitions: table(image, sections.transitions)?,
            arguments: table(image, sections.arguments)?,
            bytes: table(image, sections.bytes)?,
        })
    }

    /// The language of the policy.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The policy's own `version` text.
    #[must_use]
    pub fn version(&self) -> &'i str {
        self.text(self.header.version).unwrap_or_default()
    }

    /// The policy's own `description`, empty where it has none.
    #[must_use]
    pub fn description(&self) -> &'i str {
        self.text(self.header.description).unwrap_or_default()
    }

    /// SHA-256 of the policy's text.
    #[must_use]
    pub fn policy_digest(&self) -> &'i [u8; 32] {
        &self.header.policy_digest
    }

    /// Length of the policy's text in bytes.
    #[must_use]
    pub fn policy_bytes(&self) -> u32 {
        self.header.policy_bytes.get()
    }

    /// How many tools the policy declares; `None` where it is open, so that any tool may be called.
    #[must_use]
    pub fn tool_count(&self) -> Option<u32> {
        Some(self.header.tool_count.get()).filter(|&count| count != NONE)
    }

    /// How many roles the policy knows.
    #[must_use]
    pub fn role_count(&self) -> u32 {
        self.header.role_count.get()
    }

    /// How many rules the policy has.
    #[must_use]
    pub fn rule_count(&self) -> u32 {
        self.header.rule_count.get()
    }

    /// Whether a call that no rule speaks of is allowed, which only `perso-1` can say.
    pub(crate) fn allows_by_default(&self) -> bool {
        self.header.default_effect == crate::decision::Effect::Allow.code()
    }

    /// Whether some rule reads the source `Request`, so that an edge has to tell what it knows.
    #[must_use]
    pub fn reads_request(&self) -> bool {
        self.header.reads_request != 0
    }

    /// Whether calls may name a target of a kind that the policy does not declare.
    pub(crate) fn is_open(&self, kind: TargetKind) -> bool {
        self.catalogs.get(kind.index()).is_some_and(|catalog| catalog.record.is_open != 0)
    }

    /// The number of a target that is declared, or that a rule speaks of.
    pub(crate) fn target(&self, kind: TargetKind, name: &str) -> Option<u32> {
        let Catalog { names, record } = *self.catalogs.get(kind.index())?;
        let at = match self.find(names, name) {
            Some(slot) => slot,
            None if record.automaton.get() == NONE => return None,
            None => {
                let label = automaton::open(self, record.automaton.get())?.label(name)?;
                // Labels count from 1; 0 is no class.
                u32::try_from(names.len()).ok()?.checked_add(u32::from(label).checked_sub(1)?)?
            }
        };
        record.first.get().checked_add(at)
    }

    pub(crate) fn role(&self, name: &str) -> Option<u32> {
        self.find(self.roles, name)
    }

    /// The field `name` within `parent`, which is a slot or [`Source::root`], if some rule reads it or into it.
    pub(crate) fn field(&self, parent: u32, name: &str) -> Option<FieldRef> {
        let hash = hash_within(parent, name);
        let is_it = |field: &FieldSlot| {
            field.hash.get() == hash && field.parent.get() == parent && self.text(field.name) == Some(name)
        };
        let (slot, field) = hash_table::find(self.fields, hash, is_it)?;
        Some(FieldRef { slot, is_read: field.is_read != 0, has_children: field.has_children != 0 })
    }

    /// Whether calls of a tool may have only the arguments that its schema declares.
    pub(crate) fn is_closed(&self, tool: u32) -> bool {
        self.has_argument(tool, "", |argument| argument.name.start.get() == NONE)
    }

    /// Whether a closed tool declares an argument.
    pub(crate) fn declares(&self, tool: u32, name: &str) -> bool {
        self.has_argument(tool, name, |argument| {
            argument.name.start.get() != NONE && self.text(argument.name) == Some(name)
        })
    }

    fn has_argument(&self, tool: u32, name: &str, is_it: impl Fn(&Argument) -> bool) -> bool {
        let hash = hash_within(tool, name);
        let is_it = |argument: &Argument| argument.hash.get() == hash && argument.tool.get() == tool && is_it(argument);
        hash_table::find(self.arguments, hash, is_it).is_some()
    }

    /// The source of a field and the field as the policy spells it.
    pub(crate) fn field_name(&self, field: u32) -> Option<(Source, &'i str)> {
        if field == Source::Item.root() {
            return Some((Source::Item, ""));
        }
        let field = self.fields.get(usize::try_from(field).ok()?)?;
        Some((Source::from_code(field.source)?, self.text(field.shown)?))
    }

    /// Whether a field is read from an item, and not from the call itself.
    pub(crate) fn is_of_item(&self, field: u32) -> bool {
        let slot = usize::try_from(field).ok().and_then(|field| self.fields.get(field));
        field == Source::Item.root() || slot.is_some_and(|slot| slot.source == Source::Item.code())
    }

    /// The last name on the way to a field, and the field before it.
    pub(crate) fn field_step(&self, field: u32) -> Option<(u32, &'i str)> {
        let slot = self.fields.get(usize::try_from(field).ok()?)?;
        Some((slot.parent.get(), self.text(slot.name)?))
    }

    /// The rules that speak of a (role, target) pair, strictest effect first.
    pub(crate) fn rules_of(&self, role: u32, target: u32) -> Option<&'i [U32]> {
        let is_it = |cell: &Cell| cell.role.get() == role && cell.target.get() == target;
        let (_, cell) = hash_table::find(self.cells, hash_pair(role, target), is_it)?;
        let first = usize::try_from(cell.first.get()).ok()?;
        let count = usize::try_from(cell.count.get()).ok()?;
        self.cell_rules.get(first..first.checked_add(count)?)
    }

    pub(crate) fn rule(&self, rule: u32) -> Option<&'i Rule> {
        self.rules.get(usize::try_from(rule).ok()?)
    }

    pub(crate) fn step(&self, step: u32) -> Option<&'i Step> {
        self.steps.get(usize::try_from(step).ok()?)
    }

    pub(crate) fn number(&self, number: u32) -> Option<&'i Number> {
        self.numbers.get(usize::try_from(number).ok()?)
    }

    pub(crate) fn automaton(&self, automaton: u32) -> Option<&'i AutomatonRecord> {
        self.automata.get(usize::try_from(automaton).ok()?)
    }

    pub(crate) fn transitions(&self, start: usize, end: usize) -> Option<&'i [U16]> {
        self.transitions.get(start..end)
    }

    pub(crate) fn bytes(&self, start: usize, end: usize) -> Option<&'i [u8]> {
        self.bytes.get(start..end)
    }

    /// `count` texts from `first` on, in ascending order of their bytes.
    pub(crate) fn texts(&self, first: u32, count: u32) -> Option<&'i [TextRef]> {
        let first = usize::try_from(first).ok()?;
        self.texts.get(first..first.checked_add(usize::try_from(count).ok()?)?)
    }

    pub(crate) fn text(&self, text: TextRef) -> Option<&'i str> {
        let start = usize::try_from(text.start.get()).ok()?;
        let end = start.checked_add(usize::try_from(text.len.get()).ok()?)?;
        core::str::from_utf8(self.bytes.get(start..end)?).ok()
    }

    fn find(&self, names: &[NameSlot], name: &str) -> Option<u32> {
        let hash = hash_name(name);
        let is_it = |slot: &NameSlot| slot.hash.get() == hash && self.text(slot.text) == Some(name);
        hash_table::find(names, hash, is_it).map(|(at, _)| at)
    }
}

fn table<T>(image: &[u8], section: Section) -> Result<&[T], ImageError>
where
    T: FromBytes + Immutable + KnownLayout + Unaligned,
{
    let bounds = || {
        let start = usize::try_from(section.start.get()).ok()?;
        let end = start.checked_add(usize::try_from(section.len.get()).ok()?)?;
        image.get(start..end)
    };
    bounds().and_then(|bytes| <[T]>::ref_from_bytes(bytes).ok()).ok_or(ImageError::Damaged)
}
