//! JSON values that preserve the text of numbers.
//!
//! `serde_json::Value` rounds numbers unless a feature of that crate is enabled, and features are enabled for all
//! crates of the workspace. These values preserve the text without affecting other crates.

use std::collections::HashSet;
use std::fmt::{self, Display, Formatter, Write as _};

use fastrand::Rng;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A string.
    String(String),
    /// A list.
    Array(Vec<Self>),
    /// An object with members in text order.
    Object(Vec<(String, Self)>),
}

/// Makes an object of members.
#[must_use]
pub fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Makes a string.
#[must_use]
pub fn string(text: impl Into<String>) -> Json {
    Json::String(text.into())
}

/// Makes a list of strings.
#[must_use]
pub fn strings<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Json {
    Json::Array(texts.into_iter().map(string).collect())
}

impl Json {
    /// Reads a JSON text.
    ///
    /// # Errors
    /// The text is not JSON, or an object has two members of the same name.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// An object without members.
    pub const EMPTY: Self = Self::Object(Vec::new());

    /// The member of an object or the item of a list for a JSON pointer token (RFC 6901, section 4).
    #[must_use]
    pub fn child(&self, token: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(name, _)| name == token).map(|(_, value)| value),
            Self::Array(items) => {
                items.iter().enumerate().find(|(index, _)| index.to_string() == token).map(|(_, item)| item)
            }
            _ => None,
        }
    }

    /// Like [`Json::child`], but mutable.
    pub fn child_mut(&mut self, token: &str) -> Option<&mut Self> {
        match self {
            Self::Object(members) => members.iter_mut().find(|(name, _)| name == token).map(|(_, value)| value),
            Self::Array(items) => {
                items.iter_mut().enumerate().find(|(index, _)| index.to_string() == token).map(|(_, item)| item)
            }
            _ => None,
        }
    }

    /// The items of a list, or the values of an object's members.
    #[must_use]
    pub fn parts(&self) -> Vec<&Self> {
        match self {
            Self::Array(items) => items.iter().collect(),
            Self::Object(members) => members.iter().map(|(_, value)| value).collect(),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => Vec::new(),
        }
    }

    /// As [`Json::parts`], to be changed.
    pub fn parts_mut(&mut self) -> Vec<&mut Self> {
        match self {
            Self::Array(items) => items.iter_mut().collect(),
            Self::Object(members) => members.iter_mut().map(|(_, value)| value).collect(),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => Vec::new(),
        }
    }

    /// Adds a member to an object.
    pub fn insert(&mut self, name: &str, value: Self) {
        if let Self::Object(members) = self {
            members.push((name.to_owned(), value));
        }
    }

    /// Removes a member from an object.
    pub fn remove(&mut self, name: &str) -> Option<Self> {
        let Self::Object(members) = self else { return None };
        let at = members.iter().position(|(member, _)| member == name)?;
        Some(members.remove(at).1)
    }

    /// The text of the value in one of the many equivalent JSON spellings.
    #[must_use]
    pub fn spell(&self, random: &mut Rng) -> String {
        let mut text = String::new();
        self.spell_into(random, &mut text);
        text
    }

    fn spell_into(&self, random: &mut Rng, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(text) => out.push_str(text),
            Self::String(text) => spell_string(text, random, out),
            Self::Array(items) => {
                let mut before = '[';
                for item in items {
                    spell_separator(before, random, out);
                    item.spell_into(random, out);
                    before = ',';
                }
                out.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            Self::Object(members) => {
                let mut before = '{';
                for (name, value) in members {
                    spell_separator(before, random, out);
                    spell_string(name, random, out);
                    spell_separator(':', random, out);
                    value.spell_into(random, out);
                    before = ',';
                }
                out.push_str(if members.is_empty() { "{}" } else { "}" });
            }
        }
    }
}

fn spell_separator(separator: char, random: &mut Rng, out: &mut String) {
    out.push(separator);
    if random.u8(0..8) == 0 {
        out.push(random.choice([' ', '\n', '\t', '\r']).unwrap_or(' '));
    }
}

fn spell_string(text: &str, random: &mut Rng, out: &mut String) {
    out.push('"');
    // Most strings have no unnecessary escapes, so that both string readers are tested.
    let escapes = random.u8(0..6) == 0;
    for c in text.chars() {
        let must = c == '"' || c == '\\' || u32::from(c) < 0x20;
        if must || (escapes && random.bool()) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out.push('"');
}

impl Display for Json {
    /// Writes the value on one line.
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let quote = |text: &str| serde_json::Value::from(text).to_string();
        match self {
            Self::Null => formatter.write_str("null"),
            Self::Bool(value) => write!(formatter, "{value}"),
            Self::Number(text) => formatter.write_str(text),
            Self::String(text) => formatter.write_str(&quote(text)),
            Self::Array(items) => {
                let items: Vec<String> = items.iter().map(ToString::to_string).collect();
                write!(formatter, "[{}]", items.join(","))
            }
            Self::Object(members) => {
                let members: Vec<String> =
                    members.iter().map(|(name, value)| format!("{}:{value}", quote(name))).collect();
                write!(formatter, "{{{}}}", members.join(","))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    /// Reads a value of serde_json, with the text of each number.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        let value = match text.bytes().next() {
            Some(b'{') => serde_json::from_str(text).and_then(|Members(members)| {
                let mut names = HashSet::new();
                match members.iter().find(|(name, _)| !names.insert(name)) {
                    Some((name, _)) => Err(serde_json::Error::custom(format_args!("`{name}` is duplicated"))),
                    None => Ok(Self::Object(members)),
                }
            }),
            Some(b'[') => serde_json::from_str(text).map(Self::Array),
            Some(b'"') => serde_json::from_str(text).map(Self::String),
            Some(b't' | b'f') => serde_json::from_str(text).map(Self::Bool),
            Some(b'n') => Ok(Self::Null),
            _ => Ok(Self::Number(text.to_owned())),
        };
        value.map_err(D::Error::custom)
    }
}

/// The members of an object in text order.
struct Members(Vec<(String, Json)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = access.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => Self::Number(number.to_string()),
            serde_json::Value::String(text) => Self::String(text),
            serde_json::Value::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            serde_json::Value::Object(members) => {
                Self::Object(members.into_iter().map(|(name, value)| (name, Self::from(value))).collect())
            }
        }
    }
}
