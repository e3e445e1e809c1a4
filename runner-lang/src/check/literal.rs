//! Literals: their types, and their values once the types are known.

use runner_core::{Literal as Value, Prim};

use super::{
    infer::Infer,
    prims::Prims,
    tree::{TExpr, TKind},
    types::{Bound, Fallback, Node, Ty},
};
use crate::{
    diagnostic::Diagnostic,
    syntax::{Literal, Span},
};

impl Infer<'_> {
    pub(super) fn literal(&mut self, literal: &Literal, span: Span, expected: Option<Ty>) -> TExpr {
        let ty = self.literal_type(literal, span, expected);
        let expr = TExpr { kind: TKind::Literal(literal.clone()), ty, span };
        self.expect(expr, expected)
    }

    /// The type of a literal; that of its context where this fits.
    pub(super) fn literal_type(&mut self, literal: &Literal, span: Span, expected: Option<Ty>) -> Ty {
        let types = &mut self.state.types;
        let (prims, fallback) = match literal {
            Literal::Bool(_) => return types.prim(Prim::Bool),
            Literal::Text(_) => return types.prim(Prim::Text),
            Literal::Date(_) => return types.prim(Prim::Date),
            Literal::Duration(_) => return types.prim(Prim::Duration),
            Literal::Timestamp(_) => return types.prim(Prim::Timestamp),
            Literal::Integer { .. } => (Prims::INTEGER_LITERAL, Fallback::Int),
            Literal::Float(_) => (Prims::FLOAT_LITERAL, Fallback::Float),
        };
        let ty = match expected.map(|expected| (expected, types.head(expected))) {
            Some((expected, Node::Prim(prim))) if prims.contains(prim) => expected,
            _ => types.var_of(prims, fallback, span),
        };
        self.literals.push((ty, literal.clone(), span));
        ty
    }

    /// Reports numbers that are out of the ranges of their types.
    pub(super) fn check_literals(&mut self) {
        for (ty, literal, span) in std::mem::take(&mut self.literals) {
            let prims: Vec<Prim> = match self.state.types.head(ty) {
                Node::Prim(prim) => vec![prim],
                Node::Param(param) => match self.state.types.bound(param).clone() {
                    Bound::OneOf(types) => types
                        .iter()
                        .filter_map(|ty| match self.state.types.head(*ty) {
                            Node::Prim(prim) => Some(prim),
                            _ => None,
                        })
                        .collect(),
                    _ => Vec::new(),
                },
                _ => Vec::new(),
            };
            if let Some(words) = prims.into_iter().find_map(|prim| number(&literal, prim).err()) {
                self.error(Diagnostic::error("literal_out_of_range", span, words));
            }
        }
    }
}

/// The value of a literal of this type, or why there is none.
pub(crate) fn number(literal: &Literal, prim: Prim) -> Result<Value, String> {
    match literal {
        Literal::Bool(value) => Ok(Value::Bool(*value)),
        Literal::Text(text) => Ok(Value::Text(text.as_str().into())),
        Literal::Date(days) => Ok(Value::Int(i64::from(*days))),
        Literal::Duration(micros) | Literal::Timestamp(micros) => Ok(Value::Int(*micros)),
        Literal::Integer { magnitude, negative, bits } => integer(*magnitude, *negative, *bits, prim),
        Literal::Float(digits) => float(digits, prim),
    }
}

fn integer(magnitude: u128, negative: bool, bits: bool, prim: Prim) -> Result<Value, String> {
    let sign = if negative { "-" } else { "" };
    let out_of_range = || format!("{sign}{magnitude} is out of the range of {}", prim.name());
    let signed = |width: u32| -> Option<i128> {
        let mut value = i128::try_from(magnitude).ok()?;
        if bits {
            if value >= 1 << width {
                return None;
            }
            if value >= 1 << (width - 1) {
                value -= 1 << width;
            }
        }
        let value = if negative { -value } else { value };
        (-(1 << (width - 1))..1 << (width - 1)).contains(&value).then_some(value)
    };
    let unsigned =
        |width: u32| (magnitude < 1 << width && (!negative || magnitude == 0)).then_some(magnitude);
    let value = match prim {
        Prim::Int8 => signed(8).map(|value| Value::Int(value as i64)),
        Prim::Int16 => signed(16).map(|value| Value::Int(value as i64)),
        Prim::Int32 => signed(32).map(|value| Value::Int(value as i64)),
        Prim::Int64 => signed(64).map(|value| Value::Int(value as i64)),
        Prim::Uint8 => unsigned(8).map(|value| Value::Uint(value as u64)),
        Prim::Uint16 => unsigned(16).map(|value| Value::Uint(value as u64)),
        Prim::Uint32 => unsigned(32).map(|value| Value::Uint(value as u64)),
        Prim::Uint64 => unsigned(64).map(|value| Value::Uint(value as u64)),
        Prim::Float32 => {
            let value = magnitude as f32;
            value.is_finite().then_some(Value::Float32(if negative { -value } else { value }))
        }
        Prim::Float64 => {
            let value = magnitude as f64;
            Some(Value::Float64(if negative { -value } else { value }))
        }
        Prim::Decimal => {
            let hundredths = i128::try_from(magnitude).ok().and_then(|value| value.checked_mul(100));
            let hundredths = hundredths.map(|value| if negative { -value } else { value });
            hundredths.and_then(|value| i64::try_from(value).ok()).map(Value::Int)
        }
        _ => None,
    };
    value.ok_or_else(out_of_range)
}

fn float(digits: &str, prim: Prim) -> Result<Value, String> {
    let out_of_range = || format!("{digits} is out of the range of {}", prim.name());
    match prim {
        Prim::Float32 => {
            let value = digits.parse::<f32>().ok().filter(|value| value.is_finite());
            value.map(Value::Float32).ok_or_else(out_of_range)
        }
        Prim::Float64 => {
            let value = digits.parse::<f64>().ok().filter(|value| value.is_finite());
            value.map(Value::Float64).ok_or_else(out_of_range)
        }
        Prim::Decimal => {
            let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
            let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
            let exponent: i32 = exponent.parse().map_err(|_| out_of_range())?;
            let shift = i64::from(exponent) + 2 - fraction.len() as i64;
            if shift < 0 {
                return Err(format!("{digits} has more than the two digits after the point of a Decimal"));
            }
            let digits: i128 = format!("{whole}{fraction}").parse().map_err(|_| out_of_range())?;
            let scale = u32::try_from(shift).ok().and_then(|shift| 10i128.checked_pow(shift));
            let value = if digits == 0 { Some(0) } else { scale.and_then(|scale| digits.checked_mul(scale)) };
            value.and_then(|value| i64::try_from(value).ok()).map(Value::Int).ok_or_else(out_of_range)
        }
        _ => Err(out_of_range()),
    }
}
