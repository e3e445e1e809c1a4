mod scalar;

use runner_core::{
    Error, Result, Type, TypeId, TypeTable,
    limits::{EMPTY_ITEMS, VALUE_DEPTH},
    wire::Reader,
};

use crate::shape::{Shapes, option};
use scalar::{is_number, is_whole};

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
    let mut printer = Printer::new(types, ty, layout);
    let mut out = Vec::with_capacity(bytes.len());
    let mut reader = Reader::new(bytes);
    printer.advance(&mut reader, bytes, true, usize::MAX, &mut out)?;
    reader.finish()?;
    Ok(out)
}

/// [`print()`] for bytes that come in pieces, which may break off anywhere. It holds the open brackets, and a primitive
/// that is not there as a whole.
///
/// ```
/// use runner_core::{Prim, TypeTable};
/// use runner_json::{Layout, Printer};
///
/// let mut types = TypeTable::new();
/// let text = types.prim(Prim::Text);
/// let texts = types.array(text);
/// let mut printer = Printer::new(&types, texts, Layout::Compact);
///
/// let mut json = Vec::new();
/// for mut piece in [&b"\x02\x05he"[..], b"llo\x05wo", b"rld"] {
///     while printer.push(&mut piece, 64 << 10, &mut json)? {
///         // 64 KiB of JSON are there, and more is to come of this piece.
///     }
/// }
/// printer.finish(&mut json)?;
/// assert_eq!(json, br#"["hello","world"]"#);
/// # Ok::<(), runner_core::Error>(())
/// ```
pub struct Printer<'a> {
    types: &'a TypeTable,
    shapes: Shapes,
    /// What is open, the innermost last; empty when the value has ended.
    open: Vec<Open<'a>>,
    /// Open brackets, `None` if all goes on one line.
    indent: Option<usize>,
    /// The beginning of a primitive, or what was not yet looked at behind one.
    held: Vec<u8>,
}

/// A value that has begun, but for the first.
enum Open<'a> {
    /// A value whose first bytes are still to come. `wrapped`: an option directly within another one, which is written
    /// as an ordinary enum.
    Value { ty: TypeId, wrapped: bool },
    /// A tuple: its fields, the next one, and whether it is an object.
    Tuple { fields: &'a [runner_core::Field], next: usize, is_object: bool },
    /// An array: the type of its items, and how many were and will be there.
    Array { item: TypeId, next: u64, count: u64 },
    /// A variant with a payload, which ends with the payload.
    Variant,
    /// An option, which nothing ends.
    Some,
}

impl<'a> Printer<'a> {
    /// Begins a value of a type.
    #[must_use]
    pub fn new(types: &'a TypeTable, ty: TypeId, layout: Layout) -> Self {
        Self {
            types,
            shapes: Shapes::new(types),
            open: vec![Open::Value { ty, wrapped: false }],
            indent: (layout == Layout::Pretty).then_some(0),
            held: Vec::new(),
        }
    }

    /// Takes from the front of `bytes` and writes to the end of `out`, until the bytes are used up (`false`) or `out`
    /// has `room` bytes (`true`). A single primitive may go beyond that.
    ///
    /// # Errors
    /// As [`print()`].
    pub fn push(&mut self, bytes: &mut &[u8], room: usize, out: &mut Vec<u8>) -> Result<bool> {
        loop {
            if self.held.is_empty() {
                let all = *bytes;
                let mut reader = Reader::new(all);
                let full = self.advance(&mut reader, all, false, room, out)?;
                *bytes = all.get(reader.offset()..).unwrap_or_default();
                if !full {
                    self.held.extend_from_slice(bytes);
                    *bytes = &[];
                }
                return Ok(full);
            }
            let held = core::mem::take(&mut self.held);
            let mut reader = Reader::new(&held);
            let full = self.advance(&mut reader, &held, false, room, out)?;
            let used = reader.offset();
            self.held = held;
            self.held.drain(..used);
            if full || bytes.is_empty() {
                return Ok(full);
            }
            // Twice as much each time, so that a long text is copied a few times at most.
            let (more, rest) = bytes.split_at(self.held.len().max(64).min(bytes.len()));
            self.held.extend_from_slice(more);
            *bytes = rest;
        }
    }

    /// Ends the value.
    ///
    /// # Errors
    /// As [`print()`], also if the value has not ended.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<()> {
        let held = core::mem::take(&mut self.held);
        let mut reader = Reader::new(&held);
        self.advance(&mut reader, &held, true, usize::MAX, out)?;
        reader.finish()
    }

    /// Goes on until the value ends, bytes are missing, or `out` is full, which it says. If `whole`, bytes that are
    /// missing are an error.
    fn advance(
        &mut self,
        reader: &mut Reader<'_>,
        bytes: &[u8],
        whole: bool,
        room: usize,
        out: &mut Vec<u8>,
    ) -> Result<bool> {
        loop {
            if out.len() >= room {
                return Ok(true);
            }
            let (ty, wrapped) = match self.open.last_mut() {
                None => {
                    reader.finish()?;
                    return Ok(false);
                }
                Some(Open::Value { ty, wrapped }) => {
                    let value = (*ty, *wrapped);
                    self.open.pop();
                    value
                }
                Some(Open::Tuple { fields, next, is_object }) => {
                    let (index, is_object) = (*next, *is_object);
                    let Some(field) = fields.get(index) else {
                        let is_empty = fields.is_empty();
                        self.close(if is_object { b'}' } else { b']' }, is_empty, out);
                        continue;
                    };
                    *next += 1;
                    self.separate(index == 0, out);
                    if is_object {
                        self.key(field.name.as_deref().unwrap_or_default(), out)?;
                    }
                    (field.ty, false)
                }
                Some(Open::Array { item, next, count }) => {
                    let (item, index, count) = (*item, *next, *count);
                    if index == count {
                        self.close(b']', count == 0, out);
                        continue;
                    }
                    *next += 1;
                    self.separate(index == 0, out);
                    (item, false)
                }
                Some(Open::Variant) => {
                    self.close(b'}', false, out);
                    continue;
                }
                Some(Open::Some) => {
                    self.open.pop();
                    continue;
                }
            };
            if !self.begin(ty, wrapped, reader, bytes, whole, out)? {
                self.open.push(Open::Value { ty, wrapped });
                return Ok(false);
            }
        }
    }

    /// Writes a primitive, or opens another value. `false` if bytes are missing, which leaves all as it was.
    fn begin(
        &mut self,
        ty: TypeId,
        wrapped: bool,
        reader: &mut Reader<'_>,
        bytes: &[u8],
        whole: bool,
        out: &mut Vec<u8>,
    ) -> Result<bool> {
        if self.open.len() > VALUE_DEPTH {
            return Err(Error::decode(format!("a value nests deeper than {VALUE_DEPTH} levels")));
        }
        let types = self.types;
        let ty = types.unframed(ty);
        let rest = || bytes.get(reader.offset()..).unwrap_or_default();
        match types.get(ty) {
            Some(Type::Prim(prim)) => {
                if !whole && !is_whole(rest(), prim.repr()) {
                    return Ok(false);
                }
                scalar::write(*prim, reader, out)?;
            }
            Some(Type::Tuple(fields)) => {
                let is_object = self.shapes.is_object(ty);
                self.bracket(if is_object { b'{' } else { b'[' }, out);
                self.open.push(Open::Tuple { fields, next: 0, is_object });
            }
            Some(Type::Array(item)) => {
                if !whole && !is_number(rest()) {
                    return Ok(false);
                }
                let count = length(reader, types.least_bytes(*item), whole)?;
                self.bracket(b'[', out);
                self.open.push(Open::Array { item: *item, next: 0, count });
            }
            Some(Type::Enum(variants)) => {
                if !whole && !is_number(rest()) {
                    return Ok(false);
                }
                let index = reader.u32()?;
                match (option(types, ty), variants.get(index as usize)) {
                    (_, None) => {
                        let words = format!("variant {index} of an enum that has {}", variants.len());
                        return Err(reader.error(&words));
                    }
                    (Some((some, nested)), Some(_)) if !wrapped => match index {
                        0 => out.extend_from_slice(b"null"),
                        _ => {
                            self.open.push(Open::Some);
                            self.open.push(Open::Value { ty: some, wrapped: nested });
                        }
                    },
                    (_, Some(variant)) if types.is_unit(variant.ty) => scalar::text(&variant.name, out)?,
                    (payload, Some(variant)) => {
                        self.bracket(b'{', out);
                        self.separate(true, out);
                        self.key(&variant.name, out)?;
                        let wrapped = payload.is_some_and(|(_, nested)| nested);
                        self.open.push(Open::Variant);
                        self.open.push(Open::Value { ty: variant.ty, wrapped });
                    }
                }
            }
            Some(Type::Framed { .. }) | None => {
                return Err(Error::decode(format!("type {} is not there", ty.0)));
            }
        }
        Ok(true)
    }

    fn key(&mut self, name: &str, out: &mut Vec<u8>) -> Result<()> {
        scalar::text(name, out)?;
        out.extend_from_slice(if self.indent.is_some() { b": " } else { b":" });
        Ok(())
    }

    fn bracket(&mut self, bracket: u8, out: &mut Vec<u8>) {
        out.push(bracket);
        self.indent = self.indent.map(|indent| indent + 1);
    }

    fn separate(&mut self, is_first: bool, out: &mut Vec<u8>) {
        if !is_first {
            out.push(b',');
        }
        self.line(out);
    }

    /// Ends the innermost value.
    fn close(&mut self, bracket: u8, is_empty: bool, out: &mut Vec<u8>) {
        self.open.pop();
        self.indent = self.indent.map(|indent| indent.saturating_sub(1));
        if !is_empty {
            self.line(out);
        }
        out.push(bracket);
    }

    fn line(&mut self, out: &mut Vec<u8>) {
        if let Some(indent) = self.indent {
            out.push(b'\n');
            out.resize(out.len() + 2 * indent, b' ');
        }
    }
}

/// Number of items of an array. Of a piece it can't be checked against what is left.
fn length(reader: &mut Reader<'_>, least: usize, whole: bool) -> Result<u64> {
    if whole {
        return reader.length(least).map(|count| count as u64);
    }
    let count = reader.u64()?;
    if least == 0 && count > EMPTY_ITEMS {
        return Err(reader.error(&format!("more than {EMPTY_ITEMS} items that take no bytes")));
    }
    Ok(count)
}
