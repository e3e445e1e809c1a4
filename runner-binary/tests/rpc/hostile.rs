//! Peers that mean no good: the server answers with an error or closes, keeps nothing, and serves the others.

use std::{sync::Arc, sync::atomic::Ordering, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::future::join_all;
use proptest::prelude::*;
use runner_binary::{
    Client, ClientOptions, PREFACE, Request, Response, Server, ServerLimits, take_frame, take_preface,
};
use runner_core::{Code, Run};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::*;

fn strict() -> (Server<Robot>, Arc<Robot>) {
    let limits = ServerLimits {
        requests: 16,
        programs: 4,
        input_bytes: 100_000,
        output_bytes: 100_000,
        frame_bytes: 10_000,
        // What a client asked for before it said goodbye is done, whether it listens or not.
        request_time: Duration::from_millis(500),
        ..ServerLimits::default()
    };
    server(limits)
}

/// A session with every kind of message in it.
fn session() -> Vec<BytesMut> {
    let program = program(1);
    let messages: Vec<(Request, &[u8])> = vec![
        (Request::Prepare { id: 0, program: 0, more: true }, &program.bytes()[..10]),
        (Request::Body { id: 0, more: false }, &program.bytes()[10..]),
        (Request::Execute { id: 1, program: 0, credit: 100, more: false }, b"hello"),
        (Request::Execute { id: 2, program: 0, credit: 3, more: false }, b"not all of it"),
        (Request::Credit { id: 2, bytes: 2 }, b""),
        (Request::Execute { id: 3, program: 0, credit: 1, more: false }, b"w"),
        (Request::Cancel { id: 3 }, b""),
        (Request::Interface { id: 4, credit: 100 }, b""),
        (Request::Describe { id: 5, credit: 100 }, b""),
        (Request::Ready { id: 6 }, b""),
        (Request::Ping { nonce: 1 }, b""),
        (Request::Release { program: 0 }, b""),
        (Request::Goodbye { error: None }, b""),
    ];
    let mut frames = vec![hello()];
    for (message, body) in messages {
        let mut frame = BytesMut::new();
        message.encode(body, &mut frame).unwrap();
        frames.push(frame);
    }
    frames
}

/// Sends bytes, hangs up, and reads what comes.
async fn throw(server: &Server<Robot>, bytes: &[u8]) -> Vec<u8> {
    let (mut read, mut write) = tokio::io::split(server.connect());
    let (answer, ()) = tokio::join!(
        async {
            let mut answer = Vec::new();
            soon(read.read_to_end(&mut answer)).await.unwrap();
            answer
        },
        async {
            let _ = write.write_all(bytes).await;
            let _ = write.shutdown().await;
        }
    );
    answer
}

/// All connections end, nothing works, nothing is held, and a good client is served.
async fn unharmed(server: &Server<Robot>, robot: &Robot) {
    until("all connections end", || server.metrics().connections == 0).await;
    let metrics = server.metrics();
    assert_eq!((metrics.requests_in_flight, metrics.input_bytes_held, metrics.output_bytes_held), (0, 0, 0));
    assert_eq!(robot.working.load(Ordering::SeqCst), 0);
    let client = client(server).await;
    let prepared = client.prepare(&program(1)).await.unwrap();
    assert_eq!(soon(client.execute(&prepared, Bytes::from_static(b"x"))).await.unwrap(), "x");
    drop((prepared, client));
    until("the good client is gone", || server.metrics().connections == 0).await;
}

#[tokio::test]
async fn every_truncation_of_a_session() {
    let (server, robot) = strict();
    let whole = session().concat();
    let answers = join_all((0..=whole.len()).map(|end| throw(&server, &whole[..end]))).await;
    assert!(answers.iter().all(|answer| answer.is_empty() || answer.starts_with(&PREFACE)));
    unharmed(&server, &robot).await;
}

/// Every byte of the handshake is changed to every other value.
#[tokio::test]
async fn every_mutation_of_the_handshake() {
    let (server, robot) = strict();
    let whole = session().concat();
    for change in 1..=255 {
        let mutations = (0..hello().len()).map(|index| {
            let mut bytes = whole.clone();
            bytes[index] ^= change;
            let server = &server;
            async move { throw(server, &bytes).await }
        });
        join_all(mutations).await;
    }
    unharmed(&server, &robot).await;
}

/// Every bit of each message is changed alone, and all of a byte, with the session before it intact.
#[tokio::test]
async fn every_mutation_of_every_message() {
    let (server, robot) = strict();
    let whole = session().concat();
    for change in [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x7f, 0xff] {
        let mutations = (0..whole.len()).map(|index| {
            let mut bytes = whole.clone();
            bytes[index] ^= change;
            let server = &server;
            async move { throw(server, &bytes).await }
        });
        join_all(mutations).await;
    }
    unharmed(&server, &robot).await;
}

#[tokio::test]
async fn bad_handshakes() {
    let (server, robot) = strict();
    let mut small = BytesMut::from(&PREFACE[..]);
    Request::Hello { frame_bytes: 511, token: None, name: String::new() }.encode(&[], &mut small).unwrap();
    let mut no_hello = BytesMut::from(&PREFACE[..]);
    Request::Ping { nonce: 0 }.encode(&[], &mut no_hello).unwrap();
    let cases: &[(&[u8], Code)] = &[
        (&[0; 4], Code::DecodeError),
        (&[0xff; 64], Code::DecodeError),
        (b"GET / HTTP/1.1\r\n\r\n", Code::DecodeError),
        (b"LRPC\x02", Code::Unsupported),
        (b"LRPC\x01\0\0\0\0", Code::DecodeError),
        (b"LRPC\x01\xff\xff\xff\xff", Code::DecodeError),
        (b"LRPC\x01\x01\x10\0\0", Code::DecodeError),
        (&small, Code::DecodeError),
        (&no_hello, Code::DecodeError),
    ];
    for (bytes, code) in cases {
        let mut raw = Raw::new(server.connect());
        raw.send_bytes(bytes).await;
        raw.preface().await;
        assert_eq!(raw.goodbye().await.unwrap().code(), *code, "{}", bytes.escape_ascii());
    }
    unharmed(&server, &robot).await;
}

#[tokio::test]
async fn broken_rules_end_the_connection() {
    let (server, robot) = strict();
    let execute = |id| Request::Execute { id, program: 0, credit: 0, more: false };
    let hello = Request::Hello { frame_bytes: 65_536, token: None, name: String::new() };
    let cases: Vec<Vec<(Request, &[u8])>> = vec![
        vec![(hello, b"")],
        vec![(execute(1), b"w"), (execute(1), b"w")],
        vec![(execute(1), b"w"), (Request::Body { id: 1, more: false }, b"x")],
        // Also if what is complete came in parts, which count as held.
        vec![
            (Request::Execute { id: 1, program: 0, credit: 0, more: true }, b"w"),
            (Request::Body { id: 1, more: false }, b""),
            (Request::Body { id: 1, more: false }, b"x"),
        ],
        vec![(Request::Prepare { id: 1, program: 0, more: false }, b"x")],
        vec![
            (Request::Prepare { id: 1, program: 1, more: false }, b"not a program"),
            (Request::Prepare { id: 2, program: 1, more: false }, b"not a program"),
        ],
        vec![(Request::Goodbye { error: None }, b""), (execute(1), b"x")],
    ];
    for messages in cases {
        let mut raw = Raw::prepared(&server).await;
        for (message, body) in &messages {
            raw.send(message.clone(), body).await;
        }
        let reason = raw.goodbye().await.unwrap();
        assert_eq!(reason.code(), Code::DecodeError, "{messages:?}");
    }
    for bytes in [&[0; 4][..], &[0xff; 4], &[0x11, 0x27, 0, 0], &[1, 0, 0, 0, 11], &[3, 0, 0, 0, 9, 0, 0]] {
        let mut raw = Raw::prepared(&server).await;
        raw.send_bytes(bytes).await;
        assert_eq!(raw.goodbye().await.unwrap().code(), Code::DecodeError);
    }
    unharmed(&server, &robot).await;
}

/// What comes too late, or speaks of what is not there, is passed over.
#[tokio::test]
async fn unknown_ids_do_no_harm() {
    let (server, robot) = strict();
    let mut raw = Raw::prepared(&server).await;
    for id in [0, 1, 15, 16, u32::MAX] {
        raw.send(Request::Cancel { id }, b"").await;
        raw.send(Request::Credit { id, bytes: u64::MAX }, b"").await;
        raw.send(Request::Body { id, more: true }, b"lost").await;
        raw.send(Request::Release { program: id.saturating_add(1) }, b"").await;
    }
    raw.send(Request::Execute { id: 1, program: 77, credit: 0, more: true }, b"x").await;
    assert_eq!(raw.answer(1).await.1.unwrap().code(), Code::ProgramNotFound);
    raw.send(Request::Body { id: 1, more: false }, b"x").await;
    raw.send(Request::Prepare { id: 1, program: 3, more: false }, b"no program").await;
    assert_eq!(raw.answer(1).await.1.unwrap().code(), Code::DecodeError);
    raw.send(Request::Execute { id: 1, program: 0, credit: 9, more: false }, b"fine").await;
    assert_eq!(raw.answer(1).await, (b"fine".to_vec(), None));
    drop(raw);
    unharmed(&server, &robot).await;
}

#[tokio::test]
async fn a_good_client_beside_bad_ones() {
    let (server, robot) = strict();
    let client = client(&server).await;
    let prepared = client.prepare(&program(1)).await.unwrap();
    for round in 0..50_u8 {
        let bad: Vec<u8> = (0..200_u8).map(|byte| byte.wrapping_mul(round)).collect();
        let greeting = if round % 2 == 0 { hello() } else { BytesMut::new() };
        throw(&server, &[&greeting[..], &bad].concat()).await;
        let echo = client.execute(&prepared, Bytes::from(vec![round])).await;
        assert_eq!(echo.map(|echo| echo.len()).unwrap_or(1), 1);
    }
    drop((prepared, client));
    unharmed(&server, &robot).await;
}

/// A server that means no good to a client.
#[tokio::test]
async fn a_client_survives_its_server() {
    let limits = runner_binary::Limits {
        frame_bytes: 0,
        requests: 0,
        programs: u32::MAX,
        program_bytes: u64::MAX,
        input_bytes: u64::MAX,
        output_bytes: 0,
        request_time_ms: 0,
        idle_time_ms: 0,
    };
    let mut welcome = BytesMut::from(&PREFACE[..]);
    Response::Welcome { limits, name: String::new() }.encode(&[], &mut welcome).unwrap();
    let mut bad: Vec<Vec<u8>> = vec![vec![0; 4], vec![0xff; 4], vec![1, 0, 0, 0, 99], welcome[5..].to_vec()];
    for response in [
        Response::Output { id: 9, more: false },
        Response::Output { id: 0, more: true },
        Response::Failed { id: u32::MAX, error: runner_core::Error::execution("") },
        Response::Goodbye { error: Some(runner_core::Error::execution("")) },
    ] {
        let mut bytes = BytesMut::new();
        response.encode(b"x", &mut bytes).unwrap_or_default();
        bad.push(bytes.to_vec());
    }
    for bytes in bad {
        let (ours, mut theirs) = tokio::io::duplex(1 << 16);
        theirs.write_all(&welcome).await.unwrap();
        let client = Client::new(ours, ClientOptions::new()).await.unwrap();
        let sending = async {
            let mut request = [0; 64];
            let _ = theirs.read(&mut request).await;
            theirs.write_all(&bytes).await.unwrap();
            drop(theirs);
        };
        let program = program(1);
        let (prepared, ()) = tokio::join!(soon(client.prepare(&program)), sending);
        assert!(prepared.is_err(), "{bytes:?}");
        assert!(!client.is_connected());
    }
    for refusal in [
        &b""[..],
        b"LRP",
        b"HTTP/1.1 400",
        b"LRPC\x02",
        b"LRPC\x01",
        b"LRPC\x01\0\0\0\0",
        b"LRPC\x01\x02\0\0\0\x03\x00",
    ] {
        let (ours, mut theirs) = tokio::io::duplex(1 << 16);
        theirs.write_all(refusal).await.unwrap();
        drop(theirs);
        assert!(soon(Client::new(ours, ClientOptions::new())).await.is_err());
    }
}

/// What arrived before what breaks the protocol, in the same moment, counts.
#[tokio::test]
async fn an_answer_before_garbage_reaches_its_caller() {
    let limits = runner_binary::Limits {
        frame_bytes: 10_000,
        requests: 9,
        programs: 9,
        program_bytes: 1000,
        input_bytes: 1000,
        output_bytes: 1000,
        request_time_ms: 0,
        idle_time_ms: 0,
    };
    let (ours, mut theirs) = tokio::io::duplex(1 << 16);
    let mut out = BytesMut::from(&PREFACE[..]);
    Response::Welcome { limits, name: String::new() }.encode(&[], &mut out).unwrap();
    theirs.write_all(&out).await.unwrap();
    let client = Client::new(ours, ClientOptions::new()).await.unwrap();
    let serving = async {
        let mut requests = BytesMut::new();
        while !take_preface(&mut requests).unwrap() {
            theirs.read_buf(&mut requests).await.unwrap();
        }
        let mut executes = 0;
        let mut out = BytesMut::new();
        while executes < 2 {
            while let Some(frame) = take_frame(&mut requests, 10_000).unwrap() {
                match Request::decode(frame).unwrap().0 {
                    Request::Prepare { id, .. } => {
                        Response::Output { id, more: false }.encode(&[], &mut out).unwrap();
                        theirs.write_all(&out.split()).await.unwrap();
                    }
                    Request::Execute { id: 0, .. } => {
                        executes += 1;
                        Response::Output { id: 0, more: false }.encode(b"right", &mut out).unwrap();
                    }
                    Request::Execute { .. } => executes += 1,
                    _ => {}
                }
            }
            if executes < 2 {
                theirs.read_buf(&mut requests).await.unwrap();
            }
        }
        out.extend_from_slice(&[0; 4]);
        theirs.write_all(&out).await.unwrap();
    };
    let asking = async {
        let prepared = client.prepare(&program(1)).await.unwrap();
        // Each in a task of its own, which nobody else wakes.
        let execute = |input: &'static [u8]| {
            let (client, prepared) = (client.clone(), prepared.clone());
            tokio::spawn(async move { client.execute(&prepared, Bytes::from_static(input)).await })
        };
        let (first, second) = (execute(b"1"), execute(b"2"));
        (first.await.unwrap(), second.await.unwrap())
    };
    let ((first, second), ()) = soon(async { tokio::join!(asking, serving) }).await;
    assert_eq!(first.unwrap(), "right");
    assert_eq!(code(second), Code::DecodeError);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_after_a_good_start(
        start in 0_usize..14,
        noise in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (server, robot) = strict();
            let mut bytes = session()[..start.min(13)].concat();
            bytes.extend_from_slice(&noise);
            throw(&server, &bytes).await;
            unharmed(&server, &robot).await;
        });
    }

    /// Messages that are well formed and make no sense together.
    #[test]
    fn random_messages(
        messages in prop::collection::vec((0_u8..10, 0_u32..5, 0_u32..3, any::<bool>(), 0_u64..9), 0..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (server, robot) = strict();
            let mut bytes = hello();
            let first = program(1);
            for (kind, id, program, more, number) in messages {
                let (request, body): (_, &[u8]) = match kind {
                    0 | 1 => (Request::Prepare { id, program, more }, first.bytes()),
                    2 | 3 => (Request::Execute { id, program, credit: number, more }, [&b"w"[..], b"s", b"x123"][number as usize % 3]),
                    4 => (Request::Body { id, more }, b"abc"),
                    5 => (Request::Release { program }, b""),
                    6 => (Request::Interface { id, credit: number }, b""),
                    7 => (Request::Cancel { id }, b""),
                    8 => (Request::Credit { id, bytes: number }, b""),
                    _ => (Request::Ping { nonce: number }, b""),
                };
                request.encode(body, &mut bytes).unwrap();
            }
            throw(&server, &bytes).await;
            unharmed(&server, &robot).await;
        });
    }
}
