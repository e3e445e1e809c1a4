//! Window functions over one array, given as slices; for nested arrays they are called once an array.

use core::ops::Range;

use runner_core::Result;

use super::{Float, Int};

/// What `lag(xs, by)` of `len` items is made of: so many fillers, these items, so many fillers. `lead` is `lag` by
/// the negative number.
pub(crate) fn shift(len: usize, by: i64) -> (usize, Range<usize>, usize) {
    let fill = usize::try_from(by.unsigned_abs()).unwrap_or(usize::MAX).min(len);
    if by >= 0 { (fill, 0..len - fill, 0) } else { (0, fill..len, fill) }
}

/// Calls `push` with the mean of each item and those around it. Sums are exact.
///
/// `tick` is called with the number of items that were added, so that long work can be counted and stopped.
///
/// # Errors
/// What `tick` and `push` fail with.
pub(crate) fn rolling_mean_ints<T: Int>(
    values: &[T],
    preceding: u32,
    following: u32,
    mut tick: impl FnMut(usize) -> Result<()>,
    mut push: impl FnMut(f64) -> Result<()>,
) -> Result<()> {
    let mut window = 0..0;
    let mut sum = 0i128;
    for row in 0..values.len() {
        let next = around(row, values.len(), preceding, following);
        for chunk in values.get(window.end..next.end).unwrap_or_default().chunks(CHUNK) {
            tick(chunk.len())?;
            for value in chunk {
                sum += value.wide();
            }
        }
        for value in values.get(window.start..next.start).unwrap_or_default() {
            sum -= value.wide();
        }
        push(sum as f64 / next.len() as f64)?;
        window = next;
    }
    Ok(())
}

/// Items of a window that are added between two calls of `tick`.
const CHUNK: usize = 4096;

/// Calls `push` with the mean of each item and those around it. Each window is added afresh in order, so an item leaves no trace
/// (a rounding error, an infinity) in windows that don't hold it; windows that begin at the same item share their sum.
///
/// # Errors
/// As [`rolling_mean_ints`], whose `tick` this has as well.
pub(crate) fn rolling_mean_floats<T: Float>(
    values: &[T],
    preceding: u32,
    following: u32,
    mut tick: impl FnMut(usize) -> Result<()>,
    mut push: impl FnMut(f64) -> Result<()>,
) -> Result<()> {
    let mut window = 0..0;
    let mut sum = T::default();
    for row in 0..values.len() {
        let next = around(row, values.len(), preceding, following);
        let mut added = next.clone();
        if next.start == window.start {
            added.start = window.end;
        } else {
            sum = T::default();
        }
        tick(1)?;
        for chunk in values.get(added).unwrap_or_default().chunks(CHUNK) {
            tick(chunk.len())?;
            sum = chunk.iter().fold(sum, |sum, value| sum.sum(*value));
        }
        push(sum.wide() / next.len() as f64)?;
        window = next;
    }
    Ok(())
}

/// The items of an array in ascending order.
pub(crate) struct Ranked<'a, E> {
    /// Indices of all items, by which they ascend.
    pub(crate) order: &'a [u32],
    /// Whether two items, named by their indices, are equal.
    pub(crate) equal: E,
}

/// Writes 1 + the number of smaller items, at the index of each item.
pub(crate) fn rank<E: Fn(u32, u32) -> bool>(items: &Ranked<'_, E>, out: &mut [i32]) {
    items.runs(|run, _| run.start as i32 + 1, out);
}

/// Writes 1 + the number of distinct smaller items.
pub(crate) fn rank_dense<E: Fn(u32, u32) -> bool>(items: &Ranked<'_, E>, out: &mut [i32]) {
    items.runs(|_, index| index as i32 + 1, out);
}

/// Writes (rank - 1) / (n - 1), 0 for a single item.
pub(crate) fn rank_percentile<E: Fn(u32, u32) -> bool>(items: &Ranked<'_, E>, out: &mut [f64]) {
    let others = items.order.len().saturating_sub(1).max(1) as f64;
    items.runs(|run, _| run.start as f64 / others, out);
}

/// Writes the share of items that are less or equal.
pub(crate) fn cume_dist<E: Fn(u32, u32) -> bool>(items: &Ranked<'_, E>, out: &mut [f64]) {
    let all = items.order.len() as f64;
    items.runs(|run, _| run.end as f64 / all, out);
}

impl<E: Fn(u32, u32) -> bool> Ranked<'_, E> {
    /// Writes one value for each run of equal items, made of where it stands in order and its number among the runs.
    fn runs<T: Copy>(&self, value: impl Fn(Range<usize>, usize) -> T, out: &mut [T]) {
        let mut start = 0;
        for (index, run) in self.order.chunk_by(|a, b| (self.equal)(*a, *b)).enumerate() {
            let end = start + run.len();
            let value = value(start..end, index);
            for item in run {
                if let Some(slot) = out.get_mut(*item as usize) {
                    *slot = value;
                }
            }
            start = end;
        }
    }
}

/// The window of a row, cut at the ends.
#[inline]
fn around(row: usize, len: usize, preceding: u32, following: u32) -> Range<usize> {
    row.saturating_sub(preceding as usize)..row.saturating_add(following as usize).saturating_add(1).min(len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn ints<T: Int>(values: &[T], preceding: u32, following: u32) -> Vec<f64> {
        let mut out = Vec::new();
        let push = |mean| {
            out.push(mean);
            Ok(())
        };
        rolling_mean_ints(values, preceding, following, |_| Ok(()), push).unwrap();
        out
    }

    fn floats(values: &[f64], preceding: u32, following: u32) -> Vec<f64> {
        let mut out = Vec::new();
        rolling_mean_floats(
            values,
            preceding,
            following,
            |_| Ok(()),
            |mean| {
                out.push(mean);
                Ok(())
            },
        )
        .unwrap();
        out
    }

    #[test]
    fn shifts() {
        for (len, by, expected) in [
            (3, 1, (1, 0..2, 0)),
            (3, -1, (0, 1..3, 1)),
            (3, 0, (0, 0..3, 0)),
            (3, 9, (3, 0..0, 0)),
            (3, i64::MIN, (0, 3..3, 3)),
            (0, 5, (0, 0..0, 0)),
        ] {
            assert_eq!(shift(len, by), expected, "{len} {by}");
        }
    }

    #[test]
    fn rolling_means() {
        assert_eq!(floats(&[1.0, f64::INFINITY, 3.0, 4.0, 5.0], 1, 0)[3..], [3.5, 4.5]);
        assert_eq!(floats(&[1e16, 1.0, 1.0], 1, 0), [1e16, 5e15, 1.0]);
        assert_eq!(floats(&[1.0, 2.0, 3.0], 9, u32::MAX), [2.0; 3]);
        assert_eq!(floats(&[], 1, 1), [0.0; 0]);
        let out = ints(&[u64::MAX, u64::MAX, 0], 1, 1);
        assert_eq!(out, [u64::MAX as f64, 12297829382473034410.0, u64::MAX as f64 / 2.0]);
    }

    #[test]
    fn a_window_is_the_sum_of_its_items_whichever_way() {
        let values: Vec<i32> = (0..50).map(|i| i * 37 % 101 - 50).collect();
        let wide: Vec<f64> = values.iter().map(|value| f64::from(*value)).collect();
        for (preceding, following) in [(0, 0), (1, 0), (0, 3), (7, 7), (100, 2), (3, 100)] {
            assert_eq!(
                ints(&values, preceding, following),
                floats(&wide, preceding, following),
                "{preceding} {following}"
            );
        }
    }

    #[test]
    fn ranks() {
        let values = [30, 10, 20, 20, 50, 20];
        let order = [1, 2, 3, 5, 0, 4];
        let equal = |a: u32, b: u32| values[a as usize] == values[b as usize];
        let items = Ranked { order: &order, equal };
        let (mut plain, mut dense) = ([0; 6], [0; 6]);
        let (mut percentile, mut share) = ([0.0; 6], [0.0; 6]);
        rank(&items, &mut plain);
        rank_dense(&items, &mut dense);
        rank_percentile(&items, &mut percentile);
        cume_dist(&items, &mut share);
        assert_eq!(plain, [5, 1, 2, 2, 6, 2]);
        assert_eq!(dense, [3, 1, 2, 2, 4, 2]);
        assert_eq!(percentile, [0.8, 0.0, 0.2, 0.2, 1.0, 0.2]);
        assert_eq!(share, [5.0 / 6.0, 1.0 / 6.0, 4.0 / 6.0, 4.0 / 6.0, 1.0, 4.0 / 6.0]);
        let mut one = [9.0];
        rank_percentile(&Ranked { order: &[0], equal }, &mut one);
        assert_eq!(one, [0.0]);
    }
}
