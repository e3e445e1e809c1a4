//! Floats: IEEE 754, but for order, which is total.
//!
//! With feature `std` the functions are those of the platform's C library, without it those of `libm`; the last bit of
//! `pow`, `exp`, `ln` and the trigonometric ones may differ between the two. Those of `f32` but for `pow` are computed in
//! 64 bits and rounded once: libraries differ in the last bit of their own, and databases have none.

use core::cmp::Ordering;

/// The float types.
pub(crate) trait Float: Copy + Default + PartialEq + PartialOrd + 'static {
    /// The order of values: NaN is equal to itself and greater than everything, the two zeros are equal.
    fn order(self, other: Self) -> Ordering;
    /// Equality of values, by the same rule.
    fn same(self, other: Self) -> bool;
    /// A number that orders as the values do, and is equal for equal ones: what to hash, and to sort by.
    fn key(self) -> u64;
    fn wide(self) -> f64;
    fn sum(self, other: Self) -> Self;
    /// The remainder with the sign of the dividend, as C's `fmod`.
    fn rem(self, other: Self) -> Self;
    fn abs(self) -> Self;
    fn pow(self, exponent: Self) -> Self;
    fn sqrt(self) -> Self;
    fn exp(self) -> Self;
    fn ln(self) -> Self;
    fn log10(self) -> Self;
    fn floor(self) -> Self;
    fn ceil(self) -> Self;
    /// Halves away from zero.
    fn round(self) -> Self;
    fn sin(self) -> Self;
    fn cos(self) -> Self;
    fn tan(self) -> Self;
    fn asin(self) -> Self;
    fn acos(self) -> Self;
    fn atan(self) -> Self;
}

macro_rules! floats {
    ($float:ident, $sign:expr, wide { $($wide:ident = $wide_std:ident | $wide_no_std:ident;)* };
     $($name:ident($($arg:ident)?) = $std:ident | $no_std:ident;)*) => {
        impl Float for $float {
            #[inline]
            fn order(self, other: Self) -> Ordering {
                self.partial_cmp(&other).unwrap_or_else(|| self.is_nan().cmp(&other.is_nan()))
            }

            #[inline]
            fn same(self, other: Self) -> bool {
                self == other || (self.is_nan() && other.is_nan())
            }

            #[inline]
            fn key(self) -> u64 {
                if self.is_nan() {
                    return u64::MAX;
                }
                // Adding 0.0 makes -0.0 into 0.0. Negative numbers order by their bits the other way round.
                let bits = (self + 0.0).to_bits();
                u64::from(if bits & $sign == 0 { bits | $sign } else { !bits })
            }

            #[inline]
            fn wide(self) -> f64 {
                f64::from(self)
            }

            #[inline]
            fn sum(self, other: Self) -> Self {
                self + other
            }

            #[inline]
            fn rem(self, other: Self) -> Self {
                self % other
            }

            #[inline]
            fn abs(self) -> Self {
                Self::from_bits(self.to_bits() & !$sign)
            }

            $(
                #[inline]
                fn $name(self $(, $arg: Self)?) -> Self {
                    #[cfg(feature = "std")]
                    return $float::$std(self $(, $arg)?);
                    #[cfg(not(feature = "std"))]
                    return libm::$no_std(self $(, $arg)?);
                }
            )*

            $(
                #[inline]
                fn $wide(self) -> Self {
                    #[cfg(feature = "std")]
                    return f64::from(self).$wide_std() as Self;
                    #[cfg(not(feature = "std"))]
                    return libm::$wide_no_std(f64::from(self)) as Self;
                }
            )*
        }
    };
}

floats! {
    f64, 1u64 << 63, wide {};
    pow(exponent) = powf | pow;
    sqrt() = sqrt | sqrt;
    exp() = exp | exp;
    ln() = ln | log;
    log10() = log10 | log10;
    floor() = floor | floor;
    ceil() = ceil | ceil;
    round() = round | round;
    sin() = sin | sin;
    cos() = cos | cos;
    tan() = tan | tan;
    asin() = asin | asin;
    acos() = acos | acos;
    atan() = atan | atan;
}

floats! {
    f32, 1u32 << 31, wide {
        exp = exp | exp;
        ln = ln | log;
        log10 = log10 | log10;
        sin = sin | sin;
        cos = cos | cos;
        tan = tan | tan;
        asin = asin | asin;
        acos = acos | acos;
        atan = atan | atan;
    };
    pow(exponent) = powf | powf;
    sqrt() = sqrt | sqrtf;
    floor() = floor | floorf;
    ceil() = ceil | ceilf;
    round() = round | roundf;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_total_and_the_key_agrees() {
        let ascending = [
            f64::NEG_INFINITY,
            f64::MIN,
            -1.0,
            -f64::MIN_POSITIVE,
            0.0,
            5e-324,
            1.0,
            f64::MAX,
            f64::INFINITY,
            f64::NAN,
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(a.order(*b), i.cmp(&j), "{a} {b}");
                assert_eq!(a.key().cmp(&b.key()), i.cmp(&j), "{a} {b}");
                let (a, b) = (*a as f32, *b as f32);
                assert_eq!(a.order(b), a.key().cmp(&b.key()), "{a} {b}");
                assert_eq!(a.same(b), a.key() == b.key(), "{a} {b}");
            }
        }
        assert!((-0.0f64).same(0.0) && (-0.0f64).key() == 0.0f64.key());
        assert!((-f64::NAN).same(f64::NAN) && (-f64::NAN).key() == f64::NAN.key());
    }

    #[test]
    fn functions_at_their_edges() {
        assert_eq!([2.5f64, -2.5, 0.5, -0.5].map(Float::round), [3.0, -3.0, 1.0, -1.0]);
        assert_eq!((Float::floor(-1.5f32), Float::ceil(-1.5f32)), (-2.0, -1.0));
        assert_eq!(
            (Float::pow(2.0f64, 0.5), Float::pow(0.0f64, -1.0)),
            (core::f64::consts::SQRT_2, f64::INFINITY)
        );
        assert_eq!((Float::ln(0.0f64), Float::log10(1000.0f64)), (f64::NEG_INFINITY, 3.0));
        assert!(Float::sqrt(-1.0f64).is_nan() && Float::asin(2.0f32).is_nan());
        assert_eq!((Float::rem(-7.5f64, 2.0), Float::rem(7.5f64, -2.0)), (-1.5, 1.5));
        assert!(Float::abs(-0.0f64).is_sign_positive());
    }
}
