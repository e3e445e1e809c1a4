//! The process group of a child, and the guard that leads it.

use std::{io, process::Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

/// Waits for the end of its input, which is that of the parent, and kills its group, itself included.
const GUARD: &str = "trap '' HUP INT TERM; read -r _; kill -KILL 0";

/// A process group that is killed on drop.
///
/// The guard is not waited for before that, so nobody else can get the group's number.
#[derive(Debug)]
pub(crate) struct Group(Option<Child>);

impl Group {
    /// Starts the guard. Without a shell there is none.
    pub(crate) fn new() -> io::Result<Self> {
        let guard = Command::new("/bin/sh")
            .args(["-c", GUARD, "runner-guard"])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn();
        match guard {
            Ok(guard) => Ok(Self(Some(guard))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                tracing::warn!("there is no /bin/sh to guard the descendants of runner processes");
                Ok(Self(None))
            }
            Err(error) => Err(error),
        }
    }

    /// The number of the group that a child has to join; 0 makes it the leader of its own.
    pub(crate) fn number(&self) -> i32 {
        self.id().map_or(0, |id| id.as_raw_nonzero().get())
    }

    /// Kills all processes of the group.
    pub(crate) fn kill(&self) {
        if let Some(id) = self.id() {
            // There is always one process to be killed, the guard.
            let _ = kill_process_group(id, Signal::KILL);
        }
    }

    fn id(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.0.as_ref()?.id()?).ok()?)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
