//! Smaller programs that still show the same.

use std::collections::BTreeSet;

use runner_core::{Prim, Value};

use super::{
    ast::{Expr, Node, Tree},
    ty::{Shape, Ty},
};

/// The smallest tree that is found within so many tries for which `shows` holds, as it does for the one given.
pub fn shrink(tree: Tree, tries: usize, mut shows: impl FnMut(&Tree) -> bool) -> Tree {
    let mut best = tree;
    let mut left = tries;
    loop {
        let mut has_shrunk = false;
        let mut index = 0;
        // What is smaller comes first in each step; after a success, the same place is tried again.
        while let Some(candidates) = step(&best, index) {
            let smaller = candidates.into_iter().find(|candidate| {
                left = left.saturating_sub(1);
                left > 0 && shows(candidate)
            });
            match smaller {
                Some(smaller) => {
                    best = smaller;
                    has_shrunk = true;
                }
                None => index += 1,
            }
            if left == 0 {
                return best;
            }
        }
        if !has_shrunk {
            return best;
        }
    }
}

/// What the tree may become by a change at the place of an index, `None` behind the last place.
fn step(tree: &Tree, index: usize) -> Option<Vec<Tree>> {
    let params = tree.params.len();
    if index < params {
        return Some(shrink_param(tree, index));
    }
    let paths = tree.body.paths();
    let path = paths.get(index - params)?;
    Some(shrink_at(tree, path))
}

fn shrink_param(tree: &Tree, index: usize) -> Vec<Tree> {
    let (var, ty, value) = &tree.params[index];
    let mut candidates = Vec::new();
    if !tree.body.free().contains(var) {
        let mut smaller = tree.clone();
        smaller.params.remove(index);
        candidates.push(smaller);
    }
    for value in smaller_values(tree, ty, value) {
        let mut smaller = tree.clone();
        smaller.params[index].2 = value;
        candidates.push(smaller);
    }
    candidates
}

fn shrink_at(tree: &Tree, path: &[usize]) -> Vec<Tree> {
    let mut scope: BTreeSet<u32> = tree.params.iter().map(|(var, ..)| *var).collect();
    // Whether the type may change here, because it may change all the way up.
    let mut is_loose = true;
    let mut expr = &tree.body;
    for &index in path {
        is_loose &= match &expr.node {
            Node::Tuple | Node::Lambda(_) => true,
            Node::Let(_) => index == 1,
            Node::Call(name) => name == "map" && index == 1,
            _ => false,
        };
        scope.extend(expr.binds(index));
        expr = &expr.kids[index];
    }
    if let Node::Lambda(_) = expr.node {
        return Vec::new();
    }
    let mut made = Vec::new();
    let mut inner = Vec::new();
    expr.kids.iter().for_each(|kid| descendants(kid, &mut inner));
    inner.retain(|found| {
        (is_loose || found.ty == expr.ty)
            && !matches!(found.node, Node::Lambda(_))
            && found.free().is_subset(&scope)
    });
    inner.sort_by_key(|found| found.size());
    made.extend(inner.into_iter().take(60).cloned());
    match &expr.node {
        Node::Literal(value) => {
            made.extend(
                smaller_values(tree, &expr.ty, value).into_iter().map(|value| Expr::literal(&expr.ty, value)),
            );
        }
        Node::Var(_) | Node::Table(_) => {}
        Node::Array if expr.kids.len() > 1 => {
            made.push(Expr::literal(&expr.ty, tree.defs.default_value(&expr.ty)));
            made.extend((0..expr.kids.len()).map(|index| without(expr, index)));
        }
        Node::Tuple if is_loose && expr.kids.len() > 1 => {
            made.extend((0..expr.kids.len()).map(|index| {
                let mut smaller = without(expr, index);
                smaller.ty = Ty::Tuple(smaller.kids.iter().map(|kid| kid.ty.clone()).collect());
                smaller
            }));
        }
        _ => made.push(Expr::literal(&expr.ty, tree.defs.default_value(&expr.ty))),
    }
    made.into_iter().map(|replacement| tree.with(path, replacement)).collect()
}

fn descendants<'a>(expr: &'a Expr, found: &mut Vec<&'a Expr>) {
    found.push(expr);
    expr.kids.iter().for_each(|kid| descendants(kid, found));
}

fn without(expr: &Expr, index: usize) -> Expr {
    let mut smaller = expr.clone();
    smaller.kids.remove(index);
    smaller
}

/// Simpler values of a type, the simplest first.
fn smaller_values(tree: &Tree, ty: &Ty, value: &Value) -> Vec<Value> {
    let mut made = Vec::new();
    let default = tree.defs.default_value(ty);
    if *value == default {
        return made;
    }
    made.push(default);
    match (tree.defs.shape(ty), value) {
        (Shape::Prim(prim), value) => made.extend(smaller_prims(prim, value)),
        (Shape::Framed(inner), value) => made.extend(smaller_values(tree, &inner, value)),
        (Shape::Tuple(types), Value::Tuple(fields)) => {
            for (index, (ty, field)) in types.iter().zip(fields).enumerate() {
                made.extend(smaller_values(tree, ty, field).into_iter().map(|field| {
                    let mut fields = fields.clone();
                    fields[index] = field;
                    Value::Tuple(fields)
                }));
            }
        }
        (Shape::Array(item), Value::Array(items)) => {
            if items.len() > 2 {
                made.push(Value::Array(items[..items.len() / 2].to_vec()));
                made.push(Value::Array(items[items.len() / 2..].to_vec()));
            }
            for index in 0..items.len() {
                let mut fewer = items.clone();
                fewer.remove(index);
                made.push(Value::Array(fewer));
            }
            for (index, value) in items.iter().enumerate() {
                made.extend(smaller_values(tree, &item, value).into_iter().map(|value| {
                    let mut items = items.clone();
                    items[index] = value;
                    Value::Array(items)
                }));
            }
        }
        (Shape::Enum(variants), Value::Variant(variant, payload)) => {
            let payloads = smaller_values(tree, &variants[*variant as usize].1, payload);
            made.extend(payloads.into_iter().map(|payload| Value::Variant(*variant, Box::new(payload))));
        }
        _ => {}
    }
    made
}

fn smaller_prims(prim: Prim, value: &Value) -> Vec<Value> {
    match value {
        Value::Int(value) => [1, 2, -1, value / 2, value / 1_000_000 * 1_000_000]
            .into_iter()
            .filter(|smaller| smaller.unsigned_abs() < value.unsigned_abs())
            .map(Value::Int)
            .collect(),
        Value::Uint(value) => {
            [1, 2, value / 2].into_iter().filter(|smaller| smaller < value).map(Value::Uint).collect()
        }
        Value::Float32(value) => [1.0, value.trunc()]
            .into_iter()
            .filter(|smaller| smaller.abs() < value.abs() || value.is_nan())
            .filter(|smaller| !smaller.is_nan())
            .map(Value::Float32)
            .collect(),
        Value::Float64(value) => [1.0, value.trunc()]
            .into_iter()
            .filter(|smaller| smaller.abs() < value.abs() || value.is_nan())
            .filter(|smaller| !smaller.is_nan())
            .map(Value::Float64)
            .collect(),
        Value::Text(text) if prim == Prim::Text => {
            let chars: Vec<_> = text.chars().collect();
            let mut made = Vec::new();
            if text != "a" {
                made.push(Value::Text("a".into()));
            }
            if chars.len() > 1 {
                made.extend((0..chars.len()).map(|skipped| {
                    let rest = chars.iter().enumerate().filter(|(index, _)| *index != skipped);
                    Value::Text(rest.map(|(_, c)| *c).collect())
                }));
            }
            made
        }
        _ => Vec::new(),
    }
}
