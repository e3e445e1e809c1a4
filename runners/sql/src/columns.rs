use runner_core::TypeId;

use crate::shape::{Leaf, Shape, Shapes};

/// A value as the columns that hold it, by the [`Shape`] of its type. Arrays are one column, packed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Columns<T> {
    /// One column: a primitive, an option of one, a tag, something packed.
    One(T),
    /// A tuple.
    Tuple(Vec<Columns<T>>),
    /// An option of something wider.
    Option { some: T, value: Box<Columns<T>> },
}

impl<T> Columns<T> {
    /// A value of a type of which each column is made by `make`, in order.
    pub(crate) fn of(shapes: &Shapes, ty: TypeId, make: &mut impl FnMut(Leaf) -> T) -> Self {
        Self::optional(shapes, ty, false, make)
    }

    fn optional(shapes: &Shapes, ty: TypeId, optional: bool, make: &mut impl FnMut(Leaf) -> T) -> Self {
        match shapes.get(ty) {
            Shape::Tuple => {
                let fields = shapes.fields(ty).into_iter();
                Self::Tuple(fields.map(|ty| Self::optional(shapes, ty, optional, make)).collect())
            }
            Shape::Option(payload) => {
                let some = make(Leaf::Some);
                Self::Option { some, value: Box::new(Self::optional(shapes, payload, true, make)) }
            }
            Shape::Prim(prim) if optional => Self::One(make(Leaf::Null(prim))),
            Shape::Prim(prim) => Self::One(make(Leaf::Prim(prim))),
            Shape::Null(prim) => Self::One(make(Leaf::Null(prim))),
            Shape::Tag => Self::One(make(Leaf::Tag)),
            Shape::Enum | Shape::Array(_) => Self::One(make(Leaf::Packed(ty))),
        }
    }

    /// The columns in order.
    pub(crate) fn all(&self) -> Vec<&T> {
        let mut all = Vec::new();
        self.for_each(&mut |column| all.push(column));
        all
    }

    /// The columns in order, to be replaced.
    pub(crate) fn all_mut(&mut self) -> Vec<&mut T> {
        let mut all = Vec::new();
        self.for_each_mut(&mut |column| all.push(column));
        all
    }

    fn for_each_mut<'a>(&'a mut self, visit: &mut impl FnMut(&'a mut T)) {
        match self {
            Self::One(column) => visit(column),
            Self::Tuple(fields) => fields.iter_mut().for_each(|field| field.for_each_mut(visit)),
            Self::Option { some, value } => {
                visit(some);
                value.for_each_mut(visit);
            }
        }
    }

    /// The columns in order.
    pub(crate) fn into_all(self) -> Vec<T> {
        let mut all = Vec::new();
        self.map(&mut |column| all.push(column));
        all
    }

    fn for_each<'a>(&'a self, visit: &mut impl FnMut(&'a T)) {
        match self {
            Self::One(column) => visit(column),
            Self::Tuple(fields) => fields.iter().for_each(|field| field.for_each(visit)),
            Self::Option { some, value } => {
                visit(some);
                value.for_each(visit);
            }
        }
    }

    /// The same with other columns.
    pub(crate) fn map<U>(self, replace: &mut impl FnMut(T) -> U) -> Columns<U> {
        match self {
            Self::One(column) => Columns::One(replace(column)),
            Self::Tuple(fields) => {
                Columns::Tuple(fields.into_iter().map(|field| field.map(replace)).collect())
            }
            Self::Option { some, value } => {
                let some = replace(some);
                Columns::Option { some, value: Box::new(value.map(replace)) }
            }
        }
    }
}
