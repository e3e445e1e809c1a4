//! Programs that fail or don't end, readers that go away.

use std::{
    io::Read,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::support::{Folder, runner};

const ENDLESS: &str = "func main(): [Int64] -> loop_until_empty([1], xs -> xs)\n";

#[test]
fn a_failing_program_exits_with_1() {
    let folder = Folder::with(&[("main.lt", "func main(x: Int64): Int64 -> 1 / x\n")]);
    folder.run(&["run", "main.lt", "--arg", "x=0"]).failed(1, &["EXECUTION_ERROR", "zero", "main.lt:1"]);
    folder.write("out.lt", "before");
    let args = ["run", "main.lt", "--arg", "x=0", "--output", "out.lt"];
    folder.run(&args).failed(1, &["EXECUTION_ERROR"]);
    assert_eq!(folder.text("out.lt"), "before");
    assert_eq!(folder.names(), ["main.lt", "out.lt"]);
    folder.run(&["run", "main.lt", "--arg", "x=1", "--output", "out.lt"]).fine();
    assert_eq!(folder.text("out.lt"), "1\n");
    assert_eq!(folder.names(), ["main.lt", "out.lt"]);
}

#[test]
fn limits() {
    // What is produced grows without end.
    let folder = Folder::with(&[("main.lt", ENDLESS)]);
    let run = |flag, value| folder.run(&["run", "main.lt", flag, value, "--output", "out.lt"]);
    run("--time-limit", "200ms").failed(1, &["DEADLINE_EXCEEDED", "200ms"]);
    run("--steps-limit", "100_000").failed(1, &["RESOURCE_EXHAUSTED", "100000"]);
    run("--memory-limit", "10MB").failed(1, &["RESOURCE_EXHAUSTED", "10000000"]);
    assert_eq!(folder.names(), ["main.lt"]);
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it() {
    use std::os::unix::process::ExitStatusExt;

    let folder = Folder::with(&[("main.lt", ENDLESS)]);
    let mut command = runner();
    command.args(["run", "main.lt", "--time-limit", "60s", "--output", "out.lt"]).current_dir(folder.path());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // One that comes before there is a handler is lost where a shell has said to ignore it.
    let status = loop {
        let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        thread::sleep(Duration::from_millis(100));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
    };
    // By the signal itself if it came before there was a handler.
    assert!(status.code() == Some(130) || status.signal() == Some(2), "{status}");
    assert_eq!(folder.names(), ["main.lt"]);
}

#[test]
fn a_reader_may_go_away() {
    let folder = Folder::with(&[("main.lt", "func main(): [Int64] -> sequence(0, 300_000)\n")]);
    let mut command = runner();
    command.args(["run", "main.lt"]).current_dir(folder.path());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
}
