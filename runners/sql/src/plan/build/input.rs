//! The input as parameters.

use runner_core::{Result, TypeId};

use super::Builder;
use crate::{
    output::Param,
    plan::{Scalar, Source, Val},
    shape::{Leaf, Shape},
};

impl Builder<'_> {
    pub(super) fn input(&mut self, ty: TypeId) -> Result<Val> {
        Ok(match self.shapes.get(ty) {
            Shape::Tuple => {
                let fields = self.shapes.fields(ty);
                Val::Tuple(fields.into_iter().map(|ty| self.input(ty)).collect::<Result<_>>()?)
            }
            Shape::Array(item) if self.engine.capabilities.packs_params => {
                let array = Scalar::Param(self.param(Param::One(Leaf::Packed(ty))), Leaf::Packed(ty));
                let rows = self.rows_of(Val::One(array), item)?;
                self.share(rows, item, false)?
            }
            Shape::Array(item) => {
                let mut leaves = self.shapes.leaves(item);
                if leaves.is_empty() {
                    leaves.push(Leaf::Some);
                }
                let lists = leaves.into_iter().map(|leaf| self.param(Param::Many(leaf))).collect();
                Val::Source(Source::Lists { lists, item })
            }
            _ => {
                let leaves = self.shapes.leaves(ty);
                let params: Vec<_> = leaves
                    .into_iter()
                    .map(|leaf| Scalar::Param(self.param(Param::One(leaf)), leaf))
                    .collect();
                self.of_scalars(ty, params)
            }
        })
    }

    /// Adds a parameter, and gives its number from 1.
    fn param(&mut self, param: Param) -> usize {
        self.plan.params.push(param);
        self.plan.params.len()
    }
}
