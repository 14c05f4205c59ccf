//! The kinds of conditions, one file each.

pub(crate) mod bool;
pub(crate) mod cidr;
pub(crate) mod compare;
pub(crate) mod equals;
pub(crate) mod items;
pub(crate) mod length;
pub(crate) mod members;
pub(crate) mod numeric;
pub(crate) mod path;
pub(crate) mod present;
pub(crate) mod string;
pub(crate) mod time;
pub(crate) mod url;
