use std::{fmt, sync::Arc};

use http::{HeaderMap, StatusCode, header};
use runner_core::{Cancel, Code, Error, Program, Result};
use runner_spool::Spool;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::reply::Problem;
use crate::{Function, ServerLimits, Token, error::limit, limits::TOKEN_BYTES};

/// Compiles source for those who send it: the text and the program's name or expression to the program, or an error
/// whose message tells people what is wrong with it.
pub(super) type Compile = dyn Fn(&str, &str, &Cancel) -> Result<Program> + Send + Sync;

/// How a [`Server`](crate::Server) serves.
///
/// ```
/// use runner_http::{ServerLimits, ServerOptions, Token};
///
/// let options = ServerOptions::new()
///     .with_token(Token::new("swordfish"))
///     .with_limits(ServerLimits { executing: 64, ..Default::default() });
/// assert_eq!(options.limits().executing, 64);
/// ```
#[derive(Clone)]
pub struct ServerOptions {
    pub(super) limits: ServerLimits,
    pub(super) tokens: Vec<Token>,
    pub(super) functions: Vec<Function>,
    pub(super) compile: Option<Arc<Compile>>,
    pub(super) takes_programs: bool,
    pub(super) title: String,
    pub(super) open: bool,
    pub(super) spool: Spool,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl ServerOptions {
    /// Default limits, no token, no functions; encoded programs are taken, and source is not.
    #[must_use]
    pub fn new() -> Self {
        Self {
            limits: ServerLimits::default(),
            tokens: Vec::new(),
            functions: Vec::new(),
            compile: None,
            takes_programs: true,
            title: "runner".to_owned(),
            open: false,
            spool: Spool::default(),
        }
    }

    /// Sets the limits.
    #[must_use]
    pub fn with_limits(mut self, limits: ServerLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Lets in only those who show this token, or another one that was given.
    #[must_use]
    pub fn with_token(mut self, token: Token) -> Self {
        self.tokens.push(token);
        self
    }

    /// Takes Lutra source, and has it written on the page. The closure gets the source, the name or expression of the
    /// program, and a flag that is raised when nobody waits for it any more: because the client is gone, or its time is
    /// over. It runs on a thread that may block; what it says in an error is shown to who sent the
    /// source.
    ///
    /// ```
    /// use runner_core::Error;
    /// use runner_http::ServerOptions;
    /// use runner_lang::{Budget, Project, compile_with, render_all};
    ///
    /// let options = ServerOptions::new().with_compile(|source, program, cancel| {
    ///     let project = Project::from_source("program.lt", source);
    ///     let budget = Budget::new().with_cancel(cancel.clone()).with_max_bytes(256 << 20);
    ///     let compiled = compile_with(&project, program, &budget);
    ///     compiled.map(|compiled| compiled.program).map_err(|diagnostics| {
    ///         let project = project.with_program(program);
    ///         budget.error().unwrap_or_else(|| Error::prepare(render_all(&project, &diagnostics, false)))
    ///     })
    /// });
    /// ```
    #[must_use]
    pub fn with_compile(
        mut self,
        compile: impl Fn(&str, &str, &Cancel) -> Result<Program> + Send + Sync + 'static,
    ) -> Self {
        self.compile = Some(Arc::new(compile));
        self
    }

    /// Refuses encoded programs, with 403: functions are called, and source is compiled where there is a compiler.
    #[must_use]
    pub fn without_programs(mut self) -> Self {
        self.takes_programs = false;
        self
    }

    /// Offers a function under its name. A later one of the same name replaces it.
    #[must_use]
    pub fn with_function(mut self, function: Function) -> Self {
        self.functions.retain(|known| known.name() != function.name());
        self.functions.push(function);
        self
    }

    /// Names what is served, in the OpenAPI document.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Serves on addresses that other machines reach, and under any name, although nobody has to prove who they are.
    #[must_use]
    pub fn open_to_everybody(mut self) -> Self {
        self.open = true;
        self
    }

    /// Sets where outputs wait that their client does not take. Several servers may have the same place; by default it is
    /// a file without a name, see [`Spool::default`].
    ///
    /// ```
    /// use runner_http::{ServerOptions, Spool};
    ///
    /// let options = ServerOptions::new().with_spool(Spool::new("/var/lib/runner"));
    /// let none = ServerOptions::new().with_spool(Spool::off());
    /// ```
    #[must_use]
    pub fn with_spool(mut self, spool: Spool) -> Self {
        self.spool = spool;
        self
    }

    /// What a description tells of the limits on work, beside the runner's own.
    pub(super) fn described(&self) -> impl Iterator<Item = (String, u64)> + use<> {
        let limits = &self.limits;
        let time = u64::try_from(limits.request_time.as_millis()).unwrap_or(u64::MAX);
        [
            (limit::REQUEST_TIME, time),
            (limit::EXECUTING, limits.executing as u64),
            (limit::PREPARED_PROGRAMS, limits.prepared_programs as u64),
            (limit::PREPARED_BYTES, limits.prepared_bytes),
            (limit::CLIENT_PREPARED_BYTES, limits.client_prepared_bytes),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> &ServerLimits {
        &self.limits
    }

    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    pub(crate) fn functions(&self) -> &[Function] {
        &self.functions
    }

    pub(crate) fn takes_source(&self) -> bool {
        self.compile.is_some()
    }

    pub(crate) fn takes_programs(&self) -> bool {
        self.takes_programs
    }

    /// Fails, unless encoded programs are taken.
    pub(super) fn check_programs(&self) -> Result<(), Problem> {
        let words = "programs are not taken here, only functions are called; `runner serve` takes programs with \
                     `--allow-programs`";
        if self.takes_programs { Ok(()) } else { Err(Problem::new(StatusCode::FORBIDDEN, words)) }
    }

    /// What compiles source, if that is taken.
    pub(super) fn compiler(&self) -> Result<Arc<Compile>, Problem> {
        let words = "source is not taken here; `runner serve` takes it with `--allow-source`";
        self.compile.clone().ok_or_else(|| Problem::new(StatusCode::FORBIDDEN, words))
    }

    /// Whether it is known, or said not to matter, who asks.
    pub(super) fn is_open(&self) -> bool {
        self.open || self.needs_token()
    }

    pub(crate) fn needs_token(&self) -> bool {
        !self.tokens.is_empty()
    }

    /// Compares with every token in a time that tells nothing but lengths. The number of the one that is shown, if there
    /// are several.
    pub(super) fn admit(&self, headers: &HeaderMap) -> Result<Option<u64>> {
        if self.tokens.is_empty() {
            return Ok(None);
        }
        let Some(shown) = bearer(headers) else {
            return Err(Error::new(Code::Unauthenticated, "a bearer token is required"));
        };
        let (mut known, mut number) = (Choice::from(0), 0);
        for (token, place) in self.tokens.iter().zip(1_u64..) {
            let is_it = token.secret().ct_eq(shown);
            known |= is_it;
            number.conditional_assign(&place, is_it);
        }
        match shown.len() <= TOKEN_BYTES && bool::from(known) {
            true => Ok(Some(number).filter(|_| self.tokens.len() > 1)),
            false => Err(Error::new(Code::Unauthenticated, "the token is not known here")),
        }
    }
}

impl fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerOptions")
            .field("limits", &self.limits)
            .field("tokens", &self.tokens.len())
            .field("functions", &self.functions.iter().map(Function::name).collect::<Vec<_>>())
            .field("takes_programs", &self.takes_programs)
            .field("takes_source", &self.compile.is_some())
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}

/// What stands behind `Bearer` in `Authorization`.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tokens_that_were_given_are_admitted() {
        let options = ServerOptions::new().with_token(Token::new("a\n")).with_token(Token::new("bc"));
        let admits = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            options.admit(&headers).is_ok()
        };
        assert!(admits("Bearer a") && admits("bearer bc"));
        for wrong in ["", "a", "Bearer", "Bearer ", "Bearer b", "Bearer bcd", "Bearer A", "Basic a"] {
            assert!(!admits(wrong), "{wrong:?}");
        }
        assert!(options.admit(&HeaderMap::new()).is_err());
        assert!(ServerOptions::new().admit(&HeaderMap::new()).is_ok());
        assert!(!format!("{options:?}").contains("bc"), "tokens are not printed");
    }
}
