//! What a program becomes when it is prepared: a tree in which all that depends on the program alone is known.

mod aggregate;
mod bounds;
mod build;
mod fold;
mod join;
mod observe;
mod weight;

use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};

use runner_core::{ExprId, Literal, LocalId, Op, Prim, Program, Repr, TypeId};

pub(crate) use aggregate::{Aggregate, Folded};
pub(crate) use bounds::field;
pub(crate) use fold::{Act, Code, Inst, Load, PARTS, REGISTERS, bits};
pub(crate) use join::{Join, look_up};

use crate::native::{Bounds, Call};

/// A prepared program.
pub(crate) struct Plan {
    pub(crate) program: Program,
    pub(crate) root: Node,
    /// One for each external function of the program.
    pub(crate) natives: Vec<Arc<dyn Call>>,
    /// For each of them whether its results are kept for other expressions that call it.
    pub(crate) shared: Vec<bool>,
    /// Number of [`Kind::Const`]s.
    pub(crate) constants: usize,
    /// What this holds in memory, the program included.
    pub(crate) bytes: usize,
}

/// An expression.
pub(crate) struct Node {
    pub(crate) id: ExprId,
    pub(crate) ty: TypeId,
    pub(crate) kind: Kind,
    /// Locals that it uses and does not bind itself; `None` if they are too many to be worth looking at.
    pub(crate) free: Option<Box<[LocalId]>>,
    /// Whether it can fail, so that it may only be evaluated where the program says so.
    pub(crate) fallible: bool,
    /// About how many operations a row takes; array operations count as many.
    pub(crate) cost: u32,
    /// Whether it looks values up in an array that an external function gives.
    pub(crate) looks_up: bool,
}

pub(crate) enum Kind {
    Const(Constant),
    Local(LocalId),
    Let {
        bindings: Vec<(LocalId, Node)>,
        body: Box<Node>,
    },
    Tuple(Vec<Node>),
    Field {
        tuple: Box<Node>,
        index: usize,
    },
    Array(Vec<Node>),
    Variant {
        index: u16,
        width: usize,
        payload: Box<Node>,
    },
    Switch {
        subject: Box<Node>,
        arms: Vec<Arm>,
        default: Option<Box<Node>>,
    },
    If {
        condition: Box<Node>,
        then: Box<Node>,
        otherwise: Box<Node>,
    },
    /// Row by row, from the values of its arguments.
    Scalar {
        op: Op,
        prims: Prims,
        args: Vec<Node>,
    },
    /// `And` (true) or `Or` (false): the right side only where the left is this.
    Logic {
        on: bool,
        left: Box<Node>,
        right: Box<Node>,
    },
    Map {
        source: Box<Node>,
        lambda: Box<Lambda>,
    },
    FlatMap {
        source: Box<Node>,
        lambda: Box<Lambda>,
    },
    Filter {
        source: Box<Node>,
        lambda: Box<Lambda>,
        /// What is known of items for which the condition is true.
        bounds: Box<[Bounds]>,
    },
    /// A filter that is looked up, where the array is the same for many rows.
    Join {
        source: Box<Node>,
        join: Box<Join>,
    },
    Sort {
        source: Box<Node>,
        lambda: Box<Lambda>,
        descending: bool,
    },
    Group {
        source: Box<Node>,
        lambda: Box<Lambda>,
    },
    /// A map of groups that looks at no items but in folds.
    Aggregate {
        source: Box<Node>,
        aggregate: Box<Aggregate>,
    },
    /// `Fold`, or `Scan` if `every` accumulator is wanted.
    Fold {
        source: Box<Node>,
        initial: Box<Node>,
        lambda: Box<Lambda>,
        every: bool,
        code: Option<Box<Code>>,
    },
    Loop {
        initial: Box<Node>,
        lambda: Box<Lambda>,
    },
    /// Whether an array has an item.
    Exists(Box<Node>),
    /// The other operations on arrays.
    Whole {
        op: Op,
        prims: Prims,
        args: Vec<Node>,
    },
    External {
        function: usize,
        args: Vec<Node>,
    },
    Fail(String),
}

/// A value that stands in the program.
pub(crate) struct Constant {
    /// Its number among those of the plan.
    pub(crate) index: usize,
    pub(crate) literal: Literal,
    /// How it is held.
    pub(crate) repr: Repr,
}

/// Primitive types that an operation has to know beyond what columns say.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Prims {
    /// Of the first argument, or of its items.
    pub(crate) first: Option<Prim>,
    /// Of the result, or of its items.
    pub(crate) result: Option<Prim>,
}

/// A function that is evaluated over many rows at once.
pub(crate) struct Lambda {
    pub(crate) params: Vec<LocalId>,
    pub(crate) body: Node,
}

/// A case of a [`Kind::Switch`].
pub(crate) struct Arm {
    pub(crate) variant: u16,
    pub(crate) payload: Option<LocalId>,
    pub(crate) body: Node,
}
