//! From the rows of a result to output bytes.

use duckdb::arrow::array::{ArrayRef, AsArray, RecordBatch};
use runner_core::{Result, TypeId, wire::Writer};
use runner_sql::{Layout, Shape, Shapes};

use crate::{
    columns::Source,
    error::{self, unexpected},
};

/// How the columns of a row are written as a value.
#[derive(Debug)]
pub(crate) enum Plan {
    Packed(Layout),
    Tuple(Vec<Plan>),
    Option(Box<Plan>),
}

impl Plan {
    pub(crate) fn new(shapes: &Shapes, ty: TypeId) -> Self {
        match shapes.get(ty) {
            Shape::Tuple => {
                Self::Tuple(shapes.fields(ty).into_iter().map(|ty| Self::new(shapes, ty)).collect())
            }
            Shape::Option(payload) => Self::Option(Box::new(Self::new(shapes, payload))),
            _ => Self::Packed(Layout::of(shapes, ty)),
        }
    }

    /// Whether a column holds values of a recursive type, as bytes.
    pub(crate) fn has_boxed(&self) -> bool {
        match self {
            Self::Packed(layout) => layout.has_boxed(),
            Self::Tuple(fields) => fields.iter().any(Self::has_boxed),
            Self::Option(payload) => payload.has_boxed(),
        }
    }

    /// Writes all rows of a batch, until they are more than so many bytes.
    pub(crate) fn write(&self, batch: &RecordBatch, writer: &mut Writer, most: u64) -> Result<()> {
        let source = self.source(&mut batch.columns().iter())?;
        (0..batch.num_rows()).try_for_each(|row| {
            source.write(row, writer)?;
            if writer.len() as u64 > most { Err(error::output(most)) } else { Ok(()) }
        })
    }

    pub(crate) fn source<'a>(&self, columns: &mut impl Iterator<Item = &'a ArrayRef>) -> Result<Source<'a>> {
        let next = |columns: &mut dyn Iterator<Item = &'a ArrayRef>| {
            columns.next().ok_or_else(|| unexpected("as many columns"))
        };
        Ok(match self {
            Self::Packed(layout) => Source::new(layout, next(columns)?)?,
            Self::Tuple(fields) => {
                let mut sources = Vec::with_capacity(fields.len());
                for field in fields {
                    sources.push(field.source(columns)?);
                }
                Source::Tuple(sources)
            }
            Self::Option(payload) => {
                let flag = next(columns)?.as_boolean_opt().ok_or_else(|| unexpected("a boolean"))?;
                Source::Flag(flag, Box::new(payload.source(columns)?))
            }
        })
    }
}
