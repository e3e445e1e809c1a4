//! Databases that are served.

use runner_test_server::Server as Database;

#[cfg(feature = "http")]
use super::post;
use super::{Server, folder};

const TABLES: &str = "
CREATE TABLE albums (id int8 PRIMARY KEY, title text NOT NULL, released date);
INSERT INTO albums VALUES (1, 'Kind of Blue', '1959-08-17'), (2, 'Blue Train', NULL);
";

const SOURCE: &str = "
type Album: {id: Int64, title: Text, released: Date?}

func titles(): [Text] -> (sql::from(\"albums\"): [Album]) | sort(a -> a.title) | map(a -> a.title)
func add(album: Album) -> sql::insert([album], \"albums\")
func newest(): [{title: Text}] -> sql::raw(\"SELECT title FROM public.albums ORDER BY id DESC LIMIT 1\")
";

const RAW: &str = "func main(): [{title: Text}] -> sql::raw(\"SELECT title FROM public.albums\")\n";

const TITLES: &str = "[\n  \"Blue Train\",\n  \"Kind of Blue\",\n]\n";

#[test]
fn postgres() {
    let (database, folder) = (Database::start(), folder());
    database.execute(TABLES);
    folder.write("shop.lt", SOURCE);
    folder.write("raw.lt", RAW);
    let mut args = vec!["--listen", "tcp://127.0.0.1:0"];
    if cfg!(feature = "http") {
        args.extend(["shop.lt", "--http", "127.0.0.1:0", "--allow-programs"]);
    }
    let url = database.url();
    let server = Server::start(&folder, &[&args[..], &["--runner", &url]].concat());
    for url in &server.urls {
        let run = |args: &[&str]| folder.run(&[args, &["--runner", url]].concat());
        assert_eq!(run(&["run", "shop.lt", "--program", "titles"]).fine(), TITLES);
        let again = run(&["run", "shop.lt", "--program", "add", "--arg", "album={1, \"Again\", none}"]);
        again.failed(1, &["EXECUTION_ERROR", "albums_pkey"]);
        run(&["run", "raw.lt"]).failed(2, &["std::sql::raw", "switched off"]);
        assert!(run(&["interface"]).fine().contains("albums"));
    }
    #[cfg(feature = "http")]
    {
        // The functions of the project are the operator's own, whatever they use.
        for (name, expected) in
            [("titles", "[\"Blue Train\",\"Kind of Blue\"]"), ("newest", "[{\"title\":\"Blue Train\"}]")]
        {
            let answer =
                post(server.urls.last().unwrap(), &format!("/v1/functions/{name}"), "application/json", "{}");
            assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(expected), "{answer}");
        }
    }
    // A database that goes away is not there, and is there again when it comes back.
    let titles = ["run", "shop.lt", "--program", "titles", "--runner", server.url()];
    for _ in 0..2 {
        #[cfg(feature = "http")]
        until_ready(&server, 200);
        database.stop();
        folder.run(&titles).failed(3, &["UNAVAILABLE"]);
        #[cfg(feature = "http")]
        until_ready(&server, 503);
        database.resume();
        assert_eq!(folder.run(&titles).fine(), TITLES);
    }
    server.stop();
}

/// Waits until `/readyz` has this status; `/healthz` is 200 all the time.
#[cfg(feature = "http")]
fn until_ready(server: &Server, status: u16) {
    let http = server.urls.last().unwrap();
    super::until("`/readyz` follows", || {
        assert!(super::get(http, "/healthz").starts_with("HTTP/1.1 200 "));
        super::get(http, "/readyz").starts_with(&format!("HTTP/1.1 {status} "))
    });
}

#[test]
fn a_database_that_is_not_there() {
    let folder = folder();
    let url = "postgres://somebody:secret@127.0.0.1:1/shop";
    let ended = folder.run(&["serve", "--listen", "tcp://127.0.0.1:0", "--runner", url]);
    ended.failed(3, &["PostgreSQL"]);
    assert!(!ended.stderr.contains("secret"), "{}", ended.stderr);
}

#[cfg(feature = "duckdb")]
#[test]
fn duckdb() {
    let folder = folder();
    folder.write("seven.lt", "func main(xs: [Int64]): Int64 -> xs | map(x -> x * 7) | sum\n");
    let server = Server::start(&folder, &["--listen", "tcp://127.0.0.1:0", "--runner", "duckdb"]);
    let run = ["run", "seven.lt", "--arg", "xs=[1, 2, 3]", "--runner", server.url()];
    assert_eq!(folder.run(&run).fine(), "42\n");
    server.stop();
}
