//! Text, dates and times.

use runner_core::{Op, Prim};

use super::prim_type;
use crate::sql::Sql;

const DAY: &str = "86400000000";

/// Texts that are chained by operators.
const SHORT_CHAIN: usize = 8;

pub(super) fn quoted(text: &str) -> String {
    let parts: Vec<_> = text.split('\0').map(|part| format!("'{}'", part.replace('\'', "''"))).collect();
    match parts.as_slice() {
        [one] => one.clone(),
        parts => format!("({})", parts.join(" || chr(0) || ")),
    }
}

pub(super) fn function(op: Op, operand: Prim, args: &[Sql]) -> Option<String> {
    Some(match (op, args) {
        (Op::ToText, [x]) => to_text(operand, x),
        (Op::Concat, [x]) => x.text().into(),
        (Op::Concat, args) => {
            let texts: Vec<_> = args.iter().map(Sql::text).collect();
            // A chain of operators nests as deeply as it is long.
            match texts.len() {
                0..=SHORT_CHAIN => format!("({})", texts.join(" || ")),
                _ => format!("concat({})", texts.join(", ")),
            }
        }
        (Op::TextLength, [x]) => format!("length({x})::UINTEGER"),
        (Op::FromAscii, [x]) => {
            format!(
                "CASE WHEN {x} < 128 THEN chr({x}::INTEGER) ELSE error({x}::VARCHAR || ' is no ASCII character') END"
            )
        }
        (Op::StartsWith, [x, part]) => format!("starts_with({x}, {part})"),
        (Op::TextContains, [x, part]) => format!("contains({x}, {part})"),
        (Op::EndsWith, [x, part]) => format!("suffix({x}, {part})"),
        (Op::Lower, [x]) => format!("lt_lower({x})"),
        (Op::Upper, [x]) => format!("lt_upper({x})"),
        (Op::Trim, [x]) => format!("lt_trim({x})"),
        (Op::TrimStart, [x]) => format!("lt_trim_start({x})"),
        (Op::TrimEnd, [x]) => format!("lt_trim_end({x})"),
        (Op::Replace, [x, from, to]) => format!("lt_replace({x}, {from}, {to})"),
        (Op::TextSlice, [x, start, end]) => format!("lt_slice({x}, {start}, {end})"),
        (Op::DateSub, [a, b]) => format!("multiply({a}::BIGINT - {b}::BIGINT, {DAY}::BIGINT)"),
        (Op::TimestampSub, [a, b]) => format!("subtract({a}, {b})"),
        (Op::DateToTimestamp, [date, zone]) => {
            or_fail(date, &format!("lt_midnight({date}, {zone})"), "no such time zone, or overflow", "BIGINT")
        }
        (Op::TimestampToDate, [timestamp, zone]) => {
            or_fail(timestamp, &format!("lt_local_date({timestamp}, {zone})"), "no such time zone", "INTEGER")
        }
        (Op::TimezoneOffset, [zone, date]) => {
            or_fail(date, &format!("lt_zone_offset({date}, {zone})"), "no such time zone", "BIGINT")
        }
        (Op::TimeDiff, [a, b]) => format!("({a}::HUGEINT - {b}::HUGEINT)::BIGINT"),
        (Op::TimeAdd, [time, duration]) => {
            format!("((({time}::HUGEINT + {duration}) % {DAY} + {DAY}) % {DAY})::UBIGINT")
        }
        (Op::TimeSub, [time, duration]) => {
            format!("((({time}::HUGEINT - {duration}) % {DAY} + {DAY}) % {DAY})::UBIGINT")
        }
        _ => return None,
    })
}

/// A call that gives NULL for what is wrong, and for an operand that is NULL as long as there is no row.
fn or_fail(operand: &Sql, call: &str, message: &str, ty: &str) -> String {
    let fail = format!("error({})::{ty}", quoted(message));
    match operand.is_constant() {
        true => format!("coalesce({call}, {fail})"),
        false => format!("coalesce({call}, CASE WHEN {operand} IS NOT NULL THEN {fail} END)"),
    }
}

fn to_text(prim: Prim, x: &Sql) -> String {
    match prim {
        Prim::Text => x.text().into(),
        Prim::Float32 | Prim::Float64 => format!("lt_float_text({x})"),
        Prim::Date => format!("lt_date_text({x})"),
        Prim::Time => format!("lt_time_text({x})"),
        Prim::Duration => format!("lt_duration_text({x})"),
        Prim::Timestamp => format!("lt_timestamp_text({x})"),
        Prim::Decimal => format!("lt_decimal_text({x})"),
        _ => format!("({x}::{})::VARCHAR", prim_type(prim)),
    }
}
