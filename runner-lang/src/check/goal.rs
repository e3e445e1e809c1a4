//! What waits until a type is known: lookups, variants, bounds.

use super::{
    infer::Infer,
    prims::Prims,
    tree::Key,
    types::{Bound, Fallback, Field, Name, Node, Part, Ty},
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

/// What a lookup finds.
enum Found {
    Field(Ty),
    /// The type is not known yet.
    Open,
    Missing,
    NoFields,
}

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

    fn find_field(&mut self, tuple: Ty, key: &Key) -> Found {
        let types = &mut self.state.types;
        match types.head(tuple) {
            Node::Error => Found::Field(types.error()),
            Node::Var(_) => Found::Open,
            Node::Tuple(fields) => find_in(&fields, key).map_or(Found::Missing, Found::Field),
            Node::Framed(id) => match types.named(id) {
                Some(named) => match key {
                    Key::Position(0) => Found::Field(named.inner),
                    Key::Name(name) if named.field.as_ref() == Some(name) => Found::Field(named.inner),
                    _ => Found::Missing,
                },
                None => Found::Missing,
            },
            Node::Prim(prim) => {
                let Some(field) = prim_field(prim) else { return Found::NoFields };
                let inner = prim.framed().unwrap_or(prim);
                match key {
                    Key::Position(0) => Found::Field(types.prim(inner)),
                    Key::Name(name) if Some(&**name) == field => Found::Field(types.prim(inner)),
                    _ => Found::Missing,
                }
            }
            Node::Param(param) => match types.bound(param).clone() {
                Bound::Tuple(fields) => find_in_bound(&fields, key).map_or(Found::Missing, Found::Field),
                _ => Found::NoFields,
            },
            Node::For(for_type) => match self.find_field(for_type.tuple, key) {
                Found::Field(ty) if for_type.named || matches!(key, Key::Position(_)) => {
                    Found::Field(self.state.types.replace(for_type.result, &[(for_type.param, ty)]))
                }
                Found::Field(_) => Found::Missing,
                other => other,
            },
            Node::Splice(parts) => self.find_in_splice(&parts, key),
            Node::Array(_) | Node::Enum(_) | Node::Func(_) | Node::Alias(_) => Found::NoFields,
        }
    }

    fn find_in_splice(&mut self, parts: &[Part], key: &Key) -> Found {
        let mut position = 0;
        for part in parts {
            match (part, key) {
                (Part::Field(field), Key::Name(name)) if field.name.as_ref() == Some(name) => {
                    return Found::Field(field.ty);
                }
                (Part::Field(field), Key::Position(index)) if *index == position => {
                    return Found::Field(field.ty);
                }
                (Part::Field(_), _) => position += 1,
                (Part::Splice(tuple), Key::Name(_)) => match self.find_field(*tuple, key) {
                    // A type parameter may have it, which would come first.
                    Found::Missing if matches!(self.state.types.head(*tuple), Node::Param(_)) => {}
                    Found::Missing => {}
                    other => return other,
                },
                (Part::Splice(tuple), Key::Position(index)) => match self.state.types.fields(*tuple) {
                    Some(fields) => {
                        let width = fields.len() as u32;
                        if *index < position + width {
                            let field = fields.get((*index - position) as usize);
                            return field.map_or(Found::Missing, |field| Found::Field(field.ty));
                        }
                        position += width;
                    }
                    None => {
                        return match self.state.types.head(*tuple) {
                            Node::Var(_) => Found::Open,
                            _ => self.find_field(*tuple, &Key::Position(*index - position)),
                        };
                    }
                },
            }
        }
        Found::Missing
    }

    fn missing_field(&mut self, tuple: Ty, key: &Key, span: Span) -> Diagnostic {
        let shown = self.state.types.show(tuple);
        let names: Vec<Name> = match self.state.types.head(tuple) {
            Node::Tuple(fields) => fields.iter().filter_map(|field| field.name.clone()).collect(),
            Node::Framed(id) => {
                self.state.types.named(id).and_then(|named| named.field.clone()).into_iter().collect()
            }
            _ => Vec::new(),
        };
        match key {
            Key::Name(name) => {
                let message = format!("there is no field `{name}` in {shown}");
                with_hint(Diagnostic::error("unknown_field", span, message), similar(name, &names))
            }
            Key::Position(index) => {
                let message = format!("there is no field {index} in {shown}");
                Diagnostic::error("unknown_field", span, message).hint("positions begin with 0")
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

    fn report_goals(&mut self) {
        for goal in std::mem::take(&mut self.goals) {
            match goal {
                Goal::Field { tuple, key, result, span } => {
                    if !self.state.types.is_error(tuple) {
                        let what = match key {
                            Key::Name(name) => format!("`{name}`"),
                            Key::Position(index) => format!("{index}"),
                        };
                        let message = format!("the type in which {what} is looked up is not known");
                        let hint = "annotate it, as in `(value: Type)` or `func (x: Type) -> ...`";
                        self.error(Diagnostic::error("unknown_type", span, message).hint(hint));
                    }
                    self.state.types.poison(tuple);
                    self.state.types.poison(result);
                }
                Goal::Variant { enumeration, name, payload, span, .. } => {
                    if !self.state.types.is_error(enumeration) {
                        let message = format!("the enum of the variant `.{name}` is not known");
                        let hint = format!("annotate it, as in `.{name}: Type`");
                        self.error(Diagnostic::error("unknown_type", span, message).hint(hint));
                    }
                    self.state.types.poison(enumeration);
                    payload.into_iter().for_each(|payload| self.state.types.poison(payload));
                }
                Goal::Equal { expected, found, span } => {
                    let diagnostic = self.mismatch(expected, found, span);
                    self.error(diagnostic);
                    self.state.types.poison(expected);
                    self.state.types.poison(found);
                }
                // Reported as variables that nothing tells.
                Goal::Fields { .. } | Goal::OneOf { .. } | Goal::Tuple { .. } => {}
            }
        }
    }

    fn report_vars(&mut self) {
        let mut reported: Vec<Span> = Vec::new();
        for index in self.first_var..self.state.types.vars.len() {
            let Some(var) = self.state.types.vars.get(index).cloned() else { continue };
            if var.bound.is_some() {
                continue;
            }
            if !reported.contains(&var.span) {
                reported.push(var.span);
                let message = match &var.what {
                    Some(what) => format!("nothing tells the type {what}"),
                    None => "nothing tells the type of this".to_owned(),
                };
                let hint = "annotate it, as in `value: Type`";
                self.error(Diagnostic::error("unknown_type", var.span, message).hint(hint));
            }
            let error = self.state.types.error();
            if let Some(var) = self.state.types.vars.get_mut(index) {
                var.bound = Some(error);
            }
        }
    }
}

/// The name of the only field of a primitive that frames another, if it frames one.
pub(crate) fn prim_field(prim: runner_core::Prim) -> Option<Option<&'static str>> {
    use runner_core::Prim;
    Some(match prim {
        Prim::Date => Some("days_epoch"),
        Prim::Time => Some("micros_midnight"),
        Prim::Duration | Prim::Timestamp => Some("microseconds"),
        Prim::Decimal => None,
        _ => return None,
    })
}

fn find_in(fields: &[Field], key: &Key) -> Option<Ty> {
    match key {
        Key::Name(name) => fields.iter().find(|field| field.name.as_ref() == Some(name)),
        Key::Position(index) => fields.get(*index as usize),
    }
    .map(|field| field.ty)
}

/// Only the unnamed fields of a bound have positions.
fn find_in_bound(fields: &[Field], key: &Key) -> Option<Ty> {
    find_in(fields, key).filter(|_| match key {
        Key::Name(_) => true,
        Key::Position(index) => fields.get(*index as usize).is_some_and(|field| field.name.is_none()),
    })
}
