//! The interpreter over Parquet files beside DuckDB over the same files, each in a process of its own.

use std::{
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use crate::{
    compare::{self, Compared, Engine, Trouble},
    options::{Options, Side},
};

pub struct Files {
    data: PathBuf,
}

/// A process that runs a query each time that it gets a line, and answers with what that took.
struct Peer {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Files {
    pub fn new(data: PathBuf) -> Self {
        Self { data }
    }
}

impl Engine for Files {
    fn title(&self) -> String {
        "The interpreter over Parquet files, beside DuckDB with one thread".into()
    }

    fn compare(&mut self, query: &str, options: &Options) -> Compared {
        let [mut official, mut ours] =
            [Side::Official, Side::Ours].map(|side| Peer::start(side, query, &self.data));
        let by_hand = official.run(Duration::MAX);
        let warm = ours.run(options.timeout).and_then(|(time, rows)| match &by_hand {
            Ok((_, expected)) if *expected != rows => {
                Err(Trouble::Failed(format!("{rows} rows and not {expected}")))
            }
            _ => Ok(time),
        });
        let sql = || match official.run(Duration::MAX) {
            Ok((time, _)) => time,
            Err(_) => panic!("DuckDB failed on {query}"),
        };
        let program = || ours.run(options.timeout).map(|(time, _)| time);
        let mut compared = compare::in_turns(options, warm, sql, program);
        compared.peaks = official.finish().zip(ours.finish());
        compared
    }

    fn show(&mut self, _: &str) -> String {
        "-- the interpreter makes no SQL".into()
    }
}

impl Peer {
    fn start(side: Side, query: &str, data: &std::path::Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--child", side.name(), query]).arg(data);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        // It ends with the process.
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { stdin: child.stdin.take(), child, lines }
    }

    /// One execution: its time, and the rows of its answer.
    fn run(&mut self, timeout: Duration) -> Result<(Duration, usize), Trouble> {
        let sent = self.stdin.as_mut().is_some_and(|stdin| writeln!(stdin).is_ok());
        if !sent {
            return Err(Trouble::Failed("the process has ended".into()));
        }
        let line = self.lines.recv_timeout(timeout.min(Duration::from_secs(86_400)));
        let Ok(line) = line else {
            let is_dead = self.child.try_wait().unwrap().is_some();
            let _ = self.child.kill();
            return Err(if is_dead {
                Trouble::Failed("the process has died".into())
            } else {
                Trouble::TimedOut
            });
        };
        let numbers = line.split_once(' ').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        let (nanoseconds, rows) = numbers.ok_or(Trouble::Failed(line))?;
        Ok((Duration::from_nanos(nanoseconds), rows))
    }

    /// Ends it, and gives the most memory in bytes that it held.
    fn finish(&mut self) -> Option<u64> {
        self.stdin = None;
        let peak = self.lines.recv().ok().and_then(|line| line.parse().ok());
        self.child.wait().unwrap();
        peak
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
