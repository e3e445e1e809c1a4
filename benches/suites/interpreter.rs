//! The interpreter beside the crate `lutra-interpreter` on the same source, and beside Rust written by hand over the
//! same bytes. Input and output go through wire bytes everywhere.

use std::time::Duration;

use lutra_bin::{Encode, rr};
use runner_benches::{Measured, group, measure};
use runner_core::{Program, RunSync};
use runner_interpreter::Interpreter;
use runner_lang::{Project, compile};

const ROWS: i64 = 1_000_000;
const BUDGET: Duration = Duration::from_secs(2);

const PIPELINE: &str =
    "func main(xs: [Int64]): Int64 -> xs | filter(x -> x % 3 == 0) | map(x -> x * 2 + 1) | sum";
const SORT: &str = "func main(xs: [Int64]): [Int64] -> xs | sort(x -> x)";
const GROUP: &str =
    "func main(xs: [Int64]): [Int64] -> xs | group_map(x -> x % 1000, func (k, values) -> sum(values))";
const FOLD: &str = "func main(xs: [Int64]): Int64 -> xs | fold(0, func (acc, x) -> acc * 3 % 1000003 + x)";
const JOIN: &str = "
type Left: {id: Int64, value: Int64}
type Right: {id: Int64, name: Int64}
func main(x: {left: [Left], right: [Right]}): [Int64] ->
  x.left | map(l -> x.right | filter(r -> r.id == l.id) | map(r -> r.name) | sum)";

fn main() {
    let numbers: Vec<i64> =
        (0..ROWS).map(|x| x.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64) >> 40).collect();
    let ours = postcard::to_allocvec(&numbers).unwrap();
    let theirs = numbers.encode();

    let by_hand =
        |action: fn(&[u8]) -> Vec<u8>| measure("Rust by hand, same bytes", BUDGET, || action(&ours));
    group("filter | map | sum over 1,000,000 Int64", || {
        let mut measured = pair(PIPELINE, &ours, &theirs);
        measured.push(by_hand(|input| {
            let numbers: Vec<i64> = postcard::from_bytes(input).unwrap();
            let sum: i64 = numbers.iter().filter(|x| *x % 3 == 0).map(|x| x * 2 + 1).sum();
            postcard::to_allocvec(&sum).unwrap()
        }));
        measured
    });
    group("sort of 1,000,000 Int64", || {
        let mut measured = pair(SORT, &ours, &theirs);
        measured.push(by_hand(|input| {
            let mut numbers: Vec<i64> = postcard::from_bytes(input).unwrap();
            numbers.sort();
            postcard::to_allocvec(&numbers).unwrap()
        }));
        measured
    });
    group("group by 1,999 keys and sum of 1,000,000 Int64", || pair(GROUP, &ours, &theirs));
    group("fold of 1,000,000 Int64 by two operations and a remainder", || pair(FOLD, &ours, &theirs));
    group("lookup by a nested filter on equality", || {
        let bytes = |rows: i64| {
            let left: Vec<(i64, i64)> = (0..rows).map(|id| (id * 7 % rows, id)).collect();
            let right: Vec<(i64, i64)> = (0..rows).map(|id| (id, id * 3)).collect();
            postcard::to_allocvec(&(left, right)).unwrap()
        };
        vec![
            ours_only("runner, 100,000 x 100,000", JOIN, &bytes(100_000)),
            ours_only("runner, 1,000 x 1,000", JOIN, &bytes(1_000)),
        ]
    });
}

/// Ours first, so that its time is the unit of the ratios.
fn pair(source: &str, ours: &[u8], theirs: &[u8]) -> Vec<Measured> {
    vec![ours_only("runner", source, ours), theirs_only("lutra-interpreter", source, theirs)]
}

fn ours_only(name: &'static str, source: &str, input: &[u8]) -> Measured {
    let program = compile(&Project::from_source("bench.lt", source), "main").unwrap().program;
    let program = Program::decode(program.bytes()).unwrap();
    let runner = Interpreter::new();
    let prepared = runner.prepare(&program).unwrap();
    measure(name, BUDGET, || runner.execute(&prepared, input).unwrap())
}

fn theirs_only(name: &'static str, source: &str, input: &[u8]) -> Measured {
    use lutra_interpreter::{InterpreterRunner, RunSync as _};

    let tree = lutra_compiler::SourceTree::single("".into(), source.into());
    let project = lutra_compiler::check(tree, lutra_compiler::CheckParams::default()).expect("it checks");
    let params = lutra_compiler::CompileParams::new("main", lutra_compiler::ProgramRepr::BytecodeLt);
    let (program, _): (rr::Program, _) = lutra_compiler::compile(&project, &params).expect("it compiles");
    let mut runner = InterpreterRunner::default();
    let id = runner.prepare_sync(program).unwrap();
    measure(name, BUDGET, || runner.execute_sync(id, input).unwrap())
}
