//! Operations on arrays: those that keep them rows.

use runner_core::{ExprId, Kind, LocalId, Op, Result, TypeId};

use super::{Builder, reversed};
use crate::{
    plan::{JoinKind, Key, Parts, Rel, Rows, Scalar, Val},
    shape::Shape,
};

impl Builder<'_> {
    /// `None` if the operation is not about arrays.
    pub(super) fn array_call(&mut self, id: ExprId, op: Op, args: &[ExprId]) -> Result<Option<Val>> {
        let rows = match (op, args) {
            (Op::Map, [xs, f]) => self.map(*xs, *f)?,
            (Op::Filter, [xs, f]) => self.filter(*xs, *f)?,
            (Op::FlatMap, [xs, f]) => self.flat_map(*xs, *f)?,
            (Op::Sort | Op::SortDesc, [xs, f]) => self.sort(op, *xs, *f)?,
            (Op::Reverse, [xs]) => {
                let (mut rows, _) = self.rows(*xs)?;
                if !rows.is_total && !rows.order.is_empty() {
                    self.position(&mut rows);
                }
                rows.order = reversed(rows.order);
                rows.position = None;
                rows
            }
            (Op::OrNone, [xs]) => self.or_none(id, *xs)?,
            (Op::Append, [a, b]) => self.append(*a, *b)?,
            (Op::Sequence, [start, end]) => {
                let prim = self.prim(*start)?;
                let start = Box::new(self.argument(*start)?);
                let end = Box::new(self.argument(*end)?);
                let value = self.column();
                let rel = Rel::Sequence { prim, start, end, value };
                let order = vec![Key::by(Scalar::Column(value))];
                Rows { rel, item: Val::One(Scalar::Column(value)), order, is_total: true, position: None }
            }
            (Op::Split, [text, separator]) => {
                let args = vec![self.argument(*text)?, self.argument(*separator)?];
                return Ok(Some(Val::Parts(Scalar::Parts(Parts::Split, args))));
            }
            (Op::Slice, [xs, start, end]) => return self.slice(*xs, *start, *end).map(Some),
            (Op::Zip, args) => self.zip(id, args)?,
            (Op::Lag | Op::Lead, [xs, n, fill]) => self.shift(op, *xs, *n, *fill)?,
            (Op::RollingMean, [xs, before, after]) => self.rolling_mean(*xs, *before, *after)?,
            (Op::Rank | Op::RankDense | Op::RankPercentile | Op::CumeDist, [xs]) => self.rank(op, *xs)?,
            (Op::Group, [xs, f]) => self.group(*xs, *f)?,
            (Op::Distinct, [xs]) => self.distinct(*xs)?,
            (Op::Scan, [xs, initial, f]) => self.scan(*xs, *initial, *f)?,
            (Op::LoopUntilEmpty, [xs, f]) => self.loop_until_empty(*xs, *f)?,
            (Op::Fold, [xs, initial, f]) => return self.fold(*xs, *initial, *f).map(Some),
            (Op::Index, [xs, position]) => return self.index(id, *xs, *position).map(Some),
            (Op::Contains, [xs, x]) => return self.contains(*xs, *x).map(Some),
            (Op::Join, [xs, separator]) => return self.join(*xs, *separator).map(Some),
            (Op::Count, [xs]) => return self.count(*xs).map(Some),
            (Op::Sum | Op::Mean | Op::Min | Op::Max | Op::All | Op::Any, [xs]) => {
                return self.aggregate(op, *xs).map(Some);
            }
            _ => return Ok(None),
        };
        Ok(Some(Val::Rows(Box::new(rows))))
    }

    /// The parameters and the body of a lambda.
    pub(super) fn lambda(&self, id: ExprId) -> Result<(Vec<(LocalId, TypeId)>, ExprId)> {
        match &self.expr(id)?.kind {
            Kind::Lambda { params, body } => Ok((params.clone(), *body)),
            _ => Err(self.unsupported(id, "what is no lambda")),
        }
    }

    /// The value of a lambda for these arguments, in the scope as it is.
    pub(super) fn apply(&mut self, lambda: ExprId, args: &[Val]) -> Result<(Val, TypeId)> {
        let (params, body) = self.lambda(lambda)?;
        for ((local, _), arg) in params.iter().zip(args) {
            self.bind(*local, arg.clone());
        }
        let ty = self.ty(body)?;
        Ok((self.value(body)?, ty))
    }

    /// The value of a lambda for each of these rows, without rows in it, and its type.
    pub(super) fn for_each(&mut self, rows: &mut Rows, f: ExprId) -> Result<(Val, TypeId)> {
        let item = rows.item.clone();
        let rel = std::mem::replace(&mut rows.rel, Rel::Unit);
        let (rel, (value, ty)) = self.within(rel, |this| {
            let (value, ty) = this.apply(f, &[item])?;
            Ok((this.collected(value, ty)?, ty))
        })?;
        rows.rel = rel;
        Ok((value, ty))
    }

    /// Rows for a lambda.
    pub(super) fn ready_rows(&mut self, xs: ExprId) -> Result<(Rows, TypeId)> {
        let (rows, item) = self.rows(xs)?;
        Ok((self.ready(rows, item)?, item))
    }

    fn map(&mut self, xs: ExprId, f: ExprId) -> Result<Rows> {
        let (mut rows, _) = self.ready_rows(xs)?;
        rows.item = self.for_each(&mut rows, f)?.0;
        Ok(rows)
    }

    fn filter(&mut self, xs: ExprId, f: ExprId) -> Result<Rows> {
        let (mut rows, _) = self.ready_rows(xs)?;
        if let (Val::One(condition), _) = self.for_each(&mut rows, f)? {
            rows.rel = rows.rel.filter(condition);
        }
        rows.position = None;
        Ok(rows)
    }

    fn flat_map(&mut self, xs: ExprId, f: ExprId) -> Result<Rows> {
        let (mut rows, _) = self.ready_rows(xs)?;
        let item = rows.item.clone();
        let rel = std::mem::replace(&mut rows.rel, Rel::Unit);
        let (rel, parts) = self.within(rel, |this| {
            let (value, ty) = this.apply(f, &[item])?;
            let item = this.item_type(ty)?;
            let parts = this.rows_of(value, item)?;
            this.ready(parts, item)
        })?;
        rows.rel = rel;
        let is_ordered = !rows.order.is_empty() || !parts.order.is_empty();
        if is_ordered && !rows.is_total {
            self.position(&mut rows);
        }
        rows.rel = match parts.rel {
            Rel::Join { kind: kind @ JoinKind::Left { .. }, left, right, on } if *left == Rel::Unit => {
                rows.rel.join(kind, *right, on)
            }
            parts => rows.rel.join(JoinKind::Inner, parts, Vec::new()),
        };
        rows.item = parts.item;
        rows.order.extend(parts.order);
        rows.is_total &= parts.is_total;
        rows.position = None;
        Ok(rows)
    }

    fn sort(&mut self, op: Op, xs: ExprId, f: ExprId) -> Result<Rows> {
        let (mut rows, _) = self.ready_rows(xs)?;
        let (value, ty) = self.for_each(&mut rows, f)?;
        let Val::One(scalar) = value else {
            return Err(self.unsupported(f, "a sort key of several columns"));
        };
        if scalar.is_constant() && !scalar.may_fail() {
            // Databases refuse some of these as mistakes.
            return Ok(rows);
        }
        let (rel, scalar) = self.within(rows.rel, |this| Ok(this.cheap_one(scalar)))?;
        rows.rel = rel;
        let prim = match self.shapes.get(ty) {
            Shape::Prim(prim) => Some(prim),
            _ => None,
        };
        rows.order.insert(0, Key { scalar, prim, is_descending: op == Op::SortDesc });
        rows.position = None;
        Ok(rows)
    }

    /// An array of these items.
    pub(super) fn array(&mut self, ty: TypeId, items: &[ExprId]) -> Result<Val> {
        let item = self.item_type(ty)?;
        if items.is_empty() {
            return Ok(Val::One(Scalar::Empty(item)));
        }
        let mut values = Vec::new();
        for id in items {
            let item_ty = self.ty(*id)?;
            let value = self.value(*id)?;
            values.push(self.collected(value, item_ty)?.columns());
        }
        if self.engine.capabilities.packs_params {
            return Ok(Val::One(Scalar::List { items: values, item }));
        }
        let rows = values.into_iter().map(crate::columns::Columns::into_all).collect();
        let (columns, value) = self.new_value(item);
        let position = self.column();
        let rel = Rel::Values { rows, columns, position };
        Ok(Val::Rows(Box::new(Rows::counted(rel, value, position))))
    }

    fn or_none(&mut self, id: ExprId, xs: ExprId) -> Result<Rows> {
        let (rows, item) = self.rows(xs)?;
        let (rows, _) = self.plain(rows, item)?;
        let found = self.column();
        let option = self.item_type(self.ty(id)?)?;
        let some = Scalar::Column(found).null_check().negated();
        let item = self.option_where(option, some, rows.item);
        let rel = Rel::Unit.join(JoinKind::Left { found, is_unique: false }, rows.rel, Vec::new());
        Ok(Rows { rel, item, position: None, ..rows })
    }

    fn append(&mut self, a: ExprId, b: ExprId) -> Result<Rows> {
        let mut arms = Vec::new();
        let mut item = None;
        let mut is_ordered = false;
        for (side, xs) in [(0, a), (1, b)] {
            let (mut rows, ty) = self.ready_rows(xs)?;
            is_ordered |= !rows.order.is_empty();
            item = Some(ty);
            let position = match rows.order.is_empty() {
                true => Scalar::int(0),
                false => Scalar::Column(self.position(&mut rows)),
            };
            let mut scalars = rows.item.columns().into_all();
            scalars.extend([Scalar::int(side), position]);
            arms.push((rows.rel, scalars));
        }
        let (mut columns, value) = self.new_value(item.unwrap_or(self.ty(a)?));
        let (side, position) = (self.column(), self.column());
        columns.extend([side, position]);
        let order = [side, position].map(|column| Key::by(Scalar::Column(column)));
        let order = order.into_iter().take(1 + usize::from(is_ordered)).collect();
        Ok(Rows {
            rel: Rel::Union { arms, columns },
            item: value,
            order,
            is_total: is_ordered,
            position: None,
        })
    }

    fn contains(&mut self, xs: ExprId, x: ExprId) -> Result<Val> {
        if let Some(items) = self.constants(xs)? {
            let value = Box::new(self.scalar(x)?);
            return Ok(Val::One(Scalar::In { value, items }));
        }
        let (rows, item) = self.ready_rows(xs)?;
        let value = self.value(x)?;
        let value = self.collected(value, item)?;
        let value = self.cheap(value);
        let equal = self.equal(&rows.item, &value, item);
        Ok(Val::One(Scalar::Exists(Box::new(rows.rel.filter(equal)))))
    }

    /// The items of an array of primitives that is written in the program.
    fn constants(&mut self, xs: ExprId) -> Result<Option<Vec<Scalar>>> {
        let Kind::Array(items) = &self.expr(xs)?.kind else { return Ok(None) };
        let items = items.clone();
        let is_prim = matches!(self.shapes.get(self.item_type(self.ty(xs)?)?), Shape::Prim(_));
        let is_literal = |id: &ExprId| {
            let mut id = *id;
            // Frames around it are no operations.
            while let Some(Kind::Call { op: Op::Wrap, args }) = self.program.expr(id).map(|expr| &expr.kind)
                && let [inner] = args.as_slice()
            {
                id = *inner;
            }
            matches!(self.program.expr(id).map(|expr| &expr.kind), Some(Kind::Literal(_)))
        };
        if !is_prim || items.is_empty() || !items.iter().all(is_literal) {
            return Ok(None);
        }
        items.into_iter().map(|item| self.scalar(item)).collect::<Result<_>>().map(Some)
    }

    fn index(&mut self, id: ExprId, xs: ExprId, position: ExprId) -> Result<Val> {
        let item = self.item_type(self.ty(xs)?)?;
        let rows = match self.value(xs)? {
            Val::Parts(parts) => {
                let position = self.argument(position)?;
                return Ok(Val::One(Scalar::Parts(Parts::At, vec![parts, position])));
            }
            value => self.rows_of(value, item)?,
        };
        let literal = self.int(position);
        let is_first = literal == Some(0);
        let can_skip = literal.map_or(self.engine.capabilities.computes_offset, |position| position >= 0);
        let position = self.argument(position)?;
        let (mut rows, _) = self.plain(rows, item)?;
        if !can_skip {
            self.position(&mut rows);
        }
        let rel = match rows.position {
            Some(counted) if !is_first => {
                let wanted = Scalar::compare(
                    Op::Eq,
                    runner_core::Prim::Int64,
                    Scalar::call(
                        Op::Sub,
                        runner_core::Prim::Int64,
                        [Scalar::Column(counted), Scalar::int(1)],
                    ),
                    position,
                );
                rows.rel.filter(wanted)
            }
            _ => {
                let input = match is_first {
                    true => rows.rel,
                    false => {
                        let zero = Scalar::int(0);
                        rows.rel.filter(Scalar::compare(
                            Op::Gte,
                            runner_core::Prim::Int64,
                            position.clone(),
                            zero,
                        ))
                    }
                };
                Rel::Limit { input: Box::new(input), order: rows.order, skip: Box::new(position), take: 1 }
            }
        };
        let found = self.column();
        self.add(|scope| scope.join(JoinKind::Left { found, is_unique: true }, rel, Vec::new()));
        let some = Scalar::Column(found).null_check().negated();
        let ty = self.ty(id)?;
        Ok(self.option_where(ty, some, rows.item))
    }
}
