//! DuckDB 2.
//!
//! Functions that DuckDB lacks, or whose answers differ from the interpreter's, are called by names that begin with
//! `lt_`; the runner registers them. None of them fails: where there is no answer they give NULL, and the SQL around
//! them raises the error, so that DuckDB knows which expressions may not be moved.

mod column;
mod column_type;
mod compare;
mod functions;
mod layout;
mod number;
mod packed;
mod text;

use std::hash::{DefaultHasher, Hash, Hasher};

use runner_core::{Op, Prim, Program, Result, TypeId};

pub use column_type::ColumnType;
pub use layout::Layout;

use super::Dialect;
use crate::{
    catalog::{Column, Table},
    shape::{Leaf, Shapes},
    sql::Sql,
    value::Val,
};

/// The dialect of DuckDB 2.0 and later, for one program.
#[derive(Debug, Clone)]
pub struct DuckDb {
    /// Names what is registered for the types of the program.
    scope: String,
    shapes: Option<Shapes>,
}

impl DuckDb {
    /// The dialect for a program. Programs with the same types share the functions that are registered for them.
    #[must_use]
    pub fn new(program: &Program) -> Self {
        let mut hasher = DefaultHasher::new();
        format!("{:?}", program.types()).hash(&mut hasher);
        Self { scope: format!("lt_{:016x}", hasher.finish()), shapes: Shapes::new(program).ok() }
    }

    /// What the names of all functions begin with that are made for the types of the program.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// The name of a function over values of a type: `read` makes a packed value of its encoding, `write` the reverse,
    /// `order` compares two encodings, `key` gives one that is the same for all equal values.
    ///
    /// ```
    /// # let mut types = runner_core::TypeTable::new();
    /// # let int = types.prim(runner_core::Prim::Int64);
    /// # let body = vec![runner_core::Expr { kind: runner_core::Kind::Local(runner_core::INPUT), ty: int }];
    /// # let parts = runner_core::Parts { types, input: int, output: int, body, ..Default::default() };
    /// # let program = runner_core::Program::new(parts)?;
    /// assert!(runner_sql::DuckDb::new(&program).function("read", int).ends_with("_read_0"));
    /// # Ok::<(), runner_core::Error>(())
    /// ```
    #[must_use]
    pub fn function(&self, what: &str, ty: TypeId) -> String {
        format!("{}_{what}_{}", self.scope, ty.0)
    }

    fn fail_text(&self, message: &str) -> String {
        format!("error({})", self.text(message))
    }

    fn is_boxed(&self, ty: TypeId) -> bool {
        self.shapes.as_ref().is_some_and(|shapes| shapes.is_recursive(ty))
    }

    fn packed_type(&self, ty: TypeId) -> String {
        self.shapes.as_ref().map_or_else(String::new, |shapes| Layout::of(shapes, ty).sql_type())
    }
}

pub(super) fn prim_type(prim: Prim) -> &'static str {
    match prim {
        Prim::Bool => "BOOLEAN",
        Prim::Int8 => "TINYINT",
        Prim::Int16 => "SMALLINT",
        Prim::Int32 | Prim::Date => "INTEGER",
        Prim::Int64 | Prim::Duration | Prim::Timestamp | Prim::Decimal => "BIGINT",
        Prim::Uint8 | Prim::Prim8 => "UTINYINT",
        Prim::Uint16 | Prim::Prim16 => "USMALLINT",
        Prim::Uint32 | Prim::Prim32 => "UINTEGER",
        Prim::Uint64 | Prim::Prim64 | Prim::Time => "UBIGINT",
        Prim::Float32 => "FLOAT",
        Prim::Float64 => "DOUBLE",
        Prim::Text => "VARCHAR",
    }
}

#[allow(private_interfaces)]
impl Dialect for DuckDb {
    fn name(&self) -> &'static str {
        "duckdb"
    }

    fn has_nul(&self) -> bool {
        true
    }

    fn guards_branches(&self) -> bool {
        true
    }

    fn has_fragile_joins(&self) -> bool {
        // Conditions that are pushed through several of them lose their columns in DuckDB 2.0.
        true
    }

    fn has_correlated_offset(&self) -> bool {
        false
    }

    fn row_id(&self, alias: &str) -> Vec<String> {
        vec![format!("{alias}.rowid")]
    }

    fn prim_type(&self, prim: Prim) -> &'static str {
        prim_type(prim)
    }

    fn column_type(&self, leaf: Leaf) -> String {
        match leaf {
            Leaf::Prim(prim) | Leaf::Null(prim) => prim_type(prim).into(),
            Leaf::Tag => "INTEGER".into(),
            Leaf::Some => "BOOLEAN".into(),
            Leaf::Packed(ty) => self.packed_type(ty),
        }
    }

    fn home_schema(&self) -> &'static str {
        "main"
    }

    fn table_type(&self, prim: Prim) -> &'static str {
        match prim {
            Prim::Date => "DATE",
            Prim::Time => "TIME",
            Prim::Timestamp => "TIMESTAMP",
            Prim::Decimal => "DECIMAL(18,2)",
            _ => prim_type(prim),
        }
    }

    fn null(&self, leaf: Leaf) -> Sql {
        // In parentheses, so that an index behind it is no part of the type.
        Sql::constant(format!("(NULL::{})", self.column_type(leaf)))
    }

    fn tag_literal(&self, index: u32) -> Sql {
        Sql::constant(format!("{index}::INTEGER"))
    }

    fn typed(&self, leaf: Leaf, sql: &Sql) -> String {
        format!("({sql})::{}", self.column_type(leaf))
    }

    fn text(&self, text: &str) -> String {
        text::quoted(text)
    }

    fn param(&self, number: usize, leaf: Leaf, _: bool) -> Sql {
        match leaf {
            Leaf::Packed(ty) if !self.is_boxed(ty) => {
                Sql::query(format!("{}($p{number}::BLOB)", self.function("read", ty)), false)
            }
            _ => Sql::constant(format!("$p{number}::{}", self.column_type(leaf))),
        }
    }

    fn has_packed_params(&self) -> bool {
        true
    }

    fn list(&self, shapes: &Shapes, items: &[Val], item: TypeId) -> Option<Sql> {
        Some(packed::list(self, shapes, items, item))
    }

    fn unnest(&self, lists: &[(usize, &Sql)], _: bool, alias: &str) -> String {
        // Arrays are given as one packed parameter; this serves lists of one column all the same.
        let list = lists.first().map_or("[]", |(_, list)| list.text());
        format!("unnest({list}) WITH ORDINALITY AS {alias}(c1, o)")
    }

    fn scalar(&self, op: Op, operands: &[Prim], result: Prim, args: &[Sql]) -> Result<Option<Sql>> {
        functions::scalar(op, operands, result, args)
    }

    fn opaque(&self, sql: &Sql) -> Sql {
        // What DuckDB can't fold it leaves for the execution, in the branch where it stands.
        sql.clone()
    }

    fn late(&self, condition: Sql) -> Sql {
        // It takes what it can't fold for an error in the condition of a CASE, and there alone.
        Sql::of(format!("CASE WHEN random() >= 0 THEN {condition} END"), &[&condition])
    }

    fn sort_key(&self, _: Prim, sql: &Sql) -> Sql {
        sql.clone()
    }

    fn one_row(&self, shapes: &Shapes, leaf: Leaf, query: String) -> String {
        match leaf {
            // DuckDB takes the first row, and keeps it as a key to sort by, which has no negative zero.
            Leaf::Packed(ty) if shapes.has_float(ty) => {
                format!("SELECT list(one.c1)[1] FROM ({query}) AS one")
            }
            _ => query,
        }
    }

    fn keeps_firsts(&self, shapes: &Shapes, leaves: &[Leaf]) -> bool {
        // It keeps them as keys to sort by, see above.
        !leaves.iter().any(|leaf| matches!(leaf, Leaf::Packed(ty) if shapes.has_float(*ty)))
    }

    fn force(&self, sqls: &[Sql]) -> Sql {
        // Statistics say much about NULLs and bounds of columns, but nothing about hashes.
        let texts: Vec<_> = sqls.iter().map(Sql::text).collect();
        Sql::of(format!("(hash({}) >= 0)", texts.join(", ")), &[])
    }

    fn fence(&self) -> &'static str {
        " OFFSET 0"
    }

    fn fail(&self, message: &str, leaf: Leaf) -> Sql {
        let ty = self.column_type(leaf);
        Sql::query(format!("error({})::{ty}", self.text(message)), true)
    }

    fn pack(&self, shapes: &Shapes, val: &Val, ty: TypeId) -> Sql {
        packed::pack(self, shapes, val, ty)
    }

    fn unpack(&self, shapes: &Shapes, packed: &Sql, ty: TypeId) -> Val {
        packed::unpack(shapes, packed, ty)
    }

    fn collect_where(&self, shapes: &Shapes, item: &Val, ty: TypeId, order_by: &str, filter: &str) -> Sql {
        let arg = packed::pack(self, shapes, item, ty);
        let list = Sql::of(format!("coalesce(list({arg}{order_by}){filter}, [])"), &[&arg]);
        packed::array_of(self, shapes, list, ty)
    }

    fn items(&self, shapes: &Shapes, array: &Sql, item: TypeId, alias: &str) -> (String, Val, Sql) {
        packed::items(self, shapes, array, item, alias)
    }

    fn item_at(&self, shapes: &Shapes, array: &Sql, position: &Sql, item: TypeId) -> Val {
        let array = packed::list_of(self, shapes, array, item);
        let part = Sql::of(format!("{array}[({position}) + 1]"), &[&array, position]).as_atom();
        packed::unpack(shapes, &part, item)
    }

    fn length(&self, shapes: &Shapes, array: &Sql, item: TypeId) -> Sql {
        let list = packed::list_of(self, shapes, array, item);
        Sql::of(format!("len({list})"), &[&list])
    }

    fn empty(&self, shapes: &Shapes, item: TypeId) -> Sql {
        if shapes.is_array_recursive(item) {
            return Sql::constant("'\\x00'::BLOB");
        }
        Sql::constant(format!("([]::{}[])", Layout::of(shapes, item).sql_type()))
    }

    fn variant(&self, shapes: &Shapes, index: u32, payload: &Val, ty: TypeId) -> Sql {
        packed::variant(self, shapes, index, payload, ty)
    }

    fn tag(&self, shapes: &Shapes, packed: &Sql, ty: TypeId) -> Sql {
        packed::tag(self, shapes, packed, ty)
    }

    fn payload(&self, shapes: &Shapes, packed: &Sql, ty: TypeId, variant: u32) -> Val {
        packed::payload(self, shapes, packed, ty, variant)
    }

    fn compare_packed(&self, shapes: &Shapes, left: &Sql, right: &Sql, ty: TypeId) -> Sql {
        compare::compare(self, shapes, left, right, ty)
    }

    fn equal_packed(&self, shapes: &Shapes, left: &Sql, right: &Sql, ty: TypeId) -> Sql {
        compare::equal(self, shapes, left, right, ty)
    }

    fn group_key(&self, shapes: &Shapes, packed: &Sql, ty: TypeId) -> Sql {
        compare::group_key(self, shapes, packed, ty)
    }

    fn aggregate(&self, op: Op, prim: Prim, item: &Sql, order_by: &str, filter: &str) -> Sql {
        functions::aggregate(op, prim, item, order_by, filter)
    }

    fn join(&self, item: &Sql, separator: &Sql, order_by: &str) -> Sql {
        Sql::of(format!("lt_join(coalesce(list({item}{order_by}), []), {separator})"), &[item, separator])
    }

    fn split(&self, text: &Sql, separator: &Sql, alias: &str) -> String {
        format!("unnest(lt_split({text}, {separator})) WITH ORDINALITY AS {alias}(v, o)")
    }

    fn sequence(&self, prim: Prim, start: &Sql, end: &Sql, alias: &str) -> String {
        number::sequence(prim, start, end, alias)
    }

    fn year_month_day(&self, date: &Sql) -> [Sql; 3] {
        ["year", "month", "day"].map(|part| Sql::of(format!("lt_{part}({date})"), &[date]))
    }

    fn read_column(
        &self,
        shapes: &Shapes,
        ty: TypeId,
        alias: &str,
        column: &Column,
        _: &Table,
    ) -> Option<Val> {
        column::read(self, shapes, ty, alias, column)
    }

    fn write_column(
        &self,
        shapes: &Shapes,
        ty: TypeId,
        value: &Val,
        column: &Column,
        _: &Table,
    ) -> Option<Vec<(String, Sql)>> {
        column::write(self, shapes, ty, value, column)
    }

    fn helpers(&self, _: &str) -> Vec<&'static str> {
        Vec::new()
    }
}
