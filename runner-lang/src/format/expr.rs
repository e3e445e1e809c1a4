//! Layout of expressions and patterns.

use super::{
    Formatter,
    doc::{Doc, List},
};
use crate::{
    syntax::{BinaryOp, Expr, ExprKind, LetBinding, Literal, MatchArm, Pattern, PatternKind, TupleItem},
    token::TokenKind,
};

impl<'a> Formatter<'a> {
    pub(super) fn expr(&mut self, expr: &Expr) -> Doc<'a> {
        self.led(|this| this.bare_expr(expr))
    }

    fn bare_expr(&mut self, expr: &Expr) -> Doc<'a> {
        match &expr.kind {
            ExprKind::Literal(literal) => self.literal(literal),
            ExprKind::Interpolated(_) => self.interpolated(),
            ExprKind::Path(path) => self.path(path),
            ExprKind::Tuple(items) => {
                let list = self.list(items.len(), false, |this, index| match items.get(index) {
                    Some(TupleItem::Splice(value)) => Doc::concat(vec![this.take(), this.expr(value)]),
                    Some(TupleItem::Field { name: Some(_), value }) => this.named(value),
                    Some(TupleItem::Field { name: None, value }) => this.expr(value),
                    None => Doc::concat(Vec::new()),
                });
                Doc::list(list)
            }
            ExprKind::Array(items) => {
                let hugs = items.len() == 1 && items.last().is_some_and(is_block);
                let list = self.list(items.len(), hugs, |this, index| match items.get(index) {
                    Some(item) => this.expr(item),
                    None => Doc::concat(Vec::new()),
                });
                Doc::list(list)
            }
            ExprKind::Variant { payload, .. } => {
                let name = [self.take(), self.take()];
                let payload = payload
                    .as_ref()
                    .map(|payload| Doc::list(self.list(1, is_block(payload), |this, _| this.expr(payload))));
                Doc::concat(name.into_iter().chain(payload).collect())
            }
            ExprKind::Field { tuple, .. } => Doc::concat(vec![self.expr(tuple), self.take(), self.take()]),
            ExprKind::Position { tuple, .. } => {
                let tuple_doc = self.expr(tuple);
                // The point must not become one of a number.
                let apart = matches!(tuple.kind, ExprKind::Literal(_));
                let space = if apart { Doc::SPACE } else { Doc::Text("") };
                Doc::concat(vec![tuple_doc, space, self.take(), self.take()])
            }
            ExprKind::Index { array, index } => {
                let array = self.expr(array);
                Doc::concat(vec![array, self.bracketed(false, |this| this.expr(index))])
            }
            ExprKind::Call { function, args } => {
                let function = self.path(function);
                let hugs = args.last().is_some_and(|arg| is_block(&arg.value));
                let list = self.list(args.len(), hugs, |this, index| match args.get(index) {
                    Some(arg) if arg.label.is_some() => this.named(&arg.value),
                    Some(arg) => this.expr(&arg.value),
                    None => Doc::concat(Vec::new()),
                });
                Doc::concat(vec![function, Doc::list(list)])
            }
            ExprKind::Pipe { .. } => self.pipe(expr),
            ExprKind::Binary { .. } => self.binary(expr),
            ExprKind::Lambda(func) => {
                if matches!(self.kind(), TokenKind::Ident(_)) {
                    let head = vec![self.take(), Doc::SPACE, self.take(), self.body(&func.body)];
                    return Doc::concat(head);
                }
                Doc::concat(vec![self.take(), Doc::SPACE, self.func(func)])
            }
            ExprKind::If { .. } => self.conditional(expr),
            ExprKind::Match { subject, arms } => self.match_expr(subject, arms),
            ExprKind::Let { bindings, result } => self.let_expr(bindings, result),
            ExprKind::Paren(inner) => {
                let hugs = is_block(inner);
                self.bracketed(hugs, |this| this.expr(inner))
            }
            ExprKind::Annotated { expr, ty } => Doc::concat(vec![self.expr(expr), self.colon(ty)]),
            ExprKind::Unary { operand, .. } => Doc::concat(vec![self.take(), self.expr(operand)]),
            ExprKind::Error => Doc::concat(Vec::new()),
        }
    }

    /// ` e` behind an arrow, or on a line of its own below.
    pub(super) fn body(&mut self, body: &Expr) -> Doc<'a> {
        if is_block(body) {
            return Doc::concat(vec![Doc::SPACE, self.expr(body)]);
        }
        let body = self.expr(body);
        Doc::concat(vec![Doc::Line { blank: false }, body]).indent().group()
    }

    /// `name = e`
    fn named(&mut self, value: &Expr) -> Doc<'a> {
        Doc::concat(vec![self.take(), Doc::SPACE, self.assigned(value)])
    }

    /// `= e`
    pub(super) fn assigned(&mut self, value: &Expr) -> Doc<'a> {
        let goes_on =
            matches!(value.kind, ExprKind::Pipe { .. } | ExprKind::Binary { .. } | ExprKind::If { .. });
        let eq = self.take();
        let value = self.expr(value);
        Doc::concat(vec![eq, Doc::SPACE, if goes_on { value.indent() } else { value }])
    }

    fn literal(&mut self, literal: &Literal) -> Doc<'a> {
        let is_negative = match literal {
            Literal::Integer { negative, .. } => *negative,
            Literal::Float(digits) => digits.starts_with('-'),
            _ => false,
        };
        if is_negative { Doc::concat(vec![self.take(), self.take()]) } else { self.take() }
    }

    /// A text with expressions, which are left as they are.
    fn interpolated(&mut self) -> Doc<'a> {
        let mut depth = 0usize;
        let mut last = self.at;
        for (index, token) in self.tokens.iter().enumerate().skip(self.at) {
            match token.kind {
                TokenKind::InterpolatedStart => depth += 1,
                TokenKind::InterpolatedEnd => depth -= 1,
                _ => {}
            }
            last = index;
            if depth == 0 {
                break;
            }
        }
        self.take_to(last)
    }

    /// A chain of pipes, broken if it was.
    fn pipe(&mut self, expr: &Expr) -> Doc<'a> {
        let mut steps = Vec::new();
        let mut head = expr;
        while let ExprKind::Pipe { left, right } = &head.kind {
            steps.push(right);
            head = left;
        }
        let mut parts = vec![self.expr(head)];
        let mut broken = false;
        while let Some(step) = steps.pop() {
            broken |= self.breaks_here();
            parts.push(Doc::Line { blank: false });
            parts.extend([self.take(), Doc::SPACE, self.expr(step)]);
        }
        Doc::concat(parts).group_if(broken)
    }

    /// A chain of operators of one level.
    fn binary(&mut self, expr: &Expr) -> Doc<'a> {
        let mut steps = Vec::new();
        let mut head = expr;
        while let ExprKind::Binary { op, left, right, .. } = &head.kind {
            let same = steps.last().is_none_or(|(last, _)| level(*last) == level(*op));
            // The power associates to the right: its left side is a chain of its own.
            if !same || (*op == BinaryOp::Pow && !steps.is_empty()) {
                break;
            }
            steps.push((*op, right));
            head = left;
        }
        let mut parts = vec![self.expr(head)];
        while let Some((_, right)) = steps.pop() {
            parts.push(Doc::Line { blank: false });
            parts.extend([self.take(), Doc::SPACE, self.expr(right)]);
        }
        Doc::concat(parts).group()
    }

    fn conditional(&mut self, expr: &Expr) -> Doc<'a> {
        let mut parts = Vec::new();
        let mut rest = expr;
        while let ExprKind::If { condition, then, otherwise } = &rest.kind {
            parts.extend([self.take(), Doc::SPACE, self.expr(condition), Doc::SPACE]);
            parts.extend([self.take(), self.body(then), Doc::Line { blank: false }]);
            parts.push(self.take());
            rest = otherwise;
            if let ExprKind::If { .. } = rest.kind {
                parts.push(Doc::SPACE);
            }
        }
        parts.push(self.body(rest));
        Doc::concat(parts).group()
    }

    fn match_expr(&mut self, subject: &Expr, arms: &[MatchArm]) -> Doc<'a> {
        let head = vec![self.take(), Doc::SPACE, self.expr(subject), Doc::SPACE];
        let broken = self.breaks_behind_open();
        let list = self.list(arms.len(), false, |this, index| match arms.get(index) {
            Some(arm) => {
                let parts = vec![this.pattern(&arm.pattern), Doc::SPACE, this.take(), this.body(&arm.body)];
                Doc::concat(parts)
            }
            None => Doc::concat(Vec::new()),
        });
        let broken = list.broken || (broken && !arms.is_empty());
        let list = Doc::list(List { padded: true, broken, ..list });
        Doc::concat(head.into_iter().chain([list]).collect())
    }

    /// `(let a = e; result)`, broken if it was.
    fn let_expr(&mut self, bindings: &[LetBinding], result: &Expr) -> Doc<'a> {
        let broken = self.breaks_behind_open();
        let open = self.take();
        let mut parts = vec![Doc::SoftLine];
        for (index, binding) in bindings.iter().enumerate() {
            if index > 0 {
                parts.push(Doc::Line { blank: self.gap() });
            }
            parts.extend([self.take(), Doc::SPACE, self.take()]);
            parts.extend(binding.ty.as_ref().map(|ty| self.colon(ty)));
            parts.push(Doc::SPACE);
            parts.push(self.assigned(&binding.value));
            parts.push(self.take());
        }
        parts.push(Doc::Line { blank: self.gap() });
        parts.push(self.expr(result));
        parts.extend(self.tail());
        let close = self.take();
        let inner = Doc::concat(parts).indent();
        Doc::concat(vec![open, inner, Doc::SoftLine, close]).group_if(broken)
    }

    fn pattern(&mut self, pattern: &Pattern) -> Doc<'a> {
        match &pattern.kind {
            PatternKind::Literal(literal) => self.literal(literal),
            PatternKind::Bind(_) | PatternKind::Any => self.take(),
            PatternKind::Variant { payload, .. } => {
                let name = [self.take(), self.take()];
                let payload = payload
                    .as_ref()
                    .map(|payload| Doc::list(self.list(1, false, |this, _| this.pattern(payload))));
                Doc::concat(name.into_iter().chain(payload).collect())
            }
            PatternKind::Alternatives(alternatives) => {
                let mut parts = Vec::new();
                for (index, alternative) in alternatives.iter().enumerate() {
                    if index > 0 {
                        parts.push(Doc::Line { blank: false });
                        parts.extend([self.take(), Doc::SPACE]);
                    }
                    parts.push(self.pattern(alternative));
                }
                Doc::concat(parts).group()
            }
            PatternKind::Error => Doc::concat(Vec::new()),
        }
    }
}

/// Whether it begins on the line of what stands before it and is broken between its brackets.
fn is_block(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Tuple(items) => !items.is_empty(),
        ExprKind::Array(items) => !items.is_empty(),
        ExprKind::Let { .. } | ExprKind::Match { .. } => true,
        ExprKind::Paren(inner) => is_block(inner),
        ExprKind::Variant { payload: Some(payload), .. } => is_block(payload),
        ExprKind::Lambda(func) => is_block(&func.body),
        _ => false,
    }
}

/// Operators of one level form one chain.
fn level(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Or => 0,
        BinaryOp::And => 1,
        BinaryOp::Coalesce => 2,
        BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Lte | BinaryOp::Gt | BinaryOp::Gte => 3,
        BinaryOp::Add | BinaryOp::Sub => 4,
        BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem => 5,
        BinaryOp::Pow => 6,
    }
}
