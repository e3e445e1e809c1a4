//! The errors that the protocol itself gives rise to. All are [`runner_core::Error`]s, as on every transport.

use alloc::{format, string::String};

use runner_core::{Detail, Error};

/// Names of limits, as they stand in the [`Detail::Limit`] of the error that tells of one.
///
/// ```
/// use runner_core::{Detail, Error};
///
/// fn limit_of(error: &Error) -> Option<&str> {
///     error.details().iter().find_map(|detail| match detail {
///         Detail::Limit { name, .. } => Some(name.as_str()),
///         _ => None,
///     })
/// }
/// let error = Error::exhausted(runner_binary::limit::PROGRAMS, 16, "16 programs are prepared");
/// assert_eq!(limit_of(&error), Some("programs"));
/// ```
pub mod limit {
    /// `ServerLimits::connections`.
    pub const CONNECTIONS: &str = "connections";
    /// `ServerLimits::requests`.
    pub const REQUESTS: &str = "requests";
    /// `ServerLimits::waiting`.
    pub const WAITING: &str = "waiting";
    /// `ServerLimits::programs`.
    pub const PROGRAMS: &str = "programs";
    /// `ServerLimits::prepared_programs`.
    pub const PREPARED_PROGRAMS: &str = "prepared_programs";
    /// `ServerLimits::prepared_bytes`.
    pub const PREPARED_BYTES: &str = "prepared_bytes";
    /// `ServerLimits::client_prepared_bytes`.
    pub const CLIENT_PREPARED_BYTES: &str = "client_prepared_bytes";
    /// `ServerLimits::executing`, in descriptions.
    pub const EXECUTING: &str = "executing";
    /// `ServerLimits::program_bytes`.
    pub const PROGRAM_BYTES: &str = "program_bytes";
    /// `ServerLimits::input_bytes`.
    pub const INPUT_BYTES: &str = "input_bytes";
    /// `ServerLimits::output_bytes`, and the same of a client.
    pub const OUTPUT_BYTES: &str = "output_bytes";
    /// `ServerLimits::buffered_input_bytes`.
    pub const BUFFERED_INPUT_BYTES: &str = "buffered_input_bytes";
    /// `ServerLimits::buffered_output_bytes`.
    pub const BUFFERED_OUTPUT_BYTES: &str = "buffered_output_bytes";
    /// `ServerLimits::frame_bytes`.
    pub const FRAME_BYTES: &str = "frame_bytes";
    /// `ServerLimits::request_time`, in milliseconds.
    pub const REQUEST_TIME: &str = "request_time_ms";
    /// `ServerLimits::handshake_time`, in milliseconds.
    pub const HANDSHAKE_TIME: &str = "handshake_time_ms";
    /// `ServerLimits::frame_time`, in milliseconds.
    pub const FRAME_TIME: &str = "frame_time_ms";
    /// `ServerLimits::idle_time`, in milliseconds.
    pub const IDLE_TIME: &str = "idle_time_ms";
}

/// Bytes of a message that is sent: longer ones are cut.
#[cfg(feature = "tokio")]
const MESSAGE_BYTES: usize = 16 << 10;

/// What a peer must not do: the connection ends.
pub(crate) fn violation(what: impl Into<String>) -> Error {
    Error::decode(what).context("the peer broke the protocol")
}

pub(crate) fn frame_too_large(length: u64, limit: u32) -> Error {
    let message = format!("a frame of {length} bytes, where {limit} are allowed");
    Error::decode(message)
        .with_detail(Detail::Limit { name: limit::FRAME_BYTES.into(), value: u64::from(limit) })
}

/// An error that fits into a frame of `frame_bytes`: the code stays, words and details may go.
#[cfg(feature = "tokio")]
pub(crate) fn fitted(error: Error, frame_bytes: u32) -> Error {
    let room = MESSAGE_BYTES.min(frame_bytes as usize / 2);
    let details = postcard::to_allocvec(error.details()).map_or(usize::MAX, |bytes| bytes.len());
    if error.message().len() <= room && details <= room / 2 {
        return error;
    }
    let mut end = room.min(error.message().len());
    while !error.message().is_char_boundary(end) {
        end -= 1;
    }
    let message = error.message().get(..end).unwrap_or_default();
    let mut short = Error::new(error.code(), message).with_retryable(error.is_retryable());
    if details <= room / 2 {
        for detail in error.details() {
            short = short.with_detail(detail.clone());
        }
    }
    short
}

#[cfg(any(feature = "tokio", feature = "embedded"))]
mod connected {
    use runner_core::Code;

    use super::{Error, String, format};

    pub(crate) fn too_large(what: &str, name: &str, limit: u64) -> Error {
        Error::exhausted(name, limit, format!("{what} of more than {limit} bytes"))
    }

    /// The connection is gone; whether the work was done is not known.
    pub(crate) fn lost(why: impl Into<String>) -> Error {
        Error::new(Code::Unavailable, why).context("the connection is lost")
    }
}

#[cfg(any(feature = "tokio", feature = "embedded"))]
pub(crate) use connected::{lost, too_large};

#[cfg(feature = "tokio")]
mod serving {
    use core::time::Duration;

    use runner_core::Code;

    use super::{Detail, Error, format, limit};

    pub(crate) fn late(name: &str, time: Duration) -> Error {
        let value = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Error::new(Code::DeadlineExceeded, format!("it took longer than {value} ms"))
            .with_detail(Detail::Limit { name: name.into(), value })
    }

    pub(crate) fn cancelled() -> Error {
        Error::new(Code::Cancelled, "the caller gave up")
    }

    pub(crate) fn shutting_down() -> Error {
        Error::new(Code::Unavailable, "the server is shutting down")
    }

    pub(crate) fn panicked() -> Error {
        Error::new(Code::Internal, "the runner panicked; the request was given up")
    }

    pub(crate) fn unknown_program(number: u32) -> Error {
        Error::new(Code::ProgramNotFound, format!("no program of number {number} is prepared"))
    }

    /// An id beyond the limit.
    pub(crate) fn too_many_requests(limit: u32) -> Error {
        Error::exhausted(limit::REQUESTS, u64::from(limit), format!("{limit} requests are in flight"))
    }

    /// Outputs that nobody reads.
    pub(crate) fn too_many_outputs(limit: u64) -> Error {
        let message = format!("the server holds {limit} bytes of outputs");
        Error::exhausted(limit::BUFFERED_OUTPUT_BYTES, limit, message)
    }
}

#[cfg(feature = "tokio")]
pub(crate) use serving::{
    cancelled, late, panicked, shutting_down, too_many_outputs, too_many_requests, unknown_program,
};

#[cfg(all(test, feature = "tokio"))]
mod tests {
    use runner_core::Code;

    use super::*;

    #[test]
    fn an_error_is_cut_to_its_frame() {
        let long = "é".repeat(40_000);
        let error = Error::new(Code::Unavailable, long.clone()).with_detail(Detail::SqlState(long));
        for frame_bytes in [512, 4096, 1 << 20] {
            let short = fitted(error.clone(), frame_bytes);
            assert_eq!(short.code(), Code::Unavailable);
            assert!(short.is_retryable());
            let size = postcard::to_allocvec(&short).unwrap().len();
            assert!(size + crate::limits::HEAD_BYTES <= frame_bytes as usize, "{size} of {frame_bytes}");
        }
        let small = Error::execution("x");
        assert_eq!(fitted(small.clone(), 512), small);
    }
}
