use runner_core::{Code, Error, Prim, Program, Result, Type, TypeId, TypeTable};

use crate::limits::COLUMNS;

/// How values of a type are laid out in columns; the crate's page has the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One column.
    Prim(Prim),
    /// An option of a primitive: one column, NULL for `.none`.
    Null(Prim),
    /// An enum without payloads: one column with the variant's index.
    Tag,
    /// The columns of the fields.
    Tuple,
    /// Any other option: a boolean, then the columns of this payload.
    Option(TypeId),
    /// An enum, or an option that contains itself: one packed column.
    Enum,
    /// An array: one packed column, or a relation.
    Array(TypeId),
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaf {
    /// A primitive.
    Prim(Prim),
    /// A primitive or NULL.
    Null(Prim),
    /// The index of a variant.
    Tag,
    /// Whether an option is `.some`.
    Some,
    /// A packed value of this type.
    Packed(TypeId),
}

/// The shapes of all types of a program.
#[derive(Debug, Clone)]
pub struct Shapes {
    shapes: Vec<Shape>,
    widths: Vec<usize>,
    cyclic: Vec<bool>,
    types: TypeTable,
}

impl Shapes {
    /// Lays out all types.
    ///
    /// # Errors
    /// `UNSUPPORTED` if a type takes more than [`COLUMNS`] columns.
    ///
    /// ```
    /// use runner_core::{Expr, INPUT, Kind, Parts, Prim, Program, TypeTable};
    /// use runner_sql::{Leaf, Shape, Shapes};
    ///
    /// let mut types = TypeTable::new();
    /// let int = types.prim(Prim::Int64);
    /// let option = types.option(int);
    /// let pair = types.tuple([int, option]);
    /// let body = vec![Expr { kind: Kind::Local(INPUT), ty: pair }];
    /// let shapes = Shapes::new(&Program::new(Parts { types, input: pair, output: pair, body, ..Parts::default() })?)?;
    /// assert_eq!(shapes.leaves(pair), [Leaf::Prim(Prim::Int64), Leaf::Null(Prim::Int64)]);
    /// # Ok::<(), runner_core::Error>(())
    /// ```
    pub fn new(program: &Program) -> Result<Self> {
        let types = program.types();
        let shapes = types.iter().map(|(id, _)| shape(types, id)).collect();
        let mut this =
            Self { shapes, widths: vec![0; types.len()], cyclic: cyclic(types), types: types.clone() };
        this.unroll();
        for (id, ty) in types.iter() {
            let width = this.width(id);
            if width > COLUMNS {
                let words = format!("a value of {COLUMNS} columns or more: {}", types.display(id));
                return Err(Error::new(Code::Unsupported, words));
            }
            let _ = ty;
        }
        Ok(this)
    }

    /// Lays out types that are equal to one on a cycle, but not on it themselves, as that one is.
    fn unroll(&mut self) {
        let mut shapes = self.shapes.clone();
        let mut unrolled = self.cyclic.clone();
        let on_cycle = |id: &TypeId| self.cyclic.get(id.0 as usize) == Some(&true);
        let ids: Vec<_> = self.types.iter().map(|(id, _)| id).collect();
        for id in ids.iter().filter(|id| !on_cycle(id)) {
            let twin = ids.iter().filter(|other| on_cycle(other)).find(|other| self.types.same(*id, **other));
            let index = id.0 as usize;
            if let (Some(twin), Some(slot), Some(flag)) =
                (twin, shapes.get_mut(index), unrolled.get_mut(index))
            {
                *slot = self.get(*twin);
                *flag = true;
            }
        }
        (self.shapes, self.cyclic) = (shapes, unrolled);
    }

    /// The types that were laid out.
    #[must_use]
    pub fn types(&self) -> &TypeTable {
        &self.types
    }

    /// The shape of a type.
    #[must_use]
    pub fn get(&self, ty: TypeId) -> Shape {
        self.shapes.get(ty.0 as usize).copied().unwrap_or(Shape::Tuple)
    }

    /// Types of the fields of a tuple, below frames.
    #[must_use]
    pub fn fields(&self, ty: TypeId) -> Vec<TypeId> {
        let fields = self.types.as_tuple(self.types.unframed(ty)).unwrap_or_default();
        fields.iter().map(|field| field.ty).collect()
    }

    /// What each column of a type holds.
    #[must_use]
    pub fn leaves(&self, ty: TypeId) -> Vec<Leaf> {
        let mut leaves = Vec::new();
        self.add_leaves(ty, false, &mut leaves);
        leaves
    }

    fn add_leaves(&self, ty: TypeId, optional: bool, leaves: &mut Vec<Leaf>) {
        match self.get(ty) {
            Shape::Prim(prim) if optional => leaves.push(Leaf::Null(prim)),
            Shape::Prim(prim) => leaves.push(Leaf::Prim(prim)),
            Shape::Null(prim) => leaves.push(Leaf::Null(prim)),
            Shape::Tag => leaves.push(Leaf::Tag),
            Shape::Tuple => self.fields(ty).into_iter().for_each(|ty| self.add_leaves(ty, optional, leaves)),
            Shape::Option(payload) => {
                leaves.push(Leaf::Some);
                self.add_leaves(payload, true, leaves);
            }
            Shape::Enum | Shape::Array(_) => leaves.push(Leaf::Packed(ty)),
        }
    }

    /// Number of columns.
    #[must_use]
    pub fn width(&mut self, ty: TypeId) -> usize {
        if let Some(width) = self.widths.get(ty.0 as usize).filter(|width| **width > 0) {
            return *width;
        }
        let width = match self.get(ty) {
            Shape::Tuple => {
                self.fields(ty).into_iter().map(|ty| self.width(ty)).fold(0, usize::saturating_add)
            }
            Shape::Option(payload) => self.width(payload).saturating_add(1),
            _ => 1,
        };
        if let Some(slot) = self.widths.get_mut(ty.0 as usize) {
            *slot = width;
        }
        width
    }

    /// Whether an array or enum may contain itself.
    #[must_use]
    pub fn is_recursive(&self, ty: TypeId) -> bool {
        match self.get(ty) {
            Shape::Array(item) => self.is_array_recursive(item),
            Shape::Enum => self.is_cyclic(ty),
            _ => false,
        }
    }

    /// Whether an array of items of this type may contain itself.
    #[must_use]
    pub fn is_array_recursive(&self, item: TypeId) -> bool {
        self.is_cyclic(item)
    }

    fn is_cyclic(&self, ty: TypeId) -> bool {
        self.cyclic.get(self.types.unframed(ty).0 as usize).copied().unwrap_or_default()
    }

    /// Whether the packed form of a value may be null, so that an option of it needs a wrapper.
    #[must_use]
    pub fn is_nullable(&self, ty: TypeId) -> bool {
        match self.get(ty) {
            Shape::Null(_) | Shape::Option(_) => true,
            Shape::Enum => self.types.as_option(self.types.unframed(ty)).is_some(),
            _ => false,
        }
    }

    /// Whether equality of packed values is not equality of values: a float is somewhere in it.
    #[must_use]
    pub fn has_float(&self, ty: TypeId) -> bool {
        let mut seen = vec![false; self.types.len()];
        let mut open = vec![ty];
        while let Some(ty) = open.pop() {
            match seen.get_mut(ty.0 as usize) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            match self.types.get(ty) {
                Some(Type::Prim(prim)) if prim.is_float() => return true,
                Some(Type::Prim(_)) | None => {}
                Some(Type::Array(item)) => open.push(*item),
                Some(Type::Framed { inner, .. }) => open.push(*inner),
                Some(Type::Tuple(fields)) => open.extend(fields.iter().map(|field| field.ty)),
                Some(Type::Enum(variants)) => open.extend(variants.iter().map(|variant| variant.ty)),
            }
        }
        false
    }
}

fn shape(types: &TypeTable, ty: TypeId) -> Shape {
    match types.get(types.unframed(ty)) {
        Some(Type::Prim(prim)) => Shape::Prim(*prim),
        Some(Type::Tuple(_)) | None | Some(Type::Framed { .. }) => Shape::Tuple,
        Some(Type::Array(item)) => Shape::Array(*item),
        Some(Type::Enum(variants)) => match types.as_option(types.unframed(ty)) {
            Some(payload) => option_shape(types, payload),
            None if variants.iter().all(|variant| types.is_unit(variant.ty)) => Shape::Tag,
            None => Shape::Enum,
        },
    }
}

/// Which types stand on a cycle, or on a way from one to another.
fn cyclic(types: &TypeTable) -> Vec<bool> {
    let mut children = vec![Vec::new(); types.len()];
    let mut parents = vec![Vec::new(); types.len()];
    for (id, ty) in types.iter() {
        let mut link = |child: TypeId| {
            let (id, child) = (id.0 as usize, types.unframed(child).0 as usize);
            if let (Some(children), Some(parents)) = (children.get_mut(id), parents.get_mut(child)) {
                children.push(child);
                parents.push(id);
            }
        };
        match ty {
            Type::Prim(_) | Type::Framed { .. } => {}
            Type::Array(item) => link(*item),
            Type::Tuple(fields) => fields.iter().for_each(|field| link(field.ty)),
            Type::Enum(variants) => variants.iter().for_each(|variant| link(variant.ty)),
        }
    }
    let mut cyclic = vec![true; types.len()];
    // What has no children left, or no parents left, is on no cycle.
    for (out, back) in [(&children, &parents), (&parents, &children)] {
        let mut left: Vec<_> = out.iter().map(Vec::len).collect();
        let mut open: Vec<_> = (0..left.len()).filter(|id| left.get(*id) == Some(&0)).collect();
        while let Some(id) = open.pop() {
            if let Some(slot) = cyclic.get_mut(id) {
                *slot = false;
            }
            for other in back.get(id).into_iter().flatten() {
                if let Some(count) = left.get_mut(*other) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        open.push(*other);
                    }
                }
            }
        }
    }
    cyclic
}

fn option_shape(types: &TypeTable, payload: TypeId) -> Shape {
    if let Some(Type::Prim(prim)) = types.get(types.unframed(payload)) {
        return Shape::Null(*prim);
    }
    // The payload's columns end at arrays and enums; only an option can lead back to this one.
    let mut seen = vec![false; types.len()];
    let mut open = vec![payload];
    let mut first = true;
    while let Some(ty) = open.pop() {
        let ty = types.unframed(ty);
        if ty == types.unframed(payload) && !first {
            return Shape::Enum;
        }
        first = false;
        match seen.get_mut(ty.0 as usize) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        match types.get(ty) {
            Some(Type::Tuple(fields)) => open.extend(fields.iter().map(|field| field.ty)),
            Some(Type::Enum(_)) => open.extend(types.as_option(ty)),
            _ => {}
        }
    }
    Shape::Option(payload)
}
