//! A JSON value that was checked and not converted, and access to its parts.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::json::Reader;
use crate::json::fault::Fault;
use crate::json::lexer::Lexer;

/// A JSON value as its text, checked and not converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawValue<'a>(&'a str);

/// The kind of a [`RawValue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number
    Number,
    /// A string
    String,
    /// A list of values
    Array,
    /// Members, each with a name and a value
    Object,
}

impl<'a> RawValue<'a> {
    /// Wraps the text of one checked value, without white space around it.
    pub(crate) fn of_checked(text: &'a str) -> Self {
        Self(text)
    }

    /// Which kind of value it is.
    #[must_use]
    pub fn kind(self) -> Kind {
        // INVARIANT: the text is one checked JSON value without white space around it, so its first byte determines its
        // kind.
        match self.0.as_bytes().first() {
            Some(b'"') => Kind::String,
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b't') => Kind::Bool(true),
            Some(b'f') => Kind::Bool(false),
            Some(b'n') | None => Kind::Null,
            Some(_) => Kind::Number,
        }
    }

    /// Whether it is a string, a number or a boolean.
    pub(crate) fn is_scalar(self) -> bool {
        matches!(self.kind(), Kind::String | Kind::Number | Kind::Bool(_))
    }

    /// The value as it stands in its text, without white space around it.
    #[must_use]
    pub fn text(self) -> &'a str {
        self.0
    }

    /// The text of the number, or `None` for another kind.
    #[must_use]
    pub fn as_number(self) -> Option<&'a str> {
        (self.kind() == Kind::Number).then_some(self.0)
    }

    /// The number of characters of a string, items of a list or members of an object; `None` for another kind.
    #[must_use]
    pub fn length(self) -> Option<usize> {
        let mut count = 0_usize;
        match self.kind() {
            Kind::String => return Some(self.as_string()?.chars().count()),
            Kind::Array => Reader::inside(self).array(|reader| {
                count = count.saturating_add(1);
                reader.skip()
            }),
            Kind::Object => Reader::inside(self).object(|reader, _| {
                count = count.saturating_add(1);
                reader.skip()
            }),
            Kind::Null | Kind::Bool(_) | Kind::Number => return None,
        }
        .ok()?;
        Some(count)
    }

    /// The member or item that `name` refers to as a token of a JSON pointer.
    #[must_use]
    pub fn member(self, name: &str) -> Option<Self> {
        let mut found = None;
        match self.kind() {
            Kind::Object => Reader::inside(self).object(|reader, member| {
                let value = reader.value()?;
                found = if *member.bytes() == *name.as_bytes() { Some(value) } else { found };
                Ok::<_, Fault>(())
            }),
            Kind::Array => {
                let mut index = 0_usize;
                Reader::inside(self).array(|reader| {
                    let value = reader.value()?;
                    found = if itoa::Buffer::new().format(index) == name { Some(value) } else { found };
                    index = index.saturating_add(1);
                    Ok::<_, Fault>(())
                })
            }
            Kind::Null | Kind::Bool(_) | Kind::Number | Kind::String => return None,
        }
        .ok()?;
        found
    }

    /// Passes each item of a list to `look` until `look` returns false; `None` for another kind.
    pub fn for_items(self, mut look: impl FnMut(Self) -> bool) -> Option<()> {
        if self.kind() != Kind::Array {
            return None;
        }
        // The only possible fault of a checked list is the one that ends this loop.
        _ = Reader::inside(self).array(|reader| {
            let item = reader.value()?;
            if look(item) { Ok(()) } else { Err(Fault::Syntax) }
        });
        Some(())
    }

    /// Passes each member of an object to `look`, by its decoded name, until `look` returns false; `None` for another
    /// kind.
    pub fn for_members(self, mut look: impl FnMut(&str, Self) -> bool) -> Option<()> {
        if self.kind() != Kind::Object {
            return None;
        }
        _ = Reader::inside(self).object(|reader, name| {
            let value = reader.value()?;
            let is_wanted = core::str::from_utf8(&name.bytes()).is_ok_and(|name| look(name, value));
            if is_wanted { Ok(()) } else { Err(Fault::Syntax) }
        });
        Some(())
    }

    /// The items of a list; none for another kind.
    pub(crate) fn to_items(self) -> Vec<Self> {
        let mut items = Vec::new();
        self.for_items(|item| {
            items.push(item);
            true
        });
        items
    }

    /// The members of an object in the order of their names; none for another kind.
    pub(crate) fn to_members(self) -> Vec<(String, Self)> {
        let mut members = Vec::new();
        self.for_members(|name, value| {
            members.push((String::from(name), value));
            true
        });
        sort_members(&mut members, &mut Ord::cmp);
        members
    }

    /// The decoded string, or `None` for another kind. Borrows unless there is an escape.
    #[must_use]
    pub fn as_string(self) -> Option<Cow<'a, str>> {
        if self.kind() != Kind::String {
            return None;
        }
        let mut lexer = Lexer::new(self.0);
        lexer.string().ok()
    }
}

/// Sorts members by their names, in the given order.
///
/// The order is a parameter at run time, because each copy of the sort takes 4 KB of a Worker.
pub fn sort_members(members: &mut [(String, RawValue<'_>)], order: &mut dyn FnMut(&str, &str) -> Ordering) {
    members.sort_unstable_by(|a, b| order(&a.0, &b.0));
}
