//! Packed values: `jsonb`.
//!
//! | type | JSON |
//! | --- | --- |
//! | `Bool` | a boolean |
//! | integers, dates, times | a number, which jsonb keeps exactly |
//! | floats | the shortest text that reads back the same, for NaN, infinity and -0 |
//! | `Text` | a text |
//! | tuple | an array of the fields |
//! | array | an array |
//! | enum without payloads | the variant's index |
//! | option | `null`, or the payload, or an array of the payload if that may be null itself |
//! | other enums | an array of the variant's index, and the payload if it is not `{}` |

use runner_core::{Prim, TypeId};

use super::prim_type;
use crate::{
    dialect::Dialect,
    limits::ARGUMENTS,
    shape::{Shape, Shapes},
    sql::Sql,
    value::Val,
};

/// Where a packed value is found.
pub(super) enum Access {
    /// It is this `jsonb`.
    Root(Sql),
    /// It is this `text`, which a function has taken out.
    Text(Sql),
    /// It is the part of this `jsonb` at this index.
    Part(Sql, String),
}

impl Access {
    fn json(&self) -> Sql {
        match self {
            Self::Root(sql) | Self::Text(sql) => sql.clone(),
            Self::Part(sql, index) => Sql::of(format!("({sql} -> {index})"), &[sql]).as_atom(),
        }
    }

    fn text(&self) -> Sql {
        match self {
            Self::Root(sql) => Sql::of(format!("({sql} #>> '{{}}')"), &[sql]).as_atom(),
            Self::Text(sql) => sql.clone(),
            Self::Part(sql, index) => Sql::of(format!("({sql} ->> {index})"), &[sql]).as_atom(),
        }
    }
}

pub(super) fn unpack(shapes: &Shapes, access: &Access, ty: TypeId) -> Val {
    match shapes.get(ty) {
        Shape::Prim(prim) | Shape::Null(prim) => {
            let text = access.text();
            Val::Leaf(match prim {
                Prim::Text => text,
                _ => Sql::of(format!("{text}::{}", prim_type(prim)), &[&text]).as_atom(),
            })
        }
        Shape::Tag => {
            let text = access.text();
            Val::Leaf(Sql::of(format!("{text}::int4"), &[&text]).as_atom())
        }
        Shape::Tuple => {
            let json = access.json();
            let part = |(index, ty): (usize, TypeId)| {
                unpack(shapes, &Access::Part(json.clone(), index.to_string()), ty)
            };
            Val::Tuple(shapes.fields(ty).into_iter().enumerate().map(part).collect())
        }
        Shape::Option(payload) => {
            let json = access.json();
            let some = Sql::of(format!("(jsonb_typeof({json}) <> 'null')"), &[&json]).as_atom();
            // As what is absent is elsewhere, so that keys of groups agree. A scalar is its own item 0.
            let present = Sql::of(format!("nullif({json}, 'null'::jsonb)"), &[&json]).as_atom();
            let access = match shapes.is_nullable(payload) {
                true => Access::Part(present, "0".into()),
                false => Access::Root(present),
            };
            let value = unpack(shapes, &access, payload);
            Val::Option { some, value: Box::new(value) }
        }
        Shape::Enum | Shape::Array(_) => Val::Leaf(access.json()),
    }
}

/// A value as `jsonb`.
pub(super) fn pack(dialect: &dyn Dialect, shapes: &Shapes, val: &Val, ty: TypeId) -> Sql {
    let arg = argument(dialect, shapes, val, ty);
    match (shapes.get(ty), val) {
        (Shape::Prim(_) | Shape::Tag, _) => Sql::of(format!("to_jsonb({arg})"), &[&arg]),
        (Shape::Null(_), _) => Sql::of(format!("coalesce(to_jsonb({arg}), 'null'::jsonb)"), &[&arg]),
        (Shape::Option(_), _) => Sql::of(format!("coalesce({arg}, 'null'::jsonb)"), &[&arg]),
        _ => arg,
    }
}

/// A value as an argument of `jsonb_build_array` or `jsonb_agg`, which make JSON of it.
pub(super) fn argument(dialect: &dyn Dialect, shapes: &Shapes, val: &Val, ty: TypeId) -> Sql {
    match (shapes.get(ty), val) {
        (Shape::Prim(prim) | Shape::Null(prim), Val::Leaf(sql)) if prim.is_float() => {
            Sql::of(format!("{sql}::text"), &[sql])
        }
        (_, Val::Leaf(sql)) => sql.clone(),
        (_, Val::Tuple(fields)) => {
            let types = shapes.fields(ty);
            let args: Vec<_> =
                fields.iter().zip(types).map(|(field, ty)| argument(dialect, shapes, field, ty)).collect();
            build_array(&args)
        }
        (Shape::Option(payload), Val::Option { some, value }) => {
            let mut packed = pack(dialect, shapes, value, payload);
            if shapes.is_nullable(payload) {
                packed = build_array(&[packed]);
            }
            Sql::of(format!("CASE WHEN {some} THEN {packed} END"), &[some, &packed])
        }
        // The lowering collects relations before it packs what holds them.
        (_, Val::Option { some, .. }) => some.clone(),
        (_, Val::Rows(_) | Val::Source(_) | Val::Group(_)) => {
            dialect.fail("a relation was packed before it was collected", crate::Leaf::Tag)
        }
    }
}

pub(super) fn variant(dialect: &dyn Dialect, shapes: &Shapes, index: u32, payload: &Val, ty: TypeId) -> Sql {
    let types = shapes.types();
    let ty = types.unframed(ty);
    if let Some(some) = types.as_option(ty) {
        return match index {
            0 => Sql::constant("'null'::jsonb"),
            _ if shapes.is_nullable(some) => build_array(&[pack(dialect, shapes, payload, some)]),
            _ => pack(dialect, shapes, payload, some),
        };
    }
    let variants = types.as_enum(ty).unwrap_or_default();
    let tag = Sql::constant(index.to_string());
    match variants.get(index as usize) {
        Some(variant) if !types.is_unit(variant.ty) => {
            build_array(&[tag, argument(dialect, shapes, payload, variant.ty)])
        }
        _ => build_array(&[tag]),
    }
}

pub(super) fn tag(shapes: &Shapes, packed: &Sql, ty: TypeId) -> Sql {
    if shapes.is_nullable(ty) {
        Sql::of(format!("(jsonb_typeof({packed}) <> 'null')::int4"), &[packed])
    } else {
        Sql::of(format!("({packed} ->> 0)::int4"), &[packed])
    }
}

pub(super) fn payload(shapes: &Shapes, packed: &Sql, ty: TypeId, payload: TypeId) -> Val {
    let access = match (shapes.is_nullable(ty), shapes.is_nullable(payload)) {
        (true, false) => Access::Root(packed.clone()),
        (true, true) => Access::Part(packed.clone(), "0".into()),
        (false, _) => Access::Part(packed.clone(), "1".into()),
    };
    unpack(shapes, &access, payload)
}

pub(super) fn items(shapes: &Shapes, array: &Sql, item: TypeId, alias: &str) -> (String, Val, Sql) {
    let value = Sql::column(alias, "v");
    let (function, access) = match shapes.get(item) {
        Shape::Prim(_) | Shape::Null(_) | Shape::Tag => ("jsonb_array_elements_text", Access::Text(value)),
        _ => ("jsonb_array_elements", Access::Root(value)),
    };
    let from = format!("{function}({array}) WITH ORDINALITY AS {alias}(v, o)");
    (from, unpack(shapes, &access, item), Sql::column(alias, "o"))
}

fn build_array(args: &[Sql]) -> Sql {
    let refs: Vec<_> = args.iter().collect();
    let parts: Vec<_> = args
        .chunks(ARGUMENTS)
        .map(|chunk| {
            let texts: Vec<_> = chunk.iter().map(Sql::text).collect();
            format!("jsonb_build_array({})", texts.join(", "))
        })
        .collect();
    match parts.len() {
        0 => Sql::constant("'[]'::jsonb"),
        1 => Sql::of(parts.concat(), &refs),
        _ => Sql::of(format!("({})", parts.join(" || ")), &refs),
    }
}
