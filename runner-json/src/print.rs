use std::io;

use runner_core::{
    Error, Prim, Repr, Result, Type, TypeId, TypeTable,
    limits::VALUE_DEPTH,
    value::{format_date, format_decimal, format_duration, format_time, format_timestamp},
    wire::Reader,
};

use crate::shape::{Shapes, option};

/// How JSON is spread over lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// No white space at all.
    #[default]
    Compact,
    /// A line for each field and item, indented by two spaces.
    Pretty,
}

/// The JSON of a value on the wire, without a newline at the end.
///
/// ```
/// use runner_core::{Prim, TypeTable, Value, wire};
/// use runner_json::{Layout, print};
///
/// let mut types = TypeTable::new();
/// let date = types.prim(Prim::Date);
/// let dates = types.array(date);
/// let bytes = wire::encode(&types, dates, &Value::Array(vec![Value::Int(0)]))?;
/// assert_eq!(print(&types, dates, &bytes, Layout::Compact)?, b"[\"1970-01-01\"]");
/// # Ok::<(), runner_core::Error>(())
/// ```
///
/// # Errors
/// `DECODE_ERROR` if the bytes are not a value of the type, or nest deeper than [`VALUE_DEPTH`].
pub fn print(types: &TypeTable, ty: TypeId, bytes: &[u8], layout: Layout) -> Result<Vec<u8>> {
    let mut printer = Printer {
        types,
        shapes: Shapes::new(types),
        reader: Reader::new(bytes),
        out: Vec::with_capacity(bytes.len()),
        indent: (layout == Layout::Pretty).then_some(0),
        depth: 0,
    };
    printer.value(ty, false)?;
    printer.reader.finish()?;
    Ok(printer.out)
}

struct Printer<'a> {
    types: &'a TypeTable,
    shapes: Shapes,
    reader: Reader<'a>,
    out: Vec<u8>,
    /// Open brackets, `None` if all goes on one line.
    indent: Option<usize>,
    depth: usize,
}

impl<'a> Printer<'a> {
    /// `wrapped`: an option directly within another one, which is written as an ordinary enum.
    fn value(&mut self, ty: TypeId, wrapped: bool) -> Result<()> {
        if self.depth > VALUE_DEPTH {
            return Err(Error::decode(format!("a value nests deeper than {VALUE_DEPTH} levels")));
        }
        self.depth += 1;
        let types = self.types;
        let ty = types.unframed(ty);
        match types.get(ty) {
            Some(Type::Prim(prim)) => self.prim(*prim)?,
            Some(Type::Tuple(fields)) => {
                let object = self.shapes.is_object(ty);
                self.open(if object { b'{' } else { b'[' });
                for (index, field) in fields.iter().enumerate() {
                    self.separate(index);
                    if object {
                        self.key(field.name.as_deref().unwrap_or_default())?;
                    }
                    self.value(field.ty, false)?;
                }
                self.close(if object { b'}' } else { b']' }, fields.is_empty());
            }
            Some(Type::Array(item)) => {
                let count = self.reader.length(types.least_bytes(*item))?;
                self.open(b'[');
                for index in 0..count {
                    self.separate(index);
                    self.value(*item, false)?;
                }
                self.close(b']', count == 0);
            }
            Some(Type::Enum(variants)) => {
                let index = self.reader.u32()?;
                match (option(types, ty), variants.get(index as usize)) {
                    (_, None) => {
                        let words = format!("variant {index} of an enum that has {}", variants.len());
                        return Err(self.reader.error(&words));
                    }
                    (Some((some, nested)), Some(_)) if !wrapped => match index {
                        0 => self.out.extend_from_slice(b"null"),
                        _ => self.value(some, nested)?,
                    },
                    (_, Some(variant)) if types.is_unit(variant.ty) => self.text(&variant.name)?,
                    (payload, Some(variant)) => {
                        self.open(b'{');
                        self.separate(0);
                        self.key(&variant.name)?;
                        self.value(variant.ty, payload.is_some_and(|(_, nested)| nested))?;
                        self.close(b'}', false);
                    }
                }
            }
            Some(Type::Framed { .. }) | None => {
                return Err(Error::decode(format!("type {} is not there", ty.0)));
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn prim(&mut self, prim: Prim) -> Result<()> {
        match prim {
            Prim::Date => return self.literal(format_date, Reader::i32),
            Prim::Time => return self.literal(format_time, Reader::u64),
            Prim::Duration => return self.literal(format_duration, Reader::i64),
            Prim::Timestamp => return self.literal(format_timestamp, Reader::i64),
            Prim::Decimal => return self.literal(format_decimal, Reader::i64),
            _ => {}
        }
        let out = &mut self.out;
        let reader = &mut self.reader;
        let done = match prim.repr() {
            Repr::Bool => serde_json::to_writer(out, &reader.bool()?),
            Repr::I8 => serde_json::to_writer(out, &reader.i8()?),
            Repr::I16 => serde_json::to_writer(out, &reader.i16()?),
            Repr::I32 => serde_json::to_writer(out, &reader.i32()?),
            Repr::I64 => serde_json::to_writer(out, &reader.i64()?),
            Repr::U8 => serde_json::to_writer(out, &reader.u8()?),
            Repr::U16 => serde_json::to_writer(out, &reader.u16()?),
            Repr::U32 => serde_json::to_writer(out, &reader.u32()?),
            Repr::U64 => serde_json::to_writer(out, &reader.u64()?),
            Repr::F32 => match reader.f32()? {
                finite if finite.is_finite() => serde_json::to_writer(out, &finite),
                other => serde_json::to_writer(out, &format!("{other:?}")),
            },
            Repr::F64 => match reader.f64()? {
                finite if finite.is_finite() => serde_json::to_writer(out, &finite),
                other => serde_json::to_writer(out, &format!("{other:?}")),
            },
            Repr::Text => serde_json::to_writer(out, reader.text()?),
        };
        done.map_err(unwritable)
    }

    /// A primitive that JSON has no form for, as text.
    fn literal<T>(
        &mut self,
        format: impl Fn(T) -> String,
        take: impl Fn(&mut Reader<'a>) -> Result<T>,
    ) -> Result<()> {
        let text = format(take(&mut self.reader)?);
        self.text(&text)
    }

    fn text(&mut self, text: &str) -> Result<()> {
        serde_json::to_writer(&mut self.out, text).map_err(unwritable)
    }

    fn key(&mut self, name: &str) -> Result<()> {
        self.text(name)?;
        self.out.extend_from_slice(if self.indent.is_some() { b": " } else { b":" });
        Ok(())
    }

    fn open(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.indent = self.indent.map(|indent| indent + 1);
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.out.push(b',');
        }
        self.line();
    }

    fn close(&mut self, bracket: u8, empty: bool) {
        self.indent = self.indent.map(|indent| indent.saturating_sub(1));
        if !empty {
            self.line();
        }
        self.out.push(bracket);
    }

    fn line(&mut self) {
        if let Some(indent) = self.indent {
            self.out.push(b'\n');
            self.out.resize(self.out.len() + 2 * indent, b' ');
        }
    }
}

/// Writing to memory does not fail; this is what the compiler is told about it.
fn unwritable(error: serde_json::Error) -> Error {
    Error::new(runner_core::Code::Internal, format!("JSON can't be written: {}", io::Error::from(error)))
}
