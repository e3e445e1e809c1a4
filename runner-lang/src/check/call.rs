//! Paths, calls and pipes.

use std::collections::HashMap;

use super::{
    expr::parameters,
    infer::{Infer, Local},
    tree::{Argument, Callee, SigParam, TExpr, TKind},
    types::{Field, FuncType, Name, Node, ParamId, Ty},
};
use crate::{
    diagnostic::Diagnostic,
    habits::with_suggestion,
    resolve::{DefId, DefKind, Entry, similar, with_hint},
    syntax::{Arg, Expr, ExprKind, Path, Span},
};

/// Parameters that a message names.
const MISSING: usize = 60;

/// What is called or used as a value.
enum Target {
    Local(Local),
    Def {
        def: DefId,
        params: Vec<SigParam>,
        result: Ty,
        type_args: Vec<Ty>,
        is_const: bool,
    },
    /// Frames a value of the first type.
    Constructor {
        inner: Ty,
        framed: Ty,
        label: Option<&'static str>,
    },
}

impl Infer<'_> {
    pub(super) fn path(&mut self, path: &Path, expected: Option<Ty>) -> TExpr {
        let span = path.span;
        let Some(target) = self.target(path, expected) else { return self.poisoned(span, expected) };
        let (kind, ty) = match target {
            Target::Local(local) => (TKind::Local(local.id), local.ty),
            Target::Constructor { inner, framed, .. } => {
                let ty = self.state.types.func(vec![Field { name: None, ty: inner }], framed);
                (TKind::Constructor, ty)
            }
            Target::Def { def, result, type_args, is_const: true, .. } => {
                (TKind::Def { def, type_args }, result)
            }
            Target::Def { def, params, result, type_args, .. } => {
                if let Some(param) = params.iter().find(|param| param.is_const) {
                    let message = format!(
                        "the parameter `{}` is `const`, so the function can only be called, not given to another",
                        param.name
                    );
                    self.error(Diagnostic::error("const_parameter", span, message));
                    return self.poisoned(span, expected);
                }
                let fields =
                    params.iter().map(|param| Field { name: param.label.clone(), ty: param.ty }).collect();
                let ty = self.state.types.func(fields, result);
                let kind = match self.state.world.def(def).map(|def| def.kind) {
                    Some(DefKind::Framed(_)) => TKind::Constructor,
                    _ => TKind::Def { def, type_args },
                };
                (kind, ty)
            }
        };
        let expr = TExpr { kind, ty, span };
        self.expect(expr, expected)
    }

    /// What a path names, if it is a value or a function.
    fn target(&mut self, path: &Path, expected: Option<Ty>) -> Option<Target> {
        if let [only] = path.names.as_slice()
            && let Some(local) = self.local(&only.name)
        {
            return Some(Target::Local(local));
        }
        let entry = match self.state.world.lookup(self.module, path) {
            Ok(entry) => entry,
            Err(why) => {
                let suggests = self.diagnostics.is_rendered();
                let world = &self.state.world;
                let diagnostic = match path.names.as_slice() {
                    [only] if suggests => {
                        let locals = self.locals.iter().map(|(name, _)| name);
                        let names = locals.chain(world.names_in_scope(self.module));
                        let diagnostic = world.explain(self.module, path, why, false);
                        with_suggestion(diagnostic, &only.name, names)
                    }
                    _ => world.explain(self.module, path, why, suggests),
                };
                self.error(diagnostic);
                return None;
            }
        };
        match entry {
            Entry::Error => None,
            Entry::Module(_) => {
                let name = path.names.last().map_or("", |name| &name.name);
                let message = format!("expected a value, but `{name}` is a module");
                self.error(Diagnostic::error("not_a_value", path.span, message));
                None
            }
            Entry::Prim(prim) => {
                let field = super::lookup::prim_field(prim);
                match (prim.framed(), field) {
                    (Some(inner), Some(label)) => Some(Target::Constructor {
                        inner: self.state.types.prim(inner),
                        framed: self.state.types.prim(prim),
                        label,
                    }),
                    _ => self.type_as_value(prim.name(), path.span),
                }
            }
            Entry::Def(def) => self.def_target(def, path, expected),
        }
    }

    fn type_as_value(&mut self, name: &str, span: Span) -> Option<Target> {
        let message = format!("expected a value, but `{name}` is a type");
        self.error(Diagnostic::error("not_a_value", span, message));
        None
    }

    fn def_target(&mut self, def: DefId, path: &Path, expected: Option<Ty>) -> Option<Target> {
        let kind = self.state.world.def(def)?.kind;
        let name = path.names.last().map_or("", |name| &name.name);
        match kind {
            DefKind::Alias(_) => return self.type_as_value(name, path.span),
            DefKind::Anno => {
                let message = format!("expected a value, but `{name}` is an annotation");
                self.error(Diagnostic::error("not_a_value", path.span, message));
                return None;
            }
            DefKind::Const | DefKind::Func | DefKind::External | DefKind::Framed(_) => {}
        }
        let signature = self.state.signature(def)?;
        let parts = signature.params.len() + signature.type_params.len();
        if !self.state.types.budget().charge(parts, parts * size_of::<SigParam>()) {
            return None;
        }
        let signature = signature.clone();
        let result = signature.result.unwrap_or_else(|| self.state.types.error());
        let with = self.instantiate(&signature.type_params, path.span, name);
        let _ = expected;
        let params = signature
            .params
            .into_iter()
            .map(|param| SigParam { ty: self.state.types.replace(param.ty, &with), ..param })
            .collect();
        let result = self.state.types.replace(result, &with);
        let type_args = with.iter().map(|(_, ty): &(ParamId, Ty)| *ty).collect();
        Some(Target::Def { def, params, result, type_args, is_const: signature.is_const })
    }

    /// A call; `piped` is what a pipe gives as the first argument.
    pub(super) fn call(
        &mut self,
        function: &Path,
        piped: Option<&Expr>,
        args: &[Arg],
        span: Span,
        expected: Option<Ty>,
    ) -> TExpr {
        let Some(target) = self.target(function, expected) else {
            for value in piped.into_iter().chain(args.iter().map(|arg| &arg.value)) {
                let ignored = self.expr(value, None);
                self.state.types.poison(ignored.ty);
            }
            return self.poisoned(span, expected);
        };
        let name = function.names.last().map_or("", |name| &name.name);
        let mut call = Call { name, function: function.span, span, piped, args };
        match target {
            Target::Local(local) => self.call_value(&call, local.ty, Callee::Local(local.id), expected),
            Target::Constructor { inner, framed, label } => {
                let param = sig_param(label.unwrap_or("value"), label, inner);
                self.call_known(&call, &[param], framed, Callee::Constructor, expected)
            }
            Target::Def { def, result, type_args, is_const: true, .. } => {
                self.call_value(&call, result, Callee::Def { def, type_args }, expected)
            }
            Target::Def { def, params, result, type_args, .. } => {
                let callee = match self.state.world.def(def).map(|def| def.kind) {
                    Some(DefKind::Framed(_)) => Callee::Constructor,
                    _ => Callee::Def { def, type_args },
                };
                call.name = name;
                self.call_known(&call, &params, result, callee, expected)
            }
        }
    }

    /// Calls a value of a function type, which may not be known yet.
    fn call_value(&mut self, call: &Call<'_>, ty: Ty, callee: Callee, expected: Option<Ty>) -> TExpr {
        match self.state.types.head(ty) {
            Node::Func(func) => {
                let params: Vec<_> = func_params(&func);
                self.call_known(call, &params, func.result, callee, expected)
            }
            Node::Var(_) => {
                let values: Vec<TExpr> = call.values().map(|(_, value)| self.expr(value, None)).collect();
                if let Some(arg) = call.args.iter().find(|arg| arg.label.is_some()) {
                    let message = "labels need a function whose type is known here";
                    self.error(Diagnostic::error("unknown_label", arg.value.span, message));
                }
                let fields = values.iter().map(|value| Field { name: None, ty: value.ty }).collect();
                let result = self.expected_or_var(expected, call.span);
                let func = self.state.types.func(fields, result);
                self.equal(ty, func, call.function);
                let args = values.into_iter().map(Argument::Given).collect();
                TExpr { kind: TKind::Call { callee, args }, ty: result, span: call.span }
            }
            node => {
                if !matches!(node, Node::Error) {
                    let shown = self.state.types.show(ty);
                    let message = format!("`{}` is no function, it is of type {shown}", call.name);
                    self.error(Diagnostic::error("not_a_function", call.function, message));
                }
                for (_, value) in call.values() {
                    let ignored = self.expr(value, None);
                    self.state.types.poison(ignored.ty);
                }
                self.poisoned(call.span, expected)
            }
        }
    }

    fn call_known(
        &mut self,
        call: &Call<'_>,
        params: &[SigParam],
        result: Ty,
        callee: Callee,
        expected: Option<Ty>,
    ) -> TExpr {
        // What the context asks for tells the types of arguments.
        let fits = expected.is_none_or(|expected| self.equal(expected, result, call.span));
        let mut slots: Vec<Option<TExpr>> = params.iter().map(|_| None).collect();
        self.state.types.budget().charge(params.len(), params.len() * size_of::<TExpr>());
        let labels: HashMap<&Name, usize> = match call.args.iter().any(|arg| arg.label.is_some()) {
            true => {
                let labels = params.iter().enumerate().rev();
                labels.filter_map(|(index, param)| Some((param.label.as_ref()?, index))).collect()
            }
            false => HashMap::new(),
        };
        let mut extra = 0;
        let mut labelled = false;
        let mut broken = false;
        for (position, (label, value)) in call.values().enumerate() {
            let index = match label {
                None if labelled => {
                    let message = "an argument by position can't follow a labelled one";
                    self.error(Diagnostic::error("argument_order", value.span, message));
                    broken = true;
                    None
                }
                None if position < params.len() => Some(position),
                None => {
                    extra += 1;
                    None
                }
                Some(label) => {
                    labelled = true;
                    let found = labels.get(&label.name).copied();
                    if found.is_none() {
                        let labels = labels.keys().filter(|_| self.diagnostics.is_rendered()).copied();
                        let is_name = params.iter().any(|param| param.name == label.name);
                        let message = format!("`{}` has no label `{}`", call.name, label.name);
                        let diagnostic = Diagnostic::error("unknown_label", label.span, message);
                        self.error(if is_name {
                            diagnostic.hint("a parameter's name is no label; give it by position")
                        } else {
                            with_hint(diagnostic, similar(&label.name, labels))
                        });
                        broken = true;
                    }
                    found
                }
            };
            let checked = self.expr(value, index.and_then(|index| params.get(index)).map(|param| param.ty));
            match index.and_then(|index| slots.get_mut(index).map(|slot| (index, slot))) {
                Some((_, slot @ None)) => *slot = Some(checked),
                Some((index, Some(_))) => {
                    let name =
                        params.get(index).map_or("", |param| param.label.as_ref().unwrap_or(&param.name));
                    let message = format!("the parameter `{name}` of `{}` is given twice", call.name);
                    broken = true;
                    self.error(Diagnostic::error("argument_twice", value.span, message));
                }
                None => self.state.types.poison(checked.ty),
            }
        }
        if extra > 0 {
            let message = format!(
                "`{}` takes {}, but {} arguments are given",
                call.name,
                parameters(params.len()),
                call.values().count()
            );
            self.error(Diagnostic::error("argument_count", call.span, message));
        }
        let mut args = Vec::new();
        let mut missing = Vec::new();
        for (param, slot) in params.iter().zip(slots) {
            match slot {
                Some(value) => args.push(Argument::Given(value)),
                None if param.has_default => args.push(Argument::Default),
                None => {
                    missing.push(format!("`{}`", param.label.as_ref().unwrap_or(&param.name)));
                    self.state.types.poison(param.ty);
                }
            }
        }
        if !missing.is_empty() && !broken {
            let more = if missing.len() > MISSING { ", ..." } else { "" };
            let shown = missing.get(..MISSING).unwrap_or(&missing).join(", ");
            let message = format!("`{}` needs {} more: {shown}{more}", call.name, count_words(missing.len()));
            self.error(Diagnostic::error("argument_count", call.span, message));
        }
        if !fits || !missing.is_empty() {
            self.state.types.poison(result);
            return self.poisoned(call.span, expected);
        }
        let ty = expected.unwrap_or(result);
        TExpr { kind: TKind::Call { callee, args }, ty, span: call.span }
    }

    pub(super) fn pipe(&mut self, left: &Expr, right: &Expr, span: Span, expected: Option<Ty>) -> TExpr {
        match &right.kind {
            ExprKind::Paren(inner) => self.pipe(left, inner, span, expected),
            ExprKind::Path(path) => self.call(path, Some(left), &[], span, expected),
            ExprKind::Call { function, args } => self.call(function, Some(left), args, span, expected),
            ExprKind::Lambda(func) => match func.params.as_slice() {
                [param] => {
                    let depth = self.locals.len();
                    let ty = param.ty.as_ref().map(|ty| self.written(ty));
                    let value = self.expr(left, ty);
                    let local = self.bind(&param.name.name, ty.unwrap_or(value.ty), false);
                    let result = func.result.as_ref().map(|ty| self.written(ty));
                    let body = self.expr(&func.body, result.or(expected));
                    let body = if result.is_some() { self.expect(body, expected) } else { body };
                    self.locals.truncate(depth);
                    let ty = body.ty;
                    let bindings = vec![(local, value)];
                    TExpr { kind: TKind::Let { bindings, body: Box::new(body) }, ty, span }
                }
                params => {
                    let message = format!("a pipe gives one argument, this function takes {}", params.len());
                    self.error(Diagnostic::error("parameter_count", right.span, message));
                    let ignored = self.expr(left, None);
                    self.state.types.poison(ignored.ty);
                    self.poisoned(span, expected)
                }
            },
            _ => {
                let ignored = self.expr(left, None);
                self.state.types.poison(ignored.ty);
                // The parser has reported it.
                self.poisoned(span, expected)
            }
        }
    }
}

/// A call as written.
struct Call<'a> {
    name: &'a str,
    function: Span,
    span: Span,
    piped: Option<&'a Expr>,
    args: &'a [Arg],
}

impl<'a> Call<'a> {
    fn values(&self) -> impl Iterator<Item = (Option<&'a crate::syntax::Ident>, &'a Expr)> + use<'a> {
        let piped = self.piped.into_iter().map(|piped| (None, piped));
        piped.chain(self.args.iter().map(|arg| (arg.label.as_ref(), &arg.value)))
    }
}

fn count_words(count: usize) -> String {
    if count == 1 { "1 argument".to_owned() } else { format!("{count} arguments") }
}

fn sig_param(name: &str, label: Option<&str>, ty: Ty) -> SigParam {
    let label = label.map(Into::into);
    SigParam { name: name.into(), label, ty, is_const: false, has_default: false, default: None }
}

fn func_params(func: &FuncType) -> Vec<SigParam> {
    func.params
        .iter()
        .map(|param| sig_param(param.name.as_deref().unwrap_or("_"), param.name.as_deref(), param.ty))
        .collect()
}
