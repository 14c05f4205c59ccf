//! The key `define`: conditions with names, which rules use.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::condition::field::Scope;
use crate::condition::{Condition, read_condition};
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
    /// Whether the definitions themselves are being read.
    is_open: bool,
    used_conditions: usize,
}

impl Definitions {
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.all.iter().map(|definition| definition.name.value.as_str())
    }

    /// Whether a condition is the whole condition of a definition.
    pub(crate) fn is_condition(&self, condition: &Condition) -> bool {
        self.all.iter().any(|definition| definition.condition.as_ref().is_some_and(|own| own == condition))
    }

    /// The definitions that no rule uses.
    pub(crate) fn unused(&self) -> Vec<Spanned<String>> {
        self.all.iter().filter(|definition| !definition.is_used).map(|definition| definition.name.clone()).collect()
    }

    pub(crate) fn into_conditions(self) -> Vec<(Spanned<String>, Condition)> {
        let named = |definition: Definition| Some((definition.name, definition.condition?));
        self.all.into_iter().filter_map(named).collect()
    }
}

/// Reads the conditions with names; `file` is the policy text.
pub(crate) fn read_definitions(node: &Node<'_>, file: &str, reader: &mut NodeReader) {
    let Value::Object(members) = &node.value else {
        let message = format!("`define` must be an object, not {}", node.kind());
        let fix = "write each definition as a key, such as `{ \"own\": \"args.id == resource.id\" }`";
        reader.problems.push(Diagnostic::error("wrong_type", &node.span, message).with_fix(fix));
        return;
    };
    reader.definitions.is_open = true;
    // All names are known before the first definition is read, so that a use in a definition is recognized.
    for Member { name, name_span, .. } in members {
        check_name(name, name_span, reader);
        let name = Spanned { value: name.clone().into_owned(), span: name_span.clone() };
        reader.definitions.all.push(Definition { name, condition: None, size: 0, is_used: false });
    }
    for (at, Member { value, .. }) in members.iter().enumerate() {
        let condition = match &value.value {
            Value::String(_) => when::read(value, file, reader),
            _ => read_condition(value, reader, Scope { dialect: Dialect::Callgate1, has_item: false }),
        };
        if let Some(definition) = reader.definitions.all.get_mut(at) {
            definition.size = condition.as_ref().map_or(0, count);
            definition.condition = condition;
        }
    }
    reader.definitions.is_open = false;
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

/// The condition of a definition that a rule uses; the errors of an unknown name are reported.
pub(crate) fn use_definition(name: &str, span: &Range<usize>, reader: &mut NodeReader) -> Option<Condition> {
    let definitions = &mut reader.definitions;
    if !definitions.names().any(|other| other == name) {
        let problem = Diagnostic::error("unknown_name", span, format!("{} is not defined in `define`", quoted(name)));
        let problem = problem.with_likely_word(name, reader.definitions.names());
        reader.problems.push(problem);
        return None;
    }
    if definitions.is_open {
        let message = format!("a definition cannot use another definition, such as {}", quoted(name));
        let problem = Diagnostic::error("nested_definition", span, message);
        reader.problems.push(problem.with_fix("write its condition here, or combine the two in the rules"));
        return None;
    }
    let used = definitions.used_conditions;
    let definition = definitions.all.iter_mut().find(|definition| definition.name.value == name)?;
    definition.is_used = true;
    // The error of a definition that cannot be read is already reported.
    let condition = definition.condition.as_ref()?;
    if used > MAX_USED_CONDITIONS {
        // The first error is enough.
        return None;
    }
    let used = used.saturating_add(definition.size);
    if used > MAX_USED_CONDITIONS {
        definitions.used_conditions = used;
        let message = "the definitions are used too often for their size";
        let problem = Diagnostic::error("too_many_conditions", span, message);
        reader.problems.push(problem.with_fix("use shorter definitions, or write fewer rules that use them"));
        return None;
    }
    let condition = condition.clone();
    definitions.used_conditions = used;
    Some(condition)
}

/// The conditions in a condition, with itself.
pub(crate) fn count(condition: &Condition) -> usize {
    condition.children().iter().map(count).fold(1, usize::saturating_add)
}

/// The levels of a condition.
pub(crate) fn depth(condition: &Condition) -> usize {
    condition.children().iter().map(depth).max().unwrap_or_default().saturating_add(1)
}
