//! Types in messages.

use std::fmt::Write;

use runner_core::Prim;

use super::types::{Fallback, Field, Node, Part, Ty, Types, Var};

/// Levels and parts of a type that a message prints.
const DEPTH: u32 = 12;
const PARTS: u32 = 60;

/// Letters of a name that a message prints.
const LETTERS: usize = 100;

impl Types {
    /// Prints as Lutra source; what is not known prints as `_`, or as what is known of it.
    pub(crate) fn show(&self, ty: Ty) -> String {
        let mut out = String::new();
        if let Node::Var(var) = self.node(self.follow(ty))
            && self.number(*var).is_none()
            && let Some(Var { prims: Some(prims), .. }) = self.vars.get(*var as usize)
        {
            return prims.describe();
        }
        Printer { types: self, left: PARTS }.ty(&mut out, ty, 0);
        out
    }

    /// What a number becomes if nothing tells its type.
    fn number(&self, var: u32) -> Option<Prim> {
        let Var { prims, fallback, .. } = self.vars.get(var as usize)?;
        let prim = match fallback {
            Fallback::None => return None,
            Fallback::Int => Prim::Int64,
            Fallback::Float => Prim::Float64,
        };
        prims.is_none_or(|prims| prims.contains(prim)).then_some(prim)
    }
}

struct Printer<'a> {
    types: &'a Types,
    left: u32,
}

impl Printer<'_> {
    fn ty(&mut self, out: &mut String, ty: Ty, depth: u32) {
        if depth > DEPTH || self.left == 0 {
            out.push_str("...");
            return;
        }
        self.left -= 1;
        let next = depth + 1;
        match self.types.node(self.types.follow(ty)) {
            Node::Var(var) => out.push_str(self.types.number(*var).map_or("_", Prim::name)),
            Node::Error => out.push('_'),
            Node::Prim(prim) => out.push_str(prim.name()),
            Node::Alias(id) | Node::Framed(id) => {
                out.push_str(short(self.types.named(*id).map_or("_", |named| &named.path)));
            }
            Node::Param(id) => {
                out.push_str(short(self.types.params.get(id.0 as usize).map_or("_", |param| &param.name)));
            }
            Node::Array(item) => {
                out.push('[');
                self.ty(out, *item, next);
                out.push(']');
            }
            Node::Tuple(fields) => {
                out.push('{');
                self.fields(out, fields, next);
                out.push('}');
            }
            Node::Enum(variants) => match &**variants {
                [none, some] if &*none.name == "none" && &*some.name == "some" && self.is_unit(none.ty) => {
                    self.ty(out, some.ty, next);
                    out.push('?');
                }
                variants => {
                    out.push_str("enum {");
                    for (index, variant) in variants.iter().enumerate() {
                        let comma = if index > 0 { ", " } else { "" };
                        out.push_str(comma);
                        if self.left == 0 || index >= PARTS as usize {
                            out.push_str("...");
                            break;
                        }
                        out.push_str(short(&variant.name));
                        if !self.is_unit(variant.ty) {
                            out.push_str(": ");
                            self.ty(out, variant.ty, next);
                        }
                    }
                    out.push('}');
                }
            },
            Node::Func(func) => {
                out.push_str("func (");
                self.fields(out, &func.params, next);
                out.push_str("): ");
                self.ty(out, func.result, next);
            }
            Node::For(for_type) => {
                let param = self.types.params.get(for_type.param.0 as usize).map_or("F", |param| &param.name);
                let _ = write!(out, "{{for f: {param} in ");
                self.ty(out, for_type.tuple, next);
                out.push_str(if for_type.named { " do f: " } else { " do " });
                self.ty(out, for_type.result, next);
                out.push('}');
            }
            Node::Splice(parts) => {
                out.push('{');
                for (index, part) in parts.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    match part {
                        Part::Field(field) => self.fields(out, std::slice::from_ref(field), next),
                        Part::Splice(tuple) => {
                            out.push_str("..");
                            self.ty(out, *tuple, next);
                        }
                    }
                }
                out.push('}');
            }
        }
    }

    fn fields(&mut self, out: &mut String, fields: &[Field], depth: u32) {
        for (index, field) in fields.iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            if self.left == 0 {
                return out.push_str("...");
            }
            if let Some(name) = &field.name {
                let _ = write!(out, "{}: ", short(name));
            }
            self.ty(out, field.ty, depth);
        }
    }

    fn is_unit(&self, ty: Ty) -> bool {
        matches!(self.types.node(self.types.head_of(ty)), Node::Tuple(fields) if fields.is_empty())
    }
}

/// The beginning of a name.
fn short(name: &str) -> &str {
    name.char_indices().nth(LETTERS).and_then(|(end, _)| name.get(..end)).unwrap_or(name)
}
