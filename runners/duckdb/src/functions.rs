//! Functions of the language that DuckDB lacks, or answers otherwise: by the same libraries that the interpreter uses.

mod date;
mod number;
mod text;
mod zone;

use std::sync::Arc;

use duckdb::{
    Connection,
    arrow::{
        array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray, StringArray},
        datatypes::DataType,
    },
};
use runner_core::Result;

use crate::{
    error,
    function::{Overload, register},
    room::Room,
};

/// Makes all of them known to a database.
pub(crate) fn register_all(connection: &Connection, room: Room) -> Result<()> {
    let all = [number::all(), text::all(), date::all(), zone::all()];
    all.into_iter().flatten().try_for_each(|(name, overloads)| register(connection, name, overloads, room))
}

type Named = (&'static str, Vec<Overload>);

/// A function of one number.
fn unary<A: ArrowPrimitiveType, B: ArrowPrimitiveType>(
    f: impl Fn(A::Native) -> B::Native + Send + Sync + 'static,
) -> Overload {
    Overload::new([A::DATA_TYPE], B::DATA_TYPE, move |args| {
        Ok(Arc::new(primitives::<A>(args, 0)?.unary::<_, B>(&f)) as ArrayRef)
    })
}

/// A function of two numbers, which may have no answer.
fn binary<A: ArrowPrimitiveType>(
    f: impl Fn(A::Native, A::Native) -> Option<A::Native> + Send + Sync + 'static,
) -> Overload {
    Overload::new([A::DATA_TYPE, A::DATA_TYPE], A::DATA_TYPE, move |args| {
        let (a, b) = (primitives::<A>(args, 0)?, primitives::<A>(args, 1)?);
        let result: PrimitiveArray<A> = a.iter().zip(b.iter()).map(|(a, b)| f(a?, b?)).collect();
        Ok(Arc::new(result) as ArrayRef)
    })
}

/// A number as text.
fn to_text<A: ArrowPrimitiveType>(f: impl Fn(A::Native) -> String + Send + Sync + 'static) -> Overload {
    Overload::new([A::DATA_TYPE], DataType::Utf8, move |args| {
        let texts: StringArray = primitives::<A>(args, 0)?.iter().map(|x| x.map(&f)).collect();
        Ok(Arc::new(texts) as ArrayRef)
    })
}

fn primitives<A: ArrowPrimitiveType>(args: &[ArrayRef], index: usize) -> Result<&PrimitiveArray<A>> {
    let array = args.get(index).and_then(|array| array.as_primitive_opt::<A>());
    array.ok_or_else(|| error::unexpected(&A::DATA_TYPE.to_string()))
}

fn texts(args: &[ArrayRef], index: usize) -> Result<&StringArray> {
    let array = args.get(index).and_then(|array| array.as_string_opt::<i32>());
    array.ok_or_else(|| error::unexpected("Utf8"))
}

fn item(array: &StringArray, row: usize) -> Option<&str> {
    array.is_valid(row).then(|| array.value(row))
}
