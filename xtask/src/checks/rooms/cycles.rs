//! The dependencies between the files of a crate, and the cycles among them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use petgraph::Graph;
use petgraph::algo::tarjan_scc;

use super::imports::ImportedName;
use super::modules::{Module, Modules};
use super::scope::{Scope, Target};

/// One file uses another one.
pub(super) type Edge = (PathBuf, PathBuf);

/// The position: the line and its path.
pub(super) struct Evidence {
    pub(super) line: usize,
    pub(super) path: String,
}

/// Files that all use each other, directly or indirectly.
pub(super) struct ImportCycle {
    pub(super) files: BTreeSet<PathBuf>,
    /// The edges between them.
    pub(super) edges: BTreeMap<Edge, Evidence>,
}

/// The cycles among the files of a crate.
pub(super) fn find(modules: &Modules) -> Vec<ImportCycle> {
    let mut edges = edges(modules);
    let mut graph = Graph::<&Path, ()>::new();
    let files: BTreeSet<&Path> = edges.keys().flat_map(|(from, to)| [from.as_path(), to]).collect();
    let nodes: BTreeMap<&Path, _> = files.into_iter().map(|file| (file, graph.add_node(file))).collect();
    for (from, to) in edges.keys() {
        if let (Some(from), Some(to)) = (nodes.get(from.as_path()), nodes.get(to.as_path())) {
            graph.add_edge(*from, *to, ());
        }
    }
    let components = tarjan_scc(&graph).into_iter().filter(|component| component.len() > 1);
    let cycles: BTreeSet<BTreeSet<PathBuf>> = components
        .map(|component| {
            component.into_iter().filter_map(|node| graph.node_weight(node)).map(|file| file.to_path_buf())
        })
        .map(Iterator::collect)
        .collect();
    let within = |files: &BTreeSet<PathBuf>, (from, to): &Edge| files.contains(from) && files.contains(to);
    cycles
        .into_iter()
        .map(|files| ImportCycle { edges: edges.extract_if(.., |edge, _| within(&files, edge)).collect(), files })
        .collect()
}

/// The dependencies between files, with the first position of each.
fn edges(modules: &Modules) -> BTreeMap<Edge, Evidence> {
    let mut edges = BTreeMap::new();
    let mut scope = Scope::new(modules);
    for (at, module) in &modules.modules {
        let mut add = |to: &Module, line: usize, path: &[String]| {
            if to.file != module.file {
                let evidence = || Evidence { line, path: path.join("::") };
                edges.entry((module.file.clone(), to.file.clone())).or_insert_with(evidence);
            }
        };
        for import in &module.imports {
            let targets = match import.name {
                ImportedName::Module(_) => scope.resolve_module(at, &import.path),
                _ => scope.resolve(at, &import.path),
            };
            for target in targets {
                let (Target::Module(place) | Target::ItemOf(place)) = &target;
                // A module that re-exports items of its own modules is their entry point, and does not use them for
                // that.
                let is_facade = import.is_public && place.len() > at.len() && place.starts_with(at);
                let Some(to) = modules.modules.get(place).filter(|_| !is_facade) else { continue };
                // An import of a module uses the targets of the paths through it, and a glob uses the items that the
                // module defines.
                let is_use = match target {
                    Target::ItemOf(_) => true,
                    Target::Module(_) => import.name == ImportedName::All && !to.items.is_empty(),
                };
                if is_use {
                    add(to, import.line, &import.path);
                }
            }
        }
        for mention in &module.mentions {
            for target in scope.resolve(at, &mention.path) {
                if let Target::ItemOf(place) = target
                    && let Some(to) = modules.modules.get(&place)
                {
                    add(to, mention.line, &mention.path);
                }
            }
        }
    }
    edges
}
