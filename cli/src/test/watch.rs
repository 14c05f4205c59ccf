//! `--watch`: runs the test cases again whenever a file changes.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, SystemTime};

use crate::failure::Failure;
use crate::print;

/// How often the files are compared. Their times and lengths are known on every file system.
const INTERVAL: Duration = Duration::from_millis(300);

/// Runs the test cases now and after each change of a file, until the command is stopped.
pub(super) fn run(files: impl Fn() -> Vec<PathBuf>, run_once: impl Fn() -> Result<(), Failure>) -> Result<(), Failure> {
    loop {
        let before = state(files());
        match run_once() {
            Ok(()) | Err(Failure::Refused | Failure::Incomplete) => {}
            // A file that is being written can be missing or invalid.
            Err(Failure::Unusable(message)) => print::err(&format!("callgate: {message}"))?,
        }
        print::out("waiting for a change; stop with Ctrl+C")?;
        while state(files()) == before {
            thread::sleep(INTERVAL);
        }
        print::out("")?;
    }
}

/// The time and the length of each file; `None` if the file does not exist.
fn state(files: Vec<PathBuf>) -> Vec<(PathBuf, Option<(SystemTime, u64)>)> {
    let stamp = |path: &PathBuf| {
        let data = fs::metadata(path).ok()?;
        Some((data.modified().ok()?, data.len()))
    };
    files.into_iter().map(|path| (path.clone(), stamp(&path))).collect()
}
