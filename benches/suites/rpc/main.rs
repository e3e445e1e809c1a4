//! The binary protocol over loopback TCP: beside `tarpc`, beside bare length-prefixed frames on tokio, and beside
//! `tokio::io::copy`. The runner echoes its input, so that only the way to it and back is measured.

mod bare;
mod copy;
mod idle;
mod ours;
mod peer;
mod process;
mod raw;

use std::{future::Future, pin::Pin};

use runner_benches::{Measured, Turns, group, timed};
use tokio::{runtime::Runtime, task::JoinSet};

/// Bytes of an input and of an output.
const PAYLOAD: usize = 32;

/// Calls of one measurement, and how many of them are in flight at a time.
const CALLS: usize = 200_000;
const IN_FLIGHT: usize = 1_000;

/// Calls of one measurement, each after the answer to the one before.
const TURNS: usize = 20_000;

/// Bytes of the large output.
const OUTPUT: usize = 256 << 20;

/// How often everything is measured, in turns, so that a slow moment of the machine hits all.
const ROUNDS: usize = 15;

/// How often requests in flight are measured, whose times differ more.
const PIPELINED_ROUNDS: usize = 61;

fn main() {
    if idle::is_server() {
        return idle::serve();
    }
    if process::child() {
        return;
    }
    let runtime = Runtime::new().unwrap();
    // On a worker of the runtime, as those are who serve.
    let measure = |measuring: fn() -> Measuring| runtime.block_on(runtime.spawn(measuring())).unwrap();
    group("200,000 executes of 32 bytes, 1,000 in flight on one connection", || {
        measure(|| Box::pin(pipelined()))
    });
    group("the same, beside tarpc", || measure(|| Box::pin(pipelined_beside_peer())));
    group("the same, by one task that writes frames by hand", || measure(|| Box::pin(by_hand())));
    group("20,000 executes of 32 bytes, one after the other", || measure(|| Box::pin(sequential())));
    group("20,000 executes of 32 bytes over the pipes of a child, one after the other", || {
        measure(|| Box::pin(pipes()))
    });
    group("an output of 256 MB", || measure(|| Box::pin(outputs())));
    println!("\na server with 1,000 idle connections");
    println!("  resident memory {:>27.3} MB", runtime.block_on(idle::memory()) as f64 / 1e6);
}

type Measuring = Pin<Box<dyn Future<Output = Vec<Measured>> + Send>>;

async fn pipelined() -> Vec<Measured> {
    let mut turns = Turns::new(["bare frames, same callers", "runner"]);
    for round in 0..PIPELINED_ROUNDS {
        // How the tasks of a connection come to lie on the threads stays for its life, and makes much of a difference.
        let (bare, ours) = (bare::connect().await.share(), ours::connect(0).await);
        // Each comes first as often as the other: what was before has left its traces in memory.
        for turn in round..round + 2 {
            match turn % 2 {
                0 => turns.add(0, timed(from_many_tasks(&bare)).await),
                _ => turns.add(1, timed(from_many_tasks(&ours)).await),
            }
        }
    }
    turns.measured()
}

async fn pipelined_beside_peer() -> Vec<Measured> {
    let (ours, peer) = (ours::connect(0).await, peer::connect().await);
    let mut turns = Turns::new(["runner", "tarpc (bincode)"]);
    for _ in 0..ROUNDS {
        turns.add(0, timed(from_many_tasks(&ours)).await);
        turns.add(1, timed(from_many_tasks(&peer)).await);
    }
    turns.measured()
}

async fn by_hand() -> Vec<Measured> {
    let mut turns = Turns::new(["bare frames", "runner"]);
    for round in 0..PIPELINED_ROUNDS {
        let (mut bare, mut ours) = (bare::connect().await, raw::connect().await);
        for turn in round..round + 2 {
            match turn % 2 {
                0 => turns.add(0, timed(bare.exchange(CALLS, IN_FLIGHT)).await),
                _ => turns.add(1, timed(ours.exchange(CALLS, IN_FLIGHT)).await),
            }
        }
    }
    turns.measured()
}

async fn sequential() -> Vec<Measured> {
    let (ours, peer, mut bare) = (ours::connect(0).await, peer::connect().await, bare::connect().await);
    let mut turns = Turns::new(["bare frames", "runner", "tarpc (bincode)"]);
    for _ in 0..ROUNDS {
        turns.add(0, timed(bare.exchange(TURNS, 1)).await);
        turns.add(1, timed(in_turn(&ours, TURNS)).await);
        turns.add(2, timed(in_turn(&peer, TURNS)).await);
    }
    turns.measured()
}

async fn pipes() -> Vec<Measured> {
    let (process, duplex, mut bare) =
        (process::process().await, process::duplex().await, process::Bare::start());
    let mut turns = Turns::new(["in memory, and bare pipes", "in memory", "bare pipes", "runner in a child"]);
    for _ in 0..ROUNDS {
        let memory = timed(in_turn(&duplex, TURNS)).await;
        let pipes = timed(bare.exchange()).await;
        turns.add(0, memory + pipes);
        turns.add(1, memory);
        turns.add(2, pipes);
        turns.add(3, timed(in_turn(&process, TURNS)).await);
    }
    turns.measured()
}

async fn outputs() -> Vec<Measured> {
    let ours = ours::connect(OUTPUT).await;
    let bytes: &'static [u8] = vec![7; OUTPUT].leak();
    let mut turns = Turns::new(["tokio::io::copy", "runner, in pieces", "runner, as a whole"]);
    for _ in 0..ROUNDS {
        turns.add(0, timed(copy::copy(bytes)).await);
        turns.add(1, timed(ours.large_in_pieces()).await);
        turns.add(2, timed(ours.large()).await);
    }
    turns.measured()
}

/// Somebody who can make a call, from any number of tasks.
trait Caller: Clone + Send + Sync + 'static {
    /// Sends the payload and waits until it is back.
    fn call(&self) -> impl Future<Output = ()> + Send;
}

/// Makes all calls from as many tasks as are to be in flight.
async fn from_many_tasks(caller: &impl Caller) {
    let mut tasks = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let caller = caller.clone();
        tasks.spawn(async move { in_turn(&caller, CALLS / IN_FLIGHT).await });
    }
    tasks.join_all().await;
}

async fn in_turn(caller: &impl Caller, calls: usize) {
    for _ in 0..calls {
        caller.call().await;
    }
}
