//! A server on a socket of its own, a runner that shows what it does, and a peer that speaks bytes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use runner_core::{Cancel, Error, Program, Result, Run, adapt::Pooled};
use runner_http::{Client, ClientOptions, Server, ServerOptions};
use runner_interpreter::Interpreter;
use runner_lang::{Project, render_all};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

/// Time in which everything here happens, if it happens at all.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// The program of a source.
pub(crate) fn program(source: &str) -> Program {
    compiled(source, "main").unwrap()
}

/// What a server does with source.
pub(crate) fn compiled(source: &str, program: &str) -> Result<Program> {
    let project = Project::from_source("program.lt", source);
    runner_lang::compile(&project, program).map(|compiled| compiled.program).map_err(|diagnostics| {
        Error::prepare(render_all(&project.with_program(program), &diagnostics, false))
    })
}

/// [`compiled`], as a server calls it.
pub(crate) fn compile(source: &str, program: &str, _: &Cancel) -> Result<Program> {
    compiled(source, program)
}

/// An interpreter whose programs may call `tick(x: Int64): Int64`, which counts its calls and takes a while,
/// `hold(x: Int64): Int64`, which never ends by itself, and `burst(x: Int64): Int64`, which panics.
#[derive(Clone, Default)]
pub(crate) struct Ticks(Arc<AtomicU64>);

impl Ticks {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Waits until the count has stood still, which it does when the work has stopped.
    pub(crate) async fn stopped(&self) {
        let still = async {
            let mut last = self.count();
            let mut times = 0;
            while times < 20 {
                tokio::time::sleep(Duration::from_millis(10)).await;
                let now = self.count();
                times = if now == last { times + 1 } else { 0 };
                last = now;
            }
        };
        timeout(LONG, still).await.expect("the work goes on");
    }

    /// Waits until the work has begun.
    pub(crate) async fn started(&self) {
        let started = async {
            while self.count() == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(LONG, started).await.expect("the work does not begin");
    }
}

/// An interpreter on four threads.
pub(crate) fn interpreter(ticks: &Ticks) -> Arc<Pooled<Interpreter>> {
    let counter = ticks.clone();
    let interpreter = Interpreter::builder()
        .function("tick(x)", move |x: i64| -> i64 {
            counter.0.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(1));
            x
        })
        .function("burst(x)", |x: i64| -> i64 { panic!("as asked, with {x}") })
        .build();
    Arc::new(Pooled::new(interpreter, 4).unwrap())
}

/// Work of many minutes, of which every millisecond is counted.
pub(crate) const SLOW: &str = "
external func tick(x: Int64): Int64
func main(n: Int64): Int64 -> sequence(0, n) | map(x -> tick(x)) | sum";

/// A server on a socket of its own.
pub(crate) struct Served<R: Run> {
    pub(crate) server: Server<R>,
    pub(crate) address: String,
}

/// Serves the interpreter.
pub(crate) async fn serve(options: ServerOptions) -> Served<Pooled<Interpreter>> {
    serve_runner(interpreter(&Ticks::default()), options).await
}

/// Serves a runner.
pub(crate) async fn serve_runner<R: Run + 'static>(runner: Arc<R>, options: ServerOptions) -> Served<R>
where
    R::Prepared: 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = Server::new(runner, options);
    let listening = server.clone();
    tokio::spawn(async move { listening.listen_tcp(listener).await });
    Served { server, address }
}

impl<R: Run> Served<R> {
    pub(crate) fn client(&self) -> Client {
        self.client_with(ClientOptions::new())
    }

    pub(crate) fn client_with(&self, options: ClientOptions) -> Client {
        Client::new(&format!("http://{}", self.address), options).unwrap()
    }

    /// Sends a request with a body on a connection of its own.
    pub(crate) async fn ask(&self, head: &str, body: &[u8]) -> Answer {
        let length =
            if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let head =
            format!("{}\r\nHost: localhost\r\nConnection: close\r\n{length}\r\n", head.replace('\n', "\r\n"));
        self.raw(&[head.as_bytes(), body].concat()).await
    }

    /// Sends bytes on a connection of its own, and reads until the server closes it.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        // The server may close before it has taken everything.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = timeout(LONG, stream.read_to_end(&mut answer)).await.expect("the server does not answer");
        Answer::read(&answer)
    }
}

/// An answer, its body without chunks.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Whether all of the body is there.
    pub(crate) is_whole: bool,
}

impl Answer {
    fn read(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let Some(end) = end else {
            let head = String::from_utf8_lossy(bytes).into_owned();
            return Self { status: 0, head, body: Vec::new(), is_whole: false };
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let raw = &bytes[end + 4..];
        let mut answer = Self { status, head, body: raw.to_vec(), is_whole: true };
        if answer.header("transfer-encoding") == Some("chunked") {
            (answer.body, answer.is_whole) = unchunked(raw);
        } else if let Some(length) = answer.header("content-length") {
            answer.is_whole = length.parse() == Ok(raw.len());
        }
        answer
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(known, _)| *known == name).map(|(_, value)| value.trim())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts that this is a problem of this status and code, and gives its details.
    pub(crate) fn problem(&self, status: u16, code: &str) -> String {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{} {text}", self.head);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.head);
        let json = self.json();
        assert_eq!(json["code"], code, "{text}");
        assert_eq!(json["status"], status, "{text}");
        json["detail"].as_str().unwrap().to_owned()
    }

    /// The limit that the problem names.
    pub(crate) fn limit(&self) -> String {
        let json = self.json();
        let details = json["details"].as_array().cloned().unwrap_or_default();
        let limit = details.iter().find(|detail| detail["kind"] == "limit");
        limit.and_then(|limit| limit["name"].as_str()).unwrap_or_default().to_owned()
    }
}

fn unchunked(mut raw: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = raw.windows(2).position(|window| window == b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&raw[..end]).unwrap(), 16).unwrap();
        raw = &raw[end + 2..];
        if length == 0 {
            return (body, true);
        }
        if raw.len() < length + 2 {
            break;
        }
        body.extend_from_slice(&raw[..length]);
        raw = &raw[length + 2..];
    }
    (body, false)
}
