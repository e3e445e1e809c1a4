//! Packed values: between wire bytes and the JSON that `runner-sql` packs them as.

use runner_core::{
    Code, Error, Prim, Repr, Result, TypeId, value,
    wire::{Reader, Writer},
};
use runner_sql::{Shape, Shapes, postgres::unescape};

use crate::{error, limits::PARAMETER_BYTES, params};

/// Appends the JSON of a value.
///
/// # Errors
/// `DECODE_ERROR` if the bytes are not one of this type, or nest too deep; `RESOURCE_EXHAUSTED` if it becomes too long.
pub(crate) fn write(
    shapes: &Shapes,
    ty: TypeId,
    reader: &mut Reader<'_>,
    out: Out<'_>,
    escapes: bool,
) -> Result<()> {
    WriteTo { shapes, most: out.most, out: out.bytes, escapes }.value(ty, reader, 0)
}

/// Where JSON goes.
pub(crate) struct Out<'a> {
    pub(crate) bytes: &'a mut Vec<u8>,
    /// How long it may become.
    pub(crate) most: usize,
}

/// Appends the wire bytes of a value to `writer`.
///
/// # Errors
/// `INTERNAL` if the text is not the JSON of a value of this type.
pub(crate) fn read(
    shapes: &Shapes,
    ty: TypeId,
    text: &[u8],
    writer: &mut Writer,
    escapes: bool,
) -> Result<()> {
    let mut parser = Parser { rest: text, escapes };
    parser.value(shapes, ty, writer, 0)?;
    if parser.peek().is_some() { Err(wrong("more than one value")) } else { Ok(()) }
}

const DEPTH: usize = runner_core::limits::VALUE_DEPTH;

struct WriteTo<'a> {
    shapes: &'a Shapes,
    out: &'a mut Vec<u8>,
    most: usize,
    escapes: bool,
}

impl WriteTo<'_> {
    fn value(&mut self, ty: TypeId, reader: &mut Reader<'_>, depth: usize) -> Result<()> {
        if depth > DEPTH {
            return Err(reader.error("a value nests too deep"));
        }
        let types = self.shapes.types();
        match self.shapes.get(ty) {
            Shape::Prim(prim) => self.prim(prim, reader),
            Shape::Tag => {
                let index = reader.u32()?;
                self.out.extend_from_slice(index.to_string().as_bytes());
                Ok(())
            }
            Shape::Tuple => {
                self.out.push(b'[');
                for (index, ty) in self.shapes.fields(ty).into_iter().enumerate() {
                    if index > 0 {
                        self.out.push(b',');
                    }
                    self.value(ty, reader, depth + 1)?;
                }
                self.out.push(b']');
                Ok(())
            }
            Shape::Array(item) => {
                let count = reader.length(types.least_bytes(item))?;
                self.out.push(b'[');
                for index in 0..count {
                    if index > 0 {
                        self.out.push(b',');
                    }
                    self.value(item, reader, depth + 1)?;
                    if self.out.len() > self.most {
                        return Err(error::parameters(PARAMETER_BYTES));
                    }
                }
                self.out.push(b']');
                Ok(())
            }
            Shape::Null(_) | Shape::Option(_) | Shape::Enum => {
                let index = reader.u32()?;
                let variants = types.as_enum(types.unframed(ty)).unwrap_or_default();
                let Some(variant) = variants.get(index as usize) else {
                    return Err(reader.error("there is no such variant"));
                };
                if types.as_option(types.unframed(ty)).is_some() {
                    if index == 0 {
                        self.out.extend_from_slice(b"null");
                        return Ok(());
                    }
                    let is_wrapped = self.shapes.is_nullable(variant.ty);
                    if is_wrapped {
                        self.out.push(b'[');
                    }
                    self.value(variant.ty, reader, depth + 1)?;
                    if is_wrapped {
                        self.out.push(b']');
                    }
                    return Ok(());
                }
                self.out.push(b'[');
                self.out.extend_from_slice(index.to_string().as_bytes());
                if !types.is_unit(variant.ty) {
                    self.out.push(b',');
                    self.value(variant.ty, reader, depth + 1)?;
                }
                self.out.push(b']');
                Ok(())
            }
        }
    }

    fn prim(&mut self, prim: Prim, reader: &mut Reader<'_>) -> Result<()> {
        let text = match prim.repr() {
            Repr::Bool => reader.bool()?.to_string(),
            Repr::I8 => reader.i8()?.to_string(),
            Repr::I16 => reader.i16()?.to_string(),
            Repr::I32 => reader.i32()?.to_string(),
            Repr::I64 => reader.i64()?.to_string(),
            Repr::U8 => reader.u8()?.to_string(),
            Repr::U16 => reader.u16()?.to_string(),
            Repr::U32 => reader.u32()?.to_string(),
            Repr::U64 => reader.u64()?.to_string(),
            Repr::F32 => format!("\"{}\"", value::format_f32(reader.f32()?)),
            Repr::F64 => format!("\"{}\"", value::format_f64(reader.f64()?)),
            Repr::Text => {
                let text = params::text(reader, self.escapes)?;
                self.out.push(b'"');
                for byte in text.bytes() {
                    match byte {
                        b'"' | b'\\' => self.out.extend_from_slice(&[b'\\', byte]),
                        0..0x20 => self.out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
                        _ => self.out.push(byte),
                    }
                }
                self.out.push(b'"');
                return Ok(());
            }
        };
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

struct Parser<'a> {
    rest: &'a [u8],
    escapes: bool,
}

impl<'a> Parser<'a> {
    fn value(&mut self, shapes: &Shapes, ty: TypeId, writer: &mut Writer, depth: usize) -> Result<()> {
        if depth > DEPTH {
            return Err(wrong("a value nests too deep"));
        }
        let types = shapes.types();
        match shapes.get(ty) {
            Shape::Prim(prim) => self.prim(prim, writer),
            Shape::Tag => {
                writer.u32(self.number()?);
                Ok(())
            }
            Shape::Tuple => {
                self.expect(b'[')?;
                for (index, ty) in shapes.fields(ty).into_iter().enumerate() {
                    if index > 0 {
                        self.expect(b',')?;
                    }
                    self.value(shapes, ty, writer, depth + 1)?;
                }
                self.expect(b']')
            }
            Shape::Array(item) => {
                self.expect(b'[')?;
                let start = writer.len();
                let mut count = 0;
                while self.peek() != Some(b']') {
                    if count > 0 {
                        self.expect(b',')?;
                    }
                    self.value(shapes, item, writer, depth + 1)?;
                    count += 1;
                }
                self.expect(b']')?;
                writer.length_before(start, count);
                Ok(())
            }
            Shape::Null(_) | Shape::Option(_) | Shape::Enum => {
                if let Some(some) = types.as_option(types.unframed(ty)) {
                    if self.take(b"null") {
                        writer.u32(0);
                        return Ok(());
                    }
                    writer.u32(1);
                    if shapes.is_nullable(some) {
                        self.expect(b'[')?;
                        self.value(shapes, some, writer, depth + 1)?;
                        return self.expect(b']');
                    }
                    return self.value(shapes, some, writer, depth + 1);
                }
                self.expect(b'[')?;
                let index: u32 = self.number()?;
                writer.u32(index);
                let variants = types.as_enum(types.unframed(ty)).unwrap_or_default();
                match variants.get(index as usize) {
                    Some(variant) if types.is_unit(variant.ty) => {}
                    Some(variant) => {
                        self.expect(b',')?;
                        self.value(shapes, variant.ty, writer, depth + 1)?;
                    }
                    None => return Err(wrong("no such variant")),
                }
                self.expect(b']')
            }
        }
    }

    fn prim(&mut self, prim: Prim, writer: &mut Writer) -> Result<()> {
        match prim.repr() {
            Repr::Bool if self.take(b"true") => writer.bool(true),
            Repr::Bool if self.take(b"false") => writer.bool(false),
            Repr::Bool => return Err(wrong("a Bool")),
            Repr::I8 => writer.i8(self.number()?),
            Repr::I16 => writer.i16(self.number()?),
            Repr::I32 => writer.i32(self.number()?),
            Repr::I64 => writer.i64(self.number()?),
            Repr::U8 => writer.u8(self.number()?),
            Repr::U16 => writer.u16(self.number()?),
            Repr::U32 => writer.u32(self.number()?),
            Repr::U64 => writer.u64(self.number()?),
            Repr::F32 => writer.f32(float(&self.text()?)?),
            Repr::F64 => writer.f64(float(&self.text()?)?),
            Repr::Text if self.escapes => writer.text(&unescape(&self.text()?)),
            Repr::Text => writer.text(&self.text()?),
        }
        Ok(())
    }

    /// The next byte that is no space.
    fn peek(&mut self) -> Option<u8> {
        while let Some((b' ', rest)) = self.rest.split_first() {
            self.rest = rest;
        }
        self.rest.first().copied()
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        match self.peek() {
            Some(found) if found == byte => {
                self.rest = self.rest.get(1..).unwrap_or_default();
                Ok(())
            }
            found => Err(wrong(&format!("{:?} instead of {:?}", found.map(char::from), char::from(byte)))),
        }
    }

    fn take(&mut self, word: &[u8]) -> bool {
        self.peek();
        match self.rest.strip_prefix(word) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn number<T: std::str::FromStr>(&mut self) -> Result<T> {
        self.peek();
        let end = self.rest.iter().position(|byte| !matches!(byte, b'-' | b'0'..=b'9'));
        let (digits, rest) = self.rest.split_at_checked(end.unwrap_or(self.rest.len())).unwrap_or_default();
        self.rest = rest;
        let digits = std::str::from_utf8(digits).unwrap_or_default();
        digits.parse().map_err(|_| wrong(&format!("the number `{digits}`")))
    }

    fn text(&mut self) -> Result<String> {
        self.expect(b'"')?;
        let mut text = Vec::new();
        loop {
            let plain = self.rest.iter().position(|byte| matches!(byte, b'"' | b'\\'));
            let plain = plain.ok_or_else(|| wrong("a text without an end"))?;
            let (before, after) = self.rest.split_at_checked(plain).unwrap_or_default();
            text.extend_from_slice(before);
            match after {
                [b'"', rest @ ..] => {
                    self.rest = rest;
                    return String::from_utf8(text).map_err(|_| wrong("a text that is not UTF-8"));
                }
                [b'\\', b'u', rest @ ..] => {
                    let (digits, rest) = rest.split_at_checked(4).ok_or_else(|| wrong("an escape"))?;
                    let digits = std::str::from_utf8(digits).unwrap_or_default();
                    let code = u32::from_str_radix(digits, 16).map_err(|_| wrong("an escape"))?;
                    // PostgreSQL escapes control characters alone.
                    let character = char::from_u32(code).ok_or_else(|| wrong("an escape"))?;
                    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                    self.rest = rest;
                }
                [b'\\', escaped, rest @ ..] => {
                    text.push(match escaped {
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        b'b' => 8,
                        b'f' => 12,
                        other => *other,
                    });
                    self.rest = rest;
                }
                _ => return Err(wrong("a text without an end")),
            }
        }
    }
}

fn float<T: std::str::FromStr>(text: &str) -> Result<T> {
    text.parse().map_err(|_| wrong(&format!("the float `{text}`")))
}

fn wrong(words: &str) -> Error {
    Error::new(Code::Internal, format!("PostgreSQL gave JSON that is not of its type: {words}"))
}
