//! Which aliases a piece of SQL refers to and defines, by its text: `t5.c1`, `AS t5`. Quoted parts are skipped.

/// Numbers of the aliases that are followed by a point.
pub(super) fn references(text: &str) -> Vec<usize> {
    aliases(text, |found| found.after == Some('.'))
}

/// Numbers of the aliases that are defined.
pub(super) fn definitions(text: &str) -> Vec<usize> {
    aliases(text, |found| found.before.ends_with(" AS "))
}

/// The alias of the first item of FROM.
pub(super) fn base(from: &str) -> Option<usize> {
    aliases(from, |found| found.depth == 0 && found.before.ends_with(" AS ")).first().copied()
}

/// Whether FROM has more than one item, those within subqueries aside.
pub(super) fn has_joins(from: &str) -> bool {
    aliases(from, |found| found.depth == 0 && found.before.ends_with(" AS ")).len() > 1
}

/// What stands around an alias.
struct Found<'a> {
    before: &'a str,
    after: Option<char>,
    /// Parentheses that are open.
    depth: usize,
}

fn aliases(text: &str, accept: impl Fn(Found<'_>) -> bool) -> Vec<usize> {
    let mut found = Vec::new();
    let mut quote = None;
    let mut depth = 0usize;
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
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
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
        if digits > 0
            && is_end
            && accept(Found { before: text.get(..place).unwrap_or_default(), after, depth })
        {
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

    #[test]
    fn the_first_item_of_from_has_an_alias() {
        assert_eq!(base("\"public\".\"AS t9\" AS t2 CROSS JOIN LATERAL (SELECT 1) AS t4"), Some(2));
        assert_eq!(base("(SELECT ') AS t7' FROM x AS t1) AS t12 LEFT JOIN y AS t3 ON true"), Some(12));
        assert_eq!(base("unnest($1) WITH ORDINALITY AS t1(v, o)"), Some(1));
    }
}
