//! Peers that do what they should not: the server answers with an error or closes, and serves on.

use std::sync::{Arc, atomic::Ordering};

use runner_core::{Code, Prim, Run};
use runner_http::ServerOptions;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    robot::{Robot, impossible, order, say},
    support::{LONG, compile, program, serve, serve_runner},
};

const ECHO: &str = "func main(x: {a: Int64, b: [Text]}): {a: Int64, b: [Text]} -> x";

/// Random numbers that are the same each time (xorshift).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// Sends bytes, ends the writing side, and reads what comes.
async fn send(address: &str, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut answer = Vec::new();
    let talk = async {
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut answer).await;
    };
    timeout(LONG, talk).await.expect("the server neither answers nor closes");
    answer
}

fn request(path: &str, media: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {media}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn truncated_and_changed_requests_do_no_harm() {
    let served = serve(ServerOptions::new().with_compile(compile)).await;
    let program = program(ECHO);
    let client = served.client();
    let prepared = client.prepare(&program).await.unwrap();
    let path = format!("/v1/programs/{}/execute", program.id());
    let requests = [
        request(&path, "application/json", br#"{"a": 1, "b": ["x", "y"]}"#),
        request(&path, "application/vnd.postcard", b"\x02\x02\x01x\x01y"),
        request("/v1/programs", "application/vnd.runner.program", program.bytes()),
    ];
    let mut noise = Noise(42);
    for request in &requests {
        for end in 0..request.len() {
            send(&served.address, &request[..end]).await;
        }
        for at in 0..request.len() {
            let mut changed = request.clone();
            changed[at] = noise.next() as u8;
            send(&served.address, &changed).await;
        }
        let input = bytes::Bytes::from_static(b"\x02\x02\x01x\x01y");
        assert_eq!(client.execute(&prepared, input.clone()).await.unwrap(), input);
    }
    for _ in 0..200 {
        let length = noise.next() % 300;
        let bytes: Vec<u8> = (0..length).map(|_| noise.next() as u8).collect();
        send(&served.address, &bytes).await;
        send(&served.address, &request("/v1/programs", "application/octet-stream", &bytes)).await;
        send(&served.address, &request(&path, "application/octet-stream", &bytes)).await;
        send(&served.address, &request("/v1/run", "application/vnd.postcard", &bytes)).await;
        send(&served.address, &request("/v1/run", "text/x-lutra", &bytes)).await;
    }
    assert_eq!(client.describe().await.unwrap().name, "interpreter");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_body_is_said() {
    let served = serve(ServerOptions::new().with_compile(compile)).await;
    let program = program(ECHO);
    served.client().prepare(&program).await.unwrap();
    let path = format!("/v1/programs/{}/execute", program.id());
    let deep = "[".repeat(100_000);
    let bodies = [
        "",
        "{",
        "null",
        "{}",
        "{\"a\":1}",
        "{\"a\":1,\"b\":[1]}",
        "[1,2]",
        "\u{feff}",
        &deep,
        "\"\\ud800\"",
    ];
    for body in bodies {
        let head = format!("POST {path} HTTP/1.1\nContent-Type: application/json");
        served.ask(&head, body.as_bytes()).await.problem(400, "DECODE_ERROR");
        let head = "POST /v1/run HTTP/1.1\nContent-Type: application/json";
        served.ask(head, body.as_bytes()).await.problem(400, "DECODE_ERROR");
    }
    for body in [
        &b""[..],
        b"\x02",
        b"\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x02\x01\x01\xff",
        b"\x02\x00\x00",
    ] {
        let head = format!("POST {path} HTTP/1.1\nContent-Type: application/vnd.postcard");
        served.ask(&head, body).await.problem(400, "DECODE_ERROR");
        let head = "POST /v1/run HTTP/1.1\nContent-Type: application/vnd.postcard";
        served.ask(head, body).await.problem(400, "DECODE_ERROR");
    }
    for end in 0..program.bytes().len() {
        let head = "POST /v1/programs HTTP/1.1\nContent-Type: application/vnd.runner.program";
        served.ask(head, &program.bytes()[..end]).await.problem(400, "DECODE_ERROR");
    }
    for (head, status) in [
        (format!("POST {path} HTTP/1.1\nContent-Type: text/html"), 415),
        (format!("POST {path} HTTP/1.1"), 415),
        ("POST /v1/programs HTTP/1.1\nContent-Type: application/json".to_owned(), 415),
        ("POST /v1/run HTTP/1.1\nContent-Type: text/plain".to_owned(), 415),
        (format!("POST {path} HTTP/1.1\nContent-Type: application/json\nContent-Encoding: rot13"), 415),
        (format!("POST {path} HTTP/1.1\nContent-Type: application/json\nAccept: text/html"), 406),
        (format!("PUT {path} HTTP/1.1\nContent-Type: application/json"), 405),
        (format!("POST {path}/more HTTP/1.1\nContent-Type: application/json"), 404),
    ] {
        served.ask(&head, b"{\"a\":1,\"b\":[]}").await.problem(status, "UNSUPPORTED");
    }
    let unknown =
        "POST /v1/programs/0000000000000000000000000000000000000000000000000000000000000000/execute HTTP/1.1";
    served.ask(unknown, b"").await.problem(404, "PROGRAM_NOT_FOUND");
    served.ask("POST /v1/programs/%FF/execute HTTP/1.1", b"").await;
    served.ask("POST /v1/programs/../execute HTTP/1.1", b"").await;
    served.ask("POST /v1/programs/abc/execute HTTP/1.1", b"").await.problem(400, "DECODE_ERROR");
    for length in ["-1", "x", "1, 2", "18446744073709551616"] {
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
        assert_eq!(served.raw(head.as_bytes()).await.status, 400, "{length}");
    }
    let chunk = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    );
    assert_eq!(served.raw(chunk.as_bytes()).await.status, 400);
    let no_source = serve(ServerOptions::new()).await;
    let run = "POST /v1/run HTTP/1.1\nContent-Type: text/x-lutra";
    let refused = no_source.ask(run, b"const main = 1").await.problem(403, "UNSUPPORTED");
    assert!(refused.contains("--allow-source"), "{refused}");
    let run = "POST /v1/run HTTP/1.1\nContent-Type: application/json";
    no_source.ask(run, br#"{"source": "const main = 1"}"#).await.problem(403, "UNSUPPORTED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_fails_one_request() {
    let robot = Arc::new(Robot::default());
    let served = serve_runner(Arc::clone(&robot), ServerOptions::new()).await;
    let client = served.client();
    let prepared = client.prepare(&order(0)).await.unwrap();
    let error = client.execute(&prepared, say("panic")).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    let error = client.prepare(&impossible(Prim::Int8)).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    let error = client.prepare(&impossible(Prim::Int16)).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::PrepareError, "it does not please"));
    assert!(client.execute(&prepared, say("count 3")).await.is_ok());
    assert_eq!(robot.working.load(Ordering::SeqCst), 0);

    // What failed is tried again, and what nobody waits for any more is given up.
    let before = robot.prepared.load(Ordering::SeqCst);
    assert!(client.prepare(&impossible(Prim::Int16)).await.is_err());
    assert_eq!(robot.prepared.load(Ordering::SeqCst), before + 1);
    let hanging = tokio::spawn({
        let client = client.clone();
        async move { client.prepare(&impossible(Prim::Int32)).await }
    });
    let working = async |count| {
        while robot.working.load(Ordering::SeqCst) != count {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    timeout(LONG, working(1)).await.unwrap();
    hanging.abort();
    timeout(LONG, working(0)).await.unwrap();

    let served = serve(ServerOptions::new()).await;
    let burst = program("external func burst(x: Int64): Int64\nfunc main(x: Int64): Int64 -> burst(x)");
    let client = served.client();
    let prepared = client.prepare(&burst).await.unwrap();
    let error = client.execute(&prepared, postcard::to_allocvec(&1_i64).unwrap().into()).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert_eq!(client.describe().await.unwrap().name, "interpreter");
}
