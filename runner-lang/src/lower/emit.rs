//! From the tree to the list of a program: what is not used is dropped, what is used once stands where it is used.

use std::collections::HashMap;

use runner_core::{Arm, Expr, ExprId, INPUT, Kind, LocalId, SourcePlace, limits::EXPR_DEPTH};

use super::node::{Lets, Node, NodeKind};
use crate::{
    budget::Budget,
    source::{Lines, Project},
    syntax::Span,
};

pub(super) struct Emitted {
    pub(super) body: Vec<Expr>,
    pub(super) places: Vec<SourcePlace>,
    pub(super) sources: Vec<String>,
}

pub(super) fn emit(root: Node, project: &Project, text: &str, budget: &Budget) -> Emitted {
    let mut uses = Uses { locals: HashMap::new(), lambdas: 0, budget };
    uses.count(&root, 1);
    let mut emitter = Emitter {
        uses,
        moved: HashMap::new(),
        numbers: HashMap::from([(INPUT.0, INPUT.0)]),
        project,
        lines: Lines::new(text),
        text,
        body: Vec::new(),
        places: Vec::new(),
    };
    emitter.emit(root);
    let mut sources: Vec<String> = project.sources().iter().map(|source| source.path().to_owned()).collect();
    let program = sources.len();
    sources.push(crate::compile::PROGRAM.to_owned());
    // Without places of the expression, its name says nothing.
    if emitter.places.iter().all(|place| usize::from(place.source) < program) {
        sources.truncate(program);
    }
    Emitted { body: emitter.body, places: emitter.places, sources }
}

/// How a local is used.
#[derive(Debug, Clone, Copy, Default)]
struct Use {
    count: u32,
    /// Lambdas around its binding.
    bound_in: u32,
    /// Whether a lambda stands between binding and use, which may be evaluated many times.
    in_lambda: bool,
    /// Whether its value must be evaluated where it stands, used or not.
    has_effect: bool,
    /// Levels above its last use.
    depth: u32,
    /// Whether its value stands where it is used.
    is_moved: bool,
}

struct Uses<'a> {
    locals: HashMap<u32, Use>,
    lambdas: u32,
    budget: &'a Budget,
}

/// External functions that only read: what they give need not be asked for if nobody uses it.
pub(super) const READS: [&str; 2] = ["std::fs::read_parquet", "std::sql::from"];

impl Uses<'_> {
    fn of(&self, local: u32) -> Use {
        self.locals.get(&local).copied().unwrap_or_default()
    }

    fn bind(&mut self, local: u32) {
        let bound_in = self.lambdas;
        self.locals.insert(local, Use { bound_in, ..Use::default() });
    }

    /// Counts uses, and decides which values are moved. Values of locals that are not used count for nothing. `depth` is
    /// the level on which the node will stand.
    fn count(&mut self, node: &Node, depth: u32) {
        if !self.budget.step() {
            return;
        }
        let next = depth + 1;
        match &node.kind {
            NodeKind::Literal(_) | NodeKind::Fail(_) => {}
            NodeKind::Local(local) => {
                let lambdas = self.lambdas;
                if let Some(found) = self.locals.get_mut(local) {
                    found.count += 1;
                    found.depth = depth;
                    found.in_lambda |= lambdas > found.bound_in;
                }
            }
            NodeKind::Let(lets, body) => {
                lets.iter().for_each(|(local, _)| self.bind(*local));
                // Chains of `let`s become one.
                self.count(body, if matches!(body.kind, NodeKind::Let(..)) { depth } else { next });
                for (local, value) in lets.iter().rev() {
                    let mut found = self.of(*local);
                    found.has_effect = value.has_effect();
                    if found.count == 0 && !found.has_effect {
                        continue;
                    }
                    // What would be too deep where it is used stays where it is.
                    let fits = (found.depth + value.height()) as usize <= EXPR_DEPTH + 1;
                    found.is_moved = found.count == 1 && !found.in_lambda && !found.has_effect && fits;
                    self.locals.insert(*local, found);
                    self.count(value, if found.is_moved { found.depth } else { next });
                }
            }
            NodeKind::Tuple(items)
            | NodeKind::Array(items)
            | NodeKind::Call(_, items)
            | NodeKind::External(_, items) => items.iter().for_each(|item| self.count(item, next)),
            NodeKind::Field(inner, _) | NodeKind::Variant(_, inner) => self.count(inner, next),
            NodeKind::Switch { subject, arms, default } => {
                self.count(subject, next);
                for (_, payload, body) in arms {
                    payload.iter().for_each(|local| self.bind(*local));
                    self.count(body, next);
                }
                default.iter().for_each(|default| self.count(default, next));
            }
            NodeKind::If(branches) => branches.iter().for_each(|branch| self.count(branch, next)),
            NodeKind::Lambda(params, body) => {
                self.lambdas += 1;
                params.iter().for_each(|(local, _)| self.bind(*local));
                self.count(body, next);
                self.lambdas -= 1;
            }
        }
    }
}

struct Emitter<'a> {
    uses: Uses<'a>,
    /// Values that stand where their local is used.
    moved: HashMap<u32, Node>,
    /// New numbers of the locals that are left.
    numbers: HashMap<u32, u32>,
    project: &'a Project,
    text: &'a str,
    /// Of `text`.
    lines: Lines,
    body: Vec<Expr>,
    places: Vec<SourcePlace>,
}

impl Emitter<'_> {
    /// Once the compile is stopped, anything: nobody reads it.
    fn emit(&mut self, node: Node) -> ExprId {
        if !self.uses.budget.charge(1, size_of::<Expr>() + size_of::<SourcePlace>()) {
            return ExprId(0);
        }
        let Node { kind, ty, span, .. } = node;
        let kind = match kind {
            NodeKind::Literal(literal) => Kind::Literal(literal),
            NodeKind::Fail(message) => Kind::Fail(message),
            NodeKind::Local(local) => match self.moved.remove(&local) {
                Some(value) => return self.emit(value),
                None => Kind::Local(self.number(local)),
            },
            NodeKind::Let(lets, body) => {
                let mut bindings = Vec::new();
                self.lets(lets, &mut bindings);
                let mut body = *body;
                while let NodeKind::Let(lets, inner) = body.kind {
                    self.lets(lets, &mut bindings);
                    body = *inner;
                }
                let body = self.emit(body);
                if bindings.is_empty() {
                    return body;
                }
                Kind::Let { bindings, body }
            }
            NodeKind::Tuple(items) => Kind::Tuple(self.all(items)),
            NodeKind::Array(items) => Kind::Array(self.all(items)),
            NodeKind::Call(op, args) => Kind::Call { op, args: self.all(args) },
            NodeKind::External(function, args) => Kind::External { function, args: self.all(args) },
            NodeKind::Field(tuple, index) => Kind::Field { tuple: self.emit(*tuple), index },
            NodeKind::Variant(index, payload) => Kind::Variant { index, payload: self.emit(*payload) },
            NodeKind::Switch { subject, arms, default } => {
                let subject = self.emit(*subject);
                let arms = arms.into_iter().map(|(variant, payload, body)| {
                    let used = payload.filter(|local| self.uses.of(*local).count > 0);
                    let payload = used.map(|local| self.number(local));
                    Arm { variant, payload, body: self.emit(body) }
                });
                let arms = arms.collect();
                Kind::Switch { subject, arms, default: default.map(|default| self.emit(*default)) }
            }
            NodeKind::If(branches) => {
                let [condition, then, otherwise] = *branches;
                Kind::If {
                    condition: self.emit(condition),
                    then: self.emit(then),
                    otherwise: self.emit(otherwise),
                }
            }
            NodeKind::Lambda(params, body) => {
                let params = params.into_iter().map(|(local, ty)| (self.number(local), ty)).collect();
                Kind::Lambda { params, body: self.emit(*body) }
            }
        };
        self.body.push(Expr { kind, ty });
        self.places.push(self.place(span));
        ExprId(self.body.len() as u32 - 1)
    }

    fn lets(&mut self, lets: Lets, bindings: &mut Vec<(LocalId, ExprId)>) {
        for (local, value) in lets.into_items() {
            let found = self.uses.of(local);
            if found.is_moved {
                self.moved.insert(local, value);
            } else if found.count > 0 || found.has_effect {
                let value = self.emit(value);
                bindings.push((self.number(local), value));
            }
        }
    }

    fn all(&mut self, nodes: Vec<Node>) -> Vec<ExprId> {
        nodes.into_iter().map(|node| self.emit(node)).collect()
    }

    fn number(&mut self, local: u32) -> LocalId {
        let next = self.numbers.len() as u32;
        LocalId(*self.numbers.entry(local).or_insert(next))
    }

    fn place(&self, span: Span) -> SourcePlace {
        let Ok(source) = u16::try_from(span.source) else { return SourcePlace::default() };
        match self.project.sources().get(usize::from(source)) {
            Some(file) => {
                let (line, column) = file.line_column(span.start);
                SourcePlace { source, line, column }
            }
            None => {
                let (line, column) = self.lines.line_column(self.text, span.start as usize);
                SourcePlace { source, line, column }
            }
        }
    }
}
