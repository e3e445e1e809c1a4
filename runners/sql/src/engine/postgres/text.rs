//! Text, dates and times.

use runner_core::{Op, Prim};

use super::{TEXT_BYTES, TEXT_PARTS, Texts};
use crate::{
    plan::Parts,
    tree::{
        Expr, Node,
        expr::{self, binary, call, cast, helper, number, template, text, word},
    },
};

/// More than a text has parts.
const TEXT_BYTES_LIMIT: i32 = 1 << 30;

/// White space, as Unicode has it.
const SPACES: &str = "E' \\t\\n\\x0B\\f\\r\\u0085\\u00A0\\u1680\\u2000\\u2001\\u2002\\u2003\\u2004\\u2005\\u2006\
                      \\u2007\\u2008\\u2009\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000'";

/// Helpers that make texts of numbers, dates and times.
const NUMBER_TEXTS: [&str; 6] =
    ["float_text", "date_text", "time_text", "duration_text", "timestamp_text", "decimal_text"];

pub(super) fn function(texts: Texts, op: Op, operand: Prim, args: &[Expr]) -> Option<Expr> {
    let has_nul = texts.escapes;
    let trimmed = |function: &'static str, x: &Expr| call(function, [x.clone(), word(SPACES)]);
    Some(match (op, args) {
        (Op::ToText, [x]) => to_text(operand, x),
        (Op::Concat, args) => concat(args)?,
        (Op::TextLength, _) if has_nul => helper("nul_length", args),
        (Op::TextLength, _) => cast(&call("char_length", args), "int8"),
        (Op::FromAscii, _) if has_nul => helper("nul_from_ascii", args),
        (Op::FromAscii, _) => helper("from_ascii", args),
        // Of LIKE the planner knows how much it leaves, and which indexes serve.
        (Op::StartsWith, [x, part]) if literal(part).is_some() => like(x, "", part, "%")?,
        (Op::TextContains, [x, part]) if literal(part).is_some() => like(x, "%", part, "%")?,
        (Op::EndsWith, [x, part]) if literal(part).is_some() => like(x, "%", part, "")?,
        (Op::StartsWith, _) => call("starts_with", args),
        (Op::TextContains, _) => binary(">", &call("strpos", args), &number(0)),
        (Op::EndsWith, [x, part]) => {
            let length = call("char_length", [part.clone()]);
            expr::equal(&call("right", [x.clone(), length]), part)
        }
        (Op::Lower, _) => helper("text_lower", args),
        (Op::Upper, _) => helper("text_upper", args),
        (Op::Trim, [x]) => trimmed("btrim", x),
        (Op::TrimStart, [x]) => trimmed("ltrim", x),
        (Op::TrimEnd, [x]) => trimmed("rtrim", x),
        (Op::Replace, [_, from, to]) if never_grows(from, to) => call("replace", args),
        (Op::Replace, _) => helper("text_replace", args),
        (Op::TextSlice, _) if has_nul => helper("nul_slice", args),
        (Op::TextSlice, [x, start, end]) => {
            expr::substring(x, start, end).unwrap_or_else(|| helper("text_slice", args))
        }
        (Op::DateToTimestamp, _) => helper("date_to_timestamp", args),
        (Op::TimestampToDate, _) => helper("timestamp_to_date", args),
        (Op::TimezoneOffset, _) => helper("timezone_offset", args),
        (Op::TimeDiff, [a, b]) => cast(&binary("-", a, b), "int8"),
        (Op::TimeAdd, _) => helper("time_add", args),
        (Op::TimeSub, [time, duration]) => {
            helper("time_add", [time.clone(), template("(- {})", [&cast(duration, "numeric")])])
        }
        _ => return None,
    })
}

/// Texts behind each other. Where two of them may be long, their bytes are counted first, or at least before the next
/// operation makes more of the result.
fn concat(args: &[Expr]) -> Option<Expr> {
    let (first, rest) = args.split_first()?;
    let whole = rest.iter().fold(first.clone(), |all, text| binary("||", &all, text));
    let long: Vec<_> = args.iter().filter(|arg| !is_short(arg)).collect();
    if long.len() < 2 {
        return Some(whole);
    }
    if !long.iter().all(|arg| matches!(arg.node(), Node::Column { .. })) {
        return Some(helper("text_within", [whole]));
    }
    let bytes = long.iter().map(|arg| cast(&call("octet_length", [(*arg).clone()]), "int8"));
    let bytes = bytes.reduce(|all, bytes| binary("+", &all, &bytes))?;
    let is_long = binary(">", &bytes, &number(TEXT_BYTES));
    Some(expr::case([(is_long, helper("too_long", [bytes]))], Some(whole)))
}

/// Whether a text is this literal with anything before or behind it.
fn like(x: &Expr, before: &str, part: &Expr, behind: &str) -> Option<Expr> {
    let mut pattern = String::from(before);
    for letter in literal(part)?.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push_str(behind);
    Some(binary("LIKE", x, &text(&pattern)))
}

/// Whether a text is a literal, or one of those that are made of numbers.
fn is_short(text: &Expr) -> bool {
    let is_of_number = matches!(text.node(), Node::Helper { name, .. } if NUMBER_TEXTS.contains(name));
    is_of_number || literal(text).is_some()
}

/// The text that a literal holds.
fn literal(text: &Expr) -> Option<&str> {
    match text.node() {
        Node::Text(text) => Some(text),
        Node::Cast(value, _) => literal(value),
        _ => None,
    }
}

/// Whether a text gets no longer where one literal takes the place of another.
fn never_grows(from: &Expr, to: &Expr) -> bool {
    match (literal(from), literal(to)) {
        (_, Some("")) => true,
        (Some(from), Some(to)) => to.len() <= from.len(),
        _ => false,
    }
}

/// An operation on the parts of a text, which are an array.
pub(super) fn parts(texts: Texts, operation: Parts, args: &[Expr]) -> Option<Expr> {
    let number_of = |parts: &Expr| call("cardinality", [parts.clone()]);
    Some(match (operation, args) {
        (Parts::Split, [text, separator]) => split(texts, text, separator),
        (Parts::Slice, [parts, start, end]) => {
            let length = number_of(parts);
            let first = binary("+", &bound(start, &length), &number(1));
            template("({})[{}:{}]", [parts, &first, &bound(end, &length)])
        }
        (Parts::From, [parts, start]) => {
            let first = binary("+", &bound(start, &number_of(parts)), &number(1));
            template("({})[{}:]", [parts, &first])
        }
        (Parts::At, [parts, position]) => {
            let place = binary("+", &subscript(position, -1), &number(1));
            template("({})[{}]", [parts, &place])
        }
        (Parts::Join, _) => call("array_to_string", args),
        (Parts::Count, [parts]) => cast(&number_of(parts), "int8"),
        (Parts::Pack, [parts]) => call("to_jsonb", [parts.clone()]),
        _ => return None,
    })
}

/// A position that may count from the end.
fn bound(position: &Expr, length: &Expr) -> Expr {
    match position.as_number() {
        Some(0..) => subscript(position, 0),
        _ => {
            let from_end = binary("+", length, &subscript(position, -i64::from(TEXT_BYTES_LIMIT)));
            let from_end = call("greatest", [from_end, number(0)]);
            expr::case([(binary("<", position, &number(0)), from_end)], Some(subscript(position, 0)))
        }
    }
}

/// A position as a subscript can have it, at least this one. No text has so many parts.
fn subscript(position: &Expr, least: i64) -> Expr {
    match position.as_number() {
        Some(position @ 0..=0x3fff_ffff) => number(position),
        _ => {
            let greatest = call("least", [position.clone(), number(TEXT_BYTES_LIMIT)]);
            cast(&call("greatest", [greatest, number(least)]), "int4")
        }
    }
}

fn split(texts: Texts, value: &Expr, separator: &Expr) -> Expr {
    let characters = match texts.escapes {
        true => helper("nul_characters", [value.clone()]),
        false => helper("text_characters", [value.clone()]),
    };
    let is_empty = |value: &Expr| expr::equal(value, &text(""));
    let parts = helper("text_parts", [value.clone(), separator.clone()]);
    // Only of a long text they have to be counted first.
    let is_short = binary("<=", &call("octet_length", [value.clone()]), &number(TEXT_PARTS));
    let short = call("string_to_array", [value.clone(), separator.clone()]);
    let parts = expr::case([(is_short, short)], Some(parts));
    let parts = match literal(separator) {
        Some("") => characters,
        Some(_) => parts,
        None => expr::case([(is_empty(separator), characters)], Some(parts)),
    };
    expr::case([(is_empty(value), template("ARRAY['']::text[]", []))], Some(parts))
}

pub(super) fn year_month_day(date: &Expr) -> [Expr; 3] {
    if let Some((own, _)) = date.own() {
        // There is no year 0 before the first.
        let year = "(extract(year FROM {})::int4 + ({} < '0001-01-01'::date)::int4)";
        let part = |text: &'static str| template(text, [own]);
        return [
            template(year, [own, own]),
            part("extract(month FROM {})::int2"),
            part("extract(day FROM {})::int2"),
        ];
    }
    let part = |name: &'static str, ty: &'static str| cast(&helper(name, [date.clone()]), ty);
    [part("date_year", "int4"), part("date_month", "int2"), part("date_day", "int2")]
}

fn to_text(prim: Prim, x: &Expr) -> Expr {
    let float = |exact: i64| helper("float_text", [cast(x, "text"), number(exact)]);
    let function = match prim {
        Prim::Text => return x.clone(),
        Prim::Float32 => return float(1 << 24),
        Prim::Float64 => return float(1 << 53),
        Prim::Date => "date_text",
        Prim::Time => "time_text",
        Prim::Duration => "duration_text",
        Prim::Timestamp => "timestamp_text",
        Prim::Decimal => "decimal_text",
        _ => return cast(x, "text"),
    };
    helper(function, [x.clone()])
}
