//! Resolves paths to the modules that define their targets, through imports, re-exports and globs.

use std::collections::BTreeSet;

use super::imports::ImportedName;
use super::modules::{ModulePath, Modules};

/// The target of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Module(ModulePath),
    /// An item that this module defines.
    ItemOf(ModulePath),
}

/// Resolves the paths of one crate.
pub(super) struct Scope<'m> {
    modules: &'m Modules,
    /// The names that are being resolved, because imports can be circular.
    pending: Vec<(ModulePath, String)>,
}

impl<'m> Scope<'m> {
    pub(super) fn new(modules: &'m Modules) -> Self {
        Self { modules, pending: Vec::new() }
    }

    /// The targets of a path in the module `from`: none for a path into another crate, and several for a name that is
    /// both a module and a function.
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
                        // A macro can define invisible items in the module that the path names.
                        if found.is_empty() { BTreeSet::from([Target::ItemOf(module)]) } else { found }
                    }
                    // A variant or an associated item belongs to the module of its type.
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

    /// The targets of a name in a module.
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
        // An explicit name in the module hides the name from a glob.
        if found.is_empty() {
            for import in module.imports.iter().filter(|import| import.name == ImportedName::All) {
                for target in self.resolve(at, &import.path) {
                    match target {
                        Target::Module(module) => found.extend(self.lookup(&module, name)),
                        // Whether the name is a variant of this type is unknown, and the glob is an edge of its own.
                        Target::ItemOf(_) => {}
                    }
                }
            }
        }
        self.pending.pop();
        found
    }

    /// The target of `use path::{self}`: the module if there is one.
    pub(super) fn resolve_module(&mut self, from: &[String], path: &[String]) -> BTreeSet<Target> {
        let found = self.resolve(from, path);
        let is_module = |target: &Target| matches!(target, Target::Module(_));
        if found.iter().any(is_module) { found.into_iter().filter(is_module).collect() } else { found }
    }
}
