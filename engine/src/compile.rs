//! Valid policy to image: names become slots, and what the rules say of them rows.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;
use std::collections::HashMap;

use sha2::{Digest as _, Sha256};
use zerocopy::IntoBytes as _;
use zerocopy::little_endian::{I64, U16, U32, U64};

use crate::catalog::Catalog;
use crate::compile_condition::{collect_fields, whole_condition};
use crate::compile_rows::Rows;
use crate::condition::Field;
use crate::document::{Rule as DocumentRule, Tool};
use crate::hash_table::{self, hash_name, hash_within, name_bit, short_hash};
use crate::names;
use crate::predicate::Source;
use crate::records::{
    Argument, AutomatonRecord, CLOSED, CatalogRecord, FORMAT, FieldSlot, Header, MAGIC, NO_TEXT, NONE, NameSlot,
    Number, RULE_MARK, Rule, Section, Sections, Step, TextRef,
};
use crate::regex::{self, Tables};
use crate::request::SERVER_FIELD;
use crate::validate::{Target, ValidPolicy};

/// Compiles a policy. The same text gives the same bytes, on every machine.
///
/// # Panics
/// Never.
#[must_use]
pub fn compile(policy: &ValidPolicy<'_>) -> Vec<u8> {
    let mut writer = Writer::default();
    let document = &policy.document;
    // What every decision reads comes first, so that it lies on few pages however large the policy is.
    let version = writer.text(&document.version);
    let roles = writer.names(&policy.roles);
    writer.collect_fields(&document.rules);

    // The strictest effect first, so that the first rule that applies decides; then by `id`, or by the text of a rule
    // without one, so that the order of the rules means nothing.
    let mut order: Vec<usize> = (0..document.rules.len()).collect();
    let id_of = |rule: &DocumentRule| rule.id.as_ref().map(|id| id.value.clone());
    let text_of = |rule: &DocumentRule| document.text.get(rule.span.clone());
    order.sort_by_cached_key(|&at| {
        document.rules.get(at).map(|rule| (Reverse(rule.effect), id_of(rule), text_of(rule)))
    });
    let mut number_of = alloc::vec![NONE; order.len()];
    for (number, &at) in order.iter().enumerate() {
        if let Some(slot) = number_of.get_mut(at) {
            *slot = index(number);
        }
    }

    // What is read one after the other lies side by side: the name of a target, its row, and the rule which speaks of it.
    let mut rows = Rows::collect(policy, &roles.slot_of, &number_of);
    for &at in &order {
        let (Some(rule), Some(targets)) = (document.rules.get(at), policy.rule_targets.get(at)) else { continue };
        for &target in targets {
            if rows.place_of(target) == NONE {
                let catalog = policy.catalogs.get(target.kind.index());
                if let Some(name) = catalog.and_then(|catalog| catalog.names.words.get(names::place(target.at))) {
                    writer.text(name);
                }
                rows.take_place(target, &mut writer.bytes);
            }
        }
        writer.rule(rule);
    }
    let catalogs = writer.catalogs(&policy.catalogs, &rows);
    let [tools, ..] = &catalogs;
    writer.collect_arguments(document.tools.as_deref().unwrap_or_default(), &tools.names);
    rows.fill_in(&writer.rule_places, &mut writer.bytes);

    let description = writer.text(&document.description);
    let header = Header {
        magic: MAGIC,
        format: U32::new(FORMAT),
        dialect: document.dialect.code(),
        default_effect: document.default_effect.code(),
        reads_request: u8::from(writer.field_slots.keys().any(|(source, path)| {
            // The server is the one field of the source that the call brings itself.
            *source == Source::Request && path.first().is_some_and(|name| name != SERVER_FIELD)
        })),
        reserved: 0,
        policy_digest: hex_digest(document.text),
        policy_bytes: U32::new(index(document.text.len())),
        version,
        description,
        tool_count: U32::new(tool_count(policy)),
        role_count: U32::new(index(policy.roles.len())),
        rule_count: U32::new(index(document.rules.len())),
        field_names: U64::new(writer.field_names),
        catalogs: [NO_CATALOG; 5],
        sections: NO_SECTIONS,
    };
    writer.finish(header, &catalogs, &roles.slots)
}

/// SHA-256 of a text in hexadecimal digits.
fn hex_digest(text: &str) -> [u8; 64] {
    let mut digits = [0; 64];
    // INVARIANT: a digest has 32 bytes, each of two digits, so they fit.
    let _fitting = base16ct::lower::encode(&Sha256::digest(text.as_bytes()), &mut digits);
    digits
}

/// How many tools can be called, or [`NONE`] where any can.
fn tool_count(policy: &ValidPolicy<'_>) -> u32 {
    let [tools, ..] = &policy.catalogs;
    if tools.declared.is_some() { tools.names.len() } else { NONE }
}

const NO_SECTION: Section = Section { start: U32::ZERO, len: U32::ZERO };
const NO_SECTIONS: Sections = Sections {
    roles: NO_SECTION,
    fields: NO_SECTION,
    class_rows: NO_SECTION,
    automata: NO_SECTION,
    transitions: NO_SECTION,
    arguments: NO_SECTION,
    bytes: NO_SECTION,
};

const NO_CATALOG: CatalogRecord =
    CatalogRecord { names: NO_SECTION, automaton: U32::ZERO, first_class: U32::ZERO, is_open: 0, reserved: [0; 3] };

/// A count or an index as the image holds it.
pub(crate) fn index(value: usize) -> u32 {
    // INVARIANT: what a policy grows to is below 2^31 bytes, but for the transitions of its expressions, and an image that
    // they make too large can't be opened.
    u32::try_from(value).unwrap_or(NONE)
}

/// A hash table of names and where each of them went.
struct NameTable {
    slots: Vec<NameSlot>,
    /// The slot of the name that came first, second and so on.
    slot_of: Vec<u32>,
}

/// The targets of one kind as they go into the image.
struct CatalogTable {
    names: NameTable,
    automaton: u32,
    /// Where the rows of its classes start among those of all.
    first_class: u32,
    is_open: bool,
}

/// The tables of an image as they grow.
#[derive(Default)]
pub(crate) struct Writer {
    fields: Vec<FieldSlot>,
    field_names: u64,
    field_slots: HashMap<(Source, Vec<String>), u32>,
    class_rows: Vec<U32>,
    /// Where the rules lie, by their numbers.
    rule_places: Vec<u32>,
    /// The steps of the condition that is being written.
    pub(crate) steps: Vec<Step>,
    /// The place of each condition, by the bytes of its steps.
    conditions: HashMap<Vec<u8>, u32>,
    number_places: HashMap<String, u32>,
    automata: Vec<AutomatonRecord>,
    automaton_indices: HashMap<Vec<String>, u32>,
    transitions: Vec<U16>,
    arguments: Vec<Argument>,
    text_lists: HashMap<Vec<String>, u32>,
    bytes: Vec<u8>,
    text_refs: HashMap<String, TextRef>,
}

impl Writer {
    fn text(&mut self, text: &str) -> TextRef {
        if let Some(&known) = self.text_refs.get(text) {
            return known;
        }
        let start = U32::new(index(self.bytes.len()));
        self.bytes.extend_from_slice(text.as_bytes());
        let new = TextRef { start, len: U32::new(index(text.len())) };
        self.text_refs.insert(text.into(), new);
        new
    }

    fn names(&mut self, names: &[String]) -> NameTable {
        let mut slots = hash_table::table(names.len());
        let mut slot_of = Vec::with_capacity(names.len());
        for name in names {
            let hash = short_hash(hash_name(name.as_bytes()));
            let entry = NameSlot { hash: U32::new(hash), text: self.text(name), row: U32::new(NONE) };
            slot_of.push(hash_table::insert(&mut slots, hash, entry).unwrap_or(NONE));
        }
        NameTable { slots, slot_of }
    }

    fn catalogs(&mut self, catalogs: &[Catalog; 5], rows: &Rows) -> [CatalogTable; 5] {
        catalogs.each_ref().map(|catalog| {
            let kind = catalog.kind;
            let mut names = self.names(&catalog.names.words);
            for (at, &slot) in (0_u32..).zip(&names.slot_of) {
                if let Some(slot) = names.slots.get_mut(names::place(slot)) {
                    slot.row = U32::new(rows.place_of(Target { kind, at }));
                }
            }
            let classes = catalog.automaton.as_ref().map_or(0, |tables| tables.matched.len());
            let first_class = index(self.class_rows.len());
            for at in (catalog.names.len()..).take(classes) {
                self.class_rows.push(U32::new(rows.place_of(Target { kind, at })));
            }
            let automaton = catalog.automaton.as_ref().map_or(NONE, |tables| self.automaton(tables));
            CatalogTable { names, automaton, first_class, is_open: catalog.declared.is_none() }
        })
    }

    fn collect_fields(&mut self, rules: &[DocumentRule]) {
        // Every name on the way to a field, with the field's spelling where a rule reads it. Shorter paths come first,
        // so that the slot of the name before is known.
        let conditions: Vec<_> = rules.iter().filter_map(whole_condition).collect();
        let mut nodes: BTreeMap<(usize, Source, &[String]), Option<&str>> = BTreeMap::new();
        let mut fields = Vec::new();
        for condition in &conditions {
            collect_fields(condition, &mut fields);
        }
        for field in fields {
            for length in 1..=field.path.len() {
                let prefix = field.path.get(..length).unwrap_or_default();
                let shown = nodes.entry((length, field.source, prefix)).or_default();
                if length == field.path.len() {
                    // One field may be spelled as a name and as a pointer; the order of the rules must not tell.
                    *shown = Some(shown.map_or(&*field.name.value, |other| other.max(&field.name.value)));
                }
            }
        }
        self.fields = hash_table::table(nodes.len());
        for ((_, source, path), shown) in nodes {
            let Some((name, before)) = path.split_last() else { continue };
            let parent = self.field_slots.get(&(source, before.to_vec())).copied();
            if let Some(parent) = parent.and_then(|parent| self.field_slot(parent)) {
                parent.has_children = 1;
            }
            let parent = parent.unwrap_or_else(|| source.root());
            let hash = hash_name(name.as_bytes());
            self.field_names |= name_bit(hash);
            let hash = hash_within(parent, hash);
            let field = FieldSlot {
                hash: U32::new(hash),
                parent: U32::new(parent),
                name: self.text(name),
                shown: self.text(shown.unwrap_or_default()),
                source: source.code(),
                is_read: u8::from(shown.is_some()),
                has_children: 0,
                reserved: 0,
            };
            let slot = hash_table::insert(&mut self.fields, hash, field).unwrap_or(NONE);
            self.field_slots.insert((source, path.to_vec()), slot);
        }
    }

    /// Tools in the order in which they are declared, which is that of their numbers in `table`.
    fn collect_arguments(&mut self, tools: &[Tool], table: &NameTable) {
        let mut entries: Vec<(u32, Option<&str>)> = Vec::new();
        for (number, tool) in (0_u32..).zip(tools) {
            if let Some(schema) = tool.schema.as_ref().filter(|schema| schema.is_closed) {
                let tool = table.slot_of.get(names::place(number)).copied().unwrap_or(NONE);
                entries.push((tool, None));
                entries.extend(schema.properties.iter().map(|property| (tool, Some(property.name.as_str()))));
            }
        }
        let mut slots = hash_table::table(entries.len());
        for (tool, name) in entries {
            let hash = hash_within(tool, name.map_or(CLOSED, |name| hash_name(name.as_bytes())));
            let name = name.map_or(NO_TEXT, |name| self.text(name));
            hash_table::insert(&mut slots, hash, Argument { hash: U32::new(hash), tool: U32::new(tool), name });
        }
        self.arguments = slots;
    }

    fn field_slot(&mut self, slot: u32) -> Option<&mut FieldSlot> {
        self.fields.get_mut(usize::try_from(slot).ok()?)
    }

    pub(crate) fn field(&self, field: &Field) -> U32 {
        if field.path.is_empty() {
            return U32::new(field.source.root());
        }
        U32::new(self.field_slots.get(&(field.source, field.path.clone())).copied().unwrap_or(NONE))
    }

    fn rule(&mut self, rule: &DocumentRule) {
        let id = self.text(&rule.name());
        let condition = match whole_condition(rule) {
            None => NONE,
            Some(condition) => {
                self.steps.clear();
                self.condition(&condition);
                // Many rules have the same condition.
                *self.conditions.entry(self.steps.as_bytes().to_vec()).or_insert_with_key(|steps| {
                    let place = index(self.bytes.len());
                    self.bytes.extend_from_slice(steps);
                    place
                })
            }
        };
        let reason = rule.reason.as_ref().map_or(NONE, |reason| self.list(Vec::from([reason.value.clone()])));
        self.rule_places.push(index(self.bytes.len()));
        let record = Rule {
            id,
            condition: U32::new(condition),
            reason: U32::new(reason),
            effect: rule.effect.code(),
            hides_condition: u8::from(rule.hides_condition),
            mark: RULE_MARK,
        };
        self.bytes.extend_from_slice(record.as_bytes());
    }

    /// Gives a step its texts, in ascending order of their bytes.
    pub(crate) fn set_texts(&mut self, step: &mut Step, texts: impl Iterator<Item = String>) {
        let mut list: Vec<String> = texts.collect();
        list.sort_unstable();
        list.dedup();
        step.count = U32::new(index(list.len()));
        step.operand = U32::new(self.list(list));
    }

    /// The automaton of regular expressions, which `validate` found to be right.
    pub(crate) fn expression(&mut self, expressions: Vec<String>) -> u32 {
        if let Some(&known) = self.automaton_indices.get(&expressions) {
            return known;
        }
        let at = regex::build(&expressions).map_or(NONE, |tables| self.automaton(&tables));
        self.automaton_indices.insert(expressions, at);
        at
    }

    fn automaton(&mut self, tables: &Tables) -> u32 {
        let record = AutomatonRecord {
            classes: U32::new(index(self.bytes.len())),
            class_count: U32::new(index(tables.class_count)),
            states: U32::new(index(tables.labels.len())),
            first: U32::new(index(self.transitions.len())),
        };
        self.bytes.extend_from_slice(&tables.classes);
        self.transitions.extend(tables.next.iter().chain(&tables.labels).copied().map(U16::new));
        let at = index(self.automata.len());
        self.automata.push(record);
        at
    }

    pub(crate) fn number(&mut self, text: &str) -> u32 {
        if let Some(&known) = self.number_places.get(text) {
            return known;
        }
        let integer = if text.len() <= 18 { text.parse().unwrap_or(i64::MIN) } else { i64::MIN };
        let binary64 = text.parse::<f64>().unwrap_or(f64::NAN).to_bits();
        let number = Number { text: self.text(text), binary64: U64::new(binary64), integer: I64::new(integer) };
        let at = index(self.bytes.len());
        self.bytes.extend_from_slice(number.as_bytes());
        self.number_places.insert(text.into(), at);
        at
    }

    fn list(&mut self, list: Vec<String>) -> u32 {
        if let Some(&known) = self.text_lists.get(&list) {
            return known;
        }
        let texts: Vec<TextRef> = list.iter().map(|text| self.text(text)).collect();
        let at = index(self.bytes.len());
        self.bytes.extend_from_slice(texts.as_bytes());
        self.text_lists.insert(list, at);
        at
    }

    fn finish(self, mut header: Header, catalogs: &[CatalogTable; 5], roles: &[NameSlot]) -> Vec<u8> {
        let mut image = header.as_bytes().to_vec();
        let mut append = |table: &[u8]| {
            let section = Section { start: U32::new(index(image.len())), len: U32::new(index(table.len())) };
            image.extend_from_slice(table);
            section
        };
        // What every decision reads comes first, and with it the texts, which start with the policy's version.
        header.sections = Sections {
            roles: append(roles.as_bytes()),
            fields: append(self.fields.as_bytes()),
            bytes: append(&self.bytes),
            automata: append(self.automata.as_bytes()),
            transitions: append(self.transitions.as_bytes()),
            arguments: append(self.arguments.as_bytes()),
            class_rows: append(self.class_rows.as_bytes()),
        };
        header.catalogs = catalogs.each_ref().map(|catalog| CatalogRecord {
            names: append(catalog.names.slots.as_bytes()),
            automaton: U32::new(catalog.automaton),
            first_class: U32::new(catalog.first_class),
            is_open: u8::from(catalog.is_open),
            reserved: [0; 3],
        });
        let written = header.as_bytes();
        if let Some(front) = image.get_mut(..written.len()) {
            front.copy_from_slice(written);
        }
        image
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::PolicyImage;
    use crate::{TargetKind, parse, validate};

    #[test]
    fn rules_with_equal_conditions_share_their_steps() {
        let rule = |id: &str, limit: u32| {
            let check = |field| {
                alloc::format!(
                    r#"{{"NumericCheck":{{"source":"Arguments","field":"{field}","op":"Lte","value":{limit}}}}}"#
                )
            };
            alloc::format!(
                r#"{{"id":"{id}","effect":"Allow","tool_name":"{id}","roles":["r"],"condition":{{"All":[{},{}]}}}}"#,
                check("amount"),
                check("count")
            )
        };
        let rules = [rule("a", 5), rule("b", 6), rule("c", 5)].join(",");
        let text = alloc::format!(r#"{{"version":"callgate-1","roles":{{"r":{{}}}},"rules":[{rules}]}}"#);
        let bytes = compile(&parse(&text).and_then(validate).expect("a valid policy"));
        let image = PolicyImage::open(&bytes).expect("an image");
        let role = image.role("r").expect("a role");
        let conditions = ["a", "b", "c"].map(|tool| {
            let tool = image.target(TargetKind::Tool, tool).expect("a tool");
            let rules = image.rules_of(role, tool).expect("a row");
            image.rule(rules.first().expect("a rule").get()).expect("a rule").condition.get()
        });
        let [first, second, third] = conditions;
        assert_eq!(first, third);
        assert_ne!(first, second);
        let checks = conditions.map(|at| image.step(at).expect("a step").len.get());
        assert_eq!(checks, [3, 3, 3]);
    }
}
