use core::fmt;
use std::{
    boxed::Box,
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};

use arrow_schema::{DataType, Field, Fields, TimeUnit};
use runner_core::{Error, Prim, Result, Type, TypeId, TypeTable};

use crate::limits::FILE_DEPTH;

/// A type that columns of a file can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    Prim(Prim),
    Option(Box<Self>),
    Tuple(Vec<Column>),
    Array(Box<Self>),
}

/// A column, or a field of a nested tuple.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) shape: Shape,
}

/// The columns of `[R]`.
///
/// # Errors
/// `PREPARE_ERROR` if the type is none of these, or has parts that no file can hold.
pub(super) fn columns_of_array(types: &TypeTable, ty: TypeId) -> Result<Vec<Column>> {
    match types.as_array(types.unframed(ty)) {
        Some(row) => columns_of_row(types, row),
        None => Err(Error::prepare(format!(
            "a file of columns holds an array of tuples, not {}",
            types.display(ty)
        ))),
    }
}

/// The columns of `R`.
///
/// # Errors
/// As [`columns_of_array`].
pub(super) fn columns_of_row(types: &TypeTable, row: TypeId) -> Result<Vec<Column>> {
    match Shape::new(types, row, 0)? {
        Shape::Tuple(columns) => Ok(columns),
        _ => Err(Error::prepare(format!(
            "a row of a file must be a tuple of columns, not {}",
            types.display(row)
        ))),
    }
}

impl Shape {
    fn new(types: &TypeTable, ty: TypeId, depth: usize) -> Result<Self> {
        if depth > FILE_DEPTH {
            return Err(Error::prepare(format!("columns of a file nest at most {FILE_DEPTH} levels")));
        }
        let ty = types.unframed(ty);
        if let Some(some) = types.as_option(ty) {
            return match Self::new(types, some, depth + 1)? {
                Self::Option(_) => Err(Error::prepare(format!(
                    "no file can hold {}: a value is there or it is not",
                    types.display(ty)
                ))),
                shape => Ok(Self::Option(Box::new(shape))),
            };
        }
        match types.get(ty) {
            Some(Type::Prim(prim)) => Ok(Self::Prim(*prim)),
            Some(Type::Array(item)) => Ok(Self::Array(Box::new(Self::new(types, *item, depth + 1)?))),
            Some(Type::Tuple(fields)) if !fields.is_empty() => {
                let columns = fields.iter().enumerate().map(|(index, field)| {
                    let name = field.name.clone().unwrap_or_else(|| index.to_string());
                    Ok(Column { name, shape: Self::new(types, field.ty, depth + 1)? })
                });
                Ok(Self::Tuple(columns.collect::<Result<_>>()?))
            }
            _ => Err(Error::prepare(format!("no column of a file can hold {}", types.display(ty)))),
        }
    }

    /// The Arrow type that is written.
    pub(super) fn data_type(&self) -> DataType {
        match self {
            Self::Prim(prim) => match prim {
                Prim::Bool => DataType::Boolean,
                Prim::Int8 => DataType::Int8,
                Prim::Int16 => DataType::Int16,
                Prim::Int32 => DataType::Int32,
                Prim::Int64 | Prim::Duration => DataType::Int64,
                Prim::Uint8 | Prim::Prim8 => DataType::UInt8,
                Prim::Uint16 | Prim::Prim16 => DataType::UInt16,
                Prim::Uint32 | Prim::Prim32 => DataType::UInt32,
                Prim::Uint64 | Prim::Prim64 => DataType::UInt64,
                Prim::Float32 => DataType::Float32,
                Prim::Float64 => DataType::Float64,
                Prim::Text => DataType::Utf8,
                Prim::Date => DataType::Date32,
                Prim::Time => DataType::Time64(TimeUnit::Microsecond),
                Prim::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
                Prim::Decimal => DataType::Decimal128(DECIMAL_DIGITS, 2),
            },
            Self::Option(some) => some.data_type(),
            Self::Tuple(columns) => DataType::Struct(fields(columns)),
            Self::Array(item) => DataType::List(Arc::new(item.field("element"))),
        }
    }

    pub(super) fn field(&self, name: &str) -> Field {
        Field::new(name, self.data_type(), matches!(self, Self::Option(_)))
    }

    /// Whether a column of this Arrow type can be read. Whether values are missing is seen in the data.
    pub(super) fn fits(&self, found: &DataType) -> bool {
        match (self, found) {
            (Self::Option(some), _) => some.fits(found),
            (Self::Tuple(columns), DataType::Struct(fields)) => columns.iter().all(|column| {
                fields.find(&column.name).is_some_and(|(_, field)| column.shape.fits(field.data_type()))
            }),
            (Self::Array(item), DataType::List(field)) => item.fits(field.data_type()),
            (Self::Prim(Prim::Timestamp), DataType::Timestamp(..))
            | (Self::Prim(Prim::Time), DataType::Time32(_) | DataType::Time64(_)) => true,
            (Self::Prim(Prim::Decimal), DataType::Decimal128(_, scale)) => (0..=2).contains(scale),
            (Self::Prim(_), _) => self.data_type() == *found,
            _ => false,
        }
    }
}

/// Digits of a decimal column, two of them after the point.
pub(super) const DECIMAL_DIGITS: u8 = 18;

pub(super) fn fields(columns: &[Column]) -> Fields {
    columns.iter().map(|column| column.shape.field(&column.name)).collect()
}

/// As Lutra source.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prim(prim) => f.write_str(prim.name()),
            Self::Option(some) => write!(f, "{some}?"),
            Self::Array(item) => write!(f, "[{item}]"),
            Self::Tuple(columns) => {
                let mut separator = "{";
                for column in columns {
                    write!(f, "{separator}{}: {}", column.name, column.shape)?;
                    separator = ", ";
                }
                f.write_str("}")
            }
        }
    }
}
