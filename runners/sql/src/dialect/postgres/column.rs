//! Columns of tables, whose types PostgreSQL has for dates, times and decimals.

use runner_core::Prim;

use crate::{shape::Leaf, sql::Sql};

/// What reads a column of a type, by the type's name in `pg_type`; `None` if the types don't fit.
pub(super) fn read(leaf: Leaf, column: &Sql, database_type: &str) -> Option<Sql> {
    let (Leaf::Prim(prim) | Leaf::Null(prim)) = leaf else { return None };
    let text = match (prim, database_type) {
        _ if is_native(prim, database_type) => return Some(column.clone()),
        (Prim::Text, "varchar" | "bpchar" | "name") => format!("{column}::text"),
        (Prim::Date, "date") => format!("({column} - '1970-01-01'::date)"),
        (Prim::Time, "time") => format!("trunc(extract(epoch FROM {column}) * 1000000)"),
        (Prim::Timestamp, "timestamp") => format!("(extract(epoch FROM {column}) * 1000000)::int8"),
        (Prim::Decimal, "numeric") => format!("({column} * 100)::int8"),
        _ => return None,
    };
    // Infinite dates and decimals of more digits fail when they are read, not for being in the table.
    Some(Sql::of(text, &[column]).as_atom())
}

/// What writes a value to a column of a type; `None` if the types don't fit.
pub(super) fn write(leaf: Leaf, value: &Sql, database_type: &str) -> Option<Sql> {
    let (Leaf::Prim(prim) | Leaf::Null(prim)) = leaf else { return None };
    let text = match (prim, database_type) {
        _ if is_native(prim, database_type) => return Some(value.clone()),
        (Prim::Text, "varchar" | "bpchar") => format!("{value}::{database_type}"),
        (Prim::Date, "date") => format!("('1970-01-01'::date + {value})"),
        (Prim::Time, "time") => format!("pg_temp.to_time({value})"),
        (Prim::Timestamp, "timestamp") => format!("pg_temp.to_timestamp({value})"),
        (Prim::Decimal, "numeric") => format!("({value}::numeric / 100)::numeric(20, 2)"),
        _ => return None,
    };
    Some(Sql::of(text, &[value]).failing())
}

fn is_native(prim: Prim, database_type: &str) -> bool {
    match prim {
        Prim::Date | Prim::Time | Prim::Timestamp | Prim::Decimal => false,
        Prim::Prim8 | Prim::Prim16 | Prim::Prim32 | Prim::Prim64 => false,
        _ => super::prim_type(prim) == database_type,
    }
}
