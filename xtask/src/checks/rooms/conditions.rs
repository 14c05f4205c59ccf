//! The `cfg` conditions of items.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, Item};

/// Whether an item is compiled only for tests.
pub(super) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().filter_map(condition).any(|tokens| requires_tests(&tokens))
}

/// The condition of an item, as written.
pub(super) fn condition_of(attributes: &[Attribute]) -> Option<String> {
    let conditions: Vec<String> = attributes.iter().filter_map(condition).map(|tokens| tokens.to_string()).collect();
    (!conditions.is_empty()).then(|| conditions.join(", "))
}

fn condition(attribute: &Attribute) -> Option<TokenStream> {
    let list = attribute.meta.require_list().ok()?;
    list.path.is_ident("cfg").then(|| list.tokens.clone())
}

/// Whether `test` is anywhere in a condition, except in a `not(..)`.
fn requires_tests(condition: &TokenStream) -> bool {
    let mut is_negated = false;
    condition.clone().into_iter().any(|token| match token {
        TokenTree::Ident(name) => {
            is_negated = name == "not";
            name == "test"
        }
        TokenTree::Group(group) => !is_negated && requires_tests(&group.stream()),
        _ => false,
    })
}

/// The attributes of an item.
pub(super) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
