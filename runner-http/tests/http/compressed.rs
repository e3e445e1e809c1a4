//! Bodies that are compressed, both ways, and those that are bombs.

use std::io::{Read, Write};

use runner_core::Run;
use runner_http::{ServerLimits, ServerOptions};

use crate::support::{program, serve};

const ECHO: &str = "func main(x: Text): Text -> x";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    brotli::CompressorWriter::new(&mut out, 4096, 5, 22).write_all(bytes).unwrap();
    out
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

fn decoded(encoding: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match encoding {
        "gzip" => flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap(),
        "br" => brotli::Decompressor::new(bytes, 4096).read_to_end(&mut out).unwrap(),
        "zstd" => zstd::Decoder::new(bytes).unwrap().read_to_end(&mut out).unwrap(),
        other => panic!("{other}"),
    };
    out
}

type Encode = fn(&[u8]) -> Vec<u8>;
const ENCODINGS: [(&str, Encode); 3] = [("gzip", gzip), ("br", brotli), ("zstd", zstd)];

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_compressed_for_those_who_take_it() {
    let served = serve(ServerOptions::new()).await;
    let program = program(ECHO);
    served.client().prepare(&program).await.unwrap();
    let head = format!("POST /v1/programs/{}/execute HTTP/1.1\nContent-Type: application/json", program.id());
    let large = format!("\"{}\"", "abc ".repeat(100_000));
    for (encoding, _) in ENCODINGS {
        let head = format!("{head}\nAccept-Encoding: {encoding}");
        let answer = served.ask(&head, large.as_bytes()).await;
        assert_eq!(answer.header("content-encoding"), Some(encoding), "{}", answer.head);
        assert!(answer.is_whole && answer.body.len() < large.len() / 10);
        assert!(decoded(encoding, &answer.body) == large.as_bytes());
        let small = served.ask(&head, b"\"small\"").await;
        assert_eq!((small.header("content-encoding"), small.text()), (None, "\"small\""));
    }
    let answer = served.ask(&head, large.as_bytes()).await;
    assert!(answer.header("content-encoding").is_none() && answer.body == large.as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_may_be_compressed_up_to_their_limit() {
    let limits = ServerLimits { input_bytes: 1 << 20, ..Default::default() };
    let served = serve(ServerOptions::new().with_limits(limits)).await;
    let program = program(ECHO);
    let client = served.client();
    client.prepare(&program).await.unwrap();
    let head = format!("POST /v1/programs/{}/execute HTTP/1.1\nContent-Type: application/json", program.id());
    let fine = format!("\"{}\"", "x".repeat(1_000_000)).into_bytes();
    // More than a thousand times of what is sent.
    let bomb = vec![b' '; 200 << 20];
    for (encoding, encode) in ENCODINGS {
        let head = format!("{head}\nContent-Encoding: {encoding}");
        let answer = served.ask(&head, &encode(&fine)).await;
        assert!(answer.status == 200 && answer.body == fine, "{encoding} {}", answer.head);
        let packed = encode(&bomb);
        assert!(packed.len() * 1000 < bomb.len(), "{encoding}");
        let answer = served.ask(&head, &packed).await;
        answer.problem(413, "RESOURCE_EXHAUSTED");
        assert_eq!(answer.limit(), "input_bytes");
        let mut broken = encode(&fine);
        broken.truncate(broken.len() / 2);
        served.ask(&head, &broken).await.problem(400, "DECODE_ERROR");
        served.ask(&head, b"nonsense").await.problem(400, "DECODE_ERROR");
    }
    let metrics = served.ask("GET /metrics HTTP/1.1", b"").await;
    assert!(
        metrics.text().lines().any(|line| line == "runner_http_input_bytes_held 0"),
        "{}",
        metrics.text()
    );
}
