//! Which aliases a piece of SQL refers to and defines, by its text: `t5.c1`, `AS t5`. Quoted parts are skipped.

/// Numbers of the aliases that are followed by a point.
pub(super) fn references(text: &str) -> Vec<usize> {
    aliases(text, |_, after| after == Some('.'))
}

/// Numbers of the aliases that are defined.
pub(super) fn definitions(text: &str) -> Vec<usize> {
    aliases(text, |before, _| before.ends_with(" AS "))
}

fn aliases(text: &str, accept: impl Fn(&str, Option<char>) -> bool) -> Vec<usize> {
    let mut found = Vec::new();
    let mut quote = None;
    let mut previous = ' ';
    let mut characters = text.char_indices().peekable();
    while let Some((place, character)) = characters.next() {
        let is_start = !(previous.is_alphanumeric() || previous == '_' || previous == '.');
        previous = character;
        match quote {
            Some(open) => {
                if character == open {
                    quote = None;
                }
                continue;
            }
            None if matches!(character, '\'' | '"') => {
                quote = Some(character);
                continue;
            }
            None => {}
        }
        if character != 't' || !is_start {
            continue;
        }
        let mut number = 0usize;
        let mut digits = 0;
        while let Some(digit) = characters.peek().and_then(|(_, next)| next.to_digit(10)) {
            number = number.saturating_mul(10).saturating_add(digit as usize);
            digits += 1;
            characters.next();
            previous = '0';
        }
        let after = characters.peek().map(|(_, next)| *next);
        let is_end = !after.is_some_and(|next| next.is_alphanumeric() || next == '_');
        if digits > 0 && is_end && accept(text.get(..place).unwrap_or_default(), after) {
            found.push(number);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_found_outside_of_quotes() {
        let text = "(SELECT t1.c1, 't2.c1', \"t3\".x, at4.c1 FROM x AS t5 WHERE t67.c1 = t5.\"t8.\")";
        assert_eq!(references(text), [1, 67, 5]);
        assert_eq!(definitions(text), [5]);
    }
}
