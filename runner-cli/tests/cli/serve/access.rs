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
    // A socket that others may use is like the network.
    for mode in ["660", "606", "640"] {
        let open = [&listen[..], &["--unix-mode", mode]].concat();
        let server = Server::start(&folder, &open);
        run(&server, 1).failed(2, &["UNSUPPORTED", "std::sql::raw", "--allow-raw"]);
        server.stop();
        let server = Server::start(&folder, &[&open[..], &["--allow-raw"]].concat());
        run(&server, 1).failed(2, &["needs a database"]);
        server.stop();
    }
    // A flag wins over the file.
    folder.write("serve.toml", "deny_raw = true\n");
    let server = Server::start(&folder, &[&listen[..], &["--config", "serve.toml", "--allow-raw"]].concat());
    run(&server, 0).failed(2, &["needs a database"]);
    run(&server, 1).failed(2, &["needs a database"]);
    server.stop();
}

/// With a project, its functions alone are run; programs and source of clients have to be allowed.
#[cfg(feature = "http")]
#[test]
fn programs_and_source_are_off_unless_allowed() {
    let folder = folder();
    folder.run(&["compile", "double.lt", "-o", "double.bin"]).fine();
    let bytes = folder.read("double.bin");
    let run = |server: &Server, at: usize| {
        folder.run(&["run", "double.lt", "--arg", "xs=[1]", "--runner", server.urls.get(at).unwrap()])
    };
    let encoded = |bytes: &[u8]| {
        // Two byte strings in postcard: the program, and an input of one number.
        let length = u8::try_from(bytes.len()).ok().filter(|length| *length < 0x80).unwrap();
        [&[length], bytes, &[2, 1, 2]].concat()
    };
    let listen = ["--listen", "tcp://127.0.0.1:0", "--http", "127.0.0.1:0"];
    for (args, programs, source) in [
        (&["double.lt"][..], false, false),
        (&["double.lt", "--allow-programs"], true, false),
        (&["double.lt", "--allow-source"], true, true),
        (&[], true, false),
        (&["--allow-source"], true, true),
    ] {
        let server = Server::start(&folder, &[args, &listen].concat());
        let http = server.urls.last().unwrap();
        let post = |path: &str, media: &str, body: &[u8]| {
            let fields = format!(
                "content-type: {media}\r\naccept: application/json\r\ncontent-length: {}\r\n",
                body.len()
            );
            super::ask(http, &format!("POST {path} HTTP/1.1"), &fields, body)
        };
        for (path, media, body, allowed, flag) in [
            ("/v1/programs", "application/vnd.runner.program", bytes.clone(), programs, "--allow-programs"),
            ("/v1/run", "application/vnd.postcard", encoded(&bytes), programs, "--allow-programs"),
            ("/v1/run", "application/json", b"{\"bytes\": \"\"}".to_vec(), programs, "--allow-programs"),
            ("/v1/programs", "text/x-lutra", b"const main = 42".to_vec(), source, "--allow-source"),
            ("/v1/run", "text/x-lutra", b"const main = 42".to_vec(), source, "--allow-source"),
            (
                "/v1/run",
                "application/json",
                b"{\"source\": \"const main = 42\"}".to_vec(),
                source,
                "--allow-source",
            ),
        ] {
            let answer = post(path, media, &body);
            if allowed {
                assert!(!answer.starts_with("HTTP/1.1 403 "), "{args:?} {path} {media}: {answer}");
                continue;
            }
            assert!(answer.starts_with("HTTP/1.1 403 "), "{args:?} {path} {media}: {answer}");
            assert!(answer.contains("\"UNSUPPORTED\"") && answer.contains(flag), "{answer}");
        }
        for at in 0..2 {
            match programs {
                true => assert!(run(&server, at).fine().contains("2")),
                false => run(&server, at).failed(2, &["UNSUPPORTED", "--allow-programs"]),
            }
        }
        // The functions of a project are the operator's own.
        if args.contains(&"double.lt") {
            let answer = post("/v1/functions/main", "application/json", b"{\"xs\": [1, 2]}");
            assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("[2,4]"), "{answer}");
        }
        let document = super::get(http, "/openapi.json");
        assert_eq!(document.contains("\"/v1/run\""), programs || source, "{document}");
        assert_eq!(document.contains("text/x-lutra\":{\"schema\""), source, "{document}");
        let log = server.stop();
        assert_eq!(log.contains("other clients run nothing"), !programs, "{log}");
    }
}
