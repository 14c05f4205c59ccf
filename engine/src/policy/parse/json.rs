//! Policies in JSON; `version` selects the language.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::language::dialect::Dialect;
use crate::policy::document::PolicyDocument;
use crate::policy::parse::{callgate, perso};
use crate::policy::text::diagnostic::{Diagnostic, quoted};
use crate::policy::text::node_reader::{NodeReader, start_of};
use crate::policy::text::tree::{self, Node, Value};

/// The `version` of the policy language that this engine defines.
const CALLGATE_1: &str = "callgate-1";

/// Reads a policy text in the language that its `version` selects.
///
/// # Errors
/// The text is not a JSON object with a supported `version`. Other errors are kept in the document.
pub(crate) fn parse(text: &str) -> Result<PolicyDocument<'_>, Vec<Diagnostic>> {
    let (tree, problems) = tree::read(text).map_err(|problem| alloc::vec![problem])?;
    let mut reader = NodeReader::new(problems);
    match find_version(&tree, &mut reader) {
        Some((Dialect::Callgate1, version)) => Ok(callgate::read_document(text, &tree, version, reader)),
        Some((Dialect::Perso1, version)) => Ok(perso::read_document(text, &tree, version, reader)),
        None => Err(reader.problems),
    }
}

fn find_version(tree: &Node<'_>, reader: &mut NodeReader) -> Option<(Dialect, String)> {
    let Value::Object(members) = &tree.value else {
        reader.wrong_type(tree, "a policy", "an object");
        return None;
    };
    let Some(member) = members.iter().find(|member| member.name == "version") else {
        let problem = Diagnostic::error("missing_key", &start_of(tree), "`version` is missing");
        reader.problems.push(problem.with_fix(format!("add `\"version\": \"{CALLGATE_1}\"`")));
        return None;
    };
    let version = reader.string(&member.value, "`version`")?;
    let dialect = match version.value.as_str() {
        CALLGATE_1 => Dialect::Callgate1,
        other if other.starts_with("perso-") => Dialect::Perso1,
        other => {
            let message = format!("{} is not a supported policy language version", quoted(other));
            let fix = format!("write `{CALLGATE_1}`, or a version that starts with `perso-` for a perso policy");
            reader.problems.push(Diagnostic::error("unknown_version", &version.span, message).with_fix(fix));
            return None;
        }
    };
    Some((dialect, version.value))
}
