//! One object of a configuration, and its errors.

use alloc::borrow::{Cow, ToOwned as _};
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::ops::RangeInclusive;

use callgate_engine::json::{Kind, RawValue};

use crate::config::pointer::escape;

/// An error in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The JSON pointer (RFC 6901) of the invalid value, or the name of the invalid variable.
    pub pointer: String,
    /// The error, in lower case and without a full stop.
    pub problem: String,
}

impl ConfigError {
    /// The position and the error, for people.
    #[must_use]
    pub fn message(&self) -> String {
        let place = if self.pointer.is_empty() { "the configuration" } else { &self.pointer };
        [place, " ", &self.problem].concat()
    }
}

/// One object of a configuration.
#[derive(Clone, Debug)]
pub(crate) struct Section<'c> {
    value: Option<RawValue<'c>>,
    pointer: String,
}

impl<'c> Section<'c> {
    /// Reads `value` as an object with no other keys than `keys`.
    pub(crate) fn read(value: RawValue<'c>, pointer: &str, keys: &[&str]) -> Result<Self, ConfigError> {
        let section = Self { value: Some(value), pointer: pointer.to_owned() };
        let Some(members) = members(value) else { return Err(section.error("must be an object")) };
        match members.iter().find(|(name, _)| !keys.contains(&name.as_str())) {
            Some((name, _)) => {
                let known = listed(keys);
                Err(section.error(&["has an unknown key `", name, "`; use ", &known].concat()))
            }
            None => Ok(section),
        }
    }

    /// The object under `key`, empty if the key is missing.
    pub(crate) fn section(&self, key: &str, keys: &[&str]) -> Result<Self, ConfigError> {
        let pointer = self.pointer_to(key);
        match self.value(key) {
            Some(value) => Self::read(value, &pointer, keys),
            None => Ok(Self { value: None, pointer }),
        }
    }

    /// The value under `key`, if present.
    pub(crate) fn value(&self, key: &str) -> Option<RawValue<'c>> {
        self.value?.member(key)
    }

    /// The string under `key`, if present.
    pub(crate) fn text(&self, key: &str) -> Result<Option<Cow<'c, str>>, ConfigError> {
        let read = |value: RawValue<'c>| value.as_string().ok_or_else(|| self.error_at(key, "must be a string"));
        self.value(key).map(read).transpose()
    }

    /// The string under `key`, which is required.
    pub(crate) fn needed_text(&self, key: &str) -> Result<Cow<'c, str>, ConfigError> {
        self.text(key)?.ok_or_else(|| self.error_at(key, "is missing"))
    }

    /// The name of a binding of Cloudflare under `key`, if present.
    pub(crate) fn binding(&self, key: &str) -> Result<Option<String>, ConfigError> {
        let Some(name) = self.text(key)? else { return Ok(None) };
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if name.is_empty() || !is_name {
            return Err(self.error_at(key, "must be a binding name of ASCII letters, digits and `_`"));
        }
        Ok(Some(name.into_owned()))
    }

    /// The strings in the list under `key`; empty if the key is missing.
    pub(crate) fn texts(&self, key: &str) -> Result<Vec<Cow<'c, str>>, ConfigError> {
        let Some(list) = self.value(key) else { return Ok(Vec::new()) };
        let texts = items(list).and_then(|items| items.into_iter().map(RawValue::as_string).collect());
        texts.ok_or_else(|| self.error_at(key, "must be a list of strings"))
    }

    /// The choice that the string under `key` names, if present.
    pub(crate) fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        let chosen = choices.iter().find(|(name, _)| *name == text).map(|&(_, choice)| choice);
        let names: Vec<&str> = choices.iter().map(|&(name, _)| name).collect();
        chosen.map(Some).ok_or_else(|| self.error_at(key, &["must be ", &listed(&names)].concat()))
    }

    /// The boolean under `key`, if present.
    pub(crate) fn boolean(&self, key: &str) -> Result<Option<bool>, ConfigError> {
        let read = |value: RawValue<'c>| match value.kind() {
            Kind::Bool(value) => Ok(value),
            _ => Err(self.error_at(key, "must be a boolean")),
        };
        self.value(key).map(read).transpose()
    }

    /// The integer under `key`, if present.
    pub(crate) fn integer(&self, key: &str, range: RangeInclusive<u32>) -> Result<Option<u32>, ConfigError> {
        let read = |value: RawValue<'c>| {
            let number = value.as_number().and_then(|text| text.parse::<u32>().ok());
            number.filter(|number| range.contains(number)).ok_or_else(|| {
                let (least, most) = (range.start().to_string(), range.end().to_string());
                self.error_at(key, &["must be an integer from ", &least, " to ", &most].concat())
            })
        };
        self.value(key).map(read).transpose()
    }

    /// An error of the object itself.
    pub(crate) fn error(&self, problem: &str) -> ConfigError {
        ConfigError { pointer: self.pointer.clone(), problem: problem.to_string() }
    }

    /// An error of the value under `key`.
    pub(crate) fn error_at(&self, key: &str, problem: &str) -> ConfigError {
        ConfigError { pointer: self.pointer_to(key), problem: problem.to_string() }
    }

    fn pointer_to(&self, key: &str) -> String {
        [&self.pointer, "/", &escape(key)].concat()
    }
}

/// The items of a list, or `None` for another value. A separate function, because the list reader is large.
pub(crate) fn items(list: RawValue<'_>) -> Option<Vec<RawValue<'_>>> {
    let mut items = Vec::new();
    list.for_items(|item| {
        items.push(item);
        true
    })?;
    Some(items)
}

/// The members of an object with their names, or `None` for another value.
pub(crate) fn members(object: RawValue<'_>) -> Option<Vec<(String, RawValue<'_>)>> {
    let mut members = Vec::new();
    object.for_members(|name, value| {
        members.push((name.to_owned(), value));
        true
    })?;
    Some(members)
}

/// Words as a list in prose: `a`, `b` or `c`.
fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| ["`", word, "`"].concat()).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => [&others.join(", "), " or ", last].concat(),
        None => String::from("nothing"),
    }
}
