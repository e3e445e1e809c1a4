use std::{
    format,
    fs::File,
    io,
    path::Path,
    string::{String, ToString},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cap_std::{
    ambient_authority,
    fs::{Dir, OpenOptions},
};
use runner_core::{Error, Result};

/// A directory, and no way out of it: absolute paths, `..` and symbolic links that lead outside are refused, also if
/// somebody swaps them while a path is looked up (each step is opened relative to the last one).
///
/// ```
/// use std::io::{Read, Write};
/// use runner_interpreter::fs::Root;
///
/// let directory = tempfile::tempdir().unwrap();
/// let root = Root::open(directory.path())?;
/// let mut file = root.create("greeting.txt")?;
/// file.write_all(b"hello").unwrap();
/// file.commit()?;
///
/// let mut text = String::new();
/// root.open_file("greeting.txt")?.read_to_string(&mut text).unwrap();
/// assert_eq!(text, "hello");
/// assert!(root.open_file("../secret").unwrap_err().message().contains("leaves the root"));
/// # Ok::<(), runner_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Root(Arc<Dir>);

/// A file that is not there before [`Pending::commit`], so that nothing is ever written half. Dropped without that, it
/// leaves nothing behind.
#[derive(Debug)]
pub struct Pending {
    directory: Arc<Dir>,
    name: String,
    temporary: String,
    file: File,
    done: bool,
}

impl Root {
    /// Opens the directory at a path of the system.
    ///
    /// # Errors
    /// `PREPARE_ERROR` if there is none, or it may not be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        match Dir::open_ambient_dir(path, ambient_authority()) {
            Ok(directory) => Ok(Self(Arc::new(directory))),
            Err(error) => Err(Error::prepare(format!("the root directory {}: {error}", path.display()))),
        }
    }

    /// Opens a file to read it.
    ///
    /// # Errors
    /// `EXECUTION_ERROR` if the path leaves the root, or there is no such file, or it may not be read.
    pub fn open_file(&self, path: &str) -> Result<File> {
        // What is no plain file (a pipe) could block for ever when it is opened.
        let metadata = self.0.metadata(path).map_err(|error| failed(path, &error))?;
        if !metadata.is_file() {
            return Err(Error::execution(format!("{path:?} is no file")));
        }
        self.0.open(path).map(cap_std::fs::File::into_std).map_err(|error| failed(path, &error))
    }

    /// Begins a file, which replaces one of the same name when it is committed.
    ///
    /// # Errors
    /// `EXECUTION_ERROR` if the path leaves the root, its directory is not there, or it may not be written.
    pub fn create(&self, path: &str) -> Result<Pending> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let (folder, name) = match path.rsplit_once('/') {
            Some((folder, name)) => (folder, name),
            None => ("", path),
        };
        if matches!(name, "" | "." | "..") {
            return Err(Error::execution(format!("{path:?} is no name of a file")));
        }
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let directory = match folder {
            "" if path.starts_with('/') => return Err(leaves(path)),
            "" => Arc::clone(&self.0),
            _ => Arc::new(self.0.open_dir(folder).map_err(|error| failed(path, &error))?),
        };
        if directory.is_dir(name) {
            return Err(Error::execution(format!("{path:?} is a directory")));
        }
        let temporary = format!(".{name}.{}-{number}.tmp", std::process::id());
        let file = directory
            .open_with(&temporary, OpenOptions::new().write(true).create_new(true))
            .map_err(|error| failed(path, &error))?;
        Ok(Pending { directory, name: name.to_string(), temporary, file: file.into_std(), done: false })
    }
}

impl Pending {
    /// Puts the file in its place, in one step.
    ///
    /// # Errors
    /// `EXECUTION_ERROR` if the system refuses.
    pub fn commit(mut self) -> Result<()> {
        self.file
            .sync_data()
            .and_then(|()| self.directory.rename(&self.temporary, &self.directory, &self.name))
            .map_err(|error| failed(&self.name, &error))?;
        self.done = true;
        Ok(())
    }
}

impl io::Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.done {
            // If even this fails, a file with a name that says what it is stays behind.
            let _ = self.directory.remove_file(&self.temporary);
        }
    }
}

fn failed(path: &str, error: &io::Error) -> Error {
    // The library's refusal has no code of the system's.
    if error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none() {
        return leaves(path);
    }
    Error::execution(format!("{path:?}: {error}"))
}

fn leaves(path: &str) -> Error {
    Error::execution(format!("{path:?} leaves the root directory"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        fs,
        io::{Read, Write},
    };

    fn root() -> (tempfile::TempDir, Root) {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("root/inner")).unwrap();
        fs::write(directory.path().join("secret"), "secret").unwrap();
        fs::write(directory.path().join("root/inner/file"), "fine").unwrap();
        let root = Root::open(directory.path().join("root")).unwrap();
        (directory, root)
    }

    #[test]
    fn what_is_inside_can_be_read() {
        let (_directory, root) = root();
        for path in ["inner/file", "./inner/file", "inner/../inner/file"] {
            let mut text = String::new();
            root.open_file(path).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "fine");
        }
    }

    #[test]
    fn nothing_leads_outside() {
        let (directory, root) = root();
        let outside = directory.path().join("secret");
        let absolute = outside.to_str().unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::symlink;
            symlink("../secret", directory.path().join("root/relative")).unwrap();
            symlink(&outside, directory.path().join("root/absolute")).unwrap();
            symlink("..", directory.path().join("root/up")).unwrap();
            symlink("inner/file", directory.path().join("root/alias")).unwrap();
            for path in ["relative", "absolute", "up/secret"] {
                let error = root.open_file(path).unwrap_err();
                assert!(error.message().contains("leaves the root"), "{error}");
            }
            assert!(root.create("up/new").unwrap_err().message().contains("leaves the root"));
            root.open_file("alias").unwrap();
            // The link is replaced, not what it points at.
            root.create("relative").unwrap().commit().unwrap();
            assert_eq!(fs::read(&outside).unwrap(), b"secret");
        }
        for path in ["../secret", "inner/../../secret", absolute] {
            for error in [root.open_file(path).unwrap_err(), root.create(path).unwrap_err()] {
                assert!(error.message().contains("leaves the root"), "{error}");
            }
        }
    }

    #[test]
    fn what_is_no_file_is_an_error() {
        let (_directory, root) = root();
        assert!(root.open_file("nothing").unwrap_err().message().contains("nothing"));
        for path in ["inner", "", "."] {
            root.open_file(path).unwrap_err();
            root.create(path).unwrap_err();
        }
        root.create("nowhere/file").unwrap_err();
        root.open_file("a\0b").unwrap_err();
        assert!(Root::open("/no/such/directory").is_err());
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let (directory, root) = root();
        let list = || fs::read_dir(directory.path().join("root/inner")).unwrap().count();
        let mut pending = root.create("inner/file").unwrap();
        pending.write_all(b"new").unwrap();
        assert_eq!(fs::read(directory.path().join("root/inner/file")).unwrap(), b"fine");
        drop(pending);
        assert_eq!(list(), 1);

        let mut pending = root.create("inner/file").unwrap();
        pending.write_all(b"new").unwrap();
        pending.commit().unwrap();
        assert_eq!(fs::read(directory.path().join("root/inner/file")).unwrap(), b"new");
        assert_eq!(list(), 1);
    }
}
