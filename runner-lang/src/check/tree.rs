//! The typed tree: what checking makes of a definition's body, and what lowering reads. Types may mention the type
//! parameters of the definition; lookups and variants are by name, since their positions depend on those.

use std::sync::Arc;

use runner_core::Op;

use super::types::{Name, ParamId, Ty};
use crate::{
    resolve::DefId,
    syntax::{Literal, Span},
};

/// A local of one definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct LocalId(pub(crate) u32);

/// How a definition is used.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signature {
    pub(crate) params: Vec<SigParam>,
    /// Absent while it is not known, which only happens within a cycle.
    pub(crate) result: Option<Ty>,
    pub(crate) type_params: Vec<ParamId>,
    /// Whether it is a constant: used without parentheses.
    pub(crate) is_const: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct SigParam {
    pub(crate) name: Name,
    pub(crate) label: Option<Name>,
    pub(crate) ty: Ty,
    pub(crate) is_const: bool,
    pub(crate) has_default: bool,
    pub(crate) default: Option<Arc<TExpr>>,
}

/// A checked function or constant.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) params: Vec<LocalId>,
    pub(crate) root: TExpr,
    /// Whether it is a literal, or a constant that is one.
    pub(crate) is_literal: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct TExpr {
    pub(crate) kind: TKind,
    pub(crate) ty: Ty,
    pub(crate) span: Span,
}

#[derive(Debug, Clone)]
pub(crate) enum TKind {
    Error,
    Literal(Literal),
    Local(LocalId),
    /// A constant's value, or a function as a value.
    Def {
        def: DefId,
        type_args: Vec<Ty>,
    },
    /// The constructor of a framed type, as a value.
    Constructor,
    Call {
        callee: Callee,
        args: Vec<Argument>,
    },
    Tuple(Vec<TItem>),
    Array(Vec<TExpr>),
    Variant {
        name: Name,
        payload: Option<Box<TExpr>>,
    },
    Field {
        tuple: Box<TExpr>,
        key: Key,
    },
    Index {
        array: Box<TExpr>,
        index: Box<TExpr>,
    },
    Lambda {
        params: Vec<(LocalId, Ty)>,
        body: Arc<TExpr>,
    },
    If {
        condition: Box<TExpr>,
        then: Box<TExpr>,
        otherwise: Box<TExpr>,
    },
    Match {
        subject: Box<TExpr>,
        arms: Vec<(TPattern, TExpr)>,
    },
    /// Each value in the scope of the locals before it. Not nested, since there may be very many.
    Let {
        bindings: Vec<(LocalId, TExpr)>,
        body: Box<TExpr>,
    },
    Coalesce {
        option: Box<TExpr>,
        fallback: Box<TExpr>,
    },
    Concat(Vec<TExpr>),
    Op {
        op: Op,
        args: Vec<TExpr>,
    },
}

#[derive(Debug, Clone)]
pub(crate) enum Callee {
    Def {
        def: DefId,
        type_args: Vec<Ty>,
    },
    Local(LocalId),
    /// Frames its argument; the type of the call says which frame.
    Constructor,
}

#[derive(Debug, Clone)]
pub(crate) enum Argument {
    Given(TExpr),
    /// The default of the parameter at this position.
    Default,
}

#[derive(Debug, Clone)]
pub(crate) enum TItem {
    Field(TExpr),
    Splice(TExpr),
}

/// What is looked up.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Key {
    Name(Name),
    Position(u32),
}

#[derive(Debug, Clone)]
pub(crate) enum TPattern {
    Any,
    Bind(LocalId),
    Literal(Literal, Ty),
    Variant { name: Name, payload: Option<Box<TPattern>> },
    Or(Vec<TPattern>),
}

impl TExpr {
    /// Calls `visit` with each expression directly within this one.
    pub(crate) fn for_each_child<'a>(&'a self, mut visit: impl FnMut(&'a TExpr)) {
        match &self.kind {
            TKind::Error | TKind::Literal(_) | TKind::Local(_) | TKind::Def { .. } | TKind::Constructor => {}
            TKind::Call { args, .. } => args.iter().for_each(|arg| match arg {
                Argument::Given(arg) => visit(arg),
                Argument::Default => {}
            }),
            TKind::Tuple(items) => items.iter().for_each(|item| match item {
                TItem::Field(expr) | TItem::Splice(expr) => visit(expr),
            }),
            TKind::Array(items) | TKind::Concat(items) | TKind::Op { args: items, .. } => {
                items.iter().for_each(visit);
            }
            TKind::Variant { payload, .. } => payload.iter().for_each(|payload| visit(payload)),
            TKind::Field { tuple, .. } => visit(tuple),
            TKind::Index { array: a, index: b } | TKind::Coalesce { option: a, fallback: b } => {
                visit(a);
                visit(b);
            }
            TKind::Let { bindings, body } => {
                bindings.iter().for_each(|(_, value)| visit(value));
                visit(body);
            }
            TKind::Lambda { body, .. } => visit(body),
            TKind::If { condition, then, otherwise } => {
                visit(condition);
                visit(then);
                visit(otherwise);
            }
            TKind::Match { subject, arms } => {
                visit(subject);
                arms.iter().for_each(|(_, body)| visit(body));
            }
        }
    }
}
