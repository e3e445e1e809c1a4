//! What `Run` and `RunSync` promise, on every runner and through every adapter.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Waker},
    thread,
    time::{Duration, Instant},
};

use futures_executor::block_on;
use futures_util::{StreamExt, future::join_all, pin_mut};
use postcard_schema::Schema;
use runner_core::{
    Bytes, Cancel, Code, DynRun, Program, Run, RunSync, TypedProgram,
    adapt::{Blocking, Pooled},
};
use runner_interpreter::Interpreter;
use runner_lang::{Project, compile};
use serde::{Deserialize, Serialize};

fn program(source: &str) -> Program {
    compile(&Project::from_source("test.lt", source), "main").unwrap().program
}

fn wire<T: Serialize>(value: &T) -> Bytes {
    postcard::to_allocvec(value).unwrap().into()
}

const ENDLESS: &str = "func main(x: Int64): Int64 -> loop_until_empty([x], xs -> xs) | count";

#[derive(Debug, PartialEq, Serialize, Deserialize, Schema)]
struct Album {
    id: i64,
    title: String,
    price: Option<f64>,
}

#[test]
fn a_typed_program_takes_and_gives_rust_values() {
    let program = program(
        "type Album: {id: Int64, title: Text, price: Float64?}
         func main(albums: [Album]): Album? -> albums | find(a -> a.price | is_some)",
    );
    let program = TypedProgram::<Vec<Album>, Option<Album>>::new(program).unwrap();
    let album = |id, price| Album { id, title: format!("no. {id}"), price };
    let found =
        RunSync::run(&Interpreter::new(), &program, &vec![album(1, None), album(2, Some(9.5))]).unwrap();
    assert_eq!(found, Some(album(2, Some(9.5))));
}

#[test]
fn rust_types_that_do_not_fit_are_named() {
    let program = program("func main(x: {a: Int64, b: [Text?]}): Int64 -> x.a");
    #[derive(Serialize, Deserialize, Schema)]
    struct Input {
        a: i64,
        b: Vec<Option<i32>>,
    }
    let error = TypedProgram::<Input, i64>::new(program).unwrap_err();
    assert_eq!(error.code(), Code::PrepareError);
    for part in ["{a: Int64, b: [Text?]}", "Input", "b.[].?"] {
        assert!(error.message().contains(part), "{error}");
    }
}

/// The four verbs and their errors, through any `Run`.
async fn keeps_the_contract<R: Run>(runner: R) {
    let double = program("func main(x: Int64): Int64 -> x * 2");
    let prepared = runner.prepare(&double).await.unwrap();
    let outputs = join_all((0..100i64).map(|x| runner.execute(&prepared, wire(&x)))).await;
    for (x, output) in (0..100i64).zip(outputs) {
        assert_eq!(output.unwrap(), wire(&(x * 2)));
    }
    let chunks: Vec<_> = runner.execute_chunks(&prepared, wire(&21i64)).map(Result::unwrap).collect().await;
    assert_eq!(chunks.concat(), wire(&42i64));

    let overflow = runner.execute(&prepared, wire(&i64::MAX)).await.unwrap_err();
    assert_eq!(overflow.code(), Code::ExecutionError);
    assert_eq!(overflow.place().map(|place| place.line), Some(1), "{overflow:?}");
    let garbage = runner.execute(&prepared, Bytes::from_static(b"\xff\xff")).await.unwrap_err();
    assert_eq!(garbage.code(), Code::DecodeError);
    let unknown = program("external func nobody(x: Int64): Int64\nfunc main(x: Int64): Int64 -> nobody(x)");
    let error = runner.prepare(&unknown).await.map(drop).unwrap_err();
    assert_eq!(error.code(), Code::PrepareError);
    assert!(error.message().contains("nobody"), "{error}");

    assert!(!runner.describe().await.unwrap().name.is_empty());
    runner.get_interface().await.unwrap();
    runner.ready().await.unwrap();
    runner.shutdown().await.unwrap();
    runner.shutdown().await.unwrap();
    let late = runner.execute(&prepared, wire(&1i64)).await.unwrap_err();
    assert_eq!(late.code(), Code::Unavailable);
    assert_eq!(runner.ready().await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(runner.describe().await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(runner.get_interface().await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(runner.prepare(&double).await.map(drop).unwrap_err().code(), Code::Unavailable);
}

#[test]
fn a_pooled_runner_keeps_the_contract() {
    block_on(keeps_the_contract(Pooled::new(Interpreter::new(), 3).unwrap()));
}

/// A worker that is busy is a sign of life, and nobody waits for it.
#[test]
fn a_pooled_runner_that_is_busy_is_ready() {
    let runner = Pooled::new(Interpreter::new(), 1).unwrap();
    block_on(async {
        let prepared = runner.prepare(&program(ENDLESS)).await.unwrap();
        let mut call = Box::pin(runner.execute(&prepared, wire(&1i64)));
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        runner.ready().await.unwrap();
        drop(call);
        runner.get_interface().await.unwrap();
        runner.ready().await.unwrap();
    });
}

#[test]
fn an_erased_runner_keeps_the_contract() {
    block_on(keeps_the_contract(DynRun::new(Pooled::new(Interpreter::new(), 2).unwrap())));
}

#[test]
fn a_runner_made_blocking_keeps_the_contract() {
    let blocking = Blocking::start(async { Pooled::new(Interpreter::new(), 2) }).unwrap();
    block_on(keeps_the_contract(Pooled::new(blocking, 2).unwrap()));
}

#[test]
fn a_prepared_program_of_another_runner_is_refused() {
    let program = program("func main(x: Int64): Int64 -> x");
    let blocking = Blocking::start(async { Pooled::new(Interpreter::new(), 1) }).unwrap();
    let left = DynRun::new(Pooled::new(Interpreter::new(), 1).unwrap());
    let right = DynRun::new(Pooled::new(blocking, 1).unwrap());
    block_on(async {
        let prepared = left.prepare(&program).await.unwrap();
        let error = right.execute(&prepared, wire(&1i64)).await.unwrap_err();
        assert_eq!(error.code(), Code::ProgramNotFound);
    });
}

#[test]
fn a_raised_flag_stops_the_work() {
    let runner = Interpreter::new();
    let prepared = runner.prepare(&program(ENDLESS)).unwrap();
    for (raise, code) in [
        (Cancel::cancel as fn(&Cancel), Code::Cancelled),
        (Cancel::expire as fn(&Cancel), Code::DeadlineExceeded),
    ] {
        let cancel = Cancel::new();
        let flag = cancel.clone();
        let raiser = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            raise(&flag);
        });
        let error = runner.execute_with(&prepared, &wire(&1i64), &cancel).unwrap_err();
        assert_eq!(error.code(), code);
        raiser.join().unwrap();
    }
}

/// One worker: if the dropped work went on, the next call would never be answered.
#[test]
fn a_dropped_future_stops_the_work() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let interpreter = Interpreter::builder()
        .function("tick", move |x: i64| {
            counter.fetch_add(1, Ordering::Relaxed);
            x
        })
        .build();
    let runner = Pooled::new(interpreter, 1).unwrap();
    let endless = program(
        "external func tick(x: Int64): Int64
         func main(x: Int64): Int64 -> loop_until_empty([x], xs -> xs | map(x -> tick(x))) | count",
    );
    let prepared = block_on(runner.prepare(&endless)).unwrap();
    {
        let call = runner.execute(&prepared, wire(&1i64));
        pin_mut!(call);
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let patience = Instant::now() + Duration::from_secs(30);
        while calls.load(Ordering::Relaxed) < 10 {
            assert!(Instant::now() < patience, "the work did not begin");
            thread::yield_now();
        }
    }
    let double = program("func main(x: Int64): Int64 -> x * 2");
    let answer = block_on(async {
        let prepared = runner.prepare(&double).await?;
        runner.execute(&prepared, wire(&4i64)).await
    });
    assert_eq!(answer.unwrap(), wire(&8i64));
    let ticks = calls.load(Ordering::Relaxed);
    block_on(runner.get_interface()).unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), ticks);
}

#[test]
fn a_host_function_that_panics_fails_its_call_alone() {
    let interpreter = Interpreter::builder()
        .function("fragile", |x: i64| if x < 0 { panic!("negative") } else { x })
        .build();
    let runner = Pooled::new(interpreter, 1).unwrap();
    let program = program("external func fragile(x: Int64): Int64\nfunc main(x: Int64): Int64 -> fragile(x)");
    block_on(async {
        let prepared = runner.prepare(&program).await.unwrap();
        assert_eq!(runner.execute(&prepared, wire(&-1i64)).await.unwrap_err().code(), Code::Internal);
        assert_eq!(runner.execute(&prepared, wire(&7i64)).await.unwrap(), wire(&7i64));
    });
}
