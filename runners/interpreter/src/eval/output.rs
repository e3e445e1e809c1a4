//! The output of a program as bytes. A long array that is a map of another one, or made of a
//! sequence, goes out while it is made.

use alloc::{rc::Rc, vec::Vec};

use runner_core::{Bytes, INPUT, Result};

use super::{
    Eval,
    branch::Mask,
    env::Env,
    stream::{Piece, Sink, keep},
    val::{Seq, Val},
};
use crate::{
    budget::Budget,
    column::{Buffer, Column, Output, Vector, row_count},
    limits::{FIRST_BYTES, PIECE_BYTES},
    plan::{Kind, Lambda, Node},
};

/// Takes what has been made of an output. Its error ends the evaluation.
pub(crate) type Emit<'e> = &'e mut dyn FnMut(Bytes) -> Result<()>;

impl Eval<'_> {
    /// The output for an input, a column of one row. Pieces before the last one are emitted.
    pub(crate) fn run_in_pieces(&self, input: Column, emit: Emit<'_>) -> Result<Vec<u8>> {
        let env = Env::root(&self.budget);
        env.bind(INPUT, Val::Const(input));
        self.output(&self.plan.root, &env, emit)
    }

    fn output(&self, node: &Node, env: &Env<'_>, emit: Emit<'_>) -> Result<Vec<u8>> {
        if let Kind::Let { bindings, body } = &node.kind {
            for (local, value) in bindings {
                env.bind(*local, self.eval(value, env)?);
            }
            return self.output(body, env, emit);
        }
        let (mut stages, mut base) = (Vec::new(), node);
        while let Kind::Map { source, .. } = &base.kind {
            stages.push(base);
            base = source;
        }
        stages.reverse();
        let (kept, mut conditions) = (base, Vec::new());
        while let Kind::Filter { source, lambda, .. } = &base.kind {
            conditions.push(&**lambda);
            base = source;
        }
        conditions.reverse();
        let made = if !conditions.is_empty() && matches!(base.kind, Kind::External { .. }) {
            // What meets the conditions is kept, and not all that a function makes batch by batch.
            self.mapped(&stages, kept, env, emit)
        } else if !conditions.is_empty() {
            self.filtered(base, &conditions, &stages, env, emit)
        } else if !stages.is_empty() || is_counted(base) {
            self.mapped(&stages, base, env, emit)
        } else {
            return self.gathered(&self.eval(node, env)?, 1)?.to_wire(&self.budget);
        };
        made.map_err(|error| self.placed(error, node))
    }

    /// An array through steps that keep the number of its items, which stands before them.
    fn mapped(&self, stages: &[&Node], base: &Node, env: &Env<'_>, emit: Emit<'_>) -> Result<Vec<u8>> {
        let source = self.source(base, env)?;
        let mut out = Out { output: Output::with_capacity(0, &self.budget)?, room: FIRST_BYTES, emit };
        out.output.length(source.total()?)?;
        self.each(&source, &mut |piece| {
            self.pass(stages, piece, env, &mut |piece| self.put(piece, &mut out))
        })?;
        out.output.into_bytes()
    }

    /// The items of an array that meet conditions, through such steps. The conditions are evaluated for all items first,
    /// because the number of those that meet them stands before them; a bit for each is kept.
    fn filtered(
        &self,
        base: &Node,
        conditions: &[&Lambda],
        stages: &[&Node],
        env: &Env<'_>,
        emit: Emit<'_>,
    ) -> Result<Vec<u8>> {
        let source = self.source(base, env)?;
        let mut kept = Vector::new(&self.budget)?;
        let mut total = 0;
        self.each(&source, &mut |piece| {
            let Piece { first, mut seq } = piece;
            for condition in conditions {
                self.budget.step(seq.total())?;
                let mask = self.meeting(condition, &seq, first, env)?;
                kept.push(Bits::of(&mask, &self.budget)?)?;
                seq = keep(seq, mask, &self.budget)?;
            }
            total += seq.total();
            Ok(())
        })?;
        let mut out = Out { output: Output::with_capacity(0, &self.budget)?, room: FIRST_BYTES, emit };
        out.output.length(row_count(total)? as usize)?;
        let mut kept = kept.iter();
        self.each(&source, &mut |piece| {
            let Piece { first, mut seq } = piece;
            for bits in kept.by_ref().take(conditions.len()) {
                let items = seq.total();
                seq = keep(seq, bits.mask(items, &self.budget)?, &self.budget)?;
            }
            self.pass(stages, Piece { first, seq }, env, &mut |piece| self.put(piece, &mut out))
        })?;
        out.output.into_bytes()
    }

    fn source(&self, base: &Node, env: &Env<'_>) -> Result<Source> {
        Ok(match self.eval(base, env)? {
            Val::Range(range) => {
                Source::Sequence(range.start.column(1, &self.budget)?, range.end.column(1, &self.budget)?)
            }
            other => Source::Array(self.arrays(&other, env.rows)?),
        })
    }

    /// The items in pieces, which are the same each time.
    fn each(&self, source: &Source, sink: Sink<'_>) -> Result<()> {
        match source {
            Source::Sequence(start, end) => self.count_up(start, end, sink),
            Source::Array(seq) => self.split(seq, sink),
        }
    }

    fn put(&self, piece: Piece, out: &mut Out<'_>) -> Result<()> {
        let total = piece.seq.total();
        self.gathered(&piece.seq.items, total)?.write(0, total, &mut out.output)?;
        if out.output.len() >= out.room {
            out.room = PIECE_BYTES;
            let next = Output::with_capacity(0, &self.budget)?;
            (out.emit)(core::mem::replace(&mut out.output, next).into_bytes()?.into())?;
        }
        Ok(())
    }
}

/// Whether this is a sequence, which need not be there as a whole.
fn is_counted(node: &Node) -> bool {
    matches!(&node.kind, Kind::Whole { op: runner_core::Op::Sequence, .. })
}

/// What is not emitted yet.
struct Out<'e> {
    output: Output,
    /// Bytes from which it is.
    room: usize,
    emit: Emit<'e>,
}

/// What an output is made of.
enum Source {
    /// From the first number to before the second one.
    Sequence(Column, Column),
    Array(Rc<Seq>),
}

impl Source {
    fn total(&self) -> Result<usize> {
        match self {
            Self::Sequence(start, end) => Ok(row_count(start.distance(end))? as usize),
            Self::Array(seq) => Ok(seq.total()),
        }
    }
}

/// A mask, small.
enum Bits {
    All,
    None,
    /// A bit for each item, eight in a byte.
    Mixed(Buffer<u8>),
}

impl Bits {
    fn of(mask: &Mask, budget: &Budget) -> Result<Self> {
        Ok(match mask {
            Mask::All => Self::All,
            Mask::None => Self::None,
            Mask::Mixed(mask) => Self::Mixed(budget.rows(mask.len().div_ceil(8), |byte| {
                let bools = mask.get(byte * 8..mask.len().min(byte * 8 + 8)).unwrap_or_default();
                bools.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit))
            })?),
        })
    }

    fn mask(&self, items: usize, budget: &Budget) -> Result<Mask> {
        Ok(match self {
            Self::All => Mask::All,
            Self::None => Mask::None,
            Self::Mixed(bytes) => {
                Mask::Mixed(budget.rows(items, |item| {
                    bytes.get(item / 8).is_some_and(|byte| byte >> (item % 8) & 1 == 1)
                })?)
            }
        })
    }
}
