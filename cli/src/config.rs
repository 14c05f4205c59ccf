//! `callgate config`: whether a deployment can be configured so, before it is.

use std::io::{self, Write as _};
use std::path::Path;

use callgate_edge_core::auth::{Authentication, Secrets};
use callgate_edge_core::{Config, ConfigError};
use serde::de::IgnoredAny;

use crate::{Failure, read_text, unwritable};

/// A secret that is not there yet can't be wrong, and one that a deployment has stays where it is.
const ANY_SECRET: &str = "00000000000000000000000000000000";

fn check(text: &str) -> Result<(), ConfigError> {
    let config = Config::read(text)?;
    let secrets = Secrets { api_keys: None, token_secret: Some(ANY_SECRET) };
    Authentication::read(config.auth, &secrets).map(drop)
}

/// Checks the configuration in `file` and prints what is wrong with it.
pub(crate) fn run(file: &Path) -> Result<(), Failure> {
    let text = read_text(file)?;
    let shown = file.display();
    let mut out = io::stdout().lock();
    let Err(error) = check(&text) else {
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
