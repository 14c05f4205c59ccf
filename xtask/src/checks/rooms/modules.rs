//! Finds the modules of a crate from its root, in the same way as the compiler.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::slice;

use anyhow::{Context as _, Result, bail};
use syn::{Attribute, Expr, ExprLit, Item, ItemMod, Lit, Meta};

use super::conditions::{attributes, condition_of, is_for_tests};
use super::imports::{Collector, Import, Mention};
use super::sources::{Root, Sources};

/// The names from the crate root to a module; empty for the root itself.
pub(super) type ModulePath = Vec<String>;

/// The modules of a crate, except test modules.
#[derive(Default)]
pub(super) struct Modules {
    pub(super) modules: BTreeMap<ModulePath, Module>,
}

/// A module, which is a file or a part of one.
pub(super) struct Module {
    pub(super) file: PathBuf,
    /// The `cfg` condition of the module.
    pub(super) cfg: Option<String>,
    /// The names that the module itself defines, without its modules and imports.
    pub(super) items: BTreeSet<String>,
    pub(super) imports: Vec<Import>,
    pub(super) mentions: Vec<Mention>,
}

/// The position of a module's text, and the folder of its submodules.
#[derive(Clone)]
struct Place {
    file: PathBuf,
    directory: PathBuf,
}

impl Modules {
    /// Finds the modules of a crate.
    pub(super) fn find(sources: &Sources, root: &Root) -> Result<Self> {
        let mut modules = Self::default();
        let directory = root.file.parent().unwrap_or(Path::new("")).to_owned();
        modules.add_file(sources, Vec::new(), Place { file: root.file.clone(), directory }, None)?;
        Ok(modules)
    }

    fn add_file(&mut self, sources: &Sources, path: ModulePath, place: Place, cfg: Option<String>) -> Result<()> {
        let shown = place.file.display();
        let text = sources.files.get(&place.file).with_context(|| format!("there is no file `{shown}`"))?;
        let file = syn::parse_file(text).with_context(|| format!("`{shown}` is not valid Rust"))?;
        self.add(sources, path, place, cfg, &file.items)
    }

    fn add(
        &mut self,
        sources: &Sources,
        path: ModulePath,
        place: Place,
        cfg: Option<String>,
        items: &[Item],
    ) -> Result<()> {
        let mut collector = Collector::default();
        let mut names = BTreeSet::new();
        for item in items.iter().filter(|item| !is_for_tests(attributes(item))) {
            match item {
                Item::Mod(declaration) => self.add_declared(sources, &path, &place, declaration)?,
                other => {
                    collector.add(other);
                    names.extend(name(other));
                }
            }
        }
        let Collector { imports, mentions } = collector;
        let module = Module { file: place.file, cfg, items: names, imports, mentions };
        let shown = path.join("::");
        if self.modules.insert(path, module).is_some() {
            bail!("the module `{shown}` is declared twice; declare it once, with the `cfg` inside it");
        }
        Ok(())
    }

    fn add_declared(
        &mut self,
        sources: &Sources,
        parent: &[String],
        place: &Place,
        declaration: &ItemMod,
    ) -> Result<()> {
        let name = declaration.ident.to_string();
        let path = [parent, slice::from_ref(&name)].concat();
        let cfg = condition_of(&declaration.attrs);
        let own_directory = place.directory.join(&name);
        if let Some((_, items)) = &declaration.content {
            let place = Place { file: place.file.clone(), directory: own_directory };
            return self.add(sources, path, place, cfg, items);
        }
        let place = if let Some(named) = named_file(&declaration.attrs) {
            let file = place.file.with_file_name(named);
            Place { directory: file.parent().unwrap_or(Path::new("")).to_owned(), file }
        } else {
            let candidates = [place.directory.join(format!("{name}.rs")), own_directory.join("mod.rs")];
            let file = candidates.into_iter().find(|file| sources.files.contains_key(file));
            let shown = place.file.display();
            let file = file.with_context(|| format!("`{shown}` declares the module `{name}`, which has no file"))?;
            Place { file, directory: own_directory }
        };
        self.add_file(sources, path, place, cfg)
    }
}

/// The file in `#[path = ".."]`, relative to the folder of the declaring file.
fn named_file(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    })
}

/// The name that an item adds to its module.
fn name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}
