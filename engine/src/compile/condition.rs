//! Conditions to the steps of an image.

use alloc::string::String;
use alloc::vec::Vec;

use zerocopy::little_endian::U32;

use crate::compile::writer::Writer;
use crate::image::index::{Stored, StoredOption};
use crate::image::records::to_u32;
use crate::image::records::{NONE, StepRecord, step};
use crate::image::texts::{HOST, PORT, SCHEME};
use crate::language::index::Index as _;
use crate::language::operators::StringOp;
use crate::policy::condition::{Condition, ConditionKind};
use crate::policy::text::spanned::Spanned;

impl Writer {
    /// Writes a condition: its step, then those of its children.
    pub(crate) fn condition(&mut self, condition: &Condition) {
        let at = self.steps.len();
        let node = self.step(condition);
        self.steps.push(node);
        match &condition.kind {
            ConditionKind::All(children) | ConditionKind::Any(children) => {
                children.iter().for_each(|child| self.condition(child));
            }
            ConditionKind::Not(inner)
            | ConditionKind::Every { condition: inner, .. }
            | ConditionKind::Some { condition: inner, .. } => self.condition(inner),
            _ => {}
        }
        let len = U32::new(to_u32(self.steps.len().saturating_sub(at)));
        if let Some(node) = self.steps.get_mut(at) {
            node.len = len;
        }
    }

    /// The step of a condition itself, without its children.
    fn step(&mut self, condition: &Condition) -> StepRecord {
        let mut new = StepRecord {
            code: 0,
            op: 0,
            reserved: [0; 2],
            len: U32::ZERO,
            field: Stored::EMPTY,
            operand: U32::new(NONE),
            count: U32::ZERO,
            automaton: StoredOption::NONE,
        };
        match &condition.kind {
            ConditionKind::All(_) => new.code = step::ALL,
            ConditionKind::Any(_) => new.code = step::ANY,
            ConditionKind::Not(_) => new.code = step::NOT,
            ConditionKind::Every { field, .. } => {
                new.code = step::EVERY;
                new.field = self.field(field);
            }
            ConditionKind::Some { field, .. } => {
                new.code = step::SOME;
                new.field = self.field(field);
            }
            ConditionKind::NumericCheck { field, op, value } => {
                new.code = step::NUMERIC;
                new.op = op.code();
                new.field = self.field(field);
                new.operand = U32::new(self.number(value).to_u32());
            }
            ConditionKind::StringCheck { field, op, values } => {
                new.code = step::STRING;
                new.op = op.code();
                new.field = self.field(field);
                self.set_texts(&mut new, values.iter().map(|value| value.value.clone()));
                if *op == StringOp::Matches {
                    let expressions = values.iter().map(|value| value.value.clone()).collect();
                    new.automaton = StoredOption::new(self.expression(expressions));
                }
            }
            ConditionKind::TimeCheck { field, window } => {
                let (minutes, rest) = window.pack();
                new.code = step::TIME;
                new.field = self.field(field);
                new.operand = U32::new(minutes);
                new.count = U32::new(rest);
            }
            ConditionKind::PathCheck { field, roots } => {
                new.code = step::PATH;
                new.field = self.field(field);
                self.set_texts(&mut new, roots.iter().map(|root| root.value.clone()));
            }
            ConditionKind::UrlCheck { field, schemes, hosts, ports } => {
                let tagged = |tag: char, list: &[Spanned<String>]| -> Vec<String> {
                    list.iter().map(|text| alloc::format!("{tag}{}", text.value)).collect()
                };
                new.code = step::URL;
                new.field = self.field(field);
                let parts = [tagged(SCHEME, schemes), tagged(HOST, hosts), tagged(PORT, ports)];
                self.set_texts(&mut new, parts.into_iter().flatten());
            }
            ConditionKind::CidrCheck { field, op, networks } => {
                new.code = step::CIDR;
                new.op = op.code();
                new.field = self.field(field);
                self.set_texts(&mut new, networks.iter().map(|network| network.value.clone()));
            }
            ConditionKind::LengthCheck { field, op, value } => {
                new.code = step::LENGTH;
                new.op = op.code();
                new.field = self.field(field);
                new.operand = U32::new(self.number(&value.value).to_u32());
            }
            ConditionKind::FieldCompare { a, op, b } => {
                new.code = step::COMPARE;
                new.op = op.code();
                new.field = self.field(a);
                new.operand = U32::new(self.field(b).get().to_u32());
            }
            ConditionKind::BoolCheck { field, value } => {
                new.code = step::BOOL;
                new.op = u8::from(*value);
                new.field = self.field(field);
            }
            ConditionKind::FieldPresent { field } => {
                new.code = step::PRESENT;
                new.field = self.field(field);
            }
            ConditionKind::FieldEquals { a, b } => {
                new.code = step::EQUALS;
                new.field = self.field(a);
                new.operand = U32::new(self.field(b).get().to_u32());
            }
        }
        new
    }
}
