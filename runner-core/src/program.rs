//! Programs: a typed function as a table of types, a table of external functions, and a list of expressions.
//!
//! # Bytes
//!
//! `LPRG`, one byte of version, then [`Parts`] in postcard. The version grows when old readers can't read new bytes.
//! The [`ProgramId`] is the SHA-256 of all of them.
//!
//! # Shape of the body
//!
//! Expressions stand in a list in which each one follows those that it uses, the root last; each is used exactly
//! once, so the list is a tree. Nothing needs recursion to be decoded or checked, and depth is known before anybody
//! walks it. Locals are numbered; each number is bound at one place only.

mod encode;
mod expr;
mod op;
mod typing;
mod validate;

use alloc::{string::String, sync::Arc, vec::Vec};
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    error::{Place, Result},
    ty::{Type, TypeId, TypeTable},
};

pub use encode::{MAGIC, VERSION};
pub use expr::{Arm, Expr, ExprId, Kind, Literal, LocalId};
pub use op::Op;

/// The local that holds the program's input.
pub const INPUT: LocalId = LocalId(0);

/// A validated program. Cheap to clone.
///
/// ```
/// use runner_core::{Code, Expr, ExprId, INPUT, Kind, Parts, Prim, Program, TypeTable};
///
/// let mut types = TypeTable::new();
/// let int = types.prim(Prim::Int64);
/// let body = vec![Expr { kind: Kind::Local(INPUT), ty: int }];
/// let parts = Parts { types, input: int, output: int, body, ..Parts::default() };
/// let program = Program::new(parts)?;
/// assert_eq!(Program::decode(program.bytes())?, program);
/// assert_eq!(program.signature(), "func (Int64): Int64");
///
/// assert_eq!(Program::decode(b"nonsense").unwrap_err().code(), Code::DecodeError);
/// # Ok::<(), runner_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Program(Arc<Inner>);

struct Inner {
    bytes: Vec<u8>,
    id: ProgramId,
    parts: Parts,
}

/// What a program is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parts {
    /// All types.
    pub types: TypeTable,
    /// External functions that the body calls.
    #[serde(deserialize_with = "crate::bounded::vec")]
    pub externals: Vec<External>,
    /// Type of [`INPUT`].
    pub input: TypeId,
    /// Type of the root.
    pub output: TypeId,
    /// The expressions; the last one is the root.
    #[serde(deserialize_with = "crate::bounded::vec")]
    pub body: Vec<Expr>,
    /// Names of the source files that `places` speak of.
    #[serde(deserialize_with = "crate::bounded::vec")]
    pub sources: Vec<String>,
    /// Where each expression of `body` stands in the source: empty, or as long as `body`.
    #[serde(deserialize_with = "crate::bounded::vec")]
    pub places: Vec<SourcePlace>,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            types: TypeTable::new(),
            externals: Vec::new(),
            input: TypeId(0),
            output: TypeId(0),
            body: Vec::new(),
            sources: Vec::new(),
            places: Vec::new(),
        }
    }
}

/// A function that the runner implements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct External {
    /// Full path, such as `std::fs::read_parquet` or `geocode`.
    pub path: String,
    /// Its parameters.
    #[serde(deserialize_with = "crate::bounded::vec")]
    pub params: Vec<Param>,
    /// Type of its result.
    pub result: TypeId,
}

/// A parameter of an [`External`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Param {
    /// A value.
    Value(TypeId),
    /// A value that is a literal in the program.
    Const(TypeId),
    /// A function, given as a [`Kind::Lambda`].
    Function {
        /// Types of its parameters.
        #[serde(deserialize_with = "crate::bounded::vec")]
        params: Vec<TypeId>,
        /// Type of its result.
        result: TypeId,
    },
}

/// A [`Place`] whose source is an index into [`Parts::sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SourcePlace {
    /// Index of the file.
    pub source: u16,
    /// Line, from 1; 0 if there is no place.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// The SHA-256 of a program's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProgramId(pub [u8; 32]);

impl Program {
    /// Validates and encodes.
    ///
    /// # Errors
    /// `DECODE_ERROR` that names the expression or type at fault.
    pub fn new(parts: Parts) -> Result<Self> {
        validate::validate(&parts)?;
        Ok(Self::sealed(encode::encode(&parts)?, parts))
    }

    /// Decodes and validates. Takes time and memory in proportion to the bytes.
    ///
    /// # Errors
    /// `DECODE_ERROR` if this is no program, one of another version, or not valid.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let parts = encode::decode(bytes)?;
        validate::validate(&parts)?;
        Ok(Self::sealed(bytes.to_vec(), parts))
    }

    fn sealed(bytes: Vec<u8>, parts: Parts) -> Self {
        let id = ProgramId::of(&bytes);
        Self(Arc::new(Inner { bytes, id, parts }))
    }

    /// The portable encoding.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// The content hash.
    #[must_use]
    pub fn id(&self) -> ProgramId {
        self.0.id
    }

    /// All types.
    #[must_use]
    pub fn types(&self) -> &TypeTable {
        &self.0.parts.types
    }

    /// External functions that the body calls.
    #[must_use]
    pub fn externals(&self) -> &[External] {
        &self.0.parts.externals
    }

    /// Type of the input.
    #[must_use]
    pub fn input(&self) -> TypeId {
        self.0.parts.input
    }

    /// Type of the output.
    #[must_use]
    pub fn output(&self) -> TypeId {
        self.0.parts.output
    }

    /// All expressions, each behind those that it uses.
    #[must_use]
    pub fn body(&self) -> &[Expr] {
        &self.0.parts.body
    }

    /// The root expression.
    #[must_use]
    pub fn root(&self) -> ExprId {
        ExprId((self.0.parts.body.len() as u32).saturating_sub(1))
    }

    /// The expression at an index, `None` if it is not of this program.
    #[must_use]
    pub fn expr(&self, id: ExprId) -> Option<&Expr> {
        self.0.parts.body.get(id.0 as usize)
    }

    /// Where an expression stands in the source, if the program says so.
    #[must_use]
    pub fn place(&self, id: ExprId) -> Option<Place> {
        let place = self.0.parts.places.get(id.0 as usize).filter(|place| place.line > 0)?;
        let source = self.0.parts.sources.get(usize::from(place.source))?.clone();
        Some(Place { source, line: place.line, column: place.column })
    }

    /// What the program is made of.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.0.parts
    }

    /// Bytes of memory that the program takes, estimated from its size.
    ///
    /// ```
    /// # use runner_core::{Expr, INPUT, Kind, Parts, Program, TypeTable};
    /// # let mut types = TypeTable::new();
    /// # let unit = types.unit();
    /// # let body = vec![Expr { kind: Kind::Local(INPUT), ty: unit }];
    /// # let program = Program::new(Parts { types, input: unit, output: unit, body, ..Parts::default() })?;
    /// assert!(program.memory_bytes() > program.bytes().len() as u64);
    /// # Ok::<(), runner_core::Error>(())
    /// ```
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        let Parts { types, externals, body, places, .. } = &self.0.parts;
        // Texts and lists of the parts take about as much as their encoding.
        let parts = size_of_val(&**body)
            + size_of_val(&**places)
            + size_of_val(&**externals)
            + types.len() * size_of::<Type>();
        (size_of::<Inner>() + 2 * self.0.bytes.len() + parts) as u64
    }

    /// The type of the function, as Lutra source.
    #[must_use]
    pub fn signature(&self) -> String {
        let types = self.types();
        alloc::format!("func ({}): {}", types.display(self.input()), types.display(self.output()))
    }
}

impl PartialEq for Program {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Program {}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Program({}, {})", self.id(), self.signature())
    }
}

impl ProgramId {
    /// The hash of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest;
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Reads the 64 hexadecimal digits that `Display` prints.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let mut id = [0; 32];
        for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
            for digit in pair {
                let value = char::from(*digit).to_digit(16)?;
                *byte = (*byte << 4) | value as u8;
            }
        }
        Some(Self(id))
    }
}

impl fmt::Display for ProgramId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ProgramId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
