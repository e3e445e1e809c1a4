//! Children that crash and are started again.

use std::time::{Duration, Instant};

use runner_core::{Code, Run};
use runner_posix::{Restart, State};

use crate::support::*;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        ("a child that crashes is started again", || block_on(comes_back())),
        ("there is a limit", || block_on(limit())),
        ("pauses become longer", || block_on(pauses())),
        ("a steady child clears the count", || block_on(steady())),
        ("a pause can be cut short", || block_on(cut_short())),
        ("a child that can't be started any more", || block_on(not_again())),
        ("without restarts there are none", || block_on(never())),
    ]
}

fn quick() -> Restart {
    Restart { first_pause: Duration::from_millis(1), steady_after: Duration::MAX, ..Restart::default() }
}

async fn comes_back() {
    let process = child("serve").restart(quick()).start().await.unwrap();
    let prepared = process.prepare(&program(1)).await.unwrap();
    for round in 1..=3 {
        let before = pid(&process);
        let message = lost(soon(process.execute(&prepared, "die".into())).await);
        assert!(message.contains("SIGKILL"), "{message}");
        // What comes waits for the next child, which has to prepare the program again.
        assert_eq!(soon(process.execute(&prepared, "echo".into())).await.unwrap(), "echo");
        assert_ne!(pid(&process), before);
        assert_eq!(process.status().restarts, round);
    }
    soon(process.shutdown()).await.unwrap();
    assert_eq!(process.status().state, State::Stopped);
}

async fn limit() {
    let process = child("serve").restart(Restart { limit: 2, ..quick() }).start().await.unwrap();
    for _ in 0..3 {
        lost(ask(&process, "exit 9").await);
    }
    until_state(&process, State::Ended).await;
    assert_eq!(process.status().restarts, 2);
    let message = lost(ask(&process, "echo").await);
    assert!(message.contains("exit status: 9"), "{message}");
    // It can still be said.
    soon(process.start()).await.unwrap();
    assert_eq!(text(&process, "echo").await, "echo");
    lost(ask(&process, "exit 9").await);
    assert_eq!(text(&process, "echo").await, "echo", "and counting begins anew");
}

async fn pauses() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let policy = Restart { limit: 4, first_pause: Duration::from_millis(40), ..quick() };
    let process = child("once").arg(&mark).restart(policy).start().await.unwrap();
    let before = Instant::now();
    lost(ask(&process, "die").await);
    until_state(&process, State::Ended).await;
    // 40, 80, 160 and 320 ms.
    assert!(before.elapsed() >= Duration::from_millis(600), "{:?}", before.elapsed());
    assert_eq!(process.status().restarts, 4);
    let message = lost(ask(&process, "echo").await);
    assert!(message.contains("exit status: 7"), "{message}");
}

async fn steady() {
    let policy = Restart { limit: 1, steady_after: Duration::ZERO, ..quick() };
    let process = child("serve").restart(policy).start().await.unwrap();
    for _ in 0..4 {
        lost(ask(&process, "die").await);
    }
    assert_eq!(text(&process, "echo").await, "echo");
    assert_eq!(process.status().restarts, 4);
}

async fn cut_short() {
    let policy = Restart { first_pause: Duration::from_secs(3600), longest_pause: Duration::MAX, ..quick() };
    let process = child("serve").restart(policy).start().await.unwrap();
    lost(ask(&process, "die").await);
    until_state(&process, State::Pausing).await;
    soon(process.start()).await.unwrap();
    assert_eq!(text(&process, "echo").await, "echo");
    lost(ask(&process, "die").await);
    until_state(&process, State::Pausing).await;
    soon(process.stop(LONG)).await.unwrap();
    assert_eq!(process.status().state, State::Stopped);
}

async fn not_again() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("runner");
    std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    let builder = runner_posix::Process::builder(&copy).args([CHILD, "serve"]);
    let process = builder.restart(Restart { limit: 3, ..quick() }).start().await.unwrap();
    std::fs::remove_file(&copy).unwrap();
    lost(ask(&process, "die").await);
    until_state(&process, State::Ended).await;
    let failed = error(ask(&process, "echo").await);
    assert_eq!((failed.code(), failed.is_retryable()), (Code::Unavailable, false), "{failed}");
    assert!(failed.message().contains("can't be started"), "{failed}");
}

async fn never() {
    let process = serving().await;
    lost(ask(&process, "die").await);
    until_state(&process, State::Ended).await;
    assert_eq!(process.status().restarts, 0);
    lost(ask(&process, "echo").await);
}
