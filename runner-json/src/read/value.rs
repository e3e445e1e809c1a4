//! A value of any type: a seed that knows the type, and a visitor of what it can be in JSON.

use std::fmt;

use runner_core::{
    Field, Prim, Type, TypeId, Variant,
    limits::{EMPTY_ITEMS, VALUE_DEPTH},
    value::{parse_date, parse_decimal, parse_duration, parse_time, parse_timestamp},
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    Integers, State,
    expect::{expectation, short, shown},
    number::whole,
};
use crate::{path::Step, shape::option};

/// Reads one value and appends its bytes.
pub(super) struct ValueSeed<'s, 'a> {
    state: &'s mut State<'a>,
    ty: TypeId,
    /// An option directly within another one, which is written as an ordinary enum.
    wrapped: bool,
}

impl<'s, 'a> ValueSeed<'s, 'a> {
    pub(super) fn new(state: &'s mut State<'a>, ty: TypeId) -> Self {
        let ty = state.types.unframed(ty);
        Self { state, ty, wrapped: false }
    }

    fn wrapped(self, wrapped: bool) -> Self {
        Self { wrapped, ..self }
    }

    #[cold]
    fn wrong<E: Error>(&self, found: impl fmt::Display) -> E {
        let expected = expectation(self.state.types, &self.state.shapes, self.ty);
        E::custom(format!("expected {expected}, found {found}"))
    }

    fn prim(&self) -> Option<Prim> {
        self.state.types.as_prim(self.ty)
    }

    /// A value below this one. The path is left at it if it fails.
    fn below(&mut self, ty: TypeId, step: Step<'a>) -> ValueSeed<'_, 'a> {
        self.state.path.push(step);
        ValueSeed::new(self.state, ty)
    }

    fn integer<E: Error>(&mut self, value: i128) -> Result<(), E> {
        let out = &mut self.state.out;
        let done = match self.state.types.as_prim(self.ty) {
            Some(Prim::Int8) => i8::try_from(value).map(|value| out.i8(value)),
            Some(Prim::Int16) => i16::try_from(value).map(|value| out.i16(value)),
            Some(Prim::Int32) => i32::try_from(value).map(|value| out.i32(value)),
            Some(Prim::Int64) => i64::try_from(value).map(|value| out.i64(value)),
            Some(Prim::Uint8 | Prim::Prim8) => u8::try_from(value).map(|value| out.u8(value)),
            Some(Prim::Uint16 | Prim::Prim16) => u16::try_from(value).map(|value| out.u16(value)),
            Some(Prim::Uint32 | Prim::Prim32) => u32::try_from(value).map(|value| out.u32(value)),
            Some(Prim::Uint64 | Prim::Prim64) => u64::try_from(value).map(|value| out.u64(value)),
            Some(Prim::Float64) => {
                out.f64(value as f64);
                Ok(())
            }
            _ => return Err(self.wrong(format_args!("the number {value}"))),
        };
        done.map_err(|_| self.wrong(format_args!("the number {value}")))
    }

    fn text(&mut self, prim: Prim, text: &str) -> Option<()> {
        let out = &mut self.state.out;
        match prim {
            Prim::Text => out.text(text),
            Prim::Date => out.i32(parse_date(text)?),
            Prim::Time => out.u64(parse_time(text)?),
            Prim::Duration => out.i64(parse_duration(text)?),
            Prim::Timestamp => out.i64(parse_timestamp(text)?),
            Prim::Decimal => out.i64(parse_decimal(text)?),
            Prim::Float32 => out.f32(parse_special(text)? as f32),
            Prim::Float64 => out.f64(parse_special(text)?),
            _ => return None,
        }
        Some(())
    }

    /// A number whose digits matter, which must not go through `f64`.
    fn digits<E: Error>(&mut self, prim: Prim, json: &str) -> Result<(), E> {
        let number = json.starts_with(|char: char| char.is_ascii_digit() || char == '-');
        if json.starts_with('"') {
            let text: String = serde_json::from_str(json).map_err(E::custom)?;
            return self
                .text(prim, &text)
                .ok_or_else(|| self.wrong(format_args!("the text {}", short(json))));
        }
        if is_integer(prim) && number {
            return match whole(json) {
                Some(value) => self.integer(value),
                None => Err(self.wrong(format_args!("the number {}", short(json)))),
            };
        }
        let done = match prim {
            Prim::Decimal if number => parse_decimal(json).map(|value| self.state.out.i64(value)),
            _ if number => json
                .parse()
                .ok()
                .filter(|value: &f32| value.is_finite())
                .map(|value| self.state.out.f32(value)),
            _ => None,
        };
        let kind = if number { "the number " } else { "" };
        done.ok_or_else(|| self.wrong(format_args!("{kind}{}", short(json))))
    }

    /// Puts the fields of an object, whose bytes begin at `start`, into their order.
    fn arrange<E: Error>(&mut self, fields: &[Field], base: usize, start: usize) -> Result<(), E> {
        let state = &mut *self.state;
        let spans = state.spans.get(base..).unwrap_or_default();
        let mut end = start;
        let in_order = spans.iter().all(|span| match span {
            Some((from, to)) if *from == end => {
                end = *to;
                true
            }
            _ => false,
        });
        if !in_order {
            let missing = fields.iter().zip(spans).find(|(field, span)| {
                span.is_none() && state.types.as_option(state.types.unframed(field.ty)).is_none()
            });
            if let Some((field, _)) = missing {
                let name = field.name.as_deref().unwrap_or_default();
                let ty = shown(state.types, self.ty);
                return Err(E::custom(format!("missing field `{name}` of {ty}")));
            }
            state.left_out += spans.iter().filter(|span| span.is_none()).count() as u64;
            if state.left_out > EMPTY_ITEMS {
                return Err(E::custom(format!("more than {EMPTY_ITEMS} fields are left out")));
            }
            state.scratch.clear();
            state.scratch.extend_from_slice(state.out.as_bytes().get(start..).unwrap_or_default());
            state.out.truncate(start);
            for span in spans {
                match span {
                    Some((from, to)) => {
                        state.out.raw(state.scratch.get(from - start..to - start).unwrap_or_default());
                    }
                    None => state.out.u32(0),
                }
            }
        }
        state.spans.truncate(base);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(mut self, json: D) -> Result<(), D::Error> {
        if self.state.depth > VALUE_DEPTH {
            return Err(D::Error::custom(format!("a value nests deeper than {VALUE_DEPTH} levels")));
        }
        match self.prim() {
            Some(prim @ (Prim::Decimal | Prim::Float32)) => {
                let raw = <&RawValue>::deserialize(json)?;
                self.digits(prim, raw.get())
            }
            Some(prim) if is_integer(prim) && self.state.integers == Integers::FromDigits => {
                let raw = <&RawValue>::deserialize(json)?;
                self.digits(prim, raw.get())
            }
            Some(_) => json.deserialize_any(self),
            None => {
                self.state.depth += 1;
                if !self.wrapped && option(self.state.types, self.ty).is_some() {
                    json.deserialize_option(self)
                } else {
                    json.deserialize_any(self)
                }
            }
        }
    }
}

/// All but primitives count as a level; the level ends when its value is read.
impl<'de> Visitor<'de> for ValueSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&expectation(self.state.types, &self.state.shapes, self.ty))
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.state.out.u32(0);
        self.state.depth -= 1;
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        let Some((some, nested)) = option(self.state.types, self.ty) else {
            return Err(self.wrong("a value"));
        };
        self.state.out.u32(1);
        ValueSeed::new(self.state, some).wrapped(nested).deserialize(json)?;
        self.state.depth -= 1;
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Err(self.wrong("null"))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        if self.prim() != Some(Prim::Bool) {
            return Err(self.wrong(value));
        }
        self.state.out.bool(value);
        Ok(())
    }

    fn visit_i64<E: Error>(mut self, value: i64) -> Result<(), E> {
        self.integer(value.into())
    }

    fn visit_u64<E: Error>(mut self, value: u64) -> Result<(), E> {
        self.integer(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        match self.prim() {
            Some(Prim::Float64) => self.state.out.f64(value),
            Some(prim) if is_integer(prim) => {
                self.state.needs_digits = true;
                return Err(E::custom("an integer with a point or an exponent"));
            }
            _ => return Err(self.wrong(format_args!("the number {value:?}"))),
        }
        Ok(())
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<(), E> {
        let types = self.state.types;
        if let Some(prim) = self.prim() {
            return self.text(prim, text).ok_or_else(|| self.wrong(Quoted(text)));
        }
        let Some(variants) = types.as_enum(self.ty) else { return Err(self.wrong(Quoted(text))) };
        let index = self.state.names.position(types, self.ty, text);
        let index = index.filter(|index| variants.get(*index).is_some_and(|found| types.is_unit(found.ty)));
        match index {
            Some(index) => self.state.out.u32(index as u32),
            None => return Err(self.wrong(Quoted(text))),
        }
        self.state.depth -= 1;
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        let types = self.state.types;
        match types.get(self.ty) {
            Some(Type::Array(item)) => {
                let start = self.state.out.len();
                let mut count = 0;
                self.state.path.push(Step::Item(0));
                while list.next_element_seed(ValueSeed::new(self.state, *item))?.is_some() {
                    count += 1;
                    self.state.path.next_item();
                }
                self.state.path.pop();
                self.state.out.length_before(start, count);
            }
            Some(Type::Tuple(fields)) if !self.state.shapes.is_object(self.ty) => {
                for (index, field) in fields.iter().enumerate() {
                    if list.next_element_seed(self.below(field.ty, Step::Item(index)))?.is_none() {
                        self.state.path.pop();
                        return Err(self.wrong(format_args!("an array of {index}")));
                    }
                    self.state.path.pop();
                }
                if list.next_element::<serde::de::IgnoredAny>()?.is_some() {
                    return Err(self.wrong("a longer array"));
                }
            }
            _ => return Err(self.wrong("an array")),
        }
        self.state.depth -= 1;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let types = self.state.types;
        match types.get(self.ty) {
            Some(Type::Tuple(fields)) if self.state.shapes.is_object(self.ty) => {
                let (base, start) = (self.state.spans.len(), self.state.out.len());
                self.state.spans.resize(base + fields.len(), None);
                let mut guess = 0;
                while let Some(index) = map.next_key_seed(FieldSeed {
                    fields,
                    guess,
                    find: |key: &str| self.state.names.position(types, self.ty, key),
                })? {
                    guess = index + 1;
                    let Some(field) = fields.get(index) else { continue };
                    let name = field.name.as_deref().unwrap_or_default();
                    if self.state.spans.get(base + index).is_some_and(Option::is_some) {
                        return Err(A::Error::custom(format!("field `{name}` is there twice")));
                    }
                    let from = self.state.out.len();
                    map.next_value_seed(self.below(field.ty, Step::Key(name)))?;
                    self.state.path.pop();
                    let to = self.state.out.len();
                    if let Some(span) = self.state.spans.get_mut(base + index) {
                        *span = Some((from, to));
                    }
                }
                self.arrange(fields, base, start)?;
            }
            Some(Type::Enum(variants)) => {
                let Some(index) = map.next_key_seed(VariantSeed {
                    variants,
                    find: |key: &str| self.state.names.position(types, self.ty, key),
                })?
                else {
                    return Err(self.wrong("an empty object"));
                };
                let Some(variant) = variants.get(index) else { return Err(self.wrong("an object")) };
                let nested = option(types, self.ty).is_some_and(|(_, nested)| nested);
                self.state.out.u32(index as u32);
                map.next_value_seed(self.below(variant.ty, Step::Key(&variant.name)).wrapped(nested))?;
                self.state.path.pop();
                if map.next_key::<serde::de::IgnoredAny>()?.is_some() {
                    return Err(self.wrong("an object of more than one key"));
                }
            }
            _ => return Err(self.wrong("an object")),
        }
        self.state.depth -= 1;
        Ok(())
    }
}

/// A key of an object as the index of a field; fields mostly come in their order.
struct FieldSeed<'a, F> {
    fields: &'a [Field],
    guess: usize,
    find: F,
}

impl<'de, F: FnMut(&str) -> Option<usize>> DeserializeSeed<'de> for FieldSeed<'_, F> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<usize, D::Error> {
        json.deserialize_str(self)
    }
}

impl<F: FnMut(&str) -> Option<usize>> Visitor<'_> for FieldSeed<'_, F> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(mut self, key: &str) -> Result<usize, E> {
        let is_key = |field: &Field| field.name.as_deref() == Some(key);
        if self.fields.get(self.guess).is_some_and(is_key) {
            return Ok(self.guess);
        }
        (self.find)(key).ok_or_else(|| {
            let known: Vec<&str> = self.fields.iter().filter_map(|field| field.name.as_deref()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { short(&known.join(", ")) };
            E::custom(format!("unknown field `{}`, known are: {known}", short(key)))
        })
    }
}

/// The only key of an object as the index of a variant.
struct VariantSeed<'a, F> {
    variants: &'a [Variant],
    find: F,
}

impl<'de, F: FnMut(&str) -> Option<usize>> DeserializeSeed<'de> for VariantSeed<'_, F> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<usize, D::Error> {
        json.deserialize_str(self)
    }
}

impl<F: FnMut(&str) -> Option<usize>> Visitor<'_> for VariantSeed<'_, F> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a variant")
    }

    fn visit_str<E: Error>(mut self, key: &str) -> Result<usize, E> {
        (self.find)(key).ok_or_else(|| {
            let known: Vec<&str> = self.variants.iter().map(|variant| variant.name.as_str()).collect();
            E::custom(format!("unknown variant `{}`, known are: {}", short(key), short(&known.join(", "))))
        })
    }
}

struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the text {:?}", short(self.0))
    }
}

/// Whether values are read by [`ValueSeed::integer`].
fn is_integer(prim: Prim) -> bool {
    prim.is_integer() || matches!(prim, Prim::Prim8 | Prim::Prim16 | Prim::Prim32 | Prim::Prim64)
}

fn parse_special(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "inf" => Some(f64::INFINITY),
        "-inf" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}
