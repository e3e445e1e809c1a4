//! What waits until a type is known: lookups, variants, bounds.

use std::collections::{HashMap, HashSet};

use super::{
    infer::Infer,
    lookup::Found,
    prims::Prims,
    tree::Key,
    types::{Bound, Fallback, Field, Name, Node, Ty},
};
use crate::{
    diagnostic::Diagnostic,
    resolve::{similar, with_hint},
    rounds::Rounds,
    syntax::Span,
};

#[derive(Debug, Clone)]
pub(super) enum Goal {
    /// A lookup, which gives `result`.
    Field {
        tuple: Ty,
        key: Key,
        result: Ty,
        span: Span,
    },
    /// A variant of `enumeration` that has this payload; absent where none is written.
    Variant {
        enumeration: Ty,
        name: Name,
        payload: Option<Ty>,
        is_pattern: bool,
        span: Span,
    },
    /// A tuple that has these named fields, and begins with these unnamed ones.
    Fields {
        ty: Ty,
        fields: Vec<Field>,
        span: Span,
    },
    OneOf {
        ty: Ty,
        types: Vec<Ty>,
        span: Span,
    },
    /// Something that can be sorted by.
    Key {
        ty: Ty,
        span: Span,
    },
    Equal {
        expected: Ty,
        found: Ty,
        span: Span,
    },
    /// What `..` splices must be a tuple.
    Tuple {
        ty: Ty,
        span: Span,
    },
}

/// How often goals are tried; each round but the last solves one at least.
const ROUNDS: u32 = 10_000;

/// What trying a goal gives.
enum Tried {
    Done,
    /// It waits for this variable.
    Waits(u32),
    /// It waits for one of several variables.
    Deferred,
}

impl Infer<'_> {
    /// Tries a goal at once, and keeps it if it must wait.
    pub(super) fn goal(&mut self, goal: Goal) {
        if !matches!(self.try_goal(&goal), Tried::Done) {
            self.state.types.budget().charge(1, size_of::<Goal>());
            self.goals.push(goal);
        }
    }

    /// Solves what can be solved; then lets numbers take their own types; then reports what is left.
    pub(super) fn solve_all(&mut self, last: bool) {
        self.solve();
        for strength in [Fallback::Float, Fallback::Int] {
            if self.fall_back(strength) {
                self.solve();
            }
        }
        let mut closed = HashSet::new();
        for ty in std::mem::take(&mut self.bare_variants) {
            let head = self.state.types.head_ty(ty);
            if closed.insert(head) {
                self.close_variant(head);
            }
        }
        self.solve();
        if last {
            self.report_goals();
            self.report_vars();
            self.check_literals();
        }
    }

    fn solve(&mut self) {
        let mut goals: Vec<Option<Goal>> = Vec::new();
        let mut rounds = Rounds::default();
        let mut waiting: HashMap<u32, Vec<usize>> = HashMap::new();
        let mut deferred = Vec::new();
        self.state.types.solved.clear();
        for goal in std::mem::take(&mut self.goals) {
            rounds.wake(goals.len());
            goals.push(Some(goal));
        }
        while let Some(index) = rounds.pop() {
            if rounds.round() >= ROUNDS || !self.state.types.budget().step() {
                break;
            }
            let Some(goal) = goals.get_mut(index).and_then(Option::take) else { continue };
            let tried = self.try_goal(&goal);
            match tried {
                Tried::Done => {}
                Tried::Waits(var) => waiting.entry(var).or_default().push(index),
                Tried::Deferred => deferred.push(index),
            }
            if let Some(slot) = goals.get_mut(index).filter(|_| !matches!(tried, Tried::Done)) {
                *slot = Some(goal);
            }
            for goal in std::mem::take(&mut self.goals) {
                rounds.wake_later(goals.len());
                goals.push(Some(goal));
            }
            let solved = std::mem::take(&mut self.state.types.solved);
            if matches!(tried, Tried::Done) || !solved.is_empty() {
                deferred.drain(..).for_each(|index| rounds.wake(index));
            }
            for index in solved.iter().flat_map(|var| waiting.remove(var).unwrap_or_default()) {
                rounds.wake(index);
            }
        }
        self.goals.splice(0..0, goals.into_iter().flatten());
    }

    fn fall_back(&mut self, strength: Fallback) -> bool {
        let mut changed = false;
        for index in self.first_var..self.state.types.vars.len() {
            let Some(var) = self.state.types.vars.get(index) else { continue };
            if var.bound.is_some() || var.fallback != strength {
                continue;
            }
            let prims = var.prims.unwrap_or(Prims::NUM);
            let wanted = [runner_core::Prim::Int64, runner_core::Prim::Float64];
            let prim = wanted
                .into_iter()
                .filter(|prim| strength == Fallback::Int || prim.is_float())
                .find(|prim| prims.contains(*prim))
                .or_else(|| prims.iter().next());
            if let Some(prim) = prim {
                let ty = self.state.types.prim(prim);
                self.state.types.solve(index as u32, ty);
                changed = true;
            }
        }
        changed
    }

    /// A variant without payload tells nothing of the payloads of others: those that nothing tells are `{}`.
    fn close_variant(&mut self, ty: Ty) {
        let Node::Enum(variants) = self.state.types.head(ty) else { return };
        let unit = self.state.types.unit();
        for variant in variants.iter() {
            let ty = self.state.types.follow(variant.ty);
            if matches!(self.state.types.node(ty), Node::Var(_)) {
                self.state.types.unify(ty, unit);
            }
        }
    }

    fn try_goal(&mut self, goal: &Goal) -> Tried {
        match goal {
            Goal::Field { tuple, key, result, span } => self.try_field(*tuple, key, *result, *span),
            Goal::Variant { enumeration, name, payload, is_pattern, span } => {
                self.try_variant(*enumeration, name, *payload, *is_pattern, *span)
            }
            Goal::Fields { ty, fields, span } => self.try_fields(*ty, fields, *span),
            Goal::OneOf { ty, types, span } => self.try_one_of(*ty, types, *span),
            Goal::Key { ty, span } => self.try_key(*ty, *span),
            Goal::Equal { expected, found, span } => self.try_equal(*expected, *found, *span),
            Goal::Tuple { ty, span } => match self.state.types.head(*ty) {
                Node::Var(var) => Tried::Waits(var),
                Node::Tuple(_) | Node::For(_) | Node::Splice(_) | Node::Error => Tried::Done,
                Node::Param(param) if matches!(self.state.types.bound(param), Bound::Tuple(_)) => Tried::Done,
                _ => {
                    let message = format!("expected a tuple, found {}", self.state.types.show(*ty));
                    self.error(
                        Diagnostic::error("type_mismatch", *span, message)
                            .hint("`..` splices the fields of a tuple"),
                    );
                    Tried::Done
                }
            },
        }
    }

    fn try_equal(&mut self, expected: Ty, found: Ty, span: Span) -> Tried {
        let types = &mut self.state.types;
        let equal = types.unify(expected, found);
        let deferred = std::mem::take(&mut types.deferred);
        if !equal {
            let diagnostic = self.mismatch(expected, found, span);
            self.error(diagnostic);
            return Tried::Done;
        }
        let pair = (types.follow(expected), types.follow(found));
        if deferred.contains(&pair) {
            return Tried::Deferred;
        }
        self.goals.extend(deferred.into_iter().map(|(expected, found)| Goal::Equal {
            expected,
            found,
            span,
        }));
        Tried::Done
    }

    fn try_field(&mut self, tuple: Ty, key: &Key, result: Ty, span: Span) -> Tried {
        match self.find_field(tuple, key) {
            Found::Field(ty) => {
                self.equal(ty, result, span);
                Tried::Done
            }
            Found::Open(var) => Tried::Waits(var),
            Found::Missing => {
                let diagnostic = self.missing_field(tuple, key, span);
                self.error(diagnostic);
                self.state.types.poison(result);
                Tried::Done
            }
            Found::NoFields => {
                let shown = self.state.types.show(tuple);
                let message = match key {
                    Key::Name(name) => format!("{shown} has no fields, so no `{name}`"),
                    Key::Position(index) => format!("{shown} has no fields, so no `{index}`"),
                };
                self.error(Diagnostic::error("no_fields", span, message));
                self.state.types.poison(result);
                Tried::Done
            }
        }
    }

    fn try_variant(
        &mut self,
        enumeration: Ty,
        name: &Name,
        payload: Option<Ty>,
        is_pattern: bool,
        span: Span,
    ) -> Tried {
        let head = self.state.types.head_ty(enumeration);
        let variants = match self.state.types.node(head).clone() {
            Node::Var(var) => return Tried::Waits(var),
            Node::Error => {
                payload.into_iter().for_each(|payload| self.state.types.poison(payload));
                return Tried::Done;
            }
            Node::Enum(variants) => variants,
            _ => {
                let shown = self.state.types.show(enumeration);
                let message = format!("expected {shown}, found the variant `.{name}` of an enum");
                self.error(Diagnostic::error("type_mismatch", span, message));
                payload.into_iter().for_each(|payload| self.state.types.poison(payload));
                return Tried::Done;
            }
        };
        let position = self.state.types.position(head, name);
        let Some(variant) = position.and_then(|index| variants.get(index)) else {
            let is_rendered = self.diagnostics.is_rendered();
            let names = variants.iter().filter(|_| is_rendered).map(|variant| &variant.name);
            let shown = self.state.types.show(enumeration);
            let message = format!("there is no variant `{name}` in {shown}");
            self.error(with_hint(Diagnostic::error("unknown_variant", span, message), similar(name, names)));
            payload.into_iter().for_each(|payload| self.state.types.poison(payload));
            return Tried::Done;
        };
        match payload {
            Some(payload) => {
                self.equal(variant.ty, payload, span);
            }
            None if is_pattern => {}
            None => {
                let unit = self.state.types.unit();
                if !self.state.types.unify(variant.ty, unit) {
                    let payload = self.state.types.show(variant.ty);
                    let message = format!("the variant `{name}` needs a payload of type {payload}");
                    let hint = format!("write `.{name}(...)`");
                    self.error(Diagnostic::error("missing_payload", span, message).hint(hint));
                }
            }
        }
        Tried::Done
    }

    fn try_fields(&mut self, ty: Ty, fields: &[Field], span: Span) -> Tried {
        let head = self.state.types.head(ty);
        match &head {
            Node::Var(var) => return Tried::Waits(*var),
            Node::Error | Node::Tuple(_) | Node::For(_) | Node::Splice(_) => {}
            Node::Param(param) if matches!(self.state.types.bound(*param), Bound::Tuple(_)) => {}
            _ => {
                let message = format!("expected a tuple, found {}", self.state.types.show(ty));
                self.error(Diagnostic::error("type_mismatch", span, message));
                return Tried::Done;
            }
        }
        for (index, field) in fields.iter().enumerate() {
            let key = match &field.name {
                Some(name) => Key::Name(name.clone()),
                None => Key::Position(index as u32),
            };
            match self.find_field(ty, &key) {
                Found::Field(found) => {
                    self.equal(field.ty, found, span);
                }
                Found::Open(var) => return Tried::Waits(var),
                Found::Missing | Found::NoFields => {
                    let diagnostic = self.missing_field(ty, &key, span);
                    self.error(diagnostic);
                }
            }
        }
        Tried::Done
    }

    fn try_one_of(&mut self, ty: Ty, types: &[Ty], span: Span) -> Tried {
        match self.state.types.head(ty) {
            Node::Var(var) => return Tried::Waits(var),
            Node::Error => return Tried::Done,
            Node::Param(param) => {
                let allowed = match self.state.types.bound(param).clone() {
                    Bound::OneOf(own) => {
                        own.iter().all(|own| types.iter().any(|ty| self.same_head(*own, *ty)))
                    }
                    _ => false,
                };
                if allowed {
                    return Tried::Done;
                }
            }
            _ => {
                if let Some(fitting) = types.iter().find(|option| self.same_head(ty, **option)) {
                    self.equal(*fitting, ty, span);
                    return Tried::Done;
                }
            }
        }
        let options: Vec<_> = types.iter().map(|ty| self.state.types.show(*ty)).collect();
        let message = format!("expected {}, found {}", options.join(" or "), self.state.types.show(ty));
        self.error(Diagnostic::error("type_mismatch", span, message));
        Tried::Done
    }

    fn try_key(&mut self, ty: Ty, span: Span) -> Tried {
        match self.state.types.head(ty) {
            Node::Var(var) => return Tried::Waits(var),
            Node::Error => return Tried::Done,
            Node::Prim(prim) if prim.is_ord() => return Tried::Done,
            Node::Tuple(fields) => {
                fields.iter().for_each(|field| self.goal(Goal::Key { ty: field.ty, span }));
                return Tried::Done;
            }
            Node::Enum(variants) => {
                if let [none, some] = &*variants
                    && &*none.name == "none"
                    && &*some.name == "some"
                {
                    self.goal(Goal::Key { ty: some.ty, span });
                    return Tried::Done;
                }
            }
            Node::Param(param) => match self.state.types.bound(param).clone() {
                Bound::Key => return Tried::Done,
                Bound::OneOf(types)
                    if types.iter().all(
                        |ty| matches!(self.state.types.head(*ty), Node::Prim(prim) if prim.is_ord()),
                    ) =>
                {
                    return Tried::Done;
                }
                _ => {}
            },
            _ => {}
        }
        let found = self.state.types.show(ty);
        let message = format!("expected a scalar, an option or a tuple of these to sort by, found {found}");
        self.error(Diagnostic::error("type_mismatch", span, message));
        Tried::Done
    }

    fn same_head(&mut self, a: Ty, b: Ty) -> bool {
        match (self.state.types.head(a), self.state.types.head(b)) {
            (Node::Prim(a), Node::Prim(b)) => a == b,
            (Node::Framed(a), Node::Framed(b)) => a == b,
            (Node::Param(a), Node::Param(b)) => a == b,
            (Node::Tuple(a), Node::Tuple(b)) => a.len() == b.len(),
            (Node::Enum(a), Node::Enum(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.name == b.name)
            }
            (Node::Array(a), Node::Array(b)) => self.same_head(a, b),
            _ => false,
        }
    }
}
