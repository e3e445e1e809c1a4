use super::Fault;

/// Checked arithmetic of the integer types.
///
/// `/` truncates toward zero and `%` has the sign of the dividend. The smallest value divided by -1 overflows; its
/// remainder is 0, which fits.
pub(crate) trait Int: Copy + Ord + Default + 'static {
    fn add(self, other: Self) -> Option<Self>;
    fn sub(self, other: Self) -> Option<Self>;
    fn mul(self, other: Self) -> Option<Self>;
    fn div(self, other: Self) -> Result<Self, Fault>;
    fn rem(self, other: Self) -> Result<Self, Fault>;
    /// `None` beyond the range; 1 for the exponent 0.
    fn pow(self, exponent: i64) -> Result<Self, Fault>;
    /// The value in a type that holds sums of all that memory can hold.
    fn wide(self) -> i128;
}

macro_rules! ints {
    ($($int:ty, $is_signed:literal;)*) => {
        $(impl Int for $int {
            #[inline]
            fn add(self, other: Self) -> Option<Self> {
                self.checked_add(other)
            }

            #[inline]
            fn sub(self, other: Self) -> Option<Self> {
                self.checked_sub(other)
            }

            #[inline]
            fn mul(self, other: Self) -> Option<Self> {
                self.checked_mul(other)
            }

            #[inline]
            fn div(self, other: Self) -> Result<Self, Fault> {
                match self.checked_div(other) {
                    Some(quotient) => Ok(quotient),
                    None if other == 0 => Err(Fault::DivisionByZero),
                    None => Err(Fault::Overflow("/")),
                }
            }

            #[inline]
            fn rem(self, other: Self) -> Result<Self, Fault> {
                match self.checked_rem(other) {
                    Some(remainder) => Ok(remainder),
                    None if other == 0 => Err(Fault::DivisionByZero),
                    None => Ok(0),
                }
            }

            fn pow(self, exponent: i64) -> Result<Self, Fault> {
                if exponent < 0 {
                    return Err(Fault::NegativeExponent(exponent));
                }
                match u32::try_from(exponent) {
                    Ok(exponent) => self.checked_pow(exponent).ok_or(Fault::Overflow("pow")),
                    // Only 0, 1 and -1 have powers this high, and those repeat every second one.
                    Err(_) if self == 0 || self == 1 => Ok(self),
                    Err(_) if $is_signed && self == (0 as $int).wrapping_sub(1) => {
                        Ok(if exponent % 2 == 0 { 1 } else { self })
                    }
                    Err(_) => Err(Fault::Overflow("pow")),
                }
            }

            #[inline]
            fn wide(self) -> i128 {
                i128::from(self)
            }
        })*
    };
}

ints! {
    i8, true;
    i16, true;
    i32, true;
    i64, true;
    u8, false;
    u16, false;
    u32, false;
    u64, false;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_truncates_and_the_remainder_has_the_sign_of_the_dividend() {
        for (a, b, quotient, remainder) in
            [(7i32, 2, 3, 1), (-7, 2, -3, -1), (7, -2, -3, 1), (-7, -2, 3, -1), (0, 5, 0, 0)]
        {
            assert_eq!((a.div(b), a.rem(b)), (Ok(quotient), Ok(remainder)), "{a} {b}");
        }
    }

    #[test]
    fn what_does_not_fit_is_a_fault() {
        assert_eq!(Int::add(i8::MAX, 1), None);
        assert_eq!(Int::sub(0u8, 1), None);
        assert_eq!(Int::mul(i64::MIN, -1), None);
        assert_eq!(Int::div(i16::MIN, -1), Err(Fault::Overflow("/")));
        assert_eq!(Int::rem(i16::MIN, -1), Ok(0));
        assert_eq!(Int::div(1u64, 0), Err(Fault::DivisionByZero));
        assert_eq!(Int::rem(1i64, 0), Err(Fault::DivisionByZero));
    }

    #[test]
    fn powers() {
        let far = i64::MAX;
        for (base, exponent, power) in [
            (2i64, 10, Ok(1024)),
            (-2, 63, Ok(i64::MIN)),
            (0, 0, Ok(1)),
            (0, far, Ok(0)),
            (1, far, Ok(1)),
            (-1, far, Ok(-1)),
            (-1, far - 1, Ok(1)),
            (2, 63, Err(Fault::Overflow("pow"))),
            (2, far, Err(Fault::Overflow("pow"))),
            (2, -1, Err(Fault::NegativeExponent(-1))),
        ] {
            assert_eq!(Int::pow(base, exponent), power, "{base} {exponent}");
        }
        assert_eq!(Int::pow(u8::MAX, far), Err(Fault::Overflow("pow")));
    }
}
