//! Executes over HTTP beside a bare axum handler that gives its body back, on loopback, with the same client.

use std::sync::Arc;

use axum::{Router, routing::post};
use bytes::Bytes;
use futures_util::future::join_all;
use runner_benches::{Measured, Turns, group, timed};
use runner_core::{Description, Program, Result, Run};
use runner_http::{Server, ServerOptions};
use runner_lang::{Project, compile};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};

/// How often everything is measured.
const ROUNDS: usize = 31;
/// Requests of one measured run, on each connection.
const REQUESTS: usize = 200;

fn main() {
    let runtime = Runtime::new().unwrap();
    let bare = runtime.block_on(bare());
    let ours = runtime.block_on(ours());
    let program = echo();
    let execute = format!("/v1/programs/{}/execute", program.id());
    let postcard = postcard::to_allocvec(&"x".repeat(60)).unwrap();
    let json = format!("\"{}\"", "x".repeat(60)).into_bytes();
    let upload = request("/v1/programs", "application/vnd.runner.program", program.bytes());
    runtime.block_on(async { Peer::connect(&ours).await.ask(&upload).await });

    for connections in [1, 32] {
        let title = format!("{REQUESTS} executes of 61 bytes on each of {connections} connections");
        group(&title, || {
            let asked = [
                ("bare axum handler", &bare, request("/", "application/vnd.postcard", &postcard)),
                ("runner, postcard", &ours, request(&execute, "application/vnd.postcard", &postcard)),
                ("runner, JSON", &ours, request(&execute, "application/json", &json)),
            ];
            runtime.block_on(in_turns(connections, &asked))
        });
    }
}

/// The medians of rounds in which everything is measured in turn, so that a slow moment of the machine hits all.
async fn in_turns(connections: usize, asked: &[(&'static str, &String, Vec<u8>)]) -> Vec<Measured> {
    let mut peers = Vec::new();
    for (_, address, _) in asked {
        peers.push(join_all((0..connections).map(|_| Peer::connect(address))).await);
    }
    let mut turns = Turns::new(asked.iter().map(|asked| asked.0));
    for round in 0..=ROUNDS {
        for (index, (_, _, request)) in asked.iter().enumerate() {
            let time = timed(join_all(peers[index].iter_mut().map(|peer| peer.ask_often(request)))).await;
            // The first round does not count.
            if round > 0 {
                turns.add(index, time);
            }
        }
    }
    turns.measured()
}

fn echo() -> Program {
    compile(&Project::from_source("bench.lt", "func main(x: Text): Text -> x"), "main").unwrap().program
}

async fn bare() -> String {
    let router = Router::new().route("/", post(async |body: Bytes| body));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        axum::serve(
            axum::serve::ListenerExt::tap_io(listener, |stream| stream.set_nodelay(true).unwrap()),
            router,
        )
        .await
    });
    address
}

async fn ours() -> String {
    let server = Server::new(Arc::new(Echo), ServerOptions::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { server.listen_tcp(listener).await });
    address
}

fn request(path: &str, media: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {media}\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A client that does as little as a client can.
struct Peer {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Peer {
    async fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: vec![0; 64 << 10] }
    }

    async fn ask_often(&mut self, request: &[u8]) {
        for _ in 0..REQUESTS {
            self.ask(request).await;
        }
    }

    async fn ask(&mut self, request: &[u8]) {
        self.stream.write_all(request).await.unwrap();
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]).await.unwrap();
            assert!(read > 0, "the server closed");
            filled += read;
            let bytes = &self.buffer[..filled];
            let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&bytes[..end]).unwrap();
            assert!(head.starts_with("HTTP/1.1 20"), "{head}");
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if filled >= end + 4 + length.parse::<usize>().unwrap() {
                return;
            }
        }
    }
}

/// Gives every input back.
struct Echo;

impl Run for Echo {
    type Prepared = ();

    async fn prepare(&self, _: &Program) -> Result<()> {
        Ok(())
    }

    async fn execute(&self, (): &(), input: Bytes) -> Result<Bytes> {
        Ok(input)
    }

    async fn get_interface(&self) -> Result<String> {
        Ok(String::new())
    }

    async fn shutdown(&self) -> Result<()> {
        Ok(())
    }

    async fn describe(&self) -> Result<Description> {
        Ok(Description::new("echo", "1"))
    }
}
