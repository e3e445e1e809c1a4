//! Columns of tables, by the names of types in DuckDB's catalogue.

use runner_core::{Prim, TypeId};

use super::{DuckDb, prim_type};
use crate::{
    catalog::Column,
    dialect::Dialect,
    shape::{Leaf, Shape, Shapes},
    sql::Sql,
    value::Val,
};

/// What a column holds; `None` if the types don't fit.
pub(super) fn read(
    dialect: &DuckDb,
    shapes: &Shapes,
    ty: TypeId,
    alias: &str,
    column: &Column,
) -> Option<Val> {
    let sql = Sql::column(alias, &dialect.quote(&column.name));
    match shapes.get(ty) {
        Shape::Null(prim) => read_prim(prim, &sql, &column.database_type).map(Val::Leaf),
        Shape::Prim(prim) => {
            let value = read_prim(prim, &sql, &column.database_type)?;
            Some(Val::Leaf(if column.is_not_null {
                value
            } else {
                dialect.not_null(&value, &column.name, Leaf::Prim(prim))
            }))
        }
        _ => None,
    }
}

/// Columns and what is written to them; `None` if the types don't fit.
pub(super) fn write(
    _: &DuckDb,
    shapes: &Shapes,
    ty: TypeId,
    value: &Val,
    column: &Column,
) -> Option<Vec<(String, Sql)>> {
    let (Shape::Prim(prim) | Shape::Null(prim)) = shapes.get(ty) else { return None };
    let Val::Leaf(value) = value else { return None };
    Some(vec![(column.name.clone(), write_prim(prim, value, &column.database_type)?)])
}

fn read_prim(prim: Prim, column: &Sql, database_type: &str) -> Option<Sql> {
    let text = match (prim, database_type) {
        _ if is_native(prim, database_type) => return Some(column.clone()),
        (Prim::Date, "DATE") => format!("({column} - DATE '1970-01-01')::INTEGER"),
        (Prim::Time, "TIME") => format!("epoch_us({column})::UBIGINT"),
        (Prim::Timestamp, "TIMESTAMP") => format!("epoch_us({column})"),
        (Prim::Decimal, "DECIMAL(18,2)") => format!("({column} * 100)::BIGINT"),
        _ => return None,
    };
    Some(Sql::of(text, &[column]).as_atom())
}

fn write_prim(prim: Prim, value: &Sql, database_type: &str) -> Option<Sql> {
    let text = match (prim, database_type) {
        _ if is_native(prim, database_type) => return Some(value.clone()),
        (Prim::Date, "DATE") => format!("(DATE '1970-01-01' + {value})"),
        (Prim::Time, "TIME") => format!(
            "CASE WHEN {value} < 86400000000 THEN TIME '00:00:00' + to_microseconds({value}::BIGINT) \
             ELSE error({value}::VARCHAR || ' microseconds are no time of a day')::TIME END"
        ),
        (Prim::Timestamp, "TIMESTAMP") => format!("make_timestamp({value})"),
        (Prim::Decimal, "DECIMAL(18,2)") => {
            format!("({value}::DECIMAL(20, 0) * 0.01::DECIMAL(3, 2))::DECIMAL(18, 2)")
        }
        _ => return None,
    };
    Some(Sql::of(text, &[value]).failing())
}

fn is_native(prim: Prim, database_type: &str) -> bool {
    match prim {
        Prim::Date | Prim::Time | Prim::Timestamp | Prim::Decimal => false,
        Prim::Prim8 | Prim::Prim16 | Prim::Prim32 | Prim::Prim64 => false,
        _ => prim_type(prim) == database_type,
    }
}
