//! One child: how it is started, killed, and waited for.

use std::{io, process::ExitStatus, process::Stdio, sync::Arc};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    process::{self, ChildStderr, Command},
    sync::oneshot,
};

use crate::{builder::Builder, group::Group, pipes::Pipes, resource::Bounds};

/// A child that is killed on drop, with all that it has started.
#[derive(Debug)]
pub(crate) struct Child {
    process: process::Child,
    group: Group,
    pub(crate) pid: u32,
}

/// What a child was born with.
#[derive(Debug)]
pub(crate) struct Born {
    pub(crate) child: Child,
    pub(crate) pipes: Pipes,
    /// Told when those are dropped.
    pub(crate) released: oneshot::Receiver<()>,
    pub(crate) stderr: ChildStderr,
}

/// Starts a child. On Linux it does not outlive the thread that this is called on.
///
/// # Errors
/// If the system does not start it.
pub(crate) fn spawn(builder: &Arc<Builder>) -> io::Result<Born> {
    let group = Group::new()?;
    let mut command = Command::new(builder.program());
    command.args(&builder.args).env_clear().envs(builder.environment());
    if let Some(directory) = &builder.directory {
        command.current_dir(directory);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(group.number()).kill_on_drop(true);
    before_exec(&mut command, builder.limits.bounds());
    let mut process = command.spawn()?;
    let pid = process.id().ok_or(io::ErrorKind::NotFound)?;
    let missing = || io::Error::from(io::ErrorKind::BrokenPipe);
    let stdin = process.stdin.take().ok_or_else(missing)?;
    let stdout = process.stdout.take().ok_or_else(missing)?;
    let stderr = process.stderr.take().ok_or_else(missing)?;
    let (pipes, released) = Pipes::new(stdin, stdout);
    Ok(Born { child: Child { process, group, pid }, pipes, released, stderr })
}

impl Child {
    /// Waits until it has ended. It is not there any more afterwards, but what it has started may be.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.process.wait().await
    }

    /// Kills it and all that it has started.
    pub(crate) fn kill(&mut self) {
        self.group.kill();
        if self.group.number() == 0
            && let Some(id) = self.process.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?))
        {
            // It leads the group itself, and is not waited for yet.
            let _ = kill_process_group(id, Signal::KILL);
        }
        let _ = self.process.start_kill();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Has the child tie itself to this thread and bound itself before it becomes the executable.
fn before_exec(command: &mut Command, bounds: Bounds) {
    let parent = rustix::process::getpid();
    let prepare = move || {
        tie(parent)?;
        bounds.set()
    };
    #[allow(unsafe_code, reason = "there is no safe way to do something between fork and exec")]
    // SAFETY: what is called makes system calls and touches nothing but its own stack: it takes no lock and allocates
    // nothing, also not for errors, which are plain numbers.
    unsafe {
        command.pre_exec(prepare);
    }
}

/// Ties this process to the thread that it was forked by, and fails if that is gone already.
#[cfg(target_os = "linux")]
fn tie(parent: Pid) -> io::Result<()> {
    use rustix::process::{getppid, set_parent_process_death_signal};

    set_parent_process_death_signal(Some(Signal::KILL))?;
    match getppid() == Some(parent) {
        true => Ok(()),
        false => Err(io::ErrorKind::NotConnected.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn tie(_: Pid) -> io::Result<()> {
    Ok(())
}
