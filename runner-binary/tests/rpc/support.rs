//! A runner with little of its own, and a peer that speaks bytes.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use runner_binary::{Client, ClientOptions, PREFACE, Request, Response, Server, ServerLimits, ServerOptions};
use runner_core::{
    Code, Description, Error, Expr, INPUT, Kind, Parts, Prim, Program, Result, Run, SourcePlace, TypeTable,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    time::timeout,
};

/// Time in which everything here happens, if it happens at all.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A runner whose programs all do what the input's first byte says.
#[derive(Debug, Default)]
pub(crate) struct Robot {
    /// Calls of `prepare`.
    pub(crate) prepared: AtomicUsize,
    /// Prepared programs that exist.
    pub(crate) held: Arc<AtomicUsize>,
    /// Executes that have begun and neither ended nor been dropped.
    pub(crate) working: Arc<AtomicUsize>,
    /// Outputs of `o` that are in memory.
    pub(crate) outputs: Arc<AtomicUsize>,
    /// Executes that came to their end.
    pub(crate) finished: AtomicUsize,
    pub(crate) shut: AtomicUsize,
    /// Whether it is not ready, and how often it was asked.
    pub(crate) is_down: AtomicBool,
    pub(crate) asked: AtomicUsize,
}

#[derive(Debug)]
pub(crate) struct Ready(Arc<AtomicUsize>);

impl Drop for Ready {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// An output that is counted while it is in memory.
struct Output(Bytes, #[expect(dead_code, reason = "it counts")] Working);

impl AsRef<[u8]> for Output {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Work that is counted while it is not dropped.
struct Working(Arc<AtomicUsize>);

impl Working {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Run for Robot {
    type Prepared = Ready;

    async fn prepare(&self, program: &Program) -> Result<Ready> {
        self.prepared.fetch_add(1, Ordering::SeqCst);
        match program.place(program.root()).map_or(0, |place| place.line) {
            FAILS => return Err(Error::prepare("it does not please")),
            PANICS => panic!("as asked"),
            HANGS => {
                let _working = Working::new(&self.working);
                std::future::pending::<()>().await;
            }
            _ => tokio::task::yield_now().await,
        }
        self.held.fetch_add(1, Ordering::SeqCst);
        Ok(Ready(Arc::clone(&self.held)))
    }

    async fn execute(&self, _: &Ready, input: Bytes) -> Result<Bytes> {
        let _working = Working::new(&self.working);
        let output = match input.first() {
            Some(b'e') => Err(Error::execution("as asked")),
            Some(b'p') => panic!("as asked"),
            Some(b'w') => std::future::pending().await,
            Some(b's') => {
                tokio::time::sleep(Duration::from_millis(1)).await;
                Ok(input)
            }
            Some(b'b') => Ok(big(&input)),
            // `o` is `b`, and counts.
            Some(b'o') => Ok(Bytes::from_owner(Output(big(&input), Working::new(&self.outputs)))),
            _ => Ok(input),
        };
        self.finished.fetch_add(1, Ordering::SeqCst);
        output
    }

    fn execute_chunks<'a>(
        &'a self,
        ready: &'a Ready,
        input: Bytes,
    ) -> impl Stream<Item = Result<Bytes>> + Send + 'a {
        // `c` is `b` in pieces of 10 000 bytes; `d` is in pieces of 2 000 000 bytes and fails in the end.
        if let Some(kind @ (b'c' | b'd')) = input.first().copied() {
            let size = if kind == b'c' { 10_000 } else { 2_000_000 };
            let whole = big(&input);
            let working = Working::new(&self.working);
            stream::unfold((whole, working), move |(mut whole, working)| async move {
                if whole.is_empty() {
                    return (kind == b'd')
                        .then(|| (Err(Error::execution("as asked")), (Bytes::from_static(b"x"), working)));
                }
                let piece = whole.split_to(whole.len().min(size));
                Some((Ok(piece), (whole, working)))
            })
            .left_stream()
        } else {
            stream::once(self.execute(ready, input)).right_stream()
        }
    }

    async fn get_interface(&self) -> Result<String> {
        Ok("func robot(x: Text): Text\n".repeat(1000))
    }

    async fn shutdown(&self) -> Result<()> {
        self.shut.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn ready(&self) -> Result<()> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match self.is_down.load(Ordering::SeqCst) {
            true => Err(Error::new(Code::Unavailable, "as asked")),
            false => Ok(()),
        }
    }

    async fn describe(&self) -> Result<Description> {
        Ok(Description { cancels: true, ..Description::new("robot", "1") })
    }

    fn weight(&self, program: &Program, _: &Ready) -> u64 {
        match program.place(program.root()) {
            Some(place) if place.line > HEAVY => u64::from(place.line - HEAVY) << 10,
            _ => program.memory_bytes(),
        }
    }
}

/// Lines of the root by which [`program`] fails, panics or hangs in `prepare`.
pub(crate) const FAILS: u32 = 1001;
pub(crate) const PANICS: u32 = 1002;
pub(crate) const HANGS: u32 = 1003;

/// Programs of larger lines weigh as many KiB as theirs are more.
pub(crate) const HEAVY: u32 = 10_000;

/// One of many programs, all different in their bytes.
pub(crate) fn program(line: u32) -> Program {
    let mut types = TypeTable::new();
    let int = types.prim(Prim::Int64);
    let parts = Parts {
        types,
        input: int,
        output: int,
        body: vec![Expr { kind: Kind::Local(INPUT), ty: int }],
        sources: vec!["a.lt".into()],
        places: vec![SourcePlace { source: 0, line, column: 1 }],
        ..Parts::default()
    };
    Program::new(parts).unwrap()
}

/// A program of at least so many bytes.
pub(crate) fn large_program(bytes: usize) -> Program {
    let mut parts = program(1).parts().clone();
    parts.sources = vec!["x".repeat(bytes)];
    Program::new(parts).unwrap()
}

/// An input that asks for so many bytes of output.
pub(crate) fn ask_big(kind: u8, bytes: u64) -> Bytes {
    [&[kind][..], &bytes.to_le_bytes()].concat().into()
}

/// The output of such an input, in which no two places look alike. One that was mutated may ask for too much.
pub(crate) fn big(input: &[u8]) -> Bytes {
    let size = input.get(1..9).map_or(0, |size| u64::from_le_bytes(size.try_into().unwrap()));
    (0..size.min(1 << 28))
        .map(|index| (index ^ (index >> 8) ^ (index >> 16)) as u8)
        .collect::<Vec<u8>>()
        .into()
}

pub(crate) fn server(limits: ServerLimits) -> (Server<Robot>, Arc<Robot>) {
    server_with(ServerOptions::new().with_limits(limits))
}

/// What the runner says of itself, and the limits that the server adds.
pub(crate) fn check_description(mut described: Description, own: &Description) {
    let added = described.limits.split_off(own.limits.len());
    assert_eq!(described, *own);
    let names: Vec<_> = added.iter().map(|(name, _)| name.as_str()).collect();
    let expected =
        ["request_time_ms", "executing", "prepared_programs", "prepared_bytes", "client_prepared_bytes"];
    assert_eq!(names, expected);
}

pub(crate) fn server_with(options: ServerOptions) -> (Server<Robot>, Arc<Robot>) {
    let robot = Arc::new(Robot::default());
    (Server::new(Arc::clone(&robot), options), robot)
}

pub(crate) async fn client(server: &Server<Robot>) -> Client {
    Client::new(server.connect(), ClientOptions::new()).await.unwrap()
}

/// Waits for something that is going to happen.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(LONG, waiting).await.unwrap_or_else(|_| panic!("never happened: {what}"));
}

pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(LONG, future).await.expect("took far too long")
}

pub(crate) fn code<T>(result: Result<T>) -> Code {
    result.err().expect("an error").code()
}

/// The name of the limit that an error tells of.
pub(crate) fn limit_of(error: &Error) -> Option<&str> {
    error.details().iter().find_map(|detail| match detail {
        runner_core::Detail::Limit { name, .. } => Some(name.as_str()),
        _ => None,
    })
}

/// A client that sends what it likes.
pub(crate) struct Raw {
    pub(crate) stream: DuplexStream,
    buffer: BytesMut,
}

impl Raw {
    pub(crate) fn new(stream: DuplexStream) -> Self {
        Self { stream, buffer: BytesMut::new() }
    }

    /// A client that was let in.
    pub(crate) async fn greeted(server: &Server<Robot>) -> Self {
        let mut raw = Self::new(server.connect());
        raw.send_bytes(&hello()).await;
        raw.preface().await;
        assert!(matches!(raw.receive().await, Some((Response::Welcome { .. }, _))));
        raw
    }

    /// One that has prepared program 0 as well.
    pub(crate) async fn prepared(server: &Server<Robot>) -> Self {
        let mut raw = Self::greeted(server).await;
        raw.send(Request::Prepare { id: 0, program: 0, more: false }, program(1).bytes()).await;
        assert_eq!(raw.receive().await.unwrap().0, Response::Output { id: 0, more: false });
        raw
    }

    pub(crate) async fn send(&mut self, request: Request, body: &[u8]) {
        let mut out = BytesMut::new();
        request.encode(body, &mut out).unwrap();
        self.send_bytes(&out).await;
    }

    /// Sends what the server takes; it may have closed the connection.
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        let _ = soon(self.stream.write_all(bytes)).await;
    }

    pub(crate) async fn preface(&mut self) {
        let mut preface = [0; 5];
        soon(self.stream.read_exact(&mut preface)).await.unwrap();
        assert_eq!(preface, PREFACE);
    }

    /// The next message and its body; `None` at the end.
    pub(crate) async fn receive(&mut self) -> Option<(Response, Bytes)> {
        loop {
            if let Some(frame) = runner_binary::take_frame(&mut self.buffer, 1 << 20).unwrap() {
                return Some(Response::decode(frame).unwrap());
            }
            if soon(self.stream.read_buf(&mut self.buffer)).await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    /// The answer to a request, as far as it came, and how it failed.
    pub(crate) async fn answer(&mut self, wanted: u32) -> (Vec<u8>, Option<Error>) {
        let mut whole = Vec::new();
        loop {
            match self.receive().await.expect("an answer") {
                (Response::Output { id, more }, body) if id == wanted => {
                    whole.extend_from_slice(&body);
                    if !more {
                        return (whole, None);
                    }
                }
                (Response::Failed { id, error }, _) if id == wanted => return (whole, Some(error)),
                _ => {}
            }
        }
    }

    /// The reason that the server gives for the end.
    pub(crate) async fn goodbye(&mut self) -> Option<Error> {
        let mut reason = None;
        while let Some((response, _)) = self.receive().await {
            if let Response::Goodbye { error } = response {
                reason = error;
            }
        }
        reason
    }
}

/// The first bytes of a client.
pub(crate) fn hello() -> BytesMut {
    let mut out = BytesMut::from(&PREFACE[..]);
    Request::Hello { frame_bytes: 65_536, token: None, name: "raw".into() }.encode(&[], &mut out).unwrap();
    out
}
