//! Who may do what.

use super::{Server, folder, path, runner};

const RUN: &[&str] = &["run", "double.lt", "--arg", "xs=[1]", "--runner"];

#[test]
fn tokens() {
    let folder = folder();
    let mut listen = vec!["--listen", "tcp://127.0.0.1:0"];
    if cfg!(feature = "http") {
        listen.extend(["--http", "127.0.0.1:0"]);
    }
    let socket = format!("unix://{}", path(&folder, "runner.sock"));
    listen.extend(["--listen", &socket, "--token-file", "token", "--log-level", "trace"]);
    let server = Server::start(&folder, &listen);
    for url in &server.urls {
        let run = |more: &[&str], variable: Option<(&str, &str)>| {
            let mut command = runner();
            command.args(RUN).arg(url).args(more).current_dir(folder.path()).env_remove("RUNNER_TOKEN");
            command.envs(variable);
            super::super::support::Ended::from(command.output().unwrap())
        };
        run(&[], None).failed(3, &["UNAUTHENTICATED"]);
        run(&["--token-file", "other"], None).failed(3, &["UNAUTHENTICATED"]);
        run(&[], Some(("RUNNER_TOKEN", "salmon"))).failed(3, &["UNAUTHENTICATED"]);
        run(&["--token-file", "token"], None).fine();
        run(&[], Some(("RUNNER_TOKEN", "swordfish"))).fine();
        run(&["--token-env", "FISH"], Some(("FISH", "swordfish"))).fine();
        run(&["--token-env", "FISH"], Some(("RUNNER_TOKEN", "swordfish"))).failed(2, &["FISH"]);
        run(&["--token-file", "nowhere"], None).failed(2, &["nowhere"]);
        folder.write("empty", "\n");
        run(&["--token-file", "empty"], None).failed(2, &["empty"]);
        run(&["--token-file", "token", "--token-env", "FISH"], None).failed(2, &["--token-env"]);
    }
    let log = server.stop();
    assert!(!log.contains("swordfish") && !log.contains("salmon"), "{log}");
}

#[test]
fn a_token_from_the_environment() {
    let folder = folder();
    let mut command = Server::command(&folder, &["--listen", "tcp://127.0.0.1:0"]);
    command.env("RUNNER_TOKEN", "swordfish");
    let server = Server::spawn(&folder, command);
    folder.run(&[RUN, &[server.url()]].concat()).failed(3, &["UNAUTHENTICATED"]);
    folder.run(&[RUN, &[server.url(), "--token-file", "token"]].concat()).fine();
}

#[test]
fn other_machines_need_a_token() {
    let folder = folder();
    let mut listens = vec![vec!["--listen", "tcp://0.0.0.0:0"], vec!["--listen", "tcp://[::]:0"]];
    if cfg!(feature = "http") {
        listens.push(vec!["--http", "0.0.0.0:0"]);
    }
    for listen in listens {
        let serve = [&["serve"], &listen[..]].concat();
        folder.run(&serve).failed(2, &["token", "--allow-no-token"]);
        Server::start(&folder, &[&listen[..], &["--token-file", "token"]].concat()).stop();
        let server = Server::start(&folder, &[&listen[..], &["--allow-no-token"]].concat());
        let url = server.url().replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]");
        folder.run(&[RUN, &[&url]].concat()).fine();
        server.stop();
    }
}

#[test]
fn raw_sql_is_off_on_the_network() {
    let folder = folder();
    folder.write("raw.lt", "func main(): [{a: Int64}] -> std::sql::raw(\"select 1 as a\")\n");
    let socket = format!("unix://{}", path(&folder, "runner.sock"));
    let listen = ["--listen", "tcp://127.0.0.1:0", "--listen", &socket];
    let run =
        |server: &Server, at: usize| folder.run(&["run", "raw.lt", "--runner", server.urls.get(at).unwrap()]);
    let server = Server::start(&folder, &listen);
    run(&server, 0).failed(2, &["UNSUPPORTED", "std::sql::raw", "switched off"]);
    // It is let through to the runner, which has no database.
    run(&server, 1).failed(2, &["needs a database"]);
    server.stop();
    let server = Server::start(&folder, &[&listen[..], &["--allow-raw"]].concat());
    run(&server, 0).failed(2, &["needs a database"]);
    server.stop();
    let server = Server::start(&folder, &[&listen[..], &["--deny-raw"]].concat());
    run(&server, 1).failed(2, &["UNSUPPORTED", "std::sql::raw", "switched off"]);
    server.stop();
    let executable = env!("CARGO_BIN_EXE_runner");
    let child = format!("exec:'{executable}' serve --stdio --deny-raw");
    folder.run(&["run", "raw.lt", "--runner", &child]).failed(2, &["switched off"]);
    folder.run(&["serve", "--stdio", "--deny-raw", "--allow-raw"]).failed(2, &["--deny-raw"]);
    // A flag wins over the file.
    folder.write("serve.toml", "deny_raw = true\n");
    let server = Server::start(&folder, &[&listen[..], &["--config", "serve.toml", "--allow-raw"]].concat());
    run(&server, 0).failed(2, &["needs a database"]);
    run(&server, 1).failed(2, &["needs a database"]);
    server.stop();
}

#[cfg(feature = "http")]
#[test]
fn source_is_off_unless_allowed() {
    let folder = folder();
    let post = |server: &Server, path: &str, body: &str| {
        let media = if path.contains("functions") { "application/json" } else { "text/x-lutra" };
        super::post(server.url(), path, media, body)
    };
    let source = "func main(): Int64 -> 42";
    let server = Server::start(&folder, &["--http", "127.0.0.1:0"]);
    assert!(!post(&server, "/v1/programs", source).starts_with("HTTP/1.1 2"));
    server.stop();
    let server = Server::start(&folder, &["--http", "127.0.0.1:0", "--allow-source"]);
    let answer = post(&server, "/v1/programs", source);
    assert!(answer.starts_with("HTTP/1.1 2"), "{answer}");
    server.stop();

    // The functions of a project are the operator's own.
    let server = Server::start(&folder, &["double.lt", "--http", "127.0.0.1:0"]);
    let answer = post(&server, "/v1/functions/main", "{\"xs\": [1, 2]}");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("[2,4]"), "{answer}");
    server.stop();
}
