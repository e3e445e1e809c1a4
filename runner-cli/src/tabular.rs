//! CSV and Parquet: arrays of tuples, whose columns go to and from wire bytes without a value for each cell.

use std::io::Write;

use runner_core::{Error, Result, TypeId, TypeTable};

use crate::{format::Format, output::WriteError};

/// Whether values of this type are tables.
///
/// # Errors
/// `PREPARE_ERROR` if not.
pub(crate) fn check(types: &TypeTable, ty: TypeId) -> Result<()> {
    let item = types.as_array(types.unframed(ty)).map(|item| types.unframed(item));
    let fields = item.and_then(|item| types.as_tuple(item)).unwrap_or_default();
    if !fields.is_empty() && fields.iter().all(|field| field.name.is_some()) {
        return Ok(());
    }
    Err(Error::prepare(format!(
        "CSV and Parquet hold arrays of tuples whose fields have names, which {} is not",
        types.display(ty)
    )))
}

/// The wire bytes of a table.
///
/// # Errors
/// `DECODE_ERROR` that names the column and row at fault.
pub(crate) fn read(types: &TypeTable, ty: TypeId, format: Format, bytes: Vec<u8>) -> Result<Vec<u8>> {
    check(types, ty)?;
    todo!("{format:?} {}", bytes.len())
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
    todo!("{format:?} {} {ty:?} {}", bytes.len(), out.flush().is_ok() && types.is_empty())
}
