//! The plans that PostgreSQL makes: its own strength is used.

use crate::{
    database::Database,
    tables::{SCHEMA, TYPES},
};

#[tokio::test(flavor = "multi_thread")]
async fn plans_are_those_of_an_expert() {
    let database = Database::start(SCHEMA).await;
    let cases: [(&str, &[&str], &[&str]); 20] = [
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
            "func main(id: Int64) -> albums() | find(a -> a.id == id)",
            &["Limit", "Index Scan using albums_pkey"],
            &["Join", "Nested Loop", "SubPlan"],
        ),
        (
            "func main(rows: [{a: Int64, b: Text, c: [Text]}]) -> rows | map(r -> r.a) | sum",
            &["ProjectSet"],
            &["WindowAgg", "text[]", "jsonb"],
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
            "func main(year: Int32) -> albums() | filter(a -> a.year >= year) | group(a -> a.artist_id) | filter(g -> count(g.values) >= 3 && g.key + 1 > 5) | map(g -> {g.key, count(g.values), sum(g.values | map(v -> v.price))})",
            &["Aggregate", "Group Key"],
            &["jsonb", "SubPlan", "Join"],
        ),
        (
            "func main() -> albums() | map(a -> {a.title, artist = artists() | find(r -> r.id == a.artist_id)})",
            &["Hash Left Join", "Inner Unique: true"],
            &["SubPlan"],
        ),
        (
            "func main() -> artists() | map(r -> {r.name, albums = albums() | filter(a -> a.title == r.name) | map(a -> a.year)})",
            &["Hash", "Left Join", "Group Key: t2.title"],
            &["SubPlan"],
        ),
        (
            // Each album is found by its artist, once for all artists or by the index for each.
            "func main() -> artists() | filter(r -> r.id < 10) | map(r -> {r.name, albums = albums() | filter(a -> a.artist_id == r.id) | map(a -> a.title)})",
            &["Index"],
            &["WindowAgg", "Seq Scan on public.albums"],
        ),
        (
            "func main(id: Int64) -> albums() | filter(a -> a.artist_id == id) | map(a -> {a.title, artist = artists() | find(r -> r.id == a.artist_id) | option::map(r -> r.name)})",
            &["albums_artist_id_idx", "artists_pkey"],
            &["Seq Scan", "WindowAgg"],
        ),
        (
            "func main() -> albums() | sort(a -> a.id) | slice(0, 10) | map(a -> a.title)",
            &["Limit", "Index Scan using albums_pkey"],
            &["Sort", "WindowAgg"],
        ),
        (
            "func main(year: Int32) -> albums() | filter(a -> a.year == year) | count",
            &["Aggregate", "albums_year_idx"],
            &["WindowAgg", "title", "price", "notes"],
        ),
        (
            "func main(ids: [Int64]) -> albums() | filter(a -> ids | contains(a.id)) | map(a -> a.title)",
            &["Index Scan using albums_pkey"],
            &["WindowAgg"],
        ),
        (
            "func main(id: Int64) -> sql::delete(\"albums\", func (a: Album) -> a.id == id)",
            &["Delete on public.albums", "Index Scan using albums_pkey"],
            &["Seq Scan"],
        ),
        (
            "func main(id: Int64) -> sql::update(\"albums\", func (a: Album): Album? -> if a.id == id then .some({a.id, a.artist_id, title = \"x\", a.year, a.price}) else .none)",
            &["Update on public.albums", "Index Scan using albums_pkey", "Tid Scan"],
            &["Seq Scan"],
        ),
        (
            "func main(rows: [Album]) -> sql::insert(rows, \"albums\")",
            &["Insert on public.albums", "ProjectSet"],
            &["SubPlan", "jsonb"],
        ),
        (
            "func main() -> albums() | map(a -> a.title)",
            &["title"],
            &["t1.notes AS", "price AS", "WindowAgg", "Sort"],
        ),
        (
            "func main(xs: [Int64], ys: [Int64]) -> xs | map(x -> ys | filter(y -> y == x) | count)",
            &["Join", "Group Key"],
            &["SubPlan"],
        ),
    ];
    let mut wrong = String::new();
    for (source, wanted, unwanted) in cases {
        let plan = plan(&database, source).await;
        for part in wanted {
            if !plan.contains(part) {
                wrong.push_str(&format!("no `{part}` in the plan of {source}\n{plan}\n\n"));
            }
        }
        for part in unwanted {
            if plan.contains(part) {
                wrong.push_str(&format!("`{part}` in the plan of {source}\n{plan}\n\n"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The SQL of `main`, and PostgreSQL's plan for it.
async fn plan(database: &Database, source: &str) -> String {
    let (_, prepared) = database.prepare(&format!("{TYPES}{source}")).await;
    let (sql, client) = (prepared.sql(), &database.client);
    client
        .batch_execute("SET plan_cache_mode = force_generic_plan; SET constraint_exclusion = on")
        .await
        .unwrap();
    client.batch_execute(&format!("PREPARE p AS {sql}")).await.unwrap();
    let params = (1..).take_while(|n| sql.contains(&format!("${n}::"))).count();
    let arguments =
        if params == 0 { String::new() } else { format!("({})", vec!["NULL"; params].join(", ")) };
    let explain = format!("EXPLAIN (VERBOSE, COSTS OFF) EXECUTE p{arguments}");
    let lines = client.query(&explain, &[]).await.unwrap();
    client.batch_execute("DEALLOCATE p").await.unwrap();
    let lines: Vec<String> = lines.iter().map(|row| row.get(0)).collect();
    format!("{sql}\n\n{}", lines.join("\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_rows_of_an_order_are_kept_while_others_are_read() {
    let database = Database::start(SCHEMA).await;
    let source = format!("{TYPES}func main() -> albums() | sort(a -> a.title) | slice(0, 10)");
    let (_, prepared) = database.prepare(&source).await;
    let explain = format!("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {}", prepared.sql());
    let lines = database.client.query(&explain, &[]).await.unwrap();
    let plan: Vec<String> = lines.iter().map(|row| row.get(0)).collect();
    assert!(plan.iter().any(|line| line.contains("top-N heapsort")), "{plan:#?}");
}
