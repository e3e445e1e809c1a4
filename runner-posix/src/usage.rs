use std::time::Duration;

use runner_core::Result;

/// What a process has used.
///
/// See [`Process::usage`](crate::Process::usage).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// CPU time of all its threads, in its own code and in the kernel.
    pub cpu: Duration,
    /// Bytes of memory that are its own now (its resident set).
    pub memory_bytes: u64,
    /// The most that this has been.
    pub peak_memory_bytes: u64,
    /// Bytes of address space, which is what
    /// [`ResourceLimits::address_space_bytes`](crate::ResourceLimits::address_space_bytes) bounds.
    pub address_space_bytes: u64,
    /// Threads.
    pub threads: u64,
}

/// What this process has used, from `/proc`.
///
/// # Errors
/// `UNAVAILABLE` if there is no such process.
#[cfg(target_os = "linux")]
pub(crate) fn of(pid: u32) -> Result<Usage> {
    use crate::error::unavailable;

    let read = |file: &str| {
        std::fs::read_to_string(format!("/proc/{pid}/{file}"))
            .map_err(|error| unavailable(format!("/proc/{pid}/{file} can't be read: {error}")))
    };
    let unreadable = || unavailable(format!("/proc/{pid} can't be read"));
    usage(&read("stat")?, &read("status")?, rustix::param::clock_ticks_per_second()).ok_or_else(unreadable)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn of(_: u32) -> Result<Usage> {
    let message = "the usage of a process is only known on Linux";
    Err(runner_core::Error::new(runner_core::Code::Unsupported, message))
}

/// From the files `stat` and `status` of a process; see proc(5).
#[cfg(target_os = "linux")]
fn usage(stat: &str, status: &str, ticks_per_second: u64) -> Option<Usage> {
    // The second field is a name in parentheses that may hold anything. Fields are counted from 1.
    let (_, rest) = stat.rsplit_once(") ")?;
    let field = |number: usize| rest.split(' ').nth(number.checked_sub(3)?)?.parse::<u64>().ok();
    let ticks = field(14)? + field(15)?;
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    // A process that has ended and is not waited for has no memory.
    let kib = |name| value(name).unwrap_or(0) << 10;
    Some(Usage {
        cpu: Duration::from_secs_f64(ticks as f64 / ticks_per_second.max(1) as f64),
        memory_bytes: kib("VmRSS"),
        peak_memory_bytes: kib("VmHWM"),
        address_space_bytes: kib("VmSize"),
        threads: value("Threads")?,
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn awkward_names_do_not_shift_fields() {
        let stat = "7 (a) R 1 (b) S 1 7 7 0 -1 4194304 1 2 3 4 150 50 0 0 20 0 3 0 9 1 1 1";
        let status =
            "Name:\ta) R 1 (b\nVmSize:\t    40 kB\nVmHWM:\t    30 kB\nVmRSS:\t    20 kB\nThreads:\t3\n";
        let usage = usage(stat, status, 100).unwrap();
        assert_eq!(usage.cpu, Duration::from_secs(2));
        assert_eq!((usage.memory_bytes, usage.peak_memory_bytes), (20 << 10, 30 << 10));
        assert_eq!((usage.address_space_bytes, usage.threads), (40 << 10, 3));
        assert_eq!(super::usage("7 (a) R 1", status, 100), None);
        assert_eq!(super::usage("", "", 100), None);
    }

    #[test]
    fn this_process_has_used_something() {
        let usage = of(std::process::id()).unwrap();
        assert!(usage.memory_bytes > 0 && usage.peak_memory_bytes >= usage.memory_bytes);
        assert!(usage.address_space_bytes > usage.memory_bytes && usage.threads > 0);
        assert_eq!(of(u32::MAX).unwrap_err().code(), runner_core::Code::Unavailable);
    }
}
