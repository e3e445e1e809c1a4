//! What waits until a type is known: lookups, variants, bounds.

use super::{
    infer::Infer,
    lookup::Found,
    prims::Prims,
    tree::Key,
    types::{Bound, Fallback, Field, Name, Node, Ty},
};
use crate::{diagnostic::Diagnostic, resolve::similar, resolve::with_hint, syntax::Span};

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

/// How often all goals are tried; each round but the last solves one at least.
const ROUNDS: usize = 10_000;

impl Infer<'_> {
    /// Tries a goal at once, and keeps it if it must wait.
    pub(super) fn goal(&mut self, goal: Goal) {
        if !self.try_goal(&goal) {
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
        let open = std::mem::take(&mut self.bare_variants);
        for ty in open {
            self.close_variant(ty);
        }
        self.solve();
        if last {
            self.report_goals();
            self.report_vars();
            self.check_literals();
        }
    }

    fn solve(&mut self) {
        for _ in 0..ROUNDS {
            let mut solved = false;
            let mut kept = Vec::new();
            for goal in std::mem::take(&mut self.goals) {
                if self.try_goal(&goal) {
                    solved = true;
                } else {
                    kept.push(goal);
                }
            }
            kept.append(&mut self.goals);
            self.goals = kept;
            if !solved || self.goals.is_empty() {
                break;
            }
        }
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
                if let Some(var) = self.state.types.vars.get_mut(index) {
                    var.bound = Some(ty);
                    changed = true;
                }
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

    /// `false` if it must wait.
    fn try_goal(&mut self, goal: &Goal) -> bool {
        match goal {
            Goal::Field { tuple, key, result, span } => self.try_field(*tuple, key, *result, *span),
            Goal::Variant { enumeration, name, payload, is_pattern, span } => {
                self.try_variant(*enumeration, name, *payload, *is_pattern, *span)
            }
            Goal::Fields { ty, fields, span } => self.try_fields(*ty, fields, *span),
            Goal::OneOf { ty, types, span } => self.try_one_of(*ty, types, *span),
            Goal::Equal { expected, found, span } => self.try_equal(*expected, *found, *span),
            Goal::Tuple { ty, span } => match self.state.types.head(*ty) {
                Node::Var(_) => false,
                Node::Tuple(_) | Node::For(_) | Node::Splice(_) | Node::Error => true,
                Node::Param(param) if matches!(self.state.types.bound(param), Bound::Tuple(_)) => true,
                _ => {
                    let message = format!("expected a tuple, found {}", self.state.types.show(*ty));
                    self.error(
                        Diagnostic::error("type_mismatch", *span, message)
                            .hint("`..` splices the fields of a tuple"),
                    );
                    true
                }
            },
        }
    }

    fn try_equal(&mut self, expected: Ty, found: Ty, span: Span) -> bool {
        let types = &mut self.state.types;
        let equal = types.unify(expected, found);
        let deferred = std::mem::take(&mut types.deferred);
        if !equal {
            let diagnostic = self.mismatch(expected, found, span);
            self.error(diagnostic);
            return true;
        }
        let pair = (types.follow(expected), types.follow(found));
        if deferred.contains(&pair) {
            return false;
        }
        self.goals.extend(deferred.into_iter().map(|(expected, found)| Goal::Equal {
            expected,
            found,
            span,
        }));
        true
    }

    fn try_field(&mut self, tuple: Ty, key: &Key, result: Ty, span: Span) -> bool {
        match self.find_field(tuple, key) {
            Found::Field(ty) => {
                self.equal(ty, result, span);
                true
            }
            Found::Open => false,
            Found::Missing => {
                let diagnostic = self.missing_field(tuple, key, span);
                self.error(diagnostic);
                self.state.types.poison(result);
                true
            }
            Found::NoFields => {
                let shown = self.state.types.show(tuple);
                let message = match key {
                    Key::Name(name) => format!("{shown} has no fields, so no `{name}`"),
                    Key::Position(index) => format!("{shown} has no fields, so no `{index}`"),
                };
                self.error(Diagnostic::error("no_fields", span, message));
                self.state.types.poison(result);
                true
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
    ) -> bool {
        let shown = self.state.types.show(enumeration);
        let variants = match self.state.types.head(enumeration) {
            Node::Var(_) => return false,
            Node::Error => {
                payload.into_iter().for_each(|payload| self.state.types.poison(payload));
                return true;
            }
            Node::Enum(variants) => variants,
            _ => {
                let message = format!("expected {shown}, found the variant `.{name}` of an enum");
                self.error(Diagnostic::error("type_mismatch", span, message));
                payload.into_iter().for_each(|payload| self.state.types.poison(payload));
                return true;
            }
        };
        let Some(variant) = variants.iter().find(|variant| variant.name == *name) else {
            let names: Vec<_> = variants.iter().map(|variant| variant.name.clone()).collect();
            let message = format!("there is no variant `{name}` in {shown}");
            self.error(with_hint(Diagnostic::error("unknown_variant", span, message), similar(name, &names)));
            payload.into_iter().for_each(|payload| self.state.types.poison(payload));
            return true;
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
        true
    }

    fn try_fields(&mut self, ty: Ty, fields: &[Field], span: Span) -> bool {
        let head = self.state.types.head(ty);
        match &head {
            Node::Var(_) => return false,
            Node::Error | Node::Tuple(_) | Node::For(_) | Node::Splice(_) => {}
            Node::Param(param) if matches!(self.state.types.bound(*param), Bound::Tuple(_)) => {}
            _ => {
                let message = format!("expected a tuple, found {}", self.state.types.show(ty));
                self.error(Diagnostic::error("type_mismatch", span, message));
                return true;
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
                Found::Open => return false,
                Found::Missing | Found::NoFields => {
                    let diagnostic = self.missing_field(ty, &key, span);
                    self.error(diagnostic);
                }
            }
        }
        true
    }

    fn try_one_of(&mut self, ty: Ty, types: &[Ty], span: Span) -> bool {
        match self.state.types.head(ty) {
            Node::Var(_) => return false,
            Node::Error => return true,
            Node::Param(param) => {
                let allowed = match self.state.types.bound(param).clone() {
                    Bound::OneOf(own) => {
                        own.iter().all(|own| types.iter().any(|ty| self.same_head(*own, *ty)))
                    }
                    _ => false,
                };
                if allowed {
                    return true;
                }
            }
            _ => {
                if let Some(fitting) = types.iter().find(|option| self.same_head(ty, **option)) {
                    self.equal(*fitting, ty, span);
                    return true;
                }
            }
        }
        let options: Vec<_> = types.iter().map(|ty| self.state.types.show(*ty)).collect();
        let message = format!("expected {}, found {}", options.join(" or "), self.state.types.show(ty));
        self.error(Diagnostic::error("type_mismatch", span, message));
        true
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
