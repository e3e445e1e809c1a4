//! The memory of a server process that nobody asks anything.

use std::{
    env,
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
};

use runner_binary::{Client, ClientOptions};
use tokio::runtime::Runtime;

/// In the environment of a process that is to be the server.
const SERVER: &str = "RUNNER_BENCH_IDLE_SERVER";

const CONNECTIONS: usize = 1_000;

/// Whether this process was started to be the server.
pub fn is_server() -> bool {
    env::var_os(SERVER).is_some()
}

/// Serves, after a line with the address, until the standard input ends.
pub fn serve() {
    let runtime = Runtime::new().unwrap();
    println!("{}", runtime.block_on(crate::ours::listen(0)));
    let _ = std::io::stdin().read(&mut [0]);
}

/// Resident bytes of a server with idle connections.
pub async fn memory() -> u64 {
    let mut server = Command::new(env::current_exe().unwrap())
        .env(SERVER, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut address = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut address).unwrap();
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(Client::connect_tcp(address.trim(), ClientOptions::new()).await.unwrap());
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let resident: u64 = resident.trim().trim_end_matches(" kB").parse().unwrap();
    drop(server.stdin.take());
    server.wait().unwrap();
    resident * 1024
}
