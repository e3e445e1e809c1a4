//! Nothing is left behind, however it ends.

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::Duration,
};

use runner_core::Run;

use crate::support::*;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        ("a parent that is killed leaves nothing", || killed_parent("serve")),
        ("nor does it leave those that do not care", || killed_parent("stubborn")),
        ("a child that is killed leaves nothing", || block_on(killed_child())),
        ("a child that ends leaves nothing", || block_on(stopped())),
        ("a process that is dropped leaves nothing", || block_on(dropped())),
        ("a runtime that ends leaves nothing", runtime_ends),
        ("a thread that ends takes no child with it", thread_ends),
    ]
}

fn killed_parent(kind: &str) {
    let mut parent = Command::new(env::current_exe().unwrap())
        .args([CHILD, "parent", kind])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(parent.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let pids: Vec<u32> = line.split_whitespace().map(|pid| pid.parse().unwrap()).collect();
    assert_eq!(pids.len(), 2, "{line}");
    assert!(pids.iter().all(|pid| is_alive(*pid)));
    parent.kill().unwrap();
    parent.wait().unwrap();
    block_on(until("nobody is left", || !pids.iter().any(|pid| is_alive(*pid))));
}

async fn killed_child() {
    let process = serving().await;
    let grandchild = text(&process, "grandchild").await.parse().unwrap();
    assert!(is_alive(grandchild));
    kill(pid(&process));
    until("nobody is left", || !is_alive(grandchild)).await;
}

async fn stopped() {
    let process = serving().await;
    let grandchild = text(&process, "grandchild").await.parse().unwrap();
    soon(process.shutdown()).await.unwrap();
    assert!(process.status().last_exit.unwrap().success());
    until("nobody is left", || !is_alive(grandchild)).await;
}

async fn dropped() {
    for kind in ["serve", "stubborn"] {
        let process = child(kind).grace(Duration::from_millis(50)).start().await.unwrap();
        let pids = [pid(&process), text(&process, "grandchild").await.parse().unwrap()];
        drop(process);
        until("nobody is left", || !pids.iter().any(|pid| is_alive(*pid))).await;
    }
}

fn runtime_ends() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let process = runtime.block_on(child("stubborn").start()).unwrap();
    let pids =
        runtime.block_on(async { [pid(&process), text(&process, "grandchild").await.parse().unwrap()] });
    drop(runtime);
    block_on(async {
        until("nobody is left", || !pids.iter().any(|pid| is_alive(*pid))).await;
        lost(soon(process.get_interface()).await);
    });
}

/// What is tied to its parent on Linux is tied to a thread of it; this must not be the one that asked.
fn thread_ends() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let handle = runtime.handle().clone();
    let process =
        std::thread::spawn(move || handle.block_on(child("serve").start()).unwrap()).join().unwrap();
    runtime.block_on(async {
        for _ in 0..50 {
            assert_eq!(text(&process, "echo").await, "echo");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
}
