//! PostgreSQL.
//!
//! Functions that PostgreSQL lacks are made in the temporary schema of a connection when a statement first needs them
//! ([`definition`]); nothing is left in the database.

mod column;
mod compare;
mod constraint;
mod escape;
mod float;
mod functions;
mod helper;
mod nested;
mod number;
mod packed;
mod text;

use runner_core::{Op, Prim, Result, TypeId};

pub use constraint::{ALTERED, NULL};
pub use escape::{escape, unescape};
pub use helper::{TEXT_BYTES, TEXT_PARTS, definition};

use super::Dialect;
use crate::{
    catalog::{Column, Table},
    shape::{Leaf, Shapes},
    sql::Sql,
    value::Val,
};

/// The dialect of PostgreSQL 14 and later: before, a part of a timestamp was a float.
///
/// ```
/// use runner_sql::{Dialect, Postgres};
///
/// assert!(!Postgres::default().has_nul() && Postgres::escaping().has_nul());
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Postgres {
    /// Whether texts are held as [`escape`] makes them.
    escapes: bool,
    /// Whether the database's own collation is the order of code points.
    is_c: bool,
    checks_tables: bool,
}

impl Postgres {
    /// The dialect of statements whose texts may hold U+0000: all texts, of parameters and results too, are held as
    /// [`escape`] makes them.
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

    /// The same for statements that check that their tables are as they were described: not altered since.
    ///
    /// The session must have `constraint_exclusion = on`, by which the server proves once for a plan that there is no NULL.
    #[must_use]
    pub fn with_table_checks(self) -> Self {
        Self { checks_tables: true, ..self }
    }
}

pub(super) fn prim_type(prim: Prim) -> &'static str {
    match prim {
        Prim::Bool => "bool",
        Prim::Int8 | Prim::Int16 | Prim::Uint8 | Prim::Prim8 => "int2",
        Prim::Int32 | Prim::Uint16 | Prim::Prim16 | Prim::Date => "int4",
        Prim::Int64 | Prim::Uint32 | Prim::Prim32 | Prim::Duration | Prim::Timestamp | Prim::Decimal => {
            "int8"
        }
        Prim::Uint64 | Prim::Prim64 | Prim::Time => "numeric",
        Prim::Float32 => "float4",
        Prim::Float64 => "float8",
        Prim::Text => "text",
    }
}

#[allow(private_interfaces)]
impl Dialect for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn has_nul(&self) -> bool {
        self.escapes
    }

    fn row_id(&self, alias: &str) -> Vec<String> {
        vec![format!("{alias}.ctid"), format!("{alias}.tableoid")]
    }

    fn prim_type(&self, prim: Prim) -> &'static str {
        prim_type(prim)
    }

    fn column_type(&self, leaf: Leaf) -> String {
        match leaf {
            Leaf::Prim(prim) | Leaf::Null(prim) => prim_type(prim),
            Leaf::Tag => "int4",
            Leaf::Some => "bool",
            Leaf::Packed(_) => "jsonb",
        }
        .into()
    }

    fn home_schema(&self) -> &'static str {
        "public"
    }

    fn table_type(&self, prim: Prim) -> &'static str {
        match prim {
            Prim::Date => "date",
            Prim::Time => "time",
            Prim::Timestamp => "timestamp",
            Prim::Decimal => "numeric(18,2)",
            _ => prim_type(prim),
        }
    }

    fn null(&self, leaf: Leaf) -> Sql {
        Sql::constant(format!("NULL::{}", self.column_type(leaf)))
    }

    fn tag_literal(&self, index: u32) -> Sql {
        Sql::constant(format!("{index}::int4"))
    }

    fn typed(&self, leaf: Leaf, sql: &Sql) -> String {
        match leaf {
            Leaf::Prim(Prim::Text) | Leaf::Null(Prim::Text) => format!("({sql})::text COLLATE \"C\""),
            _ => format!("({sql})::{}", self.column_type(leaf)),
        }
    }

    fn text(&self, text: &str) -> String {
        let text = if self.escapes { escape(text) } else { text.into() };
        // What is no value, such as a message, may still hold it.
        format!("'{}'::text", text.replace('\'', "''").replace('\0', "\u{fffd}"))
    }

    fn param(&self, number: usize, leaf: Leaf, is_list: bool) -> Sql {
        let list = if is_list { "[]" } else { "" };
        Sql::constant(format!("${number}::{}{list}", self.column_type(leaf)))
    }

    fn unnest(&self, lists: &[(usize, &Sql)], is_counted: bool, alias: &str) -> String {
        // In the list of SELECT the items are given one by one; a function in FROM would keep all of them first, each
        // list by itself.
        let columns: Vec<_> =
            lists.iter().map(|(index, list)| format!("unnest({list}) AS c{}", index + 1)).collect();
        let items = columns.join(", ");
        if is_counted {
            format!("(SELECT u.*, row_number() OVER () AS o FROM (SELECT {items}) AS u) AS {alias}")
        } else {
            format!("(SELECT {items}) AS {alias}")
        }
    }

    fn scalar(&self, op: Op, operands: &[Prim], result: Prim, args: &[Sql]) -> Result<Option<Sql>> {
        functions::scalar(self, op, operands, result, args)
    }

    fn opaque(&self, sql: &Sql) -> Sql {
        Sql::query(format!("(SELECT {sql})"), sql.can_fail())
    }

    fn sort_key(&self, prim: Prim, sql: &Sql) -> Sql {
        match prim {
            Prim::Text if self.is_c => Sql::of(format!("{sql} COLLATE \"default\""), &[sql]),
            Prim::Text => Sql::of(format!("{sql} COLLATE \"C\""), &[sql]),
            _ => sql.clone(),
        }
    }

    fn force(&self, sqls: &[Sql]) -> Sql {
        let parts: Vec<_> = sqls
            .chunks(crate::limits::ARGUMENTS)
            .map(|chunk| {
                let texts: Vec<_> = chunk.iter().map(Sql::text).collect();
                format!("num_nulls({}) >= 0", texts.join(", "))
            })
            .collect();
        Sql::of(parts.join(" AND "), &[])
    }

    fn checks_tables(&self) -> bool {
        self.checks_tables
    }

    fn null_check(&self, alias: &str, columns: &[&str]) -> String {
        constraint::null_check(self, alias, columns)
    }

    fn table_checks(&self, table: &Table, name: &str, columns: &[&Column], key: Option<&str>) -> Vec<String> {
        constraint::table_checks(self, table, name, columns, key)
    }

    fn fence(&self) -> &'static str {
        " OFFSET 0"
    }

    fn fail(&self, message: &str, leaf: Leaf) -> Sql {
        let ty = self.column_type(leaf);
        Sql::query(format!("pg_temp.fail({}, NULL::{ty})", self.text(message)), true)
    }

    fn pack(&self, shapes: &Shapes, val: &Val, ty: TypeId) -> Sql {
        packed::pack(self, shapes, val, ty)
    }

    fn unpack(&self, shapes: &Shapes, packed: &Sql, ty: TypeId) -> Val {
        packed::unpack(shapes, &packed::Access::Root(packed.clone()), ty)
    }

    fn collect_where(&self, shapes: &Shapes, item: &Val, ty: TypeId, order_by: &str, filter: &str) -> Sql {
        let arg = packed::argument(self, shapes, item, ty);
        Sql::of(format!("coalesce(jsonb_agg({arg}{order_by}){filter}, '[]'::jsonb)"), &[&arg])
    }

    fn items(&self, shapes: &Shapes, array: &Sql, item: TypeId, alias: &str) -> (String, Val, Sql) {
        packed::items(shapes, array, item, alias)
    }

    fn item_at(&self, shapes: &Shapes, array: &Sql, position: &Sql, item: TypeId) -> Val {
        let access = packed::Access::Part(array.clone(), format!("({position})::int4"));
        packed::unpack(shapes, &access, item)
    }

    fn length(&self, _: &Shapes, array: &Sql, _: TypeId) -> Sql {
        Sql::of(format!("jsonb_array_length({array})::int8"), &[array])
    }

    fn empty(&self, _: &Shapes, _: TypeId) -> Sql {
        Sql::constant("'[]'::jsonb")
    }

    fn variant(&self, shapes: &Shapes, index: u32, payload: &Val, ty: TypeId) -> Sql {
        packed::variant(self, shapes, index, payload, ty)
    }

    fn tag(&self, shapes: &Shapes, packed: &Sql, ty: TypeId) -> Sql {
        packed::tag(shapes, packed, ty)
    }

    fn payload(&self, shapes: &Shapes, packed: &Sql, ty: TypeId, variant: u32) -> Val {
        let variants = shapes.types().as_enum(shapes.types().unframed(ty)).unwrap_or_default();
        let payload = variants.get(variant as usize).map_or(ty, |variant| variant.ty);
        packed::payload(shapes, packed, ty, payload)
    }

    fn compare_packed(&self, shapes: &Shapes, left: &Sql, right: &Sql, ty: TypeId) -> Sql {
        compare::compare(self, shapes, left, right, ty)
    }

    fn equal_packed(&self, shapes: &Shapes, left: &Sql, right: &Sql, ty: TypeId) -> Sql {
        if shapes.has_float(ty) {
            let order = compare::compare(self, shapes, left, right, ty);
            Sql::of(format!("({order} = 1)"), &[&order])
        } else {
            Sql::of(format!("({left} = {right})"), &[left, right])
        }
    }

    fn group_key(&self, shapes: &Shapes, packed: &Sql, ty: TypeId) -> Sql {
        compare::group_key(self, shapes, packed, ty)
    }

    fn aggregate(&self, op: Op, prim: Prim, item: &Sql, order_by: &str, filter: &str) -> Sql {
        functions::aggregate(self, op, prim, item, order_by, filter)
    }

    fn join(&self, item: &Sql, separator: &Sql, order_by: &str) -> Sql {
        Sql::of(format!("coalesce(string_agg({item}, {separator}{order_by}), '')"), &[item, separator])
    }

    fn split(&self, text: &Sql, separator: &Sql, alias: &str) -> String {
        text::split(self, text, separator, alias)
    }

    fn sequence(&self, prim: Prim, start: &Sql, end: &Sql, alias: &str) -> String {
        number::sequence(prim, start, end, alias)
    }

    fn year_month_day(&self, date: &Sql) -> [Sql; 3] {
        text::year_month_day(date)
    }

    fn read_column(
        &self,
        shapes: &Shapes,
        ty: TypeId,
        alias: &str,
        column: &Column,
        table: &Table,
    ) -> Option<Val> {
        column::read(self, shapes, ty, alias, column, table)
    }

    fn write_column(
        &self,
        shapes: &Shapes,
        ty: TypeId,
        value: &Val,
        column: &Column,
        table: &Table,
    ) -> Option<Vec<(String, Sql)>> {
        column::write(self, shapes, ty, value, column, table)
    }

    fn helpers(&self, statement: &str) -> Vec<&'static str> {
        helper::needed(statement)
    }
}
