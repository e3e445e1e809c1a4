//! Whatever a client sends to a served interpreter.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use runner_binary::{Client, ClientOptions, PREFACE, Request, Server, ServerLimits, ServerOptions};
use runner_core::{Run, adapt::Pooled};
use runner_interpreter::Interpreter;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    runtime::Runtime,
    time::timeout,
};

use super::program::{bounded, double};

/// Time in which a connection ends, if it ends at all.
const LONG: Duration = Duration::from_secs(60);

/// The connection ends, nothing is left of it, and others are served.
pub fn check(bytes: &[u8]) {
    static SCENE: OnceLock<(Runtime, Server<Pooled<Interpreter>>)> = OnceLock::new();
    let (runtime, server) = SCENE.get_or_init(|| {
        let runner = Arc::new(Pooled::new(bounded(), 1).unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        (runtime, Server::new(runner, ServerOptions::new().with_limits(limits())))
    });
    runtime.block_on(async {
        timeout(LONG, throw(server, bytes)).await.expect("the connection ends");
        timeout(LONG, echo(server)).await.expect("others are served");
    });
}

pub fn seeds() -> Vec<Vec<u8>> {
    vec![session(), hello().to_vec(), PREFACE.to_vec()]
}

/// A session with every kind of message in it.
pub(crate) fn session() -> Vec<u8> {
    let program = double();
    let messages: Vec<(Request, &[u8])> = vec![
        (Request::Prepare { id: 0, program: 0, more: true }, &program.bytes()[..10]),
        (Request::Body { id: 0, more: false }, &program.bytes()[10..]),
        (Request::Execute { id: 1, program: 0, credit: 100, more: false }, &[84]),
        (Request::Execute { id: 2, program: 0, credit: 0, more: true }, &[0x80]),
        (Request::Body { id: 2, more: false }, &[1]),
        (Request::Credit { id: 2, bytes: 2 }, b""),
        (Request::Cancel { id: 3 }, b""),
        (Request::Interface { id: 4, credit: 100 }, b""),
        (Request::Describe { id: 5, credit: 100 }, b""),
        (Request::Ready { id: 6 }, b""),
        (Request::Ping { nonce: 1 }, b""),
        (Request::Release { program: 0 }, b""),
        (Request::Goodbye { error: None }, b""),
    ];
    let mut session = hello();
    for (message, body) in messages {
        message.encode(body, &mut session).unwrap();
    }
    session.to_vec()
}

fn limits() -> ServerLimits {
    ServerLimits {
        requests: 16,
        programs: 4,
        prepared_programs: 8,
        program_bytes: 100_000,
        input_bytes: 100_000,
        output_bytes: 100_000,
        frame_bytes: 10_000,
        // What waits for a word that does not come ends soon.
        request_time: Duration::from_millis(200),
        ..ServerLimits::default()
    }
}

fn hello() -> BytesMut {
    let mut out = BytesMut::from(&PREFACE[..]);
    Request::Hello { frame_bytes: 65_536, token: None, name: "fuzz".into() }.encode(&[], &mut out).unwrap();
    out
}

/// Sends the bytes, hangs up, and reads what comes.
async fn throw(server: &Server<Pooled<Interpreter>>, bytes: &[u8]) {
    let (mut read, mut write) = tokio::io::split(server.connect());
    let mut answer = Vec::new();
    let sending = async {
        // The server may have hung up before.
        let _ = write.write_all(bytes).await;
        let _ = write.shutdown().await;
    };
    let (answered, ()) = tokio::join!(read.read_to_end(&mut answer), sending);
    answered.unwrap();
    assert!(answer.is_empty() || answer.starts_with(&PREFACE));
    while server.metrics().connections > 0 {
        tokio::task::yield_now().await;
    }
    let metrics = server.metrics();
    assert_eq!((metrics.requests_in_flight, metrics.input_bytes_held, metrics.output_bytes_held), (0, 0, 0));
}

async fn echo(server: &Server<Pooled<Interpreter>>) {
    let client = Client::new(server.connect(), ClientOptions::new()).await.unwrap();
    let prepared = client.prepare(&double()).await.unwrap();
    assert_eq!(client.execute(&prepared, Bytes::from_static(&[42])).await.unwrap(), [84][..]);
    client.shutdown().await.unwrap();
    while server.metrics().connections > 0 {
        tokio::task::yield_now().await;
    }
}
