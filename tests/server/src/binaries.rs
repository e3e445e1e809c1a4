//! Where PostgreSQL is, and who runs it.

use std::{
    env,
    ffi::OsStr,
    fs,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The user that runs the server where the test is run by root, whom PostgreSQL refuses.
const USER: &str = "nobody";

/// The programs of a version of PostgreSQL.
pub(crate) struct Binaries {
    path: PathBuf,
    /// Numbers of the user and of the group of [`USER`], if it is needed.
    user: Option<(u32, u32)>,
}

impl Binaries {
    /// In `PATH`, or where Debian has them.
    pub(crate) fn find() -> Self {
        let path = find().expect("PostgreSQL is installed: `test.sh` does that");
        let is_root = fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0);
        Self { path, user: is_root.then(ids) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A program of PostgreSQL.
    pub(crate) fn program(&self, name: &str) -> Command {
        let own = self.path.join(name);
        // The client's programs may be elsewhere.
        self.command(if own.is_file() { &own } else { Path::new(name) })
    }

    /// Any program, as the server's user.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = match self.user {
            Some(_) => {
                let mut command = Command::new("runuser");
                command.args([OsStr::new("-u"), OsStr::new(USER), OsStr::new("--"), program.as_os_str()]);
                command
            }
            None => Command::new(program),
        };
        // The user may not be allowed to enter the folder of the test.
        command.current_dir("/").stdin(Stdio::null());
        command
    }

    /// Makes a file or folder the server's own.
    pub(crate) fn give(&self, path: &Path) {
        if let Some((user, group)) = self.user {
            chown(path, Some(user), Some(group)).expect("root may give files away");
        }
    }

    /// A new folder of the server, in memory where there is such a folder: a cluster has some 40 MB.
    pub(crate) fn folder(&self) -> PathBuf {
        let mut builder = tempfile::Builder::new();
        builder.prefix("postgres-");
        let folder = builder.tempdir_in("/dev/shm").or_else(|_| builder.tempdir());
        let folder = folder.expect("a temporary folder").keep();
        self.give(&folder);
        folder
    }
}

fn find() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = env::split_paths(&path).collect();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut debian: Vec<_> = debian.map(|version| version.path().join("bin")).collect();
    debian.sort();
    folders.extend(debian.into_iter().rev());
    // Links in a folder of the path may be of some programs only.
    let is_complete =
        |folder: &PathBuf| ["initdb", "pg_ctl", "postgres"].iter().all(|name| folder.join(name).is_file());
    folders.into_iter().find(is_complete)
}

fn ids() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let line = users.lines().find_map(|line| line.strip_prefix(USER)?.strip_prefix(':'));
    let mut fields = line.unwrap_or_default().split(':').skip(1).map(str::parse);
    match (fields.next(), fields.next()) {
        (Some(Ok(user)), Some(Ok(group))) => (user, group),
        _ => panic!("root needs a user `{USER}` to run PostgreSQL"),
    }
}
