//! The bytes of programs: decoding, validation, preparation, execution.

use runner_core::{Cancel, Code, Program, RunSync};
use runner_interpreter::{Interpreter, Limits};
use runner_lang::{Project, compile};

/// What decodes is a valid program: it encodes to the same bytes, and the interpreter neither panics nor gives an
/// output that is not of the program's type.
pub fn check(bytes: &[u8]) {
    let Ok(program) = Program::decode(bytes) else { return };
    assert_eq!(program.bytes(), bytes);
    let interpreter = bounded();
    let Ok(prepared) = interpreter.prepare(&program) else { return };
    for input in [&[][..], &[0; 64], &[1; 64]] {
        match interpreter.execute(&prepared, input) {
            Ok(output) => {
                runner_core::wire::decode(program.types(), program.output(), &output).unwrap();
                let mut pieces = Vec::new();
                let mut keep = |piece: runner_core::Bytes| {
                    pieces.extend_from_slice(&piece);
                    Ok(())
                };
                let last =
                    interpreter.execute_chunks_with(&prepared, input, &Cancel::new(), &mut keep).unwrap();
                pieces.extend_from_slice(&last);
                assert!(pieces == output, "pieces that are not the output");
            }
            Err(error) => assert_ne!(error.code(), Code::Internal, "{error}"),
        }
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let compiled = SOURCES.iter().map(|source| compiled(source).bytes().to_vec());
    compiled.collect()
}

/// An interpreter that a hostile program can't keep busy.
pub(crate) fn bounded() -> Interpreter {
    let limits = Limits { memory_bytes: Some(1 << 22), steps: Some(1 << 14), time: None };
    Interpreter::builder().limits(limits).build()
}

/// `Int64` to twice as much.
pub(crate) fn double() -> Program {
    compiled(SOURCES[0])
}

fn compiled(source: &str) -> Program {
    compile(&Project::from_source("seed.lt", source), "main").expect("a seed compiles").program
}

/// Programs that use, all together, most of what there is.
pub(crate) const SOURCES: &[&str] = &[
    "func main(x: Int64): Int64 -> x * 2",
    "func main(): Text -> std::text::upper(\"abc\")",
    "func main(): [Int64] -> std::sequence(0, 9) | filter(x -> x % 3 == 0) | map(x -> x * x)",
    "func main(xs: [Text]): Int64 -> xs | map(x -> x | std::text::length | std::to_int64) | sum",
    "type Shape: enum {point, circle: Float64, box: {width: Float64, height: Float64}}
     func main(shape: Shape): Float64 -> match shape {
       .point => 0.0, .circle(r) => 3.14 * r * r, .box(b) => b.width * b.height }",
    "func main(xs: [{k: Int64, v: Text}]): [{k: Int64, n: Int64}] ->
       xs | group(x -> x.k) | map(g -> {k = g.key, n = g.values | count})",
    "func main(x: Int64?): Int64 -> x ?? 7",
    "func main(xs: [Int64]): [Int64] -> xs | sort(x -> 0 - x) | slice(1, 3)",
    "func main(xs: [Int64]): Int64 -> xs | fold(0, func (acc, x) -> acc * 31 + x)",
    "func main(n: Int64): [Int64] -> loop_until_empty([n], xs -> xs | filter(x -> x > 0) | map(x -> x / 2))",
];
