//! The standard library: its source, and what its external functions are to a program.

use std::sync::OnceLock;

use runner_core::Op;

use crate::{check::State, diagnostic::Diagnostics, source::Project};

const FILES: [(&str, &str); 14] = [
    ("module.lt", include_str!("std/module.lt")),
    ("array.lt", include_str!("std/array.lt")),
    ("convert.lt", include_str!("std/convert.lt")),
    ("date.lt", include_str!("std/date.lt")),
    ("fs.lt", include_str!("std/fs.lt")),
    ("joins.lt", include_str!("std/joins.lt")),
    ("math.lt", include_str!("std/math.lt")),
    ("ops.lt", include_str!("std/ops.lt")),
    ("option.lt", include_str!("std/option.lt")),
    ("sql.lt", include_str!("std/sql.lt")),
    ("statistics.lt", include_str!("std/statistics.lt")),
    ("text.lt", include_str!("std/text.lt")),
    ("time.lt", include_str!("std/time.lt")),
    ("timestamp.lt", include_str!("std/timestamp.lt")),
];

/// The source of the standard library, to be read: programs see it as `std` without naming it.
///
/// ```
/// let modules = runner_lang::docs(&runner_lang::standard_library(), "std");
/// let array = modules.iter().find(|module| module.path == "std::array").unwrap();
/// assert!(array.items.iter().any(|item| item.name == "map"));
/// ```
#[must_use]
pub fn standard_library() -> Project {
    Project::from_files(FILES)
}

/// The standard library, checked once a process.
pub(crate) fn library() -> &'static State {
    static LIBRARY: OnceLock<State> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let parsed = standard_library().parse();
        let mut state = State::default();
        let mut diagnostics = Diagnostics::new(state.types.budget());
        state.add_project(&parsed.root, true, &mut diagnostics);
        let diagnostics = diagnostics.finish();
        debug_assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
        debug_assert!(diagnostics.is_empty(), "{diagnostics:?}");
        state
    })
}

/// What an external function of the standard library is to a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intrinsic {
    Op(Op),
    Default,
    ToColumnar,
    FromColumnar,
    /// With the default of the items as the last argument.
    Shift(Op),
    /// A function of the runner.
    External,
}

/// By path below `std`.
pub(crate) fn intrinsic(path: &str) -> Intrinsic {
    let op = match path {
        "convert::default" => return Intrinsic::Default,
        "array::to_columnar" => return Intrinsic::ToColumnar,
        "array::from_columnar" => return Intrinsic::FromColumnar,
        "array::lag" => return Intrinsic::Shift(Op::Lag),
        "array::lead" => return Intrinsic::Shift(Op::Lead),
        "convert::to_text" => Op::ToText,
        "ops::add" => Op::Add,
        "ops::sub" => Op::Sub,
        "ops::mul" => Op::Mul,
        "ops::div" => Op::Div,
        "ops::mod" => Op::Rem,
        "ops::neg" => Op::Neg,
        "ops::cmp" => Op::Cmp,
        "ops::eq" => Op::Eq,
        "ops::ne" => Op::Ne,
        "ops::lt" => Op::Lt,
        "ops::lte" => Op::Lte,
        "ops::gt" => Op::Gt,
        "ops::gte" => Op::Gte,
        "ops::and" => Op::And,
        "ops::or" => Op::Or,
        "ops::not" => Op::Not,
        "array::index" => Op::Index,
        "array::count" => Op::Count,
        "array::map" => Op::Map,
        "array::flat_map" => Op::FlatMap,
        "array::filter" => Op::Filter,
        "array::slice" => Op::Slice,
        "array::sort" => Op::Sort,
        "array::sort_desc" => Op::SortDesc,
        "array::reverse" => Op::Reverse,
        "array::or_none" => Op::OrNone,
        "array::group" => Op::Group,
        "array::distinct" => Op::Distinct,
        "array::append" => Op::Append,
        "array::contains" => Op::Contains,
        "array::fold" => Op::Fold,
        "array::scan" => Op::Scan,
        "array::loop_until_empty" => Op::LoopUntilEmpty,
        "array::sequence" => Op::Sequence,
        "array::min" => Op::Min,
        "array::max" => Op::Max,
        "array::sum" => Op::Sum,
        "array::mean" => Op::Mean,
        "array::all" => Op::All,
        "array::any" => Op::Any,
        "array::rolling_mean" => Op::RollingMean,
        "array::rank" => Op::Rank,
        "array::rank_dense" => Op::RankDense,
        "array::rank_percentile" => Op::RankPercentile,
        "array::cume_dist" => Op::CumeDist,
        "math::abs" => Op::Abs,
        "math::pow" => Op::Pow,
        "math::sqrt" => Op::Sqrt,
        "math::exp" => Op::Exp,
        "math::ln" => Op::Ln,
        "math::log10" => Op::Log10,
        "math::floor" => Op::Floor,
        "math::ceil" => Op::Ceil,
        "math::round" => Op::Round,
        "math::sin" => Op::Sin,
        "math::cos" => Op::Cos,
        "math::tan" => Op::Tan,
        "math::asin" => Op::Asin,
        "math::acos" => Op::Acos,
        "math::atan" => Op::Atan,
        "text::concat" => Op::Concat,
        "text::length" => Op::TextLength,
        "text::from_ascii" => Op::FromAscii,
        "text::join" => Op::Join,
        "text::split" => Op::Split,
        "text::starts_with" => Op::StartsWith,
        "text::contains" => Op::TextContains,
        "text::ends_with" => Op::EndsWith,
        "text::lower" => Op::Lower,
        "text::upper" => Op::Upper,
        "text::trim" => Op::Trim,
        "text::trim_start" => Op::TrimStart,
        "text::trim_end" => Op::TrimEnd,
        "text::replace" => Op::Replace,
        "text::slice" => Op::TextSlice,
        "date::sub" => Op::DateSub,
        "date::to_timestamp" => Op::DateToTimestamp,
        "date::to_year_month_day" => Op::DateToYearMonthDay,
        "timestamp::to_date" => Op::TimestampToDate,
        "timestamp::sub" => Op::TimestampSub,
        "time::diff" => Op::TimeDiff,
        "time::add" => Op::TimeAdd,
        "time::sub" => Op::TimeSub,
        "timezone_offset" => Op::TimezoneOffset,
        path if path.starts_with("convert::to_") => Op::Cast,
        _ => return Intrinsic::External,
    };
    Intrinsic::Op(op)
}
