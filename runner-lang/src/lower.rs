//! From typed trees to a program: every call is inlined and every use of a generic function specialised, so that
//! what is left is first-order and has concrete types.
//!
//! The work goes through [`node::Node`], a tree of program expressions. Arguments become locals, unless they are so
//! small that they can stand in place; [`emit`] drops what is not used and moves what is used once.

mod call;
mod convert;
mod emit;
mod env;
mod expr;
mod intrinsic;
mod matching;
mod node;
mod sort;

use std::{collections::HashMap, rc::Rc};

use runner_core::{External, INPUT, Parts, Program, TypeId, TypeTable};

use crate::{
    budget::Budget,
    check::{
        State,
        tree::{LocalId, TExpr},
        types::NamedId,
    },
    diagnostic::Diagnostic,
    resolve::{DefId, DefKind},
    source::Project,
    syntax::Span,
};
use env::{Env, FuncValue, Instance};
use node::{Lets, Node};

/// What a program is made of.
pub(crate) enum Entry<'a> {
    Def(DefId),
    Expr(&'a TExpr),
}

/// Makes a program of a checked project. `text` is the source of the program's expression.
pub(crate) fn lower(
    state: &State,
    project: &Project,
    text: &str,
    entry: Entry<'_>,
    budget: &Budget,
) -> Result<Program, Box<Diagnostic>> {
    let mut lowerer = Lowerer {
        state,
        budget,
        names: HashMap::new(),
        external_ids: HashMap::new(),
        inlining: Vec::new(),
        types: TypeTable::new(),
        interned: HashMap::new(),
        named: HashMap::new(),
        instances: HashMap::new(),
        externals: Vec::new(),
        constants: HashMap::new(),
        constant_lets: Lets::default(),
        next_local: INPUT.0 + 1,
        nodes: 0,
        depth: 0,
        site: None,
    };
    let (root, input) = lowerer.entry(&entry)?;
    let root = lowerer.with_constants(root);
    let span = root.span;
    let output = root.ty;
    let emitted = emit::emit(root, project, text, budget);
    if let Some(stopped) = budget.diagnostic(span) {
        return Err(Box::new(stopped));
    }
    let Lowerer { types, externals, .. } = lowerer;
    let emit::Emitted { body, places, sources } = emitted;
    Program::new(Parts { types, externals, input, output, body, sources, places }).map_err(|error| {
        let message = format!("the program is too large or too deep: {}", error.message());
        Box::new(Diagnostic::error("program_limit", span, message))
    })
}

type Lower<T> = Result<T, Box<Diagnostic>>;

struct Lowerer<'a> {
    state: &'a State,
    budget: &'a Budget,
    types: TypeTable,
    interned: HashMap<runner_core::Type, TypeId>,
    /// Recursive types that have been met.
    named: HashMap<NamedId, TypeId>,
    instances: HashMap<(DefId, Vec<TypeId>), Rc<Instance>>,
    externals: Vec<External>,
    /// Indices of external functions by their paths.
    external_ids: HashMap<String, Vec<u32>>,
    /// Where the names of large tuples and enums are.
    names: HashMap<TypeId, HashMap<String, u32>>,
    /// Definitions whose bodies are being inlined.
    inlining: Vec<DefId>,
    /// Constants of data, bound once around the whole program.
    constants: HashMap<DefId, Node>,
    constant_lets: Lets,
    next_local: u32,
    /// Nodes made so far.
    nodes: usize,
    /// Levels of inlining and nesting.
    depth: usize,
    /// Where the user's source calls a function of the standard library, while in the body of one.
    site: Option<Span>,
}

impl<'a> Lowerer<'a> {
    fn entry(&mut self, entry: &Entry<'a>) -> Lower<(Node, TypeId)> {
        let instance = Rc::new(Instance::default());
        let def = match entry {
            Entry::Expr(expr) => {
                let input = self.unit_type();
                self.refuse_function(expr.ty, expr.span, "a program can't give a function")?;
                return Ok((self.expr(expr, &Env::new(instance))?, input));
            }
            Entry::Def(def) => *def,
        };
        let Some((signature, info)) = self.state.signature(def).zip(self.state.world.def(def)) else {
            return Err(internal(Span::default()));
        };
        let span = if info.is_std { Span::default() } else { info.span };
        if !signature.type_params.is_empty() {
            let message = format!("`{}` has type parameters, so it can't be a program", info.path);
            let hint = "call it in an expression that tells their types";
            return Err(Box::new(Diagnostic::error("generic_program", span, message).hint(hint)));
        }
        let result = signature.result.ok_or_else(|| internal(span))?;
        self.refuse_function(
            result,
            span,
            &format!("`{}` gives a function, so it can't be a program", info.path),
        )?;
        for param in &signature.params {
            let message = format!("`{}` takes a function, so it can't be a program", info.path);
            self.refuse_function(param.ty, span, &message)?;
            if param.is_const {
                let message = format!(
                    "the parameter `{}` of `{}` is `const`, so it can't be a program",
                    param.name, info.path
                );
                return Err(Box::new(Diagnostic::error("const_parameter", span, message)));
            }
        }
        let types: Vec<TypeId> = signature
            .params
            .iter()
            .map(|param| self.convert(param.ty, &instance, span))
            .collect::<Lower<_>>()?;
        let names = signature.params.iter().map(|param| Some(param.name.to_string()));
        let input = match types.as_slice() {
            [only] => *only,
            _ => {
                let fields =
                    names.zip(&types).map(|(name, ty)| runner_core::Field { name, ty: *ty }).collect();
                self.intern(runner_core::Type::Tuple(fields))
            }
        };
        let whole = self.local(INPUT.0, input, span)?;
        let args: Vec<Node> = match types.as_slice() {
            [_] => vec![whole],
            types => {
                let fields = types.iter().enumerate();
                fields
                    .map(|(index, ty)| self.field(whole.clone(), index as u32, *ty, span))
                    .collect::<Lower<_>>()?
            }
        };
        let ty = self.convert(result, &instance, span)?;
        if info.kind == DefKind::Const {
            let env = Env::new(instance);
            let body = self.state.body(def).ok_or_else(|| internal(span))?;
            let mut root = self.expr(&body.root, &env)?;
            root.ty = ty;
            return Ok((root, input));
        }
        let func = FuncValue::Def { def, instance };
        let mut root = self.apply(&func, args, ty, span)?;
        root.ty = ty;
        Ok((root, input))
    }

    fn refuse_function(&self, ty: crate::check::types::Ty, span: Span, message: &str) -> Lower<()> {
        if self.state.types.is_func(ty) {
            return Err(Box::new(Diagnostic::error("function_in_data", span, message)));
        }
        Ok(())
    }

    /// Binds the constants that the program uses around it.
    fn with_constants(&mut self, root: Node) -> Node {
        let lets = std::mem::take(&mut self.constant_lets);
        lets.around(root)
    }

    /// Takes from the budget.
    fn charge(&self, steps: usize, bytes: usize, span: Span) -> Lower<()> {
        if self.budget.charge(steps, bytes) {
            return Ok(());
        }
        Err(Box::new(self.budget.diagnostic(span).unwrap_or_else(|| *internal(span))))
    }

    fn fresh(&mut self) -> u32 {
        let local = self.next_local;
        self.next_local += 1;
        local
    }
}

/// A state that checking excludes; said rather than assumed.
fn internal(span: Span) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(
        "internal",
        span,
        "the compiler lost track of this expression; please report it",
    ))
}

/// A local of the source, for messages.
fn unbound(local: LocalId, span: Span) -> Box<Diagnostic> {
    let mut diagnostic = internal(span);
    diagnostic.labels.push((span, format!("local {}", local.0)));
    diagnostic
}
