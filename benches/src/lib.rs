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
    /// Median of how many times as long as the first one it took, where both were measured in turns.
    pub ratio: Option<f64>,
}

/// Times of several things that are measured in turns. A moment in which the machine is slow hits all of them, so that
/// what they take beside each other in one turn says more than what they take.
pub struct Turns(Vec<(&'static str, Vec<Duration>)>);

impl Turns {
    /// Nothing measured yet.
    pub fn new(names: impl IntoIterator<Item = &'static str>) -> Self {
        Self(names.into_iter().map(|name| (name, Vec::new())).collect())
    }

    /// Notes what the thing at `index` took in this turn. All have to be measured in each.
    pub fn add(&mut self, index: usize, time: Duration) {
        self.0[index].1.push(time);
    }

    /// The medians.
    pub fn measured(self) -> Vec<Measured> {
        let first: Vec<_> = self.0.first().map(|(_, times)| times.clone()).unwrap_or_default();
        let measured = |(name, mut times): (&'static str, Vec<Duration>)| {
            let ratios =
                times.iter().zip(&first).map(|(time, first)| time.as_secs_f64() / first.as_secs_f64());
            let mut ratios: Vec<_> = ratios.collect();
            ratios.sort_by(f64::total_cmp);
            times.sort();
            Measured { name, time: times[times.len() / 2], ratio: Some(ratios[ratios.len() / 2]) }
        };
        self.0.into_iter().map(measured).collect()
    }
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
    Measured { name, time: times[times.len() / 2], ratio: None }
}

/// Does actions one after the other, again and again for about `budget` each; the first turn does not count.
pub fn in_turns(budget: Duration, actions: &mut [(&'static str, &mut dyn FnMut())]) -> Vec<Measured> {
    let mut turns = Turns::new(actions.iter().map(|(name, _)| *name));
    let budget = budget * actions.len() as u32;
    let start = Instant::now();
    for turn in 0..1000 {
        for (index, (_, action)) in actions.iter_mut().enumerate() {
            let run = Instant::now();
            action();
            if turn > 0 {
                turns.add(index, run.elapsed());
            }
        }
        if turn >= 3 && start.elapsed() > budget {
            break;
        }
    }
    turns.measured()
}

/// How long something takes.
pub async fn timed<T>(action: impl Future<Output = T>) -> Duration {
    let start = Instant::now();
    action.await;
    start.elapsed()
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
        let of_medians = one.time.as_secs_f64() / first.time.as_secs_f64();
        let ratio = one.ratio.unwrap_or(of_medians);
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
