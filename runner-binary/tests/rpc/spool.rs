//! Outputs in one piece that their client does not take.

use std::{sync::atomic::Ordering, time::Duration};

use runner_binary::{Request, ServerLimits, ServerOptions, Spool};
use runner_core::Code;

use crate::support::*;

const SIZE: u64 = 20_000_000;

fn execute(credit: u64) -> Request {
    Request::Execute { id: 1, program: 0, credit, more: false }
}

/// Without credit, with a little of it, and with all of it but nobody who reads.
#[tokio::test(start_paused = true)]
async fn they_leave_memory_and_arrive_all_the_same() {
    for credit in [0, 1, 50_000, u64::MAX] {
        let (server, robot) = server(ServerLimits::default());
        let mut raw = Raw::prepared(&server).await;
        let input = ask_big(b'o', SIZE);
        raw.send(execute(credit), &input).await;
        until("it is made", || robot.finished.load(Ordering::SeqCst) == 1).await;
        until("memory is let go of", || robot.outputs.load(Ordering::SeqCst) == 0).await;
        let metrics = server.metrics();
        assert!(metrics.output_bytes_on_disk > SIZE - 1_000_000, "{metrics:?}");
        assert!(metrics.output_bytes_held > SIZE - 1_000_000, "it counts all the same: {metrics:?}");
        raw.send(Request::Credit { id: 1, bytes: u64::MAX }, b"").await;
        let (output, error) = raw.answer(1).await;
        assert!(output == big(&input) && error.is_none(), "credit {credit}: {error:?}");
        until("nothing is held", || server.metrics().output_bytes_held == 0).await;
        assert_eq!(server.metrics().output_bytes_on_disk, 0);
        raw.send(execute(100), b"next").await;
        assert_eq!(raw.answer(1).await.0, b"next", "the id can be used again");
    }
}

#[tokio::test(start_paused = true)]
async fn pieces_and_the_error_behind_them_come_in_order() {
    let (server, _) = server(ServerLimits::default());
    let mut raw = Raw::prepared(&server).await;
    let input = ask_big(b'd', SIZE);
    raw.send(execute(0), &input).await;
    let mut output = Vec::new();
    for _ in 0..4 {
        until("some pieces are on disk", || server.metrics().output_bytes_on_disk > 0).await;
        raw.send(Request::Credit { id: 1, bytes: SIZE / 4 }, b"").await;
        let before = output.len();
        while output.len() < before + SIZE as usize / 4 {
            output.extend_from_slice(&raw.receive().await.unwrap().1);
        }
    }
    assert!(output == big(&input));
    raw.send(Request::Credit { id: 1, bytes: 1 }, b"").await;
    assert_eq!(raw.answer(1).await.1.unwrap().code(), Code::ExecutionError);
    until("nothing is held", || server.metrics().output_bytes_held == 0).await;
    assert_eq!(server.metrics().output_bytes_on_disk, 0);
}

#[tokio::test(start_paused = true)]
async fn without_a_disk_they_stay_in_memory() {
    for spool in [Spool::off(), Spool::new("/nowhere")] {
        let (server, robot) = server_with(ServerOptions::new().with_spool(spool));
        let mut raw = Raw::prepared(&server).await;
        let input = ask_big(b'o', SIZE);
        raw.send(execute(50_000), &input).await;
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_secs(2)).await;
            raw.send(Request::Ping { nonce: 0 }, b"").await;
        }
        assert_eq!(robot.outputs.load(Ordering::SeqCst), 1);
        raw.send(Request::Credit { id: 1, bytes: u64::MAX }, b"").await;
        assert!(raw.answer(1).await.0 == big(&input));
    }
}

#[tokio::test(start_paused = true)]
async fn who_cancels_or_leaves_leaves_nothing_on_disk() {
    let (server, _) = server(ServerLimits::default());
    let spooled = || server.metrics().output_bytes_on_disk;
    for leaves in [false, true] {
        let mut raw = Raw::prepared(&server).await;
        raw.send(execute(50_000), &ask_big(b'o', SIZE)).await;
        until("it is on disk", || spooled() > 0).await;
        if leaves {
            drop(raw);
        } else {
            raw.send(Request::Cancel { id: 1 }, b"").await;
            assert_eq!(raw.answer(1).await.1.unwrap().code(), Code::Cancelled);
        }
        until("the disk is free", || spooled() == 0).await;
        until("nothing is held", || server.metrics().output_bytes_held == 0).await;
    }
}
