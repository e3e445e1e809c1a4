use std::{fmt, rc::Rc};

/// A SQL expression and what the lowering has to know about it.
///
/// ```
/// use runner_sql::Sql;
///
/// let column = Sql::column("t1", "c1");
/// let sum = Sql::of(format!("({column} + 1)"), &[&column]).failing();
/// assert!(sum.can_fail() && !sum.is_atom());
/// ```
#[derive(Debug, Clone)]
pub struct Sql {
    text: Rc<str>,
    /// Cheap enough to be written more than once: a column, a literal, a parameter.
    atom: bool,
    /// Evaluating it may be an error.
    can_fail: bool,
    /// Made of literals and parameters alone.
    constant: bool,
    /// Literals and parameters alone may decide it, or no row of what it is a column of, so that a database may evaluate
    /// it while it plans, or before there is a row.
    foldable: bool,
    parts: Option<Rc<Parts>>,
}

/// What a condition is made of, where the lowering can use it.
#[derive(Debug)]
pub(crate) enum Parts {
    /// `a = b`, of expressions that are never NULL.
    Equal(Sql, Sql),
    /// `a AND b`
    And(Sql, Sql),
    /// `a IS NULL`
    IsNull(Sql),
    /// `a IS NOT NULL`
    IsNotNull(Sql),
    /// `a`, or something else where it is NULL.
    OrElse(Sql),
    /// A value, and what fails in its place where it is NULL.
    Checked { value: Sql, fail: Sql },
}

impl Sql {
    /// A literal or a parameter.
    #[must_use]
    pub fn constant(text: impl Into<Rc<str>>) -> Self {
        Self { text: text.into(), atom: true, can_fail: false, constant: true, foldable: true, parts: None }
    }

    /// A column of something in FROM.
    #[must_use]
    pub fn column(alias: &str, name: &str) -> Self {
        Self::atom(format!("{alias}.{name}"))
    }

    /// Something as cheap as a column.
    #[must_use]
    pub fn atom(text: impl Into<Rc<str>>) -> Self {
        Self { text: text.into(), atom: true, can_fail: false, constant: false, foldable: false, parts: None }
    }

    /// An expression over these; it can fail if one of them can.
    #[must_use]
    pub fn of(text: impl Into<Rc<str>>, args: &[&Self]) -> Self {
        Self {
            text: text.into(),
            atom: false,
            can_fail: args.iter().any(|arg| arg.can_fail),
            constant: args.iter().all(|arg| arg.constant),
            foldable: args.iter().all(|arg| arg.foldable),
            parts: None,
        }
    }

    /// A subquery.
    #[must_use]
    pub fn query(text: impl Into<Rc<str>>, can_fail: bool) -> Self {
        Self { text: text.into(), atom: false, can_fail, constant: false, foldable: false, parts: None }
    }

    /// The same, of which evaluation may be an error.
    #[must_use]
    pub fn failing(mut self) -> Self {
        self.can_fail = true;
        self
    }

    /// The same, cheap.
    #[must_use]
    pub fn as_atom(mut self) -> Self {
        self.atom = true;
        self
    }

    /// The same, that literals and parameters alone may decide.
    pub(crate) fn foldable(mut self) -> Self {
        self.foldable = true;
        self
    }

    /// The same condition, whose parts are known.
    pub(crate) fn made_of(mut self, parts: Parts) -> Self {
        self.parts = Some(Rc::new(parts));
        self
    }

    /// A value, or what fails where it is NULL.
    pub(crate) fn checked(value: Self, fail: Self) -> Self {
        let text = format!("CASE WHEN {value} IS NULL THEN {fail} ELSE {value} END");
        Self { atom: value.atom, ..Self::of(text, &[&value]) }.made_of(Parts::Checked { value, fail })
    }

    /// The value, NULL where it would fail for being NULL.
    pub(crate) fn unchecked(&self) -> Self {
        match self.parts.as_deref() {
            Some(Parts::Checked { value, .. }) => value.clone(),
            _ => self.clone(),
        }
    }

    /// What fails in the place of a value that is NULL.
    pub(crate) fn fail_of_null(&self) -> Option<Self> {
        match self.parts.as_deref() {
            Some(Parts::Checked { fail, .. }) => Some(fail.clone()),
            _ => None,
        }
    }

    /// The sides of an equation.
    pub(crate) fn sides(&self) -> Option<(&Self, &Self)> {
        match self.parts.as_deref() {
            Some(Parts::Equal(left, right)) => Some((left, right)),
            _ => None,
        }
    }

    /// What a condition says is NULL.
    pub(crate) fn null(&self) -> Option<&Self> {
        match self.parts.as_deref() {
            Some(Parts::IsNull(sql)) => Some(sql),
            _ => None,
        }
    }

    /// The same where these conditions hold, written without what they rule out.
    pub(crate) fn where_all(&self, conditions: &[Self]) -> Self {
        match self.parts.as_deref() {
            Some(Parts::OrElse(sql)) if conditions.iter().any(|condition| condition.has(sql)) => sql.clone(),
            _ => self.clone(),
        }
    }

    /// Whether this says that something is not NULL.
    fn has(&self, sql: &Self) -> bool {
        matches!(self.parts.as_deref(), Some(Parts::IsNotNull(other)) if other.text == sql.text)
    }

    /// The conditions that must all hold.
    pub(crate) fn conjuncts(&self) -> Vec<Self> {
        match self.parts.as_deref() {
            Some(Parts::And(left, right)) => {
                let mut all = left.conjuncts();
                all.extend(right.conjuncts());
                all
            }
            _ => vec![self.clone()],
        }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is cheap enough to be written more than once.
    #[must_use]
    pub fn is_atom(&self) -> bool {
        self.atom
    }

    /// Whether evaluation may be an error.
    #[must_use]
    pub fn can_fail(&self) -> bool {
        self.can_fail
    }

    /// Whether it is made of literals and parameters alone.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.constant
    }

    /// Whether a database may evaluate it while it plans.
    #[must_use]
    pub fn is_foldable(&self) -> bool {
        self.foldable
    }
}

impl fmt::Display for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
