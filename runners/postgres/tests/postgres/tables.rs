//! Tables: what programs read from them and change in them.

use crate::database::Database;

pub(crate) const SCHEMA: &str = r#"
CREATE TABLE artists (id int8 PRIMARY KEY, name text NOT NULL, country text);
CREATE TABLE albums (id int8 PRIMARY KEY, artist_id int8 NOT NULL, title text NOT NULL, year int4 NOT NULL,
    price numeric(18, 2) NOT NULL, released date, notes text);
CREATE INDEX ON albums (artist_id);
CREATE INDEX ON albums (year);
INSERT INTO artists SELECT n, 'artist ' || n, CASE WHEN n % 3 = 0 THEN NULL ELSE 'country ' || n % 7 END
    FROM generate_series(1, 2000) n;
INSERT INTO albums SELECT n, 1 + n % 2000, 'album ' || n, 1950 + n % 70, n / 100.0, '1950-01-01'::date + n % 20000, NULL
    FROM generate_series(1, 20000) n;
CREATE SCHEMA "my shop";
CREATE TABLE "my shop"."order" ("user" int8 PRIMARY KEY, "a ""b"" c" text NOT NULL, "Größe" float4 NOT NULL);
INSERT INTO "my shop"."order" VALUES (1, 'x', 1.5), (2, 'it''s', 'NaN');
CREATE TABLE kinds (a bool NOT NULL, b int2 NOT NULL, c int2 NOT NULL, d int4 NOT NULL, e int8 NOT NULL,
    f int2 NOT NULL, g int4 NOT NULL, h int8 NOT NULL, i numeric(20) NOT NULL, j float4 NOT NULL, k float8 NOT NULL,
    l text NOT NULL, m date NOT NULL, n time NOT NULL, o timestamp NOT NULL, p int8 NOT NULL, q numeric(18, 2) NOT NULL,
    r int4);
CREATE TABLE holes (id int8, name text NOT NULL);
INSERT INTO holes VALUES (1, 'one'), (NULL, 'none');
ANALYZE;
"#;

pub(crate) const TYPES: &str = "
type Artist: {id: Int64, name: Text, country: Text?}
type Album: {id: Int64, artist_id: Int64, title: Text, year: Int32, price: Decimal}
type Order: {user: Int64, `a \"b\" c`: Text, `Größe`: Float32}
func artists(): [Artist] -> sql::from(\"artists\")
func albums(): [Album] -> sql::from(\"albums\")
";

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_read_and_changed() {
    let database = Database::start(SCHEMA).await;
    let cases = [
        (
            "func main(id: Int64) -> albums() | find(a -> a.id == id) | option::map(a -> a.title)",
            "7",
            "some(\"album 7\")",
        ),
        (
            "func main(id: Int64) -> albums() | find(a -> a.id == id) | option::map(a -> a.title)",
            "-7",
            "none",
        ),
        (
            "func main() -> albums() | filter(a -> a.id < 3) | sort(a -> a.id) | map(a -> a.price)",
            "{}",
            "[\n  0.01,\n  0.02,\n]",
        ),
        ("func main() -> artists() | filter(a -> a.id == 3) | map(a -> a.country)", "{}", "[\n  none,\n]"),
        ("func main() -> artists() | filter(a -> a.country == .some(\"country 1\")) | count", "{}", "191"),
        (
            "func main() -> (sql::from(\"my shop/order\"): [Order]) | sort(o -> o.user) | map(o -> {o.`a \"b\" c`, o.`Größe`})",
            "{}",
            "[\n  {\n    `a \"b\" c` = \"x\",\n    Größe = 1.5,\n  },\n  {\n    `a \"b\" c` = \"it's\",\n    Größe = NaN,\n  },\n]",
        ),
        (
            "func main(): [{id: Int64, name: Text}] -> sql::from(\"holes\")",
            "{}",
            "EXECUTION_ERROR: the column \"id\" holds a NULL, but its type is not an option",
        ),
        (
            "func main() -> (sql::from(\"holes\"): [{id: Int64}]) | group(hole -> hole.id) | count",
            "{}",
            "EXECUTION_ERROR: the column \"id\" holds a NULL, but its type is not an option",
        ),
        (
            "func main() -> (let holes: [{id: Int64}] = sql::from(\"holes\"); holes | group(hole -> hole.id) | filter(group -> count(group.values) >= count(holes)))",
            "{}",
            "EXECUTION_ERROR: the column \"id\" holds a NULL, but its type is not an option",
        ),
        (
            "func main(): [{id: Int64?}] -> sql::from(\"holes\")",
            "{}",
            "[\n  {\n    id = some(1),\n  },\n  {\n    id = none,\n  },\n]",
        ),
        (
            "func main(): [{id: Text}] -> sql::from(\"holes\")",
            "{}",
            "PREPARE_ERROR: the table `holes` does not fit: the column `id` is int8, the field is Text; \
             its columns are (id int8, name text)",
        ),
        (
            "func main(): [{id: Int64}] -> sql::from(\"nothing\")",
            "{}",
            "PREPARE_ERROR: there is no table `nothing`",
        ),
        (
            "func main(rows: [Artist]) -> sql::insert(rows, \"artists\")",
            "[{id = 9001, name = \"'; DROP TABLE artists; --\", country = none}, {id = 9002, name = \"\\\\\", country = some(\"x\")}]",
            "{}",
        ),
        (
            "func main() -> artists() | filter(a -> a.id > 9000) | sort(a -> a.id) | map(a -> a.name)",
            "{}",
            "[\n  \"'; DROP TABLE artists; --\",\n  \"\\\\\",\n]",
        ),
        (
            "func main() -> sql::update(\"artists\", func (a: Artist): Artist? -> if a.id > 9000 then .some({a.id + 1, text::concat(a.name, \"!\"), .none}) else .none)",
            "{}",
            "EXECUTION_ERROR: duplicate key",
        ),
        (
            "func main() -> sql::update(\"artists\", func (a: Artist): Artist? -> if a.id > 9000 then .some({a.id, text::concat(a.name, \"!\"), .none}) else .none)",
            "{}",
            "{}",
        ),
        (
            "func main() -> artists() | filter(a -> a.id > 9000) | sort(a -> a.id) | map(a -> a.name)",
            "{}",
            "[\n  \"'; DROP TABLE artists; --!\",\n  \"\\\\!\",\n]",
        ),
        ("func main() -> sql::delete(\"artists\", func (a: Artist) -> a.id > 9000)", "{}", "{}"),
        ("func main() -> artists() | filter(a -> a.id > 9000) | count", "{}", "0"),
        (
            "type Kind: {a: Bool, b: Int8, c: Int16, d: Int32, e: Int64, f: Uint8, g: Uint16, h: Uint32, i: Uint64, j: Float32, k: Float64, l: Text, m: Date, n: Time, o: Timestamp, p: Duration, q: Decimal, r: Int32?}\nfunc main(rows: [Kind]) -> sql::insert(rows, \"kinds\")",
            "[{true, -128, -32768, -2147483648, -9223372036854775808, 255, 65535, 4294967295, 18446744073709551615, 0.1, NaN, \"ü\", @1600-02-29, @23:59:59.999999, @2025-12-29T16:07:44.123456, @-1:00:00, -92233720368547.58, none}]",
            "{}",
        ),
        (
            "type Kind: {a: Bool, b: Int8, c: Int16, d: Int32, e: Int64, f: Uint8, g: Uint16, h: Uint32, i: Uint64, j: Float32, k: Float64, l: Text, m: Date, n: Time, o: Timestamp, p: Duration, q: Decimal, r: Int32?}\nfunc main(): [Kind] -> sql::from(\"kinds\")",
            "{}",
            "[\n  {\n    a = true,\n    b = -128,\n    c = -32768,\n    d = -2147483648,\n    e = -9223372036854775808,\n    f = 255,\n    g = 65535,\n    h = 4294967295,\n    i = 18446744073709551615,\n    j = 0.1,\n    k = NaN,\n    l = \"ü\",\n    m = @1600-02-29,\n    n = @23:59:59.999999,\n    o = @2025-12-29T16:07:44.123456,\n    p = @-01:00:00.000000,\n    q = -92233720368547.58,\n    r = none,\n  },\n]",
        ),
    ];
    for (source, input, expected) in cases {
        let found = database.run(&format!("{TYPES}{source}"), input).await;
        let is_right =
            if expected.contains("ERROR") { found.starts_with(expected) } else { found == expected };
        assert!(is_right, "{source}\nexpected\n{expected}\nfound\n{found}");
    }
}
