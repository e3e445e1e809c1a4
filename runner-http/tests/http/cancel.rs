//! Work that nobody waits for any more stops, which its own counter shows.

use std::{
    fmt::Write,
    sync::{Arc, Mutex},
    time::Duration,
};

use runner_core::{Cancel, Code, Error, Run, adapt::Pooled};
use runner_http::{ServerLimits, ServerOptions};
use runner_interpreter::Interpreter;
use runner_lang::{Budget, Project, check_with};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::{LONG, SLOW, Served, Ticks, interpreter, program, serve, serve_runner};

const INPUT: &[u8] = b"1000000";

async fn slow(limits: ServerLimits) -> (Ticks, Served<Pooled<Interpreter>>, String) {
    let ticks = Ticks::default();
    let served = serve_runner(interpreter(&ticks), ServerOptions::new().with_limits(limits)).await;
    let program = program(SLOW);
    served.client().prepare(&program).await.unwrap();
    let head = format!("POST /v1/programs/{}/execute HTTP/1.1\nContent-Type: application/json", program.id());
    (ticks, served, head)
}

fn input() -> bytes::Bytes {
    postcard::to_allocvec(&1_000_000_i64).unwrap().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_future_stops_the_work() {
    let (ticks, served, _) = slow(ServerLimits::default()).await;
    let client = served.client();
    let prepared = client.prepare(&program(SLOW)).await.unwrap();
    tokio::select! {
        output = client.execute(&prepared, input()) => panic!("{output:?}"),
        () = ticks.started() => {}
    }
    ticks.stopped().await;
    // The client is as good as before.
    assert_eq!(client.describe().await.unwrap().name, "interpreter");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_stops_the_work() {
    let (ticks, served, head) = slow(ServerLimits::default()).await;
    let mut stream = TcpStream::connect(&served.address).await.unwrap();
    let head = head.replace('\n', "\r\n");
    let request = format!("{head}\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n1000000", INPUT.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    ticks.started().await;
    drop(stream);
    ticks.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_deadline_stops_the_work() {
    let (ticks, served, head) = slow(ServerLimits::default()).await;
    let answer = served.ask(&format!("{head}\nRunner-Timeout: 100ms"), INPUT).await;
    assert!(answer.problem(504, "DEADLINE_EXCEEDED").contains("100 ms"));
    assert_eq!(answer.limit(), "request_time_ms");
    ticks.stopped().await;

    let limits = ServerLimits { request_time: Duration::from_millis(100), ..Default::default() };
    let (ticks, served, head) = slow(limits).await;
    served.ask(&head, INPUT).await.problem(504, "DEADLINE_EXCEEDED");
    // Nobody gets more than the server allows.
    served.ask(&format!("{head}\nRunner-Timeout: 10m"), INPUT).await.problem(504, "DEADLINE_EXCEEDED");
    ticks.stopped().await;
    for wrong in ["", "1", "soon", "-1s", "1h", "99999999999s"] {
        served.ask(&format!("{head}\nRunner-Timeout: {wrong}"), INPUT).await.problem(400, "DECODE_ERROR");
    }
}

/// A shorter one after a longer one, and the other way round: they share the timer of their connection.
#[tokio::test(flavor = "multi_thread")]
async fn deadlines_of_one_connection() {
    let (ticks, served, head) = slow(ServerLimits::default()).await;
    let head = head.replace('\n', "\r\n");
    let request = |time: &str, input: &str, more: &str| {
        let length = input.len();
        format!(
            "{head}\r\nHost: localhost\r\nRunner-Timeout: {time}\r\nContent-Length: {length}{more}\r\n\r\n{input}"
        )
    };
    let requests = [
        request("10m", "1", ""),
        request("50ms", "1000000", ""),
        request("1m", "300", ""),
        request("100ms", "1000000", "\r\nConnection: close"),
    ];
    let mut stream = TcpStream::connect(&served.address).await.unwrap();
    stream.write_all(requests.concat().as_bytes()).await.unwrap();
    let mut answers = String::new();
    timeout(LONG, stream.read_to_string(&mut answers)).await.expect("no deadline").unwrap();
    let statuses: Vec<&str> =
        answers.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)).collect();
    assert_eq!(statuses, ["200", "504", "200", "504"], "{answers}");
    ticks.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_waits_for_the_grace_and_stops_the_work() {
    let (ticks, served, head) = slow(ServerLimits::default()).await;
    let (server, ticks_of_server) = (served.server.clone(), ticks.clone());
    let stopping = tokio::spawn(async move {
        ticks_of_server.started().await;
        server.shutdown(Duration::from_millis(50)).await
    });
    served.ask(&head, INPUT).await.problem(503, "UNAVAILABLE");
    timeout(LONG, stopping).await.unwrap().unwrap().unwrap();
    ticks.stopped().await;
    assert!(TcpStream::connect(&served.address).await.is_err());
    let error = served.client().describe().await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (Code::Unavailable, true), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_lets_work_end_within_the_grace() {
    let (ticks, served, head) = slow(ServerLimits::default()).await;
    let server = served.server.clone();
    let stopping = tokio::spawn(async move {
        ticks.started().await;
        server.shutdown(LONG).await
    });
    let answer = served.ask(&head, b"300").await;
    assert_eq!((answer.status, answer.text()), (200, "44850"));
    timeout(LONG, stopping).await.unwrap().unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_server_is_unavailable() {
    let (ticks, served, _) = slow(ServerLimits::default()).await;
    let client = served.client();
    let prepared = Arc::new(client.prepare(&program(SLOW)).await.unwrap());
    let waiting = tokio::spawn({
        let (client, prepared) = (client.clone(), Arc::clone(&prepared));
        async move { client.execute(&prepared, input()).await }
    });
    ticks.started().await;
    served.server.shutdown(Duration::ZERO).await.unwrap();
    let error = timeout(LONG, waiting).await.unwrap().unwrap().unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (Code::Unavailable, true), "{error}");
    let error = client.execute(&prepared, input()).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (Code::Unavailable, true), "{error}");
}

/// Compiles that take seconds, and how each ended: with the number of its steps.
#[derive(Clone, Default)]
struct Compiles(Arc<Mutex<Vec<(Code, u64)>>>);

impl Compiles {
    /// A server that compiles a large source whatever it is sent, and the steps that takes if nobody stops it.
    async fn serve(&self) -> (Served<Pooled<Interpreter>>, u64) {
        let mut text = String::new();
        for index in 0..100_000 {
            let _ = writeln!(text, "func f{index}(xs: [Int64]) -> xs | map(x -> x + {index}) | sum");
        }
        let project = Project::from_source("large.lt", text);
        let whole = Budget::new();
        assert!(!check_with(&project, &whole).has_errors());
        let ends = self.clone();
        let compile = move |_: &str, _: &str, cancel: &Cancel| {
            let budget = Budget::new().with_cancel(cancel.clone());
            drop(check_with(&project, &budget));
            let error = budget.error().unwrap_or_else(|| Error::prepare("nobody stopped it"));
            ends.0.lock().unwrap().push((error.code(), budget.steps()));
            Err(error)
        };
        (serve(ServerOptions::new().with_compile(compile)).await, whole.steps())
    }

    /// Waits until so many have ended, each by being cancelled long before it was done.
    async fn cancelled(&self, count: usize, whole: u64) {
        let ended = async {
            while self.0.lock().unwrap().len() < count {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(LONG, ended).await.expect("a compile runs on");
        for (code, steps) in self.0.lock().unwrap().iter() {
            assert_eq!(*code, Code::Cancelled);
            assert!(*steps < whole, "{steps} of {whole}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compile_ends_with_its_request() {
    let compiles = Compiles::default();
    let (served, whole) = compiles.serve().await;
    let sources = ["/v1/run", "/v1/programs"];
    for path in sources {
        let head = format!("POST {path} HTTP/1.1\nContent-Type: text/x-lutra\nRunner-Timeout: 20ms");
        served.ask(&head, b"const main = 1").await.problem(504, "DEADLINE_EXCEEDED");
    }
    compiles.cancelled(2, whole).await;

    for path in sources {
        let mut stream = TcpStream::connect(&served.address).await.unwrap();
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/x-lutra");
        let request = format!("{head}\r\nContent-Length: 14\r\n\r\nconst main = 1");
        stream.write_all(request.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop(stream);
    }
    compiles.cancelled(4, whole).await;
}
