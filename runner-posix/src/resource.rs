use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::limits::CPU_GRACE_SECONDS;

/// What the kernel lets a child use. What is `None` is as for the parent, and nothing is more than for the parent.
///
/// ```
/// use runner_posix::ResourceLimits;
///
/// let limits = ResourceLimits { address_space_bytes: Some(1 << 30), ..ResourceLimits::default() };
/// assert_eq!(limits.open_files, None);
/// ```
///
/// They are set between `fork` and `exec`, so the child can't exceed them from its first instruction on, nor can what
/// it starts; each process counts for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResourceLimits {
    /// Bytes of address space (`RLIMIT_AS`). Allocations beyond fail: a child that aborts and says so as Rust does
    /// gives `RESOURCE_EXHAUSTED`. Code and the stacks of threads count, 100 MiB is little.
    pub address_space_bytes: Option<u64>,
    /// Seconds of CPU time, over all threads (`RLIMIT_CPU`). The child is then killed, which gives
    /// `RESOURCE_EXHAUSTED`.
    pub cpu_seconds: Option<u64>,
    /// File descriptors (`RLIMIT_NOFILE`).
    pub open_files: Option<u64>,
}

impl ResourceLimits {
    /// What is to be set in the child.
    pub(crate) fn bounds(&self) -> Bounds {
        let bound = |resource, limit: Option<u64>, reserve| {
            let most = getrlimit(resource).maximum;
            let least = |limit: u64| Some(most.map_or(limit, |most| limit.min(most)));
            limit.map(|limit| {
                let maximum = least(limit.saturating_add(reserve));
                (resource, Rlimit { current: least(limit), maximum })
            })
        };
        Bounds([
            bound(Resource::As, self.address_space_bytes, 0),
            bound(Resource::Cpu, self.cpu_seconds, CPU_GRACE_SECONDS),
            bound(Resource::Nofile, self.open_files, 0),
        ])
    }
}

/// Limits as the system takes them.
#[derive(Debug)]
pub(crate) struct Bounds([Option<(Resource, Rlimit)>; 3]);

impl Bounds {
    /// Sets them for this process. Between `fork` and `exec` this is fine: nothing but system calls.
    pub(crate) fn set(&self) -> io::Result<()> {
        for (resource, limit) in self.0.iter().flatten() {
            setrlimit(*resource, *limit)?;
        }
        Ok(())
    }
}
