//! Arrays as rows, and rows as packed arrays.

use runner_core::{Code, Error, ExprId, Result, TypeId};

use super::Builder;
use crate::{
    plan::{
        Aggregate, ColId, ColIds, Function, Key, PartMut, Parts, Rel, Rows, Scalar, Source, Val,
        WindowFunction, replace,
    },
    shape::Shape,
};

impl Builder<'_> {
    /// An expression of an array type as rows, and the type of its items.
    pub(super) fn rows(&mut self, id: ExprId) -> Result<(Rows, TypeId)> {
        let item = self.item_type(self.ty(id)?)?;
        let value = self.value(id)?;
        Ok((self.rows_of(value, item)?, item))
    }

    pub(super) fn rows_of(&mut self, value: Val, item: TypeId) -> Result<Rows> {
        Ok(match value {
            Val::Rows(rows) => *rows,
            Val::Parts(parts) => {
                let (part, position) = (self.column(), self.column());
                let rel = Rel::Parts { parts: Box::new(parts), part, position };
                Rows::counted(rel, Val::One(Scalar::Column(part)), position)
            }
            Val::Source(Source::Lists { lists, item }) => {
                let (columns, value) = self.new_value(item);
                let position = self.column();
                let columns = columns.into_iter().map(Some).chain(std::iter::repeat(None)).zip(lists);
                // Items without columns have a list all the same.
                let lists =
                    columns.map(|(column, list)| (column.unwrap_or_else(|| self.column()), list)).collect();
                Rows::counted(Rel::Lists { lists, position }, value, position)
            }
            Val::Source(Source::Copy(mut rows)) => {
                let plan = &mut self.plan;
                let names = rows.rel.rename(&mut || plan.column());
                let renamed = |scalar: &mut Scalar| replace(PartMut::Scalar(scalar), &names);
                rows.order.iter_mut().for_each(|key| renamed(&mut key.scalar));
                rows.item = rows.item.map(&mut |mut scalar| {
                    renamed(&mut scalar);
                    scalar
                });
                rows.position = rows.position.and_then(|position| names.get(&position).copied());
                *rows
            }
            Val::Source(Source::Shared { index, columns, position, item, messages }) => {
                let mut own = Vec::new();
                let mut scalars = Vec::new();
                let leaves = self.shapes.leaves(item);
                for ((column, message), leaf) in columns.into_iter().zip(messages).zip(leaves) {
                    let new = self.column();
                    own.push((new, column));
                    let value = Scalar::Column(new);
                    scalars.push(match message {
                        Some(message) => Scalar::NotNull { value: Box::new(value), message, leaf },
                        None => value,
                    });
                }
                let value = self.of_scalars(item, scalars);
                match position {
                    Some(position) => {
                        let new = self.column();
                        own.push((new, position));
                        Rows::counted(Rel::Shared { index, columns: own }, value, new)
                    }
                    None => Rows::unordered(Rel::Shared { index, columns: own }, value),
                }
            }
            Val::One(packed) => {
                let (columns, value) = self.new_value(item);
                let position = self.column();
                Rows::counted(
                    Rel::Items { array: Box::new(packed), item, columns, position },
                    value,
                    position,
                )
            }
            Val::Tuple(_) | Val::Option { .. } => {
                return Err(Error::new(Code::Internal, "an array is expected"));
            }
        })
    }

    /// Packs all rows within a value.
    pub(super) fn collected(&mut self, value: Val, ty: TypeId) -> Result<Val> {
        Ok(match value {
            Val::Rows(_) | Val::Source(_) => {
                let item = self.item_type(ty)?;
                let rows = self.rows_of(value, item)?;
                Val::One(self.collect(rows, item)?)
            }
            Val::Tuple(fields) => {
                let types = self.shapes.fields(ty);
                let fields: Result<Vec<_>> =
                    fields.into_iter().zip(types).map(|(field, ty)| self.collected(field, ty)).collect();
                Val::Tuple(fields?)
            }
            Val::Option { some, value } => {
                let Shape::Option(payload) = self.shapes.get(ty) else {
                    return Err(Error::new(Code::Internal, "an option is expected"));
                };
                Val::Option { some, value: Box::new(self.collected(*value, payload)?) }
            }
            Val::Parts(parts) => Val::One(Scalar::Parts(Parts::Pack, vec![parts])),
            Val::One(_) => value,
        })
    }

    /// Rows as a packed array.
    pub(super) fn collect(&mut self, rows: Rows, item: TypeId) -> Result<Scalar> {
        let item_value = self.collected(rows.item, item)?.columns();
        let function = Function::Collect { item: item_value, ty: item };
        Ok(self.whole(rows.rel, Aggregate::of(function, rows.order)))
    }

    /// What is made of all rows.
    pub(super) fn whole(&mut self, rel: Rel, aggregate: Aggregate) -> Scalar {
        let column = self.column();
        let packs = match &aggregate.function {
            Function::Collect { ty, .. } => Some(*ty),
            _ => None,
        };
        let rel = Box::new(rel.whole(column, aggregate));
        Scalar::Query { packs, rel, value: Box::new(Scalar::Column(column)) }
    }

    /// Rows whose item is of cheap columns, so that they may be used more than once.
    pub(super) fn ready(&mut self, mut rows: Rows, item: TypeId) -> Result<Rows> {
        let value = self.collected(rows.item, item)?;
        let (rel, value) = self.within(rows.rel, |this| Ok(this.cheap(value)))?;
        (rows.rel, rows.item) = (rel, value);
        Ok(rows)
    }

    /// Rows whose item is of nothing but columns of theirs.
    pub(super) fn plain(&mut self, mut rows: Rows, item: TypeId) -> Result<(Rows, Vec<ColId>)> {
        let value = self.collected(rows.item, item)?;
        let mut own = ColIds::default();
        rows.rel.visible(&mut own);
        let (mut added, mut columns) = (Vec::new(), Vec::new());
        rows.item = value.map(&mut |scalar| {
            let column = scalar.as_column().filter(|column| own.contains(column)).unwrap_or_else(|| {
                let column = self.plan.column();
                added.push((column, scalar));
                column
            });
            columns.push(column);
            Scalar::Column(column)
        });
        rows.rel = rows.rel.extend(added);
        Ok((rows, columns))
    }

    /// The position of rows, which their order becomes.
    pub(super) fn position(&mut self, rows: &mut Rows) -> ColId {
        if let Some(position) = rows.position {
            return position;
        }
        let position = self.column();
        let order = std::mem::replace(&mut rows.order, vec![Key::by(Scalar::Column(position))]);
        let rel = std::mem::replace(&mut rows.rel, Rel::Unit);
        rows.rel = rel.window(vec![(position, WindowFunction::Number(order))]);
        (rows.is_total, rows.position) = (true, Some(position));
        position
    }

    /// One ascending key in the order of rows, of which they are unique; `None` if they have no order.
    pub(super) fn single_key(&mut self, rows: &mut Rows) -> Option<Scalar> {
        match rows.order.as_slice() {
            [] => None,
            [key] if rows.is_total && !key.is_descending && key.prim.is_none() => Some(key.scalar.clone()),
            _ => Some(Scalar::Column(self.position(rows))),
        }
    }
}
