//! What is sequential by meaning: `fold`, `scan` and `loop_until_empty`.
//!
//! Rows are independent of each other, so all rows take a step together; the steps themselves come one after the other.
//! A fold whose body is made of numbers runs as [`Code`] instead, a row after the other.

use alloc::rc::Rc;

use runner_core::Result;

use super::{
    Eval,
    branch::merge,
    env::{Env, Map},
    stream::bind,
    val::{Seq, Val},
};
use crate::{
    column::{Buffer, Column, Vector, offsets},
    plan::{Code, Lambda, Node},
};

/// Single results that are joined before more are made.
const PARTS: usize = 1024;

impl Eval<'_> {
    #[inline(never)]
    pub(super) fn fold(
        &self,
        source: &Node,
        initial: &Node,
        lambda: &Lambda,
        every: bool,
        code: Option<&Code>,
        env: &Env<'_>,
    ) -> Result<Val> {
        let initial = self.eval(initial, env)?;
        let seq = self.arrays(&self.eval(source, env)?, env.rows)?;
        if seq.total() == 0 {
            return Ok(if every {
                Val::Seq(Rc::new(Seq { offsets: seq.offsets.clone(), items: Val::empty() }))
            } else {
                initial
            });
        }
        if let Some(code) = code {
            return self.run_code(code, &seq, &initial, every, env);
        }
        match (every, env.rows) {
            (false, 1) => self.fold_one(&seq, initial, lambda, env),
            (false, _) => self.fold_all(&seq, initial, lambda, env),
            (true, _) => self.scan_all(&seq, initial, lambda, env),
        }
    }

    /// One array: a step is a batch of one row.
    fn fold_one(&self, seq: &Seq, initial: Val, lambda: &Lambda, env: &Env<'_>) -> Result<Val> {
        let mut accumulator = initial;
        for item in 0..seq.total() {
            let inner = Env::inner(env, 1, Map::Row(0));
            bind(&inner, lambda.params.first(), accumulator);
            bind(&inner, lambda.params.get(1), seq.items.slice(item, item + 1, &self.budget)?);
            accumulator = self.eval(&lambda.body, &inner)?;
            self.budget.step(1)?;
        }
        Ok(accumulator)
    }

    /// Many arrays: a step is a batch of those that still have items.
    fn fold_all(&self, seq: &Seq, initial: Val, lambda: &Lambda, env: &Env<'_>) -> Result<Val> {
        let mut done: Vector<(Buffer<u32>, Val)> = Vector::new(&self.budget)?;
        self.steps(seq, initial, lambda, env, &mut |_, _| Ok(()), &mut |rows, val| {
            let val = Val::Col(val.column(rows.len(), &self.budget)?);
            done.push((rows, val))
        })?;
        merge(env.rows, &done, &self.budget).map(Val::Col)
    }

    fn scan_all(&self, seq: &Seq, initial: Val, lambda: &Lambda, env: &Env<'_>) -> Result<Val> {
        let mut parts = Vector::new(&self.budget)?;
        let mut joined = Vector::new(&self.budget)?;
        // Where the accumulator of each item stands among all, which come step by step.
        let mut places = Vector::filled(0u32, seq.total(), &self.budget)?;
        let mut made = 0u32;
        let starts = &seq.offsets;
        let mut step_of: u32 = 0;
        self.steps(
            seq,
            initial,
            lambda,
            env,
            &mut |rows, val| {
                for (index, row) in (0..).zip(rows.iter()) {
                    let start = starts.get(*row as usize).copied().unwrap_or_default();
                    if let Some(place) = places.get_mut((start + step_of) as usize) {
                        *place = made + index;
                    }
                }
                made += rows.len() as u32;
                step_of += 1;
                self.budget.work(rows.len())?;
                parts.push(val.column(rows.len(), &self.budget)?)?;
                if parts.len() >= PARTS {
                    self.join_parts(&mut parts, &mut joined)?;
                }
                Ok(())
            },
            &mut |_, _| Ok(()),
        )?;
        self.join_parts(&mut parts, &mut joined)?;
        drop(parts);
        let items = Column::concat(&joined, &self.budget)?;
        drop(joined);
        let items = if seq.rows() == 1 { Val::Col(items) } else { Val::view(items, places.finish()) };
        Ok(Val::Seq(Rc::new(Seq { offsets: seq.offsets.clone(), items })))
    }

    /// Makes one column of many small ones, each of which costs more than what it holds.
    fn join_parts(&self, parts: &mut Vector<Column>, joined: &mut Vector<Column>) -> Result<()> {
        let column = Column::concat(parts, &self.budget)?;
        parts.clear();
        joined.push(column)
    }

    /// Steps all rows together. `each` sees the accumulators after each step, with the rows that took it; `end` sees
    /// those of rows that have no more items.
    #[allow(clippy::type_complexity, reason = "two callbacks that are seen whole at their two callers")]
    fn steps(
        &self,
        seq: &Seq,
        initial: Val,
        lambda: &Lambda,
        env: &Env<'_>,
        each: &mut dyn FnMut(&Buffer<u32>, &Val) -> Result<()>,
        end: &mut dyn FnMut(Buffer<u32>, Val) -> Result<()>,
    ) -> Result<()> {
        let starts = &seq.offsets;
        let mut open = self.budget.rows(env.rows, |row| row as u32)?;
        let mut accumulator = initial;
        let mut step = 0;
        let length = |row: &u32| match (starts.get(*row as usize), starts.get(*row as usize + 1)) {
            (Some(start), Some(end)) => (end - start) as usize,
            _ => 0,
        };
        loop {
            if open.iter().any(|row| length(row) == step) {
                let (mut stay, mut stop) = (Vector::new(&self.budget)?, Vector::new(&self.budget)?);
                for (index, row) in (0..).zip(open.iter()) {
                    if length(row) == step {
                        stop.push(index)?
                    } else {
                        stay.push(index)?
                    }
                    self.budget.work(1)?;
                }
                let names = |indices: &[u32]| {
                    self.budget.map(indices, |index| open.get(*index as usize).copied().unwrap_or_default())
                };
                let (stop, stay) = (stop.finish(), stay.finish());
                end(names(&stop)?, accumulator.select(&stop, &self.budget)?)?;
                let rest = names(&stay)?;
                accumulator = accumulator.select(&stay, &self.budget)?;
                open = rest;
            }
            if open.is_empty() {
                return Ok(());
            }
            let items = self
                .budget
                .map(&open, |row| starts.get(*row as usize).copied().unwrap_or_default() + step as u32)?;
            let inner = Env::inner(env, open.len(), Map::Rows(open.clone()));
            bind(&inner, lambda.params.first(), accumulator);
            bind(&inner, lambda.params.get(1), seq.items.select(&items, &self.budget)?);
            accumulator = self.eval(&lambda.body, &inner)?;
            if !accumulator.is_const() {
                accumulator = Val::Col(accumulator.column(open.len(), &self.budget)?);
            }
            self.budget.step(open.len())?;
            each(&open, &accumulator)?;
            step += 1;
        }
    }

    /// `loop_until_empty`
    #[inline(never)]
    pub(super) fn repeat(&self, initial: &Node, lambda: &Lambda, env: &Env<'_>) -> Result<Val> {
        let mut open = self.budget.rows(env.rows, |row| row as u32)?;
        let mut arrays = self.arrays(&self.eval(initial, env)?, env.rows)?;
        // Items of each step, and which row has how many of them.
        let mut parts = Vector::new(&self.budget)?;
        let mut joined = Vector::new(&self.budget)?;
        let mut owners: Vector<(u32, u32)> = Vector::new(&self.budget)?;
        let mut total = 0usize;
        loop {
            let mut stay = Vector::new(&self.budget)?;
            for (index, (row, (start, end))) in (0..).zip(open.iter().zip(arrays.ranges())) {
                if end > start {
                    owners.push((*row, (end - start) as u32))?;
                    stay.push((index, *row))?;
                }
                self.budget.work(1)?;
            }
            if stay.is_empty() {
                break;
            }
            total += arrays.total();
            crate::column::row_count(total)?;
            let items = arrays.items.column(arrays.total(), &self.budget)?;
            parts.push(items)?;
            let input = if stay.len() == open.len() {
                Val::Seq(Rc::clone(&arrays))
            } else {
                Val::Seq(arrays).select(&self.budget.map(&stay, |(index, _)| *index)?, &self.budget)?
            };
            open = self.budget.map(&stay, |(_, row)| *row)?;
            self.budget.step(open.len())?;
            let inner = Env::inner(env, open.len(), Map::Rows(open.clone()));
            bind(&inner, lambda.params.first(), input);
            arrays = self.arrays(&self.eval(&lambda.body, &inner)?, open.len())?;
            if parts.len() >= PARTS {
                self.join_parts(&mut parts, &mut joined)?;
            }
        }
        self.join_parts(&mut parts, &mut joined)?;
        drop(parts);
        let items = Column::concat(&joined, &self.budget)?;
        drop(joined);
        let mut counts = Vector::filled(0usize, env.rows, &self.budget)?;
        for (row, count) in owners.iter() {
            if let Some(sum) = counts.get_mut(*row as usize) {
                *sum += *count as usize;
            }
            self.budget.work(1)?;
        }
        let offsets = offsets(counts.iter().copied(), &self.budget)?;
        if env.rows == 1 {
            return Ok(Val::Seq(Rc::new(Seq { offsets, items: Val::Col(items) })));
        }
        let mut next = Vector::with_capacity(offsets.len(), &self.budget)?;
        next.append_slice(&offsets)?;
        let mut places = Vector::filled(0u32, items.len(), &self.budget)?;
        let mut at = 0u32;
        for (row, count) in owners.iter() {
            let Some(next) = next.get_mut(*row as usize) else { continue };
            for place in places.iter_mut().skip(*next as usize).take(*count as usize) {
                *place = at;
                at += 1;
            }
            *next += *count;
            self.budget.work(*count as usize)?;
        }
        Ok(Val::Seq(Rc::new(Seq { offsets, items: Val::view(items, places.finish()) })))
    }
}
