//! When runners may disagree: an error in a value that nothing uses may or may not occur.
//!
//! Whether nothing uses a value is found by trial: others in its place leave the answer as it is, on every runner. That
//! the error is this value's own shows as well: without it there is none where there was one, or it fails by itself.

use fastrand::Rng;
use runner_core::Value;

use super::{Answer, Verdict, judge};
use crate::{
    backend::Backend,
    generate::{
        Tree,
        ast::{Expr, Node},
        data::Taste,
        ty::{BOOL, Defs, INT, Shape, Ty},
    },
};

/// Values that are tried in a place; all that there are, if there are fewer.
const VALUES: usize = 8;

/// Values that there have to be, unless the type has fewer.
const LEAST: usize = 3;

/// The value that an expression has no part in, of which one runner evaluates it and fails, and another does not.
///
/// `None` if the disagreement needs mending.
#[must_use]
pub fn excuse(backends: &[Backend], tree: &Tree, verdict: &Verdict) -> Option<Expr> {
    // A second one may fail as well, which is found once the first one is gone.
    excuse_one_of(backends, tree, verdict, 1).or_else(|| excuse_one_of(backends, tree, verdict, 2))
}

/// The same, if at most so many values fail that nothing uses.
fn excuse_one_of(backends: &[Backend], tree: &Tree, verdict: &Verdict, failing: u32) -> Option<Expr> {
    let Verdict::Disagreed { expected, found, .. } = verdict else { return None };
    let (value, is_first_failing) = match (expected, found) {
        (Answer::Error("EXECUTION_ERROR", _), Answer::Value(value)) => (value, true),
        (Answer::Value(value), Answer::Error("EXECUTION_ERROR", _)) => (value, false),
        _ => return None,
    };
    let paths = tree.body.paths().into_iter().filter(|path| !path.is_empty());
    let unused = paths.filter(|path| {
        let Some(expr) = evaluated(backends, tree, path) else { return false };
        let is_plain = matches!(expr.node, Node::Literal(_) | Node::Var(_) | Node::Lambda(_));
        // What is quick to find out comes first.
        !is_plain
            && ((is_first_failing && failing == 1) || fails_alone(backends, tree, path))
            && has_no_part(backends, tree, path, value, failing)
    });
    unused.map(|path| expr_at(&tree.body, &path).clone()).next()
}

/// The expression at a place, if it is evaluated whenever the whole is, as far as it has to be: not in a branch, or in one
/// that is taken.
fn evaluated<'a>(backends: &[Backend], tree: &'a Tree, path: &[usize]) -> Option<&'a Expr> {
    let mut expr = &tree.body;
    for (depth, &index) in path.iter().enumerate() {
        let is_branch = match &expr.node {
            Node::If | Node::Match(_) => index > 0,
            Node::Infix(operator) => ["&&", "||", "??"].contains(operator) && index > 0,
            Node::Call(name) | Node::CallAs(name) => {
                let is_option = name.starts_with("option::");
                index > 0 && (is_option || ["and", "or", "or_else", "map_or"].contains(&name.as_str()))
            }
            _ => false,
        };
        let around = &path[..depth];
        if is_branch && (is_within_lambda(&tree.body, around) || !is_taken(backends, tree, &path[..=depth])) {
            return None;
        }
        expr = &expr.kids[index];
    }
    Some(expr)
}

fn is_within_lambda(body: &Expr, path: &[usize]) -> bool {
    (0..=path.len()).any(|end| is_lambda(body, &path[..end]))
}

/// Whether the first runner evaluates a branch: it fails if what fails stands there, and does not if a value does.
fn is_taken(backends: &[Backend], tree: &Tree, path: &[usize]) -> bool {
    let mut path = path.to_vec();
    while is_lambda(&tree.body, &path) {
        path.push(0);
    }
    let ty = &expr_at(&tree.body, &path).ty;
    let value = Expr::literal(ty, tree.defs.default_value(ty));
    let [zero, one] = [0, 1].map(|value| Expr::literal(&INT, Value::Int(value)));
    let division = Expr::new(INT, Node::Infix("/"), vec![one, zero.clone()]);
    let condition = Expr::new(BOOL, Node::Infix("=="), vec![division, zero]);
    let failing = Expr::new(ty.clone(), Node::If, vec![condition, value.clone(), value.clone()]);
    let judged = |expr| judge(&backends[..1], &tree.with(&path, expr));
    matches!(judged(failing), Verdict::Agreed(Answer::Error("EXECUTION_ERROR", _)))
        && matches!(judged(value), Verdict::Agreed(Answer::Value(_)))
}

fn expr_at<'a>(body: &'a Expr, path: &[usize]) -> &'a Expr {
    path.iter().fold(body, |expr, &index| &expr.kids[index])
}

fn is_lambda(body: &Expr, path: &[usize]) -> bool {
    matches!(expr_at(body, path).node, Node::Lambda(_))
}

/// Whether all runners give this value, whatever stands in a place.
fn has_no_part(backends: &[Backend], tree: &Tree, path: &[usize], value: &str, failing: u32) -> bool {
    let ty = &expr_at(&tree.body, path).ty;
    let values = values(&tree.defs, ty);
    let agreed = Verdict::Agreed(Answer::Value(value.into()));
    let is_enough = values.len() >= LEAST || cardinality(&tree.defs, ty, 0) == Some(values.len());
    let gives = |backends: &[Backend]| {
        values.iter().all(|value| {
            let tree = tree.with(path, Expr::literal(ty, value.clone()));
            let verdict = judge(backends, &tree);
            verdict == agreed
                || failing > 1 && excuse_one_of(backends, &tree, &verdict, failing - 1).is_some()
        })
    };
    // The first runner alone decides most of them.
    is_enough && (failing > 1 || gives(&backends[..1])) && gives(backends)
}

/// Whether what stands in a place fails by itself: an expression around it that needs nothing but the input fails on the
/// first runner, and does not with another value in the place.
fn fails_alone(backends: &[Backend], tree: &Tree, path: &[usize]) -> bool {
    let first = &backends[..1];
    let ty = &expr_at(&tree.body, path).ty;
    let is_failing =
        |tree: &Tree| matches!(judge(first, tree), Verdict::Agreed(Answer::Error("EXECUTION_ERROR", _)));
    (1..=path.len()).rev().any(|length| {
        let (around, within) = path.split_at(length);
        let body = expr_at(&tree.body, around);
        let is_closed = body.free().iter().all(|var| tree.params.iter().any(|(param, ..)| param == var));
        // What is within a lambda need not be evaluated at all.
        if !is_closed || is_within_lambda(&tree.body, around) {
            return false;
        }
        let alone = Tree { body: body.clone(), ..tree.clone() };
        let without = alone.with(within, Expr::literal(ty, tree.defs.default_value(ty)));
        is_failing(&alone) && matches!(judge(first, &without), Verdict::Agreed(Answer::Value(_)))
    })
}

/// Different values of a type.
fn values(defs: &Defs, ty: &Ty) -> Vec<Value> {
    let mut rng = Rng::with_seed(0);
    let mut values = vec![defs.default_value(ty)];
    for round in 0..10 * VALUES {
        let taste = Taste { tame: round % 2 == 0, items: 3 };
        let value = defs.value(&mut rng, ty, taste, 2);
        // NaN is no other value than itself.
        if values.len() < VALUES && !values.iter().any(|known| format!("{known:?}") == format!("{value:?}")) {
            values.push(value);
        }
    }
    values
}

/// The number of values of a type that has few.
fn cardinality(defs: &Defs, ty: &Ty, depth: u32) -> Option<usize> {
    if depth > 5 {
        return None;
    }
    let of = |ty: &Ty| cardinality(defs, ty, depth + 1);
    let count = match defs.shape(ty) {
        Shape::Prim(runner_core::Prim::Bool) => 2,
        Shape::Prim(_) | Shape::Array(_) => return None,
        Shape::Tuple(fields) => fields.iter().map(of).try_fold(1, |all, count| Some(all * count?))?,
        Shape::Enum(variants) => {
            variants.iter().map(|(_, payload)| of(payload)).try_fold(0, |all, count| Some(all + count?))?
        }
        Shape::Framed(inner) => of(&inner)?,
    };
    (count < LEAST).then_some(count)
}
