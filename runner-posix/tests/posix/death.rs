//! kill -9 at every stage of a request.

use std::{future::Future, time::Duration};

use bytes::Bytes;
use futures_util::StreamExt;
use runner_core::Run;
use runner_posix::{Process, State};
use rustix::process::Signal;

use crate::support::*;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        ("killed in the handshake", || block_on(handshake())),
        ("killed while idle", || block_on(idle())),
        ("killed while a program is sent", || block_on(sending_program())),
        ("killed while it prepares", || block_on(preparing())),
        ("killed while an input is sent", || block_on(sending())),
        ("killed while it executes", || block_on(executing())),
        ("killed by its own program", || block_on(suicide())),
        ("killed in the middle of an output", || block_on(answering())),
        ("killed while an output is waited for", || block_on(waiting())),
        ("killed after the goodbye", || block_on(leaving())),
        ("exits in the middle of a request", || block_on(exiting())),
    ]
}

/// Begins something, kills the child as soon as it is on its way, and gives how it ended.
async fn killed<T: Send + 'static>(
    process: &Process,
    begin: impl Future<Output = runner_core::Result<T>> + Send + 'static,
) -> String {
    let pid = pid(process);
    let work = tokio::spawn(begin);
    // Requests are written in order: when this one is answered, the one before has arrived.
    let _ = tokio::time::timeout(Duration::from_secs(5), process.describe()).await;
    kill(pid);
    let message = lost(soon(work).await.unwrap());
    assert!(message.contains("SIGKILL"), "{message}");
    // And so does what comes after it.
    let message = lost(ask(process, "echo").await);
    assert!(message.contains("SIGKILL"), "{message}");
    assert_eq!((process.status().state, process.status().pid), (State::Ended, None));
    message
}

async fn handshake() {
    let starting = tokio::spawn(child("mute").env("MARK", "handshake").start());
    let mut found = None;
    until("a child", || {
        found = children("handshake").pop();
        found.is_some()
    })
    .await;
    kill(found.unwrap());
    let message = lost(soon(starting).await.unwrap());
    assert!(message.contains("SIGKILL"), "{message}");
}

/// Processes with this mark in their environment.
fn children(mark: &str) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let pid = entry.ok()?.file_name().to_str()?.parse::<u32>().ok()?;
        let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
        let is_marked =
            environment.split(|byte| *byte == 0).any(|pair| pair == format!("MARK={mark}").as_bytes());
        is_marked.then_some(pid)
    });
    processes.collect()
}

async fn idle() {
    let process = serving().await;
    let prepared = process.prepare(&program(1)).await.unwrap();
    kill(pid(&process));
    let message = lost(soon(process.execute(&prepared, "echo".into())).await);
    assert!(message.contains("SIGKILL"), "{message}");
    until_state(&process, State::Ended).await;
    soon(process.start()).await.unwrap();
    assert_eq!(soon(process.execute(&prepared, "echo".into())).await.unwrap(), "echo");
}

async fn sending_program() {
    let process = serving().await;
    // A child that does not read: the program gets stuck in the pipe.
    signal(pid(&process), Signal::STOP);
    let mut parts = program(1).parts().clone();
    parts.sources = vec!["x".repeat(2 << 20)];
    let program = runner_core::Program::new(parts).unwrap();
    let work = process.clone();
    stuck(&process, async move { work.prepare(&program).await }).await;
}

async fn preparing() {
    let process = serving().await;
    let work = process.clone();
    killed(&process, async move { work.prepare(&program(HANGS)).await }).await;
}

async fn sending() {
    let process = serving().await;
    let prepared = process.prepare(&program(1)).await.unwrap();
    signal(pid(&process), Signal::STOP);
    let work = process.clone();
    stuck(&process, async move { work.execute(&prepared, Bytes::from(vec![b'x'; 8 << 20])).await }).await;
}

/// Begins something that a stopped child does not take, and kills the child.
async fn stuck<T: Send + 'static>(
    process: &Process,
    begin: impl Future<Output = runner_core::Result<T>> + Send + 'static,
) {
    let work = tokio::spawn(begin);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    kill(pid(process));
    let message = lost(soon(work).await.unwrap());
    assert!(message.contains("SIGKILL"), "{message}");
}

async fn executing() {
    let process = serving().await;
    let prepared = process.prepare(&program(1)).await.unwrap();
    let work = process.clone();
    killed(&process, async move { work.execute(&prepared, "wait".into()).await }).await;
}

async fn suicide() {
    let process = serving().await;
    let message = lost(ask(&process, "die").await);
    assert!(message.contains("SIGKILL") && message.contains("about to die"), "{message}");
}

async fn answering() {
    let process = serving().await;
    let prepared = process.prepare(&program(1)).await.unwrap();
    let mut pieces = Box::pin(process.execute_chunks(&prepared, "endless".into()));
    soon(pieces.next()).await.unwrap().unwrap();
    kill(pid(&process));
    // What was on its way may still come.
    let failed = loop {
        match soon(pieces.next()).await.expect("an error before the end") {
            Ok(piece) => assert!(piece.iter().all(|byte| *byte == 7)),
            Err(error) => break error,
        }
    };
    assert!(lost::<()>(Err(failed)).contains("SIGKILL"));
    assert!(soon(pieces.next()).await.is_none());
}

async fn waiting() {
    let process = serving().await;
    let prepared = process.prepare(&program(1)).await.unwrap();
    let work = process.clone();
    // More than any pipe holds, so it is still on its way when the child is killed.
    let output = async move { work.execute(&prepared, format!("big {}", 1_u64 << 29).into()).await };
    let work = tokio::spawn(output);
    until("memory for the output", || process.usage().is_ok_and(|usage| usage.memory_bytes > 1 << 28)).await;
    kill(pid(&process));
    assert!(lost(soon(work).await.unwrap()).contains("SIGKILL"));
}

async fn leaving() {
    let process = child("stubborn").start().await.unwrap();
    let (pid, other) = (pid(&process), process.clone());
    let stopping = tokio::spawn(async move { other.stop(LONG).await });
    until_state(&process, State::Stopping).await;
    kill(pid);
    soon(stopping).await.unwrap().unwrap();
    assert_eq!(process.status().state, State::Stopped);
}

async fn exiting() {
    let process = serving().await;
    let message = lost(ask(&process, "exit 3").await);
    assert!(message.contains("exit status: 3"), "{message}");
    let process = serving().await;
    let message = lost(ask(&process, "exit 0").await);
    assert!(message.contains("exit status: 0"), "{message}");
}
