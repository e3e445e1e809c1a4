use alloc::{
    format,
    string::{String, ToString},
};
use core::fmt::Write;

use super::{
    Value,
    calendar::{format_date, format_duration, format_time, format_timestamp},
    words::is_keyword,
};
use crate::{
    error::{Error, Result},
    limits::VALUE_DEPTH,
    ty::{Prim, Type, TypeId, TypeTable},
};

/// A value as Lutra source, without a newline at the end; [`read`](super::read) reads it back.
///
/// ```
/// use runner_core::{Prim, TypeTable, Value, value::print};
///
/// let mut types = TypeTable::new();
/// let date = types.prim(Prim::Date);
/// let ty = types.option(date);
/// assert_eq!(print(&types, ty, &Value::some(Value::Int(20_406)))?, "some(@2025-11-14)");
/// # Ok::<(), runner_core::Error>(())
/// ```
///
/// # Errors
/// `DECODE_ERROR` if the value is not of the type.
pub fn print(types: &TypeTable, ty: TypeId, value: &Value) -> Result<String> {
    let mut out = String::new();
    Printer { types, out: &mut out }.value(ty, value, 0, 0)?;
    Ok(out)
}

/// The shortest text that reads back the same, with at least one digit after the point.
#[must_use]
pub fn format_f64(value: f64) -> String {
    format!("{value:?}")
}

/// [`format_f64`] for `Float32`.
#[must_use]
pub fn format_f32(value: f32) -> String {
    format!("{value:?}")
}

/// Hundredths as a number with two digits after the point.
#[must_use]
pub fn format_decimal(hundredths: i64) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    let digits = hundredths.unsigned_abs();
    format!("{sign}{}.{:02}", digits / 100, digits % 100)
}

struct Printer<'a> {
    types: &'a TypeTable,
    out: &'a mut String,
}

impl Printer<'_> {
    fn value(&mut self, ty: TypeId, value: &Value, indent: usize, depth: usize) -> Result<()> {
        if depth > VALUE_DEPTH {
            return Err(Error::decode(format!("a value nests deeper than {VALUE_DEPTH} levels")));
        }
        let below = depth + 1;
        match (self.types.get(ty), value) {
            (Some(Type::Prim(prim)), _) => self.prim(*prim, value)?,
            (Some(Type::Framed { inner, .. }), _) => self.value(*inner, value, indent, below)?,
            (Some(Type::Tuple(fields)), Value::Tuple(values)) if fields.len() == values.len() => {
                self.out.push('{');
                for (field, value) in fields.iter().zip(values) {
                    self.line(indent + 1);
                    if let Some(name) = &field.name {
                        self.name(name);
                        self.out.push_str(" = ");
                    }
                    self.value(field.ty, value, indent + 1, below)?;
                    self.out.push(',');
                }
                if !fields.is_empty() {
                    self.line(indent);
                }
                self.out.push('}');
            }
            (Some(Type::Array(item)), Value::Array(values)) => {
                self.out.push('[');
                for value in values {
                    self.line(indent + 1);
                    self.value(*item, value, indent + 1, below)?;
                    self.out.push(',');
                }
                if !values.is_empty() {
                    self.line(indent);
                }
                self.out.push(']');
            }
            (Some(Type::Enum(variants)), Value::Variant(index, payload)) => {
                let variant = variants
                    .get(*index as usize)
                    .ok_or_else(|| Error::decode("a variant that is not there"))?;
                self.name(&variant.name);
                if !self.types.is_unit(variant.ty) {
                    self.out.push('(');
                    self.value(variant.ty, payload, indent, below)?;
                    self.out.push(')');
                }
            }
            _ => return Err(Error::decode(format!("the value is no {}", self.types.display(ty)))),
        }
        Ok(())
    }

    fn prim(&mut self, prim: Prim, value: &Value) -> Result<()> {
        let text = match (prim, value) {
            (Prim::Text, Value::Text(text)) => {
                self.text(text);
                return Ok(());
            }
            (Prim::Date, Value::Int(days)) => {
                let days = i32::try_from(*days).map_err(|_| Error::decode("a Date out of range"))?;
                format!("@{}", format_date(days))
            }
            (Prim::Time, Value::Uint(micros)) => format!("@{}", format_time(*micros)),
            (Prim::Duration, Value::Int(micros)) => format!("@{}", format_duration(*micros)),
            (Prim::Timestamp, Value::Int(micros)) => format!("@{}", format_timestamp(*micros)),
            (Prim::Decimal, Value::Int(hundredths)) => format_decimal(*hundredths),
            (_, Value::Bool(value)) => value.to_string(),
            (_, Value::Int(value)) => value.to_string(),
            (_, Value::Uint(value)) => value.to_string(),
            (_, Value::Float32(value)) => format_f32(*value),
            (_, Value::Float64(value)) => format_f64(*value),
            _ => return Err(Error::decode(format!("the value is no {}", prim.name()))),
        };
        self.out.push_str(&text);
        Ok(())
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        for char in text.chars() {
            match char {
                '\\' => self.out.push_str("\\\\"),
                '"' => self.out.push_str("\\\""),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                control if control.is_control() => {
                    // Writing to a String can't fail.
                    let _ = write!(self.out, "\\x{:02x}", u32::from(control));
                }
                plain => self.out.push(plain),
            }
        }
        self.out.push('"');
    }

    /// An identifier, between backticks where it would not be read as one.
    fn name(&mut self, name: &str) {
        let mut chars = name.chars();
        let plain = chars.next().is_some_and(|first| first.is_alphabetic() || first == '_')
            && chars.all(|char| char.is_alphanumeric() || char == '_')
            && !is_keyword(name);
        if plain {
            self.out.push_str(name);
        } else {
            self.out.push('`');
            self.out.push_str(name);
            self.out.push('`');
        }
    }

    fn line(&mut self, indent: usize) {
        self.out.push('\n');
        for _ in 0..indent {
            self.out.push_str("  ");
        }
    }
}
