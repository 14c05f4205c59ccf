//! The compiled policy: flat tables and records between texts in one byte string, read in place.
//!
//! All records have a fixed size, are little-endian and need no alignment. Opening an image therefore checks a header
//! and a few bounds, regardless of the image size, and parses, copies or allocates nothing. Every bit pattern is a
//! valid record, and every index and offset is bounds-checked. An offset outside the image leads to [`None`], and
//! [`None`] leads to Deny.

pub(crate) mod automaton;
mod bytes;
pub(crate) mod calendar;
pub(crate) mod hash_table;
pub(crate) mod index;
pub(crate) mod records;
pub(crate) mod schema;
pub(crate) mod texts;

use alloc::string::String;

use zerocopy::FromBytes as _;
use zerocopy::little_endian::U16;

use crate::image::automaton::Automaton;
use crate::image::bytes::{ImageBytes, Record};
use crate::image::calendar::{CalendarRecord, Records};
use crate::image::index::{
    ApprovalOffset, AutomatonIndex, CalendarOffset, FieldSlot, ListsOffset, NumberOffset, RoleSlot, RowOffset,
    RuleOffset, SchemaOffset, StepOffset, Stored, StoredOption, TextListOffset, ToolSlot, UrlOffset,
};
use crate::image::records::{
    ApprovalRecord, AutomatonRecord, CatalogRecord, CellRecord, CellRules, FORMAT, FieldRecord, HeaderRecord,
    ListsRecord, MAGIC, NONE, NameRecord, NumberRecord, REASON_TEMPLATES, RULE_MARK, RuleRecord, Section, StepRecord,
    TextList, TextRef, UrlRecord,
};
use crate::image::schema::{KeywordRecord, MembersRecord, PatternRecord, PropertyRecord};
use crate::image::texts::Texts;
use crate::json::name_hash::{hash_name, hash_within, is_same, name_bit, short_hash};
use crate::language::conflicts::Conflicts;
use crate::language::dialect::Dialect;
use crate::language::effect::Effect;
use crate::language::index::Index as _;
use crate::language::operators::Source;
use crate::language::target::TargetKind;

/// A field of a call, as a slot of the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldRef {
    pub(crate) slot: FieldSlot,
    pub(crate) is_read: bool,
    pub(crate) has_children: bool,
}

/// A target that is declared or that a rule matches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TargetRef {
    /// The slot of a tool whose name is in the image; the declared arguments are found with it.
    pub(crate) tool: Option<ToolSlot>,
    /// Where its row starts, if a rule matches it.
    row: Option<RowOffset>,
}

/// Why bytes are not an image that this version of callgate can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageError {
    /// The bytes do not start like an image.
    NotAnImage,
    /// The image was written by another version of callgate.
    OtherFormat,
    /// A table is outside the bytes or has a partial record, or the policy's version or digest is invalid.
    Damaged,
}

impl core::fmt::Display for ImageError {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str(match self {
            Self::NotAnImage => "these bytes are not a compiled policy",
            Self::OtherFormat => "the compiled policy is from another version of callgate; compile it again",
            Self::Damaged => "the compiled policy is damaged; compile it again",
        })
    }
}

impl core::error::Error for ImageError {}

/// The targets of one kind.
#[derive(Clone, Copy, Debug)]
struct CatalogView<'i> {
    names: &'i [NameRecord],
    record: &'i CatalogRecord,
}

/// A compiled policy, borrowed from its bytes.
#[derive(Clone, Copy, Debug)]
pub struct PolicyImage<'i> {
    header: &'i HeaderRecord,
    dialect: Dialect,
    conflicts: Conflicts,
    version: &'i str,
    policy_digest: &'i str,
    catalogs: [CatalogView<'i>; 5],
    roles: &'i [NameRecord],
    fields: &'i [FieldRecord],
    class_rows: &'i [StoredOption<RowOffset>],
    automata: &'i [AutomatonRecord],
    transitions: &'i [U16],
    schemas: &'i [StoredOption<SchemaOffset>],
    server_tools: &'i [NameRecord],
    owners: &'i [NameRecord],
    bytes: ImageBytes<'i>,
}

/// The largest number of cells that are searched linearly.
const MAX_SHORT_ROW: usize = 16;

impl<'i> PolicyImage<'i> {
    /// Opens an image in place, in constant time.
    ///
    /// # Errors
    /// The bytes are not an image, have another format, or are damaged.
    pub fn open(image: &'i [u8]) -> Result<Self, ImageError> {
        let (header, _) = HeaderRecord::ref_from_prefix(image).map_err(|_| ImageError::NotAnImage)?;
        if header.magic != MAGIC {
            return Err(ImageError::NotAnImage);
        }
        if header.format.get() != FORMAT {
            return Err(ImageError::OtherFormat);
        }
        let sections = &header.sections;
        let [tools, prompts, reads, lists, subscriptions] = &header.catalogs;
        let catalog = |record: &'i CatalogRecord| Ok(CatalogView { names: table(image, record.names)?, record });
        let bytes = ImageBytes(table(image, sections.bytes)?);
        Ok(Self {
            header,
            version: bytes.text(header.version).ok_or(ImageError::Damaged)?,
            policy_digest: hex_digits(&header.policy_digest).ok_or(ImageError::Damaged)?,
            dialect: Dialect::from_code(header.dialect).ok_or(ImageError::Damaged)?,
            conflicts: Conflicts::from_code(header.conflicts).ok_or(ImageError::Damaged)?,
            catalogs: [catalog(tools)?, catalog(prompts)?, catalog(reads)?, catalog(lists)?, catalog(subscriptions)?],
            roles: table(image, sections.roles)?,
            fields: table(image, sections.fields)?,
            class_rows: table(image, sections.class_rows)?,
            automata: table(image, sections.automata)?,
            transitions: table(image, sections.transitions)?,
            schemas: table(image, sections.schemas)?,
            server_tools: table(image, sections.server_tools)?,
            owners: table(image, sections.owners)?,
            bytes,
        })
    }

    /// The language of the policy, for people. No decision depends on it.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The `version` of the policy.
    #[must_use]
    pub fn version(&self) -> &'i str {
        self.version
    }

    /// The `description` of the policy, empty if it has none.
    #[must_use]
    pub fn description(&self) -> &'i str {
        self.text(self.header.description).unwrap_or_default()
    }

    /// SHA-256 of the policy's text, as 64 lowercase hexadecimal digits.
    #[must_use]
    pub fn policy_digest(&self) -> &'i str {
        self.policy_digest
    }

    /// Length of the policy's text in bytes.
    #[must_use]
    pub fn policy_bytes(&self) -> u32 {
        self.header.policy_bytes.get()
    }

    /// How many tools the policy declares; `None` if the policy is open, so that any tool may be called.
    #[must_use]
    pub fn tool_count(&self) -> Option<u32> {
        Some(self.header.tool_count.get()).filter(|&count| count != NONE)
    }

    /// How many roles the policy declares.
    #[must_use]
    pub fn role_count(&self) -> u32 {
        self.header.role_count.get()
    }

    /// How many rules the policy has.
    #[must_use]
    pub fn rule_count(&self) -> u32 {
        self.header.rule_count.get()
    }

    /// Whether a call that no rule matches is allowed.
    pub(crate) fn allows_by_default(&self) -> bool {
        self.header.default_effect == Effect::Allow.code()
    }

    /// Which rules for a target and a role decide.
    pub(crate) fn conflicts(&self) -> Conflicts {
        self.conflicts
    }

    /// Whether a call names one role and no list of roles.
    pub(crate) fn takes_one_role(&self) -> bool {
        self.header.takes_one_role != 0
    }

    /// Whether a call names a tool and no other target.
    pub(crate) fn takes_tools_only(&self) -> bool {
        self.header.takes_tools_only != 0
    }

    /// The reason templates, if the language of the policy has its own.
    pub(crate) fn reasons(&self) -> Option<&'i [TextRef]> {
        self.bytes.records(self.header.reasons.get()?.to_u32(), REASON_TEMPLATES)
    }

    /// Whether a rule reads the source `Request`, so that an edge must provide what it knows.
    #[must_use]
    pub fn reads_request(&self) -> bool {
        self.header.reads_request != 0
    }

    /// Whether calls may name a target of a kind that the policy does not declare.
    pub(crate) fn is_open(&self, kind: TargetKind) -> bool {
        self.catalogs.get(kind.index()).is_some_and(|catalog| catalog.record.is_open != 0)
    }

    /// The target with a name.
    pub(crate) fn target(&self, kind: TargetKind, name: &str) -> Option<TargetRef> {
        let CatalogView { names, record } = *self.catalogs.get(kind.index())?;
        let (tool, row) = match self.find(names, name) {
            Some((at, slot)) => ((kind == TargetKind::Tool).then(|| ToolSlot::from_u32(at)), slot.row),
            None => {
                let label = self.automaton(record.automaton.get()?)?.label(name)?;
                // Labels start at 1; 0 means no class.
                let class = record.first_class.get().checked_add(u32::from(label).checked_sub(1)?)?;
                (None, *self.class_rows.get(usize::try_from(class).ok()?)?)
            }
        };
        Some(TargetRef { tool, row: row.get() })
    }

    /// Whether servers own tools.
    #[inline]
    pub(crate) fn has_server_tools(&self) -> bool {
        !self.server_tools.is_empty()
    }

    /// The tool that a server owns.
    pub(crate) fn server_tool(&self, server: &str, tool: &str) -> Option<TargetRef> {
        let (at, slot) = self.find(self.server_tools, &server_tool_key(server, tool))?;
        let [tools, ..] = &self.catalogs;
        let at = u32::try_from(tools.names.len()).ok()?.checked_add(at)?;
        Some(TargetRef { tool: Some(ToolSlot::from_u32(at)), row: slot.row.get() })
    }

    /// The servers that own a tool of this name, as a text.
    pub(crate) fn owners(&self, tool: &str) -> Option<&'i str> {
        let (_, slot) = self.find(self.owners, tool)?;
        self.first_text(TextListOffset::from_u32(slot.row.get()?.to_u32()))
    }

    pub(crate) fn role(&self, name: &str) -> Option<RoleSlot> {
        self.find(self.roles, name).map(|(at, _)| RoleSlot::from_u32(at))
    }

    /// Whether a name with this hash may lead to a field that a rule reads; most names cannot.
    #[inline]
    pub(crate) fn may_name_field(&self, hash: u64) -> bool {
        self.header.field_names.get() & name_bit(hash) != 0
    }

    /// The field `name` inside `parent`, if a rule reads it or a field inside it.
    pub(crate) fn field(&self, parent: FieldSlot, name: &[u8], hash: u64) -> Option<FieldRef> {
        let hash = hash_within(parent.to_u32(), hash);
        let is_it = |field: &FieldRecord| {
            field.hash.get() == hash && field.parent.get() == parent && self.is_text(field.name, name)
        };
        let (slot, field) = hash_table::find(self.fields, hash, is_it)?;
        let slot = FieldSlot::from_u32(slot);
        Some(FieldRef { slot, is_read: field.is_read != 0, has_children: field.has_children != 0 })
    }

    /// Whether the schema of a tool is enforced.
    pub(crate) fn has_schemas(&self) -> bool {
        !self.schemas.is_empty()
    }

    /// The schema that the arguments of a tool must conform to, if it is enforced.
    #[inline]
    pub(crate) fn schema_of(&self, tool: ToolSlot) -> Option<SchemaOffset> {
        self.schemas.get(tool.to_usize())?.get()
    }

    /// The keywords of a schema.
    pub(crate) fn keywords(&self, schema: SchemaOffset) -> Option<&'i [KeywordRecord]> {
        self.bytes.counted(schema.to_u32())
    }

    /// `count` schemas that a keyword refers to.
    pub(crate) fn schemas(&self, place: u32, count: u32) -> Option<&'i [Stored<SchemaOffset>]> {
        self.bytes.records(place, count)
    }

    pub(crate) fn members(&self, place: u32) -> Option<&'i MembersRecord> {
        self.bytes.record(place)
    }

    /// The slots of the members that a schema declares.
    pub(crate) fn properties(&self, members: &MembersRecord) -> Option<&'i [PropertyRecord]> {
        self.bytes.counted(members.properties.get())
    }

    /// The member `name` among these slots.
    #[inline]
    pub(crate) fn property(&self, slots: &'i [PropertyRecord], name: &[u8], hash: u64) -> Option<&'i PropertyRecord> {
        let hash = short_hash(hash);
        let is_it = |slot: &PropertyRecord| slot.hash.get() == hash && self.is_text(slot.name, name);
        hash_table::find(slots, hash, is_it).map(|(_, property)| property)
    }

    /// The patterns of names that a schema declares.
    pub(crate) fn patterns(&self, members: &MembersRecord) -> Option<&'i [PatternRecord]> {
        self.bytes.counted(members.patterns.get())
    }

    /// The source of a field, and the field as the policy spells it.
    pub(crate) fn field_name(&self, field: FieldSlot) -> Option<(Source, &'i str)> {
        if field == FieldSlot::root(Source::Item) {
            return Some((Source::Item, ""));
        }
        let field = self.fields.get(field.to_usize())?;
        Some((Source::from_code(field.source)?, self.text(field.shown)?))
    }

    /// Whether a field is read from an item, and not from the call itself.
    pub(crate) fn is_of_item(&self, field: FieldSlot) -> bool {
        let record = self.fields.get(field.to_usize());
        field == FieldSlot::root(Source::Item) || record.is_some_and(|record| record.source == Source::Item.code())
    }

    /// The last name on the way to a field, and the field before it.
    pub(crate) fn field_step(&self, field: FieldSlot) -> Option<(FieldSlot, &'i str)> {
        let record = self.fields.get(field.to_usize())?;
        Some((record.parent.get(), self.text(record.name)?))
    }

    /// The rules that match a role and a target, strictest effect first.
    pub(crate) fn rules_of(&self, role: RoleSlot, target: TargetRef) -> Option<&'i [Stored<RuleOffset>]> {
        let mut row: &[CellRecord] = match target.row {
            None => &[],
            Some(row) => self.bytes.counted(row.to_u32())?,
        };
        // Most rows are short, and a linear search of a short row is faster than a binary one.
        while row.len() > MAX_SHORT_ROW {
            let (low, high) = row.split_at_checked(row.len() >> 1)?;
            row = if high.first().is_some_and(|first| first.role.get() <= role) { high } else { low };
        }
        let Some(cell) = row.iter().find(|cell| cell.role.get() == role) else { return Some(&[]) };
        match cell.rules() {
            CellRules::One(rule) => Some(core::slice::from_ref(rule)),
            CellRules::Many(list) => self.bytes.counted(list.to_u32()),
        }
    }

    pub(crate) fn rule(&self, rule: RuleOffset) -> Option<&'i RuleRecord> {
        self.bytes.record(rule.to_u32()).filter(|rule: &&RuleRecord| rule.mark == RULE_MARK)
    }

    pub(crate) fn step(&self, step: StepOffset) -> Option<&'i StepRecord> {
        self.bytes.record(step.to_u32())
    }

    pub(crate) fn number(&self, number: NumberOffset) -> Option<&'i NumberRecord> {
        self.bytes.record(number.to_u32())
    }

    /// An automaton, if it is complete.
    pub(crate) fn automaton(&self, automaton: AutomatonIndex) -> Option<Automaton<'i>> {
        let record = self.automata.get(automaton.to_usize())?;
        let states = usize::try_from(record.states.get()).ok()?;
        let class_count = usize::try_from(record.class_count.get()).ok()?;
        let first = usize::try_from(record.first.get()).ok()?;
        let classes = usize::try_from(record.classes.get()).ok()?;
        let labels = first.checked_add(states.checked_mul(class_count)?)?;
        Some(Automaton {
            classes: self.bytes(classes, classes.checked_add(256)?)?,
            next: self.transitions(first, labels)?,
            class_count,
            labels: self.transitions(labels, labels.checked_add(states)?)?,
        })
    }

    pub(crate) fn transitions(&self, start: usize, end: usize) -> Option<&'i [U16]> {
        self.transitions.get(start..end)
    }

    pub(crate) fn bytes(&self, start: usize, end: usize) -> Option<&'i [u8]> {
        self.bytes.0.get(start..end)
    }

    /// The texts of a list.
    pub(crate) fn texts(&self, list: TextList) -> Option<Texts<'i>> {
        let texts = self.bytes.records(list.first.get().to_u32(), list.count.get())?;
        Some(Texts::new(self.bytes, texts))
    }

    /// The first text of a list.
    pub(crate) fn first_text(&self, list: TextListOffset) -> Option<&'i str> {
        self.text(*self.bytes.record(list.to_u32())?)
    }

    pub(crate) fn url(&self, url: UrlOffset) -> Option<&'i UrlRecord> {
        self.bytes.record(url.to_u32())
    }

    pub(crate) fn approval(&self, approval: ApprovalOffset) -> Option<&'i ApprovalRecord> {
        self.bytes.record(approval.to_u32())
    }

    pub(crate) fn lists(&self, lists: ListsOffset) -> Option<&'i ListsRecord> {
        self.bytes.record(lists.to_u32())
    }

    pub(crate) fn calendar(&self, calendar: CalendarOffset) -> Option<&'i CalendarRecord> {
        self.bytes.record(calendar.to_u32())
    }

    pub(crate) fn records_at<T: Record>(&self, records: Records) -> Option<&'i [T]> {
        self.bytes.records(records.start.get(), records.count.get())
    }

    pub(crate) fn text(&self, text: TextRef) -> Option<&'i str> {
        self.bytes.text(text)
    }

    /// Whether a text has these bytes, without the cost of a UTF-8 check.
    #[inline]
    fn is_text(&self, text: TextRef, expected: &[u8]) -> bool {
        self.bytes.bytes(text).is_some_and(|text| is_same(text, expected))
    }

    fn find(&self, names: &'i [NameRecord], name: &str) -> Option<(u32, &'i NameRecord)> {
        let name = name.as_bytes();
        let hash = short_hash(hash_name(name));
        let is_it = |slot: &NameRecord| slot.hash.get() == hash && self.is_text(slot.text, name);
        hash_table::find(names, hash, is_it)
    }
}

/// The name of a tool that a server owns in the table of these tools.
///
/// The name of a declared server or tool has no NUL, so no other pair of a server and a tool has the same key.
pub(crate) fn server_tool_key(server: &str, tool: &str) -> String {
    [server, "\0", tool].concat()
}

/// The bytes as text, if all are lowercase hexadecimal digits.
fn hex_digits(bytes: &[u8]) -> Option<&str> {
    // Without a branch, this is several times faster than an exit at the first mismatch.
    let are_digits = bytes.iter().fold(true, |are, byte| are & matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    core::str::from_utf8(bytes).ok().filter(|_| are_digits)
}

fn table<T: Record>(image: &[u8], section: Section) -> Result<&[T], ImageError> {
    let bounds = || {
        let start = usize::try_from(section.start.get()).ok()?;
        let end = start.checked_add(usize::try_from(section.len.get()).ok()?)?;
        image.get(start..end)
    };
    bounds().and_then(|bytes| <[T]>::ref_from_bytes(bytes).ok()).ok_or(ImageError::Damaged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{compile, parse, validate};
    use alloc::collections::BTreeMap;
    use alloc::format;
    use alloc::vec::Vec;

    /// Two names of equal length that a table can only distinguish by their texts.
    fn names_that_hash_alike(prefix: &str) -> (String, String) {
        let mut seen = BTreeMap::new();
        let mut names = (0..1_000_000).map(|at| format!("{prefix}{at:06}"));
        let alike = names.find_map(|name| {
            let earlier = seen.insert(short_hash(hash_name(name.as_bytes())), name.clone())?;
            Some((earlier, name))
        });
        alike.expect("among so many names two hash alike")
    }

    #[test]
    fn a_name_does_not_pass_for_another_that_hashes_alike() {
        // One prefix for each length with its own comparison.
        for prefix in ["n", "argument", "the_argument_of_a_long_name"] {
            check_alike(names_that_hash_alike(prefix));
        }
    }

    #[track_caller]
    fn check_alike((known, other): (String, String)) {
        let hash = |name: &str| hash_name(name.as_bytes());
        assert_eq!(short_hash(hash(&known)), short_hash(hash(&other)));
        let policy = format!(
            r#"{{"version":"callgate-1","roles":{{"{known}":{{}}}},
                "tools":[{{"name":"{known}","inputSchema":{{"properties":{{"{known}":{{}}}},"additionalProperties":false}}}}],
                "rules":[{{"effect":"Allow","tool_name":"{known}","roles":["{known}"],"condition":
                    {{"FieldPresent":{{"source":"Arguments","field":"{known}"}}}}}}]}}"#
        );
        let bytes = compile(&parse(&policy).and_then(validate).expect("a valid policy"));
        let image = PolicyImage::open(&bytes).expect("an image");
        let conforms = |name: &str| {
            let arguments = format!(r#"{{"{name}":0}}"#);
            image.conforms(&known, crate::json::read(arguments.as_bytes(), 2).expect("JSON")).expect("a schema")
        };
        let arguments = FieldSlot::root(Source::Arguments);
        assert!(image.role(&known).is_some() && image.role(&other).is_none());
        assert!(image.target(TargetKind::Tool, &other).is_none());
        assert!(conforms(&known) && !conforms(&other));
        assert!(image.field(arguments, known.as_bytes(), hash(&known)).is_some());
        assert!(image.field(arguments, other.as_bytes(), hash(&other)).is_none());
    }

    #[test]
    fn a_row_that_does_not_lie_in_the_image_is_not_one_without_rules() {
        let policy =
            r#"{"version":"callgate-1","roles":{"r":{}},"rules":[{"effect":"Allow","tool_name":"t","roles":["r"]}]}"#;
        let bytes = compile(&parse(policy).and_then(validate).expect("a valid policy"));
        let image = PolicyImage::open(&bytes).expect("an image");
        let (role, tool) = (image.role("r").expect("a role"), image.target(TargetKind::Tool, "t").expect("a tool"));
        let count = |row: Option<u32>| {
            let row = row.map(RowOffset::from_u32);
            image.rules_of(role, TargetRef { row, ..tool }).map(<[_]>::len)
        };
        let end = u32::try_from(image.bytes.0.len()).expect("an image that is not large");
        assert_eq!((count(tool.row.map(RowOffset::to_u32)), count(None)), (Some(1), Some(0)));
        // After the bytes, and just before their end, so that no row fits.
        assert_eq!((count(Some(end)), count(Some(end + 1)), count(Some(end - 1))), (None, None, None));
        // Only the offset of a rule is accepted as a rule.
        let rule = image.rules_of(role, tool).and_then(<[_]>::first).expect("a rule").get();
        assert!((0..end).map(RuleOffset::from_u32).all(|place| image.rule(place).is_some() == (place == rule)));
    }

    #[test]
    fn each_of_many_roles_has_its_rules() {
        let names: Vec<String> = (0..50).map(|at| format!("role{at}")).collect();
        let roles: Vec<String> = names.iter().map(|name| format!(r#""{name}":{{}}"#)).collect();
        // Every third role has no rule, and every fifth two.
        let rules: Vec<String> = names
            .iter()
            .enumerate()
            .filter(|(at, _)| at % 3 != 0)
            .flat_map(|(at, name)| {
                let rule = |effect| format!(r#"{{"effect":"{effect}","tool_name":"t","roles":["{name}"]}}"#);
                let second = (at % 5 == 0).then(|| rule("Deny"));
                [rule("Allow")].into_iter().chain(second)
            })
            .collect();
        let policy =
            format!(r#"{{"version":"callgate-1","roles":{{{}}},"rules":[{}]}}"#, roles.join(","), rules.join(","));
        let bytes = compile(&parse(&policy).and_then(validate).expect("a valid policy"));
        let image = PolicyImage::open(&bytes).expect("an image");
        let tool = image.target(TargetKind::Tool, "t").expect("a tool");
        for (at, name) in names.iter().enumerate() {
            let rules = image.rules_of(image.role(name).expect("a role"), tool).expect("a row");
            let effects: Vec<_> = rules.iter().map(|rule| image.rule(rule.get()).expect("a rule").effect).collect();
            let (allow, deny) = (Effect::Allow.code(), Effect::Deny.code());
            let expected = match (at % 3, at % 5) {
                (0, _) => Vec::new(),
                (_, 0) => Vec::from([deny, allow]),
                _ => Vec::from([allow]),
            };
            assert_eq!(effects, expected, "{name}");
        }
    }
}
