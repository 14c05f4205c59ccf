//! `callgate config`: whether a deployment can be configured so, before it is.

use std::io::{self, Write as _};
use std::path::Path;

use callgate_edge_core::Config;
use serde::de::IgnoredAny;

use crate::{Failure, read_text, unwritable};

/// Checks the configuration in `file` and prints what is wrong with it.
pub(crate) fn run(file: &Path) -> Result<(), Failure> {
    let text = read_text(file)?;
    let shown = file.display();
    let mut out = io::stdout().lock();
    let Err(error) = Config::read(&text) else {
        return writeln!(out, "{shown}: ok").map_err(|error| unwritable(&error));
    };
    // The strict reader tells no place in a text that is no JSON; the common one does.
    let written = match serde_json::from_str::<IgnoredAny>(&text) {
        Err(place) => writeln!(out, "{shown}:{}:{}: {error}", place.line(), place.column()),
        Ok(_) => writeln!(out, "{shown}: {error}"),
    };
    written.map_err(|error| unwritable(&error))?;
    Err(Failure::Refused)
}
