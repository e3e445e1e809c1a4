//! Operations on texts, appended row by row to one buffer.

use alloc::{string::String, vec::Vec};

use runner_core::{Op, Prim, Result};

use super::{Operand, mismatch};
use crate::{
    column::{Column, Text, TextBuilder, row_count},
    scalar::{self, Case, Meaning, ToText},
};

pub(super) fn to_text(value: &Column, prim: Option<Prim>) -> Result<Column> {
    match (value, prim) {
        (Column::I32(values), Some(Prim::Date)) => all(values, |value| Meaning::Date(*value)),
        (Column::U64(values), Some(Prim::Time)) => all(values, |value| Meaning::Time(*value)),
        (Column::I64(values), Some(Prim::Duration)) => all(values, |value| Meaning::Duration(*value)),
        (Column::I64(values), Some(Prim::Timestamp)) => all(values, |value| Meaning::Timestamp(*value)),
        (Column::I64(values), Some(Prim::Decimal)) => all(values, |value| Meaning::Decimal(*value)),
        (Column::Bool(values), _) => all(values, |value| *value),
        (Column::I8(values), _) => all(values, |value| *value),
        (Column::I16(values), _) => all(values, |value| *value),
        (Column::I32(values), _) => all(values, |value| *value),
        (Column::I64(values), _) => all(values, |value| *value),
        (Column::U8(values), _) => all(values, |value| *value),
        (Column::U16(values), _) => all(values, |value| *value),
        (Column::U32(values), _) => all(values, |value| *value),
        (Column::U64(values), _) => all(values, |value| *value),
        (Column::F32(values), _) => all(values, |value| *value),
        (Column::F64(values), _) => all(values, |value| *value),
        (Column::Text(_), _) => Ok(value.clone()),
        _ => Err(mismatch()),
    }
}

fn all<T, V: ToText>(values: &[T], value: impl Fn(&T) -> V) -> Result<Column> {
    build(values.len(), |row, out| {
        if let Some(item) = values.get(row) {
            value(item).to_text(out);
        }
        Ok(())
    })
}

pub(super) fn apply(op: Op, args: &[Operand], rows: usize) -> Result<Column> {
    match (op, args) {
        (Op::Concat, args) => concat(args, rows),
        (Op::FromAscii, [code]) => {
            let Column::U8(codes) = &code.column else { return Err(mismatch()) };
            let codes = code.lane(codes);
            build(rows, |row, out| {
                out.push(scalar::from_ascii(codes.get(row))?);
                Ok(())
            })
        }
        (Op::TextLength, [text]) => {
            let texts = text.text()?.iter();
            Ok(Column::U32(texts.map(|text| scalar::length(text) as u32).collect()))
        }
        (Op::Lower, [text]) => map(text.text()?, |text, out| scalar::change_case(text, Case::Lower, out)),
        (Op::Upper, [text]) => map(text.text()?, |text, out| scalar::change_case(text, Case::Upper, out)),
        (Op::Trim, [text]) => map(text.text()?, |text, out| out.push_str(text.trim())),
        (Op::TrimStart, [text]) => map(text.text()?, |text, out| out.push_str(text.trim_start())),
        (Op::TrimEnd, [text]) => map(text.text()?, |text, out| out.push_str(text.trim_end())),
        (Op::StartsWith, [text, part]) => test(text, part, rows, |text, part| text.starts_with(part)),
        (Op::EndsWith, [text, part]) => test(text, part, rows, |text, part| text.ends_with(part)),
        (Op::TextContains, [text, part]) => test(text, part, rows, |text, part| text.contains(part)),
        (Op::Replace, [text, pattern, replacement]) => {
            let (texts, patterns, replacements) = (text.text()?, pattern.text()?, replacement.text()?);
            build(rows, |row, out| {
                let (text_row, pattern_row) = (text.row(row), pattern.row(row));
                let replacement = replacements.get(replacement.row(row));
                let (text, pattern) = (texts.get(text_row), patterns.get(pattern_row));
                scalar::replace(text, pattern, replacement, out);
                Ok(())
            })
        }
        (Op::TextSlice, [text, start, end]) => {
            let (Column::I64(starts), Column::I64(ends)) = (&start.column, &end.column) else {
                return Err(mismatch());
            };
            let (texts, starts, ends) = (text.text()?, start.lane(starts), end.lane(ends));
            build(rows, |row, out| {
                out.push_str(scalar::slice(texts.get(text.row(row)), starts.get(row), ends.get(row)));
                Ok(())
            })
        }
        (Op::Split, [text, separator]) => {
            let (texts, separators) = (text.text()?, separator.text()?);
            let mut parts = TextBuilder::new();
            let mut offsets = Vec::with_capacity(rows + 1);
            offsets.push(0);
            for row in 0..rows {
                let (text, separator) = (texts.get(text.row(row)), separators.get(separator.row(row)));
                scalar::split(text, separator, |part| parts.push(part))?;
                offsets.push(row_count(parts.len())?);
            }
            Column::array(offsets, Column::Text(parts.finish()))
        }
        _ => Err(mismatch()),
    }
}

fn concat(args: &[Operand], rows: usize) -> Result<Column> {
    let texts: Vec<&Text> = args.iter().map(Operand::text).collect::<Result<_>>()?;
    build(rows, |row, out| {
        for (arg, text) in args.iter().zip(&texts) {
            out.push_str(text.get(arg.row(row)));
        }
        Ok(())
    })
}

fn test(text: &Operand, part: &Operand, rows: usize, test: impl Fn(&str, &str) -> bool) -> Result<Column> {
    let (texts, parts) = (text.text()?, part.text()?);
    let at = |row| test(texts.get(text.row(row)), parts.get(part.row(row)));
    Ok(Column::Bool((0..rows).map(at).collect()))
}

fn map(texts: &Text, append: impl Fn(&str, &mut String)) -> Result<Column> {
    build(texts.len(), |row, out| {
        append(texts.get(row), out);
        Ok(())
    })
}

fn build(rows: usize, append: impl Fn(usize, &mut String) -> Result<()>) -> Result<Column> {
    let mut builder = TextBuilder::with_capacity(rows, 0);
    for row in 0..rows {
        append(row, builder.open())?;
        builder.end()?;
    }
    Ok(Column::Text(builder.finish()))
}
