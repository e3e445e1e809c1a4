//! The four verbs and what goes with them, over one stream in memory.

use std::sync::{Arc, atomic::Ordering};

use bytes::Bytes;
use futures_util::{StreamExt, future::join_all};
use runner_binary::{Client, ClientOptions, Request, Response, ServerLimits, ServerOptions, serve};
use runner_core::{Cancel, Code, Program, Result, Run, RunSync, adapt::Pooled};

use crate::support::*;

#[tokio::test]
async fn all_verbs() {
    let (server, robot) = server(ServerLimits::default());
    let client = client(&server).await;
    let prepared = client.prepare(&program(1)).await.unwrap();
    assert_eq!(client.execute(&prepared, Bytes::from_static(b"hello")).await.unwrap(), "hello");
    assert_eq!(client.execute(&prepared, Bytes::new()).await.unwrap(), "");
    assert_eq!(client.get_interface().await.unwrap(), robot.get_interface().await.unwrap());
    check_description(client.describe().await.unwrap(), &robot.describe().await.unwrap());
    client.shutdown().await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(code(client.execute(&prepared, Bytes::new()).await), Code::Unavailable);
    assert_eq!(code(client.prepare(&program(2)).await), Code::Unavailable);
    assert_eq!(code(client.ready().await), Code::Unavailable);
    assert_eq!(robot.shut.load(Ordering::SeqCst), 0, "a client does not shut the server's runner down");
}

#[tokio::test]
async fn errors_cross_unchanged_and_a_panic_fails_one_request() {
    let (server, _) = server(ServerLimits::default());
    let client = client(&server).await;
    let prepared = client.prepare(&program(1)).await.unwrap();
    let execute = |input: &'static [u8]| client.execute(&prepared, Bytes::from_static(input));
    let (waiting, error, panic) = tokio::join!(execute(b"s"), execute(b"e"), execute(b"p"));
    assert_eq!(waiting.unwrap(), "s");
    assert_eq!(error.unwrap_err().to_string(), "EXECUTION_ERROR: as asked");
    assert_eq!(code(panic), Code::Internal);
    assert_eq!(code(client.prepare(&program(FAILS)).await), Code::PrepareError);
    assert_eq!(code(client.prepare(&program(PANICS)).await), Code::Internal);
    assert_eq!(execute(b"still there").await.unwrap(), "still there");
    assert_eq!(server.metrics().prepared_programs, 1, "what failed is forgotten");
}

#[tokio::test]
async fn a_thousand_executes_in_flight() {
    let (server, robot) = server(ServerLimits::default());
    let client = client(&server).await;
    let prepared = client.prepare(&program(1)).await.unwrap();
    let mut tasks = Vec::new();
    for _ in 0..1000 {
        let (client, prepared) = (client.clone(), prepared.clone());
        tasks.push(tokio::spawn(async move { client.execute(&prepared, Bytes::from_static(b"w")).await }));
    }
    until("all work at the same time", || robot.working.load(Ordering::SeqCst) == 1000).await;
    assert_eq!(client.execute(&prepared, Bytes::from_static(b"x")).await.unwrap(), "x");
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    until("all are cancelled", || robot.working.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn more_executes_than_ids_wait_in_the_client() {
    let (server, _) = server(ServerLimits { requests: 3, ..ServerLimits::default() });
    let client = client(&server).await;
    let prepared = client.prepare(&program(1)).await.unwrap();
    let outputs = join_all((0..100_u8).map(|i| client.execute(&prepared, Bytes::from(vec![b's', i])))).await;
    for (i, output) in outputs.into_iter().enumerate() {
        assert_eq!(output.unwrap()[..], [b's', i as u8]);
    }
    assert_eq!(server.metrics().failed_total, 0);
}

#[tokio::test]
async fn large_inputs_and_outputs() {
    let (server, _) = server(ServerLimits::default());
    let client = client(&server).await;
    let prepared = client.prepare(&large_program(300_000)).await.unwrap();
    for size in [0, 1, 8_191, 8_192, 8_193, 65_535, 65_536, 65_537, 1_000_003] {
        let echo = big(&ask_big(b'b', size));
        let echo = Bytes::from([&[0][..], &echo].concat());
        assert_eq!(client.execute(&prepared, echo.clone()).await.unwrap(), echo);
        for kind in *b"bc" {
            let input = ask_big(kind, size);
            let whole = big(&input);
            assert_eq!(client.execute(&prepared, input.clone()).await.unwrap(), whole, "{size}");
            let pieces = client.execute_chunks(&prepared, input).collect::<Vec<_>>().await;
            let pieces: Result<Vec<Bytes>> = pieces.into_iter().collect();
            assert_eq!(pieces.unwrap().concat(), whole, "{size} in pieces");
        }
    }
    let metrics = server.metrics();
    assert_eq!((metrics.output_bytes_held, metrics.input_bytes_held), (0, 0));
}

#[tokio::test]
async fn a_program_is_prepared_once_and_released_when_nobody_holds_it() {
    let (server, robot) = server(ServerLimits { prepared_programs: 2, ..ServerLimits::default() });
    let (a, b) = (client(&server).await, client(&server).await);
    let wanted = program(1);
    let (x, y, z) = tokio::join!(a.prepare(&wanted), a.prepare(&wanted), b.prepare(&wanted));
    let held = [x.unwrap(), y.unwrap(), z.unwrap()];
    assert_eq!(robot.prepared.load(Ordering::SeqCst), 1);

    let other = b.prepare(&program(2)).await.unwrap();
    drop(other);
    a.execute(&held[0], Bytes::new()).await.unwrap();
    b.prepare(&program(3)).await.unwrap();
    until("the unused one is let go of", || robot.held.load(Ordering::SeqCst) == 2).await;

    drop(held);
    b.prepare(&wanted).await.unwrap();
    assert_eq!(robot.prepared.load(Ordering::SeqCst), 3, "the server kept it");
    server.shutdown(LONG).await.unwrap();
    assert_eq!(robot.held.load(Ordering::SeqCst), 0);
    assert_eq!(robot.shut.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_execute_may_follow_its_prepare_at_once() {
    let (server, _) = server(ServerLimits::default());
    let mut raw = Raw::greeted(&server).await;
    let execute = Request::Execute { id: 1, program: 0, credit: 100, more: false };
    raw.send(Request::Prepare { id: 0, program: 0, more: false }, program(1).bytes()).await;
    raw.send(execute.clone(), b"now").await;
    raw.send(Request::Release { program: 0 }, b"").await;
    assert_eq!(raw.answer(1).await, (b"now".to_vec(), None));
    raw.send(execute.clone(), b"late").await;
    assert_eq!(raw.answer(1).await.1.unwrap().code(), Code::ProgramNotFound);

    raw.send(Request::Prepare { id: 0, program: 0, more: false }, program(FAILS).bytes()).await;
    raw.send(execute, b"now").await;
    let mut failed =
        [raw.receive().await.unwrap().0, raw.receive().await.unwrap().0].map(|response| match response {
            Response::Failed { id, error } => (id, error.code()),
            other => panic!("{other:?}"),
        });
    failed.sort_by_key(|(id, _)| *id);
    assert_eq!(failed, [(0, Code::PrepareError), (1, Code::PrepareError)]);
    raw.send(Request::Release { program: 0 }, b"").await;
    raw.send(Request::Prepare { id: 0, program: 0, more: false }, program(2).bytes()).await;
    assert_eq!(raw.answer(0).await, (vec![], None));
}

#[tokio::test]
async fn answers_come_as_they_are_done() {
    let (server, _) = server(ServerLimits::default());
    let mut raw = Raw::prepared(&server).await;
    for (id, input) in [(5, &b"w"[..]), (2, b"quick")] {
        raw.send(Request::Execute { id, program: 0, credit: 10, more: false }, input).await;
    }
    assert_eq!(
        raw.receive().await.unwrap(),
        (Response::Output { id: 2, more: false }, Bytes::from_static(b"quick"))
    );
    raw.send(Request::Cancel { id: 5 }, b"").await;
    assert_eq!(raw.answer(5).await.1.unwrap().code(), Code::Cancelled);
}

/// A large output is written in turns with everything else: no ping waits for more than a batch.
#[tokio::test]
async fn small_messages_overtake_a_large_output() {
    let (server, _) = server(ServerLimits::default());
    let mut raw = Raw::prepared(&server).await;
    let size = 20_u64 << 20;
    raw.send(Request::Execute { id: 1, program: 0, credit: u64::MAX, more: false }, &ask_big(b'b', size))
        .await;
    let (mut got, mut since_ping, mut pings) = (0, 0, 0);
    raw.send(Request::Ping { nonce: 0 }, b"").await;
    while got < size as usize {
        match raw.receive().await.unwrap() {
            (Response::Output { id: 1, .. }, body) => {
                assert!(body.len() <= 65_536);
                got += body.len();
                since_ping += body.len();
            }
            (Response::Pong { nonce }, _) => {
                assert_eq!(nonce, pings);
                // A batch in the server, one that is gathered behind it, and what the stream holds.
                assert!(since_ping <= 3 << 20, "{since_ping} bytes before a pong");
                (since_ping, pings) = (0, pings + 1);
                raw.send(Request::Ping { nonce: pings }, b"").await;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(pings >= 5, "{pings} pings");
}

#[tokio::test]
async fn a_reader_that_stops_holds_its_window() {
    let (server, _) = server(ServerLimits::default());
    let mut raw = Raw::prepared(&server).await;
    let size = 3_000_000;
    raw.send(Request::Execute { id: 1, program: 0, credit: 50_000, more: false }, &ask_big(b'c', size)).await;
    let mut got = 0;
    while got < 50_000 {
        got += raw.receive().await.unwrap().1.len();
    }
    assert_eq!(got, 50_000);
    raw.send(Request::Ping { nonce: 7 }, b"").await;
    assert_eq!(raw.receive().await.unwrap().0, Response::Pong { nonce: 7 }, "no output without credit");
    until("the pong is counted off", || server.metrics().output_bytes_held <= 20_000).await;
    raw.send(Request::Credit { id: 1, bytes: u64::MAX }, b"").await;
    raw.send(Request::Credit { id: 1, bytes: u64::MAX }, b"").await;
    assert_eq!(raw.answer(1).await.0.len(), size as usize - 50_000);
}

/// The same with a client whose caller does not take the pieces.
#[tokio::test]
async fn a_caller_that_stops_holds_its_window() {
    let (server, robot) = server(ServerLimits::default());
    let client =
        Client::new(server.connect(), ClientOptions::new().with_window_bytes(100_000)).await.unwrap();
    let prepared = client.prepare(&program(1)).await.unwrap();
    let input = ask_big(b'c', 10_000_000);
    let mut pieces = Box::pin(client.execute_chunks(&prepared, input.clone()));
    let mut got = pieces.next().await.unwrap().unwrap().to_vec();
    for _ in 0..10 {
        assert_eq!(client.execute(&prepared, Bytes::from_static(b"x")).await.unwrap(), "x");
        assert!(server.metrics().output_bytes_held <= 100_000);
    }
    while got.len() < 5_000_000 {
        got.extend_from_slice(&pieces.next().await.unwrap().unwrap());
    }
    assert_eq!(got, big(&input)[..got.len()]);
    drop(pieces);
    until("the work stops", || robot.working.load(Ordering::SeqCst) == 0).await;
}

struct Double;

impl RunSync for Double {
    type Prepared = ();

    fn prepare(&self, _: &Program) -> Result<()> {
        Ok(())
    }

    fn execute_with(&self, (): &(), input: &[u8], cancel: &Cancel) -> Result<Vec<u8>> {
        if input == b"w" {
            loop {
                cancel.check()?;
                std::thread::yield_now();
            }
        }
        Ok(input.repeat(2))
    }

    fn get_interface(&self) -> Result<String> {
        Ok(String::new())
    }

    fn shutdown(&self) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_blocking_runner_on_one_stream() {
    let (ours, theirs) = tokio::io::duplex(100);
    let served = tokio::spawn(serve(theirs, Arc::new(Pooled::new(Double, 1).unwrap()), ServerOptions::new()));
    let client = Client::new(ours, ClientOptions::new()).await.unwrap();
    let prepared = client.prepare(&program(1)).await.unwrap();
    let waiting = {
        let (client, prepared) = (client.clone(), prepared.clone());
        tokio::spawn(async move { client.execute(&prepared, Bytes::from_static(b"w")).await })
    };
    tokio::task::yield_now().await;
    waiting.abort();
    let output = soon(client.execute(&prepared, Bytes::from_static(b"ab"))).await.unwrap();
    assert_eq!(output, "abab", "its only worker is free again");
    drop((client, prepared));
    soon(served).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_remote_runner_can_be_served_again() {
    let (server, robot) = server(ServerLimits::default());
    let near = Arc::new(client(&server).await);
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    tokio::spawn(serve(theirs, Arc::clone(&near), ServerOptions::new()));
    let far = Client::new(ours, ClientOptions::new()).await.unwrap();
    let prepared = far.prepare(&program(1)).await.unwrap();
    far.ready().await.unwrap();
    robot.is_down.store(true, Ordering::SeqCst);
    let down = far.ready().await.unwrap_err();
    assert_eq!((down.code(), down.message()), (Code::Unavailable, "as asked"));
    assert_eq!(robot.asked.load(Ordering::SeqCst), 2);
    let input = ask_big(b'c', 1_000_000);
    assert_eq!(far.execute(&prepared, input.clone()).await.unwrap(), big(&input));
    let (waiting, near) = (far.execute(&prepared, Bytes::from_static(b"w")), near);
    let _ = tokio::time::timeout(std::time::Duration::from_millis(20), waiting).await;
    until("the far cancel arrives", || robot.working.load(Ordering::SeqCst) == 0).await;
    drop(near);
}
