//! The report of `cargo xtask rooms`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::allowed::{Allowed, Cycle, Exception, MAX_FILES, MAX_LINES};
use super::cycles::{self, ImportCycle};
use super::modules::Modules;
use super::sources::Sources;

/// The file with the exceptions.
const LIST: &str = "xtask/src/checks/rooms/allowed.rs";

/// The layout of the source.
pub(super) struct Report {
    /// The lines of each file.
    files: BTreeMap<PathBuf, usize>,
    cycles: Vec<ImportCycle>,
    /// The modules behind a `cfg`, each with the crate and the condition.
    conditional: Vec<(String, String)>,
}

/// The content of a folder, without its subfolders.
#[derive(Clone, Copy, Default)]
struct Size {
    files: usize,
    lines: usize,
}

impl Report {
    /// Finds the modules of every crate and their dependencies.
    pub(super) fn new(sources: &Sources) -> Result<Self> {
        let (mut cycles, mut conditional) = (Vec::new(), Vec::new());
        for root in &sources.crates {
            let modules = Modules::find(sources, root)?;
            for (path, module) in &modules.modules {
                if let Some(cfg) = &module.cfg {
                    conditional.push((format!("{}::{}", root.name, path.join("::")), cfg.clone()));
                }
            }
            cycles.extend(cycles::find(&modules));
        }
        let files = sources.files.iter().map(|(path, text)| (path.clone(), text.lines().count())).collect();
        Ok(Self { files, cycles, conditional })
    }

    fn folders(&self) -> BTreeMap<&Path, Size> {
        let mut folders: BTreeMap<&Path, Size> = BTreeMap::new();
        for (file, lines) in &self.files {
            let size = folders.entry(file.parent().unwrap_or(Path::new(""))).or_default();
            size.files = size.files.saturating_add(1);
            size.lines = size.lines.saturating_add(*lines);
        }
        folders
    }

    /// The layout as text: folders, modules behind a `cfg`, and the allowed import cycles.
    pub(super) fn describe(&self, allowed: &Allowed<'_>) -> String {
        let mut text = format!("{:<44}{:>6}{:>8}\n", "folder", "files", "lines");
        for (folder, Size { files, lines }) in self.folders() {
            _ = writeln!(text, "{:<44}{files:>6}{lines:>8}", folder.display());
        }
        _ = writeln!(text, "\n{:<44}  condition", "module behind a cfg");
        for (module, cfg) in &self.conditional {
            _ = writeln!(text, "{module:<44}  {cfg}");
        }
        _ = writeln!(text, "\nallowed import cycles");
        for cycle in &self.cycles {
            if let Some(entry) = allowed.cycles.iter().find(|entry| covers(entry, cycle)) {
                _ = writeln!(text, "{}: {}", names(&cycle.files), entry.reason);
            }
        }
        _ = writeln!(text, "\nallowed sizes");
        for Exception { path, reason } in allowed.folders.iter().chain(allowed.files) {
            _ = writeln!(text, "`{path}`: {reason}");
        }
        text
    }

    /// The problems of the layout and of the exceptions.
    pub(super) fn problems(&self, allowed: &Allowed<'_>) -> Vec<String> {
        let mut problems = self.cycle_problems(allowed.cycles);
        let folders = self.folders().into_iter().map(|(folder, size)| (folder, size.files));
        let fix = "sort them into folders by topic";
        problems.extend(size_problems(folders, "Rust files", MAX_FILES, fix, allowed.folders));
        let files = self.files.iter().map(|(file, lines)| (file.as_path(), *lines));
        let fix = format!("split it, or list it with a reason in `{LIST}`");
        problems.extend(size_problems(files, "lines", MAX_LINES, &fix, allowed.files));
        problems
    }

    fn cycle_problems(&self, allowed: &[Cycle<'_>]) -> Vec<String> {
        let mut problems = Vec::new();
        for cycle in &self.cycles {
            if !allowed.iter().any(|entry| covers(entry, cycle)) {
                let files = names(&cycle.files);
                let mut problem = format!("{files} import each other; move what they share to a file of its own");
                for ((from, to), evidence) in &cycle.edges {
                    let place = format!("{}:{}", from.display(), evidence.line);
                    _ = write!(problem, "\n  {place} uses `{}` of {}", evidence.path, to.display());
                }
                problems.push(problem);
            }
        }
        for entry in allowed {
            let needed: BTreeSet<&Path> = self
                .cycles
                .iter()
                .filter(|cycle| covers(entry, cycle))
                .flat_map(|cycle| cycle.files.iter().map(PathBuf::as_path))
                .collect();
            let listed = entry.files.iter().map(|file| Path::new(entry.folder).join(file));
            let stale: BTreeSet<PathBuf> = listed.filter(|file| !needed.contains(file.as_path())).collect();
            if needed.is_empty() {
                problems.push(format!("the import cycle in `{}` is gone; remove it from `{LIST}`", entry.folder));
            } else if !stale.is_empty() {
                let files = names(&stale);
                problems.push(format!("{files}: no longer part of an allowed cycle; remove from `{LIST}`"));
            }
        }
        problems
    }
}

/// Whether an exception allows a cycle.
fn covers(entry: &Cycle<'_>, cycle: &ImportCycle) -> bool {
    cycle.files.iter().all(|file| {
        file.strip_prefix(entry.folder)
            .is_ok_and(|name| entry.files.is_empty() || entry.files.iter().any(|listed| Path::new(listed) == name))
    })
}

/// Items that exceed their limit without an exception, and unused exceptions.
fn size_problems<'p>(
    sizes: impl Iterator<Item = (&'p Path, usize)>,
    unit: &str,
    limit: usize,
    fix: &str,
    allowed: &[Exception<'_>],
) -> Vec<String> {
    let large: BTreeMap<&Path, usize> = sizes.filter(|(_, size)| *size > limit).collect();
    let listed: BTreeSet<&Path> = allowed.iter().map(|entry| Path::new(entry.path)).collect();
    let unlisted = large.iter().filter(|(path, _)| !listed.contains(*path));
    let too_large =
        unlisted.map(|(path, size)| format!("`{}` has {size} {unit}, more than {limit}; {fix}", path.display()));
    let stale = allowed.iter().filter(|entry| !large.contains_key(Path::new(entry.path)));
    let stale = stale.map(|entry| format!("`{}` has no more than {limit} {unit}; remove it from `{LIST}`", entry.path));
    too_large.chain(stale).collect()
}

fn names(files: &BTreeSet<PathBuf>) -> String {
    files.iter().map(|file| format!("`{}`", file.display())).collect::<Vec<_>>().join(", ")
}
