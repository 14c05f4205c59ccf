//! The tables of an image during compilation.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use hashbrown::{HashMap, HashSet};
use zerocopy::IntoBytes as _;
use zerocopy::little_endian::{I64, U16, U32, U64};

use crate::compile::rows::Rows;
use crate::condition::check::Encoder as _;
use crate::image::hash_table;
use crate::image::index::{
    ApprovalOffset, AutomatonIndex, FieldSlot, NumberOffset, RowOffset, RuleOffset, SchemaOffset, StepOffset,
    StoredOption, TextListOffset, ToolSlot,
};
use crate::image::records::{
    ApprovalRecord, AutomatonRecord, CatalogRecord, FieldRecord, HeaderRecord, NONE, NameRecord, NumberRecord,
    RULE_MARK, RuleRecord, Section, Sections, StepRecord, TextRef, to_u32,
};
use crate::image::server_tool_key;
use crate::json::name_hash::{hash_name, short_hash};
use crate::language::index::Index;
use crate::language::operators::Source;
use crate::policy::automaton::{self, Tables};
use crate::policy::check::catalog::Catalog;
use crate::policy::check::target::RuleTarget;
use crate::policy::document::{Approval, Rule};
use crate::policy::semantics::Semantics;
use crate::policy::text::diagnostic::quoted_or;

/// A hash table of names and the slot of each.
pub(crate) struct NameSlots<S> {
    pub(crate) records: Vec<NameRecord>,
    /// The slot of the name that came first, second and so on.
    pub(crate) slots: Vec<S>,
}

/// The targets of one kind during compilation.
pub(crate) struct CatalogTable {
    pub(crate) names: NameSlots<ToolSlot>,
    /// The tools that servers own.
    server_tools: Vec<NameRecord>,
    automaton: Option<AutomatonIndex>,
    /// Where the rows of its classes start in the table of class rows.
    first_class: u32,
    is_open: bool,
}

/// The tables of an image during compilation.
pub(crate) struct Writer {
    pub(crate) semantics: &'static Semantics,
    pub(crate) fields: Vec<FieldRecord>,
    pub(crate) field_names: u64,
    pub(crate) field_slots: HashMap<(Source, Vec<String>), FieldSlot>,
    /// The fields that a `PathCheck` reads.
    pub(crate) path_fields: HashSet<(Source, Vec<String>)>,
    pub(crate) class_rows: Vec<StoredOption<RowOffset>>,
    /// Where the rules start, by their numbers.
    pub(crate) rule_offsets: Vec<RuleOffset>,
    /// The steps of the condition that is being written.
    pub(crate) steps: Vec<StepRecord>,
    /// Where each condition starts, by the bytes of its steps.
    conditions: HashMap<Vec<u8>, StepOffset>,
    numbers: HashMap<String, NumberOffset>,
    /// Where the records of checks start, by their bytes.
    pub(crate) shared_records: HashMap<Vec<u8>, u32>,
    automata: Vec<AutomatonRecord>,
    automaton_indices: HashMap<Vec<String>, Option<AutomatonIndex>>,
    transitions: Vec<U16>,
    /// Where the schema of each tool starts, by the tool's slot.
    pub(crate) schemas: Vec<StoredOption<SchemaOffset>>,
    text_lists: HashMap<Vec<String>, TextListOffset>,
    pub(crate) bytes: Vec<u8>,
    text_refs: HashMap<String, TextRef>,
}

impl Writer {
    pub(crate) fn new(semantics: &'static Semantics) -> Self {
        Self {
            semantics,
            fields: Vec::new(),
            field_names: 0,
            field_slots: HashMap::new(),
            path_fields: HashSet::new(),
            class_rows: Vec::new(),
            rule_offsets: Vec::new(),
            steps: Vec::new(),
            conditions: HashMap::new(),
            numbers: HashMap::new(),
            shared_records: HashMap::new(),
            automata: Vec::new(),
            automaton_indices: HashMap::new(),
            transitions: Vec::new(),
            schemas: Vec::new(),
            text_lists: HashMap::new(),
            bytes: Vec::new(),
            text_refs: HashMap::new(),
        }
    }

    pub(crate) fn text(&mut self, text: &str) -> TextRef {
        if let Some(&known) = self.text_refs.get(text) {
            return known;
        }
        let start = U32::new(to_u32(self.bytes.len()));
        self.bytes.extend_from_slice(text.as_bytes());
        let new = TextRef { start, len: U32::new(to_u32(text.len())) };
        self.text_refs.insert(text.into(), new);
        new
    }

    pub(crate) fn names<S: Index>(&mut self, names: &[String]) -> NameSlots<S> {
        let mut records = hash_table::table(names.len());
        let mut slots = Vec::with_capacity(names.len());
        for name in names {
            let hash = short_hash(hash_name(name.as_bytes()));
            let entry = NameRecord { hash: U32::new(hash), text: self.text(name), row: StoredOption::NONE };
            slots.push(S::from_u32(hash_table::insert(&mut records, hash, entry).unwrap_or(NONE)));
        }
        NameSlots { records, slots }
    }

    pub(crate) fn catalogs(&mut self, catalogs: &[Catalog; 5], rows: &Rows) -> [CatalogTable; 5] {
        catalogs.each_ref().map(|catalog| {
            let kind = catalog.kind;
            let (names, server_tools) = self.targets(catalog, rows);
            let first_class = to_u32(self.class_rows.len());
            for at in catalog.classes() {
                self.class_rows.push(StoredOption::new(rows.row_of(RuleTarget { kind, at })));
            }
            let automaton = catalog.automaton.as_ref().map(|tables| self.automaton(tables));
            CatalogTable { names, server_tools, automaton, first_class, is_open: catalog.declared.is_none() }
        })
    }

    /// The tables of the names of one kind and of the tools that servers own. The slots of the latter come after those
    /// of the former.
    fn targets(&mut self, catalog: &Catalog, rows: &Rows) -> (NameSlots<ToolSlot>, Vec<NameRecord>) {
        let owned = catalog.names.iter().filter(|(at, _)| catalog.owned(*at).0.is_some()).count();
        let mut records = hash_table::table(catalog.names.names.len().saturating_sub(owned));
        let mut server_tools: Vec<NameRecord> = if owned > 0 { hash_table::table(owned) } else { Vec::new() };
        let first_owned = to_u32(records.len());
        let mut slots = Vec::with_capacity(catalog.names.names.len());
        for (at, _) in catalog.names.iter() {
            let (server, name) = catalog.owned(at);
            let key = name_in_image((server, name));
            let row = StoredOption::new(rows.row_of(RuleTarget { kind: catalog.kind, at }));
            let hash = short_hash(hash_name(key.as_bytes()));
            let record = NameRecord { hash: U32::new(hash), text: self.text(&key), row };
            let slot = match server {
                None => hash_table::insert(&mut records, hash, record),
                Some(_) => {
                    hash_table::insert(&mut server_tools, hash, record).and_then(|slot| slot.checked_add(first_owned))
                }
            };
            slots.push(ToolSlot::from_u32(slot.unwrap_or(NONE)));
        }
        (NameSlots { records, slots }, server_tools)
    }

    /// The table of the names of tools that servers own, each with its servers.
    pub(crate) fn owners(&mut self, catalog: &Catalog) -> Vec<NameRecord> {
        let mut servers_of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (at, _) in catalog.names.iter() {
            if let (Some(server), name) = catalog.owned(at) {
                servers_of.entry(name).or_default().push(server);
            }
        }
        if servers_of.is_empty() {
            return Vec::new();
        }
        let mut records = hash_table::table(servers_of.len());
        for (name, mut servers) in servers_of {
            // The order of the servers in the policy does not matter.
            servers.sort_unstable();
            let hash = short_hash(hash_name(name.as_bytes()));
            let servers = self.list(Vec::from([shown_servers(&servers)]));
            let row = StoredOption::new(Some(RowOffset::from_u32(servers.to_u32())));
            hash_table::insert(&mut records, hash, NameRecord { hash: U32::new(hash), text: self.text(name), row });
        }
        records
    }

    pub(crate) fn field_record(&mut self, slot: FieldSlot) -> Option<&mut FieldRecord> {
        self.fields.get_mut(slot.to_usize())
    }

    /// Writes a rule; `approvers` are the roles that may approve its calls.
    pub(crate) fn rule(&mut self, rule: &Rule, approvers: Vec<String>) {
        let id = self.text(&rule.name());
        let condition = match rule.whole_condition() {
            None => None,
            Some(condition) => {
                self.steps.clear();
                self.condition(&condition);
                // Many rules have the same condition.
                let known = self.conditions.entry(self.steps.as_bytes().to_vec()).or_insert_with_key(|steps| {
                    let offset = StepOffset::from_u32(to_u32(self.bytes.len()));
                    self.bytes.extend_from_slice(steps);
                    offset
                });
                Some(*known)
            }
        };
        let reason = rule.reason.as_ref().map(|reason| self.list(Vec::from([reason.value.clone()])));
        let approval = rule.approval.as_ref().and_then(|approval| self.approval(approval, approvers));
        self.rule_offsets.push(RuleOffset::from_u32(to_u32(self.bytes.len())));
        let record = RuleRecord {
            id,
            condition: StoredOption::new(condition),
            reason: StoredOption::new(reason),
            approval: StoredOption::new(approval),
            effect: rule.effect.code(),
            hides_condition: u8::from(rule.hides_condition),
            mark: RULE_MARK,
        };
        self.bytes.extend_from_slice(record.as_bytes());
    }

    /// Writes the terms of an approval, if it has any.
    fn approval(&mut self, approval: &Approval, approvers: Vec<String>) -> Option<ApprovalOffset> {
        if approvers.is_empty() && !approval.not_self && approval.expires_seconds.is_none() {
            return None;
        }
        let record = ApprovalRecord {
            by: self.texts(approvers),
            expires_seconds: U32::new(approval.expires_seconds.unwrap_or_default()),
            not_self: u8::from(approval.not_self),
            reserved: [0; 3],
        };
        Some(ApprovalOffset::from_u32(self.shared_record(record.as_bytes())))
    }

    /// The automaton of regular expressions, which `validate` found to be valid.
    pub(crate) fn expression(&mut self, expressions: Vec<String>) -> Option<AutomatonIndex> {
        if let Some(&known) = self.automaton_indices.get(&expressions) {
            return known;
        }
        let at = automaton::build(&expressions).ok().map(|tables| self.automaton(&tables));
        self.automaton_indices.insert(expressions, at);
        at
    }

    fn automaton(&mut self, tables: &Tables) -> AutomatonIndex {
        let record = AutomatonRecord {
            classes: U32::new(to_u32(self.bytes.len())),
            class_count: U32::new(to_u32(tables.class_count)),
            states: U32::new(to_u32(tables.labels.len())),
            first: U32::new(to_u32(self.transitions.len())),
        };
        self.bytes.extend_from_slice(&tables.classes);
        self.transitions.extend(tables.next.iter().chain(&tables.labels).copied().map(U16::new));
        let at = AutomatonIndex::from_u32(to_u32(self.automata.len()));
        self.automata.push(record);
        at
    }

    pub(crate) fn number_record(&mut self, text: &str) -> NumberOffset {
        if let Some(&known) = self.numbers.get(text) {
            return known;
        }
        let integer = if text.len() <= 18 { text.parse().unwrap_or(i64::MIN) } else { i64::MIN };
        let binary64 = text.parse::<f64>().unwrap_or(f64::NAN).to_bits();
        let number = NumberRecord { text: self.text(text), binary64: U64::new(binary64), integer: I64::new(integer) };
        let at = NumberOffset::from_u32(to_u32(self.bytes.len()));
        self.bytes.extend_from_slice(number.as_bytes());
        self.numbers.insert(text.into(), at);
        at
    }

    pub(crate) fn list(&mut self, list: Vec<String>) -> TextListOffset {
        if let Some(&known) = self.text_lists.get(&list) {
            return known;
        }
        let texts: Vec<TextRef> = list.iter().map(|text| self.text(text)).collect();
        let at = TextListOffset::from_u32(to_u32(self.bytes.len()));
        self.bytes.extend_from_slice(texts.as_bytes());
        self.text_lists.insert(list, at);
        at
    }

    pub(crate) fn finish(
        self,
        mut header: HeaderRecord,
        catalogs: &[CatalogTable; 5],
        roles: &[NameRecord],
        owners: &[NameRecord],
    ) -> Vec<u8> {
        let [tools, ..] = catalogs;
        let mut image = header.as_bytes().to_vec();
        let mut append = |table: &[u8]| {
            let section = Section { start: U32::new(to_u32(image.len())), len: U32::new(to_u32(table.len())) };
            image.extend_from_slice(table);
            section
        };
        // Data that every decision reads comes first, together with the texts, which start with the policy's version.
        header.sections = Sections {
            roles: append(roles.as_bytes()),
            fields: append(self.fields.as_bytes()),
            bytes: append(&self.bytes),
            automata: append(self.automata.as_bytes()),
            transitions: append(self.transitions.as_bytes()),
            schemas: append(self.schemas.as_bytes()),
            class_rows: append(self.class_rows.as_bytes()),
            server_tools: append(tools.server_tools.as_bytes()),
            owners: append(owners.as_bytes()),
        };
        header.catalogs = catalogs.each_ref().map(|catalog| CatalogRecord {
            names: append(catalog.names.records.as_bytes()),
            automaton: StoredOption::new(catalog.automaton),
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

/// The text of a target's name in the image: after the server that owns it, if one does.
pub(crate) fn name_in_image((server, name): (Option<&str>, &str)) -> String {
    match server {
        None => name.into(),
        Some(server) => server_tool_key(server, name),
    }
}

/// Up to three servers in backticks, for a reason.
fn shown_servers(servers: &[&str]) -> String {
    match servers {
        [first, second, third, _, ..] => alloc::format!("`{first}`, `{second}`, `{third}` or another one"),
        _ => quoted_or(servers.iter().copied()),
    }
}
