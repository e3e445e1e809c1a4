//! What hostile peers can make a server allocate: counted, for one kind of peer after the other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(unsafe_code, reason = "an allocator that counts")]
#![cfg(feature = "tokio")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};
use runner_binary::{PREFACE, Request, Server, ServerLimits, ServerOptions};
use runner_core::{Code, Error, Expr, INPUT, Kind, Parts, Prim, Program, Result, Run, TypeTable};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    time::timeout,
};

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

struct Counting;

impl Counting {
    fn grown(bytes: usize) {
        PEAK.fetch_max(HELD.fetch_add(bytes, Relaxed) + bytes, Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator unchanged; only numbers are kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::grown(layout.size());
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Answers everything with an output that has no end, or with the input if it is not empty.
struct Endless;

impl Run for Endless {
    type Prepared = ();

    async fn prepare(&self, _: &Program) -> Result<()> {
        Ok(())
    }

    async fn execute(&self, (): &(), _: Bytes) -> Result<Bytes> {
        Err(Error::new(Code::Unsupported, "there is no end"))
    }

    fn execute_chunks<'a>(&'a self, (): &'a (), _: Bytes) -> impl Stream<Item = Result<Bytes>> + Send + 'a {
        const ZEROS: Bytes = Bytes::from_static(&[0; 64 << 10]);
        stream::repeat(Ok(ZEROS))
    }

    async fn get_interface(&self) -> Result<String> {
        Ok("x".repeat(10_000))
    }

    async fn shutdown(&self) -> Result<()> {
        Ok(())
    }
}

const FRAME: usize = 64 << 10;
const INPUTS: usize = 1 << 20;

/// What a connection may hold besides frames and outputs: its own state, its slots, a read buffer.
const CONNECTION: usize = 96 << 10;

/// Bytes that may be encoded and not yet written, and as much being written.
const UNSENT: usize = 1 << 20;

fn limits() -> ServerLimits {
    ServerLimits {
        requests: 64,
        programs: 16,
        frame_bytes: FRAME as u32,
        output_bytes: u64::MAX,
        buffered_input_bytes: INPUTS as u64,
        ..ServerLimits::default()
    }
}

/// Bytes of a peer, how many such peers there are, and what they may cost all together.
fn peers() -> Vec<(&'static str, usize, Vec<u8>, usize)> {
    let execute = |id, credit, more| Request::Execute { id, program: 0, credit, more };
    let none: &[u8] = &[];
    let mut unfinished = hello();
    unfinished.extend_from_slice(&(FRAME as u32).to_le_bytes());
    unfinished.extend_from_slice(&vec![3; FRAME - 1]);
    let pings = (0..100_000).map(|nonce| (Request::Ping { nonce }, none));
    let unknown =
        (0..100_000).map(|_| (Request::Execute { id: 1, program: 9, credit: 0, more: false }, none));
    let unnumbered = (0..100_000).map(|id| (execute(u32::MAX - id, 0, false), none));
    let junk = [0x55; 40_000];
    let inputs = (0..64).map(|id| (execute(id, 0, true), &junk[..]));
    let outputs = (0..64).map(|id| (execute(id, u64::MAX, false), none));
    let windows = (0..64).map(|id| (execute(id, 1, false), none));
    let interfaces = (0..64).map(|id| (Request::Interface { id, credit: 0 }, none));
    let small = vec![(Request::Body { id: 0, more: true }, none); 100_000];
    let fed = [(execute(0, 0, true), none)].into_iter().chain(small);
    vec![
        ("frames of 4 GiB", 100, [&hello()[..], &[0xff; 4]].concat(), 100 * CONNECTION),
        ("frames that lack a byte", 100, unfinished.to_vec(), 100 * (CONNECTION + 2 * FRAME)),
        ("pings that nobody reads", 4, session(pings), 4 * (CONNECTION + UNSENT)),
        ("executes of what is not there", 4, session(unknown), 4 * (CONNECTION + UNSENT)),
        ("ids beyond the limit", 4, session(unnumbered), 4 * (CONNECTION + UNSENT)),
        ("inputs that do not end", 20, session(inputs), 20 * (CONNECTION + UNSENT) + 3 * INPUTS),
        ("outputs that nobody reads", 4, session(outputs), 4 * (CONNECTION + UNSENT)),
        ("outputs without credit", 4, session(windows), 4 * (CONNECTION + UNSENT)),
        ("interfaces without credit", 4, session(interfaces), 4 * (CONNECTION + UNSENT)),
        ("an input in many frames", 4, session(fed), 4 * (CONNECTION + UNSENT)),
    ]
}

#[test]
fn memory_stays_within_the_limits() {
    for (name, count, bytes, allowed) in peers() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let server = Server::new(Arc::new(Endless), ServerOptions::new().with_limits(limits()));
        let before = HELD.load(Relaxed);
        PEAK.store(before, Relaxed);
        let mut peers: Vec<DuplexStream> = Vec::new();
        runtime.block_on(async {
            for _ in 0..count {
                let (mut ours, theirs) = duplex(512);
                let server = server.clone();
                tokio::spawn(async move { server.serve(theirs).await });
                // All that the server takes; it is not told to wait.
                let _ = timeout(Duration::from_millis(200), ours.write_all(&bytes)).await;
                peers.push(ours);
            }
            let used = PEAK.load(Relaxed) - before;
            assert!(used <= allowed, "{name}: {used} bytes, where {allowed} are allowed");
            echo(&server).await;
        });
    }
}

/// Somebody else asks something.
async fn echo(server: &Server<Endless>) {
    let mut other = server.connect();
    other.write_all(&session([(Request::Ping { nonce: 7 }, &[][..])])).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(&[2, 0, 0, 0, 3, 7]) {
        let read = timeout(Duration::from_secs(60), other.read_buf(&mut answer)).await.unwrap();
        assert!(read.unwrap() > 0, "the server closed the connection");
    }
}

/// A greeting, a program of number 0, and messages.
fn session<'a>(messages: impl IntoIterator<Item = (Request, &'a [u8])>) -> Vec<u8> {
    let mut types = TypeTable::new();
    let int = types.prim(Prim::Int64);
    let body = vec![Expr { kind: Kind::Local(INPUT), ty: int }];
    let program = Program::new(Parts { types, input: int, output: int, body, ..Parts::default() }).unwrap();
    let mut out = hello();
    let prepare = Request::Prepare { id: 0, program: 0, more: false };
    prepare.encode(program.bytes(), &mut out).unwrap();
    for (message, body) in messages {
        message.encode(body, &mut out).unwrap();
    }
    out.to_vec()
}

fn hello() -> BytesMut {
    let mut out = BytesMut::from(&PREFACE[..]);
    let hello = Request::Hello { frame_bytes: 1 << 20, token: None, name: String::new() };
    hello.encode(&[], &mut out).unwrap();
    out
}
