//! What differs between the databases, in three parts: what an engine can do ([`Capabilities`], data), how operations are
//! spelled ([`Spelling`]), and how nested values and columns are stored ([`Storage`]). They take and give trees
//! ([`Expr`]); what may fail, is foldable or is ordered is known of the plan, and what a part has to know of it is an
//! argument.

pub(crate) mod duckdb;
mod own;
pub(crate) mod postgres;
#[cfg(test)]
mod tests;

use std::rc::Rc;

use runner_core::{Literal, Op, Prim, TypeId};

use crate::{
    catalog::{Column, Table},
    columns::Columns,
    plan::Parts,
    print::quoted,
    shape::Leaf,
    tree::{self, Expr, From, Ident, Order, Over, Own, Type},
};

/// A database, as far as statements depend on it.
#[derive(Clone, Copy)]
pub(crate) struct Engine<'a> {
    pub(crate) capabilities: Capabilities,
    pub(crate) spelling: &'a dyn Spelling,
    pub(crate) storage: &'a dyn Storage,
}

/// What an engine can do, and what it does by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Capabilities {
    pub(crate) name: &'static str,
    /// What stands before the number of a parameter.
    pub(crate) param: &'static str,
    /// The schema of a table that is named without one.
    pub(crate) home_schema: &'static str,
    /// Whether a text may hold U+0000.
    pub(crate) has_nul: bool,
    /// Whether an array of the input is one packed parameter rather than a list for each column of its items.
    pub(crate) packs_params: bool,
    /// Whether subqueries in branches that are not taken are evaluated, so that what may fail in them needs a guard.
    pub(crate) runs_untaken_branches: bool,
    /// Whether what is made of constants alone is evaluated while a statement is planned, errors included.
    pub(crate) folds_errors: bool,
    /// Whether subqueries are merged with the query around them, so that what they give is written as often as it is used.
    pub(crate) merges_subqueries: bool,
    /// Whether a subquery that depends on the rows around it is evaluated for all of them at once, whatever ties it to them.
    pub(crate) unnests_queries: bool,
    /// Whether types have collations.
    pub(crate) has_collations: bool,
    /// Whether the OFFSET of a subquery that depends on the query around may be more than a literal.
    pub(crate) computes_offset: bool,
    /// Whether a first row of a group, or the only one of a subquery, is kept as a key to sort by, which has no negative
    /// zero.
    pub(crate) loses_negative_zero: bool,
    /// Whether statements check that the tables they rely on are as they were described.
    pub(crate) checks_tables: bool,
    /// Whether arithmetic of floats fails where its result is infinite, too small, or none.
    pub(crate) fails_on_floats: bool,
    /// Columns that tell the rows of a table apart while a statement runs.
    pub(crate) row_id: &'static [&'static str],
}

/// A scalar operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) op: Op,
    pub(crate) operands: &'a [Prim],
    pub(crate) result: Prim,
    /// Whether the operands are made of literals and parameters alone.
    pub(crate) is_constant: bool,
}

/// Items that are aggregated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Items<'a> {
    pub(crate) item: &'a Expr,
    /// Empty if the order does not matter.
    pub(crate) order: &'a [Order],
    pub(crate) filter: Option<&'a Expr>,
    pub(crate) over: Option<&'a Over>,
}

/// How operations are spelled.
pub(crate) trait Spelling {
    fn prim_type(&self, prim: Prim) -> &'static str;

    /// A constant of a type.
    fn literal(&self, prim: Prim, literal: &Literal) -> Expr;

    /// An expression of this type that fails with this message.
    fn fail(&self, message: &str, ty: &Type) -> Expr;

    /// An operation whose operands and result are primitives, without `And`, `Or`, `Not` and comparisons; `None` if it is
    /// none of these.
    fn call(&self, call: Call<'_>, args: &[Expr]) -> Option<Expr>;

    /// A key that orders as the operations do.
    fn sort_key(&self, prim: Prim, key: &Expr) -> Expr;

    /// An aggregate over primitives: `Sum`, `Mean`, `Min`, `Max`, `All`, `Any`. What it gives for no rows is the
    /// operation's, NULL for `Min` and `Max`. Without an order the items of a float sum are added in any.
    fn aggregate(&self, op: Op, prim: Prim, items: Items<'_>) -> Expr;

    /// A sum of integers in their own type: fails if it is beyond that.
    fn narrow(&self, prim: Prim, sum: &Expr) -> Expr;

    /// A text of all items with a separator between them.
    fn join(&self, separator: &Expr, items: Items<'_>) -> Expr;

    /// An operation on the parts of a text, which are a list of the engine's own.
    fn parts(&self, operation: Parts, args: &[Expr]) -> Option<Expr>;

    /// A FROM item that gives integers from start to before end, ascending, in a column `v`.
    fn sequence(&self, prim: Prim, start: &Expr, end: &Expr, alias: &Ident) -> From;

    /// Fields of `DateToYearMonthDay`.
    fn year_month_day(&self, date: &Expr) -> [Expr; 3];

    /// A condition that is true once all of these are evaluated.
    fn force(&self, exprs: &[Expr]) -> Expr;

    /// A value that the engine can't evaluate before it executes.
    fn opaque(&self, expr: &Expr) -> Expr;

    /// A condition of a CASE that the engine can't evaluate before there is a row.
    fn late(&self, condition: &Expr) -> Expr;

    /// Functions that a connection must have so that these can be called, each behind those that it needs itself.
    fn helpers(&self, _called: &[Rc<str>]) -> Vec<&'static str> {
        Vec::new()
    }

    /// Converts a value from the type of a table's column, and keeps both.
    fn value_of(&self, of: &Own, own: &Expr) -> Expr;

    /// Converts a value to the type of such a column, so that the two can be compared. `None` if the column's type may have
    /// no such value.
    fn own_of(&self, prim: Prim, value: &Expr) -> Option<Expr>;

    /// Conditions that hold while a table is as it was described, and else fail.
    fn checks(&self, _: &Reliance<'_>) -> Vec<Expr> {
        Vec::new()
    }

    /// A condition that holds for no row of a table's alias, and fails, by the name of the column, where one of these
    /// columns is NULL. It costs nothing as long as all of them are NOT NULL.
    fn null_check(&self, _alias: &Ident, _columns: &[&str]) -> Expr {
        tree::expr::bool(false)
    }
}

/// How nested values are stored, and what columns of tables hold.
pub(crate) trait Storage {
    /// The type of a column.
    fn column_type(&self, leaf: Leaf) -> Type;

    /// A parameter, or a list of one entry for an item.
    fn param(&self, number: usize, leaf: Leaf, is_list: bool) -> Expr;

    /// A FROM item that gives a row for each entry of parallel lists. Their columns are `c1`, `c2`, ... by their index
    /// from 0; `o`, if it is asked for, counts from 1.
    fn unnest(&self, lists: &[(usize, Expr)], is_counted: bool, alias: &Ident) -> From;

    /// A value as one packed column.
    fn pack(&self, value: &Columns<Expr>, ty: TypeId) -> Expr;

    /// The columns of a packed value.
    fn unpack(&self, packed: &Expr, ty: TypeId) -> Columns<Expr>;

    /// A packed array of these items, if that is better than rows.
    fn list(&self, items: &[Columns<Expr>], item: TypeId) -> Option<Expr>;

    /// An aggregate that gives the packed array of these items.
    fn collect(&self, item: &Columns<Expr>, ty: TypeId, order: &[Order], filter: Option<&Expr>) -> Expr;

    /// A FROM item that gives a row for each item of a packed array: columns `v`, and `o`, which counts from 1. And the
    /// columns of an item over it.
    fn items(&self, array: &Expr, item: TypeId, alias: &Ident) -> (From, Columns<Expr>);

    /// The item at a position from 0 within a packed array, which must be there.
    fn item_at(&self, array: &Expr, position: &Expr, item: TypeId) -> Columns<Expr>;

    /// Number of items of a packed array.
    fn length(&self, array: &Expr, item: TypeId) -> Expr;

    /// A packed array that is empty.
    fn empty(&self, item: TypeId) -> Expr;

    /// A variant of an enum that is packed.
    fn variant(&self, index: u32, payload: &Columns<Expr>, ty: TypeId) -> Expr;

    /// The index of a packed enum's variant.
    fn tag(&self, packed: &Expr, ty: TypeId) -> Expr;

    /// The payload of a packed enum, if it is this variant.
    fn payload(&self, packed: &Expr, ty: TypeId, variant: u32) -> Columns<Expr>;

    /// 0, 1 or 2 as one packed value is less than, equal to or greater than the other.
    fn compare(&self, left: &Expr, right: &Expr, ty: TypeId) -> Expr;

    /// Whether packed values are equal.
    fn equal(&self, left: &Expr, right: &Expr, ty: TypeId) -> Expr;

    /// A key that is equal for packed values that are equal.
    fn group_key(&self, packed: &Expr, ty: TypeId) -> Expr;

    /// The value that a column of a table holds, or that it and others whose names begin with its name do; `None` if
    /// columns of its type can't hold such values. A primitive is NULL where the column is: the plan checks that.
    /// Elsewhere NULL where the type is not an option fails, and names the column.
    fn read(&self, ty: TypeId, from: Cell<'_>) -> Option<Columns<Expr>>;

    /// The reverse: names of columns and what is written to them. The columns of the value are cheap.
    fn write(&self, ty: TypeId, value: &Columns<Expr>, to: Cell<'_>) -> Option<Vec<(Ident, Expr)>>;
}

/// A column of a table, or of the query that a program gives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell<'a> {
    /// The name of the table in the statement; unused by writing.
    pub(crate) alias: &'a Ident,
    pub(crate) table: &'a Table,
    pub(crate) column: &'a Column,
}

/// What a statement relies on in a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reliance<'a> {
    pub(crate) table: &'a Table,
    /// Those whose types matter.
    pub(crate) columns: &'a [&'a Column],
    /// The unique column by which rows are joined.
    pub(crate) key: Option<&'a str>,
}

/// A table's name in a statement.
pub(crate) fn table(table: &Table) -> tree::Table {
    tree::Table { schema: Some(Ident::quoted(&table.schema)), name: Ident::quoted(&table.name.name) }
}

/// The same as text, for a message or a look-up of the table by its name.
pub(crate) fn table_text(table: &Table) -> String {
    format!("{}.{}", quoted(&table.schema), quoted(&table.name.name))
}
