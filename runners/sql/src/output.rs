use std::fmt::{self, Display, Formatter};

use runner_core::TypeId;

use crate::shape::Leaf;

/// A program as SQL.
#[derive(Debug, Clone)]
pub struct Statement {
    /// One statement.
    pub sql: String,
    /// What `$1`, `$2`, ... are, in order.
    pub params: Vec<Param>,
    /// How the rows become the output.
    pub output: Output,
    /// Whether it may fail for what floats come to, where the program has a value: an overflow, an underflow, a division by
    /// zero. Then a statement of exact floats has it.
    pub is_plain: bool,
    /// Whether it changes tables.
    pub has_change: bool,
    /// Functions that the statement calls and that a connection must have, each behind those that it needs itself.
    pub helpers: Vec<&'static str>,
}

/// A parameter: a column of the input, found by walking the input's type in order.
///
/// The input's columns are those of its type, but an array is not one packed column: its items' columns are, each as
/// a list with one entry for an item. An array whose items have no columns is given as a list of `true`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Param {
    /// One value.
    One(Leaf),
    /// A list with an entry for each item of an array.
    Many(Leaf),
    /// One value or a list that the statement does not hold.
    Unused,
}

/// What the rows of the result are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// One row that holds the columns of the output.
    Row(TypeId),
    /// A row for each item of the output, in order, which has this type. An option has at most one: its bytes are those
    /// of an array that has none or one.
    Rows(TypeId),
    /// The output is `{}`; rows mean nothing.
    Unit,
}

/// The plan and the SQL of a program, as text for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The relational plan as the program says it: a node a line, inputs indented below it, `#1` is a column.
    pub built: String,
    /// The same after all rewrites.
    pub rewritten: String,
    /// The statement, on many lines.
    pub sql: String,
    /// How the database executes it, in its own words, if it was asked.
    pub executed: Option<String>,
}

impl Display for Explanation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "-- plan\n{}\n-- plan, rewritten\n{}\n-- SQL\n{};",
            self.built, self.rewritten, self.sql
        )?;
        match &self.executed {
            Some(executed) => writeln!(f, "\n-- as the database executes it\n{}", executed.trim_end()),
            None => Ok(()),
        }
    }
}
