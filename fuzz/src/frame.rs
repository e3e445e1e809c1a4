//! The preface and frames, however they arrive.

use bytes::BytesMut;
use runner_binary::{PREFACE, take_frame, take_preface};

const FRAME_BYTES: u32 = 1024;

/// Cut into pieces whose size the first byte says, the rest gives the same frames as in one piece.
pub fn check(bytes: &[u8]) {
    let Some((size, bytes)) = bytes.split_first() else { return };
    let at_once = frames(bytes, usize::MAX);
    let in_pieces = frames(bytes, usize::from(*size) + 1);
    assert_eq!(at_once, in_pieces);
    if let (frames, true) = &at_once {
        let size: usize = frames.iter().map(|frame| frame.len() + 4).sum();
        assert!(size + PREFACE.len() <= bytes.len());
        let wire = frames.iter().flat_map(|frame| [&(frame.len() as u32).to_le_bytes()[..], frame].concat());
        assert!(bytes[PREFACE.len()..].starts_with(&wire.collect::<Vec<_>>()));
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let session = super::serve::session();
    [0, 1, 63, 255].map(|size| [&[size][..], &session].concat()).into()
}

/// The frames, and whether there was a preface.
fn frames(bytes: &[u8], piece: usize) -> (Vec<Vec<u8>>, bool) {
    let (mut buffer, mut found, mut is_greeted) = (BytesMut::new(), Vec::new(), false);
    for piece in bytes.chunks(piece) {
        buffer.extend_from_slice(piece);
        if !is_greeted {
            match take_preface(&mut buffer) {
                Ok(taken) => is_greeted = taken,
                Err(_) => return (found, false),
            }
        }
        if !is_greeted {
            continue;
        }
        loop {
            match take_frame(&mut buffer, FRAME_BYTES) {
                Ok(Some(frame)) => found.push(frame.to_vec()),
                Ok(None) => break,
                Err(_) => return (found, true),
            }
        }
    }
    (found, is_greeted)
}
