use std::sync::Arc;

use duckdb::arrow::{
    array::{Array, ArrayRef, AsArray, ListArray, ListBuilder, StringArray, StringBuilder},
    datatypes::{DataType, Field, Int64Type},
};
use runner_core::{
    Result,
    value::{to_lower, to_upper},
};

use super::{Named, item, primitives, texts};
use crate::{error, function::Overload, room::Room};

/// Texts that one call of `lt_concat` puts together.
const CONCATENATED: usize = 8;

/// What a part of a text takes in DuckDB, beside its letters.
const PART_BYTES: usize = 16;

pub(super) fn all() -> Vec<Named> {
    vec![
        ("lt_lower", vec![change(|text| text.chars().map(to_lower).collect())]),
        ("lt_upper", vec![change(|text| text.chars().map(to_upper).collect())]),
        ("lt_trim", vec![change(|text| text.trim().to_owned())]),
        ("lt_trim_start", vec![change(|text| text.trim_start().to_owned())]),
        ("lt_trim_end", vec![change(|text| text.trim_end().to_owned())]),
        ("lt_concat", (2..=CONCATENATED).map(concat).collect()),
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

/// So many texts behind each other.
fn concat(count: usize) -> Overload {
    Overload::new(vec![DataType::Utf8; count], DataType::Utf8, |args| {
        let parts = (0..args.len()).map(|index| texts(args, index)).collect::<Result<Vec<_>>>()?;
        let rows = parts.first().map_or(0, |part| part.len());
        let whole: StringArray = (0..rows)
            .map(|row| parts.iter().map(|part| item(part, row)).collect::<Option<String>>())
            .collect();
        Ok(Arc::new(whole) as ArrayRef)
    })
}

fn replace() -> Overload {
    Overload::growing(vec![DataType::Utf8; 3], DataType::Utf8, |args, room| {
        let (text, from, to) = (texts(args, 0)?, texts(args, 1)?, texts(args, 2)?);
        check_replaced(text, from, to, room)?;
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

/// Counts what replacements take, as far as that may be too much.
fn check_replaced(text: &StringArray, from: &StringArray, to: &StringArray, room: Room) -> Result<()> {
    let mut bytes = 0;
    for row in 0..text.len() {
        let (Some(text), Some(from), Some(to)) = (item(text, row), item(from, row), item(to, row)) else {
            continue;
        };
        let (length, longer) = (text.len() as u64, to.len().saturating_sub(from.len()) as u64);
        bytes += length;
        if longer > 0 && !from.is_empty() {
            let most = (length / from.len() as u64).saturating_mul(longer);
            // What is small is not worth a count.
            let grown = if most <= length { most } else { text.matches(from).count() as u64 * longer };
            bytes = bytes.saturating_add(grown);
        }
        room.check(bytes)?;
    }
    Ok(())
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
    Overload::growing([DataType::Utf8, DataType::Utf8], list, |args, room| {
        let (text, separator) = (texts(args, 0)?, texts(args, 1)?);
        let mut lists = ListBuilder::new(StringBuilder::new());
        let mut bytes = 0;
        for row in 0..text.len() {
            let (Some(text), Some(separator)) = (item(text, row), item(separator, row)) else {
                lists.append_null();
                continue;
            };
            let count = match separator {
                "" => text.len(),
                _ if separator.len() * PART_BYTES < text.len() => text.matches(separator).count() + 1,
                _ => text.len() / separator.len() + 1,
            };
            bytes += (text.len() + count * PART_BYTES) as u64;
            room.check(bytes)?;
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
    Overload::growing([list, DataType::Utf8], DataType::Utf8, |args, room| {
        let lists = args.first().and_then(|array| array.as_list_opt::<i32>());
        let lists = lists.ok_or_else(|| error::unexpected("List"))?;
        let separators = texts(args, 1)?;
        let items = [Arc::clone(lists.values())];
        let items = texts(&items, 0)?;
        check_joined(lists, items, separators, room)?;
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

fn check_joined(lists: &ListArray, items: &StringArray, separators: &StringArray, room: Room) -> Result<()> {
    let mut bytes = 0u64;
    for (row, range) in lists.value_offsets().windows(2).enumerate() {
        let (Some(start), Some(end)) = (range.first(), range.last()) else { continue };
        let separator = item(separators, row).map_or(0, str::len) as u64;
        let length = |offset: &i32| items.value_offsets().get(*offset as usize).copied().unwrap_or_default();
        bytes += u64::from((length(end) - length(start)).unsigned_abs());
        bytes = bytes.saturating_add(separator.saturating_mul((end - start).unsigned_abs().into()));
        room.check(bytes)?;
    }
    Ok(())
}
