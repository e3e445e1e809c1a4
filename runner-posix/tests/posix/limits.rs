//! What the kernel does not give.

use std::time::Duration;

use runner_core::{Code, Detail, Error};
use runner_posix::{ResourceLimits, limit};

use crate::support::*;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        ("address space", || block_on(address_space())),
        ("CPU time", || block_on(cpu())),
        ("open files", || block_on(open_files())),
        ("no more than the parent has", || block_on(parent())),
        ("usage", || block_on(usage())),
    ]
}

fn limit_of(error: &Error) -> Option<(&str, u64)> {
    error.details().iter().find_map(|detail| match detail {
        Detail::Limit { name, value } => Some((name.as_str(), *value)),
        _ => None,
    })
}

async fn address_space() {
    let bytes = 1 << 30;
    let limits = ResourceLimits { address_space_bytes: Some(bytes), ..ResourceLimits::default() };
    let process = child("serve").limits(limits).start().await.unwrap();
    assert_eq!(text(&process, "allocate 50000000").await, "50000000");
    let failed = error(ask(&process, "allocate 2000000000").await);
    assert_eq!(failed.code(), Code::ResourceExhausted, "{failed}");
    assert_eq!(limit_of(&failed), Some((limit::ADDRESS_SPACE_BYTES, bytes)));
    for words in ["memory allocation of 2000000000 bytes failed", "SIGABRT", "1073741824"] {
        assert!(failed.message().contains(words), "{failed}");
    }
    // Without the limit it can be had.
    let process = serving().await;
    assert_eq!(text(&process, "allocate 1100000000").await, "1100000000");
}

async fn cpu() {
    let limits = ResourceLimits { cpu_seconds: Some(1), ..ResourceLimits::default() };
    let process = child("serve").limits(limits).start().await.unwrap();
    let failed = error(ask(&process, "burn").await);
    assert_eq!(failed.code(), Code::ResourceExhausted, "{failed}");
    assert_eq!(limit_of(&failed), Some((limit::CPU_SECONDS, 1)));
    assert!(failed.message().contains("SIGXCPU"), "{failed}");
}

async fn open_files() {
    let limits = ResourceLimits { open_files: Some(40), ..ResourceLimits::default() };
    let process = child("serve").limits(limits).start().await.unwrap();
    let opened: usize = text(&process, "open 1000").await.parse().unwrap();
    assert!((10..40).contains(&opened), "{opened}");
    let process = serving().await;
    assert_eq!(text(&process, "open 100").await, "100");
}

/// A limit above that of this process is cut to it, instead of an error of the system.
async fn parent() {
    let limits = ResourceLimits {
        address_space_bytes: Some(u64::MAX),
        cpu_seconds: Some(u64::MAX),
        open_files: Some(1 << 40),
    };
    // Root may raise some limits, but not above what the system has.
    let process = child("serve").limits(limits).start().await.unwrap();
    assert_eq!(text(&process, "echo").await, "echo");
}

async fn usage() {
    let process = serving().await;
    let before = process.usage().unwrap();
    assert!(
        before.memory_bytes > 0 && before.threads > 1 && before.address_space_bytes > before.memory_bytes
    );
    let burning = process.clone();
    let burning = tokio::spawn(async move { ask(&burning, "burn").await });
    until("CPU time", || process.usage().unwrap().cpu >= before.cpu + Duration::from_millis(200)).await;
    ask(&process, "big 50000000").await.unwrap();
    assert!(process.usage().unwrap().peak_memory_bytes >= 50_000_000);
    soon(process.stop(Duration::ZERO)).await.unwrap();
    lost(burning.await.unwrap());
    lost(process.usage());
}
