//! A document that may be laid out in several ways, and the printer that chooses: a group stands on one line if it
//! fits, else its lines break. After Philip Wadler's "A prettier printer", printed without recursion.

use crate::limits;

/// A piece of layout.
#[derive(Debug)]
pub(super) enum Doc<'a> {
    Text(&'a str),
    /// A comment that ends the line it is on. A comma still goes before it, all else goes to the next line.
    Trailing(&'a str),
    /// A space, or a line break in a broken group; `blank` keeps an empty line there.
    Line {
        blank: bool,
    },
    /// Nothing, or a line break in a broken group.
    SoftLine,
    /// A line break in any case.
    Hard {
        blank: bool,
    },
    /// A comment on a line of its own, behind which nothing stands.
    Comment(&'a str),
    Concat(Vec<Doc<'a>>, Breaks),
    Indent(Box<Doc<'a>>),
    Group {
        content: Box<Doc<'a>>,
        broken: bool,
    },
    List(Box<List<'a>>),
}

/// Whether a document can stand on one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breaks {
    No,
    /// It can, but a comment ends it, so nothing can follow on the line.
    Behind,
    Yes,
}

/// Items between brackets.
#[derive(Debug)]
pub(super) struct List<'a> {
    pub(super) open: Doc<'a>,
    /// Each with its comma, but for the last; and whether an empty line stands before it.
    pub(super) items: Vec<(bool, Doc<'a>)>,
    /// What stands behind the last item where the list is broken: `,` or nothing.
    pub(super) last: &'static str,
    /// Comments before the closing bracket.
    pub(super) tail: Vec<Doc<'a>>,
    pub(super) close: Doc<'a>,
    /// Whether it has to be broken.
    pub(super) broken: bool,
    /// Whether its last item may be broken while the others stay on the line of the opening bracket.
    pub(super) hugs: bool,
    /// Whether spaces stand within the brackets on one line.
    pub(super) padded: bool,
}

impl<'a> Doc<'a> {
    pub(super) const SPACE: Self = Self::Text(" ");

    pub(super) fn concat(parts: Vec<Self>) -> Self {
        let mut breaks = Breaks::No;
        for part in &parts {
            breaks = match (breaks, part.breaks()) {
                (Breaks::No, next) => next,
                (Breaks::Behind, Breaks::No) if part.is_empty() => Breaks::Behind,
                _ => Breaks::Yes,
            };
        }
        Self::Concat(parts, breaks)
    }

    pub(super) fn indent(self) -> Self {
        Self::Indent(Box::new(self))
    }

    pub(super) fn group(self) -> Self {
        self.group_if(false)
    }

    /// A group that is broken if `broken`, or by what it holds.
    pub(super) fn group_if(self, broken: bool) -> Self {
        let broken = broken || self.breaks() == Breaks::Yes;
        Self::Group { content: Box::new(self), broken }
    }

    pub(super) fn list(mut list: List<'a>) -> Self {
        list.broken |= !list.tail.is_empty()
            || list.open.breaks() != Breaks::No
            || list.close.breaks() == Breaks::Yes
            || list.items.iter().any(|(_, item)| item.breaks() != Breaks::No);
        Self::List(Box::new(list))
    }

    pub(super) fn breaks(&self) -> Breaks {
        match self {
            Self::Text(_) | Self::Line { .. } | Self::SoftLine => Breaks::No,
            Self::Trailing(_) => Breaks::Behind,
            Self::Hard { .. } | Self::Comment(_) => Breaks::Yes,
            Self::Concat(_, breaks) => *breaks,
            Self::Indent(content) => content.breaks(),
            Self::Group { broken: true, .. } => Breaks::Yes,
            Self::Group { content, .. } => content.breaks(),
            Self::List(list) if list.broken => Breaks::Yes,
            Self::List(list) => list.close.breaks(),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Concat(parts, _) => parts.iter().all(Self::is_empty),
            _ => false,
        }
    }

    /// Lays it out.
    pub(super) fn print(&self) -> String {
        let mut printer = Printer {
            out: String::new(),
            column: 0,
            trailing: Vec::new(),
            ends: false,
            fresh: true,
            stack: Vec::new(),
        };
        printer.stack.push(Piece { indent: 0, flat: false, doc: self });
        while let Some(piece) = printer.stack.pop() {
            printer.piece(piece);
        }
        printer.newline(0, false);
        printer.out
    }
}

#[derive(Clone, Copy)]
struct Piece<'d, 'a> {
    indent: usize,
    flat: bool,
    doc: &'d Doc<'a>,
}

struct Printer<'d, 'a> {
    out: String,
    column: usize,
    /// Comments for the end of this line.
    trailing: Vec<&'a str>,
    /// Whether a comment ends this line.
    ends: bool,
    /// Whether nothing stands on this line yet, not even its indent.
    fresh: bool,
    /// What is to be printed, the next on top.
    stack: Vec<Piece<'d, 'a>>,
}

const INDENT: usize = 2;
static SPACE: Doc<'static> = Doc::SPACE;
static SOFT_LINE: Doc<'static> = Doc::SoftLine;
static LINE: Doc<'static> = Doc::Line { blank: false };
static BLANK_LINE: Doc<'static> = Doc::Line { blank: true };
static COMMA: Doc<'static> = Doc::Text(",");

impl<'d, 'a> Printer<'d, 'a> {
    fn piece(&mut self, piece: Piece<'d, 'a>) {
        let Piece { indent, flat, doc } = piece;
        match doc {
            Doc::Text(text) => self.text(text, indent),
            Doc::Trailing(comment) => self.trailing.push(comment),
            Doc::Line { .. } if flat => self.text(" ", indent),
            Doc::SoftLine if flat => {}
            Doc::Line { blank } | Doc::Hard { blank } => self.newline(indent, *blank),
            Doc::SoftLine => self.newline(indent, false),
            Doc::Comment(comment) => {
                if !self.fresh {
                    self.newline(indent, false);
                }
                self.text(comment, indent);
                self.ends = true;
            }
            Doc::Concat(parts, _) => {
                self.stack.extend(parts.iter().rev().map(|doc| Piece { doc, ..piece }));
            }
            Doc::Indent(content) => self.stack.push(Piece { indent: indent + INDENT, doc: content, flat }),
            Doc::Group { content, broken } => {
                let flat_piece = Piece { doc: content, flat: true, indent };
                let flat = flat || (!broken && self.fits(vec![flat_piece]));
                self.stack.push(Piece { doc: content, flat, indent });
            }
            Doc::List(list) => self.list(list, indent, flat),
        }
    }

    fn list(&mut self, list: &'d List<'a>, indent: usize, flat: bool) {
        let mut pieces = Vec::new();
        if flat {
            list.flat(indent, true, &mut pieces);
        } else {
            if !list.broken {
                list.flat(indent, true, &mut pieces);
            }
            if pieces.is_empty() || !self.fits(pieces.clone()) {
                pieces.clear();
                if list.may_hug() {
                    list.flat(indent, false, &mut pieces);
                }
                if pieces.is_empty() || !self.fits(pieces.clone()) {
                    pieces.clear();
                    list.expanded(indent, &mut pieces);
                }
            }
        }
        self.stack.extend(pieces);
    }

    fn text(&mut self, text: &str, indent: usize) {
        if self.ends || (!self.trailing.is_empty() && text != "," && text != ";") {
            if text == " " || text.is_empty() {
                return;
            }
            self.newline(indent, false);
        }
        if text.is_empty() || (self.fresh && text == " ") {
            return;
        }
        if std::mem::take(&mut self.fresh) {
            self.out.extend(std::iter::repeat_n(' ', indent));
            self.column = indent;
        }
        self.out.push_str(text);
        match text.rsplit_once('\n') {
            Some((_, last)) => self.column = width(last),
            None => self.column += width(text),
        }
    }

    fn newline(&mut self, indent: usize, blank: bool) {
        self.out.truncate(self.out.trim_end_matches(' ').len());
        for comment in self.trailing.drain(..) {
            if !self.out.is_empty() && !self.out.ends_with('\n') {
                self.out.push(' ');
            }
            self.out.push_str(comment);
        }
        if !self.out.is_empty() {
            self.out.push('\n');
            if blank && !self.out.ends_with("\n\n") {
                self.out.push('\n');
            }
        }
        self.column = indent;
        self.ends = false;
        self.fresh = true;
    }

    /// Whether these pieces, the last first, and what follows them fit on the line up to the next line break.
    fn fits(&self, mut pieces: Vec<Piece<'d, 'a>>) -> bool {
        let Some(mut room) = limits::LINE_WIDTH.checked_sub(self.column) else { return false };
        let mut rest = self.stack.iter().rev();
        loop {
            let Some(piece) = pieces.pop().or_else(|| rest.next().copied()) else { return true };
            match piece.doc {
                Doc::Text(text) => {
                    let first = text.split('\n').next().unwrap_or_default();
                    match room.checked_sub(width(first)) {
                        Some(left) => room = left,
                        None => return false,
                    }
                    if first.len() < text.len() {
                        return true;
                    }
                }
                Doc::Line { .. } if piece.flat => match room.checked_sub(1) {
                    Some(left) => room = left,
                    None => return false,
                },
                Doc::SoftLine if piece.flat => {}
                Doc::Line { .. } | Doc::SoftLine | Doc::Hard { .. } => return true,
                Doc::Trailing(_) | Doc::Comment(_) => return true,
                Doc::Concat(parts, _) => pieces.extend(parts.iter().rev().map(|doc| Piece { doc, ..piece })),
                Doc::Indent(content) | Doc::Group { content, .. } => {
                    pieces.push(Piece { doc: content, ..piece });
                }
                Doc::List(list) if piece.flat => list.flat(0, true, &mut pieces),
                Doc::List(list) => list.expanded(0, &mut pieces),
            }
        }
    }
}

impl<'a> List<'a> {
    /// Its pieces on one line, the last first; the last item may break unless `flat`.
    fn flat<'d>(&'d self, indent: usize, flat: bool, pieces: &mut Vec<Piece<'d, 'a>>) {
        let piece = |doc| Piece { indent, flat: true, doc };
        pieces.push(piece(&self.close));
        let padded = self.padded && !self.items.is_empty();
        if padded {
            pieces.push(piece(&SPACE));
        }
        for (index, (_, item)) in self.items.iter().enumerate().rev() {
            let is_last = index + 1 == self.items.len();
            pieces.push(Piece { flat: flat || !is_last, ..piece(item) });
            if index > 0 || padded {
                pieces.push(piece(&SPACE));
            }
        }
        pieces.push(piece(&self.open));
    }

    /// Its pieces on a line each, the last first.
    fn expanded<'d>(&'d self, indent: usize, pieces: &mut Vec<Piece<'d, 'a>>) {
        let piece = |indent, doc| Piece { indent, flat: false, doc };
        let inner = indent + INDENT;
        pieces.push(piece(indent, &self.close));
        if !self.items.is_empty() || !self.tail.is_empty() {
            pieces.push(piece(indent, &SOFT_LINE));
        }
        pieces.extend(self.tail.iter().rev().map(|comment| piece(inner, comment)));
        for (index, (blank, item)) in self.items.iter().enumerate().rev() {
            if index + 1 == self.items.len() && !self.last.is_empty() {
                pieces.push(piece(inner, &COMMA));
            }
            pieces.push(piece(inner, item));
            pieces.push(piece(inner, if *blank && index > 0 { &BLANK_LINE } else { &LINE }));
        }
        pieces.push(piece(indent, &self.open));
    }

    fn may_hug(&self) -> bool {
        let Some((_, before)) = self.items.split_last() else { return false };
        let is_flat = |doc: &Doc<'_>| doc.breaks() == Breaks::No;
        self.hugs
            && self.tail.is_empty()
            && is_flat(&self.open)
            && before.iter().all(|(_, item)| is_flat(item))
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}
