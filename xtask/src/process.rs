//! Child processes: each runs in a group of its own, so that nothing of it outlives the command.

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

/// How often a child is looked at. Short beside anything that a person waits for.
const POLL: Duration = Duration::from_millis(20);
/// How long a group may take to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// The number of the signal that Ctrl-C sends, which servers take as the wish to stop.
#[cfg(unix)]
const SIGINT: i32 = 2;

static IS_INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Has Ctrl-C and the signals that end a process noted instead of ending this one at once.
pub(crate) fn watch_for_interrupt() -> Result<()> {
    ctrlc::set_handler(|| IS_INTERRUPTED.store(true, Ordering::SeqCst)).context("can't watch for Ctrl-C")
}

/// Tells whether somebody asked the command to end.
pub(crate) fn is_interrupted() -> bool {
    IS_INTERRUPTED.load(Ordering::SeqCst)
}

/// Waits one polling interval.
pub(crate) fn pause() {
    sleep(POLL);
}

/// A child and all that it starts.
pub(crate) struct Group {
    child: Box<dyn ChildWrapper>,
}

impl Group {
    /// Starts a command that reads nothing and prints where this one prints.
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null());
        let mut command = CommandWrap::from(command);
        #[cfg(unix)]
        command.wrap(ProcessGroup::leader());
        #[cfg(windows)]
        command.wrap(JobObject);
        let child = command.spawn().with_context(|| format!("can't start `{program}`"))?;
        Ok(Self { child })
    }

    /// The status of the child, if it has ended.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().context("can't wait for a child process")
    }

    /// Waits for the child to end, or ends it when somebody asks for that.
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

    /// Ends the group: asks first, then kills what is left.
    pub(crate) fn stop(&mut self) {
        #[cfg(unix)]
        {
            // A group that has ended already can't be asked, and needs not be.
            let _ended = self.child.signal(SIGINT);
            let asked = Instant::now();
            while asked.elapsed() < GRACE && matches!(self.child.try_wait(), Ok(None)) {
                pause();
            }
        }
        // The leader may have gone ahead of what it started.
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

/// Runs a command to its end, which must be a good one.
pub(crate) fn run(command: Command) -> Result<()> {
    let shown = shown(&command);
    let status = Group::start(command)?.wait()?;
    // A child that Ctrl-C reached before the note did has not failed.
    if is_interrupted() {
        bail!(Interrupted);
    }
    if !status.success() {
        bail!("`{shown}` failed: {status}");
    }
    Ok(())
}

/// The command as a person would type it, without where its program lies.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_stem().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    command.get_args().fold(program, |line, argument| format!("{line} {}", argument.to_string_lossy()))
}
