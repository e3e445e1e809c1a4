//! Outputs in pieces: the same bytes as a whole, made as they are taken.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg(all(feature = "host", feature = "std"))]

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use futures_executor::{block_on, block_on_stream};
use runner_core::{Bytes, Cancel, Code, Error, Program, Result, Run, RunSync, adapt::Pooled};
use runner_interpreter::Interpreter;
use runner_lang::{Project, compile};

fn program(source: &str) -> Program {
    compile(&Project::from_source("test.lt", source), "main").unwrap().program
}

fn in_pieces(interpreter: &Interpreter, source: &str) -> (Vec<Bytes>, Result<Bytes>) {
    let prepared = interpreter.prepare(&program(source)).unwrap();
    let mut pieces = Vec::new();
    let last = interpreter.execute_chunks_with(&prepared, &[], &Cancel::new(), &mut |piece| {
        pieces.push(piece);
        Ok(())
    });
    (pieces, last)
}

/// Programs, and whether their output comes in more than one piece.
#[test]
fn pieces_are_the_output() {
    let cases = [
        ("func main(): Int64 -> 1", false),
        ("func main(): {} -> {}", false),
        ("func main(): [Int64] -> [] | map(x -> x + 1)", false),
        ("func main(): [Int64] -> sequence(5, 2) | map(x -> x + 1)", false),
        ("func main(): [Int64] -> sequence(0, 100_000) | map(x -> x + 1)", false),
        ("func main(): [Int64] -> sequence(0, 1_000_000) | map(x -> x + 1)", true),
        ("func main(): [Text] -> sequence(0, 300_000) | map(x -> f\"{x}\") | map(x -> f\"<{x}>\")", true),
        ("func main(): [Int64] -> sequence(0, 1_000_000) | sort(x -> -x) | map(x -> x / 3)", true),
        ("func main(): [Int64] -> sequence(0, 2_000_000)", true),
        ("func main(): [Int64] -> sequence(7, 7)", false),
        ("func main(): [Int64] -> sequence(0, 1_000_000) | filter(x -> x % 3 == 0)", false),
        ("func main(): [Int64] -> sequence(0, 3_000_000) | filter(x -> x % 3 == 0)", true),
        ("func main(): [Int64] -> sequence(0, 3_000_000) | filter(x -> x > 100_000)", true),
        ("func main(): [Int64] -> sequence(0, 3_000_000) | filter(x -> x < 0)", false),
        (
            "func main(): [Text] ->
               sequence(0, 3_000_001) | filter(x -> x % 5 < 2) | map(x -> f\"{x}\") | map(x -> f\"<{x}>\")",
            true,
        ),
        (
            "func main(): [Int64] ->
               sequence(0, 2_000_000) | filter(x -> x % 3 == 0) | filter(x -> x % 2 == 0) | map(x -> x * x)",
            true,
        ),
        (
            "func main(): [{n: Int64, rest: [Int64]}] ->
               (let three = sequence(0, 3) | map(x -> x * 7);
               sequence(0, 200_000) | map(n -> {n = n, rest = three | map(x -> x + n)}))",
            true,
        ),
        ("func main(): [Uint64] -> [1] | map(x -> 18_446_744_073_709_551_615)", false),
    ];
    let interpreter = Interpreter::new();
    for (source, is_many) in cases {
        let prepared = interpreter.prepare(&program(source)).unwrap();
        let whole = interpreter.execute(&prepared, &[]).unwrap();
        let (pieces, last) = in_pieces(&interpreter, source);
        assert_eq!(!pieces.is_empty(), is_many, "{source}");
        let together = [pieces.concat(), last.unwrap().to_vec()].concat();
        assert!(together == whole, "{source}");
    }
}

#[test]
fn an_error_behind_the_first_piece_is_the_same_error() {
    let early = "func main(): [Int64] -> sequence(0, 1_000_000) | map(x -> 1 / (x - 10))";
    let late = "func main(): [Int64] -> sequence(0, 1_000_000) | map(x -> 1 / (x - 999_999))";
    let interpreter = Interpreter::new();
    for (source, is_begun) in [(early, false), (late, true)] {
        let (pieces, last) = in_pieces(&interpreter, source);
        let prepared = interpreter.prepare(&program(source)).unwrap();
        assert_eq!(last.unwrap_err(), interpreter.execute(&prepared, &[]).unwrap_err());
        // A million ones and zeros are less than the first piece.
        assert!(pieces.is_empty() || is_begun);
    }
    let wide = "func main(): [Int64] -> sequence(0, 1_000_000) | map(x -> 1_000_000_000 / (x - 999_999))";
    let (pieces, last) = in_pieces(&interpreter, wide);
    assert!(!pieces.is_empty());
    assert_eq!(last.unwrap_err().code(), Code::ExecutionError);
}

#[test]
fn nothing_is_made_for_a_receiver_that_is_gone() {
    let calls = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&calls);
    let called = move |x: i64| -> i64 {
        counter.fetch_add(1, Ordering::SeqCst);
        x
    };
    let interpreter = Interpreter::builder().function("called(x)", called).build();
    let source = "external func called(x: Int64): Int64
        func main(): [Int64] -> sequence(1_000_000_000, 1_010_000_000) | map(x -> called(x))";
    let prepared = interpreter.prepare(&program(source)).unwrap();
    let gone = Error::new(Code::Cancelled, "gone");
    let mut pieces = 0;
    let ended = interpreter.execute_chunks_with(&prepared, &[], &Cancel::new(), &mut |_| {
        pieces += 1;
        Err(gone.clone())
    });
    assert_eq!((ended.unwrap_err(), pieces), (gone, 1));
    assert!(calls.load(Ordering::SeqCst) < 1_000_000);
}

/// One worker, and many receivers that stop after a piece: the worker waits for none of them.
#[test]
fn receivers_that_stop_do_not_keep_others_waiting() {
    let runner = Pooled::new(Interpreter::new(), 1).unwrap();
    let long = program("func main(): [Int64] -> sequence(0, 10_000_000) | map(x -> x + 1_000_000)");
    let short = program("func main(): Int64 -> 7");
    let (long, short) = block_on(async { (runner.prepare(&long).await, runner.prepare(&short).await) });
    let (long, short) = (long.unwrap(), short.unwrap());
    let mut stopped: Vec<_> =
        (0..8).map(|_| block_on_stream(Box::pin(runner.execute_chunks(&long, Bytes::new())))).collect();
    let mut taken: Vec<usize> =
        stopped.iter_mut().map(|pieces| pieces.next().unwrap().unwrap().len()).collect();
    assert!(taken.iter().all(|bytes| *bytes < 2 << 20), "{taken:?}");
    assert_eq!(block_on(runner.execute(&short, Bytes::new())).unwrap(), [14][..]);
    // Some go on, the others are dropped.
    let whole = block_on(runner.execute(&long, Bytes::new())).unwrap();
    for (pieces, taken) in stopped.iter_mut().zip(&mut taken).take(3) {
        *taken += pieces.map(|piece| piece.unwrap().len()).sum::<usize>();
        assert_eq!(*taken, whole.len());
    }
    drop(stopped);
    assert_eq!(block_on(runner.execute(&short, Bytes::new())).unwrap(), [14][..]);
    block_on(runner.shutdown()).unwrap();
    assert_eq!(
        block_on_stream(Box::pin(runner.execute_chunks(&long, Bytes::new())))
            .next()
            .unwrap()
            .unwrap_err()
            .code(),
        Code::Unavailable
    );
}
