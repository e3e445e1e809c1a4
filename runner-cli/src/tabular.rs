//! CSV and Parquet: arrays of tuples, whose columns go to and from wire bytes without a value for each cell.

use std::{
    fs::File,
    io::{self, BufReader, Write},
};

use runner_core::{Result, TypeId, TypeTable};
use runner_interpreter::fs::{csv, parquet};

use crate::{format::Format, output::WriteError};

/// The bytes of an array without items.
const EMPTY: &[u8] = &[0];

/// Whether values of this type have this format, which is found out with an empty one.
///
/// # Errors
/// `PREPARE_ERROR` if not.
pub(crate) fn check(types: &TypeTable, ty: TypeId, format: Format) -> Result<()> {
    match format {
        Format::Csv => csv::write(io::sink(), types, ty, EMPTY),
        Format::Parquet => parquet::write(io::sink(), types, ty, EMPTY),
        _ => Ok(()),
    }
}

/// The wire bytes of a table.
///
/// # Errors
/// `PREPARE_ERROR` if the type has no such form, `DECODE_ERROR` that names the place at fault.
pub(crate) fn read(types: &TypeTable, ty: TypeId, format: Format, file: File) -> Result<Vec<u8>> {
    match format {
        Format::Csv => csv::read(BufReader::new(file), types, ty),
        _ => parquet::read(file, types, ty),
    }
}

/// Writes the wire bytes of a table.
///
/// # Errors
/// Those of the bytes, and of what they are written to.
pub(crate) fn write(
    types: &TypeTable,
    ty: TypeId,
    format: Format,
    bytes: &[u8],
    out: &mut (dyn Write + Send),
) -> Result<(), WriteError> {
    let mut out = Watched { out, error: None };
    let done = match format {
        Format::Csv => csv::write(&mut out, types, ty, bytes),
        _ => parquet::write(&mut out, types, ty, bytes),
    };
    match (done, out.error) {
        (Err(_), Some(error)) => Err(WriteError::Io(error)),
        (done, _) => Ok(done?),
    }
}

/// Keeps the error of a write, which libraries put into words of their own: a closed pipe is told by its kind.
struct Watched<'a> {
    out: &'a mut (dyn Write + Send),
    error: Option<io::Error>,
}

impl Watched<'_> {
    fn watch<T>(&mut self, done: io::Result<T>) -> io::Result<T> {
        done.map_err(|error| {
            let kind = error.kind();
            self.error = Some(error);
            kind.into()
        })
    }
}

impl Write for Watched<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self.out.write(bytes);
        self.watch(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.out.flush();
        self.watch(done)
    }
}
