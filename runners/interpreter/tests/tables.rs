//! Keys that were prepared to collide cost no more than others: each execution hashes with a seed of its own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail by a panic")]

use std::{collections::HashSet, hash::Hasher, time::Duration};

use foldhash::{SharedSeed, fast::FoldHasher};
use runner_core::{Code, Program, Result, RunSync};
use runner_interpreter::{Builder, Interpreter, Limits};
use runner_lang::{Project, compile};
use serde::Serialize;

const KEYS: usize = 100_000;

/// More steps than honest keys take, and thousands of times fewer than colliding ones.
const STEPS: u64 = 20 * KEYS as u64;

/// Every kind of table, over rows of some type.
const OPERATIONS: [&str; 4] = [
    "rows | distinct | count",
    "rows | group(x -> x) | count",
    "rows | map(x -> rows | filter(y -> y == x) | count) | sum",
    "rows | filter(x -> rows | contains(x)) | count",
];

/// Keys of each type that is made of parts; those of one type collide if each part is hashed without a seed.
fn prepared() -> Vec<(&'static str, Vec<u8>)> {
    let texts = texts();
    let pairs = pairs(|a| old::fold(old::FACTOR, a), KEYS);
    let nested: Vec<_> = pairs.iter().map(|pair| (true, Some(*pair))).collect();
    vec![
        ("Text?", bytes(&texts.iter().map(Some).collect::<Vec<_>>())),
        ("[Text]", bytes(&texts.iter().map(|text| [text].to_vec()).collect::<Vec<_>>())),
        ("{Uint64, Uint64}?", bytes(&pairs.iter().map(Some).collect::<Vec<_>>())),
        ("[{Uint64, Uint64}]", bytes(&pairs.iter().map(|pair| [pair].to_vec()).collect::<Vec<_>>())),
        ("{Bool, {Uint64, Uint64}?}", bytes(&nested)),
        ("[[Text?]]", bytes(&texts.iter().map(|text| vec![vec![Some(text)]]).collect::<Vec<_>>())),
        ("enum {a, b: {n: Int64, t: Text?}}", bytes(&texts.iter().map(Variant::new).collect::<Vec<_>>())),
    ]
}

#[test]
fn keys_prepared_against_a_known_function_take_no_more_steps() {
    let interpreter = Interpreter::builder().limits(limits()).build();
    for (ty, rows) in prepared() {
        for operation in OPERATIONS {
            let answer = run(&interpreter, ty, operation, &rows);
            assert_eq!(answer.map_err(|error| error.to_string()), Ok(KEYS as i64), "{operation} of {ty}");
        }
    }
}

#[test]
fn keys_prepared_against_a_known_seed_take_no_more_steps_with_another_one() {
    let seed = 0x5eed;
    let rows = bytes(&pairs(hash_of_one(seed), KEYS));
    let ty = "{Uint64, Uint64}";
    for operation in OPERATIONS {
        let with = |builder: Builder| run(&builder.limits(limits()).build(), ty, operation, &rows);
        // They are what they are meant to be, and the budget notices.
        assert_eq!(with(Interpreter::builder().hash_seed(seed)).unwrap_err().code(), Code::ResourceExhausted);
        assert_eq!(with(Interpreter::builder()).unwrap(), KEYS as i64, "{operation}");
        assert_eq!(with(Interpreter::builder().hash_seed(seed + 1)).unwrap(), KEYS as i64, "{operation}");
    }
}

#[test]
fn a_table_ends_with_its_deadline() {
    let seed = 0x5eed;
    let rows = bytes(&pairs(hash_of_one(seed), KEYS));
    let time = Some(Duration::from_millis(100));
    let interpreter = Interpreter::builder().hash_seed(seed).limits(Limits { time, ..Limits::default() });
    let error = run(&interpreter.build(), "{Uint64, Uint64}", OPERATIONS[0], &rows).unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
}

#[test]
fn a_table_is_charged_before_it_is_made() {
    let rows = bytes(&(0..100_000i64).collect::<Vec<_>>());
    for (operation, mebibytes) in OPERATIONS.into_iter().zip([2, 2, 3, 3]) {
        let limits = Limits { memory_bytes: Some(mebibytes << 20), ..Limits::default() };
        let interpreter = Interpreter::builder().limits(limits).build();
        let error = run(&interpreter, "Int64", operation, &rows).unwrap_err();
        assert_eq!(error.code(), Code::ResourceExhausted, "{operation}");
        let limits = Limits { memory_bytes: Some(mebibytes << 23), ..Limits::default() };
        let interpreter = Interpreter::builder().limits(limits).build();
        assert_eq!(run(&interpreter, "Int64", operation, &rows).unwrap(), KEYS as i64, "{operation}");
    }
}

fn limits() -> Limits {
    // Time ends what counts no steps; an honest run takes a hundredth of it.
    Limits { steps: Some(STEPS), time: Some(Duration::from_secs(60)), memory_bytes: None }
}

fn run(interpreter: &Interpreter, ty: &str, operation: &str, rows: &[u8]) -> Result<i64> {
    let source = format!("func main(rows: [{ty}]): Int64 -> {operation}");
    let prepared = interpreter.prepare(&program(&source))?;
    interpreter.execute(&prepared, rows).map(|output| postcard::from_bytes(&output).unwrap())
}

fn program(source: &str) -> Program {
    compile(&Project::from_source("test.lt", source), "main").unwrap().program
}

fn bytes<T: Serialize + ?Sized>(rows: &T) -> Vec<u8> {
    postcard::to_allocvec(rows).unwrap()
}

#[derive(Serialize)]
enum Variant<'a> {
    #[allow(dead_code, reason = "the other variant")]
    A,
    B(i64, Option<&'a String>),
}

impl<'a> Variant<'a> {
    fn new(text: &'a String) -> Self {
        Self::B(1, Some(text))
    }
}

/// Pairs with one hash, where the second number is folded into the hash of the first.
fn pairs(hash: impl Fn(u64) -> u64, count: usize) -> Vec<(u64, u64)> {
    (0..count as u64).map(|a| (a, hash(a) ^ 0x7a26_37c1_90e5_d3b8)).collect()
}

/// The hash of the first of two fields with a seed, as the tables have it.
fn hash_of_one(seed: u64) -> impl Fn(u64) -> u64 {
    let shared = SharedSeed::from_u64(seed);
    let fold = move |hash, value| {
        let mut hasher = FoldHasher::with_seed(hash, &shared);
        hasher.write_u64(value);
        hasher.finish()
    };
    move |value| fold(fold(seed, 1), value)
}

/// Texts of 16 ASCII characters that have one hash where their hash begins with a constant.
fn texts() -> Vec<String> {
    let mut texts = Vec::with_capacity(KEYS);
    let mut hashes = HashSet::new();
    for number in 0u64.. {
        let first = format!("{number:08x}");
        let hash = old::fold(old::FACTOR, u64::from_le_bytes(first.as_bytes().try_into().unwrap()));
        let second = hash.rotate_left(23) ^ 0x7a26_37c1_90e5_d3b8;
        if second & 0x8080_8080_8080_8080 == 0 {
            let text = first + std::str::from_utf8(&second.to_le_bytes()).unwrap();
            hashes.insert(old::bytes(old::FACTOR, text.as_bytes()));
            texts.push(text);
            if texts.len() == KEYS {
                break;
            }
        }
    }
    assert_eq!(hashes.len(), 1);
    texts
}

/// A hash function whose constants anybody can read.
mod old {
    pub(super) const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

    pub(super) fn fold(hash: u64, value: u64) -> u64 {
        let product = u128::from(hash ^ value) * u128::from(FACTOR);
        (product as u64) ^ ((product >> 64) as u64)
    }

    pub(super) fn bytes(mut hash: u64, bytes: &[u8]) -> u64 {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            hash = fold(hash, u64::from_le_bytes(*word)).rotate_left(23);
        }
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(slot, byte)| *slot = *byte);
        fold(fold(hash, u64::from_le_bytes(last)), bytes.len() as u64)
    }
}
