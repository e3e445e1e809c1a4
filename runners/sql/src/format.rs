//! SQL for people: a line for each clause, subqueries indented. Only white space outside of quotes changes.

use crate::output::Statement;

impl Statement {
    /// The statement on many lines.
    ///
    /// ```
    /// # let statement = |sql: &str| runner_sql::Statement {
    /// #     sql: sql.into(), params: Vec::new(), output: runner_sql::Output::Unit, has_change: false,
    /// #     helpers: Vec::new(),
    /// # };
    /// let statement = statement("SELECT t1.c1 AS c1 FROM (SELECT 1 AS c1) AS t1 WHERE t1.c1 > 0");
    /// let lines = "SELECT t1.c1 AS c1\nFROM (\n  SELECT 1 AS c1\n) AS t1\nWHERE t1.c1 > 0";
    /// assert_eq!(statement.pretty(), lines);
    /// ```
    #[must_use]
    pub fn pretty(&self) -> String {
        pretty(&self.sql)
    }
}

/// Formats a statement.
pub(crate) fn pretty(sql: &str) -> String {
    let tokens = tokens(sql);
    let mut printer = Printer::default();
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| tokens.get(index)).copied().unwrap_or_default();
        let after = tokens.get(index + 1).copied().unwrap_or_default();
        printer.token(before, *token, after);
    }
    printer.text
}

/// Words that begin a line of their own where they stand in a query, not in a call.
const CLAUSES: [&str; 20] = [
    "CROSS",
    "FROM",
    "FULL",
    "GROUP",
    "HAVING",
    "INNER",
    "JOIN",
    "LEFT",
    "LIMIT",
    "OFFSET",
    "ORDER",
    "POSITIONAL",
    "RETURNING",
    "SELECT",
    "SET",
    "UNION",
    "USING",
    "VALUES",
    "WHERE",
    "WITH",
];

/// Words that a query begins with.
const QUERIES: [&str; 6] = ["SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "VALUES"];

/// Words behind which a clause's word does not begin a line.
const FIRST_WORDS: [&str; 6] = ["CROSS", "LEFT", "INNER", "FULL", "POSITIONAL", "DELETE"];

/// A token, and whether white space stands before it.
#[derive(Debug, Clone, Copy, Default)]
struct Token<'a> {
    text: &'a str,
    spaced: bool,
}

#[derive(Default)]
struct Printer {
    text: String,
    /// Open parentheses: whether a query stands in each.
    open: Vec<bool>,
    /// The clause of each query around the current token.
    clauses: Vec<String>,
}

impl Printer {
    fn token(&mut self, before: Token<'_>, token: Token<'_>, after: Token<'_>) {
        let in_query = self.open.last().copied().unwrap_or(true);
        match token.text {
            "(" => {
                let is_query = QUERIES.contains(&after.text);
                self.put(token);
                self.open.push(is_query);
                if is_query {
                    self.clauses.push(String::new());
                    self.line(0);
                }
                return;
            }
            ")" if self.open.pop() == Some(true) => {
                self.clauses.pop();
                self.line(0);
                self.text.push(')');
                return;
            }
            "," if in_query && self.breaks_at_commas() => {
                self.text.push(',');
                let is_with = self.clauses.last().is_some_and(|clause| clause == "WITH");
                self.line(usize::from(!is_with));
                return;
            }
            "AND" if in_query && self.clauses.last().is_some_and(|clause| clause == "WHERE") => self.line(1),
            word if in_query && CLAUSES.contains(&word) && !FIRST_WORDS.contains(&before.text) => {
                if !before.text.is_empty() && before.text != "(" {
                    self.line(0);
                }
                self.clauses.pop();
                self.clauses.push(word.into());
            }
            _ => {}
        }
        self.put(token);
    }

    fn breaks_at_commas(&self) -> bool {
        self.clauses
            .last()
            .is_some_and(|clause| matches!(clause.as_str(), "SELECT" | "SET" | "WITH" | "VALUES"))
    }

    fn put(&mut self, token: Token<'_>) {
        if token.spaced && !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
            self.text.push(' ');
        }
        self.text.push_str(token.text);
    }

    fn line(&mut self, more: usize) {
        let depth = self.open.iter().filter(|is_query| **is_query).count() + more;
        let length = self.text.trim_end_matches([' ', '\n']).len();
        self.text.truncate(length);
        self.text.push('\n');
        self.text.push_str(&"  ".repeat(depth));
    }
}

fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    loop {
        let trimmed = rest.trim_start();
        let spaced = trimmed.len() < rest.len();
        let Some(first) = trimmed.chars().next() else { return tokens };
        let length = match first {
            '\'' | '"' => quoted(trimmed, first, false),
            'E' | 'e' if trimmed.get(1..2) == Some("'") => {
                1 + quoted(trimmed.get(1..).unwrap_or(""), '\'', true)
            }
            _ if is_word(first) => trimmed.find(|c| !is_word(c)).unwrap_or(trimmed.len()),
            _ => first.len_utf8(),
        };
        let (text, after) = trimmed.split_at_checked(length).unwrap_or((trimmed, ""));
        tokens.push(Token { text, spaced });
        rest = after;
    }
}

/// Bytes of a quoted token; a doubled quote is a part of it.
fn quoted(text: &str, quote: char, has_escapes: bool) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((place, character)) = characters.next() {
        if has_escapes && character == '\\' {
            characters.next();
        } else if character == quote {
            if characters.peek().is_none_or(|(_, next)| *next != quote) {
                return place + 1;
            }
            characters.next();
        }
    }
    text.len()
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '.' | '$' | ':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_white_space_outside_of_quotes_changes() {
        let sql = "WITH w1 AS (SELECT 1 AS c1, 'a  (SELECT'' , ' AS c2), w2 AS (SELECT 2 AS c1) SELECT count(*) \
                   FILTER (WHERE t1.c1 > 0 AND true) AS c1, E'\\'  ,' AS c2, \"a  \"\" b\".x, sum(t1.c1 ORDER BY t1.o) \
                   FROM w1 AS t1 LEFT JOIN LATERAL (SELECT 3 AS c1) AS t2 ON t2.c1 = t1.c1 WHERE t1.c1 = 1 AND \
                   t1.c2 <> '' ORDER BY t1.c1, t1.c2 LIMIT 10";
        let lines = "WITH w1 AS (
  SELECT 1 AS c1,
    'a  (SELECT'' , ' AS c2
),
w2 AS (
  SELECT 2 AS c1
)
SELECT count(*) FILTER (WHERE t1.c1 > 0 AND true) AS c1,
  E'\\'  ,' AS c2,
  \"a  \"\" b\".x,
  sum(t1.c1 ORDER BY t1.o)
FROM w1 AS t1
LEFT JOIN LATERAL (
  SELECT 3 AS c1
) AS t2 ON t2.c1 = t1.c1
WHERE t1.c1 = 1
  AND t1.c2 <> ''
ORDER BY t1.c1, t1.c2
LIMIT 10";
        assert_eq!(pretty(sql), lines);
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(&pretty(sql)).replace("( ", "(").replace(" )", ")"), words(sql));
    }
}
