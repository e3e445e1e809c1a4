//! Fences: what may fail does not meet a row that is left out.
//!
//! An engine asks the conditions of a SELECT in any order, and joins its tables in any order. A condition that may fail
//! therefore gets a block of its own above all that leave rows out without failing. Conditions that can't fail may well be
//! asked first: a row that they leave out needs no other condition.

use super::for_each_rel;
use crate::plan::{Plan, Rel, Scalar};

/// Places fences in all nodes.
pub(super) fn place(plan: &mut Plan) {
    for_each_rel(plan, &mut |rel| match rel {
        Rel::Filter { input, conditions } if conditions.iter().any(Scalar::may_fail) => {
            let (failing, safe): (Vec<_>, Vec<_>) =
                std::mem::take(conditions).into_iter().partition(Scalar::may_fail);
            let below = std::mem::replace(&mut **input, Rel::Unit);
            let below = safe.into_iter().fold(below, Rel::filter);
            **input = if below.leaves_out() { Rel::Fence(Box::new(below)) } else { below };
            // One after the other, as each is asked where those before it hold.
            *conditions = if failing.len() > 1 { vec![Scalar::And(failing)] } else { failing };
        }
        Rel::Extend { input, columns }
            if input.leaves_out() && columns.iter().any(|(_, scalar)| scalar.may_fail()) =>
        {
            fence(input);
        }
        Rel::Join { left, right, on, .. } => {
            let is_asked_of_pairs = on.iter().any(Scalar::may_fail);
            if (right.may_fail() || is_asked_of_pairs) && left.leaves_out() {
                fence(left);
            }
            if right.may_fail() || is_asked_of_pairs && right.leaves_out() {
                fence(right);
            }
        }
        _ => {}
    });
}

fn fence(rel: &mut Rel) {
    if !matches!(rel, Rel::Fence(_)) {
        let inner = std::mem::replace(rel, Rel::Unit);
        *rel = Rel::Fence(Box::new(inner));
    }
}
