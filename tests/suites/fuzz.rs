//! The fuzz targets of `fuzz/` on mutated seeds: without coverage and for a bounded time, see `fuzz/README.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

#[allow(unreachable_pub, reason = "it is a crate of its own, too")]
#[path = "../../fuzz/src/lib.rs"]
mod fuzz;

use std::{
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::{Duration, Instant},
};

use fastrand::Rng;
use fuzz::{TARGETS, Target};
use libtest_mimic::{Arguments, Failed, Trial};

/// Seconds for each target.
const SECONDS: u64 = 2;

/// In the environment: other seconds, and the seed of the random numbers.
const SECONDS_VAR: &str = "RUNNER_FUZZ_SECONDS";
const SEED_VAR: &str = "RUNNER_FUZZ_SEED";

/// In the environment: a folder into which the seeds are written, for libFuzzer to begin with.
const CORPUS_VAR: &str = "RUNNER_FUZZ_CORPUS";

/// Bytes that are tried at most.
const BYTES: usize = 4096;

/// Numbers at the borders of encodings.
const INTERESTING: &[&[u8]] = &[
    &[0; 4],
    &[0xff; 4],
    &[0xff; 10],
    &[0x80, 0x80, 0x04],
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    b"((((((((((((((((",
    b"\"",
    b"\\u",
    b"{}",
    b"[",
    b"->",
];

fn main() {
    let trials = TARGETS.map(|target| Trial::test(target.name, move || run(&target)));
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit();
}

fn run(target: &Target) -> Result<(), Failed> {
    let number = |name: &str, default| env::var(name).map_or(default, |value| value.parse().unwrap());
    let (seconds, seed) = (number(SECONDS_VAR, SECONDS), number(SEED_VAR, 1));
    let (mut rng, mut pool) = (Rng::with_seed(seed), (target.seeds)());
    for bytes in &pool {
        attempt(target, bytes, seed)?;
    }
    if let Ok(folder) = env::var(CORPUS_VAR) {
        let folder = Path::new(&folder).join(target.name);
        fs::create_dir_all(&folder)?;
        for (number, bytes) in pool.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), bytes)?;
        }
    }
    let seeds = pool.len();
    let (start, mut count) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_secs(seconds) {
        let bytes = mutated(&pool, &mut rng);
        attempt(target, &bytes, seed)?;
        // Some mutations are mutated again, so that several changes can add up.
        if rng.u8(..) == 0 {
            match pool.len() < 4 * seeds {
                true => pool.push(bytes),
                false => pool[rng.usize(seeds..4 * seeds)] = bytes,
            }
        }
        count += 1;
    }
    println!("{}: {count} inputs", target.name);
    Ok(())
}

fn attempt(target: &Target, bytes: &[u8], seed: u64) -> Result<(), Failed> {
    catch_unwind(AssertUnwindSafe(|| (target.check)(bytes))).map_err(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|said| (*said).to_owned()));
        format!("seed {seed}, bytes b\"{}\": {}", bytes.escape_ascii(), said.unwrap_or_default()).into()
    })
}

fn mutated(pool: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = rng.choice(pool).unwrap().clone();
    for _ in 0..=rng.u8(..4) {
        let at = rng.usize(..=bytes.len());
        let end = at + rng.usize(..=(bytes.len() - at).min(16));
        match rng.u8(..9) {
            0 if at < bytes.len() => bytes[at] = rng.u8(..),
            1 if at < bytes.len() => bytes[at] ^= 1 << rng.u8(..8),
            2 if at < bytes.len() => bytes[at] = bytes[at].wrapping_add(rng.i8(-4..=4) as u8),
            3 => bytes.truncate(at),
            4 => drop(bytes.drain(at..end)),
            5 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part.repeat(rng.usize(1..20)));
            }
            6 => drop(bytes.splice(at..at, rng.choice(INTERESTING).unwrap().iter().copied())),
            7 => {
                let other = rng.choice(pool).unwrap();
                let from = rng.usize(..=other.len());
                bytes.splice(at..end, other[from..].iter().copied());
            }
            _ => bytes.insert(at, rng.u8(..)),
        }
    }
    bytes.truncate(BYTES);
    bytes
}
