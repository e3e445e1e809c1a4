//! The order of values of every type, and sorting by it.

use core::cmp::Ordering;

use runner_core::Result;

use crate::{
    budget::Budget,
    column::{Column, Text, Vector},
    limits::{CHECKED_BYTES, CHECKED_ROWS, RADIX_ROWS, SORTED_ROWS},
    scalar::Float,
};

/// How row `i` of one column compares with row `j` of another of the same type: tuples and arrays lexicographically,
/// enums by variant, then payload.
///
/// Any order once the execution has to stop, which its budget then says before there is an output.
pub(crate) fn compare_rows(a: &Column, i: usize, b: &Column, j: usize, budget: &Budget) -> Ordering {
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
                (Column::Text(a), Column::Text(b)) => compare_texts(a.get(i), b.get(j), budget),
                (Column::Tuple(a), Column::Tuple(b)) => {
                    let fields = a.fields.iter().zip(b.fields.iter());
                    first_difference(fields.map(|(a, b)| compare_rows(a, i, b, j, budget)))
                }
                (Column::Array(a), Column::Array(b)) => {
                    let ((start, end), (other, other_end)) = (a.range(i), b.range(j));
                    let pairs = (start..end).zip(other..other_end).take_while(|_| !budget.is_over(1));
                    first_difference(pairs.map(|(i, j)| compare_rows(&a.items, i, &b.items, j, budget)))
                        .then((end - start).cmp(&(other_end - other)))
                }
                (Column::Enum(a), Column::Enum(b)) => {
                    let ((tag, place), (other, other_place)) = (a.at(i), b.at(j));
                    tag.cmp(&other).then_with(|| match (a.payloads.get(tag), b.payloads.get(tag)) {
                        (Some(a), Some(b)) => compare_rows(a, place, b, other_place, budget),
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

/// How one text compares with another. As [`compare_rows`], any order once the execution has to stop.
pub(super) fn compare_texts(a: &str, b: &str, budget: &Budget) -> Ordering {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let most = a.len().min(b.len());
    if most < CHECKED_BYTES {
        budget.is_over(most / 8);
        return a.cmp(b);
    }
    let pairs = a.chunks(CHECKED_BYTES).zip(b.chunks(CHECKED_BYTES));
    let pairs = pairs.take_while(|_| !budget.is_over(CHECKED_BYTES / 8));
    first_difference(pairs.map(|(a, b)| a.cmp(b))).then(a.len().cmp(&b.len()))
}

/// Whether bytes are the same.
///
/// # Errors
/// If the execution has to stop.
pub(super) fn same_bytes(a: &[u8], b: &[u8], budget: &Budget) -> Result<bool> {
    if a.len() != b.len() || a.len() < CHECKED_BYTES {
        return Ok(a == b);
    }
    for (a, b) in a.chunks(CHECKED_BYTES).zip(b.chunks(CHECKED_BYTES)) {
        if a != b {
            return Ok(false);
        }
        budget.check()?;
    }
    Ok(true)
}

/// The rows of each segment in the stable order of their keys.
pub(crate) fn sort(
    keys: &Column,
    segments: impl Iterator<Item = (usize, usize)>,
    descending: bool,
    budget: &Budget,
) -> Result<Vector<u32>> {
    macro_rules! numbers {
        ($($variant:ident $word:expr),*) => {
            match keys {
                $(Column::$variant(values) => by_word(values, segments, descending, $word, budget),)*
                Column::Text(text) => by_text(text, segments, descending, budget),
                // Keys are primitive; any other order does.
                _ => {
                    let mut order = Vector::new(budget)?;
                    order.append_run(0..keys.len() as u32)?;
                    Ok(order)
                }
            }
        };
    }
    numbers!(
        Bool u64::from,
        I8 |value: i8| signed(value.into()), I16 |value: i16| signed(value.into()),
        I32 |value: i32| signed(value.into()), I64 signed,
        U8 u64::from, U16 u64::from, U32 u64::from, U64 |value: u64| value,
        F32 Float::key, F64 Float::key
    )
}

/// An unsigned number that orders as a signed one.
fn signed(value: i64) -> u64 {
    value.cast_unsigned() ^ (1 << 63)
}

/// [`sort`] of keys of which `word` makes an unsigned number that orders as the key does.
fn by_word<T: Copy>(
    values: &[T],
    segments: impl Iterator<Item = (usize, usize)>,
    descending: bool,
    word: impl Fn(T) -> u64,
    budget: &Budget,
) -> Result<Vector<u32>> {
    let mut order = Vector::with_capacity(values.len(), budget)?;
    let (mut pairs, mut spare) = (Vector::new(budget)?, Vector::new(budget)?);
    let flip = if descending { u64::MAX } else { 0 };
    for (start, end) in segments {
        let values = values.get(start..end).unwrap_or_default();
        pairs.clear();
        let words = values.iter().map(|value| word(*value) ^ flip);
        pairs.append_run(words.zip(start as u32..end as u32))?;
        // The row makes pairs distinct, so an unstable sort keeps the order of equal keys.
        if pairs.len() < RADIX_ROWS {
            pairs.sort_unstable();
        } else {
            sort_by_bytes(&mut pairs, &mut spare, budget)?;
        }
        order.append_run(pairs.iter().map(|(_, row)| *row))?;
    }
    Ok(order)
}

/// Least-significant-digit radix sort (Knuth, TAOCP volume 3, 5.2.5) by the bytes in which keys differ at all: a pass
/// over the pairs for each. Stable.
#[allow(clippy::indexing_slicing, reason = "a byte is below 256, and starts are below the number of pairs")]
fn sort_by_bytes(
    pairs: &mut Vector<(u64, u32)>,
    spare: &mut Vector<(u64, u32)>,
    budget: &Budget,
) -> Result<()> {
    let (mut common, mut any) = (u64::MAX, 0);
    for chunk in pairs.chunks(CHECKED_ROWS) {
        (common, any) = chunk.iter().fold((common, any), |(common, any), (key, _)| (common & key, any | key));
        budget.work(chunk.len())?;
    }
    spare.clear();
    spare.resize(pairs.len(), (0, 0))?;
    for shift in (0..64).step_by(8).filter(|shift| ((common ^ any) >> shift) & 0xff != 0) {
        let digit = |key: u64| usize::from((key >> shift) as u8);
        let mut starts = [0usize; 256];
        for chunk in pairs.chunks(CHECKED_ROWS) {
            for (key, _) in chunk {
                starts[digit(*key)] += 1;
            }
            budget.work(chunk.len())?;
        }
        let mut next = 0;
        for start in &mut starts {
            next += core::mem::replace(start, next);
        }
        let sorted: &mut [(u64, u32)] = spare;
        for chunk in pairs.chunks(CHECKED_ROWS) {
            for pair in chunk {
                let start = &mut starts[digit(pair.0)];
                sorted[*start] = *pair;
                *start += 1;
            }
            budget.work(chunk.len())?;
        }
        core::mem::swap(pairs, spare);
    }
    Ok(())
}

/// [`sort`] of texts: of short runs by the standard library, which are then merged, so that there is a check in between.
fn by_text(
    text: &Text,
    segments: impl Iterator<Item = (usize, usize)>,
    descending: bool,
    budget: &Budget,
) -> Result<Vector<u32>> {
    let mut order = Vector::with_capacity(text.len(), budget)?;
    let (mut pairs, mut spare) = (Vector::new(budget)?, Vector::new(budget)?);
    let key = |row: u32| (prefix(text.get(row as usize)), row);
    let full = |row: u32| text.get(row as usize);
    let order_of = |a: &(u64, u32), b: &(u64, u32)| {
        let ascending = a.0.cmp(&b.0).then_with(|| full(a.1).cmp(full(b.1)));
        (if descending { ascending.reverse() } else { ascending }).then(a.1.cmp(&b.1))
    };
    // Comparing long texts is checked; the order is then none to build on, but that is noticed before it is used.
    let checked = |a: &(u64, u32), b: &(u64, u32)| {
        let ascending = a.0.cmp(&b.0).then_with(|| compare_texts(full(a.1), full(b.1), budget));
        (if descending { ascending.reverse() } else { ascending }).then(a.1.cmp(&b.1))
    };
    for (start, end) in segments {
        pairs.clear();
        pairs.append_run((start as u32..end as u32).map(key))?;
        let bytes = (start as u32..end as u32).map(|row| full(row).len()).sum::<usize>();
        let is_short = bytes / pairs.len().max(1) < CHECKED_BYTES / SORTED_ROWS;
        let run = if is_short { SORTED_ROWS } else { 1 };
        if is_short {
            for run in pairs.chunks_mut(run) {
                run.sort_unstable_by(order_of);
                budget.work(run.len() * 4)?;
            }
        }
        merge_runs(&mut pairs, &mut spare, run, checked, budget)?;
        order.append_run(pairs.iter().map(|(_, row)| *row))?;
    }
    Ok(order)
}

/// Bottom-up merge sort (Knuth, TAOCP volume 3, 5.2.4) of runs of this length that are sorted.
fn merge_runs<T: Copy + Default>(
    items: &mut Vector<T>,
    spare: &mut Vector<T>,
    mut run: usize,
    order: impl Fn(&T, &T) -> Ordering,
    budget: &Budget,
) -> Result<()> {
    while run < items.len() {
        spare.clear();
        spare.reserve(items.len())?;
        for pair in items.chunks(2 * run) {
            let (mut left, mut right) = pair.split_at(run.min(pair.len()));
            while let ([a, rest @ ..], [b, others @ ..]) = (left, right) {
                if order(b, a).is_lt() {
                    spare.push(*b)?;
                    right = others;
                } else {
                    spare.push(*a)?;
                    left = rest;
                }
                budget.work(4)?;
            }
            spare.append_slice(left)?;
            spare.append_slice(right)?;
        }
        core::mem::swap(items, spare);
        run *= 2;
    }
    Ok(())
}

/// The first bytes of a text as a number, which orders as the texts do where it differs.
fn prefix(text: &str) -> u64 {
    let mut bytes = [0; 8];
    bytes.iter_mut().zip(text.as_bytes()).for_each(|(slot, byte)| *slot = *byte);
    u64::from_be_bytes(bytes)
}
