//! Packed values, see [`Layout`].

use runner_core::TypeId;

use super::{
    DuckDb,
    layout::{Layout, is_nullable},
};
use crate::{
    dialect::Dialect,
    shape::{Leaf, Shape, Shapes},
    sql::Sql,
    value::Val,
};

pub(super) fn unpack(shapes: &Shapes, packed: &Sql, ty: TypeId) -> Val {
    match shapes.get(ty) {
        Shape::Tuple => {
            let fields = shapes.fields(ty).into_iter().enumerate();
            Val::Tuple(fields.map(|(n, ty)| unpack(shapes, &field(packed, &format!("f{n}")), ty)).collect())
        }
        Shape::Option(payload) => {
            let some = Sql::of(format!("({packed} IS NOT NULL)"), &[packed]).as_atom();
            let inner = if is_nullable(shapes, payload) { field(packed, "v") } else { packed.clone() };
            Val::Option { some, value: Box::new(unpack(shapes, &inner, payload)) }
        }
        _ => Val::Leaf(packed.clone()),
    }
}

pub(super) fn pack(dialect: &DuckDb, shapes: &Shapes, val: &Val, ty: TypeId) -> Sql {
    match (shapes.get(ty), val) {
        (_, Val::Leaf(sql)) => sql.clone(),
        (_, Val::Tuple(fields)) => {
            let types = shapes.fields(ty);
            let fields = fields.iter().zip(types).enumerate();
            let fields: Vec<_> =
                fields.map(|(n, (field, ty))| (format!("f{n}"), pack(dialect, shapes, field, ty))).collect();
            if fields.is_empty() { Sql::constant("true") } else { structure(&fields) }
        }
        (Shape::Option(payload), Val::Option { some, value }) => {
            let mut packed = pack(dialect, shapes, value, payload);
            if is_nullable(shapes, payload) {
                packed = structure(&[("v".into(), packed)]);
            }
            Sql::of(format!("CASE WHEN {some} THEN {packed} END"), &[some, &packed])
        }
        // The lowering collects relations before it packs what holds them.
        (_, Val::Option { some, .. }) => some.clone(),
        (_, Val::Rows(_) | Val::Source(_) | Val::Group(_)) => {
            dialect.fail("a relation was packed before it was collected", Leaf::Tag)
        }
    }
}

/// An array of these items.
pub(super) fn list(dialect: &DuckDb, shapes: &Shapes, items: &[Val], item: TypeId) -> Sql {
    let items: Vec<_> = items.iter().map(|val| pack(dialect, shapes, val, item)).collect();
    let texts: Vec<_> = items.iter().map(Sql::text).collect();
    let refs: Vec<_> = items.iter().collect();
    let list = Sql::of(format!("[{}]", texts.join(", ")), &refs);
    array_of(dialect, shapes, list, item)
}

pub(super) fn variant(dialect: &DuckDb, shapes: &Shapes, index: u32, payload: &Val, ty: TypeId) -> Sql {
    let types = shapes.types();
    let ty = types.unframed(ty);
    let variants = types.as_enum(ty).unwrap_or_default();
    let mut fields = vec![("t".to_owned(), dialect.tag_literal(index))];
    for (n, variant) in variants.iter().enumerate().filter(|(_, variant)| !types.is_unit(variant.ty)) {
        let value = if n == index as usize {
            pack(dialect, shapes, payload, variant.ty)
        } else {
            Sql::constant(format!("NULL::{}", Layout::of(shapes, variant.ty).sql_type()))
        };
        fields.push((format!("v{n}"), value));
    }
    boxed(dialect, shapes, structure(&fields), ty)
}

/// An enum as it is held, from the struct of its parts.
pub(super) fn boxed(dialect: &DuckDb, shapes: &Shapes, value: Sql, ty: TypeId) -> Sql {
    if shapes.is_recursive(ty) {
        Sql::of(format!("{}({value})", dialect.function("write", ty)), &[&value])
    } else {
        value
    }
}

/// The payload of a variant, packed.
pub(super) fn payload_packed(
    dialect: &DuckDb,
    shapes: &Shapes,
    value: &Sql,
    ty: TypeId,
    index: usize,
) -> Sql {
    field(&unboxed(dialect, shapes, value, ty), &format!("v{index}"))
}

pub(super) fn tag(dialect: &DuckDb, shapes: &Shapes, packed: &Sql, ty: TypeId) -> Sql {
    field(&unboxed(dialect, shapes, packed, ty), "t")
}

pub(super) fn payload(dialect: &DuckDb, shapes: &Shapes, packed: &Sql, ty: TypeId, index: u32) -> Val {
    let types = shapes.types();
    let variants = types.as_enum(types.unframed(ty)).unwrap_or_default();
    let payload = variants.get(index as usize).map_or(ty, |variant| variant.ty);
    let part = field(&unboxed(dialect, shapes, packed, ty), &format!("v{index}"));
    unpack(shapes, &part, payload)
}

pub(super) fn items(
    dialect: &DuckDb,
    shapes: &Shapes,
    array: &Sql,
    item: TypeId,
    alias: &str,
) -> (String, Val, Sql) {
    let mut list = list_of(dialect, shapes, array, item).to_string();
    if list.contains("(NULL::") {
        // A field of a constant NULL has no type of its own.
        list = format!("({list})::{}[]", Layout::of(shapes, item).sql_type());
    }
    let from = format!("unnest({list}) WITH ORDINALITY AS {alias}(v, o)");
    (from, unpack(shapes, &Sql::column(alias, "v"), item), Sql::column(alias, "o"))
}

/// An array as a list of its items, whether it is boxed or not.
pub(super) fn list_of(dialect: &DuckDb, shapes: &Shapes, array: &Sql, item: TypeId) -> Sql {
    if shapes.is_array_recursive(item) {
        Sql::of(format!("{}({array})", dialect.function("read_list", item)), &[array])
    } else {
        array.clone()
    }
}

/// The reverse of [`list_of`].
pub(super) fn array_of(dialect: &DuckDb, shapes: &Shapes, list: Sql, item: TypeId) -> Sql {
    if shapes.is_array_recursive(item) {
        Sql::of(format!("{}({list})", dialect.function("write_list", item)), &[&list])
    } else {
        list
    }
}

fn unboxed(dialect: &DuckDb, shapes: &Shapes, packed: &Sql, ty: TypeId) -> Sql {
    if shapes.is_recursive(ty) {
        let ty = shapes.types().unframed(ty);
        Sql::of(format!("{}({packed})", dialect.function("read", ty)), &[packed])
    } else {
        packed.clone()
    }
}

fn field(structure: &Sql, name: &str) -> Sql {
    Sql::of(format!("({structure}).{name}"), &[structure]).as_atom()
}

fn structure(fields: &[(String, Sql)]) -> Sql {
    let texts: Vec<_> = fields.iter().map(|(name, value)| format!("{name} := {value}")).collect();
    let refs: Vec<_> = fields.iter().map(|(_, value)| value).collect();
    Sql::of(format!("struct_pack({})", texts.join(", ")), &refs)
}
