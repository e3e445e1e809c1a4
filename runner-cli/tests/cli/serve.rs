//! `runner serve` and the runners that are reached through it: real sockets, real processes.

mod access;
#[cfg(feature = "http")]
mod compiling;
mod configuration;
#[cfg(feature = "http")]
mod curl;
#[cfg(feature = "postgres")]
mod databases;
mod endings;
mod fairness;
#[cfg(feature = "http")]
mod functions;
mod logs;
#[cfg(feature = "http")]
mod readers;
mod sockets;
mod transports;

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, ExitStatus, Stdio},
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

use super::support::{Folder, runner};

/// Time in which everything here happens, if it happens at all.
const LONG: Duration = Duration::from_secs(120);

/// Never ends by itself, and its time limit is the server's.
const ENDLESS: &str = "func main(): [Int64] -> loop_until_empty([1], xs -> xs)\n";

/// A server that is killed at the end of the test.
struct Server {
    child: Child,
    urls: Vec<String>,
    stderr: Option<thread::JoinHandle<String>>,
    addresses: PathBuf,
}

impl Server {
    /// Starts `runner serve` in a folder and waits until it listens.
    fn start(folder: &Folder, args: &[&str]) -> Self {
        let mut command = Self::command(folder, args);
        command.stderr(Stdio::piped());
        Self::spawn(folder, command)
    }

    /// What [`Server::start`] starts.
    fn command(folder: &Folder, args: &[&str]) -> Command {
        let mut command = runner();
        command.arg("serve").args(args).current_dir(folder.path()).env_remove("RUNNER_TOKEN");
        command
    }

    fn spawn(folder: &Folder, mut command: Command) -> Self {
        let addresses = (0..).map(|number| folder.path().join(format!("addresses-{number}")));
        let addresses = addresses.into_iter().find(|path| !path.exists()).unwrap();
        let mut child = command.arg("--address-file").arg(&addresses).spawn().unwrap();
        let stderr = child.stderr.take().map(|stderr| thread::spawn(move || all(stderr)));
        let mut server = Self { child, urls: Vec::new(), stderr, addresses };
        until("the server listens", || {
            if let Some(status) = server.child.try_wait().unwrap() {
                panic!("{status}: {}", server.log());
            }
            server.addresses.exists()
        });
        server.urls = fs::read_to_string(&server.addresses).unwrap().lines().map(str::to_owned).collect();
        server
    }

    fn url(&self) -> &str {
        self.urls.first().unwrap()
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// Waits for its end; gives how it ended and what it logged.
    fn end(mut self) -> (ExitStatus, String) {
        let mut status = None;
        until("the server ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        (status.unwrap(), self.log())
    }

    /// Ends it as an operator does.
    #[track_caller]
    fn stop(self) -> String {
        self.signal("-TERM");
        let (status, log) = self.end();
        assert_eq!(status.code(), Some(0), "{log}");
        log
    }

    fn log(&mut self) -> String {
        self.stderr.take().map_or_else(String::new, |stderr| stderr.join().unwrap())
    }

    /// CPU time that it has used, in ticks.
    fn ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        [11, 12].iter().map(|index| fields.get(*index).unwrap().parse::<u64>().unwrap()).sum()
    }

    /// Threads whose names begin like this.
    fn threads(&self, name: &str) -> usize {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let names = threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("comm")).ok());
        names.filter(|found| found.starts_with(name)).count()
    }

    /// Waits until it works hard, as it does when it runs a program.
    fn until_busy(&self) {
        let before = self.ticks();
        until("the server works", || self.ticks() > before + 20);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn all(mut stderr: ChildStderr) -> String {
    let mut bytes = Vec::new();
    let _ = stderr.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits for something that is going to happen.
#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LONG, "never happened: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A folder with programs and something to read.
fn folder() -> Folder {
    static NAMES: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let folder = Folder::with(&[
            ("same.lt", "func main(names: [{name: Text}]): [{name: Text}] -> names\n"),
            ("names.csv", "name\nanna\nbert\n"),
        ]);
        folder.run(&["run", "same.lt", "--input", "names.csv", "--output", "names.parquet"]).fine();
        folder.read("names.parquet")
    });
    let folder = Folder::with(&[
        ("double.lt", "func main(xs: [Int64]): [Int64] -> xs | map(x -> 2 * x)\n"),
        ("divide.lt", "func main(x: Int64): Int64 ->\n  1 / x\n"),
        ("endless.lt", ENDLESS),
        ("names.lt", "func main(): [{name: Text}] -> std::fs::read_parquet(\"names.parquet\")\n"),
        ("token", "swordfish\n"),
        ("other", "salmon\n"),
    ]);
    folder.write("data/names.parquet", NAMES.as_slice());
    folder
}

/// Runs a program in a thread, and gives how that ended.
fn in_thread(folder: &Folder, args: &[&str]) -> thread::JoinHandle<super::support::Ended> {
    let mut command = runner();
    command.args(args).current_dir(folder.path()).env_remove("RUNNER_TOKEN");
    thread::spawn(move || command.output().unwrap().into())
}

/// Posts a body over HTTP to a server at a URL; the whole answer.
#[cfg(feature = "http")]
fn post(url: &str, path: &str, media: &str, body: &str) -> String {
    let fields =
        format!("content-type: {media}\r\naccept: application/json\r\ncontent-length: {}\r\n", body.len());
    ask(url, &format!("POST {path} HTTP/1.1"), &fields, body.as_bytes())
}

#[cfg(feature = "http")]
fn get(url: &str, path: &str) -> String {
    ask(url, &format!("GET {path} HTTP/1.1"), "", b"")
}

#[cfg(feature = "http")]
fn ask(url: &str, line: &str, fields: &str, body: &[u8]) -> String {
    use std::io::Write;

    let address = url.trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "{line}\r\nhost: {address}\r\nconnection: close\r\n{fields}\r\n").unwrap();
    stream.write_all(body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn path(folder: &Folder, name: &str) -> String {
    Path::new(folder.path()).join(name).display().to_string()
}
