//! The formatter: one layout for all sources.
//!
//! It walks the syntax tree for the structure and takes every word from the tokens, so names, numbers and texts stay
//! as they were written, and every comment stays between the tokens where it was. What its author decides: empty
//! lines between definitions and items (one at most), lists and matches that end with a comma are broken, and so are
//! pipes and `let`s that were. All else follows from the width of the line.

mod doc;
mod expr;
mod item;
mod ty;

use crate::{
    budget::Budget,
    diagnostic::Diagnostic,
    lexer::lex,
    parser::parse_lexed,
    token::{Comment, Symbol, Token, TokenKind},
};
use doc::{Doc, List};

/// Lays out a source file. The result parses to the same tree, keeps all comments, and is laid out already.
///
/// ```
/// let text = runner_lang::format("func main( x:Int64 )->x+1 # one more").unwrap();
/// assert_eq!(text, "func main(x: Int64) -> x + 1 # one more\n");
/// ```
///
/// # Errors
/// All errors of syntax, in which case nothing can be laid out.
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    let budget = Budget::new();
    let unix;
    let text = if text.contains('\r') {
        // Places of errors are those of the text as it was given.
        let (_, diagnostics) = parse_lexed(text, &mut lex(text, 0, &budget), &budget);
        if !diagnostics.is_empty() {
            return Err(diagnostics);
        }
        unix = text.replace("\r\n", "\n");
        unix.as_str()
    } else {
        text
    };
    let mut lexed = lex(text, 0, &budget);
    let (module, diagnostics) = parse_lexed(text, &mut lexed, &budget);
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let mut formatter = Formatter {
        text,
        tokens: &lexed.tokens,
        comments: &lexed.comments,
        at: 0,
        comment_at: 0,
        end_of_last: 0,
    };
    let doc = formatter.file(&module);
    Ok(doc.print())
}

/// Makes a layout of the syntax tree, token by token.
struct Formatter<'a> {
    text: &'a str,
    tokens: &'a [Token],
    comments: &'a [Comment],
    at: usize,
    comment_at: usize,
    /// Where the last token or comment that was taken ends.
    end_of_last: usize,
}

impl<'a> Formatter<'a> {
    fn kind(&self) -> &'a TokenKind {
        self.peek(0)
    }

    fn peek(&self, ahead: usize) -> &'a TokenKind {
        self.tokens.get(self.at + ahead).map_or(&TokenKind::End, |token| &token.kind)
    }

    fn is(&self, symbol: Symbol) -> bool {
        *self.kind() == TokenKind::Symbol(symbol)
    }

    /// Takes the next token, with the comments before it and behind it on its line.
    fn take(&mut self) -> Doc<'a> {
        self.take_to(self.at)
    }

    /// Takes the tokens up to this one as they are.
    fn take_to(&mut self, last: usize) -> Doc<'a> {
        let mut parts = self.leading();
        let start = self.tokens.get(self.at).map_or(self.text.len(), |token| token.span.start as usize);
        let end = self.tokens.get(last).map_or(self.text.len(), |token| token.span.end as usize);
        let word = Doc::Text(self.text.get(start..end).unwrap_or_default());
        while self.comments.get(self.comment_at).is_some_and(|comment| comment.tokens_before <= last) {
            self.comment_at += 1;
        }
        self.at = last + 1;
        self.end_of_last = end;
        let trailing = self.trailing();
        if parts.is_empty() && trailing.is_none() {
            return word;
        }
        parts.push(word);
        parts.extend(trailing);
        Doc::concat(parts)
    }

    /// Takes the comments before the current token, each on a line of its own.
    fn leading(&mut self) -> Vec<Doc<'a>> {
        let mut parts = Vec::new();
        for comment in self.comments_here() {
            parts.push(Doc::Comment(self.comment(comment)));
            let blank = self.gap();
            parts.push(Doc::Hard { blank });
        }
        parts
    }

    /// Puts the comments that stand before something outside of it, so that they don't break it.
    fn led(&mut self, take: impl FnOnce(&mut Self) -> Doc<'a>) -> Doc<'a> {
        let mut parts = self.leading();
        if parts.is_empty() {
            return take(self);
        }
        parts.push(take(self));
        Doc::concat(parts)
    }

    /// The comments before the current token that are not taken yet.
    fn comments_here(&self) -> &'a [Comment] {
        let rest = self.comments.get(self.comment_at..).unwrap_or_default();
        let count = rest.iter().take_while(|comment| comment.tokens_before <= self.at).count();
        rest.get(..count).unwrap_or_default()
    }

    /// The first of [`Formatter::comments_here`].
    fn next_comment(&self) -> Option<&'a Comment> {
        self.comments.get(self.comment_at).filter(|comment| comment.tokens_before <= self.at)
    }

    /// Takes a comment.
    fn comment(&mut self, comment: &Comment) -> &'a str {
        self.comment_at += 1;
        self.end_of_last = comment.span.end as usize;
        self.text.get(comment.span.start as usize..comment.span.end as usize).unwrap_or_default()
    }

    /// Takes the comment that stands behind the last token on its line.
    fn trailing(&mut self) -> Option<Doc<'a>> {
        let comment = self.next_comment()?;
        let between = self.text.get(self.end_of_last..comment.span.start as usize)?;
        if between.contains('\n') { None } else { Some(Doc::Trailing(self.comment(comment))) }
    }

    /// Takes a comma that was written; comments that stand before it get behind it.
    fn take_comma(&mut self) -> Doc<'a> {
        let mut parts = vec![Doc::Text(",")];
        parts.extend(self.comments_here().iter().map(|comment| Doc::Comment(self.comment(comment))));
        self.end_of_last = self.tokens.get(self.at).map_or(self.text.len(), |token| token.span.end as usize);
        self.at += 1;
        match self.trailing() {
            // It stands behind comments that were before the comma.
            Some(Doc::Trailing(comment)) if parts.len() > 1 => parts.push(Doc::Comment(comment)),
            comment => parts.extend(comment),
        }
        Doc::concat(parts)
    }

    /// Whether an empty line stands before the next token or comment.
    fn gap(&self) -> bool {
        self.space_before().bytes().filter(|byte| *byte == b'\n').count() > 1
    }

    /// Whether a line ends before the next token or comment.
    fn breaks_here(&self) -> bool {
        self.space_before().contains('\n')
    }

    fn space_before(&self) -> &'a str {
        let next = match self.next_comment() {
            Some(comment) => Some(comment.span.start),
            None => self.tokens.get(self.at).map(|token| token.span.start),
        };
        next.and_then(|next| self.text.get(self.end_of_last..next as usize)).unwrap_or_default()
    }

    /// Comments before a closing bracket, each on a line of its own.
    fn tail(&mut self) -> Vec<Doc<'a>> {
        let mut parts = Vec::new();
        for comment in self.comments_here() {
            let blank = self.gap() && self.end_of_last > 0;
            parts.push(Doc::Hard { blank });
            parts.push(Doc::Comment(self.comment(comment)));
        }
        parts
    }

    /// `count` items between brackets; with a comma behind the last, it is broken.
    fn list(
        &mut self,
        count: usize,
        mut hugs: bool,
        mut item: impl FnMut(&mut Self, usize) -> Doc<'a>,
    ) -> List<'a> {
        let open = self.take();
        let mut items = Vec::new();
        let mut broken = false;
        for index in 0..count {
            let blank = self.gap();
            hugs &= self.next_comment().is_none();
            let mut doc = item(self, index);
            if self.is(Symbol::Comma) {
                broken = index + 1 == count;
                let comma = self.take_comma();
                // A comment behind the comma needs a line of its own.
                hugs &= matches!(&comma, Doc::Concat(parts, _) if parts.len() == 1);
                // The list itself puts the last comma, behind which a comment may stand.
                doc = Doc::concat(vec![doc, if broken { without_comma(comma) } else { comma }]);
            }
            items.push((blank, doc));
        }
        let tail = self.tail();
        let close = self.take();
        List { open, items, last: ",", tail, close, broken, hugs, padded: false }
    }

    /// One thing between brackets, without a comma.
    fn bracketed(&mut self, hugs: bool, item: impl FnOnce(&mut Self) -> Doc<'a>) -> Doc<'a> {
        let open = self.take();
        let hugs = hugs && self.next_comment().is_none();
        let items = vec![(false, item(self))];
        let tail = self.tail();
        let close = self.take();
        Doc::list(List { open, items, last: "", tail, close, broken: false, hugs, padded: false })
    }
}

/// What stands behind a comma.
fn without_comma(doc: Doc<'_>) -> Doc<'_> {
    match doc {
        Doc::Concat(mut parts, _) => Doc::concat(parts.split_off(1)),
        other => other,
    }
}
