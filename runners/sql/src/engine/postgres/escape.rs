//! Texts with U+0000, which PostgreSQL can't hold.
//!
//! A statement of [`Postgres::escaping`](crate::Postgres::escaping) holds every text escaped:
//!
//! | code point | held as |
//! | --- | --- |
//! | U+0000, U+0001, U+0002 | U+0001, then U+0003, U+0004, U+0005 |
//! | U+0003, U+0004, U+0005 | U+0002, then U+0003, U+0004, U+0005 |
//! | any other | itself |
//!
//! No second character of a pair is the first of anything, so a text is found in another exactly where it is, and the
//! code keeps order: concatenation, comparison, search, `split` and `replace` work on escaped texts as they are. What
//! counts characters does not, and has helpers.

use std::borrow::Cow;

/// A text as an escaping statement holds it.
///
/// ```
/// use runner_sql::postgres::{escape, unescape};
///
/// assert_eq!(escape("a\0b"), "a\u{1}\u{3}b");
/// assert_eq!(unescape(&escape("\0\u{1}\u{5}x")), "\0\u{1}\u{5}x");
/// ```
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| byte <= 5) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match u8::try_from(character) {
            Ok(code @ 0..=5) => {
                escaped.push(char::from(1 + code / 3));
                escaped.push(char::from(3 + code % 3));
            }
            _ => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

/// The reverse of [`escape`]. What is no pair stays as it is.
#[must_use]
pub fn unescape(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| matches!(byte, 1 | 2)) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let first = u8::try_from(character).ok().filter(|first| matches!(first, 1 | 2));
        let second = characters.peek().and_then(|next| u8::try_from(*next).ok());
        match (first, second.filter(|second| matches!(second, 3..=5))) {
            (Some(first), Some(second)) => {
                plain.push(char::from((first - 1) * 3 + second - 3));
                characters.next();
            }
            _ => plain.push(character),
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_texts_keep_order_and_parts() {
        let alphabet = ['\0', '\u{1}', '\u{2}', '\u{3}', '\u{4}', '\u{5}', '\u{6}', 'a'];
        let mut texts = vec![String::new()];
        for length in 0..3 {
            let longer: Vec<_> =
                texts.iter().filter(|text| text.chars().count() == length).cloned().collect();
            texts.extend(longer.iter().flat_map(|text| alphabet.map(|c| format!("{text}{c}"))));
        }
        for a in &texts {
            let escaped = escape(a).into_owned();
            assert!(!escaped.contains('\0'));
            assert_eq!(unescape(&escaped), *a);
            for b in texts.iter().filter(|b| b.len() < 3) {
                let other = escape(b).into_owned();
                assert_eq!(escaped.cmp(&other), a.cmp(b), "{a:?} {b:?}");
                assert_eq!(escaped.contains(&other), a.contains(b.as_str()), "{a:?} {b:?}");
                assert_eq!(escaped.ends_with(&other), a.ends_with(b.as_str()), "{a:?} {b:?}");
            }
        }
    }
}
