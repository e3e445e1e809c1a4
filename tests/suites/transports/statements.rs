//! A statement of PostgreSQL stops when nobody wants its answer, over every transport: the database itself says so.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use libtest_mimic::Trial;
use runner_core::{Cancel, Code, DynRun, Run, RunSync, adapt::Blocking};
use runner_postgres::Postgres;
use runner_test_server::Server;
use runner_tests::{backend, transport::Served, transport::Transport};
use tokio::{runtime::Runtime, time::timeout};

use super::{LONG, program};

/// Takes ten minutes.
const SLEEP: &str = "func main(): [{a: Int64}] -> std::sql::raw(\"SELECT 1::int8 AS a FROM pg_sleep(600)\")";

/// How many such statements are at work.
const ASLEEP: &str = "func main(): [{n: Int64}] -> std::sql::raw(\"SELECT count(*) AS n FROM pg_stat_activity
    WHERE state = 'active' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()\")";

type Test = fn(&Scene);

pub(crate) fn trials() -> impl Iterator<Item = Trial> {
    let ways: [(&str, Test); 4] = [
        ("a_dropped_future", a_dropped_future),
        ("a_late_deadline", a_late_deadline),
        ("an_explicit_cancel", an_explicit_cancel),
        ("a_lost_connection", a_lost_connection),
    ];
    Transport::ALL.into_iter().flat_map(move |transport| {
        ways.map(|(way, test)| {
            Trial::test(format!("{}::{way}_stops_the_statement", transport.name()), move || {
                test(&Scene::new(transport));
                Ok(())
            })
        })
    })
}

fn a_dropped_future(scene: &Scene) {
    let served = scene.serve();
    let client = Arc::new(scene.runtime.block_on(served.connect()).unwrap());
    let task = scene.runtime.spawn({
        let client = Arc::clone(&client);
        async move { sleep(&client).await }
    });
    scene.until_asleep(1);
    task.abort();
    scene.until_asleep(0);
    assert_eq!(scene.runtime.block_on(count(&client)), 0, "the client and its server are as good as before");
}

/// A deadline is a timeout around the future; it grows until the statement is at work when it is over.
fn a_late_deadline(scene: &Scene) {
    let served = scene.serve();
    let client = scene.runtime.block_on(served.connect()).unwrap();
    let watch = Blocking::start(Postgres::connect(&scene.database.url())).unwrap();
    thread::scope(|scope| {
        let seen = scope.spawn(|| until_asleep(&watch, 1));
        let mut time = Duration::from_millis(1);
        while !seen.is_finished() {
            let late = scene.runtime.block_on(async { timeout(time, sleep(&client)).await });
            assert!(late.is_err());
            scene.until_asleep(0);
            time *= 2;
        }
    });
    // A statement may have begun after it was cancelled for the first time.
    let start = Instant::now();
    while scene.runtime.block_on(count(&client)) != 0 {
        assert!(start.elapsed() < LONG, "the client and its server are as good as before");
    }
}

fn an_explicit_cancel(scene: &Scene) {
    let served = scene.serve();
    let client = Blocking::start(async { served.connect().await }).unwrap();
    let prepared = client.prepare(&program(SLEEP)).unwrap();
    let cancel = Cancel::new();
    thread::scope(|scope| {
        let executing = scope.spawn(|| client.execute_with(&prepared, &[], &cancel));
        scene.until_asleep(1);
        cancel.cancel();
        assert_eq!(executing.join().unwrap().unwrap_err().code(), Code::Cancelled);
    });
    scene.until_asleep(0);
}

/// The client's whole runtime ends, and with it its sockets, without a goodbye. A child is killed, and the database
/// notices that.
fn a_lost_connection(scene: &Scene) {
    let served = scene.serve();
    let clients = Runtime::new().unwrap();
    clients.spawn(async move {
        let client = served.connect().await.unwrap();
        sleep(&client).await
    });
    scene.until_asleep(1);
    clients.shutdown_background();
    scene.until_asleep(0);
}

/// A database, and somebody who looks at what it does.
struct Scene {
    transport: Transport,
    runtime: Runtime,
    watch: Blocking<Postgres>,
    database: Server,
}

impl Scene {
    fn new(transport: Transport) -> Self {
        // The system tells a server of a client that is gone; it has to look.
        let settings = &[("client_connection_check_interval", "100ms")];
        let database = Server::with(&runner_test_server::Options { settings, ..Default::default() });
        let watch = Blocking::start(Postgres::connect(&database.url())).unwrap();
        Self { transport, runtime: Runtime::new().unwrap(), watch, database }
    }

    fn serve(&self) -> Served {
        let url = self.database.url();
        let runner = Arc::new(self.runtime.block_on(Postgres::connect(&url)).unwrap());
        self.runtime.block_on(self.transport.serve(runner, &url))
    }

    fn until_asleep(&self, expected: u8) {
        until_asleep(&self.watch, expected);
    }
}

/// Waits until so many statements are at work.
fn until_asleep(watch: &Blocking<Postgres>, expected: u8) {
    let start = Instant::now();
    let prepared = watch.prepare(&program(ASLEEP)).unwrap();
    // An array of one number, in zigzag.
    loop {
        let found = watch.execute(&prepared, &[]).unwrap();
        if found == [1, 2 * expected] {
            return;
        }
        assert!(start.elapsed() < LONG, "never: {expected} statements at work, last {found:?}");
    }
}

async fn sleep(client: &DynRun) {
    let prepared = client.prepare(&program(SLEEP)).await.unwrap();
    // Nobody is there any more to be told how it ended.
    let _ = client.execute(&prepared, Vec::new().into()).await;
}

async fn count(client: &DynRun) -> u8 {
    let prepared = client.prepare(&program(ASLEEP)).await.unwrap();
    client.execute(&prepared, Vec::new().into()).await.unwrap()[1]
}

/// What a child serves, if what was said about it is a database.
pub(crate) fn child(about: &str) -> Option<DynRun> {
    about.starts_with("postgres://").then(|| backend::served(about))
}
