//! Columns of tables, by the names of types in DuckDB's catalogue.

use runner_core::{Prim, TypeId};

use super::{
    ColumnType, DuckDbStorage, fail,
    layout::is_nullable,
    packed::{wrap, wrapped},
    prim_type,
    text::literal,
};
use crate::{
    columns::Columns,
    engine::{Cell, Storage},
    print::quoted,
    shape::Shape,
    tree::{
        Expr, Ident, Own, Type,
        expr::{self, binary, call, cast, field, lambda, named, number, template},
    },
};

/// What a column holds; `None` if the types don't fit.
pub(super) fn read(storage: &DuckDbStorage<'_>, ty: TypeId, from: Cell<'_>) -> Option<Columns<Expr>> {
    let value = expr::column(from.alias, Ident::quoted(&from.column.name));
    let column = Column { storage, name: &from.column.name };
    let database_type = ColumnType::parse(&from.column.database_type)?;
    match storage.shapes.get(ty) {
        Shape::Null(prim) | Shape::Prim(prim) => column.prim(prim, &value, &database_type).map(Columns::One),
        _ => {
            let packed = column.read(ty, &value, &database_type, from.column.is_not_null, 0)?;
            Some(storage.unpacked(&packed, ty))
        }
    }
}

/// Columns and what is written to them; `None` if the types don't fit.
pub(super) fn write(
    storage: &DuckDbStorage<'_>,
    ty: TypeId,
    value: &Columns<Expr>,
    to: Cell<'_>,
) -> Option<Vec<(Ident, Expr)>> {
    let database_type = ColumnType::parse(&to.column.database_type)?;
    let value = storage.packed(value, ty);
    let column = Column { storage, name: &to.column.name };
    Some(vec![(Ident::quoted(&to.column.name), column.write(ty, &value, &database_type, 0)?)])
}

struct Column<'a> {
    storage: &'a DuckDbStorage<'a>,
    name: &'a str,
}

impl Column<'_> {
    /// A value of the column as a packed one.
    fn read(
        &self,
        ty: TypeId,
        value: &Expr,
        from: &ColumnType,
        is_not_null: bool,
        depth: usize,
    ) -> Option<Expr> {
        let shapes = self.storage.shapes;
        let types = shapes.types();
        let unframed = types.unframed(ty);
        let read = match (shapes.get(ty), from) {
            (Shape::Null(prim), _) => return self.prim(prim, value, from),
            (Shape::Option(payload), _) => {
                let mut read = self.read(payload, value, from, true, depth)?;
                if is_nullable(shapes, payload) {
                    read = wrap(read);
                }
                return Some(expr::when(&expr::is_not_null(value), &read));
            }
            (Shape::Prim(prim), _) => self.prim(prim, value, from)?,
            (Shape::Tuple, ColumnType::Struct(columns)) => {
                let fields = types.as_tuple(unframed)?;
                let mut parts = Vec::new();
                for (n, tuple_field) in fields.iter().enumerate() {
                    let (name, from) = match &tuple_field.name {
                        Some(name) => columns.iter().find(|(column, _)| *column == **name)?,
                        None => columns.get(n)?,
                    };
                    let part = field(value, Ident::quoted(name));
                    parts.push((
                        Ident::Numbered("f", n),
                        self.read(tuple_field.ty, &part, from, false, depth)?,
                    ));
                }
                named("struct_pack", parts)
            }
            (Shape::Array(item), ColumnType::List(from)) => {
                let list = transformed(value, depth, |item_value| {
                    self.read(item, item_value, from, false, depth + 1)
                })?;
                self.storage.array_of(&list, item)
            }
            (Shape::Tag | Shape::Enum, ColumnType::Union(members)) => {
                self.read_union(unframed, value, members, depth)?
            }
            _ => return None,
        };
        if is_not_null {
            return Some(read);
        }
        let fail = self.fail("a NULL, but its type is not an option", &self.storage.packed_type(ty));
        // COALESCE would copy all values, and forget what is known of them.
        Some(expr::case([(expr::is_null(value), fail)], Some(read)))
    }

    fn read_union(
        &self,
        ty: TypeId,
        value: &Expr,
        members: &[(String, ColumnType)],
        depth: usize,
    ) -> Option<Expr> {
        let shapes = self.storage.shapes;
        let types = shapes.types();
        let variants = types.as_enum(ty)?;
        if members.len() != variants.len() {
            return None;
        }
        let member = cast(&call("union_tag", [value.clone()]), "VARCHAR");
        let mut tags = Vec::new();
        let mut payloads = Vec::new();
        for (n, variant) in variants.iter().enumerate() {
            let (name, from) = members.iter().find(|(member, _)| *member == *variant.name)?;
            let name = literal(name);
            let is_this = expr::equal(&member, &name);
            tags.push((is_this.clone(), number(i64::try_from(n).ok()?)));
            if !types.is_unit(variant.ty) {
                let part = call("union_extract", [value.clone(), name]);
                let payload = self.read(variant.ty, &part, from, false, depth)?;
                payloads.push((Ident::Numbered("v", n), expr::when(&is_this, &payload)));
            }
        }
        let tag = cast(&expr::case(tags, None), "INTEGER");
        if shapes.get(ty) == Shape::Tag {
            return Some(tag);
        }
        let fields: Vec<_> = std::iter::once((Ident::Fixed("t"), tag)).chain(payloads).collect();
        Some(self.storage.boxed(named("struct_pack", fields), ty))
    }

    /// A primitive that is not NULL, or NULL.
    fn prim(&self, prim: Prim, value: &Expr, from: &ColumnType) -> Option<Expr> {
        let ColumnType::Plain(from) = from else { return None };
        Some(match (prim, from.as_str()) {
            (_, ty) if is_native(prim, ty) => value.clone(),
            (Prim::Date, "DATE") | (Prim::Time, "TIME") | (Prim::Timestamp, "TIMESTAMP") => {
                value_of(&Own { prim, column: self.name.into() }, value)
            }
            (Prim::Decimal, ty) if is_decimal(ty) => value_of(&Own { prim, column: self.name.into() }, value),
            _ => return None,
        })
    }

    fn fail(&self, what: &str, ty: &Type) -> Expr {
        fail_of(self.name, what, ty)
    }

    /// A packed value as the column holds it.
    fn write(&self, ty: TypeId, value: &Expr, to: &ColumnType, depth: usize) -> Option<Expr> {
        let shapes = self.storage.shapes;
        let types = shapes.types();
        let unframed = types.unframed(ty);
        Some(match (shapes.get(ty), to) {
            (Shape::Prim(prim) | Shape::Null(prim), _) => write_prim(prim, value, to)?,
            (Shape::Option(payload), _) => {
                let inner = if is_nullable(shapes, payload) { wrapped(value) } else { value.clone() };
                expr::when(&expr::is_not_null(value), &self.write(payload, &inner, to, depth)?)
            }
            (Shape::Tuple, ColumnType::Struct(columns)) => {
                let fields = types.as_tuple(unframed)?;
                if fields.len() != columns.len() {
                    return None;
                }
                let mut parts = Vec::new();
                for (place, (name, to)) in columns.iter().enumerate() {
                    let by_name = fields.iter().position(|field| field.name.as_deref() == Some(name));
                    let index = match by_name {
                        Some(index) => index,
                        None if fields.get(place)?.name.is_none() => place,
                        None => return None,
                    };
                    let part = field(value, Ident::Numbered("f", index));
                    parts.push((Ident::quoted(name), self.write(fields.get(index)?.ty, &part, to, depth)?));
                }
                named("struct_pack", parts)
            }
            (Shape::Array(item), ColumnType::List(to)) => {
                let list = self.storage.list_of(value, item);
                transformed(&list, depth, |item_value| self.write(item, item_value, to, depth + 1))?
            }
            (Shape::Tag | Shape::Enum, ColumnType::Union(members)) => {
                self.write_union(unframed, value, members, depth)?
            }
            _ => return None,
        })
    }

    fn write_union(
        &self,
        ty: TypeId,
        value: &Expr,
        members: &[(String, ColumnType)],
        depth: usize,
    ) -> Option<Expr> {
        let types = self.storage.shapes.types();
        let variants = types.as_enum(ty)?;
        if members.len() != variants.len() {
            return None;
        }
        let union = Type::new(union_type(members));
        let tag = match self.storage.shapes.get(ty) {
            Shape::Tag => value.clone(),
            _ => self.storage.tag(value, ty),
        };
        let mut branches = Vec::new();
        for (n, variant) in variants.iter().enumerate() {
            let (name, to) = members.iter().find(|(member, _)| *member == *variant.name)?;
            let payload = match types.is_unit(variant.ty) {
                true => expr::null(),
                false => {
                    let payload = self.storage.packed_payload(value, ty, n);
                    self.write(variant.ty, &payload, to, depth)?
                }
            };
            let payload = cast(&payload, Type::new(type_text(to)));
            let member = named("union_value", [(Ident::quoted(name), payload)]);
            branches.push((expr::equal(&tag, &number(i64::try_from(n).ok()?)), cast(&member, &union)));
        }
        Some(expr::case(branches, None))
    }
}

/// A column's value, converted from its own type.
pub(super) fn value_of(of: &Own, own: &Expr) -> Expr {
    let value = match of.prim {
        Prim::Date => {
            finite(of, own, cast(&template("({} - DATE '1970-01-01')", [own]), "INTEGER"), "INTEGER")
        }
        Prim::Time => cast(&call("epoch_us", [own.clone()]), "UBIGINT"),
        Prim::Timestamp => finite(of, own, call("epoch_us", [own.clone()]), "BIGINT"),
        _ => cast(&binary("*", &cast(own, "DECIMAL(38, 2)"), &number(100)), "BIGINT"),
    };
    expr::own(own, of, &value)
}

/// Year, month and day of a column's date.
pub(super) fn parts_of(of: &Own, own: &Expr) -> [Expr; 3] {
    [("year", "INTEGER"), ("month", "UTINYINT"), ("day", "UTINYINT")]
        .map(|(part, ty)| finite(of, own, cast(&call(part, [own.clone()]), ty), ty))
}

fn finite(of: &Own, own: &Expr, read: Expr, ty: &'static str) -> Expr {
    let fail = fail_of(&of.column, "an infinity, which its type has not", &ty.into());
    expr::case([(call("isinf", [own.clone()]), fail)], Some(read))
}

fn fail_of(column: &str, what: &str, ty: &Type) -> Expr {
    fail(&literal(&format!("the column {} holds {what}", quoted(column))), ty)
}

/// A list of which each item is changed; the list itself if the items stay as they are.
fn transformed(list: &Expr, depth: usize, change: impl FnOnce(&Expr) -> Option<Expr>) -> Option<Expr> {
    let name = Ident::Numbered("x", depth);
    let item = expr::name(name.clone());
    let changed = change(&item)?;
    Some(match changed == item {
        true => list.clone(),
        false => call("list_transform", [list.clone(), lambda(name, &changed)]),
    })
}

fn union_type(members: &[(String, ColumnType)]) -> String {
    format!("UNION({})", members_text(members))
}

fn members_text(members: &[(String, ColumnType)]) -> String {
    let member = |(name, ty): &(String, ColumnType)| format!("{} {}", quoted(name), type_text(ty));
    members.iter().map(member).collect::<Vec<_>>().join(", ")
}

/// The type as SQL, for a cast.
pub(super) fn type_text(ty: &ColumnType) -> String {
    match ty {
        ColumnType::Plain(name) => name.clone(),
        ColumnType::List(item) => format!("{}[]", type_text(item)),
        ColumnType::Struct(fields) => format!("STRUCT({})", members_text(fields)),
        ColumnType::Union(members) => union_type(members),
    }
}

fn write_prim(prim: Prim, value: &Expr, to: &ColumnType) -> Option<Expr> {
    let ColumnType::Plain(to) = to else { return None };
    Some(match (prim, to.as_str()) {
        (_, ty) if is_native(prim, ty) => value.clone(),
        (Prim::Date, "DATE") => template("(DATE '1970-01-01' + {})", [value]),
        (Prim::Time, "TIME") => {
            let message =
                binary("||", &cast(value, "VARCHAR"), &expr::text(" microseconds are no time of a day"));
            let is_late = binary(">=", value, &number(86_400_000_000_i64));
            let time = template("(TIME '00:00:00' + to_microseconds({}))", [&cast(value, "BIGINT")]);
            expr::case([(is_late, fail(&message, "TIME"))], Some(time))
        }
        (Prim::Timestamp, "TIMESTAMP") => call("make_timestamp", [value.clone()]),
        (Prim::Decimal, ty) if is_decimal(ty) => {
            let hundredths = cast(value, "DECIMAL(20, 0)");
            cast(&template("({} * 0.01::DECIMAL(3, 2))", [&hundredths]), Type::new(ty))
        }
        _ => return None,
    })
}

/// Decimals with two digits behind the point.
fn is_decimal(database_type: &str) -> bool {
    database_type.starts_with("DECIMAL(") && database_type.ends_with(",2)")
}

fn is_native(prim: Prim, database_type: &str) -> bool {
    match prim {
        Prim::Date | Prim::Time | Prim::Timestamp | Prim::Decimal => false,
        Prim::Prim8 | Prim::Prim16 | Prim::Prim32 | Prim::Prim64 => false,
        _ => prim_type(prim) == database_type,
    }
}
