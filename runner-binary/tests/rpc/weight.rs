//! Prepared programs, bounded by what they hold.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use runner_binary::{Request, ServerLimits, limit};
use runner_core::{Code, Run};

use crate::support::*;

const KIB: u64 = 1 << 10;

fn limits(client: u64, all: u64) -> ServerLimits {
    ServerLimits { client_prepared_bytes: client * KIB, prepared_bytes: all * KIB, ..ServerLimits::default() }
}

#[tokio::test]
async fn what_a_client_holds_stays_below_its_share_and_works_on() {
    let (server, robot) = server(limits(256, 10_000));
    let client = client(&server).await;
    let mut programs = Vec::new();
    for line in 1..=16 {
        programs.push(client.prepare(&program(HEAVY + 64 + line)).await.unwrap());
        assert!(server.metrics().prepared_bytes <= 256 * KIB);
        assert!(robot.held.load(Ordering::SeqCst) <= 3);
    }
    assert_eq!((robot.held.load(Ordering::SeqCst), robot.prepared.load(Ordering::SeqCst)), (3, 16));
    for prepared in &programs {
        assert_eq!(client.execute(prepared, Bytes::from_static(b"x")).await.unwrap(), "x");
        assert!(robot.held.load(Ordering::SeqCst) <= 3);
    }
    assert_eq!(robot.prepared.load(Ordering::SeqCst), 32, "each was prepared again");
    // What is used stays: the last one is newer than those that others make room with.
    let kept = programs.last().unwrap();
    for prepared in programs.iter().take(6) {
        client.execute(kept, Bytes::new()).await.unwrap();
        client.execute(prepared, Bytes::new()).await.unwrap();
    }
    assert_eq!(robot.prepared.load(Ordering::SeqCst), 38);
    drop(programs);
    drop(client);
    until("the client is gone", || server.metrics().connections == 0).await;
    assert!(server.metrics().prepared_bytes <= 256 * KIB);
}

#[tokio::test]
async fn clients_make_room_for_each_other() {
    let (server, robot) = server(limits(300, 450));
    let (a, b) = (client(&server).await, client(&server).await);
    let of_a = a.prepare(&program(HEAVY + 250)).await.unwrap();
    let of_b = b.prepare(&program(HEAVY + 251)).await.unwrap();
    assert_eq!(robot.held.load(Ordering::SeqCst), 1, "that of a was let go of");
    for _ in 0..3 {
        a.execute(&of_a, Bytes::new()).await.unwrap();
        b.execute(&of_b, Bytes::new()).await.unwrap();
        assert_eq!(robot.held.load(Ordering::SeqCst), 1);
        assert!(server.metrics().prepared_bytes <= 450 * KIB);
    }
    server.shutdown(LONG).await.unwrap();
    assert_eq!(robot.held.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_has_no_room_is_refused() {
    let (server, robot) = server(limits(100, 1000));
    let client = client(&server).await;
    let refused = client.prepare(&program(HEAVY + 200)).await.unwrap_err();
    assert_eq!(
        (refused.code(), limit_of(&refused), refused.is_retryable()),
        (Code::ResourceExhausted, Some(limit::CLIENT_PREPARED_BYTES), false)
    );
    assert_eq!(robot.held.load(Ordering::SeqCst), 0);

    // A program that runs is not let go of.
    let mut raw = Raw::greeted(&server).await;
    let prepare = |id, program| Request::Prepare { id, program, more: false };
    raw.send(prepare(0, 0), program(HEAVY + 60).bytes()).await;
    raw.send(Request::Execute { id: 1, program: 0, credit: 9, more: false }, b"w").await;
    until("it runs", || robot.working.load(Ordering::SeqCst) == 1).await;
    raw.send(prepare(2, 1), program(HEAVY + 61).bytes()).await;
    let refused = raw.answer(2).await.1.unwrap();
    assert_eq!((limit_of(&refused), refused.is_retryable()), (Some(limit::CLIENT_PREPARED_BYTES), true));
    raw.send(Request::Cancel { id: 1 }, b"").await;
    raw.answer(1).await;
    raw.send(Request::Release { program: 1 }, b"").await;
    raw.send(prepare(2, 1), program(HEAVY + 61).bytes()).await;
    assert_eq!(raw.answer(2).await.1, None);

    // The encoding of what a client holds counts as well.
    let mut refused = None;
    for number in 2..20 {
        let mut parts = large_program(10_000).parts().clone();
        parts.sources.push(number.to_string());
        let large = runner_core::Program::new(parts).unwrap();
        raw.send(prepare(2, number), large.bytes()).await;
        refused = refused.or(raw.answer(2).await.1);
        assert!(server.metrics().prepared_bytes <= 100 * KIB);
    }
    assert_eq!(limit_of(&refused.unwrap()), Some(limit::CLIENT_PREPARED_BYTES));
    drop(raw);
    until("nothing is held for it", || server.metrics().prepared_bytes <= 100 * KIB).await;
}
