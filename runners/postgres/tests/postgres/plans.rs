//! The plans that PostgreSQL makes: its own strength is used.

use crate::{
    database::Database,
    tables::{SCHEMA, TYPES},
};

#[tokio::test(flavor = "multi_thread")]
async fn plans_are_those_of_an_expert() {
    let database = Database::start(SCHEMA).await;
    let cases: [(&str, &[&str], &[&str]); 8] = [
        (
            "func main(id: Int64) -> albums() | filter(a -> a.id == id)",
            &["Index Scan using albums_pkey"],
            &["WindowAgg"],
        ),
        (
            "func main(id: Int64) -> albums() | find(a -> a.id == id) | option::map(a -> a.title)",
            &["Index Scan using albums_pkey"],
            &["WindowAgg"],
        ),
        (
            "func main(year: Int32) -> albums() | filter(a -> a.year >= year && a.year < 1960) | map(a -> a.title)",
            &["Index Scan on albums_year_idx"],
            &["WindowAgg"],
        ),
        ("func main() -> albums() | sort(a -> a.title) | slice(0, 10)", &["Limit", "Sort"], &["WindowAgg"]),
        (
            "func main() -> albums() | group(a -> a.year) | map(g -> {g.key, count(g.values), sum(g.values | map(v -> v.price))})",
            &["HashAggregate", "Group Key: t1.year"],
            &["jsonb", "SubPlan"],
        ),
        (
            "func main() -> albums() | map(a -> {a.title, artist = artists() | find(r -> r.id == a.artist_id)})",
            &["Hash Left Join", "Inner Unique: true"],
            &["SubPlan"],
        ),
        (
            "func main() -> artists() | map(r -> {r.name, albums = albums() | filter(a -> a.title == r.name) | map(a -> a.year)})",
            &["Hash", "Left Join", "Group Key: t3.title"],
            &["SubPlan"],
        ),
        (
            "func main(xs: [Int64], ys: [Int64]) -> xs | map(x -> ys | filter(y -> y == x) | count)",
            &["Join", "Group Key"],
            &["SubPlan"],
        ),
    ];
    for (source, wanted, unwanted) in cases {
        let plan = plan(&database, source).await;
        for part in wanted {
            assert!(plan.contains(part), "no `{part}` in the plan of {source}\n{plan}");
        }
        for part in unwanted {
            assert!(!plan.contains(part), "`{part}` in the plan of {source}\n{plan}");
        }
    }
}

/// The SQL of `main`, and PostgreSQL's plan for it.
async fn plan(database: &Database, source: &str) -> String {
    let (program, prepared) = database.prepare(&format!("{TYPES}{source}")).await;
    let (sql, client) = (prepared.sql(), &database.client);
    client.batch_execute("SET plan_cache_mode = force_generic_plan").await.unwrap();
    client.batch_execute(&format!("PREPARE p AS {sql}")).await.unwrap();
    let params = program.types().as_tuple(program.input()).map_or(1, <[_]>::len);
    let arguments =
        if params == 0 { String::new() } else { format!("({})", vec!["NULL"; params].join(", ")) };
    let explain = format!("EXPLAIN (VERBOSE, COSTS OFF) EXECUTE p{arguments}");
    let lines = client.query(&explain, &[]).await.unwrap();
    client.batch_execute("DEALLOCATE p").await.unwrap();
    let lines: Vec<String> = lines.iter().map(|row| row.get(0)).collect();
    format!("{sql}\n\n{}", lines.join("\n"))
}
