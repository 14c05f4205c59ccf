//! What serde accepts in addition to the policy language, and how the readers refuse it.
//!
//! serde reads a struct from a list too, a word from an object with one key, and `null` as a missing key.
//! A type with `#[serde(remote = "Self")]` has its derived reader as a plain function, around which a macro of this file
//! puts the trait that accepts the one form in the language.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Implements `Deserialize` for structs that are objects in a policy.
macro_rules! objects {
    ($($name:ident),+) => { $(
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Members;

                impl<'de> serde::de::Visitor<'de> for Members {
                    type Value = $name;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        formatter.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, members: A) -> Result<$name, A::Error> {
                        $name::deserialize(serde::de::value::MapAccessDeserializer::new(members))
                    }
                }

                deserializer.deserialize_map(Members)
            }
        }
    )+ };
}

/// Implements `Deserialize` for enums that are strings in a policy.
macro_rules! words {
    ($($name:ident),+) => { $(
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = String::deserialize(deserializer)?;
                $name::deserialize(serde::de::IntoDeserializer::into_deserializer(word))
            }
        }
    )+ };
}

pub(super) use {objects, words};

/// Reads the value of an optional key, which is not `null`.
pub(super) fn stated<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A list, or `*` in place of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed<T> {
    /// Everything: the text `*`, alone or as the only entry of a list.
    Any,
    /// The entries of the list.
    These(Vec<T>),
}

impl<'de, T: serde::de::DeserializeOwned> Deserialize<'de> for Listed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let one: Option<String> = serde_json::from_str(raw.get()).ok();
        let only: Option<[String; 1]> = serde_json::from_str(raw.get()).ok();
        if one.or(only.map(|[entry]| entry)).as_deref() == Some("*") {
            return Ok(Self::Any);
        }
        serde_json::from_str(raw.get()).map(Self::These).map_err(serde::de::Error::custom)
    }
}

/// A number as its text in the policy, because a binary64 would round it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(pub String);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        match raw.get().bytes().next() {
            Some(b'-' | b'0'..=b'9') => Ok(Self(raw.get().to_owned())),
            _ => Err(serde::de::Error::custom(format_args!("expected a number, not {raw}"))),
        }
    }
}
