//! Source from clients takes no more than it is given, which the process shows.

use std::{fmt::Write as _, fs, thread, time::Duration};

use super::{Server, folder};

/// Functions that take seconds to check.
fn large() -> String {
    let mut text = String::new();
    for index in 0..9_000 {
        let _ = writeln!(
            text,
            "func f{index}(xs: [Int64]) -> xs | map(x -> [x + {index}, x, x] | sum) | sort(x -> x)"
        );
    }
    text + "func main(): Int64 -> 42"
}

/// Processor time that the server has used, in hundredths of a second.
fn used(server: &Server) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", server.child.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    [11, 12].iter().map(|place| fields.get(*place).unwrap().parse::<u64>().unwrap()).sum()
}

#[test]
fn a_compile_ends_at_the_deadline_of_its_request() {
    let folder = folder();
    let server = Server::start(
        &folder,
        &[
            "--http",
            "127.0.0.1:0",
            "--allow-source",
            "--limit-request-time",
            "100ms",
            "--limit-source-bytes",
            "2MiB",
        ],
    );
    for _ in 0..3 {
        let answer = super::post(server.url(), "/v1/run", "text/x-lutra", &large());
        assert!(answer.contains("DEADLINE_EXCEEDED"), "{answer}");
    }
    thread::sleep(Duration::from_millis(300));
    let before = used(&server);
    thread::sleep(Duration::from_secs(1));
    assert!(used(&server) - before < 20, "it runs on");
    server.stop();
}

#[test]
fn sources_that_grow_without_bounds_are_refused() {
    let mut splices = "func main() -> (let b0 = {1, 2};".to_owned();
    for index in 0..24 {
        let _ = write!(splices, " let b{} = {{..b{index}, ..b{index}}};", index + 1);
    }
    splices.push_str(" 1)");
    let mut errors = String::new();
    for index in 0..4_000 {
        let _ = writeln!(errors, "const a{index}: Text = 1");
    }
    let folder = folder();
    let server = Server::start(&folder, &["--http", "127.0.0.1:0", "--allow-source"]);
    for (source, words) in [(splices, "a tuple has at most 65536 fields"), (errors, "... and 3900 more")] {
        let answer = super::post(server.url(), "/v1/run", "text/x-lutra", &source);
        assert!(answer.contains("PREPARE_ERROR") && answer.contains(words), "{answer}");
    }
    let status = fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: usize = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 256 << 10, "{peak} kB");
    server.stop();
}
