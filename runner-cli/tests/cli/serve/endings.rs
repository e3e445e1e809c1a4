//! How servers end, and what becomes of requests.

use std::{
    io::Write,
    process::Stdio,
    time::{Duration, Instant},
};

use super::{Server, folder, in_thread, path, until};

/// Takes about a second, and is the same on every machine.
const LONGISH: &str =
    "func main(n: Int64): Int64 ->\n  sequence(0, n) | fold(0, func (acc, x) -> (acc * 31 + x) % 1000003)\n";

#[test]
fn a_request_is_finished_within_the_grace() {
    let folder = folder();
    folder.write("longish.lt", LONGISH);
    let socket = format!("unix://{}", path(&folder, "a.sock"));
    let mut listen = vec!["--listen", "tcp://127.0.0.1:0", "--listen", &socket];
    if cfg!(feature = "http") {
        listen.extend(["--http", "127.0.0.1:0"]);
    }
    for index in 0..listen.len() / 2 {
        let server = Server::start(&folder, &listen);
        let url = server.urls.get(index).unwrap();
        let run = ["run", "longish.lt", "--arg", "n=20_000_000", "--runner", url];
        let work = in_thread(&folder, &run);
        server.until_busy();
        let log = server.stop();
        assert!(log.contains("told to end"), "{log}");
        let expected = folder.run(&["run", "longish.lt", "--arg", "n=20_000_000"]);
        assert_eq!(work.join().unwrap().fine(), expected.fine(), "over {:?}", listen.get(2 * index + 1));
    }
}

#[test]
fn after_the_grace_it_is_cancelled() {
    let folder = folder();
    let mut listens = vec![vec!["--listen", "tcp://127.0.0.1:0"]];
    if cfg!(feature = "http") {
        listens.push(vec!["--http", "127.0.0.1:0"]);
    }
    for listen in listens {
        let server = Server::start(&folder, &[&listen[..], &["--grace", "300ms"]].concat());
        let work = in_thread(&folder, &["run", "endless.lt", "--runner", server.url()]);
        server.until_busy();
        let before = Instant::now();
        server.stop();
        assert!(before.elapsed() >= Duration::from_millis(300));
        work.join().unwrap().failed(3, &["UNAVAILABLE"]);
    }
}

/// More work than there are workers, of programs that would go on for years.
#[test]
fn after_the_grace_it_ends_whatever_runs() {
    let programs = [
        ("loop.lt", super::ENDLESS),
        (
            "filter.lt",
            "func main(): Int64 -> sequence(0, 1_000_000_000_000_000) | filter(x -> x < 0) | count\n",
        ),
    ];
    let folder = folder();
    for (name, source) in programs {
        folder.write(name, source);
        let listen = ["--listen", "tcp://127.0.0.1:0", "--workers", "1", "--grace", "200ms"];
        for second in [None, Some("-TERM")] {
            let server = Server::start(&folder, &listen);
            let work: Vec<_> =
                (0..3).map(|_| in_thread(&folder, &["run", name, "--runner", server.url()])).collect();
            server.until_busy();
            server.signal("-TERM");
            if let Some(second) = second {
                server.signal(second);
            }
            // With 143 if it was told again before it had ended.
            let (status, log) = server.end();
            assert!(
                status.code() == Some(0) || second.is_some() && status.code() == Some(143),
                "{name}: {log}"
            );
            for call in work {
                let _ = call.join().unwrap();
            }
        }
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let folder = folder();
    for (name, code) in [("-TERM", 143), ("-INT", 130)] {
        let server = Server::start(&folder, &["--listen", "tcp://127.0.0.1:0", "--grace", "1h"]);
        let work = in_thread(&folder, &["run", "endless.lt", "--runner", server.url()]);
        server.until_busy();
        server.signal("-TERM");
        // It takes nothing new, which is how it shows that it was told.
        let run = ["run", "double.lt", "--arg", "xs=[]", "--runner", server.url()];
        until("it takes nothing new", || folder.run(&run).code == 3);
        server.signal(name);
        let (status, log) = server.end();
        assert_eq!(status.code(), Some(code), "{log}");
        work.join().unwrap().failed(3, &["UNAVAILABLE"]);
    }
}

#[test]
fn a_server_that_is_killed() {
    let folder = folder();
    let mut listens = vec![vec!["--listen", "tcp://127.0.0.1:0"]];
    if cfg!(feature = "http") {
        listens.push(vec!["--http", "127.0.0.1:0"]);
    }
    for listen in listens {
        let server = Server::start(&folder, &listen);
        let work = in_thread(&folder, &["run", "endless.lt", "--runner", server.url()]);
        server.until_busy();
        server.signal("-KILL");
        work.join().unwrap().failed(3, &["UNAVAILABLE"]);
        server.end();
    }
}

#[test]
fn a_client_that_is_killed_stops_its_work() {
    let folder = folder();
    let server = Server::start(&folder, &["--listen", "tcp://127.0.0.1:0"]);
    let mut client = super::runner();
    client.args(["run", "endless.lt", "--runner", server.url()]).current_dir(folder.path());
    let mut client = client.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    server.until_busy();
    client.kill().unwrap();
    client.wait().unwrap();
    until("the server is idle", || {
        let before = server.ticks();
        std::thread::sleep(Duration::from_millis(300));
        server.ticks() <= before + 3
    });
    server.stop();
}

#[test]
fn standard_input_ends() {
    let folder = folder();
    let serve = |more: &[&str]| {
        let mut command = Server::command(&folder, &[&["--stdio"], more].concat());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut child = serve(&[]);
    drop(child.stdin.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stdout), (Some(0), Vec::new()));

    // With it ends all that is served beside it.
    let mut child = serve(&["--listen", "tcp://127.0.0.1:0"]);
    drop(child.stdin.take());
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));

    let mut child = serve(&[]);
    child.stdin.take().unwrap().write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("DECODE_ERROR"), "{stderr}");
}
