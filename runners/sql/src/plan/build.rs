//! From a program to a plan, in one walk.
//!
//! The builder keeps the rows that the current expression is evaluated for (`scope`), and adds to them what the expression
//! needs: columns for what is used more than once, joins for look-ups. A lambda has the rows that it is given as its scope,
//! a branch has [`Rel::Unit`].

mod aggregate;
mod array;
mod branch;
mod change;
mod compare;
mod expr;
mod group;
mod input;
mod position;
mod recursive;
mod rows;
mod table;
pub(crate) mod uses;

use runner_core::{
    Code, Detail, Error, Expr, ExprId, INPUT, Kind, Literal, LocalId, Op, Program, Result, TypeId,
};

use super::{ColId, Key, Plan, Rel, Root, Rows, Scalar, Val};
use crate::{
    catalog::Table,
    columns::Columns,
    engine::Engine,
    output::Output,
    shape::{Shape, Shapes},
};
use uses::Uses;

/// Makes the plan of a program.
///
/// # Errors
/// `PREPARE_ERROR` if a table does not fit the program, `UNSUPPORTED` with the name of an operation that has no SQL.
pub(crate) fn build(
    program: &Program,
    engine: &Engine<'_>,
    shapes: &Shapes,
    tables: &[Table],
) -> Result<Plan> {
    let plan = Plan {
        columns: 0,
        params: Vec::new(),
        shared: Vec::new(),
        change: None,
        root: Root { rel: Rel::Unit, columns: Vec::new(), order: Vec::new() },
        output: Output::Unit,
    };
    let mut builder = Builder {
        program,
        engine,
        tables,
        shapes,
        uses: Uses::of(program),
        locals: vec![None; 2 * program.body().len() + 16],
        plan,
        scope: Rel::Unit,
        depth: 0,
    };
    builder.program()?;
    Ok(builder.plan)
}

struct Builder<'a> {
    program: &'a Program,
    engine: &'a Engine<'a>,
    tables: &'a [Table],
    shapes: &'a Shapes,
    uses: Uses,
    locals: Vec<Option<Val>>,
    plan: Plan,
    /// The rows that the current expression is evaluated for.
    scope: Rel,
    /// Lambdas and branches around the current expression.
    depth: usize,
}

impl Builder<'_> {
    fn program(&mut self) -> Result<()> {
        let input = self.input(self.program.input())?;
        self.bind(INPUT, input);
        let ty = self.program.output();
        let value = self.root()?;
        let types = self.program.types();
        (self.plan.root, self.plan.output) = match (self.shapes.get(ty), value) {
            (Shape::Null(_) | Shape::Option(_), Val::Rows(rows)) => {
                let item = types.as_option(types.unframed(ty)).unwrap_or(ty);
                (self.root_rows(*rows, item)?, Output::Rows(item))
            }
            (Shape::Array(item), value) => {
                let rows = self.rows_of(value, item)?;
                (self.root_rows(rows, item)?, Output::Rows(item))
            }
            (_, value) => {
                let columns = self.collected(value, ty)?.columns().into_all();
                let output = if columns.is_empty() { Output::Unit } else { Output::Row(ty) };
                let rel = std::mem::replace(&mut self.scope, Rel::Unit);
                (Root { rel, columns, order: Vec::new() }, output)
            }
        };
        Ok(())
    }

    /// The value of the program. An option may be rows of which there is at most one.
    fn root(&mut self) -> Result<Val> {
        let root = self.program.root();
        let is_option = matches!(self.shapes.get(self.program.output()), Shape::Null(_) | Shape::Option(_));
        if let Kind::Call { op: Op::Index, args } = &self.expr(root)?.kind
            && let [xs, position] = args.as_slice()
            && is_option
            && self.int(*position) == Some(0)
        {
            let (mut rows, _) = self.rows(*xs)?;
            rows.rel = Rel::Limit {
                input: Box::new(rows.rel),
                order: rows.order.clone(),
                skip: Box::new(Scalar::int(0)),
                take: 1,
            };
            rows.order.clear();
            return Ok(Val::Rows(Box::new(rows)));
        }
        self.value(root)
    }

    fn root_rows(&mut self, rows: Rows, item: TypeId) -> Result<Root> {
        let columns = self.collected(rows.item, item)?.columns().into_all();
        let scope = std::mem::replace(&mut self.scope, Rel::Unit);
        let rel = scope.join(super::JoinKind::Inner, rows.rel, Vec::new());
        Ok(Root { rel, columns, order: rows.order })
    }

    fn column(&mut self) -> ColId {
        self.plan.column()
    }

    fn new_columns(&mut self, count: usize) -> Vec<ColId> {
        (0..count).map(|_| self.column()).collect()
    }

    /// A value of a type in new columns.
    fn new_value(&mut self, ty: TypeId) -> (Vec<ColId>, Val) {
        let columns = self.new_columns(self.shapes.leaves(ty).len());
        let value = self.value_of(ty, &columns);
        (columns, value)
    }

    /// A value of a type from its columns.
    fn value_of(&self, ty: TypeId, columns: &[ColId]) -> Val {
        self.of_scalars(ty, columns.iter().map(|column| Scalar::Column(*column)))
    }

    fn of_scalars(&self, ty: TypeId, scalars: impl IntoIterator<Item = Scalar>) -> Val {
        let mut scalars = scalars.into_iter();
        Columns::of(self.shapes, ty, &mut |leaf| scalars.next().unwrap_or(Scalar::Null(leaf))).into()
    }

    fn bind(&mut self, local: LocalId, value: Val) {
        if let Some(slot) = self.locals.get_mut(local.0 as usize) {
            *slot = Some(value);
        }
    }

    /// Evaluates something for other rows. Gives those rows, with what was added to them.
    fn within<T>(&mut self, scope: Rel, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<(Rel, T)> {
        let outer = std::mem::replace(&mut self.scope, scope);
        self.depth += 1;
        let value = f(self);
        self.depth -= 1;
        let inner = std::mem::replace(&mut self.scope, outer);
        Ok((inner, value?))
    }

    /// Replaces the scope by what is made of it.
    fn add(&mut self, f: impl FnOnce(Rel) -> Rel) {
        let scope = std::mem::replace(&mut self.scope, Rel::Unit);
        self.scope = f(scope);
    }

    fn expr(&self, id: ExprId) -> Result<&Expr> {
        self.program.expr(id).ok_or_else(|| Error::new(Code::Internal, "an expression is not there"))
    }

    fn ty(&self, id: ExprId) -> Result<TypeId> {
        Ok(self.expr(id)?.ty)
    }

    fn item_type(&self, ty: TypeId) -> Result<TypeId> {
        match self.shapes.get(ty) {
            Shape::Array(item) => Ok(item),
            _ => Err(Error::new(Code::Internal, "an array is expected")),
        }
    }

    /// An integer that is written in the program.
    fn int(&self, id: ExprId) -> Option<i64> {
        match &self.program.expr(id)?.kind {
            Kind::Literal(Literal::Int(value)) => Some(*value),
            _ => None,
        }
    }

    fn unsupported(&self, id: ExprId, what: &str) -> Error {
        let words = format!("{} has no SQL for {what}", self.engine.capabilities.name);
        self.placed(id, Error::new(Code::Unsupported, words))
    }

    fn placed(&self, id: ExprId, error: Error) -> Error {
        match self.program.place(id) {
            Some(place) if error.place().is_none() => error.with_detail(Detail::Place(place)),
            _ => error,
        }
    }
}

/// Keys of an order in the reverse.
fn reversed(order: Vec<Key>) -> Vec<Key> {
    order.into_iter().map(|key| Key { is_descending: !key.is_descending, ..key }).collect()
}
