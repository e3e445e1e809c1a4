//! Parquet files as the wire bytes of `[R]`, and back.

mod scan;

use std::{format, fs::File, io::Write, sync::Arc, vec::Vec};

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use parquet::{
    arrow::{ArrowWriter, arrow_writer::ArrowWriterOptions},
    basic::Compression,
    errors::ParquetError,
    file::properties::WriterProperties,
};
use runner_core::{Code, Error, Result, TypeId, TypeTable};

pub(super) use self::scan::Scan;
use super::{
    shape::{self, columns_of_array},
    to_arrow::to_arrow,
};
use crate::{
    budget::Budget,
    column::Column,
    limits::{FILE_BATCH, FILE_BYTES},
    used::Used,
};

/// The wire bytes of `[R]` from a Parquet file.
///
/// ```
/// use runner_core::{Field, Prim, Type, TypeTable};
/// use runner_interpreter::fs::parquet;
///
/// let mut types = TypeTable::new();
/// let int = types.prim(Prim::Int64);
/// let row = types.push(Type::Tuple(vec![Field { name: Some("id".into()), ty: int }]));
/// let rows = types.array(row);
/// let bytes = postcard::to_allocvec(&vec![1i64, 2, 300]).unwrap();
///
/// let mut file = tempfile::tempfile().unwrap();
/// parquet::write(&mut file, &types, rows, &bytes)?;
/// assert_eq!(parquet::read(file, &types, rows)?, bytes);
/// # Ok::<(), runner_core::Error>(())
/// ```
///
/// # Errors
/// `PREPARE_ERROR` if the type has no form in Parquet. `DECODE_ERROR` if the file is none, or damaged, or lacks a column,
/// or a column has another type, or a value is missing where the type is no option.
pub fn read(file: File, types: &TypeTable, ty: TypeId) -> Result<Vec<u8>> {
    let columns = columns_of_array(types, ty)?;
    let budget = Budget::unbounded();
    let scan = Scan::open(file, &columns, &Used::all(), &budget);
    let rows = scan.and_then(|scan| scan.rest(&budget)).map_err(as_input)?;
    Column::one_array(rows, &budget)?.to_wire(&budget)
}

/// Writes the wire bytes of `[R]` as a Parquet file, compressed with Snappy.
///
/// # Errors
/// `PREPARE_ERROR` if the type has no form in Parquet, `DECODE_ERROR` if the bytes are not of the type,
/// `EXECUTION_ERROR` if a value does not fit a column, or writing fails.
pub fn write(output: impl Write + Send, types: &TypeTable, ty: TypeId, bytes: &[u8]) -> Result<()> {
    let columns = columns_of_array(types, ty)?;
    let budget = Budget::unbounded();
    match Column::from_wire(types, ty, bytes, 1, &budget)? {
        Column::Array(array) => {
            let (start, end) = array.range(0);
            write_rows(output, &columns, &array.items.slice(start, end), &budget)
        }
        _ => write_rows(output, &columns, &Column::Empty, &budget),
    }
}

/// Writes tuples.
pub(super) fn write_rows(
    output: impl Write + Send,
    columns: &[shape::Column],
    rows: &Column,
    budget: &Budget,
) -> Result<()> {
    let schema = Arc::new(Schema::new(shape::fields(columns)));
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let mut writer =
        ArrowWriter::try_new_with_options(output, Arc::clone(&schema), options).map_err(not_written)?;
    let mut held = budget.charge(0)?;
    let batch = (FILE_BYTES / (rows.bytes() / rows.len().max(1)).max(1)).clamp(1, FILE_BATCH);
    for start in (0..rows.len()).step_by(batch) {
        budget.check()?;
        let batch = rows.slice(start, start + batch);
        // A batch as an array, and what of it and those before it is not written yet.
        let bytes = batch.bytes().saturating_mul(2).saturating_add(writer.memory_size());
        held.add(bytes.saturating_sub(held.bytes()))?;
        let arrays = columns
            .iter()
            .enumerate()
            .map(|(index, column)| {
                to_arrow(&column.shape, &batch.field(index), batch.len(), None, budget)
                    .map_err(|error| error.context(format_args!("column `{}`", column.name)))
            })
            .collect::<Result<_>>()?;
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays)
            .map_err(|error| Error::new(Code::Internal, format!("a batch for a file: {error}")))?;
        writer.write(&batch).map_err(not_written)?;
    }
    writer.into_inner().map(drop).map_err(not_written)
}

/// What fails while a program runs is its failure; the same in a conversion is one of the input.
pub(super) fn as_input(error: Error) -> Error {
    match error.code() {
        Code::ExecutionError => Error::decode(error.message()),
        _ => error,
    }
}

fn damaged(error: ParquetError) -> Error {
    Error::execution(format!("the Parquet file can't be read: {error}"))
}

fn not_written(error: ParquetError) -> Error {
    Error::execution(format!("the Parquet file can't be written: {error}"))
}
