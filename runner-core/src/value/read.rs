use alloc::{borrow::ToOwned, boxed::Box, collections::BTreeMap, format, string::String, vec::Vec};

use super::{
    Value,
    calendar::{parse_date, parse_duration, parse_time, parse_timestamp},
};
use crate::{
    error::{Error, Result},
    limits::VALUE_DEPTH,
    ty::{Prim, Repr, Type, TypeId, TypeTable, Variant},
};

/// Reads a value of this type from Lutra source: what [`print`](super::print) prints, and what a program would say.
///
/// Fields of a tuple may be named or not; a name must be the field's. A variant may begin with a point.
///
/// ```
/// use runner_core::{Prim, TypeTable, Value, value::read};
///
/// let mut types = TypeTable::new();
/// let int = types.prim(Prim::Int64);
/// let ty = types.array(int);
/// assert_eq!(read(&types, ty, "[1, -0x10,] # two")?, Value::Array(vec![Value::Int(1), Value::Int(-16)]));
/// let error = read(&types, ty, "[1,\n 2.5]").unwrap_err();
/// assert_eq!(error.message(), "line 2, column 2: expected a value of Int64, found `2.5`");
/// # Ok::<(), runner_core::Error>(())
/// ```
///
/// # Errors
/// `DECODE_ERROR` with line and column, what was expected and what was found.
pub fn read(types: &TypeTable, ty: TypeId, text: &str) -> Result<Value> {
    let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = TextReader { types, text, rest, variants: BTreeMap::new() };
    let value = reader.value(ty, 0)?;
    reader.space();
    if reader.rest.is_empty() { Ok(value) } else { Err(reader.expected("the end of the value")) }
}

/// Digits of a character's code, with as many zeros before it as anybody may write.
const CODE_DIGITS: usize = 16;

struct TextReader<'a> {
    types: &'a TypeTable,
    text: &'a str,
    rest: &'a str,
    /// Where the names of large enums are.
    variants: BTreeMap<TypeId, BTreeMap<&'a str, usize>>,
}

/// Variants from which on their names are put into a table.
const TABLE: usize = 16;

impl<'a> TextReader<'a> {
    fn value(&mut self, ty: TypeId, depth: usize) -> Result<Value> {
        if depth > VALUE_DEPTH {
            return Err(self.error(&format!("a value nests deeper than {VALUE_DEPTH} levels")));
        }
        self.space();
        let types = self.types;
        match types.get(ty) {
            Some(Type::Prim(prim)) => self.prim(*prim),
            Some(Type::Framed { name, inner, .. }) => {
                let short = name.rsplit("::").next().unwrap_or(name);
                let before = self.rest;
                if self.peek_name() == Some(short) {
                    self.name()?;
                    if self.take('(') {
                        let value = self.value(*inner, depth + 1)?;
                        self.expect(')')?;
                        return Ok(value);
                    }
                    self.rest = before;
                }
                self.value(*inner, depth + 1)
            }
            Some(Type::Tuple(fields)) => {
                self.expect('{')?;
                let mut values = Vec::new();
                for field in fields {
                    self.field_name(field.name.as_deref(), ty)?;
                    values.push(self.value(field.ty, depth + 1)?);
                    if !self.take(',') {
                        break;
                    }
                }
                self.space();
                if values.len() < fields.len() && self.rest.starts_with('}') {
                    let found = values.len();
                    return Err(self.error(&format!(
                        "{} of {} fields of {}",
                        found,
                        fields.len(),
                        types.display(ty)
                    )));
                }
                self.expect('}')?;
                Ok(Value::Tuple(values))
            }
            Some(Type::Array(item)) => {
                self.expect('[')?;
                let mut values = Vec::new();
                while !self.take(']') {
                    values.push(self.value(*item, depth + 1)?);
                    if !self.take(',') {
                        self.expect(']')?;
                        break;
                    }
                }
                Ok(Value::Array(values))
            }
            Some(Type::Enum(variants)) => {
                self.take('.');
                let at = self.rest;
                let name = self.name()?;
                let Some(index) = self.variant(ty, variants, &name) else {
                    self.rest = at;
                    return Err(self.expected(&format!("a value of {}", types.display(ty))));
                };
                let payload = variants.get(index).map_or(ty, |variant| variant.ty);
                let value = if self.take('(') {
                    let value = self.value(payload, depth + 1)?;
                    self.expect(')')?;
                    value
                } else if types.is_unit(payload) {
                    Value::unit()
                } else {
                    return Err(self.expected(&format!("`(` and a value of {}", types.display(payload))));
                };
                Ok(Value::Variant(index as u32, Box::new(value)))
            }
            None => Err(Error::decode(format!("type {} is not there", ty.0))),
        }
    }

    fn variant(&mut self, ty: TypeId, variants: &'a [Variant], name: &str) -> Option<usize> {
        if variants.len() <= TABLE {
            return variants.iter().position(|variant| variant.name == name);
        }
        let table = self.variants.entry(ty).or_insert_with(|| {
            let names = variants.iter().enumerate().rev();
            names.map(|(index, variant)| (variant.name.as_str(), index)).collect()
        });
        table.get(name).copied()
    }

    /// `name =` before a field, which may be left out but must not be another's.
    fn field_name(&mut self, name: Option<&str>, tuple: TypeId) -> Result<()> {
        self.space();
        let before = self.rest;
        if self.peek_name().is_some() || self.rest.starts_with('`') {
            let found = self.name()?;
            self.space();
            if self.rest.starts_with('=') {
                if name == Some(found.as_str()) {
                    self.take('=');
                    return Ok(());
                }
                self.rest = before;
                let expected =
                    name.map_or("a field without a name".to_owned(), |name| format!("field `{name}`"));
                return Err(self.expected(&format!("{expected} of {}", self.types.display(tuple))));
            }
        }
        self.rest = before;
        Ok(())
    }

    fn prim(&mut self, prim: Prim) -> Result<Value> {
        let at = self.rest;
        let value = match prim {
            Prim::Text => Some(Value::Text(self.quoted()?)),
            Prim::Date | Prim::Time | Prim::Duration | Prim::Timestamp => {
                self.take('@');
                let token = self.token(|char| char.is_ascii_alphanumeric() || "+-:.".contains(char));
                match prim {
                    Prim::Date => parse_date(token).map(|days| Value::Int(days.into())),
                    Prim::Time => parse_time(token).map(Value::Uint),
                    Prim::Duration => parse_duration(token).map(Value::Int),
                    _ => parse_timestamp(token).map(Value::Int),
                }
            }
            _ => {
                let token = self.token(|char| char.is_alphanumeric() || "+-._".contains(char));
                parse_scalar(prim, token)
            }
        };
        value.ok_or_else(|| {
            self.rest = at;
            self.expected(&format!("a value of {}", prim.name()))
        })
    }

    fn token(&mut self, member: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|char| !member(char)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        token
    }

    /// Text between an odd number of quotes, raw with `r` before it.
    fn quoted(&mut self) -> Result<String> {
        let at = self.rest;
        let raw = self.rest.starts_with("r\"");
        let body = if raw { self.rest.trim_start_matches('r') } else { self.rest };
        let quotes = body.bytes().take_while(|byte| *byte == b'"').count();
        if quotes == 0 {
            return Err(self.expected("a value of Text"));
        }
        if quotes % 2 == 0 {
            self.rest = body.get(quotes..).unwrap_or_default();
            return Ok(String::new());
        }
        let body = body.get(quotes..).unwrap_or_default();
        let mut out = String::new();
        let mut rest = body;
        loop {
            // A whole run at a time: each quote of it could begin the end.
            let run = rest.bytes().take_while(|byte| *byte == b'"').count();
            if let Some(after) = rest.get(quotes..).filter(|_| run >= quotes) {
                self.rest = after;
                return Ok(out);
            }
            let (short, after) = rest.split_at_checked(run).unwrap_or((rest, ""));
            out.push_str(short);
            let mut chars = after.chars();
            match chars.next() {
                None => {
                    self.rest = at;
                    return Err(self.error("the text has no end"));
                }
                Some('\\') if !raw => rest = unescape(chars.as_str(), &mut out),
                Some(char) => {
                    out.push(char);
                    rest = chars.as_str();
                }
            }
        }
    }

    fn name(&mut self) -> Result<String> {
        self.space();
        if let Some((name, rest)) = self.rest.strip_prefix('`').and_then(|body| body.split_once('`')) {
            self.rest = rest;
            return Ok(name.to_owned());
        }
        match self.peek_name() {
            Some(name) => {
                self.rest = self.rest.get(name.len()..).unwrap_or_default();
                Ok(name.to_owned())
            }
            None => Err(self.expected("a name")),
        }
    }

    fn peek_name(&self) -> Option<&'a str> {
        let first = self.rest.chars().next()?;
        if !first.is_alphabetic() && first != '_' {
            return None;
        }
        let end =
            self.rest.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(self.rest.len());
        self.rest.get(..end)
    }

    /// Skips white space and comments.
    fn space(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            if !self.rest.starts_with('#') {
                break;
            }
            self.rest = self.rest.find('\n').and_then(|end| self.rest.get(end..)).unwrap_or_default();
        }
    }

    fn take(&mut self, char: char) -> bool {
        self.space();
        match self.rest.strip_prefix(char) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, char: char) -> Result<()> {
        if self.take(char) { Ok(()) } else { Err(self.expected(&format!("`{char}`"))) }
    }

    #[cold]
    fn expected(&self, what: &str) -> Error {
        let end = self
            .rest
            .char_indices()
            .find(|(index, char)| {
                (*index > 0 && (char.is_whitespace() || ",)]}".contains(*char))) || *index > 40
            })
            .map_or(self.rest.len(), |(index, _)| index);
        match self.rest.get(..end) {
            Some(found) if !found.is_empty() => self.error(&format!("expected {what}, found `{found}`")),
            _ => self.error(&format!("expected {what}, found the end")),
        }
    }

    #[cold]
    fn error(&self, words: &str) -> Error {
        let before = self.text.get(..self.text.len() - self.rest.len()).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Error::decode(format!("line {line}, column {column}: {words}"))
    }
}

/// Writes the character that an escape stands for, and gives what follows it. An unknown escape keeps its backslash.
fn unescape<'a>(escape: &'a str, out: &mut String) -> &'a str {
    let mut chars = escape.chars();
    let plain = match chars.next() {
        Some('b') => Some('\u{8}'),
        Some('f') => Some('\u{c}'),
        Some('n') => Some('\n'),
        Some('r') => Some('\r'),
        Some('t') => Some('\t'),
        Some(char @ ('\\' | '"' | '/')) => Some(char),
        Some('x') => {
            let code = escape.get(1..3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
            if let Some(code) = code {
                out.push(char::from(code));
                return escape.get(3..).unwrap_or_default();
            }
            None
        }
        Some('u') => {
            let braced = escape.get(1..).and_then(|rest| rest.strip_prefix('{'));
            // The end is looked for within as many digits as a character has.
            let hex = braced.and_then(|rest| {
                let length = rest.bytes().take(CODE_DIGITS + 1).position(|byte| byte == b'}')?;
                Some((rest.get(..length)?, rest.get(length + 1..)?))
            });
            let char =
                hex.and_then(|(hex, rest)| Some((char::from_u32(u32::from_str_radix(hex, 16).ok()?)?, rest)));
            if let Some((char, rest)) = char {
                out.push(char);
                return rest;
            }
            None
        }
        _ => None,
    };
    match plain {
        Some(char) => {
            out.push(char);
            chars.as_str()
        }
        None => {
            out.push('\\');
            escape
        }
    }
}

fn parse_scalar(prim: Prim, token: &str) -> Option<Value> {
    match prim.repr() {
        Repr::Bool => token.parse().ok().map(Value::Bool),
        Repr::F32 => parse_float(token)?.parse().ok().map(Value::Float32),
        Repr::F64 => parse_float(token)?.parse().ok().map(Value::Float64),
        _ if prim == Prim::Decimal => parse_decimal(token).map(Value::Int),
        Repr::I8 => parse_integer(token, 8, true).map(Value::Int),
        Repr::I16 => parse_integer(token, 16, true).map(Value::Int),
        Repr::I32 => parse_integer(token, 32, true).map(Value::Int),
        Repr::I64 => parse_integer(token, 64, true).map(Value::Int),
        Repr::U8 => parse_integer(token, 8, false).map(i64::cast_unsigned).map(Value::Uint),
        Repr::U16 => parse_integer(token, 16, false).map(i64::cast_unsigned).map(Value::Uint),
        Repr::U32 => parse_integer(token, 32, false).map(i64::cast_unsigned).map(Value::Uint),
        Repr::U64 => parse_integer(token, 64, false).map(i64::cast_unsigned).map(Value::Uint),
        Repr::Text => None,
    }
}

/// An integer of so many bits as the 64 bits that hold it. Hex, octal and binary give the bits of the type.
fn parse_integer(token: &str, bits: u32, signed: bool) -> Option<i64> {
    let (negative, digits) = match token.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, token.strip_prefix('+').unwrap_or(token)),
    };
    let (radix, digits) = match digits.get(..2) {
        Some("0x") => (16, digits.get(2..)?),
        Some("0o") => (8, digits.get(2..)?),
        Some("0b") => (2, digits.get(2..)?),
        _ => (10, digits),
    };
    let plain: String = digits.chars().filter(|char| *char != '_').collect();
    if !plain.starts_with(|char: char| char.is_digit(radix)) {
        return None;
    }
    let magnitude = i128::from(u64::from_str_radix(&plain, radix).ok()?);
    let mut value = if negative { -magnitude } else { magnitude };
    let (least, most) =
        if signed { (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1) } else { (0, (1i128 << bits) - 1) };
    if signed && radix != 10 && !negative && value > most && value < 1i128 << bits {
        value -= 1i128 << bits;
    }
    (least..=most).contains(&value).then_some(value as i64)
}

fn parse_float(token: &str) -> Option<&str> {
    let digits = token.trim_start_matches(['-', '+']);
    let known = matches!(digits, "NaN" | "inf") || digits.starts_with(|char: char| char.is_ascii_digit());
    known.then_some(token)
}

/// Reads a number with at most two digits after the point, as hundredths.
///
/// ```
/// use runner_core::value::parse_decimal;
///
/// assert_eq!(parse_decimal("-4.2"), Some(-420));
/// assert_eq!(parse_decimal("4.205"), None);
/// ```
#[must_use]
pub fn parse_decimal(token: &str) -> Option<i64> {
    let (negative, digits) = match token.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, token),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    if fraction.is_empty() || fraction.len() > 2 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let cents = fraction.parse::<u64>().ok()? * if fraction.len() == 1 { 10 } else { 1 };
    if !whole.starts_with(|char: char| char.is_ascii_digit()) {
        return None;
    }
    let hundredths = whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(cents)?;
    if negative { 0i64.checked_sub_unsigned(hundredths) } else { i64::try_from(hundredths).ok() }
}
