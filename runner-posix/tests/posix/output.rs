//! Standard error is kept within bounds; standard output carries frames and nothing else.

use futures_util::StreamExt;

use crate::support::*;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        ("the tail is bounded", || block_on(bounded())),
        ("standard error can be followed", || block_on(followed())),
        ("standard output is for frames", || block_on(stray())),
        ("the words of all children are kept", || block_on(successors())),
    ]
}

async fn bounded() {
    let process = child("serve").stderr_bytes(10_000).start().await.unwrap();
    let lines = 200_000;
    let prepared = runner_core::Run::prepare(&process, &program(1)).await.unwrap();
    let input = format!("log {lines}").into();
    soon(runner_core::Run::execute(&process, &prepared, input)).await.unwrap();
    let last = format!("line {}", lines - 1);
    until("the last line", || process.stderr_tail().last() == Some(&last)).await;
    let tail = process.stderr_tail();
    let bytes: usize = tail.iter().map(|line| line.len() + 1).sum();
    assert!((9_900..=10_000).contains(&bytes), "{bytes}");
    // They are the last ones, all of them.
    let first = lines - tail.len();
    let expected: Vec<String> = (first..lines).map(|line| format!("line {line}")).collect();
    assert_eq!(tail, expected);
    // A line without an end is not waited for for ever.
    ask(&process, "long 100000").await.unwrap();
    until("the long line", || process.stderr_tail().last().is_some_and(|line| line.ends_with('x'))).await;
    let bytes: usize = process.stderr_tail().iter().map(|line| line.len() + 1).sum();
    assert!(bytes <= 10_000, "{bytes}");
    // Less than a line is nothing.
    let process = child("serve").stderr_bytes(0).start().await.unwrap();
    ask(&process, "log 10").await.unwrap();
    assert_eq!(process.stderr_tail(), Vec::<String>::new());
}

async fn followed() {
    let process = serving().await;
    ask(&process, "log 3").await.unwrap();
    until("three lines", || process.stderr_tail().len() == 3).await;
    let mut early = process.stderr();
    for line in ["line 0", "line 1", "line 2"] {
        assert_eq!(soon(early.next()).await.unwrap(), line);
    }
    let mut late = process.stderr();
    ask(&process, "log 1").await.unwrap();
    assert_eq!(soon(early.next()).await.unwrap(), "line 0");
    // Who comes later gets what is kept.
    for line in ["line 0", "line 1", "line 2", "line 0"] {
        assert_eq!(soon(late.next()).await.unwrap(), line);
    }
    // Who does not keep up misses some, and goes on with what is there.
    ask(&process, "log 20000").await.unwrap();
    until("the last line", || process.stderr_tail().last().is_some_and(|line| line == "line 19999")).await;
    let kept = process.stderr_tail();
    for line in kept {
        assert_eq!(soon(late.next()).await.unwrap(), line);
    }
    drop(process);
    while let Some(line) = soon(early.next()).await {
        assert!(line.starts_with("line") || line == "shut down", "{line}");
    }
}

async fn stray() {
    let process = serving().await;
    for _ in 0..3 {
        assert_eq!(text(&process, "print").await, "print");
    }
    assert_eq!(text(&process, "read").await, "0", "standard input is at its end for everybody else");
    until("stray lines", || process.stderr_tail() == ["a stray line"; 3]).await;
    assert_eq!(text(&process, "echo").await, "echo");
}

async fn successors() {
    let process = serving().await;
    ask(&process, "log 1").await.unwrap();
    soon(process.restart(LONG)).await.unwrap();
    assert_eq!(process.stderr_tail(), ["line 0", "shut down"]);
}
