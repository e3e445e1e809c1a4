//! The errors that the transport itself gives rise to. All are [`runner_core::Error`]s, as on every transport.

/// Names of limits, as they stand in the [`Detail::Limit`](runner_core::Detail::Limit) of the error that tells of one.
///
/// ```
/// use runner_core::{Code, Error};
///
/// let error = Error::exhausted(runner_http::limit::INPUT_BYTES, 16, "an input of more than 16 bytes");
/// assert_eq!(error.code(), Code::ResourceExhausted);
/// ```
pub mod limit {
    /// `ServerLimits::connections`.
    pub const CONNECTIONS: &str = "connections";
    /// `ServerLimits::executing`, in descriptions.
    pub const EXECUTING: &str = "executing";
    /// `ServerLimits::prepared_programs`.
    pub const PREPARED_PROGRAMS: &str = "prepared_programs";
    /// `ServerLimits::prepared_bytes`.
    pub const PREPARED_BYTES: &str = "prepared_bytes";
    /// `ServerLimits::client_prepared_bytes`.
    pub const CLIENT_PREPARED_BYTES: &str = "client_prepared_bytes";
    /// `ServerLimits::waiting`.
    pub const WAITING: &str = "waiting";
    /// `ServerLimits::program_bytes`.
    pub const PROGRAM_BYTES: &str = "program_bytes";
    /// `ServerLimits::source_bytes`.
    pub const SOURCE_BYTES: &str = "source_bytes";
    /// `ServerLimits::input_bytes`.
    pub const INPUT_BYTES: &str = "input_bytes";
    /// `ServerLimits::output_bytes`, and the same of a client.
    pub const OUTPUT_BYTES: &str = "output_bytes";
    /// `ServerLimits::buffered_input_bytes`.
    pub const BUFFERED_INPUT_BYTES: &str = "buffered_input_bytes";
    /// `ServerLimits::buffered_output_bytes`.
    pub const BUFFERED_OUTPUT_BYTES: &str = "buffered_output_bytes";
    /// `ServerLimits::request_time`, or what the request allowed, in milliseconds.
    pub const REQUEST_TIME: &str = "request_time_ms";
    /// `ServerLimits::read_time`, in milliseconds.
    pub const READ_TIME: &str = "read_time_ms";
}

#[cfg(any(feature = "client", feature = "server"))]
pub(crate) fn too_large(what: &str, name: &str, limit: u64) -> runner_core::Error {
    runner_core::Error::exhausted(name, limit, format!("{what} of more than {limit} bytes"))
}

#[cfg(feature = "server")]
mod serving {
    use std::time::Duration;

    use runner_core::{Code, Detail, Error, ProgramId};

    pub(crate) fn late(name: &str, time: Duration) -> Error {
        let value = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Error::new(Code::DeadlineExceeded, format!("it took longer than {value} ms"))
            .with_detail(Detail::Limit { name: name.into(), value })
    }

    pub(crate) fn shutting_down() -> Error {
        Error::new(Code::Unavailable, "the server is shutting down")
    }

    /// Outputs that nobody reads.
    pub(crate) fn too_many_outputs(limit: u64) -> Error {
        let message = format!("the server holds {limit} bytes of outputs");
        Error::exhausted(super::limit::BUFFERED_OUTPUT_BYTES, limit, message)
    }

    pub(crate) fn panicked() -> Error {
        Error::new(Code::Internal, "the runner panicked; the request was given up")
    }

    pub(crate) fn unknown_program(id: ProgramId) -> Error {
        let message = format!("no program {id} is prepared here; `POST /v1/programs` prepares it");
        Error::new(Code::ProgramNotFound, message)
    }

    pub(crate) fn unprepared() -> Error {
        Error::new(Code::Internal, "a program counts as prepared and is not")
    }

    pub(crate) fn unserialisable(error: impl std::fmt::Display) -> Error {
        Error::new(Code::Internal, format!("the answer can't be written: {error}"))
    }
}

#[cfg(feature = "server")]
pub(crate) use serving::{
    late, panicked, shutting_down, too_many_outputs, unknown_program, unprepared, unserialisable,
};
