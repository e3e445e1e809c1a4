//! Parquet files as the wire bytes of `[R]`, and back.

use std::{
    format,
    fs::File,
    io::Write,
    panic::{AssertUnwindSafe, catch_unwind},
    string::String,
    sync::Arc,
    vec::Vec,
};

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use parquet::{
    arrow::{
        ArrowWriter, ProjectionMask,
        arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder},
        arrow_writer::ArrowWriterOptions,
    },
    basic::Compression,
    errors::ParquetError,
    file::{metadata::ParquetMetaData, properties::WriterProperties},
};
use runner_core::{Code, Error, Result, TypeId, TypeTable};

use super::{
    from_arrow::Builder,
    shape::{self, columns_of_array},
    to_arrow::to_arrow,
};
use crate::{
    budget::Budget,
    column::Column,
    limits::{FILE_BATCH, FILE_BYTES},
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
    let rows = read_rows(file, &columns, &budget).map_err(as_input)?;
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

/// The rows of a file, as tuples.
pub(super) fn read_rows(file: File, columns: &[shape::Column], budget: &Budget) -> Result<Column> {
    // The library checks what it reads, but not everything; what it misses must not take the process down.
    catch_unwind(AssertUnwindSafe(|| read_batches(file, columns, budget)))
        .unwrap_or_else(|_| Err(Error::execution("the Parquet file is damaged")))
}

fn read_batches(file: File, columns: &[shape::Column], budget: &Budget) -> Result<Column> {
    let size = file.metadata().map_err(|error| Error::execution(format!("{error}")))?.len();
    // Types come from Parquet alone: what else a writer noted (dictionaries, wide offsets) is its own matter.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(damaged)?;
    check_extents(reader.metadata(), size)?;

    let chosen = choose(reader.schema(), columns)?;
    let mut roots = chosen.clone();
    roots.sort_unstable();
    roots.dedup();
    let places: Vec<usize> = chosen.iter().filter_map(|root| roots.binary_search(root).ok()).collect();
    let mask = ProjectionMask::roots(reader.parquet_schema(), roots);
    let (batch, bytes) = batch_of(reader.metadata());
    // What the library holds beside the columns: a batch, and what it has unpacked of the file.
    let mut held = budget.charge(bytes)?;
    let batches = reader.with_projection(mask).with_batch_size(batch).build().map_err(damaged)?;

    let mut builders: Vec<Builder> =
        columns.iter().map(|column| Builder::new(column, budget)).collect::<Result<_>>()?;
    let mut rows = 0;
    for batch in batches {
        budget.check()?;
        let batch = batch.map_err(|error| damaged(error.into()))?;
        held.add(batch.get_array_memory_size().saturating_sub(held.bytes()))?;
        rows += batch.num_rows();
        for (builder, place) in builders.iter_mut().zip(&places) {
            match batch.columns().get(*place) {
                Some(array) => builder.append(array, budget)?,
                None => return Err(Error::execution("the Parquet file is damaged: a column is not there")),
            }
        }
    }
    let fields = builders.into_iter().map(|builder| builder.finish(budget)).collect::<Result<_>>()?;
    Ok(Column::tuple(rows, fields))
}

/// Positions in the file of these columns.
fn choose(schema: &Schema, columns: &[shape::Column]) -> Result<Vec<usize>> {
    let mut problems: Vec<String> = Vec::new();
    let mut chosen = Vec::with_capacity(columns.len());
    for shape::Column { name, shape } in columns {
        match schema.fields().find(name) {
            Some((index, field)) if shape.fits(field.data_type()) => chosen.push(index),
            Some((_, field)) => {
                problems
                    .push(format!("column `{name}`: expected {shape}, the file has {}", field.data_type()));
            }
            None => problems.push(format!("column `{name}`: expected {shape}, the file has no such column")),
        }
    }
    if problems.is_empty() {
        return Ok(chosen);
    }
    let there: Vec<&str> = schema.fields().iter().take(100).map(|field| field.name().as_str()).collect();
    Err(Error::execution(format!("{} (columns of the file: {})", problems.join("; "), there.join(", "))))
}

/// What the file says of its parts must lie within it, or reading would ask for memory that no data stands behind.
fn check_extents(metadata: &ParquetMetaData, size: u64) -> Result<()> {
    for group in metadata.row_groups() {
        for chunk in group.columns() {
            let start = chunk
                .dictionary_page_offset()
                .unwrap_or(chunk.data_page_offset())
                .min(chunk.data_page_offset());
            let end = start.checked_add(chunk.compressed_size());
            let fits = start >= 0
                && chunk.compressed_size() >= 0
                && end.and_then(|end| u64::try_from(end).ok()).is_some_and(|end| end <= size);
            if !fits || group.num_rows() < 0 || chunk.num_values() < 0 {
                return Err(Error::execution("the Parquet file is damaged: a column lies outside of it"));
            }
        }
    }
    Ok(())
}

/// Rows to read at a time, and about how many bytes the library holds meanwhile, by what the file says of itself.
fn batch_of(metadata: &ParquetMetaData) -> (usize, usize) {
    let size = |bytes: i64| usize::try_from(bytes).unwrap_or(usize::MAX);
    let groups = || metadata.row_groups().iter();
    let row = groups().map(|group| size(group.total_byte_size()) / size(group.num_rows()).max(1)).max();
    let rows = (FILE_BYTES / row.unwrap_or(1).max(1)).clamp(1, FILE_BATCH);
    let page = groups().flat_map(|group| group.columns()).map(|chunk| size(chunk.uncompressed_size())).max();
    (rows, page.unwrap_or(0).min(FILE_BYTES))
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
