//! A program as a tree that is still being built.

use std::collections::VecDeque;

use runner_core::{Literal, Op, Prim, Type, TypeId, limits::EXPR_COUNT};

use super::{Lower, Lowerer, emit::READS};
use crate::{diagnostic::Diagnostic, limits, syntax::Span};

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    pub(super) ty: TypeId,
    pub(super) span: Span,
    facts: Facts,
}

/// What is known of a whole tree, so that nobody has to walk it.
#[derive(Debug, Clone, Copy)]
struct Facts {
    /// Levels.
    height: u32,
    /// Whether it is made of literals only.
    is_data: bool,
    /// Whether evaluating it can't fail, so that it may be left out.
    is_total: bool,
    /// Whether it calls an external function that may do more than give a value.
    has_effect: bool,
}

/// As [`runner_core::Kind`], with children in place of indices.
#[derive(Debug, Clone)]
pub(super) enum NodeKind {
    Literal(Literal),
    Local(u32),
    Let(Lets, Box<Node>),
    Tuple(Vec<Node>),
    Field(Box<Node>, u32),
    Array(Vec<Node>),
    Variant(u32, Box<Node>),
    Switch { subject: Box<Node>, arms: Vec<(u32, Option<u32>, Node)>, default: Option<Box<Node>> },
    If(Box<[Node; 3]>),
    Call(Op, Vec<Node>),
    External(u32, Vec<Node>),
    Lambda(Vec<(u32, TypeId)>, Box<Node>),
    Fail(String),
}

/// Locals with their values, each in the scope of those before it.
#[derive(Debug, Clone, Default)]
pub(super) struct Lets {
    items: VecDeque<(u32, Node)>,
    height: u32,
    has_effect: bool,
}

impl Lets {
    pub(super) fn push(&mut self, local: u32, value: Node) {
        self.height = self.height.max(value.height());
        self.has_effect |= value.has_effect();
        self.items.push_back((local, value));
    }

    /// Puts others behind these. Takes as long as the shorter list has locals.
    pub(super) fn append(&mut self, mut other: Self) {
        self.height = self.height.max(other.height);
        self.has_effect |= other.has_effect;
        if other.items.len() > self.items.len() {
            self.items.drain(..).rev().for_each(|item| other.items.push_front(item));
            self.items = other.items;
        } else {
            self.items.append(&mut other.items);
        }
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &(u32, Node)> {
        self.items.iter()
    }

    pub(super) fn into_items(self) -> VecDeque<(u32, Node)> {
        self.items
    }

    /// Binds these around a node.
    pub(super) fn around(mut self, body: Node) -> Node {
        if self.items.is_empty() {
            return body;
        }
        let (ty, span) = (body.ty, body.span);
        let body = match body.kind {
            NodeKind::Let(inner, body) => {
                self.append(inner);
                body
            }
            _ => Box::new(body),
        };
        let facts = Facts {
            height: self.height.max(body.height()).saturating_add(1),
            is_data: false,
            is_total: false,
            has_effect: self.has_effect || body.has_effect(),
        };
        Node { kind: NodeKind::Let(self, body), ty, span, facts }
    }
}

impl Node {
    /// Whether it costs nothing to evaluate it again, and it is small.
    pub(super) fn is_trivial(&self) -> bool {
        match &self.kind {
            NodeKind::Literal(_) | NodeKind::Local(_) => true,
            NodeKind::Field(tuple, _) => {
                self.facts.height <= limits::TRIVIAL_HEIGHT
                    && tuple.is_trivial()
                    && !matches!(tuple.kind, NodeKind::Tuple(_))
            }
            NodeKind::Tuple(items) => items.is_empty(),
            _ => false,
        }
    }

    pub(super) fn height(&self) -> u32 {
        self.facts.height
    }

    pub(super) fn is_data(&self) -> bool {
        self.facts.is_data
    }

    pub(super) fn is_total(&self) -> bool {
        self.facts.is_total
    }

    pub(super) fn has_effect(&self) -> bool {
        self.facts.has_effect
    }
}

impl NodeKind {
    fn for_each_child(&self, mut visit: impl FnMut(&Node)) {
        match self {
            Self::Literal(_) | Self::Local(_) | Self::Fail(_) => {}
            Self::Let(lets, body) => {
                lets.iter().for_each(|(_, value)| visit(value));
                visit(body);
            }
            Self::Tuple(items) | Self::Array(items) | Self::Call(_, items) | Self::External(_, items) => {
                items.iter().for_each(visit);
            }
            Self::Field(inner, _) | Self::Variant(_, inner) | Self::Lambda(_, inner) => visit(inner),
            Self::Switch { subject, arms, default } => {
                visit(subject);
                arms.iter().for_each(|(.., body)| visit(body));
                default.iter().for_each(|default| visit(default));
            }
            Self::If(branches) => branches.iter().for_each(visit),
        }
    }

    /// `effect` tells whether it does more than give a value itself.
    fn facts(&self, effect: bool) -> Facts {
        let mut facts = Facts { height: 0, is_data: true, is_total: true, has_effect: effect };
        self.for_each_child(|child| {
            facts.height = facts.height.max(child.facts.height);
            facts.is_data &= child.facts.is_data;
            facts.is_total &= child.facts.is_total;
            facts.has_effect |= child.facts.has_effect;
        });
        facts.height = facts.height.saturating_add(1);
        facts.is_data &= matches!(
            self,
            Self::Literal(_) | Self::Tuple(_) | Self::Array(_) | Self::Variant(..) | Self::Call(Op::Wrap, _)
        );
        facts.is_total &= match self {
            Self::Literal(_)
            | Self::Local(_)
            | Self::Field(..)
            | Self::Variant(..)
            | Self::Tuple(_)
            | Self::Array(_)
            | Self::Lambda(..) => true,
            Self::Call(op, _) => {
                matches!(op, Op::Map | Op::Filter | Op::Count | Op::Wrap | Op::Unwrap | Op::Index | Op::Eq)
            }
            _ => false,
        };
        facts
    }
}

impl Lowerer<'_> {
    /// A new node; counted, since inlining may make very many of a small source.
    pub(super) fn node(&mut self, kind: NodeKind, ty: TypeId, span: Span) -> Lower<Node> {
        self.nodes += 1;
        let span = self.site.unwrap_or(span);
        if self.nodes > EXPR_COUNT {
            let message =
                format!("the program has more than {EXPR_COUNT} expressions once all functions are inlined");
            let hint = match self.inlining.last().and_then(|def| self.state.world.def(*def)) {
                Some(def) => format!(
                    "that was while `{}` was inlined; functions that call others twice, which call others twice, grow fast",
                    def.path
                ),
                None => "functions that call others twice, which call others twice, grow fast".to_owned(),
            };
            return Err(Box::new(Diagnostic::error("program_limit", span, message).hint(hint)));
        }
        self.charge(1, size_of::<Node>(), span)?;
        let effect = match &kind {
            NodeKind::External(function, _) => {
                let external = self.externals.get(*function as usize);
                external.is_none_or(|external| !READS.contains(&external.path.as_str()))
            }
            _ => false,
        };
        let facts = kind.facts(effect);
        if facts.height as usize > limits::INLINE_DEPTH {
            return Err(self.too_deep(span));
        }
        Ok(Node { kind, ty, span, facts })
    }

    pub(super) fn local(&mut self, local: u32, ty: TypeId, span: Span) -> Lower<Node> {
        self.node(NodeKind::Local(local), ty, span)
    }

    pub(super) fn call_op(&mut self, op: Op, args: Vec<Node>, ty: TypeId, span: Span) -> Lower<Node> {
        self.node(NodeKind::Call(op, args), ty, span)
    }

    pub(super) fn unit(&mut self, span: Span) -> Lower<Node> {
        let ty = self.unit_type();
        self.node(NodeKind::Tuple(Vec::new()), ty, span)
    }

    pub(super) fn text(&mut self, text: &str, span: Span) -> Lower<Node> {
        let ty = self.prim(Prim::Text);
        self.node(NodeKind::Literal(Literal::Text(text.into())), ty, span)
    }

    /// A field of a tuple; of a tuple that stands there, the field itself where nothing is lost.
    pub(super) fn field(&mut self, tuple: Node, index: u32, ty: TypeId, span: Span) -> Lower<Node> {
        if let NodeKind::Tuple(items) = &tuple.kind {
            let mut others = items.iter().enumerate().filter(|(at, _)| *at != index as usize);
            if others.all(|(_, item)| item.is_total())
                && let NodeKind::Tuple(items) = tuple.kind
            {
                let found = items.into_iter().nth(index as usize);
                return found.ok_or_else(|| super::internal(span));
            }
        }
        self.node(NodeKind::Field(Box::new(tuple), index), ty, span)
    }

    /// A node that may be used any number of times; what is not trivial is bound first, a tuple field by field.
    pub(super) fn share(&mut self, node: Node, lets: &mut Lets) -> Lower<Node> {
        if node.is_trivial() {
            return Ok(node);
        }
        let (ty, span) = (node.ty, node.span);
        match node.kind {
            NodeKind::Tuple(items) => {
                let items = items.into_iter().map(|item| self.share(item, lets)).collect::<Lower<_>>()?;
                let kind = NodeKind::Tuple(items);
                let facts = kind.facts(false);
                Ok(Node { kind, ty, span, facts })
            }
            NodeKind::Let(inner, body) => {
                lets.append(inner);
                self.share(*body, lets)
            }
            _ => {
                let local = self.fresh();
                lets.push(local, node);
                self.local(local, ty, span)
            }
        }
    }

    /// A copy of a shared node, which counts.
    pub(super) fn copy(&mut self, node: &Node, span: Span) -> Lower<Node> {
        let kind = match &node.kind {
            NodeKind::Tuple(items) => {
                NodeKind::Tuple(items.iter().map(|item| self.copy(item, span)).collect::<Lower<_>>()?)
            }
            NodeKind::Field(tuple, index) => NodeKind::Field(Box::new(self.copy(tuple, span)?), *index),
            kind => kind.clone(),
        };
        self.node(kind, node.ty, span)
    }

    /// A copy of a field of a shared node.
    pub(super) fn shared_field(&mut self, tuple: &Node, index: u32, ty: TypeId, span: Span) -> Lower<Node> {
        match &tuple.kind {
            NodeKind::Tuple(items) => {
                let item = items.get(index as usize).ok_or_else(|| super::internal(span))?;
                self.copy(item, span)
            }
            _ => {
                let tuple = self.copy(tuple, span)?;
                self.field(tuple, index, ty, span)
            }
        }
    }

    pub(super) fn fields_of(&self, ty: TypeId) -> Vec<TypeId> {
        match self.types.get(ty) {
            Some(Type::Tuple(fields)) => fields.iter().map(|field| field.ty).collect(),
            _ => Vec::new(),
        }
    }
}
