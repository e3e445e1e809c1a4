//! One program on all runners, and what is to be said about it.

mod excuse;

use std::{
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use fastrand::Rng;
use runner_core::{Code, Error, Program, value, wire};
use runner_lang::{Project, compile};

pub use excuse::excuse;

use crate::{
    backend::{Backend, Tables},
    generate::{self, Tree},
};

/// The stack of a thread that judges.
const STACK_BYTES: usize = 64 << 20;

/// What came of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All runners gave this.
    Agreed(Answer),
    /// It is too large for one of them.
    TooLarge(&'static str),
    /// The compiler refuses it, for this reason.
    Refused(String),
    /// A runner gave something else than the first.
    Disagreed {
        /// Its name.
        runner: &'static str,
        /// The answer of the first.
        expected: Answer,
        /// Its answer.
        found: Answer,
    },
    /// The interpreter gives something else if the rows of tables are in another order.
    Unordered,
    /// They disagreed about an error in a value that nothing uses, see [`excuse`].
    Excused(Box<Verdict>),
}

/// What a runner gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The printed value.
    Value(String),
    /// The code of an error, and its message.
    Error(&'static str, String),
}

impl Answer {
    /// Whether the other is the same answer: messages may differ.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Value(left), Self::Value(right)) => left == right,
            (Self::Error(left, _), Self::Error(right, _)) => left == right,
            _ => false,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Value(_) => "value",
            Self::Error(code, _) => code,
        }
    }
}

impl Verdict {
    /// Whether something has to be mended.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        matches!(self, Self::Disagreed { .. } | Self::Refused(_))
    }

    /// What kind of verdict it is: a smaller program has to come to the same.
    #[must_use]
    pub fn kind(&self) -> String {
        match self {
            Self::Agreed(_) => "agreed".into(),
            Self::TooLarge(runner) => format!("too large for {runner}"),
            Self::Unordered => "depends on the order of a table".into(),
            Self::Refused(_) => "refused by the compiler".into(),
            Self::Excused(verdict) => format!("excused: {}", verdict.kind()),
            Self::Disagreed { runner, expected, found } => {
                format!("{runner}: {} instead of {}", found.kind(), expected.kind())
            }
        }
    }
}

/// A line for counts: what the runners agreed on, or the kind of verdict.
#[must_use]
pub fn summary(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Agreed(answer) => format!("agreed: {}", answer.kind()),
        verdict => verdict.kind(),
    }
}

/// The program of a seed: one of four reads tables.
#[must_use]
pub fn program(seed: u64) -> Tree {
    let rng = &mut Rng::with_seed(seed);
    if seed % 4 == 3 { generate::table_tree(rng) } else { generate::tree(rng) }
}

/// Runs a program on all runners, of which the first is right.
#[must_use]
pub fn judge(backends: &[Backend], tree: &Tree) -> Verdict {
    let stored = match Ready::new(tree) {
        Ok(ready) => ready,
        Err(reason) => return Verdict::Refused(reason),
    };
    let has_tables = !tree.tables().is_empty();
    let mut first = None;
    for backend in backends {
        let ready = match backend.tables {
            Tables::Rearranged(_) if !has_tables => continue,
            Tables::Rearranged(arrange) => Ready::new(&tree.with_tables_as_input(arrange)),
            Tables::Input if has_tables => Ready::new(&tree.with_tables_as_input(|_| ())),
            Tables::Input | Tables::Stored => Ok(stored.clone()),
        };
        let answer = match ready {
            Ok(ready) => catch_unwind(AssertUnwindSafe(|| answer(backend, &ready))),
            Err(reason) => return Verdict::Refused(reason),
        };
        let answer = answer.unwrap_or_else(|_| Answer::Error("PANIC", "it panicked".into()));
        if let Answer::Error("RESOURCE_EXHAUSTED" | "DEADLINE_EXCEEDED", _) = answer {
            return Verdict::TooLarge(backend.name);
        }
        match &first {
            None => first = Some(answer),
            Some(expected) if answer.is_same(expected) => {}
            Some(_) if matches!(backend.tables, Tables::Rearranged(_)) => return Verdict::Unordered,
            Some(expected) => {
                return Verdict::Disagreed {
                    runner: backend.name,
                    expected: expected.clone(),
                    found: answer,
                };
            }
        }
    }
    Verdict::Agreed(first.unwrap_or_else(|| Answer::Error("NONE", "there is no runner".into())))
}

/// A program and its input.
#[derive(Clone)]
struct Ready {
    program: Program,
    input: Vec<u8>,
}

impl Ready {
    /// Compiles a program and encodes its input; or why it can't be done.
    fn new(tree: &Tree) -> Result<Self, String> {
        let project = Project::from_source("case.lt", tree.source());
        let program = match catch_unwind(AssertUnwindSafe(|| compile(&project, "main"))) {
            Ok(Ok(compiled)) => compiled.program,
            Ok(Err(errors)) => return Err(format!("{:?}", errors.first())),
            Err(_) => return Err("it panicked".into()),
        };
        let input = wire::encode(program.types(), program.input(), &tree.input());
        let input = input.map_err(|error| format!("the input is of another type: {error}"))?;
        Ok(Self { program, input })
    }
}

/// Judges the programs of these seeds on so many threads, and shrinks those on which runners disagree.
///
/// Calls `each` with every seed, its smallest program and its verdict, in no order.
pub fn judge_all(
    backends: &[Backend],
    seeds: Range<u64>,
    threads: usize,
    tries: usize,
    each: impl Fn(u64, &Tree, &Verdict) + Sync,
) {
    let next = AtomicU64::new(seeds.start);
    let work = || loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= seeds.end {
            return;
        }
        let mut tree = program(seed);
        let mut verdict = judge(backends, &tree);
        if excuse(backends, &tree, &verdict).is_some() {
            verdict = Verdict::Excused(Box::new(verdict));
        }
        if verdict.is_wrong() {
            tree = smaller(backends, tree, &verdict, tries);
            verdict = judge(backends, &tree);
        }
        each(seed, &tree, &verdict);
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            // Programs nest, and so do those who walk them.
            let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
            thread.expect("a thread");
        }
    });
}

/// A program that is as small as can be found, with the same kind of verdict, and no excuse.
#[must_use]
pub fn smaller(backends: &[Backend], tree: Tree, verdict: &Verdict, tries: usize) -> Tree {
    let kind = verdict.kind();
    generate::shrink(tree, tries, |tree| {
        let verdict = judge(backends, tree);
        verdict.kind() == kind && excuse(backends, tree, &verdict).is_none()
    })
}

/// The program as a conformance case, what was found instead in comments above it.
#[must_use]
pub fn case(tree: &Tree, verdict: &Verdict) -> String {
    let source = tree.source();
    let mut out = format!("# {}\n", verdict.kind());
    let mut expected = None;
    match verdict {
        Verdict::Disagreed { expected: answer, found, .. } => {
            expected = Some(answer);
            let text = match found {
                Answer::Value(text) | Answer::Error(_, text) => text,
            };
            out += &format!("# found: {}\n", text.replace('\n', " "));
        }
        Verdict::Agreed(answer) => expected = Some(answer),
        Verdict::Refused(reason) => out += &format!("# {reason}\n"),
        Verdict::TooLarge(_) | Verdict::Unordered | Verdict::Excused(_) => {}
    }
    out += &source;
    out.push('\n');
    if let Ok(compiled) = compile(&Project::from_source("case.lt", source), "main") {
        let types = compiled.program.types();
        if let (false, Ok(input)) =
            (tree.params.is_empty(), value::print(types, compiled.program.input(), &tree.input()))
        {
            out += &directive("input", &input);
        }
    }
    match expected {
        Some(Answer::Value(value)) => out += &directive("output", value),
        Some(Answer::Error(code, _)) => out += &directive("error", code),
        None => {}
    }
    out
}

fn directive(name: &str, value: &str) -> String {
    if !value.contains('\n') {
        return format!("#> {name}: {value}\n");
    }
    let lines = value.lines().map(|line| format!("#  {line}\n"));
    format!("#> {name}:\n{}", lines.collect::<String>())
}

fn answer(backend: &Backend, ready: &Ready) -> Answer {
    let (program, types) = (&ready.program, ready.program.types());
    let output = backend.execute(program, &ready.input).and_then(|bytes| {
        let output = wire::decode(types, program.output(), &bytes);
        let broken = |error: Error| Error::new(Code::Internal, format!("the output: {error}"));
        value::print(types, program.output(), &output.map_err(broken)?)
    });
    match output {
        Ok(value) => Answer::Value(value),
        Err(error) => Answer::Error(error.code().as_str(), error.to_string()),
    }
}
