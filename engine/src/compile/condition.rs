//! Conditions to the steps of an image.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use zerocopy::IntoBytes as _;
use zerocopy::little_endian::U32;

use crate::compile::writer::Writer;
use crate::condition::check::Encoder;
use crate::condition::{CidrCheck, Condition, ConditionKind, Field, StringCheck, code};
use crate::image::index::{AutomatonIndex, FieldSlot, ListsOffset, NumberOffset, Stored, UrlOffset};
use crate::image::records::{ListsRecord, NO_OPERAND, StepRecord, TextList, TextRef, UrlRecord, to_u32};
use crate::language::index::Index as _;
use crate::language::operators::StringOp;
use crate::policy::semantics::{Semantics, Unknowns};
use crate::policy::text::spanned::Spanned;

impl Writer {
    /// Writes a condition: its step, then the steps of its children.
    pub(crate) fn condition(&mut self, condition: &Condition) {
        if let Some(simple) = simplify(condition).filter(|_| self.is_simplified()) {
            return self.condition(&simple);
        }
        let at = self.steps.len();
        let step = match &condition.kind {
            ConditionKind::All(_) => combinator(code::ALL),
            ConditionKind::Any(_) => combinator(code::ANY),
            ConditionKind::Not(_) => combinator(code::NOT),
            // Code 0 is not a step, so an evaluation stops there.
            kind => kind.as_check().map_or(combinator(0), |check| check.encode(self)),
        };
        self.steps.push(step);
        condition.children().iter().for_each(|child| self.condition(child));
        let len = U32::new(to_u32(self.steps.len().saturating_sub(at)));
        if let Some(step) = self.steps.get_mut(at) {
            step.len = len;
        }
    }
}

/// The simpler form of a condition with the same truth value, so that conditions which are spelled differently have the
/// same bytes.
fn simplify(condition: &Condition) -> Option<Cow<'_, Condition>> {
    match &condition.kind {
        ConditionKind::All(children) | ConditionKind::Any(children) if children.len() == 1 => {
            Some(Cow::Borrowed(condition.without_wrappers()))
        }
        ConditionKind::Not(inner) => {
            let kind = match &inner.without_wrappers().kind {
                ConditionKind::StringCheck(check) if check.op == StringOp::In => {
                    ConditionKind::StringCheck(StringCheck { op: StringOp::NotIn, ..check.clone() })
                }
                ConditionKind::CidrCheck(check) if check.op == StringOp::In => {
                    ConditionKind::CidrCheck(CidrCheck { op: StringOp::NotIn, ..check.clone() })
                }
                _ => return None,
            };
            Some(Cow::Owned(Condition { span: condition.span.clone(), kind }))
        }
        _ => None,
    }
}

fn combinator(code: u8) -> StepRecord {
    StepRecord::new(code, 0, Stored::EMPTY, &NO_OPERAND)
}

impl Writer {
    /// Whether two truth values that are spelled differently may have one form. With perso's two truth values, the
    /// opposite of `In` is not `NotIn`.
    fn is_simplified(&self) -> bool {
        matches!(self.semantics.unknowns, Unknowns::StayUnknown)
    }
}

impl Encoder for Writer {
    fn semantics(&self) -> &'static Semantics {
        self.semantics
    }

    fn field(&self, field: &Field) -> Stored<FieldSlot> {
        if field.path.is_empty() {
            return Stored::new(FieldSlot::root(field.source));
        }
        self.field_slots.get(&(field.source, field.path.clone())).map_or(Stored::EMPTY, |&slot| Stored::new(slot))
    }

    fn is_path(&self, field: &Field) -> bool {
        self.path_fields.contains(&(field.source, field.path.clone()))
    }

    fn number(&mut self, text: &str) -> NumberOffset {
        self.number_record(text)
    }

    fn text(&mut self, text: &str) -> TextRef {
        Self::text(self, text)
    }

    fn texts(&mut self, mut list: Vec<String>) -> TextList {
        list.sort_unstable();
        list.dedup();
        TextList { count: U32::new(to_u32(list.len())), first: Stored::new(self.list(list)) }
    }

    fn expressions(&mut self, expressions: &[Spanned<String>]) -> Option<AutomatonIndex> {
        self.expression(expressions.iter().map(|expression| expression.value.clone()).collect())
    }

    fn url(&mut self, record: UrlRecord) -> UrlOffset {
        UrlOffset::from_u32(self.shared(record.as_bytes()))
    }

    fn lists(&mut self, record: ListsRecord) -> ListsOffset {
        ListsOffset::from_u32(self.shared(record.as_bytes()))
    }

    fn shared(&mut self, bytes: &[u8]) -> u32 {
        self.shared_record(bytes)
    }
}

impl Writer {
    /// Where a record starts. Equal conditions must have equal bytes, so they must refer to the same record.
    pub(super) fn shared_record(&mut self, record: &[u8]) -> u32 {
        *self.shared_records.entry(record.to_vec()).or_insert_with_key(|record| {
            let offset = to_u32(self.bytes.len());
            self.bytes.extend_from_slice(record);
            offset
        })
    }
}
