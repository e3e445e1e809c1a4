//! A child whose standard input and output are no pipes.

use std::{
    env, fs,
    fs::File,
    io::{Read, Write},
    net::Shutdown,
    os::{fd::OwnedFd, unix::net::UnixStream},
    process::{Command, Stdio},
};

use bytes::BytesMut;
use runner_binary::{Client, ClientOptions, PREFACE, Request, Response, take_frame, take_preface};
use runner_core::{Bytes, Run};

use crate::support::*;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        ("a socket", || block_on(socket())),
        ("files", files),
        ("an input that ends without a goodbye", ends),
        ("an input that is not the protocol", nonsense),
        ("standard output that is closed", closed),
    ]
}

fn serve() -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([CHILD, "serve"]);
    command
}

/// A whole session.
fn session() -> BytesMut {
    let mut out = BytesMut::from(&PREFACE[..]);
    let hello = Request::Hello { frame_bytes: 65_536, token: None, name: "file".into() };
    hello.encode(&[], &mut out).unwrap();
    Request::Prepare { id: 0, program: 0, more: false }.encode(program(1).bytes(), &mut out).unwrap();
    Request::Execute { id: 1, program: 0, credit: 100, more: false }.encode(b"echo 1", &mut out).unwrap();
    Request::Goodbye { error: None }.encode(&[], &mut out).unwrap();
    out
}

/// What the server said.
fn responses(bytes: &[u8]) -> Vec<(Response, Bytes)> {
    let mut bytes = BytesMut::from(bytes);
    assert!(take_preface(&mut bytes).unwrap());
    let mut found = Vec::new();
    while let Some(frame) = take_frame(&mut bytes, 65_536).unwrap() {
        found.push(Response::decode(frame).unwrap());
    }
    assert_eq!(bytes, "", "no rest");
    found
}

#[track_caller]
fn answered(bytes: &[u8]) {
    let responses = responses(bytes);
    let answer = (Response::Output { id: 1, more: false }, Bytes::from("echo 1"));
    assert!(responses.contains(&answer), "{responses:?}");
}

async fn socket() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let theirs = OwnedFd::from(theirs);
    let mut child =
        serve().stdin(theirs.try_clone().unwrap()).stdout(theirs).stderr(Stdio::null()).spawn().unwrap();
    ours.set_nonblocking(true).unwrap();
    let stream = tokio::net::UnixStream::from_std(ours).unwrap();
    let client = soon(Client::new(stream, ClientOptions::new())).await.unwrap();
    let prepared = client.prepare(&program(1)).await.unwrap();
    assert_eq!(soon(client.execute(&prepared, "echo".into())).await.unwrap(), "echo");
    soon(client.shutdown()).await.unwrap();
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap());
    assert!(soon(status).await.unwrap().success());
}

fn files() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    fs::write(&input, session()).unwrap();
    let status = serve()
        .stdin(File::open(&input).unwrap())
        .stdout(File::create(&output).unwrap())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    answered(&fs::read(&output).unwrap());
}

fn ends() {
    let mut child =
        serve().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let session = session();
    // All but the goodbye, and the beginning of a frame.
    stdin.write_all(session.get(..session.len() - 3).unwrap()).unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut output = Vec::new();
    while !output.ends_with(b"echo 1") {
        let mut byte = [0];
        stdout.read_exact(&mut byte).unwrap();
        output.extend(byte);
    }
    answered(&output);
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

fn nonsense() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut child =
        serve().stdin(OwnedFd::from(theirs)).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    (&ours).write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    ours.shutdown(Shutdown::Write).unwrap();
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(stderr.contains("DECODE_ERROR"), "{stderr}");
}

fn closed() {
    let mut child =
        serve().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    // Whether all of this is read before the answer can't be written is not known.
    let _ = child.stdin.take().unwrap().write_all(&session());
    assert!(child.wait().unwrap().success());
}
