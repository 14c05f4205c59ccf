//! Conditions to the steps of an image.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use zerocopy::little_endian::U32;

use crate::compile::{Writer, index};
use crate::condition::{Condition, ConditionKind, Field};
use crate::document::{Rule, Spanned};
use crate::predicate::{HOST, PORT, SCHEME, Source, StringOp};
use crate::records::{NONE, Step, step};
use crate::request::SERVER_FIELD;

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
        let len = U32::new(index(self.steps.len().saturating_sub(at)));
        if let Some(node) = self.steps.get_mut(at) {
            node.len = len;
        }
    }

    /// The step of a condition itself, without its children.
    fn step(&mut self, condition: &Condition) -> Step {
        let none = U32::new(NONE);
        let mut new = Step {
            code: 0,
            op: 0,
            reserved: [0; 2],
            len: U32::ZERO,
            field: none,
            operand: none,
            count: U32::ZERO,
            automaton: none,
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
                new.operand = U32::new(self.number(value));
            }
            ConditionKind::StringCheck { field, op, values } => {
                new.code = step::STRING;
                new.op = op.code();
                new.field = self.field(field);
                self.set_texts(&mut new, values.iter().map(|value| value.value.clone()));
                if *op == StringOp::Matches {
                    new.automaton = U32::new(self.expression(values.iter().map(|value| value.value.clone()).collect()));
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
                new.operand = U32::new(self.number(&value.value));
            }
            ConditionKind::FieldCompare { a, op, b } => {
                new.code = step::COMPARE;
                new.op = op.code();
                new.field = self.field(a);
                new.operand = self.field(b);
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
                new.operand = self.field(b);
            }
        }
        new
    }
}

/// A rule's condition, with the server that it asks for as a predicate: a call that names no server is unknown.
pub(crate) fn whole_condition(rule: &Rule) -> Option<Cow<'_, Condition>> {
    let Some(server) = &rule.server else { return rule.condition.as_ref().map(Cow::Borrowed) };
    let name = Spanned { value: String::from(SERVER_FIELD), span: server.span.clone() };
    let field = Field { source: Source::Request, path: alloc::vec![name.value.clone()], name };
    let kind = ConditionKind::StringCheck { field, op: StringOp::In, values: alloc::vec![server.clone()] };
    let is_server = Condition { span: server.span.clone(), kind };
    let Some(condition) = &rule.condition else { return Some(Cow::Owned(is_server)) };
    let kind = ConditionKind::All(alloc::vec![is_server, condition.clone()]);
    Some(Cow::Owned(Condition { span: condition.span.clone(), kind }))
}

/// Collects the fields that a condition reads.
pub(crate) fn collect_fields<'c>(condition: &'c Condition, fields: &mut Vec<&'c Field>) {
    match &condition.kind {
        ConditionKind::All(children) | ConditionKind::Any(children) => {
            children.iter().for_each(|child| collect_fields(child, fields));
        }
        ConditionKind::Not(inner) => collect_fields(inner, fields),
        ConditionKind::Every { field, condition } | ConditionKind::Some { field, condition } => {
            fields.push(field);
            collect_fields(condition, fields);
        }
        ConditionKind::NumericCheck { field, .. }
        | ConditionKind::StringCheck { field, .. }
        | ConditionKind::BoolCheck { field, .. }
        | ConditionKind::LengthCheck { field, .. }
        | ConditionKind::TimeCheck { field, .. }
        | ConditionKind::PathCheck { field, .. }
        | ConditionKind::UrlCheck { field, .. }
        | ConditionKind::CidrCheck { field, .. }
        | ConditionKind::FieldPresent { field } => fields.push(field),
        ConditionKind::FieldEquals { a, b } | ConditionKind::FieldCompare { a, b, .. } => fields.extend([a, b]),
    }
}
