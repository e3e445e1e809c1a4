//! Start, stop, restart.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use runner_core::{Code, Run};
use runner_posix::State;

use crate::support::*;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        ("what is in flight is finished within the grace", || block_on(finishes())),
        ("what takes longer is killed", || block_on(too_long())),
        ("a child that does not end is killed", || block_on(stubborn())),
        ("a process is stopped and started again", || block_on(again())),
        ("orders at the same time", || block_on(at_once())),
        ("states are told as they change", || block_on(statuses())),
        ("a child that can't be spoken to", || block_on(unfit())),
    ]
}

async fn finishes() {
    let process = serving().await;
    let prepared = process.prepare(&program(1)).await.unwrap();
    let work = {
        let process = process.clone();
        tokio::spawn(async move { process.execute(&prepared, "sleep 500".into()).await })
    };
    // It has to be on its way before the end begins.
    ask(&process, "echo").await.unwrap();
    soon(process.stop(LONG)).await.unwrap();
    assert_eq!(soon(work).await.unwrap().unwrap(), "sleep 500");
    assert!(process.status().last_exit.unwrap().success());
}

async fn too_long() {
    let process = serving().await;
    let prepared = process.prepare(&program(1)).await.unwrap();
    let work = {
        let process = process.clone();
        tokio::spawn(async move { process.execute(&prepared, "wait".into()).await })
    };
    ask(&process, "echo").await.unwrap();
    soon(process.stop(Duration::from_millis(100))).await.unwrap();
    assert!(lost(soon(work).await.unwrap()).contains("stopped"));
    assert_eq!(process.status().state, State::Stopped);
}

async fn stubborn() {
    let process = child("stubborn").start().await.unwrap();
    let pid = pid(&process);
    let before = Instant::now();
    soon(process.stop(Duration::from_millis(300))).await.unwrap();
    assert!(before.elapsed() >= Duration::from_millis(300));
    assert!(!is_alive(pid));
    let exit = process.status().last_exit.unwrap();
    assert!(exit.to_string().contains("SIGKILL"), "{exit}");
}

async fn again() {
    let process = serving().await;
    let prepared = process.prepare(&program(1)).await.unwrap();
    let first = pid(&process);
    soon(process.stop(LONG)).await.unwrap();
    soon(process.stop(LONG)).await.unwrap();
    let message = lost(process.execute(&prepared, "echo".into()).await);
    assert!(message.contains("stopped"), "{message}");
    lost(process.usage());
    soon(process.start()).await.unwrap();
    soon(process.start()).await.unwrap();
    assert_ne!(pid(&process), first);
    // The next child knows the program as well.
    assert_eq!(soon(process.execute(&prepared, "echo 1".into())).await.unwrap(), "echo 1");
    soon(process.restart(LONG)).await.unwrap();
    assert_eq!(soon(process.execute(&prepared, "echo 2".into())).await.unwrap(), "echo 2");
    assert_eq!((process.status().state, process.status().restarts), (State::Running, 2));
}

async fn at_once() {
    let process = child("stubborn").start().await.unwrap();
    let (long, short) = (process.stop(LONG), process.stop(Duration::from_millis(50)));
    let (long, short) = soon(async { tokio::join!(long, short) }).await;
    long.and(short).unwrap();
    assert_eq!((process.status().state, process.status().pid), (State::Stopped, None));
    let (one, two) = soon(async { tokio::join!(process.start(), process.start()) }).await;
    one.and(two).unwrap();
    assert_eq!(process.status().restarts, 1);
    assert_eq!(text(&process, "echo").await, "echo");
    soon(process.stop(Duration::ZERO)).await.unwrap();
}

async fn statuses() {
    let process = serving().await;
    let mut statuses = process.statuses();
    assert_eq!(soon(statuses.next()).await.unwrap().state, State::Running);
    soon(process.stop(LONG)).await.unwrap();
    while soon(statuses.next()).await.unwrap().state != State::Stopped {}
    drop(process);
    assert!(soon(statuses.next()).await.is_none(), "it ends with the process");
}

async fn unfit() {
    let failed = error(soon(child("garbage").start()).await);
    assert_eq!(failed.code(), Code::DecodeError, "{failed}");
    let patience = runner_binary::ClientOptions::new().with_connect_time(Duration::from_millis(200));
    lost(soon(child("mute").client(patience).start()).await);
    let message = lost(soon(child("fails").start()).await);
    for words in ["exit status: 7", "first words / last words"] {
        assert!(message.contains(words), "{message}");
    }
}
