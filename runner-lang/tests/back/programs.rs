//! What programs are made of: entry points, inlined calls, externals, places.

use runner_core::{Kind, Op, Param, Program};
use runner_lang::{Project, Severity, check, compile};

fn program(text: &str, entry: &str) -> Program {
    let found = compile(&Project::from_source("a.lt", text), entry);
    found.unwrap_or_else(|found| panic!("{text}: {found:#?}")).program
}

fn first_error(text: &str, entry: &str) -> String {
    let found = compile(&Project::from_source("a.lt", text), entry).map(|compiled| compiled.program);
    found.unwrap_err().remove(0).message
}

/// The operations of a program in order of evaluation.
fn ops(program: &Program) -> Vec<Op> {
    let ops = program.body().iter().filter_map(|expr| match expr.kind {
        Kind::Call { op, .. } => Some(op),
        _ => None,
    });
    ops.collect()
}

#[test]
fn signatures_of_entry_points() {
    let text = "
        type Row: {id: Int64, name: Text}
        const limit = 4
        func none(): Int64 -> limit
        func one(rows: [Row]): Int64 -> count(rows)
        func two(from a: Int64, b: Text) -> {a, b}
        external func geocode(address: Text): {Float64, Float64}?
        module shop { func total(x: Int64?): Int64 -> x ?? 0 }
    ";
    let table = [
        ("limit", "func ({}): Int64"),
        ("none", "func ({}): Int64"),
        ("one", "func ([{id: Int64, name: Text}]): Int64"),
        ("two", "func ({a: Int64, b: Text}): {a: Int64, b: Text}"),
        ("geocode", "func (Text): {Float64, Float64}?"),
        ("shop::total", "func (Int64?): Int64"),
        ("project::shop::total", "func (Int64?): Int64"),
        ("text::length", "func (Text): Uint32"),
        ("shop::total(.some(1)) + limit", "func ({}): Int64"),
        ("[1, 2] | map(x -> {x, half = x / 2})", "func ({}): [{x: Int64, half: Int64}]"),
    ];
    for (entry, signature) in table {
        assert_eq!(program(text, entry).signature(), signature, "{entry}");
    }
}

#[test]
fn programs_are_lean() {
    let text = "
        func find_name(rows: [{id: Int64, name: Text}], id: Int64): Text ->
            rows | find(r -> r.id == id) | option::map_or(\"-\", r -> r.name)
        func weights(rows: [{w: Float64, v: Float64, label: Text}]) -> rows | aggregate(c -> sum(c.w))
        func unused(x: Int64) -> (let y = x / 0; let z = y + 1; {x, 1}.0)
    ";
    assert_eq!(ops(&program(text, "find_name")), [Op::Eq, Op::Filter, Op::Index]);
    assert_eq!(ops(&program(text, "weights")), [Op::Map, Op::Sum]);
    assert_eq!(program(text, "unused").body().len(), 1);
}

#[test]
fn a_match_is_one_switch() {
    let text = "
        type Status: enum {paid, open: Int64, late: Int64, credit}
        func main(s: Status) -> match s { .open(x) => x, .late(x) => x + 1, .paid | .credit => 0 }
    ";
    let program = program(text, "main");
    let switches = program.body().iter().filter(|expr| matches!(expr.kind, Kind::Switch { .. }));
    assert_eq!(switches.count(), 1);
    assert_eq!(program.body().len(), 7);
}

#[test]
fn external_functions_have_their_paths_and_parameters() {
    let text = "
        const people = \"people\"
        type Row: {id: Int64, name: Text}
        func main(k: Int64): {} -> sql::update(people, func (r: Row) -> if r.id == k then .some(r) else .none)
        module maps { external func geocode(address: Text): Int64 }
        func effects(t: Text): Int64 -> (let unused = maps::geocode(t); 1)
        func reads(): Int64 -> (let unused = fs::read_parquet(\"a\"): [Row]; 1)
    ";
    let update = program(text, "main");
    let [external] = update.externals() else { panic!("{:?}", update.externals()) };
    assert_eq!(external.path, "std::sql::update");
    assert!(matches!(external.params.as_slice(), [Param::Const(_), Param::Function { .. }]));
    assert_eq!(program(text, "maps::geocode").externals()[0].path, "maps::geocode");
    // What may have an effect stays, what only reads does not.
    assert!(program(text, "effects").body().iter().any(|expr| matches!(expr.kind, Kind::External { .. })));
    assert_eq!(program(text, "reads").body().len(), 1);
}

#[test]
fn places_are_those_of_the_users_source() {
    let text =
        "func f(x: Int64): Int64 -> 1 / x\nfunc main(xs: [Int64?]) ->\n  xs | map(x -> f(x | or_default))";
    let program = program(text, "main");
    let ids = (0..).map(runner_core::ExprId).zip(program.body());
    for (id, expr) in ids {
        let place = program.place(id).unwrap();
        assert_eq!(place.source, "a.lt");
        if matches!(expr.kind, Kind::Call { op: Op::Div, .. }) {
            assert_eq!((place.line, place.column), (1, 28));
        }
        if matches!(expr.kind, Kind::Switch { .. }) {
            assert_eq!((place.line, place.column), (3, 19));
        }
    }
}

#[test]
fn what_can_be_no_program() {
    let text = "
        func id(x: T): T where T -> x
        func apply(f: func (Int64): Int64): Int64 -> f(1)
        func adder(n: Int64): func (Int64): Int64 -> x -> x + n
        func table(const name: Text): Text -> name
    ";
    let table = [
        ("id", "type parameters"),
        ("apply", "takes a function"),
        ("adder", "gives a function"),
        ("adder(1)", "can't give a function"),
        ("table", "`const`"),
        ("aply(x -> x)", "unknown name `aply`"),
        ("1 +", "expected an expression"),
    ];
    for (entry, words) in table {
        let message = first_error(text, entry);
        assert!(message.contains(words), "{entry}: {message}");
    }
}

#[test]
fn errors_stop_a_project_and_warnings_do_not() {
    let text = "func main(x: Int64?) -> match x { .some(n) => n }\nfunc other() -> missing";
    let checked = check(&Project::from_source("a.lt", text));
    let severities: Vec<_> = checked.diagnostics().iter().map(|found| found.severity).collect();
    assert_eq!(severities, [Severity::Warning, Severity::Error]);
    assert!(checked.has_errors());
    assert!(checked.compile("main").is_err());
    let fine = compile(&Project::from_source("a.lt", text.lines().next().unwrap()), "main").unwrap();
    assert_eq!(fine.warnings.len(), 1);
}
