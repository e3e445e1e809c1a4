//! The log tells what happens, and nobody waits for it.

use std::{fs::OpenOptions, process::Stdio};

use super::{Server, folder};

#[test]
fn json() {
    let folder = folder();
    let server = Server::start(
        &folder,
        &["--listen", "tcp://127.0.0.1:0", "--log-format", "json", "--log-level", "debug"],
    );
    let url = server.url().to_owned();
    folder.run(&["run", "double.lt", "--arg", "xs=[]", "--runner", &url]).fine();
    let log = server.stop();
    for line in log.lines() {
        assert!(line.starts_with('{') && line.ends_with('}') && line.contains("\"timestamp\""), "{line}");
    }
    assert!(log.contains(&format!("\"address\":\"{url}\"")), "{log}");
    assert!(log.contains("\"message\":\"told to end\""), "{log}");
}

#[test]
fn levels() {
    let folder = folder();
    let log = |level| Server::start(&folder, &["--listen", "tcp://127.0.0.1:0", "--log-level", level]).stop();
    assert!(log("info").contains("listening address=tcp://127.0.0.1:"));
    assert_eq!(log("error"), "");
    assert_eq!(log("off"), "");
}

#[test]
fn addresses_on_standard_output() {
    let folder = folder();
    let mut command = Server::command(&folder, &["--listen", "tcp://127.0.0.1:0", "--address-file", "-"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    folder.run(&["run", "double.lt", "--arg", "xs=[]", "--runner", line.trim()]).fine();
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A full disk under the log does nothing to requests.
#[test]
fn full_disk() {
    let folder = folder();
    let mut command = Server::command(&folder, &["--listen", "tcp://127.0.0.1:0", "--log-level", "trace"]);
    command.stderr(OpenOptions::new().write(true).open("/dev/full").unwrap());
    let server = Server::spawn(&folder, command);
    for _ in 0..5 {
        folder.run(&["run", "double.lt", "--arg", "xs=[]", "--runner", server.url()]).fine();
        folder.run(&["run", "divide.lt", "--arg", "x=0", "--runner", server.url()]).failed(1, &["zero"]);
    }
    server.stop();
}

/// Nor does a reader of the log that does not read.
#[test]
fn stuck_reader() {
    let folder = folder();
    let mut command = Server::command(&folder, &["--listen", "tcp://127.0.0.1:0", "--log-level", "trace"]);
    let (reader, writer) = std::io::pipe().unwrap();
    // Nothing fits into the pipe any more.
    fill(&writer);
    command.stderr(writer);
    let server = Server::spawn(&folder, command);
    for _ in 0..5 {
        folder.run(&["run", "double.lt", "--arg", "xs=[]", "--runner", server.url()]).fine();
    }
    server.stop();
    drop(reader);
}

/// Fills a pipe, whose default is 64 KiB, from a thread that stays with the rest.
fn fill(writer: &std::io::PipeWriter) {
    use std::io::Write;

    let mut writer = writer.try_clone().unwrap();
    let (sent, received) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for _ in 0..16 {
            let _ = writer.write_all(&[b'x'; 4096]);
        }
        let _ = sent.send(());
        let _ = writer.write_all(&[b'x'; 4096]);
    });
    received.recv().unwrap();
}
