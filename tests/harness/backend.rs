//! The runners that every case runs on.

use std::{sync::OnceLock, time::Duration};

use runner_core::adapt::Blocking;
use runner_core::{Program, Result, RunSync};
use runner_interpreter::Interpreter;
use runner_postgres::{Config, Postgres};
use runner_test_server::Server;

/// A statement that takes longer hangs.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(120);

/// A runner by name.
pub struct Backend {
    /// Its name in the names of tests.
    pub name: &'static str,
    execute: Box<Execute>,
}

type Execute = dyn Fn(&Program, &[u8]) -> Result<Vec<u8>> + Send + Sync;

impl Backend {
    /// Prepares and executes.
    ///
    /// # Errors
    /// Those of the runner.
    pub fn execute(&self, program: &Program, input: &[u8]) -> Result<Vec<u8>> {
        (self.execute)(program, input)
    }

    /// A runner that is made when it is first needed, with what has to live as long as it.
    fn new<R: RunSync + 'static, H: Send + Sync + 'static>(
        name: &'static str,
        make: impl Fn() -> (R, H) + Send + Sync + 'static,
    ) -> Self {
        let made = OnceLock::new();
        let execute = move |program: &Program, input: &[u8]| {
            let (runner, _) = made.get_or_init(&make);
            let prepared = runner.prepare(program)?;
            runner.execute(&prepared, input)
        };
        Self { name, execute: Box::new(execute) }
    }
}

/// Every runner that there is.
#[must_use]
pub fn all() -> Vec<Backend> {
    vec![Backend::new("interpreter", || (Interpreter::new(), ())), Backend::new("postgres", postgres)]
}

/// PostgreSQL with a server of its own.
fn postgres() -> (Blocking<Postgres>, Server) {
    let server = Server::start();
    let config = Config::parse(&server.url()).expect("an address").statement_timeout(STATEMENT_TIMEOUT);
    (Blocking::start(Postgres::new(config)).expect("a connection"), server)
}
