//! Starting children, and waiting for what is going to happen.

use std::{env, fs, future::Future, path::Path, time::Duration};

use bytes::Bytes;
use runner_core::{
    Code, Error, Expr, INPUT, Kind, Parts, Prim, Program, Result, Run, SourcePlace, TypeTable,
};
use runner_posix::{Builder, Process, State};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::timeout;

/// The argument that makes this executable a child.
pub(crate) const CHILD: &str = "--as-a-child";

/// Time in which everything here happens, if it happens at all.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A test and its name.
pub(crate) type Test = (&'static str, fn());

/// Lines of a program's root that have a meaning for the child, see there.
pub(crate) const HANGS: u32 = 1003;

/// A child of this kind; see [`crate::child`].
pub(crate) fn child(kind: &str) -> Builder {
    Process::builder(env::current_exe().unwrap()).args([CHILD, kind])
}

/// A child that serves.
pub(crate) async fn serving() -> Process {
    soon(child("serve").start()).await.unwrap()
}

/// Runs a test on a runtime of its own.
pub(crate) fn block_on(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(test);
}

pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(LONG, future).await.expect("took far too long")
}

/// Waits for something that is going to happen.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(LONG, waiting).await.unwrap_or_else(|_| panic!("never happened: {what}"));
}

pub(crate) async fn until_state(process: &Process, state: State) {
    until(&format!("{state:?}"), || process.status().state == state).await;
}

/// One of many programs, all different in their bytes, from bytes to the same bytes as far as the wire is concerned.
pub(crate) fn program(line: u32) -> Program {
    let mut types = TypeTable::new();
    let text = types.prim(Prim::Text);
    let parts = Parts {
        types,
        input: text,
        output: text,
        body: vec![Expr { kind: Kind::Local(INPUT), ty: text }],
        sources: vec!["a.lt".into()],
        places: vec![SourcePlace { source: 0, line, column: 1 }],
        ..Parts::default()
    };
    Program::new(parts).unwrap()
}

/// Has a child do something.
pub(crate) async fn ask(process: &Process, input: impl Into<Bytes>) -> Result<Bytes> {
    let prepared = soon(process.prepare(&program(1))).await?;
    soon(process.execute(&prepared, input.into())).await
}

/// An answer in text.
pub(crate) async fn text(process: &Process, input: &'static str) -> String {
    String::from_utf8(ask(process, input).await.unwrap().into()).unwrap()
}

/// Asserts that it is what a lost child gives, and gives the message.
#[track_caller]
pub(crate) fn lost<T>(result: Result<T>) -> String {
    let error = error(result);
    assert_eq!((error.code(), error.is_retryable()), (Code::Unavailable, true), "{error}");
    error.message().to_owned()
}

#[track_caller]
pub(crate) fn error<T>(result: Result<T>) -> Error {
    result.err().expect("an error")
}

pub(crate) fn pid(process: &Process) -> u32 {
    process.status().pid.expect("a child")
}

pub(crate) fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), signal).unwrap();
}

pub(crate) fn kill(pid: u32) {
    signal(pid, Signal::KILL);
}

/// Whether a process is there and has not ended.
pub(crate) fn is_alive(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")) else {
        return false;
    };
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    !matches!(state, Some('Z' | 'X') | None)
}
