//! Bodies of folds as code for a machine with registers.

use runner_core::{TypeId, TypeTable};

use super::Lambda;

/// A body.
pub(crate) struct Code {}

pub(super) fn compile(
    _types: &TypeTable,
    _lambda: &Lambda,
    _accumulator: TypeId,
    _item: TypeId,
) -> Option<Code> {
    None
}
