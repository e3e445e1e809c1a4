//! Types made of types: type parameters replaced, tuples written out.

use std::{collections::HashMap, sync::Arc};

use super::types::{Field, ForType, Node, ParamId, Part, Ty, Types, Variant};
use crate::limits;

impl Types {
    /// Writes out a tuple of a `for` or with a splice in place, if its parts are known.
    pub(super) fn expand(&mut self, ty: Ty) {
        match self.node(ty).clone() {
            Node::For(for_type) => {
                let Some(fields) = self.fields(for_type.tuple) else {
                    if self.is_error(for_type.tuple) {
                        self.set(ty, Node::Error);
                    }
                    return;
                };
                if !self.budget().charge(fields.len(), size_of_val(&*fields)) {
                    return;
                }
                let fields: Vec<_> = fields
                    .iter()
                    .map(|field| Field {
                        name: field.name.clone().filter(|_| for_type.named),
                        ty: self.replace(for_type.result, &[(for_type.param, field.ty)]),
                    })
                    .collect();
                self.set(ty, Node::Tuple(fields.into()));
            }
            Node::Splice(parts) => {
                let Some(count) = self.spliced(ty, &parts) else { return };
                let mut fields = Vec::with_capacity(count);
                for part in parts.iter() {
                    match part {
                        Part::Field(field) => fields.push(field.clone()),
                        Part::Splice(tuple) => {
                            fields.extend(self.fields(*tuple).unwrap_or_default().iter().cloned())
                        }
                    }
                }
                self.set(ty, Node::Tuple(fields.into()));
            }
            _ => {}
        }
    }

    /// The number of fields of a tuple with splices, if they are known and may be so many.
    fn spliced(&mut self, ty: Ty, parts: &[Part]) -> Option<usize> {
        let mut count = 0usize;
        for part in parts {
            count += match part {
                Part::Field(_) => 1,
                Part::Splice(tuple) => match self.fields(*tuple) {
                    Some(found) => found.len(),
                    None => {
                        if self.is_error(*tuple) {
                            self.set(ty, Node::Error);
                        }
                        return None;
                    }
                },
            };
            if count > limits::TUPLE_FIELDS {
                self.too_large = true;
                self.set(ty, Node::Error);
                return None;
            }
        }
        self.budget().charge(parts.len() + count / 8, count * size_of::<Field>()).then_some(count)
    }

    /// A copy in which type parameters, which are in order, are replaced; the same type if it has none of them.
    pub(crate) fn replace(&mut self, ty: Ty, with: &[(ParamId, Ty)]) -> Ty {
        if with.is_empty() { ty } else { self.replace_in(ty, &mut Replace { with, known: HashMap::new() }) }
    }

    fn replace_in(&mut self, ty: Ty, with: &mut Replace<'_>) -> Ty {
        let ty = self.follow(ty);
        if !self.budget().charge(1, 2 * size_of::<(Ty, Ty)>()) {
            return ty;
        }
        if let Some(known) = with.known.get(&ty) {
            return *known;
        }
        let new = self.replace_node(ty, with);
        // A type may be used many times within another; walked as a tree it could be very large.
        if !matches!(
            self.node(ty),
            Node::Error | Node::Var(_) | Node::Prim(_) | Node::Alias(_) | Node::Framed(_)
        ) {
            with.known.insert(ty, new);
        }
        new
    }

    fn replace_node(&mut self, ty: Ty, with: &mut Replace<'_>) -> Ty {
        match self.node(ty).clone() {
            Node::Error | Node::Var(_) | Node::Prim(_) | Node::Alias(_) | Node::Framed(_) => ty,
            Node::Param(param) => {
                let found = with.with.binary_search_by_key(&param, |(from, _)| *from);
                found.ok().and_then(|index| with.with.get(index)).map_or(ty, |(_, to)| *to)
            }
            Node::Array(item) => {
                let new = self.replace_in(item, with);
                if new == item { ty } else { self.array(new) }
            }
            Node::Tuple(fields) => match self.replace_fields(&fields, with) {
                Some(fields) => self.tuple(fields),
                None => ty,
            },
            Node::Enum(variants) => {
                let mut changed = false;
                let new: Vec<_> = variants
                    .iter()
                    .map(|variant| {
                        let new = self.replace_in(variant.ty, with);
                        changed |= new != variant.ty;
                        Variant { name: variant.name.clone(), ty: new }
                    })
                    .collect();
                if changed { self.add(Node::Enum(new.into())) } else { ty }
            }
            Node::Func(func) => {
                let params = self.replace_fields(&func.params, with);
                let result = self.replace_in(func.result, with);
                match params {
                    None if result == func.result => ty,
                    params => self.func(params.unwrap_or_else(|| func.params.clone()), result),
                }
            }
            Node::For(for_type) => {
                let tuple = self.replace_in(for_type.tuple, with);
                let result = self.replace_in(for_type.result, with);
                if tuple == for_type.tuple && result == for_type.result {
                    return ty;
                }
                self.add(Node::For(Arc::new(ForType { tuple, result, ..(*for_type).clone() })))
            }
            Node::Splice(parts) => {
                let parts: Vec<_> = parts
                    .iter()
                    .map(|part| match part {
                        Part::Field(field) => Part::Field(Field {
                            name: field.name.clone(),
                            ty: self.replace_in(field.ty, with),
                        }),
                        Part::Splice(tuple) => Part::Splice(self.replace_in(*tuple, with)),
                    })
                    .collect();
                self.add(Node::Splice(parts.into()))
            }
        }
    }

    fn replace_fields(&mut self, fields: &[Field], with: &mut Replace<'_>) -> Option<Vec<Field>> {
        let mut changed = false;
        let new: Vec<_> = fields
            .iter()
            .map(|field| {
                let new = self.replace_in(field.ty, with);
                changed |= new != field.ty;
                Field { name: field.name.clone(), ty: new }
            })
            .collect();
        changed.then_some(new)
    }
}

struct Replace<'a> {
    with: &'a [(ParamId, Ty)],
    /// What was replaced already.
    known: HashMap<Ty, Ty>,
}
