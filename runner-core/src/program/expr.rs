use alloc::{boxed::Box, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::Op;
use crate::ty::TypeId;

/// Index of an expression in a program's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExprId(pub u32);

/// Number of a local; each is bound at one place of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LocalId(pub u32);

/// An expression and the type of its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expr {
    /// What it does.
    pub kind: Kind,
    /// The type of its value; of a lambda, the type of its body's value.
    pub ty: TypeId,
}

/// What an expression does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Kind {
    /// A primitive constant.
    Literal(Literal),
    /// The value of a local that is in scope.
    Local(LocalId),
    /// Binds locals one after the other, each in scope of the next and of the body.
    Let {
        /// The locals and their values.
        #[serde(deserialize_with = "crate::bounded::vec")]
        bindings: Vec<(LocalId, ExprId)>,
        /// The result.
        body: ExprId,
    },
    /// A tuple of these fields.
    Tuple(#[serde(deserialize_with = "crate::bounded::vec")] Vec<ExprId>),
    /// A field of a tuple.
    Field {
        /// The tuple.
        tuple: ExprId,
        /// Position of the field.
        index: u32,
    },
    /// An array of these items.
    Array(#[serde(deserialize_with = "crate::bounded::vec")] Vec<ExprId>),
    /// A variant of the enum that is this expression's type.
    Variant {
        /// Index of the variant.
        index: u32,
        /// Its payload, of type `{}` where it has none.
        payload: ExprId,
    },
    /// Goes on with the arm of the subject's variant. Only that arm is evaluated.
    Switch {
        /// A value of an enum.
        subject: ExprId,
        /// Arms of some variants, in order of their indices, each at most once.
        #[serde(deserialize_with = "crate::bounded::vec")]
        arms: Vec<Arm>,
        /// What happens to the other variants; absent exactly if every variant has an arm.
        default: Option<ExprId>,
    },
    /// Evaluates one of two branches.
    If {
        /// A `Bool`.
        condition: ExprId,
        /// If it is true.
        then: ExprId,
        /// If it is false.
        otherwise: ExprId,
    },
    /// A standard operation.
    Call {
        /// Which one.
        op: Op,
        /// Its arguments.
        #[serde(deserialize_with = "crate::bounded::vec")]
        args: Vec<ExprId>,
    },
    /// A function that the runner implements.
    External {
        /// Index into the program's externals.
        function: u32,
        /// Its arguments.
        #[serde(deserialize_with = "crate::bounded::vec")]
        args: Vec<ExprId>,
    },
    /// A function, only as an argument of a call; may use the locals around it.
    Lambda {
        /// Its parameters and their types.
        #[serde(deserialize_with = "crate::bounded::vec")]
        params: Vec<(LocalId, TypeId)>,
        /// Its result.
        body: ExprId,
    },
    /// Fails with `EXECUTION_ERROR` and this message.
    Fail(String),
}

/// An arm of a [`Kind::Switch`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arm {
    /// Index of the variant.
    pub variant: u32,
    /// The local that is bound to the payload, if it is used.
    pub payload: Option<LocalId>,
    /// What follows.
    pub body: ExprId,
}

/// A constant. Its meaning is given by the primitive type of the expression: `Int` serves all signed integers,
/// `Date`, `Duration`, `Timestamp` and `Decimal`; `Uint` all unsigned ones, `Time` and raw bits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Literal {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float32(f32),
    Float64(f64),
    Text(Box<str>),
}

impl Kind {
    /// Calls `visit` with each expression that this one uses, in order of evaluation.
    pub fn for_each_child(&self, mut visit: impl FnMut(ExprId)) {
        match self {
            Self::Literal(_) | Self::Local(_) | Self::Fail(_) => {}
            Self::Let { bindings, body } => {
                bindings.iter().for_each(|(_, value)| visit(*value));
                visit(*body);
            }
            Self::Tuple(items) | Self::Array(items) => items.iter().copied().for_each(visit),
            Self::Call { args, .. } | Self::External { args, .. } => args.iter().copied().for_each(visit),
            Self::Field { tuple, .. } => visit(*tuple),
            Self::Variant { payload, .. } => visit(*payload),
            Self::Switch { subject, arms, default } => {
                visit(*subject);
                arms.iter().for_each(|arm| visit(arm.body));
                default.iter().copied().for_each(visit);
            }
            Self::If { condition, then, otherwise } => {
                visit(*condition);
                visit(*then);
                visit(*otherwise);
            }
            Self::Lambda { body, .. } => visit(*body),
        }
    }

    /// Calls `visit` with each local that this expression binds.
    pub fn for_each_binding(&self, mut visit: impl FnMut(LocalId)) {
        match self {
            Self::Let { bindings, .. } => bindings.iter().for_each(|(local, _)| visit(*local)),
            Self::Lambda { params, .. } => params.iter().for_each(|(local, _)| visit(*local)),
            Self::Switch { arms, .. } => arms.iter().filter_map(|arm| arm.payload).for_each(visit),
            _ => {}
        }
    }
}
