//! Text, dates and times.

use runner_core::{Op, Prim};

use super::{Postgres, helper::TEXT_BYTES};
use crate::sql::Sql;

/// White space, as Unicode has it.
const SPACES: &str = "E' \\t\\n\\x0B\\f\\r\\u0085\\u00A0\\u1680\\u2000\\u2001\\u2002\\u2003\\u2004\\u2005\\u2006\
                      \\u2007\\u2008\\u2009\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000'";

pub(super) fn function(dialect: &Postgres, op: Op, operand: Prim, args: &[Sql]) -> Option<String> {
    let nul = dialect.escapes;
    Some(match (op, args) {
        (Op::ToText, [x]) => to_text(operand, x),
        (Op::Concat, args) => concat(args),
        (Op::TextLength, [x]) if nul => format!("pg_temp.nul_length({x})"),
        (Op::TextLength, [x]) => format!("char_length({x})::int8"),
        (Op::FromAscii, [x]) if nul => format!("pg_temp.nul_from_ascii({x})"),
        (Op::FromAscii, [x]) => format!("pg_temp.from_ascii({x})"),
        (Op::StartsWith, [x, part]) => format!("starts_with({x}, {part})"),
        (Op::TextContains, [x, part]) => format!("(strpos({x}, {part}) > 0)"),
        (Op::EndsWith, [x, part]) => format!("(right({x}, char_length({part})) = {part})"),
        (Op::Lower, [x]) => format!("pg_temp.text_lower({x})"),
        (Op::Upper, [x]) => format!("pg_temp.text_upper({x})"),
        (Op::Trim, [x]) => format!("btrim({x}, {SPACES})"),
        (Op::TrimStart, [x]) => format!("ltrim({x}, {SPACES})"),
        (Op::TrimEnd, [x]) => format!("rtrim({x}, {SPACES})"),
        (Op::Replace, [x, from, to]) if never_grows(from, to) => format!("replace({x}, {from}, {to})"),
        (Op::Replace, [x, from, to]) => format!("pg_temp.text_replace({x}, {from}, {to})"),
        (Op::TextSlice, [x, start, end]) if nul => format!("pg_temp.nul_slice({x}, {start}, {end})"),
        (Op::TextSlice, [x, start, end]) => format!("pg_temp.text_slice({x}, {start}, {end})"),
        (Op::DateToTimestamp, [date, zone]) => format!("pg_temp.date_to_timestamp({date}, {zone})"),
        (Op::TimestampToDate, [timestamp, zone]) => {
            format!("pg_temp.timestamp_to_date({timestamp}, {zone})")
        }
        (Op::TimezoneOffset, [zone, date]) => format!("pg_temp.timezone_offset({zone}, {date})"),
        (Op::TimeDiff, [a, b]) => format!("({a} - {b})::int8"),
        (Op::TimeAdd, [time, duration]) => format!("pg_temp.time_add({time}, {duration})"),
        (Op::TimeSub, [time, duration]) => format!("pg_temp.time_add({time}, - {duration}::numeric)"),
        _ => return None,
    })
}

/// Texts behind each other. Where two of them may be long, their bytes are counted first, or at least before the next
/// operation makes more of the result.
fn concat(args: &[Sql]) -> String {
    let texts: Vec<_> = args.iter().map(Sql::text).collect();
    let whole = format!("({})", texts.join(" || "));
    let long: Vec<_> = args.iter().filter(|arg| !is_short(arg)).collect();
    if long.len() < 2 {
        return whole;
    }
    if !long.iter().all(|arg| arg.is_atom()) {
        return format!("pg_temp.text_within({whole})");
    }
    let bytes: Vec<_> = long.iter().map(|arg| format!("octet_length({arg})::int8")).collect();
    let bytes = bytes.join(" + ");
    format!("CASE WHEN {bytes} > {TEXT_BYTES} THEN pg_temp.too_long({bytes}) ELSE {whole} END")
}

/// Whether a text is a literal, or that of a number.
fn is_short(text: &Sql) -> bool {
    literal(text).is_some() || text.text().ends_with(")::text")
}

/// What stands between the quotes of a literal.
fn literal(text: &Sql) -> Option<&str> {
    let inner = text.text().strip_prefix('\'')?.strip_suffix("'::text")?;
    text.is_constant().then_some(inner)
}

/// Whether a text gets no longer where one literal takes the place of another. A quote counts twice.
fn never_grows(from: &Sql, to: &Sql) -> bool {
    match (literal(from), literal(to)) {
        (_, Some("")) => true,
        (Some(from), Some(to)) => !from.contains('\'') && to.len() <= from.len(),
        _ => false,
    }
}

pub(super) fn split(dialect: &Postgres, text: &Sql, separator: &Sql, alias: &str) -> String {
    let characters = if dialect.escapes {
        format!("pg_temp.nul_characters({text})")
    } else {
        format!("pg_temp.text_characters({text})")
    };
    format!(
        "unnest(CASE WHEN {text} = '' THEN ARRAY['']::text[] WHEN {separator} = '' \
         THEN {characters} ELSE pg_temp.text_parts({text}, {separator}) END) \
         WITH ORDINALITY AS {alias}(v, o)"
    )
}

pub(super) fn year_month_day(date: &Sql) -> [Sql; 3] {
    let part = |part: &str, ty: &str| Sql::of(format!("pg_temp.date_{part}({date})::{ty}"), &[date]);
    [part("year", "int4"), part("month", "int2"), part("day", "int2")]
}

fn to_text(prim: Prim, x: &Sql) -> String {
    match prim {
        Prim::Text => x.text().into(),
        Prim::Float32 => format!("pg_temp.float_text({x}::text, 16777216)"),
        Prim::Float64 => format!("pg_temp.float_text({x}::text, 9007199254740992)"),
        Prim::Date => format!("pg_temp.date_text({x})"),
        Prim::Time => format!("pg_temp.time_text({x})"),
        Prim::Duration => format!("pg_temp.duration_text({x})"),
        Prim::Timestamp => format!("pg_temp.timestamp_text({x})"),
        Prim::Decimal => format!("pg_temp.decimal_text({x})"),
        _ => format!("({x})::text"),
    }
}
