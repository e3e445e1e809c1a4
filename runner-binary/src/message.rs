//! Messages: what a frame holds, byte by byte.
//!
//! A message is an enum in postcard: the index of its variant, then its fields in order. Integers are varints
//! (LEB128, seven bits a byte, lowest first); `bool` is a byte 0 or 1; a string is its length and its UTF-8;
//! an option is a byte 0, or a byte 1 and the value. *Body* is the rest of the frame behind the fields; kinds without
//! a body must not have a rest.
//!
//! | client to server | index | fields | body |
//! | --- | --- | --- | --- |
//! | `Hello` | 0 | `frame_bytes: u32`, `token: string?`, `name: string` | |
//! | `Prepare` | 1 | `id: u32`, `program: u32`, `more: bool` | bytes of the program |
//! | `Execute` | 2 | `id: u32`, `program: u32`, `credit: u64`, `more: bool` | bytes of the input |
//! | `Body` | 3 | `id: u32`, `more: bool` | more bytes of the program or input |
//! | `Release` | 4 | `program: u32` | |
//! | `Interface` | 5 | `id: u32`, `credit: u64` | |
//! | `Describe` | 6 | `id: u32`, `credit: u64` | |
//! | `Cancel` | 7 | `id: u32` | |
//! | `Credit` | 8 | `id: u32`, `bytes: u64` | |
//! | `Ping` | 9 | `nonce: u64` | |
//! | `Goodbye` | 10 | `error: error?` | |
//! | `Ready` | 11 | `id: u32` | |
//!
//! | server to client | index | fields | body |
//! | --- | --- | --- | --- |
//! | `Welcome` | 0 | `limits`, `name: string` | |
//! | `Output` | 1 | `id: u32`, `more: bool` | bytes of the answer |
//! | `Failed` | 2 | `id: u32`, `error: error` | |
//! | `Pong` | 3 | `nonce: u64` | |
//! | `Goodbye` | 4 | `error: error?` | |
//!
//! `limits` are `frame_bytes: u32`, `requests: u32`, `programs: u32`, `program_bytes: u64`, `input_bytes: u64`,
//! `output_bytes: u64`, `request_time_ms: u64`, `idle_time_ms: u64`.
//!
//! An `error` is `code` (index of [`Code`](runner_core::Code): `DECODE_ERROR` 0, `PROGRAM_NOT_FOUND` 1,
//! `PREPARE_ERROR` 2, `EXECUTION_ERROR` 3, `UNSUPPORTED` 4, `CANCELLED` 5, `DEADLINE_EXCEEDED` 6,
//! `RESOURCE_EXHAUSTED` 7, `UNAUTHENTICATED` 8, `UNAVAILABLE` 9, `INTERNAL` 10), `message: string`,
//! `retryable: bool`, and a list of details (its length, then each): 0 and `source: string`, `line: u32`,
//! `column: u32`; 1 and `sqlstate: string`; 2 and `limit: string`, `value: u64`.
//!
//! The answer to `Describe` is a [`Description`](runner_core::Description) in postcard, that to `Interface` is UTF-8,
//! those to `Prepare` and `Ready` are empty.
//!
//! A `Description` is `name: string`, `version: string`, `program_versions` (a list of bytes), `limits` (a list of pairs
//! of `string` and `u64`), and four `bool`s: `streams`, `cancels`, `isolates`, `keeps_state`.

use alloc::{format, string::String};
use core::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use runner_core::{Error, Result};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{error::violation, frame::put_head};

/// What a client says.
///
/// ```
/// use bytes::BytesMut;
/// use runner_binary::{Request, take_frame};
///
/// let mut wire = BytesMut::new();
/// let request = Request::Execute { id: 0, program: 0, credit: 1024, more: false };
/// request.encode(b"\x54", &mut wire)?;
/// assert_eq!(wire[..], [7, 0, 0, 0, 2, 0, 0, 0x80, 8, 0, 0x54]);
///
/// let frame = take_frame(&mut wire, 1024)?.unwrap();
/// assert_eq!(Request::decode(frame)?, (request, b"\x54"[..].into()));
/// # Ok::<(), runner_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// The first message.
    Hello {
        /// Bytes of a frame that the client takes, at least [`FRAME_BYTES_MIN`](crate::FRAME_BYTES_MIN).
        frame_bytes: u32,
        /// What proves that the client may.
        token: Option<Token>,
        /// What the client is, for logs.
        name: String,
    },
    /// Prepares the program in the body, and in those that follow, under a number that is free.
    Prepare {
        /// Names the request until it is answered.
        id: u32,
        /// Names the program until it is released, also if it can't be prepared.
        program: u32,
        /// Whether a `Body` follows.
        more: bool,
    },
    /// Executes a program on the input in the body, and in those that follow.
    Execute {
        /// Names the request until it is answered.
        id: u32,
        /// Number of the program; its `Prepare` need not be answered yet.
        program: u32,
        /// Bytes of output that the server may send before a `Credit`.
        credit: u64,
        /// Whether a `Body` follows.
        more: bool,
    },
    /// The next part of a `Prepare` or `Execute`.
    Body {
        /// The request.
        id: u32,
        /// Whether another one follows.
        more: bool,
    },
    /// Lets go of a program.
    Release {
        /// Its number.
        program: u32,
    },
    /// Asks what the runner offers.
    Interface {
        /// Names the request until it is answered.
        id: u32,
        /// Bytes of text that the server may send before a `Credit`.
        credit: u64,
    },
    /// Asks what the runner is.
    Describe {
        /// Names the request until it is answered.
        id: u32,
        /// Bytes that the server may send before a `Credit`.
        credit: u64,
    },
    /// Gives a request up. It is still answered.
    Cancel {
        /// The request.
        id: u32,
    },
    /// Lets the server send more of an answer.
    Credit {
        /// The request.
        id: u32,
        /// How much more.
        bytes: u64,
    },
    /// Asks for a sign of life.
    Ping {
        /// Comes back in the answer.
        nonce: u64,
    },
    /// The last message.
    Goodbye {
        /// Why, if not because all is done.
        error: Option<Error>,
    },
    /// Asks whether programs can be prepared and executed now.
    Ready {
        /// Names the request until it is answered.
        id: u32,
    },
}

/// What a server says.
///
/// ```
/// use bytes::BytesMut;
/// use runner_binary::Response;
///
/// let mut wire = BytesMut::new();
/// Response::Output { id: 1, more: false }.encode(b"hi", &mut wire)?;
/// assert_eq!(wire[..], [5, 0, 0, 0, 1, 1, 0, b'h', b'i']);
/// # Ok::<(), runner_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Response {
    /// The first message.
    Welcome {
        /// What the client may do.
        limits: Limits,
        /// What the server is, for logs.
        name: String,
    },
    /// The answer to a request, or a part of it, in the body.
    Output {
        /// The request.
        id: u32,
        /// Whether another part, or `Failed`, follows.
        more: bool,
    },
    /// The last part of an answer, where the request failed.
    Failed {
        /// The request.
        id: u32,
        /// Why.
        error: Error,
    },
    /// The answer to `Ping`.
    Pong {
        /// That of the `Ping`.
        nonce: u64,
    },
    /// No more requests are taken; those in flight are answered if there is no error.
    Goodbye {
        /// Why, if not because the server is shutting down.
        error: Option<Error>,
    },
}

/// What a server lets a client do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of a frame that the server takes.
    pub frame_bytes: u32,
    /// Requests in flight. Ids are below this.
    pub requests: u32,
    /// Prepared programs. Their numbers are below this.
    pub programs: u32,
    /// Bytes of an encoded program.
    pub program_bytes: u64,
    /// Bytes of an input.
    pub input_bytes: u64,
    /// Bytes of an output.
    pub output_bytes: u64,
    /// Milliseconds that a request may take.
    pub request_time_ms: u64,
    /// Milliseconds that a connection without requests may be silent.
    pub idle_time_ms: u64,
}

/// A secret that a client shows to a server. It is not printed.
///
/// ```
/// let token = runner_binary::Token::new("swordfish");
/// assert_eq!(format!("{token:?}"), "Token(..)");
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token(String);

impl Token {
    /// Wraps the secret.
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    #[cfg(feature = "tokio")]
    pub(crate) fn secret(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Request {
    /// Appends this message and its body as a frame.
    ///
    /// # Errors
    /// `DECODE_ERROR` if the frame is longer than its length can say.
    #[inline]
    pub fn encode(&self, body: &[u8], out: &mut BytesMut) -> Result<()> {
        encode(self, body, out)
    }

    /// Reads a frame: the message and its body, which shares the frame's memory.
    ///
    /// # Errors
    /// `DECODE_ERROR` if it is not a message, or one without a body is followed by something.
    #[inline]
    pub fn decode(frame: Bytes) -> Result<(Self, Bytes)> {
        let (message, body) = decode(frame)?;
        match message {
            Self::Prepare { .. } | Self::Execute { .. } | Self::Body { .. } => Ok((message, body)),
            _ => without_body(message, &body),
        }
    }
}

impl Response {
    /// Appends this message and its body as a frame.
    ///
    /// # Errors
    /// `DECODE_ERROR` if the frame is longer than its length can say.
    #[inline]
    pub fn encode(&self, body: &[u8], out: &mut BytesMut) -> Result<()> {
        encode(self, body, out)
    }

    /// Reads a frame: the message and its body, which shares the frame's memory.
    ///
    /// # Errors
    /// `DECODE_ERROR` if it is not a message, or one without a body is followed by something.
    #[inline]
    pub fn decode(frame: Bytes) -> Result<(Self, Bytes)> {
        let (message, body) = decode(frame)?;
        match message {
            Self::Output { .. } => Ok((message, body)),
            _ => without_body(message, &body),
        }
    }
}

#[inline]
fn encode<M: Serialize>(message: &M, body: &[u8], out: &mut BytesMut) -> Result<()> {
    put_head(message, body.len(), out)?;
    out.put_slice(body);
    Ok(())
}

#[inline]
fn decode<M: DeserializeOwned>(mut frame: Bytes) -> Result<(M, Bytes)> {
    let (message, rest) = postcard::take_from_bytes(&frame)
        .map_err(|error| violation(format!("a frame that is not a message: {error}")))?;
    let head = frame.len() - rest.len();
    frame.advance(head);
    Ok((message, frame))
}

fn without_body<M>(message: M, body: &Bytes) -> Result<(M, Bytes)> {
    match body.is_empty() {
        true => Ok((message, Bytes::new())),
        false => Err(violation(format!("{} bytes follow a message without a body", body.len()))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use runner_core::{Code, Detail, Place};

    use super::*;
    use crate::frame::take_frame;

    fn requests() -> Vec<(Request, &'static [u8], &'static [u8])> {
        let token = Some(Token::new("s3"));
        vec![
            (
                Request::Hello { frame_bytes: 65_536, token, name: "py".into() },
                b"",
                b"\x0b\0\0\0\x00\x80\x80\x04\x01\x02s3\x02py",
            ),
            (
                Request::Hello { frame_bytes: 512, token: None, name: String::new() },
                b"",
                b"\x05\0\0\0\x00\x80\x04\x00\x00",
            ),
            (Request::Prepare { id: 1, program: 2, more: true }, b"LPRG", b"\x08\0\0\0\x01\x01\x02\x01LPRG"),
            (
                Request::Execute { id: 300, program: 0, credit: 1 << 20, more: false },
                b"\x01",
                b"\x09\0\0\0\x02\xac\x02\x00\x80\x80\x40\x00\x01",
            ),
            (Request::Body { id: 1, more: false }, b"xy", b"\x05\0\0\0\x03\x01\x00xy"),
            (Request::Release { program: 2 }, b"", b"\x02\0\0\0\x04\x02"),
            (Request::Interface { id: 3, credit: 128 }, b"", b"\x04\0\0\0\x05\x03\x80\x01"),
            (Request::Describe { id: 3, credit: 128 }, b"", b"\x04\0\0\0\x06\x03\x80\x01"),
            (Request::Cancel { id: 4 }, b"", b"\x02\0\0\0\x07\x04"),
            (Request::Credit { id: 4, bytes: 5 }, b"", b"\x03\0\0\0\x08\x04\x05"),
            (Request::Ping { nonce: 6 }, b"", b"\x02\0\0\0\x09\x06"),
            (Request::Goodbye { error: None }, b"", b"\x02\0\0\0\x0a\x00"),
            (Request::Ready { id: 3 }, b"", b"\x02\0\0\0\x0b\x03"),
        ]
    }

    fn responses() -> Vec<(Response, &'static [u8], &'static [u8])> {
        let limits = Limits {
            frame_bytes: 512,
            requests: 1,
            programs: 2,
            program_bytes: 3,
            input_bytes: 4,
            output_bytes: 5,
            request_time_ms: 6,
            idle_time_ms: 7,
        };
        let error = Error::execution("no")
            .with_detail(Detail::Place(Place { source: "a".into(), line: 1, column: 2 }))
            .with_detail(Detail::SqlState("22012".into()))
            .with_detail(Detail::Limit { name: "n".into(), value: 9 });
        vec![
            (
                Response::Welcome { limits, name: "r".into() },
                b"",
                b"\x0c\0\0\0\x00\x80\x04\x01\x02\x03\x04\x05\x06\x07\x01r",
            ),
            (Response::Output { id: 1, more: true }, b"out", b"\x06\0\0\0\x01\x01\x01out"),
            (
                Response::Failed { id: 1, error },
                b"",
                b"\x18\0\0\0\x02\x01\x03\x02no\x00\x03\x00\x01a\x01\x02\x01\x0522012\x02\x01n\x09",
            ),
            (Response::Pong { nonce: 6 }, b"", b"\x02\0\0\0\x03\x06"),
            (
                Response::Goodbye { error: Some(Error::new(Code::Unauthenticated, "")) },
                b"",
                b"\x06\0\0\0\x04\x01\x08\x00\x00\x00",
            ),
        ]
    }

    #[test]
    fn golden_bytes_of_requests() {
        for (message, body, golden) in requests() {
            let mut out = BytesMut::new();
            message.encode(body, &mut out).unwrap();
            assert_eq!(out.escape_ascii().to_string(), golden.escape_ascii().to_string(), "{message:?}");
            let frame = take_frame(&mut out, 1024).unwrap().unwrap();
            assert_eq!(Request::decode(frame).unwrap(), (message, Bytes::from_static(body)));
        }
    }

    #[test]
    fn golden_bytes_of_responses() {
        for (message, body, golden) in responses() {
            let mut out = BytesMut::new();
            message.encode(body, &mut out).unwrap();
            assert_eq!(out.escape_ascii().to_string(), golden.escape_ascii().to_string(), "{message:?}");
            let frame = take_frame(&mut out, 1024).unwrap().unwrap();
            assert_eq!(Response::decode(frame).unwrap(), (message, Bytes::from_static(body)));
        }
    }

    #[test]
    fn what_follows_a_message_without_a_body_is_refused() {
        let ping = Bytes::from_static(b"\x09\x06\x00");
        assert_eq!(Request::decode(ping).unwrap_err().code(), Code::DecodeError);
        let pong = Bytes::from_static(b"\x03\x06\x00");
        assert_eq!(Response::decode(pong).unwrap_err().code(), Code::DecodeError);
    }

    proptest! {
        #[test]
        fn decoding_is_total(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Request::decode(bytes.clone().into());
            let _ = Response::decode(bytes.into());
        }

        #[test]
        fn executes_come_back(
            (id, program, credit, more) in any::<(u32, u32, u64, bool)>(),
            body in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let (message, mut out) = (Request::Execute { id, program, credit, more }, BytesMut::new());
            message.encode(&body, &mut out).unwrap();
            let frame = take_frame(&mut out, 1024).unwrap().unwrap();
            prop_assert_eq!(Request::decode(frame).unwrap(), (message, Bytes::from(body)));
        }
    }
}
