use std::sync::Arc;

use duckdb::arrow::{
    array::{Array, ArrayRef, AsArray, ListBuilder, StringArray, StringBuilder},
    datatypes::{DataType, Field, Int64Type},
};
use runner_core::value::{to_lower, to_upper};

use super::{Named, item, primitives, texts};
use crate::{error, function::Overload};

pub(super) fn all() -> Vec<Named> {
    vec![
        ("lt_lower", vec![change(|text| text.chars().map(to_lower).collect())]),
        ("lt_upper", vec![change(|text| text.chars().map(to_upper).collect())]),
        ("lt_trim", vec![change(|text| text.trim().to_owned())]),
        ("lt_trim_start", vec![change(|text| text.trim_start().to_owned())]),
        ("lt_trim_end", vec![change(|text| text.trim_end().to_owned())]),
        ("lt_replace", vec![replace()]),
        ("lt_slice", vec![slice()]),
        ("lt_split", vec![split()]),
        ("lt_join", vec![join()]),
    ]
}

fn change(f: impl Fn(&str) -> String + Send + Sync + 'static) -> Overload {
    Overload::new([DataType::Utf8], DataType::Utf8, move |args| {
        let changed: StringArray = texts(args, 0)?.iter().map(|text| text.map(&f)).collect();
        Ok(Arc::new(changed) as ArrayRef)
    })
}

fn replace() -> Overload {
    Overload::new(vec![DataType::Utf8; 3], DataType::Utf8, |args| {
        let (text, from, to) = (texts(args, 0)?, texts(args, 1)?, texts(args, 2)?);
        let replaced: StringArray = (0..text.len())
            .map(|row| {
                let (text, from, to) = (item(text, row)?, item(from, row)?, item(to, row)?);
                // The empty text occurs nowhere.
                Some(if from.is_empty() { text.to_owned() } else { text.replace(from, to) })
            })
            .collect();
        Ok(Arc::new(replaced) as ArrayRef)
    })
}

/// From one code point to before another; negative bounds count from the end.
fn slice() -> Overload {
    Overload::new([DataType::Utf8, DataType::Int64, DataType::Int64], DataType::Utf8, |args| {
        let (text, start, end) =
            (texts(args, 0)?, primitives::<Int64Type>(args, 1)?, primitives::<Int64Type>(args, 2)?);
        let parts: StringArray = (0..text.len())
            .map(|row| {
                let text = item(text, row)?;
                if start.is_null(row) || end.is_null(row) {
                    return None;
                }
                let count = text.chars().count();
                let bound = |bound: i64| match usize::try_from(bound) {
                    Ok(bound) => bound.min(count),
                    Err(_) => count.saturating_sub(usize::try_from(bound.unsigned_abs()).unwrap_or(count)),
                };
                let (start, end) = (bound(start.value(row)), bound(end.value(row)));
                Some(text.chars().skip(start).take(end.saturating_sub(start)).collect::<String>())
            })
            .collect();
        Ok(Arc::new(parts) as ArrayRef)
    })
}

/// The parts between separators: by `""` the characters, of `""` the empty text.
fn split() -> Overload {
    let list = DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)));
    Overload::new([DataType::Utf8, DataType::Utf8], list, |args| {
        let (text, separator) = (texts(args, 0)?, texts(args, 1)?);
        let mut lists = ListBuilder::new(StringBuilder::new());
        for row in 0..text.len() {
            let (Some(text), Some(separator)) = (item(text, row), item(separator, row)) else {
                lists.append_null();
                continue;
            };
            let parts = lists.values();
            if text.is_empty() {
                parts.append_value("");
            } else if separator.is_empty() {
                let mut buffer = [0; 4];
                text.chars().for_each(|char| parts.append_value(char.encode_utf8(&mut buffer)));
            } else {
                text.split(separator).for_each(|part| parts.append_value(part));
            }
            lists.append(true);
        }
        Ok(Arc::new(lists.finish()) as ArrayRef)
    })
}

fn join() -> Overload {
    let list = DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)));
    Overload::new([list, DataType::Utf8], DataType::Utf8, |args| {
        let lists = args.first().and_then(|array| array.as_list_opt::<i32>());
        let lists = lists.ok_or_else(|| error::unexpected("List"))?;
        let separators = texts(args, 1)?;
        let items = [Arc::clone(lists.values())];
        let items = texts(&items, 0)?;
        let ranges = lists.value_offsets().windows(2).enumerate();
        let joined: StringArray = ranges
            .map(|(row, range)| {
                let (Some(start), Some(end)) = (range.first(), range.last()) else { return None };
                let separator = item(separators, row).filter(|_| lists.is_valid(row))?;
                let mut text = String::new();
                for place in *start as usize..*end as usize {
                    if place > *start as usize {
                        text.push_str(separator);
                    }
                    text.push_str(item(items, place).unwrap_or_default());
                }
                Some(text)
            })
            .collect();
        Ok(Arc::new(joined) as ArrayRef)
    })
}
