use std::time::Duration;

use runner_core::{Code, Error, Result};
use tokio_postgres::config::{Host, SslMode};
use tokio_rustls::rustls::pki_types::CertificateDer;

use crate::limits::{CONNECT, KEEPALIVE, POOL_SIZE};
use crate::{address::Address, tls};

/// Which database, and how to use it.
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) server: tokio_postgres::Config,
    pub(crate) verify: Verify,
    /// Whom to believe about certificates; the system's if there is none.
    pub(crate) authorities: Option<Vec<CertificateDer<'static>>>,
    pub(crate) pool_size: usize,
    pub(crate) statement_timeout: Option<Duration>,
    pub(crate) work_mem: Option<u64>,
    pub(crate) temp_file_limit: Option<u64>,
    pub(crate) output_bytes: Option<u64>,
    pub(crate) is_read_only: bool,
    pub(crate) allows_raw: bool,
}

/// How much of the server's certificate is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verify {
    /// Nothing.
    None,
    /// That an authority vouches for it.
    Authority,
    /// That, and the host's name.
    Full,
}

impl Config {
    /// Reads a `postgres://` URL, or `key=value` pairs as libpq does.
    ///
    /// `sslmode` is honoured: `disable`, `prefer` and `require` as in libpq, `verify-ca` and `verify-full` check the
    /// certificate against the authorities of the file `sslrootcert`, or else against the system's.
    ///
    /// ```
    /// use runner_postgres::Config;
    ///
    /// assert!(Config::parse("postgres://me@localhost/shop?sslmode=verify-full").is_ok());
    /// assert!(Config::parse("postgres://me@localhost/shop?sslmode=perhaps").is_err());
    /// ```
    ///
    /// # Errors
    /// `PREPARE_ERROR` if it is neither, or names a file of authorities that can't be read.
    pub fn parse(text: &str) -> Result<Self> {
        let address = Address::parse(text);
        let mut server: tokio_postgres::Config =
            address.rest.parse().map_err(|error: tokio_postgres::Error| {
                let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
                Error::new(
                    Code::PrepareError,
                    format!("the address of a database: {error}{}", source.unwrap_or_default()),
                )
            })?;
        let authorities = address.authorities.map(|file| tls::read_authorities(&file)).transpose()?;
        let verify = match address.mode.as_deref() {
            Some("verify-full") => Verify::Full,
            Some("verify-ca") => Verify::Authority,
            // As in libpq: whoever names an authority wants it to be asked.
            Some("require") if authorities.is_some() => Verify::Authority,
            _ => Verify::None,
        };
        if !address.has_keepalive {
            server.keepalives_idle(KEEPALIVE);
        }
        Ok(Self {
            server,
            verify,
            authorities,
            pool_size: POOL_SIZE,
            statement_timeout: None,
            work_mem: None,
            temp_file_limit: None,
            output_bytes: None,
            is_read_only: false,
            allows_raw: true,
        })
    }

    /// Connections at most.
    #[must_use]
    pub fn pool_size(mut self, connections: usize) -> Self {
        self.pool_size = connections.max(1);
        self
    }

    /// Ends statements that take longer, with `DEADLINE_EXCEEDED`.
    #[must_use]
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = Some(timeout);
        self
    }

    /// Bytes that the server takes for one sort or hash table before it goes to files, at least 64 KiB; a statement may
    /// have several of them. What the role or the server says, if this is not set.
    #[must_use]
    pub fn work_mem(mut self, bytes: u64) -> Self {
        self.work_mem = Some(bytes);
        self
    }

    /// Bytes of temporary files that a connection may fill; more ends with `RESOURCE_EXHAUSTED`. Only a superuser may set
    /// it: for another role it stays as the server has it, and `describe` says what holds.
    #[must_use]
    pub fn temp_file_limit(mut self, bytes: u64) -> Self {
        self.temp_file_limit = Some(bytes);
        self
    }

    /// Bytes of an output at most; a longer one ends with `RESOURCE_EXHAUSTED` while its rows arrive.
    #[must_use]
    pub fn output_bytes(mut self, bytes: u64) -> Self {
        self.output_bytes = Some(bytes);
        self
    }

    /// Refuses programs that change tables, with `PREPARE_ERROR`. The server executes all others in transactions that can
    /// only read, `std::sql::raw` included.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.is_read_only = true;
        self
    }

    /// Whether programs may use `std::sql::raw`, which they may unless this says otherwise. Without it a program reads
    /// and changes only tables that it names.
    #[must_use]
    pub fn allow_raw(mut self, allows: bool) -> Self {
        self.allows_raw = allows;
        self
    }

    /// How long making a connection may take, all of it.
    pub(crate) fn connect_timeout(&self) -> Duration {
        self.server.get_connect_timeout().copied().unwrap_or(CONNECT)
    }

    pub(crate) fn needs_tls(&self) -> bool {
        // A Unix socket stays on its machine, and has no name that a certificate could hold.
        let is_remote = self.server.get_hosts().iter().any(|host| matches!(host, Host::Tcp(_)));
        is_remote && self.server.get_ssl_mode() != SslMode::Disable
    }
}
