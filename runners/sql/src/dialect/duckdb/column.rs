//! Columns of tables, by the names of types in DuckDB's catalogue.

use runner_core::{Prim, TypeId};

use super::{ColumnType, DuckDb, Layout, layout::is_nullable, packed, prim_type};
use crate::{
    catalog::Column,
    dialect::Dialect,
    shape::{Shape, Shapes},
    sql::{Parts, Sql},
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
    let reader = Reader { dialect, shapes, column };
    let database_type = ColumnType::parse(&column.database_type)?;
    let is_not_null = column.is_not_null;
    match shapes.get(ty) {
        Shape::Null(prim) => reader.prim(prim, &sql, &database_type).map(Val::Leaf),
        Shape::Prim(prim) if is_not_null => reader.prim(prim, &sql, &database_type).map(Val::Leaf),
        _ => {
            let packed = reader.read(ty, &sql, &database_type, is_not_null, 0)?;
            Some(packed::unpack(shapes, &packed.as_atom(), ty))
        }
    }
}

/// Columns and what is written to them; `None` if the types don't fit.
pub(super) fn write(
    dialect: &DuckDb,
    shapes: &Shapes,
    ty: TypeId,
    value: &Val,
    column: &Column,
) -> Option<Vec<(String, Sql)>> {
    let database_type = ColumnType::parse(&column.database_type)?;
    let value = packed::pack(dialect, shapes, value, ty);
    let writer = Reader { dialect, shapes, column };
    Some(vec![(column.name.clone(), writer.write(ty, &value, &database_type, 0)?)])
}

struct Reader<'a> {
    dialect: &'a DuckDb,
    shapes: &'a Shapes,
    column: &'a Column,
}

impl Reader<'_> {
    /// A value of the column as a packed one.
    fn read(&self, ty: TypeId, sql: &Sql, from: &ColumnType, is_not_null: bool, depth: usize) -> Option<Sql> {
        let types = self.shapes.types();
        let unframed = types.unframed(ty);
        if let Shape::Null(prim) = self.shapes.get(ty) {
            return self.prim(prim, sql, from);
        }
        if let Shape::Option(payload) = self.shapes.get(ty) {
            let mut value = self.read(payload, sql, from, true, depth)?;
            if is_nullable(self.shapes, payload) {
                value = Sql::of(format!("struct_pack(v := {value})"), &[&value]);
            }
            return Some(Sql::of(format!("CASE WHEN {sql} IS NOT NULL THEN {value} END"), &[&value]));
        }
        let value = match (self.shapes.get(ty), from) {
            (Shape::Prim(prim), _) => self.prim(prim, sql, from)?,
            (Shape::Tuple, ColumnType::Struct(columns)) => {
                let fields = types.as_tuple(unframed)?;
                let mut parts = Vec::new();
                for (n, field) in fields.iter().enumerate() {
                    let (name, from) = match &field.name {
                        Some(name) => columns.iter().find(|(column, _)| *column == **name)?,
                        None => columns.get(n)?,
                    };
                    let part = part(self.dialect, sql, name);
                    parts.push(format!("f{n} := {}", self.read(field.ty, &part, from, false, depth)?));
                }
                Sql::of(format!("struct_pack({})", parts.join(", ")), &[sql])
            }
            (Shape::Array(item), ColumnType::List(from)) => {
                let name = Sql::atom(format!("x{depth}"));
                let read = self.read(item, &name, from, false, depth + 1)?;
                let list = if read.text() == name.text() {
                    sql.clone()
                } else {
                    Sql::of(format!("list_transform({sql}, lambda {name}: {read})"), &[sql])
                };
                packed::array_of(self.dialect, self.shapes, list, item)
            }
            (Shape::Tag | Shape::Enum, ColumnType::Union(members)) => {
                self.read_union(unframed, sql, members, depth)?
            }
            _ => return None,
        };
        if is_not_null {
            return Some(value);
        }
        let fail = self.fail_text("a NULL, but its type is not an option");
        let fail = Sql::atom(format!("{fail}::{}", Layout::of(self.shapes, ty).sql_type()));
        // COALESCE would copy all values, and forget what is known of them.
        let text = format!("CASE WHEN {sql} IS NULL THEN {fail} ELSE {value} END");
        let read = Sql::of(text, &[&value]);
        Some(match self.shapes.get(ty) {
            Shape::Prim(_) => read.made_of(Parts::Checked { value, fail }),
            _ => read,
        })
    }

    fn read_union(
        &self,
        ty: TypeId,
        sql: &Sql,
        members: &[(String, ColumnType)],
        depth: usize,
    ) -> Option<Sql> {
        let types = self.shapes.types();
        let variants = types.as_enum(ty)?;
        let mut tags = String::new();
        let mut fields = String::new();
        for (n, variant) in variants.iter().enumerate() {
            let (name, from) = members.iter().find(|(member, _)| *member == *variant.name)?;
            let name = self.dialect.text(name);
            tags.push_str(&format!(" WHEN {name} THEN {n}"));
            if !types.is_unit(variant.ty) {
                let part = Sql::of(format!("union_extract({sql}, {name})"), &[sql]);
                let value = self.read(variant.ty, &part, from, false, depth)?;
                let is_this = format!("union_tag({sql})::VARCHAR = {name}");
                fields.push_str(&format!(", v{n} := CASE WHEN {is_this} THEN {value} END"));
            }
        }
        if members.len() != variants.len() {
            return None;
        }
        let tag = format!("(CASE union_tag({sql})::VARCHAR{tags} END)::INTEGER");
        if self.shapes.get(ty) == Shape::Tag {
            return Some(Sql::of(tag, &[sql]));
        }
        let value = Sql::of(format!("struct_pack(t := {tag}{fields})"), &[sql]);
        Some(packed::boxed(self.dialect, self.shapes, value, ty))
    }

    /// A primitive that is not NULL, or NULL.
    fn prim(&self, prim: Prim, value: &Sql, from: &ColumnType) -> Option<Sql> {
        let ColumnType::Plain(from) = from else { return None };
        let finite = |text: &str, ty| {
            let fail = self.fail_text("an infinity, which its type has not");
            format!("CASE WHEN isinf({value}) THEN {fail}::{ty} ELSE {text} END")
        };
        let text = match (prim, from.as_str()) {
            (_, ty) if is_native(prim, ty) => return Some(value.clone()),
            (Prim::Date, "DATE") => finite(&format!("({value} - DATE '1970-01-01')::INTEGER"), "INTEGER"),
            (Prim::Time, "TIME") => format!("epoch_us({value})::UBIGINT"),
            (Prim::Timestamp, "TIMESTAMP") => finite(&format!("epoch_us({value})"), "BIGINT"),
            (Prim::Decimal, ty) if is_decimal(ty) => format!("({value}::DECIMAL(38, 2) * 100)::BIGINT"),
            _ => return None,
        };
        Some(Sql::of(format!("({text})"), &[value]).as_atom())
    }

    fn fail_text(&self, what: &str) -> String {
        let name = self.dialect.quote(&self.column.name);
        self.dialect.fail_text(&format!("the column {name} holds {what}"))
    }

    /// A packed value as the column holds it.
    fn write(&self, ty: TypeId, value: &Sql, to: &ColumnType, depth: usize) -> Option<Sql> {
        let types = self.shapes.types();
        let unframed = types.unframed(ty);
        Some(match (self.shapes.get(ty), to) {
            (Shape::Prim(prim) | Shape::Null(prim), _) => write_prim(prim, value, to)?,
            (Shape::Option(payload), _) => {
                let inner = if is_nullable(self.shapes, payload) {
                    Sql::of(format!("({value}).v"), &[value])
                } else {
                    value.clone()
                };
                let written = self.write(payload, &inner, to, depth)?;
                Sql::of(format!("CASE WHEN {value} IS NOT NULL THEN {written} END"), &[&written])
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
                    let part = Sql::of(format!("({value}).f{index}"), &[value]);
                    let written = self.write(fields.get(index)?.ty, &part, to, depth)?;
                    parts.push(format!("{} := {written}", self.dialect.quote(name)));
                }
                Sql::of(format!("struct_pack({})", parts.join(", ")), &[value]).failing()
            }
            (Shape::Array(item), ColumnType::List(to)) => {
                let list = packed::list_of(self.dialect, self.shapes, value, item);
                let name = Sql::atom(format!("x{depth}"));
                let written = self.write(item, &name, to, depth + 1)?;
                if written.text() == name.text() {
                    list
                } else {
                    Sql::of(format!("list_transform({list}, lambda {name}: {written})"), &[&list]).failing()
                }
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
        value: &Sql,
        members: &[(String, ColumnType)],
        depth: usize,
    ) -> Option<Sql> {
        let types = self.shapes.types();
        let union = union_type(self.dialect, members);
        let tag = match self.shapes.get(ty) {
            Shape::Tag => value.clone(),
            _ => self.dialect.tag(self.shapes, value, ty),
        };
        let variants = types.as_enum(ty)?;
        if members.len() != variants.len() {
            return None;
        }
        let mut text = String::from("CASE");
        for (n, variant) in variants.iter().enumerate() {
            let (name, to) = members.iter().find(|(member, _)| *member == *variant.name)?;
            let payload = if types.is_unit(variant.ty) {
                format!("NULL::{}", type_text(self.dialect, to))
            } else {
                let payload = packed::payload_packed(self.dialect, self.shapes, value, ty, n);
                format!("({})::{}", self.write(variant.ty, &payload, to, depth)?, type_text(self.dialect, to))
            };
            let name = self.dialect.quote(name);
            text.push_str(&format!(" WHEN {tag} = {n} THEN union_value({name} := {payload})::{union}"));
        }
        Some(Sql::of(text + " END", &[value]).failing())
    }
}

fn part(dialect: &DuckDb, structure: &Sql, name: &str) -> Sql {
    Sql::of(format!("({structure}).{}", dialect.quote(name)), &[structure])
}

fn union_type(dialect: &DuckDb, members: &[(String, ColumnType)]) -> String {
    format!("UNION({})", members_text(dialect, members))
}

fn members_text(dialect: &DuckDb, members: &[(String, ColumnType)]) -> String {
    let member =
        |(name, ty): &(String, ColumnType)| format!("{} {}", dialect.quote(name), type_text(dialect, ty));
    members.iter().map(member).collect::<Vec<_>>().join(", ")
}

/// The type as SQL, for a cast.
fn type_text(dialect: &DuckDb, ty: &ColumnType) -> String {
    match ty {
        ColumnType::Plain(name) => name.clone(),
        ColumnType::List(item) => format!("{}[]", type_text(dialect, item)),
        ColumnType::Struct(fields) => format!("STRUCT({})", members_text(dialect, fields)),
        ColumnType::Union(members) => union_type(dialect, members),
    }
}

fn write_prim(prim: Prim, value: &Sql, to: &ColumnType) -> Option<Sql> {
    let ColumnType::Plain(to) = to else { return None };
    let text = match (prim, to.as_str()) {
        (_, ty) if is_native(prim, ty) => return Some(value.clone()),
        (Prim::Date, "DATE") => format!("(DATE '1970-01-01' + {value})"),
        (Prim::Time, "TIME") => format!(
            "CASE WHEN {value} >= 86400000000 \
             THEN error({value}::VARCHAR || ' microseconds are no time of a day')::TIME \
             ELSE TIME '00:00:00' + to_microseconds({value}::BIGINT) END"
        ),
        (Prim::Timestamp, "TIMESTAMP") => format!("make_timestamp({value})"),
        (Prim::Decimal, ty) if is_decimal(ty) => {
            format!("({value}::DECIMAL(20, 0) * 0.01::DECIMAL(3, 2))::{ty}")
        }
        _ => return None,
    };
    Some(Sql::of(text, &[value]).failing())
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
