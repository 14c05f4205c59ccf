//! The JSON Schemas of tools to records.

use alloc::string::String;
use alloc::vec::Vec;

use zerocopy::IntoBytes as _;
use zerocopy::little_endian::U32;

use crate::compile::writer::Writer;
use crate::image::hash_table;
use crate::image::index::{SchemaOffset, Stored, StoredOption, ToolSlot};
use crate::image::records::{NONE, TextList, to_u32};
use crate::image::schema::{FORMATS, KeywordRecord, MembersRecord, PatternRecord, PropertyRecord, code};
use crate::json::name_hash::{hash_name, short_hash};
use crate::language::index::Index as _;
use crate::policy::document::Tool;
use crate::policy::format::expression_of;
use crate::policy::schema::{Counted, Keyword, Members, Pattern, SchemaIndex, Schemas};

/// Where the schemas of a tool start.
struct Places(Vec<SchemaOffset>);

impl Places {
    fn of(&self, schema: SchemaIndex) -> SchemaOffset {
        self.0.get(schema.to_usize()).copied().unwrap_or(SchemaOffset::from_u32(NONE))
    }

    fn stored(&self, schemas: &[SchemaIndex]) -> Vec<Stored<SchemaOffset>> {
        schemas.iter().map(|&schema| Stored::new(self.of(schema))).collect()
    }
}

impl Writer {
    /// Writes the schemas that are enforced; `tool_slots` has the order of the declarations.
    pub(crate) fn collect_schemas(&mut self, tools: &[Tool], tool_slots: &[ToolSlot]) {
        let is_enforced = |tool: &&Tool| tool.schema.as_ref().is_some_and(|schema| schema.is_enforced);
        if !tools.iter().any(|tool| is_enforced(&tool)) {
            return;
        }
        let slots = tool_slots.iter().map(|slot| slot.to_usize().saturating_add(1)).max().unwrap_or_default();
        let mut roots = alloc::vec![StoredOption::NONE; slots];
        for (tool, slot) in tools.iter().zip(tool_slots).filter(|(tool, _)| is_enforced(tool)) {
            if let (Some(schema), Some(root)) = (&tool.schema, roots.get_mut(slot.to_usize())) {
                *root = StoredOption::new(Some(self.schemas_of_tool(&schema.schemas)));
            }
        }
        self.schemas = roots;
    }

    /// Writes the schemas of one tool, and returns where the first one starts.
    fn schemas_of_tool(&mut self, Schemas(schemas): &Schemas) -> SchemaOffset {
        // Schemas refer to each other, so the place of each is known before the first is written.
        let mut places = Vec::new();
        for keywords in schemas {
            places.push(SchemaOffset::from_u32(to_u32(self.bytes.len())));
            let size = size_of::<KeywordRecord>().saturating_mul(keywords.len()).saturating_add(size_of::<U32>());
            self.bytes.resize(self.bytes.len().saturating_add(size), 0);
        }
        let places = Places(places);
        for (keywords, place) in schemas.iter().zip(&places.0) {
            let records: Vec<KeywordRecord> = keywords.iter().map(|keyword| self.keyword(keyword, &places)).collect();
            let written = [U32::new(to_u32(records.len())).as_bytes(), records.as_bytes()].concat();
            let space = self.bytes.get_mut(place.to_usize()..).and_then(|bytes| bytes.get_mut(..written.len()));
            if let Some(space) = space {
                space.copy_from_slice(&written);
            }
        }
        places.0.first().copied().unwrap_or(SchemaOffset::from_u32(NONE))
    }

    fn keyword(&mut self, keyword: &Keyword, places: &Places) -> KeywordRecord {
        let optional = |schema: Option<SchemaIndex>| schema.map_or(NONE, |schema| places.of(schema).to_u32());
        match keyword {
            Keyword::Never => record(code::NEVER, 0, [0; 3]),
            Keyword::Types(bits) => record(code::TYPE, *bits, [0; 3]),
            Keyword::Strings(strings) => {
                let mut sorted = strings.clone();
                sorted.sort_unstable();
                sorted.dedup();
                self.texts_keyword(code::STRINGS, sorted)
            }
            Keyword::Enum(texts) => self.texts_keyword(code::ENUM, texts.clone()),
            Keyword::Const(text) => self.texts_keyword(code::CONST, Vec::from([text.clone()])),
            Keyword::Number(op, text) => record(code::NUMBER, op.code(), [self.number_record(text).to_u32(), 0, 0]),
            Keyword::MultipleOf(text) => record(code::MULTIPLE_OF, 0, [self.number_record(text).to_u32(), 0, 0]),
            Keyword::Count(counted, op, count) => {
                let code = match counted {
                    Counted::Characters => code::CHARACTERS,
                    Counted::Items => code::ITEM_COUNT,
                    Counted::Members => code::MEMBER_COUNT,
                };
                record(code, op.code(), [*count, 0, 0])
            }
            Keyword::Pattern(pattern) => {
                let automaton = self.pattern(pattern);
                let text = self.text(&pattern.text);
                record(code::PATTERN, 0, [automaton, text.start.get(), text.len.get()])
            }
            Keyword::Format(format) => {
                let expression = FORMATS.get(*format).and_then(|format| expression_of(format));
                let automaton = expression.and_then(|expression| self.expression(Vec::from([expression])));
                let automaton = automaton.map_or(NONE, |automaton| automaton.to_u32());
                record(code::FORMAT, u8::try_from(*format).unwrap_or(u8::MAX), [automaton, 0, 0])
            }
            Keyword::Unique => record(code::UNIQUE, 0, [0; 3]),
            Keyword::Items(items) => {
                let [first, count] = self.list_of_schemas(&items.first, places);
                record(code::ITEMS, 0, [first, count, optional(items.rest)])
            }
            Keyword::Members(members) => {
                let members = self.members(members, places);
                let place = to_u32(self.bytes.len());
                self.bytes.extend_from_slice(members.as_bytes());
                record(code::MEMBERS, 0, [place, 0, 0])
            }
            Keyword::Names(schema) => record(code::NAMES, 0, [places.of(*schema).to_u32(), 0, 0]),
            Keyword::AllOf(schemas) => self.combination(code::ALL_OF, schemas, places),
            Keyword::AnyOf(schemas) => self.combination(code::ANY_OF, schemas, places),
            Keyword::OneOf(schemas) => self.combination(code::ONE_OF, schemas, places),
            Keyword::Not(schema) => record(code::NOT, 0, [places.of(*schema).to_u32(), 0, 0]),
            Keyword::If(condition, then, other) => {
                record(code::IF, 0, [places.of(*condition).to_u32(), optional(*then), optional(*other)])
            }
        }
    }

    fn texts_keyword(&mut self, code: u8, texts: Vec<String>) -> KeywordRecord {
        let list = self.text_list(texts);
        record(code, 0, [list.first.get().to_u32(), list.count.get(), 0])
    }

    fn text_list(&mut self, texts: Vec<String>) -> TextList {
        TextList { count: U32::new(to_u32(texts.len())), first: Stored::new(self.list(texts)) }
    }

    fn combination(&mut self, code: u8, schemas: &[SchemaIndex], places: &Places) -> KeywordRecord {
        let [first, count] = self.list_of_schemas(schemas, places);
        record(code, 0, [first, count, 0])
    }

    /// Writes references to schemas, and returns where they start and how many they are.
    fn list_of_schemas(&mut self, schemas: &[SchemaIndex], places: &Places) -> [u32; 2] {
        let place = to_u32(self.bytes.len());
        self.bytes.extend_from_slice(places.stored(schemas).as_bytes());
        [place, to_u32(schemas.len())]
    }

    fn pattern(&mut self, pattern: &Pattern) -> u32 {
        let automaton = self.expression(Vec::from([pattern.expression.clone()]));
        automaton.map_or(NONE, |automaton| automaton.to_u32())
    }

    fn members(&mut self, members: &Members, places: &Places) -> MembersRecord {
        let is_declared = |name: &&String| members.properties.iter().any(|(declared, _)| declared == *name);
        let undeclared = members.required.iter().filter(|name| !is_declared(name)).map(|name| (name, None));
        let declared = members.properties.iter().map(|(name, schema)| (name, Some(places.of(*schema))));
        let names: Vec<_> = declared.chain(undeclared).collect();
        let mut slots = hash_table::table(names.len());
        for (name, schema) in names {
            let hash = short_hash(hash_name(name.as_bytes()));
            let property = PropertyRecord {
                hash: U32::new(hash),
                name: self.text(name),
                schema: StoredOption::new(schema),
                is_required: u8::from(members.required.contains(name)),
                reserved: [0; 3],
            };
            hash_table::insert(&mut slots, hash, property);
        }
        let patterns: Vec<PatternRecord> = members
            .patterns
            .iter()
            .map(|(pattern, schema)| PatternRecord {
                automaton: U32::new(self.pattern(pattern)),
                schema: Stored::new(places.of(*schema)),
            })
            .collect();
        MembersRecord {
            required: self.text_list(members.required.clone()),
            properties: self.counted(slots.len(), slots.as_bytes()),
            patterns: self.counted(patterns.len(), patterns.as_bytes()),
            additional: StoredOption::new(members.additional.map(|schema| places.of(schema))),
        }
    }

    /// Writes records after their number.
    fn counted(&mut self, count: usize, records: &[u8]) -> U32 {
        let place = U32::new(to_u32(self.bytes.len()));
        self.bytes.extend_from_slice(U32::new(to_u32(count)).as_bytes());
        self.bytes.extend_from_slice(records);
        place
    }
}

fn record(code: u8, op: u8, operands: [u32; 3]) -> KeywordRecord {
    KeywordRecord { code, op, reserved: [0; 2], operands: operands.map(U32::new) }
}
