//! Division of integers, whose divisors are known not to be zero.

use fastdivide::DividerU64;
use runner_core::Result;

use super::{
    Lane,
    arithmetic::{checked, zip},
};
use crate::{budget::Budget, column::Buffer};

type Quotients<T> = Result<Option<Buffer<T>>>;
type Remainders<T> = Result<Buffer<T>>;

pub(super) trait Divide: Copy {
    /// `None` if one overflows.
    fn quotients(a: Lane<'_, Self>, b: Lane<'_, Self>, rows: usize, budget: &Budget) -> Quotients<Self>;

    /// `MIN % -1` is 0, though the division overflows.
    fn remainders(a: Lane<'_, Self>, b: Lane<'_, Self>, rows: usize, budget: &Budget) -> Remainders<Self>;
}

macro_rules! divide {
    ($($int:ident $quotients_by:expr, $remainders_by:expr;)*) => {$(
        impl Divide for $int {
            fn quotients(a: Lane<'_, Self>, b: Lane<'_, Self>, rows: usize, budget: &Budget) -> Quotients<Self> {
                let by: Option<fn(&[Self], Self, &Budget) -> Quotients<Self>> = $quotients_by;
                match (a, b, by) {
                    (Lane::Many(a), Lane::One(b), Some(by)) => by(a, b, budget),
                    _ => {
                        let divide = |a: Self, b| match a.checked_div(b) {
                            Some(value) => (value, false),
                            None => (0, true),
                        };
                        checked(a, b, rows, divide, budget)
                    }
                }
            }

            fn remainders(a: Lane<'_, Self>, b: Lane<'_, Self>, rows: usize, budget: &Budget) -> Remainders<Self> {
                let by: Option<fn(&[Self], Self, &Budget) -> Remainders<Self>> = $remainders_by;
                match (a, b, by) {
                    (Lane::Many(a), Lane::One(b), Some(by)) => by(a, b, budget),
                    _ => zip(a, b, rows, |a, b| a.checked_rem(b).unwrap_or_default(), budget),
                }
            }
        }
    )*};
}
divide! {
    i8 None, None;
    i16 None, None;
    i32 None, None;
    i64 Some(signed_quotients), Some(signed_remainders);
    u8 None, None;
    u16 None, None;
    u32 None, None;
    u64 Some(|a, b, budget| quotients(a, b, budget).map(Some)), Some(remainders);
}

// A division of 64 bits takes a processor tens of cycles; a multiplication by the inverse of a divisor that stays the
// same takes a few.

fn quotients(a: &[u64], b: u64, budget: &Budget) -> Remainders<u64> {
    let divider = DividerU64::divide_by(b);
    budget.map(a, |a| divider.divide(*a))
}

fn remainders(a: &[u64], b: u64, budget: &Budget) -> Remainders<u64> {
    let divider = DividerU64::divide_by(b);
    budget.map(a, |a| a.wrapping_sub(divider.divide(*a).wrapping_mul(b)))
}

fn signed_quotients(a: &[i64], b: i64, budget: &Budget) -> Quotients<i64> {
    let divider = DividerU64::divide_by(b.unsigned_abs());
    let mut over = false;
    let values = budget.map(a, |a| {
        let magnitude = divider.divide(a.unsigned_abs());
        if (*a < 0) == (b < 0) {
            over |= magnitude > i64::MAX.cast_unsigned();
            magnitude.cast_signed()
        } else {
            magnitude.cast_signed().wrapping_neg()
        }
    })?;
    Ok(if over { None } else { Some(values) })
}

fn signed_remainders(a: &[i64], b: i64, budget: &Budget) -> Remainders<i64> {
    let size = b.unsigned_abs();
    let divider = DividerU64::divide_by(size);
    let remainder = |a: &i64| {
        let magnitude = a.unsigned_abs();
        let left = magnitude.wrapping_sub(divider.divide(magnitude).wrapping_mul(size)).cast_signed();
        if *a < 0 { left.wrapping_neg() } else { left }
    };
    budget.map(a, remainder)
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    const EDGES: [i64; 14] = [
        i64::MIN,
        i64::MIN + 1,
        -4_294_967_297,
        -1_000_003,
        -7,
        -2,
        -1,
        1,
        2,
        3,
        7,
        4_294_967_296,
        i64::MAX - 1,
        i64::MAX,
    ];

    #[test]
    fn multiplying_by_the_inverse_is_dividing() {
        let budget = Budget::unbounded();
        for b in EDGES {
            for a in EDGES.into_iter().chain([0]) {
                let quotient = i64::quotients(Lane::Many(&[a]), Lane::One(b), 1, &budget).unwrap();
                let expected = a.checked_div(b).map(|value| vec![value]);
                assert_eq!(quotient.map(|values| values.to_vec()), expected, "{a} / {b}");
                let remainder = i64::remainders(Lane::Many(&[a]), Lane::One(b), 1, &budget).unwrap();
                assert_eq!(*remainder, [a.checked_rem(b).unwrap_or(0)], "{a} % {b}");
                let (a, b) = (a.cast_unsigned(), b.cast_unsigned());
                let quotient = u64::quotients(Lane::Many(&[a]), Lane::One(b), 1, &budget).unwrap();
                assert_eq!(quotient.map(|values| values.to_vec()), Some(vec![a / b]), "{a} / {b}");
                let remainder = u64::remainders(Lane::Many(&[a]), Lane::One(b), 1, &budget).unwrap();
                assert_eq!(*remainder, [a % b], "{a} % {b}");
            }
        }
    }
}
