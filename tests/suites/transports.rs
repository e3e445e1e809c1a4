//! Work stops when nobody wants its answer, over every transport: shown by a log that the work itself writes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "transports/statements.rs"]
mod statements;

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use libtest_mimic::{Arguments, Trial};
use runner_core::{
    Bytes, Cancel, Code, DynRun, Program, Result, Run, RunSync,
    adapt::{Blocking, Pooled},
};
use runner_interpreter::Interpreter;
use runner_lang::{Project, compile};
use runner_tests::transport::{self, Served, Transport};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Time in which everything here happens, if it happens at all.
const LONG: Duration = Duration::from_secs(60);

/// Never ends by itself, and calls the host function again and again.
const ENDLESS: &str = "
external func tick(x: Int64): Int64
func main(x: Int64): Int64 -> loop_until_empty([x], xs -> xs | map(x -> tick(x))) | count";

type Test = fn(Transport);

fn main() {
    let child = |about: &str| {
        if let Some(database) = statements::child(about) {
            return database;
        }
        let log = Path::new(about);
        // Never accepts anybody; whether it can be reached says whether this process lives.
        std::mem::forget(UnixListener::bind(alive(log)).unwrap());
        DynRun::new(watched(log))
    };
    if transport::child(child) {
        return;
    }
    let arguments = Arguments::from_args();
    let ways: [(&str, Test); 4] = [
        ("a_dropped_future", a_dropped_future),
        ("a_late_deadline", a_late_deadline),
        ("an_explicit_cancel", an_explicit_cancel),
        ("a_lost_connection", a_lost_connection),
    ];
    let trials = Transport::ALL.into_iter().flat_map(|transport| {
        ways.map(|(way, test)| {
            Trial::test(format!("{}::{way}_stops_the_work", transport.name()), move || {
                test(transport);
                Ok(())
            })
        })
    });
    libtest_mimic::run(&arguments, trials.chain(statements::trials()).collect()).exit();
}

fn a_dropped_future(transport: Transport) {
    let scene = Scene::new(transport);
    let client = scene.client();
    scene.runtime.block_on(async {
        let task = tokio::spawn({
            let client = Arc::clone(&client);
            async move { execute(&client).await }
        });
        scene.log.begins().await;
        task.abort();
        scene.log.stops().await;
        echo(&client).await;
    });
}

fn a_late_deadline(transport: Transport) {
    let scene = Scene::new(transport);
    let client = scene.client();
    scene.runtime.block_on(async {
        // The work has begun when the time is over, however slow the machine is.
        let late = async {
            scene.log.begins().await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        tokio::select! {
            result = execute(&client) => panic!("it ended: {result:?}"),
            () = late => {}
        }
        scene.log.stops().await;
        echo(&client).await;
    });
}

fn an_explicit_cancel(transport: Transport) {
    let scene = Scene::new(transport);
    let served = scene.runtime.block_on(scene.serve());
    let client = Blocking::start(async { served.connect().await }).unwrap();
    let prepared = client.prepare(&endless()).unwrap();
    let cancel = Cancel::new();
    thread::scope(|scope| {
        let executing = scope.spawn(|| client.execute_with(&prepared, &[2], &cancel));
        scene.runtime.block_on(scene.log.begins());
        cancel.cancel();
        assert_eq!(executing.join().unwrap().unwrap_err().code(), Code::Cancelled);
    });
    scene.runtime.block_on(scene.log.stops());
}

/// The client's whole runtime ends, and with it its sockets, without a goodbye.
fn a_lost_connection(transport: Transport) {
    let scene = Scene::new(transport);
    let served = scene.runtime.block_on(scene.serve());
    let clients = Runtime::new().unwrap();
    clients.spawn(async move {
        let client = served.connect().await.unwrap();
        execute(&client).await
    });
    scene.runtime.block_on(scene.log.begins());
    clients.shutdown_background();
    scene.runtime.block_on(async {
        match transport {
            // It is killed, and has no time to write that the work has ended.
            Transport::Child => scene.log.dies().await,
            _ => scene.log.stops().await,
        }
    });
}

/// A server, a log of its work, and the runtime of both.
struct Scene {
    transport: Transport,
    runtime: Runtime,
    log: Log,
    _directory: TempDir,
}

impl Scene {
    fn new(transport: Transport) -> Self {
        let directory = TempDir::new().unwrap();
        let log = Log(directory.path().join("log"));
        fs::write(&log.0, "").unwrap();
        Self { transport, runtime: Runtime::new().unwrap(), log, _directory: directory }
    }

    async fn serve(&self) -> Served {
        let runner = Arc::new(watched(&self.log.0));
        self.transport.serve(runner, self.log.0.to_str().unwrap()).await
    }

    fn client(&self) -> Arc<DynRun> {
        self.runtime.block_on(async { Arc::new(self.serve().await.connect().await.unwrap()) })
    }
}

/// What the work writes: `b` when an execute begins, `t` in the host function, `e` when the execute has ended.
#[derive(Clone)]
struct Log(PathBuf);

impl Log {
    fn write(&self, letter: u8) {
        let mut file = OpenOptions::new().append(true).open(&self.0).unwrap();
        file.write_all(&[letter]).unwrap();
    }

    fn count(&self, letter: u8) -> usize {
        fs::read(&self.0).unwrap().into_iter().filter(|found| *found == letter).count()
    }

    /// Waits until the host function was called.
    async fn begins(&self) {
        self.until("the work begins", || self.count(b't') > 0).await;
        assert_eq!((self.count(b'b'), self.count(b'e')), (1, 0), "it is at work");
    }

    /// Waits until the execute has ended. From then on nothing calls the host function.
    async fn stops(&self) {
        self.until("the work stops", || self.count(b'e') == 1).await;
        assert_eq!(fs::read(&self.0).unwrap().last(), Some(&b'e'));
    }

    /// Waits until the child that writes is no more.
    async fn dies(&self) {
        self.until("the child dies", || UnixStream::connect(alive(&self.0)).is_err()).await;
    }

    async fn until(&self, what: &str, happens: impl Fn() -> bool) {
        let start = Instant::now();
        while !happens() {
            assert!(start.elapsed() < LONG, "never: {what}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// The socket of a child that writes to this log.
fn alive(log: &Path) -> PathBuf {
    log.with_extension("alive")
}

/// An interpreter whose work is logged.
struct Watched {
    interpreter: Interpreter,
    log: Log,
}

fn watched(log: &Path) -> Pooled<Watched> {
    let log = Log(log.into());
    let ticks = log.clone();
    let tick = move |x: i64| {
        ticks.write(b't');
        thread::sleep(Duration::from_millis(1));
        x
    };
    let interpreter = Interpreter::builder().function("tick(x)", tick).build();
    Pooled::new(Watched { interpreter, log }, 2).unwrap()
}

impl RunSync for Watched {
    type Prepared = <Interpreter as RunSync>::Prepared;

    fn prepare(&self, program: &Program) -> Result<Self::Prepared> {
        self.interpreter.prepare(program)
    }

    fn execute_with(&self, prepared: &Self::Prepared, input: &[u8], cancel: &Cancel) -> Result<Vec<u8>> {
        self.log.write(b'b');
        let output = self.interpreter.execute_with(prepared, input, cancel);
        self.log.write(b'e');
        output
    }

    fn get_interface(&self) -> Result<String> {
        self.interpreter.get_interface()
    }

    fn shutdown(&self) -> Result<()> {
        self.interpreter.shutdown()
    }
}

fn endless() -> Program {
    program(ENDLESS)
}

fn program(source: &str) -> Program {
    compile(&Project::from_source("test.lt", source), "main").unwrap().program
}

async fn execute(client: &DynRun) -> Result<Bytes> {
    let prepared = client.prepare(&endless()).await?;
    client.execute(&prepared, vec![2].into()).await
}

/// The client, its connection and its server are as good as before.
async fn echo(client: &DynRun) {
    let prepared = client.prepare(&program("func main(x: Int64): Int64 -> x")).await.unwrap();
    assert_eq!(client.execute(&prepared, vec![84].into()).await.unwrap(), [84][..]);
}
