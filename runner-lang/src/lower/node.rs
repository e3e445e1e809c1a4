//! A program as a tree that is still being built.

use runner_core::{Literal, Op, Prim, Type, TypeId, limits::EXPR_COUNT};

use super::{Lower, Lowerer};
use crate::{diagnostic::Diagnostic, syntax::Span};

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    pub(super) ty: TypeId,
    pub(super) span: Span,
}

/// As [`runner_core::Kind`], with children in place of indices.
#[derive(Debug, Clone)]
pub(super) enum NodeKind {
    Literal(Literal),
    Local(u32),
    Let(Vec<(u32, Node)>, Box<Node>),
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

impl Node {
    /// Binds locals around a node.
    pub(super) fn wrap(mut lets: Vec<(u32, Node)>, body: Node) -> Node {
        if lets.is_empty() {
            return body;
        }
        let (ty, span) = (body.ty, body.span);
        let body = match body.kind {
            NodeKind::Let(inner, body) => {
                lets.extend(inner);
                body
            }
            _ => Box::new(body),
        };
        Node { kind: NodeKind::Let(lets, body), ty, span }
    }

    /// Whether it costs nothing to evaluate it again, and it is small.
    pub(super) fn is_trivial(&self) -> bool {
        match &self.kind {
            NodeKind::Literal(_) | NodeKind::Local(_) => true,
            NodeKind::Field(tuple, _) => tuple.is_trivial() && !matches!(tuple.kind, NodeKind::Tuple(_)),
            NodeKind::Tuple(items) => items.is_empty(),
            _ => false,
        }
    }

    /// Whether it is made of literals only.
    pub(super) fn is_data(&self) -> bool {
        match &self.kind {
            NodeKind::Literal(_) => true,
            NodeKind::Tuple(items) | NodeKind::Array(items) => items.iter().all(Self::is_data),
            NodeKind::Variant(_, payload) => payload.is_data(),
            NodeKind::Call(Op::Wrap, args) => args.iter().all(Self::is_data),
            _ => false,
        }
    }

    /// Whether evaluating it can't fail, so that it may be left out.
    pub(super) fn is_total(&self) -> bool {
        match &self.kind {
            NodeKind::Literal(_) | NodeKind::Local(_) => true,
            NodeKind::Field(inner, _) | NodeKind::Variant(_, inner) => inner.is_total(),
            NodeKind::Tuple(items) | NodeKind::Array(items) => items.iter().all(Self::is_total),
            NodeKind::Call(Op::Map | Op::Filter, args) => args.iter().all(Self::is_total),
            NodeKind::Call(Op::Count | Op::Wrap | Op::Unwrap | Op::Index | Op::Eq, args) => {
                args.iter().all(Self::is_total)
            }
            NodeKind::Lambda(_, body) => body.is_total(),
            _ => false,
        }
    }
}

impl Lowerer<'_> {
    /// A new node; counted, since inlining may make very many of a small source.
    pub(super) fn node(&mut self, kind: NodeKind, ty: TypeId, span: Span) -> Lower<Node> {
        self.nodes += 1;
        if self.nodes > EXPR_COUNT {
            let message =
                format!("the program has more than {EXPR_COUNT} expressions once all functions are inlined");
            let hint = "functions that call others twice, which call others twice, grow fast";
            return Err(Box::new(Diagnostic::error("program_limit", span, message).hint(hint)));
        }
        Ok(Node { kind, ty, span: self.site.unwrap_or(span) })
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
    pub(super) fn share(&mut self, node: Node, lets: &mut Vec<(u32, Node)>) -> Lower<Node> {
        if node.is_trivial() {
            return Ok(node);
        }
        let (ty, span) = (node.ty, node.span);
        match node.kind {
            NodeKind::Tuple(items) => {
                let items = items.into_iter().map(|item| self.share(item, lets)).collect::<Lower<_>>()?;
                Ok(Node { kind: NodeKind::Tuple(items), ty, span })
            }
            NodeKind::Let(inner, body) => {
                lets.extend(inner);
                self.share(*body, lets)
            }
            _ => {
                let local = self.fresh();
                lets.push((local, node));
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
