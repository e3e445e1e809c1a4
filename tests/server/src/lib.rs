//! A PostgreSQL server of its own for a test: in memory, on a private socket, gone when the test is.
//!
//! The server's defaults are unusual on purpose (collation, time zone, formats of dates and numbers), so that every
//! test proves that they can't change an answer. It is not for measurements beside servers with other settings, and
//! not for data that should stay.
//!
//! ```
//! let server = runner_test_server::Server::start();
//! assert!(server.url().starts_with("postgres://test@"));
//! ```
#![allow(clippy::expect_used, clippy::panic)] // A test whose server does not start has to fail.

mod binaries;
mod process;
mod template;

use std::{
    fs,
    io::{ErrorKind, Write},
    net::TcpListener,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use binaries::Binaries;

/// What every server is set to: nothing is written for good, and what sessions default to is not what is usual.
const SETTINGS: &str = "\
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 100
lc_messages = 'C'
timezone = 'Australia/Lord_Howe'
datestyle = 'SQL, DMY'
intervalstyle = 'sql_standard'
bytea_output = 'escape'
extra_float_digits = -3
array_nulls = off
";

/// Waits until its input ends, which is when the test drops the server or dies, and then cleans up.
const WATCH: &str = r#"
cat > /dev/null
[ -f "$1/data/postmaster.pid" ] && "$2/pg_ctl" stop -D "$1/data" -m immediate -w > /dev/null 2>&1
rm -rf "$1"
"#;

/// A running server with a database and a user that may do everything. Dropping it stops it and removes its data;
/// the end of the process does, too, however it comes.
pub struct Server {
    folder: PathBuf,
    binaries: Binaries,
    port: u16,
    watch: Child,
}

/// What a server has that others have not.
///
/// ```
/// use runner_test_server::{Options, Server};
///
/// let options = Options { settings: &[("statement_timeout", "1s")], ..Options::default() };
/// let server = Server::with(&options);
/// # drop(server);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// Names and values of `postgresql.conf`.
    pub settings: &'a [(&'a str, &'a str)],
    /// Files of the data folder by name, readable for the server alone: certificates, keys, `pg_hba.conf`.
    pub files: &'a [(&'a str, &'a str)],
    /// Whether it listens on `127.0.0.1` as well.
    pub tcp: bool,
}

impl Server {
    /// Makes a server and starts it. PostgreSQL has to be installed.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&Options::default())
    }

    /// Makes a server with these options and starts it.
    #[must_use]
    pub fn with(options: &Options<'_>) -> Self {
        let binaries = Binaries::find();
        let folder = binaries.folder();
        let mut watch = binaries.command(Path::new("sh"));
        watch.args(["-c", WATCH, "watch"]).arg(&folder).arg(binaries.path());
        // A group of its own: what is typed at the terminal of a test ends the test, and only then the server.
        watch.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let watch = watch.spawn().expect("the watch starts");
        let server = Self { folder, binaries, port: free_port(), watch };
        template::copy(&server.binaries, &server.data());
        server.configure(options);
        server.resume();
        server
    }

    /// The address of its database, by the socket.
    #[must_use]
    pub fn url(&self) -> String {
        let host = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://test@{host}:{}/postgres", self.port)
    }

    /// The address of its database over TCP, which [`Options::tcp`] opens.
    ///
    /// ```
    /// use runner_test_server::{Options, Server};
    ///
    /// let server = Server::with(&Options { tcp: true, ..Options::default() });
    /// assert_eq!(server.tcp_url(), format!("postgres://test@127.0.0.1:{}/postgres", server.port()));
    /// ```
    #[must_use]
    pub fn tcp_url(&self) -> String {
        format!("postgres://test@127.0.0.1:{}/postgres", self.port)
    }

    /// The port of the socket's name, and of TCP.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of the socket.
    ///
    /// ```
    /// let server = runner_test_server::Server::start();
    /// assert!(server.socket().join(format!(".s.PGSQL.{}", server.port())).exists());
    /// ```
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.folder
    }

    /// Stops it as an administrator does: sessions are told, and end.
    ///
    /// ```
    /// let server = runner_test_server::Server::start();
    /// server.stop();
    /// server.resume();
    /// ```
    pub fn stop(&self) {
        self.control(&["stop", "-m", "fast"]);
    }

    /// Stops it at once, as a crash does: connections break, and nothing is written.
    ///
    /// ```
    /// let server = runner_test_server::Server::start();
    /// server.kill();
    /// server.resume();
    /// ```
    pub fn kill(&self) {
        self.control(&["stop", "-m", "immediate"]);
    }

    /// Starts it again after [`Self::stop`] or [`Self::kill`], at the same address with the same data.
    pub fn resume(&self) {
        let log = self.folder.join("log");
        self.control(&["start", "-l", &log.to_string_lossy()]);
    }

    /// A crash and a new start.
    ///
    /// ```
    /// let server = runner_test_server::Server::start();
    /// server.restart();
    /// ```
    pub fn restart(&self) {
        self.kill();
        self.resume();
    }

    /// Ends all its processes at once, as a machine does that loses power.
    ///
    /// ```
    /// let server = runner_test_server::Server::start();
    /// server.crash();
    /// server.resume();
    /// ```
    ///
    /// # Panics
    /// If it does not run.
    pub fn crash(&self) {
        let first = self.process();
        let mut processes = vec![first];
        processes.extend(process::children(first));
        process::kill(&processes);
        // Its number stays taken until somebody asks how it ended, and a new server would believe it to run.
        for lock in [self.data().join("postmaster.pid"), self.socket_file(".lock")] {
            let _ = fs::remove_file(lock);
        }
    }

    /// Lets sessions that begin from now on write no file beyond so many bytes, as a full disk does.
    ///
    /// ```
    /// let server = runner_test_server::Server::start();
    /// server.limit_files(64 << 20);
    /// ```
    ///
    /// # Panics
    /// If it does not run.
    pub fn limit_files(&self, bytes: u64) {
        // As the server's own user: only that one may do so without rights beyond its own.
        let mut command = self.binaries.command(Path::new("prlimit"));
        command.args([format!("--pid={}", self.process()), format!("--fsize={bytes}:")]);
        if let Err(error) = run(&mut command) {
            panic!("{error}");
        }
    }

    /// All that it logged.
    ///
    /// ```
    /// let server = runner_test_server::Server::start();
    /// assert!(server.log().contains("ready to accept connections"));
    /// ```
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.join("log")).unwrap_or_default()).into_owned()
    }

    /// Runs SQL with `psql`, for tests that link no driver.
    ///
    /// ```
    /// runner_test_server::Server::start().execute("CREATE TABLE t (id int8 PRIMARY KEY)");
    /// ```
    ///
    /// # Panics
    /// If the server refuses it.
    pub fn execute(&self, sql: &str) {
        let mut command = self.binaries.program("psql");
        command.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname"]);
        if let Err(error) = run(command.arg(self.url()).args(["--command", sql])) {
            panic!("{error}");
        }
    }

    fn configure(&self, options: &Options<'_>) {
        let address = if options.tcp { "127.0.0.1" } else { "" };
        let mut text = format!(
            "{SETTINGS}listen_addresses = '{address}'\nport = {}\nunix_socket_directories = '{}'\n",
            self.port,
            self.folder.display()
        );
        for (name, value) in options.settings {
            text += &format!("{name} = '{}'\n", value.replace('\'', "''"));
        }
        let file = fs::OpenOptions::new().append(true).open(self.data().join("postgresql.conf"));
        file.and_then(|mut file| file.write_all(text.as_bytes())).expect("the configuration is written");
        for (name, content) in options.files {
            let path = self.data().join(name);
            fs::write(&path, content).expect("a file of the server is written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode is set");
            self.binaries.give(&path);
        }
    }

    fn control(&self, arguments: &[&str]) {
        let mut command = self.binaries.program("pg_ctl");
        command.args(arguments).arg("-D").arg(self.data()).args(["-w", "-t", "120"]);
        if let Err(error) = run(&mut command) {
            panic!("{error}\n{}", self.log());
        }
    }

    fn socket_file(&self, suffix: &str) -> PathBuf {
        self.folder.join(format!(".s.PGSQL.{}{suffix}", self.port))
    }

    /// The first process of the server.
    fn process(&self) -> u32 {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        file.lines().next().and_then(|line| line.parse().ok()).expect("the server runs")
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        let _ = self.watch.wait();
    }
}

/// Runs a command to its end.
fn run(command: &mut Command) -> Result<(), String> {
    // Output goes to a file: a server that is left running would hold a pipe open.
    let mut output = tempfile::tempfile().map_err(|error| error.to_string())?;
    let handle = || output.try_clone().map(Stdio::from).map_err(|error| error.to_string());
    let status = command.stdout(handle()?).stderr(handle()?).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => {
            use std::io::{Read, Seek};
            let mut text = Vec::new();
            let _ = output.rewind().and_then(|()| output.read_to_end(&mut text));
            Err(format!("{command:?} ended with {status}: {}", String::from_utf8_lossy(&text)))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Err(format!("{command:?} is not there")),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    listener.expect("a free port").port()
}
