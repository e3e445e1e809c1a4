//! Programs whose input and output are Rust types.

use alloc::{format, string::String, vec::Vec};
use core::{fmt, marker::PhantomData};

use postcard_schema::{
    Schema,
    schema::{DataModelType, DataModelVariant, NamedType},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::{Error, Result},
    limits::TYPE_DEPTH,
    program::Program,
    ty::{Repr, Type, TypeId, TypeTable},
};

/// A Rust type that can be a program's input.
pub trait Encoded: Serialize + Schema {}
impl<T: Serialize + Schema> Encoded for T {}

/// A Rust type that can be a program's output.
pub trait Decoded: DeserializeOwned + Schema {}
impl<T: DeserializeOwned + Schema> Decoded for T {}

/// A program whose input and output types were checked against `I` and `O`.
///
/// The check goes by shape: integers by width, structs and tuples by their fields in order (names must agree where
/// both sides have them), `Vec` for arrays, `Option` for options, enums by their variants in order. A framed type
/// fits its inner type and a newtype of it.
///
/// ```
/// use runner_core::{Code, Expr, INPUT, Kind, Parts, Prim, Program, TypeTable, TypedProgram};
///
/// let mut types = TypeTable::new();
/// let int = types.prim(Prim::Int64);
/// let body = vec![Expr { kind: Kind::Local(INPUT), ty: int }];
/// let program = Program::new(Parts { types, input: int, output: int, body, ..Parts::default() })?;
///
/// let typed = TypedProgram::<i64, i64>::new(program.clone())?;
/// assert_eq!(typed.decode(&typed.encode(&42)?)?, 42);
///
/// let error = TypedProgram::<i64, String>::new(program).unwrap_err();
/// assert_eq!(error.code(), Code::PrepareError);
/// assert_eq!(error.message(), "the program's output is Int64, which is no Rust type `String`");
/// # Ok::<(), runner_core::Error>(())
/// ```
pub struct TypedProgram<I, O> {
    program: Program,
    types: PhantomData<fn(&I) -> O>,
}

impl<I: Schema, O: Schema> TypedProgram<I, O> {
    /// Checks the types of a program.
    ///
    /// # Errors
    /// `PREPARE_ERROR` that names both types and the place within them where they part.
    pub fn new(program: Program) -> Result<Self> {
        check("input", program.types(), program.input(), I::SCHEMA)?;
        check("output", program.types(), program.output(), O::SCHEMA)?;
        Ok(Self { program, types: PhantomData })
    }
}

impl<I, O> TypedProgram<I, O> {
    /// The program.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The bytes of an input.
    ///
    /// # Errors
    /// `DECODE_ERROR` if `I`'s `Serialize` fails or has no postcard form.
    pub fn encode(&self, input: &I) -> Result<Vec<u8>>
    where
        I: Serialize,
    {
        postcard::to_allocvec(input)
            .map_err(|error| Error::decode(format!("the input can't be encoded: {error}")))
    }

    /// The output that these bytes are.
    ///
    /// # Errors
    /// `DECODE_ERROR` if they are not an `O`.
    pub fn decode(&self, output: &[u8]) -> Result<O>
    where
        O: DeserializeOwned,
    {
        match postcard::take_from_bytes(output) {
            Ok((value, [])) => Ok(value),
            Ok((_, rest)) => Err(Error::decode(format!("{} bytes follow the end of the output", rest.len()))),
            Err(error) => Err(Error::decode(format!("the output can't be decoded: {error}"))),
        }
    }
}

impl<I, O> Clone for TypedProgram<I, O> {
    fn clone(&self) -> Self {
        Self { program: self.program.clone(), types: PhantomData }
    }
}

impl<I, O> fmt::Debug for TypedProgram<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.program, f)
    }
}

/// Checks a type of a program, or of a host function, against the schema of a Rust type.
///
/// # Errors
/// `PREPARE_ERROR` that says which types these are and where in them they part.
pub fn check(what: &str, types: &TypeTable, ty: TypeId, schema: &'static NamedType) -> Result<()> {
    let mut path = String::new();
    if fits(types, ty, schema, &mut path, 0) {
        return Ok(());
    }
    let place = if path.is_empty() {
        String::new()
    } else {
        format!(" (they part at `{}`)", path.trim_start_matches('.'))
    };
    Err(Error::prepare(format!(
        "the program's {what} is {}, which is no Rust type `{}`{place}",
        types.display(ty),
        schema.name
    )))
}

/// Whether a type fits; if not, `path` is left at the place where it does not.
fn fits(types: &TypeTable, ty: TypeId, schema: &NamedType, path: &mut String, depth: usize) -> bool {
    if depth > TYPE_DEPTH {
        return false;
    }
    let below = depth + 1;
    if let DataModelType::NewtypeStruct(inner) = schema.ty {
        let framed = match types.get(ty) {
            Some(Type::Framed { inner, .. }) => *inner,
            _ => ty,
        };
        return fits(types, framed, inner, path, below) || single_field(types, ty, inner, path, below);
    }
    match (types.get(ty), schema.ty) {
        (Some(Type::Framed { inner, .. }), _) => fits(types, *inner, schema, path, below),
        (Some(Type::Prim(prim)), model) => matches!(
            (prim.repr(), model),
            (Repr::Bool, DataModelType::Bool)
                | (Repr::I8, DataModelType::I8)
                | (Repr::I16, DataModelType::I16)
                | (Repr::I32, DataModelType::I32)
                | (Repr::I64, DataModelType::I64)
                | (Repr::U8, DataModelType::U8)
                | (Repr::U16, DataModelType::U16)
                | (Repr::U32, DataModelType::U32)
                | (Repr::U64, DataModelType::U64)
                | (Repr::F32, DataModelType::F32)
                | (Repr::F64, DataModelType::F64)
                | (Repr::Text, DataModelType::String)
        ),
        (Some(Type::Tuple(fields)), DataModelType::Unit | DataModelType::UnitStruct) => fields.is_empty(),
        (Some(Type::Tuple(_)), DataModelType::Tuple(items) | DataModelType::TupleStruct(items)) => {
            fields_fit(types, ty, items.iter().map(|item| (None, *item)), path, below)
        }
        (Some(Type::Tuple(_)), DataModelType::Struct(items)) => {
            fields_fit(types, ty, items.iter().map(|item| (Some(item.name), item.ty)), path, below)
        }
        (Some(Type::Array(item)), DataModelType::Seq(schema)) => {
            step(path, "[]", |path| fits(types, *item, schema, path, below))
        }
        (Some(Type::Array(item)), DataModelType::ByteArray) => {
            types.as_prim(*item).map(|p| p.repr()) == Some(Repr::U8)
        }
        (Some(Type::Enum(_)), DataModelType::Option(some)) => match types.as_option(ty) {
            Some(inner) => step(path, "?", |path| fits(types, inner, some, path, below)),
            None => false,
        },
        (Some(Type::Enum(variants)), DataModelType::Enum(models)) => {
            variants.len() == models.len()
                && variants.iter().zip(*models).all(|(variant, model)| {
                    step(path, &variant.name, |path| {
                        same_name(&variant.name, model.name)
                            && payload_fits(types, variant.ty, model.ty, path, below)
                    })
                })
        }
        _ => false,
    }
}

fn payload_fits(
    types: &TypeTable,
    ty: TypeId,
    model: &DataModelVariant,
    path: &mut String,
    depth: usize,
) -> bool {
    match model {
        DataModelVariant::UnitVariant => types.is_unit(ty),
        DataModelVariant::NewtypeVariant(inner) => {
            fits(types, ty, inner, path, depth) || single_field(types, ty, inner, path, depth)
        }
        DataModelVariant::TupleVariant(items) => {
            fields_fit(types, ty, items.iter().map(|item| (None, *item)), path, depth)
        }
        DataModelVariant::StructVariant(items) => {
            fields_fit(types, ty, items.iter().map(|item| (Some(item.name), item.ty)), path, depth)
        }
    }
}

/// A tuple of one field has the bytes of that field, and so has a newtype.
fn single_field(types: &TypeTable, ty: TypeId, schema: &NamedType, path: &mut String, depth: usize) -> bool {
    match types.as_tuple(ty) {
        Some([field]) => fits(types, field.ty, schema, path, depth),
        _ => false,
    }
}

fn fields_fit<'a>(
    types: &TypeTable,
    ty: TypeId,
    models: impl ExactSizeIterator<Item = (Option<&'a str>, &'a NamedType)>,
    path: &mut String,
    depth: usize,
) -> bool {
    let Some(fields) = types.as_tuple(ty) else { return false };
    fields.len() == models.len()
        && fields.iter().zip(models).enumerate().all(|(index, (field, (name, schema)))| {
            let position = format!("{index}");
            step(path, field.name.as_deref().unwrap_or(&position), |path| {
                let named = match (&field.name, name) {
                    (Some(field), Some(name)) => same_name(field, name),
                    _ => true,
                };
                named && fits(types, field.ty, schema, path, depth)
            })
        })
}

/// Names agree but for case and underscores: `SomeVariant` is `some_variant`.
fn same_name(left: &str, right: &str) -> bool {
    let letters = |name: &str| -> String {
        let name = name.strip_prefix("r#").unwrap_or(name);
        name.chars().filter(|char| *char != '_').flat_map(char::to_lowercase).collect()
    };
    letters(left) == letters(right)
}

/// Goes one step down, and keeps the step in the path if it fails there.
fn step(path: &mut String, name: &str, inner: impl FnOnce(&mut String) -> bool) -> bool {
    let length = path.len();
    path.push('.');
    path.push_str(name);
    let fits = inner(path);
    if fits {
        path.truncate(length);
    }
    fits
}
