//! Checks that tables are what they were when a statement was made for them.
//!
//! PostgreSQL analyses and plans a statement again when one of its tables has changed. What is said in a branch that can't be
//! taken (`true OR ...`) is looked at then and at no other time; that no NULL is in a column that is NOT NULL is proved
//! then (`constraint_exclusion`). Only what its planner does not know is looked up by each execute.

use super::Texts;
use crate::{
    catalog::Column,
    engine::{Reliance, table, table_text},
    print::quoted,
    tree::{
        Aggregate, Expr, From, Ident, Output, Query, Select, Table, Type,
        expr::{self, binary, call, cast, column, number, template, text, word},
    },
};

/// What a server's message quotes before the reason why a table is not what it was.
pub const ALTERED: &str = "altered table: ";

/// What a server's message quotes before words on a NULL where none may be.
pub const NULL: &str = "null: ";

/// Types of which an array has a type of its own by this name.
const SCALARS: &[&str] = &[
    "bool",
    "int2",
    "int4",
    "int8",
    "float4",
    "float8",
    "numeric",
    "text",
    "varchar",
    "date",
    "time",
    "timestamp",
    "interval",
    "json",
    "jsonb",
    "uuid",
    "bytea",
];

/// The table that is checked.
const TABLE: Ident = Ident::Fixed("k");
/// A row of `pg_attribute`.
const ATTRIBUTE: Ident = Ident::Fixed("a");
/// A row of `pg_index`.
const INDEX: Ident = Ident::Fixed("i");

pub(super) fn null_words(name: &str) -> String {
    format!("the column {} holds a NULL, but its type is not an option", quoted(name))
}

pub(super) fn null_check(alias: &Ident, columns: &[&str]) -> Expr {
    let is_null = |name: &&str| expr::is_null(&column(alias, Ident::quoted(name)));
    // It depends on the row, so that it is not evaluated without one.
    let row = call("left", [cast(&column(alias, Ident::Fixed("ctid")), "text"), number(0)]);
    let failures = columns.iter().map(|name| {
        let words = text(&format!("{NULL}{}", null_words(name)));
        (is_null(name), cast(&binary("||", &words, &row), "bool"))
    });
    let failures: Vec<_> = failures.collect();
    let nulls: Vec<_> = columns.iter().map(is_null).collect();
    expr::and([expr::or(nulls), expr::case(failures, None)])
}

pub(super) fn table_checks(reliance: &Reliance<'_>) -> Vec<Expr> {
    let Reliance { table: relied, columns, key } = *reliance;
    let mut checks = Vec::new();
    let types: Vec<_> = columns.iter().filter_map(|column| typed(column)).collect();
    let primary = key.filter(|key| relied.primary_key.as_deref() == Some(key));
    if !types.is_empty() || primary.is_some() {
        // A column that is not grouped by is allowed beside a primary key.
        let row =
            primary.map(|_| Output::Column(column(&TABLE, Ident::Fixed("ctid")), Ident::Numbered("c", 1)));
        let key = primary.map(|key| column(&TABLE, Ident::quoted(key)));
        let rows = Query::select(Select {
            columns: row.into_iter().collect(),
            from: Some(From::Table { table: table(relied), alias: TABLE }),
            conditions: types,
            group_by: key.into_iter().collect(),
            ..Select::default()
        });
        checks.push(expr::or([expr::bool(true), expr::exists(rows)]));
    }
    let name = table_text(relied);
    let is_scaled = |column: &&&Column| column.database_type.starts_with("numeric(");
    checks.extend(columns.iter().filter(is_scaled).map(|column| scale_check(&name, column)));
    checks.extend(key.filter(|_| primary.is_none()).map(|key| unique_check(&name, key)));
    checks
}

/// An operator that takes operands of one type only.
fn typed(checked: &Column) -> Option<Expr> {
    let ty = SCALARS.iter().find(|ty| checked.is_plain && **ty == checked.database_type)?;
    let array = cast(&expr::null(), Type::from(*ty).array());
    Some(template("(ARRAY[{}] @> {})", [&column(&TABLE, Ident::quoted(&checked.name)), &array]))
}

fn scale_check(table: &str, column: &Column) -> Expr {
    let words = format!("the column {} was {}", quoted(&column.name), column.database_type);
    let ty = call("format_type", [attribute("atttypid"), attribute("atttypmod")]);
    holds(&words, table, &column.name, expr::equal(&ty, &text(&column.database_type)))
}

fn unique_check(table: &str, key: &str) -> Expr {
    let words = format!("no two rows of {table} had one {}", quoted(key));
    let index = |name: &'static str| column(&INDEX, Ident::Fixed(name));
    let conditions = vec![
        expr::equal(&index("indrelid"), &attribute("attrelid")),
        expr::equal(&template("{}[0]", [&index("indkey")]), &attribute("attnum")),
        index("indisunique"),
        expr::equal(&index("indnkeyatts"), &number(1)),
        index("indimmediate"),
        index("indisvalid"),
        expr::is_null(&index("indpred")),
    ];
    let from = From::Table { table: system("pg_index"), alias: INDEX };
    let rows = Query::select(Select { from: Some(from), conditions, ..Select::default() });
    holds(&words, table, key, expr::exists(rows))
}

fn attribute(name: &'static str) -> Expr {
    column(&ATTRIBUTE, Ident::Fixed(name))
}

fn system(name: &'static str) -> Table {
    Table { schema: Some(Ident::Fixed("pg_catalog")), name: Ident::Fixed(name) }
}

/// A condition that fails with these words if the column is gone, or this does not hold of its `pg_attribute`.
fn holds(words: &str, table: &str, name: &str, condition: Expr) -> Expr {
    let words = Texts::default().literal(&format!("{ALTERED}{words}"));
    let is_there = binary(">", &Aggregate::new("count", [word("*")]).expr(), &number(0));
    let checked = cast(&expr::case([(is_there, text("true"))], Some(words)), "bool");
    let is_table = expr::equal(&attribute("attrelid"), &cast(&text(table), "regclass"));
    let is_column = expr::equal(&attribute("attname"), &text(name));
    expr::query(Query::select(Select {
        columns: vec![Output::Column(checked, Ident::Numbered("c", 1))],
        from: Some(From::Table { table: system("pg_attribute"), alias: ATTRIBUTE }),
        conditions: vec![is_table, is_column, condition],
        ..Select::default()
    }))
}
