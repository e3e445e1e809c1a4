//! Work stops when nobody wants its answer: proved by counting the work that goes on.

use std::{sync::atomic::Ordering, time::Duration};

use bytes::Bytes;
use futures_util::StreamExt;
use runner_binary::{Client, ClientOptions, Reconnect, Request, Response, ServerLimits};
use runner_core::{Code, Error, Run};
use tokio::time::timeout;

use crate::support::*;

const WAIT: Bytes = Bytes::from_static(b"w");

#[tokio::test]
async fn a_dropped_future_a_late_deadline_and_a_dropped_stream() {
    let (server, robot) = server(ServerLimits::default());
    let client = client(&server).await;
    let prepared = client.prepare(&program(1)).await.unwrap();
    let stops = async |what: &str| {
        until(what, || robot.working.load(Ordering::SeqCst) == 0).await;
        until("the id is free", || server.metrics().requests_in_flight == 0).await;
    };

    let task = tokio::spawn({
        let (client, prepared) = (client.clone(), prepared.clone());
        async move { client.execute(&prepared, WAIT).await }
    });
    until("the work begins", || robot.working.load(Ordering::SeqCst) == 1).await;
    task.abort();
    stops("a dropped future stops it").await;

    let late = timeout(Duration::from_millis(20), client.execute(&prepared, WAIT)).await;
    assert!(late.is_err());
    stops("a deadline stops it").await;

    let mut pieces = Box::pin(client.execute_chunks(&prepared, ask_big(b'c', 50_000_000)));
    pieces.next().await.unwrap().unwrap();
    assert_eq!(robot.working.load(Ordering::SeqCst), 1);
    drop(pieces);
    stops("a dropped stream stops it").await;

    let prepare = timeout(Duration::from_millis(20), client.prepare(&program(HANGS))).await;
    assert!(prepare.is_err());
    stops("a dropped preparation stops").await;
    assert_eq!(robot.finished.load(Ordering::SeqCst), 0);
    assert_eq!(client.execute(&prepared, Bytes::new()).await.unwrap(), "", "the connection is fine");
}

#[tokio::test]
async fn an_explicit_cancel_is_answered_once() {
    let (server, robot) = server(ServerLimits::default());
    let mut raw = Raw::prepared(&server).await;
    raw.send(Request::Execute { id: 3, program: 0, credit: 0, more: false }, b"w").await;
    until("the work begins", || robot.working.load(Ordering::SeqCst) == 1).await;
    for _ in 0..3 {
        raw.send(Request::Cancel { id: 3 }, b"").await;
    }
    raw.send(Request::Ping { nonce: 1 }, b"").await;
    assert_eq!(raw.answer(3).await.1.unwrap().code(), Code::Cancelled);
    assert_eq!(robot.working.load(Ordering::SeqCst), 0);
    assert_eq!(
        raw.receive().await.unwrap().0,
        Response::Pong { nonce: 1 },
        "the other cancels came too late"
    );
}

#[tokio::test]
async fn a_lost_connection_stops_everything_on_it() {
    let (server, robot) = server(ServerLimits::default());
    let (lost, kept) = (client(&server).await, client(&server).await);
    let mut raw = Raw::prepared(&server).await;
    for id in 0..10 {
        raw.send(Request::Execute { id, program: 0, credit: 0, more: false }, b"w").await;
    }
    let prepared = kept.prepare(&program(1)).await.unwrap();
    let keeps = kept.execute(&prepared, WAIT);
    let going = async {
        until("all work", || robot.working.load(Ordering::SeqCst) == 11).await;
        drop(raw);
        until("the work of one connection stops", || robot.working.load(Ordering::SeqCst) == 1).await;
    };
    tokio::select! { _ = keeps => panic!("it has no end"), () = going => {} }
    drop(lost);
}

#[tokio::test]
async fn what_is_in_flight_when_the_server_goes_is_unavailable() {
    let (server, robot) = server(ServerLimits::default());
    let client = client(&server).await;
    let prepared = client.prepare(&program(1)).await.unwrap();
    let stopping = async {
        until("the work begins", || robot.working.load(Ordering::SeqCst) == 2).await;
        server.shutdown(Duration::from_millis(5)).await.unwrap();
    };
    let (a, b, ()) = tokio::join!(client.execute(&prepared, WAIT), client.execute(&prepared, WAIT), stopping);
    for error in [a.unwrap_err(), b.unwrap_err(), client.execute(&prepared, WAIT).await.unwrap_err()] {
        assert_eq!(error.code(), Code::Unavailable);
        assert!(error.is_retryable(), "{error}");
    }
    assert_eq!(robot.working.load(Ordering::SeqCst), 0);
    assert_eq!(robot.shut.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_graceful_shutdown_finishes_what_is_in_flight() {
    let (server, robot) = server(ServerLimits::default());
    let client = client(&server).await;
    let prepared = client.prepare(&program(1)).await.unwrap();
    let input = ask_big(b'b', 5_000_000);
    let begun = client.execute_chunks(&prepared, input.clone());
    let mut begun = Box::pin(begun);
    let mut whole = begun.next().await.unwrap().unwrap().to_vec();
    let stopping = tokio::spawn({
        let server = server.clone();
        async move { server.shutdown(LONG).await }
    });
    until("the goodbye arrives", || !client.is_connected()).await;
    assert_eq!(code(client.execute(&prepared, Bytes::new()).await), Code::Unavailable);
    while let Some(piece) = soon(begun.next()).await {
        whole.extend_from_slice(&piece.unwrap());
    }
    assert_eq!(whole, big(&input));
    soon(stopping).await.unwrap().unwrap();
    assert_eq!(robot.shut.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_client_connects_again_when_told_to() {
    let (first, _) = server(ServerLimits::default());
    let (second, robot) = server(ServerLimits::default());
    let servers = [first.clone(), second.clone()];
    let attempts = std::sync::atomic::AtomicUsize::new(0);
    let connector = move || {
        let attempt = attempts.fetch_add(1, Ordering::SeqCst);
        let stream = match attempt {
            0 => Ok(servers[0].connect()),
            1 => Err(Error::new(Code::Unavailable, "not yet")),
            _ => Ok(servers[1].connect()),
        };
        std::future::ready(stream)
    };
    let policy = Reconnect { first_pause: Duration::from_millis(1), ..Reconnect::default() };
    let client = Client::connect(connector, ClientOptions::new().with_reconnect(policy)).await.unwrap();
    let prepared = client.prepare(&program(1)).await.unwrap();
    let (waiting, ()) = tokio::join!(client.execute(&prepared, WAIT), async {
        until("it is asked", || first.metrics().requests_in_flight == 1).await;
        first.shutdown(Duration::ZERO).await.unwrap();
    });
    assert_eq!(code(waiting), Code::Unavailable, "what was in flight is not repeated");
    let echoes =
        futures_util::future::join_all((0..10).map(|_| client.execute(&prepared, Bytes::from_static(b"x"))));
    assert!(soon(echoes).await.into_iter().all(|echo| echo.unwrap() == "x"));
    assert_eq!(robot.prepared.load(Ordering::SeqCst), 1);
    assert_eq!(second.metrics().connections_total, 1, "all callers share the new connection");
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_given_up() {
    let (ours, mut theirs) = tokio::io::duplex(1 << 16);
    let (server, _) = server(ServerLimits::default());
    let mut near = server.connect();
    // Everything is passed on until the network falls silent.
    let passing = tokio::spawn(async move {
        let _ = timeout(Duration::from_secs(3), tokio::io::copy_bidirectional(&mut theirs, &mut near)).await;
        std::future::pending::<()>().await;
        drop((theirs, near));
    });
    let options = ClientOptions::new().with_keepalive(Duration::from_secs(1));
    let client = Client::new(ours, options).await.unwrap();
    let prepared = client.prepare(&program(1)).await.unwrap();
    let error = timeout(Duration::from_secs(10), client.execute(&prepared, WAIT)).await.unwrap().unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    passing.abort();
}
