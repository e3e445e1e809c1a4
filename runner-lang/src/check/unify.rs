//! Equality of types, which solves variables.

use std::collections::HashSet;

use super::{
    prims::Prims,
    types::{Bound, Fallback, Field, Node, ParamId, Part, Ty, Types, Var},
};

/// Levels of types that are compared; beyond, two types count as different.
const DEPTH: u32 = 200;

/// Levels from which on it is remembered what was walked: a type may be used many times within another.
const SHALLOW: u32 = 4;

/// Parts of a type from which on it is remembered on any level.
const WIDE: usize = 16;

impl Types {
    /// Makes two types equal; `false` if they can't be. Names of the fields of tuples don't matter.
    pub(crate) fn unify(&mut self, expected: Ty, found: Ty) -> bool {
        let deferred = self.deferred.len();
        let equal = self.unify_at(expected, found, 0);
        if equal && self.deferred.len() == deferred {
            // What is equal stays so: variables are solved once.
            self.equal.extend(self.assumed.drain());
        }
        self.assumed.clear();
        equal
    }

    /// Whether a pair is to be compared: not if it was, or is being compared.
    fn begin(&mut self, a: Ty, b: Ty) -> bool {
        self.budget().charge(0, size_of::<(Ty, Ty)>());
        !self.equal.contains(&(a, b)) && self.assumed.insert((a, b))
    }

    fn unify_at(&mut self, a: Ty, b: Ty, depth: u32) -> bool {
        let (a, b) = (self.follow(a), self.follow(b));
        if a == b {
            return true;
        }
        if depth > DEPTH {
            return false;
        }
        if !self.budget().step() {
            return true;
        }
        self.expand(a);
        self.expand(b);
        let next = depth + 1;
        let is_remembered = |node: &Node| match node {
            Node::Tuple(fields) => depth > SHALLOW || fields.len() > WIDE,
            Node::Enum(variants) => depth > SHALLOW || variants.len() > WIDE,
            Node::Func(_) | Node::Array(_) => depth > SHALLOW,
            _ => false,
        };
        if is_remembered(self.node(a)) && is_remembered(self.node(b)) && !self.begin(a, b) {
            return true;
        }
        match (self.node(a).clone(), self.node(b).clone()) {
            (Node::Var(a), Node::Var(b)) => self.merge(a, b),
            (Node::Var(var), _) => self.bind(var, b),
            (_, Node::Var(var)) => self.bind(var, a),
            (Node::Error, _) => {
                self.poison(b);
                true
            }
            (_, Node::Error) => {
                self.poison(a);
                true
            }
            (Node::Alias(x), Node::Alias(y)) if x == y => true,
            (Node::Alias(_), _) | (_, Node::Alias(_)) => {
                if !self.begin(a, b) {
                    return true;
                }
                let (a, b) = (self.head_of(a), self.head_of(b));
                self.unify_at(a, b, next)
            }
            (Node::Prim(x), Node::Prim(y)) => x == y,
            (Node::Framed(x), Node::Framed(y)) => x == y,
            (Node::Param(x), Node::Param(y)) => x == y,
            (Node::Array(x), Node::Array(y)) => self.unify_at(x, y, next),
            (Node::Tuple(x), Node::Tuple(y)) => self.unify_fields(&x, &y, next),
            (Node::Enum(x), Node::Enum(y)) => {
                x.len() == y.len()
                    && x.iter().zip(y.iter()).all(|(x, y)| x.name == y.name)
                    && x.iter()
                        .zip(y.iter())
                        .fold(true, |equal, (x, y)| self.unify_at(x.ty, y.ty, next) && equal)
            }
            (Node::Func(x), Node::Func(y)) => {
                let params = self.unify_fields(&x.params, &y.params, next);
                self.unify_at(x.result, y.result, next) && params
            }
            (Node::For(x), Node::For(y)) => {
                let common = self.new_param("_".into());
                let param = self.add(Node::Param(common));
                let left = self.replace(x.result, &[(x.param, param)]);
                let right = self.replace(y.result, &[(y.param, param)]);
                self.unify_at(left, right, next) && self.unify_at(x.tuple, y.tuple, next)
            }
            (Node::For(x), Node::Tuple(fields)) | (Node::Tuple(fields), Node::For(x)) => {
                let tuple = self.follow(x.tuple);
                if !matches!(self.node(tuple), Node::Var(_) | Node::For(_) | Node::Splice(_)) {
                    return self.defer(a, b);
                }
                let mut equal = true;
                let solved: Vec<_> = fields
                    .iter()
                    .map(|field| {
                        let ty = self.var(self.span_of(tuple));
                        let expected = self.replace(x.result, &[(x.param, ty)]);
                        equal &= self.unify_at(expected, field.ty, next);
                        Field { name: field.name.clone().filter(|_| x.named), ty }
                    })
                    .collect();
                let solved = self.tuple(solved);
                self.unify_at(tuple, solved, next) && equal
            }
            (Node::Splice(parts), Node::Tuple(fields)) | (Node::Tuple(fields), Node::Splice(parts)) => {
                self.unify_splice(a, b, &parts, &fields, next)
            }
            (Node::Splice(x), Node::Splice(y)) if same_shape(&x, &y) => {
                x.iter().zip(y.iter()).fold(true, |equal, pair| {
                    let (x, y) = match pair {
                        (Part::Field(x), Part::Field(y)) => (x.ty, y.ty),
                        (Part::Splice(x), Part::Splice(y)) => (*x, *y),
                        _ => return false,
                    };
                    self.unify_at(x, y, next) && equal
                })
            }
            (Node::For(_) | Node::Splice(_), Node::For(_) | Node::Splice(_)) => self.defer(a, b),
            (Node::For(x), Node::Param(_)) | (Node::Param(_), Node::For(x)) => {
                !matches!(self.head(x.tuple), Node::Param(_)) && self.defer(a, b)
            }
            (Node::Splice(parts), Node::Param(_)) | (Node::Param(_), Node::Splice(parts)) => match &*parts {
                [Part::Splice(only)] => {
                    let param = if matches!(self.node(a), Node::Param(_)) { a } else { b };
                    self.unify_at(*only, param, next)
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn unify_fields(&mut self, x: &[Field], y: &[Field], depth: u32) -> bool {
        x.len() == y.len()
            && x.iter().zip(y).fold(true, |equal, (x, y)| self.unify_at(x.ty, y.ty, depth) && equal)
    }

    /// With one tuple that is not known, its fields are those that the others leave over.
    fn unify_splice(&mut self, a: Ty, b: Ty, parts: &[Part], fields: &[Field], depth: u32) -> bool {
        let mut left = fields;
        let mut equal = true;
        let mut parts = parts;
        while let [first, rest @ ..] = parts {
            let Some(width) = self.width(first) else { break };
            let Some((head, tail)) = left.split_at_checked(width) else { return false };
            equal &= self.unify_part(first, head, depth);
            (left, parts) = (tail, rest);
        }
        while let [rest @ .., last] = parts {
            let Some(width) = self.width(last) else { break };
            let Some((head, tail)) = left.len().checked_sub(width).and_then(|at| left.split_at_checked(at))
            else {
                return false;
            };
            equal &= self.unify_part(last, tail, depth);
            (left, parts) = (head, rest);
        }
        match parts {
            [] => equal && left.is_empty(),
            [Part::Splice(only)] => {
                let rest = self.tuple(left.to_vec());
                self.unify_at(*only, rest, depth) && equal
            }
            _ => equal && self.defer(a, b),
        }
    }

    fn width(&mut self, part: &Part) -> Option<usize> {
        match part {
            Part::Field(_) => Some(1),
            Part::Splice(tuple) => self.fields(*tuple).map(|fields| fields.len()),
        }
    }

    fn unify_part(&mut self, part: &Part, fields: &[Field], depth: u32) -> bool {
        match part {
            Part::Field(field) => fields.iter().all(|found| self.unify_at(field.ty, found.ty, depth)),
            Part::Splice(tuple) => {
                let fields = self.tuple(fields.to_vec());
                self.unify_at(*tuple, fields, depth)
            }
        }
    }

    fn defer(&mut self, a: Ty, b: Ty) -> bool {
        self.deferred.push((a, b));
        true
    }

    /// Makes two variables one, of which the first tells where it came up.
    fn merge(&mut self, a: u32, b: u32) -> bool {
        let (Some(x), Some(y)) = (self.vars.get(a as usize), self.vars.get(b as usize)) else { return false };
        let prims = match (x.prims, y.prims) {
            (Some(x), Some(y)) => Some(x.intersect(y)),
            (x, y) => x.or(y),
        };
        if prims.is_some_and(Prims::is_empty) {
            return false;
        }
        let fallback = x.fallback.max(y.fallback);
        let what = x.what.clone().or_else(|| y.what.clone());
        let span = x.span;
        let weight = x.weight.saturating_add(y.weight);
        // The heavier one stays, so that no way to what solves a variable is long.
        let (stays, ty, goes) = if x.weight >= y.weight { (a, x.ty, b) } else { (b, y.ty, a) };
        self.solve(goes, ty);
        if let Some(var) = self.vars.get_mut(stays as usize) {
            (var.prims, var.fallback, var.what) = (prims, fallback, what);
            (var.span, var.weight) = (span, weight);
        }
        if let Some(single) = prims.and_then(Prims::single) {
            let single = self.prim(single);
            self.solve(stays, single);
        }
        true
    }

    /// Solves a variable, unless it may not be that type or the type contains it.
    ///
    /// A variable that is newer than all that solves variables is not in any type that is older than itself, so that
    /// most types need not be searched for it.
    fn bind(&mut self, var: u32, ty: Ty) -> bool {
        let Some(&Var { prims, ty: own, .. }) = self.vars.get(var as usize) else { return false };
        let is_new = own.0 > self.newest && ty.0 < own.0;
        match prims {
            Some(prims) if !self.is_of(ty, prims) => return false,
            None if !is_new && self.occurs(var, ty, 0, &mut HashSet::new()) => return false,
            _ => {}
        }
        self.solve(var, ty);
        true
    }

    /// Whether a type that is no variable is one of these primitives; of a type parameter, all that it stands for.
    pub(super) fn is_of(&mut self, ty: Ty, prims: Prims) -> bool {
        match self.head(ty) {
            Node::Error => true,
            Node::Prim(prim) => prims.contains(prim),
            Node::Param(param) => self.param_is_of(param, prims),
            _ => false,
        }
    }

    fn param_is_of(&mut self, param: ParamId, prims: Prims) -> bool {
        match self.bound(param).clone() {
            Bound::OneOf(types) => {
                types.iter().all(|ty| matches!(self.head(*ty), Node::Prim(prim) if prims.contains(prim)))
            }
            _ => false,
        }
    }

    /// Whether a variable is in a type. Types without open variables are remembered.
    fn occurs(&mut self, var: u32, ty: Ty, depth: u32, seen: &mut HashSet<Ty>) -> bool {
        if depth > DEPTH {
            return true;
        }
        let ty = self.follow(ty);
        if self.ground.contains(&ty) || !self.budget().step() {
            return false;
        }
        if depth > SHALLOW && !seen.insert(ty) {
            return false;
        }
        let node = self.node(ty).clone();
        if let Node::Var(found) = node {
            return found == var;
        }
        let mut is_ground = true;
        let mut occurs = false;
        for_each_part(&node, |part| {
            occurs = occurs || self.occurs(var, part, depth + 1, seen);
            is_ground = is_ground && !occurs && self.is_ground(part);
        });
        if is_ground && is_composite(&node) {
            self.ground.insert(ty);
        }
        occurs
    }

    /// Whether a type is known to have no open variables.
    fn is_ground(&self, ty: Ty) -> bool {
        let ty = self.follow(ty);
        match self.node(ty) {
            Node::Var(_) | Node::For(_) | Node::Splice(_) => false,
            node => !is_composite(node) || self.ground.contains(&ty),
        }
    }

    /// Solves all variables of a type that met an error, so that nothing is said about them.
    pub(crate) fn poison(&mut self, ty: Ty) {
        self.poison_at(ty, 0);
    }

    fn poison_at(&mut self, ty: Ty, depth: u32) {
        let ty = self.follow(ty);
        if depth > DEPTH || self.ground.contains(&ty) || !self.budget().step() {
            return;
        }
        let node = self.node(ty).clone();
        match &node {
            // A number finds its own type.
            Node::Var(var) => {
                let is_number = self.vars.get(*var as usize).is_none_or(|var| var.fallback != Fallback::None);
                if !is_number {
                    let error = self.error();
                    self.solve(*var, error);
                }
            }
            Node::For(for_type) => self.poison_at(for_type.tuple, depth + 1),
            // Once is enough.
            node if is_composite(node) && !self.poisoned.insert(ty) => {}
            node => for_each_part(node, |part| self.poison_at(part, depth + 1)),
        }
    }

    fn span_of(&self, ty: Ty) -> crate::syntax::Span {
        match self.node(ty) {
            Node::Var(var) => self.vars.get(*var as usize).map(|var| var.span).unwrap_or_default(),
            _ => Default::default(),
        }
    }
}

/// Whether a node has parts that stay what they are.
fn is_composite(node: &Node) -> bool {
    matches!(node, Node::Tuple(_) | Node::Enum(_) | Node::Func(_) | Node::Array(_))
}

/// Calls `visit` with each type directly within a node.
pub(super) fn for_each_part(node: &Node, mut visit: impl FnMut(Ty)) {
    match node {
        Node::Array(item) => visit(*item),
        Node::Tuple(fields) => fields.iter().for_each(|field| visit(field.ty)),
        Node::Enum(variants) => variants.iter().for_each(|variant| visit(variant.ty)),
        Node::Func(func) => {
            func.params.iter().for_each(|param| visit(param.ty));
            visit(func.result);
        }
        Node::For(for_type) => {
            visit(for_type.tuple);
            visit(for_type.result);
        }
        Node::Splice(parts) => parts.iter().for_each(|part| match part {
            Part::Field(field) => visit(field.ty),
            Part::Splice(tuple) => visit(*tuple),
        }),
        Node::Error | Node::Var(_) | Node::Prim(_) | Node::Alias(_) | Node::Framed(_) | Node::Param(_) => {}
    }
}

/// Whether two tuples of splices have fields and splices in the same places, so that they are equal part by part.
fn same_shape(x: &[Part], y: &[Part]) -> bool {
    let is_field = |part: &Part| matches!(part, Part::Field(_));
    x.len() == y.len() && x.iter().zip(y).all(|(x, y)| is_field(x) == is_field(y))
}
