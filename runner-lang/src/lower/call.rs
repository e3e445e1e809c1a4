//! Calls, all of which are inlined, and functions as values.

use std::rc::Rc;

use runner_core::{Op, TypeId};

use super::{
    Lower, Lowerer,
    env::{Binding, Env, FuncValue, Instance},
    internal,
    node::{Lets, Node, NodeKind},
    unbound,
};
use crate::{
    check::{
        tree::{Argument, Callee, TExpr, TKind},
        types::{Node as TypeNode, Ty},
    },
    diagnostic::Diagnostic,
    resolve::{DefId, DefKind},
    syntax::Span,
};

/// An argument, evaluated as far as it can be when the program is compiled.
pub(super) enum Arg<'a> {
    Value(Node),
    /// What a local stands for already, and where it is used.
    Shared(Rc<Node>, Span),
    Func(FuncValue<'a>),
}

impl<'a> Lowerer<'a> {
    pub(super) fn call(
        &mut self,
        callee: &'a Callee,
        args: &'a [Argument],
        ty: TypeId,
        env: &Env<'a>,
        span: Span,
    ) -> Lower<Node> {
        let mut lets = Lets::default();
        let func = self.callee(callee, env, &mut lets, span)?;
        let args = self.args(&func, args, env, &mut lets)?;
        let node = self.apply_args(&func, args, ty, env.site, span)?;
        Ok(lets.around(node))
    }

    fn callee(
        &mut self,
        callee: &'a Callee,
        env: &Env<'a>,
        lets: &mut Lets,
        span: Span,
    ) -> Lower<FuncValue<'a>> {
        match callee {
            Callee::Constructor => Ok(FuncValue::Constructor),
            Callee::Local(local) => match env.get(*local) {
                Some(Binding::Func(func)) => Ok(func.clone()),
                _ => Err(unbound(*local, span)),
            },
            Callee::Def { def, type_args } => self.def_func(*def, type_args, env, lets, span),
        }
    }

    fn def_func(
        &mut self,
        def: DefId,
        type_args: &[Ty],
        env: &Env<'a>,
        lets: &mut Lets,
        span: Span,
    ) -> Lower<FuncValue<'a>> {
        let instance = self.instance(def, type_args, &env.instance, span)?;
        let is_const = self.state.world.def(def).is_some_and(|def| def.kind == DefKind::Const);
        match self.state.body(def) {
            // A constant that is a function.
            Some(body) if is_const => {
                let inner = self.body_env(def, instance, env.site, span);
                self.enter(span)?;
                let func = self.func(&body.root, &inner, lets);
                self.leave();
                func
            }
            _ => Ok(FuncValue::Def { def, instance }),
        }
    }

    fn args(
        &mut self,
        func: &FuncValue<'a>,
        args: &'a [Argument],
        env: &Env<'a>,
        lets: &mut Lets,
    ) -> Lower<Vec<Arg<'a>>> {
        let mut lowered = Vec::new();
        for (index, arg) in args.iter().enumerate() {
            lowered.push(match (arg, func) {
                (Argument::Given(arg), _) => self.arg(arg, env, lets)?,
                (Argument::Default, FuncValue::Def { def, instance }) => {
                    let state = self.state;
                    let default = state.signature(*def).and_then(|signature| signature.params.get(index));
                    let default = default.and_then(|param| param.default.as_deref());
                    let default = default.ok_or_else(|| internal(Span::default()))?;
                    let inner = self.body_env(*def, instance.clone(), env.site, default.span);
                    self.arg(default, &inner, lets)?
                }
                (Argument::Default, _) => return Err(internal(Span::default())),
            });
        }
        Ok(lowered)
    }

    fn arg(&mut self, arg: &'a TExpr, env: &Env<'a>, lets: &mut Lets) -> Lower<Arg<'a>> {
        if self.state.types.is_func(arg.ty) {
            Ok(Arg::Func(self.func(arg, env, lets)?))
        } else if let TKind::Local(local) = &arg.kind
            && let Some(Binding::Value(node)) = env.get(*local)
        {
            Ok(Arg::Shared(Rc::clone(node), arg.span))
        } else {
            Ok(Arg::Value(self.expr(arg, env)?))
        }
    }

    /// The environment of a definition's body. Places in the standard library mean nothing to users, so there they
    /// are those of the user's call.
    fn body_env(&self, def: DefId, instance: Rc<Instance>, site: Option<Span>, span: Span) -> Env<'a> {
        let is_std = self.state.world.def(def).is_some_and(|def| def.is_std);
        let mut env = Env::new(instance);
        if is_std {
            env.site = site.or(self.site).or(Some(span));
        }
        env
    }

    /// Which function an expression is.
    pub(super) fn func(&mut self, expr: &'a TExpr, env: &Env<'a>, lets: &mut Lets) -> Lower<FuncValue<'a>> {
        self.enter(expr.span)?;
        let func = self.func_here(expr, env, lets);
        self.leave();
        func
    }

    fn func_here(&mut self, expr: &'a TExpr, env: &Env<'a>, lets: &mut Lets) -> Lower<FuncValue<'a>> {
        let span = expr.span;
        match &expr.kind {
            TKind::Lambda { params, body } => Ok(FuncValue::Lambda { params, body, env: env.clone() }),
            TKind::Constructor => Ok(FuncValue::Constructor),
            TKind::Local(local) => match env.get(*local) {
                Some(Binding::Func(func)) => Ok(func.clone()),
                _ => Err(unbound(*local, span)),
            },
            TKind::Def { def, type_args } => self.def_func(*def, type_args, env, lets, span),
            TKind::Let { bindings, body } => {
                let mut env = env.clone();
                for (local, value) in bindings {
                    let binding = self.binding(value, &env, lets)?;
                    env = env.with(*local, binding);
                }
                self.func(body, &env, lets)
            }
            TKind::Call { callee, args } => {
                let func = self.callee(callee, env, lets, span)?;
                let args = self.args(&func, args, env, lets)?;
                let (body, inner) = self.bind_args(&func, args, lets, env.site, span)?;
                self.func(body, &inner, lets)
            }
            _ => {
                let message = "which function this is must be known when the program is compiled";
                Err(Box::new(Diagnostic::error("function_chosen", span, message)))
            }
        }
    }

    /// The body of a function, and the environment in which its parameters stand for these arguments.
    fn bind_args(
        &mut self,
        func: &FuncValue<'a>,
        args: Vec<Arg<'a>>,
        lets: &mut Lets,
        site: Option<Span>,
        span: Span,
    ) -> Lower<(&'a TExpr, Env<'a>)> {
        let (locals, body, mut env): (Vec<_>, _, _) = match func {
            FuncValue::Lambda { params, body, env } => {
                (params.iter().map(|(local, _)| *local).collect(), *body, env.clone())
            }
            FuncValue::Def { def, instance } => {
                let state = self.state;
                let Some(body) = state.body(*def) else {
                    let message = "a function of the runner can't give a function";
                    return Err(Box::new(Diagnostic::error("function_chosen", span, message)));
                };
                (body.params.clone(), &body.root, self.body_env(*def, instance.clone(), site, span))
            }
            FuncValue::Constructor => return Err(internal(span)),
        };
        for (local, arg) in locals.into_iter().zip(args) {
            let binding = match arg {
                Arg::Func(func) => Binding::Func(func),
                Arg::Shared(node, _) => Binding::Value(node),
                Arg::Value(node) => Binding::Value(Rc::new(self.share(node, lets)?)),
            };
            env = env.with(local, binding);
        }
        Ok((body, env))
    }

    pub(super) fn apply(
        &mut self,
        func: &FuncValue<'a>,
        args: Vec<Node>,
        ty: TypeId,
        span: Span,
    ) -> Lower<Node> {
        self.apply_args(func, args.into_iter().map(Arg::Value).collect(), ty, self.site, span)
    }

    fn apply_args(
        &mut self,
        func: &FuncValue<'a>,
        args: Vec<Arg<'a>>,
        ty: TypeId,
        site: Option<Span>,
        span: Span,
    ) -> Lower<Node> {
        match func {
            FuncValue::Constructor => match args.into_iter().next() {
                Some(Arg::Value(value)) => self.call_op(Op::Wrap, vec![value], ty, span),
                Some(Arg::Shared(value, place)) => {
                    let value = self.copy(&value, place)?;
                    self.call_op(Op::Wrap, vec![value], ty, span)
                }
                _ => Err(internal(span)),
            },
            FuncValue::Def { def, instance } if self.state.body(*def).is_none() => {
                self.call_external(*def, instance, args, ty, span)
            }
            _ => {
                let mut lets = Lets::default();
                let (body, env) = self.bind_args(func, args, &mut lets, site, span)?;
                let def = match func {
                    FuncValue::Def { def, .. } => Some(*def),
                    _ => None,
                };
                self.inlining.extend(def);
                let node = self.expr(body, &env)?;
                if def.is_some() {
                    self.inlining.pop();
                }
                Ok(lets.around(node))
            }
        }
    }

    /// A function as an argument of an operation.
    pub(super) fn lambda(
        &mut self,
        func: &FuncValue<'a>,
        params: &[TypeId],
        result: TypeId,
        span: Span,
    ) -> Lower<Node> {
        let bound: Vec<_> = params.iter().map(|ty| (self.fresh(), *ty)).collect();
        let args = bound.iter().map(|(local, ty)| self.local(*local, *ty, span)).collect::<Lower<_>>()?;
        let body = self.apply(func, args, result, span)?;
        self.node(NodeKind::Lambda(bound, Box::new(body)), result, span)
    }

    /// A constant's value. Data stands once around the program, however often it is used.
    pub(super) fn constant(
        &mut self,
        def: DefId,
        type_args: &[Ty],
        env: &Env<'a>,
        span: Span,
    ) -> Lower<Node> {
        if let Some(known) = self.constants.get(&def).cloned() {
            return self.copy(&known, span);
        }
        let state = self.state;
        let body = state.body(def).ok_or_else(|| internal(span))?;
        let instance = self.instance(def, type_args, &env.instance, span)?;
        let inner = self.body_env(def, instance, env.site, span);
        let node = self.expr(&body.root, &inner)?;
        if node.is_data() && !node.is_trivial() {
            let mut lets = Lets::default();
            let shared = match &node.kind {
                NodeKind::Array(_) => self.share(node, &mut lets)?,
                _ => return Ok(node),
            };
            self.constant_lets.append(lets);
            self.constants.insert(def, shared.clone());
            return Ok(shared);
        }
        Ok(node)
    }

    /// Parameter and result types of a parameter that is a function.
    pub(super) fn func_type(
        &mut self,
        ty: Ty,
        instance: &Rc<Instance>,
        span: Span,
    ) -> Lower<(Vec<TypeId>, TypeId)> {
        let TypeNode::Func(func) = self.state.types.node(self.state.types.head_of(ty)).clone() else {
            return Err(internal(span));
        };
        let params =
            func.params.iter().map(|param| self.convert(param.ty, instance, span)).collect::<Lower<_>>()?;
        Ok((params, self.convert(func.result, instance, span)?))
    }
}
