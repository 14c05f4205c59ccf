//! Policies from files, parsed and compiled.

use std::io;
use std::path::Path;

use callgate_engine::policy::text::Diagnostic;
use callgate_engine::{PolicyDocument, PolicyImage, ValidPolicy, parse, validate};

use crate::failure::Failure;
use crate::print;
use crate::text_file::read_text;

/// The text of a policy and its name in messages.
pub(crate) struct PolicyFile {
    pub(crate) name: String,
    pub(crate) text: String,
}

impl PolicyFile {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        Ok(Self { name: path.display().to_string(), text: read_text(path)? })
    }

    /// The policy, or its errors.
    pub(crate) fn validate(&self) -> Result<ValidPolicy<'_>, Vec<Diagnostic>> {
        parse(&self.text).and_then(validate)
    }

    /// The policy; its errors are printed to standard error.
    pub(crate) fn check(&self) -> Result<ValidPolicy<'_>, Failure> {
        self.validate().map_err(|findings| self.refuse(&findings))
    }

    /// The document, of which only the syntax was checked; errors are printed to standard error.
    pub(crate) fn parse(&self) -> Result<PolicyDocument<'_>, Failure> {
        parse(&self.text).map_err(|findings| self.refuse(&findings))
    }

    /// Prints findings to standard error.
    pub(crate) fn report(&self, findings: &[Diagnostic]) -> Result<(), Failure> {
        print::findings(io::stderr().lock(), &self.name, &self.text, findings)
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
