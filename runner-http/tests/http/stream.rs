//! Large outputs: piece by piece, at the reader's pace.

use std::sync::{Arc, atomic::Ordering};

use futures_util::StreamExt;
use runner_core::{Code, Run};
use runner_http::{ClientOptions, ServerLimits, ServerOptions, Spool};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Duration, timeout},
};

use crate::{
    robot::{PIECE, Robot, order, say},
    support::{LONG, serve_runner},
};

fn json(count: u64) -> String {
    let numbers: Vec<String> = (0..count).map(|number| number.to_string()).collect();
    format!("[{}]", numbers.join(","))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_output_comes_in_pieces_in_both_encodings() {
    let served = serve_runner(Arc::new(Robot::default()), ServerOptions::new()).await;
    let client = served.client();
    let prepared = client.prepare(&order(0)).await.unwrap();
    for count in [0, 1, PIECE, PIECE + 1, 20 * PIECE] {
        let numbers: Vec<i64> = (0..count as i64).collect();
        let expected = postcard::to_allocvec(&numbers).unwrap();
        let output = client.execute(&prepared, say(&format!("count {count}"))).await.unwrap();
        assert!(output == expected, "{count}");
        let pieces: Vec<_> = client.execute_chunks(&prepared, say(&format!("count {count}"))).collect().await;
        let pieces: Vec<_> = pieces.into_iter().map(|piece| piece.unwrap()).collect();
        assert!(count < PIECE || pieces.len() > 1 || count == PIECE);
        assert!(pieces.concat() == expected, "{count}");

        let head =
            format!("POST /v1/programs/{}/execute HTTP/1.1\nContent-Type: application/json", order(0).id());
        let answer = served.ask(&head, format!("\"count {count}\"").as_bytes()).await;
        assert!(answer.is_whole && answer.text() == json(count), "{count} {}", answer.head);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stops_holds_the_work_back() {
    let robot = Arc::new(Robot::default());
    let served = serve_runner(Arc::clone(&robot), ServerOptions::new()).await;
    served.client().prepare(&order(0)).await.unwrap();
    for media in ["application/json", "application/vnd.postcard"] {
        robot.pieces.store(0, Ordering::SeqCst);
        // A few GB, of which sockets and buffers hold a few MB.
        let count = 200_000_000;
        let body = format!("\"count {count}\"");
        let head = format!(
            "POST /v1/programs/{}/execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: {media}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            order(0).id(),
            body.len()
        );
        let mut stream = TcpStream::connect(&served.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut buffer = vec![0; 1 << 20];
        stream.read_exact(&mut buffer).await.unwrap();
        let (mut last, mut still) = (0, 0);
        let settled = async {
            while still < 20 {
                tokio::time::sleep(Duration::from_millis(10)).await;
                let now = robot.pieces.load(Ordering::SeqCst);
                still = if now == last { still + 1 } else { 0 };
                last = now;
            }
        };
        timeout(LONG, settled).await.expect("the work goes on for nobody");
        assert!(last < count / PIECE / 10, "{last} pieces are in buffers");
        // It goes on with the reader, and ends with it.
        for _ in 0..32 {
            stream.read_exact(&mut buffer).await.unwrap();
        }
        assert!(robot.pieces.load(Ordering::SeqCst) > last);
        drop(stream);
        let ended = async {
            while robot.working.load(Ordering::SeqCst) > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LONG, ended).await.expect("the work goes on for nobody");
    }
}

/// An output of one piece that nobody reads goes to disk, and comes from there.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stops_holds_no_memory_of_a_whole_output() {
    for spool in [Spool::default(), Spool::off()] {
        let is_off = format!("{spool:?}").contains("off");
        let robot = Arc::new(Robot::default());
        let served = serve_runner(Arc::clone(&robot), ServerOptions::new().with_spool(spool.clone())).await;
        served.client().prepare(&order(0)).await.unwrap();
        let count = 8_000_000;
        let numbers: Vec<i64> = (0..count).collect();
        for media in ["application/json", "application/vnd.postcard"] {
            let expected = match media {
                "application/json" => json(count as u64).into_bytes(),
                _ => postcard::to_allocvec(&numbers).unwrap(),
            };
            let body = format!("\"whole {count}\"");
            let head = format!(
                "POST /v1/programs/{}/execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                 Accept: {media}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                order(0).id(),
                body.len()
            );
            let mut stream = TcpStream::connect(&served.address).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut answer = vec![0; 4 << 20];
            stream.read_exact(&mut answer).await.unwrap();
            assert_eq!(robot.outputs.load(Ordering::SeqCst), 1);
            if is_off {
                tokio::time::sleep(Duration::from_secs(3)).await;
                assert_eq!((robot.outputs.load(Ordering::SeqCst), spool.bytes()), (1, 0));
            } else {
                until(|| robot.outputs.load(Ordering::SeqCst) == 0).await;
                until(|| spool.bytes() > 10_000_000).await;
                let metrics = served.ask("GET /metrics HTTP/1.1", b"").await;
                assert!(!metrics.text().contains("output_bytes_on_disk 0\n"), "{}", metrics.text());
                assert!(!metrics.text().contains("output_bytes_held 0\n"), "{}", metrics.text());
            }
            stream.read_to_end(&mut answer).await.unwrap();
            let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
            let is_chunked = String::from_utf8_lossy(&answer[..end]).contains("chunked");
            let body = if is_chunked { unchunked(&answer[end..]) } else { answer[end..].to_vec() };
            assert!(body == expected, "{media}");
            until(|| spool.bytes() == 0 && robot.outputs.load(Ordering::SeqCst) == 0).await;
        }
    }
}

/// The content of a body in chunks.
fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    loop {
        let line = body.windows(2).position(|window| window == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&body[..line]).unwrap(), 16).unwrap();
        content.extend_from_slice(&body[line + 2..line + 2 + size]);
        body = &body[line + 2 + size + 2..];
        if size == 0 {
            return content;
        }
    }
}

async fn until(condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LONG, waiting).await.expect("it never happens");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_behind_the_head_reaches_a_client_and_breaks_off_for_others() {
    let served = serve_runner(Arc::new(Robot::default()), ServerOptions::new()).await;
    let client = served.client();
    let prepared = client.prepare(&order(0)).await.unwrap();
    let error = client.execute(&prepared, say("fail 50000")).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::ExecutionError, "as asked"));
    let pieces: Vec<_> = client.execute_chunks(&prepared, say("fail 50000")).collect().await;
    assert!(pieces[0].is_ok() && pieces.last().unwrap().is_err());

    let head =
        format!("POST /v1/programs/{}/execute HTTP/1.1\nContent-Type: application/json", order(0).id());
    for head in [head.clone(), format!("{head}\nTE: trailers")] {
        let answer = served.ask(&head, b"\"fail 50000\"").await;
        assert_eq!((answer.status, answer.is_whole), (200, false), "{}", answer.head);
    }
    // Before the head, it is a problem.
    served.ask(&head, b"\"fail 0\"").await.problem(422, "EXECUTION_ERROR");
    let error = client.execute(&prepared, say("error")).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Unavailable, "größer \u{1F980}"));
    assert!(!error.is_retryable() && error.details().len() == 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_are_bounded_on_both_sides() {
    let limits = ServerLimits { output_bytes: 100_000, ..Default::default() };
    let served = serve_runner(Arc::new(Robot::default()), ServerOptions::new().with_limits(limits)).await;
    let client = served.client();
    let prepared = client.prepare(&order(0)).await.unwrap();
    assert!(client.execute(&prepared, say("count 30000")).await.is_ok());
    let error = client.execute(&prepared, say("count 100000")).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted, "{error:?}");
    assert!(format!("{error:?}").contains("output_bytes"), "{error:?}");

    let served = serve_runner(Arc::new(Robot::default()), ServerOptions::new()).await;
    let client = served.client_with(ClientOptions::new().with_output_bytes(100_000));
    let prepared = client.prepare(&order(0)).await.unwrap();
    assert!(client.execute(&prepared, say("count 30000")).await.is_ok());
    let error = client.execute(&prepared, say("count 100000")).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted, "{error:?}");
}
