//! Operations on texts, appended row by row to one buffer.

use alloc::vec::Vec;

use runner_core::{Op, Prim, Result};

use super::{Operand, mismatch, order::same_bytes};
use crate::{
    budget::Budget,
    column::{Column, Text, TextBuilder, Vector, row_count},
    limits::NUMBER_BYTES,
    scalar::{self, Case, Meaning, ToText},
};

pub(super) fn to_text(value: &Column, prim: Option<Prim>, budget: &Budget) -> Result<Column> {
    match (value, prim) {
        (Column::I32(values), Some(Prim::Date)) => all(values, |value| Meaning::Date(*value), budget),
        (Column::U64(values), Some(Prim::Time)) => all(values, |value| Meaning::Time(*value), budget),
        (Column::I64(values), Some(Prim::Duration)) => all(values, |value| Meaning::Duration(*value), budget),
        (Column::I64(values), Some(Prim::Timestamp)) => {
            all(values, |value| Meaning::Timestamp(*value), budget)
        }
        (Column::I64(values), Some(Prim::Decimal)) => all(values, |value| Meaning::Decimal(*value), budget),
        (Column::Bool(values), _) => all(values, |value| *value, budget),
        (Column::I8(values), _) => all(values, |value| *value, budget),
        (Column::I16(values), _) => all(values, |value| *value, budget),
        (Column::I32(values), _) => all(values, |value| *value, budget),
        (Column::I64(values), _) => all(values, |value| *value, budget),
        (Column::U8(values), _) => all(values, |value| *value, budget),
        (Column::U16(values), _) => all(values, |value| *value, budget),
        (Column::U32(values), _) => all(values, |value| *value, budget),
        (Column::U64(values), _) => all(values, |value| *value, budget),
        (Column::F32(values), _) => all(values, |value| *value, budget),
        (Column::F64(values), _) => all(values, |value| *value, budget),
        (Column::Text(_), _) => Ok(value.clone()),
        _ => Err(mismatch()),
    }
}

fn all<T, V: ToText>(values: &[T], value: impl Fn(&T) -> V, budget: &Budget) -> Result<Column> {
    let mut builder = TextBuilder::with_capacity(values.len(), 0, budget)?;
    for item in values {
        value(item).to_text(builder.open()?);
        builder.end()?;
    }
    Ok(Column::Text(builder.finish()))
}

pub(super) fn apply(op: Op, args: &[Operand], rows: usize, budget: &Budget) -> Result<Column> {
    match (op, args) {
        (Op::Concat, args) => concat(args, rows, budget),
        (Op::FromAscii, [code]) => {
            let Column::U8(codes) = &code.column else { return Err(mismatch()) };
            let codes = code.lane(codes);
            build(rows, budget, |row, out| {
                out.open()?.push(scalar::from_ascii(codes.get(row))?);
                Ok(())
            })
        }
        (Op::TextLength, [text]) => {
            let texts = text.text()?;
            let length = |row| scalar::length(texts.get(row), |bytes| budget.work(bytes / 8));
            Ok(Column::U32(budget.try_rows(texts.len(), |row| Ok(length(row)? as u32))?))
        }
        (Op::Lower, [text]) => map(text.text()?, budget, |text, out| change_case(text, Case::Lower, out)),
        (Op::Upper, [text]) => map(text.text()?, budget, |text, out| change_case(text, Case::Upper, out)),
        (Op::Trim, [text]) => trim(text.text()?, true, true, budget),
        (Op::TrimStart, [text]) => trim(text.text()?, true, false, budget),
        (Op::TrimEnd, [text]) => trim(text.text()?, false, true, budget),
        (Op::StartsWith, [text, part]) => test(text, part, rows, budget, |text, part| {
            let head = text.as_bytes().get(..part.len());
            head.map_or(Ok(false), |head| same_bytes(head, part.as_bytes(), budget))
        }),
        (Op::EndsWith, [text, part]) => test(text, part, rows, budget, |text, part| {
            let tail = text.len().checked_sub(part.len()).and_then(|start| text.as_bytes().get(start..));
            tail.map_or(Ok(false), |tail| same_bytes(tail, part.as_bytes(), budget))
        }),
        (Op::TextContains, [text, part]) => test(text, part, rows, budget, |text, part| {
            Ok(scalar::find(text, part, 0, |bytes| budget.work(bytes / 8))?.is_some())
        }),
        (Op::Replace, [text, pattern, replacement]) => {
            let (texts, patterns, replacements) = (text.text()?, pattern.text()?, replacement.text()?);
            build(rows, budget, |row, out| {
                let (text_row, pattern_row) = (text.row(row), pattern.row(row));
                let replacement = replacements.get(replacement.row(row));
                let (text, pattern) = (texts.get(text_row), patterns.get(pattern_row));
                let tick = |bytes| budget.work(bytes / 8);
                scalar::replace(text, pattern, replacement, tick, |part| out.push_str(part))
            })
        }
        (Op::TextSlice, [text, start, end]) => {
            let (Column::I64(starts), Column::I64(ends)) = (&start.column, &end.column) else {
                return Err(mismatch());
            };
            let (texts, starts, ends) = (text.text()?, start.lane(starts), end.lane(ends));
            build(rows, budget, |row, out| {
                let text = texts.get(text.row(row));
                let tick = |bytes| budget.work(bytes / 8);
                out.push_str(scalar::slice(text, starts.get(row), ends.get(row), tick)?)
            })
        }
        (Op::Split, [text, separator]) => {
            let (texts, separators) = (text.text()?, separator.text()?);
            let mut parts = TextBuilder::with_capacity(0, 0, budget)?;
            let mut offsets = Vector::with_capacity(rows + 1, budget)?;
            offsets.push(0)?;
            for row in 0..rows {
                let (text, separator) = (texts.get(text.row(row)), separators.get(separator.row(row)));
                let tick = |bytes| budget.work(bytes / 8);
                scalar::split(text, separator, tick, |part| parts.push(part))?;
                offsets.push(row_count(parts.len())?)?;
            }
            Column::array(offsets.finish(), Column::Text(parts.finish()))
        }
        _ => Err(mismatch()),
    }
}

fn concat(args: &[Operand], rows: usize, budget: &Budget) -> Result<Column> {
    let texts: Vec<&Text> = args.iter().map(Operand::text).collect::<Result<_>>()?;
    build(rows, budget, |row, out| {
        for (arg, text) in args.iter().zip(&texts) {
            out.push_str(text.get(arg.row(row)))?;
        }
        Ok(())
    })
}

fn trim(texts: &Text, start: bool, end: bool, budget: &Budget) -> Result<Column> {
    let tick = |bytes| budget.work(bytes);
    map(texts, budget, |text, out| out.push_str(scalar::trim(text, start, end, tick)?))
}

/// Changes case a part at a time, so that no more room is needed than for the largest letters of a part.
fn change_case(text: &str, case: Case, out: &mut TextBuilder) -> Result<()> {
    let mut rest = text;
    while !rest.is_empty() {
        // A letter of another case takes at most twice as many bytes.
        let (part, more) = rest.split_at(scalar::floor(rest, NUMBER_BYTES / 2));
        scalar::change_case(part, case, out.open()?);
        out.work(part.len())?;
        rest = more;
    }
    Ok(())
}

fn test(
    text: &Operand,
    part: &Operand,
    rows: usize,
    budget: &Budget,
    test: impl Fn(&str, &str) -> Result<bool>,
) -> Result<Column> {
    let (texts, parts) = (text.text()?, part.text()?);
    let at = |row| test(texts.get(text.row(row)), parts.get(part.row(row)));
    Ok(Column::Bool(budget.try_rows(rows, at)?))
}

fn map(
    texts: &Text,
    budget: &Budget,
    append: impl Fn(&str, &mut TextBuilder) -> Result<()>,
) -> Result<Column> {
    build(texts.len(), budget, |row, out| append(texts.get(row), out))
}

fn build(
    rows: usize,
    budget: &Budget,
    append: impl Fn(usize, &mut TextBuilder) -> Result<()>,
) -> Result<Column> {
    let mut builder = TextBuilder::with_capacity(rows, 0, budget)?;
    for row in 0..rows {
        append(row, &mut builder)?;
        builder.end()?;
    }
    Ok(Column::Text(builder.finish()))
}
