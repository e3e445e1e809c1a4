//! Calls of functions that have no body: standard operations, and functions of the runner.

use std::rc::Rc;

use runner_core::{External, Op, Param, TypeId};

use super::{
    Lower, Lowerer,
    call::Arg,
    env::Instance,
    internal,
    node::{Lets, Node, NodeKind},
};
use crate::{
    diagnostic::Diagnostic,
    library::{Intrinsic, intrinsic},
    resolve::DefId,
    syntax::Span,
};

impl<'a> Lowerer<'a> {
    pub(super) fn call_external(
        &mut self,
        def: DefId,
        instance: &Rc<Instance>,
        args: Vec<Arg<'a>>,
        ty: TypeId,
        span: Span,
    ) -> Lower<Node> {
        let state = self.state;
        let (Some(info), Some(signature)) = (state.world.def(def), state.signature(def)) else {
            return Err(internal(span));
        };
        let kind = if info.is_std { intrinsic(&info.path) } else { Intrinsic::External };
        if let (Intrinsic::Op(op @ (Op::Sort | Op::SortDesc)), Some([_, key])) =
            (kind, signature.params.get(..2))
        {
            let (types, result) = self.func_type(key.ty, instance, span)?;
            return self.sort(op, args, &types, result, span);
        }
        let mut nodes = Vec::new();
        let mut params = Vec::new();
        for (param, arg) in signature.params.iter().zip(args) {
            match arg {
                Arg::Value(node) => {
                    params.push(if param.is_const { Param::Const(node.ty) } else { Param::Value(node.ty) });
                    nodes.push(node);
                }
                Arg::Shared(node, place) => {
                    params.push(if param.is_const { Param::Const(node.ty) } else { Param::Value(node.ty) });
                    nodes.push(self.copy(&node, place)?);
                }
                Arg::Func(func) => {
                    let (types, result) = self.func_type(param.ty, instance, span)?;
                    nodes.push(self.lambda(&func, &types, result, span)?);
                    params.push(Param::Function { params: types, result });
                }
            }
        }
        match kind {
            Intrinsic::Op(Op::ToText) => {
                let value = only(nodes, span)?;
                self.text_of(value)
            }
            Intrinsic::Op(Op::Cast) => {
                let value = only(nodes, span)?;
                if value.ty == ty { Ok(value) } else { self.call_op(Op::Cast, vec![value], ty, span) }
            }
            Intrinsic::Op(op) => self.call_op(op, nodes, ty, span),
            Intrinsic::Default => self.default(ty, span),
            Intrinsic::ToColumnar => {
                let rows = only(nodes, span)?;
                self.columns(rows, ty, span)
            }
            Intrinsic::FromColumnar => {
                let columns = only(nodes, span)?;
                self.rows(columns, ty, span)
            }
            Intrinsic::Shift(op) => {
                let item = self.types.as_array(ty).ok_or_else(|| internal(span))?;
                nodes.push(self.default(item, span)?);
                self.call_op(op, nodes, ty, span)
            }
            Intrinsic::External => {
                for (param, node) in params.iter().zip(&nodes) {
                    if matches!(param, Param::Const(_)) && !matches!(node.kind, NodeKind::Literal(_)) {
                        let message = "this argument must be a literal, or a constant that is one";
                        return Err(Box::new(Diagnostic::error("not_constant", node.span, message)));
                    }
                }
                let path = if info.is_std { format!("std::{}", info.path) } else { info.path.to_string() };
                let external = External { path, params, result: ty };
                let index = self.external(external);
                self.node(NodeKind::External(index, nodes), ty, span)
            }
        }
    }

    /// The index of an external function, which is added if it is new.
    fn external(&mut self, external: External) -> u32 {
        let ids = self.external_ids.entry(external.path.clone()).or_default();
        let known = ids.iter().find(|id| self.externals.get(**id as usize) == Some(&external));
        if let Some(known) = known {
            return *known;
        }
        let id = self.externals.len() as u32;
        ids.push(id);
        self.externals.push(external);
        id
    }

    /// An array for each field of the items.
    fn columns(&mut self, rows: Node, ty: TypeId, span: Span) -> Lower<Node> {
        let item = self.types.as_array(rows.ty).ok_or_else(|| internal(span))?;
        let mut lets = Lets::default();
        let rows = self.share(rows, &mut lets)?;
        let mut columns = Vec::new();
        for (index, field) in self.fields_of(item).into_iter().enumerate() {
            let source = self.copy(&rows, span)?;
            let local = self.fresh();
            let row = self.local(local, item, span)?;
            let body = self.field(row, index as u32, field, span)?;
            let lambda = self.node(NodeKind::Lambda(vec![(local, item)], Box::new(body)), field, span)?;
            let column = self.array_type(field);
            columns.push(self.call_op(Op::Map, vec![source, lambda], column, span)?);
        }
        let tuple = self.node(NodeKind::Tuple(columns), ty, span)?;
        Ok(lets.around(tuple))
    }

    fn rows(&mut self, columns: Node, ty: TypeId, span: Span) -> Lower<Node> {
        let mut lets = Lets::default();
        let columns = self.share(columns, &mut lets)?;
        let mut arrays = Vec::new();
        for (index, array) in self.fields_of(columns.ty).into_iter().enumerate() {
            arrays.push(self.shared_field(&columns, index as u32, array, span)?);
        }
        let zip = self.call_op(Op::Zip, arrays, ty, span)?;
        Ok(lets.around(zip))
    }
}

fn only(nodes: Vec<Node>, span: Span) -> Lower<Node> {
    nodes.into_iter().next().ok_or_else(|| internal(span))
}
