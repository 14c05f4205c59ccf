//! The key `define`: conditions with names, which rules use.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::condition::field::Scope;
use crate::condition::{Condition, ConditionKind, ItemsCheck, read_condition};
use crate::language::dialect::Dialect;
use crate::policy::text::diagnostic::{Diagnostic, quoted};
use crate::policy::text::node_reader::NodeReader;
use crate::policy::text::spanned::Spanned;
use crate::policy::text::tree::{Member, Node, Value};
use crate::policy::when::lexer::{RESERVED, is_name};
use crate::policy::when::{self, ROOTS};

/// The conditions that the uses of definitions may become in one policy, so that a short text cannot become a large
/// image.
const MAX_USED_CONDITIONS: usize = 1_000_000;

/// A condition with a name.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) name: Spanned<String>,
    /// `None` if it cannot be read.
    pub(crate) condition: Option<Condition>,
    /// The conditions in it.
    size: usize,
    is_used: bool,
}

/// The definitions of a policy.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    all: Vec<Definition>,
    /// The conditions that their uses became so far.
    used_conditions: usize,
}

impl Definitions {
    /// The definitions that no rule uses.
    pub(crate) fn unused(&self) -> Vec<Spanned<String>> {
        self.all.iter().filter(|definition| !definition.is_used).map(|definition| definition.name.clone()).collect()
    }

    pub(crate) fn into_conditions(self) -> Vec<(Spanned<String>, Condition)> {
        let named = |definition: Definition| Some((definition.name, definition.condition?));
        self.all.into_iter().filter_map(named).collect()
    }

    /// Puts the conditions of `define` in the place of their names; `None` if one of them cannot be read.
    pub(crate) fn resolve(&mut self, condition: Condition, problems: &mut Vec<Diagnostic>) -> Option<Condition> {
        let Condition { span, kind } = condition;
        let mut all = |conditions: Vec<Condition>| -> Option<Vec<Condition>> {
            conditions.into_iter().map(|condition| self.resolve(condition, problems)).collect()
        };
        let kind = match kind {
            ConditionKind::All(conditions) => ConditionKind::All(all(conditions)?),
            ConditionKind::Any(conditions) => ConditionKind::Any(all(conditions)?),
            ConditionKind::Not(inner) => ConditionKind::Not(Box::new(self.resolve(*inner, problems)?)),
            ConditionKind::Items(check) => {
                let condition = Box::new(self.resolve(*check.condition, problems)?);
                ConditionKind::Items(ItemsCheck { condition, ..check })
            }
            ConditionKind::Defined(name) => return self.use_definition(&name, &span, problems),
            check => check,
        };
        Some(Condition { span, kind })
    }

    fn use_definition(&mut self, name: &str, span: &Range<usize>, problems: &mut Vec<Diagnostic>) -> Option<Condition> {
        let definition = self.all.iter_mut().find(|definition| definition.name.value == name)?;
        definition.is_used = true;
        // The error of a definition that cannot be read is already reported.
        let condition = definition.condition.as_ref()?;
        if self.used_conditions > MAX_USED_CONDITIONS {
            // The first error is enough.
            return None;
        }
        self.used_conditions = self.used_conditions.saturating_add(definition.size);
        if self.used_conditions > MAX_USED_CONDITIONS {
            let message = "the definitions are used too often for their size";
            let problem = Diagnostic::error("too_many_conditions", span, message);
            problems.push(problem.with_fix("use shorter definitions, or write fewer rules that use them"));
            return None;
        }
        Some(condition.clone())
    }
}

/// Reads the conditions with names; `file` is the policy text.
pub(crate) fn read_definitions(node: &Node<'_>, file: &str, reader: &mut NodeReader) -> Definitions {
    let mut definitions = Definitions::default();
    let Value::Object(members) = &node.value else {
        let message = format!("`define` must be an object, not {}", node.kind());
        let fix = "write each definition as a key, such as `{ \"own\": \"args.id == resource.id\" }`";
        reader.problems.push(Diagnostic::error("wrong_type", &node.span, message).with_fix(fix));
        return definitions;
    };
    // All names are known before the first definition is read, so that a use in a definition is recognized.
    reader.defined.extend(members.iter().map(|member| member.name.clone().into_owned()));
    for Member { name, name_span, value } in members {
        check_name(name, name_span, reader);
        let condition = match &value.value {
            Value::String(_) => when::read(value, file, reader),
            _ => read_condition(value, reader, Scope { dialect: Dialect::Callgate1, has_item: false }),
        };
        let condition = condition.filter(|condition| !uses_definition(condition, &mut reader.problems));
        let size = condition.as_ref().map_or(0, count);
        let name = Spanned { value: name.clone().into_owned(), span: name_span.clone() };
        definitions.all.push(Definition { name, condition, size, is_used: false });
    }
    definitions
}

/// Whether the condition of a definition uses a definition, which is reported.
fn uses_definition(condition: &Condition, problems: &mut Vec<Diagnostic>) -> bool {
    if let ConditionKind::Defined(name) = &condition.kind {
        let message = format!("a definition cannot use another definition, such as {}", quoted(name));
        let problem = Diagnostic::error("nested_definition", &condition.span, message);
        problems.push(problem.with_fix("write its condition here, or combine the two in the rules"));
        return true;
    }
    condition.children().iter().fold(false, |uses, child| uses | uses_definition(child, problems))
}

fn check_name(name: &str, span: &Range<usize>, reader: &mut NodeReader) {
    let message = if ROOTS.contains(&name) {
        format!("{} is a variable of expressions, so a definition cannot have this name", quoted(name))
    } else if !is_name(name) || RESERVED.contains(&name) {
        format!("{} is not a valid name of a definition", quoted(name))
    } else {
        return;
    };
    let fix = "write a name of ASCII letters, digits and `_`, such as `own_customer`";
    reader.problems.push(Diagnostic::error("bad_name", span, message).with_fix(fix));
}

/// The conditions in a condition, with itself.
pub(crate) fn count(condition: &Condition) -> usize {
    condition.children().iter().map(count).fold(1, usize::saturating_add)
}

/// The levels of a condition.
pub(crate) fn depth(condition: &Condition) -> usize {
    condition.children().iter().map(depth).max().unwrap_or_default().saturating_add(1)
}
