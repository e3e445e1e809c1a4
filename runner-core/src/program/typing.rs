//! The signature of every operation, as a check of a call.

use alloc::{format, string::String, vec::Vec};

use super::Op;
use crate::ty::{Classes, Prim, Type, TypeId, TypeTable};

/// An argument of a call: a value, or a function by its parameters and result.
#[derive(Debug, Clone)]
pub(super) enum Arg {
    Value(TypeId),
    Function { params: Vec<TypeId>, result: TypeId },
}

type Check<T = ()> = Result<T, String>;

/// Checks the arguments and the result of a call of a standard operation.
pub(super) fn check_call(
    types: &TypeTable,
    classes: &Classes<'_>,
    op: Op,
    args: &[Arg],
    result: TypeId,
) -> Check {
    let call = Call { types, classes, op, args, result };
    match op {
        Op::Cast => {
            call.arity(1)?;
            call.class(call.value(0)?, Prim::is_num, "a number")?;
            call.class(result, Prim::is_num, "a number").map(drop)
        }
        Op::ToText => {
            call.arity(1)?;
            call.class(call.value(0)?, Prim::is_ord, "a scalar")?;
            call.returns_prim(Prim::Text)
        }
        Op::Wrap => call.arity(1).and_then(|()| call.frames(result, call.value(0)?)),
        Op::Unwrap => call.arity(1).and_then(|()| call.frames(call.value(0)?, result)),

        Op::Add | Op::Sub => {
            call.binary(|prim| prim.is_num() || matches!(prim, Prim::Duration | Prim::Decimal))
        }
        Op::Mul | Op::Div | Op::Rem => call.binary(Prim::is_num),
        Op::Pow => call.binary(|prim| matches!(prim, Prim::Int64 | Prim::Float64)),
        Op::Neg => call.unary(|prim| prim.is_signed() || prim.is_float() || prim == Prim::Duration),
        Op::Abs => call.unary(Prim::is_num),
        Op::Sqrt
        | Op::Exp
        | Op::Ln
        | Op::Log10
        | Op::Floor
        | Op::Ceil
        | Op::Round
        | Op::Sin
        | Op::Cos
        | Op::Tan
        | Op::Asin
        | Op::Acos
        | Op::Atan => call.unary(Prim::is_float),

        Op::Cmp => {
            call.equal_pair()?;
            match types.as_enum(result) {
                Some([less, equal, greater])
                    if less.name == "less"
                        && equal.name == "equal"
                        && greater.name == "greater"
                        && [less, equal, greater].iter().all(|variant| types.is_unit(variant.ty)) =>
                {
                    Ok(())
                }
                _ => Err(call.wrong("the result", "enum {less, equal, greater}", result)),
            }
        }
        Op::Eq | Op::Ne | Op::Lt | Op::Lte | Op::Gt | Op::Gte => {
            call.equal_pair()?;
            call.returns_prim(Prim::Bool)
        }
        Op::And | Op::Or => call.prims(&[Prim::Bool, Prim::Bool], Prim::Bool),
        Op::Not => call.prims(&[Prim::Bool], Prim::Bool),

        Op::Index => {
            call.arity(2)?;
            let item = call.array(0)?;
            call.is_prim(1, Prim::Int64)?;
            call.returns_option(item)
        }
        Op::Count => {
            call.arity(1)?;
            call.array(0)?;
            call.returns_prim(Prim::Int64)
        }
        Op::Map => {
            let mapped = call.over_items()?;
            call.returns_array(mapped)
        }
        Op::FlatMap => {
            let mapped = call.over_items()?;
            call.returns(mapped)?;
            call.array_type(mapped).map(drop)
        }
        Op::Filter => {
            let condition = call.over_items()?;
            call.expect_prim(condition, Prim::Bool)?;
            call.returns(call.value(0)?)
        }
        Op::Slice => {
            call.arity(3)?;
            call.array(0)?;
            call.is_prim(1, Prim::Int64)?;
            call.is_prim(2, Prim::Int64)?;
            call.returns(call.value(0)?)
        }
        Op::Sort | Op::SortDesc => {
            let key = call.over_items()?;
            call.class(key, Prim::is_ord, "a scalar key")?;
            call.returns(call.value(0)?)
        }
        Op::Reverse | Op::Distinct => {
            call.arity(1)?;
            call.array(0)?;
            call.returns(call.value(0)?)
        }
        Op::OrNone => {
            call.arity(1)?;
            let item = call.array(0)?;
            let option = call.array_type(result)?;
            match types.as_option(option) {
                Some(payload) => call.equal(payload, item),
                None => Err(call.wrong("the result", "an array of options", result)),
            }
        }
        Op::Zip => {
            let item = call.array_type(result)?;
            let fields = types.as_tuple(item).unwrap_or_default();
            call.arity(fields.len())?;
            (0..args.len()).zip(fields).try_for_each(|(index, field)| {
                let item = call.array(index)?;
                call.equal(item, field.ty)
            })
        }
        Op::Group => {
            let key = call.over_items()?;
            let item = call.array_type(result)?;
            match types.as_tuple(item) {
                Some([k, values]) => {
                    call.equal(k.ty, key)?;
                    call.equal(values.ty, call.value(0)?)
                }
                _ => Err(call.wrong("the result", "[{key, values}]", result)),
            }
        }
        Op::Append => {
            call.arity(2)?;
            call.array(0)?;
            call.equal(call.value(1)?, call.value(0)?)?;
            call.returns(call.value(0)?)
        }
        Op::Contains => {
            call.arity(2)?;
            let item = call.array(0)?;
            call.equal(call.value(1)?, item)?;
            call.returns_prim(Prim::Bool)
        }
        Op::Fold | Op::Scan => {
            call.arity(3)?;
            let item = call.array(0)?;
            let accumulator = call.value(1)?;
            let next = call.function(2, &[accumulator, item])?;
            call.equal(next, accumulator)?;
            if op == Op::Fold { call.returns(accumulator) } else { call.returns_array(accumulator) }
        }
        Op::LoopUntilEmpty => {
            call.arity(2)?;
            call.array(0)?;
            let next = call.function(1, &[call.value(0)?])?;
            call.equal(next, call.value(0)?)?;
            call.returns(call.value(0)?)
        }
        Op::Sequence => {
            call.arity(2)?;
            call.class(call.value(0)?, Prim::is_integer, "an integer")?;
            call.equal(call.value(1)?, call.value(0)?)?;
            call.returns_array(call.value(0)?)
        }
        Op::Min | Op::Max => {
            call.arity(1)?;
            let item = call.array(0)?;
            call.class(item, Prim::is_ord, "a scalar")?;
            call.returns_option(item)
        }
        Op::Sum => {
            call.arity(1)?;
            let item = call.array(0)?;
            call.class(
                item,
                |prim| prim.is_num() || matches!(prim, Prim::Duration | Prim::Decimal),
                "a number",
            )?;
            call.returns(item)
        }
        Op::Mean => {
            call.arity(1)?;
            call.class(call.array(0)?, Prim::is_num, "a number")?;
            call.returns_prim(Prim::Float64)
        }
        Op::All | Op::Any => {
            call.arity(1)?;
            call.expect_prim(call.array(0)?, Prim::Bool)?;
            call.returns_prim(Prim::Bool)
        }
        Op::Lag | Op::Lead => {
            call.arity(3)?;
            let item = call.array(0)?;
            call.is_prim(1, Prim::Int64)?;
            call.equal(call.value(2)?, item)?;
            call.returns(call.value(0)?)
        }
        Op::RollingMean => {
            call.arity(3)?;
            call.class(call.array(0)?, Prim::is_num, "a number")?;
            call.is_prim(1, Prim::Uint32)?;
            call.is_prim(2, Prim::Uint32)?;
            call.expect_prim(call.array_type(result)?, Prim::Float64)
        }
        Op::Rank | Op::RankDense | Op::RankPercentile | Op::CumeDist => {
            call.arity(1)?;
            call.class(call.array(0)?, Prim::is_ord, "a scalar")?;
            let rank = if matches!(op, Op::Rank | Op::RankDense) { Prim::Int32 } else { Prim::Float64 };
            call.expect_prim(call.array_type(result)?, rank)
        }

        Op::Concat => {
            (0..args.len()).try_for_each(|index| call.is_prim(index, Prim::Text))?;
            call.returns_prim(Prim::Text)
        }
        Op::TextLength => call.prims(&[Prim::Text], Prim::Uint32),
        Op::FromAscii => call.prims(&[Prim::Uint8], Prim::Text),
        Op::Join => {
            call.arity(2)?;
            call.expect_prim(call.array(0)?, Prim::Text)?;
            call.is_prim(1, Prim::Text)?;
            call.returns_prim(Prim::Text)
        }
        Op::Split => {
            call.arity(2)?;
            call.is_prim(0, Prim::Text)?;
            call.is_prim(1, Prim::Text)?;
            call.expect_prim(call.array_type(result)?, Prim::Text)
        }
        Op::StartsWith | Op::TextContains | Op::EndsWith => call.prims(&[Prim::Text, Prim::Text], Prim::Bool),
        Op::Lower | Op::Upper | Op::Trim | Op::TrimStart | Op::TrimEnd => {
            call.prims(&[Prim::Text], Prim::Text)
        }
        Op::Replace => call.prims(&[Prim::Text, Prim::Text, Prim::Text], Prim::Text),
        Op::TextSlice => call.prims(&[Prim::Text, Prim::Int64, Prim::Int64], Prim::Text),

        Op::DateSub => call.prims(&[Prim::Date, Prim::Date], Prim::Duration),
        Op::DateToYearMonthDay => {
            call.arity(1)?;
            call.is_prim(0, Prim::Date)?;
            let parts = types.as_tuple(result).unwrap_or_default();
            let prims: Vec<_> = parts.iter().map(|field| types.as_prim(field.ty)).collect();
            if prims == [Some(Prim::Int32), Some(Prim::Uint8), Some(Prim::Uint8)] {
                Ok(())
            } else {
                Err(call.wrong("the result", "{Int32, Uint8, Uint8}", result))
            }
        }
        Op::DateToTimestamp => call.prims(&[Prim::Date, Prim::Text], Prim::Timestamp),
        Op::TimestampToDate => call.prims(&[Prim::Timestamp, Prim::Text], Prim::Date),
        Op::TimestampSub => call.prims(&[Prim::Timestamp, Prim::Timestamp], Prim::Duration),
        Op::TimeDiff => call.prims(&[Prim::Time, Prim::Time], Prim::Duration),
        Op::TimeAdd | Op::TimeSub => call.prims(&[Prim::Time, Prim::Duration], Prim::Time),
        Op::TimezoneOffset => call.prims(&[Prim::Text, Prim::Date], Prim::Duration),
    }
}

struct Call<'a> {
    types: &'a TypeTable,
    classes: &'a Classes<'a>,
    op: Op,
    args: &'a [Arg],
    result: TypeId,
}

impl Call<'_> {
    fn arity(&self, expected: usize) -> Check {
        if self.args.len() == expected {
            Ok(())
        } else {
            Err(format!("{:?} takes {expected} arguments, not {}", self.op, self.args.len()))
        }
    }

    fn value(&self, index: usize) -> Check<TypeId> {
        match self.args.get(index) {
            Some(Arg::Value(ty)) => Ok(*ty),
            _ => Err(format!("argument {index} of {:?} must be a value", self.op)),
        }
    }

    /// The result of the function at `index`, which must take exactly `params`.
    fn function(&self, index: usize, params: &[TypeId]) -> Check<TypeId> {
        match self.args.get(index) {
            Some(Arg::Function { params: found, result }) if found.len() == params.len() => {
                found.iter().zip(params).try_for_each(|(found, param)| self.equal(*found, *param))?;
                Ok(*result)
            }
            _ => Err(format!("argument {index} of {:?} must be a function of {}", self.op, params.len())),
        }
    }

    /// The result of the function of a call `([T], func (T): U)`.
    fn over_items(&self) -> Check<TypeId> {
        self.arity(2)?;
        let item = self.array(0)?;
        self.function(1, &[item])
    }

    fn array(&self, index: usize) -> Check<TypeId> {
        self.array_type(self.value(index)?)
    }

    fn array_type(&self, ty: TypeId) -> Check<TypeId> {
        self.types.as_array(ty).ok_or_else(|| self.wrong("an operand", "an array", ty))
    }

    fn class(&self, ty: TypeId, member: impl Fn(Prim) -> bool, class: &str) -> Check<Prim> {
        self.types.as_prim(ty).filter(|prim| member(*prim)).ok_or_else(|| self.wrong("an operand", class, ty))
    }

    fn unary(&self, member: impl Fn(Prim) -> bool) -> Check {
        self.arity(1)?;
        self.class(self.value(0)?, member, "a number of its kind")?;
        self.returns(self.value(0)?)
    }

    fn binary(&self, member: impl Fn(Prim) -> bool) -> Check {
        self.equal_pair()?;
        self.class(self.value(0)?, member, "a number of its kind")?;
        self.returns(self.value(0)?)
    }

    fn equal_pair(&self) -> Check {
        self.arity(2)?;
        self.equal(self.value(1)?, self.value(0)?)
    }

    fn prims(&self, params: &[Prim], result: Prim) -> Check {
        self.arity(params.len())?;
        params.iter().enumerate().try_for_each(|(index, prim)| self.is_prim(index, *prim))?;
        self.returns_prim(result)
    }

    fn is_prim(&self, index: usize, prim: Prim) -> Check {
        self.expect_prim(self.value(index)?, prim)
    }

    fn expect_prim(&self, ty: TypeId, prim: Prim) -> Check {
        self.class(ty, |found| found == prim, prim.name()).map(drop)
    }

    fn equal(&self, found: TypeId, expected: TypeId) -> Check {
        if self.classes.same(found, expected) {
            Ok(())
        } else {
            let expected = format!("{}", self.types.display(expected));
            Err(self.wrong("an operand", &expected, found))
        }
    }

    fn returns(&self, ty: TypeId) -> Check {
        self.equal(self.result, ty)
    }

    fn returns_prim(&self, prim: Prim) -> Check {
        self.expect_prim(self.result, prim)
    }

    fn returns_array(&self, item: TypeId) -> Check {
        let found = self.array_type(self.result)?;
        self.equal(found, item)
    }

    fn returns_option(&self, some: TypeId) -> Check {
        match self.types.as_option(self.result) {
            Some(found) => self.equal(found, some),
            None => Err(self.wrong("the result", "an option", self.result)),
        }
    }

    fn frames(&self, framed: TypeId, inner: TypeId) -> Check {
        let frames = match self.types.get(framed) {
            Some(Type::Framed { inner: found, .. }) => return self.equal(inner, *found),
            Some(Type::Prim(prim)) => prim.framed(),
            _ => None,
        };
        match frames {
            Some(repr) => self.expect_prim(inner, repr),
            None => Err(self.wrong("an operand", "a framed type", framed)),
        }
    }

    fn wrong(&self, what: &str, expected: &str, found: TypeId) -> String {
        format!("{:?}: {what} must be {expected}, not {}", self.op, self.types.display(found))
    }
}
