//! `callgate fmt`: writes policies in one form, with their comments.

use std::fs;
use std::path::{Path, PathBuf};

use callgate_engine::Format;
use callgate_engine::policy::text::convert::content;
use dprint_plugin_json::configuration::{ConfigurationBuilder, TrailingCommaKind};
use pretty_yaml::config::{FormatOptions, LanguageOptions, LayoutOptions};

use crate::failure::Failure;
use crate::policy_file::PolicyFile;
use crate::print;

/// The columns of a line, unless a string or a comment is longer.
const WIDTH: u16 = 120;

/// A text that still changes after so many passes has no form.
const MAX_PASSES: usize = 8;

/// Formats the policies in `files`, or only names those that are not formatted. The worst outcome decides the exit code.
pub(crate) fn run(files: &[PathBuf], check: bool) -> Result<(), Failure> {
    let mut worst = Ok(());
    for path in files {
        match format_file(path, check) {
            Ok(()) => {}
            Err(Failure::Unusable(problem)) => {
                print::err(&format!("callgate: {problem}"))?;
                worst = Err(Failure::Unusable(format!("not all of the {} files were formatted", files.len())));
            }
            Err(failure) if worst.is_ok() => worst = Err(failure),
            Err(_) => {}
        }
    }
    worst
}

fn format_file(path: &Path, check: bool) -> Result<(), Failure> {
    let file = PolicyFile::read(path)?;
    let before = content(&file.text, file.format).map_err(|findings| match file.report(&findings) {
        Ok(()) => Failure::Refused,
        Err(failure) => failure,
    })?;
    let formatted = format_text(&file)?;
    // An equal content gives an equal compiled policy.
    if content(&formatted, file.format).as_ref() != Ok(&before) {
        return Err(unusable(&file, "would change its content"));
    }
    if formatted == file.text {
        return Ok(());
    }
    if check {
        print::out(&format!("{}: not formatted; run `callgate fmt`", file.name))?;
        return Err(Failure::Refused);
    }
    fs::write(path, formatted).map_err(|error| Failure::Unusable(format!("cannot write `{}`: {error}", file.name)))
}

/// The text in its form: a text that formatting does not change.
fn format_text(file: &PolicyFile) -> Result<String, Failure> {
    let mut text = file.text.replace("\r\n", "\n");
    for _ in 0..MAX_PASSES {
        let next = match file.format {
            Format::Yaml => format_yaml(&text),
            Format::Json | Format::JsonWithComments => format_json(&text),
        };
        let next = next.ok_or_else(|| unusable(file, "cannot be read by the formatter"))?;
        if next == text {
            return Ok(text);
        }
        text = next;
    }
    Err(unusable(file, "has no stable form"))
}

fn format_json(text: &str) -> Option<String> {
    let configuration = ConfigurationBuilder::new()
        .line_width(WIDTH.into())
        .indent_width(2)
        .trailing_commas(TrailingCommaKind::Never)
        .build();
    let formatted = dprint_plugin_json::format_text(Path::new("policy.json"), text, &configuration).ok()?;
    Some(formatted.unwrap_or_else(|| text.to_owned()))
}

fn format_yaml(text: &str) -> Option<String> {
    let layout = LayoutOptions { print_width: WIDTH.into(), ..LayoutOptions::default() };
    let language = LanguageOptions { trailing_comma: false, ..LanguageOptions::default() };
    pretty_yaml::format_text(text, &FormatOptions { layout, language }).ok()
}

fn unusable(file: &PolicyFile, problem: &str) -> Failure {
    Failure::Unusable(format!("`{}` {problem}, so it is unchanged; report this as a bug", file.name))
}
