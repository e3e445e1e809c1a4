//! Results: from rows in PostgreSQL's binary format to wire bytes.

use runner_core::{Code, Error, Prim, Repr, Result, TypeId, wire::Writer};
use runner_sql::{Leaf, Shape, Shapes, postgres::unescape};
use tokio_postgres::{
    Column, Row,
    types::{FromSql, Type},
};

use crate::{json, numeric, params};

/// How the columns of a row become a value; made once for a program.
#[derive(Debug)]
pub(crate) enum Plan {
    Prim(Prim),
    Null(Prim),
    Tag,
    Tuple(Vec<Plan>),
    Option { payload: Box<Plan>, width: usize },
    Packed(TypeId),
}

impl Plan {
    pub(crate) fn new(shapes: &Shapes, ty: TypeId) -> Self {
        match shapes.get(ty) {
            Shape::Prim(prim) => Self::Prim(prim),
            Shape::Null(prim) => Self::Null(prim),
            Shape::Tag => Self::Tag,
            Shape::Tuple => {
                Self::Tuple(shapes.fields(ty).into_iter().map(|ty| Self::new(shapes, ty)).collect())
            }
            Shape::Option(payload) => Self::Option {
                payload: Box::new(Self::new(shapes, payload)),
                width: shapes.leaves(payload).len(),
            },
            Shape::Enum | Shape::Array(_) => Self::Packed(ty),
        }
    }

    /// Whether a statement gives such columns.
    ///
    /// # Errors
    /// `PREPARE_ERROR` if not: a table has changed.
    pub(crate) fn check(&self, columns: &[Column]) -> Result<()> {
        let mut expected = Vec::new();
        self.add_types(&mut expected);
        // A row without columns is a row of `true`.
        if expected.is_empty() {
            return Ok(());
        }
        let found: Vec<_> = columns.iter().map(Column::type_).collect();
        if found.len() == expected.len()
            && found.iter().zip(&expected).all(|(found, expected)| *found == expected)
        {
            return Ok(());
        }
        let names = |types: &[&Type]| types.iter().map(|ty| ty.name()).collect::<Vec<_>>().join(", ");
        let expected: Vec<_> = expected.iter().collect();
        let words = format!("the columns are ({}), not ({})", names(&found), names(&expected));
        Err(Error::prepare(words))
    }

    /// Whether a column of the right type may hold what the value can't.
    pub(crate) fn can_fail(&self) -> bool {
        match self {
            Self::Prim(prim) | Self::Null(prim) => {
                matches!(prim.repr(), Repr::I8 | Repr::U8 | Repr::U16 | Repr::U32 | Repr::U64)
            }
            Self::Tag => false,
            Self::Tuple(fields) => fields.iter().any(Self::can_fail),
            Self::Option { payload, .. } => payload.can_fail(),
            Self::Packed(_) => true,
        }
    }

    fn add_types(&self, types: &mut Vec<Type>) {
        match self {
            Self::Prim(prim) | Self::Null(prim) => types.push(params::column_type(Leaf::Prim(*prim))),
            Self::Tag => types.push(Type::INT4),
            Self::Tuple(fields) => fields.iter().for_each(|field| field.add_types(types)),
            Self::Option { payload, .. } => {
                types.push(Type::BOOL);
                payload.add_types(types);
            }
            Self::Packed(_) => types.push(Type::JSONB),
        }
    }
}

/// How all rows of a result are read.
pub(crate) struct Results<'a> {
    pub(crate) shapes: &'a Shapes,
    /// Whether texts are escaped.
    pub(crate) escapes: bool,
}

impl Results<'_> {
    /// Appends the value of a row.
    pub(crate) fn write(&self, plan: &Plan, row: &Row, writer: &mut Writer) -> Result<()> {
        self.value(plan, row, &mut 0, writer)
    }

    fn value(&self, plan: &Plan, row: &Row, column: &mut usize, writer: &mut Writer) -> Result<()> {
        match plan {
            Plan::Prim(prim) => {
                let bytes = take(row, column)?.ok_or_else(|| null(*column))?;
                self.primitive(*prim, bytes, writer)
            }
            Plan::Null(prim) => match take(row, column)? {
                Some(bytes) => {
                    writer.u32(1);
                    self.primitive(*prim, bytes, writer)
                }
                None => {
                    writer.u32(0);
                    Ok(())
                }
            },
            Plan::Tag => {
                let bytes = take(row, column)?.ok_or_else(|| null(*column))?;
                writer.u32(u32::from_be_bytes(fixed(bytes)?));
                Ok(())
            }
            Plan::Tuple(fields) => fields.iter().try_for_each(|field| self.value(field, row, column, writer)),
            Plan::Option { payload, width } => {
                if take(row, column)? == Some(&[1][..]) {
                    writer.u32(1);
                    self.value(payload, row, column, writer)
                } else {
                    writer.u32(0);
                    *column += width;
                    Ok(())
                }
            }
            Plan::Packed(ty) => {
                let bytes = take(row, column)?.ok_or_else(|| null(*column))?;
                match bytes.split_first() {
                    Some((1, text)) => json::read(self.shapes, *ty, text, writer, self.escapes),
                    _ => Err(Error::new(Code::Internal, "PostgreSQL gave jsonb of another version")),
                }
            }
        }
    }

    fn primitive(&self, prim: Prim, bytes: &[u8], writer: &mut Writer) -> Result<()> {
        if self.escapes && prim.repr() == Repr::Text {
            writer.text(&unescape(utf8(bytes)?));
            return Ok(());
        }
        primitive(prim, bytes, writer)
    }
}

/// A column as it came.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn take<'a>(row: &'a Row, column: &mut usize) -> Result<Option<&'a [u8]>> {
    let raw: Option<Raw<'a>> = row.try_get(*column).map_err(|error| crate::error::driver(&error))?;
    *column += 1;
    Ok(raw.map(|raw| raw.0))
}

fn primitive(prim: Prim, bytes: &[u8], writer: &mut Writer) -> Result<()> {
    match prim.repr() {
        Repr::Bool => writer.bool(bytes == [1]),
        Repr::I8 => writer.i8(narrow(i16::from_be_bytes(fixed(bytes)?), prim)?),
        Repr::I16 => writer.i16(i16::from_be_bytes(fixed(bytes)?)),
        Repr::I32 => writer.i32(i32::from_be_bytes(fixed(bytes)?)),
        Repr::I64 => writer.i64(i64::from_be_bytes(fixed(bytes)?)),
        Repr::U8 => writer.u8(narrow(i16::from_be_bytes(fixed(bytes)?), prim)?),
        Repr::U16 => writer.u16(narrow(i32::from_be_bytes(fixed(bytes)?), prim)?),
        Repr::U32 => writer.u32(narrow(i64::from_be_bytes(fixed(bytes)?), prim)?),
        Repr::U64 => writer.u64(numeric::decode(bytes).ok_or_else(|| out_of_range(prim))?),
        Repr::F32 => writer.f32(f32::from_be_bytes(fixed(bytes)?)),
        Repr::F64 => writer.f64(f64::from_be_bytes(fixed(bytes)?)),
        Repr::Text => writer.text(utf8(bytes)?),
    }
    Ok(())
}

fn utf8(bytes: &[u8]) -> Result<&str> {
    let wrong = |_| Error::new(Code::Internal, "PostgreSQL gave a text that is not UTF-8");
    std::str::from_utf8(bytes).map_err(wrong)
}

fn narrow<T, U: TryFrom<T>>(value: T, prim: Prim) -> Result<U> {
    U::try_from(value).map_err(|_| out_of_range(prim))
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.try_into().map_err(|_| {
        Error::new(Code::Internal, format!("PostgreSQL gave a column of {} bytes, not {N}", bytes.len()))
    })
}

/// A table may hold what its column's type allows and the field's does not.
#[cold]
fn out_of_range(prim: Prim) -> Error {
    Error::execution(format!("a number is out of the range of {}", prim.name()))
}

#[cold]
fn null(column: usize) -> Error {
    Error::execution(format!("column {column} of the result is NULL"))
}
