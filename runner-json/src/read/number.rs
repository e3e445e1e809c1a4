/// The integer that a JSON number stands for; `None` if it is not a whole number or has more than 39 digits.
///
/// `9007199254740993.0` and `90071992547409930e-1` are whole numbers, `1.5` and `1e-1` are not.
pub(super) fn whole(number: &str) -> Option<i128> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (is_negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => (true, mantissa),
        None => (false, mantissa),
    };
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{before}{after}");
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    let trailing = digits.len() - digits.trim_end_matches('0').len();
    let zeros =
        i128::try_from(trailing).ok()? - i128::try_from(after.len()).ok()? + exponent.parse::<i128>().ok()?;
    let zeros = usize::try_from(zeros).ok().filter(|zeros| significant.len() + zeros <= 39)?;
    let value: i128 = format!("{significant}{:0<zeros$}", "").parse().ok()?;
    Some(if is_negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn whole_numbers_are_exact() {
        for (number, expected) in [
            ("0", Some(0)),
            ("-0.0", Some(0)),
            ("0e999999999999", Some(0)),
            ("9007199254740993.0", Some(9_007_199_254_740_993)),
            ("900719925474099300e-2", Some(9_007_199_254_740_993)),
            ("-1.25E2", Some(-125)),
            ("18446744073709551615.000", Some(18_446_744_073_709_551_615)),
            ("1e+3", Some(1000)),
            ("1.5", None),
            ("1.0000000000000000000000000000000000000000001", None),
            ("1e-1", None),
            ("1e40", None),
            ("1e999999999999999999999999999999999999999999", None),
        ] {
            assert_eq!(whole(number), expected, "{number}");
        }
    }
}
