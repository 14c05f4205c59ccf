//! The key `when`: a condition as an expression in the syntax of CEL (the Common Expression Language).
//!
//! An expression is read into a tree, and the tree is lowered to the same conditions that JSON has, so that both forms
//! compile to the same image. What CEL has and callgate does not is an error, which names the closest supported form.

pub(crate) mod lexer;
pub(crate) mod ast;
pub(crate) mod parser;
pub(crate) mod define;
mod lower;
mod operand;
mod compare;
mod functions;
pub(crate) mod print;

use crate::condition::Condition;
use crate::policy::text::diagnostic::Diagnostic;
use crate::policy::text::embedded::Embedded;
use crate::policy::text::node_reader::NodeReader;
use crate::policy::text::tree::Node;
use crate::policy::when::lower::Lowering;

/// The bytes of an expression.
pub(crate) const MAX_BYTES: usize = 16 * 1024;

/// The levels of an expression; `!` and parentheses are levels of their own. A level needs more stack than a level of
/// JSON, so there are fewer.
pub(crate) const MAX_DEPTH: usize = 64;

/// The conditions that one expression may become. `a ? b : c` uses `a` twice, so nested ones multiply.
const MAX_CONDITIONS: usize = 20_000;

/// The variables of an expression.
const ROOTS: [&str; 4] = ["args", "agent", "resource", "request"];

/// Reads an expression in a policy; `file` is the policy text.
pub(crate) fn read(node: &Node<'_>, file: &str, reader: &mut NodeReader) -> Option<Condition> {
    let text = reader.string(node, "`when`")?;
    let embedded = Embedded::new(file, &text.span, &text.value);
    let tree = match parser::parse(&text.value) {
        Ok(tree) => tree,
        Err(error) => {
            // An error at the end of the expression is shown at its last character.
            let last = text.value.char_indices().next_back().map_or(0, |(at, _)| at);
            let span = embedded.span(&(error.span.start.min(last)..error.span.end));
            let problem = Diagnostic::error("invalid_expression", &span, error.message);
            reader.problems.push(match error.fix {
                Some(fix) => problem.with_fix(fix),
                None => problem,
            });
            return None;
        }
    };
    Lowering::new(&embedded, reader).condition(&tree)
}
