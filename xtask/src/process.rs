//! Child processes: each has its own process group, so that no descendant outlives the command.

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
#[cfg(windows)]
use process_wrap::std::JobObject;
#[cfg(unix)]
use process_wrap::std::ProcessGroup;
use process_wrap::std::{ChildWrapper, CommandWrap};

use crate::failure::Interrupted;

/// The polling interval for a child, short enough for users not to notice.
const POLL: Duration = Duration::from_millis(20);
/// The time for a group to stop by itself before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// The signal number of Ctrl-C, which servers treat as a request to stop.
#[cfg(unix)]
const SIGINT: i32 = 2;

static IS_INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Records Ctrl-C and termination signals instead of exiting at once.
pub(crate) fn watch_for_interrupt() -> Result<()> {
    ctrlc::set_handler(|| IS_INTERRUPTED.store(true, Ordering::SeqCst)).context("cannot watch for Ctrl-C")
}

/// Whether a signal asked the command to stop.
pub(crate) fn is_interrupted() -> bool {
    IS_INTERRUPTED.load(Ordering::SeqCst)
}

/// Waits one polling interval.
pub(crate) fn pause() {
    sleep(POLL);
}

/// A child with its descendants.
pub(crate) struct Group {
    child: Box<dyn ChildWrapper>,
}

impl Group {
    /// Starts a command without input that inherits the output.
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null());
        let mut command = CommandWrap::from(command);
        #[cfg(unix)]
        command.wrap(ProcessGroup::leader());
        #[cfg(windows)]
        command.wrap(JobObject);
        let child = command.spawn().with_context(|| format!("cannot start `{program}`"))?;
        Ok(Self { child })
    }

    /// The status of the child, if it has exited.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().context("cannot wait for a child process")
    }

    /// Waits for the child to exit, or stops it after a signal.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            if is_interrupted() {
                self.stop();
                bail!(Interrupted);
            }
            pause();
        }
    }

    /// Stops the group: asks first, then kills the rest.
    pub(crate) fn stop(&mut self) {
        #[cfg(unix)]
        {
            // A group that has already exited cannot be signaled.
            let _ended = self.child.signal(SIGINT);
            let asked = Instant::now();
            while asked.elapsed() < GRACE && matches!(self.child.try_wait(), Ok(None)) {
                pause();
            }
        }
        // The leader may have exited before its descendants.
        let _ended = self.child.start_kill();
        let _status = self.child.wait();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.stop();
        }
    }
}

/// Runs a command to its end, and fails if it fails.
pub(crate) fn run(command: Command) -> Result<()> {
    let shown = shown(&command);
    let status = Group::start(command)?.wait()?;
    // A child that Ctrl-C reached before the handler recorded it has not failed.
    if is_interrupted() {
        bail!(Interrupted);
    }
    if !status.success() {
        bail!("`{shown}` failed: {status}");
    }
    Ok(())
}

/// The command as a user types it, without the program's directory.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_stem().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    command.get_args().fold(program, |line, argument| format!("{line} {}", argument.to_string_lossy()))
}
