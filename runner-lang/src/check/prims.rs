//! Sets of primitives: what a literal may be, what an operation takes.

use runner_core::Prim;

/// A set of primitives, a bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Prims(u32);

impl Prims {
    pub(crate) const NUM: Self = Self::INTEGERS.with(Prim::Float32).with(Prim::Float64);
    pub(crate) const INTEGERS: Self = Self(0)
        .with(Prim::Int8)
        .with(Prim::Int16)
        .with(Prim::Int32)
        .with(Prim::Int64)
        .with(Prim::Uint8)
        .with(Prim::Uint16)
        .with(Prim::Uint32)
        .with(Prim::Uint64);
    pub(crate) const ADD: Self = Self::NUM.with(Prim::Duration).with(Prim::Decimal);
    pub(crate) const NEG: Self = Self(0)
        .with(Prim::Int8)
        .with(Prim::Int16)
        .with(Prim::Int32)
        .with(Prim::Int64)
        .with(Prim::Float32)
        .with(Prim::Float64)
        .with(Prim::Duration);
    pub(crate) const FLOATS: Self = Self(0).with(Prim::Float32).with(Prim::Float64);
    pub(crate) const POW: Self = Self(0).with(Prim::Int64).with(Prim::Float64);
    /// What has an order and a text.
    pub(crate) const ORD: Self =
        Self::ADD.with(Prim::Bool).with(Prim::Text).with(Prim::Date).with(Prim::Time).with(Prim::Timestamp);
    /// What an integer literal may be.
    pub(crate) const INTEGER_LITERAL: Self = Self::NUM.with(Prim::Decimal);
    /// What a literal with a point may be.
    pub(crate) const FLOAT_LITERAL: Self = Self::FLOATS.with(Prim::Decimal);

    pub(crate) const fn of(prim: Prim) -> Self {
        Self(1 << prim as u32)
    }

    pub(crate) const fn with(self, prim: Prim) -> Self {
        Self(self.0 | 1 << prim as u32)
    }

    pub(crate) fn contains(self, prim: Prim) -> bool {
        self.0 & Self::of(prim).0 != 0
    }

    pub(crate) fn intersect(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its only member.
    pub(crate) fn single(self) -> Option<Prim> {
        let mut members = self.iter();
        members.next().filter(|_| members.next().is_none())
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Prim> {
        Prim::ALL.into_iter().filter(move |prim| self.contains(*prim))
    }

    /// What a message calls a type of this set.
    pub(crate) fn describe(self) -> String {
        let known = [
            (Self::NUM, "a number"),
            (Self::INTEGERS, "an integer"),
            (Self::FLOATS, "a float"),
            (Self::INTEGER_LITERAL, "a number"),
            (Self::FLOAT_LITERAL, "a number with a point"),
            (Self::ADD, "a number, Duration or Decimal"),
            (Self::NEG, "a signed number or Duration"),
            (Self::ORD, "a number, Bool, Text, Date, Time, Duration, Timestamp or Decimal"),
        ];
        match known.iter().find(|(prims, _)| *prims == self) {
            Some((_, words)) => (*words).to_owned(),
            None => self.iter().map(Prim::name).collect::<Vec<_>>().join(" or "),
        }
    }
}
