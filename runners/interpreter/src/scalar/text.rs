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

/// Bytes of a text that are looked at between two calls of `tick`.
const TICK: usize = 64 * 1024;

/// The last place up to this one where a code point begins or the text ends.
pub(crate) fn floor(text: &str, place: usize) -> usize {
    let mut place = place.min(text.len());
    while !text.is_char_boundary(place) {
        place -= 1;
    }
    place
}

/// The first such place from this one on.
fn ceil(text: &str, place: usize) -> usize {
    let mut place = place.min(text.len());
    while !text.is_char_boundary(place) {
        place += 1;
    }
    place
}

/// Parts of a text of about [`TICK`] bytes each, `tick` called with the length of each.
fn ticking(text: &str, mut tick: impl FnMut(usize) -> Result<()>) -> impl Iterator<Item = Result<&str>> {
    let mut rest = text;
    core::iter::from_fn(move || {
        let (part, more) = rest.split_at(floor(rest, TICK));
        rest = more;
        (!part.is_empty()).then(|| tick(part.len()).map(|()| part))
    })
}

/// Number of code points.
///
/// `tick` is called with the number of bytes that are looked at, here and below, so that long work can be stopped.
///
/// # Errors
/// What `tick` fails with.
#[inline]
pub(crate) fn length(text: &str, mut tick: impl FnMut(usize) -> Result<()>) -> Result<usize> {
    if text.len() <= TICK {
        tick(text.len())?;
        return Ok(text.chars().count());
    }
    ticking(text, tick).try_fold(0, |sum, part| Ok(sum + part?.chars().count()))
}

/// Code points of [`bounds`].
///
/// # Errors
/// As [`length`].
pub(crate) fn slice(
    text: &str,
    start: i64,
    end: i64,
    mut tick: impl FnMut(usize) -> Result<()>,
) -> Result<&str> {
    let mut is_ascii = text.len() <= TICK && text.is_ascii();
    if text.len() > TICK {
        is_ascii =
            ticking(text, &mut tick).try_fold(true, |all, part| part.map(|part| all && part.is_ascii()))?;
    }
    if is_ascii {
        return Ok(text.get(bounds(text.len(), start, end)).unwrap_or_default());
    }
    let range = bounds(length(text, &mut tick)?, start, end);
    let first = place(text, range.start, &mut tick)?;
    let rest = text.get(first..).unwrap_or_default();
    Ok(rest.get(..place(rest, range.len(), tick)?).unwrap_or_default())
}

/// Where a code point begins.
fn place(text: &str, count: usize, tick: impl FnMut(usize) -> Result<()>) -> Result<usize> {
    let (mut left, mut start) = (count, 0);
    for part in ticking(text, tick) {
        let part = part?;
        match part.char_indices().nth(left) {
            Some((place, _)) => return Ok(start + place),
            None => left -= part.chars().count(),
        }
        start += part.len();
    }
    Ok(text.len())
}

/// Where `pattern` occurs from a place on.
///
/// # Errors
/// As [`length`].
pub(crate) fn find(
    text: &str,
    pattern: &str,
    from: usize,
    mut tick: impl FnMut(usize) -> Result<()>,
) -> Result<Option<usize>> {
    if pattern.is_empty() {
        return Ok(Some(from));
    }
    let mut start = from;
    while start < text.len() {
        // Windows overlap by less than the pattern: it lies in the first one that holds where it begins.
        let end = floor(text, start + TICK.max(pattern.len()));
        let limit = ceil(text, end + pattern.len());
        let window = text.get(start..limit).unwrap_or_default();
        if let Some(place) = window.find(pattern) {
            tick(place + pattern.len())?;
            return Ok(Some(start + place));
        }
        tick(window.len())?;
        start = end;
    }
    Ok(None)
}

/// The text without white space at its start, at its end, or both.
///
/// # Errors
/// As [`length`].
pub(crate) fn trim(
    text: &str,
    start: bool,
    end: bool,
    mut tick: impl FnMut(usize) -> Result<()>,
) -> Result<&str> {
    let text = if start { trim_start(text, &mut tick)? } else { text };
    if end { trim_end(text, tick) } else { Ok(text) }
}

fn trim_start(mut text: &str, mut tick: impl FnMut(usize) -> Result<()>) -> Result<&str> {
    loop {
        let (part, more) = text.split_at(floor(text, TICK));
        let left = part.trim_start().len() + more.len();
        tick(text.len() - left)?;
        text = text.get(text.len() - left..).unwrap_or_default();
        if left != more.len() || left == 0 {
            return Ok(text);
        }
    }
}

fn trim_end(mut text: &str, mut tick: impl FnMut(usize) -> Result<()>) -> Result<&str> {
    loop {
        let (more, part) = text.split_at(ceil(text, text.len().saturating_sub(TICK)));
        let left = more.len() + part.trim_end().len();
        tick(text.len() - left)?;
        text = text.get(..left).unwrap_or_default();
        if left != more.len() || left == 0 {
            return Ok(text);
        }
    }
}

/// Calls `push` with each part: by `""` the characters, of `""` the empty text.
///
/// # Errors
/// As [`length`], and what `push` fails with.
pub(crate) fn split(
    text: &str,
    separator: &str,
    mut tick: impl FnMut(usize) -> Result<()>,
    mut push: impl FnMut(&str) -> Result<()>,
) -> Result<()> {
    if text.is_empty() {
        return push(text);
    }
    if separator.is_empty() {
        let mut buffer = [0; 4];
        return text.chars().try_for_each(|char| push(char.encode_utf8(&mut buffer)));
    }
    if text.len() <= TICK {
        tick(text.len())?;
        return text.split(separator).try_for_each(push);
    }
    let mut start = 0;
    while let Some(place) = find(text, separator, start, &mut tick)? {
        push(text.get(start..place).unwrap_or_default())?;
        start = place + separator.len();
    }
    push(text.get(start..).unwrap_or_default())
}

/// Calls `push` with the parts of `text` in which every occurrence of `pattern`, from left to right and without overlap,
/// is replaced. The empty pattern occurs nowhere, as in PostgreSQL and DuckDB.
///
/// # Errors
/// As [`split`].
pub(crate) fn replace(
    text: &str,
    pattern: &str,
    replacement: &str,
    tick: impl FnMut(usize) -> Result<()>,
    mut push: impl FnMut(&str) -> Result<()>,
) -> Result<()> {
    if pattern.is_empty() || text.is_empty() {
        return push(text);
    }
    let mut is_first = true;
    split(text, pattern, tick, |part| {
        if !core::mem::replace(&mut is_first, false) {
            push(replacement)?;
        }
        push(part)
    })
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
    use alloc::{format, string::ToString, vec, vec::Vec};

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
            assert_eq!(slice(text, start, end, |_| Ok(())).unwrap(), part, "{text} {start} {end}");
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
            split(
                text,
                separator,
                |_| Ok(()),
                |part| {
                    parts.push(part.to_string());
                    Ok(())
                },
            )
            .unwrap();
            assert_eq!(parts, expected, "{text} {separator}");
        }
    }

    #[test]
    fn long_texts_are_worked_on_in_parts() {
        let long = "ab😀".repeat(TICK);
        let no_tick = |_| Ok(());
        assert_eq!(length(&long, no_tick).unwrap(), 3 * TICK);
        assert_eq!(slice(&long, 3 * TICK as i64 - 4, -1, no_tick).unwrap(), "😀ab");
        for pattern in ["😀a", "b😀ab😀", &format!("b😀{}", "ab😀".repeat(TICK / 3)), "c"] {
            let (mut parts, mut ticks) = (Vec::new(), 0);
            let tick = |_| {
                ticks += 1;
                Ok(())
            };
            let push = |part: &str| {
                parts.push(part.to_string());
                Ok(())
            };
            split(&long, pattern, tick, push).unwrap();
            assert_eq!(parts, long.split(pattern).collect::<Vec<_>>());
            assert!(ticks > 1);
        }
    }

    #[test]
    fn trims() {
        let wide = " \u{3000}".repeat(TICK);
        for text in ["", " ", "a", " a b ", &wide, &format!("{wide}a{wide}"), &format!("{wide} a")] {
            let trimmed = |start, end| trim(text, start, end, |_| Ok(())).unwrap();
            assert_eq!(trimmed(true, true), text.trim());
            assert_eq!(trimmed(true, false), text.trim_start());
            assert_eq!(trimmed(false, true), text.trim_end());
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
            let push = |part: &str| {
                out.push_str(part);
                Ok(())
            };
            replace(text, pattern, replacement, |_| Ok(()), push).unwrap();
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
