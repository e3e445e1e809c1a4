//! Expressions of a wanted type, from what is in scope.

mod array;
mod derived;
mod scalar;
mod table;

pub use table::table_tree;

use fastrand::Rng;
use runner_core::{Prim, Value};

use super::{
    ast::{Expr, Node, Pattern, Tree},
    data::Taste,
    ty::{BOOL, Defs, FLOAT, INT, Shape, TEXT, Ty},
};

/// Expressions of a program at most, roughly.
const FUEL: usize = 90;

/// Levels of an expression at most.
const DEPTH: u32 = 5;

/// A random program with a random input.
pub fn tree(rng: &mut Rng) -> Tree {
    let defs = Defs::random(rng);
    let taste = Taste { tame: rng.u8(..3) > 0, items: rng.usize(2..8) };
    let fuel = rng.usize(10..FUEL);
    let mut builder = Builder { rng, defs, taste, scope: Vec::new(), next: 0, fuel };
    let params: Vec<_> = (0..builder.rng.usize(1..5)).map(|_| builder.param()).collect();
    let fields = (0..builder.rng.usize(1..4)).map(|_| {
        let ty = builder.ty(3);
        builder.expr(&ty, DEPTH)
    });
    let mut fields: Vec<_> = fields.collect();
    let body = match fields.len() {
        1 => fields.remove(0),
        _ => Expr::new(Ty::Tuple(fields.iter().map(|field| field.ty.clone()).collect()), Node::Tuple, fields),
    };
    Tree { defs: builder.defs, params, body }
}

/// What expressions are made of.
struct Builder<'a> {
    rng: &'a mut Rng,
    defs: Defs,
    taste: Taste,
    scope: Vec<(u32, Ty)>,
    next: u32,
    fuel: usize,
}

impl Builder<'_> {
    fn param(&mut self) -> (u32, Ty, Value) {
        // Arrays of tuples are what programs are about.
        let ty = match self.rng.u8(..4) {
            0 => self.ty(3),
            1 => Ty::array(self.ty(1)),
            _ => {
                let fields = (0..self.rng.usize(1..4)).map(|_| self.ty(1)).collect();
                Ty::array(Ty::Tuple(fields))
            }
        };
        let value = self.value(&ty);
        let var = self.var();
        self.scope.push((var, ty.clone()));
        (var, ty, value)
    }

    fn var(&mut self) -> u32 {
        self.next += 1;
        self.next - 1
    }

    /// A type, of something in scope or another.
    fn ty(&mut self, depth: u32) -> Ty {
        if self.rng.u8(..3) == 0 {
            let paths = self.paths();
            if !paths.is_empty() {
                return paths[self.rng.usize(..paths.len())].ty.clone();
            }
        }
        self.defs.ty(self.rng, depth)
    }

    fn value(&mut self, ty: &Ty) -> Value {
        self.defs.value(self.rng, ty, self.taste, 0)
    }

    /// What can be reached from the variables in scope.
    fn paths(&self) -> Vec<Expr> {
        let mut paths = Vec::new();
        for (var, ty) in &self.scope {
            let first = paths.len();
            paths.push(Expr::new(ty.clone(), Node::Var(*var), Vec::new()));
            let mut next = first;
            while next < paths.len() && paths.len() - first < 12 {
                let path: Expr = paths[next].clone();
                let fields = match self.defs.shape(&path.ty) {
                    Shape::Tuple(fields) => fields,
                    Shape::Framed(inner) => vec![inner],
                    _ => Vec::new(),
                };
                for (index, ty) in fields.into_iter().enumerate() {
                    paths.push(Expr::new(ty, Node::Field(index.to_string()), vec![path.clone()]));
                }
                next += 1;
            }
        }
        paths
    }

    /// A path of this type, later variables more often.
    fn path(&mut self, is_wanted: impl Fn(&Ty) -> bool) -> Option<Expr> {
        let paths: Vec<_> = self.paths().into_iter().filter(|path| is_wanted(&path.ty)).collect();
        let count = paths.len();
        let index =
            if count == 0 { return None } else { self.rng.usize(..count).max(self.rng.usize(..count)) };
        paths.into_iter().nth(index)
    }

    fn literal(&mut self, ty: &Ty) -> Expr {
        let taste = Taste { items: 3, ..self.taste };
        let value = self.defs.value(self.rng, ty, taste, 2);
        Expr::literal(ty, value)
    }

    fn small(&mut self, ty: &Ty, range: std::ops::Range<i64>) -> Expr {
        let value = self.rng.i64(range);
        let is_unsigned = matches!(ty.prim(), Some(Prim::Uint8 | Prim::Uint16 | Prim::Uint32 | Prim::Uint64));
        Expr::literal(ty, if is_unsigned { Value::Uint(value.unsigned_abs()) } else { Value::Int(value) })
    }

    /// An expression of a type.
    fn expr(&mut self, ty: &Ty, depth: u32) -> Expr {
        self.fuel = self.fuel.saturating_sub(1);
        if depth == 0 || self.fuel == 0 || self.rng.u8(..12) == 0 {
            return self.leaf(ty);
        }
        if self.rng.u8(..4) == 0 {
            return self.generic(ty, depth - 1);
        }
        match self.defs.shape(ty) {
            Shape::Prim(prim) => self.scalar(prim, depth - 1),
            Shape::Array(item) => self.array(&item, depth - 1),
            Shape::Tuple(fields) if matches!(ty, Ty::Tuple(_)) => self.tuple(ty, &fields, depth - 1),
            // The name of a recursive tuple is no constructor: its array has to come from somewhere.
            Shape::Tuple(_) => self.leaf(ty),
            Shape::Framed(inner) => {
                let inner = self.expr(&inner, depth - 1);
                Expr::call(ty.clone(), &self.defs.print(ty), vec![inner])
            }
            Shape::Enum(variants) => self.enumeration(ty, &variants, depth - 1),
        }
    }

    fn leaf(&mut self, ty: &Ty) -> Expr {
        if self.rng.u8(..6) > 0
            && let Some(path) = self.path(|found| found == ty)
        {
            return path;
        }
        self.literal(ty)
    }

    fn tuple(&mut self, ty: &Ty, fields: &[Ty], depth: u32) -> Expr {
        if !fields.is_empty() && self.rng.u8(..6) == 0 {
            // Columns of rows, if that is what they are.
            let items = fields.iter().map(|field| match field {
                Ty::Array(item) => Some((**item).clone()),
                _ => None,
            });
            if let Some(items) = items.collect::<Option<Vec<_>>>() {
                let rows = self.expr(&Ty::array(Ty::Tuple(items)), depth);
                return Expr::call(ty.clone(), "to_columnar", vec![rows]);
            }
        }
        let kids = fields.iter().map(|field| self.expr(field, depth)).collect();
        Expr::new(ty.clone(), Node::Tuple, kids)
    }

    fn enumeration(&mut self, ty: &Ty, variants: &[(String, Ty)], depth: u32) -> Expr {
        match ty {
            Ty::Ordering => {
                let compared = self.ty(2);
                let kids = vec![self.expr(&compared, depth), self.expr(&compared, depth)];
                return Expr::call(ty.clone(), "cmp", kids);
            }
            Ty::Option(some) if self.rng.u8(..3) > 0 => return self.option(some, depth),
            _ => {}
        }
        let (name, payload) = &variants[self.rng.usize(..variants.len())];
        let kids = if *payload == Ty::unit() { Vec::new() } else { vec![self.expr(payload, depth)] };
        Expr::new(ty.clone(), Node::Variant(name.clone()), kids)
    }

    fn option(&mut self, some: &Ty, depth: u32) -> Expr {
        let ty = Ty::option(some.clone());
        match self.rng.u8(..9) {
            7 | 8 => self.derived_option(some, depth),
            0 => {
                let kids = vec![self.expr(&Ty::array(some.clone()), depth), self.position(depth)];
                Expr::call(ty, "index", kids)
            }
            1 | 2 => {
                let items = self.expr(&Ty::array(some.clone()), depth);
                let condition = self.lambda(std::slice::from_ref(some), &BOOL, depth);
                Expr::call(ty, "find", vec![items, condition])
            }
            3 if some.prim().is_some() => {
                let items = self.expr(&Ty::array(some.clone()), depth);
                Expr::call(ty, if self.rng.bool() { "min" } else { "max" }, vec![items])
            }
            4 => {
                let from = self.ty(1);
                let value = self.expr(&Ty::option(from.clone()), depth);
                let mapper = self.lambda(&[from], some, depth);
                Expr::call(ty, "option::map", vec![value, mapper])
            }
            5 => {
                let from = self.ty(1);
                let value = self.expr(&Ty::option(from.clone()), depth);
                let mapper = self.lambda(&[from], &ty, depth);
                Expr::call(ty, "option::flat_map", vec![value, mapper])
            }
            6 if matches!(some, Ty::Tuple(fields) if fields.len() == 2) => {
                let Shape::Tuple(fields) = self.defs.shape(some) else { return self.leaf(&ty) };
                let kids = fields.into_iter().map(|field| self.expr(&Ty::option(field), depth)).collect();
                Expr::call(ty, "option::zip", kids)
            }
            _ => {
                let some = self.expr(some, depth);
                Expr::new(ty, Node::Variant("some".into()), vec![some])
            }
        }
    }

    /// An expression of a form that any type may have.
    fn generic(&mut self, ty: &Ty, depth: u32) -> Expr {
        match self.rng.u8(..14) {
            0 | 1 => {
                let kids = vec![self.expr(&BOOL, depth), self.expr(ty, depth), self.expr(ty, depth)];
                Expr::new(ty.clone(), Node::If, kids)
            }
            2 | 3 => self.matching(ty, depth),
            4 => {
                let bound = self.ty(2);
                let value = self.expr(&bound, depth);
                let var = self.var();
                self.scope.push((var, bound));
                let body = self.expr(ty, depth);
                self.scope.pop();
                Expr::new(ty.clone(), Node::Let(var), vec![value, body])
            }
            5 => {
                let kids = vec![self.expr(&Ty::array(ty.clone()), depth), self.position(depth)];
                Expr::new(ty.clone(), Node::Brackets, kids)
            }
            6 => {
                let kids = vec![self.expr(&Ty::option(ty.clone()), depth), self.expr(ty, depth)];
                match self.rng.u8(..3) {
                    0 => Expr::call(ty.clone(), "or_else", kids),
                    1 => Expr::call(ty.clone(), "or_default", kids.into_iter().take(1).collect()),
                    _ => Expr::new(ty.clone(), Node::Infix("??"), kids),
                }
            }
            7 => {
                let from = self.ty(1);
                let kids = vec![
                    self.expr(&Ty::option(from.clone()), depth),
                    self.expr(ty, depth),
                    self.lambda(&[from], ty, depth),
                ];
                Expr::call(ty.clone(), "map_or", kids)
            }
            8 | 9 => {
                let (items, item) = self.source(depth);
                let kids = vec![items, self.expr(ty, depth), self.lambda(&[ty.clone(), item], ty, depth)];
                Expr::call(ty.clone(), "fold", kids)
            }
            10 => Expr::new(ty.clone(), Node::CallAs("default".into()), Vec::new()),
            11 | 12 => {
                // What an aggregate looks like: of the columns of some rows.
                let (rows, item) = self.source(depth);
                match self.defs.shape(&item) {
                    Shape::Tuple(fields) if !fields.is_empty() => {
                        let columns = Ty::Tuple(fields.into_iter().map(Ty::array).collect());
                        let body = self.lambda(&[columns], ty, depth);
                        Expr::call(ty.clone(), "aggregate", vec![rows, body])
                    }
                    _ => self.expr(ty, depth),
                }
            }
            _ => {
                let other = self.ty(1);
                let both = Ty::Tuple(vec![other, ty.clone()]);
                let tuple = self.expr(&both, depth);
                Expr::new(ty.clone(), Node::Field("1".into()), vec![tuple])
            }
        }
    }

    fn matching(&mut self, ty: &Ty, depth: u32) -> Expr {
        let subject_ty = match self.rng.u8(..5) {
            0 => Ty::Ordering,
            1 => [INT, TEXT, BOOL, Ty::Prim(Prim::Uint8)][self.rng.usize(..4)].clone(),
            2 => (0..self.defs.0.len())
                .map(Ty::Named)
                .find(|ty| matches!(self.defs.shape(ty), Shape::Enum(_)))
                .unwrap_or(Ty::Ordering),
            _ => Ty::option(self.ty(1)),
        };
        let mut kids = vec![self.expr(&subject_ty, depth)];
        let mut patterns = Vec::new();
        match self.defs.shape(&subject_ty) {
            Shape::Enum(variants) => {
                let all = variants.len();
                for (index, (name, payload)) in variants.into_iter().enumerate() {
                    if index + 1 == all && all > 1 && self.rng.u8(..4) == 0 {
                        patterns.push(Pattern::Any);
                        kids.push(self.expr(ty, depth));
                        continue;
                    }
                    let var = (payload != Ty::unit() && self.rng.u8(..5) > 0).then(|| self.var());
                    self.scope.extend(var.map(|var| (var, payload)));
                    kids.push(self.expr(ty, depth));
                    self.scope.truncate(self.scope.len() - usize::from(var.is_some()));
                    patterns.push(Pattern::Variant(name, var));
                }
            }
            _ => {
                let mut values: Vec<Value> = Vec::new();
                for _ in 0..self.rng.usize(1..3) {
                    let value = self.value(&subject_ty);
                    if !values.contains(&value) {
                        values.push(value.clone());
                        patterns.push(Pattern::Literal(subject_ty.clone(), value));
                        kids.push(self.expr(ty, depth));
                    }
                }
                patterns.push(Pattern::Any);
                kids.push(self.expr(ty, depth));
            }
        }
        Expr::new(ty.clone(), Node::Match(patterns), kids)
    }

    fn lambda(&mut self, params: &[Ty], result: &Ty, depth: u32) -> Expr {
        let vars: Vec<_> = params.iter().map(|_| self.var()).collect();
        self.scope.extend(vars.iter().copied().zip(params.iter().cloned()));
        let body = self.expr(result, depth);
        self.scope.truncate(self.scope.len() - params.len());
        Expr::new(result.clone(), Node::Lambda(vars), vec![body])
    }

    /// An `Int64` that may be in the range of an array.
    fn position(&mut self, depth: u32) -> Expr {
        if self.rng.u8(..3) == 0 { self.expr(&INT, depth) } else { self.small(&INT, -3..6) }
    }

    /// An array of any type, preferably one that is there.
    fn source(&mut self, depth: u32) -> (Expr, Ty) {
        let path = self.path(|ty| matches!(ty, Ty::Array(_)));
        let (items, item) = match path {
            Some(path) if self.rng.u8(..6) > 0 => {
                let Ty::Array(item) = path.ty.clone() else { return self.source(depth) };
                (path, *item)
            }
            _ => {
                let item = self.ty(2);
                (self.expr(&Ty::array(item.clone()), depth), item)
            }
        };
        if depth == 0 || self.fuel == 0 || self.rng.u8(..3) > 0 {
            return (items, item);
        }
        match self.rng.u8(..3) {
            0 | 1 => {
                let key = self.key_ty(&item);
                let key_of = self.lambda(std::slice::from_ref(&item), &key, depth.min(2));
                let group = Ty::Tuple(vec![key, Ty::array(item)]);
                (Expr::call(Ty::array(group.clone()), "group", vec![items, key_of]), group)
            }
            _ => {
                let (others, other) = self.source(depth - 1);
                let both = Ty::Tuple(vec![item, other]);
                (Expr::call(Ty::array(both.clone()), "zip", vec![items, others]), both)
            }
        }
    }

    /// A type of a part of an item, so that a key of it is likely to be one.
    fn key_ty(&mut self, item: &Ty) -> Ty {
        match self.defs.shape(item) {
            Shape::Tuple(fields) if !fields.is_empty() => fields[self.rng.usize(..fields.len())].clone(),
            _ if self.rng.bool() => item.clone(),
            _ => [INT, TEXT, FLOAT, BOOL][self.rng.usize(..4)].clone(),
        }
    }
}
