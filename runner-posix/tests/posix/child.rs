//! What this executable is as a child.

use std::{
    env, fs, io,
    io::{Read, Write},
    process::{Command, ExitCode, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use runner_binary::ServerOptions;
use runner_core::{Description, Error, Program, Result, Run};
use runner_posix::serve_stdio;
use rustix::process::{Signal, kill_process};
use tokio::runtime::Runtime;

use crate::support::{self, HANGS};

pub(crate) fn main(args: &[String]) -> ExitCode {
    match args.first().map(String::as_str) {
        Some("serve") => return serve(),
        // Serves, and does not care about the end.
        Some("stubborn") => {
            serve();
            sleep();
        }
        // Says nothing.
        Some("mute") => sleep(),
        // Speaks another language.
        Some("garbage") => {
            let _ = io::stdout().write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            sleep();
        }
        Some("fails") => {
            let _ = writeln!(io::stderr(), "first words\nlast words");
            return ExitCode::from(7);
        }
        // Serves the first time, and fails when it is started again.
        Some("once") => {
            let Some(mark) = args.get(1) else { return ExitCode::FAILURE };
            if fs::OpenOptions::new().write(true).create_new(true).open(mark).is_err() {
                return ExitCode::from(7);
            }
            return serve();
        }
        Some("parent") => parent(args.get(1).map_or("serve", String::as_str)),
        _ => {}
    }
    ExitCode::FAILURE
}

fn serve() -> ExitCode {
    let runtime = Runtime::new().unwrap();
    match runtime.block_on(serve_stdio(Arc::new(Robot), ServerOptions::new())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// Starts a child that has a child of its own, says which, and waits to be killed.
fn parent(kind: &str) {
    support::block_on(async {
        let process = support::child(kind).start().await.unwrap();
        let grandchild = support::text(&process, "grandchild").await;
        let _ = writeln!(io::stdout(), "{} {grandchild}", support::pid(&process));
        std::future::pending::<()>().await;
    });
}

fn sleep() {
    loop {
        thread::sleep(Duration::from_secs(3600));
    }
}

/// A runner whose programs all do what their input says.
struct Robot;

impl Run for Robot {
    type Prepared = ();

    async fn prepare(&self, program: &Program) -> Result<()> {
        match program.place(program.root()).map_or(0, |place| place.line) {
            HANGS => std::future::pending().await,
            _ => Ok(()),
        }
    }

    async fn execute(&self, (): &(), input: Bytes) -> Result<Bytes> {
        let words = String::from_utf8_lossy(&input).into_owned();
        let mut words = words.split(' ');
        let verb = words.next().unwrap_or_default().to_owned();
        let number = words.next().and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
        match verb.as_str() {
            "fail" => return Err(Error::execution("as asked")),
            "wait" => std::future::pending().await,
            "sleep" => tokio::time::sleep(Duration::from_millis(number)).await,
            "exit" => std::process::exit(number as i32),
            "die" => {
                let _ = writeln!(io::stderr(), "about to die");
                kill_process(rustix::process::getpid(), Signal::KILL).unwrap();
                std::future::pending().await
            }
            "allocate" => return Ok(vec![1_u8; number as usize].len().to_string().into()),
            "burn" => {
                thread::spawn(burn);
                std::future::pending().await
            }
            "open" => return Ok(open(number).to_string().into()),
            "print" => {
                let mut out = io::stdout();
                let _ = out.write_all(b"a stray line\n").and_then(|()| out.flush());
            }
            "read" => {
                let read = io::stdin().read(&mut [0]).map_err(|error| Error::execution(error.to_string()))?;
                return Ok(read.to_string().into());
            }
            "log" => {
                let mut text = String::new();
                for line in 0..number {
                    text.push_str(&format!("line {line}\n"));
                }
                let _ = io::stderr().write_all(text.as_bytes());
            }
            "long" => {
                let _ = writeln!(io::stderr(), "{}", "x".repeat(number as usize));
            }
            "environment" => {
                let mut names: Vec<String> =
                    env::vars().map(|(name, value)| format!("{name}={value}")).collect();
                names.sort();
                return Ok(names.join(" ").into());
            }
            "directory" => return Ok(env::current_dir().unwrap().display().to_string().into()),
            "grandchild" => return Ok(grandchild().to_string().into()),
            "big" => return Ok(vec![7; number as usize].into()),
            _ => {}
        }
        Ok(input)
    }

    fn execute_chunks<'a>(
        &'a self,
        (): &'a (),
        input: Bytes,
    ) -> impl Stream<Item = Result<Bytes>> + Send + 'a {
        match input.starts_with(b"endless") {
            true => stream::repeat(Bytes::from(vec![7; 10_000])).map(Ok).left_stream(),
            false => stream::once(self.execute(&(), input)).right_stream(),
        }
    }

    async fn get_interface(&self) -> Result<String> {
        Ok("func robot(x: Text): Text\n".into())
    }

    async fn shutdown(&self) -> Result<()> {
        let _ = writeln!(io::stderr(), "shut down");
        Ok(())
    }

    async fn describe(&self) -> Result<Description> {
        Ok(Description::new("robot", "1"))
    }
}

fn burn() {
    loop {
        std::hint::spin_loop();
    }
}

/// Opens files until that fails or there are so many; gives how many.
fn open(most: u64) -> usize {
    let mut files = Vec::new();
    while let Ok(file) = fs::File::open("/dev/null") {
        files.push(file);
        if files.len() as u64 >= most {
            break;
        }
    }
    files.len()
}

/// Starts a process that lives long and ignores what it can ignore; gives its number.
fn grandchild() -> u32 {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "trap '' HUP INT TERM; while :; do sleep 1000; done"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap().id()
}
