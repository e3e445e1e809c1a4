use core::fmt::{self, Write};

use super::{Field, Type, TypeId, TypeTable};
use crate::limits::{TYPE_DEPTH, TYPE_PRINTED};

/// A type that prints as Lutra source, from [`TypeTable::display`].
#[derive(Debug, Clone, Copy)]
pub struct DisplayType<'a> {
    types: &'a TypeTable,
    id: TypeId,
}

impl<'a> DisplayType<'a> {
    pub(super) fn new(types: &'a TypeTable, id: TypeId) -> Self {
        Self { types, id }
    }
}

impl fmt::Display for DisplayType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printer { types: self.types, open: alloc::vec::Vec::new(), left: TYPE_PRINTED }.ty(f, self.id)
    }
}

struct Printer<'a> {
    types: &'a TypeTable,
    open: alloc::vec::Vec<TypeId>,
    /// How many more types are printed before the rest is left out.
    left: usize,
}

impl Printer<'_> {
    fn ty(&mut self, f: &mut fmt::Formatter<'_>, id: TypeId) -> fmt::Result {
        if self.open.contains(&id) {
            return f.write_str("Self");
        }
        if self.open.len() > TYPE_DEPTH || self.left == 0 {
            return f.write_str("...");
        }
        self.left -= 1;
        self.open.push(id);
        self.open_type(f, id)?;
        self.open.pop();
        Ok(())
    }

    fn open_type(&mut self, f: &mut fmt::Formatter<'_>, id: TypeId) -> fmt::Result {
        if let Some(some) = self.types.as_option(id) {
            self.ty(f, some)?;
            return f.write_char('?');
        }
        match self.types.get(id) {
            None => write!(f, "?{}", id.0),
            Some(Type::Prim(prim)) => f.write_str(prim.name()),
            Some(Type::Framed { name, .. }) => f.write_str(name),
            Some(Type::Array(item)) => {
                f.write_char('[')?;
                self.ty(f, *item)?;
                f.write_char(']')
            }
            Some(Type::Tuple(fields)) => {
                f.write_char('{')?;
                for (index, Field { name, ty }) in fields.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    if let Some(name) = name {
                        write!(f, "{name}: ")?;
                    }
                    self.ty(f, *ty)?;
                }
                f.write_char('}')
            }
            Some(Type::Enum(variants)) => {
                f.write_str("enum {")?;
                for (index, variant) in variants.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    f.write_str(&variant.name)?;
                    if !self.types.is_unit(variant.ty) {
                        f.write_str(": ")?;
                        self.ty(f, variant.ty)?;
                    }
                }
                f.write_char('}')
            }
        }
    }
}
