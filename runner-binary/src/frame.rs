//! Frames: the preface of a connection, and lengths before everything else.
//!
//! # Preface
//!
//! Each side first sends five bytes: `LRPC` and its version, which is 1. A server answers with its own version, and
//! if it does not speak the client's, follows with a `Goodbye` of code `UNSUPPORTED`.
//!
//! # Frame
//!
//! | bytes | meaning |
//! | --- | --- |
//! | 4 | length of what follows, little endian, at least 1 and at most the receiver's `frame_bytes` |
//! | n | a [message](crate::message) in postcard, and behind it the message's body, if its kind has one |
//!
//! The codec does no I/O: bytes go in, frames come out, and `None` says that more bytes are needed. A frame is not
//! waited for, nor is memory set aside for it, when its length is beyond the limit.

use alloc::format;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use runner_core::{Code, Error, Result};
use serde::Serialize;

use crate::{
    error::{frame_too_large, violation},
    limits::HEAD_BYTES,
};

/// The first four bytes of a connection, in both directions.
pub const MAGIC: [u8; 4] = *b"LRPC";

/// The version of the protocol that this crate speaks.
pub const VERSION: u8 = 1;

/// What each side sends first: [`MAGIC`] and [`VERSION`].
pub const PREFACE: [u8; 5] = [b'L', b'R', b'P', b'C', VERSION];

/// Takes the preface off the front of `buffer`.
///
/// ```
/// use bytes::BytesMut;
/// use runner_binary::{PREFACE, take_preface};
///
/// let mut buffer = BytesMut::from(&PREFACE[..3]);
/// assert!(!take_preface(&mut buffer)?);
/// buffer.extend_from_slice(&PREFACE[3..]);
/// assert!(take_preface(&mut buffer)?);
/// assert!(take_preface(&mut BytesMut::from("GET / HTTP/1.1")).is_err());
/// # Ok::<(), runner_core::Error>(())
/// ```
///
/// # Errors
/// `DECODE_ERROR` at the first byte that is not the magic's, `UNSUPPORTED` if the version is another one.
pub fn take_preface(buffer: &mut BytesMut) -> Result<bool> {
    if MAGIC.iter().zip(buffer.iter()).any(|(expected, byte)| expected != byte) {
        return Err(Error::decode("the peer does not speak this protocol: it did not begin with `LRPC`"));
    }
    match buffer.get(MAGIC.len()) {
        None => Ok(false),
        Some(&VERSION) => {
            buffer.advance(PREFACE.len());
            Ok(true)
        }
        Some(version) => Err(Error::new(
            Code::Unsupported,
            format!("version {version} of the protocol; only version {VERSION} is spoken here"),
        )),
    }
}

/// Takes the next frame off the front of `buffer`, without its length and without copying it.
///
/// ```
/// use bytes::BytesMut;
/// use runner_binary::take_frame;
///
/// let mut buffer = BytesMut::from(&[2, 0, 0, 0, 7][..]);
/// assert_eq!(take_frame(&mut buffer, 1024)?, None);
/// buffer.extend_from_slice(&[8, 9]);
/// assert_eq!(take_frame(&mut buffer, 1024)?.unwrap(), [7, 8][..]);
/// assert_eq!(buffer[..], [9]);
/// # Ok::<(), runner_core::Error>(())
/// ```
///
/// # Errors
/// `DECODE_ERROR` if the length is 0 or more than `frame_bytes`.
#[inline]
pub fn take_frame(buffer: &mut BytesMut, frame_bytes: u32) -> Result<Option<Bytes>> {
    let Some(length) = buffer.first_chunk::<4>() else {
        return Ok(None);
    };
    let length = u32::from_le_bytes(*length);
    if length == 0 {
        return Err(violation("a frame of no bytes"));
    }
    if length > frame_bytes {
        return Err(frame_too_large(u64::from(length), frame_bytes));
    }
    let end = length as usize + 4;
    if buffer.len() < end {
        return Ok(None);
    }
    let mut frame = buffer.split_to(end).freeze();
    frame.advance(4);
    Ok(Some(frame))
}

/// Appends the length of a frame and its message; a body of `body` bytes has to follow.
#[inline]
pub(crate) fn put_head<M: Serialize>(message: &M, body: usize, out: &mut BytesMut) -> Result<()> {
    let mut head = [0; HEAD_BYTES];
    match postcard::to_slice(message, &mut head) {
        Ok(head) => put(head, body, out),
        Err(postcard::Error::SerializeBufferFull) => {
            let head = postcard::to_allocvec(message).map_err(unencodable)?;
            put(&head, body, out)
        }
        Err(error) => Err(unencodable(error)),
    }
}

#[inline]
fn put(head: &[u8], body: usize, out: &mut BytesMut) -> Result<()> {
    let length = head.len() + body;
    let length = u32::try_from(length)
        .map_err(|_| frame_too_large(u64::try_from(length).unwrap_or(u64::MAX), u32::MAX))?;
    out.reserve(4 + head.len());
    out.put_u32_le(length);
    out.put_slice(head);
    Ok(())
}

fn unencodable(error: postcard::Error) -> Error {
    Error::new(Code::Internal, format!("a message can't be encoded: {error}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn golden_bytes() {
        assert_eq!(PREFACE, [0x4c, 0x52, 0x50, 0x43, 0x01]);
        let mut out = BytesMut::new();
        put_head(&(1_u8, 300_u32), 2, &mut out).unwrap();
        assert_eq!(out[..], [5, 0, 0, 0, 1, 0xac, 0x02]);
    }

    #[test]
    fn bad_lengths_fail_at_once() {
        let check = |bytes: &[u8]| take_frame(&mut BytesMut::from(bytes), 1024).unwrap_err();
        assert_eq!(check(&[0; 4]).code(), Code::DecodeError);
        assert_eq!(check(&[0xff; 4]).code(), Code::DecodeError);
        assert_eq!(check(&[1, 4, 0, 0]).code(), Code::DecodeError);
        assert_eq!(take_frame(&mut BytesMut::from(&[0, 4, 0, 0][..]), 1024).unwrap(), None);
    }

    proptest! {
        #[test]
        fn frames_come_out_however_they_are_cut(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..20),
            cut in 1_usize..50,
        ) {
            let mut wire = BytesMut::new();
            for body in &bodies {
                wire.put_u32_le(body.len() as u32);
                wire.put_slice(body);
            }
            let (mut buffer, mut seen) = (BytesMut::new(), Vec::new());
            for piece in wire.chunks(cut) {
                buffer.extend_from_slice(piece);
                while let Some(frame) = take_frame(&mut buffer, 64).unwrap() {
                    seen.push(frame.to_vec());
                }
            }
            prop_assert_eq!(seen, bodies);
            prop_assert!(buffer.is_empty());
        }

        #[test]
        fn any_bytes_are_fine(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut buffer = BytesMut::from(&bytes[..]);
            let _ = take_preface(&mut buffer);
            while let Ok(Some(_)) = take_frame(&mut buffer, 100) {}
        }
    }
}
