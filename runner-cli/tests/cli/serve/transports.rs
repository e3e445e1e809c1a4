//! Every command over every transport.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::{super::support::Folder, Server, folder, path};

/// What is to hold wherever a runner is.
fn commands(folder: &Folder, url: &str, more: &[&str]) {
    let run = |args: &[&str]| folder.run(&[args, &["--runner", url], more].concat());
    assert_eq!(run(&["run", "double.lt", "--arg", "xs=[1, 2]"]).fine(), "[\n  2,\n  4,\n]\n");
    assert_eq!(
        run(&["run", "names.lt", "--output-format", "json"]).fine().split_whitespace().collect::<String>(),
        r#"[{"name":"anna"},{"name":"bert"}]"#
    );
    // Errors are the same as of a runner within the process, places included.
    run(&["run", "divide.lt", "--arg", "x=0"]).failed(1, &["EXECUTION_ERROR", "zero", "divide.lt:2"]);
    run(&["run", "double.lt", "--arg", "xs=true"]).failed(2, &["xs"]);
    let interface = run(&["interface"]);
    assert!(interface.fine().contains("std::fs::read_parquet"));
    assert_eq!(run(&["check", "names.lt"]).fine(), "");
    run(&["run", "endless.lt", "--time-limit", "200ms"]).failed(1, &["DEADLINE_EXCEEDED"]);
    // Large inputs and outputs.
    let numbers: Vec<String> = (0..300_000).map(|number| number.to_string()).collect();
    folder.write("numbers.json", format!("[{}]", numbers.join(",")));
    run(&["run", "double.lt", "--input", "numbers.json", "--output", "doubled.postcard"]).fine();
    folder.run(&["run", "double.lt", "--input", "numbers.json", "--output", "expected.postcard"]).fine();
    assert_eq!(folder.read("doubled.postcard"), folder.read("expected.postcard"));
}

#[test]
fn tcp() {
    let folder = folder();
    let server = Server::start(&folder, &["--listen", "tcp://127.0.0.1:0", "-r", "interpreter:data"]);
    commands(&folder, server.url(), &[]);
    server.stop();
}

#[test]
fn unix() {
    let folder = folder();
    let url = format!("unix://{}", path(&folder, "runner.sock"));
    let server = Server::start(&folder, &["--listen", &url, "--runner", "interpreter:data"]);
    assert_eq!(server.url(), url);
    commands(&folder, &url, &[]);
    server.stop();
}

#[test]
fn tls() {
    let folder = folder();
    certificates(&folder);
    let tls = ["--tls-cert", "server.pem", "--tls-key", "server.key", "--runner", "interpreter:data"];
    let server = Server::start(&folder, &[&["--listen", "tls://127.0.0.1:0"], &tls[..]].concat());
    let url = server.url().replace("127.0.0.1", "localhost");
    commands(&folder, &url, &["--tls-ca", "ca.pem"]);
    // Nobody else's authority has signed it.
    let run = ["run", "double.lt", "--arg", "xs=[]", "--runner", &url];
    folder.run(&run).failed(3, &["UNAVAILABLE", "TLS"]);
    server.stop();

    // Clients that have to show a certificate.
    let known = ["--listen", "tls://127.0.0.1:0", "--tls-client-ca", "ca.pem"];
    let server = Server::start(&folder, &[&known[..], &tls].concat());
    let url = server.url().replace("127.0.0.1", "localhost");
    let more = ["--tls-ca", "ca.pem", "--tls-cert", "client.pem", "--tls-key", "client.key"];
    let run = ["run", "double.lt", "--arg", "xs=[3]", "--runner", &url];
    assert_eq!(folder.run(&[&run[..], &more].concat()).fine(), "[\n  6,\n]\n");
    folder.run(&[&run[..], &["--tls-ca", "ca.pem"]].concat()).failed(3, &["UNAVAILABLE"]);
    server.stop();
}

#[cfg(feature = "http")]
#[test]
fn http() {
    let folder = folder();
    let server = Server::start(&folder, &["--http", "127.0.0.1:0", "--runner", "interpreter:data"]);
    assert!(server.url().starts_with("http://127.0.0.1:"));
    commands(&folder, server.url(), &[]);
    server.stop();

    certificates(&folder);
    let tls = ["--tls-cert", "server.pem", "--tls-key", "server.key", "--runner", "interpreter:data"];
    let server = Server::start(&folder, &[&["--listen", "https://127.0.0.1:0"], &tls[..]].concat());
    let url = server.url().replace("127.0.0.1", "localhost");
    commands(&folder, &url, &["--tls-ca", "ca.pem"]);
    server.stop();
}

#[test]
fn exec() {
    let folder = folder();
    let command = |rest: &str| format!("exec:'{}' {rest}", env!("CARGO_BIN_EXE_runner"));
    commands(&folder, &command("serve --stdio --runner interpreter:data"), &[]);
    // What is behind it may be anything, also another one.
    let tcp = Server::start(&folder, &["--listen", "tcp://127.0.0.1:0", "--runner", "interpreter:data"]);
    commands(&folder, &command(&format!("serve --stdio --runner {}", tcp.url())), &[]);
    // Its environment is its own.
    let chain = command(&format!("serve --stdio --runner {} --runner-token-env FISH", tcp.url()));
    let run = ["run", "double.lt", "--arg", "xs=[]", "--runner", &chain];
    folder.run(&run).failed(3, &["exit status: 2", "FISH"]);
    let mut allowed = super::runner();
    allowed.args(run).args(["--exec-env", "FISH"]).env("FISH", "swordfish").current_dir(folder.path());
    assert_eq!(allowed.output().unwrap().status.code(), Some(0));
    tcp.stop();
}

#[test]
fn all_at_once() {
    let folder = folder();
    let socket = format!("unix://{}", path(&folder, "a.sock"));
    let listen = ["--listen", "tcp://127.0.0.1:0", "--listen", &socket, "--listen", "tcp://[::1]:0"];
    let server = Server::start(&folder, &[&listen[..], &["-r", "interpreter:data"]].concat());
    assert_eq!(server.urls.len(), 3);
    for url in &server.urls {
        let run = ["run", "double.lt", "--arg", "xs=[1]", "--runner", url];
        assert_eq!(folder.run(&run).fine(), "[\n  2,\n]\n");
    }
    server.stop();
}

#[test]
fn runners_that_are_not_there() {
    let folder = folder();
    let run = |url: &str| folder.run(&["run", "double.lt", "--arg", "xs=[]", "--runner", url]);
    run("tcp://127.0.0.1:1").failed(3, &["UNAVAILABLE", "127.0.0.1:1"]);
    run("unix:///nowhere/runner.sock").failed(3, &["UNAVAILABLE", "/nowhere/runner.sock"]);
    run("tls://127.0.0.1:1").failed(3, &["UNAVAILABLE"]);
    run("exec:false").failed(3, &["UNAVAILABLE", "exit status: 1"]);
    run("exec:surely-no-such-command --stdio").failed(3, &["UNAVAILABLE", "surely-no-such-command"]);
    run("exec:echo hello").failed(2, &["DECODE_ERROR"]);
    if cfg!(feature = "http") {
        run("http://127.0.0.1:1").failed(3, &["UNAVAILABLE"]);
    }
    for wrong in ["tcp://127.0.0.1", "tcp:127.0.0.1:1", "tls://:1", "unix://", "exec:", "exec:'", "udp://a:1"]
    {
        run(wrong).failed(2, &[wrong]);
    }
    let limited = ["run", "double.lt", "--arg", "xs=[]", "--memory-limit", "1MB"];
    folder.run(&[&limited[..], &["--runner", "tcp://127.0.0.1:1"]].concat()).failed(2, &["memory"]);
}

/// An authority, a server's certificate for `localhost`, and a client's.
fn certificates(folder: &Folder) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    folder.write("ca.pem", authority.pem());
    for (name, host) in [("server", "localhost"), ("client", "someone")] {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        folder.write(&format!("{name}.pem"), params.signed_by(&key, &authority).unwrap().pem());
        folder.write(&format!("{name}.key"), key.serialize_pem());
    }
}
