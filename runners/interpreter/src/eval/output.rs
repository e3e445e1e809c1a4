//! The output of a program as bytes. An array that is long, and a map of another one, goes out while it is made.

use alloc::vec::Vec;

use runner_core::{Bytes, INPUT, Op, Result, wire::Writer};

use super::{
    Eval,
    env::Env,
    stream::{Piece, Sink},
    val::Val,
};
use crate::{
    column::{Column, row_count},
    limits::{FIRST_BYTES, PIECE_BYTES},
    plan::{Kind, Node},
};

/// Takes what has been made of an output. Its error ends the evaluation.
pub(crate) type Emit<'e> = &'e mut dyn FnMut(Bytes) -> Result<()>;

impl Eval<'_> {
    /// The output for an input, a column of one row. Pieces before the last one are emitted.
    pub(crate) fn run_in_pieces(&self, input: Column, emit: Emit<'_>) -> Result<Vec<u8>> {
        self.budget.charge(&input)?;
        let env = Env::root();
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
        if stages.is_empty() {
            return Ok(self.gathered(&self.eval(node, env)?, 1)?.to_wire());
        }
        stages.reverse();
        self.mapped(&stages, base, env, emit).map_err(|error| self.placed(error, node))
    }

    /// An array through steps that keep the number of its items, which stands before them.
    fn mapped(&self, stages: &[&Node], base: &Node, env: &Env<'_>, emit: Emit<'_>) -> Result<Vec<u8>> {
        let mut writer = Writer::new();
        let mut room = FIRST_BYTES;
        let mut write = |writer: &mut Writer, piece: Piece| {
            let total = piece.seq.total();
            self.gathered(&piece.seq.items, total)?.write(0, total, writer);
            if writer.len() >= room {
                room = PIECE_BYTES;
                emit(core::mem::take(writer).into_bytes().into())?;
            }
            Ok(())
        };
        if let Kind::Whole { op: Op::Sequence, args, .. } = &base.kind {
            self.budget.step(1)?;
            let (start, end) = self.ends(args, env)?;
            writer.length(row_count(start.distance(&end))? as usize);
            let sink: Sink<'_> = &mut |piece| write(&mut writer, piece);
            self.count_up(&start, &end, &mut |piece| self.pass(stages, piece, env, sink))?;
        } else {
            let seq = self.arrays(&self.eval(base, env)?, env.rows)?;
            writer.length(seq.total());
            let sink: Sink<'_> = &mut |piece| write(&mut writer, piece);
            self.split(&seq, &mut |piece| self.pass(stages, piece, env, sink))?;
        }
        Ok(writer.into_bytes())
    }
}
