//! A runner that only reads: the server sees to it, whatever a program says.

use runner_core::{Code, Run};
use runner_test_server::Options;

use crate::database::{Database, program, run};

const SCHEMA: &str = "CREATE TABLE t (id int8 PRIMARY KEY, name text NOT NULL); INSERT INTO t VALUES (1, 'ä'); \
    CREATE SEQUENCE s; \
    CREATE FUNCTION sneak() RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.t VALUES (7, 'x'); RETURN 'x'; END $$; \
    CREATE FUNCTION loosen() RETURNS text LANGUAGE plpgsql AS $$ BEGIN \
        SET transaction_read_only = off; INSERT INTO public.t VALUES (8, 'x'); RETURN 'x'; END $$";

/// SQL that changes something, or wants to be allowed to.
const SNEAKY: &[&str] = &[
    "SELECT public.sneak() AS a",
    "SELECT public.loosen() AS a",
    "SELECT nextval('public.s')::text AS a",
    "SELECT set_config('transaction_read_only', 'off', false) || public.sneak() AS a",
    "SELECT set_config('transaction_read_only', 'off', true) || public.sneak() AS a",
    "SELECT set_config('session_authorization', 'test', false) || public.sneak() AS a",
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_changed() {
    let database =
        Database::with(&Options::default(), SCHEMA, |config| config.read_only().pool_size(1)).await;
    let row = "type Row: {id: Int64, name: Text}\nfunc rows(): [Row] -> sql::from(\"t\")\n";
    let changes = [
        "func main() -> sql::insert([{id = 2, name = \"b\"}], \"t\")",
        "func main() -> sql::delete(\"t\", func (r: Row) -> true)",
        "func main() -> sql::update(\"t\", func (r: Row): Row? -> .some({r.id + 1, r.name}))",
    ];
    for source in changes {
        let error = database.runner.prepare(&program(&format!("{row}{source}"))).await.map(drop).unwrap_err();
        assert_eq!(error.code(), Code::PrepareError, "{source}: {error}");
        assert!(error.message().contains("only reads"), "{error}");
    }
    for query in SNEAKY {
        let source = format!("func main(): [{{a: Text?}}] -> sql::raw(\"{query}\")");
        let error = run(&database.runner, &source, "{}").await.unwrap_err();
        assert_eq!(error.code(), Code::PrepareError, "{query}: {error:?}");
        assert_eq!(database.number("SELECT count(*) FROM t").await, 1, "{query}");
    }
    // Helpers of the connection are made, and what programs read is there.
    let reads = format!("{row}func main() -> rows() | map(r -> {{r.id, text::upper(r.name)}})");
    assert_eq!(database.run(&reads, "{}").await.replace(char::is_whitespace, ""), "[{id=1,\"Ä\",},]");
    assert_eq!(database.connections().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_query_sets_ends_with_it() {
    let database =
        Database::with(&Options::default(), SCHEMA, |config| config.read_only().pool_size(1)).await;
    let set = [
        "SELECT set_config('default_transaction_read_only', 'off', false) AS a",
        "SELECT set_config('search_path', 'public', false) AS a",
        "SELECT set_config('statement_timeout', '0', false) AS a",
    ];
    for query in set {
        let source = format!("func main(): [{{a: Text?}}] -> sql::raw(\"{query}\")");
        run(&database.runner, &source, "{}").await.unwrap();
    }
    let show = "func main(): [{a: Text?}] -> sql::raw(\"SELECT current_setting('default_transaction_read_only') || current_setting('search_path') AS a\")";
    assert_eq!(
        database.run(show, "{}").await.replace(char::is_whitespace, ""),
        "[{a=some(\"onpg_catalog\"),},]"
    );
    let sneak = "func main(): [{a: Text?}] -> sql::raw(\"SELECT public.sneak() AS a\")";
    let error = run(&database.runner, sneak, "{}").await.unwrap_err();
    assert_eq!(error.code(), Code::PrepareError, "{error}");
}
