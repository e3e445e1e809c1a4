//! Text, dates and times.

use runner_core::{Op, Prim};

use super::prim_type;
use crate::{
    plan::Parts,
    tree::{
        Expr, Node,
        expr::{self, binary, call, cast, number, template, text},
    },
};

/// Texts that are chained by operators: a chain nests as deeply as it is long.
const SHORT_CHAIN: usize = 8;

/// More parts than a text has.
const MOST_PARTS: i128 = 1 << 40;

const DAY: i64 = 86_400_000_000;

/// A text, which can't hold U+0000 between quotes.
pub(super) fn literal(value: &str) -> Expr {
    let mut parts = Vec::new();
    for part in value.split('\0') {
        if !parts.is_empty() {
            parts.push(call("chr", [number(0)]));
        }
        parts.push(text(part));
    }
    chain(&parts)
}

/// Texts behind each other.
fn chain(texts: &[Expr]) -> Expr {
    match texts {
        [] => text(""),
        [one] => one.clone(),
        [first, rest @ ..] if texts.len() <= SHORT_CHAIN => {
            rest.iter().fold(first.clone(), |all, text| binary("||", &all, text))
        }
        texts => call("concat", texts),
    }
}

/// An operation on the parts of a text, which are a list.
pub(super) fn parts(operation: Parts, args: &[Expr]) -> Option<Expr> {
    Some(match (operation, args) {
        (Parts::Split, [_, separator]) if is_text(separator) => call("string_split", args),
        (Parts::Split, _) => call("lt_split", args),
        (Parts::Slice, [parts, start, end]) => {
            let length = call("len", [parts.clone()]);
            let first = binary("+", &bound(start, &length), &number(1));
            call("list_slice", [parts.clone(), first, bound(end, &length)])
        }
        (Parts::From, [parts, start]) => {
            let first = binary("+", &bound(start, &call("len", [parts.clone()])), &number(1));
            call("list_slice", [parts.clone(), first, number(-1)])
        }
        (Parts::At, [parts, position]) => {
            let part = call("list_extract", [parts.clone(), binary("+", position, &number(1))]);
            match position.as_number() {
                Some(0..MOST_PARTS) => part,
                // Negative ones would count from the end, and no text has so many parts.
                _ => {
                    let is_there =
                        [binary(">=", position, &number(0)), binary("<", position, &number(MOST_PARTS))];
                    expr::when(&expr::and(is_there), &part)
                }
            }
        }
        // A macro, which takes no subquery and a constant.
        (Parts::Join, [parts, separator]) if parts.has_query() || !is_text(separator) => {
            call("lt_join", args)
        }
        (Parts::Join, _) => expr::coalesce(&call("array_to_string", args), &text("")),
        (Parts::Count, [parts]) => call("len", [parts.clone()]),
        (Parts::Pack, [parts]) => parts.clone(),
        _ => return None,
    })
}

/// Whether it is a literal that is not empty.
fn is_text(expr: &Expr) -> bool {
    matches!(expr.node(), Node::Text(text) if !text.is_empty())
}

/// A position that may count from the end.
fn bound(position: &Expr, length: &Expr) -> Expr {
    match position.as_number() {
        Some(0..MOST_PARTS) => position.clone(),
        _ => {
            let from_end = call("greatest", [binary("+", length, position), number(0)]);
            let position = call("least", [position.clone(), number(MOST_PARTS)]);
            expr::case([(binary("<", &position, &number(0)), from_end)], Some(position))
        }
    }
}

/// `is_constant` says whether the operands are made of literals and parameters alone.
pub(super) fn function(op: Op, operand: Prim, is_constant: bool, args: &[Expr]) -> Option<Expr> {
    Some(match (op, args) {
        (Op::ToText, [x]) => to_text(operand, x),
        (Op::Concat, texts) => chain(texts),
        (Op::TextLength, [x]) => cast(&call("length", [x.clone()]), "UINTEGER"),
        (Op::FromAscii, [x]) => {
            let letter = call("chr", [cast(x, "INTEGER")]);
            let message = binary("||", &cast(x, "VARCHAR"), &text(" is no ASCII character"));
            let is_ascii = binary("<", x, &number(128));
            expr::case([(is_ascii, letter)], Some(call("error", [message])))
        }
        (Op::StartsWith, _) => call("starts_with", args),
        (Op::TextContains, _) => call("contains", args),
        (Op::EndsWith, _) => call("suffix", args),
        (Op::Lower, _) => call("lt_lower", args),
        (Op::Upper, _) => call("lt_upper", args),
        (Op::Trim, _) => call("lt_trim", args),
        (Op::TrimStart, _) => call("lt_trim_start", args),
        (Op::TrimEnd, _) => call("lt_trim_end", args),
        (Op::Replace, _) => call("lt_replace", args),
        (Op::TextSlice, [x, start, end]) => {
            expr::substring(x, start, end).unwrap_or_else(|| call("lt_slice", args))
        }
        (Op::DateSub, [a, b]) => {
            let days = binary("-", &cast(a, "BIGINT"), &cast(b, "BIGINT"));
            call("multiply", [days, cast(&number(DAY), "BIGINT")])
        }
        (Op::TimestampSub, _) => call("subtract", args),
        (Op::DateToTimestamp, [date, _]) => {
            or_fail(date, is_constant, call("lt_midnight", args), "no such time zone, or overflow", "BIGINT")
        }
        (Op::TimestampToDate, [timestamp, _]) => {
            or_fail(timestamp, is_constant, call("lt_local_date", args), "no such time zone", "INTEGER")
        }
        (Op::TimezoneOffset, [zone, date]) => {
            let offset = call("lt_zone_offset", [date.clone(), zone.clone()]);
            or_fail(date, is_constant, offset, "no such time zone", "BIGINT")
        }
        (Op::TimeDiff, [a, b]) => cast(&binary("-", &cast(a, "HUGEINT"), &cast(b, "HUGEINT")), "BIGINT"),
        (Op::TimeAdd, [time, duration]) => within_day(&binary("+", &cast(time, "HUGEINT"), duration)),
        (Op::TimeSub, [time, duration]) => within_day(&binary("-", &cast(time, "HUGEINT"), duration)),
        _ => return None,
    })
}

/// Microseconds as a time of day.
fn within_day(micros: &Expr) -> Expr {
    cast(&template("((({} % 86400000000) + 86400000000) % 86400000000)", [micros]), "UBIGINT")
}

/// A call that gives NULL for what is wrong, and for an operand that is NULL as long as there is no row.
fn or_fail(operand: &Expr, is_constant: bool, call: Expr, message: &str, ty: &'static str) -> Expr {
    let fail = super::fail(&text(message), ty);
    match is_constant {
        true => expr::coalesce(&call, &fail),
        false => expr::coalesce(&call, &expr::when(&expr::is_not_null(operand), &fail)),
    }
}

fn to_text(prim: Prim, x: &Expr) -> Expr {
    let function = match prim {
        Prim::Text => return x.clone(),
        Prim::Float32 | Prim::Float64 => "lt_float_text",
        Prim::Date => "lt_date_text",
        Prim::Time => "lt_time_text",
        Prim::Duration => "lt_duration_text",
        Prim::Timestamp => "lt_timestamp_text",
        Prim::Decimal => "lt_decimal_text",
        _ => return cast(&cast(x, prim_type(prim)), "VARCHAR"),
    };
    call(function, [x.clone()])
}
