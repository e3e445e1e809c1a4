//! The lines of the README that call curl, as they stand there.

use std::process::Command;

use super::{super::support::examples, Server, folder};

/// The lines of the section on HTTP that begin with `curl`, each with the answer that the next line says.
fn lines() -> Vec<(String, String)> {
    let readme = include_str!("../../../../README.md");
    let section = readme.split("\n## ").find(|section| section.starts_with("Over HTTP")).unwrap();
    let calls = section.lines().zip(section.lines().skip(1)).filter(|(line, _)| line.starts_with("curl "));
    calls
        .map(|(line, next)| (line.to_owned(), next.strip_prefix("# ").unwrap_or_default().to_owned()))
        .collect()
}

#[test]
fn the_lines_of_the_readme_give_what_it_says() {
    let project = examples().join("http").display().to_string();
    let server = Server::start(&folder(), &[&project, "--http", "127.0.0.1:0", "--allow-source"]);
    let lines = lines();
    assert!(lines.len() >= 4, "{lines:?}");
    for (line, expected) in lines {
        let local = line.replace("localhost:8080", server.url().trim_start_matches("http://"));
        let output = Command::new("sh").args(["-c", &local]).output().unwrap();
        let answer = String::from_utf8(output.stdout).unwrap();
        assert!(
            fits(answer.trim_end(), &expected),
            "{line}\ngave {answer}\nnot  {expected}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    server.stop();
}

/// Whether an answer is what was expected, where `...` stands for anything.
fn fits(answer: &str, expected: &str) -> bool {
    let parts: Vec<&str> = expected.split("...").collect();
    let [first, middle @ .., last] = parts.as_slice() else { return answer == expected };
    let Some(mut rest) = answer.strip_prefix(first) else { return false };
    for part in middle {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}
