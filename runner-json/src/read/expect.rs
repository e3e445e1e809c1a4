//! Words for what a type looks like in JSON.

use runner_core::{Prim, Type, TypeId, TypeTable};

use crate::shape::Shapes;

/// Characters of a type that a message shows.
const SHOWN: usize = 120;

/// What stands in JSON for a value of this type.
pub(super) fn expectation(types: &TypeTable, shapes: &Shapes, ty: TypeId) -> String {
    match types.get(ty) {
        Some(Type::Prim(prim)) => {
            let example = match prim {
                Prim::Date => " as text, such as \"2025-11-14\"",
                Prim::Time => " as text, such as \"16:07:44.12\"",
                Prim::Duration => " as text, such as \"-5:12:31.12\"",
                Prim::Timestamp => " as text, such as \"2025-12-29T16:07:44.12\"",
                Prim::Decimal => " with two digits after the point, such as \"4.20\"",
                _ => "",
            };
            format!("{}{example}", prim.name())
        }
        Some(Type::Tuple(fields)) if !shapes.is_object(ty) => {
            format!("an array of {} for {}", fields.len(), shown(types, ty))
        }
        Some(Type::Tuple(_)) => format!("an object for {}", shown(types, ty)),
        Some(Type::Array(_)) => format!("an array for {}", shown(types, ty)),
        Some(Type::Enum(variants)) => {
            let forms: Vec<String> = variants
                .iter()
                .map(|variant| {
                    if types.is_unit(variant.ty) {
                        format!("{:?}", variant.name)
                    } else {
                        format!("{{{:?}: {}}}", variant.name, types.display(variant.ty))
                    }
                })
                .collect();
            short(&format!("one of {}", forms.join(", ")))
        }
        Some(Type::Framed { .. }) | None => shown(types, ty),
    }
}

/// The type as Lutra source, not too long for a message.
pub(super) fn shown(types: &TypeTable, ty: TypeId) -> String {
    short(&types.display(ty).to_string())
}

/// The beginning of a text.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
