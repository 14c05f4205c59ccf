//! Policies in any format; `version` selects the language.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::language::dialect::Dialect;
use crate::policy::document::PolicyDocument;
use crate::policy::parse::{callgate, perso};
use crate::policy::text::diagnostic::{Diagnostic, quoted};
use crate::policy::text::format::Format;
use crate::policy::text::formats::read;
use crate::policy::text::node_reader::{NodeReader, start_of};
use crate::policy::text::tree::{Node, Tree, Value};

/// The `version` of the policy language that this engine defines.
const CALLGATE_1: &str = "callgate-1";

/// Reads a policy text in the language that its `version` selects.
///
/// # Errors
/// The text does not have its format, or it is not an object with a supported `version`. Other errors are kept in the
/// document.
pub(crate) fn parse(text: &str, format: Format) -> Result<PolicyDocument<'_>, Vec<Diagnostic>> {
    let Tree { root, mut problems, mut ambiguities } = read(text, format).map_err(|problem| alloc::vec![problem])?;
    if !ambiguities.is_empty() {
        ambiguities.append(&mut problems);
        ambiguities.sort_by_key(|problem| (problem.span.start, problem.span.end));
        return Err(ambiguities);
    }
    let mut reader = NodeReader::new(problems);
    match find_version(&root, format, &mut reader) {
        Some((Dialect::Callgate1, version)) => Ok(callgate::read_document(text, format, &root, version, reader)),
        Some((Dialect::Perso1, version)) => Ok(perso::read_document(text, format, &root, version, reader)),
        None => Err(reader.problems),
    }
}

fn find_version(tree: &Node<'_>, format: Format, reader: &mut NodeReader) -> Option<(Dialect, String)> {
    let Value::Object(members) = &tree.value else {
        reader.wrong_type(tree, "a policy", "an object");
        return None;
    };
    let Some(member) = members.iter().find(|member| member.name == "version") else {
        let problem = Diagnostic::error("missing_key", &start_of(tree), "`version` is missing");
        let line = if format == Format::Yaml { "version: " } else { "\"version\": " };
        let value = if format == Format::Yaml { String::from(CALLGATE_1) } else { format!("\"{CALLGATE_1}\"") };
        reader.problems.push(problem.with_fix(format!("add `{line}{value}`")));
        return None;
    };
    let version = reader.string(&member.value, "`version`")?;
    let dialect = match version.value.as_str() {
        CALLGATE_1 => Dialect::Callgate1,
        other if other.starts_with("perso-") && format != Format::Json => {
            let message = format!("a perso policy must be JSON, not {}", format.name());
            let problem = Diagnostic::error("perso_format", &version.span, message);
            let fix = "name the file `.json`, or run `callgate migrate` to make it a `callgate-1` policy";
            reader.problems.push(problem.with_fix(fix));
            return None;
        }
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
