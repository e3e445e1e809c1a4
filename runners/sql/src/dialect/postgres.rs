use crate::{
    engine::{
        Capabilities, Engine,
        postgres::{CAPABILITIES, Floats, PostgresSpelling, PostgresStorage, Texts},
    },
    shape::Shapes,
};

/// The dialect of PostgreSQL 14 and later: before, a part of a timestamp was a float.
///
/// ```
/// use runner_sql::Postgres;
///
/// let dialect = Postgres::escaping().with_exact_floats();
/// # let _ = dialect;
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Postgres {
    /// Whether texts are held as [`escape`](crate::postgres::escape) makes them.
    escapes: bool,
    /// Whether the database's own collation is the order of code points.
    is_c: bool,
    checks_tables: bool,
    /// Whether arithmetic of floats is that of IEEE 754 in all cases.
    is_exact: bool,
}

impl Postgres {
    /// The dialect of statements whose texts may hold U+0000: all texts, of parameters and results too, are held as
    /// [`escape`](crate::postgres::escape) makes them.
    #[must_use]
    pub fn escaping() -> Self {
        Self { escapes: true, ..Self::default() }
    }

    /// The same for a database whose own collation is the order of code points, so that its indexes serve ranges of
    /// texts.
    #[must_use]
    pub fn with_c_collation(self, is_c: bool) -> Self {
        Self { is_c, ..self }
    }

    /// The same for statements that never fail for what floats come to ([`Statement::is_plain`](crate::Statement::is_plain)),
    /// which takes longer.
    #[must_use]
    pub fn with_exact_floats(self) -> Self {
        Self { is_exact: true, ..self }
    }

    /// The same for statements that check that their tables are as they were described: not altered since.
    ///
    /// The session must have `constraint_exclusion = on`, by which the server proves once for a plan that there is no NULL.
    #[must_use]
    pub fn with_table_checks(self) -> Self {
        Self { checks_tables: true, ..self }
    }

    pub(super) fn with_engine<T>(self, shapes: &Shapes, action: impl FnOnce(&Engine<'_>) -> T) -> T {
        let texts = Texts { escapes: self.escapes, is_c: self.is_c };
        let floats = if self.is_exact { Floats::Exact } else { Floats::Plain };
        let capabilities = Capabilities {
            has_nul: self.escapes,
            checks_tables: self.checks_tables,
            fails_on_floats: !self.is_exact,
            ..CAPABILITIES
        };
        let storage = PostgresStorage { shapes, texts, checks_tables: self.checks_tables };
        action(&Engine { capabilities, spelling: &PostgresSpelling { texts, floats }, storage: &storage })
    }
}
