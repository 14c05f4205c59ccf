//! The references in a module: its imports, and the paths in its code, including macro arguments.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, ItemUse, Macro, Path, TraitItem, UseTree, VisRestricted, Visibility};

use super::conditions::{attributes, is_for_tests};

/// One imported name, or all names of another module.
pub(super) struct Import {
    pub(super) path: Vec<String>,
    pub(super) name: ImportedName,
    /// Whether other modules can import it from here.
    pub(super) is_public: bool,
    pub(super) line: usize,
}

/// The name of an import in its module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ImportedName {
    Name(String),
    /// As in `use a::{self}`, which imports the module `a` but not a function of that name.
    Module(String),
    /// As in `use a::Trait as _`.
    Unnamed,
    /// As in `use a::*`.
    All,
}

/// A path in the code.
pub(super) struct Mention {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
}

/// Collects the references in the items of one module.
#[derive(Default)]
pub(super) struct Collector {
    pub(super) imports: Vec<Import>,
    pub(super) mentions: Vec<Mention>,
}

impl Collector {
    /// Adds the references of an item.
    pub(super) fn add(&mut self, item: &Item) {
        self.visit_item(item);
    }

    fn import(&mut self, tree: &UseTree, prefix: &[String], is_public: bool) {
        let (mut path, mut line) = (prefix.to_vec(), 0);
        let mut extended = |name: &proc_macro2::Ident| {
            line = name.span().start().line;
            // `self` stands for the preceding path, except at the start of a path.
            if name != "self" || path.is_empty() {
                path.push(name.to_string());
                return false;
            }
            true
        };
        let name = match tree {
            UseTree::Path(step) => {
                extended(&step.ident);
                return self.import(&step.tree, &path, is_public);
            }
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.import(tree, prefix, is_public));
            }
            UseTree::Glob(glob) => {
                line = glob.star_token.spans[0].start().line;
                ImportedName::All
            }
            UseTree::Name(name) => {
                if extended(&name.ident) {
                    ImportedName::Module(path.last().cloned().unwrap_or_default())
                } else {
                    ImportedName::Name(name.ident.to_string())
                }
            }
            UseTree::Rename(rename) => {
                let is_module = extended(&rename.ident);
                match rename.rename.to_string() {
                    name if name == "_" => ImportedName::Unnamed,
                    name if is_module => ImportedName::Module(name),
                    name => ImportedName::Name(name),
                }
            }
        };
        self.imports.push(Import { path, name, is_public, line });
    }

    /// Finds tokens that look like paths in a macro, whose grammar is unknown.
    fn scan(&mut self, tokens: TokenStream) {
        let mut found: Option<Mention> = None;
        let mut before = String::new();
        for token in tokens {
            let punctuation = match &token {
                TokenTree::Ident(name) => {
                    match &mut found {
                        Some(mention) if before == "::" => mention.path.push(name.to_string()),
                        _ => {
                            self.mentions.extend(found.take());
                            // A name after a dot is a field or a method, and a name after a quote is a lifetime.
                            if before != "." && before != "'" {
                                let line = name.span().start().line;
                                found = Some(Mention { path: vec![name.to_string()], line });
                            }
                        }
                    }
                    None
                }
                TokenTree::Punct(punctuation) => Some(punctuation.as_char()),
                TokenTree::Group(group) => {
                    self.mentions.extend(found.take());
                    self.scan(group.stream());
                    None
                }
                TokenTree::Literal(_) => None,
            };
            match punctuation {
                Some(character) => before.push(character),
                None => before.clear(),
            }
        }
        self.mentions.extend(found);
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes: &[Attribute] = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            ImplItem::Macro(item) => &item.attrs,
            _ => &[],
        };
        if !is_for_tests(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        let attributes: &[Attribute] = match item {
            TraitItem::Const(item) => &item.attrs,
            TraitItem::Fn(item) => &item.attrs,
            TraitItem::Type(item) => &item.attrs,
            TraitItem::Macro(item) => &item.attrs,
            _ => &[],
        };
        if !is_for_tests(attributes) {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if item.leading_colon.is_none() {
            self.import(&item.tree, &[], !matches!(item.vis, Visibility::Inherited));
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if path.leading_colon.is_none() {
            let names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            let line = path.segments.first().map_or(0, |segment| segment.ident.span().start().line);
            self.mentions.push(Mention { path: names, line });
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast Macro) {
        self.visit_path(&called.path);
        self.scan(called.tokens.clone());
    }

    /// Attributes name derives and lints, which are never modules of the crate.
    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    /// `pub(in path)` names a scope, and uses nothing of it.
    fn visit_vis_restricted(&mut self, _: &'ast VisRestricted) {}
}
