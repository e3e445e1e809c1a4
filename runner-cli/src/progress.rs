//! A line on a terminal that says what takes so long.

use std::{
    env,
    io::{self, IsTerminal, Write},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Instant,
};

use crate::limits::{SHOW_AFTER, SHOW_EVERY};

const PICTURES: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// Shows the phase and the time since the start, once that is long; nothing if standard error is no terminal.
/// Dropping it clears the line.
pub(crate) struct Progress(Option<Line>);

struct Line {
    shared: Arc<Shared>,
    painter: Option<JoinHandle<()>>,
}

struct Shared {
    /// The phase, `None` at the end.
    phase: Mutex<Option<&'static str>>,
    changed: Condvar,
}

impl Progress {
    /// Begins with this phase.
    pub(crate) fn start(phase: &'static str) -> Self {
        let dumb = env::var_os("TERM").is_some_and(|value| value == "dumb");
        if dumb || !io::stderr().is_terminal() {
            return Self(None);
        }
        let shared = Arc::new(Shared { phase: Mutex::new(Some(phase)), changed: Condvar::new() });
        let painted = Arc::clone(&shared);
        // Without a thread there is no progress to see, but there is.
        let painter = thread::Builder::new().spawn(move || paint(&painted)).ok();
        Self(Some(Line { shared, painter }))
    }

    /// Goes on to another phase.
    pub(crate) fn phase(&self, phase: &'static str) {
        if let Some(line) = &self.0 {
            *line.shared.phase.lock().unwrap_or_else(PoisonError::into_inner) = Some(phase);
        }
    }

    /// Clears the line; nothing is shown from now on.
    pub(crate) fn finish(&mut self) {
        let Some(line) = self.0.take() else { return };
        *line.shared.phase.lock().unwrap_or_else(PoisonError::into_inner) = None;
        line.shared.changed.notify_all();
        if let Some(painter) = line.painter {
            // It can't panic, and if it did there would be no line to clear.
            let _ = painter.join();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Clears the line of a terminal.
pub(crate) fn clear() {
    let mut out = io::stderr().lock();
    if out.is_terminal() {
        let _ = out.write_all(b"\r\x1b[K");
        let _ = out.flush();
    }
}

fn paint(shared: &Shared) {
    let start = Instant::now();
    let mut pause = SHOW_AFTER;
    let mut pictures = PICTURES.iter().cycle();
    let mut shown = false;
    let mut phase = shared.phase.lock().unwrap_or_else(PoisonError::into_inner);
    while let Some(name) = *phase {
        if start.elapsed() >= SHOW_AFTER {
            pause = SHOW_EVERY;
            shown = true;
            let picture = pictures.next().unwrap_or(&"");
            let _ = write!(io::stderr(), "\r\x1b[K{picture} {name} {:.1} s", start.elapsed().as_secs_f64());
            let _ = io::stderr().flush();
        }
        phase = shared.changed.wait_timeout(phase, pause).unwrap_or_else(PoisonError::into_inner).0;
    }
    if shown {
        clear();
    }
}
