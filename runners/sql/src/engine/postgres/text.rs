//! Text, dates and times.

use runner_core::{Op, Prim};

use super::Texts;
use crate::tree::{
    Expr,
    expr::{self, binary, call, cast, helper, number, template, text, word},
};

/// White space, as Unicode has it.
const SPACES: &str = "E' \\t\\n\\x0B\\f\\r\\u0085\\u00A0\\u1680\\u2000\\u2001\\u2002\\u2003\\u2004\\u2005\\u2006\
                      \\u2007\\u2008\\u2009\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000'";

pub(super) fn function(texts: Texts, op: Op, operand: Prim, args: &[Expr]) -> Option<Expr> {
    let has_nul = texts.escapes;
    let trimmed = |function: &'static str, x: &Expr| call(function, [x.clone(), word(SPACES)]);
    Some(match (op, args) {
        (Op::ToText, [x]) => to_text(operand, x),
        (Op::Concat, [first, rest @ ..]) => {
            rest.iter().fold(first.clone(), |all, text| binary("||", &all, text))
        }
        (Op::TextLength, _) if has_nul => helper("nul_length", args),
        (Op::TextLength, _) => cast(&call("char_length", args), "int8"),
        (Op::FromAscii, _) if has_nul => helper("nul_from_ascii", args),
        (Op::FromAscii, _) => helper("from_ascii", args),
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
        (Op::Replace, _) => call("replace", args),
        (Op::TextSlice, _) if has_nul => helper("nul_slice", args),
        (Op::TextSlice, _) => helper("text_slice", args),
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

/// A function that gives the parts of a text.
pub(super) fn split(texts: Texts, value: &Expr, separator: &Expr) -> Expr {
    let characters = match texts.escapes {
        true => helper("nul_characters", [value.clone()]),
        false => call("string_to_array", [value.clone(), expr::null()]),
    };
    let is_empty = |value: &Expr| expr::equal(value, &text(""));
    let parts = expr::case(
        [(is_empty(value), template("ARRAY['']::text[]", [])), (is_empty(separator), characters)],
        Some(call("string_to_array", [value.clone(), separator.clone()])),
    );
    call("unnest", [parts])
}

pub(super) fn year_month_day(date: &Expr) -> [Expr; 3] {
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
