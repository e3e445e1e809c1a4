//! Fields: where a name or position leads in a type.

use super::{
    infer::Infer,
    tree::Key,
    types::{Bound, Field, Name, Node, Part, Ty},
};
use crate::{
    diagnostic::Diagnostic,
    resolve::{similar, with_hint},
    syntax::Span,
};

/// Fields that a hint names.
const HINTED: usize = 8;

/// What a lookup finds.
pub(super) enum Found {
    Field(Ty),
    /// The type is not known before this variable is.
    Open(u32),
    Missing,
    NoFields,
}

impl Infer<'_> {
    pub(super) fn find_field(&mut self, tuple: Ty, key: &Key) -> Found {
        let types = &mut self.state.types;
        let tuple = types.head_ty(tuple);
        match types.node(tuple).clone() {
            Node::Error => Found::Field(types.error()),
            Node::Var(var) => Found::Open(var),
            Node::Tuple(fields) => {
                let index = match key {
                    Key::Name(name) => types.position(tuple, name),
                    Key::Position(index) => Some(*index as usize),
                };
                let field = index.and_then(|index| fields.get(index));
                field.map_or(Found::Missing, |field| Found::Field(field.ty))
            }
            Node::Framed(id) => match types.named(id) {
                Some(named) => match key {
                    Key::Position(0) => Found::Field(named.inner),
                    Key::Name(name) if named.field.as_ref() == Some(name) => Found::Field(named.inner),
                    _ => Found::Missing,
                },
                None => Found::Missing,
            },
            Node::Prim(prim) => {
                let Some(field) = prim_field(prim) else { return Found::NoFields };
                let inner = prim.framed().unwrap_or(prim);
                match key {
                    Key::Position(0) => Found::Field(types.prim(inner)),
                    Key::Name(name) if Some(&**name) == field => Found::Field(types.prim(inner)),
                    _ => Found::Missing,
                }
            }
            Node::Param(param) => match types.bound(param).clone() {
                Bound::Tuple(fields) => find_in_bound(&fields, key).map_or(Found::Missing, Found::Field),
                _ => Found::NoFields,
            },
            Node::For(for_type) => match self.find_field(for_type.tuple, key) {
                Found::Field(ty) if for_type.named || matches!(key, Key::Position(_)) => {
                    Found::Field(self.state.types.replace(for_type.result, &[(for_type.param, ty)]))
                }
                Found::Field(_) => Found::Missing,
                other => other,
            },
            Node::Splice(parts) => self.find_in_splice(&parts, key),
            Node::Array(_) | Node::Enum(_) | Node::Func(_) | Node::Alias(_) => Found::NoFields,
        }
    }

    /// The payload type of a variant, if the enum is known and has it.
    pub(super) fn payload_of(&mut self, enumeration: Ty, name: &Name) -> Option<Ty> {
        let types = &mut self.state.types;
        let head = types.head_ty(enumeration);
        let Node::Enum(variants) = types.node(head).clone() else { return None };
        variants.get(types.position(head, name)?).map(|variant| variant.ty)
    }

    fn find_in_splice(&mut self, parts: &[Part], key: &Key) -> Found {
        self.state.types.budget().charge(parts.len(), 0);
        let mut position = 0;
        for part in parts {
            match (part, key) {
                (Part::Field(field), Key::Name(name)) if field.name.as_ref() == Some(name) => {
                    return Found::Field(field.ty);
                }
                (Part::Field(field), Key::Position(index)) if *index == position => {
                    return Found::Field(field.ty);
                }
                (Part::Field(_), _) => position += 1,
                (Part::Splice(tuple), Key::Name(_)) => match self.find_field(*tuple, key) {
                    // A type parameter may have it, which would come first.
                    Found::Missing if matches!(self.state.types.head(*tuple), Node::Param(_)) => {}
                    Found::Missing => {}
                    other => return other,
                },
                (Part::Splice(tuple), Key::Position(index)) => match self.state.types.fields(*tuple) {
                    Some(fields) => {
                        let width = fields.len() as u32;
                        if *index < position + width {
                            let field = fields.get((*index - position) as usize);
                            return field.map_or(Found::Missing, |field| Found::Field(field.ty));
                        }
                        position += width;
                    }
                    None => {
                        return match self.state.types.head(*tuple) {
                            Node::Var(var) => Found::Open(var),
                            _ => self.find_field(*tuple, &Key::Position(*index - position)),
                        };
                    }
                },
            }
        }
        Found::Missing
    }

    pub(super) fn missing_field(&mut self, tuple: Ty, key: &Key, span: Span) -> Diagnostic {
        let shown = self.state.types.show(tuple);
        let is_rendered = self.diagnostics.is_rendered();
        let names: Vec<Name> = match self.state.types.head(tuple) {
            _ if !is_rendered => Vec::new(),
            Node::Tuple(fields) => fields.iter().filter_map(|field| field.name.clone()).collect(),
            Node::Prim(prim) => prim_field(prim).flatten().map(Name::from).into_iter().collect(),
            Node::Framed(id) => {
                self.state.types.named(id).and_then(|named| named.field.clone()).into_iter().collect()
            }
            _ => Vec::new(),
        };
        match key {
            Key::Name(name) => {
                let message = format!("there is no field `{name}` in {shown}");
                let diagnostic = Diagnostic::error("unknown_field", span, message);
                match similar(name, &names) {
                    None if !names.is_empty() => {
                        let shown: Vec<_> =
                            names.iter().take(HINTED).map(|name| format!("`{name}`")).collect();
                        let more = if names.len() > HINTED { ", ..." } else { "" };
                        diagnostic.hint(format!("it has {}{more}", shown.join(", ")))
                    }
                    similar => with_hint(diagnostic, similar),
                }
            }
            Key::Position(index) => {
                let message = format!("there is no field {index} in {shown}");
                Diagnostic::error("unknown_field", span, message).hint("positions begin with 0")
            }
        }
    }
}

/// The name of the only field of a primitive that frames another, if it frames one.
pub(crate) fn prim_field(prim: runner_core::Prim) -> Option<Option<&'static str>> {
    use runner_core::Prim;
    Some(match prim {
        Prim::Date => Some("days_epoch"),
        Prim::Time => Some("micros_midnight"),
        Prim::Duration | Prim::Timestamp => Some("microseconds"),
        Prim::Decimal => None,
        _ => return None,
    })
}

fn find_in(fields: &[Field], key: &Key) -> Option<Ty> {
    match key {
        Key::Name(name) => fields.iter().find(|field| field.name.as_ref() == Some(name)),
        Key::Position(index) => fields.get(*index as usize),
    }
    .map(|field| field.ty)
}

/// Only the unnamed fields of a bound have positions.
fn find_in_bound(fields: &[Field], key: &Key) -> Option<Ty> {
    find_in(fields, key).filter(|_| match key {
        Key::Name(_) => true,
        Key::Position(index) => fields.get(*index as usize).is_some_and(|field| field.name.is_none()),
    })
}
