//! What is wrong with a configuration is said before anybody is served.

use super::{Server, folder};

#[test]
fn mistakes_in_the_file() {
    let folder = folder();
    let cases: &[(&str, &[&str])] = &[
        ("conections = 3\n", &["unknown field", "conections", "line 1"]),
        (
            "[limits]\nconnections = 3\nconection_time = \"3s\"\n",
            &["unknown field", "conection_time", "line 3"],
        ),
        ("[limit]\nconnections = 3\n", &["unknown field", "limit"]),
        ("[limits]\nconnections = \"many\"\n", &["many", "line 2"]),
        ("[limits]\nconnections = -1\n", &["-1"]),
        ("[limits]\nrequest_time = \"3 parsecs\"\n", &["expected a time", "line 2"]),
        ("[limits]\ninput_bytes = \"3 pounds\"\n", &["expected a size", "line 2"]),
        ("[limits]\ninput_bytes = true\n", &["expected a number", "line 2"]),
        ("grace = \"soon\"\n", &["expected", "line 1"]),
        ("listen = \"tcp://127.0.0.1:0\"\n", &["listen", "sequence"]),
        ("listen = [\"tcp://127.0.0.1\"]\n", &["tcp://127.0.0.1", "HOST:PORT"]),
        ("log_level = \"loud\"\n", &["loud", "debug"]),
        ("log_format = \"xml\"\n", &["xml", "json"]),
        ("unix_mode = \"999\"\n", &["octal"]),
        ("stdio = yes\n", &["line 1"]),
        ("stdio = true\nstdio = true\n", &["duplicate", "line 2"]),
        ("listen = [\n", &["line"]),
        ("token_file = \"nowhere\"\nlisten = [\"tcp://127.0.0.1:0\"]\n", &["nowhere", "no such file"]),
        ("token_env = \"NOT_SET_AT_ALL\"\nlisten = [\"tcp://127.0.0.1:0\"]\n", &["NOT_SET_AT_ALL"]),
        ("listen = [\"tls://127.0.0.1:0\"]\n", &["certificate", "--tls-cert"]),
        ("listen = [\"tcp://127.0.0.1:0\"]\nrunner = \"nothing\"\n", &["nothing"]),
        ("listen = [\"tcp://127.0.0.1:0\"]\nspool_dir = \"nowhere\"\n", &["nowhere", "no file can be made"]),
        ("", &["nothing is to be served", "--stdio"]),
    ];
    for (text, words) in cases {
        folder.write("serve.toml", text);
        folder.run(&["serve", "--config", "serve.toml"]).failed(2, words);
    }
    folder.write("serve.toml", b"\xff\xfe");
    folder.run(&["serve", "--config", "serve.toml"]).failed(2, &["serve.toml"]);
    folder.run(&["serve", "--config", "absent.toml"]).failed(2, &["absent.toml"]);
}

#[test]
fn mistakes_in_flags() {
    let folder = folder();
    let cases: &[(&[&str], &[&str])] = &[
        (&[], &["nothing is to be served"]),
        (&["--listen", "udp://127.0.0.1:0"], &["udp", "unix://PATH"]),
        (&["--listen", "tcp://127.0.0.1:99999"], &["99999"]),
        (&["--listen", "unix://"], &["unix"]),
        (&["--stdio", "--address-file", "-"], &["standard output"]),
        (&["double.lt", "--stdio"], &["HTTP"]),
        (&["--stdio", "--allow-source"], &["HTTP"]),
        (&["--stdio", "--grace", "soon"], &["soon"]),
        (&["--stdio", "--limit-connections", "many"], &["many"]),
        (&["--stdio", "--limit-conections", "1"], &["--limit-conections"]),
        (
            &["--listen", "tls://127.0.0.1:0", "--tls-cert", "double.lt", "--tls-key", "token"],
            &["certificate"],
        ),
        (&["--listen", "tls://127.0.0.1:0", "--tls-cert", "nowhere", "--tls-key", "token"], &["nowhere"]),
        (&["--stdio", "--spool-dir", "double.lt"], &["double.lt", "no file can be made"]),
        (&["--stdio", "--spool-dir", ".", "--no-spool"], &["--no-spool"]),
        (&["--stdio", "--runner", "tcp://127.0.0.1:1", "--limit-steps", "5"], &["steps"]),
    ];
    for (args, words) in cases {
        folder.run(&[&["serve"], *args].concat()).failed(2, words);
    }
}

#[test]
fn flags_win_over_the_file() {
    let folder = folder();
    folder.write(
        "serve.toml",
        "listen = [\"tcp://127.0.0.1:0\"]\nrunner = \"interpreter:nowhere\"\n\
         [limits]\nprogram_bytes = 10\nrequest_time = \"200ms\"\ninput_bytes = 8\n",
    );
    let args = [
        "--config",
        "serve.toml",
        "--runner",
        "interpreter:data",
        "--limit-program-bytes",
        "1MiB",
        "--limit-steps",
        "1_000",
    ];
    // Limits are of the file where no flag says something else.
    let args: Vec<&str> = args.into_iter().filter(|arg| *arg != "--limit-steps" && *arg != "1_000").collect();
    let server = Server::start(&folder, &args);
    let run = |args: &[&str]| folder.run(&[&["run"], args, &["--runner", server.url()]].concat());
    run(&["names.lt"]).fine();
    run(&["endless.lt"]).failed(1, &["DEADLINE_EXCEEDED", "200"]);
    run(&["double.lt", "--arg", "xs=[1, 2, 3, 4, 5, 6, 7, 8]"]).failed(1, &["RESOURCE_EXHAUSTED", "8 bytes"]);
    server.stop();
    let server = Server::start(&folder, &["--config", "serve.toml", "--runner", "interpreter"]);
    let run = ["run", "double.lt", "--arg", "xs=[]", "--runner", server.url()];
    folder.run(&run).failed(1, &["RESOURCE_EXHAUSTED", "10 bytes"]);
    server.stop();
}

#[test]
fn limits_of_the_interpreter() {
    let folder = folder();
    let listen = ["--listen", "tcp://127.0.0.1:0", "--limit-steps", "1000", "--limit-memory-bytes", "1MB"];
    let server = Server::start(&folder, &listen);
    let endless = ["run", "endless.lt", "--runner", server.url()];
    folder.run(&endless).failed(1, &["RESOURCE_EXHAUSTED", "1000"]);
    server.stop();
}
