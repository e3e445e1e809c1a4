//! The tables that generated programs read: the same on every database, and given to other runners as input.

use runner_core::{Prim, Value, value};

use super::ty::{BOOL, FLOAT, INT, TEXT, Ty};

/// A table.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Types of its columns `c0`, `c1`, ...
    pub columns: Vec<Ty>,
    /// Whether `c0` is its primary key.
    pub has_key: bool,
    /// Its rows, in the order in which they are inserted.
    pub rows: Vec<Value>,
}

const SHORT: Ty = Ty::Prim(Prim::Int32);
const DATE: Ty = Ty::Prim(Prim::Date);
const NAMES: [&str; 6] = ["a", "b", "A", "", "é", "a'b"];

/// A table of things, one that refers to it, an empty one, and one without a key whose rows repeat.
///
/// Floats are multiples of a quarter, so that their sum is the same in any order.
#[must_use]
pub fn all() -> Vec<Table> {
    let text = |n: i64| Value::Text(NAMES[(n % 6) as usize].into());
    let quarter = |n: i64| Value::Float64(n as f64 / 4.0);
    let option = |is_there: bool, value: Value| if is_there { Value::some(value) } else { Value::none() };
    let things = (1..=14).map(|n| {
        Value::Tuple(vec![
            Value::Int(n),
            Value::Int(n * 5 % 7),
            Value::Int(n * n % 11 - 4),
            text(n),
            quarter(n * 37 % 23 - 8),
            Value::Bool(n % 2 == 0),
            Value::Int(8000 + n * 53 % 400),
            option(n % 3 != 0, Value::Int(n % 4)),
            option(n % 4 != 1, text(n / 2)),
        ])
    });
    let parts = (0..9).map(|n| {
        Value::Tuple(vec![
            Value::Int(n),
            Value::Int(n * 4 % 17),
            Value::Int(n % 4),
            text(n + 3),
            quarter(n * 11 % 13 - 5),
            option(n % 3 != 1, Value::Int(n - 4)),
        ])
    });
    let repeated = (0..7).map(|n| Value::Tuple(vec![Value::Int(n % 3), text(n % 2), Value::Int(n % 2 - 1)]));
    vec![
        Table {
            name: "things",
            columns: vec![INT, SHORT, INT, TEXT, FLOAT, BOOL, DATE, Ty::option(SHORT), Ty::option(TEXT)],
            has_key: true,
            rows: things.collect(),
        },
        Table {
            name: "parts",
            columns: vec![SHORT, INT, SHORT, TEXT, FLOAT, Ty::option(INT)],
            has_key: true,
            rows: parts.collect(),
        },
        Table { name: "nothing", columns: vec![INT, SHORT, TEXT], has_key: true, rows: Vec::new() },
        Table { name: "repeated", columns: vec![SHORT, TEXT, INT], has_key: false, rows: repeated.collect() },
    ]
}

impl Table {
    /// The type of its rows.
    #[must_use]
    pub fn row(&self) -> Ty {
        Ty::Tuple(self.columns.clone())
    }

    /// What makes and fills it, on PostgreSQL and on DuckDB.
    #[must_use]
    pub fn sql(&self) -> String {
        let column = |(index, ty): (usize, &Ty)| {
            let (ty, is_null) = match ty {
                Ty::Option(ty) => (&**ty, true),
                ty => (ty, false),
            };
            let constraint = match (index, is_null) {
                (0, _) if self.has_key => " PRIMARY KEY",
                (_, false) => " NOT NULL",
                (_, true) => "",
            };
            format!("c{index} {}{constraint}", type_name(ty))
        };
        let columns: Vec<_> = self.columns.iter().enumerate().map(column).collect();
        let mut sql = format!("CREATE TABLE {} ({});\n", self.name, columns.join(", "));
        for row in &self.rows {
            let Value::Tuple(values) = row else { continue };
            let values: Vec<_> =
                self.columns.iter().zip(values).map(|(ty, value)| literal(ty, value)).collect();
            sql += &format!("INSERT INTO {} VALUES ({});\n", self.name, values.join(", "));
        }
        sql
    }
}

fn type_name(ty: &Ty) -> &'static str {
    match ty.prim() {
        Some(Prim::Bool) => "boolean",
        Some(Prim::Int32) => "integer",
        Some(Prim::Int64) => "bigint",
        Some(Prim::Float64) => "double precision",
        Some(Prim::Date) => "date",
        Some(Prim::Text) => "text",
        other => panic!("no column of the tables is {other:?}"),
    }
}

fn literal(ty: &Ty, value: &Value) -> String {
    match (ty, value) {
        (Ty::Option(_), Value::Variant(0, _)) => "NULL".into(),
        (Ty::Option(ty), Value::Variant(_, value)) => literal(ty, value),
        (Ty::Prim(Prim::Date), Value::Int(days)) => format!("DATE '1970-01-01' + {days}"),
        (_, Value::Int(value)) => value.to_string(),
        (_, Value::Bool(value)) => value.to_string(),
        (_, Value::Float64(value)) => value::format_f64(*value),
        (_, Value::Text(text)) => format!("'{}'", text.replace('\'', "''")),
        (ty, value) => panic!("{value:?} is no {ty:?}"),
    }
}
