//! Rewrites the conditions of a policy in the other form, and keeps everything else of its text.

mod json;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::condition::Condition;
use crate::language::dialect::Dialect;
use crate::policy::check::validate;
use crate::policy::convert::json::Layout;
use crate::policy::text::diagnostic::Diagnostic;
use crate::policy::text::format::Format;
use crate::policy::text::formats::read;
use crate::policy::text::spanned::Spanned;
use crate::policy::text::tree::{Member, Node, Value};
use crate::policy::when::parser;
use crate::policy::when::print::Printer;

/// A form of conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionForm {
    /// An expression in the key `when`.
    When,
    /// An object in the key `condition`.
    Condition,
}

/// Rewrites all conditions of a policy in one form. Both policies have the same image except for the policy digest.
///
/// # Errors
/// The policy has errors, it is not a `callgate-1` policy, or a condition is too long or too deep for an expression.
pub fn convert(text: &str, format: Format, to: ConditionForm) -> Result<String, Vec<Diagnostic>> {
    let document = validate(format.parse(text)?)?.document;
    if document.dialect != Dialect::Callgate1 {
        let message = format!("only policies of `{}` have expressions", Dialect::Callgate1.name());
        let problem = Diagnostic::error("unknown_version", &document.version_span, message);
        return Err(alloc::vec![problem.with_fix("migrate the policy with `callgate migrate`")]);
    }
    let tree = read(text, format).map_err(|problem| alloc::vec![problem])?.root;
    let mut writer = Writer { text, to, definitions: &document.definitions, edits: Vec::new(), problems: Vec::new() };
    for member in members_of(&tree) {
        match (&*member.name, &member.value.value) {
            ("define", Value::Object(definitions)) => {
                for (definition, (_, condition)) in definitions.iter().zip(&document.definitions) {
                    writer.definition(definition, condition);
                }
            }
            ("rules", Value::Array(rules)) => {
                for rule in &document.rules {
                    let Some(node) = rules.get(rule.index) else { continue };
                    match (&rule.approval, &rule.condition) {
                        // A rule with an approval is two rules of the document.
                        (Some(approval), _) => writer.approval(node, approval.when.as_ref()),
                        (None, Some(condition)) => writer.rule(node, condition),
                        (None, None) => {}
                    }
                }
            }
            _ => {}
        }
    }
    let Writer { mut edits, problems, .. } = writer;
    if !problems.is_empty() {
        return Err(problems);
    }
    edits.sort_by_key(|(span, _)| span.start);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (span, new) in edits {
        out.push_str(text.get(at..span.start).unwrap_or_default());
        out.push_str(&new);
        at = span.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Ok(out)
}

struct Writer<'w> {
    text: &'w str,
    to: ConditionForm,
    definitions: &'w [(Spanned<String>, Condition)],
    /// What is replaced, and by what.
    edits: Vec<(Range<usize>, String)>,
    problems: Vec<Diagnostic>,
}

impl Writer<'_> {
    fn rule(&mut self, node: &Node<'_>, condition: &Condition) {
        let (old, new) = match self.to {
            ConditionForm::When => ("condition", "when"),
            ConditionForm::Condition => ("when", "condition"),
        };
        let Some(member) = members_of(node).iter().find(|member| member.name == old) else { return };
        // A condition that is only the name of a definition has the position of the definition.
        let is_defined = self.definitions.iter().any(|(_, own)| own == condition);
        let value = self.value(condition, is_defined, &member.value, member.name_span.start);
        // The text between the key and its value may contain a comment.
        self.edits.push((member.name_span.clone(), format!("\"{new}\"")));
        self.edits.push((member.value.span.clone(), value));
    }

    fn approval(&mut self, rule: &Node<'_>, condition: Option<&Condition>) {
        let approval = members_of(rule).iter().find(|member| member.name == "approval");
        let when = approval.and_then(|approval| members_of(&approval.value).iter().find(|it| it.name == "when"));
        let (Some(when), Some(condition)) = (when, condition) else { return };
        let is_expression = matches!(when.value.value, Value::String(_));
        if is_expression == (self.to == ConditionForm::Condition) {
            let is_defined = self.definitions.iter().any(|(_, own)| own == condition);
            let value = self.value(condition, is_defined, &when.value, when.name_span.start);
            self.edits.push((when.value.span.clone(), value));
        }
    }

    fn definition(&mut self, member: &Member<'_>, condition: &Condition) {
        let is_expression = matches!(member.value.value, Value::String(_));
        if is_expression == (self.to == ConditionForm::Condition) {
            let value = self.value(condition, false, &member.value, member.name_span.start);
            self.edits.push((member.value.span.clone(), value));
        }
    }

    /// A condition in the new form; `key_start` is where its key starts.
    fn value(&mut self, condition: &Condition, may_be_name: bool, old: &Node<'_>, key_start: usize) -> String {
        let printer = Printer { definitions: self.definitions };
        match self.to {
            ConditionForm::When => {
                let expression =
                    if may_be_name { printer.print_with_name(condition) } else { printer.print(condition) };
                if let Err(error) = parser::parse(&expression) {
                    let problem = Diagnostic::error("too_deep", &old.span, error.message);
                    self.problems.push(problem.with_fix("write several rules, or move a part to `define`"));
                }
                json::quote(&expression)
            }
            ConditionForm::Condition => {
                let before = self.text.get(..key_start).unwrap_or_default();
                let line = before.rsplit_once('\n').map_or(before, |(_, line)| line);
                let indent = line.chars().take_while(|c| *c == ' ').count();
                let value = json::condition(condition, self.definitions, may_be_name);
                Layout { indent, column: line.chars().count() }.write(&value)
            }
        }
    }
}

fn members_of<'n, 't>(node: &'n Node<'t>) -> &'n [Member<'t>] {
    match &node.value {
        Value::Object(members) => members,
        _ => &[],
    }
}
