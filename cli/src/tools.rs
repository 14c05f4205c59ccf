//! `callgate tools`: updates the tools of a policy from the `tools/list` responses of MCP servers.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use callgate_engine::policy::document::Tool as Declared;
use callgate_engine::policy::text::convert::{content, convert};
use callgate_engine::{Dialect, Format, PolicyDocument};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::failure::Failure;
use crate::policy_file::PolicyFile;
use crate::print::{self, printable_json, quoted, unwritable};
use crate::text_file::read_text;

/// The response of a server, with its JSON-RPC envelope.
#[derive(Deserialize)]
struct Response {
    result: List,
}

/// The result of `tools/list`.
#[derive(Deserialize)]
struct List {
    tools: Vec<Tool>,
    /// Present if the server has more tools than it listed.
    #[serde(rename = "nextCursor")]
    next_cursor: Option<String>,
}

/// The used parts of a tool; the schema keeps its text, so that no number in it changes.
#[derive(Deserialize)]
struct Tool {
    name: String,
    #[serde(rename = "inputSchema")]
    input_schema: Option<Box<RawValue>>,
}

/// The declared tools that are replaced: those of one server, or those of every server.
struct Replaced<'p> {
    document: &'p PolicyDocument<'p>,
    server: Option<&'p str>,
    /// The position of the list, if there is one.
    list: Option<Range<usize>>,
}

impl<'p> Replaced<'p> {
    fn new(document: &'p PolicyDocument<'p>, server: Option<&'p str>, file: &str) -> Result<Self, Failure> {
        let Some(name) = server else { return Ok(Self { document, server, list: document.tools_span.clone() }) };
        let owned = document.server_tools.iter().find(|(server, _)| server.value == name);
        let Some((_, list)) = owned else {
            let shown = quoted(name);
            let fix = format!("write `\"servers\": {{ {shown}: {{ \"tools\": [] }} }}`");
            return Err(Failure::Unusable(format!("the server {shown} has no list of tools in `{file}`; {fix}")));
        };
        Ok(Self { document, server, list: Some(list.clone()) })
    }

    fn tools(&self) -> impl Iterator<Item = &'p Declared> {
        let server = self.server;
        self.document.tools.iter().flatten().filter(move |tool| tool.server.as_deref() == server)
    }
}

/// Replaces the tools of a policy with those of `lists`, and prints the policy or writes the file.
pub(crate) fn run(lists: &[PathBuf], policy: &Path, server: Option<&str>, write: bool) -> Result<(), Failure> {
    let mut tools = Vec::new();
    for (at, file) in lists.iter().enumerate() {
        let List { tools: listed, next_cursor } = read_list(file)?;
        tools.extend(listed);
        if next_cursor.is_some() && at.saturating_add(1) == lists.len() {
            print::err(&format!(
                "warning: `{}` is not the last page because it has a `nextCursor`; save the next page and add its file",
                file.display()
            ))?;
        }
    }
    let file = PolicyFile::read(policy)?;
    let document = file.parse()?;
    if document.dialect == Dialect::Perso1 {
        let message = "a `perso-1` policy cannot have schemas; run `callgate migrate` to make it a `callgate-1` policy";
        return Err(Failure::Unusable(message.to_owned()));
    }
    let replaced = Replaced::new(&document, server, &file.name)?;
    // The positions of these findings are not those of the file.
    let text = replace_tools(&file, &replaced, &tools)?;
    let changed = PolicyFile { name: format!("{} with the new tools", file.name), text, format: file.format };
    print_changes(&replaced, &tools)?;
    let refused = changed.check().err();
    if write {
        // While a rule names a removed tool, the file is not changed.
        let unwritten = |error: io::Error| Failure::Unusable(format!("cannot write `{}`: {error}", policy.display()));
        let Some(refused) = refused else { return fs::write(policy, changed.text).map_err(unwritten) };
        let fix = "change its rules first, or run the command without `--write` to see the policy";
        print::err(&format!(
            "\n{}: not written, because the policy with the new tools has an error; {fix}",
            file.name
        ))?;
        return Err(refused);
    }
    io::stdout().lock().write_all(changed.text.as_bytes()).map_err(|error| unwritable(&error))?;
    refused.map_or(Ok(()), Err)
}

/// Reads a saved response: the whole response, its result, or the list in it.
fn read_list(file: &Path) -> Result<List, Failure> {
    let text = read_text(file)?;
    let unusable = |problem: String| Failure::Unusable(format!("`{}` {problem}", file.display()));
    serde_json::from_str::<&RawValue>(&text).map_err(|error| unusable(format!("is not valid JSON: {error}")))?;
    // Raw JSON values cannot be read through an untagged enum, so each form is tried separately.
    let whole = serde_json::from_str(&text).map(|Response { result }| result);
    let result = whole.or_else(|_| serde_json::from_str::<List>(&text));
    let list = || serde_json::from_str(&text).map(|tools| List { tools, next_cursor: None });
    result.or_else(|_| list()).map_err(|_| {
        unusable("is not a `tools/list` response; it must have `result.tools` or `tools`, or be a list of tools".into())
    })
}

/// The text of a policy with other tools; the rest is unchanged, with its comments.
fn replace_tools(file: &PolicyFile, replaced: &Replaced<'_>, tools: &[Tool]) -> Result<String, Failure> {
    let list = write_tools(replaced, tools);
    let mut written = vec![replace_list(replaced, &list)];
    if file.format == Format::Yaml {
        // A list in lines, unless the policy is in brackets.
        written.insert(0, replace_lines(replaced, &list)?);
    }
    let is_right = |text: &String| has_only_other_tools(file, replaced, text, &list).is_some_and(|is_right| is_right);
    written.into_iter().find(is_right).ok_or_else(|| {
        let fix = "run `callgate fmt` on it, or write `tools` by hand";
        Failure::Unusable(format!("cannot replace the tools in `{}` without other changes; {fix}", file.name))
    })
}

/// Replaces the list by one in brackets.
fn replace_list(replaced: &Replaced<'_>, list: &str) -> String {
    let document = replaced.document;
    match &replaced.list {
        Some(span) => splice(document.text, span.clone(), list),
        None => {
            let behind = document.version_span.end;
            splice(document.text, behind..behind, &format!(",\n  \"tools\": {list}"))
        }
    }
}

/// Replaces the list by one in lines, as YAML has it.
fn replace_lines(replaced: &Replaced<'_>, list: &str) -> Result<String, Failure> {
    let document = replaced.document;
    let text = document.text;
    let unwritable = |_| Failure::Unusable("cannot write the tools as YAML; report this as a bug".to_owned());
    let list = convert(list, Format::Json, Format::Yaml).map_err(unwritable)?;
    let lines = |indent: usize| -> String { list.lines().map(|line| format!("\n{:indent$}{line}", "")).collect() };
    let Some(span) = &replaced.list else {
        let end = document.version_span.end;
        let line = text.get(end..).unwrap_or_default().split('\n').next().unwrap_or_default();
        let end = end.saturating_add(line.trim_end_matches('\r').len());
        return Ok(splice(text, end..end, &format!("\ntools:{}", lines(2))));
    };
    let before = text.get(..span.start).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    if line.trim_start().is_empty() {
        // The list starts on a line of its own, and keeps its indentation.
        let start = span.start.saturating_sub(line.len());
        let lines = if list.starts_with('[') { format!("\n{line} {list}") } else { lines(line.len()) };
        return Ok(splice(text, start..span.end, lines.trim_start_matches('\n').trim_end_matches('\n')));
    }
    let start = before.trim_end_matches(' ').len();
    let indent = line.len().saturating_sub(line.trim_start().len()).saturating_add(2);
    let new = if list.starts_with('[') { format!(" {}", list.trim_end()) } else { lines(indent) };
    Ok(splice(text, start..span.end, &new))
}

fn splice(text: &str, place: Range<usize>, new: &str) -> String {
    let new = if text.contains("\r\n") { new.replace('\n', "\r\n") } else { new.to_owned() };
    let (before, behind) = (text.get(..place.start), text.get(place.end..));
    [before.unwrap_or_default(), &new, behind.unwrap_or_default()].concat()
}

/// Whether a text is the policy with the list as its tools; `None` if the text cannot be read.
fn has_only_other_tools(file: &PolicyFile, replaced: &Replaced<'_>, text: &str, list: &str) -> Option<bool> {
    let read = |text, format| content(text, format).ok().and_then(|json| serde_json::from_str::<Value>(&json).ok());
    let take_tools = |policy: &mut Value| {
        let owner = match replaced.server {
            None => policy,
            Some(server) => policy.get_mut("servers")?.get_mut(server)?,
        };
        owner.as_object_mut()?.remove("tools")
    };
    let (mut old, mut new) = (read(&file.text, file.format)?, read(text, file.format)?);
    take_tools(&mut old);
    let tools = take_tools(&mut new);
    Some(old == new && tools == read(list, Format::Json))
}

fn write_tools(replaced: &Replaced<'_>, tools: &[Tool]) -> String {
    let mut lines = Vec::new();
    // The author chose these tools to validate their arguments themselves.
    let is_unenforced = |name: &str| {
        let mut tools = replaced.tools();
        tools.any(|tool| tool.own_name() == name && tool.schema.as_ref().is_some_and(|schema| !schema.is_enforced))
    };
    for tool in tools {
        // A server wrote these names, and a terminal or an editor may show them.
        let name = printable_json(&Value::from(&*tool.name).to_string());
        lines.push(match &tool.input_schema {
            Some(schema) => {
                let unenforced = if is_unenforced(&tool.name) { "\"enforceSchema\": false, " } else { "" };
                format!("    {{ \"name\": {name}, {unenforced}\"inputSchema\": {} }}", printable_json(schema.get()))
            }
            None => format!("    {name}"),
        });
    }
    if lines.is_empty() { String::from("[]") } else { format!("[\n{}\n  ]", lines.join(",\n")) }
}

/// Reports added and removed tools on standard error.
fn print_changes(replaced: &Replaced<'_>, tools: &[Tool]) -> Result<(), Failure> {
    let old: BTreeSet<&str> = replaced.tools().map(Declared::own_name).collect();
    let new: BTreeSet<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    for name in new.difference(&old) {
        print::err(&format!("+ {}", shown(name)))?;
    }
    for name in old.difference(&new) {
        print::err(&format!("- {}", shown(name)))?;
    }
    print::err(&format!(
        "{} tools, {} added, {} removed",
        new.len(),
        new.difference(&old).count(),
        old.difference(&new).count()
    ))
}

/// A name as it is, or as a JSON string if it could be mistaken for something else.
fn shown(name: &str) -> String {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_graphic()) && (1..=128).contains(&name.len());
    if is_plain { name.to_owned() } else { quoted(name) }
}
