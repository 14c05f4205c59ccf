//! The password of a secret key: from the terminal, as in minisign, or without a user.

use std::env;
use std::io::{self, IsTerminal as _};

use crate::failure::Failure;

/// The variable with the password if there is no terminal.
const VARIABLE: &str = "CALLGATE_KEY_PASSWORD";

/// The password of an existing key.
pub(crate) fn ask() -> Result<String, Failure> {
    match from_environment()? {
        Some(password) => Ok(password),
        None if io::stdin().is_terminal() => prompt("Password: "),
        None => read_line(),
    }
}

/// The password of a new key, which a user types twice.
pub(crate) fn choose() -> Result<String, Failure> {
    let is_typed = env::var_os(VARIABLE).is_none() && io::stdin().is_terminal();
    let password = ask()?;
    if is_typed && prompt("Password (one more time): ")? != password {
        return Err(Failure::Unusable("the passwords do not match".to_owned()));
    }
    if password.is_empty() {
        return Err(Failure::Unusable(
            "the password is empty; add `--unencrypted` for a key without a password".to_owned(),
        ));
    }
    Ok(password)
}

fn from_environment() -> Result<Option<String>, Failure> {
    let value = env::var_os(VARIABLE).map(|value| value.into_string());
    value.transpose().map_err(|_| Failure::Unusable(format!("`{VARIABLE}` is not UTF-8")))
}

fn prompt(text: &str) -> Result<String, Failure> {
    rpassword::prompt_password(text).map_err(|error| unreadable(&error))
}

fn read_line() -> Result<String, Failure> {
    let mut line = String::new();
    let length = io::stdin().read_line(&mut line).map_err(|error| unreadable(&error))?;
    if length == 0 {
        let message = format!("the key needs a password; set `{VARIABLE}` or write the password to standard input");
        return Err(Failure::Unusable(message));
    }
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::Unusable(format!("cannot read the password: {error}"))
}
