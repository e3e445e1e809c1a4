//! A PostgreSQL server of its own for a test: installed if it is missing, in a temporary folder, stopped at the end.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// A running server that listens on a Unix socket alone. Dropping it stops it and removes its data.
pub(crate) struct Server {
    folder: TempDir,
    bin: PathBuf,
}

impl Server {
    /// Makes a cluster and starts it.
    pub(crate) fn start() -> Self {
        let bin = binaries();
        // In memory where there is such a folder: making a cluster writes some 40 MB.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let folder = folder.expect("a temporary folder");
        let server = Self { folder, bin };
        if is_root() {
            run(Command::new("chown").arg("nobody").arg(server.folder.path()));
        }
        let data = server.data();
        run(server
            .command("initdb")
            .args([
                "--auth=trust",
                "--username=test",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "-D",
            ])
            .arg(&data));
        let settings = format!(
            "listen_addresses = ''\nunix_socket_directories = '{}'\nfsync = off\nsynchronous_commit = off\n\
             full_page_writes = off\nmax_connections = 100\n",
            server.folder.path().display()
        );
        let file = data.join("postgresql.conf");
        let text = fs::read_to_string(&file).expect("the configuration") + &settings;
        fs::write(&file, text).expect("the configuration");
        server.control("start");
        server
    }

    /// The address of its database.
    pub(crate) fn url(&self) -> String {
        let host = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://test@{host}/postgres")
    }

    /// Stops it at once, as a crash does, and starts it again.
    #[allow(dead_code)]
    pub(crate) fn restart(&self) {
        self.control("stop");
        self.control("start");
    }

    fn control(&self, verb: &str) {
        let log = self.folder.path().join("log");
        let mut command = self.command("pg_ctl");
        command.arg(verb).arg("-D").arg(self.data()).arg("-w");
        match verb {
            "start" => command.arg("-l").arg(log),
            _ => command.args(["-m", "immediate"]),
        };
        run(&mut command);
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A program of PostgreSQL, which refuses to run as root.
    fn command(&self, program: &str) -> Command {
        let path = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "nobody", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command.current_dir("/").stdin(Stdio::null());
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.control("stop");
    }
}

/// The folder of `initdb`: in the path, where Debian has it, or newly installed.
fn binaries() -> PathBuf {
    found().unwrap_or_else(|| {
        run(Command::new("apt-get").arg("update"));
        run(Command::new("apt-get").args(["install", "-y", "--no-install-recommends", "postgresql"]));
        found().expect("PostgreSQL is installed")
    })
}

fn found() -> Option<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql").ok().and_then(|versions| {
        let mut versions: Vec<_> = versions.flatten().map(|version| version.path().join("bin")).collect();
        versions.sort();
        versions.pop()
    });
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).find(|folder| folder.join("initdb").is_file());
    debian.filter(|folder| folder.join("initdb").is_file()).or(in_path)
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata) == 0)
        && Path::new("/usr/sbin/runuser").exists()
}

fn run(command: &mut Command) {
    let output =
        command.stdout(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
