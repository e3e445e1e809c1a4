use std::hash::{DefaultHasher, Hash, Hasher};

use runner_core::{Program, TypeId};

use crate::{
    engine::{
        Engine,
        duckdb::{CAPABILITIES, DuckDbSpelling, DuckDbStorage},
    },
    shape::Shapes,
};

/// The dialect of DuckDB 2.0 and later, for one program.
#[derive(Debug, Clone)]
pub struct DuckDb {
    /// Names what is registered for the types of the program.
    scope: String,
}

impl DuckDb {
    /// The dialect for a program. Programs with the same types share the functions that are registered for them.
    #[must_use]
    pub fn new(program: &Program) -> Self {
        let mut hasher = DefaultHasher::new();
        format!("{:?}", program.types()).hash(&mut hasher);
        Self { scope: format!("lt_{:016x}", hasher.finish()) }
    }

    /// What the names of all functions begin with that are made for the types of the program.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// The name of a function over values of a type: `read` makes a packed value of its encoding, `write` the reverse,
    /// `order` compares two encodings, `key` gives one that is the same for all equal values.
    ///
    /// ```
    /// # let mut types = runner_core::TypeTable::new();
    /// # let int = types.prim(runner_core::Prim::Int64);
    /// # let body = vec![runner_core::Expr { kind: runner_core::Kind::Local(runner_core::INPUT), ty: int }];
    /// # let parts = runner_core::Parts { types, input: int, output: int, body, ..Default::default() };
    /// # let program = runner_core::Program::new(parts)?;
    /// assert!(runner_sql::DuckDb::new(&program).function("read", int).ends_with("_read_0"));
    /// # Ok::<(), runner_core::Error>(())
    /// ```
    #[must_use]
    pub fn function(&self, what: &str, ty: TypeId) -> String {
        format!("{}_{what}_{}", self.scope, ty.0)
    }

    pub(super) fn with_engine<T>(&self, shapes: &Shapes, action: impl FnOnce(&Engine<'_>) -> T) -> T {
        let storage = DuckDbStorage::new(shapes, self);
        action(&Engine { capabilities: CAPABILITIES, spelling: &DuckDbSpelling, storage: &storage })
    }
}
