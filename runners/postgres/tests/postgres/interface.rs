//! The database as Lutra source: it compiles and runs as it is.

use runner_core::Run;

use crate::database::Database;

const SCHEMA: &str = r#"
CREATE TYPE mood AS ENUM ('sad', 'so so');
CREATE TYPE address AS (street text, "House No" int4);
CREATE DOMAIN score AS int4 CHECK (VALUE > 0);
CREATE TABLE artists (id int8 PRIMARY KEY, name text NOT NULL UNIQUE, born date, mood mood NOT NULL DEFAULT 'sad',
    home address, nicknames text[] NOT NULL DEFAULT '{}', rating score, fee numeric(10, 2) NOT NULL DEFAULT 0,
    total numeric(20) NOT NULL DEFAULT 0, pause interval, document jsonb, place point, "at" timestamptz);
COMMENT ON TABLE artists IS E'People who\n"make" music\\';
COMMENT ON COLUMN artists.name IS E'As on the cover.\n`func x() -> {`';
INSERT INTO artists (id, name, home, nicknames, rating) VALUES
    (1, 'Miles', ROW('Main St', 5), ARRAY['Prince', NULL], 3), (2, 'John', NULL, '{}', NULL);
CREATE TABLE plays (artist int8 NOT NULL, "on" date NOT NULL, hall text, PRIMARY KEY ("on", artist), UNIQUE (hall, artist));
INSERT INTO plays VALUES (1, '1959-08-17', 'x'), (1, '1960-01-01', NULL);
CREATE VIEW recent AS SELECT name, id FROM artists;
CREATE MATERIALIZED VIEW kept AS SELECT id FROM artists;
CREATE TABLE parts (id int8, day date) PARTITION BY RANGE (day);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE nothing (place point);
CREATE TABLE no_columns ();
CREATE TABLE "find" (id int8 PRIMARY KEY);
CREATE TABLE "sql" (id int8 PRIMARY KEY);
CREATE TABLE "std" (id int8 PRIMARY KEY);
CREATE TABLE "value" (id int8 PRIMARY KEY, "value" int8 NOT NULL UNIQUE);
CREATE TABLE "row" (id int8 PRIMARY KEY, "row" text);
CREATE TABLE a (id int8 PRIMARY KEY);
CREATE TABLE a_row (id int8 PRIMARY KEY);
CREATE TABLE a_by_id (id int8 PRIMARY KEY);
CREATE TABLE "Text" (id int8 PRIMARY KEY, "Int64" text NOT NULL);
CREATE TABLE "Int64" (id int8 PRIMARY KEY);
CREATE TABLE "my shop" (id int8 PRIMARY KEY);
CREATE TABLE "back`tick" (id int8 PRIMARY KEY);
CREATE TABLE "odd" ("func" int8 PRIMARY KEY, "a b" int8 UNIQUE, "q""'" text NOT NULL, "Größe" float4, "b`t" int8, "1" int8);
INSERT INTO odd VALUES (1, 2, 'x', 1.5, 3, 4);
CREATE SCHEMA "my shop";
CREATE TABLE "my shop"."order" ("user" int8 PRIMARY KEY, name text);
INSERT INTO "my shop"."order" VALUES (7, 'seven');
CREATE SCHEMA a;
CREATE TABLE a.a (id int8 PRIMARY KEY);
CREATE SCHEMA "module";
CREATE TABLE "module"."true" (id int8 PRIMARY KEY);
"#;

#[tokio::test(flavor = "multi_thread")]
async fn all_of_it_compiles_and_runs() {
    let database = Database::start(SCHEMA).await;
    let interface = database.runner.get_interface().await.unwrap();
    for (main, expected) in [
        ("artists() | sort(a -> a.id) | map(a -> a.name)", "[\n  \"Miles\",\n  \"John\",\n]"),
        ("artists_by_id(1) | option::map(a -> a.mood)", "some(sad)"),
        ("artists_by_name(\"John\") | option::map(a -> a.id)", "some(2)"),
        ("artists_by_id(1) | option::map(a -> a.nicknames)", "some([\n  some(\"Prince\"),\n  none,\n])"),
        ("artists_by_id(1) | option::flat_map(a -> a.home) | option::flat_map(h -> h.`House No`)", "some(5)"),
        ("artists_by_id(1) | option::flat_map(a -> a.rating)", "some(3)"),
        ("plays_by_on_artist(@1959-08-17, 1) | option::flat_map(p -> p.hall)", "some(\"x\")"),
        ("plays_by_hall_artist(\"x\", 1) | option::map(p -> p.`on`)", "some(@1959-08-17)"),
        ("recent() | count", "2"),
        ("kept() | count", "2"),
        ("parts() | count", "0"),
        ("`find`() | std::count", "0"),
        ("find_by_id(1) | option::is_some", "false"),
        ("sql_by_id(1) | option::is_some", "false"),
        ("std_by_id(1) | option::is_some", "false"),
        ("value_by_value(1) | option::is_some", "false"),
        ("row_by_id(1) | option::is_some", "false"),
        ("a() | count", "0"),
        ("a_row() | count", "0"),
        ("a_by_id() | std::count", "0"),
        ("a_by_id_(1) | option::is_some", "false"),
        ("`Text_`() | map(t -> t.`Int64`) | count", "0"),
        ("`Text_by_id`(1) | option::is_some", "false"),
        ("odd_by_func(1) | option::map(o -> {o.`a b`, o.`q\"'`, o.`Größe`, o.`1`} | to_four)", "some(4)"),
        ("`odd_by_a b`(2) | option::map(o -> o.`func`)", "some(1)"),
        ("`my shop_`::order_by_user(7) | option::flat_map(o -> o.name)", "some(\"seven\")"),
        ("`a_`::a_by_id(1) | option::is_some", "false"),
        ("module_::true_by_id(1) | option::is_some", "false"),
    ] {
        let main =
            main.replace(" | to_four", "").replace("{o.`a b`, o.`q\"'`, o.`Größe`, o.`1`}", "o.`1` ?? 0");
        let found = database.run(&format!("{interface}\nfunc main() -> {main}"), "{}").await;
        assert_eq!(found, expected, "{main}");
    }
    for words in [
        "## People who\n## \"make\" music\\\n",
        "  # As on the cover.\n  # `func x() -> {`\n  name: Text,\n",
        "# left out: document (jsonb), place (point), at (timestamptz)\n",
        "# nothing: no column has a type of Lutra",
        "  mood: enum {sad, `so so`},\n  home: {street: Text?, `House No`: Int32?}?,\n  nicknames: [Text?],\n",
        "  rating: Int32?,\n  fee: Decimal,\n  total: Uint64,\n  pause: Duration?,\n",
        "# left out: b`t (int8)",
    ] {
        assert!(interface.contains(words), "no {words} in\n{interface}");
    }
    assert!(!interface.contains("parts_1") && !interface.contains("tick"), "{interface}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_has_an_empty_interface() {
    let database = Database::start("").await;
    assert_eq!(database.runner.get_interface().await.unwrap(), "");
}
