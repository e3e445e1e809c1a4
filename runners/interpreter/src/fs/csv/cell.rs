use std::string::String;

use runner_core::{
    Prim, Repr, Result,
    value::{parse_date, parse_duration, parse_timestamp},
    wire::{Reader, Writer},
};

use super::Scalar;
use crate::scalar::{DAY_MICROS, Meaning, ToText};

/// Appends the value of a cell; `None` if it is none of the column's type.
pub(super) fn read_cell(column: &Scalar, cell: &[u8], out: &mut Writer) -> Option<()> {
    let trimmed = cell.trim_ascii();
    let is_missing = matches!(trimmed, b"" | b"NA");
    if column.is_optional {
        out.u32(u32::from(!is_missing));
        if is_missing {
            return Some(());
        }
    }
    let text = core::str::from_utf8(cell).ok()?;
    if column.prim == Prim::Text {
        if trimmed == b"NA" {
            return None;
        }
        out.text(text);
        return Some(());
    }
    read_scalar(column.prim, text.trim_ascii(), out)
}

fn read_scalar(prim: Prim, text: &str, out: &mut Writer) -> Option<()> {
    match prim {
        Prim::Date => out.i32(parse_date(text)?),
        Prim::Time => {
            let micros = parse_duration(text).filter(|micros| (0..DAY_MICROS).contains(micros))?;
            out.u64(micros.unsigned_abs());
        }
        Prim::Duration => out.i64(parse_duration(text)?),
        Prim::Timestamp => out.i64(read_timestamp(text)?),
        Prim::Decimal => out.i64(read_decimal(text)?),
        _ => match prim.repr() {
            Repr::Bool if text.eq_ignore_ascii_case("true") => out.bool(true),
            Repr::Bool if text.eq_ignore_ascii_case("false") => out.bool(false),
            Repr::Bool | Repr::Text => return None,
            Repr::I8 => out.i8(text.parse().ok()?),
            Repr::I16 => out.i16(text.parse().ok()?),
            Repr::I32 => out.i32(text.parse().ok()?),
            Repr::I64 => out.i64(text.parse().ok()?),
            Repr::U8 => out.u8(text.parse().ok()?),
            Repr::U16 => out.u16(text.parse().ok()?),
            Repr::U32 => out.u32(text.parse().ok()?),
            Repr::U64 => out.u64(text.parse().ok()?),
            Repr::F32 => out.f32(text.parse().ok()?),
            Repr::F64 => out.f64(text.parse().ok()?),
        },
    }
    Some(())
}

/// A timestamp with `T` or a space between date and time, and perhaps a `Z`: it is UTC with or without.
fn read_timestamp(text: &str) -> Option<i64> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    if text.contains('T') {
        return parse_timestamp(text);
    }
    parse_timestamp(&text.replacen(' ', "T", 1))
}

/// Up to two digits after the point.
fn read_decimal(text: &str) -> Option<i64> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !are_digits(whole) || fraction.len() > 2 || !are_digits(fraction) {
        return None;
    }
    let hundredths = match fraction.len() {
        0 => 0,
        1 => fraction.parse::<i128>().ok()? * 10,
        _ => fraction.parse::<i128>().ok()?,
    };
    let value = whole.parse::<i128>().ok()?.checked_mul(100)?.checked_add(hundredths)?;
    i64::try_from(if is_negative { -value } else { value }).ok()
}

/// Takes a value and appends its cell: as `to_text` writes it, `none` as nothing.
pub(super) fn write_cell(column: &Scalar, reader: &mut Reader<'_>, out: &mut String) -> Result<()> {
    if column.is_optional {
        match reader.u32()? {
            0 => return Ok(()),
            1 => {}
            other => return Err(reader.error(&std::format!("variant {other} of an option"))),
        }
    }
    match column.prim {
        Prim::Date => Meaning::Date(reader.i32()?).to_text(out),
        Prim::Time => Meaning::Time(reader.u64()?).to_text(out),
        Prim::Duration => Meaning::Duration(reader.i64()?).to_text(out),
        Prim::Timestamp => Meaning::Timestamp(reader.i64()?).to_text(out),
        Prim::Decimal => Meaning::Decimal(reader.i64()?).to_text(out),
        prim => match prim.repr() {
            Repr::Bool => reader.bool()?.to_text(out),
            Repr::I8 => reader.i8()?.to_text(out),
            Repr::I16 => reader.i16()?.to_text(out),
            Repr::I32 => reader.i32()?.to_text(out),
            Repr::I64 => reader.i64()?.to_text(out),
            Repr::U8 => reader.u8()?.to_text(out),
            Repr::U16 => reader.u16()?.to_text(out),
            Repr::U32 => reader.u32()?.to_text(out),
            Repr::U64 => reader.u64()?.to_text(out),
            Repr::F32 => reader.f32()?.to_text(out),
            Repr::F64 => reader.f64()?.to_text(out),
            Repr::Text => reader.text()?.to_text(out),
        },
    }
    Ok(())
}
