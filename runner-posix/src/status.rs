use std::process::ExitStatus;

/// How a [`Process`](crate::Process) is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Status {
    /// What it does now.
    pub state: State,
    /// The child's process id, while there is one.
    pub pid: Option<u32>,
    /// How often a child was started again, by itself or because it was said so.
    pub restarts: u64,
    /// How the last child ended.
    pub last_exit: Option<ExitStatus>,
}

/// What a [`Process`](crate::Process) does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// There is a child.
    Running,
    /// A child was told goodbye, or lost its connection, and has some time left.
    Stopping,
    /// The child has crashed; another one will be started after a pause.
    Pausing,
    /// The child has ended by itself and there will be no other one, unless it is said so.
    Ended,
    /// There is no child because it was said so, or not yet.
    #[default]
    Stopped,
}
