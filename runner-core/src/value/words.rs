//! What the language says of words and letters, where runners need it.

/// Whether a word can't be a name in Lutra source without backticks.
///
/// ```
/// use runner_core::value::is_keyword;
///
/// assert!(is_keyword("match") && !is_keyword("matches"));
/// ```
#[must_use]
pub fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}

/// The lower case of a character as `text::lower` has it: Unicode's simple mapping, from one code point to one.
///
/// That is the full mapping where it gives one code point; where it gives more there is mostly no simple one.
///
/// ```
/// use runner_core::value::{to_lower, to_upper};
///
/// assert_eq!((to_lower('Ä'), to_upper('ä'), to_upper('ß')), ('ä', 'Ä', 'ß'));
/// ```
#[must_use]
pub fn to_lower(char: char) -> char {
    let mut full = char.to_lowercase();
    match (full.next(), full.next()) {
        (Some(one), None) => one,
        _ if char == '\u{130}' => 'i',
        _ => char,
    }
}

/// The upper case of a character as `text::upper` has it; see [`to_lower`].
///
/// Greek letters with an iota below have a full mapping of two code points, and a simple one to their title case.
#[must_use]
pub fn to_upper(char: char) -> char {
    let mut full = char.to_uppercase();
    match (full.next(), full.next()) {
        (Some(one), None) => one,
        _ => match char {
            '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => {
                char::from_u32(u32::from(char) + 8).unwrap_or(char)
            }
            '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => char::from_u32(u32::from(char) + 9).unwrap_or(char),
            _ => char,
        },
    }
}

const KEYWORDS: [&str; 22] = [
    "anno",
    "as",
    "const",
    "do",
    "else",
    "enum",
    "external",
    "false",
    "for",
    "func",
    "if",
    "import",
    "in",
    "internal",
    "let",
    "match",
    "module",
    "submodule",
    "then",
    "true",
    "type",
    "where",
];
