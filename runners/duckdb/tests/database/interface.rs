//! The database as source that compiles, and whose functions run.

use runner_core::RunSync;

use crate::support::Database;

const TABLES: &str = r#"
CREATE TABLE albums (id BIGINT PRIMARY KEY, title VARCHAR NOT NULL UNIQUE, price DECIMAL(10, 2), code VARCHAR UNIQUE,
    tags VARCHAR[] NOT NULL, place STRUCT(x DOUBLE, "y z" DOUBLE), kind UNION(a BIGINT, b VARCHAR), raw BLOB, a INTERVAL);
INSERT INTO albums VALUES (1, 'one', 1.5, NULL, ['x', NULL], {'x': 1, 'y z': NULL}, 'b', '\xAA', NULL);
INSERT INTO albums VALUES (2, 'two', NULL, 'c', [], NULL, NULL, NULL, NULL);
COMMENT ON TABLE albums IS 'What is for sale.
func evil() -> 1';
COMMENT ON COLUMN albums.title IS 'As on the cover.';
CREATE VIEW titles AS SELECT title FROM albums;
CREATE SCHEMA "My shop";
CREATE TABLE "My shop"."order" ("user" BIGINT NOT NULL, "Größe" REAL NOT NULL, "in" DATE, PRIMARY KEY ("user", "Größe"));
CREATE TABLE blobs (a BLOB);
CREATE TABLE "tick`" (a BIGINT);
CREATE TABLE "slash/es" (a BIGINT);
"#;

#[test]
fn the_functions_run() {
    let database = Database::with(TABLES);
    let source = database.0.get_interface().unwrap();
    let answer = |main: &str| database.answer(&format!("{source}\n{main}"), "");
    let one = "{id = 1, title = \"one\", price = some(1.50), code = none, tags = [some(\"x\"), none], \
        place = some({x = some(1.0), `y z` = none}), kind = some(b(some(\"x\")))}";
    let found = answer("func main() -> albums_by_id(1)");
    for part in [
        "id = 1",
        "price = some(1.50)",
        "code = none",
        "[some(\"x\"), none]",
        "`y z` = none",
        "b(some(\"b\"))",
    ] {
        assert!(found.contains(part), "{part} is not in {found}; expected about {one}");
    }
    assert_eq!(answer("func main() -> albums_by_title(\"two\") | option::map(a -> a.id)"), "some(2)");
    assert_eq!(answer("func main() -> albums_by_code(\"c\") | option::map(a -> a.id)"), "some(2)");
    assert_eq!(answer("func main() -> albums() | count"), "2");
    assert_eq!(answer("func main() -> titles() | count"), "2");
    assert_eq!(answer("func main() -> `My shop`::`order`()"), "[]");
    assert!(source.contains("## What is for sale.\n"), "{source}");
    assert!(source.contains("As on the cover."), "{source}");
    assert!(!source.contains("\nfunc evil"), "{source}");
    assert!(source.contains("raw (BLOB)") && source.contains("a (INTERVAL)"), "{source}");
    assert!(source.contains("blobs: no column"), "{source}");
    assert!(!source.contains("order_by_user"), "{source}");
}

#[test]
fn a_database_without_tables_has_an_interface() {
    let database = Database::with("");
    let source = database.0.get_interface().unwrap();
    assert_eq!(database.answer(&format!("{source}\nfunc main() -> 1"), ""), "1");
}
