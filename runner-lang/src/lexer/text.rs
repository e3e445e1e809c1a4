//! Texts: plain, raw and interpolated.

use super::{Interpolated, Lexer};
use crate::{limits, token::TokenKind};

/// How reading a text went.
enum End {
    /// At its closing quotes, which have been read.
    Quotes,
    /// At a `{`, which has been read.
    Brace,
    /// At the end of the file.
    File,
}

impl Lexer<'_> {
    /// `"..."` or `r"..."`, at its first quote.
    pub(super) fn text_literal(&mut self, start: usize, raw: bool) {
        let Some(quotes) = self.opening_quotes() else {
            return self.push(TokenKind::Text(String::new()), start);
        };
        let mut value = String::new();
        match self.text_until(quotes, raw, false, &mut value) {
            End::File => {
                let opening = start + usize::from(raw) + quotes;
                self.unclosed(start, opening);
                self.push(TokenKind::Error, start);
            }
            End::Quotes | End::Brace => self.push(TokenKind::Text(value), start),
        }
    }

    /// `f"..."`, at its first quote: up to its end or its first expression.
    pub(super) fn interpolated(&mut self, start: usize) {
        let Some(quotes) = self.opening_quotes() else {
            self.push(TokenKind::InterpolatedStart, start);
            return self.push(TokenKind::InterpolatedEnd, self.at);
        };
        self.push(TokenKind::InterpolatedStart, start);
        self.open.push(Interpolated { start, quotes, braces: 0 });
        self.interpolated_part();
    }

    /// The text of the innermost interpolated text up to its end or its next expression.
    pub(super) fn interpolated_part(&mut self) {
        let Some(&Interpolated { start: opening, quotes, .. }) = self.open.last() else { return };
        let start = self.at;
        let mut value = String::new();
        let end = self.text_until(quotes, false, true, &mut value);
        let length = match end {
            End::Quotes => quotes,
            End::Brace => 1,
            End::File => 0,
        };
        let behind = self.at;
        self.at -= length;
        if self.at > start {
            self.push(TokenKind::InterpolatedText(value), start);
        }
        let middle = self.at;
        self.at = behind;
        match end {
            End::Brace => return self.push(TokenKind::ExprOpen, middle),
            End::Quotes => self.push(TokenKind::InterpolatedEnd, middle),
            End::File => {
                self.push(TokenKind::InterpolatedEnd, behind);
                self.open.pop();
                return self.unclosed(opening, start);
            }
        }
        self.open.pop();
    }

    /// The number of quotes that open a text; `None` for an even number, which is the empty text.
    fn opening_quotes(&mut self) -> Option<usize> {
        let run = self.rest().len() - self.rest().trim_start_matches('"').len();
        self.at += run;
        (run % 2 == 1).then_some(run)
    }

    /// Reads into `value` up to the closing quotes or, if `braces` mean something, an expression.
    fn text_until(&mut self, quotes: usize, raw: bool, braces: bool, value: &mut String) -> End {
        loop {
            let plain = self.eat_while(|char| !matches!(char, '"' | '\\' | '{' | '}' | '\r'));
            value.push_str(plain);
            let start = self.at;
            let Some(char) = self.peek() else { return End::File };
            match char {
                '"' => {
                    let run = self.eat_while(|char| char == '"').len();
                    if run >= quotes {
                        self.at = start + quotes;
                        return End::Quotes;
                    }
                    value.extend(std::iter::repeat_n('"', run));
                }
                '\\' if !raw => self.escape(value),
                // A line ends the same however the file was saved.
                '\r' if self.rest().starts_with("\r\n") => self.at += 1,
                '{' | '}' if braces => {
                    self.advance(char);
                    if self.eat(char) {
                        value.push(char);
                    } else if char == '{' {
                        return End::Brace;
                    } else {
                        let diagnostic = self.diagnostic("bad_text", start, "a `}` without its `{`");
                        self.report(diagnostic.hint("a brace in the text is written `}}`"));
                    }
                }
                _ => {
                    self.advance(char);
                    value.push(char);
                }
            }
        }
    }

    /// An escape, at its backslash. What is no escape stays as it is.
    fn escape(&mut self, value: &mut String) {
        let start = self.at;
        self.at += 1;
        let rest = self.rest().as_bytes();
        let simple = match rest.first() {
            Some(b'\\') => '\\',
            Some(b'"') => '"',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'x') => return self.code_point(start, value),
            Some(b'u') => return self.code_point(start, value),
            _ => return value.push('\\'),
        };
        self.at += 1;
        value.push(simple);
    }

    /// `\xHH` or `\u{H..}`, at its letter.
    fn code_point(&mut self, start: usize, value: &mut String) {
        let rest = self.rest();
        let (digits, length) = match rest.strip_prefix("u{") {
            Some(rest) => {
                let length = rest.bytes().take(7).position(|byte| byte == b'}').unwrap_or(0);
                (rest.get(..length).unwrap_or_default(), length + 3)
            }
            None => (rest.strip_prefix('x').and_then(|rest| rest.get(..2)).unwrap_or_default(), 3),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return value.push('\\');
        }
        self.at += length;
        match u32::from_str_radix(digits, 16).ok().and_then(char::from_u32) {
            Some(char) => value.push(char),
            None => self.error("bad_escape", self.span(start), format!("there is no character U+{digits}")),
        }
    }

    /// Reports a text without its end, and goes on at the end of the line of `resume`. Texts around it end too.
    fn unclosed(&mut self, start: usize, resume: usize) {
        let message = "expected quotes that close this text, found the end of the file";
        self.at = resume;
        self.error("unclosed_text", self.span(start), message);
        self.unclosed += 1;
        self.eat_while(|char| char != '\n');
        if self.unclosed >= limits::OPEN_TEXTS {
            self.at = self.text.len();
        }
        self.close_all();
    }

    /// Ends all interpolated texts that are open.
    pub(super) fn close_all(&mut self) {
        while self.open.pop().is_some() {
            self.push(TokenKind::ExprClose, self.at);
            self.push(TokenKind::InterpolatedEnd, self.at);
        }
    }
}
