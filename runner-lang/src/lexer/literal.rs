//! Numbers, dates, durations and timestamps.

use runner_core::value::{parse_date, parse_duration, parse_timestamp};

use super::{Lexer, continues_name};
use crate::token::{Symbol, TokenKind};

impl Lexer<'_> {
    /// An integer or a float. Behind a lookup's point it is a position, so that `x.0.1` is two lookups.
    pub(super) fn number(&mut self) {
        let start = self.at;
        let is_position =
            matches!(self.out.tokens.last(), Some(token) if token.kind == TokenKind::Symbol(Symbol::Dot));
        let base = match self.rest().as_bytes() {
            [b'0', b'x', ..] => 16,
            [b'0', b'o', ..] => 8,
            [b'0', b'b', ..] => 2,
            _ => 10,
        };
        if base != 10 && !is_position {
            self.at += 2;
            return self.integer(start, self.at, base);
        }
        let digits = self.eat_while(|char| char.is_ascii_digit() || char == '_');
        let is_float = !is_position && (self.fraction() | self.exponent());
        if is_float {
            return self.float(start);
        }
        if digits.len() > 1 && digits.starts_with('0') {
            let rest = self.eat_while(continues_name);
            let diagnostic = self.diagnostic("bad_number", start, "a number has no leading zeros");
            let plain = digits.trim_start_matches(['0', '_']);
            let plain = if plain.is_empty() && rest.is_empty() { "0" } else { plain };
            self.report(diagnostic.hint(format!("write `{plain}`, or `0o` for octal")));
            return self.push(TokenKind::Error, start);
        }
        self.at = start;
        self.integer(start, start, 10);
    }

    /// The digits of an integer from `digits` on; `start` is before the prefix.
    fn integer(&mut self, start: usize, digits: usize, base: u32) {
        self.at = digits;
        let word = self.eat_while(continues_name);
        let wrong = word.chars().find(|char| !char.is_digit(base) && *char != '_');
        let problem = match wrong {
            _ if word.is_empty() => Some(format!("expected digits behind the prefix of base {base}")),
            Some(char) if base == 10 => {
                Some(format!("`{char}` is no digit, and no name begins with a digit"))
            }
            Some(char) => Some(format!("`{char}` is no digit of base {base}")),
            None if word.starts_with('_') || word.ends_with('_') => {
                Some("a `_` in a number stands between digits".into())
            }
            None => None,
        };
        if let Some(problem) = problem {
            self.error("bad_number", self.span(start), problem);
            return self.push(TokenKind::Error, start);
        }
        let Ok(magnitude) = u128::from_str_radix(&word.replace('_', ""), base) else {
            self.error("bad_number", self.span(start), "the number is larger than any integer type");
            return self.push(TokenKind::Error, start);
        };
        self.push(TokenKind::Integer { magnitude, bits: base != 10 }, start);
    }

    fn float(&mut self, start: usize) {
        let rest = self.eat_while(continues_name);
        let text = self.text.get(start..self.at).unwrap_or_default();
        let bytes = text.as_bytes();
        let stray = bytes.windows(3).any(|window| {
            let [before, middle, after] = window else { return false };
            *middle == b'_' && ![before, after].iter().all(|byte| byte.is_ascii_digit() || **byte == b'_')
        });
        let problem = match rest.chars().next() {
            Some(char) => Some(format!("`{char}` is no digit, and no name begins with a digit")),
            None if stray || text.ends_with('_') => Some("a `_` in a number stands between digits".into()),
            None => None,
        };
        if let Some(problem) = problem {
            self.error("bad_number", self.span(start), problem);
            return self.push(TokenKind::Error, start);
        }
        self.push(TokenKind::Float(text.replace('_', "")), start);
    }

    /// A point and digits.
    fn fraction(&mut self) -> bool {
        let found = matches!(self.rest().as_bytes(), [b'.', b'0'..=b'9', ..]);
        if found {
            self.at += 1;
            self.eat_while(|char| char.is_ascii_digit() || char == '_');
        }
        found
    }

    /// `e`, a sign and digits.
    fn exponent(&mut self) -> bool {
        let found = match self.rest().as_bytes() {
            [b'e' | b'E', b'0'..=b'9', ..] => 1,
            [b'e' | b'E', b'+' | b'-', b'0'..=b'9', ..] => 2,
            _ => return false,
        };
        self.at += found;
        self.eat_while(|char| char.is_ascii_digit() || char == '_');
        true
    }

    /// Whether the `@` here begins a date, a duration or a timestamp, and no annotation.
    pub(super) fn begins_date(&self) -> bool {
        matches!(self.rest().as_bytes(), [_, b'0'..=b'9', ..] | [_, b'+' | b'-', b'0'..=b'9', ..])
    }

    pub(super) fn date(&mut self) {
        let start = self.at;
        self.at += 1;
        if !self.eat('-') {
            self.eat('+');
        }
        self.digits();
        let mut is_timestamp = false;
        let is_date = self.group(b'-');
        if is_date {
            self.group(b'-');
            is_timestamp = matches!(self.rest().as_bytes(), [b'T', b'0'..=b'9', ..]);
            self.at += usize::from(is_timestamp);
        }
        if is_timestamp || !is_date {
            self.digits();
            while self.group(b':') {}
            self.group(b'.');
        }
        let stray = !self.eat_while(continues_name).is_empty();
        let text = self.text.get(start + 1..self.at).unwrap_or_default();
        let (kind, form) = if is_timestamp {
            let micros = parse_timestamp(text).map(TokenKind::Timestamp);
            (micros, "a timestamp such as `@2025-12-29T16:07:44.12`")
        } else if is_date {
            (parse_date(text).map(TokenKind::Date), "a date such as `@2025-11-14`")
        } else {
            (
                parse_duration(text).map(TokenKind::Duration),
                "a date such as `@2025-11-14`, or a duration such as `@16:07:44.12`",
            )
        };
        match kind {
            Some(kind) if !stray => self.push(kind, start),
            _ => {
                let message = format!("expected {form}, found `@{text}`");
                self.error("bad_date", self.span(start), message);
                self.push(TokenKind::Error, start);
            }
        }
    }

    /// A separator and digits.
    fn group(&mut self, separator: u8) -> bool {
        let found = matches!(self.rest().as_bytes(), [first, b'0'..=b'9', ..] if *first == separator);
        if found {
            self.at += 1;
            self.digits();
        }
        found
    }

    fn digits(&mut self) {
        self.eat_while(|char| char.is_ascii_digit());
    }
}
