/// Conversion between any two number types: integers wrap, floats to integers truncate toward zero and saturate (NaN
/// gives 0), integers to floats and wide floats to narrow ones round to the nearest, ties to even.
///
/// That is what Rust's `as` does.
pub(crate) trait Cast<T> {
    fn cast(self) -> T;
}

macro_rules! casts {
    ($($from:ident)*) => {
        $(casts!(@from $from i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);)*
    };
    (@from $from:ident $($to:ident)*) => {
        $(impl Cast<$to> for $from {
            #[inline]
            fn cast(self) -> $to {
                self as $to
            }
        })*
    };
}

casts!(i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn casts_wrap_truncate_saturate_and_round() {
        assert_eq!([300i64, -1, 128].map(Cast::<u8>::cast), [44, 255, 128]);
        assert_eq!([200u8, 127].map(Cast::<i8>::cast), [-56, 127]);
        assert_eq!([u64::MAX].map(Cast::<i64>::cast), [-1]);
        assert_eq!([2.9f64, -2.9, 256.0, -1e300, f64::NAN].map(Cast::<i8>::cast), [2, -2, 127, -128, 0]);
        assert_eq!([-0.9f32, f32::INFINITY].map(Cast::<u64>::cast), [0, u64::MAX]);
        assert_eq!(
            [i64::MAX, 9_007_199_254_740_993].map(Cast::<f64>::cast),
            [9.223372036854776e18, 9007199254740992.0]
        );
        assert_eq!([1e300f64, 0.1].map(Cast::<f32>::cast), [f32::INFINITY, 0.1]);
    }
}
