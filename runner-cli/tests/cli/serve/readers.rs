//! Readers that stop: what they leave unread is bounded, whatever their number.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
};

use super::{Server, folder, post, until};

/// Forty megabytes, which are a part of something else.
const WHOLE: &str = "func main(): {[Int64]} -> {sequence(1_000_000, 11_000_000)}\n";

/// Forty megabytes that can go out while they are made.
const PIECES: &str =
    "func main(): [Int64] -> sequence(-5, 10_000_000) | filter(x -> x >= 0) | map(x -> x + 1_000_000)\n";

/// Each of them would hold its output.
const READERS: usize = 16;

#[test]
fn outputs_that_are_one_piece_take_no_more_than_the_limit() {
    let folder = folder();
    let limits = ["--limit-buffered-output-bytes", "100MB", "--limit-executing", "2"];
    let server = start(&folder, &limits);
    let readers = stopped(&server, WHOLE);
    let answered =
        |status| metric(&server, &format!("requests_total{{route=\"/v1/run\",status=\"{status}\"}}"));
    until("all are answered", || answered(200) + answered(429) == READERS);
    assert!(answered(200) > 0, "what fits is answered");
    assert!(answered(429) > 0, "what does not fit is refused");
    let resident = resident(&server);
    assert!(resident < 300_000, "{resident} kB, where outputs may take 100 MB");
    others_are_served(&server, readers);
    server.stop();
}

#[test]
fn outputs_that_are_one_piece_wait_on_disk() {
    let folder = folder();
    let server = start(&folder, &["--spool-dir", ".", "--limit-request-time", "10m"]);
    let mut readers = stopped(&server, WHOLE);
    let all = READERS as u64 * 40_000_000;
    until("most is on disk", || metric(&server, "output_bytes_on_disk") as u64 > all * 9 / 10);
    let resident = resident(&server);
    assert!(resident < 250_000, "{resident} kB, where all outputs would be 640 MB");
    let mut answer = Vec::new();
    readers.pop().unwrap().take(40_000_000).read_to_end(&mut answer).unwrap();
    let body = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let mut numbers = answer.get(body..).unwrap();
    // The number of items, and then zigzag varints.
    let mut next = || {
        let mut value = 0_u64;
        for shift in (0..).step_by(7) {
            let (byte, rest) = numbers.split_first()?;
            numbers = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    };
    assert_eq!(next(), Some(10_000_000));
    let mut expected = 1_000_000;
    while let Some(value) = next() {
        assert_eq!(value, 2 * expected);
        expected += 1;
    }
    assert!(expected > 10_500_000, "{expected}");
    others_are_served(&server, readers);
    until("the disk is free", || metric(&server, "output_bytes_on_disk") == 0);
    server.stop();
}

#[test]
fn outputs_that_are_made_as_they_go_are_not_held() {
    let folder = folder();
    let server = start(&folder, &[]);
    let readers = stopped(&server, PIECES);
    let answered = || metric(&server, "requests_total{route=\"/v1/run\",status=\"200\"}");
    until("all have begun", || answered() == READERS);
    let resident = resident(&server);
    assert!(resident < 250_000, "{resident} kB, where all outputs would be 640 MB");
    others_are_served(&server, readers);
    server.stop();
}

fn start(folder: &super::Folder, limits: &[&str]) -> Server {
    Server::start(folder, &[&["--http", "127.0.0.1:0", "--allow-source"], limits].concat())
}

/// Readers that ask and do not read.
fn stopped(server: &Server, source: &str) -> Vec<TcpStream> {
    let ask = |_| {
        let mut stream = TcpStream::connect(address(server)).unwrap();
        let head = "POST /v1/run HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/x-lutra\r\n\
            accept: application/vnd.postcard\r\ncontent-length:";
        write!(stream, "{head} {}\r\n\r\n{source}", source.len()).unwrap();
        stream
    };
    (0..READERS).map(ask).collect()
}

/// Others are served while there are such readers, and nothing is held when they are gone.
fn others_are_served(server: &Server, readers: Vec<TcpStream>) {
    let answer = post(server.url(), "/v1/run", "text/x-lutra", "const main = [1, 2, 3]");
    assert!(answer.ends_with("[1,2,3]") || answer.contains("buffered_output_bytes"), "{answer}");
    drop(readers);
    until("what was held is let go of", || metric(server, "output_bytes_held") == 0);
    let answer = post(server.url(), "/v1/run", "text/x-lutra", "const main = [1, 2, 3]");
    assert!(answer.ends_with("[1,2,3]"), "{answer}");
}

/// Resident memory in kB.
fn resident(server: &Server) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    resident.trim().trim_end_matches(" kB").parse().unwrap()
}

fn metric(server: &Server, name: &str) -> usize {
    let mut stream = TcpStream::connect(address(server)).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let name = format!("runner_http_{name} ");
    text.lines().find_map(|line| line.strip_prefix(&name)).map_or(0, |value| value.trim().parse().unwrap())
}

fn address(server: &Server) -> &str {
    server.url().trim_start_matches("http://")
}
