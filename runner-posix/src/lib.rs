//! Program runners as processes: served on standard input and output, spawned, supervised.
//!
//! [`serve_stdio`] lets a runner do the work of whoever started the process; [`Process`] starts such an executable and
//! is a [`Run`](runner_core::Run). Between them is the protocol of [`runner_binary`].
//!
//! ```no_run
//! # use runner_core::{Program, Run};
//! use runner_posix::{Process, ResourceLimits, Restart};
//!
//! # async fn example(program: Program) -> runner_core::Result<()> {
//! let process = Process::builder("runner")
//!     .args(["serve", "--stdio", "--runner", "interpreter:data"])
//!     .limits(ResourceLimits { address_space_bytes: Some(1 << 30), ..ResourceLimits::default() })
//!     .restart(Restart::default())
//!     .start()
//!     .await?;
//! let prepared = process.prepare(&program).await?;
//! let output = process.execute(&prepared, vec![0x54].into()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! What it is not: a container. A child may read what its user may read; see [`ResourceLimits`] for what is bounded.
//!
//! # The convention
//!
//! | | |
//! | --- | --- |
//! | arguments | the executable's own; by convention `serve --stdio` |
//! | environment | empty, but for what the [`Builder`] sets or lets through |
//! | standard input | frames from the client. Its end is the end of the process |
//! | standard output | frames to the client, and nothing else: [`serve_stdio`] sends what others write there to standard error |
//! | standard error | logs, as lines of UTF-8; the last ones are kept, see [`Process::stderr_tail`] |
//! | exit code | 0 after a goodbye or the end of standard input; 2 if the arguments or the configuration are wrong |
//! | signals | SIGTERM is a request to finish what is in flight and exit with 0 |
//!
//! # Nothing is left behind
//!
//! A child ends when it is told goodbye or its standard input ends, which happens when its parent is gone, however that
//! went. For a child that does not, and for its own children:
//!
//! - A child and all its descendants are one process group. It is killed when the child has ended, is stopped, or is
//!   dropped with its runtime.
//! - The group is led by a *guard*, a `/bin/sh` that waits for the end of a pipe from the parent and then kills the
//!   group. So a parent that is killed with SIGKILL leaves no descendant either, on every Unix.
//! - On Linux the child itself is killed by the kernel when the thread that spawned it ends (`PR_SET_PDEATHSIG`). That
//!   thread belongs to the [`Process`], lives as long, and does nothing else. A parent that died before this was set
//!   is noticed.
//!
//! Without `/bin/sh` there is no guard: the child leads the group, and what a killed parent leaves are descendants of the
//! child that do not end by themselves, elsewhere than on Linux also a child that ignores the end of its input. A
//! descendant that makes a group or session of its own is nobody's.
#![cfg(unix)]

mod board;
mod builder;
mod child;
mod error;
mod group;
mod limits;
mod log;
mod pipes;
mod process;
mod resource;
mod serve;
mod spawner;
mod status;
mod supervisor;
mod usage;

pub use builder::{Builder, Restart};
pub use error::limit;
pub use process::Process;
pub use resource::ResourceLimits;
pub use serve::{Stdio, serve_stdio};
pub use status::{State, Status};
pub use usage::Usage;
