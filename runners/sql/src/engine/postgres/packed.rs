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

use super::{PostgresStorage, prim_type};
use crate::{
    columns::Columns,
    limits::ARGUMENTS,
    shape::Shape,
    tree::{
        Expr, From, Ident,
        expr::{self, binary, call, cast, coalesce, number},
    },
};

/// Where a packed value is found.
pub(super) enum Access {
    /// It is this `jsonb`.
    Root(Expr),
    /// It is this `text`, which a function has taken out.
    Text(Expr),
    /// It is the part of this `jsonb` at this index.
    Part(Expr, Expr),
}

impl Access {
    fn part(json: &Expr, index: usize) -> Self {
        Self::Part(json.clone(), number(i64::try_from(index).unwrap_or(i64::MAX)))
    }

    fn json(&self) -> Expr {
        match self {
            Self::Root(value) | Self::Text(value) => value.clone(),
            Self::Part(value, index) => binary("->", value, index),
        }
    }

    fn text(&self) -> Expr {
        match self {
            Self::Root(value) => binary("#>>", value, &expr::text("{}")),
            Self::Text(value) => value.clone(),
            Self::Part(value, index) => binary("->>", value, index),
        }
    }
}

impl PostgresStorage<'_> {
    pub(super) fn unpacked(&self, access: &Access, ty: TypeId) -> Columns<Expr> {
        match self.shapes.get(ty) {
            Shape::Prim(Prim::Text) | Shape::Null(Prim::Text) => Columns::One(access.text()),
            Shape::Prim(prim) | Shape::Null(prim) => Columns::One(cast(&access.text(), prim_type(prim))),
            Shape::Tag => Columns::One(cast(&access.text(), "int4")),
            Shape::Tuple => {
                let json = access.json();
                let part = |(index, ty): (usize, TypeId)| self.unpacked(&Access::part(&json, index), ty);
                Columns::Tuple(self.shapes.fields(ty).into_iter().enumerate().map(part).collect())
            }
            Shape::Option(payload) => {
                let json = access.json();
                // As what is absent is elsewhere, so that keys of groups agree. A scalar is its own item 0.
                let present = call("nullif", [json.clone(), null()]);
                let access = match self.shapes.is_nullable(payload) {
                    true => Access::part(&present, 0),
                    false => Access::Root(present),
                };
                Columns::Option { some: is_present(&json), value: Box::new(self.unpacked(&access, payload)) }
            }
            Shape::Enum | Shape::Array(_) => Columns::One(access.json()),
        }
    }

    /// A value as `jsonb`.
    pub(super) fn packed(&self, value: &Columns<Expr>, ty: TypeId) -> Expr {
        let arg = self.argument(value, ty);
        match self.shapes.get(ty) {
            Shape::Prim(_) | Shape::Tag => call("to_jsonb", [arg]),
            Shape::Null(_) => coalesce(&call("to_jsonb", [arg]), &null()),
            Shape::Option(_) => coalesce(&arg, &null()),
            _ => arg,
        }
    }

    /// A value as an argument of `jsonb_build_array` or `jsonb_agg`, which make JSON of it.
    pub(super) fn argument(&self, value: &Columns<Expr>, ty: TypeId) -> Expr {
        match (self.shapes.get(ty), value) {
            (Shape::Prim(prim) | Shape::Null(prim), Columns::One(value)) if prim.is_float() => {
                cast(value, "text")
            }
            (_, Columns::One(value)) => value.clone(),
            (_, Columns::Tuple(fields)) => {
                let types = self.shapes.fields(ty);
                let args: Vec<_> =
                    fields.iter().zip(types).map(|(field, ty)| self.argument(field, ty)).collect();
                build_array(&args)
            }
            (Shape::Option(payload), Columns::Option { some, value }) => {
                let mut packed = self.packed(value, payload);
                if self.shapes.is_nullable(payload) {
                    packed = build_array(&[packed]);
                }
                expr::when(some, &packed)
            }
            (_, Columns::Option { some, .. }) => some.clone(),
        }
    }

    pub(super) fn packed_variant(&self, index: u32, payload: &Columns<Expr>, ty: TypeId) -> Expr {
        let types = self.shapes.types();
        let ty = types.unframed(ty);
        if let Some(some) = types.as_option(ty) {
            return match index {
                0 => null(),
                _ if self.shapes.is_nullable(some) => build_array(&[self.packed(payload, some)]),
                _ => self.packed(payload, some),
            };
        }
        let variants = types.as_enum(ty).unwrap_or_default();
        let tag = number(index);
        match variants.get(index as usize) {
            Some(variant) if !types.is_unit(variant.ty) => {
                build_array(&[tag, self.argument(payload, variant.ty)])
            }
            _ => build_array(&[tag]),
        }
    }

    pub(super) fn packed_tag(&self, packed: &Expr, ty: TypeId) -> Expr {
        match self.shapes.is_nullable(ty) {
            true => cast(&is_present(packed), "int4"),
            false => cast(&binary("->>", packed, &number(0)), "int4"),
        }
    }

    pub(super) fn packed_payload(&self, packed: &Expr, ty: TypeId, payload: TypeId) -> Columns<Expr> {
        let access = match (self.shapes.is_nullable(ty), self.shapes.is_nullable(payload)) {
            (true, false) => Access::Root(packed.clone()),
            (true, true) => Access::part(packed, 0),
            (false, _) => Access::part(packed, 1),
        };
        self.unpacked(&access, payload)
    }

    pub(super) fn packed_items(&self, array: &Expr, item: TypeId, alias: &Ident) -> (From, Columns<Expr>) {
        let value = expr::column(alias, Ident::Fixed("v"));
        let (function, access) = match self.shapes.get(item) {
            Shape::Prim(_) | Shape::Null(_) | Shape::Tag => {
                ("jsonb_array_elements_text", Access::Text(value))
            }
            _ => ("jsonb_array_elements", Access::Root(value)),
        };
        (counted(call(function, [array.clone()]), alias), self.unpacked(&access, item))
    }
}

/// A function of rows as columns `v` and `o`, which counts from 1.
pub(super) fn counted(function: Expr, alias: &Ident) -> From {
    let columns = vec![Ident::Fixed("v"), Ident::Fixed("o")];
    From::Function { call: function, alias: alias.clone(), columns, is_counted: true }
}

/// `[]`
pub(super) fn empty() -> Expr {
    cast(&expr::text("[]"), "jsonb")
}

/// `null`
pub(super) fn null() -> Expr {
    cast(&expr::text("null"), "jsonb")
}

fn is_present(json: &Expr) -> Expr {
    binary("<>", &call("jsonb_typeof", [json.clone()]), &expr::text("null"))
}

fn build_array(args: &[Expr]) -> Expr {
    let parts: Vec<_> = args.chunks(ARGUMENTS).map(|part| call("jsonb_build_array", part)).collect();
    match parts.split_first() {
        None => empty(),
        Some((first, rest)) => rest.iter().fold(first.clone(), |all, part| binary("||", &all, part)),
    }
}
