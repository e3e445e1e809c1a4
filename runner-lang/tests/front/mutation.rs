//! Damaged sources: nothing panics, and places are within the text.

use runner_lang::{Project, format, render};

use crate::common::{corpus, tree};

/// SplitMix64, so that every run has the same inputs.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

const PIECES: [&str; 40] = [
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\"\"\"",
    "f\"{",
    "`",
    "@",
    "@!",
    "#",
    "## ",
    "\n",
    "\\",
    ".",
    "..",
    "::",
    "->",
    "=>",
    "|",
    "??",
    "?",
    ":",
    ";",
    ",",
    "let ",
    "match ",
    "if ",
    "func ",
    "func (",
    "const ",
    "module a {",
    "type ",
    "import ",
    "where ",
    "-",
    "0x",
    "é",
];

fn check(bytes: Vec<u8>) {
    let project = Project::from_source("a.lt", bytes);
    let parsed = project.parse();
    for diagnostic in parsed.diagnostics.iter().take(3) {
        let spans = diagnostic.labels.iter().map(|(span, _)| span).chain([&diagnostic.span]);
        for span in spans {
            assert!(span.start <= span.end, "{diagnostic:?}");
        }
        assert!(!render(&project, diagnostic, false).is_empty());
    }
    let text = project.sources()[0].text();
    if let Ok(once) = format(text) {
        assert_eq!(tree(&once), tree(text), "{text}\n---\n{once}");
        assert_eq!(format(&once).as_deref(), Ok(once.as_str()), "{text}");
    }
}

#[test]
fn mutated_sources() {
    let corpus = corpus();
    let mut random = Random(1);
    for _ in 0..10_000 {
        let mut bytes = corpus[random.below(corpus.len())].1.clone().into_bytes();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len());
            let end = (at + random.below(30)).min(bytes.len());
            match random.below(6) {
                0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
                1 => drop(bytes.drain(at..end)),
                2 => {
                    let copy = bytes[at..end].to_vec();
                    let to = random.below(bytes.len());
                    bytes.splice(to..to, copy);
                }
                3 => {
                    let other = corpus[random.below(corpus.len())].1.as_bytes();
                    let from = random.below(other.len());
                    let to = (from + random.below(60)).min(other.len());
                    bytes.splice(at..at, other[from..to].iter().copied());
                }
                4 => bytes.truncate(at),
                _ => drop(bytes.splice(at..at, PIECES[random.below(PIECES.len())].bytes())),
            }
        }
        check(bytes);
    }
}

#[test]
fn random_sources() {
    let mut random = Random(2);
    for _ in 0..2_000 {
        let length = random.below(200);
        check((0..length).map(|_| random.next() as u8).collect());
        let pieces = random.below(60);
        check((0..pieces).flat_map(|_| PIECES[random.below(PIECES.len())].bytes()).collect());
    }
}

/// A comment between any two tokens stays a comment, and the layout stays a fixed point.
#[test]
fn comments_anywhere() {
    let mut random = Random(3);
    for (path, text) in corpus().into_iter().filter(|(path, _)| !path.contains("error_")) {
        if format(&text).is_err() || text.contains("\"\"\"") {
            continue;
        }
        for round in 0..2 {
            let mut damaged = String::new();
            let mut count = 0;
            for line in text.lines() {
                let is_code = !line.contains(['#', '"', '`']) && !line.trim().is_empty();
                for char in line.chars() {
                    damaged.push(char);
                    if is_code && "(){}[],; ".contains(char) && random.below(6) == 0 {
                        count += 1;
                        let before = if random.below(2) == 0 { "\n" } else { " " };
                        damaged.push_str(&format!("{before}#c{count}.\n"));
                    }
                }
                damaged.push('\n');
            }
            let Ok(once) = format(&damaged) else { continue };
            assert_eq!(tree(&once), tree(&damaged), "{path} {round}\n{damaged}\n---\n{once}");
            assert_eq!(format(&once).as_deref(), Ok(once.as_str()), "{path}\n{damaged}");
            for index in 1..=count {
                assert!(once.contains(&format!("#c{index}.")), "{path}: #c{index}\n{damaged}\n---\n{once}");
            }
        }
    }
}
