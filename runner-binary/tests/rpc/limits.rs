//! Every limit, with its own error.

use std::{sync::atomic::Ordering, time::Duration};

use bytes::Bytes;
use runner_binary::{
    Client, ClientOptions, FRAME_BYTES_MIN, PREFACE, Request, Response, ServerLimits, ServerOptions, Token,
    limit,
};
use runner_core::{Code, Error, Run};
use tokio::io::AsyncWriteExt;

use crate::support::*;

fn check(error: &Error, code: Code, limit: &str) {
    assert_eq!((error.code(), limit_of(error)), (code, Some(limit)), "{error:?}");
}

#[tokio::test]
async fn connections() {
    let (server, _) = server(ServerLimits { connections: 2, ..ServerLimits::default() });
    let (a, _b) = (client(&server).await, client(&server).await);
    let refused = Client::new(server.connect(), ClientOptions::new()).await.unwrap_err();
    check(&refused, Code::ResourceExhausted, limit::CONNECTIONS);
    drop(a);
    until("a place is free", || server.metrics().connections == 1).await;
    client(&server).await;
}

#[tokio::test]
async fn requests_programs_and_sizes() {
    let limits = ServerLimits {
        requests: 4,
        programs: 2,
        program_bytes: 1000,
        input_bytes: 100_000,
        output_bytes: 2000,
        ..ServerLimits::default()
    };
    let (server, _) = server(limits);
    let mut raw = Raw::prepared(&server).await;
    let mut ask = async |id, request: Request, body: &[u8]| {
        raw.send(request, body).await;
        raw.answer(id).await.1.expect("an error")
    };
    let execute = |id, more| Request::Execute { id, program: 0, credit: 1 << 20, more };
    let prepare = |program| Request::Prepare { id: 1, program, more: false };
    check(&ask(4, execute(4, false), b"x").await, Code::ResourceExhausted, limit::REQUESTS);
    check(&ask(u32::MAX, execute(u32::MAX, false), b"x").await, Code::ResourceExhausted, limit::REQUESTS);
    check(&ask(1, prepare(2), program(2).bytes()).await, Code::ResourceExhausted, limit::PROGRAMS);
    check(
        &ask(1, prepare(1), large_program(1000).bytes()).await,
        Code::ResourceExhausted,
        limit::PROGRAM_BYTES,
    );
    check(&ask(1, execute(1, false), &[0; 100_001]).await, Code::ResourceExhausted, limit::INPUT_BYTES);
    check(
        &ask(1, execute(1, false), &ask_big(b'b', 2001)).await,
        Code::ResourceExhausted,
        limit::OUTPUT_BYTES,
    );
    check(
        &ask(1, execute(1, false), &ask_big(b'c', 20_001)).await,
        Code::ResourceExhausted,
        limit::OUTPUT_BYTES,
    );
    raw.send(execute(1, true), &[0; 60_000]).await;
    raw.send(Request::Body { id: 1, more: true }, &[0; 60_000]).await;
    raw.send(Request::Body { id: 1, more: false }, &[0; 60_000]).await;
    check(&raw.answer(1).await.1.unwrap(), Code::ResourceExhausted, limit::INPUT_BYTES);
    raw.send(execute(1, false), b"fine").await;
    assert_eq!(raw.answer(1).await, (b"fine".to_vec(), None));
    assert_eq!(server.metrics().input_bytes_held, 0);
}

#[tokio::test]
async fn a_client_knows_the_limits() {
    let limits =
        ServerLimits { programs: 1, program_bytes: 1000, input_bytes: 10, ..ServerLimits::default() };
    let (server, robot) = server(limits);
    let client = Client::new(server.connect(), ClientOptions::new().with_output_bytes(1000)).await.unwrap();
    assert_eq!(client.limits().input_bytes, 10);
    let prepared = client.prepare(&program(1)).await.unwrap();
    check(&client.prepare(&program(2)).await.unwrap_err(), Code::ResourceExhausted, limit::PROGRAMS);
    let failed = client.execute(&prepared, Bytes::from_static(&[0; 11])).await.unwrap_err();
    check(&failed, Code::ResourceExhausted, limit::INPUT_BYTES);
    assert_eq!(client.execute(&prepared, ask_big(b'b', 1000)).await.unwrap().len(), 1000);
    for size in [1001, 20_000_000] {
        let failed = soon(client.execute(&prepared, ask_big(b'c', size))).await.unwrap_err();
        check(&failed, Code::ResourceExhausted, limit::OUTPUT_BYTES);
    }
    until("it is cancelled", || robot.working.load(Ordering::SeqCst) == 0).await;
    drop(prepared);
    client.prepare(&program(2)).await.unwrap();
    check(
        &client.prepare(&large_program(1000)).await.unwrap_err(),
        Code::ResourceExhausted,
        limit::PROGRAM_BYTES,
    );
}

#[tokio::test]
async fn requests_that_run_and_wait() {
    let limits = ServerLimits { executing: 2, waiting: 1, ..ServerLimits::default() };
    let (server, robot) = server(limits);
    let mut raw = Raw::prepared(&server).await;
    let execute = |id| Request::Execute { id, program: 0, credit: 9, more: false };
    for id in 0..4 {
        raw.send(execute(id), b"w").await;
    }
    check(&raw.answer(3).await.1.unwrap(), Code::ResourceExhausted, limit::WAITING);
    assert_eq!(robot.working.load(Ordering::SeqCst), 2);
    raw.send(Request::Cancel { id: 0 }, b"").await;
    raw.send(Request::Cancel { id: 2 }, b"").await;
    until("one works on", || robot.working.load(Ordering::SeqCst) == 1).await;
    raw.send(execute(5), b"x").await;
    assert_eq!(raw.answer(5).await, (b"x".to_vec(), None));
}

#[tokio::test]
async fn requests_of_one_connection_wait_for_each_other() {
    let (server, robot) = server(ServerLimits { executing_per_connection: 2, ..ServerLimits::default() });
    let mut raw = Raw::prepared(&server).await;
    for (id, input) in [(0, b"w"), (1, b"w"), (2, b"a"), (3, b"b"), (4, b"c")] {
        raw.send(Request::Execute { id, program: 0, credit: 9, more: false }, input).await;
    }
    let mut other = Raw::prepared(&server).await;
    other.send(Request::Execute { id: 0, program: 0, credit: 9, more: false }, b"x").await;
    assert_eq!(other.answer(0).await.0, b"x", "others do not wait");
    assert_eq!(robot.working.load(Ordering::SeqCst), 2);
    raw.send(Request::Cancel { id: 3 }, b"").await;
    assert_eq!(
        raw.receive().await.map(|(response, _)| matches!(response, Response::Failed { id: 3, .. })),
        Some(true)
    );
    raw.send(Request::Cancel { id: 0 }, b"").await;
    assert!(matches!(raw.receive().await, Some((Response::Failed { id: 0, .. }, _))));
    assert_eq!(
        raw.receive().await.unwrap(),
        (Response::Output { id: 2, more: false }, Bytes::from_static(b"a"))
    );
    assert!(matches!(raw.receive().await, Some((Response::Output { id: 4, .. }, _))));
}

#[tokio::test]
async fn inputs_and_outputs_that_are_held() {
    let limits = ServerLimits {
        buffered_input_bytes: 100_000,
        connection_output_bytes: 50_000,
        buffered_output_bytes: 120_000,
        ..ServerLimits::default()
    };
    let (server, robot) = server(limits);
    let mut raw = Raw::prepared(&server).await;
    let execute = |id, more| Request::Execute { id, program: 0, credit: 0, more };
    raw.send(execute(0, true), &[0; 90_000]).await;
    raw.send(execute(1, true), &[0; 90_000]).await;
    check(&raw.answer(1).await.1.unwrap(), Code::ResourceExhausted, limit::BUFFERED_INPUT_BYTES);
    raw.send(Request::Cancel { id: 0 }, b"").await;
    assert_eq!(raw.answer(0).await.1.unwrap().code(), Code::Cancelled);
    assert_eq!(server.metrics().input_bytes_held, 0);

    for id in 0..3 {
        raw.send(execute(id, false), &ask_big(b'b', 50_000)).await;
    }
    until("the first is done", || robot.finished.load(Ordering::SeqCst) >= 1).await;
    raw.send(Request::Ping { nonce: 0 }, b"").await;
    raw.receive().await;
    assert_eq!(robot.finished.load(Ordering::SeqCst), 1, "nothing starts while the first is held");
    let mut other = Raw::prepared(&server).await;
    other.send(execute(0, false), &ask_big(b'b', 50_000)).await;
    until("both are held", || server.metrics().output_bytes_held >= 100_000).await;
    let mut late = Raw::prepared(&server).await;
    late.send(execute(0, false), &ask_big(b'b', 50_000)).await;
    let error = late.answer(0).await.1.unwrap();
    check(&error, Code::ResourceExhausted, limit::BUFFERED_OUTPUT_BYTES);
    assert!(error.is_retryable());
    until("its output is dropped", || server.metrics().output_bytes_held < 110_000).await;
    late.send(execute(0, false), &ask_big(b'b', 200_000)).await;
    let error = late.answer(0).await.1.unwrap();
    check(&error, Code::ResourceExhausted, limit::BUFFERED_OUTPUT_BYTES);
    assert!(!error.is_retryable(), "it would never fit");
    drop(other);
    for id in 0..3 {
        raw.send(Request::Credit { id, bytes: 60_000 }, b"").await;
        raw.answer(id).await;
    }
    until("nothing is held", || server.metrics().output_bytes_held == 0).await;
}

#[tokio::test(start_paused = true)]
async fn times() {
    let limits = ServerLimits {
        request_time: Duration::from_secs(20),
        handshake_time: Duration::from_secs(5),
        frame_time: Duration::from_secs(10),
        idle_time: Duration::from_secs(40),
        ..ServerLimits::default()
    };
    let (server, robot) = server(limits);
    let mut raw = Raw::prepared(&server).await;
    raw.send(Request::Execute { id: 1, program: 0, credit: 9, more: false }, b"w").await;
    raw.send(Request::Execute { id: 2, program: 0, credit: 9, more: true }, b"never complete").await;
    raw.send(Request::Execute { id: 3, program: 0, credit: 0, more: false }, b"never read").await;
    let mut late = Vec::new();
    for _ in 0..3 {
        match raw.receive().await.unwrap().0 {
            Response::Failed { id, error } => {
                check(&error, Code::DeadlineExceeded, limit::REQUEST_TIME);
                late.push(id);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(late, [1, 2, 3]);
    assert_eq!(robot.working.load(Ordering::SeqCst), 0);
    check(&raw.goodbye().await.unwrap(), Code::DeadlineExceeded, limit::IDLE_TIME);

    let mut slow = Raw::prepared(&server).await;
    slow.send_bytes(&[5, 0, 0]).await;
    check(&slow.goodbye().await.unwrap(), Code::DeadlineExceeded, limit::FRAME_TIME);

    for start in [&b""[..], &PREFACE[..3], &hello()[..8]] {
        let mut mute = Raw::new(server.connect());
        mute.send_bytes(start).await;
        mute.preface().await;
        check(&mute.goodbye().await.unwrap(), Code::DeadlineExceeded, limit::HANDSHAKE_TIME);
    }
    until("all are gone", || server.metrics().connections == 0).await;
}

/// One byte every second is too slow as well.
#[tokio::test(start_paused = true)]
async fn a_slow_writer_is_cut_off() {
    let (server, _) = server(ServerLimits { frame_time: Duration::from_secs(10), ..ServerLimits::default() });
    let mut raw = Raw::greeted(&server).await;
    raw.send_bytes(&100_u32.to_le_bytes()).await;
    let writing = async {
        while raw.stream.write_all(&[3]).await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), writing).await.unwrap();
    until("it is gone", || server.metrics().connections == 0).await;
}

/// A peer that reads nothing although it let the server send.
#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_cut_off() {
    let (server, robot) =
        server(ServerLimits { write_time: Duration::from_secs(10), ..ServerLimits::default() });
    let mut raw = Raw::prepared(&server).await;
    let credit = u64::MAX;
    raw.send(Request::Execute { id: 0, program: 0, credit, more: false }, &ask_big(b'c', 50_000_000)).await;
    until("it is sent", || server.metrics().output_bytes_held > 10_000).await;
    assert!(server.metrics().output_bytes_held < 1 << 20);
    until("it is cut off", || server.metrics().connections == 0).await;
    assert_eq!(robot.working.load(Ordering::SeqCst), 0);
    assert_eq!(server.metrics().output_bytes_held, 0);
    drop(raw);
}

#[tokio::test]
async fn tokens() {
    let (server, _) = server_with(ServerOptions::new().with_token(Token::new("right")));
    let with = |token: Option<&str>| {
        let options = ClientOptions::new();
        let options = token.map_or(options.clone(), |token| options.with_token(Token::new(token)));
        Client::new(server.connect(), options)
    };
    assert!(with(Some("right")).await.is_ok());
    let long = "x".repeat(3000);
    for wrong in [None, Some(""), Some("wrong"), Some("right "), Some(&long)] {
        let error = with(wrong).await.unwrap_err();
        assert_eq!(error.code(), Code::Unauthenticated);
        assert!(!error.to_string().contains("right"));
        assert!(!error.is_retryable());
    }
    assert_eq!(server.metrics().requests_total, 0);
}

#[tokio::test]
async fn small_frames_are_enough() {
    let (server, _) = server(ServerLimits { frame_bytes: 0, ..ServerLimits::default() });
    let options = ClientOptions::new().with_frame_bytes(0);
    let client = Client::new(server.connect(), options).await.unwrap();
    assert_eq!(client.limits().frame_bytes, FRAME_BYTES_MIN);
    let prepared = client.prepare(&large_program(5000)).await.unwrap();
    let input = ask_big(b'b', 100_000);
    assert_eq!(client.execute(&prepared, input.clone()).await.unwrap(), big(&input));
    let echo = Bytes::from(vec![0; 50_000]);
    assert_eq!(client.execute(&prepared, echo.clone()).await.unwrap(), echo);
}
