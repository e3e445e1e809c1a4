//! Every limit, with the error that it has.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use runner_core::{Code, Run};
use runner_http::{ClientOptions, Server, ServerLimits, ServerOptions, Token};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::{
    robot::{Robot, order, say},
    support::{LONG, SLOW, Served, Ticks, compile, interpreter, program, serve, serve_runner},
};

const PROGRAM: &str = "POST /v1/programs HTTP/1.1\nContent-Type: application/vnd.runner.program";
const SOURCE: &str = "POST /v1/run HTTP/1.1\nContent-Type: text/x-lutra";

fn options(limits: ServerLimits) -> ServerOptions {
    ServerOptions::new().with_limits(limits).with_compile(compile)
}

async fn robot(limits: ServerLimits) -> (Arc<Robot>, Served<Robot>) {
    let robot = Arc::new(Robot::default());
    (Arc::clone(&robot), serve_runner(robot, options(limits)).await)
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let waiting = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(LONG, waiting).await.expect(what);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_bounded() {
    let limits =
        ServerLimits { program_bytes: 400, source_bytes: 100, input_bytes: 64, ..Default::default() };
    let served = serve(options(limits)).await;
    let execute = "POST /v1/functions/x HTTP/1.1\nContent-Type: application/json";
    let program = program("func main(x: Text): Text -> x");
    assert_eq!(served.ask(PROGRAM, program.bytes()).await.status, 201);
    let execute = execute.replace("functions/x", &format!("programs/{}/execute", program.id()));
    let text = |length: usize| format!("\"{}\"", "x".repeat(length)).into_bytes();
    assert_eq!(served.ask(&execute, &text(62)).await.status, 200);
    let run = "POST /v1/run HTTP/1.1\nContent-Type: application/json";
    let source = "const x = 1".to_owned() + &" ".repeat(90);
    let cases = [
        (PROGRAM, vec![0; 401], "program_bytes"),
        (SOURCE, vec![b' '; 101], "source_bytes"),
        (&*execute, text(63), "input_bytes"),
        (run, serde_json::json!({"source": source}).to_string().into_bytes(), "source_bytes"),
        (
            run,
            serde_json::json!({"source": "func main(x: Text) -> x", "input": "x".repeat(63)})
                .to_string()
                .into(),
            "input_bytes",
        ),
        (run, vec![b' '; 2000], "input_bytes"),
    ];
    for (head, body, limit) in cases {
        let answer = served.ask(head, &body).await;
        answer.problem(413, "RESOURCE_EXHAUSTED");
        assert_eq!(answer.limit(), limit, "{head}");
        // Without a length that is told before.
        let head = head.replace('\n', "\r\n");
        let mut chunked =
            format!("{head}\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
                .into_bytes();
        for piece in body.chunks(50) {
            chunked.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            chunked.extend_from_slice(piece);
            chunked.extend_from_slice(b"\r\n");
        }
        chunked.extend_from_slice(b"0\r\n\r\n");
        let answer = served.raw(&chunked).await;
        answer.problem(413, "RESOURCE_EXHAUSTED");
        assert_eq!(answer.limit(), limit, "{head}");
    }
    // The largest length that the HTTP library takes.
    let huge = format!(
        "{}\r\nHost: localhost\r\nContent-Length: 18446744073709551613\r\n\r\n",
        SOURCE.replace('\n', "\r\n")
    );
    served.raw(huge.as_bytes()).await.problem(413, "RESOURCE_EXHAUSTED");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_wait_and_are_refused() {
    let (robot, served) = robot(ServerLimits { executing: 1, waiting: 1, ..Default::default() }).await;
    let client = served.client();
    let prepared = Arc::new(client.prepare(&order(0)).await.unwrap());
    let begin = || {
        let (client, prepared) = (client.clone(), Arc::clone(&prepared));
        tokio::spawn(async move { client.execute(&prepared, say("wait")).await })
    };
    let running = begin();
    until("nothing runs", || robot.working.load(Ordering::SeqCst) == 1).await;
    let waiting = begin();
    let gauge = async || {
        let metrics = served.ask("GET /metrics HTTP/1.1", b"").await;
        metrics.text().lines().any(|line| line == "runner_http_requests_waiting 1")
    };
    let queued = async {
        while !gauge().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(LONG, queued).await.expect("nothing waits");

    let head =
        format!("POST /v1/programs/{}/execute HTTP/1.1\nContent-Type: application/json", order(0).id());
    let refused = served.ask(&head, b"\"count 1\"").await;
    refused.problem(429, "RESOURCE_EXHAUSTED");
    assert_eq!((refused.limit().as_str(), refused.header("retry-after")), ("waiting", Some("1")));
    let error = client.execute(&prepared, say("count 1")).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (Code::ResourceExhausted, true));

    // Who gives up makes room, running or waiting.
    waiting.abort();
    running.abort();
    until("it runs on", || robot.working.load(Ordering::SeqCst) == 0).await;
    let done = async {
        while client.execute(&prepared, say("count 1")).await.is_err() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(LONG, done).await.expect("no room was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn prepared_programs_are_let_go_of_and_sent_again() {
    let (robot, served) = robot(ServerLimits { prepared_programs: 2, ..Default::default() }).await;
    let client = served.client();
    let prepared: Vec<_> = futures_util::future::join_all(
        (0..3).map(async |number| client.prepare(&order(number)).await.unwrap()),
    )
    .await;
    until("they are kept", || robot.held.load(Ordering::SeqCst) == 2).await;
    let execute = |number| {
        let head = format!(
            "POST /v1/programs/{}/execute HTTP/1.1\nContent-Type: application/json",
            order(number).id()
        );
        let served = &served;
        async move { served.ask(&head, b"\"count 0\"").await }
    };
    let gone = futures_util::future::join_all((0..3).map(execute)).await;
    assert_eq!(gone.iter().filter(|answer| answer.status == 404).count(), 1, "{gone:?}");
    // A client does not notice.
    for prepared in &prepared {
        assert_eq!(client.execute(prepared, say("count 0")).await.unwrap(), b"\0"[..]);
    }
    assert_eq!(robot.held.load(Ordering::SeqCst), 2);

    // What is at work is not let go of.
    let working: Vec<_> = (0..2)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move {
                let prepared = client.prepare(&order(number)).await.unwrap();
                client.execute(&prepared, say("wait")).await
            })
        })
        .collect();
    until("nothing runs", || robot.working.load(Ordering::SeqCst) == 2).await;
    let answer = served.ask(PROGRAM, order(7).bytes()).await;
    answer.problem(429, "RESOURCE_EXHAUSTED");
    assert_eq!(answer.limit(), "prepared_programs");
    working.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_bounded() {
    let served = serve(options(ServerLimits { connections: 1, ..Default::default() })).await;
    let client = served.client();
    client.describe().await.unwrap();
    // The client keeps its connection.
    let answer = served.ask("GET /healthz HTTP/1.1", b"").await;
    answer.problem(503, "RESOURCE_EXHAUSTED");
    assert_eq!((answer.limit().as_str(), answer.header("retry-after")), ("connections", Some("1")));
    // It is used again once the client has it back from the answer before, which it gets a moment later.
    let used = async {
        while client.describe().await.is_err() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(LONG, used).await.expect("the client lost its connection");
    client.shutdown().await.unwrap();
    drop(client);
    let again = async {
        while served.ask("GET /healthz HTTP/1.1", b"").await.status != 200 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(LONG, again).await.expect("the connection is kept for nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_heads_and_bodies_are_given_up() {
    let short = Duration::from_millis(100);
    let served =
        serve(options(ServerLimits { head_time: short, read_time: short, ..Default::default() })).await;
    let client = served.client();
    // Each byte comes in time, the head does not.
    let mut stream = TcpStream::connect(&served.address).await.unwrap();
    let slow = async {
        for byte in b"GET /healthz HTTP/1.1\r\nX: ".iter().chain(std::iter::repeat(&b'x')) {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            client.describe().await.unwrap();
        }
    };
    timeout(LONG, slow).await.expect("a slow head is waited for");

    let head = SOURCE.replace('\n', "\r\n");
    let answer =
        served.raw(format!("{head}\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nconst").as_bytes()).await;
    answer.problem(408, "DEADLINE_EXCEEDED");
    assert_eq!(answer.limit(), "read_time_ms");

    let served = serve(options(ServerLimits { head_bytes: 8192, ..Default::default() })).await;
    let long = format!("GET /healthz HTTP/1.1\nX: {}", "x".repeat(10_000));
    assert_eq!(served.ask(&long, b"").await.status, 431);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_takes_nothing_is_given_up() {
    let limits = ServerLimits { write_time: Duration::from_millis(200), ..Default::default() };
    let (robot, served) = robot(limits).await;
    served.client().prepare(&order(0)).await.unwrap();
    let mut stream = TcpStream::connect(&served.address).await.unwrap();
    let request = format!(
        "POST /v1/programs/{}/execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n\
         \"count 200000000\"",
        order(0).id()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    until("nothing runs", || robot.working.load(Ordering::SeqCst) == 1).await;
    until("it is waited for", || robot.working.load(Ordering::SeqCst) == 0).await;
    // The connection is gone.
    let mut rest = Vec::new();
    drop(timeout(LONG, stream.read_to_end(&mut rest)).await.expect("the connection is kept"));
}

#[tokio::test(flavor = "multi_thread")]
async fn buffered_bytes_are_bounded() {
    let (robot, served) = robot(ServerLimits { buffered_input_bytes: 1000, ..Default::default() }).await;
    let client = served.client();
    let prepared = client.prepare(&order(0)).await.unwrap();
    let error = client.execute(&prepared, say(&"x".repeat(2000))).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (Code::ResourceExhausted, true), "{error}");
    assert!(format!("{error:?}").contains("buffered_input_bytes"));
    assert_eq!(robot.working.load(Ordering::SeqCst), 0);
    // What was held is given back.
    assert!(client.execute(&prepared, say("count 3")).await.is_ok());

    let (_, served) = self::robot(ServerLimits { buffered_output_bytes: 0, ..Default::default() }).await;
    let client = served.client();
    let prepared = client.prepare(&order(0)).await.unwrap();
    let error = client.execute(&prepared, say("count 3")).await.unwrap_err();
    assert!(format!("{error:?}").contains("buffered_output_bytes"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_slow_program_does_not_delay_others() {
    let ticks = Ticks::default();
    let served = serve_runner(interpreter(&ticks), ServerOptions::new()).await;
    let client = served.client();
    let slow = client.prepare(&program(SLOW)).await.unwrap();
    let fast = client.prepare(&program("func main(x: Int64): Int64 -> x")).await.unwrap();
    let input: bytes::Bytes = postcard::to_allocvec(&1_000_000_i64).unwrap().into();
    let running = tokio::spawn({
        let (client, input) = (client.clone(), input.clone());
        async move { client.execute(&slow, input).await }
    });
    ticks.started().await;
    let many = (0..1000).map(async |_| client.execute(&fast, input.clone()).await.unwrap());
    for output in futures_util::future::join_all(many).await {
        assert_eq!(output, input);
    }
    assert!(!running.is_finished());
    running.abort();
    ticks.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_asked_for() {
    let served = serve(options(ServerLimits::default()).with_token(Token::new("swordfish"))).await;
    for path in ["/v1/describe", "/v1/interface", "/metrics", "/openapi.json", "/nothing", "/v1/run"] {
        for header in ["", "\nAuthorization: Bearer swordfis", "\nAuthorization: Basic swordfish"] {
            let answer = served.ask(&format!("GET {path} HTTP/1.1{header}"), b"").await;
            let detail = answer.problem(401, "UNAUTHENTICATED");
            assert!(!detail.contains("swordfis"));
            assert_eq!(answer.header("www-authenticate"), Some("bearer"));
        }
    }
    for path in ["/", "/healthz", "/readyz"] {
        assert_eq!(served.ask(&format!("GET {path} HTTP/1.1"), b"").await.status, 200, "{path}");
    }
    let header = "GET /v1/describe HTTP/1.1\nAuthorization: Bearer swordfish";
    assert_eq!(served.ask(header, b"").await.status, 200);
    let error = served.client().describe().await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (Code::Unauthenticated, false));
    let options = |token: &str| ClientOptions::new().with_token(Token::new(token));
    assert!(served.client_with(options("no")).describe().await.is_err());
    assert_eq!(served.client_with(options("swordfish\n")).describe().await.unwrap().name, "interpreter");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_browsers_are_not_led_here() {
    let open = serve(options(ServerLimits::default()).open_to_everybody()).await;
    let known = serve(options(ServerLimits::default()).with_token(Token::new("x"))).await;
    let served = serve(options(ServerLimits::default())).await;
    for (host, status) in [
        ("localhost", 200),
        ("LOCALHOST:8080", 200),
        ("a.localhost", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:80", 200),
        ("evil.example", 403),
        ("localhost.evil.example:80", 403),
    ] {
        let head = format!("GET /v1/describe HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        assert_eq!(served.raw(format!("{head}\r\n").as_bytes()).await.status, status, "{host}");
        assert_eq!(open.raw(format!("{head}\r\n").as_bytes()).await.status, 200, "{host}");
        let with_token = format!("{head}Authorization: Bearer x\r\n\r\n");
        assert_eq!(known.raw(with_token.as_bytes()).await.status, 200, "{host}");
    }
    for (origin, status) in [
        ("http://localhost", 200),
        ("http://LOCALHOST:80", 200),
        // A proxy may have taken the encryption off.
        ("https://localhost", 200),
        ("http://localhost:8080", 403),
        ("http://evil.example", 403),
        ("http://localhost.evil.example", 403),
        ("null", 403),
        ("", 403),
        ("http://localhost\nOrigin: http://evil.example", 403),
    ] {
        let (named, read) =
            (format!("{SOURCE}\nOrigin: {origin}"), format!("GET /openapi.json HTTP/1.1\nOrigin: {origin}"));
        for server in [&served, &open] {
            assert_eq!(server.ask(&named, b"const main = 1").await.status, status, "{origin}");
            assert_eq!(server.ask(&read, b"").await.status, 200, "{origin}");
            // A form of another site has one of these.
            for media in
                ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
            {
                let form = format!("POST /v1/run HTTP/1.1\nContent-Type: {media}\nOrigin: {origin}");
                assert_ne!(server.ask(&form, b"const main = 1").await.status, 200, "{origin}");
            }
        }
        // With a token, it does not matter where the page is from.
        let shown = format!("{named}\nAuthorization: Bearer x");
        assert_eq!(known.ask(&shown, b"const main = 1").await.status, 200, "{origin}");
    }
    for (site, status) in [("same-origin", 200), ("none", 200), ("same-site", 403), ("cross-site", 403)] {
        let head = format!("{SOURCE}\nSec-Fetch-Site: {site}");
        assert_eq!(served.ask(&head, b"const main = 1").await.status, status, "{site}");
        let read = format!("GET /openapi.json HTTP/1.1\nSec-Fetch-Site: {site}");
        assert_eq!(served.ask(&read, b"").await.status, 200, "{site}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_names_one_host() {
    let open = serve(options(ServerLimits::default()).open_to_everybody()).await;
    let served = serve(options(ServerLimits::default())).await;
    let local = "Host: localhost:8080\r\n";
    for (line, hosts, status) in [
        ("GET /healthz HTTP/1.1", local, 200),
        ("GET /healthz HTTP/1.1", "", 400),
        ("GET /healthz HTTP/1.0", "", 200),
        ("GET /healthz HTTP/1.1", "Host: localhost\r\nHost: localhost\r\n", 400),
        ("GET /healthz HTTP/1.0", "Host: localhost\r\nHost: other\r\n", 400),
        ("GET /healthz HTTP/1.1", "Host: localhost, other\r\n", 400),
        ("GET /healthz HTTP/1.1", "Host:\r\n", 400),
        ("GET /healthz HTTP/1.1", "Host: somebody@localhost\r\n", 400),
        ("GET /healthz HTTP/1.1", "Host: localhost:http\r\n", 400),
        ("GET /healthz HTTP/1.1", "Host: localhost:65536\r\n", 400),
        ("GET /healthz HTTP/1.1", "Host: localhost/\r\n", 400),
        ("GET /healthz HTTP/1.1", "Host: [::1\r\n", 400),
        ("GET http://localhost:8080/healthz HTTP/1.1", local, 200),
        ("GET http://localhost:8080/healthz HTTP/1.1", "", 400),
        ("GET http://other:8080/healthz HTTP/1.1", local, 400),
        ("GET http://localhost:8081/healthz HTTP/1.1", local, 400),
        ("GET http://somebody@localhost:8080/healthz HTTP/1.1", local, 400),
        ("GET / HTTP/1.1", "", 400),
        ("GET /v1/describe HTTP/1.1", "", 400),
        ("GET /v1/describe HTTP/1.0", "", 200),
        ("POST /v1/programs/0/execute HTTP/1.1", "", 400),
        ("GET /nothing HTTP/1.1", "", 400),
    ] {
        for server in [&served, &open] {
            let request = format!("{line}\r\n{hosts}Connection: close\r\n\r\n");
            let answer = server.raw(request.as_bytes()).await;
            assert_eq!(answer.status, status, "{request}{answer:?}");
        }
    }
    // What the target says counts like the name in `Host`.
    let led =
        "GET http://evil.example/v1/describe HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    served.raw(led.as_bytes()).await.problem(403, "UNAUTHENTICATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_machines_need_a_token_or_the_word_that_none_is() {
    let listen = async |options: ServerOptions| {
        let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let server = Server::new(interpreter(&Ticks::default()), options);
        server.drain(Duration::ZERO).await;
        server.listen_tcp(listener).await
    };
    let error = listen(ServerOptions::new()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unauthenticated);
    assert!(listen(ServerOptions::new().with_token(Token::new("swordfish"))).await.is_ok());
    assert!(listen(ServerOptions::new().open_to_everybody()).await.is_ok());
}
