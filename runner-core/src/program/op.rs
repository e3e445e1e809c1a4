use serde::{Deserialize, Serialize};

/// The standard operations: all that a runner has to know how to do.
///
/// What else the standard library offers is made of these when a program is compiled. Signatures are written as in
/// Lutra; `T`, `U`, `K` are any types, `num`, `int`, `float`, `ord` any type of that class, the same in all places.
/// Arithmetic, order and errors are as on every runner: checked integers, IEEE 754 floats, total order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Op {
    /// `(num): num`, to the type of the call; integers wrap, floats truncate toward zero and saturate.
    Cast,
    /// `(ord): Text`
    ToText,
    /// `(T): F` where `F` frames `T`, or a primitive with a meaning (`Date`) over its representation (`Int32`).
    Wrap,
    /// `(F): T`, the reverse of [`Op::Wrap`].
    Unwrap,

    /// `(T, T): T` of num, `Duration`, `Decimal`. Overflow of integers is an error here and below.
    Add,
    /// `(T, T): T` of num, `Duration`, `Decimal`
    Sub,
    /// `(num, num): num`
    Mul,
    /// `(num, num): num`; integers truncate toward zero, and zero as divisor is an error.
    Div,
    /// `(num, num): num`; the sign of the dividend.
    Rem,
    /// `(T): T` of signed integers, floats, `Duration`
    Neg,
    /// `(num): num`
    Abs,
    /// `(T, T): T` of `Int64` (a negative exponent is an error) and `Float64`
    Pow,
    /// `(float): float`
    Sqrt,
    /// `(float): float`
    Exp,
    /// `(float): float`
    Ln,
    /// `(float): float`
    Log10,
    /// `(float): float`
    Floor,
    /// `(float): float`
    Ceil,
    /// `(float): float`, halves away from zero
    Round,
    /// `(float): float`
    Sin,
    /// `(float): float`
    Cos,
    /// `(float): float`
    Tan,
    /// `(float): float`
    Asin,
    /// `(float): float`
    Acos,
    /// `(float): float`
    Atan,

    /// `(T, T): enum {less, equal, greater}`
    Cmp,
    /// `(T, T): Bool`
    Eq,
    /// `(T, T): Bool`
    Ne,
    /// `(T, T): Bool`
    Lt,
    /// `(T, T): Bool`
    Lte,
    /// `(T, T): Bool`
    Gt,
    /// `(T, T): Bool`
    Gte,
    /// `(Bool, Bool): Bool`; the right side only where the left is true.
    And,
    /// `(Bool, Bool): Bool`; the right side only where the left is false.
    Or,
    /// `(Bool): Bool`
    Not,

    /// `([T], Int64): T?`
    Index,
    /// `([T]): Int64`
    Count,
    /// `([T], func (T): U): [U]`
    Map,
    /// `([T], func (T): [U]): [U]`
    FlatMap,
    /// `([T], func (T): Bool): [T]`
    Filter,
    /// `([T], Int64, Int64): [T]`; from start to before end, negative bounds count from the end.
    Slice,
    /// `([T], func (T): ord): [T]`, ascending, stable
    Sort,
    /// `([T], func (T): ord): [T]`, descending, stable
    SortDesc,
    /// `([T]): [T]`
    Reverse,
    /// `([T0], [T1], ...): [{T0, T1, ...}]`, cut to the shortest; none of none.
    Zip,
    /// `([T], func (T): K): [{key: K, values: [T]}]`, in order of first appearance
    Group,
    /// `([T]): [T]`, the first of equal items
    Distinct,
    /// `([T], [T]): [T]`
    Append,
    /// `([T], T): Bool`
    Contains,
    /// `([T], A, func (A, T): A): A`
    Fold,
    /// `([T], A, func (A, T): A): [A]`
    Scan,
    /// `([T], func ([T]): [T]): [T]`, the concatenation of the initial array and all that follow up to an empty one
    LoopUntilEmpty,
    /// `(int, int): [int]`
    Sequence,
    /// `([ord]): ord?`
    Min,
    /// `([ord]): ord?`
    Max,
    /// `([T]): T` of num, `Duration`, `Decimal`
    Sum,
    /// `([num]): Float64`
    Mean,
    /// `([Bool]): Bool`
    All,
    /// `([Bool]): Bool`
    Any,
    /// `([T], Int64, T): [T]`: shifts back by this many, filling with the last argument; negative shifts the other way.
    Lag,
    /// `([T], Int64, T): [T]`, the reverse of [`Op::Lag`]
    Lead,
    /// `([num], Uint32, Uint32): [Float64]`
    RollingMean,
    /// `([ord]): [Int32]`
    Rank,
    /// `([ord]): [Int32]`
    RankDense,
    /// `([ord]): [Float64]`
    RankPercentile,
    /// `([ord]): [Float64]`
    CumeDist,

    /// `(Text, Text, ...): Text`
    Concat,
    /// `(Text): Uint32`, in code points
    TextLength,
    /// `(Uint8): Text`; above 127 is an error.
    FromAscii,
    /// `([Text], Text): Text`
    Join,
    /// `(Text, Text): [Text]`
    Split,
    /// `(Text, Text): Bool`
    StartsWith,
    /// `(Text, Text): Bool`
    TextContains,
    /// `(Text, Text): Bool`
    EndsWith,
    /// `(Text): Text`
    Lower,
    /// `(Text): Text`
    Upper,
    /// `(Text): Text`
    Trim,
    /// `(Text): Text`
    TrimStart,
    /// `(Text): Text`
    TrimEnd,
    /// `(Text, Text, Text): Text`, every occurrence of the second by the third
    Replace,
    /// `(Text, Int64, Int64): Text`, by code points, bounds as of [`Op::Slice`]
    TextSlice,

    /// `(Date, Date): Duration`
    DateSub,
    /// `(Date): {year: Int32, month: Uint8, day: Uint8}`
    DateToYearMonthDay,
    /// `(Date, Text): Timestamp`, UTC of local midnight in this IANA zone
    DateToTimestamp,
    /// `(Timestamp, Text): Date`
    TimestampToDate,
    /// `(Timestamp, Timestamp): Duration`
    TimestampSub,
    /// `(Time, Time): Duration`
    TimeDiff,
    /// `(Time, Duration): Time`, wraps within the day
    TimeAdd,
    /// `(Time, Duration): Time`, wraps within the day
    TimeSub,
    /// `(Text, Date): Duration`, the offset from UTC at local midnight
    TimezoneOffset,

    /// `([T]): [T?]`, the items as options, or one that is none if there are no items
    OrNone,
}
