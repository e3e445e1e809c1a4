//! The order of values of every type, and sorting by it.

use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::{column::Column, limits::RADIX_ROWS, scalar::Float};

/// How row `i` of one column compares with row `j` of another of the same type: tuples and arrays lexicographically,
/// enums by variant, then payload.
pub(crate) fn compare_rows(a: &Column, i: usize, b: &Column, j: usize) -> Ordering {
    macro_rules! prims {
        ($($variant:ident),*) => {
            match (a, b) {
                $((Column::$variant(a), Column::$variant(b)) => a.get(i).cmp(&b.get(j)),)*
                (Column::F32(a), Column::F32(b)) => match (a.get(i), b.get(j)) {
                    (Some(a), Some(b)) => a.order(*b),
                    _ => Ordering::Equal,
                },
                (Column::F64(a), Column::F64(b)) => match (a.get(i), b.get(j)) {
                    (Some(a), Some(b)) => a.order(*b),
                    _ => Ordering::Equal,
                },
                (Column::Text(a), Column::Text(b)) => a.get(i).cmp(b.get(j)),
                (Column::Tuple(a), Column::Tuple(b)) => {
                    let fields = a.fields.iter().zip(b.fields.iter());
                    first_difference(fields.map(|(a, b)| compare_rows(a, i, b, j)))
                }
                (Column::Array(a), Column::Array(b)) => {
                    let ((start, end), (other, other_end)) = (a.range(i), b.range(j));
                    let pairs = (start..end).zip(other..other_end);
                    first_difference(pairs.map(|(i, j)| compare_rows(&a.items, i, &b.items, j)))
                        .then((end - start).cmp(&(other_end - other)))
                }
                (Column::Enum(a), Column::Enum(b)) => {
                    let ((tag, place), (other, other_place)) = (a.at(i), b.at(j));
                    tag.cmp(&other).then_with(|| match (a.payloads.get(tag), b.payloads.get(tag)) {
                        (Some(a), Some(b)) => compare_rows(a, place, b, other_place),
                        _ => Ordering::Equal,
                    })
                }
                _ => Ordering::Equal,
            }
        };
    }
    prims!(Bool, I8, I16, I32, I64, U8, U16, U32, U64)
}

fn first_difference(mut orders: impl Iterator<Item = Ordering>) -> Ordering {
    orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// The rows of each segment in the stable order of their keys.
pub(crate) fn sort(
    keys: &Column,
    segments: impl Iterator<Item = (usize, usize)>,
    descending: bool,
) -> Vec<u32> {
    macro_rules! by_number {
        ($values:expr, $segments:expr, $rank:expr) => {{
            let mut order = Vec::with_capacity($values.len());
            let mut pairs = Vec::new();
            for (start, end) in $segments {
                let values = $values.get(start..end).unwrap_or_default();
                pairs.clear();
                pairs.extend(values.iter().map(|value| $rank(*value)).zip(start as u32..));
                // The index makes pairs distinct, so an unstable sort keeps the order of equal keys.
                if descending {
                    pairs.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
                } else {
                    pairs.sort_unstable();
                }
                order.extend(pairs.iter().map(|(_, row)| *row));
            }
            order
        }};
    }
    match keys {
        Column::Bool(values) => by_number!(values, segments, |value: bool| u8::from(value)),
        Column::I8(values) => by_number!(values, segments, |value: i8| value),
        Column::I16(values) => by_number!(values, segments, |value: i16| value),
        Column::I32(values) => by_number!(values, segments, |value: i32| value),
        Column::I64(values) => {
            by_word(values, segments, descending, |value| value.cast_unsigned() ^ (1 << 63))
        }
        Column::U8(values) => by_number!(values, segments, |value: u8| value),
        Column::U16(values) => by_number!(values, segments, |value: u16| value),
        Column::U32(values) => by_number!(values, segments, |value: u32| value),
        Column::U64(values) => by_word(values, segments, descending, |value| value),
        Column::F32(values) => by_number!(values, segments, Float::key),
        Column::F64(values) => by_number!(values, segments, Float::key),
        Column::Text(text) => {
            let mut order = Vec::with_capacity(text.len());
            let mut pairs: Vec<(u64, u32)> = Vec::new();
            for (start, end) in segments {
                pairs.clear();
                pairs.extend((start as u32..end as u32).map(|row| (prefix(text.get(row as usize)), row)));
                let full = |row: u32| text.get(row as usize);
                if descending {
                    pairs.sort_unstable_by(|a, b| {
                        b.0.cmp(&a.0).then_with(|| full(b.1).cmp(full(a.1))).then(a.1.cmp(&b.1))
                    });
                } else {
                    pairs.sort_unstable_by(|a, b| {
                        a.0.cmp(&b.0).then_with(|| full(a.1).cmp(full(b.1))).then(a.1.cmp(&b.1))
                    });
                }
                order.extend(pairs.iter().map(|(_, row)| *row));
            }
            order
        }
        // Keys are primitive; any other order does.
        _ => (0..keys.len() as u32).collect(),
    }
}

/// [`sort`] of 64-bit keys, where `word` makes an unsigned number of a key that orders as the key does.
fn by_word<T: Copy>(
    values: &[T],
    segments: impl Iterator<Item = (usize, usize)>,
    descending: bool,
    word: impl Fn(T) -> u64,
) -> Vec<u32> {
    let mut order = Vec::with_capacity(values.len());
    let (mut pairs, mut spare) = (Vec::new(), Vec::new());
    let flip = if descending { u64::MAX } else { 0 };
    for (start, end) in segments {
        let values = values.get(start..end).unwrap_or_default();
        pairs.clear();
        pairs.extend(values.iter().map(|value| word(*value) ^ flip).zip(start as u32..));
        if pairs.len() < RADIX_ROWS {
            pairs.sort_unstable();
        } else {
            sort_by_bytes(&mut pairs, &mut spare);
        }
        order.extend(pairs.iter().map(|(_, row)| *row));
    }
    order
}

/// Least-significant-digit radix sort (Knuth, TAOCP volume 3, 5.2.5) by the bytes in which keys differ at all: a pass
/// over the pairs for each. Stable.
#[allow(clippy::indexing_slicing, reason = "a byte is below 256, and starts are below the number of pairs")]
fn sort_by_bytes(pairs: &mut Vec<(u64, u32)>, spare: &mut Vec<(u64, u32)>) {
    let (common, any) = pairs.iter().fold((u64::MAX, 0), |(common, any), (key, _)| (common & key, any | key));
    spare.clear();
    spare.resize(pairs.len(), (0, 0));
    for shift in (0..64).step_by(8).filter(|shift| ((common ^ any) >> shift) & 0xff != 0) {
        let digit = |key: u64| usize::from((key >> shift) as u8);
        let mut starts = [0usize; 256];
        for (key, _) in pairs.iter() {
            starts[digit(*key)] += 1;
        }
        let mut next = 0;
        for start in &mut starts {
            next += core::mem::replace(start, next);
        }
        for pair in pairs.iter() {
            let start = &mut starts[digit(pair.0)];
            spare[*start] = *pair;
            *start += 1;
        }
        core::mem::swap(pairs, spare);
    }
}

/// The first bytes of a text as a number, which orders as the texts do where it differs.
fn prefix(text: &str) -> u64 {
    let mut bytes = [0; 8];
    bytes.iter_mut().zip(text.as_bytes()).for_each(|(slot, byte)| *slot = *byte);
    u64::from_be_bytes(bytes)
}
