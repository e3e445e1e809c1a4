//! Evaluation: each expression once for all rows of its surroundings.

mod aggregate;
mod array;
mod branch;
mod code;
mod env;
mod fold;
mod group;
mod join;
mod output;
mod reduce;
mod stream;
mod sums;
mod table;
mod val;

use alloc::{collections::BTreeMap, rc::Rc, vec::Vec};
use core::cell::{OnceCell, RefCell};

use runner_core::{Code, Detail, Error, ExprId, INPUT, Literal, Repr, Result};

use crate::{
    budget::Budget,
    column::{Buffer, Column, Vector},
    kernel::{self, Operand, order::compare_rows, table::Seed},
    native::{Call, Context},
    plan::{Constant, Kind, Node, Plan},
};
use env::{Env, Map};

use val::Val;

/// From this cost on an expression is worth a look for what is known of it.
const COSTLY: u32 = 500;

/// One execution of a plan.
pub(crate) struct Eval<'p> {
    plan: &'p Plan,
    budget: Budget,
    /// What the seed of hash tables is made of; random if nothing is said.
    hash_seed: Option<u64>,
    seed: OnceCell<Seed>,
    /// The constants of the plan that were asked for, as columns of one row.
    constants: RefCell<Vector<Option<Column>>>,
    /// Hash tables of joins that may be needed again, with the array that they were made from.
    joins: RefCell<BTreeMap<ExprId, join::Known>>,
    /// Results of external functions that other expressions may ask for: the function, its argument, and its result.
    results: RefCell<Vec<(usize, Column, Column)>>,
    /// Tables of joins that are kept.
    tables: RefCell<BTreeMap<ExprId, Rc<table::Table>>>,
    /// How often the table of a join was read for some rows that look values up in it.
    scans: RefCell<BTreeMap<ExprId, u32>>,
}

impl<'p> Eval<'p> {
    pub(crate) fn new(plan: &'p Plan, budget: Budget, hash_seed: Option<u64>) -> Result<Self> {
        let constants = RefCell::new(Vector::filled(None, plan.constants, &budget)?);
        let seed = OnceCell::new();
        Ok(Self {
            plan,
            budget,
            hash_seed,
            seed,
            constants,
            joins: RefCell::default(),
            results: RefCell::default(),
            tables: RefCell::default(),
            scans: RefCell::default(),
        })
    }

    /// The seed of the hash tables of this execution.
    fn seed(&self) -> &Seed {
        self.seed.get_or_init(|| Seed::new(self.hash_seed.unwrap_or_else(random)))
    }

    /// The output for an input, a column of one row.
    pub(crate) fn run(&self, input: Column) -> Result<Vec<u8>> {
        let env = Env::root(&self.budget);
        env.bind(INPUT, Val::Const(input));
        self.gathered(&self.eval(&self.plan.root, &env)?, 1)?.to_wire(&self.budget)
    }

    /// A constant of the program, as a column of one row.
    fn known(&self, constant: &Constant) -> Result<Column> {
        if let Some(Some(column)) = self.constants.borrow().get(constant.index) {
            return Ok(column.clone());
        }
        let budget = &self.budget;
        let column = match (&constant.literal, constant.repr) {
            (Literal::Bool(value), _) => Column::Bool(budget.one(*value)?),
            (Literal::Int(value), Repr::I8) => Column::I8(budget.one(*value as i8)?),
            (Literal::Int(value), Repr::I16) => Column::I16(budget.one(*value as i16)?),
            (Literal::Int(value), Repr::I32) => Column::I32(budget.one(*value as i32)?),
            (Literal::Int(value), _) => Column::I64(budget.one(*value)?),
            (Literal::Uint(value), Repr::U8) => Column::U8(budget.one(*value as u8)?),
            (Literal::Uint(value), Repr::U16) => Column::U16(budget.one(*value as u16)?),
            (Literal::Uint(value), Repr::U32) => Column::U32(budget.one(*value as u32)?),
            (Literal::Uint(value), _) => Column::U64(budget.one(*value)?),
            (Literal::Float32(value), _) => Column::F32(budget.one(*value)?),
            (Literal::Float64(value), _) => Column::F64(budget.one(*value)?),
            (Literal::Text(value), _) => Column::text(value.as_ref(), budget)?,
        };
        if let Some(slot) = self.constants.borrow_mut().get_mut(constant.index) {
            *slot = Some(column.clone());
        }
        Ok(column)
    }

    /// The values of an expression, one for each row of `env`, which has at least one.
    fn eval(&self, node: &Node, env: &Env<'_>) -> Result<Val> {
        match &node.kind {
            Kind::Const(constant) => Ok(Val::Const(self.known(constant)?)),
            Kind::Local(local) => env.get(*local),
            Kind::Field { tuple, index } => Ok(self.eval(tuple, env)?.field(*index)),
            Kind::Tuple(items) => {
                let items = items.iter().map(|item| self.eval(item, env)).collect::<Result<_>>()?;
                Ok(Val::Tuple(items))
            }
            Kind::Let { bindings, body } => {
                for (local, value) in bindings {
                    env.bind(*local, self.eval(value, env)?);
                }
                self.eval(body, env)
            }
            // What is the same in all rows is worked out for one, and kept for all batches of the same rows.
            _ if (env.rows > 1 || node.cost >= COSTLY) && is_const(node, env) => self.once(node, env),
            _ => self.work(node, env),
        }
    }

    /// The value of an expression that is the same in all rows.
    #[inline(never)]
    fn once(&self, node: &Node, env: &Env<'_>) -> Result<Val> {
        let home = env.home(node.free.as_deref().unwrap_or_default());
        if node.free.is_none() || core::ptr::eq(home.env, env) {
            if env.rows == 1 {
                return self.work(node, env);
            }
            let one = Env::inner(env, 1, Map::Row(0));
            return self.shared(self.work(node, &one)?);
        }
        if let Some(column) = home.env.remembered(node.id, home.row) {
            return Ok(Val::Const(column));
        }
        let val = if home.env.rows == 1 {
            self.work(node, home.env)?
        } else {
            let one = Env::inner(home.env, 1, Map::Row(home.row.unwrap_or(0)));
            self.work(node, &one)?
        };
        let val = self.shared(val)?;
        if let Val::Const(column) = &val {
            home.env.remember(node.id, home.row, column.clone());
        }
        Ok(val)
    }

    /// The value of one row as that of all rows. A range, which is no more than its ends, stays one.
    fn shared(&self, val: Val) -> Result<Val> {
        match val.settle(1) {
            range @ Val::Range(_) => Ok(range),
            other => Ok(Val::Const(other.column(1, &self.budget)?)),
        }
    }

    /// [`Eval::eval`] of what is more than a look at values.
    #[inline(never)]
    fn work(&self, node: &Node, env: &Env<'_>) -> Result<Val> {
        let val = self.budget.step(env.rows).and_then(|()| self.dispatch(node, env));
        match val {
            Ok(val) => Ok(val.settle(env.rows)),
            Err(error) => Err(self.placed(error, node)),
        }
    }

    fn dispatch(&self, node: &Node, env: &Env<'_>) -> Result<Val> {
        match &node.kind {
            Kind::Scalar { .. } => self.scalar(node, env),
            Kind::Logic { on, left, right } => self.logic(*on, left, right, env),
            Kind::If { condition, then, otherwise } => self.condition(condition, then, otherwise, env),
            Kind::Switch { subject, arms, default } => self.switch(subject, arms, default.as_deref(), env),
            Kind::Array(items) => self.array(items, env),
            Kind::Variant { index, width, payload } => self.variant(*index, *width, payload, env),
            Kind::Map { .. } | Kind::FlatMap { .. } | Kind::Filter { .. } | Kind::Join { .. } => {
                Ok(Val::Seq(self.collect(node, env)?))
            }
            Kind::Exists(source) => self.exists(source, env),
            Kind::Sort { source, lambda, descending } => self.sort(source, lambda, *descending, env),
            Kind::Group { source, lambda } => self.group(source, lambda, env),
            Kind::Aggregate { source, aggregate } => self.aggregate(source, aggregate, env),
            Kind::Fold { source, initial, lambda, every, code } => {
                self.fold(source, initial, lambda, *every, code.as_deref(), env)
            }
            Kind::Loop { initial, lambda } => self.repeat(initial, lambda, env),
            Kind::Whole { op, prims, args } => self.whole(node, *op, *prims, args, env),
            Kind::External { function, args } => self.external(*function, args, env),
            Kind::Fail(message) => Err(Error::execution(message.clone())),
            Kind::Const(_) | Kind::Local(_) | Kind::Field { .. } | Kind::Tuple(_) | Kind::Let { .. } => {
                self.eval(node, env)
            }
        }
    }

    #[inline(never)]
    fn scalar(&self, node: &Node, env: &Env<'_>) -> Result<Val> {
        let Kind::Scalar { op, prims, args } = &node.kind else { return Err(kernel::mismatch()) };
        let vals: Vec<Val> = args.iter().map(|arg| self.eval(arg, env)).collect::<Result<_>>()?;
        if !node.fallible
            && let Some((base, rows)) = lift(&vals, env.rows, &self.budget)?
        {
            let len = base.len();
            let operands: Vec<Operand> = vals
                .iter()
                .map(|val| match val {
                    Val::Const(column) => Operand { column: column.clone(), constant: true },
                    _ => Operand { column: base.clone(), constant: false },
                })
                .collect();
            let column = kernel::apply(*op, *prims, &operands, len, &self.budget)?;
            return Ok(Val::view(column, rows));
        }
        let operands: Vec<Operand> = vals
            .iter()
            .map(|val| {
                Ok(match val.constant(env.rows, &self.budget)? {
                    Some(column) => Operand { column, constant: true },
                    None => Operand { column: val.column(env.rows, &self.budget)?, constant: false },
                })
            })
            .collect::<Result<_>>()?;
        if operands.iter().all(|operand| operand.constant) {
            return Ok(Val::Const(kernel::apply(*op, *prims, &operands, 1, &self.budget)?));
        }
        Ok(Val::Col(kernel::apply(*op, *prims, &operands, env.rows, &self.budget)?))
    }

    #[inline(never)]
    fn external(&self, function: usize, args: &[Node], env: &Env<'_>) -> Result<Val> {
        self.with_call(function, args, env, |native, args, context| {
            if let Some(known) = self.known_result(function, args) {
                return Ok(Val::Col(known));
            }
            let column = native.call(args, env.rows, context)?;
            if column.len() == env.rows {
                if let [argument] = args
                    && env.rows == 1
                    && self.plan.shared.get(function) == Some(&true)
                {
                    self.results.borrow_mut().push((function, argument.clone(), column.clone()));
                }
                return Ok(Val::Col(column));
            }
            let path = self.plan.program.externals().get(function).map_or("", |declared| &declared.path);
            let words = alloc::format!("{path} gave {} results for {} calls", column.len(), env.rows);
            Err(Error::new(Code::Internal, words))
        })
    }

    /// The result of a call with the same argument, if it was kept.
    fn known_result(&self, function: usize, args: &[Column]) -> Option<Column> {
        let [argument] = args else { return None };
        let results = self.results.borrow();
        let mut known = results.iter().filter(|(other, ..)| *other == function);
        let is_same =
            |other: &Column| argument.len() == 1 && compare_rows(other, 0, argument, 0, &self.budget).is_eq();
        known.find(|(_, other, _)| is_same(other)).map(|(.., result)| result.clone())
    }

    /// Does something with an external function and its arguments.
    fn with_call<T>(
        &self,
        function: usize,
        args: &[Node],
        env: &Env<'_>,
        call: impl FnOnce(&dyn Call, &[Column], &Context<'_>) -> Result<T>,
    ) -> Result<T> {
        let (Some(native), Some(declared)) =
            (self.plan.natives.get(function), self.plan.program.externals().get(function))
        else {
            return Err(Error::new(Code::Internal, "an external function is not there"));
        };
        let args: Vec<Column> =
            args.iter().map(|arg| self.gathered(&self.eval(arg, env)?, env.rows)).collect::<Result<_>>()?;
        let context =
            Context { types: self.plan.program.types(), result: declared.result, budget: &self.budget };
        call(&**native, &args, &context)
    }

    /// All rows of an expression's values.
    fn gathered(&self, val: &Val, rows: usize) -> Result<Column> {
        val.column(rows, &self.budget)
    }

    /// The arrays of `rows` rows.
    fn arrays(&self, val: &Val, rows: usize) -> Result<Rc<val::Seq>> {
        val.seq(rows, &self.budget)
    }

    /// An error with the place of the expression, if it has none yet.
    #[cold]
    fn placed(&self, error: Error, node: &Node) -> Error {
        let ours = matches!(error.code(), Code::ExecutionError | Code::Unsupported | Code::ResourceExhausted);
        match self.plan.program.place(node.id) {
            Some(place) if ours && error.place().is_none() => error.with_detail(Detail::Place(place)),
            _ => error,
        }
    }
}

/// Whether all rows have the same value, because all locals have.
fn is_const(node: &Node, env: &Env<'_>) -> bool {
    env.rows == 1 || node.free.as_ref().is_some_and(|free| free.iter().all(|local| env.is_const(*local)))
}

/// The one column that operands are a view of, if it is so much shorter than the view that work on it pays. A text with
/// a dictionary is a view of that.
fn lift(vals: &[Val], rows: usize, budget: &Budget) -> Result<Option<(Column, Buffer<u32>)>> {
    let mut found: Option<&Val> = None;
    for val in vals {
        match (val, found) {
            (Val::Const(_), _) => {}
            (val, None) => found = Some(val),
            (Val::View(view), Some(Val::View(other))) if Rc::ptr_eq(view, other) => {}
            _ => return Ok(None),
        }
    }
    match found {
        Some(val) => val.distinct(rows, budget),
        None => Ok(None),
    }
}

/// A number that nobody can guess, from the system.
#[cfg(feature = "std")]
fn random() -> u64 {
    use std::hash::BuildHasher;
    std::hash::RandomState::new().hash_one(())
}

/// Without an operating system there is no randomness to be had but where things lie in memory.
#[cfg(not(feature = "std"))]
fn random() -> u64 {
    use core::hash::BuildHasher;
    foldhash::quality::RandomState::default().hash_one(())
}
