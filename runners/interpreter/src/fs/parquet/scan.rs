//! A Parquet file, a batch of rows at a time.

use std::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    format,
    fs::File,
    panic::{AssertUnwindSafe, catch_unwind},
    string::String,
    sync::Arc,
    vec::Vec,
};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Fields, Schema};
use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{
            ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
            ParquetRecordBatchReaderBuilder,
        },
    },
    basic::Encoding,
    file::{
        metadata::{ParquetMetaData, RowGroupMetaData},
        statistics::Statistics,
    },
    schema::types::SchemaDescriptor,
};
use runner_core::{Error, Prim, Result};

use super::{
    super::{
        from_arrow::Builder,
        shape::{self, Shape},
    },
    damaged,
};
use crate::{
    budget::{Budget, Charge},
    column::Column,
    limits::{BATCH, FILE_BYTES},
    native::Bounds,
    used::Used,
};

/// The rows of a file that are not read yet.
pub(in crate::fs) struct Scan {
    file: File,
    metadata: ArrowReaderMetadata,
    mask: ProjectionMask,
    columns: Vec<Builder>,
    /// How each of them stands in the file.
    chosen: Vec<Chosen>,
    bounds: Vec<Bounds>,
    /// The row group that comes after the open one.
    group: usize,
    open: Option<ParquetRecordBatchReader>,
    /// Rows to read at a time.
    batch: usize,
    /// What the library holds beside the columns: a batch, and what it has unpacked of the file.
    held: Charge,
}

/// A column as it stands in the file.
struct Chosen {
    /// Its place in a batch; none if it is not read.
    place: Option<usize>,
    /// The only leaf below it, if it has one.
    leaf: Option<usize>,
    is_optional: bool,
    /// Whether its values are signed integers, as the file counts them.
    is_signed: bool,
}

impl Scan {
    /// Opens a file of these columns. All are looked for, and those of a tuple's fields that are `used` are read; others
    /// become [`Column::Empty`].
    ///
    /// # Errors
    /// `EXECUTION_ERROR` if the file is damaged, or has no such column, or one of another type.
    pub(in crate::fs) fn open(
        file: File,
        columns: &[shape::Column],
        used: &Used,
        budget: &Budget,
    ) -> Result<Self> {
        guarded(|| {
            let size = file.metadata().map_err(|error| Error::execution(format!("{error}")))?.len();
            // Types come from Parquet alone: what else a writer noted (dictionaries, wide offsets) is its own matter.
            let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
            let metadata = ArrowReaderMetadata::load(&file, options).map_err(damaged)?;
            check_extents(metadata.metadata(), size)?;

            let roots = choose(metadata.schema(), columns)?;
            let mut read: Vec<usize> = roots
                .iter()
                .enumerate()
                .filter(|(field, _)| used.has(*field))
                .map(|(_, root)| *root)
                .collect();
            read.sort_unstable();
            read.dedup();
            let leaves = only_leaves(metadata.parquet_schema());
            let chosen = columns.iter().zip(&roots).enumerate().map(|(field, (column, root))| Chosen {
                place: if used.has(field) { read.binary_search(root).ok() } else { None },
                leaf: leaves.get(root).copied().flatten(),
                is_optional: matches!(column.shape, Shape::Option(_)),
                is_signed: matches!(
                    column.shape,
                    Shape::Prim(
                        Prim::Int8 | Prim::Int16 | Prim::Int32 | Prim::Int64 | Prim::Date | Prim::Duration
                    )
                ),
            });
            let chosen = chosen.collect();
            let mask = ProjectionMask::roots(metadata.parquet_schema(), read);
            let (batch, bytes) = batch_of(metadata.metadata(), &mask);
            let columns = columns.iter().map(|column| Builder::new(column, budget)).collect::<Result<_>>()?;
            let held = budget.charge(bytes)?;
            Ok(Self {
                file,
                metadata,
                mask,
                columns,
                chosen,
                bounds: Vec::new(),
                group: 0,
                open: None,
                batch,
                held,
            })
        })
    }

    /// Number of all rows, by what the file says of itself.
    pub(in crate::fs) fn total(&self) -> usize {
        usize::try_from(self.metadata.metadata().file_metadata().num_rows()).unwrap_or(usize::MAX)
    }

    /// Leaves out row groups of which no row lies within bounds of its fields.
    pub(in crate::fs) fn within(&mut self, bounds: &[Bounds]) {
        self.bounds.extend_from_slice(bounds);
    }

    /// Whether a row group can be left out: by its statistics no row lies within the bounds, and no value is missing
    /// that has to be there, which would be an error.
    fn is_outside(&self, group: &RowGroupMetaData) -> bool {
        let chunk = |chosen: &Chosen| chosen.leaf.and_then(|leaf| group.columns().get(leaf));
        let is_outside = |bounds: &Bounds| {
            let chosen = self.chosen.get(bounds.field).filter(|chosen| chosen.is_signed);
            let (least, most) = match chosen.and_then(chunk).and_then(|chunk| chunk.statistics()) {
                Some(Statistics::Int32(values)) => (
                    values.min_opt().map(|least| i64::from(*least)),
                    values.max_opt().map(|most| i64::from(*most)),
                ),
                Some(Statistics::Int64(values)) => (values.min_opt().copied(), values.max_opt().copied()),
                _ => (None, None),
            };
            least.zip(most).is_some_and(|(least, most)| most < bounds.least || least > bounds.most)
        };
        let is_whole = |chosen: &Chosen| {
            chosen.place.is_none()
                || chunk(chosen).is_some_and(|chunk| {
                    chosen.is_optional
                        || chunk.column_descr().max_def_level() == 0
                        || chunk.statistics().and_then(Statistics::null_count_opt) == Some(0)
                })
        };
        self.bounds.iter().any(is_outside) && self.chosen.iter().all(is_whole)
    }

    /// The next rows, as tuples; `None` at the end.
    ///
    /// # Errors
    /// `EXECUTION_ERROR` if the file is damaged, or a value is missing where the type is no option.
    pub(in crate::fs) fn next(&mut self, budget: &Budget) -> Result<Option<Column>> {
        guarded(|| match self.append(budget)? {
            Some(rows) => self.taken(rows, budget).map(Some),
            None => Ok(None),
        })
    }

    /// All rows that are left, as tuples.
    ///
    /// # Errors
    /// As [`Scan::next`].
    pub(in crate::fs) fn rest(mut self, budget: &Budget) -> Result<Column> {
        guarded(|| {
            let mut rows = 0;
            while let Some(more) = self.append(budget)? {
                rows += more;
            }
            self.taken(rows, budget)
        })
    }

    /// Reads a batch, and gives the number of its rows; `None` at the end.
    fn append(&mut self, budget: &Budget) -> Result<Option<usize>> {
        budget.check()?;
        let Some(batch) = self.batch()? else { return Ok(None) };
        self.held.add(batch.get_array_memory_size().saturating_sub(self.held.bytes()))?;
        for (builder, chosen) in self.columns.iter_mut().zip(&self.chosen) {
            let Some(place) = chosen.place else { continue };
            match batch.columns().get(place) {
                Some(array) => builder.append(array, budget)?,
                None => return Err(Error::execution("the Parquet file is damaged: a column is not there")),
            }
        }
        Ok(Some(batch.num_rows()))
    }

    fn batch(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.open.as_mut().and_then(Iterator::next) {
                return batch.map(Some).map_err(|error| damaged(error.into()));
            }
            let Some(group) = self.metadata.metadata().row_groups().get(self.group) else { return Ok(None) };
            if self.is_outside(group) {
                let rows = usize::try_from(group.num_rows()).unwrap_or(usize::MAX);
                self.columns.iter_mut().for_each(|column| column.skip(rows));
                self.group += 1;
                continue;
            }
            let file = self.file.try_clone().map_err(|error| Error::execution(format!("{error}")))?;
            let metadata = with_dictionaries(&self.metadata, self.group)?;
            let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
            let reader = reader.with_row_groups(Vec::from([self.group])).with_projection(self.mask.clone());
            self.open = Some(reader.with_batch_size(self.batch).build().map_err(damaged)?);
            self.group += 1;
        }
    }

    fn taken(&mut self, rows: usize, budget: &Budget) -> Result<Column> {
        let fields = self.columns.iter_mut().zip(&self.chosen).map(|(builder, chosen)| match chosen.place {
            Some(_) => builder.take(budget),
            None => Ok(Column::Empty),
        });
        let fields = fields.collect::<Result<_>>()?;
        Ok(Column::tuple(rows, fields))
    }
}

/// For each column its leaf; none if it has several.
fn only_leaves(schema: &SchemaDescriptor) -> BTreeMap<usize, Option<usize>> {
    let mut leaves = BTreeMap::new();
    for leaf in 0..schema.num_columns() {
        leaves.entry(schema.get_column_root_idx(leaf)).and_modify(|only| *only = None).or_insert(Some(leaf));
    }
    leaves
}

/// The schema with dictionaries for those columns of texts of which a row group has nothing else.
fn with_dictionaries(metadata: &ArrowReaderMetadata, group: usize) -> Result<ArrowReaderMetadata> {
    let parquet = metadata.parquet_schema();
    let Some(group) = metadata.metadata().row_groups().get(group) else { return Ok(metadata.clone()) };
    let mut plain = BTreeSet::new();
    for (leaf, chunk) in group.columns().iter().enumerate() {
        let is_only = |encoding| chunk.page_encoding_stats_mask().is_some_and(|mask| mask.is_only(encoding));
        let has_dictionary = chunk.dictionary_page_offset().is_some()
            && (is_only(Encoding::PLAIN_DICTIONARY) || is_only(Encoding::RLE_DICTIONARY));
        if !has_dictionary {
            plain.insert(parquet.get_column_root_idx(leaf));
        }
    }
    let mut is_same = true;
    let fields = metadata.schema().fields().iter().enumerate().map(|(root, field)| {
        if *field.data_type() != DataType::Utf8 || plain.contains(&root) {
            return Arc::clone(field);
        }
        is_same = false;
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        Arc::new(field.as_ref().clone().with_data_type(dictionary))
    });
    let schema = Arc::new(Schema::new(fields.collect::<Fields>()));
    if is_same {
        return Ok(metadata.clone());
    }
    let options = ArrowReaderOptions::new().with_schema(schema);
    ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options).map_err(damaged)
}

/// The library checks what it reads, but not everything; what it misses must not take the process down.
fn guarded<T>(read: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(Error::execution("the Parquet file is damaged")))
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
fn batch_of(metadata: &ParquetMetaData, mask: &ProjectionMask) -> (usize, usize) {
    let size = |bytes: i64| usize::try_from(bytes).unwrap_or(usize::MAX);
    let (mut row, mut page) = (1, 0);
    for group in metadata.row_groups() {
        let chunks = group.columns().iter().enumerate().filter(|(leaf, _)| mask.leaf_included(*leaf));
        let bytes = chunks.map(|(_, chunk)| size(chunk.uncompressed_size()));
        page = bytes.clone().max().unwrap_or(0).max(page);
        row = (bytes.fold(0, usize::saturating_add) / size(group.num_rows()).max(1)).max(row);
    }
    ((FILE_BYTES / row).clamp(1, BATCH), page.min(FILE_BYTES))
}
