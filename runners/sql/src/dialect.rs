//! What differs between the databases.

mod duckdb;
pub mod postgres;

use runner_core::{Literal, Op, Prim, Result, TypeId};

pub use duckdb::{ColumnType, DuckDb, Layout};
pub use postgres::Postgres;

use crate::{
    catalog::{Column, Table},
    shape::{Leaf, Shapes},
    sql::Sql,
    value::Val,
};

/// A database's way to say things. Implemented by this crate only.
///
/// The lowering makes the structure of a statement (subqueries, joins, windows, grouping, recursion), which both
/// databases share; a dialect makes the expressions in it.
#[allow(private_interfaces)]
pub trait Dialect {
    /// The database's name.
    fn name(&self) -> &'static str;

    /// A name, quoted.
    fn quote(&self, name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    /// Whether a text may hold U+0000.
    fn has_nul(&self) -> bool;

    /// Whether subqueries in branches that are not taken are evaluated, so that what may fail in them needs a guard.
    fn guards_branches(&self) -> bool {
        false
    }

    /// Whether arrays that are joined within a lambda have to be fenced.
    fn has_fragile_joins(&self) -> bool {
        false
    }

    /// Whether OFFSET may refer to columns of the query around.
    fn has_correlated_offset(&self) -> bool {
        true
    }

    /// Columns that tell the rows of a table apart while a statement runs.
    fn row_id(&self, alias: &str) -> Vec<String>;

    /// The type of a column of a primitive.
    fn prim_type(&self, prim: Prim) -> &'static str;

    /// The type of a column.
    fn column_type(&self, leaf: Leaf) -> String;

    /// The type of a table's column that is meant for a primitive.
    fn table_type(&self, prim: Prim) -> &'static str;

    /// The schema of a table that is named without one.
    fn home_schema(&self) -> &'static str;

    /// A constant.
    fn literal(&self, prim: Prim, literal: &Literal) -> Sql {
        let ty = self.prim_type(prim);
        Sql::constant(match literal {
            Literal::Bool(value) => value.to_string(),
            Literal::Int(value) if *value < 0 => format!("({value})::{ty}"),
            Literal::Int(value) => format!("{value}::{ty}"),
            Literal::Uint(value) => format!("{value}::{ty}"),
            Literal::Float32(value) => format!("'{value:?}'::{ty}"),
            Literal::Float64(value) => format!("'{value:?}'::{ty}"),
            Literal::Text(value) => self.text(value),
        })
    }

    /// NULL as a column of this kind.
    fn null(&self, leaf: Leaf) -> Sql;

    /// The index of a variant.
    fn tag_literal(&self, index: u32) -> Sql;

    /// An expression of exactly the type, and for text the collation, of a column.
    fn typed(&self, leaf: Leaf, sql: &Sql) -> String;

    /// A text, quoted.
    fn text(&self, text: &str) -> String;

    /// A parameter, or a list of one entry for an item.
    fn param(&self, number: usize, leaf: Leaf, is_list: bool) -> Sql;

    /// Whether an array of the input is one packed parameter rather than a list for each column of its items.
    fn has_packed_params(&self) -> bool {
        false
    }

    /// A packed array of these items, if that is better than a relation.
    fn list(&self, shapes: &Shapes, items: &[Val], item: TypeId) -> Option<Sql> {
        let _ = (shapes, items, item);
        None
    }

    /// A FROM item that gives a row for each entry of parallel lists. Their columns are `c1`, `c2`, ... by their index
    /// from 0; `o`, if it is asked for, counts from 1.
    fn unnest(&self, lists: &[(usize, &Sql)], is_counted: bool, alias: &str) -> String;

    /// An operation whose operands and result are primitives; `None` if it is none of these.
    ///
    /// # Errors
    /// `UNSUPPORTED` if it can't be said.
    fn scalar(&self, op: Op, operands: &[Prim], result: Prim, args: &[Sql]) -> Result<Option<Sql>>;

    /// A value that a database can't evaluate before it executes.
    fn opaque(&self, sql: &Sql) -> Sql;

    /// A condition of a CASE that a database can't evaluate before there is a row.
    fn late(&self, condition: Sql) -> Sql {
        condition
    }

    /// A key that orders as the operations do.
    fn sort_key(&self, prim: Prim, sql: &Sql) -> Sql;

    /// Whether DISTINCT ON gives columns of these kinds as they were.
    fn keeps_firsts(&self, shapes: &Shapes, leaves: &[Leaf]) -> bool {
        let _ = (shapes, leaves);
        true
    }

    /// A query with one column `c1`, which gives one row, as it stands within an expression.
    fn one_row(&self, shapes: &Shapes, leaf: Leaf, query: String) -> String {
        let _ = (shapes, leaf);
        query
    }

    /// A condition that is true once all of these are evaluated.
    fn force(&self, sqls: &[Sql]) -> Sql;

    /// What prevents that a subquery is merged with the query around it.
    fn fence(&self) -> &'static str;

    /// An expression that fails with this message.
    fn fail(&self, message: &str, leaf: Leaf) -> Sql;

    /// A value as one packed column.
    fn pack(&self, shapes: &Shapes, val: &Val, ty: TypeId) -> Sql;

    /// The columns of a packed value.
    fn unpack(&self, shapes: &Shapes, packed: &Sql, ty: TypeId) -> Val;

    /// An aggregate that gives the packed array of these items.
    fn collect(&self, shapes: &Shapes, item: &Val, ty: TypeId, order_by: &str) -> Sql {
        self.collect_where(shapes, item, ty, order_by, "")
    }

    /// The same over the rows that a ` FILTER (WHERE ...)` lets pass.
    fn collect_where(&self, shapes: &Shapes, item: &Val, ty: TypeId, order_by: &str, filter: &str) -> Sql;

    /// A FROM item that gives a row for each item of a packed array, the item, and the column that counts from 1.
    fn items(&self, shapes: &Shapes, array: &Sql, item: TypeId, alias: &str) -> (String, Val, Sql);

    /// The item at a position from 0 within a packed array, which must be there.
    fn item_at(&self, shapes: &Shapes, array: &Sql, position: &Sql, item: TypeId) -> Val;

    /// Number of items of a packed array.
    fn length(&self, shapes: &Shapes, array: &Sql, item: TypeId) -> Sql;

    /// A packed array that is empty.
    fn empty(&self, shapes: &Shapes, item: TypeId) -> Sql;

    /// A variant of an enum that is packed.
    fn variant(&self, shapes: &Shapes, index: u32, payload: &Val, ty: TypeId) -> Sql;

    /// The index of a packed enum's variant.
    fn tag(&self, shapes: &Shapes, packed: &Sql, ty: TypeId) -> Sql;

    /// The payload of a packed enum, if it is this variant.
    fn payload(&self, shapes: &Shapes, packed: &Sql, ty: TypeId, variant: u32) -> Val;

    /// 0, 1 or 2 as one packed value is less than, equal to or greater than the other.
    fn compare_packed(&self, shapes: &Shapes, left: &Sql, right: &Sql, ty: TypeId) -> Sql;

    /// Whether packed values are equal.
    fn equal_packed(&self, shapes: &Shapes, left: &Sql, right: &Sql, ty: TypeId) -> Sql;

    /// A key that is equal for packed values that are equal.
    fn group_key(&self, shapes: &Shapes, packed: &Sql, ty: TypeId) -> Sql;

    /// An aggregate over primitives: `Sum`, `Mean`, `Min`, `Max`, `All`, `Any`. What it gives for no rows is the
    /// operation's, NULL for `Min` and `Max`.
    fn aggregate(&self, op: Op, prim: Prim, item: &Sql, order_by: &str, filter: &str) -> Sql;

    /// What [`Dialect::aggregate`] gives for no rows.
    fn aggregate_of_none(&self, op: Op) -> &'static str {
        match op {
            Op::Mean => "'NaN'",
            Op::All => "true",
            Op::Any => "false",
            Op::Min | Op::Max => "NULL",
            _ => "0",
        }
    }

    /// A text of all items with a separator between them.
    fn join(&self, item: &Sql, separator: &Sql, order_by: &str) -> Sql;

    /// A FROM item that gives the parts of a text: columns `v` and `o`, which counts from 1.
    fn split(&self, text: &Sql, separator: &Sql, alias: &str) -> String;

    /// A FROM item that gives integers from start to before end, ascending, in a column `v`.
    fn sequence(&self, prim: Prim, start: &Sql, end: &Sql, alias: &str) -> String;

    /// Fields of `DateToYearMonthDay`.
    fn year_month_day(&self, date: &Sql) -> [Sql; 3];

    /// The value that a column of a table holds, or that it and others whose names begin with its name do; `None` if
    /// columns of its type can't hold such values. NULL where the type is not an option fails, and names the column.
    fn read_column(
        &self,
        shapes: &Shapes,
        ty: TypeId,
        alias: &str,
        column: &Column,
        table: &Table,
    ) -> Option<Val>;

    /// The reverse of [`Dialect::read_column`]: names of columns and what is written to them. The leaves of the value
    /// are cheap.
    fn write_column(
        &self,
        shapes: &Shapes,
        ty: TypeId,
        value: &Val,
        column: &Column,
        table: &Table,
    ) -> Option<Vec<(String, Sql)>>;

    /// Whether statements check that the tables they rely on are as they were described.
    fn checks_tables(&self) -> bool {
        false
    }

    /// A condition that holds for no row of a table's alias, and fails, by the name of the column, where one of these
    /// columns is NULL. It costs nothing as long as all of them are NOT NULL.
    fn null_check(&self, alias: &str, columns: &[&str]) -> String {
        let _ = (alias, columns);
        "false".into()
    }

    /// Conditions that hold as long as these columns of a table have their types, and this one is unique; the statement
    /// fails if not. They cost nothing, where that can be.
    fn table_checks(&self, table: &Table, name: &str, columns: &[&Column], key: Option<&str>) -> Vec<String> {
        let _ = (table, name, columns, key);
        Vec::new()
    }

    /// Names of the functions that a statement calls and that a connection must have, in order of definition.
    fn helpers(&self, statement: &str) -> Vec<&'static str>;
}

/// Whether an operation may fail on some operands of this type.
pub(crate) fn is_partial(op: Op, operand: Prim) -> bool {
    match op {
        Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Rem | Op::Neg | Op::Pow => !operand.is_float(),
        Op::Abs => operand.is_signed(),
        Op::FromAscii
        | Op::DateSub
        | Op::TimestampSub
        | Op::TimeDiff
        | Op::DateToTimestamp
        | Op::TimestampToDate
        | Op::TimezoneOffset => true,
        _ => false,
    }
}

/// Whether an operation may fail, as far as these operands tell.
fn can_fail(op: Op, operand: Prim, args: &[Sql]) -> bool {
    let is_safe_quotient = matches!(op, Op::Div | Op::Rem) && args.get(1).is_some_and(is_positive);
    !is_safe_quotient && is_partial(op, operand)
}

/// Whether this is a literal above zero.
fn is_positive(x: &Sql) -> bool {
    let is_digit = |first: char| first.is_ascii_digit();
    x.is_constant() && x.text().starts_with(is_digit) && !x.text().starts_with("0:")
}
