//! Where and why the arguments of a call do not conform to the schema of their tool.

use alloc::boxed::Box;
use alloc::string::String;

use crate::condition::sentence::{MemberValue, Sentence, Visit};
use crate::image::PolicyImage;
use crate::image::index::{NumberOffset, SchemaOffset};
use crate::image::schema::{FORMATS, KeywordRecord, TYPES, code};
use crate::json::{Kind, RawValue};
use crate::judge::schema::{Instance, MAX_SCHEMA_DEPTH, Validator, schema_at};
use crate::judge::stopped::{OrDamaged as _, Stopped};
use crate::judge::truth::Truth;
use crate::language::index::Index as _;
use crate::language::operators::NumericOp;
use crate::language::problem::PredicateProblem;

/// The longest pointer in a decision, in bytes. A pointer contains names from the call.
const MAX_POINTER_BYTES: usize = 256;

/// A value that does not conform, and the keyword that it violates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The JSON pointer (RFC 6901) of the value in the arguments.
    pub(crate) pointer: String,
    pub(crate) keyword: KeywordRecord,
    pub(crate) problem: PredicateProblem,
    /// Whether the value is a member that the schema does not declare.
    pub(crate) is_undeclared: bool,
}

impl Validator<'_, '_> {
    /// The argument that the schema itself does not declare, if it allows no other ones.
    pub(crate) fn undeclared_argument(
        &self,
        schema: SchemaOffset,
        arguments: RawValue<'_>,
    ) -> Result<Option<Box<Violation>>, Stopped> {
        for keyword in self.image.keywords(schema).or_damaged()? {
            if keyword.code == code::MEMBERS {
                let found = self.find_in_members(keyword, arguments, &mut String::new(), MAX_SCHEMA_DEPTH, true)?;
                return Ok(found.map(Box::new));
            }
        }
        Ok(None)
    }

    /// The first violation in a value that does not conform.
    pub(crate) fn violation(
        &self,
        schema: SchemaOffset,
        value: RawValue<'_>,
    ) -> Result<Option<Box<Violation>>, Stopped> {
        Ok(self.find(schema, value, &mut String::new(), MAX_SCHEMA_DEPTH)?.map(Box::new))
    }

    fn find(
        &self,
        schema: SchemaOffset,
        value: RawValue<'_>,
        pointer: &mut String,
        depth: usize,
    ) -> Result<Option<Violation>, Stopped> {
        let depth = depth.checked_sub(1).ok_or(Stopped::OverBudget)?;
        for keyword in self.image.keywords(schema).or_damaged()? {
            let truth = self.keyword(keyword, value.into(), depth)?;
            if truth != Truth::True {
                return self.explain(keyword, truth, value, pointer, depth).map(Some);
            }
        }
        Ok(None)
    }

    /// The violation of a keyword, or the one inside it that causes it.
    fn explain(
        &self,
        keyword: &KeywordRecord,
        truth: Truth,
        value: RawValue<'_>,
        pointer: &mut String,
        depth: usize,
    ) -> Result<Violation, Stopped> {
        let inner = match keyword.code {
            code::MEMBERS => self.find_in_members(keyword, value, pointer, depth, false)?,
            code::ITEMS => self.find_in_items(keyword, value, pointer, depth)?,
            code::ALL_OF => {
                let mut found = None;
                for schema in self.alternatives(keyword)? {
                    found = self.find(schema, value, pointer, depth)?;
                    if found.is_some() {
                        break;
                    }
                }
                found
            }
            code::ANY_OF | code::ONE_OF if truth == Truth::False => {
                self.find_in_nearest(keyword, value, pointer, depth)?
            }
            code::IF => {
                let condition = self.truth(schema_at(keyword, 0).or_damaged()?, value.into(), depth)?;
                let branch = schema_at(keyword, if condition == Truth::False { 2 } else { 1 });
                branch.map_or(Ok(None), |schema| self.find(schema, value, pointer, depth))?
            }
            _ => None,
        };
        let problem = match (truth, keyword.code) {
            (Truth::Unknown, _) => PredicateProblem::Ambiguous,
            (_, code::TYPE) => PredicateProblem::WrongType,
            _ => PredicateProblem::Value,
        };
        Ok(inner.unwrap_or_else(|| Violation {
            pointer: pointer.clone(),
            keyword: *keyword,
            problem,
            is_undeclared: false,
        }))
    }

    /// The violation of the only alternative whose violation is inside the value or is not its type.
    fn find_in_nearest(
        &self,
        keyword: &KeywordRecord,
        value: RawValue<'_>,
        pointer: &mut String,
        depth: usize,
    ) -> Result<Option<Violation>, Stopped> {
        let mut nearest = None;
        for schema in self.alternatives(keyword)? {
            let Some(found) = self.find(schema, value, pointer, depth)? else { return Ok(None) };
            if found.pointer.len() > pointer.len() || found.problem != PredicateProblem::WrongType {
                if nearest.is_some() {
                    return Ok(None);
                }
                nearest = Some(found);
            }
        }
        Ok(nearest)
    }

    fn find_in_items(
        &self,
        keyword: &KeywordRecord,
        value: RawValue<'_>,
        pointer: &mut String,
        depth: usize,
    ) -> Result<Option<Violation>, Stopped> {
        let mut found = None;
        for (at, item) in value.to_items().into_iter().enumerate() {
            let Some(schema) = self.schema_of_item(keyword, at)? else { continue };
            if self.truth(schema, item.into(), depth)? == Truth::True {
                continue;
            }
            found = self
                .within(pointer, itoa::Buffer::new().format(at), &|pointer| self.find(schema, item, pointer, depth))?;
            break;
        }
        Ok(found)
    }

    /// The first member that does not conform, or a required one that is missing. With `only_undeclared`, only a member
    /// that the schema does not declare.
    fn find_in_members(
        &self,
        keyword: &KeywordRecord,
        value: RawValue<'_>,
        pointer: &mut String,
        depth: usize,
        only_undeclared: bool,
    ) -> Result<Option<Violation>, Stopped> {
        if value.kind() != Kind::Object {
            return Ok(None);
        }
        let declared = self.declared(keyword)?;
        let closed = declared.record.additional.get().filter(|&schema| self.is_never(schema));
        let mut found = None;
        Instance::from(value).for_members(&mut |name, member| {
            if found.is_some() {
                return Ok(());
            }
            let text = name.bytes();
            let text = core::str::from_utf8(&text).ok().or_damaged()?;
            let property = self.image.property(declared.slots, text.as_bytes(), name.hash);
            self.for_schemas_of_member(&declared, property, name, &mut |schema| {
                let is_undeclared = closed == Some(schema);
                if found.is_some()
                    || only_undeclared && !is_undeclared
                    || self.truth(schema, member.into(), depth)? == Truth::True
                {
                    return Ok(());
                }
                found = self.within(pointer, text, &|pointer| self.find(schema, member, pointer, depth))?;
                if let Some(found) = found.as_mut().filter(|_| is_undeclared) {
                    found.is_undeclared = true;
                }
                Ok(())
            })
        })?;
        if found.is_some() || only_undeclared {
            return Ok(found);
        }
        let required = self.image.texts(declared.record.required).or_damaged()?;
        let missing = required.iter().find(|name| value.member(name).is_none());
        missing.map_or(Ok(None), |name| {
            self.within(pointer, name, &|pointer| {
                let problem = PredicateProblem::Missing;
                Ok(Some(Violation { pointer: pointer.clone(), keyword: *keyword, problem, is_undeclared: false }))
            })
        })
    }

    /// Whether a schema is `false`.
    fn is_never(&self, schema: SchemaOffset) -> bool {
        matches!(self.image.keywords(schema), Some([only]) if only.code == code::NEVER)
    }

    /// Calls `find` with the pointer of a member or an item.
    fn within(
        &self,
        pointer: &mut String,
        token: &str,
        find: &dyn Fn(&mut String) -> Result<Option<Violation>, Stopped>,
    ) -> Result<Option<Violation>, Stopped> {
        let len = pointer.len();
        if len.saturating_add(token.len()) < MAX_POINTER_BYTES {
            pointer.push('/');
            pointer.push_str(&token.replace('~', "~0").replace('/', "~1"));
        }
        let found = find(pointer);
        pointer.truncate(len);
        found
    }
}

impl Violation {
    /// The keyword's name.
    pub(crate) fn op(&self) -> &'static str {
        if self.is_undeclared {
            return "additionalProperties";
        }
        let op = NumericOp::from_code(self.keyword.op);
        let of_count = |least, most| if op == Some(NumericOp::Gte) { least } else { most };
        match self.keyword.code {
            code::TYPE => "type",
            code::STRINGS | code::ENUM => "enum",
            code::CONST => "const",
            code::NUMBER => match op {
                Some(NumericOp::Gte) => "minimum",
                Some(NumericOp::Gt) => "exclusiveMinimum",
                Some(NumericOp::Lt) => "exclusiveMaximum",
                _ => "maximum",
            },
            code::MULTIPLE_OF => "multipleOf",
            code::CHARACTERS => of_count("minLength", "maxLength"),
            code::ITEM_COUNT => of_count("minItems", "maxItems"),
            code::MEMBER_COUNT => of_count("minProperties", "maxProperties"),
            code::PATTERN => "pattern",
            code::FORMAT => "format",
            code::UNIQUE => "uniqueItems",
            code::ITEMS => "items",
            code::MEMBERS => "required",
            code::NAMES => "propertyNames",
            code::ALL_OF => "allOf",
            code::ANY_OF => "anyOf",
            code::ONE_OF => "oneOf",
            code::NOT => "not",
            code::IF => "if",
            _ => "false",
        }
    }

    /// Visits what the keyword requires.
    pub(crate) fn visit_members(&self, image: &PolicyImage<'_>, visit: Visit<'_>) {
        let keyword = &self.keyword;
        match keyword.code {
            _ if self.is_undeclared => {}
            code::TYPE => visit("value", MemberValue::Texts(&mut type_names(keyword.op))),
            code::STRINGS => {
                if let Some(texts) = image.texts(keyword.texts()) {
                    visit("value", MemberValue::Texts(&mut texts.iter()));
                }
            }
            code::CONST => {
                let text = image.texts(keyword.texts()).and_then(|texts| texts.iter().next());
                text.into_iter().for_each(|text| visit("value", MemberValue::Json(text)));
            }
            code::NUMBER | code::MULTIPLE_OF => {
                let text = number_text(keyword, image);
                text.into_iter().for_each(|text| visit("value", MemberValue::Number(text)));
            }
            code::CHARACTERS | code::ITEM_COUNT | code::MEMBER_COUNT => {
                visit("value", MemberValue::Number(itoa::Buffer::new().format(keyword.operand(0))));
            }
            code::PATTERN => {
                let text = image.text(keyword.text());
                text.into_iter().for_each(|text| visit("value", MemberValue::Text(text)));
            }
            code::FORMAT => visit("value", MemberValue::Text(format_name(keyword))),
            _ => {}
        }
    }

    /// Appends the requirement as a sentence without a full stop.
    pub(crate) fn write(&self, image: &PolicyImage<'_>, out: &mut Sentence<'_>) {
        if self.pointer.is_empty() {
            out.push_str("the arguments");
        } else {
            out.push_quoted(&self.pointer);
        }
        if self.problem == PredicateProblem::Missing {
            return out.push_str(" is missing from the arguments");
        }
        if self.is_undeclared {
            return out.push_str(" is not declared by the tool's schema");
        }
        if self.problem == PredicateProblem::Ambiguous {
            return out.push_str(" must not contain a number beyond the precision of binary64");
        }
        out.push_str(" must ");
        self.write_requirement(image, out);
    }

    fn write_requirement(&self, image: &PolicyImage<'_>, out: &mut Sentence<'_>) {
        let keyword = &self.keyword;
        let op = NumericOp::from_code(keyword.op).unwrap_or(NumericOp::Eq);
        let mut count = |before: &str, after: &str| {
            out.push_comparison(before, op);
            out.push_text(itoa::Buffer::new().format(keyword.operand(0)));
            out.push_str(after);
        };
        match keyword.code {
            code::CHARACTERS => count("have ", " characters"),
            code::ITEM_COUNT => count("have ", " items"),
            code::MEMBER_COUNT => count("have ", " members"),
            code::TYPE => {
                for (at, name) in type_names(keyword.op).enumerate() {
                    out.push_str(if at > 0 { " or " } else { "be " });
                    out.push_str(match name {
                        "null" => "null",
                        "integer" => "an integer",
                        "object" => "an object",
                        "array" => "a list",
                        "boolean" => "a boolean",
                        "number" => "a number",
                        _ => "a string",
                    });
                }
            }
            code::STRINGS | code::ENUM | code::CONST => {
                out.push_str(if keyword.code == code::CONST { "be " } else { "be one of " });
                if let Some(texts) = image.texts(keyword.texts()) {
                    out.push_alternatives(texts.iter().take(MAX_ALTERNATIVES));
                    out.push_str(if texts.count() > MAX_ALTERNATIVES { " or another listed value" } else { "" });
                }
            }
            code::NUMBER => {
                out.push_comparison("be ", op);
                out.push_text(number_text(keyword, image).unwrap_or_default());
            }
            code::MULTIPLE_OF => {
                out.push_str("be a multiple of ");
                out.push_text(number_text(keyword, image).unwrap_or_default());
            }
            code::PATTERN => {
                out.push_str("match the pattern ");
                out.push_quoted(image.text(keyword.text()).unwrap_or_default());
            }
            code::FORMAT => {
                out.push_str("have the format ");
                out.push_quoted(format_name(keyword));
            }
            code::UNIQUE => out.push_str("not contain equal items"),
            code::NAMES => out.push_str("only have members with names that the tool's schema allows"),
            code::ANY_OF => out.push_str("match one of the alternatives in the tool's schema"),
            code::ONE_OF => out.push_str("match exactly one of the alternatives in the tool's schema"),
            code::NOT => out.push_str("not match what the tool's schema excludes"),
            code::NEVER => out.push_str("be absent"),
            _ => out.push_str("match the tool's schema"),
        }
    }
}

/// The most allowed values in a sentence.
const MAX_ALTERNATIVES: usize = 12;

fn type_names(bits: u8) -> impl Iterator<Item = &'static str> {
    TYPES.into_iter().enumerate().filter(move |(at, _)| bits >> at & 1 == 1).map(|(_, name)| name)
}

fn number_text<'i>(keyword: &KeywordRecord, image: &PolicyImage<'i>) -> Option<&'i str> {
    image.text(image.number(NumberOffset::from_u32(keyword.operand(0)))?.text)
}

fn format_name(keyword: &KeywordRecord) -> &'static str {
    FORMATS.get(usize::from(keyword.op)).copied().unwrap_or_default()
}
