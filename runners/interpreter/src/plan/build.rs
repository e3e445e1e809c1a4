//! From the list of expressions to the tree.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use runner_core::{
    Error, Expr, ExprId, INPUT, Kind as Source, Literal, LocalId, Op, Prim, Program, Repr, Result, TypeId,
    TypeTable,
};

use super::{
    Aggregate, Arm, Constant, Join, Kind, Lambda, Node, Plan, Prims, bounds, fold, observe,
    weight::program_bytes,
};
use crate::native::Call;

/// Sets of free locals beyond this size are not kept.
const FREE: usize = 24;

/// What a call that works on arrays is taken to cost.
const ARRAY_COST: u32 = 1000;

impl Plan {
    /// Translates a program whose external functions are `natives`.
    pub(crate) fn new(program: &Program, natives: Vec<Arc<dyn Call>>) -> Result<Self> {
        let mut builder = Builder { types: program.types(), constants: 0, next_local: next_local(program) };
        // Every expression stands behind those that it uses, each of which is used once: one pass, no recursion.
        let mut made: Vec<Option<Made>> = Vec::with_capacity(program.body().len());
        let mut bytes = program_bytes(program);
        for (index, expr) in (0..).zip(program.body()) {
            let one = builder.make(ExprId(index), expr, &mut Parts(&mut made))?;
            bytes += one.own_bytes();
            made.push(Some(one));
        }
        match made.pop() {
            Some(Some(Made::Node(mut root))) => {
                let used = observe::of_results(&mut root, natives.len());
                let is_stable = natives.iter().all(|native| native.is_stable());
                let shared = used.iter().map(|(_, calls)| is_stable && *calls > 1).collect();
                let natives = natives.into_iter().zip(&used);
                let natives =
                    natives.map(|(native, (used, _))| native.narrow(used).unwrap_or(native)).collect();
                let constants = builder.constants;
                Ok(Self { program: program.clone(), root, natives, shared, constants, bytes })
            }
            _ => Err(broken()),
        }
    }
}

enum Made {
    Node(Node),
    Lambda(Lambda),
}

impl Made {
    /// Bytes without the nodes that were made before.
    fn own_bytes(&self) -> usize {
        match self {
            Self::Node(node) => node.own_bytes(),
            Self::Lambda(lambda) => lambda.own_bytes(),
        }
    }
}

/// The translated expressions that nobody has used yet.
struct Parts<'a>(&'a mut [Option<Made>]);

impl Parts<'_> {
    fn node(&mut self, id: ExprId) -> Result<Node> {
        match self.0.get_mut(id.0 as usize).and_then(Option::take) {
            Some(Made::Node(node)) => Ok(node),
            _ => Err(broken()),
        }
    }

    fn boxed(&mut self, id: ExprId) -> Result<Box<Node>> {
        self.node(id).map(Box::new)
    }

    fn lambda(&mut self, id: ExprId) -> Result<Box<Lambda>> {
        match self.0.get_mut(id.0 as usize).and_then(Option::take) {
            Some(Made::Lambda(lambda)) => Ok(Box::new(lambda)),
            _ => Err(broken()),
        }
    }

    fn nodes(&mut self, ids: &[ExprId]) -> Result<Vec<Node>> {
        listed(ids, |id| self.node(*id))
    }
}

/// Something made of each, without room for more, which `collect` of results would make.
fn listed<T, R>(from: &[T], mut make: impl FnMut(&T) -> Result<R>) -> Result<Vec<R>> {
    let mut list = Vec::with_capacity(from.len());
    for one in from {
        list.push(make(one)?);
    }
    Ok(list)
}

struct Builder<'a> {
    types: &'a TypeTable,
    constants: usize,
    /// From which number on no local of the program is called.
    next_local: u32,
}

impl Builder<'_> {
    fn make(&mut self, id: ExprId, expr: &Expr, parts: &mut Parts<'_>) -> Result<Made> {
        let kind = match &expr.kind {
            Source::Lambda { params, body } => {
                let params = params.iter().map(|(local, _)| *local).collect();
                return Ok(Made::Lambda(Lambda { params, body: parts.node(*body)? }));
            }
            Source::Literal(literal) => Kind::Const(self.literal(literal, expr.ty)),
            Source::Local(local) => Kind::Local(*local),
            Source::Let { bindings, body } => Kind::Let {
                bindings: listed(bindings, |(local, value)| Ok((*local, parts.node(*value)?)))?,
                body: parts.boxed(*body)?,
            },
            Source::Tuple(items) => Kind::Tuple(parts.nodes(items)?),
            Source::Field { tuple, index } => {
                Kind::Field { tuple: parts.boxed(*tuple)?, index: *index as usize }
            }
            Source::Array(items) => Kind::Array(parts.nodes(items)?),
            Source::Variant { index, payload } => Kind::Variant {
                index: *index as u16,
                width: self.types.as_enum(expr.ty).map_or(0, <[_]>::len),
                payload: parts.boxed(*payload)?,
            },
            Source::Switch { subject, arms, default } => Kind::Switch {
                subject: parts.boxed(*subject)?,
                arms: listed(arms, |arm| {
                    let body = parts.node(arm.body)?;
                    Ok(Arm { variant: arm.variant as u16, payload: arm.payload, body })
                })?,
                default: default.map(|id| parts.boxed(id)).transpose()?,
            },
            Source::If { condition, then, otherwise } => Kind::If {
                condition: parts.boxed(*condition)?,
                then: parts.boxed(*then)?,
                otherwise: parts.boxed(*otherwise)?,
            },
            Source::Call { op, args } => self.call(*op, args, expr.ty, parts)?,
            Source::External { function, args } => {
                Kind::External { function: *function as usize, args: parts.nodes(args)? }
            }
            Source::Fail(message) => Kind::Fail(message.clone()),
        };
        Ok(Made::Node(finish(id, expr.ty, kind)))
    }

    fn call(&mut self, op: Op, args: &[ExprId], ty: TypeId, parts: &mut Parts<'_>) -> Result<Kind> {
        let function = |parts: &mut Parts<'_>| match args {
            [source, lambda] => Ok((parts.boxed(*source)?, parts.lambda(*lambda)?)),
            _ => Err(broken()),
        };
        Ok(match op {
            Op::And | Op::Or => match args {
                [left, right] => {
                    Kind::Logic { on: op == Op::And, left: parts.boxed(*left)?, right: parts.boxed(*right)? }
                }
                _ => return Err(broken()),
            },
            // Columns hold framed values as what they frame, so long as the buffer is of the same type.
            Op::Wrap | Op::Unwrap => {
                let node = parts.node(*args.first().ok_or_else(broken)?)?;
                match (self.types.as_prim(node.ty), self.types.as_prim(ty)) {
                    (Some(from), Some(to)) if from.repr() != to.repr() => {
                        let prims = Prims { first: Some(from), result: Some(to) };
                        Kind::Scalar { op, prims, args: Vec::from([node]) }
                    }
                    _ => Kind::Let { bindings: Vec::new(), body: Box::new(node) },
                }
            }
            Op::Map => {
                let (source, lambda) = function(parts)?;
                self.map(*source, lambda)
            }
            Op::FlatMap => {
                let (source, lambda) = function(parts)?;
                Kind::FlatMap { source, lambda }
            }
            Op::Filter => {
                let (source, lambda) = function(parts)?;
                filter(source, lambda)
            }
            Op::Sort | Op::SortDesc => {
                let (source, lambda) = function(parts)?;
                Kind::Sort { source, lambda, descending: op == Op::SortDesc }
            }
            Op::Group => {
                let (source, lambda) = function(parts)?;
                Kind::Group { source, lambda }
            }
            Op::Fold | Op::Scan => match args {
                [source, initial, lambda] => {
                    let (source, initial) = (parts.boxed(*source)?, parts.boxed(*initial)?);
                    let lambda = parts.lambda(*lambda)?;
                    let item = self.types.as_array(source.ty).ok_or_else(broken)?;
                    let code = fold::compile(self.types, &lambda, initial.ty, item).map(Box::new);
                    Kind::Fold { source, initial, lambda, every: op == Op::Scan, code }
                }
                _ => return Err(broken()),
            },
            Op::LoopUntilEmpty => {
                let (initial, lambda) = function(parts)?;
                Kind::Loop { initial, lambda }
            }
            Op::Any => match parts.node(*args.first().ok_or_else(broken)?)? {
                // `any` of a comparison is whether a filter leaves something, and a filter may use a hash table.
                Node { kind: Kind::Map { source, lambda }, id, ty: mapped, .. } => {
                    let filtered = source.ty;
                    match Join::detect(lambda) {
                        Ok(join) => {
                            let kind = Kind::Join { source, join: Box::new(join) };
                            Kind::Exists(Box::new(finish(id, filtered, kind)))
                        }
                        Err(lambda) => {
                            let map = finish(id, mapped, Kind::Map { source, lambda });
                            Kind::Whole { op, prims: self.prims(Some(&map), ty), args: Vec::from([map]) }
                        }
                    }
                }
                other => Kind::Whole { op, prims: self.prims(Some(&other), ty), args: Vec::from([other]) },
            },
            _ => {
                let args = parts.nodes(args)?;
                let prims = self.prims(args.first(), ty);
                if is_scalar(op) { Kind::Scalar { op, prims, args } } else { Kind::Whole { op, prims, args } }
            }
        })
    }

    fn map(&mut self, source: Node, lambda: Box<Lambda>) -> Kind {
        let Kind::Group { source: items, lambda: key } = source.kind else {
            return Kind::Map { source: Box::new(source), lambda };
        };
        match Aggregate::detect(key, lambda, &mut self.next_local) {
            Ok(aggregate) => Kind::Aggregate { source: items, aggregate: Box::new(aggregate) },
            Err((key, lambda)) => {
                let kind = Kind::Group { source: items, lambda: key };
                Kind::Map { source: Box::new(Node { kind, ..source }), lambda }
            }
        }
    }

    fn prims(&self, first: Option<&Node>, result: TypeId) -> Prims {
        let prim = |ty| self.types.as_prim(self.types.as_array(ty).unwrap_or(ty));
        Prims { first: first.and_then(|node| prim(node.ty)), result: prim(result) }
    }

    fn literal(&mut self, literal: &Literal, ty: TypeId) -> Constant {
        let index = self.constants;
        self.constants += 1;
        let held = match literal {
            Literal::Bool(_) => Repr::Bool,
            Literal::Int(_) => Repr::I64,
            Literal::Uint(_) => Repr::U64,
            Literal::Float32(_) => Repr::F32,
            Literal::Float64(_) => Repr::F64,
            Literal::Text(_) => Repr::Text,
        };
        let repr = match (literal, self.types.as_prim(ty).map(Prim::repr)) {
            (Literal::Int(_), Some(repr @ (Repr::I8 | Repr::I16 | Repr::I32)))
            | (Literal::Uint(_), Some(repr @ (Repr::U8 | Repr::U16 | Repr::U32))) => repr,
            _ => held,
        };
        Constant { index, literal: literal.clone(), repr }
    }
}

/// A number from which on no local of a program is called.
fn next_local(program: &Program) -> u32 {
    let most = program.body().iter().flat_map(|expr| match &expr.kind {
        Source::Lambda { params, .. } => params.iter().map(|(local, _)| local.0).max(),
        Source::Let { bindings, .. } => bindings.iter().map(|(local, _)| local.0).max(),
        Source::Switch { arms, .. } => arms.iter().filter_map(|arm| Some(arm.payload?.0)).max(),
        _ => None,
    });
    most.max().unwrap_or(INPUT.0).saturating_add(1)
}

/// A node with what follows from its parts.
pub(super) fn finish(id: ExprId, ty: TypeId, kind: Kind) -> Node {
    let mut about = About {
        free: Some(Vec::new()),
        fallible: own_fault(&kind),
        cost: own_cost(&kind),
        looks_up: matches!(&kind, Kind::Join { source, .. } if matches!(source.kind, Kind::External { .. })),
    };
    match &kind {
        Kind::Const(_) | Kind::Fail(_) => {}
        Kind::Local(local) => about.free = Some(Vec::from([*local])),
        Kind::Let { bindings, body } => {
            about.with(body);
            for (local, value) in bindings.iter().rev() {
                about.bind(&[*local]);
                about.with(value);
            }
        }
        Kind::Tuple(nodes)
        | Kind::Array(nodes)
        | Kind::Scalar { args: nodes, .. }
        | Kind::Whole { args: nodes, .. }
        | Kind::External { args: nodes, .. } => nodes.iter().for_each(|node| about.with(node)),
        Kind::Field { tuple: node, .. } | Kind::Variant { payload: node, .. } | Kind::Exists(node) => {
            about.with(node);
        }
        Kind::Switch { subject, arms, default } => {
            about.with(subject);
            for arm in arms {
                about.with_lambda(arm.payload.as_slice(), &arm.body);
            }
            default.iter().for_each(|node| about.with(node));
        }
        Kind::If { condition, then, otherwise } => {
            about.with(condition);
            about.with(then);
            about.with(otherwise);
        }
        Kind::Logic { left, right, .. } => {
            about.with(left);
            about.with(right);
        }
        Kind::Map { source, lambda }
        | Kind::FlatMap { source, lambda }
        | Kind::Filter { source, lambda, .. }
        | Kind::Sort { source, lambda, .. }
        | Kind::Group { source, lambda }
        | Kind::Loop { initial: source, lambda } => {
            about.with(source);
            about.with_lambda(&lambda.params, &lambda.body);
        }
        Kind::Join { source, join } => {
            about.with(source);
            for key in &join.keys {
                about.with_lambda(&[join.param], &key.build);
                about.with(&key.probe);
            }
            join.rest.iter().for_each(|rest| about.with_lambda(&[join.param], rest));
        }
        Kind::Aggregate { source, aggregate } => {
            about.with(source);
            about.with_lambda(&aggregate.key.params, &aggregate.key.body);
            let mut bound = Vec::from([aggregate.group]);
            for folded in &aggregate.folds {
                about.with_lambda(&[aggregate.group], &folded.node);
                bound.push(folded.local);
            }
            about.with_lambda(&bound, &aggregate.body);
        }
        Kind::Fold { source, initial, lambda, .. } => {
            about.with(source);
            about.with(initial);
            about.with_lambda(&lambda.params, &lambda.body);
        }
    }
    let free = about.free.map(Vec::into_boxed_slice);
    Node { id, ty, kind, free, fallible: about.fallible, cost: about.cost, looks_up: about.looks_up }
}

struct About {
    free: Option<Vec<LocalId>>,
    fallible: bool,
    cost: u32,
    looks_up: bool,
}

impl About {
    fn with(&mut self, node: &Node) {
        self.with_lambda(&[], node);
    }

    fn with_lambda(&mut self, bound: &[LocalId], node: &Node) {
        self.fallible |= node.fallible;
        self.cost = self.cost.saturating_add(node.cost);
        self.looks_up |= node.looks_up;
        let (Some(free), Some(more)) = (&mut self.free, &node.free) else {
            self.free = None;
            return;
        };
        for local in more.iter().filter(|local| !bound.contains(local)) {
            if !free.contains(local) {
                free.push(*local);
            }
        }
        if free.len() > FREE {
            self.free = None;
        }
    }

    fn bind(&mut self, locals: &[LocalId]) {
        if let Some(free) = &mut self.free {
            free.retain(|local| !locals.contains(local));
        }
    }
}

/// Whether the operation itself can fail, whatever its parts do.
fn own_fault(kind: &Kind) -> bool {
    let is_float = |prims: &Prims| prims.first.is_some_and(Prim::is_float);
    match kind {
        Kind::Fail(_) | Kind::External { .. } | Kind::Loop { .. } => true,
        Kind::Scalar { op: Op::Div | Op::Rem, args, .. } if args.get(1).is_some_and(is_positive) => false,
        Kind::Scalar { op, prims, .. } | Kind::Whole { op, prims, .. } => match op {
            Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Rem | Op::Neg | Op::Abs | Op::Pow | Op::Sum => {
                !is_float(prims)
            }
            Op::FromAscii
            | Op::DateSub
            | Op::DateToTimestamp
            | Op::TimestampToDate
            | Op::TimestampSub
            | Op::TimeDiff
            | Op::TimeAdd
            | Op::TimeSub
            | Op::TimezoneOffset
            | Op::Sequence => true,
            _ => false,
        },
        _ => false,
    }
}

/// Whether it is a literal by which everything can be divided.
fn is_positive(node: &Node) -> bool {
    let Kind::Const(Constant { literal, .. }) = &node.kind else { return false };
    matches!(literal, Literal::Int(1..) | Literal::Uint(1..))
}

fn own_cost(kind: &Kind) -> u32 {
    match kind {
        Kind::Const(_) | Kind::Local(_) | Kind::Let { .. } | Kind::Field { .. } => 0,
        Kind::Tuple(_) | Kind::Variant { .. } => 1,
        Kind::Logic { .. } | Kind::If { .. } => 1,
        Kind::Scalar { op, prims, .. } => match op {
            Op::ToText | Op::Concat | Op::Lower | Op::Upper | Op::Replace | Op::Split | Op::Pow => 20,
            Op::Eq | Op::Ne | Op::Lt | Op::Lte | Op::Gt | Op::Gte | Op::Cmp if prims.first.is_none() => 20,
            Op::Div | Op::Rem => 4,
            _ => 1,
        },
        _ => ARRAY_COST,
    }
}

fn filter(source: Box<Node>, lambda: Box<Lambda>) -> Kind {
    match Join::detect(lambda) {
        Ok(join) => Kind::Join { source, join: Box::new(join) },
        Err(lambda) => {
            let bounds = lambda.params.first().map(|item| bounds::bounds(&lambda.body, *item));
            Kind::Filter { source, lambda, bounds: bounds.unwrap_or_default().into_boxed_slice() }
        }
    }
}

fn is_scalar(op: Op) -> bool {
    !matches!(
        op,
        Op::Index
            | Op::Count
            | Op::Slice
            | Op::Reverse
            | Op::OrNone
            | Op::Zip
            | Op::Distinct
            | Op::Append
            | Op::Contains
            | Op::Sequence
            | Op::Min
            | Op::Max
            | Op::Sum
            | Op::Mean
            | Op::All
            | Op::Any
            | Op::Lag
            | Op::Lead
            | Op::RollingMean
            | Op::Rank
            | Op::RankDense
            | Op::RankPercentile
            | Op::CumeDist
            | Op::Join
    )
}

/// A program that validation should have refused.
#[cold]
fn broken() -> Error {
    Error::prepare("the program is not of the shape that its validation promises")
}
