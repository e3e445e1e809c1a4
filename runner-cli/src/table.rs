//! Values for people: rows and columns where there are any.

use runner_core::{Field, Prim, Result, Type, TypeId, TypeTable, Value, value};
use unicode_width::UnicodeWidthStr;

/// Space between two columns.
const GAP: &str = "  ";

/// A value as text without a newline at the end.
///
/// An array of tuples is a table with a header, a tuple has a line for each field, an array of other things a line for
/// each item, all else is a line. Options that are `none` are empty; values within cells print as Lutra on one line.
///
/// # Errors
/// `DECODE_ERROR` if the value is not of the type.
pub(crate) fn print(types: &TypeTable, ty: TypeId, value: &Value) -> Result<String> {
    let ty = types.unframed(ty);
    match (types.get(ty), value) {
        (Some(Type::Array(item)), Value::Array(rows)) => match types.as_tuple(types.unframed(*item)) {
            Some(fields) if !fields.is_empty() => table(types, fields, rows),
            _ => {
                let lines = rows.iter().map(|row| cell(types, *item, row)).collect::<Result<Vec<_>>>()?;
                Ok(lines.join("\n"))
            }
        },
        (Some(Type::Tuple(fields)), Value::Tuple(values)) => {
            let rows =
                fields.iter().zip(values).enumerate().map(|(index, (field, value))| {
                    Ok(vec![name(field, index), cell(types, field.ty, value)?])
                });
            Ok(align(&rows.collect::<Result<Vec<_>>>()?, &[false, false]))
        }
        _ => cell(types, ty, value),
    }
}

fn table(types: &TypeTable, fields: &[Field], rows: &[Value]) -> Result<String> {
    let header = fields.iter().enumerate().map(|(index, field)| name(field, index)).collect();
    let mut lines: Vec<Vec<String>> = vec![header, Vec::new()];
    for row in rows {
        let Value::Tuple(values) = row else { continue };
        let cells = fields.iter().zip(values).map(|(field, value)| cell(types, field.ty, value));
        lines.push(cells.collect::<Result<_>>()?);
    }
    let widths = widths(&lines);
    if let Some(rule) = lines.get_mut(1) {
        *rule = widths.iter().map(|width| "─".repeat(*width)).collect();
    }
    let right: Vec<bool> = fields.iter().map(|field| is_number(types, field.ty)).collect();
    Ok(align(&lines, &right))
}

/// A field is called by its name, else by its position.
fn name(field: &Field, index: usize) -> String {
    field.name.clone().unwrap_or_else(|| index.to_string())
}

/// Lines of cells as text, each column as wide as its widest cell.
fn align(lines: &[Vec<String>], right: &[bool]) -> String {
    let widths = widths(lines);
    let mut text = String::new();
    for line in lines {
        let start = text.len();
        for ((cell, width), right) in line.iter().zip(&widths).zip(right) {
            if text.len() > start {
                text.push_str(GAP);
            }
            let space = " ".repeat(width.saturating_sub(cell.width()));
            let (before, after) = if *right { (space.as_str(), "") } else { ("", space.as_str()) };
            text.extend([before, cell, after]);
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text.pop();
    text
}

fn widths(lines: &[Vec<String>]) -> Vec<usize> {
    let mut widths = Vec::new();
    for line in lines {
        widths.resize(widths.len().max(line.len()), 0);
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.width());
        }
    }
    widths
}

/// Whether a column is aligned to the right.
fn is_number(types: &TypeTable, ty: TypeId) -> bool {
    let ty = types.unframed(ty);
    match types.as_option(ty) {
        Some(some) => is_number(types, some),
        None => types.as_prim(ty).is_some_and(|prim| prim.is_num() || prim == Prim::Decimal),
    }
}

fn cell(types: &TypeTable, ty: TypeId, value: &Value) -> Result<String> {
    let ty = types.unframed(ty);
    match (value, types.as_option(ty), types.as_prim(ty)) {
        (Value::Variant(0, _), Some(_), _) => Ok(String::new()),
        (Value::Variant(_, some), Some(inner), _) => cell(types, inner, some),
        (Value::Text(text), _, _) => Ok(visible(text)),
        (_, _, Some(Prim::Date | Prim::Time | Prim::Duration | Prim::Timestamp)) => {
            Ok(value::print(types, ty, value)?.trim_start_matches('@').to_owned())
        }
        _ => Ok(inline(&value::print(types, ty, value)?)),
    }
}

/// Text without what would break a line, or command a terminal.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_control() { out.extend(char.escape_default()) } else { out.push(char) }
    }
    out
}

/// A printed value on one line. Newlines in it are between its parts only, since text has escapes for them.
fn inline(printed: &str) -> String {
    let mut out = String::with_capacity(printed.len());
    for line in printed.lines().map(str::trim_start) {
        if line.starts_with(['}', ']', ')']) {
            out.truncate(out.trim_end_matches(',').len());
        } else if !out.is_empty() && !out.ends_with(['{', '[', '(']) {
            out.push(' ');
        }
        out.push_str(line);
    }
    out
}
