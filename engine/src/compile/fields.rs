//! The table of the fields that rules read.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use zerocopy::little_endian::U32;

use crate::compile::writer::Writer;
use crate::condition::{Condition, ConditionKind, PathCheck};
use crate::image::hash_table;
use crate::image::index::{FieldSlot, Stored};
use crate::image::records::FieldRecord;
use crate::image::records::NONE;
use crate::json::name_hash::{hash_name, hash_within, name_bit};
use crate::language::index::Index as _;
use crate::language::operators::Source;
use crate::policy::document::Rule;
use alloc::string::String;

impl Writer {
    /// Collects the fields that a `PathCheck` reads.
    fn collect_paths(&mut self, condition: &Condition) {
        if let ConditionKind::PathCheck(PathCheck { field, .. }) = &condition.kind {
            self.path_fields.insert((field.source, field.path.clone()));
        }
        condition.children().iter().for_each(|child| self.collect_paths(child));
    }

    pub(crate) fn collect_fields(&mut self, rules: &[Rule]) {
        // Every name on the path to a field, with the field as responses spell it if a rule reads it. Shorter paths come first, so
        // that the slot of the previous name is known.
        let conditions: Vec<_> = rules.iter().filter_map(Rule::whole_condition).collect();
        let mut nodes: BTreeMap<(usize, Source, &[String]), Option<String>> = BTreeMap::new();
        let mut fields = Vec::new();
        for condition in &conditions {
            condition.collect_fields(&mut fields);
        }
        for field in fields {
            for length in 1..=field.path.len() {
                let prefix = field.path.get(..length).unwrap_or_default();
                let shown = nodes.entry((length, field.source, prefix)).or_default();
                if length == field.path.len() {
                    *shown = Some(field.shown());
                }
            }
        }
        conditions.iter().for_each(|condition| self.collect_paths(condition));
        self.fields = hash_table::table(nodes.len());
        for ((_, source, path), shown) in nodes {
            let Some((name, before)) = path.split_last() else { continue };
            let parent = self.field_slots.get(&(source, before.to_vec())).copied();
            if let Some(parent) = parent.and_then(|parent| self.field_record(parent)) {
                parent.has_children = 1;
            }
            let parent = parent.unwrap_or_else(|| FieldSlot::root(source));
            let hash = hash_name(name.as_bytes());
            self.field_names |= name_bit(hash);
            let hash = hash_within(parent.to_u32(), hash);
            let field = FieldRecord {
                hash: U32::new(hash),
                parent: Stored::new(parent),
                name: self.text(name),
                shown: self.text(shown.as_deref().unwrap_or_default()),
                source: source.code(),
                is_read: u8::from(shown.is_some()),
                has_children: 0,
                reserved: 0,
            };
            let slot = hash_table::insert(&mut self.fields, hash, field).unwrap_or(NONE);
            self.field_slots.insert((source, path.to_vec()), FieldSlot::from_u32(slot));
        }
    }
}
