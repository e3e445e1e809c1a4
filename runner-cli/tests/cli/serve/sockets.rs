//! Addresses that are taken, and files of sockets.

use std::{
    fs, net::TcpListener, os::unix::fs::PermissionsExt, os::unix::net::UnixListener, process::Command,
};

use super::{Server, folder, path};

#[test]
fn an_address_that_is_taken() {
    let folder = folder();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    folder.run(&["serve", "--listen", &format!("tcp://{address}")]).failed(3, &[&address, "in use"]);
    folder.run(&["serve", "--listen", "tcp://192.0.2.1:0", "--allow-no-token"]).failed(3, &["192.0.2.1"]);
    folder.run(&["serve", "--listen", "unix:///nowhere/a.sock"]).failed(3, &["/nowhere/a.sock"]);
    let long = format!("unix:///tmp/{}", "x".repeat(200));
    folder.run(&["serve", "--listen", &long]).failed(3, &["unix://"]);
    if cfg!(feature = "http") {
        folder.run(&["serve", "--http", &address]).failed(3, &[&address, "in use"]);
    }
    // If one can't be had, none is served.
    let listen = ["serve", "--listen", "tcp://127.0.0.1:0", "--listen", &format!("tcp://{address}")];
    folder.run(&[&listen[..], &["--address-file", "addresses"]].concat()).failed(3, &["in use"]);
    assert!(!folder.path().join("addresses").exists());
}

#[test]
fn files_of_sockets() {
    let folder = folder();
    let (file, url) = (folder.path().join("a.sock"), format!("unix://{}", path(&folder, "a.sock")));
    let run = ["run", "double.lt", "--arg", "xs=[]", "--runner", &url];

    // One that nobody listens on any more.
    drop(UnixListener::bind(&file).unwrap());
    assert!(file.exists());
    let server = Server::start(&folder, &["--listen", &url]);
    folder.run(&run).fine();
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // One that somebody listens on stays.
    folder.run(&["serve", "--listen", &url]).failed(3, &["another server"]);
    folder.run(&run).fine();

    // It goes with its server, but not if it is another one's by then.
    server.stop();
    assert!(!file.exists());
    let server = Server::start(&folder, &["--listen", &url, "--unix-mode", "660"]);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o660);
    fs::remove_file(&file).unwrap();
    let other = Server::start(&folder, &["--listen", &url]);
    server.stop();
    folder.run(&run).fine();

    // A server that is killed leaves it, and the next one replaces it.
    other.signal("-KILL");
    other.end();
    assert!(file.exists());
    let server = Server::start(&folder, &["--listen", &url]);
    folder.run(&run).fine();
    // Also one that is told twice takes it along.
    server.signal("-TERM");
    server.signal("-TERM");
    server.end();
    assert!(!file.exists());

    // What is no socket is nobody's to remove.
    for make in ["touch", "mkdir"] {
        let path = path(&folder, make);
        assert!(Command::new(make).arg(&path).status().unwrap().success());
        folder.run(&["serve", "--listen", &format!("unix://{path}")]).failed(3, &["no socket"]);
        assert!(folder.path().join(make).exists());
    }
}
