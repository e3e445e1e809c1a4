//! PostgreSQL 14 and later: before, a part of a timestamp was a float.
//!
//! Functions that PostgreSQL lacks are helpers, which are made in the temporary schema of a connection when a statement
//! first needs them; nothing is left in the database.

mod aggregate;
pub(crate) mod assumed;
mod column;
mod compare;
mod constraint;
mod escape;
mod float;
mod helper;
mod nested;
mod number;
mod packed;
mod scalar;
mod text;

use std::rc::Rc;

use runner_core::{Literal, Op, Prim, TypeId};

pub use constraint::{ALTERED, NULL};
pub use escape::{escape, unescape};
pub use helper::{TEXT_BYTES, TEXT_PARTS, definition};

use super::{Call, Capabilities, Cell, Items, Reliance, Spelling, Storage, own};
use crate::{
    columns::Columns,
    limits::ARGUMENTS,
    plan::Parts,
    shape::{Leaf, Shapes},
    tree::{
        Aggregate, Expr, From, Ident, Order, Output, Over, Own, Query, Select, Type,
        expr::{self, binary, call, cast, coalesce, helper, number as integer, template},
    },
};
use packed::Access;

/// What PostgreSQL can do.
pub(crate) const CAPABILITIES: Capabilities = Capabilities {
    name: "postgres",
    param: "$",
    home_schema: "public",
    has_nul: false,
    packs_params: false,
    runs_untaken_branches: false,
    folds_errors: true,
    merges_subqueries: true,
    unnests_queries: false,
    has_collations: true,
    computes_offset: true,
    loses_negative_zero: false,
    checks_tables: false,
    fails_on_floats: false,
    row_id: &["ctid", "tableoid"],
};

/// The types that hold primitives.
pub(crate) fn prim_type(prim: Prim) -> &'static str {
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

/// The type of a table's column that is meant for a primitive.
fn table_type(prim: Prim) -> &'static str {
    match prim {
        Prim::Date => "date",
        Prim::Time => "time",
        Prim::Timestamp => "timestamp",
        Prim::Decimal => "numeric(18,2)",
        _ => prim_type(prim),
    }
}

/// How texts are held and compared.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Texts {
    /// Whether they are held as [`escape`] makes them.
    pub(crate) escapes: bool,
    /// Whether the database's own collation is the order of code points.
    pub(crate) is_c: bool,
}

impl Texts {
    /// A text that is a value of the program, or a message.
    fn literal(self, value: &str) -> Expr {
        let value = if self.escapes { escape(value) } else { value.into() };
        // What is no value, such as a message, may still hold it.
        cast(&expr::text(&value.replace('\0', "\u{fffd}")), "text")
    }

    fn fail(self, message: &str, ty: impl Into<Type>) -> Expr {
        helper("fail", [self.literal(message), cast(&expr::null(), ty)])
    }
}

/// How arithmetic of floats is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Floats {
    /// By PostgreSQL's operators and aggregates, which fail (SQLSTATE classes 22003, 22012, 2201E, 2201F) where the
    /// operation has a value: infinity, zero or NaN.
    Plain,
    /// By helpers, which never fail and take longer.
    Exact,
}

/// How PostgreSQL spells operations.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PostgresSpelling {
    pub(crate) texts: Texts,
    pub(crate) floats: Floats,
}

impl Spelling for PostgresSpelling {
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
            Literal::Text(value) => self.texts.literal(value),
        }
    }

    fn fail(&self, message: &str, ty: &Type) -> Expr {
        self.texts.fail(message, ty)
    }

    fn call(&self, call: Call<'_>, args: &[Expr]) -> Option<Expr> {
        scalar::call(self, call, args)
    }

    fn sort_key(&self, prim: Prim, key: &Expr) -> Expr {
        match prim {
            Prim::Text if self.texts.is_c => template("({} COLLATE \"default\")", [key]),
            Prim::Text => template("({} COLLATE \"C\")", [key]),
            _ => key.clone(),
        }
    }

    fn aggregate(&self, op: Op, prim: Prim, items: Items<'_>) -> Expr {
        aggregate::aggregate(self.floats, op, prim, items, &self.sort_key(prim, items.item))
    }

    fn narrow(&self, prim: Prim, sum: &Expr) -> Expr {
        cast(&number::checked(prim, sum), prim_type(prim))
    }

    fn join(&self, separator: &Expr, items: Items<'_>) -> Expr {
        let all = Aggregate::new("string_agg", [items.item.clone(), separator.clone()]).order(items.order);
        coalesce(&all.filter(items.filter).over(items.over).expr(), &expr::text(""))
    }

    fn parts(&self, operation: Parts, args: &[Expr]) -> Option<Expr> {
        text::parts(self.texts, operation, args)
    }

    fn sequence(&self, prim: Prim, start: &Expr, end: &Expr, alias: &Ident) -> From {
        number::sequence(prim, start, end, alias)
    }

    fn year_month_day(&self, date: &Expr) -> [Expr; 3] {
        text::year_month_day(date)
    }

    fn force(&self, exprs: &[Expr]) -> Expr {
        let parts = exprs.chunks(ARGUMENTS);
        let parts: Vec<_> = parts.map(|part| binary(">=", &call("num_nulls", part), &integer(0))).collect();
        expr::and(parts)
    }

    fn opaque(&self, value: &Expr) -> Expr {
        let column = Output::Column(value.clone(), Ident::Numbered("c", 1));
        expr::query(Query::select(Select { columns: vec![column], ..Select::default() }))
    }

    fn late(&self, condition: &Expr) -> Expr {
        condition.clone()
    }

    fn helpers(&self, called: &[Rc<str>]) -> Vec<&'static str> {
        helper::needed(called)
    }

    fn value_of(&self, of: &Own, own: &Expr) -> Expr {
        column::value_of(of, own)
    }

    fn own_of(&self, prim: Prim, value: &Expr) -> Option<Expr> {
        // From 4713-01-01 BC to 5874897-12-31.
        own::of(prim, table_type(prim), value, -2_440_588..=2_145_031_948)
    }

    fn checks(&self, reliance: &Reliance<'_>) -> Vec<Expr> {
        constraint::table_checks(reliance)
    }

    fn null_check(&self, alias: &Ident, columns: &[&str]) -> Expr {
        constraint::null_check(alias, columns)
    }
}

/// How PostgreSQL stores nested values: as `jsonb`, see [`packed`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct PostgresStorage<'a> {
    pub(crate) shapes: &'a Shapes,
    pub(crate) texts: Texts,
    pub(crate) checks_tables: bool,
}

impl Storage for PostgresStorage<'_> {
    fn column_type(&self, leaf: Leaf) -> Type {
        match leaf {
            Leaf::Prim(prim) | Leaf::Null(prim) => prim_type(prim),
            Leaf::Tag => "int4",
            Leaf::Some => "bool",
            Leaf::Packed(_) => "jsonb",
        }
        .into()
    }

    fn param(&self, number: usize, leaf: Leaf, is_list: bool) -> Expr {
        let ty = self.column_type(leaf);
        let ty = if is_list { ty.array() } else { ty };
        cast(&expr::param(number), &ty)
    }

    fn unnest(&self, lists: &[(usize, Expr)], is_counted: bool, alias: &Ident) -> From {
        // In the list of SELECT the items are given one by one; a function in FROM would keep all of them first, each
        // list by itself.
        let column = |(index, list): &(usize, Expr)| {
            Output::Column(call("unnest", [list.clone()]), Ident::Numbered("c", index + 1))
        };
        let columns = lists.iter().map(column).collect();
        let mut query = Query::select(Select { columns, ..Select::default() });
        if is_counted {
            let inner = Ident::Fixed("u");
            let position = Aggregate::new("row_number", []).over(Some(&Over::default())).expr();
            let items = From::Query {
                query: Box::new(query),
                alias: inner.clone(),
                columns: Vec::new(),
                is_lateral: false,
            };
            query = Query::select(Select {
                columns: vec![Output::All(inner), Output::Column(position, Ident::Fixed("o"))],
                from: Some(items),
                ..Select::default()
            });
        }
        From::Query { query: Box::new(query), alias: alias.clone(), columns: Vec::new(), is_lateral: false }
    }

    fn pack(&self, value: &Columns<Expr>, ty: TypeId) -> Expr {
        self.packed(value, ty)
    }

    fn unpack(&self, packed: &Expr, ty: TypeId) -> Columns<Expr> {
        self.unpacked(&Access::Root(packed.clone()), ty)
    }

    fn list(&self, _: &[Columns<Expr>], _: TypeId) -> Option<Expr> {
        None
    }

    fn collect(&self, item: &Columns<Expr>, ty: TypeId, order: &[Order], filter: Option<&Expr>) -> Expr {
        let all = Aggregate::new("jsonb_agg", [self.argument(item, ty)]).order(order).filter(filter);
        coalesce(&all.expr(), &packed::empty())
    }

    fn items(&self, array: &Expr, item: TypeId, alias: &Ident) -> (From, Columns<Expr>) {
        self.packed_items(array, item, alias)
    }

    fn item_at(&self, array: &Expr, position: &Expr, item: TypeId) -> Columns<Expr> {
        self.unpacked(&Access::Part(array.clone(), cast(position, "int4")), item)
    }

    fn length(&self, array: &Expr, _: TypeId) -> Expr {
        cast(&call("jsonb_array_length", [array.clone()]), "int8")
    }

    fn empty(&self, _: TypeId) -> Expr {
        packed::empty()
    }

    fn variant(&self, index: u32, payload: &Columns<Expr>, ty: TypeId) -> Expr {
        self.packed_variant(index, payload, ty)
    }

    fn tag(&self, packed: &Expr, ty: TypeId) -> Expr {
        self.packed_tag(packed, ty)
    }

    fn payload(&self, packed: &Expr, ty: TypeId, variant: u32) -> Columns<Expr> {
        let types = self.shapes.types();
        let variants = types.as_enum(types.unframed(ty)).unwrap_or_default();
        let payload = variants.get(variant as usize).map_or(ty, |variant| variant.ty);
        self.packed_payload(packed, ty, payload)
    }

    fn compare(&self, left: &Expr, right: &Expr, ty: TypeId) -> Expr {
        compare::compare(self, left, right, ty)
    }

    fn equal(&self, left: &Expr, right: &Expr, ty: TypeId) -> Expr {
        match self.shapes.has_float(ty) {
            true => expr::equal(&compare::compare(self, left, right, ty), &integer(1)),
            false => expr::equal(left, right),
        }
    }

    fn group_key(&self, packed: &Expr, ty: TypeId) -> Expr {
        compare::group_key(self, packed, ty)
    }

    fn read(&self, ty: TypeId, from: Cell<'_>) -> Option<Columns<Expr>> {
        column::read(self, ty, from)
    }

    fn write(&self, ty: TypeId, value: &Columns<Expr>, to: Cell<'_>) -> Option<Vec<(Ident, Expr)>> {
        column::write(self, ty, value, to)
    }
}
