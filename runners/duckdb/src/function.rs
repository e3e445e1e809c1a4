//! Functions that DuckDB calls, over Arrow arrays.

use std::{cell::RefCell, error::Error as StdError, sync::Arc};

use duckdb::{
    Connection,
    arrow::{array::ArrayRef, datatypes::DataType},
    core::DataChunkHandle,
    vscalar::{ScalarFunctionSignature, VScalar},
    vtab::arrow::{WritableVector, data_chunk_to_arrow, to_duckdb_logical_type, write_arrow_array_to_vector},
};
use runner_core::Result;

use crate::{error, room::Room};

type Body = dyn Fn(&[ArrayRef], Room) -> Result<ArrayRef> + Send + Sync;

/// What a function does with arguments of these types. NULL gives NULL, and so does what has no answer: a function never
/// fails on values, because DuckDB takes it for one that can't. It only fails where there is no room for them.
#[derive(Clone)]
pub(crate) struct Overload {
    params: Vec<DataType>,
    result: DataType,
    body: Arc<Body>,
}

impl Overload {
    /// One whose result takes about as much as its arguments.
    pub(crate) fn new(
        params: impl Into<Vec<DataType>>,
        result: DataType,
        body: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
    ) -> Self {
        Self::growing(params, result, move |args, _| body(args))
    }

    /// One whose result may take more, and which looks whether there is room for it.
    pub(crate) fn growing(
        params: impl Into<Vec<DataType>>,
        result: DataType,
        body: impl Fn(&[ArrayRef], Room) -> Result<ArrayRef> + Send + Sync + 'static,
    ) -> Self {
        Self { params: params.into(), result, body: Arc::new(body) }
    }

    /// Whether these are arguments for it. Names of fields within do not matter.
    fn takes(&self, args: &[ArrayRef]) -> bool {
        self.params.len() == args.len()
            && self.params.iter().zip(args).all(|(param, arg)| is_alike(param, arg.data_type()))
    }
}

/// Makes a function known to all connections of a database.
pub(crate) fn register(
    connection: &Connection,
    name: &str,
    overloads: Vec<Overload>,
    room: Room,
) -> Result<()> {
    // The driver asks for the signatures while it registers, on this thread, but hands over no state then.
    SIGNATURES.replace(overloads.iter().map(|it| (it.params.clone(), it.result.clone())).collect());
    let registered = connection
        .register_scalar_function_with_state::<Function>(name, &Arc::new(State { overloads, room }));
    SIGNATURES.take();
    registered.map_err(|e| error::driver(&e).context(format!("the function {name}")))
}

thread_local! {
    static SIGNATURES: RefCell<Vec<(Vec<DataType>, DataType)>> = const { RefCell::new(Vec::new()) };
}

struct Function;

struct State {
    overloads: Vec<Overload>,
    room: Room,
}

impl VScalar for Function {
    type State = Arc<State>;

    fn invoke(
        state: &Self::State,
        input: &mut DataChunkHandle,
        output: &mut dyn WritableVector,
    ) -> Result<(), Box<dyn StdError>> {
        state.room.check_chunk(input)?;
        let batch = data_chunk_to_arrow(input)?;
        let overload = state.overloads.iter().find(|overload| overload.takes(batch.columns()));
        let overload = overload.ok_or("a function was called with arguments that it does not take")?;
        let array = (overload.body)(batch.columns(), state.room)?;
        write_arrow_array_to_vector(&array, output)
    }

    fn signatures() -> Vec<ScalarFunctionSignature> {
        SIGNATURES.with_borrow(|signatures| {
            let signature = |(params, result): &(Vec<DataType>, DataType)| {
                let params: Result<Vec<_>, _> = params.iter().map(to_duckdb_logical_type).collect();
                Some(ScalarFunctionSignature::exact(params.ok()?, to_duckdb_logical_type(result).ok()?))
            };
            signatures.iter().filter_map(signature).collect()
        })
    }
}

fn is_alike(a: &DataType, b: &DataType) -> bool {
    match (a, b) {
        (DataType::List(a), DataType::List(b)) => is_alike(a.data_type(), b.data_type()),
        (DataType::Struct(a), DataType::Struct(b)) => a.len() == b.len(),
        _ => a == b,
    }
}
