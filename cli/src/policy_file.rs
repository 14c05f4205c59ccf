//! Policies from files, parsed and compiled.

use std::borrow::Cow;
use std::env;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use callgate_engine::policy::text::{Diagnostic, report};
use callgate_engine::{Format, PolicyDocument, PolicyImage, ValidPolicy, validate};

use crate::failure::Failure;
use crate::print::{printable, unwritable};
use crate::text_file::read_text;

/// Renders the findings in the text of a file, with or without colors.
pub(crate) type Render = fn(&str, &str, Format, &[Diagnostic], bool) -> String;

/// The text of a policy, its format and its name in messages.
pub(crate) struct PolicyFile {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) format: Format,
}

impl PolicyFile {
    /// Reads a file, whose name states its format.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let format = Format::of_path(&name).map_err(|problem| Failure::Unusable(problem.to_string()))?;
        Ok(Self { text: read_text(path)?, name, format })
    }

    /// The policy, or its errors.
    pub(crate) fn validate(&self) -> Result<ValidPolicy<'_>, Vec<Diagnostic>> {
        self.format.parse(&self.text).and_then(validate)
    }

    /// The policy; its errors are printed to standard error.
    pub(crate) fn check(&self) -> Result<ValidPolicy<'_>, Failure> {
        self.validate().map_err(|findings| self.refuse(&findings))
    }

    /// The document, of which only the syntax was checked; errors are printed to standard error.
    pub(crate) fn parse(&self) -> Result<PolicyDocument<'_>, Failure> {
        self.format.parse(&self.text).map_err(|findings| self.refuse(&findings))
    }

    /// Prints findings to standard error.
    pub(crate) fn report(&self, findings: &[Diagnostic]) -> Result<(), Failure> {
        self.print(io::stderr().lock(), findings, report::render)
    }

    /// Writes findings to standard output or standard error, in colors if that is a terminal.
    pub(crate) fn print(
        &self,
        mut to: impl Write + IsTerminal,
        findings: &[Diagnostic],
        render: Render,
    ) -> Result<(), Failure> {
        let render = |color| render(&self.name, &self.text, self.format, findings, color);
        let plain = render(false);
        let shown = match printable(&plain) {
            // The color sequences are then the only control sequences in the text.
            Cow::Borrowed(_) if to.is_terminal() && env::var_os("NO_COLOR").is_none() => render(true),
            shown => shown.into_owned(),
        };
        writeln!(to, "{shown}").map_err(|error| unwritable(&error))
    }

    fn refuse(&self, findings: &[Diagnostic]) -> Failure {
        self.report(findings).map_or_else(|failure| failure, |()| Failure::Refused)
    }
}

/// Opens the bytes of a compiled policy.
pub(crate) fn open(bytes: &[u8]) -> Result<PolicyImage<'_>, Failure> {
    PolicyImage::open(bytes)
        .map_err(|error| Failure::Unusable(format!("cannot open the compiled policy: {error}; report this as a bug")))
}
