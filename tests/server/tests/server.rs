//! A server outlives neither its handle nor its process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use runner_test_server::{Options, Server};

#[test]
fn a_dropped_server_leaves_nothing() {
    let server = Server::start();
    let folder = server.socket().to_owned();
    let socket = folder.join(format!(".s.PGSQL.{}", server.port()));
    assert!(socket.exists());
    server.kill();
    assert!(!socket.exists());
    server.resume();
    assert!(socket.exists());
    drop(server);
    assert!(!folder.exists());
}

#[test]
fn options_reach_the_server() {
    let settings = [("cluster_name", "it's mine"), ("log_connections", "on")];
    let files = [("pg_hba.conf", "host all all 127.0.0.1/32 trust\nlocal all all trust\n")];
    let server = Server::with(&Options { settings: &settings, files: &files, tcp: true });
    std::net::TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    assert!(server.log().contains("ready to accept connections"), "{}", server.log());
}

/// What [`a_killed_process_leaves_nothing`] kills.
#[test]
#[ignore = "it waits for its end"]
fn hold() {
    let server = Server::start();
    println!("\nfolder={}", server.socket().display());
    std::thread::sleep(Duration::from_secs(600));
}

#[test]
fn a_killed_process_leaves_nothing() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "hold", "--nocapture"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let folder = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("folder=").map(str::to_owned));
    let folder = folder.expect("it prints its folder");
    assert!(Path::new(&folder).join("data/postmaster.pid").exists());
    child.kill().unwrap();
    child.wait().unwrap();
    for _ in 0..600 {
        if !Path::new(&folder).exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{folder} is left");
}
