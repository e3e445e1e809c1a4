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

#[cfg(test)]
mod tests {
    use alloc::{string::ToString, vec};

    use super::*;
    use crate::{
        program::{Expr, ExprId, INPUT, Kind, Literal, Op, Program},
        ty::{Prim, TypeTable},
    };

    /// `func (x: Int64): Int64 -> x + 1`. If this fails, old programs no longer decode: raise the version.
    #[test]
    fn golden_bytes() {
        let mut types = TypeTable::new();
        let int = types.prim(Prim::Int64);
        let expr = |kind| Expr { kind, ty: int };
        let body = vec![
            expr(Kind::Local(INPUT)),
            expr(Kind::Literal(Literal::Int(1))),
            expr(Kind::Call { op: Op::Add, args: vec![ExprId(0), ExprId(1)] }),
        ];
        let program =
            Program::new(Parts { types, input: int, output: int, body, ..Parts::default() }).unwrap();
        let bytes = [
            b"LPRG\x01".as_slice(),
            // One type: primitive 4. No externals. Input and output are type 0.
            &[1, 0, 4, 0, 0, 0],
            // Three expressions: local 0; literal of kind 1, zigzag 1; call of operation 4 on expressions 0 and 1.
            &[3, 1, 0, 0, 0, 1, 2, 0, 9, 4, 2, 0, 1, 0],
            // No sources, no places.
            &[0, 0],
        ]
        .concat();
        assert_eq!(program.bytes(), bytes);
        assert_eq!(Program::decode(&bytes).unwrap().parts(), program.parts());
        for end in 0..bytes.len() {
            assert!(Program::decode(bytes.get(..end).unwrap()).is_err(), "{end} bytes are no program");
        }
    }

    #[test]
    fn another_version_is_named() {
        let error = Program::decode(b"LPRG\x09rest").unwrap_err();
        assert!(error.to_string().contains("version 9"), "{error}");
    }
}
