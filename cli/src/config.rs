//! `callgate config`: checks a configuration before it is deployed.

use std::path::Path;

use callgate_edge_core::auth::{Authentication, Secrets};
use callgate_edge_core::{Config, ConfigError};
use serde::de::IgnoredAny;

use crate::failure::Failure;
use crate::print::{self, on_one_line};
use crate::text_file::read_text;

/// Valid secrets, because the real secrets are not available here.
const ANY_SECRET: &str = "00000000000000000000000000000000";

fn check(text: &str) -> Result<(), ConfigError> {
    let config = Config::read(text)?;
    let secrets = Secrets { api_keys: None, token_secret: Some(ANY_SECRET) };
    Authentication::read(config.auth, &secrets).map(drop)
}

/// Checks the configuration in `file` and prints its error.
pub(crate) fn run(file: &Path) -> Result<(), Failure> {
    let text = read_text(file)?;
    let shown = file.display();
    let Err(error) = check(&text) else { return print::out(&format!("{shown}: ok")) };
    let problem = on_one_line(&error.to_string());
    // The strict reader reports no position in invalid JSON; serde_json does.
    match serde_json::from_str::<IgnoredAny>(&text) {
        Err(place) => print::out(&format!("{shown}:{}:{}: {problem}", place.line(), place.column()))?,
        Ok(_) => print::out(&format!("{shown}: {problem}"))?,
    }
    Err(Failure::Refused)
}
