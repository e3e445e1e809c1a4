//! IANA time zones, by the rules of `runner-zones`.

use std::sync::Arc;

use duckdb::arrow::{
    array::{Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray, StringArray},
    datatypes::{DataType, Int32Type, Int64Type},
};
use runner_zones::{DAY_MICROS, Zone};

use super::{Named, primitives, texts};
use crate::function::Overload;

pub(super) fn all() -> Vec<Named> {
    vec![
        (
            "lt_midnight",
            vec![in_zone::<Int32Type, Int64Type>(|zone, date| {
                i64::from(date).checked_mul(DAY_MICROS)?.checked_sub(zone.offset_at_midnight(date))
            })],
        ),
        (
            "lt_zone_offset",
            vec![in_zone::<Int32Type, Int64Type>(|zone, date| Some(zone.offset_at_midnight(date)))],
        ),
        (
            "lt_local_date",
            vec![in_zone::<Int64Type, Int32Type>(|zone, timestamp| {
                let local = i128::from(timestamp) + i128::from(zone.offset_at(timestamp));
                i32::try_from(local.div_euclid(i128::from(DAY_MICROS))).ok()
            })],
        ),
    ]
}

/// A function of a number and a zone; NULL if there is no such zone.
fn in_zone<A: ArrowPrimitiveType, B: ArrowPrimitiveType>(
    f: impl Fn(&Zone, A::Native) -> Option<B::Native> + Send + Sync + 'static,
) -> Overload {
    Overload::new([A::DATA_TYPE, DataType::Utf8], B::DATA_TYPE, move |args| {
        let (numbers, names) = (primitives::<A>(args, 0)?, texts(args, 1)?);
        let mut zone: Option<(&str, Option<Zone>)> = None;
        let result: PrimitiveArray<B> = numbers
            .iter()
            .enumerate()
            .map(|(row, number)| {
                let name = name_at(names, row)?;
                // Mostly it is the same one for all rows.
                if zone.as_ref().is_none_or(|(known, _)| *known != name) {
                    zone = Some((name, Zone::find(name)));
                }
                f(zone.as_ref()?.1.as_ref()?, number?)
            })
            .collect();
        Ok(Arc::new(result) as ArrayRef)
    })
}

fn name_at(names: &StringArray, row: usize) -> Option<&str> {
    names.is_valid(row).then(|| names.value(row))
}
