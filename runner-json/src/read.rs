mod expect;
mod names;
mod number;
mod value;

use runner_core::{Code, Error, Result, TypeId, TypeTable, wire::Writer};
use serde::de::DeserializeSeed;

use crate::{path::Path, shape::Shapes};
use names::Names;
use value::ValueSeed;

/// The wire bytes of a value of this type that is written as JSON.
///
/// Fields are put into their order, so the bytes are the same in whatever order an object has them.
///
/// ```
/// use runner_core::{Prim, TypeTable};
/// use runner_json::read;
///
/// let mut types = TypeTable::new();
/// let int = types.prim(Prim::Int8);
/// let ints = types.array(int);
/// assert_eq!(read(&types, ints, b"[1, 2]")?, [2, 1, 2]);
/// assert_eq!(
///     read(&types, ints, b"[1, 200]").unwrap_err().message(),
///     "line 1, column 7: at `$[1]`: expected Int8, found the number 200"
/// );
/// # Ok::<(), runner_core::Error>(())
/// ```
///
/// # Errors
/// `DECODE_ERROR` with line and column, the path to the value at fault, what was expected and what was found.
pub fn read(types: &TypeTable, ty: TypeId, json: &[u8]) -> Result<Vec<u8>> {
    let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    match read_once(types, ty, json, Integers::Parsed) {
        Err(Failure::NeedsDigits) => read_once(types, ty, json, Integers::FromDigits),
        read => read,
    }
    .map_err(|failure| match failure {
        Failure::Invalid(error) => error,
        Failure::NeedsDigits => Error::new(Code::Internal, "digits were asked for twice"),
    })
}

fn read_once(types: &TypeTable, ty: TypeId, json: &[u8], integers: Integers) -> Result<Vec<u8>, Failure> {
    let mut state = State {
        types,
        shapes: Shapes::new(types),
        out: Writer::with_capacity(json.len() / 2),
        path: Path::default(),
        spans: Vec::new(),
        names: Names::default(),
        left_out: 0,
        scratch: Vec::new(),
        depth: 0,
        integers,
        needs_digits: false,
    };
    let document = json.trim_ascii_end();
    let mut json = serde_json::Deserializer::from_slice(json);
    // Depth is bounded by `VALUE_DEPTH`, which the seed counts.
    json.disable_recursion_limit();
    match ValueSeed::new(&mut state, ty).deserialize(&mut json) {
        Ok(()) => json.end().map_err(|error| Failure::Invalid(placed(&error, &Path::default(), document)))?,
        Err(_) if state.needs_digits => return Err(Failure::NeedsDigits),
        Err(error) => return Err(Failure::Invalid(placed(&error, &state.path, document))),
    }
    Ok(state.out.into_bytes())
}

/// How integers are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Integers {
    /// By the JSON parser, which rounds a number with a point or an exponent to an `f64`.
    Parsed,
    /// From their digits, which is exact and takes longer.
    FromDigits,
}

enum Failure {
    Invalid(Error),
    /// An integer is written with a point or an exponent: the document has to be read with [`Integers::FromDigits`].
    NeedsDigits,
}

/// What the seeds of all levels share.
struct State<'a> {
    types: &'a TypeTable,
    shapes: Shapes,
    out: Writer,
    /// Where the reader is; after an error, where it was.
    path: Path<'a>,
    /// For each field of the objects that are open, where its bytes are in `out`.
    spans: Vec<Option<(usize, usize)>>,
    names: Names<'a>,
    /// Fields that objects have left out so far; each takes a byte that the document does not have.
    left_out: u64,
    /// The bytes of an object while its fields are put into order.
    scratch: Vec<u8>,
    depth: usize,
    integers: Integers,
    /// The error is [`Failure::NeedsDigits`].
    needs_digits: bool,
}

/// The error with its place before the words, as in all messages about text.
fn placed(error: &serde_json::Error, path: &Path<'_>, document: &[u8]) -> Error {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let words = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
    let at = if path.is_root() { String::new() } else { format!("at `{path}`: ") };
    // An error about digits has no place of its own where they are the whole document.
    let (line, column) = if line == 0 { end(document) } else { (line, column) };
    Error::decode(format!("line {line}, column {column}: {at}{words}"))
}

/// Line and column of the last byte.
fn end(document: &[u8]) -> (usize, usize) {
    let line = document.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = document.rsplit(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len);
    (line, column)
}
