//! Conditions: only what a row takes is evaluated for it.

use alloc::vec::Vec;

use runner_core::Result;

use super::{
    Eval,
    env::{Env, Map},
    val::Val,
};
use crate::{
    budget::Budget,
    column::{Buffer, Column, Vector},
    kernel::mismatch,
    limits::CHECKED_ROWS,
    plan::{Arm, Node},
};

/// What a row of bools is, if not mixed.
pub(super) enum Mask {
    All,
    None,
    Mixed(Buffer<bool>),
}

/// Branches at most this costly are evaluated for all rows, if they can't fail.
const CHEAP: u32 = 4;

impl Eval<'_> {
    #[inline(never)]
    pub(super) fn condition(
        &self,
        condition: &Node,
        then: &Node,
        otherwise: &Node,
        env: &Env<'_>,
    ) -> Result<Val> {
        let mask = match self.mask(condition, env)? {
            Mask::All => return self.eval(then, env),
            Mask::None => return self.eval(otherwise, env),
            Mask::Mixed(mask) => mask,
        };
        if !then.fallible && !otherwise.fallible && then.cost <= CHEAP && otherwise.cost <= CHEAP {
            let (a, b) = (self.eval(then, env)?, self.eval(otherwise, env)?);
            if let Some(column) = blend(&mask, &a, &b, env.rows, &self.budget)? {
                return Ok(Val::Col(column));
            }
        }
        let (yes, no) = (chosen(&mask, true, &self.budget)?, chosen(&mask, false, &self.budget)?);
        let a = self.on(then, env, &yes)?;
        let b = self.on(otherwise, env, &no)?;
        merge(env.rows, &[(yes, a), (no, b)], &self.budget).map(Val::Col)
    }

    #[inline(never)]
    pub(super) fn logic(&self, on: bool, left: &Node, right: &Node, env: &Env<'_>) -> Result<Val> {
        let mask = match (self.mask(left, env)?, on) {
            (Mask::All, true) | (Mask::None, false) => return self.eval(right, env),
            (Mask::All, false) => return Val::bool(true, &self.budget),
            (Mask::None, true) => return Val::bool(false, &self.budget),
            (Mask::Mixed(mask), _) => mask,
        };
        if !right.fallible && right.cost <= CHEAP {
            let other = match self.mask(right, env)? {
                Mask::All => {
                    return Ok(if on {
                        Val::Col(Column::Bool(mask))
                    } else {
                        Val::bool(true, &self.budget)?
                    });
                }
                Mask::None => {
                    return Ok(if on {
                        Val::bool(false, &self.budget)?
                    } else {
                        Val::Col(Column::Bool(mask))
                    });
                }
                Mask::Mixed(other) => other,
            };
            let both = if on {
                self.budget.zip(&mask, &other, |a, b| a & b)
            } else {
                self.budget.zip(&mask, &other, |a, b| a | b)
            };
            return Ok(Val::Col(Column::Bool(both?)));
        }
        let open = chosen(&mask, on, &self.budget)?;
        let inner = Env::inner(env, open.len(), Map::Rows(open.clone()));
        let mut result = Vector::with_capacity(mask.len(), &self.budget)?;
        result.append_slice(&mask)?;
        let mut set = |row: u32, value: bool| {
            if let Some(slot) = result.get_mut(row as usize) {
                *slot = value;
            }
        };
        match self.mask(right, &inner)? {
            Mask::All => open.iter().for_each(|row| set(*row, true)),
            Mask::None => open.iter().for_each(|row| set(*row, false)),
            Mask::Mixed(values) => open.iter().zip(values.iter()).for_each(|(row, value)| set(*row, *value)),
        }
        self.budget.work(open.len())?;
        Ok(Val::Col(Column::Bool(result.finish())))
    }

    #[inline(never)]
    pub(super) fn switch(
        &self,
        subject: &Node,
        arms: &[Arm],
        default: Option<&Node>,
        env: &Env<'_>,
    ) -> Result<Val> {
        let subject = self.eval(subject, env)?;
        let rows = match &subject {
            Val::Const(_) => 1,
            _ => env.rows,
        };
        let column = match &subject {
            Val::Const(column) => column.clone(),
            Val::View(view) => {
                let (base, rows) = view.parts();
                match base {
                    Column::Enum(base) => base.pick(rows, &self.budget)?,
                    _ => subject.column(env.rows, &self.budget)?,
                }
            }
            _ => subject.column(env.rows, &self.budget)?,
        };
        let Column::Enum(column) = column else { return Err(mismatch()) };
        let first = column.tags.first().copied().unwrap_or_default();
        let mut is_same = true;
        for tags in column.tags.chunks(CHECKED_ROWS) {
            is_same = is_same && tags.iter().all(|tag| *tag == first);
            self.budget.work(tags.len())?;
        }
        if is_same {
            let arm = arms.iter().find(|arm| arm.variant == first);
            let Some((payload, body)) =
                arm.map(|arm| (arm.payload, &arm.body)).or(default.map(|body| (None, body)))
            else {
                return Err(mismatch());
            };
            if let Some(local) = payload {
                let all = self.budget.rows(rows, |row| row as u32)?;
                let val = payload_of(&column, first, all, &self.budget)?;
                let val = if matches!(subject, Val::Const(_)) {
                    Val::Const(val.column(1, &self.budget)?)
                } else {
                    val
                };
                env.bind(local, val);
            }
            return self.eval(body, env);
        }
        let mut chosen =
            (0..=arms.len()).map(|_| Vector::new(&self.budget)).collect::<Result<Vec<Vector<u32>>>>()?;
        let arm_of: Vec<usize> = (0..column.payloads.len())
            .map(|tag| arms.iter().position(|arm| usize::from(arm.variant) == tag).unwrap_or(arms.len()))
            .collect();
        for (row, tag) in (0..).zip(column.tags.iter()) {
            let arm = arm_of.get(usize::from(*tag)).copied().unwrap_or(arms.len());
            if let Some(rows) = chosen.get_mut(arm) {
                rows.push(row)?;
            }
            self.budget.work(1)?;
        }
        let bodies = arms.iter().map(|arm| (Some(arm), &arm.body)).chain(default.map(|body| (None, body)));
        let mut parts = Vec::new();
        for ((arm, body), rows) in bodies.zip(chosen) {
            if rows.is_empty() {
                continue;
            }
            let rows = rows.finish();
            let inner = Env::inner(env, rows.len(), Map::Rows(rows.clone()));
            if let Some(Arm { payload: Some(local), variant, .. }) = arm {
                inner.bind(*local, payload_of(&column, *variant, rows.clone(), &self.budget)?);
            }
            let val = self.eval(body, &inner)?;
            parts.push((rows, val));
        }
        merge(env.rows, &parts, &self.budget).map(Val::Col)
    }

    /// The values of a branch for these rows.
    fn on(&self, node: &Node, env: &Env<'_>, rows: &Buffer<u32>) -> Result<Val> {
        self.eval(node, &Env::inner(env, rows.len(), Map::Rows(rows.clone())))
    }

    /// The values of a condition.
    pub(super) fn mask(&self, node: &Node, env: &Env<'_>) -> Result<Mask> {
        mask_of(&self.eval(node, env)?, env.rows, &self.budget)
    }
}

/// Bools, and whether they are all the same.
pub(super) fn mask_of(val: &Val, rows: usize, budget: &Budget) -> Result<Mask> {
    let column = match val.constant(rows, budget)? {
        Some(column) => column,
        None => val.column(rows, budget)?,
    };
    let Column::Bool(values) = column else { return Err(mismatch()) };
    let mut count = 0;
    for values in values.chunks(CHECKED_ROWS) {
        count += values.iter().map(|value| usize::from(*value)).sum::<usize>();
        budget.work(values.len())?;
    }
    Ok(match count {
        0 => Mask::None,
        all if all == values.len() => Mask::All,
        _ => Mask::Mixed(values),
    })
}

/// The rows that have this value. Without a branch, which would be mispredicted for every other row.
pub(super) fn chosen(mask: &[bool], value: bool, budget: &Budget) -> Result<Buffer<u32>> {
    let mut rows = Vector::filled(0u32, mask.len(), budget)?;
    let mut count = 0;
    let slots: &mut [u32] = &mut rows;
    for (first, mask) in (0..).step_by(CHECKED_ROWS).zip(mask.chunks(CHECKED_ROWS)) {
        for (row, found) in (first..).zip(mask) {
            if let Some(slot) = slots.get_mut(count) {
                *slot = row;
            }
            count += usize::from(*found == value);
        }
        budget.work(mask.len())?;
    }
    rows.truncate(count);
    Ok(rows.finish())
}

/// One column from the values of disjoint sets of rows that together are all.
pub(super) fn merge(rows: usize, parts: &[(Buffer<u32>, Val)], budget: &Budget) -> Result<Column> {
    let mut columns = Vector::with_capacity(parts.len(), budget)?;
    let mut places = Vector::filled(0u32, rows, budget)?;
    let mut start = 0;
    for (rows, val) in parts {
        let constant = match val {
            Val::Const(column) => Some(column.clone()),
            _ => None,
        };
        let step = u32::from(constant.is_none());
        for (index, row) in (0..).zip(rows.iter()) {
            if let Some(place) = places.get_mut(*row as usize) {
                *place = start + index * step;
            }
        }
        budget.work(rows.len())?;
        let column = match constant {
            Some(column) => column,
            None => val.column(rows.len(), budget)?,
        };
        start += column.len() as u32;
        columns.push(column)?;
    }
    Column::concat(&columns, budget)?.gather(&places, budget)
}

/// Row by row one of two, for primitives of fixed width.
fn blend(mask: &[bool], a: &Val, b: &Val, rows: usize, budget: &Budget) -> Result<Option<Column>> {
    let is_nested = |val: &Val| matches!(val, Val::Tuple(_) | Val::Seq(_) | Val::Range(_));
    if is_nested(a) || is_nested(b) {
        return Ok(None);
    }
    let (a, b) = (a.column(rows, budget)?, b.column(rows, budget)?);
    macro_rules! prims {
        ($($variant:ident)*) => {
            match (&a, &b) {
                $((Column::$variant(a), Column::$variant(b)) => {
                    let mut values = Vector::with_capacity(rows, budget)?;
                    let chunks = a.chunks(CHECKED_ROWS).zip(b.chunks(CHECKED_ROWS));
                    for (mask, (a, b)) in mask.chunks(CHECKED_ROWS).zip(chunks) {
                        let pairs = mask.iter().zip(a.iter().zip(b));
                        values.append_exact(pairs.map(|(mask, (a, b))| if *mask { *a } else { *b }))?;
                        budget.work(mask.len())?;
                    }
                    Some(Column::$variant(values.finish()))
                })*
                _ => None,
            }
        };
    }
    Ok(prims!(Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64))
}

/// The payloads of these rows, which all have this variant.
fn payload_of(column: &crate::column::Enum, variant: u16, rows: Buffer<u32>, budget: &Budget) -> Result<Val> {
    let Some(payload) = column.payloads.get(usize::from(variant)) else { return Err(mismatch()) };
    let rows = match &column.places {
        Some(places) => budget.map(&rows, |row| places.get(*row as usize).copied().unwrap_or_default())?,
        None => rows,
    };
    budget.work(rows.len())?;
    if rows.len() == payload.len() && rows.iter().zip(0..).all(|(row, index)| *row == index) {
        return Ok(Val::Col(payload.clone()));
    }
    Ok(Val::view(payload.clone(), rows))
}
