//! Text, dates and times.

use runner_core::{Op, Prim};

use super::prim_type;
use crate::{
    plan::Parts,
    tree::{
        Expr, Node, Type,
        expr::{self, binary, call, cast, number, template, text},
    },
};

/// Texts that are chained by operators, or put together by one call of `lt_concat`: a chain nests as deeply as it is long.
const SHORT_CHAIN: usize = 8;

/// Bytes of a text of which DuckDB's own functions may make a longer one. They ask nobody for memory, and DuckDB calls them
/// for 2,048 rows at a time: what they make of so many short texts is a few megabytes. Longer ones take functions that
/// look whether there is room.
const SHORT_BYTES: i64 = 1024;

/// Parts of expressions that may be written a second time.
const WRITTEN_TWICE: usize = 64;

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

/// Texts behind each other, for which there has to be room.
fn concat(texts: &[Expr]) -> Expr {
    if texts.len() < 2 || texts.iter().all(is_short) {
        return chain(texts);
    }
    let long = || {
        let mut rest = texts.to_vec();
        while rest.len() > 1 {
            let behind = rest.split_off(rest.len().min(SHORT_CHAIN));
            rest = std::iter::once(call("lt_concat", rest)).chain(behind).collect();
        }
        rest.pop().unwrap_or_else(|| text(""))
    };
    if_short(sum_of_bytes(texts), texts, || chain(texts), long)
}

/// `short` where these bytes are few, `long` elsewhere and where nobody knows. What is large is not written twice.
fn if_short(
    bytes: Option<Expr>,
    args: &[Expr],
    short: impl FnOnce() -> Expr,
    long: impl FnOnce() -> Expr,
) -> Expr {
    let mut parts = 0;
    args.iter().for_each(|arg| arg.walk(&mut |_| parts += 1));
    match bytes {
        Some(bytes) if parts <= WRITTEN_TWICE && !args.iter().any(Expr::has_query) => {
            expr::case([(binary("<=", &bytes, &number(SHORT_BYTES)), short())], Some(long()))
        }
        _ => long(),
    }
}

fn sum_of_bytes(texts: &[Expr]) -> Option<Expr> {
    let long: Option<Vec<_>> = texts.iter().filter(|text| !is_short(text)).map(bytes).collect();
    Some(long?.into_iter().reduce(|sum, bytes| binary("+", &sum, &bytes)).unwrap_or_else(|| number(0)))
}

/// Bytes that a text takes at most, or the texts of a list of parts do, if they are known from columns alone.
fn bytes(text: &Expr) -> Option<Expr> {
    match text.node() {
        _ if text.is_plain() => Some(call("strlen", [text.clone()])),
        Node::Call { function, args } => match (&**function, args.as_slice()) {
            // The other case of a letter may take three bytes instead of two.
            ("lt_lower" | "lt_upper", [text]) => Some(binary("*", &bytes(text)?, &number(2))),
            ("lt_trim" | "lt_trim_start" | "lt_trim_end", [text]) => bytes(text),
            ("substr" | "lt_slice" | "string_split" | "lt_split" | "list_slice", [text, ..]) => bytes(text),
            ("lt_concat", texts) => sum_of_bytes(texts),
            _ => None,
        },
        Node::Binary("||", left, right) => sum_of_bytes(&[left.clone(), right.clone()]),
        Node::Case { branches, otherwise } => {
            let values = branches.iter().map(|(_, value)| value).chain(otherwise);
            let mut known = values.filter(|value| !is_short(value) && !fails(value)).map(bytes);
            let first = known.next()??;
            known.all(|other| other.as_ref() == Some(&first)).then_some(first)
        }
        _ => None,
    }
}

/// Whether it has no value.
fn fails(expr: &Expr) -> bool {
    match expr.node() {
        Node::Cast(value, _) => fails(value),
        Node::Call { function, .. } => &**function == "error",
        _ => false,
    }
}

/// Whether a text is short whatever the data is: a literal, or that of a number.
fn is_short(text: &Expr) -> bool {
    match text.node() {
        Node::Text(text) => text.len() <= SHORT_BYTES as usize,
        Node::Cast(value, _) => matches!(value.node(), Node::Cast(_, ty) if *ty != Type::new("VARCHAR")),
        Node::Call { function, args } => match (&**function, args.as_slice()) {
            // A code point takes at most four bytes.
            ("substr", [_, _, count]) => {
                count.as_number().is_some_and(|count| count <= i128::from(SHORT_BYTES) / 4)
            }
            (function, _) => SHORT_TEXTS.contains(&function),
        },
        _ => false,
    }
}

/// Functions that give a text of a number.
const SHORT_TEXTS: &[&str] = &[
    "chr",
    "lt_float_text",
    "lt_date_text",
    "lt_time_text",
    "lt_duration_text",
    "lt_timestamp_text",
    "lt_decimal_text",
];

/// An operation on the parts of a text, which are a list.
pub(super) fn parts(operation: Parts, args: &[Expr]) -> Option<Expr> {
    Some(match (operation, args) {
        (Parts::Split, [text, separator]) if is_text(separator) => {
            if_short(bytes(text), args, || call("string_split", args), || call("lt_split", args))
        }
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
        (Parts::Join, [parts, separator]) if is_text(separator) => {
            let of = |is_short| [chosen(parts, is_short), separator.clone()];
            let short = || expr::coalesce(&call("array_to_string", of(true)), &text(""));
            if_short(joined_bytes(parts, separator), args, short, || call("lt_join", of(false)))
        }
        (Parts::Join, _) => call("lt_join", args),
        (Parts::Count, [parts]) => call("len", [parts.clone()]),
        (Parts::Pack, [parts]) => parts.clone(),
        _ => return None,
    })
}

/// Bytes of parts with separators between them.
fn joined_bytes(parts: &Expr, separator: &Expr) -> Option<Expr> {
    let Node::Text(separator) = separator.node() else { return None };
    let bytes = bytes(parts)?;
    // What was between them before was as long, or else there may be as many parts as bytes.
    if split_by(parts).is_some_and(|before| separator.len() <= before) {
        return Some(bytes);
    }
    let factor = i64::try_from(separator.len()).ok()?.checked_add(1)?;
    Some(binary("*", &bytes, &number(factor)))
}

/// The length of what parts were separated by, at least.
fn split_by(parts: &Expr) -> Option<usize> {
    match parts.node() {
        Node::Call { function, args } => match (&**function, args.as_slice()) {
            ("string_split" | "lt_split", [_, separator]) => match separator.node() {
                Node::Text(separator) => Some(separator.len()),
                _ => None,
            },
            ("list_slice", [parts, ..]) => split_by(parts),
            _ => None,
        },
        Node::Case { branches, otherwise } => {
            let values = branches.iter().map(|(_, value)| value).chain(otherwise);
            values.map(split_by).reduce(|least, length| Some(least?.min(length?)))?
        }
        _ => None,
    }
}

/// Parts where it is known whether their text is short.
fn chosen(parts: &Expr, is_short: bool) -> Expr {
    match parts.node() {
        Node::Call { function, args } if &**function == "list_slice" => {
            let (first, rest) =
                args.split_first().map_or((None, &[][..]), |(first, rest)| (Some(first), rest));
            let first = first.map(|parts| chosen(parts, is_short));
            call("list_slice", first.into_iter().chain(rest.iter().cloned()).collect::<Vec<_>>())
        }
        Node::Case { branches, otherwise: Some(long) } => match (branches.as_slice(), long.node()) {
            ([(_, short)], Node::Call { function, args }) => match short.node() {
                Node::Call { function: native, args: same }
                    if &**function == "lt_split" && &**native == "string_split" && args == same =>
                {
                    if is_short { short.clone() } else { long.clone() }
                }
                _ => parts.clone(),
            },
            _ => parts.clone(),
        },
        _ => parts.clone(),
    }
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
        (Op::Concat, texts) => concat(texts),
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
        (Op::TextSlice, [x, start, end]) => match expr::substring(x, start, end) {
            Some(part) if is_short(&part) => part,
            Some(part) => if_short(bytes(x), args, || part, || call("lt_slice", args)),
            None => call("lt_slice", args),
        },
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
