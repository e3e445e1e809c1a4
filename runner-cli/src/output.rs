//! From the bytes of a value to a file or standard output.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
};

use runner_core::{Program, value, wire};
use runner_json::Layout;

use crate::{error::Failure, format::Format, table, tabular, wait};

/// Where an output goes, and in which format.
#[derive(Debug)]
pub(crate) struct Output<'a> {
    /// `None` is standard output.
    file: Option<&'a Path>,
    format: Format,
}

impl<'a> Output<'a> {
    /// Looks whether this can be done, before any work is.
    ///
    /// # Errors
    /// If the format is unknown, or bytes would go to a terminal.
    pub(crate) fn new(file: Option<&'a Path>, format: Option<Format>) -> Result<Self, Failure> {
        let file = file.filter(|file| file.as_os_str() != "-");
        let format = Format::choose(format, "--output-format", file)?;
        if file.is_none() && format.is_binary() && io::stdout().is_terminal() {
            return Err(no_terminal());
        }
        let folder = file.and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            return Err(Failure::wrong(format!("there is no folder `{}` for the output", folder.display())));
        }
        Ok(Self { file, format })
    }

    /// Whether outputs of this program have this format.
    ///
    /// # Errors
    /// If the format is a table and the output is none.
    pub(crate) fn check(&self, program: &Program) -> Result<(), Failure> {
        Ok(tabular::check(program.types(), program.output(), self.format)?)
    }

    /// Writes the output of a program.
    ///
    /// # Errors
    /// If the bytes are not of the program's type, or the file can't be written.
    pub(crate) fn write(&self, program: &Program, bytes: &[u8]) -> Result<(), Failure> {
        let (types, ty) = (program.types(), program.output());
        let text = match self.format {
            Format::Postcard => return write(self.file, |out| Ok(out.write_all(bytes)?)),
            Format::Csv | Format::Parquet => {
                return write(self.file, |out| tabular::write(types, ty, self.format, bytes, out));
            }
            Format::Json => runner_json::print(types, ty, bytes, Layout::Pretty)?,
            Format::Lt => value::print(types, ty, &wire::decode(types, ty, bytes)?)?.into_bytes(),
            Format::Table => table::print(types, ty, &wire::decode(types, ty, bytes)?)?.into_bytes(),
        };
        write(self.file, |out| {
            out.write_all(&text)?;
            Ok(out.write_all(b"\n")?)
        })
    }
}

/// Why something was not written.
pub(crate) enum WriteError {
    Io(io::Error),
    Value(runner_core::Error),
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<runner_core::Error> for WriteError {
    fn from(error: runner_core::Error) -> Self {
        Self::Value(error)
    }
}

/// Bytes are not for people.
pub(crate) fn no_terminal() -> Failure {
    Failure::wrong("these bytes are not for a terminal").hint("name a file with `--output FILE`")
}

/// Writes to a file, which is there as a whole afterwards or not at all, or to standard output if there is none.
///
/// A reader of standard output that goes away is no error.
///
/// # Errors
/// Those of `content`, and of the file.
pub(crate) fn write(
    file: Option<&Path>,
    content: impl FnOnce(&mut (dyn Write + Send)) -> Result<(), WriteError>,
) -> Result<(), Failure> {
    let Some(file) = file else {
        let mut out = BufWriter::new(io::stdout());
        let done = content(&mut out).and_then(|()| Ok(out.flush()?));
        return match done {
            Err(WriteError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(failure("standard output", error)),
            Ok(()) => Ok(()),
        };
    };
    let name = file.display();
    // A link stays one: what it leads to is replaced.
    let target = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let before = fs::metadata(&target).ok();
    if before.as_ref().is_some_and(|before| !before.is_file()) {
        let out =
            OpenOptions::new().write(true).open(&target).map_err(|error| Failure::file(&name, &error))?;
        let mut out = BufWriter::new(out);
        return content(&mut out).and_then(|()| Ok(out.flush()?)).map_err(|error| failure(&name, error));
    }
    let (draft, out) = Draft::beside(&target).map_err(|error| Failure::file(&name, &error))?;
    let mut out = BufWriter::new(out);
    let done = content(&mut out).and_then(|()| {
        let out = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        if let Some(before) = before {
            out.set_permissions(before.permissions())?;
        }
        drop(out);
        Ok(draft.publish(&target)?)
    });
    done.map_err(|error| failure(name, error))
}

fn failure(name: impl std::fmt::Display, error: WriteError) -> Failure {
    match error {
        WriteError::Io(error) => Failure::file(name, &error),
        WriteError::Value(error) => Failure::value(name, &error),
    }
}

/// A file under a name of its own, which is removed on drop.
struct Draft(Option<PathBuf>);

impl Draft {
    fn beside(target: &Path) -> io::Result<(Self, File)> {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let mut attempt = 0u32;
        loop {
            let path = target.with_file_name(format!(".{name}.{}-{attempt}.tmp", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => {
                    wait::unfinished(Some(path.clone()));
                    return Ok((Self(Some(path)), file));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 100 => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    fn publish(mut self, target: &Path) -> io::Result<()> {
        let Some(path) = self.0.as_ref() else { return Ok(()) };
        fs::rename(path, target)?;
        self.0 = None;
        wait::unfinished(None);
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            // If it can't be removed there is nothing better to do.
            let _ = fs::remove_file(path);
            wait::unfinished(None);
        }
    }
}
