//! What other languages write is an error that says what to write instead.

use runner_lang::{Project, check};

#[test]
fn hints() {
    let table = [
        ("func main(a: String) -> a", "`Text`"),
        ("func main(a: int) -> a", "`Int64`"),
        ("func main(a: double) -> a", "`Float64`"),
        ("func main(a: List) -> a", "`[T]`"),
        ("func main(a: Option) -> a", "`T?`"),
        ("func main(a: DateTime) -> a", "`Timestamp`"),
        ("func main(a: Int64?) -> a == null", "`.none`"),
        ("func main(a: Bool, b: Bool) -> a and b", "`&&`"),
        ("func main(xs: [Int64]) -> xs | limit(3)", "`take(xs, n)`"),
        ("func main(xs: [Int64]) -> len(xs)", "`count(xs)`"),
        ("func main(xs: [Int64]) -> xs | sort_by(x -> x)", "`sort(xs, x -> key)`"),
        ("func main(xs: [Int64]) -> xs.map(x -> x + 1)", "`x | f(y)`"),
        ("func main(xs: [Int64]) -> xs |> count", "`x | f(y)`"),
        ("func main(xs: [Int64]) -> xs | map(x => x + 1)", "`x -> e`"),
        ("func main(a: Int64) -> a ? 1 : 2", "`if c then a else b`"),
        ("func main(a: Int64) -> if (a == 1) { 1 } else { 2 }", "`if c then a else b`"),
        ("func main(a: Int64): Int64 { a }", "`func f(a: T): R -> e`"),
        ("fn main(a: Int64) -> a", "`func f(a: T) -> e`"),
        ("struct A { a: Int64 }", "`type T: {a: Int64, b: Text}`"),
        ("let a = 1", "`(let a = e; result)`"),
    ];
    for (source, hint) in table {
        let project = Project::from_source("a.lt", source);
        let checked = check(&project);
        let hints: Vec<_> = checked.diagnostics().iter().filter_map(|found| found.hint.as_deref()).collect();
        assert!(hints.iter().any(|found| found.contains(hint)), "{source}: {:?}", checked.diagnostics());
    }
    let project =
        Project::from_source("a.lt", "func take(a: Int64) -> a\nfunc main(limit: Int64) -> take(limit)");
    assert!(check(&project).diagnostics().is_empty(), "names of one's own");
}
