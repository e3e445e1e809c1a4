use runner_core::{Prim, Repr, Result};

use super::mismatch;
use crate::{
    budget::Budget,
    column::{Buffer, Column},
    scalar::Cast,
};

/// Conversion between number types.
pub(super) fn cast(value: &Column, to: Option<Prim>, budget: &Budget) -> Result<Column> {
    macro_rules! from {
        ($($variant:ident)*) => {
            match value {
                $(Column::$variant(values) => from!(@to values),)*
                _ => Err(mismatch()),
            }
        };
        (@to $values:ident) => {
            Ok(match to.map(Prim::repr) {
                Some(Repr::I8) => Column::I8(all($values, budget)?),
                Some(Repr::I16) => Column::I16(all($values, budget)?),
                Some(Repr::I32) => Column::I32(all($values, budget)?),
                Some(Repr::I64) => Column::I64(all($values, budget)?),
                Some(Repr::U8) => Column::U8(all($values, budget)?),
                Some(Repr::U16) => Column::U16(all($values, budget)?),
                Some(Repr::U32) => Column::U32(all($values, budget)?),
                Some(Repr::U64) => Column::U64(all($values, budget)?),
                Some(Repr::F32) => Column::F32(all($values, budget)?),
                Some(Repr::F64) => Column::F64(all($values, budget)?),
                _ => return Err(mismatch()),
            })
        };
    }
    from!(I8 I16 I32 I64 U8 U16 U32 U64 F32 F64)
}

fn all<A: Copy + Cast<B>, B>(values: &[A], budget: &Budget) -> Result<Buffer<B>> {
    budget.map(values, |value| value.cast())
}

/// The same bits as another primitive of the same width: `Prim32` as `Int32`, `Float32` as `Prim32`.
pub(super) fn reinterpret(value: &Column, to: Option<Prim>, budget: &Budget) -> Result<Column> {
    macro_rules! bits {
        ($values:ident $as_bits:expr) => {{
            macro_rules! all {
                ($from:expr) => {{
                    let from = $from;
                    budget.map($values, |value| from($as_bits(*value)))?
                }};
            }
            Ok(match to.map(Prim::repr) {
                Some(Repr::I8) => Column::I8(all!(|bits: u64| bits as i8)),
                Some(Repr::I16) => Column::I16(all!(|bits: u64| bits as i16)),
                Some(Repr::I32) => Column::I32(all!(|bits: u64| bits as i32)),
                Some(Repr::I64) => Column::I64(all!(|bits: u64| bits as i64)),
                Some(Repr::U8) => Column::U8(all!(|bits: u64| bits as u8)),
                Some(Repr::U16) => Column::U16(all!(|bits: u64| bits as u16)),
                Some(Repr::U32) => Column::U32(all!(|bits: u64| bits as u32)),
                Some(Repr::U64) => Column::U64(all!(|bits: u64| bits)),
                Some(Repr::F32) => Column::F32(all!(|bits: u64| f32::from_bits(bits as u32))),
                Some(Repr::F64) => Column::F64(all!(f64::from_bits)),
                _ => return Err(mismatch()),
            })
        }};
    }
    match value {
        Column::I8(values) => bits!(values |v: i8| v as u64),
        Column::I16(values) => bits!(values |v: i16| v as u64),
        Column::I32(values) => bits!(values |v: i32| v as u64),
        Column::I64(values) => bits!(values |v: i64| v as u64),
        Column::U8(values) => bits!(values u64::from),
        Column::U16(values) => bits!(values u64::from),
        Column::U32(values) => bits!(values u64::from),
        Column::U64(values) => bits!(values |v: u64| v),
        Column::F32(values) => bits!(values |v: f32| u64::from(v.to_bits())),
        Column::F64(values) => bits!(values f64::to_bits),
        _ => Err(mismatch()),
    }
}
