//! CSV files as the wire bytes of `[R]`, and back: UTF-8, commas, quotes doubled within quotes, a header of names.
//!
//! A cell is read without the spaces around it, but for `Text`. An empty cell and `NA` are `none` of an optional column;
//! elsewhere they are errors, except that the empty `Text` is a value. So an optional `Text` that is empty or `NA` does
//! not come back from CSV; Parquet keeps it.

mod cell;

use std::{
    format,
    io::{Read, Write},
    string::{String, ToString},
    vec::Vec,
};

use csv::{ByteRecord, ErrorKind, ReaderBuilder};
use runner_core::{
    Error, Prim, Result, TypeId, TypeTable,
    wire::{Reader, Writer},
};

use super::shape::{self, Shape, columns_of_array};
use cell::{read_cell, write_cell};

/// The wire bytes of `[R]` from a CSV file with a header. Columns may stand in any order, and others are skipped.
///
/// ```
/// use runner_core::{Field, Prim, Type, TypeTable};
/// use runner_interpreter::fs::csv;
///
/// let mut types = TypeTable::new();
/// let (text, int) = (types.prim(Prim::Text), types.prim(Prim::Int64));
/// let field = |name: &str, ty| Field { name: Some(name.into()), ty };
/// let row = types.push(Type::Tuple(vec![field("name", text), field("age", int)]));
/// let rows = types.array(row);
///
/// let bytes = csv::read(&b"age,name\n41,Ana\n"[..], &types, rows)?;
/// assert_eq!(bytes, postcard::to_allocvec(&[("Ana", 41i64)][..]).unwrap());
///
/// let error = csv::read(&b"age,name\nold,Ana\n"[..], &types, rows).unwrap_err();
/// assert_eq!(error.message(), "line 2, column `age`: expected Int64, found \"old\"");
/// # Ok::<(), runner_core::Error>(())
/// ```
///
/// # Errors
/// `PREPARE_ERROR` if `R` has columns that are no scalars or optional scalars. `DECODE_ERROR` that names line, column,
/// type and cell if something does not fit, or the file is not CSV or not UTF-8.
pub fn read(input: impl Read, types: &TypeTable, ty: TypeId) -> Result<Vec<u8>> {
    let columns = scalars(types, ty)?;
    let mut reader = ReaderBuilder::new().has_headers(true).from_reader(input);
    let places = choose(reader.byte_headers().map_err(|error| broken(&error))?, &columns)?;

    let mut count = 0;
    let mut rows = Writer::new();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(|error| broken(&error))? {
        count += 1;
        for (column, place) in columns.iter().zip(&places) {
            let cell = record.get(*place).unwrap_or_default();
            if read_cell(column, cell, &mut rows).is_none() {
                let line = record.position().map_or(0, csv::Position::line);
                return Err(wrong(line, column, cell));
            }
        }
    }
    let mut head = Writer::new();
    head.length(count);
    let mut bytes = rows.into_bytes();
    bytes.splice(0..0, head.into_bytes());
    Ok(bytes)
}

/// Writes the wire bytes of `[R]` as CSV with a header, lines ended by `\n`.
///
/// # Errors
/// `PREPARE_ERROR` if `R` has columns that are no scalars or optional scalars, `DECODE_ERROR` if the bytes are not of the
/// type, `EXECUTION_ERROR` if writing fails.
pub fn write(output: impl Write, types: &TypeTable, ty: TypeId, bytes: &[u8]) -> Result<()> {
    let columns = scalars(types, ty)?;
    let mut output = csv::Writer::from_writer(output);
    output.write_record(columns.iter().map(|column| column.name.as_bytes())).map_err(not_written)?;

    let mut reader = Reader::new(bytes);
    let mut cell = String::new();
    let least = types.as_array(types.unframed(ty)).map_or(1, |row| types.least_bytes(row));
    for _ in 0..reader.length(least)? {
        for column in &columns {
            cell.clear();
            write_cell(column, &mut reader, &mut cell)?;
            output.write_field(&cell).map_err(not_written)?;
        }
        output.write_record(None::<&[u8]>).map_err(not_written)?;
    }
    reader.finish()?;
    output.flush().map_err(|error| Error::execution(format!("the CSV file can't be written: {error}")))
}

/// A column of scalars.
struct Scalar {
    name: String,
    prim: Prim,
    is_optional: bool,
}

fn scalars(types: &TypeTable, ty: TypeId) -> Result<Vec<Scalar>> {
    let scalar = |shape::Column { name, shape }| match shape {
        Shape::Prim(prim) => Ok(Scalar { name, prim, is_optional: false }),
        Shape::Option(some) if matches!(*some, Shape::Prim(_)) => {
            let Shape::Prim(prim) = *some else { return Err(nested(&name, &some)) };
            Ok(Scalar { name, prim, is_optional: true })
        }
        shape => Err(nested(&name, &shape)),
    };
    columns_of_array(types, ty)?.into_iter().map(scalar).collect()
}

fn nested(name: &str, shape: &Shape) -> Error {
    Error::prepare(format!("column `{name}`: a cell of CSV can't hold {shape}"))
}

/// Positions of the columns in the file.
fn choose(header: &ByteRecord, columns: &[Scalar]) -> Result<Vec<usize>> {
    let names: Vec<&[u8]> = header
        .iter()
        .enumerate()
        .map(
            |(index, name)| {
                if index == 0 { name.strip_prefix(b"\xef\xbb\xbf").unwrap_or(name) } else { name }
            },
        )
        .collect();
    let mut missing = Vec::new();
    let mut places = Vec::with_capacity(columns.len());
    for column in columns {
        match names.iter().position(|name| name.trim_ascii() == column.name.as_bytes()) {
            Some(place) => places.push(place),
            None => missing.push(format!("`{}`", column.name)),
        }
    }
    if missing.is_empty() {
        return Ok(places);
    }
    let there: Vec<_> =
        names.iter().take(100).map(|name| String::from_utf8_lossy(name).to_string()).collect();
    Err(Error::decode(format!(
        "the CSV file has no column {} (columns of the file: {})",
        missing.join(", "),
        there.join(", ")
    )))
}

fn wrong(line: u64, column: &Scalar, cell: &[u8]) -> Error {
    let Scalar { name, prim, is_optional } = column;
    let option = if *is_optional { "?" } else { "" };
    let found = match core::str::from_utf8(cell) {
        Ok(text) if text.chars().count() > 80 => {
            format!("{:?}...", text.chars().take(80).collect::<String>())
        }
        Ok(text) => format!("{text:?}"),
        Err(_) => "bytes that are not UTF-8".to_string(),
    };
    Error::decode(format!("line {line}, column `{name}`: expected {}{option}, found {found}", prim.name()))
}

fn broken(error: &csv::Error) -> Error {
    match error.kind() {
        ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            Error::decode(format!("line {line}: the header has {expected_len} columns, this line has {len}"))
        }
        _ => Error::decode(format!("the CSV file can't be read: {error}")),
    }
}

fn not_written(error: csv::Error) -> Error {
    Error::execution(format!("the CSV file can't be written: {error}"))
}
