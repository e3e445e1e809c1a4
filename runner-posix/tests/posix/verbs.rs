//! A child is a runner like any other.

use bytes::Bytes;
use futures_util::{StreamExt, future::join_all};
use runner_core::{Code, Run};
use runner_posix::{Process, State};

use crate::support::*;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        ("verbs", || block_on(verbs())),
        ("the environment is what was allowed", || block_on(environment())),
        ("the working directory", || block_on(directory())),
        ("an executable is found in PATH", || block_on(path())),
    ]
}

async fn verbs() {
    let process = serving().await;
    assert_eq!(process.get_interface().await.unwrap(), "func robot(x: Text): Text\n");
    assert_eq!(process.describe().await.unwrap().name, "robot");
    let prepared = process.prepare(&program(1)).await.unwrap();
    let inputs = (0..500).map(|index| Bytes::from(format!("echo {index}")));
    let echoes = inputs.map(|input| {
        let (process, prepared) = (&process, &prepared);
        async move { assert_eq!(process.execute(prepared, input.clone()).await.unwrap(), input) }
    });
    soon(join_all(echoes)).await;
    assert_eq!(error(process.execute(&prepared, "fail".into()).await).code(), Code::ExecutionError);

    let size = 20 << 20;
    let big = soon(process.execute(&prepared, format!("big {size}").into())).await.unwrap();
    assert!(big.len() == size && big.iter().all(|byte| *byte == 7));
    let mut pieces = Box::pin(process.execute_chunks(&prepared, "endless".into()));
    let mut received = 0;
    while received < 5 << 20 {
        received += soon(pieces.next()).await.unwrap().unwrap().len();
    }
    drop(pieces);
    let long = Bytes::from(vec![b'x'; 3 << 20]);
    assert_eq!(soon(process.execute(&prepared, long.clone())).await.unwrap(), long);

    let pid = pid(&process);
    soon(process.shutdown()).await.unwrap();
    soon(process.shutdown()).await.unwrap();
    let status = process.status();
    assert_eq!((status.state, status.pid, status.restarts), (State::Stopped, None, 0));
    assert!(status.last_exit.unwrap().success());
    assert!(!is_alive(pid));
    assert_eq!(process.stderr_tail(), ["shut down"]);
    assert_eq!(error(process.execute(&prepared, "echo".into()).await).code(), Code::Unavailable);
    assert!(!error(process.start().await).is_retryable());
}

async fn environment() {
    // This process has more than that.
    let home = std::env::var("PATH").unwrap();
    let builder = child("serve").env("ADDED", "1").inherit("PATH").inherit("SURELY_NOT_SET");
    let process = builder.start().await.unwrap();
    assert_eq!(text(&process, "environment").await, format!("ADDED=1 PATH={home}"));
    let process = serving().await;
    assert_eq!(text(&process, "environment").await, "");
}

async fn directory() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let process = child("serve").directory(&folder).start().await.unwrap();
    assert_eq!(text(&process, "directory").await, folder.to_str().unwrap());
}

async fn path() {
    // The shell gives way to this executable.
    let script = format!("exec '{}' {CHILD} serve", std::env::current_exe().unwrap().display());
    let process = Process::builder("sh").args(["-c", &script]).start().await.unwrap();
    assert_eq!(text(&process, "echo").await, "echo");
    let failed = error(Process::builder("surely-no-such-executable").start().await);
    assert_eq!((failed.code(), failed.is_retryable()), (Code::Unavailable, false));
    assert!(failed.message().contains("surely-no-such-executable"), "{failed}");
    let failed = error(Process::builder("/dev/null").start().await);
    assert_eq!(failed.code(), Code::Unavailable);
}
