use alloc::string::String;
use core::ops::Range;

use runner_core::{
    Result,
    value::{to_lower, to_upper},
};

use super::Fault;

/// Where `slice(start, end)` of `len` items begins and ends: negative bounds count from the end, bounds beyond the ends
/// are cut, and an end before the start gives an empty range.
#[inline]
pub(crate) fn bounds(len: usize, start: i64, end: i64) -> Range<usize> {
    let clamp = |bound: i64| -> usize {
        if bound < 0 {
            len.saturating_sub(usize::try_from(bound.unsigned_abs()).unwrap_or(usize::MAX))
        } else {
            usize::try_from(bound).unwrap_or(usize::MAX).min(len)
        }
    };
    let start = clamp(start);
    start..clamp(end).max(start)
}

/// Number of code points.
#[inline]
pub(crate) fn length(text: &str) -> usize {
    text.chars().count()
}

/// Code points of [`bounds`].
pub(crate) fn slice(text: &str, start: i64, end: i64) -> &str {
    if text.is_ascii() {
        return text.get(bounds(text.len(), start, end)).unwrap_or_default();
    }
    let range = bounds(length(text), start, end);
    let mut places = text.char_indices().map(|(place, _)| place);
    let first = places.nth(range.start).unwrap_or(text.len());
    let last = match range.len() {
        0 => first,
        count => places.nth(count - 1).unwrap_or(text.len()),
    };
    text.get(first..last).unwrap_or_default()
}

/// Calls `push` with each part: by `""` the characters, of `""` the empty text.
///
/// # Errors
/// What `push` fails with.
pub(crate) fn split(text: &str, separator: &str, mut push: impl FnMut(&str) -> Result<()>) -> Result<()> {
    if text.is_empty() {
        return push(text);
    }
    if separator.is_empty() {
        let mut buffer = [0; 4];
        return text.chars().try_for_each(|char| push(char.encode_utf8(&mut buffer)));
    }
    text.split(separator).try_for_each(push)
}

/// Appends `text` with every occurrence of `pattern`, from left to right and without overlap, replaced. The empty pattern
/// occurs nowhere, as in PostgreSQL and DuckDB.
pub(crate) fn replace(text: &str, pattern: &str, replacement: &str, out: &mut String) {
    if pattern.is_empty() {
        return out.push_str(text);
    }
    let mut parts = text.split(pattern);
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        out.push_str(replacement);
        out.push_str(part);
    }
}

/// Which letters [`change_case`] makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Lower,
    Upper,
}

/// Appends `text` in lower or upper case by the simple mappings of Unicode: one code point for one, whatever stands
/// around it. `ß` and other letters whose upper case is several stay as they are, and `Σ` is always `σ`.
///
/// Databases map so as well; the full mappings, which look at neighbours, can't be said in SQL.
pub(crate) fn change_case(text: &str, case: Case, out: &mut String) {
    if text.is_ascii() {
        let start = out.len();
        out.push_str(text);
        if let Some(copy) = out.get_mut(start..) {
            match case {
                Case::Lower => copy.make_ascii_lowercase(),
                Case::Upper => copy.make_ascii_uppercase(),
            }
        }
        return;
    }
    out.reserve(text.len());
    out.extend(text.chars().map(|char| match case {
        Case::Lower => to_lower(char),
        Case::Upper => to_upper(char),
    }));
}

/// The character of an ASCII code.
///
/// # Errors
/// Above 127.
pub(crate) fn from_ascii(code: u8) -> Result<char, Fault> {
    if code.is_ascii() { Ok(char::from(code)) } else { Err(Fault::NotAscii(code)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{string::ToString, vec, vec::Vec};

    #[test]
    fn slices_count_code_points() {
        for (text, start, end, part) in [
            ("hello", 1, 3, "el"),
            ("hello", -3, -1, "ll"),
            ("hello", -100, 2, "he"),
            ("hello", 3, 1, ""),
            ("hello", i64::MIN, i64::MAX, "hello"),
            ("č😀ab", 1, 2, "😀"),
            ("č😀ab", 2, 9, "ab"),
            ("č😀ab", -4, 1, "č"),
            ("č😀ab", 4, 9, ""),
            ("č", 0, 0, ""),
            ("", 0, 3, ""),
        ] {
            assert_eq!(slice(text, start, end), part, "{text} {start} {end}");
        }
    }

    #[test]
    fn splits() {
        for (text, separator, expected) in [
            ("a,b,,c", ",", vec!["a", "b", "", "c"]),
            (",", ",", vec!["", ""]),
            ("", ",", vec![""]),
            ("", "", vec![""]),
            ("č😀", "", vec!["č", "😀"]),
            ("aXXbXX", "XX", vec!["a", "b", ""]),
            ("a.b", "b.", vec!["a.b"]),
        ] {
            let mut parts = Vec::new();
            split(text, separator, |part| {
                parts.push(part.to_string());
                Ok(())
            })
            .unwrap();
            assert_eq!(parts, expected, "{text} {separator}");
        }
    }

    #[test]
    fn replaces() {
        for (text, pattern, replacement, expected) in [
            ("aaa", "aa", "b", "ba"),
            ("abc", "", "x", "abc"),
            ("", "a", "x", ""),
            ("a.b", ".", "", "ab"),
            ("žaž", "ž", "z", "zaz"),
        ] {
            let mut out = String::new();
            replace(text, pattern, replacement, &mut out);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn case_changes_one_code_point_for_one() {
        for (text, low, up) in [
            ("aB1", "ab1", "AB1"),
            ("Črček", "črček", "ČRČEK"),
            ("Straße", "straße", "STRAßE"),
            ("ΟΔΟΣ", "οδοσ", "ΟΔΟΣ"),
            ("İ", "i", "İ"),
            ("ᾳᾀ", "ᾳᾀ", "ᾼᾈ"),
            ("ǆ", "ǆ", "Ǆ"),
        ] {
            let (mut lower, mut upper) = (String::new(), String::new());
            change_case(text, Case::Lower, &mut lower);
            change_case(text, Case::Upper, &mut upper);
            assert_eq!((&*lower, &*upper), (low, up));
        }
    }

    #[test]
    fn ascii_codes() {
        assert_eq!(from_ascii(65), Ok('A'));
        assert_eq!(from_ascii(128), Err(Fault::NotAscii(128)));
    }
}
