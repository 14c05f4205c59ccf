//! The commit of a build, read from git once.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use callgate_signing::write_time;

/// The variable that selects which facts of the commit are embedded.
const VARIABLE: &str = "CALLGATE_COMMIT_FACTS";

/// The inputs of the two edges, relative to the root of the checkout; other files do not affect the build.
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

/// The commit facts to embed.
pub(crate) struct Commit {
    pub(crate) id: String,
    /// The author's name, without an address.
    pub(crate) author: Option<String>,
    /// The commit time.
    pub(crate) time: String,
    /// Whether the built files differ from the commit.
    pub(crate) is_dirty: bool,
}

/// Finds the commit of the checkout at `root`, which also contains `inputs`; `None` if there is none.
///
/// # Errors
/// The variable has an unknown value.
pub(crate) fn find(root: &Path, inputs: &[PathBuf]) -> Result<Option<Commit>, String> {
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let wanted = env::var(VARIABLE).unwrap_or_default();
    let has_author = match &*wanted {
        "" | "all" => true,
        "no-author" => false,
        "none" => return Ok(None),
        _ => return Err(format!("error: `{VARIABLE}` is `{wanted}`; set it to `all`, `no-author` or `none`")),
    };
    let git = Git { root };
    // A checkout can be inside another repository, which does not track its files.
    if git.ask(&["ls-files", "--error-unmatch", "--", "Cargo.toml"]).is_none() {
        return Ok(None);
    }
    let commit = git.commit(inputs);
    match &commit {
        None => println!("cargo::warning=git does not report the commit, so `GET /policy` omits it"),
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
        // Git must not lock or write anything, and a git hook that builds must not redirect it.
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

    /// Whether a built file differs from the commit or is not in it.
    fn is_dirty(&self, inputs: &[PathBuf]) -> Option<bool> {
        // A policy outside the checkout is not part of the commit; its digest identifies it.
        let inside = inputs.iter().filter_map(|input| input.strip_prefix(self.root).ok()?.to_str());
        let inside: Vec<&str> = inside.collect();
        let status =
            self.ask(&[&["status", "--porcelain", "--untracked-files=all", "--"], &BUILT[..], &inside].concat())?;
        // A policy that git ignores is in no commit either, and has no status.
        let ls_files = [&["ls-files", "--error-unmatch", "--"], &*inside].concat();
        let is_known = inside.is_empty() || self.ask(&ls_files).is_some();
        Some(!is_known || !status.is_empty())
    }

    /// Makes cargo run the script again after the commit or its files change.
    fn watch(&self) {
        let branch = self.ask(&["symbolic-ref", "--quiet", "HEAD"]);
        // Cargo treats a missing file as always changed.
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
