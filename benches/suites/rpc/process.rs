//! A call over the pipes of a child process, beside what it consists of: a call in memory, and a write to a pipe each way.

use std::{
    env,
    io::{Read, Write},
    process::Stdio,
    sync::Arc,
};

use runner_binary::{Client, ClientOptions, Server, ServerOptions};
use runner_posix::{Process, serve_stdio};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin, ChildStdout, Command},
    runtime::Runtime,
};

use crate::{
    PAYLOAD, TURNS,
    ours::{Echo, Ours},
};

/// In the environment of a process that is to be the child; what it is to do.
const CHILD: &str = "RUNNER_BENCH_CHILD";
const RUNNER: &str = "runner";
const BARE: &str = "bare";

/// Does what a child does, if this process was started to be one.
pub fn child() -> bool {
    match env::var(CHILD).as_deref() {
        Ok(RUNNER) => {
            let runner = Arc::new(Echo::new(0));
            Runtime::new().unwrap().block_on(serve_stdio(runner, ServerOptions::new())).unwrap();
        }
        Ok(_) => echo(),
        Err(_) => return false,
    }
    true
}

/// Writes what it reads until there is no more.
fn echo() {
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    let mut buffer = [0; PAYLOAD];
    while input.read_exact(&mut buffer).is_ok() {
        output.write_all(&buffer).unwrap();
        output.flush().unwrap();
    }
}

/// A client of a runner behind pipes.
pub async fn process() -> Ours<Process> {
    let executable = env::current_exe().unwrap();
    Ours::new(Process::builder(executable).env(CHILD, RUNNER).start().await.unwrap()).await
}

/// A client of a runner in memory.
pub async fn duplex() -> Ours<Client> {
    let server = Server::new(Arc::new(Echo::new(0)), ServerOptions::new());
    Ours::new(Client::new(server.connect(), ClientOptions::new()).await.unwrap()).await
}

/// A child that writes back what is written to it.
pub struct Bare {
    input: ChildStdin,
    output: ChildStdout,
    _child: Child,
}

impl Bare {
    pub fn start() -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.env(CHILD, BARE).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        Self { input: child.stdin.take().unwrap(), output: child.stdout.take().unwrap(), _child: child }
    }

    /// As often as there are calls, each after the answer to the one before.
    pub async fn exchange(&mut self) {
        let mut buffer = [1; PAYLOAD];
        for _ in 0..TURNS {
            self.input.write_all(&buffer).await.unwrap();
            self.output.read_exact(&mut buffer).await.unwrap();
        }
    }
}
