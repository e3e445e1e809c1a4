use std::sync::Arc;

use duckdb::arrow::{
    array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray},
    datatypes::{
        DataType, Field, Float32Type as F32, Float64Type as F64, Int8Type, Int16Type, Int32Type, Int64Type,
        UInt8Type, UInt16Type, UInt32Type, UInt64Type,
    },
};

use super::{Named, binary, primitives, to_text, unary};
use crate::{error, function::Overload};

macro_rules! float_functions {
    ($($name:literal $function:ident)*) => {
        // Of 32 bits too they are computed in 64, and rounded once.
        vec![$((
            $name,
            vec![
                unary::<F32, F32>(|x| f64::from(x).$function() as f32),
                unary::<F64, F64>(f64::$function),
            ],
        )),*]
    };
}

pub(super) fn all() -> Vec<Named> {
    let mut all = float_functions!(
        "lt_sqrt" sqrt "lt_exp" exp "lt_ln" ln "lt_log10" log10 "lt_sin" sin "lt_cos" cos "lt_tan" tan
        "lt_asin" asin "lt_acos" acos "lt_atan" atan
    );
    all.extend([
        ("lt_pow", vec![binary::<F32>(|a, b| Some(a.powf(b))), binary::<F64>(|a, b| Some(a.powf(b)))]),
        ("lt_int_pow", vec![binary::<Int64Type>(int_pow)]),
        ("lt_sum", vec![sum::<F32>(0.0, |a, b| a + b), sum::<F64>(0.0, |a, b| a + b)]),
        (
            "lt_float_text",
            vec![to_text::<F32>(|x| short(format!("{x:?}"))), to_text::<F64>(|x| short(format!("{x:?}")))],
        ),
        ("lt_to_float32", vec![unary::<F64, F32>(|x| x as f32)]),
        ("lt_to_int8", vec![unary::<F64, Int8Type>(|x| x as i8)]),
        ("lt_to_int16", vec![unary::<F64, Int16Type>(|x| x as i16)]),
        ("lt_to_int32", vec![unary::<F64, Int32Type>(|x| x as i32)]),
        ("lt_to_int64", vec![unary::<F64, Int64Type>(|x| x as i64)]),
        ("lt_to_uint8", vec![unary::<F64, UInt8Type>(|x| x as u8)]),
        ("lt_to_uint16", vec![unary::<F64, UInt16Type>(|x| x as u16)]),
        ("lt_to_uint32", vec![unary::<F64, UInt32Type>(|x| x as u32)]),
        ("lt_to_uint64", vec![unary::<F64, UInt64Type>(|x| x as u64)]),
        ("lt_bits", vec![unary::<F32, UInt32Type>(f32::to_bits), unary::<F64, UInt64Type>(f64::to_bits)]),
        (
            "lt_of_bits",
            vec![unary::<UInt32Type, F32>(f32::from_bits), unary::<UInt64Type, F64>(f64::from_bits)],
        ),
    ]);
    all
}

/// The numbers of a list, added from the first to the last.
fn sum<A: ArrowPrimitiveType>(
    zero: A::Native,
    add: impl Fn(A::Native, A::Native) -> A::Native + Send + Sync + 'static,
) -> Overload {
    let list = DataType::List(Arc::new(Field::new("item", A::DATA_TYPE, true)));
    Overload::new([list], A::DATA_TYPE, move |args| {
        let lists = args.first().and_then(|array| array.as_list_opt::<i32>());
        let lists = lists.ok_or_else(|| error::unexpected("List"))?;
        let items = [Arc::clone(lists.values())];
        let items = primitives::<A>(&items, 0)?.values();
        let ranges = lists.value_offsets().windows(2).enumerate();
        let sums: PrimitiveArray<A> = ranges
            .map(|(row, range)| {
                let (Some(start), Some(end)) = (range.first(), range.last()) else { return None };
                let items = items.get(*start as usize..*end as usize)?;
                lists.is_valid(row).then(|| items.iter().fold(zero, |sum, item| add(sum, *item)))
            })
            .collect();
        Ok(Arc::new(sums) as ArrayRef)
    })
}

/// `None` on overflow and for a negative exponent.
fn int_pow(base: i64, exponent: i64) -> Option<i64> {
    match u32::try_from(exponent) {
        Ok(exponent) => base.checked_pow(exponent),
        // Only 0, 1 and -1 have powers this high, and those repeat every second one.
        Err(_) if exponent < 0 => None,
        Err(_) if base == 0 || base == 1 => Some(base),
        Err(_) if base == -1 => Some(if exponent % 2 == 0 { 1 } else { -1 }),
        Err(_) => None,
    }
}

fn short(mut text: String) -> String {
    if text.ends_with(".0") {
        text.truncate(text.len() - 2);
    }
    text
}
