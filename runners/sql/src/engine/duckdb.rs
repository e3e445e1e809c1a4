//! DuckDB 2.
//!
//! Functions that DuckDB lacks, or whose answers differ from the interpreter's, are called by names that begin with
//! `lt_`; the runner registers them. None of them fails: where there is no answer they give NULL, and the SQL around
//! them raises the error, so that DuckDB knows which expressions may not be moved.

mod aggregate;
pub(crate) mod assumed;
mod column;
mod column_type;
mod compare;
mod layout;
mod number;
mod packed;
mod scalar;
mod text;

use runner_core::{Literal, Op, Prim, TypeId};

pub use column_type::ColumnType;
pub use layout::Layout;

use super::{Call, Capabilities, Cell, Items, Spelling, Storage, own};
use crate::{
    columns::Columns,
    dialect::DuckDb,
    plan::Parts,
    shape::{Leaf, Shapes},
    tree::{
        Expr, From, Ident, Node, Order, Output, Own, Query, Select, Type,
        expr::{self, call, cast, list, number as integer, template},
    },
};

/// What DuckDB can do.
pub(crate) const CAPABILITIES: Capabilities = Capabilities {
    name: "duckdb",
    param: "$p",
    home_schema: "main",
    has_nul: true,
    packs_params: true,
    runs_untaken_branches: true,
    folds_errors: false,
    merges_subqueries: false,
    unnests_queries: true,
    has_collations: false,
    computes_offset: false,
    loses_negative_zero: true,
    checks_tables: false,
    fails_on_floats: false,
    row_id: &["rowid"],
};

/// The types that hold primitives.
pub(crate) fn prim_type(prim: Prim) -> &'static str {
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

/// The type of a table's column that is meant for a primitive.
fn table_type(prim: Prim) -> &'static str {
    match prim {
        Prim::Date => "DATE",
        Prim::Time => "TIME",
        Prim::Timestamp => "TIMESTAMP",
        Prim::Decimal => "DECIMAL(18,2)",
        _ => prim_type(prim),
    }
}

/// `error(message)::type`
fn fail(message: &Expr, ty: impl Into<Type>) -> Expr {
    cast(&call("error", [message.clone()]), ty)
}

/// The argument of a table function. What is made of parameters alone DuckDB evaluates while it plans, for each execute,
/// to a value that takes 50 bytes for each item of a list. One row of a query it takes as it is.
fn unfolded(list: Expr) -> Expr {
    let mut has_param = false;
    list.walk(&mut |part| has_param |= matches!(part.node(), Node::Param(_)));
    if !has_param || !list.is_foldable() {
        return list;
    }
    let value = late(&list);
    let columns = vec![Output::Column(value, Ident::Fixed("v"))];
    expr::query(Query::select(Select { columns, ..Select::default() }))
}

/// A value that is not known before there is a row.
fn late(value: &Expr) -> Expr {
    expr::when(&template("(random() >= 0)", []), value)
}

/// The columns of a function that counts its rows.
fn counted(function: Expr, alias: &Ident, value: Ident) -> From {
    From::Function {
        call: function,
        alias: alias.clone(),
        columns: vec![value, Ident::Fixed("o")],
        is_counted: true,
    }
}

/// How DuckDB spells operations.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DuckDbSpelling;

impl Spelling for DuckDbSpelling {
    fn prim_type(&self, prim: Prim) -> &'static str {
        prim_type(prim)
    }

    fn literal(&self, prim: Prim, literal: &Literal) -> Expr {
        let ty = prim_type(prim);
        match literal {
            Literal::Bool(value) => expr::bool(*value),
            Literal::Int(value) => cast(&integer(*value), ty),
            Literal::Uint(value) => cast(&integer(*value), ty),
            Literal::Float32(value) => cast(&expr::text(&format!("{value:?}")), ty),
            Literal::Float64(value) => cast(&expr::text(&format!("{value:?}")), ty),
            Literal::Text(value) => text::literal(value),
        }
    }

    fn fail(&self, message: &str, ty: &Type) -> Expr {
        fail(&text::literal(message), ty)
    }

    fn call(&self, call: Call<'_>, args: &[Expr]) -> Option<Expr> {
        scalar::call(call, args)
    }

    fn sort_key(&self, _: Prim, key: &Expr) -> Expr {
        key.clone()
    }

    fn aggregate(&self, op: Op, prim: Prim, items: Items<'_>) -> Expr {
        aggregate::aggregate(op, prim, items)
    }

    fn narrow(&self, prim: Prim, sum: &Expr) -> Expr {
        cast(sum, prim_type(prim))
    }

    fn join(&self, separator: &Expr, items: Items<'_>) -> Expr {
        call("lt_join", [aggregate::list_of(items, &list([])), separator.clone()])
    }

    fn parts(&self, operation: Parts, args: &[Expr]) -> Option<Expr> {
        text::parts(operation, args)
    }

    fn sequence(&self, prim: Prim, start: &Expr, end: &Expr, alias: &Ident) -> From {
        number::sequence(prim, start, end, alias)
    }

    fn year_month_day(&self, date: &Expr) -> [Expr; 3] {
        match date.own() {
            Some((own, of)) => column::parts_of(of, own),
            None => ["lt_year", "lt_month", "lt_day"].map(|part| call(part, [date.clone()])),
        }
    }

    fn force(&self, exprs: &[Expr]) -> Expr {
        // Statistics say much about NULLs and bounds of columns, but nothing about hashes.
        expr::binary(">=", &call("hash", exprs), &integer(0))
    }

    fn opaque(&self, expr: &Expr) -> Expr {
        // What DuckDB can't fold it leaves for the execution, in the branch where it stands.
        expr.clone()
    }

    fn late(&self, condition: &Expr) -> Expr {
        // It takes what it can't fold for an error in the condition of a CASE, and there alone.
        late(condition)
    }

    fn value_of(&self, of: &Own, own: &Expr) -> Expr {
        column::value_of(of, own)
    }

    fn own_of(&self, prim: Prim, value: &Expr) -> Option<Expr> {
        // The numbers at both ends of 32 bits are its infinities.
        own::of(prim, table_type(prim), value, -i64::from(i32::MAX) + 1..=i64::from(i32::MAX) - 1)
    }
}

/// How DuckDB stores the nested values of a program, see [`Layout`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct DuckDbStorage<'a> {
    shapes: &'a Shapes,
    /// Names the functions that are registered for the program's types.
    functions: &'a DuckDb,
}

impl<'a> DuckDbStorage<'a> {
    pub(crate) fn new(shapes: &'a Shapes, functions: &'a DuckDb) -> Self {
        Self { shapes, functions }
    }

    fn layout(&self, ty: TypeId) -> Layout {
        Layout::of(self.shapes, ty)
    }

    fn packed_type(&self, ty: TypeId) -> Type {
        Type::new(self.layout(ty).sql_type())
    }

    /// A call of what is registered for a type.
    fn registered(&self, what: &str, ty: TypeId, args: impl Into<Vec<Expr>>) -> Expr {
        call(self.functions.function(what, ty), args)
    }
}

impl Storage for DuckDbStorage<'_> {
    fn column_type(&self, leaf: Leaf) -> Type {
        match leaf {
            Leaf::Prim(prim) | Leaf::Null(prim) => prim_type(prim).into(),
            Leaf::Tag => "INTEGER".into(),
            Leaf::Some => "BOOLEAN".into(),
            Leaf::Packed(ty) => self.packed_type(ty),
        }
    }

    fn param(&self, number: usize, leaf: Leaf, _: bool) -> Expr {
        match leaf {
            Leaf::Packed(ty) if !self.shapes.is_recursive(ty) => {
                self.registered("read", ty, [cast(&expr::param(number), "BLOB")])
            }
            _ => cast(&expr::param(number), self.column_type(leaf)),
        }
    }

    fn unnest(&self, lists: &[(usize, Expr)], _: bool, alias: &Ident) -> From {
        // Arrays are given as one packed parameter; this serves lists of one column all the same.
        let items = lists.first().map_or_else(|| list([]), |(_, list)| list.clone());
        counted(call("unnest", [items]), alias, Ident::Numbered("c", 1))
    }

    fn pack(&self, value: &Columns<Expr>, ty: TypeId) -> Expr {
        self.packed(value, ty)
    }

    fn unpack(&self, packed: &Expr, ty: TypeId) -> Columns<Expr> {
        self.unpacked(packed, ty)
    }

    fn list(&self, items: &[Columns<Expr>], item: TypeId) -> Option<Expr> {
        let items: Vec<_> = items.iter().map(|value| self.packed(value, item)).collect();
        Some(self.array_of(&list(items), item))
    }

    fn collect(&self, item: &Columns<Expr>, ty: TypeId, order: &[Order], filter: Option<&Expr>) -> Expr {
        let packed = self.packed(item, ty);
        let items = Items { item: &packed, order, filter, over: None };
        self.array_of(&aggregate::list_of(items, &list([])), ty)
    }

    fn items(&self, array: &Expr, item: TypeId, alias: &Ident) -> (From, Columns<Expr>) {
        // A field of a constant NULL has no type of its own.
        let list = unfolded(cast(&self.list_of(array, item), self.packed_type(item).array()));
        let value = expr::column(alias, Ident::Fixed("v"));
        (counted(call("unnest", [list]), alias, Ident::Fixed("v")), self.unpacked(&value, item))
    }

    fn item_at(&self, array: &Expr, position: &Expr, item: TypeId) -> Columns<Expr> {
        let list = self.list_of(array, item);
        self.unpacked(&call("list_extract", [list, expr::binary("+", position, &integer(1))]), item)
    }

    fn length(&self, array: &Expr, item: TypeId) -> Expr {
        call("len", [self.list_of(array, item)])
    }

    fn empty(&self, item: TypeId) -> Expr {
        match self.shapes.is_array_recursive(item) {
            true => cast(&expr::text("\\x00"), "BLOB"),
            false => cast(&list([]), self.packed_type(item).array()),
        }
    }

    fn variant(&self, index: u32, payload: &Columns<Expr>, ty: TypeId) -> Expr {
        self.packed_variant(index, payload, ty)
    }

    fn tag(&self, packed: &Expr, ty: TypeId) -> Expr {
        expr::field(&self.unboxed(packed, ty), Ident::Fixed("t"))
    }

    fn payload(&self, packed: &Expr, ty: TypeId, variant: u32) -> Columns<Expr> {
        let types = self.shapes.types();
        let variants = types.as_enum(types.unframed(ty)).unwrap_or_default();
        let payload = variants.get(variant as usize).map_or(ty, |variant| variant.ty);
        self.unpacked(&self.packed_payload(packed, ty, variant as usize), payload)
    }

    fn compare(&self, left: &Expr, right: &Expr, ty: TypeId) -> Expr {
        self.order_of(left, right, ty)
    }

    fn equal(&self, left: &Expr, right: &Expr, ty: TypeId) -> Expr {
        self.equality_of(left, right, ty)
    }

    fn group_key(&self, packed: &Expr, ty: TypeId) -> Expr {
        self.key_of(packed, ty)
    }

    fn read(&self, ty: TypeId, from: Cell<'_>) -> Option<Columns<Expr>> {
        column::read(self, ty, from)
    }

    fn write(&self, ty: TypeId, value: &Columns<Expr>, to: Cell<'_>) -> Option<Vec<(Ident, Expr)>> {
        column::write(self, ty, value, to)
    }
}
