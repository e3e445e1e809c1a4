//! Measuring both sides of a query in turns.

use std::time::{Duration, Instant};

use runner_core::{Code, Error, Program, Value, wire};
use runner_lang::Checked;

use crate::{options::Options, tpch};

/// Who runs queries both ways.
pub trait Engine {
    fn title(&self) -> String;
    fn compare(&mut self, query: &str, options: &Options) -> Compared;
    /// The SQL that is sent, and the plans of both sides.
    fn show(&mut self, query: &str) -> String;
}

/// What a query took.
pub struct Compared {
    /// Median time of the SQL of the specification.
    pub official: Duration,
    pub ours: Ours,
    /// Most memory in bytes that the two processes held, where each side has one.
    pub peaks: Option<(u64, u64)>,
}

pub enum Ours {
    /// The median time, and the median of how many times the other side's time it took.
    Took {
        time: Duration,
        ratio: f64,
    },
    TimedOut(Duration),
    Failed(String),
}

/// Why a side gave no time.
pub enum Trouble {
    TimedOut,
    Failed(String),
}

/// Measures both sides in turns after `warm`, the first time of our side. Ends early when the time-out has been spent.
pub fn in_turns(
    options: &Options,
    warm: Result<Duration, Trouble>,
    mut official: impl FnMut() -> Duration,
    mut ours: impl FnMut() -> Result<Duration, Trouble>,
) -> Compared {
    official();
    let start = Instant::now();
    let (mut times, mut pairs) = (Vec::new(), Vec::new());
    let mut result = warm;
    while times.len() < options.repetitions {
        let by_hand = official();
        times.push(by_hand);
        let is_spent = start.elapsed() > options.timeout
            || result.as_ref().is_ok_and(|warm| start.elapsed() + *warm > options.timeout);
        let Ok(warm) = &result else { continue };
        let turn = if is_spent { Ok(*warm) } else { ours() };
        match turn {
            Ok(time) => pairs.push((time, by_hand)),
            Err(trouble) => result = Err(trouble),
        }
        if is_spent {
            break;
        }
    }
    let ours = match result {
        Ok(_) => took(&pairs),
        Err(Trouble::TimedOut) => Ours::TimedOut(options.timeout),
        Err(Trouble::Failed(message)) => Ours::Failed(message),
    };
    Compared { official: median(times, Duration::cmp), ours, peaks: None }
}

fn took(pairs: &[(Duration, Duration)]) -> Ours {
    let ratios = pairs.iter().map(|(ours, official)| ours.as_secs_f64() / official.as_secs_f64());
    Ours::Took {
        time: median(pairs.iter().map(|(time, _)| *time).collect(), Duration::cmp),
        ratio: median(ratios.collect(), f64::total_cmp),
    }
}

fn median<T: Copy>(mut values: Vec<T>, compare: impl FnMut(&T, &T) -> std::cmp::Ordering) -> T {
    values.sort_by(compare);
    values[values.len() / 2]
}

/// What became of an execution that took some time.
pub fn outcome<T>(result: Result<T, Error>, time: Duration, options: &Options) -> Result<T, Trouble> {
    result.map_err(|error| match error.code() {
        Code::DeadlineExceeded | Code::Cancelled => Trouble::TimedOut,
        _ if time >= options.timeout => Trouble::TimedOut,
        _ => Trouble::Failed(error.to_string()),
    })
}

pub fn compile(project: &Checked, expression: &str) -> Program {
    project.compile(expression).unwrap_or_else(|errors| panic!("{expression}: {errors:#?}")).program
}

/// Fails if the answer of a program is not that of the SQL of the specification.
pub fn check(program: &Program, output: &[u8], expected: &[u8]) -> Result<(), Trouble> {
    let value = |bytes| -> Value { wire::decode(program.types(), program.output(), bytes).unwrap() };
    match tpch::is_close(&value(output), &value(expected)) {
        true => Ok(()),
        false => Err(Trouble::Failed("the answer differs".into())),
    }
}
