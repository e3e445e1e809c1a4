//! Random programs on all runners, which have to agree.
//!
//! The seeds are always the same; `RUNNER_DIFFERENTIAL_PROGRAMS` and `RUNNER_DIFFERENTIAL_SEED` in the environment say how
//! many programs there are, and the first one's seed. With `--nocapture` the verdicts are counted, and a disagreement is
//! printed when it is found: shrunk, as a case file, or its seed, if it is excused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
    sync::Mutex,
};

use runner_core::{Error, Kind, Op, Prim, Value, value, wire};
use runner_tests::{
    backend::{self, Backend},
    differential::{self, Verdict},
    generate::{
        Tree,
        ast::{Expr, Node},
        ty::{BOOL, Defs, INT, Ty},
    },
};

/// How many programs, if nothing is said.
const PROGRAMS: u64 = 500;

/// Programs that are tried at most to make one smaller.
const TRIES: usize = 1000;

#[test]
fn programs_agree_and_most_are_of_use() {
    let number = |name: &str, default| env::var(name).map_or(default, |value| value.parse().unwrap());
    let count = number("RUNNER_DIFFERENTIAL_PROGRAMS", PROGRAMS);
    let first = number("RUNNER_DIFFERENTIAL_SEED", 0);
    let backends = backend::bounded();
    let counts = Mutex::new(BTreeMap::<String, u64>::new());
    let wrong = Mutex::new(Vec::new());
    differential::judge_all(&backends, first..first + count, 2, TRIES, |seed, tree, verdict| {
        *counts.lock().unwrap().entry(differential::summary(verdict)).or_default() += 1;
        if let Verdict::Excused(_) = verdict {
            println!("{}: seed {seed}", verdict.kind());
        }
        if verdict.is_wrong() {
            let case = format!("# seed {seed}\n{}", differential::case(tree, verdict));
            println!("{case}");
            wrong.lock().unwrap().push(case);
        }
    });
    let (counts, wrong) = (counts.into_inner().unwrap(), wrong.into_inner().unwrap());
    println!("{counts:#?}");
    assert!(wrong.is_empty(), "{} of {count} programs:\n{}", wrong.len(), wrong.join("\n"));
    let values = counts.get("agreed: value").copied().unwrap_or_default();
    assert!(values > count / 2, "most programs should come to a value: {counts:?}");
}

#[test]
fn programs_use_the_whole_standard_library() {
    let sources: String = (0..6000).map(|seed| differential::program(seed).source()).collect();
    let words: BTreeSet<_> = sources.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').collect();
    let operators =
        ["add", "sub", "mul", "div", "mod", "neg", "eq", "ne", "lt", "lte", "gt", "gte", "and", "or", "not"];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runner-lang/src/std");
    let mut missing = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_string_lossy().into_owned();
        // Files and tables are of some runners only.
        if ["fs", "sql"].contains(&module.as_str()) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let names = text.lines().filter_map(|line| {
            let line = line.strip_prefix("external ").unwrap_or(line).strip_prefix("func ")?;
            line.split('(').next()
        });
        for name in names {
            let is_operator = module == "ops" && operators.contains(&name);
            let path = format!("{module}::{name}");
            if !is_operator && !words.contains(name) && !words.contains(path.as_str()) {
                missing.push(path);
            }
        }
    }
    assert!(missing.is_empty(), "no program uses {missing:?}");
}

#[test]
fn an_error_is_excused_if_nothing_uses_its_value() {
    let overflow = || infix(INT, "+", int(i64::MAX), int(1));
    let sorted = Expr::call(Ty::array(INT), "sort_desc", vec![array(1), lambda(1, overflow())]);
    let none = Expr::call(Ty::array(INT), "filter", vec![sorted, lambda(2, bool(false))]);
    assert!(is_excused(&none, mute("[]")));
    let first = Expr::new(INT, Node::Field("0".into()), vec![tuple(vec![int(1), overflow()])]);
    assert!(is_excused(&tuple(vec![int(5), first]), mute("{5, 1}")));
    // In a branch that is taken, whatever it gives.
    let branch = Expr::new(Ty::array(INT), Node::If, vec![bool(true), none, array(0)]);
    assert!(is_excused(&branch, mute("[]")));
}

#[test]
fn an_error_is_not_excused_if_its_value_counts() {
    let overflow = || infix(INT, "+", int(i64::MAX), int(1));
    let sum = infix(INT, "+", int(1), overflow());
    assert!(!is_excused(&sum, mute("-9223372036854775807")));
    let positive = infix(BOOL, ">", overflow(), int(0));
    assert!(!is_excused(&positive, mute("false")));
    let filtered = Expr::call(Ty::array(INT), "filter", vec![array(1), lambda(1, positive)]);
    assert!(!is_excused(&filtered, mute("[]")));
    let equal = infix(BOOL, "==", int(0), overflow());
    assert!(!is_excused(&equal, mute("false")));
    // Its value decides about one item of many.
    let mapped = Expr::call(Ty::array(INT), "map", vec![array(3), lambda(1, overflow())]);
    assert!(!is_excused(&mapped, mute("[0, 0, 0]")));
}

#[test]
fn an_error_of_what_is_not_evaluated_is_not_excused() {
    let division = || infix(INT, "/", int(1), int(0));
    let branch = Expr::new(INT, Node::If, vec![bool(false), division(), int(2)]);
    assert!(!is_excused(&branch, eager()));
    assert!(!is_excused(&tuple(vec![branch, int(1)]), eager()));
    let unused = Expr::call(Ty::array(INT), "map", vec![array(0), lambda(1, division())]);
    assert!(!is_excused(&unused, eager()));
    assert!(!is_excused(&Expr::call(INT, "count", vec![unused]), eager()));
    let whole = infix(INT, "/", int(7), int(2));
    assert!(!is_excused(&tuple(vec![whole, int(1)]), eager()));
}

/// Whether a runner may differ from the interpreter in this program, in which it does.
fn is_excused(body: &Expr, other: Backend) -> bool {
    let tree = Tree { defs: Defs::default(), params: Vec::new(), body: body.clone() };
    let mut backends = backend::all();
    backends.truncate(1);
    backends.push(other);
    let verdict = differential::judge(&backends, &tree);
    assert!(matches!(verdict, Verdict::Disagreed { .. }), "{} {verdict:?}", tree.source());
    differential::excuse(&backends, &tree, &verdict).is_some()
}

/// An interpreter that gives this value where there is an error.
fn mute(value: &'static str) -> Backend {
    let interpreter = backend::all().remove(0);
    Backend::of("mute", move |program, input| {
        interpreter.execute(program, input).or_else(|_| {
            let value = value::read(program.types(), program.output(), value)?;
            wire::encode(program.types(), program.output(), &value)
        })
    })
}

/// An interpreter that fails in every program that divides.
fn eager() -> Backend {
    let interpreter = backend::all().remove(0);
    Backend::of("eager", move |program, input| {
        let divides = |expr: &runner_core::Expr| matches!(expr.kind, Kind::Call { op: Op::Div, .. });
        if program.body().iter().any(divides) {
            return Err(Error::execution("it divides"));
        }
        interpreter.execute(program, input)
    })
}

fn int(value: i64) -> Expr {
    Expr::literal(&INT, Value::Int(value))
}

fn bool(value: bool) -> Expr {
    Expr::literal(&Ty::Prim(Prim::Bool), Value::Bool(value))
}

/// An array that the compiler does not see through.
fn array(count: i64) -> Expr {
    Expr::call(Ty::array(INT), "sequence", vec![int(0), int(count)])
}

fn tuple(fields: Vec<Expr>) -> Expr {
    Expr::new(Ty::Tuple(fields.iter().map(|field| field.ty.clone()).collect()), Node::Tuple, fields)
}

fn infix(ty: Ty, operator: &'static str, left: Expr, right: Expr) -> Expr {
    Expr::new(ty, Node::Infix(operator), vec![left, right])
}

fn lambda(var: u32, body: Expr) -> Expr {
    Expr::new(body.ty.clone(), Node::Lambda(vec![var]), vec![body])
}
