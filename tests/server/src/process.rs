//! Processes by number.

use std::{fs, path::Path, process::Command, thread, time::Duration};

/// Those that a process has started and that still run.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let all = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    all.filter(|process| parent_of(*process) == Some(parent)).collect()
}

/// Ends processes without a word, and waits until they are gone.
pub(crate) fn kill(processes: &[u32]) {
    let mut command = Command::new("sh");
    command.args(["-c", "kill -9 \"$@\"", "kill"]).args(processes.iter().map(u32::to_string));
    // Some may have ended by themselves since they were found.
    let _ = command.status().expect("a shell is there");
    while processes.iter().any(|process| is_running(*process)) {
        thread::sleep(Duration::from_millis(5));
    }
}

fn parent_of(process: u32) -> Option<u32> {
    // The name of the program, in parentheses, may hold anything.
    let (state, parent) = stat(process)?;
    (state != "Z").then_some(parent)
}

fn is_running(process: u32) -> bool {
    Path::new(&format!("/proc/{process}")).exists() && stat(process).is_some_and(|(state, _)| state != "Z")
}

/// State and parent.
fn stat(process: u32) -> Option<(String, u32)> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}
