//! Sources that were damaged at random never make the compiler panic, and never take it long.

use runner_lang::{Project, check};

use crate::common::{entries, folder};

const ROUNDS: usize = 10_000;

/// SplitMix64: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// Splits where words and signs meet, so that mutations often parse.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end.max(first.len_utf8()));
        words.push(word);
        rest = behind;
    }
    words
}

#[test]
fn mutated_sources_never_panic() {
    let mut texts = Vec::new();
    for area in entries(&folder("tests/cases")).iter().filter(|path| path.is_dir()) {
        for path in entries(area).iter().filter(|path| path.is_file()) {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let source = text.split("\n#>").next().unwrap_or_default().to_owned();
            if source.len() < 2_000 {
                texts.push(source);
            }
        }
    }
    let pieces: Vec<String> = texts.iter().flat_map(|text| words(text)).map(str::to_owned).collect();
    let mut random = Random(7);
    for _ in 0..ROUNDS {
        let mut source: Vec<&str> = words(&texts[random.below(texts.len())]);
        for _ in 0..=random.below(3) {
            let at = random.below(source.len());
            let other = random.below(source.len());
            match random.below(5) {
                0 => drop(source.splice(at..(at + 1).min(source.len()), [])),
                1 => source.insert(at, &pieces[random.below(pieces.len())]),
                2 => source.swap(at, other),
                3 => source.insert(at, source[other]),
                _ => source[at] = &pieces[random.below(pieces.len())],
            }
            if source.is_empty() {
                source.push("");
            }
        }
        let text = source.concat();
        let checked = check(&Project::from_source("a.lt", text.as_str()));
        let program = if random.below(2) == 0 { "main" } else { text.lines().last().unwrap_or_default() };
        let _ = checked.compile(program);
        for function in checked.functions() {
            let _ = checked.compile(&function.path);
        }
    }
}
