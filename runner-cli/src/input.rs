//! From files and standard input to the bytes of a value.

use std::{
    fs::{self, File},
    io::{self, Read, Seek},
    path::Path,
};

use runner_core::{TypeId, TypeTable, value, wire};

use crate::{error::Failure, format::Format, tabular};

/// Reads a value of this type from a file, or from standard input if it is called `-`.
///
/// # Errors
/// If the file can't be read, or holds no such value.
pub(crate) fn read(
    types: &TypeTable,
    ty: TypeId,
    file: &Path,
    format: Option<Format>,
) -> Result<Vec<u8>, Failure> {
    let is_stdin = file.as_os_str() == "-";
    let format = Format::choose(format, "--input-format", (!is_stdin).then_some(file))?;
    let name = name(file);
    let wire = match format {
        Format::Lt => {
            let bytes = bytes(file)?;
            let text = str::from_utf8(&bytes).map_err(|_| not_utf8(&name, &bytes))?;
            value::read(types, ty, text).and_then(|value| wire::encode(types, ty, &value))
        }
        Format::Json => {
            let bytes = bytes(file)?;
            str::from_utf8(&bytes).map_err(|_| not_utf8(&name, &bytes))?;
            runner_json::read(types, ty, &bytes)
        }
        // Whether these are a value is for the runner to say, which has to look at them anyway.
        Format::Postcard => Ok(bytes(file)?),
        Format::Csv | Format::Parquet => tabular::read(types, ty, format, open(file)?),
        Format::Table => return Err(Failure::wrong("`table` is a format of output only")),
    };
    wire.map_err(|error| Failure::value(&name, &error))
}

/// What messages call a file.
pub(crate) fn name(file: &Path) -> String {
    if file.as_os_str() == "-" { "standard input".into() } else { file.display().to_string() }
}

/// All of a file, or of standard input.
///
/// # Errors
/// If it can't be read.
pub(crate) fn bytes(file: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = if file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(file)
    };
    bytes.map_err(|error| Failure::file(name(file), &error))
}

/// A file that can be read from any place on, as Parquet is: standard input goes to a temporary one.
fn open(file: &Path) -> Result<File, Failure> {
    let opened = if file.as_os_str() == "-" {
        tempfile::tempfile().and_then(|mut spool| {
            io::copy(&mut io::stdin().lock(), &mut spool)?;
            spool.rewind()?;
            Ok(spool)
        })
    } else {
        File::open(file)
    };
    opened.map_err(|error| Failure::file(name(file), &error))
}

/// Says where the first byte stands that is no UTF-8.
fn not_utf8(name: &str, bytes: &[u8]) -> Failure {
    let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let byte = bytes.get(valid.len()).copied().unwrap_or_default();
    let line = valid.matches('\n').count() + 1;
    let column = valid.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Failure::wrong(format!(
        "{name}: line {line}, column {column}: not UTF-8: the byte 0x{byte:02x} begins no character"
    ))
}
