//! Operators: they always mean the functions of `std::ops`, whatever else has their names.

use runner_core::{Op, Prim};

use super::{
    infer::Infer,
    prims::Prims,
    tree::{TExpr, TKind},
    types::{Fallback, Node, Ty},
};
use crate::{
    diagnostic::Diagnostic,
    syntax::{BinaryOp, Expr, Span, UnaryOp},
};

impl Infer<'_> {
    pub(super) fn unary(&mut self, op: UnaryOp, operand: &Expr, span: Span, expected: Option<Ty>) -> TExpr {
        match op {
            UnaryOp::Not => {
                let bool = self.state.types.prim(Prim::Bool);
                let operand = self.expr(operand, Some(bool));
                let expr = TExpr { kind: TKind::Op { op: Op::Not, args: vec![operand] }, ty: bool, span };
                self.expect(expr, expected)
            }
            UnaryOp::Plus => {
                let ty = self.operand_type(Prims::ADD, span, expected);
                let operand = self.expr(operand, Some(ty));
                self.expect(operand, expected)
            }
            UnaryOp::Neg => {
                let ty = self.operand_type(Prims::NEG, span, expected);
                let operand = self.operand(operand, ty, "-", Prims::NEG);
                let expr = TExpr { kind: TKind::Op { op: Op::Neg, args: vec![operand] }, ty, span };
                self.expect(expr, expected)
            }
        }
    }

    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        left: &Expr,
        right: &Expr,
        span: Span,
        expected: Option<Ty>,
    ) -> TExpr {
        let (op, prims, sign) = match op {
            BinaryOp::Coalesce => return self.coalesce(left, right, span, expected),
            BinaryOp::And | BinaryOp::Or => {
                let bool = self.state.types.prim(Prim::Bool);
                let args = vec![self.expr(left, Some(bool)), self.expr(right, Some(bool))];
                let op = if op == BinaryOp::And { Op::And } else { Op::Or };
                let expr = TExpr { kind: TKind::Op { op, args }, ty: bool, span };
                return self.expect(expr, expected);
            }
            BinaryOp::Eq => (Op::Eq, None, "=="),
            BinaryOp::Ne => (Op::Ne, None, "!="),
            BinaryOp::Lt => (Op::Lt, None, "<"),
            BinaryOp::Lte => (Op::Lte, None, "<="),
            BinaryOp::Gt => (Op::Gt, None, ">"),
            BinaryOp::Gte => (Op::Gte, None, ">="),
            BinaryOp::Add => (Op::Add, Some(Prims::ADD), "+"),
            BinaryOp::Sub => (Op::Sub, Some(Prims::ADD), "-"),
            BinaryOp::Mul => (Op::Mul, Some(Prims::NUM), "*"),
            BinaryOp::Div => (Op::Div, Some(Prims::NUM), "/"),
            BinaryOp::Rem => (Op::Rem, Some(Prims::NUM), "%"),
            BinaryOp::Pow => (Op::Pow, Some(Prims::POW), "**"),
        };
        match prims {
            None => {
                let ty = self.state.types.var(op_span);
                let args = vec![self.expr(left, Some(ty)), self.expr(right, Some(ty))];
                let bool = self.state.types.prim(Prim::Bool);
                let expr = TExpr { kind: TKind::Op { op, args }, ty: bool, span };
                self.expect(expr, expected)
            }
            Some(prims) => {
                let ty = self.operand_type(prims, op_span, expected);
                let args = vec![self.operand(left, ty, sign, prims), self.operand(right, ty, sign, prims)];
                let expr = TExpr { kind: TKind::Op { op, args }, ty, span };
                self.expect(expr, expected)
            }
        }
    }

    /// The common type of operands and result: that of the context, if the operator can have it.
    fn operand_type(&mut self, prims: Prims, span: Span, expected: Option<Ty>) -> Ty {
        let ty = self.state.types.var_of(prims, Fallback::None, span);
        if let Some(expected) = expected
            && !self.state.types.is_error(expected)
        {
            self.state.types.unify(ty, expected);
        }
        ty
    }

    /// An operand of arithmetic; the message tells what the operator takes.
    fn operand(&mut self, expr: &Expr, ty: Ty, sign: &str, prims: Prims) -> TExpr {
        let mut checked = self.expr(expr, None);
        if self.state.types.unify(ty, checked.ty) {
            checked.ty = ty;
            return checked;
        }
        let never = match self.state.types.head(checked.ty) {
            Node::Var(_) => false,
            _ => !self.state.types.is_of(checked.ty, prims),
        };
        let diagnostic = self.mismatch(ty, checked.ty, checked.span);
        let diagnostic = if never {
            let found = self.state.types.show(checked.ty);
            let message = format!("`{sign}` takes {}, found {found}", prims.describe());
            let text = matches!(self.state.types.head(checked.ty), Node::Prim(Prim::Text)) && sign == "+";
            let diagnostic = Diagnostic::error("type_mismatch", checked.span, message);
            if text {
                diagnostic.hint("texts are joined by `text::concat` or `f\"{a}{b}\"`")
            } else {
                diagnostic
            }
        } else {
            diagnostic
        };
        self.error(diagnostic);
        self.state.types.poison(checked.ty);
        self.state.types.poison(ty);
        checked
    }

    fn coalesce(&mut self, left: &Expr, right: &Expr, span: Span, expected: Option<Ty>) -> TExpr {
        let ty = self.expected_or_var(expected, span);
        let option_type = self.state.types.option(ty);
        let option = Box::new(self.expr(left, Some(option_type)));
        let fallback = Box::new(self.expr(right, Some(ty)));
        TExpr { kind: TKind::Coalesce { option, fallback }, ty, span }
    }
}
