//! The commit that a build is made from, asked of git once.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use callgate_signing::write_time;

/// The variable that says how much of the commit is embedded.
const VARIABLE: &str = "CALLGATE_COMMIT_FACTS";

/// What the two edges are made of and by, from the top of the checkout: what else changes there is not in the build.
const BUILT: [&str; 17] = [
    ".cargo",
    "Cargo.lock",
    "Cargo.toml",
    "rust-toolchain.toml",
    "edge-cloudflare/Cargo.toml",
    "edge-cloudflare/src",
    "edge-core/Cargo.toml",
    "edge-core/build",
    "edge-core/build.rs",
    "edge-core/openapi.json",
    "edge-core/src",
    "edge-spin/Cargo.toml",
    "edge-spin/src",
    "engine/Cargo.toml",
    "engine/src",
    "signing/Cargo.toml",
    "signing/src",
];

/// The commit, as it is embedded.
pub(crate) struct Commit {
    pub(crate) id: String,
    /// The name of the author, without an address.
    pub(crate) author: Option<String>,
    /// When it was committed.
    pub(crate) time: String,
    /// Whether what is built is not what was committed.
    pub(crate) is_dirty: bool,
}

/// Finds the commit of the checkout at `root`, from which `inputs` are built too; `None` where there is none to find.
///
/// # Errors
/// The variable asks for something that there is not.
pub(crate) fn find(root: &Path, inputs: &[PathBuf]) -> Result<Option<Commit>, String> {
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let wanted = env::var(VARIABLE).unwrap_or_default();
    let has_author = match &*wanted {
        "" | "all" => true,
        "no-author" => false,
        "none" => return Ok(None),
        _ => return Err(format!("error: `{VARIABLE}` is `{wanted}`, and may be `all`, `no-author` or `none`")),
    };
    let git = Git { root };
    // A checkout may lie in the repository of something else, which then knows nothing of its files.
    if git.ask(&["ls-files", "--error-unmatch", "--", "Cargo.toml"]).is_none() {
        return Ok(None);
    }
    let commit = git.commit(inputs);
    match &commit {
        None => println!("cargo::warning=git does not tell the commit, so `GET /policy` will not name it"),
        Some(_) => git.watch(),
    }
    Ok(commit.map(|commit| if has_author { commit } else { Commit { author: None, ..commit } }))
}

struct Git<'g> {
    root: &'g Path,
}

impl Git<'_> {
    fn ask(&self, arguments: &[&str]) -> Option<String> {
        let mut command = Command::new("git");
        command.current_dir(self.root).args(["--literal-pathspecs", "-c", "i18n.logOutputEncoding=UTF-8"]);
        // Looking must not lock or write anything, and a hook of git that builds must not lead elsewhere.
        command.env("GIT_OPTIONAL_LOCKS", "0");
        for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            command.env_remove(variable);
        }
        let output = command.args(arguments).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
    }

    fn commit(&self, inputs: &[PathBuf]) -> Option<Commit> {
        let shown = self.ask(&["log", "-1", "--no-show-signature", "--no-color", "--format=%H%x00%an%x00%ct"])?;
        let mut parts = shown.split('\0').map(str::to_owned);
        let (id, author, seconds) = (parts.next()?, parts.next()?, parts.next()?);
        let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds.parse().ok()?))?;
        let is_dirty = self.is_dirty(inputs)?;
        Some(Commit { id, author: Some(author), time: write_time(time), is_dirty })
    }

    /// Whether a file that is built differs from the commit or is not in it.
    fn is_dirty(&self, inputs: &[PathBuf]) -> Option<bool> {
        // A policy from elsewhere is no part of the commit; its digest tells it apart.
        let inside = inputs.iter().filter_map(|input| input.strip_prefix(self.root).ok()?.to_str());
        let inside: Vec<&str> = inside.collect();
        let status =
            self.ask(&[&["status", "--porcelain", "--untracked-files=all", "--"], &BUILT[..], &inside].concat())?;
        // A policy that git was told to ignore is in no commit either, and has no status.
        let ls_files = [&["ls-files", "--error-unmatch", "--"], &*inside].concat();
        let is_known = inside.is_empty() || self.ask(&ls_files).is_some();
        Some(!is_known || !status.is_empty())
    }

    /// Has cargo ask again once the commit, or what it is compared with, may be another.
    fn watch(&self) {
        let branch = self.ask(&["symbolic-ref", "--quiet", "HEAD"]);
        // Cargo would take a file that is missing for one that changes all the time.
        let states = ["HEAD", "packed-refs", "reftable"].into_iter().chain(branch.as_deref());
        let states = states.filter_map(|name| self.ask(&["rev-parse", "--git-path", name]));
        for path in states.map(PathBuf::from).chain(BUILT.map(PathBuf::from)) {
            let path = self.root.join(path);
            if path.exists() {
                println!("cargo::rerun-if-changed={}", path.display());
            }
        }
    }
}
