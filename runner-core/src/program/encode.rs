use alloc::{format, vec::Vec};

use super::Parts;
use crate::error::{Error, Result};

/// The first four bytes of every program.
pub const MAGIC: [u8; 4] = *b"LPRG";

/// The version of the encoding that this crate writes, and the only one that it reads.
pub const VERSION: u8 = 1;

pub(super) fn encode(parts: &Parts) -> Result<Vec<u8>> {
    let mut bytes = Vec::from(MAGIC);
    bytes.push(VERSION);
    postcard::to_extend(parts, bytes)
        .map_err(|error| Error::decode(format!("the program can't be encoded: {error}")))
}

pub(super) fn decode(bytes: &[u8]) -> Result<Parts> {
    let Some((version, body)) = bytes.strip_prefix(&MAGIC).and_then(<[u8]>::split_first) else {
        return Err(Error::decode("not a program: it does not begin with `LPRG` and a version"));
    };
    if *version != VERSION {
        return Err(Error::decode(format!(
            "a program of version {version}, but only version {VERSION} is known here; compile it again"
        )));
    }
    match postcard::take_from_bytes(body) {
        Ok((parts, [])) => Ok(parts),
        Ok((_, rest)) => Err(Error::decode(format!("{} bytes follow the end of the program", rest.len()))),
        Err(error) => Err(Error::decode(format!("the program is damaged: {error}"))),
    }
}
