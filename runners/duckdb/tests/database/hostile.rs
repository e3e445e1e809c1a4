//! Text that wants to be SQL: names, literals and inputs.

use crate::support::Database;

const TEXTS: &[&str] = &[
    "'; DROP TABLE t; --",
    "\"; DROP TABLE t; --",
    "' OR '1'='1",
    "\\'; DROP TABLE t; --",
    "$$; DROP TABLE t; --$$",
    "$1",
    "$p1",
    "?",
    "/* */ --",
    "'); DELETE FROM t; SELECT ('",
    "\u{0}'; DROP TABLE t",
    "\u{2019}; DROP TABLE t",
    "E'\\x27'",
    "lt_0000000000000000_read_0(",
    "%s %n {} \\",
    "",
    "\u{feff}\u{202e}'\n\r\t",
];

fn lutra(text: &str) -> String {
    text.chars().flat_map(char::escape_unicode).collect()
}

#[test]
fn literals_and_inputs_stay_text() {
    let database = Database::with("CREATE TABLE t (a VARCHAR NOT NULL)");
    for text in TEXTS {
        let literal = lutra(text);
        let length = text.chars().count().to_string();
        let source = format!("func main() -> \"{literal}\" | text::length");
        assert_eq!(database.answer(&source, ""), length, "{text:?}");
        let source = format!("func main(x: Text) -> x == \"{literal}\"");
        assert_eq!(database.answer(&source, &format!("\"{literal}\"")), "true", "{text:?}");
        let source =
            format!("func main(xs: [Text]) -> xs | filter(x -> x == \"{literal}\") | map(text::length)");
        assert_eq!(database.answer(&source, &format!("[\"{literal}\", \"other\"]")), format!("[{length}]"));
        let source = format!("func main() -> sql::insert([{{a = \"{literal}\"}}], \"t\")");
        assert_eq!(database.answer(&source, ""), "{}");
    }
    let count = "func main() -> (sql::from(\"t\"): [{a: Text}]) | count";
    assert_eq!(database.answer(count, ""), TEXTS.len().to_string());
}

#[test]
fn names_stay_names() {
    for text in TEXTS.iter().filter(|text| !text.is_empty() && !text.contains(['\0', '`', '/'])) {
        let quoted = text.replace('"', "\"\"");
        let tables =
            format!("CREATE TABLE t (a BIGINT); CREATE TABLE \"{quoted}\" (\"{quoted}\" BIGINT NOT NULL)");
        let database = Database::with(&tables);
        let name = lutra(text);
        if text.contains(['\n', '\r']) {
            continue;
        }
        let row = format!("{{`{text}`: Int64}}");
        let insert = format!("func main(rows: [{row}]) -> sql::insert(rows, \"{name}\")");
        assert_eq!(database.answer(&insert, "[{7}]"), "{}", "{text:?}");
        let read = format!("func main() -> (sql::from(\"{name}\"): [{row}]) | map(r -> r.`{text}`)");
        assert_eq!(database.answer(&read, ""), "[7]", "{text:?}");
        let missing = format!("func main(): [{row}] -> sql::from(\"{name} {name}\")");
        assert!(database.run(&missing, "").is_err());
        let there = "func main() -> (sql::from(\"t\"): [{a: Int64?}]) | count";
        assert_eq!(database.answer(there, ""), "0");
    }
}
