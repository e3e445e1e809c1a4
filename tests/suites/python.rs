//! The client in Python of `examples/python`, over every transport that it speaks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{fs, path::Path, process::Command, sync::Arc};

use libtest_mimic::{Arguments, Failed, Trial};
use runner_lang::{Project, compile};
use runner_tests::{
    backend,
    transport::{self, Transport},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

fn main() {
    if transport::child(|_| backend::interpreters()) {
        return;
    }
    let mut trials = Vec::new();
    for transport in [Transport::Tcp, Transport::Unix, Transport::Tls, Transport::Child] {
        let name = transport.name();
        trials.push(Trial::test(format!("{name}::protocol"), move || protocol(transport)));
    }
    trials.push(Trial::test("http::http", http));
    for transport in [Transport::Tcp, Transport::Unix, Transport::Child, Transport::Http] {
        let name = transport.name();
        trials.push(Trial::test(format!("{name}::albums"), move || albums(transport)));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn protocol(transport: Transport) -> Result<(), Failed> {
    on_programs(transport, "python/protocol.py")
}

fn http() -> Result<(), Failed> {
    on_programs(Transport::Http, "python/http_api.py")
}

/// Runs a script with two programs to work with.
fn on_programs(transport: Transport, script: &str) -> Result<(), Failed> {
    let programs = TempDir::new()?;
    for (name, source) in
        [("double", "func main(x: Int64): Int64 -> x * 2"), ("same", "func main(x: Text): Text -> x")]
    {
        let compiled = compile(&Project::from_source("test.lt", source), "main").unwrap();
        fs::write(programs.path().join(name), compiled.program.bytes())?;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
    python(transport, &script, programs.path())?;
    Ok(())
}

/// As `examples/python/albums.py` says.
fn albums(transport: Transport) -> Result<(), Failed> {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/python");
    let directory = TempDir::new()?;
    let path = directory.path().join("cheap.program");
    let project = Project::from_source("albums.lt", fs::read(example.join("albums.lt"))?);
    fs::write(&path, compile(&project, "cheap").unwrap().program.bytes())?;
    let said = python(transport, &example.join("albums.py"), &path)?;
    match said.as_str() {
        "A Love Supreme\nKind of Blue\n" => Ok(()),
        said => Err(format!("it said {said}").into()),
    }
}

/// Runs a script with a served interpreter and a path. What it says.
fn python(transport: Transport, script: &Path, path: &Path) -> Result<String, Failed> {
    let runtime = Runtime::new()?;
    let served = runtime.block_on(transport.serve(Arc::new(backend::interpreters()), ""));
    let mut command = Command::new("python3");
    command.arg("-B").arg(script).arg(&served.url).arg(path);
    if let Some(authority) = &served.authority {
        command.arg(authority);
    }
    let (name, value) = transport::child_variable("");
    command.env(name, value);
    let output = command.output()?;
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout)?),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}
