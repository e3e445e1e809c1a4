//! Measuring one thing beside another in the same run.

use std::{
    env,
    hint::black_box,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

/// A row of the large table.
#[derive(Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Album {
    pub id: i64,
    pub artist: i32,
    pub title: String,
    pub rating: f64,
    pub sold: bool,
}

/// A measurement: what was measured, and the median of its times.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Who did it.
    pub name: &'static str,
    /// Median time of a run.
    pub time: Duration,
}

/// The median time of `action`, over at least three runs and about `budget`, after one run that does not count.
pub fn measure<T>(name: &'static str, budget: Duration, mut action: impl FnMut() -> T) -> Measured {
    black_box(action());
    let mut times = Vec::new();
    let start = Instant::now();
    while times.len() < 3 || (start.elapsed() < budget && times.len() < 1000) {
        let run = Instant::now();
        black_box(action());
        times.push(run.elapsed());
    }
    times.sort();
    Measured { name, time: times[times.len() / 2] }
}

/// The median times of actions that are done one after the other, again and again for about `budget` each, so that a slow
/// moment of the machine hits all of them; after one round that does not count.
pub fn in_turns(budget: Duration, actions: &mut [(&'static str, &mut dyn FnMut())]) -> Vec<Measured> {
    let mut times = vec![Vec::new(); actions.len()];
    let budget = budget * actions.len() as u32;
    let start = Instant::now();
    for round in 0..1000 {
        for ((_, action), times) in actions.iter_mut().zip(&mut times) {
            let run = Instant::now();
            action();
            if round > 0 {
                times.push(run.elapsed());
            }
        }
        if round >= 3 && start.elapsed() > budget {
            break;
        }
    }
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    actions.iter().zip(times).map(|((name, _), times)| Measured { name, time: median(times) }).collect()
}

/// Measures and prints a group, unless the command line names others: `cargo bench --bench NAME -- sort`.
pub fn group(title: &str, measured: impl FnOnce() -> Vec<Measured>) {
    let mut wanted = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).peekable();
    if wanted.peek().is_none() || wanted.any(|part| title.contains(&part)) {
        report(title, &measured());
    }
}

/// Prints a group: each measurement and how many times the first one's time it took.
pub fn report(title: &str, measured: &[Measured]) {
    println!("\n{title}");
    let Some(first) = measured.first() else { return };
    for one in measured {
        let ratio = one.time.as_secs_f64() / first.time.as_secs_f64();
        println!("  {:<28} {:>12.3} ms   {ratio:>10.2} x", one.name, one.time.as_secs_f64() * 1e3);
    }
}

/// The folder that `examples/flights/fetch.sh` fills. Without it, says so.
pub fn flights() -> Option<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(Path::new(&env::var_os("HOME")?).join(".cache")))?;
    let folder = env::var_os("RUNNER_FLIGHTS").map_or(cache.join("runner-flights"), PathBuf::from);
    if !folder.join("flights.parquet").is_file() {
        println!("no flights in {}: run examples/flights/fetch.sh first", folder.display());
        return None;
    }
    Some(folder)
}
