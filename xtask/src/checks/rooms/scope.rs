//! Which module defines what a path names, through imports, re-exports and globs.

use std::collections::BTreeSet;

use super::imports::ImportedName;
use super::modules::{ModulePath, Modules};

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Module(ModulePath),
    /// Something that is defined in this module.
    ItemOf(ModulePath),
}

/// Follows the paths of one crate.
pub(super) struct Scope<'m> {
    modules: &'m Modules,
    /// The names that are being looked up: an import may lead back to itself.
    pending: Vec<(ModulePath, String)>,
}

impl<'m> Scope<'m> {
    pub(super) fn new(modules: &'m Modules) -> Self {
        Self { modules, pending: Vec::new() }
    }

    /// What a path in the module `from` leads to: nothing for a path into another crate, and more than one target for a
    /// name that is both a module and a function.
    pub(super) fn resolve(&mut self, from: &[String], path: &[String]) -> BTreeSet<Target> {
        let Some((first, mut rest)) = path.split_first() else { return BTreeSet::new() };
        let mut found = match &**first {
            "crate" => BTreeSet::from([Target::Module(Vec::new())]),
            "self" => BTreeSet::from([Target::Module(from.to_vec())]),
            "super" => self.parent(from),
            name => self.lookup(from, name),
        };
        while let Some((name, after)) = rest.split_first() {
            found = found
                .into_iter()
                .flat_map(|target| match target {
                    Target::Module(module) if name == "super" => self.parent(&module),
                    Target::Module(module) => {
                        let found = self.lookup(&module, name);
                        // A macro may define what is nowhere to be seen, in the module that the path names.
                        if found.is_empty() { BTreeSet::from([Target::ItemOf(module)]) } else { found }
                    }
                    // A variant or an associated item is where its type is.
                    item @ Target::ItemOf(_) => BTreeSet::from([item]),
                })
                .collect();
            rest = after;
        }
        found
    }

    fn parent(&self, module: &[String]) -> BTreeSet<Target> {
        module.split_last().map(|(_, parent)| Target::Module(parent.to_vec())).into_iter().collect()
    }

    /// What a name means in a module.
    fn lookup(&mut self, at: &[String], name: &str) -> BTreeSet<Target> {
        let key = (at.to_vec(), name.to_owned());
        let Some(module) = self.modules.modules.get(at) else { return BTreeSet::new() };
        if self.pending.contains(&key) {
            return BTreeSet::new();
        }
        self.pending.push(key);
        let mut found = BTreeSet::new();
        let child = [at, &[name.to_owned()]].concat();
        if self.modules.modules.contains_key(&child) {
            found.insert(Target::Module(child));
        }
        if module.items.contains(name) {
            found.insert(Target::ItemOf(at.to_vec()));
        }
        for import in &module.imports {
            match &import.name {
                ImportedName::Name(own) if own == name => found.extend(self.resolve(at, &import.path)),
                ImportedName::Module(own) if own == name => found.extend(self.resolve_module(at, &import.path)),
                _ => {}
            }
        }
        // A name that the module has in another way hides that of a glob.
        if found.is_empty() {
            for import in module.imports.iter().filter(|import| import.name == ImportedName::All) {
                for target in self.resolve(at, &import.path) {
                    match target {
                        Target::Module(module) => found.extend(self.lookup(&module, name)),
                        // Whether the name is a variant of this type is not known, and the glob is an edge by itself.
                        Target::ItemOf(_) => {}
                    }
                }
            }
        }
        self.pending.pop();
        found
    }

    /// What `use path::{self}` imports: the module if there is one.
    pub(super) fn resolve_module(&mut self, from: &[String], path: &[String]) -> BTreeSet<Target> {
        let found = self.resolve(from, path);
        let is_module = |target: &Target| matches!(target, Target::Module(_));
        if found.iter().any(is_module) { found.into_iter().filter(is_module).collect() } else { found }
    }
}
