//! External functions from Rust closures.

mod declaration;
mod function;

use alloc::{
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use std::panic::{AssertUnwindSafe, catch_unwind};

use runner_core::{Code, Error, External, Param, Result, TypeTable, check_schema};

pub use function::{Fallible, Function, Infallible};

use crate::{
    column::{Column, Output},
    interpreter::Builder,
    limits::BATCH,
    native::{Call, Context, Native},
};
use declaration::{declaration, letter};

impl Builder {
    /// Offers a Rust closure to programs as `external func`, and in the runner's interface.
    ///
    /// The signature is that of the closure, whose parameters and result are types of serde and `postcard-schema`, up to
    /// eight parameters. The path is what programs declare, such as `geocode` or `maps::geocode`; names for the
    /// parameters may follow it, else they are `a`, `b` and so on. A program that declares other types is refused when
    /// it is prepared.
    ///
    /// The closure is called once for each row that needs it, in any order, perhaps from several threads. If it panics,
    /// the execution fails with `INTERNAL`.
    ///
    /// ```
    /// use runner_core::RunSync;
    /// use runner_interpreter::Interpreter;
    ///
    /// let interpreter = Interpreter::builder()
    ///     .function("geocode(address)", |address: String| -> Option<(f64, f64)> {
    ///         (address == "Ljubljana").then_some((46.05, 14.51))
    ///     })
    ///     .build();
    /// assert_eq!(interpreter.get_interface()?, "external func geocode(address: Text): {Float64, Float64}?");
    /// # Ok::<(), runner_core::Error>(())
    /// ```
    #[must_use]
    pub fn function<Args, R>(self, path: &str, function: impl Function<Args, Infallible<R>>) -> Self {
        self.host(path, function)
    }

    /// [`Builder::function`] for a closure that can fail: its error is the message of an `EXECUTION_ERROR`.
    ///
    /// ```
    /// use runner_core::RunSync;
    /// use runner_interpreter::Interpreter;
    ///
    /// let interpreter = Interpreter::builder()
    ///     .try_function("parse(text)", |text: String| text.parse::<i64>())
    ///     .build();
    /// assert_eq!(interpreter.get_interface()?, "external func parse(text: Text): Int64");
    /// # Ok::<(), runner_core::Error>(())
    /// ```
    #[must_use]
    pub fn try_function<Args, R, E>(self, path: &str, function: impl Function<Args, Fallible<R, E>>) -> Self {
        self.host(path, function)
    }

    fn host<Args, Kind, F: Function<Args, Kind>>(self, path: &str, function: F) -> Self {
        let (path, names) = match path.split_once('(') {
            Some((path, names)) => (path.trim(), names.trim_end().trim_end_matches(')')),
            None => (path.trim(), ""),
        };
        let given =
            names.split(',').map(|name| name.trim().trim_matches('`')).filter(|name| !name.is_empty());
        let mut names: Vec<String> = given.take(F::PARAMS.len()).map(ToString::to_string).collect();
        names.extend((names.len()..F::PARAMS.len()).map(letter));
        let call = move |input: &mut &[u8], output: &mut Vec<u8>| function.call(input, output);
        self.native(Arc::new(Host {
            path: path.to_string(),
            names,
            schema: Schema { params: F::PARAMS, result: F::RESULT },
            call: Arc::new(call),
        }))
    }
}

type Action = dyn Fn(&mut &[u8], &mut Vec<u8>) -> Result<()> + Send + Sync;

struct Host {
    path: String,
    names: Vec<String>,
    schema: Schema,
    call: Arc<Action>,
}

#[derive(Clone, Copy)]
struct Schema {
    params: &'static [&'static postcard_schema::schema::NamedType],
    result: &'static postcard_schema::schema::NamedType,
}

struct Bound {
    path: String,
    call: Arc<Action>,
}

impl Native for Host {
    fn path(&self) -> &str {
        &self.path
    }

    fn declaration(&self) -> Option<String> {
        Some(declaration(&self.path, &self.names, self.schema.params, self.schema.result))
    }

    fn bind(&self, types: &TypeTable, declared: &External) -> Result<Arc<dyn Call>> {
        let Schema { params, result } = self.schema;
        if declared.params.len() != params.len() {
            return Err(Error::prepare(format!(
                "{} takes {} arguments, and the program declares {}: {}",
                self.path,
                params.len(),
                declared.params.len(),
                declaration(&self.path, &self.names, params, result)
            )));
        }
        for ((param, schema), name) in declared.params.iter().zip(params).zip(&self.names) {
            let what = format!("parameter `{name}` of {}", self.path);
            match param {
                Param::Value(ty) | Param::Const(ty) => check_schema(&what, types, *ty, schema)?,
                Param::Function { .. } => {
                    return Err(Error::prepare(format!(
                        "{what} is a function, which can't be given to the host"
                    )));
                }
            }
        }
        check_schema(&format!("result of {}", self.path), types, declared.result, result)?;
        Ok(Arc::new(Bound { path: self.path.clone(), call: Arc::clone(&self.call) }))
    }
}

impl Call for Bound {
    fn call(&self, args: &[Column], rows: usize, context: &Context<'_>) -> Result<Column> {
        let args = Column::tuple(rows, args.to_vec());
        let mut output = Vec::new();
        let mut charge = context.budget.charge(0)?;
        for start in (0..rows).step_by(BATCH) {
            let end = (start + BATCH).min(rows);
            let mut written = Output::with_capacity(0, context.budget)?;
            args.write(start, end, &mut written)?;
            let mut input = written.as_bytes();
            for _ in start..end {
                context.budget.check()?;
                // What a closure left broken behind it is its own; nothing of ours is.
                catch_unwind(AssertUnwindSafe(|| (self.call)(&mut input, &mut output)))
                    .unwrap_or_else(|_| Err(Error::new(Code::Internal, "the function of the host panicked")))
                    .map_err(|error| error.context(&self.path))?;
                // What the closure made is its own until it is here.
                charge.add(output.capacity().saturating_sub(charge.bytes()))?;
            }
        }
        Column::from_wire(context.types, context.result, &output, rows, context.budget)
    }
}
