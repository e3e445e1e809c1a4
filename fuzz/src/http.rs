//! Bodies of HTTP requests, and whatever else a client sends to a served interpreter.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use runner_core::{Cancel, Code, Error, Program, adapt::Pooled};
use runner_http::{Function, Param, Server, ServerLimits, ServerOptions};
use runner_interpreter::Interpreter;
use runner_lang::{Project, compile};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    runtime::Runtime,
    time::timeout,
};

use super::program::{SOURCES, bounded, double};

/// Time in which a connection ends, if it ends at all.
const LONG: Duration = Duration::from_secs(60);

/// What stands before the body: method, path, headers of the content. The last one is for bytes that are a head, too.
const HEADS: [&str; 12] = [
    "POST /v1/programs|application/vnd.runner.program",
    "POST /v1/programs|text/x-lutra",
    "POST /v1/programs/ID/execute|application/json",
    "POST /v1/programs/ID/execute|application/vnd.postcard",
    "POST /v1/run|application/json",
    "POST /v1/run|application/vnd.postcard",
    "POST /v1/run|text/x-lutra",
    "POST /v1/functions/totals|application/json",
    "POST /v1/functions/totals|application/json; charset=utf-8\r\nContent-Encoding: gzip",
    "POST /v1/functions/totals|application/json\r\nContent-Encoding: br",
    "POST /v1/functions/totals|application/json\r\nContent-Encoding: zstd",
    "",
];

const TOTALS: &str = "
type Order: {customer: Text, amount: Decimal?, tags: [Text]}
func totals(orders: [Order], least: Float64): [{name: Text, count: Int64}] ->
  orders | group(o -> o.customer) | map(g -> {name = g.key, count = g.values | count})";

const ORDERS: &str = r#"{"orders": [{"customer": "Ada", "amount": "1.50", "tags": ["a"]}], "least": 1e2}"#;

/// `ORDERS`, compressed.
const GZIP: &[u8] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xabV\xca/JI-*V\xb2R\x88\xaeVJ.-.\xc9\xcfM-\x02\xf2\
    \x94\x1cS\x12\x95t\x14\x94\x12s\xf3K\xf3J@\x02\x86z\xa6\x06 \x91\x92\xc4t\xb0r\xa5D\xa5\xd8\
    \xdaX\xa0@Njb1H\x85a\xaaQ-\x00^0\xaa'P\x00\x00\x00";

/// The connection ends, its answers are HTTP, none says that the server is at fault, and others are served.
pub fn check(bytes: &[u8]) {
    static SCENE: OnceLock<(Runtime, Server<Pooled<Interpreter>>)> = OnceLock::new();
    let (runtime, server) = SCENE.get_or_init(|| {
        let runner = Arc::new(Pooled::new(bounded(), 1).unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        (runtime, Server::new(runner, options()))
    });
    let Some((choice, rest)) = bytes.split_first() else { return };
    // What is no whole request waits for more until the client hangs up, which gives up one that is.
    let (request, hangs_up) = match HEADS[usize::from(*choice) % HEADS.len()] {
        "" => (rest.to_vec(), true),
        head => (request(head, rest), false),
    };
    runtime.block_on(async {
        let answer = timeout(LONG, throw(server, &request, hangs_up)).await.expect("the connection ends");
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 "), "{}", answer.escape_ascii());
        assert!(!answer.starts_with(b"HTTP/1.1 500"), "{}", answer.escape_ascii());
        let program = request_of(0, double().bytes());
        let known = timeout(LONG, throw(server, &program, false)).await.expect("others are served");
        assert!(known.starts_with(b"HTTP/1.1 20"), "{}", known.escape_ascii());
        let answer =
            timeout(LONG, throw(server, &request_of(2, b"21"), false)).await.expect("others are served");
        assert!(answer.ends_with(b"\r\n\r\n42"), "{}", answer.escape_ascii());
    });
}

pub fn seeds() -> Vec<Vec<u8>> {
    let program = double();
    let source = SOURCES[2].as_bytes();
    let run = format!(r#"{{"source": "{}", "program": "main", "input": 3}}"#, SOURCES[0]);
    let both = postcard::to_allocvec(&(program.bytes(), &[6u8][..])).unwrap();
    let bodies: [&[u8]; 11] = [
        program.bytes(),
        source,
        b"21",
        &[42],
        run.as_bytes(),
        &both,
        source,
        ORDERS.as_bytes(),
        GZIP,
        b"\x0b\x02\x80{}\x03",
        b"\x28\xb5\x2f\xfd\x20\x02\x11\x00\x00{}",
    ];
    let seeds = bodies.iter().enumerate();
    let mut seeds: Vec<Vec<u8>> = seeds.map(|(choice, body)| [&[choice as u8], *body].concat()).collect();
    let last = HEADS.len() as u8 - 1;
    for head in [0, 2, 7] {
        seeds.push([&[last][..], &request_of(head, bodies[head])].concat());
    }
    for get in ["/healthz", "/openapi.json", "/metrics", "/v1/interface", "/v1/describe"] {
        let head = format!("GET {get} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n");
        seeds.push([&[last][..], head.as_bytes()].concat());
    }
    seeds
}

fn options() -> ServerOptions {
    let limits = ServerLimits {
        prepared_programs: 8,
        program_bytes: 100_000,
        source_bytes: 10_000,
        input_bytes: 100_000,
        output_bytes: 100_000,
        // What waits for a word that does not come ends soon.
        request_time: Duration::from_millis(200),
        ..ServerLimits::default()
    };
    let params = vec![Param::new("orders"), Param::new("least").with_default("1")];
    let totals = Function::new("totals", compiled(TOTALS, "totals").unwrap(), params).unwrap();
    ServerOptions::new().with_limits(limits).with_compile(sent).with_function(totals)
}

fn sent(source: &str, program: &str, _: &Cancel) -> Result<Program, Error> {
    compiled(source, program)
}

fn compiled(source: &str, program: &str) -> Result<Program, Error> {
    let compiled = compile(&Project::from_source("fuzz.lt", source), program);
    compiled.map(|compiled| compiled.program).map_err(|_| Error::new(Code::PrepareError, "it has errors"))
}

fn request_of(head: usize, body: &[u8]) -> Vec<u8> {
    request(HEADS[head], body)
}

/// A request of one of the heads, after which the connection ends.
fn request(head: &str, body: &[u8]) -> Vec<u8> {
    let (line, content) = head.split_once('|').unwrap();
    let line = line.replace("ID", &double().id().to_string());
    let head = format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\nContent-Type: {content}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Sends the bytes, hangs up if that is what this client does, and reads what comes.
async fn throw(server: &Server<Pooled<Interpreter>>, bytes: &[u8], hangs_up: bool) -> Vec<u8> {
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let (mut read, mut write) = tokio::io::split(ours);
    let mut answer = Vec::new();
    let sending = async {
        // The server may have hung up before.
        let _ = write.write_all(bytes).await;
        if hangs_up {
            let _ = write.shutdown().await;
        }
    };
    let (answered, (), ()) = tokio::join!(read.read_to_end(&mut answer), sending, server.serve(theirs));
    answered.unwrap();
    answer
}
