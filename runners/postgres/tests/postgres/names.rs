//! Names, literals and inputs: whatever is in them, it stays in them.

use runner_core::{Run, Value, wire};

use crate::database::{Database, program};

const HOSTILE: &[&str] = &[
    "'",
    "''",
    "\\'",
    "\\",
    "\"",
    "\"\"",
    "' OR '1'='1",
    "' OR 1=1 --",
    "'; DROP TABLE precious; --",
    "\"; DROP TABLE precious; --",
    "'); DELETE FROM precious; --",
    "\\'; DROP TABLE precious; --",
    "x' AND (SELECT pg_sleep(100000)) IS NULL --",
    "' UNION SELECT 1, 'x' --",
    "$1",
    "$$; DROP TABLE precious; $$",
    "$a$ $a$",
    "/* */",
    "*/ DROP TABLE precious /*",
    "-- ",
    "\n-- \n",
    "E'\\''",
    "U&'\\0027'",
    "\u{2019}; \u{ff07} \u{2bc}",
    "0x27",
    "%27%20OR%201=1",
    "chr(39)||chr(39)",
    "t1.c1",
    "pg_temp.fail('x', 1)",
    "{} {0} %s $0",
    ");",
    "\t\r\n",
    "e\u{301}\u{1f600}\u{10ffff}",
    "\u{1}\u{2}\u{3}\u{4}\u{5}",
    "\u{202e}esrever",
];

const SCHEMA: &str = "CREATE TABLE precious (id int8 PRIMARY KEY, name text NOT NULL); \
    INSERT INTO precious SELECT n, 'x' FROM generate_series(1, 100) n";

#[tokio::test(flavor = "multi_thread")]
async fn hostile_literals_and_inputs_are_what_they_are() {
    let database = Database::start(SCHEMA).await;
    let plain = shape(database.prepare(&literal("benign")).await.1.sql());
    let mut texts: Vec<String> = HOSTILE.iter().map(|text| (*text).to_owned()).collect();
    texts.extend(fuzzed(300, 1).into_iter().filter(|text| !text.contains('\0')));
    for (n, text) in texts.iter().enumerate() {
        let (program, prepared) = database.prepare(&literal(text)).await;
        assert_eq!(shape(prepared.sql()), plain, "{text:?} changes {}", prepared.sql());
        // The shape says it all; executing some of them says that it says so.
        if n < 60 {
            let input = wire::encode(program.types(), program.input(), &Value::Text(text.clone())).unwrap();
            let output = database.runner.execute(&prepared, input.into()).await.unwrap();
            let output = wire::decode(program.types(), program.output(), &output).unwrap();
            let Value::Tuple(fields) = output else { panic!("{output:?}") };
            let expected =
                [Value::Text(text.clone()), Value::Text(text.clone()), Value::Bool(true), Value::Int(0)];
            assert_eq!(format!("{fields:?}"), format!("{expected:?}"), "{text:?}");
        }
    }
    assert_eq!(database.number("SELECT count(*) FROM precious").await, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_are_names() {
    let database = Database::start(SCHEMA).await;
    let mut names: Vec<String> = HOSTILE.iter().map(|name| (*name).to_owned()).collect();
    names.extend(fuzzed(60, 2));
    names.extend(AWKWARD.iter().map(|name| (*name).to_owned()));
    // What PostgreSQL cuts off, or Lutra can't write.
    names.retain(|name| !name.is_empty() && name.len() < 64 && !name.contains(['`', '\0', '\n', '\r']));
    let plain: Vec<_> = uses("benign").iter().map(|source| assumed(source)).collect();
    for name in &names {
        for (source, plain) in uses(name).iter().zip(&plain) {
            assert_eq!(assumed(source), *plain, "{source}");
        }
    }
    for name in names.iter().filter(|name| !name.contains('/')) {
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        let create = format!(
            "CREATE SCHEMA {quoted}; CREATE TABLE {quoted}.{quoted} ({quoted} int8 PRIMARY KEY); \
             INSERT INTO {quoted}.{quoted} VALUES (1)"
        );
        if let Err(error) = database.client.batch_execute(&create).await {
            // Some names are the system's own.
            assert!(name.starts_with("pg_"), "{name}: {error}");
            continue;
        }
        let answers: Vec<_> =
            uses(name).iter().map(|source| source.replace("S/", &format!("{}/", text(name)))).collect();
        for (source, expected) in answers.iter().zip(["1", "{}", "{}", "{}", "some(12)"]) {
            let found = database.run(source, "{}").await;
            assert_eq!(found, expected, "{source}");
        }
        database.client.batch_execute(&format!("DROP SCHEMA {quoted} CASCADE")).await.unwrap();
    }
    assert_eq!(database.number("SELECT count(*) FROM precious").await, 100);
    assert_eq!(database.number("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_that_are_no_whole_query_are_refused() {
    let database = Database::start(SCHEMA).await;
    for query in [
        "SELECT 1::int8 AS n) AS t; DROP TABLE public.precious; --",
        "SELECT 1::int8 AS n; DROP TABLE public.precious",
        "SELECT 1::int8 AS n; SELECT 2::int8 AS n",
        "DELETE FROM public.precious RETURNING id AS n",
        "WITH d AS (DELETE FROM public.precious RETURNING id) SELECT id AS n FROM d",
        "DROP TABLE public.precious",
        "SELECT 1::int8 AS n /*",
        "SELECT '",
        "COMMIT",
        "SELECT $1::int8 AS n",
        "",
    ] {
        let source = format!("func main(): [{{n: Int64}}] -> sql::raw({})", literal_text(query));
        let program = program(&source);
        let error = match database.runner.prepare(&program).await {
            Ok(prepared) => database.runner.execute(&prepared, Vec::new().into()).await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.code(), runner_core::Code::PrepareError, "{query}: {error}");
    }
    for query in ["SELECT 7::int8 AS n;", "SELECT 7::int8 AS n -- seven", "SELECT 7::int8 AS n /* ; */ ; "] {
        let source = format!("func main(): [{{n: Int64}}] -> sql::raw({})", literal_text(query));
        assert_eq!(database.run(&source, "{}").await, "[\n  {\n    n = 7,\n  },\n]", "{query}");
    }
    assert_eq!(database.number("SELECT count(*) FROM precious").await, 100);
}

/// Names that are common, reserved, or those that statements use themselves.
const AWKWARD: &[&str] = &[
    "order",
    "user",
    "select",
    "table",
    "Order",
    "USER",
    "a b",
    " ",
    "a.b",
    "a\"b",
    "Größe",
    "数",
    "😀",
    "1",
    "t1",
    "t0",
    "c1",
    "o",
    "k1",
    "w1",
    "a1",
    "v",
    "s",
    "x",
    "pg_temp",
    "pg_catalog",
    "func",
    "true",
    "a'b",
    "$1",
    "e\u{301}",
];

/// A text as a literal, an input, in a comparison and in a filter.
fn literal(value: &str) -> String {
    let value = literal_text(value);
    format!(
        "func main(x: Text) -> {{a = {value}, b = x, c = x == {value}, \
         d = (sql::from(\"precious\"): [{{name: Text}}]) | filter(p -> p.name == {value} || p.name == x) | count}}"
    )
}

fn text(value: &str) -> String {
    let literal = literal_text(value);
    literal.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap().to_owned()
}

fn literal_text(value: &str) -> String {
    let escaped = value.chars().map(|letter| match letter {
        '"' | '\\' => format!("\\{letter}"),
        letter if letter.is_control() => format!("\\u{{{:x}}}", u32::from(letter)),
        letter => letter.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

/// Programs that read and change a table of this name, with a column of this name, in the schema `S`.
fn uses(name: &str) -> Vec<String> {
    let (table, row) = (format!("\"S/{}\"", text(name)), format!("{{`{name}`: Int64}}"));
    vec![
        format!("func main() -> (sql::from({table}): [{row}]) | filter(r -> r.`{name}` > 0) | count"),
        format!("func main() -> sql::insert([{{`{name}` = 2}}, {{`{name}` = 3}}], {table})"),
        format!(
            "func main() -> sql::update({table}, func (r: {row}): {row}? -> .some({{`{name}` = r.`{name}` + 10}}))"
        ),
        format!("func main() -> sql::delete({table}, func (r: {row}) -> r.`{name}` == 11)"),
        format!(
            "func main() -> (sql::from({table}): [{row}]) | sort(r -> r.`{name}`) | map(r -> r.`{name}`) | find(x -> x < 13)"
        ),
    ]
}

/// The shape of a program's SQL on tables that are as it expects.
fn assumed(source: &str) -> String {
    let program = program(source);
    let dialect = runner_sql::Postgres::default();
    let tables = runner_sql::assumed_tables(&program, &dialect).unwrap();
    shape(&runner_sql::lower(&program, &dialect, &tables).unwrap().sql)
}

/// A statement with its quoted names and texts taken out, as PostgreSQL tells them apart.
fn shape(sql: &str) -> String {
    let mut shape = String::new();
    let mut letters = sql.chars().peekable();
    while let Some(letter) = letters.next() {
        if !matches!(letter, '\'' | '"') {
            shape.push(letter);
            continue;
        }
        loop {
            match letters.next() {
                Some(next) if next == letter && letters.peek() == Some(&letter) => {
                    letters.next();
                }
                Some(next) if next == letter => break,
                Some(_) => {}
                None => panic!("not closed: {sql}"),
            }
        }
        shape.push_str(if letter == '"' { "<name>" } else { "<text>" });
    }
    // No way to quote in another way, and no comments.
    for part in ["E<text>", "&<text>", "$$", "--", "/*"] {
        assert!(!shape.contains(part), "{sql}");
    }
    shape
}

/// Texts made of what SQL has a meaning for.
fn fuzzed(count: usize, seed: u64) -> Vec<String> {
    const PIECES: &[&str] = &[
        "'",
        "\"",
        "\\",
        "''",
        "\"\"",
        "$",
        "$$",
        "$1",
        ";",
        "--",
        "/*",
        "*/",
        "(",
        ")",
        "::",
        " ",
        "\n",
        "\t",
        "x",
        "1",
        "OR",
        "DROP TABLE precious",
        "E'",
        "U&'",
        "B'",
        "\u{0}",
        "\u{1}",
        "\u{3}",
        "\u{7f}",
        "é",
        "e\u{301}",
        "𝄞",
        "`",
        "/",
        "\u{2019}",
        "\u{feff}",
        "%",
        "_",
        "{",
        "}",
        "t1.c1",
        "COLLATE",
        "\r",
        "\u{85}",
        "\u{2028}",
        "\u{200d}",
    ];
    // Xorshift: the same texts in each run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ seed;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    (0..count).map(|_| (0..1 + next(8)).map(|_| PIECES[next(PIECES.len())]).collect()).collect()
}
