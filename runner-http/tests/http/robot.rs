//! A runner whose programs do what their input, a text, says.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{Stream, StreamExt, stream};
use runner_core::{Bytes, Code, Description, Detail, Error, Prim, Program, Result, Run, wire::Writer};

use crate::support::program;

/// Numbers of a piece of the output of `count`.
pub(crate) const PIECE: u64 = 10_000;

/// What the robot did.
#[derive(Debug, Default)]
pub(crate) struct Robot {
    /// Calls of `prepare`.
    pub(crate) prepared: AtomicUsize,
    /// Prepared programs that exist.
    pub(crate) held: Arc<AtomicUsize>,
    /// Executes that have begun and neither ended nor been dropped.
    pub(crate) working: Arc<AtomicUsize>,
    /// Outputs of `whole` that are in memory.
    pub(crate) outputs: Arc<AtomicUsize>,
    /// Pieces that were asked for.
    pub(crate) pieces: Arc<AtomicU64>,
    /// Whether it is not ready, and how often it was asked.
    pub(crate) is_down: AtomicBool,
    pub(crate) asked: AtomicUsize,
}

/// An output that counts while it is in memory.
struct Output(Vec<u8>, #[expect(dead_code, reason = "counts while it lives")] Counted);

impl AsRef<[u8]> for Output {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[derive(Debug)]
pub(crate) struct Ready(#[expect(dead_code, reason = "counts while it lives")] Counted);

/// Counts while it lives.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The program whose input is what the robot does. There are as many as numbers.
pub(crate) fn order(number: usize) -> Program {
    program(&format!("func main(x: Text): [Int64] -> if x == \"\" then [] else [{number}]"))
}

/// The program that the robot can't prepare, by its input.
pub(crate) fn impossible(how: Prim) -> Program {
    program(&format!("func main(x: {}): Int64 -> 1", how.name()))
}

/// The input that says so.
pub(crate) fn say(words: &str) -> Bytes {
    postcard::to_allocvec(words).unwrap().into()
}

impl Run for Robot {
    type Prepared = Ready;

    async fn prepare(&self, program: &Program) -> Result<Ready> {
        self.prepared.fetch_add(1, Ordering::SeqCst);
        match program.types().as_prim(program.input()) {
            Some(Prim::Int8) => panic!("as asked"),
            Some(Prim::Int16) => return Err(Error::prepare("it does not please")),
            Some(Prim::Int32) => {
                let _working = Counted::new(&self.working);
                std::future::pending::<()>().await;
            }
            _ => {}
        }
        Ok(Ready(Counted::new(&self.held)))
    }

    async fn execute(&self, ready: &Ready, input: Bytes) -> Result<Bytes> {
        let mut output = Vec::new();
        let mut pieces = std::pin::pin!(self.execute_chunks(ready, input));
        while let Some(piece) = pieces.next().await {
            output.extend_from_slice(&piece?);
        }
        Ok(output.into())
    }

    /// `count N`: the numbers from 0 to before N, in pieces of 10,000. `whole N`: the same in one piece. `fail
    /// N`: the same in pieces, and then an error.
    fn execute_chunks<'a>(
        &'a self,
        _: &'a Ready,
        input: Bytes,
    ) -> impl Stream<Item = Result<Bytes>> + Send + 'a {
        let words: String = postcard::from_bytes(&input).unwrap();
        let (verb, number) = words.split_once(' ').unwrap_or((&words, "0"));
        let (verb, count) = (verb.to_owned(), number.parse::<u64>().unwrap());
        let working = Counted::new(&self.working);
        stream::unfold((0, false, working), move |(next, ended, working)| {
            let verb = verb.clone();
            async move {
                match verb.as_str() {
                    "panic" => panic!("as asked"),
                    "wait" => std::future::pending().await,
                    "error" => {
                        let error = Error::new(Code::Unavailable, "größer \u{1F980}")
                            .with_retryable(false)
                            .with_detail(Detail::SqlState("57P01".into()));
                        return (!ended).then_some((Err(error), (next, true, working)));
                    }
                    _ if ended => return None,
                    _ => {}
                }
                self.pieces.fetch_add(1, Ordering::SeqCst);
                if next >= count && verb == "fail" {
                    return Some((Err(Error::execution("as asked")), (next, true, working)));
                }
                // Not in one go: that is how answers are that take time.
                tokio::time::sleep(Duration::from_micros(1)).await;
                let mut writer = Writer::new();
                if next == 0 {
                    writer.length(count as usize);
                }
                let end = if verb == "whole" { count } else { (next + PIECE).min(count) };
                for number in next..end {
                    writer.i64(number as i64);
                }
                let ended = end >= count && verb != "fail";
                let piece = writer.into_bytes();
                let piece = match verb.as_str() {
                    "whole" => Bytes::from_owner(Output(piece, Counted::new(&self.outputs))),
                    _ => piece.into(),
                };
                Some((Ok(piece), (end, ended, working)))
            }
        })
    }

    async fn get_interface(&self) -> Result<String> {
        Ok(String::new())
    }

    async fn shutdown(&self) -> Result<()> {
        Ok(())
    }

    async fn describe(&self) -> Result<Description> {
        Ok(Description { streams: true, ..Description::new("robot", "1") })
    }

    async fn ready(&self) -> Result<()> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match self.is_down.load(Ordering::SeqCst) {
            true => Err(Error::new(Code::Unavailable, "a secret reason")),
            false => Ok(()),
        }
    }
}
