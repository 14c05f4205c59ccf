//! Checks values against the JSON Schemas of an image.
//!
//! The three truth values are those of conditions: a check is unknown if programs differ in how they read a number. A
//! value conforms only if the truth is [`Truth::True`], so `not` of an unknown check does not conform either.

mod equality;
mod number;
pub(crate) mod violation;

use alloc::vec::Vec;
use core::cell::Cell;

use crate::call::Call;
use crate::condition::compare_number;
use crate::image::PolicyImage;
use crate::image::index::{AutomatonIndex, NumberOffset, SchemaOffset};
use crate::image::records::{NONE, NumberRecord};
use crate::image::schema::{FORMATS, KeywordRecord, MembersRecord, PropertyRecord, code, types};
use crate::json::fault::Fault;
use crate::json::lexer::Name;
use crate::json::{Kind, RawValue, Reader, sort_members};
use crate::judge::stopped::{OrDamaged as _, Stopped};
use crate::judge::truth::Truth;
use crate::language::index::Index as _;
use crate::language::operators::NumericOp;
use crate::language::target::TargetKind;
use crate::limits::MAX_JUDGED_BYTES;

/// How deep schemas apply to each other and to the parts of a value. `evaluate` recurses, so this bounds its stack.
pub(super) const MAX_SCHEMA_DEPTH: usize = 128;

/// Checks the values of one call.
#[derive(Clone, Copy)]
pub(super) struct Validator<'v, 'i> {
    image: &'v PolicyImage<'i>,
    /// How many bytes may still be read.
    budget: &'v Cell<usize>,
}

/// A value that is checked.
#[derive(Clone, Copy)]
pub(super) struct Instance<'a> {
    value: RawValue<'a>,
    /// The members of the arguments of a call, which were already read.
    members: Option<&'a [(Name<'a>, RawValue<'a>)]>,
}

impl<'a> Instance<'a> {
    /// The arguments of a call.
    pub(super) fn of_arguments<'c: 'a>(call: &'a Call<'c>) -> Self {
        Self { value: call.argument_value(), members: call.argument_members() }
    }

    /// Passes each member of an object to `look`.
    ///
    /// A copy of the reader for each caller would be most of the code of this module.
    fn for_members(&self, look: &mut dyn FnMut(Name<'a>, RawValue<'a>) -> Result<(), Stopped>) -> Result<(), Stopped> {
        match self.members {
            Some(members) => members.iter().try_for_each(|&(name, member)| look(name, member)),
            None => Reader::inside(self.value).object(|reader, name| {
                let member = reader.value()?;
                look(name, member)
            }),
        }
    }
}

impl<'a> From<RawValue<'a>> for Instance<'a> {
    fn from(value: RawValue<'a>) -> Self {
        Self { value, members: None }
    }
}

/// The keywords about the members of an object, with their tables.
struct Declared<'i> {
    record: &'i MembersRecord,
    slots: &'i [PropertyRecord],
}

impl PolicyImage<'_> {
    /// Whether a value conforms to the schema of a tool; `None` if the image enforces no schema for the tool.
    ///
    /// `evaluate` applies this to the arguments of a call. A value that exceeds the budget of a call does not conform.
    #[must_use]
    pub fn conforms(&self, tool: &str, value: RawValue<'_>) -> Option<bool> {
        let schema = self.schema_of(self.target(TargetKind::Tool, tool)?.tool?)?;
        let budget = Cell::new(MAX_JUDGED_BYTES);
        Some(Validator::new(self, &budget).truth(schema, value.into(), MAX_SCHEMA_DEPTH) == Ok(Truth::True))
    }
}

impl<'v, 'i> Validator<'v, 'i> {
    pub(super) fn new(image: &'v PolicyImage<'i>, budget: &'v Cell<usize>) -> Self {
        Self { image, budget }
    }

    /// Whether a value conforms to a schema.
    pub(super) fn truth(&self, schema: SchemaOffset, instance: Instance<'_>, depth: usize) -> Result<Truth, Stopped> {
        let depth = depth.checked_sub(1).ok_or(Stopped::OverBudget)?;
        self.charge(1)?;
        let mut truth = Truth::True;
        for keyword in self.image.keywords(schema).or_damaged()? {
            truth = truth.min(self.keyword(keyword, instance, depth)?);
            if truth == Truth::False {
                break;
            }
        }
        Ok(truth)
    }

    fn charge(&self, bytes: usize) -> Result<(), Stopped> {
        self.budget.set(self.budget.get().saturating_sub(bytes));
        if self.budget.get() > 0 { Ok(()) } else { Err(Stopped::OverBudget) }
    }

    /// Whether a value satisfies one keyword.
    fn keyword(&self, keyword: &KeywordRecord, instance: Instance<'_>, depth: usize) -> Result<Truth, Stopped> {
        let value = instance.value;
        match keyword.code {
            code::NEVER => Ok(Truth::False),
            code::TYPE => Ok(type_truth(keyword.op, value)),
            code::STRINGS => {
                let texts = self.image.texts(keyword.texts()).or_damaged()?;
                Ok(Truth::from_bool(value.as_string().is_some_and(|string| texts.contains(&string))))
            }
            code::ENUM | code::CONST => self.choice_truth(keyword, value),
            code::NUMBER => {
                let Some(text) = value.as_number() else { return Ok(Truth::True) };
                let op = NumericOp::from_code(keyword.op).or_damaged()?;
                let orderings = compare_number(text, self.number(keyword)?, self.image);
                Ok(Truth::from_option(orderings.and_then(|orderings| op.agrees(orderings))))
            }
            code::MULTIPLE_OF => {
                let Some(text) = value.as_number() else { return Ok(Truth::True) };
                let divisor = self.image.text(self.number(keyword)?.text).or_damaged()?;
                Ok(Truth::from_option(number::is_multiple(text, divisor)))
            }
            code::CHARACTERS => self.count_truth(keyword, value, Kind::String),
            code::ITEM_COUNT => self.count_truth(keyword, value, Kind::Array),
            code::MEMBER_COUNT => self.count_truth(keyword, value, Kind::Object),
            code::PATTERN => match value.as_string() {
                None => Ok(Truth::True),
                Some(string) => Ok(Truth::from_bool(self.is_match(keyword.operand(0), &string)?)),
            },
            code::FORMAT => self.format_truth(keyword, value),
            code::UNIQUE => self.unique_truth(value),
            code::ITEMS => self.items_truth(keyword, value, depth),
            code::MEMBERS => self.members_truth(keyword, instance, depth),
            code::NAMES => self.names_truth(keyword, instance, depth),
            code::ALL_OF => self.combine(keyword, instance, Truth::True, Truth::min, depth),
            code::ANY_OF => self.combine(keyword, instance, Truth::False, Truth::max, depth),
            code::ONE_OF => self.one_of(keyword, instance, depth),
            code::NOT => Ok(self.truth(schema_at(keyword, 0).or_damaged()?, instance, depth)?.negate()),
            code::IF => {
                let condition = self.truth(schema_at(keyword, 0).or_damaged()?, instance, depth)?;
                let branch = |at| schema_at(keyword, at).map_or(Ok(Truth::True), |at| self.truth(at, instance, depth));
                match condition {
                    Truth::True => branch(1),
                    Truth::False => branch(2),
                    Truth::Unknown => {
                        let (then, other) = (branch(1)?, branch(2)?);
                        Ok(if then == other { then } else { Truth::Unknown })
                    }
                }
            }
            _ => Err(Stopped::Damaged),
        }
    }

    fn number(&self, keyword: &KeywordRecord) -> Result<&'i NumberRecord, Stopped> {
        self.image.number(NumberOffset::from_u32(keyword.operand(0))).or_damaged()
    }

    /// Whether a string matches an automaton.
    fn is_match(&self, automaton: u32, string: &str) -> Result<bool, Stopped> {
        self.charge(string.len())?;
        let automaton = self.image.automaton(AutomatonIndex::from_u32(automaton)).or_damaged()?;
        Ok(automaton.label(string).or_damaged()? != 0)
    }

    fn choice_truth(&self, keyword: &KeywordRecord, value: RawValue<'_>) -> Result<Truth, Stopped> {
        let mut truth = Truth::False;
        for text in self.image.texts(keyword.texts()).or_damaged()?.iter() {
            self.charge(value.text().len())?;
            truth = truth.max(equality::equal(value, RawValue::of_checked(text)));
        }
        Ok(truth)
    }

    fn count_truth(&self, keyword: &KeywordRecord, value: RawValue<'_>, kind: Kind) -> Result<Truth, Stopped> {
        if value.kind() != kind {
            return Ok(Truth::True);
        }
        self.charge(value.text().len())?;
        let op = NumericOp::from_code(keyword.op).or_damaged()?;
        let length = value.length().and_then(|length| u64::try_from(length).ok()).or_damaged()?;
        Ok(Truth::from_bool(op.holds(length.cmp(&u64::from(keyword.operand(0))))))
    }

    fn format_truth(&self, keyword: &KeywordRecord, value: RawValue<'_>) -> Result<Truth, Stopped> {
        let Some(string) = value.as_string() else { return Ok(Truth::True) };
        if keyword.operand(0) != NONE {
            return Ok(Truth::from_bool(self.is_match(keyword.operand(0), &string)?));
        }
        match FORMATS.get(usize::from(keyword.op)).copied() {
            Some("ipv4") => Ok(Truth::from_bool(string.parse::<core::net::Ipv4Addr>().is_ok())),
            Some("ipv6") => Ok(Truth::from_bool(string.parse::<core::net::Ipv6Addr>().is_ok())),
            _ => Err(Stopped::Damaged),
        }
    }

    fn unique_truth(&self, value: RawValue<'_>) -> Result<Truth, Stopped> {
        if value.kind() != Kind::Array {
            return Ok(Truth::True);
        }
        self.charge(value.text().len())?;
        let items = value.to_items();
        if let Some(mut strings) =
            items.iter().map(|item| Some((item.as_string()?.into_owned(), *item))).collect::<Option<Vec<_>>>()
        {
            sort_members(&mut strings, &mut Ord::cmp);
            return Ok(Truth::from_bool(strings.array_windows().all(|[first, second]| first.0 != second.0)));
        }
        let mut truth = Truth::False;
        for (at, &item) in items.iter().enumerate() {
            for &other in items.iter().skip(at.saturating_add(1)) {
                self.charge(item.text().len().saturating_add(other.text().len()))?;
                truth = truth.max(equality::equal(item, other));
                if truth == Truth::True {
                    return Ok(Truth::False);
                }
            }
        }
        Ok(truth.negate())
    }

    fn items_truth(&self, keyword: &KeywordRecord, value: RawValue<'_>, depth: usize) -> Result<Truth, Stopped> {
        if value.kind() != Kind::Array {
            return Ok(Truth::True);
        }
        self.charge(value.text().len())?;
        let mut truth = Truth::True;
        for (at, item) in value.to_items().into_iter().enumerate() {
            if let Some(schema) = self.schema_of_item(keyword, at)? {
                truth = truth.min(self.truth(schema, item.into(), depth)?);
            }
            if truth == Truth::False {
                break;
            }
        }
        Ok(truth)
    }

    /// The schema of the item at an index.
    fn schema_of_item(&self, keyword: &KeywordRecord, at: usize) -> Result<Option<SchemaOffset>, Stopped> {
        let first = self.image.schemas(keyword.operand(0), keyword.operand(1)).or_damaged()?;
        Ok(first.get(at).map(|schema| schema.get()).or_else(|| schema_at(keyword, 2)))
    }

    fn members_truth(&self, keyword: &KeywordRecord, instance: Instance<'_>, depth: usize) -> Result<Truth, Stopped> {
        if instance.value.kind() != Kind::Object {
            return Ok(Truth::True);
        }
        self.charge(instance.value.text().len())?;
        let declared = self.declared(keyword)?;
        let mut truth = Truth::True;
        let mut required = 0_u32;
        instance.for_members(&mut |name, member| {
            let property = self.image.property(declared.slots, &name.bytes(), name.hash);
            required = required.wrapping_add(property.map_or(0, |property| u32::from(property.is_required != 0)));
            if truth != Truth::False {
                truth = truth.min(self.member_truth(&declared, property, name, member, depth)?);
            }
            Ok(())
        })?;
        // Names are unique, so it suffices to count.
        Ok(if required == declared.record.required.count.get() { truth } else { Truth::False })
    }

    fn declared(&self, keyword: &KeywordRecord) -> Result<Declared<'i>, Stopped> {
        let record = self.image.members(keyword.operand(0)).or_damaged()?;
        Ok(Declared { record, slots: self.image.properties(record).or_damaged()? })
    }

    /// Whether a member conforms to all schemas for its name.
    fn member_truth(
        &self,
        declared: &Declared<'i>,
        property: Option<&PropertyRecord>,
        name: Name<'_>,
        member: RawValue<'_>,
        depth: usize,
    ) -> Result<Truth, Stopped> {
        let mut truth = Truth::True;
        self.for_schemas_of_member(declared, property, name, &mut |schema| {
            truth = truth.min(self.truth(schema, member.into(), depth)?);
            Ok(())
        })?;
        Ok(truth)
    }

    /// Passes each schema that applies to a member to `apply`.
    fn for_schemas_of_member(
        &self,
        declared: &Declared<'i>,
        property: Option<&PropertyRecord>,
        name: Name<'_>,
        apply: &mut dyn FnMut(SchemaOffset) -> Result<(), Stopped>,
    ) -> Result<(), Stopped> {
        let own = property.and_then(|property| property.schema.get());
        let mut is_additional = own.is_none();
        own.map_or(Ok(()), &mut *apply)?;
        let patterns = self.image.patterns(declared.record).or_damaged()?;
        if !patterns.is_empty() {
            let name = name.bytes();
            let name = core::str::from_utf8(&name).ok().or_damaged()?;
            for pattern in patterns {
                if self.is_match(pattern.automaton.get(), name)? {
                    is_additional = false;
                    apply(pattern.schema.get())?;
                }
            }
        }
        match declared.record.additional.get() {
            Some(schema) if is_additional => apply(schema),
            _ => Ok(()),
        }
    }

    fn names_truth(&self, keyword: &KeywordRecord, instance: Instance<'_>, depth: usize) -> Result<Truth, Stopped> {
        if instance.value.kind() != Kind::Object {
            return Ok(Truth::True);
        }
        self.charge(instance.value.text().len())?;
        let schema = schema_at(keyword, 0).or_damaged()?;
        let mut truth = Truth::True;
        instance.for_members(&mut |name, _| {
            if truth != Truth::False {
                truth = truth.min(self.truth(schema, RawValue::of_checked(&name.to_json()).into(), depth)?);
            }
            Ok(())
        })?;
        Ok(truth)
    }

    fn combine(
        &self,
        keyword: &KeywordRecord,
        instance: Instance<'_>,
        start: Truth,
        merge: fn(Truth, Truth) -> Truth,
        depth: usize,
    ) -> Result<Truth, Stopped> {
        let mut truth = start;
        for schema in self.alternatives(keyword)? {
            truth = merge(truth, self.truth(schema, instance, depth)?);
            if truth == start.negate() {
                break;
            }
        }
        Ok(truth)
    }

    fn one_of(&self, keyword: &KeywordRecord, instance: Instance<'_>, depth: usize) -> Result<Truth, Stopped> {
        let (mut conforming, mut unknown) = (0_usize, false);
        for schema in self.alternatives(keyword)? {
            match self.truth(schema, instance, depth)? {
                Truth::True => conforming = conforming.saturating_add(1),
                Truth::Unknown => unknown = true,
                Truth::False => {}
            }
        }
        Ok(match (conforming, unknown) {
            (2.., _) => Truth::False,
            (_, true) => Truth::Unknown,
            (conforming, false) => Truth::from_bool(conforming == 1),
        })
    }

    /// The schemas that a keyword combines.
    fn alternatives(&self, keyword: &KeywordRecord) -> Result<impl Iterator<Item = SchemaOffset> + use<'i>, Stopped> {
        let schemas = self.image.schemas(keyword.operand(0), keyword.operand(1)).or_damaged()?;
        Ok(schemas.iter().map(|schema| schema.get()))
    }
}

/// A fault in a value that was already read means that the value is from a damaged image.
impl From<Fault> for Stopped {
    fn from(_: Fault) -> Self {
        Self::Damaged
    }
}

/// The schema in an operand of a keyword, if it is present.
fn schema_at(keyword: &KeywordRecord, at: usize) -> Option<SchemaOffset> {
    Some(keyword.operand(at)).filter(|&place| place != NONE).map(SchemaOffset::from_u32)
}

/// Whether a value has one of the types with these bits.
fn type_truth(bits: u8, value: RawValue<'_>) -> Truth {
    let bit = match value.kind() {
        Kind::Null => types::NULL,
        Kind::Bool(_) => types::BOOLEAN,
        Kind::String => types::STRING,
        Kind::Array => types::ARRAY,
        Kind::Object => types::OBJECT,
        Kind::Number if bits & (types::NUMBER | types::INTEGER) == types::INTEGER => {
            return Truth::from_option(number::is_integer(value.text()));
        }
        Kind::Number => types::NUMBER,
    };
    Truth::from_bool(bits & bit != 0)
}
