//! Outputs in one piece that their client does not take.

use std::{collections::HashMap, sync::atomic::Ordering, time::Duration};

use bytes::Bytes;
use runner_binary::{Request, Response, ServerLimits, ServerOptions, Spool};
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
        let limits = ServerLimits { request_time: LONG, ..ServerLimits::default() };
        let (server, robot) = server_with(ServerOptions::new().with_limits(limits).with_spool(spool));
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

/// Outputs of all kinds and sizes on one connection, of which the client takes something now and then, or cancels them.
#[tokio::test(start_paused = true)]
async fn whatever_is_taken_when_is_right() {
    for seed in 0..8 {
        let mut random = fastrand::Rng::with_seed(seed);
        let request_time = Duration::from_secs(300);
        let (server, robot) =
            server(ServerLimits { output_bytes: 5_000_000, request_time, ..Default::default() });
        let mut raw = Raw::prepared(&server).await;
        let mut open: HashMap<u32, (Bytes, Vec<u8>)> = HashMap::new();
        let (mut spooled, mut ended) = (0, 0);
        let mut nonce = 0;
        while ended < 60 {
            let id = random.u32(1..8);
            match (random.u8(0..10), open.contains_key(&id)) {
                (_, false) => {
                    let kind = *random.choice(b"bcdo").unwrap();
                    let input = ask_big(kind, random.u64(0..6_000_000));
                    let credit = random.u64(0..10_000);
                    raw.send(Request::Execute { id, program: 0, credit, more: false }, &input).await;
                    open.insert(id, (input, Vec::new()));
                }
                (0, true) => raw.send(Request::Cancel { id }, b"").await,
                (1..=4, true) => tokio::time::sleep(Duration::from_millis(random.u64(0..3000))).await,
                (_, true) => raw.send(Request::Credit { id, bytes: random.u64(0..2_000_000) }, b"").await,
            }
            spooled = spooled.max(server.metrics().output_bytes_on_disk);
            // What was answered before this.
            nonce += 1;
            raw.send(Request::Ping { nonce }, b"").await;
            loop {
                let (id, is_last, body, error) = match raw.receive().await.unwrap() {
                    (Response::Pong { nonce: seen }, _) if seen == nonce => break,
                    (Response::Output { id, more }, body) => (id, !more, body, None),
                    (Response::Failed { id, error }, body) => (id, true, body, Some(error)),
                    _ => continue,
                };
                let (input, output) = open.get_mut(&id).unwrap();
                output.extend_from_slice(&body);
                if !is_last {
                    continue;
                }
                let (input, output) = (input.clone(), std::mem::take(output));
                let expected = big(&input);
                assert!(expected.starts_with(&output), "seed {seed}");
                match error.map(|error| error.code()) {
                    None => assert!(output == expected && input[0] != b'd', "seed {seed}"),
                    Some(Code::ResourceExhausted) => assert!(expected.len() > 5_000_000, "seed {seed}"),
                    Some(Code::ExecutionError) => assert!(output == expected && input[0] == b'd'),
                    Some(code) => assert_eq!(code, Code::Cancelled, "seed {seed}"),
                }
                open.remove(&id);
                ended += 1;
            }
        }
        assert!(spooled > 1_000_000, "seed {seed}: {spooled}");
        drop(raw);
        until("nothing is held", || server.metrics().output_bytes_held == 0).await;
        until("the disk is free", || server.metrics().output_bytes_on_disk == 0).await;
        until("memory is let go of", || robot.outputs.load(Ordering::SeqCst) == 0).await;
    }
}
