//! Expressions.

use std::{collections::HashMap, rc::Rc};

use runner_core::{Literal, Op, Prim, Type, TypeId};

use super::{
    Lower, Lowerer,
    env::{Binding, Env},
    internal,
    node::{Lets, Node, NodeKind},
    unbound,
};
use crate::{
    check::{
        number,
        tree::{Key, LocalId, TExpr, TItem, TKind},
        types::Name,
    },
    diagnostic::Diagnostic,
    limits,
    syntax::Span,
};

/// Parts of a type from which on their names are put into a table.
const TABLE: usize = 16;

impl<'a> Lowerer<'a> {
    /// Counts a level; what lies beyond the limit would overflow the stack.
    pub(super) fn enter(&mut self, span: Span) -> Lower<()> {
        self.depth += 1;
        if self.depth > limits::INLINE_DEPTH {
            return Err(self.too_deep(span));
        }
        self.charge(1, 0, span)
    }

    pub(super) fn too_deep(&self, span: Span) -> Box<Diagnostic> {
        let message = format!("functions and expressions nest deeper than {} levels", limits::INLINE_DEPTH);
        Box::new(Diagnostic::error("program_limit", self.site.unwrap_or(span), message))
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    pub(super) fn expr(&mut self, expr: &'a TExpr, env: &Env<'a>) -> Lower<Node> {
        self.enter(expr.span)?;
        let outer = std::mem::replace(&mut self.site, env.site);
        let node = self.expr_here(expr, env);
        self.site = outer;
        self.leave();
        node
    }

    fn expr_here(&mut self, expr: &'a TExpr, env: &Env<'a>) -> Lower<Node> {
        let span = expr.span;
        match &expr.kind {
            TKind::Error | TKind::Constructor => Err(internal(span)),
            TKind::Let { bindings, body } => self.let_expr(bindings, body, env),
            TKind::Lambda { .. } => Err(internal(span)),
            TKind::Local(local) => match env.get(*local) {
                Some(Binding::Value(node)) => self.copy(node, span),
                _ => Err(unbound(*local, span)),
            },
            _ => {
                let ty = self.convert(expr.ty, &env.instance, span)?;
                self.data_expr(expr, ty, env)
            }
        }
    }

    fn data_expr(&mut self, expr: &'a TExpr, ty: TypeId, env: &Env<'a>) -> Lower<Node> {
        let span = expr.span;
        match &expr.kind {
            TKind::Literal(literal) => self.literal(literal, ty, span),
            TKind::Def { def, type_args } => self.constant(*def, type_args, env, span),
            TKind::Call { callee, args } => self.call(callee, args, ty, env, span),
            TKind::Tuple(items) => self.tuple(items, ty, env, span),
            TKind::Array(items) => {
                let items = items.iter().map(|item| self.expr(item, env)).collect::<Lower<_>>()?;
                self.node(NodeKind::Array(items), ty, span)
            }
            TKind::Variant { name, payload } => {
                let (index, _) = self.variant_of(ty, name, span)?;
                let payload = match payload {
                    Some(payload) => self.expr(payload, env)?,
                    None => self.unit(span)?,
                };
                self.node(NodeKind::Variant(index, Box::new(payload)), ty, span)
            }
            TKind::Field { tuple, key } => {
                if let Some((item, place)) = self.shared_item(expr, env) {
                    return self.copy(item, place);
                }
                let tuple = self.expr(tuple, env)?;
                self.lookup(tuple, key, ty, span)
            }
            TKind::Index { array, index } => {
                let array = self.expr(array, env)?;
                let index = self.expr(index, env)?;
                let option = self.option_type(ty);
                let found = self.call_op(Op::Index, vec![array, index], option, span)?;
                let fallback = self.default(ty, span)?;
                self.or_else(found, fallback, ty, span)
            }
            TKind::Coalesce { option, fallback } => {
                let option = self.expr(option, env)?;
                let fallback = self.expr(fallback, env)?;
                self.or_else(option, fallback, ty, span)
            }
            TKind::If { condition, then, otherwise } => {
                let branches =
                    [self.expr(condition, env)?, self.expr(then, env)?, self.expr(otherwise, env)?];
                self.node(NodeKind::If(Box::new(branches)), ty, span)
            }
            TKind::Match { subject, arms } => self.match_expr(subject, arms, ty, env, span),
            TKind::Concat(parts) => {
                let mut texts = Vec::new();
                for part in parts {
                    let part = self.expr(part, env)?;
                    texts.push(self.text_of(part)?);
                }
                match texts.len() {
                    0 => self.text("", span),
                    1 => texts.pop().ok_or_else(|| internal(span)),
                    _ => self.call_op(Op::Concat, texts, ty, span),
                }
            }
            TKind::Op { op, args } => {
                let args = args.iter().map(|arg| self.expr(arg, env)).collect::<Lower<_>>()?;
                self.call_op(*op, args, ty, span)
            }
            TKind::Error
            | TKind::Constructor
            | TKind::Lambda { .. }
            | TKind::Local(_)
            | TKind::Let { .. } => Err(internal(span)),
        }
    }

    pub(super) fn literal(
        &mut self,
        literal: &crate::syntax::Literal,
        ty: TypeId,
        span: Span,
    ) -> Lower<Node> {
        let prim = self.types.as_prim(ty).ok_or_else(|| internal(span))?;
        let value = number(literal, prim)
            .map_err(|words| Box::new(Diagnostic::error("literal_out_of_range", span, words)))?;
        self.node(NodeKind::Literal(value), ty, span)
    }

    fn let_expr(&mut self, bindings: &'a [(LocalId, TExpr)], body: &'a TExpr, env: &Env<'a>) -> Lower<Node> {
        let mut lets = Lets::default();
        let mut env = env.clone();
        for (local, value) in bindings {
            let binding = self.binding(value, &env, &mut lets)?;
            env = env.with(*local, binding);
        }
        let body = self.expr(body, &env)?;
        Ok(lets.around(body))
    }

    /// What a local stands for, or a field of it if that is a tuple whose fields have been bound one by one; and where
    /// the local stands.
    fn shared_item<'e>(&mut self, expr: &TExpr, env: &'e Env<'a>) -> Option<(&'e Node, Span)> {
        match &expr.kind {
            TKind::Local(local) => match env.get(*local) {
                Some(Binding::Value(node)) => Some((node, expr.span)),
                _ => None,
            },
            TKind::Field { tuple, key } => {
                let (tuple, place) = self.shared_item(tuple, env)?;
                let NodeKind::Tuple(items) = &tuple.kind else { return None };
                let index = match key {
                    Key::Position(index) => *index,
                    Key::Name(name) => self.position(tuple.ty, name)?,
                };
                Some((items.get(index as usize)?, place))
            }
            _ => None,
        }
    }

    /// The position of the first field of a tuple, or of the variant of an enum, of this name.
    fn position(&mut self, ty: TypeId, name: &str) -> Option<u32> {
        let names: Box<dyn Iterator<Item = Option<&String>>> = match self.types.get(ty)? {
            Type::Tuple(fields) if fields.len() <= TABLE => {
                let index = fields.iter().position(|field| field.name.as_deref() == Some(name));
                return index.map(|index| index as u32);
            }
            Type::Enum(variants) if variants.len() <= TABLE => {
                let index = variants.iter().position(|variant| variant.name == name);
                return index.map(|index| index as u32);
            }
            Type::Tuple(fields) => Box::new(fields.iter().map(|field| field.name.as_ref())),
            Type::Enum(variants) => Box::new(variants.iter().map(|variant| Some(&variant.name))),
            _ => return None,
        };
        let table = self.names.entry(ty).or_insert_with(|| {
            let mut table = HashMap::new();
            for (index, name) in (0..).zip(names) {
                if let Some(name) = name {
                    table.entry(name.clone()).or_insert(index);
                }
            }
            table
        });
        table.get(name).copied()
    }

    /// What a local stands for that is bound to this expression.
    pub(super) fn binding(&mut self, value: &'a TExpr, env: &Env<'a>, lets: &mut Lets) -> Lower<Binding<'a>> {
        if self.state.types.is_func(value.ty) {
            return Ok(Binding::Func(self.func(value, env, lets)?));
        }
        if let TKind::Local(local) = &value.kind
            && let Some(Binding::Value(node)) = env.get(*local)
        {
            return Ok(Binding::Value(Rc::clone(node)));
        }
        let node = self.expr(value, env)?;
        Ok(Binding::Value(Rc::new(self.share(node, lets)?)))
    }

    fn tuple(&mut self, items: &'a [TItem], ty: TypeId, env: &Env<'a>, span: Span) -> Lower<Node> {
        let mut lets = Lets::default();
        let mut fields = Vec::new();
        for item in items {
            match item {
                TItem::Field(field) => fields.push(self.expr(field, env)?),
                TItem::Splice(tuple) => {
                    let node = self.expr(tuple, env)?;
                    let node = self.share(node, &mut lets)?;
                    for (index, ty) in self.fields_of(node.ty).into_iter().enumerate() {
                        fields.push(self.shared_field(&node, index as u32, ty, tuple.span)?);
                    }
                }
            }
        }
        let tuple = self.node(NodeKind::Tuple(fields), ty, span)?;
        Ok(lets.around(tuple))
    }

    fn lookup(&mut self, tuple: Node, key: &Key, ty: TypeId, span: Span) -> Lower<Node> {
        let index = match self.types.get(tuple.ty) {
            Some(Type::Tuple(_)) => match key {
                Key::Position(index) => *index,
                Key::Name(name) => self.position(tuple.ty, name).ok_or_else(|| internal(span))?,
            },
            _ => return self.call_op(Op::Unwrap, vec![tuple], ty, span),
        };
        self.field(tuple, index, ty, span)
    }

    /// `.some` gives its payload, `.none` the fallback.
    pub(super) fn or_else(&mut self, option: Node, fallback: Node, ty: TypeId, span: Span) -> Lower<Node> {
        let local = self.fresh();
        let payload = self.local(local, ty, span)?;
        let arms = vec![(0, None, fallback), (1, Some(local), payload)];
        self.node(NodeKind::Switch { subject: Box::new(option), arms, default: None }, ty, span)
    }

    pub(super) fn text_of(&mut self, node: Node) -> Lower<Node> {
        let text = self.prim(Prim::Text);
        if node.ty == text {
            return Ok(node);
        }
        let span = node.span;
        self.call_op(Op::ToText, vec![node], text, span)
    }

    /// Index and payload type of a variant.
    pub(super) fn variant_of(&mut self, ty: TypeId, name: &Name, span: Span) -> Lower<(u32, TypeId)> {
        let index = self.position(ty, name).ok_or_else(|| internal(span))?;
        let variant = self.types.as_enum(ty).and_then(|variants| variants.get(index as usize));
        Ok((index, variant.ok_or_else(|| internal(span))?.ty))
    }

    /// The default value of a type.
    pub(super) fn default(&mut self, ty: TypeId, span: Span) -> Lower<Node> {
        let mut open = Vec::new();
        self.default_of(ty, span, &mut open)
    }

    fn default_of(&mut self, ty: TypeId, span: Span, open: &mut Vec<TypeId>) -> Lower<Node> {
        if open.contains(&ty) {
            let message =
                format!("the type {} has no default: it would contain itself", self.types.display(ty));
            let hint = "put a variant that ends the recursion first";
            return Err(Box::new(
                Diagnostic::error("no_default", self.site.unwrap_or(span), message).hint(hint),
            ));
        }
        self.enter(span)?;
        open.push(ty);
        let node = match self.types.get(ty).cloned() {
            Some(Type::Prim(prim)) => {
                use runner_core::Repr;
                let literal = match prim.repr() {
                    Repr::Bool => Literal::Bool(false),
                    Repr::I8 | Repr::I16 | Repr::I32 | Repr::I64 => Literal::Int(0),
                    Repr::U8 | Repr::U16 | Repr::U32 | Repr::U64 => Literal::Uint(0),
                    Repr::F32 => Literal::Float32(0.0),
                    Repr::F64 => Literal::Float64(0.0),
                    Repr::Text => Literal::Text("".into()),
                };
                self.node(NodeKind::Literal(literal), ty, span)?
            }
            Some(Type::Array(_)) => self.node(NodeKind::Array(Vec::new()), ty, span)?,
            Some(Type::Tuple(fields)) => {
                let fields =
                    fields.iter().map(|field| self.default_of(field.ty, span, open)).collect::<Lower<_>>()?;
                self.node(NodeKind::Tuple(fields), ty, span)?
            }
            Some(Type::Enum(variants)) => {
                let Some(first) = variants.first() else {
                    let message = "an enum without variants has no default";
                    return Err(Box::new(Diagnostic::error(
                        "no_default",
                        self.site.unwrap_or(span),
                        message,
                    )));
                };
                let payload = self.default_of(first.ty, span, open)?;
                self.node(NodeKind::Variant(0, Box::new(payload)), ty, span)?
            }
            Some(Type::Framed { inner, .. }) => {
                let inner = self.default_of(inner, span, open)?;
                self.call_op(Op::Wrap, vec![inner], ty, span)?
            }
            None => return Err(internal(span)),
        };
        open.pop();
        self.leave();
        Ok(node)
    }
}
