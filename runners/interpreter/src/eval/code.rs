//! Runs the code of a fold.

use alloc::{rc::Rc, vec::Vec};

use runner_core::{Detail, Error, Op, Repr, Result};

use super::{
    Eval,
    env::Env,
    val::{Seq, Val},
};
use crate::{
    budget::Budget,
    column::{Column, Vector},
    plan::{Act, Code, Inst, Load, PARTS, REGISTERS, bits},
    scalar::{Cast, Fault, Float, Int},
};

/// Steps between two looks at the budget.
const STEPS: usize = 4096;

impl Eval<'_> {
    /// The result of a fold, or all accumulators.
    #[inline(never)]
    pub(super) fn run_code(
        &self,
        code: &Code,
        seq: &Seq,
        initial: &Val,
        every: bool,
        env: &Env<'_>,
    ) -> Result<Val> {
        let total = seq.total();
        let part =
            |val: &Val, load: &Load| load.path.iter().fold(val.clone(), |val, index| val.field(*index));
        let items = code
            .items
            .iter()
            .map(|load| Ok((load.register, part(&seq.items, load).column(total, &self.budget)?)))
            .collect::<Result<Vec<_>>>()?;
        let captures = code
            .captures
            .iter()
            .map(|(local, load)| {
                Ok((load.register, part(&env.get(*local)?, load).column(env.rows, &self.budget)?))
            })
            .collect::<Result<Vec<_>>>()?;
        let starts = code
            .accumulator
            .iter()
            .map(|load| Ok((load.register, part(initial, load).column(env.rows, &self.budget)?)))
            .collect::<Result<Vec<_>>>()?;
        let count = if every { total } else { env.rows };
        let mut results = code
            .accumulator
            .iter()
            .map(|_| Vector::with_capacity(count, &self.budget))
            .collect::<Result<Vec<_>>>()?;
        let mut registers = [0u64; REGISTERS];
        let set = |registers: &mut [u64; REGISTERS], register: u8, bits: u64| {
            if let Some(slot) = registers.get_mut(usize::from(register)) {
                *slot = bits;
            }
        };
        for (register, bits) in &code.constants {
            set(&mut registers, *register, *bits);
        }
        for (row, (start, end)) in seq.ranges().enumerate() {
            for (register, column) in captures.iter().chain(&starts) {
                set(&mut registers, *register, bits(column, row));
            }
            for item in start..end {
                if (item - start) % STEPS == 0 {
                    self.budget.step((end - item).min(STEPS))?;
                }
                for (register, column) in &items {
                    set(&mut registers, *register, bits(column, item));
                }
                run(&code.insts, &mut registers).map_err(|(at, fault)| self.faulty(code, at, fault))?;
                advance(code, &mut registers);
                if every {
                    keep(code, &registers, &mut results)?;
                }
            }
            if !every {
                keep(code, &registers, &mut results)?;
            }
            self.budget.work(1)?;
        }
        let columns: Vec<Column> = code
            .accumulator
            .iter()
            .zip(results)
            .map(|(load, bits)| column(load.repr, bits, &self.budget))
            .collect::<Result<_>>()?;
        let val = assemble(
            code.accumulator.iter().map(|load| load.path.as_slice()).zip(columns).collect(),
            0,
            count,
        );
        if every {
            return Ok(Val::Seq(Rc::new(Seq { offsets: seq.offsets.clone(), items: Val::Col(val) })));
        }
        Ok(Val::Col(val))
    }

    #[cold]
    fn faulty(&self, code: &Code, at: usize, fault: Fault) -> Error {
        let place = code.ids.get(at).and_then(|id| self.plan.program.place(*id));
        match place {
            Some(place) => Error::from(fault).with_detail(Detail::Place(place)),
            None => fault.into(),
        }
    }
}

/// Makes the result of a step the accumulator of the next.
#[inline]
fn advance(code: &Code, registers: &mut [u64; REGISTERS]) {
    if let ([load], [next]) = (code.accumulator.as_slice(), code.next.as_slice()) {
        let value = registers.get(usize::from(*next)).copied().unwrap_or_default();
        if let Some(slot) = registers.get_mut(usize::from(load.register)) {
            *slot = value;
        }
        return;
    }
    // All are read before any is written: a body may swap its parts.
    let mut values = [0u64; PARTS];
    for (value, register) in values.iter_mut().zip(&code.next) {
        *value = registers.get(usize::from(*register)).copied().unwrap_or_default();
    }
    for (value, load) in values.iter().zip(&code.accumulator) {
        if let Some(slot) = registers.get_mut(usize::from(load.register)) {
            *slot = *value;
        }
    }
}

#[inline]
fn keep(code: &Code, registers: &[u64; REGISTERS], results: &mut [Vector<u64>]) -> Result<()> {
    for (result, load) in results.iter_mut().zip(&code.accumulator) {
        result.push(registers.get(usize::from(load.register)).copied().unwrap_or_default())?;
    }
    Ok(())
}

/// Runs the instructions once.
#[inline]
#[allow(clippy::indexing_slicing, reason = "a register's number of 8 bits is within 256 registers")]
fn run(insts: &[Inst], registers: &mut [u64; REGISTERS]) -> Result<(), (usize, Fault)> {
    let mut at = 0;
    while let Some(Inst { act, to, a, b }) = insts.get(at).copied() {
        let target = usize::from(b);
        let (a, b) = (registers[usize::from(a)], registers[usize::from(b)]);
        let fail = |fault| (at, fault);
        let value = match act {
            Act::AddI64 => match (a as i64).checked_add(b as i64) {
                Some(value) => value as u64,
                None => return Err(fail(Fault::Overflow("+"))),
            },
            Act::SubI64 => match (a as i64).checked_sub(b as i64) {
                Some(value) => value as u64,
                None => return Err(fail(Fault::Overflow("-"))),
            },
            Act::MulI64 => match (a as i64).checked_mul(b as i64) {
                Some(value) => value as u64,
                None => return Err(fail(Fault::Overflow("*"))),
            },
            Act::LtI64 => u64::from((a as i64) < b as i64),
            Act::AddF64 => (f64::from_bits(a) + f64::from_bits(b)).to_bits(),
            Act::MulF64 => (f64::from_bits(a) * f64::from_bits(b)).to_bits(),
            Act::Move => a,
            Act::Not => a ^ 1,
            Act::Jump => {
                at = target;
                continue;
            }
            Act::JumpIfFalse => {
                at = if a == 0 { target } else { at + 1 };
                continue;
            }
            Act::I64(op) => ints(op, a as i64, b as i64).map_err(fail)? as u64,
            Act::U64(op) => ints(op, a, b).map_err(fail)?,
            Act::Small(op, repr) => small(op, repr, a as i64, b as i64).map_err(fail)?,
            Act::F64(op) => match floats(op, f64::from_bits(a), f64::from_bits(b)) {
                Ok(value) => value.to_bits(),
                Err(truth) => truth.into(),
            },
            Act::F32(op) => match floats(op, f32::from_bits(a as u32), f32::from_bits(b as u32)) {
                Ok(value) => value.to_bits().into(),
                Err(truth) => truth.into(),
            },
            Act::Cast(from, into) => cast(from, into, a),
        };
        registers[usize::from(to)] = value;
        at += 1;
    }
    Ok(())
}

/// Arithmetic and comparisons (which give 0 or 1) of wide integers.
#[inline]
fn ints<T: Int + From<bool>>(op: Op, a: T, b: T) -> Result<T, Fault> {
    Ok(match op {
        Op::Add => a.add(b).ok_or(Fault::Overflow("+"))?,
        Op::Sub => a.sub(b).ok_or(Fault::Overflow("-"))?,
        Op::Mul => a.mul(b).ok_or(Fault::Overflow("*"))?,
        Op::Div => a.div(b)?,
        Op::Rem => a.rem(b)?,
        other => holds(other, a.cmp(&b)).into(),
    })
}

/// As [`ints`] for integers of fewer bits, whose results can't overflow 64.
#[inline]
fn small(op: Op, repr: Repr, a: i64, b: i64) -> Result<u64, Fault> {
    let name = match op {
        Op::Add => "+",
        Op::Sub => "-",
        Op::Mul => "*",
        _ => "/",
    };
    let value = ints(op, a, b)?;
    let (least, most) = match repr {
        Repr::I8 => (i8::MIN.into(), i8::MAX.into()),
        Repr::I16 => (i16::MIN.into(), i16::MAX.into()),
        Repr::I32 => (i32::MIN.into(), i32::MAX.into()),
        Repr::U8 => (0, u8::MAX.into()),
        Repr::U16 => (0, u16::MAX.into()),
        _ => (0, u32::MAX.into()),
    };
    if value < least || value > most {
        return Err(Fault::Overflow(name));
    }
    Ok(value as u64)
}

/// A number, or the truth of a comparison.
#[inline]
fn floats<T>(op: Op, a: T, b: T) -> Result<T, bool>
where
    T: Float
        + core::ops::Add<Output = T>
        + core::ops::Sub<Output = T>
        + core::ops::Mul<Output = T>
        + core::ops::Div<Output = T>,
{
    Ok(match op {
        Op::Add => a + b,
        Op::Sub => a - b,
        Op::Mul => a * b,
        Op::Div => a / b,
        Op::Rem => a.rem(b),
        other => return Err(holds(other, a.order(b))),
    })
}

fn holds(op: Op, order: core::cmp::Ordering) -> bool {
    match op {
        Op::Eq => order.is_eq(),
        Op::Ne => order.is_ne(),
        Op::Lt => order.is_lt(),
        Op::Lte => order.is_le(),
        Op::Gt => order.is_gt(),
        _ => order.is_ge(),
    }
}

fn cast(from: Repr, into: Repr, bits: u64) -> u64 {
    match from {
        Repr::F64 => cast_into(into, f64::from_bits(bits)),
        Repr::F32 => cast_into(into, f32::from_bits(bits as u32)),
        Repr::U64 => cast_into(into, bits),
        _ => cast_into(into, bits as i64),
    }
}

fn cast_into<T>(into: Repr, value: T) -> u64
where
    T: Cast<i8>
        + Cast<i16>
        + Cast<i32>
        + Cast<i64>
        + Cast<u8>
        + Cast<u16>
        + Cast<u32>
        + Cast<u64>
        + Cast<f32>
        + Cast<f64>,
{
    match into {
        Repr::I8 => i64::from(Cast::<i8>::cast(value)) as u64,
        Repr::I16 => i64::from(Cast::<i16>::cast(value)) as u64,
        Repr::I32 => i64::from(Cast::<i32>::cast(value)) as u64,
        Repr::I64 => Cast::<i64>::cast(value) as u64,
        Repr::U8 => Cast::<u8>::cast(value).into(),
        Repr::U16 => Cast::<u16>::cast(value).into(),
        Repr::U32 => Cast::<u32>::cast(value).into(),
        Repr::F32 => Cast::<f32>::cast(value).to_bits().into(),
        Repr::F64 => Cast::<f64>::cast(value).to_bits(),
        _ => Cast::<u64>::cast(value),
    }
}

/// Registers as a column.
fn column(repr: Repr, bits: Vector<u64>, budget: &Budget) -> Result<Column> {
    Ok(match repr {
        Repr::Bool => Column::Bool(budget.map(&bits, |bits| *bits != 0)?),
        Repr::I8 => Column::I8(budget.map(&bits, |bits| *bits as i8)?),
        Repr::I16 => Column::I16(budget.map(&bits, |bits| *bits as i16)?),
        Repr::I32 => Column::I32(budget.map(&bits, |bits| *bits as i32)?),
        Repr::I64 => Column::I64(budget.map(&bits, |bits| *bits as i64)?),
        Repr::U8 => Column::U8(budget.map(&bits, |bits| *bits as u8)?),
        Repr::U16 => Column::U16(budget.map(&bits, |bits| *bits as u16)?),
        Repr::U32 => Column::U32(budget.map(&bits, |bits| *bits as u32)?),
        Repr::F32 => Column::F32(budget.map(&bits, |bits| f32::from_bits(*bits as u32))?),
        Repr::F64 => Column::F64(budget.map(&bits, |bits| f64::from_bits(*bits))?),
        _ => Column::U64(bits.finish()),
    })
}

/// The tuple whose parts these are, by the fields that lead to each, in order.
fn assemble(mut parts: Vec<(&[usize], Column)>, depth: usize, rows: usize) -> Column {
    if let [(path, _)] = parts.as_slice()
        && path.len() == depth
        && let Some((_, column)) = parts.pop()
    {
        return column;
    }
    let mut fields: Vec<Vec<(&[usize], Column)>> = Vec::new();
    for part in parts {
        let index = part.0.get(depth).copied().unwrap_or_default();
        if fields.len() <= index {
            fields.resize_with(index + 1, Vec::new);
        }
        if let Some(field) = fields.get_mut(index) {
            field.push(part);
        }
    }
    Column::tuple(rows, fields.into_iter().map(|parts| assemble(parts, depth + 1, rows)).collect())
}
