//! Standard error, where messages go.

use std::{
    env,
    io::{self, IsTerminal, Write},
};

/// Whether messages may have colours.
pub(crate) fn has_colour() -> bool {
    let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = env::var_os("TERM").is_some_and(|value| value == "dumb");
    !refused && !dumb && io::stderr().is_terminal()
}

/// Writes a message after the word `error`.
pub(crate) fn error(message: &str) {
    let word = if has_colour() { "\x1b[1;31merror\x1b[0m" } else { "error" };
    say(&format!("{word}: {message}"));
}

/// Writes text and a newline. If nobody can read it, there is nobody to tell.
pub(crate) fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", text.trim_end());
}
