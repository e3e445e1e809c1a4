//! Which definitions use which: the order to check them in, and the cycles, which are errors.

use super::{DefId, Entry, ModId, Source, World};
use crate::{
    check::types::Name,
    diagnostic::Diagnostic,
    syntax::{Expr, ExprKind, Func, Path, Pattern, PatternKind, TextPart, TupleItem},
};

/// Definitions, each behind those that it uses; those of a cycle are reported, in any order.
pub(crate) struct Order {
    pub(crate) defs: Vec<DefId>,
    /// Part of a cycle, by index of the definition less that of the first.
    pub(crate) cyclic: Vec<bool>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Orders definitions whose indices are consecutive.
pub(crate) fn order(world: &World, defs: &[(DefId, Source<'_>)]) -> Order {
    let first = defs.first().map_or(0, |(id, _)| id.0);
    let edges: Vec<Vec<u32>> = defs
        .iter()
        .map(|(id, source)| {
            let module = world.def(*id).map_or(super::STD, |def| def.module);
            let mut walker = Walker { world, module, locals: Vec::new(), uses: Vec::new() };
            walker.source(source);
            let mut uses = walker.uses;
            uses.sort_unstable();
            uses.dedup();
            uses.iter()
                .filter_map(|id| id.0.checked_sub(first))
                .filter(|id| (*id as usize) < defs.len())
                .collect()
        })
        .collect();
    let mut order = Order { defs: Vec::new(), cyclic: vec![false; defs.len()], diagnostics: Vec::new() };
    Search { edges: &edges, states: vec![State::New; defs.len()], world, first }.run(&mut order);
    order
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Open,
    Done,
}

/// Depth first, with a stack of its own.
struct Search<'a> {
    edges: &'a [Vec<u32>],
    states: Vec<State>,
    world: &'a World,
    first: u32,
}

impl Search<'_> {
    fn run(&mut self, order: &mut Order) {
        for root in 0..self.edges.len() as u32 {
            if self.state(root) != State::New {
                continue;
            }
            // Each with the number of its edges that were followed.
            let mut path: Vec<(u32, usize)> = vec![(root, 0)];
            self.set(root, State::Open);
            while let Some((node, next)) = path.last_mut() {
                let node = *node;
                match self.edges.get(node as usize).and_then(|edges| edges.get(*next)) {
                    Some(&target) => {
                        *next += 1;
                        match self.state(target) {
                            State::New => {
                                self.set(target, State::Open);
                                path.push((target, 0));
                            }
                            State::Open => self.cycle(&path, target, order),
                            State::Done => {}
                        }
                    }
                    None => {
                        self.set(node, State::Done);
                        order.defs.push(DefId(self.first + node));
                        path.pop();
                    }
                }
            }
        }
    }

    fn cycle(&self, path: &[(u32, usize)], target: u32, order: &mut Order) {
        let start = path.iter().position(|(node, _)| *node == target).unwrap_or(0);
        let members: Vec<u32> = path.iter().skip(start).map(|(node, _)| *node).collect();
        if members.iter().all(|node| order.cyclic.get(*node as usize) == Some(&true)) {
            return;
        }
        for node in &members {
            if let Some(cyclic) = order.cyclic.get_mut(*node as usize) {
                *cyclic = true;
            }
        }
        let defs: Vec<_> =
            members.iter().filter_map(|node| self.world.def(DefId(self.first + node))).collect();
        let Some(head) = defs.first() else { return };
        let names: Vec<_> = defs.iter().chain([head]).take(12).map(|def| format!("`{}`", def.path)).collect();
        let mut diagnostic =
            Diagnostic::error("recursion", head.span, format!("recursion: {}", names.join(" uses ")))
                .hint("repeat with `fold`, `scan` or `loop_until_empty` instead");
        for def in defs.iter().skip(1).take(8) {
            diagnostic = diagnostic.label(def.span, "part of the cycle");
        }
        order.diagnostics.push(diagnostic);
    }

    fn state(&self, node: u32) -> State {
        self.states.get(node as usize).copied().unwrap_or(State::Done)
    }

    fn set(&mut self, node: u32, state: State) {
        if let Some(slot) = self.states.get_mut(node as usize) {
            *slot = state;
        }
    }
}

/// Finds the paths of an expression that are no locals.
struct Walker<'a> {
    world: &'a World,
    module: ModId,
    locals: Vec<Name>,
    uses: Vec<DefId>,
}

impl Walker<'_> {
    fn source(&mut self, source: &Source<'_>) {
        match source {
            Source::Const { value, .. } => self.expr(value),
            Source::Func(func) => self.func(func),
            Source::External { params, .. } | Source::Anno(params) => {
                params
                    .iter()
                    .filter_map(|param| param.default.as_ref())
                    .for_each(|default| self.expr(default));
            }
            Source::Type(_) => {}
        }
    }

    fn func(&mut self, func: &Func) {
        func.params.iter().filter_map(|param| param.default.as_ref()).for_each(|default| self.expr(default));
        let depth = self.locals.len();
        self.locals.extend(func.params.iter().map(|param| param.name.name.clone()));
        self.expr(&func.body);
        self.locals.truncate(depth);
    }

    fn path(&mut self, path: &Path) {
        let is_local = match path.names.as_slice() {
            [only] => self.locals.contains(&only.name),
            _ => false,
        };
        if !is_local && let Ok(Entry::Def(def)) = self.world.lookup(self.module, path) {
            self.uses.push(def);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Literal(_) | ExprKind::Error => {}
            ExprKind::Interpolated(parts) => {
                for part in parts {
                    if let TextPart::Expr(expr) = part {
                        self.expr(expr);
                    }
                }
            }
            ExprKind::Path(path) => self.path(path),
            ExprKind::Tuple(items) => items.iter().for_each(|item| match item {
                TupleItem::Field { value, .. } | TupleItem::Splice(value) => self.expr(value),
            }),
            ExprKind::Array(items) => items.iter().for_each(|item| self.expr(item)),
            ExprKind::Variant { payload, .. } => payload.iter().for_each(|payload| self.expr(payload)),
            ExprKind::Field { tuple, .. } | ExprKind::Position { tuple, .. } => self.expr(tuple),
            ExprKind::Index { array, index } => {
                self.expr(array);
                self.expr(index);
            }
            ExprKind::Call { function, args } => {
                self.path(function);
                args.iter().for_each(|arg| self.expr(&arg.value));
            }
            ExprKind::Pipe { left, right } | ExprKind::Binary { left, right, .. } => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::Lambda(func) => self.func(func),
            ExprKind::If { condition, then, otherwise } => {
                self.expr(condition);
                self.expr(then);
                self.expr(otherwise);
            }
            ExprKind::Match { subject, arms } => {
                self.expr(subject);
                for arm in arms {
                    let depth = self.locals.len();
                    bound_names(&arm.pattern, &mut self.locals);
                    self.expr(&arm.body);
                    self.locals.truncate(depth);
                }
            }
            ExprKind::Let { bindings, result } => {
                let depth = self.locals.len();
                for binding in bindings {
                    self.expr(&binding.value);
                    self.locals.push(binding.name.name.clone());
                }
                self.expr(result);
                self.locals.truncate(depth);
            }
            ExprKind::Paren(inner)
            | ExprKind::Annotated { expr: inner, .. }
            | ExprKind::Unary { operand: inner, .. } => self.expr(inner),
        }
    }
}

fn bound_names(pattern: &Pattern, names: &mut Vec<Name>) {
    match &pattern.kind {
        PatternKind::Bind(name) => names.push(name.name.clone()),
        PatternKind::Variant { payload: Some(payload), .. } => bound_names(payload, names),
        PatternKind::Alternatives(patterns) => {
            patterns.iter().for_each(|pattern| bound_names(pattern, names))
        }
        PatternKind::Literal(_) | PatternKind::Any | PatternKind::Variant { .. } | PatternKind::Error => {}
    }
}
