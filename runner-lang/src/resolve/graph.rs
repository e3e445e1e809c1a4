//! Which definitions use which: the order to check them in, and the cycles, which are errors.

use super::{DefId, Entry, ModId, Source, World};
use crate::{
    budget::Budget,
    diagnostic::{Diagnostic, Diagnostics},
    limits,
    scope::Scope,
    syntax::{Expr, ExprKind, Func, Path, Pattern, PatternKind, TextPart, TupleItem},
};

/// Definitions, each behind those that it uses; those of a cycle are reported, in any order.
pub(crate) struct Order {
    pub(crate) defs: Vec<DefId>,
    /// Part of a cycle, by index of the definition less that of the first.
    pub(crate) cyclic: Vec<bool>,
}

/// Orders definitions whose indices are consecutive.
pub(crate) fn order(world: &World, defs: &[(DefId, Source<'_>)], diagnostics: &mut Diagnostics) -> Order {
    let first = defs.first().map_or(0, |(id, _)| id.0);
    let edges: Vec<Vec<u32>> = defs
        .iter()
        .map(|(id, source)| {
            let module = world.def(*id).map_or(super::STD, |def| def.module);
            let budget = diagnostics.budget();
            let mut walker = Walker { world, module, locals: Scope::default(), uses: Vec::new(), budget };
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
    let mut search = Search {
        edges: &edges,
        states: vec![State::New; defs.len()],
        world,
        first,
        path: Vec::new(),
        acyclic: Vec::new(),
        order: Order { defs: Vec::new(), cyclic: vec![false; defs.len()] },
        diagnostics,
    };
    search.run();
    search.order
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    /// At this index of the path.
    Open(usize),
    Done,
}

/// Depth first, with a stack of its own.
struct Search<'a> {
    edges: &'a [Vec<u32>],
    states: Vec<State>,
    world: &'a World,
    first: u32,
    /// From the root to here, each with the number of its edges that were followed.
    path: Vec<(u32, usize)>,
    /// Indices in the path of those that are part of no cycle so far.
    acyclic: Vec<usize>,
    order: Order,
    diagnostics: &'a mut Diagnostics,
}

impl Search<'_> {
    fn run(&mut self) {
        for root in 0..self.edges.len() as u32 {
            if self.state(root) == State::New {
                self.enter(root);
                self.search();
            }
        }
    }

    fn enter(&mut self, node: u32) {
        self.set(node, State::Open(self.path.len()));
        self.acyclic.push(self.path.len());
        self.path.push((node, 0));
    }

    fn search(&mut self) {
        while let Some((node, next)) = self.path.last_mut() {
            let node = *node;
            match self.edges.get(node as usize).and_then(|edges| edges.get(*next)) {
                Some(&target) => {
                    *next += 1;
                    match self.state(target) {
                        State::New => self.enter(target),
                        State::Open(start) => self.cycle(start),
                        State::Done => {}
                    }
                }
                None => {
                    self.set(node, State::Done);
                    self.order.defs.push(DefId(self.first + node));
                    self.path.pop();
                    self.acyclic.pop_if(|index| *index == self.path.len());
                }
            }
        }
    }

    /// Reports the cycle from an index of the path on, unless all of it is part of others.
    fn cycle(&mut self, start: usize) {
        let mut is_new = false;
        while let Some(index) = self.acyclic.pop_if(|index| *index >= start) {
            is_new = true;
            let node = self.path.get(index).map(|(node, _)| *node as usize);
            if let Some(cyclic) = node.and_then(|node| self.order.cyclic.get_mut(node)) {
                *cyclic = true;
            }
        }
        if !is_new {
            return;
        }
        let members = self.path.iter().skip(start).take(limits::CYCLE_NAMES);
        let defs: Vec<_> = members.filter_map(|(node, _)| self.world.def(DefId(self.first + node))).collect();
        let Some(head) = defs.first() else { return };
        let shown = defs.iter().chain([head]).take(limits::CYCLE_NAMES);
        let names: Vec<_> = shown.map(|def| format!("`{}`", def.path)).collect();
        let mut diagnostic =
            Diagnostic::error("recursion", head.span, format!("recursion: {}", names.join(" uses ")))
                .hint("repeat with `fold`, `scan` or `loop_until_empty` instead");
        for def in defs.iter().skip(1).take(8) {
            diagnostic = diagnostic.label(def.span, "part of the cycle");
        }
        self.diagnostics.push(diagnostic);
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
    locals: Scope<()>,
    uses: Vec<DefId>,
    budget: &'a Budget,
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
        func.params.iter().for_each(|param| self.locals.push(param.name.name.clone(), ()));
        self.expr(&func.body);
        self.locals.truncate(depth);
    }

    fn path(&mut self, path: &Path) {
        let is_local = match path.names.as_slice() {
            [only] => self.locals.get(&only.name).is_some(),
            _ => false,
        };
        if !is_local && let Ok(Entry::Def(def)) = self.world.lookup(self.module, path) {
            self.uses.push(def);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        if !self.budget.step() {
            return;
        }
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
                    self.locals.push(binding.name.name.clone(), ());
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

fn bound_names(pattern: &Pattern, names: &mut Scope<()>) {
    match &pattern.kind {
        PatternKind::Bind(name) => names.push(name.name.clone(), ()),
        PatternKind::Variant { payload: Some(payload), .. } => bound_names(payload, names),
        PatternKind::Alternatives(patterns) => {
            patterns.iter().for_each(|pattern| bound_names(pattern, names))
        }
        PatternKind::Literal(_) | PatternKind::Any | PatternKind::Variant { .. } | PatternKind::Error => {}
    }
}
