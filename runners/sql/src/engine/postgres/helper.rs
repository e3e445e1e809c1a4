//! Functions that PostgreSQL lacks, in `helpers.sql`.

use std::{borrow::Cow, sync::LazyLock};

/// Bytes of a text that a statement makes; it is what a `jsonb` holds at most, too. PostgreSQL's own limit is four times
/// as much.
pub const TEXT_BYTES: u64 = (256 << 20) - 1;

/// Parts that a text is taken apart into, be they characters or what stands between separators.
pub const TEXT_PARTS: u64 = 8 << 20;

/// All helpers; each begins behind a line `-- name: those, that, it, calls`, and stands behind those.
const SOURCE: &str = include_str!("helpers.sql");

static HELPERS: LazyLock<Vec<Helper>> = LazyLock::new(|| {
    let helper = |section: &'static str| {
        let (head, text) = section.split_once('\n')?;
        let (name, calls) = head.split_once(": ").unwrap_or((head, ""));
        Some(Helper { name, calls: calls.split(", ").filter(|name| !name.is_empty()).collect(), text })
    };
    SOURCE.split("\n-- ").skip(1).filter_map(helper).collect()
});

/// The statements that make a helper, `None` if there is no such one.
///
/// ```
/// assert!(runner_sql::postgres::definition("float_add").unwrap().contains("CREATE FUNCTION"));
/// ```
#[must_use]
pub fn definition(name: &str) -> Option<Cow<'static, str>> {
    let text = HELPERS.iter().find(|helper| helper.name == name)?.text;
    Some(match name {
        "text_lower" => text.replace("{lower}", &mapping(lower)).into(),
        "text_upper" => text.replace("{upper}", &mapping(upper)).into(),
        _ if text.contains("{bytes}") || text.contains("{parts}") => text
            .replace("{bytes}", &TEXT_BYTES.to_string())
            .replace("{parts}", &TEXT_PARTS.to_string())
            .into(),
        _ => text.into(),
    })
}

/// The letters that a mapping changes, as a JSON object.
fn mapping(map: fn(char) -> char) -> String {
    let pairs = ('\u{80}'..=char::MAX).map(|from| (from, map(from))).filter(|(from, to)| from != to);
    let ascii = ('A'..='z').map(|from| (from, map(from))).filter(|(from, to)| from != to);
    let pairs: Vec<_> = ascii.chain(pairs).map(|(from, to)| format!("\"{from}\":\"{to}\"")).collect();
    format!("{{{}}}", pairs.join(","))
}

/// The simple mapping of Unicode: the full one where that is one code point, and where there is another.
fn lower(letter: char) -> char {
    match single(letter.to_lowercase()) {
        Some(lower) => lower,
        None if letter == '\u{130}' => 'i',
        None => letter,
    }
}

fn upper(letter: char) -> char {
    // The simple upper case of Greek letters with an iota below is their title case.
    let offset = match letter {
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => 8,
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => 9,
        _ => return single(letter.to_uppercase()).unwrap_or(letter),
    };
    char::from_u32(u32::from(letter) + offset).unwrap_or(letter)
}

/// The only one.
fn single(mut characters: impl Iterator<Item = char>) -> Option<char> {
    characters.next().filter(|_| characters.next().is_none())
}

/// These helpers, and those that they call, in order of definition.
pub(super) fn needed<S: AsRef<str>>(called: &[S]) -> Vec<&'static str> {
    if called.is_empty() {
        return Vec::new();
    }
    let mut needed: Vec<&str> = Vec::new();
    let mut open: Vec<_> = called.iter().map(AsRef::as_ref).collect();
    while let Some(name) = open.pop() {
        let Some(helper) = HELPERS.iter().find(|helper| helper.name == name) else { continue };
        if !needed.contains(&helper.name) {
            needed.push(helper.name);
            open.extend(&helper.calls);
        }
    }
    HELPERS.iter().map(|helper| helper.name).filter(|name| needed.contains(name)).collect()
}

/// A helper.
struct Helper {
    name: &'static str,
    /// Names of those that it calls.
    calls: Vec<&'static str>,
    text: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of helpers in a text.
    fn calls(text: &str) -> Vec<&str> {
        let name =
            |rest: &'_ str| rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        text.split("pg_temp.").skip(1).filter_map(|rest| rest.get(..name(rest))).collect()
    }

    #[test]
    fn helpers_stand_behind_those_that_they_call() {
        let names: Vec<_> = HELPERS.iter().map(|helper| helper.name).collect();
        for (index, Helper { name, calls: said, text }) in HELPERS.iter().enumerate() {
            for call in calls(text) {
                let place = names.iter().position(|found| *found == call);
                assert!(place.is_some_and(|place| place <= index), "{name} calls {call}");
                let is_said = call == *name || said.contains(&call);
                assert!(is_said, "{name} calls {call}, and its head does not say so");
            }
        }
        assert_eq!(needed(&["float_div"]), ["float_div_slow", "float_div"]);
    }
}
