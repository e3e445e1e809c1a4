//! Operators. What they stand between is in `primary`.

use super::Parser;
use crate::{
    diagnostic::Diagnostic,
    limits,
    syntax::{BinaryOp, Expr, ExprKind, Span, UnaryOp},
    token::{Symbol, TokenKind},
};

/// How tight operators bind, from loose to tight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Pipe,
    Or,
    And,
    Coalesce,
    Comparison,
    Add,
    Multiply,
    Power,
}

/// An infix operator that waits for its right side; no `op` is the pipe.
struct Pending {
    op: Option<BinaryOp>,
    level: Level,
    span: Span,
}

/// An expression and the height of its tree.
struct Operand {
    expr: Expr,
    height: usize,
}

impl Parser<'_> {
    /// Any expression.
    pub(super) fn expr(&mut self) -> Expr {
        let outside = std::mem::take(&mut self.height);
        let start = self.token().span;
        let expr = self.nest(Self::operators);
        self.height = self.height.max(outside);
        expr.unwrap_or_else(|| Expr { kind: ExprKind::Error, span: self.span_from(start) })
    }

    /// Operands and infix operators, by the operators' levels. A long chain costs no recursion.
    fn operators(&mut self) -> Expr {
        let first = self.prefix();
        if infix(self.kind()).is_none() {
            return first;
        }
        let mut operands = vec![Operand { expr: first, height: self.height }];
        let mut pending: Vec<Pending> = Vec::new();
        while let Some((op, level)) = infix(self.kind()) {
            let is_left = level != Level::Power;
            while let Some(last) =
                pending.pop_if(|last| last.level > level || (is_left && last.level == level))
            {
                self.reduce(&mut operands, last);
            }
            pending.push(Pending { op, level, span: self.token().span });
            self.bump();
            self.height = 0;
            let expr = self.prefix();
            operands.push(Operand { expr, height: self.height });
        }
        while let Some(last) = pending.pop() {
            self.reduce(&mut operands, last);
        }
        match operands.pop() {
            Some(Operand { expr, height }) => {
                self.height = height;
                expr
            }
            None => self.missing(),
        }
    }

    /// Puts an operator and its two operands together.
    fn reduce(&mut self, operands: &mut Vec<Operand>, operator: Pending) {
        let (Some(right), Some(left)) = (operands.pop(), operands.pop()) else { return };
        self.height = left.height.max(right.height);
        let (left, right) = (left.expr, right.expr);
        let span = Span { end: right.span.end.max(left.span.end), ..left.span };
        let kind = match operator.op {
            Some(op) => {
                if operator.level == Level::Comparison {
                    self.refuse_chain(&left, operator.span);
                }
                ExprKind::Binary { op, op_span: operator.span, left: Box::new(left), right: Box::new(right) }
            }
            None => {
                self.check_pipe(&right);
                ExprKind::Pipe { left: Box::new(left), right: Box::new(right) }
            }
        };
        let expr = self.grown(kind, span);
        operands.push(Operand { expr, height: self.height });
    }

    /// An expression above all made since `height` was reset, or an error if that is too high.
    pub(super) fn grown(&mut self, kind: ExprKind, span: Span) -> Expr {
        let kind = if self.grow() { kind } else { ExprKind::Error };
        Expr { kind, span }
    }

    fn refuse_chain(&mut self, left: &Expr, operator: Span) {
        if let ExprKind::Binary { op, op_span, .. } = &left.kind
            && is_comparison(*op)
        {
            let message = "comparisons can't be chained";
            let diagnostic = Diagnostic::error("chained_comparison", operator, message)
                .label(*op_span, "the first comparison")
                .hint("join two comparisons with `&&`, or use parentheses");
            self.report(diagnostic);
        }
    }

    fn check_pipe(&mut self, right: &Expr) {
        let mut function = right;
        while let ExprKind::Paren(inner) = &function.kind {
            function = inner;
        }
        if !matches!(
            function.kind,
            ExprKind::Path(_) | ExprKind::Call { .. } | ExprKind::Lambda(_) | ExprKind::Error
        ) {
            let message = "expected a function's name, a call or a lambda to the right of the pipe";
            let hint = "`x | f(y)` is `f(x, y)`; to go on with a result, put it in parentheses";
            self.report(Diagnostic::error("bad_pipe", right.span, message).hint(hint));
        }
    }

    /// An operand with the operators before it.
    fn prefix(&mut self) -> Expr {
        let mut operators = Vec::new();
        loop {
            let op = match self.kind() {
                TokenKind::Symbol(Symbol::Minus) if !is_number(self.peek(1)) => UnaryOp::Neg,
                TokenKind::Symbol(Symbol::Plus) => UnaryOp::Plus,
                TokenKind::Symbol(Symbol::Bang) => UnaryOp::Not,
                _ => break,
            };
            if operators.len() >= limits::TREE_DEPTH {
                self.report_depth(limits::TREE_DEPTH);
            } else {
                operators.push((op, self.token().span));
            }
            self.bump();
        }
        let mut expr = self.annotated();
        while let Some((op, span)) = operators.pop() {
            let span = Span { end: expr.span.end.max(span.end), ..span };
            expr = self.grown(ExprKind::Unary { op, operand: Box::new(expr) }, span);
        }
        expr
    }

    /// `e: T`
    fn annotated(&mut self) -> Expr {
        let mut expr = self.postfix();
        while self.eat(Symbol::Colon) {
            let start = expr.span;
            let ty = self.annotated_ty();
            let span = self.span_from(start);
            expr = self.grown(ExprKind::Annotated { expr: Box::new(expr), ty }, span);
        }
        expr
    }

    /// Whether an expression may begin at the token `ahead` of the current one.
    pub(super) fn begins_expr(&self, ahead: usize) -> bool {
        use crate::token::Keyword;
        match self.peek(ahead) {
            TokenKind::Symbol(symbol) => matches!(
                symbol,
                Symbol::Minus
                    | Symbol::Plus
                    | Symbol::Bang
                    | Symbol::Dot
                    | Symbol::ParenOpen
                    | Symbol::BracketOpen
                    | Symbol::BraceOpen
            ),
            TokenKind::Keyword(Keyword::Func) => self.is_ahead(ahead + 1, Symbol::ParenOpen),
            TokenKind::Keyword(Keyword::Module) => self.is_ahead(ahead + 1, Symbol::PathSep),
            TokenKind::Keyword(keyword) => {
                matches!(keyword, Keyword::If | Keyword::Match | Keyword::True | Keyword::False)
            }
            TokenKind::InterpolatedText(_)
            | TokenKind::ExprOpen
            | TokenKind::ExprClose
            | TokenKind::InterpolatedEnd
            | TokenKind::Error
            | TokenKind::End => false,
            _ => true,
        }
    }
}

fn is_number(kind: &TokenKind) -> bool {
    matches!(kind, TokenKind::Integer { .. } | TokenKind::Float(_))
}

fn is_comparison(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Lte | BinaryOp::Gt | BinaryOp::Gte)
}

fn infix(kind: &TokenKind) -> Option<(Option<BinaryOp>, Level)> {
    let TokenKind::Symbol(symbol) = kind else { return None };
    let (op, level) = match symbol {
        Symbol::Pipe => return Some((None, Level::Pipe)),
        Symbol::OrOr => (BinaryOp::Or, Level::Or),
        Symbol::AndAnd => (BinaryOp::And, Level::And),
        Symbol::Coalesce => (BinaryOp::Coalesce, Level::Coalesce),
        Symbol::EqEq => (BinaryOp::Eq, Level::Comparison),
        Symbol::NotEq => (BinaryOp::Ne, Level::Comparison),
        Symbol::Less => (BinaryOp::Lt, Level::Comparison),
        Symbol::LessEq => (BinaryOp::Lte, Level::Comparison),
        Symbol::Greater => (BinaryOp::Gt, Level::Comparison),
        Symbol::GreaterEq => (BinaryOp::Gte, Level::Comparison),
        Symbol::Plus => (BinaryOp::Add, Level::Add),
        Symbol::Minus => (BinaryOp::Sub, Level::Add),
        Symbol::Star => (BinaryOp::Mul, Level::Multiply),
        Symbol::Slash | Symbol::SlashSlash => (BinaryOp::Div, Level::Multiply),
        Symbol::Percent => (BinaryOp::Rem, Level::Multiply),
        Symbol::StarStar => (BinaryOp::Pow, Level::Power),
        _ => return None,
    };
    Some((Some(op), level))
}
