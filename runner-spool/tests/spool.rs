//! What goes to disk comes back as it was, and what can't go there stays.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use bytes::Bytes;
use runner_core::Code;
use runner_spool::{Backlog, PATIENCE, SPOOLED_BYTES, Spool, Stored};

#[tokio::test]
async fn pieces_come_back_in_order() {
    let spool = Spool::default();
    for sizes in [&[][..], &[0], &[1], &[3, 0, 5], &[300_000, 10_000_000, 1], &[4 << 20, 256 << 10]] {
        let pieces: Vec<_> = sizes.iter().enumerate().map(|(index, size)| output(*size, index)).collect();
        let expected = pieces.concat();
        let mut stored = spool.store(pieces).await.unwrap();
        assert_eq!((stored.left(), spool.bytes()), (expected.len() as u64, expected.len() as u64));
        assert!(all(&mut stored).await == expected, "{sizes:?}");
        assert_eq!(stored.left(), 0);
        drop(stored);
        assert_eq!(spool.bytes(), 0);
    }
}

#[tokio::test]
async fn what_can_t_be_stored_is_given_back() {
    let pieces = vec![output(2_000_000, 0), output(3, 1)];
    for (spool, reason) in [
        (Spool::off(), None),
        (Spool::new("/nowhere"), Some("/nowhere")),
        (Spool::new("/proc"), Some("/proc")),
    ] {
        let given_back = spool.store(pieces.clone()).await.unwrap_err();
        assert!(given_back == pieces);
        assert!(!spool.is_ready(), "not at once again");
        assert_eq!(spool.bytes(), 0);
        let checked = spool.check().map_err(|error| (error.code(), error.to_string()));
        match (checked, reason) {
            (Ok(()), None) => {}
            (Err((Code::Unavailable, text)), Some(reason)) => assert!(text.contains(reason), "{text}"),
            other => panic!("{spool:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn there_are_not_too_many_files() {
    let spool = Spool::default();
    let mut held = Vec::new();
    while spool.is_ready() {
        held.push(spool.store(vec![Bytes::from_static(b"x")]).await.unwrap());
        assert!(held.len() < 1000);
    }
    assert!(spool.store(vec![Bytes::new()]).await.is_err());
    held.pop();
    assert!(spool.store(vec![Bytes::new()]).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_nobody_takes_is_moved_and_comes_all_the_same() {
    let spool = Spool::default();
    let expected = output(9_000_000, 0);
    // After so many parts nobody asks for a while.
    for parts in [0, 1, 20, 33] {
        let mut backlog = Backlog::new(&spool, expected.clone());
        let mut taken = Vec::new();
        for _ in 0..parts {
            taken.extend_from_slice(&backlog.next().await.unwrap().unwrap());
        }
        patience().await;
        let left = expected.len() - taken.len();
        let moved = if left > SPOOLED_BYTES { left as u64 } else { 0 };
        until(|| spool.bytes() == moved).await;
        while let Some(part) = backlog.next().await.unwrap() {
            taken.extend_from_slice(&part);
        }
        assert!(taken == expected, "after {parts} parts");
        drop(backlog);
        assert_eq!(spool.bytes(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_stays_in_memory() {
    let spool = Spool::default();
    let mut backlog = Backlog::new(&spool, output(9_000_000, 0));
    for _ in 0..20 {
        tokio::time::sleep(PATIENCE * 3 / 4).await;
        assert!(backlog.next().await.unwrap().is_some());
        assert_eq!(spool.bytes(), 0, "{backlog:?}");
    }
    let mut small = Backlog::new(&spool, output(SPOOLED_BYTES, 0));
    patience().await;
    assert_eq!(spool.bytes(), backlog_left(&backlog), "of the small one nothing");
    assert!(small.next().await.unwrap().unwrap() == output(SPOOLED_BYTES, 0));
    assert_eq!(small.next().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn without_a_disk_it_comes_from_memory() {
    let spool = Spool::new("/nowhere");
    let mut backlog = Backlog::new(&spool, output(9_000_000, 0));
    patience().await;
    let mut taken = Vec::new();
    while let Some(part) = backlog.next().await.unwrap() {
        taken.extend_from_slice(&part);
        patience().await;
    }
    assert!(taken == output(9_000_000, 0));
}

fn backlog_left(backlog: &Backlog) -> u64 {
    let text = format!("{backlog:?}");
    match text.strip_prefix("Backlog(").and_then(|text| text.strip_suffix(" bytes on disk)")) {
        Some(bytes) => bytes.parse().unwrap(),
        None => 0,
    }
}

async fn all(stored: &mut Stored) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(part) = stored.next().await.unwrap() {
        bytes.extend_from_slice(&part);
    }
    bytes
}

/// Time passes for which nobody asks.
async fn patience() {
    tokio::time::sleep(PATIENCE * 3).await;
}

async fn until(condition: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen");
}

/// Bytes that differ everywhere.
fn output(size: usize, seed: usize) -> Bytes {
    (0..size).map(|index| ((index + seed).wrapping_mul(0x9e37_79b9) >> 16) as u8).collect::<Vec<_>>().into()
}
