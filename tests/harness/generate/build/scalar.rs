//! Expressions of primitive types.

use runner_core::{Prim, Value};

use super::Builder;
use crate::generate::{
    ast::{Expr, Node},
    ty::{BOOL, INT, NUMBERS, PRIMS, TEXT, Ty, is_float, is_number},
};

/// Zones with and without a changing offset, on both sides of midnight, and one that is none.
const ZONES: &[&str] = &[
    "UTC",
    "Europe/Belgrade",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/Sao_Paulo",
];

impl Builder<'_> {
    /// An expression of a primitive type.
    pub(super) fn scalar(&mut self, prim: Prim, depth: u32) -> Expr {
        let ty = Ty::Prim(prim);
        match prim {
            Prim::Bool => self.condition(depth),
            Prim::Text => self.text(depth),
            prim if is_number(prim) => self.number(prim, depth),
            Prim::Decimal | Prim::Duration => self.amount(prim, depth),
            Prim::Date => match self.rng.u8(..4) {
                0 => {
                    let days = self.expr(&Ty::Prim(Prim::Int32), depth);
                    Expr::call(ty, "Date", vec![days])
                }
                1 => {
                    let kids = vec![self.expr(&Ty::Prim(Prim::Timestamp), depth), self.zone(depth)];
                    Expr::call(ty, "timestamp::to_date", kids)
                }
                _ => self.leaf(&ty),
            },
            Prim::Time => match self.rng.u8(..3) {
                0 => self.leaf(&ty),
                _ => {
                    let kids = vec![self.expr(&ty, depth), self.expr(&Ty::Prim(Prim::Duration), depth)];
                    Expr::call(ty, if self.rng.bool() { "time::add" } else { "time::sub" }, kids)
                }
            },
            Prim::Timestamp => match self.rng.u8(..3) {
                0 => {
                    let micros = self.expr(&INT, depth);
                    Expr::call(ty, "Timestamp", vec![micros])
                }
                1 => {
                    let kids = vec![self.expr(&Ty::Prim(Prim::Date), depth), self.zone(depth)];
                    Expr::call(ty, "date::to_timestamp", kids)
                }
                _ => self.leaf(&ty),
            },
            _ => self.leaf(&ty),
        }
    }

    fn condition(&mut self, depth: u32) -> Expr {
        match self.rng.u8(..12) {
            0..=4 => self.comparison(depth),
            5 => {
                let kids = vec![self.expr(&BOOL, depth), self.expr(&BOOL, depth)];
                Expr::new(BOOL, Node::Infix(if self.rng.bool() { "&&" } else { "||" }), kids)
            }
            6 => {
                let kid = self.expr(&BOOL, depth);
                Expr::new(BOOL, Node::Prefix("!"), vec![kid])
            }
            7 => {
                let (items, _) = self.source(depth);
                Expr::call(BOOL, "is_empty", vec![items])
            }
            8 => {
                let (items, item) = self.source(depth);
                let kids = vec![items, self.expr(&item, depth)];
                Expr::call(BOOL, "contains", kids)
            }
            9 => {
                let items = self.expr(&Ty::array(BOOL), depth);
                Expr::call(BOOL, if self.rng.bool() { "all" } else { "any" }, vec![items])
            }
            10 => {
                let ty = Ty::option(self.ty(1));
                let value = self.expr(&ty, depth);
                Expr::call(BOOL, if self.rng.bool() { "is_some" } else { "is_none" }, vec![value])
            }
            _ => {
                let name = ["text::starts_with", "text::contains", "text::ends_with"][self.rng.usize(..3)];
                let kids = vec![self.expr(&TEXT, depth), self.expr(&TEXT, depth)];
                Expr::call(BOOL, name, kids)
            }
        }
    }

    /// Two things of the same type, often things in scope: the condition of a look-up.
    fn comparison(&mut self, depth: u32) -> Expr {
        let operator = ["==", "==", "!=", "<", "<=", ">", ">="][self.rng.usize(..7)];
        if self.rng.bool()
            && let Some(left) = self.path(|_| true)
        {
            let ty = left.ty.clone();
            let right = if self.rng.u8(..3) == 0 {
                self.expr(&ty, depth)
            } else {
                match self.path(|found| *found == ty) {
                    Some(right) if right != left => right,
                    _ => self.expr(&ty, depth),
                }
            };
            return Expr::new(BOOL, Node::Infix(operator), vec![left, right]);
        }
        let ty = self.ty(2);
        let kids = vec![self.expr(&ty, depth), self.expr(&ty, depth)];
        Expr::new(BOOL, Node::Infix(operator), kids)
    }

    fn text(&mut self, depth: u32) -> Expr {
        let unary = ["text::lower", "text::upper", "text::trim", "text::trim_start", "text::trim_end"];
        match self.rng.u8(..10) {
            0 => {
                let kids = vec![self.expr(&TEXT, depth), self.expr(&TEXT, depth)];
                Expr::call(TEXT, "text::concat", kids)
            }
            1 => {
                let kids = vec![self.expr(&Ty::array(TEXT), depth), self.expr(&TEXT, depth)];
                Expr::call(TEXT, "text::join", kids)
            }
            2 => {
                let kids = vec![self.expr(&TEXT, depth), self.position(depth), self.position(depth)];
                Expr::call(TEXT, "text::slice", kids)
            }
            3 | 4 => {
                let kid = self.expr(&TEXT, depth);
                Expr::call(TEXT, unary[self.rng.usize(..unary.len())], vec![kid])
            }
            5 => {
                let kids = vec![self.expr(&TEXT, depth), self.expr(&TEXT, depth), self.expr(&TEXT, depth)];
                Expr::call(TEXT, "text::replace", kids)
            }
            6 if self.rng.bool() => {
                let code = self.small(&Ty::Prim(Prim::Uint8), 1..130);
                Expr::call(TEXT, "text::from_ascii", vec![code])
            }
            _ => {
                let from = Ty::Prim(PRIMS[self.rng.usize(..PRIMS.len())]);
                let kid = self.expr(&from, depth);
                Expr::call(TEXT, "to_text", vec![kid])
            }
        }
    }

    fn number(&mut self, prim: Prim, depth: u32) -> Expr {
        let ty = Ty::Prim(prim);
        let signed = !prim.name().starts_with("Uint");
        match self.rng.u8(..16) {
            0..=4 => {
                let operator = ["+", "-", "*", "/", "%"][self.rng.usize(..5)];
                let left = self.expr(&ty, depth);
                let right = match operator {
                    // Mostly a divisor that is not zero.
                    "/" | "%" if !is_float(prim) && self.rng.u8(..5) > 0 => self.small(&ty, 1..9),
                    _ => self.expr(&ty, depth),
                };
                Expr::new(ty, Node::Infix(operator), vec![left, right])
            }
            5 if signed => {
                let kid = self.expr(&ty, depth);
                if self.rng.bool() {
                    Expr::new(ty, Node::Prefix("-"), vec![kid])
                } else {
                    Expr::call(ty, "math::abs", vec![kid])
                }
            }
            6 | 7 => {
                let from = Ty::Prim(NUMBERS[self.rng.usize(..NUMBERS.len())]);
                let kid = self.expr(&from, depth);
                Expr::call(ty, &format!("to_{}", prim.name().to_lowercase()), vec![kid])
            }
            8 | 9 => {
                let items = self.expr(&Ty::array(ty.clone()), depth);
                Expr::call(ty, "sum", vec![items])
            }
            10 if matches!(prim, Prim::Int64 | Prim::Float64) => {
                let base = self.expr(&ty, depth);
                let exponent =
                    if prim == Prim::Int64 { self.small(&ty, 0..5) } else { self.expr(&ty, depth.min(1)) };
                Expr::call(ty, "math::pow", vec![base, exponent])
            }
            _ => self.number_of(prim, depth),
        }
    }

    /// What only some types of numbers have.
    fn number_of(&mut self, prim: Prim, depth: u32) -> Expr {
        let ty = Ty::Prim(prim);
        match prim {
            Prim::Int64 => match self.rng.u8(..5) {
                0 => {
                    let from = [Prim::Duration, Prim::Timestamp][self.rng.usize(..2)];
                    let kid = self.expr(&Ty::Prim(from), depth);
                    Expr::new(ty, Node::Field("microseconds".into()), vec![kid])
                }
                1 => self.derived_count(depth),
                _ => {
                    let (items, _) = self.source(depth);
                    Expr::call(ty, "count", vec![items])
                }
            },
            Prim::Float64 if self.rng.u8(..4) == 0 => self.derived_float(depth),
            Prim::Float64 if self.rng.bool() => {
                let from = Ty::Prim(NUMBERS[self.rng.usize(..NUMBERS.len())]);
                let items = self.expr(&Ty::array(from), depth);
                Expr::call(ty, "mean", vec![items])
            }
            Prim::Float32 | Prim::Float64 => {
                const FUNCTIONS: &[&str] = &[
                    "sqrt", "exp", "ln", "log10", "floor", "ceil", "round", "floor", "ceil", "round", "sin",
                    "cos", "tan", "asin", "acos", "atan",
                ];
                let kid = self.expr(&ty, depth);
                let name = FUNCTIONS[self.rng.usize(..FUNCTIONS.len())];
                Expr::call(ty, &format!("math::{name}"), vec![kid])
            }
            Prim::Uint32 => {
                let kid = self.expr(&TEXT, depth);
                Expr::call(ty, "text::length", vec![kid])
            }
            Prim::Int32 => match self.rng.bool() {
                true => self.part_of_date(0, Prim::Int32, depth),
                false => {
                    let kid = self.expr(&Ty::Prim(Prim::Date), depth);
                    Expr::new(ty, Node::Field("days_epoch".into()), vec![kid])
                }
            },
            Prim::Uint8 => {
                let part = self.rng.usize(1..3);
                self.part_of_date(part, Prim::Uint8, depth)
            }
            Prim::Uint64 => {
                let kid = self.expr(&Ty::Prim(Prim::Time), depth);
                Expr::new(ty, Node::Field("micros_midnight".into()), vec![kid])
            }
            _ => self.leaf(&ty),
        }
    }

    fn part_of_date(&mut self, index: usize, prim: Prim, depth: u32) -> Expr {
        let date = self.expr(&Ty::Prim(Prim::Date), depth);
        let parts = [Prim::Int32, Prim::Uint8, Prim::Uint8].map(Ty::Prim);
        let parts = Expr::call(Ty::Tuple(parts.into()), "date::to_year_month_day", vec![date]);
        Expr::new(Ty::Prim(prim), Node::Field(index.to_string()), vec![parts])
    }

    /// A `Decimal` or a `Duration`, which can be added but not multiplied.
    fn amount(&mut self, prim: Prim, depth: u32) -> Expr {
        let ty = Ty::Prim(prim);
        let is_duration = prim == Prim::Duration;
        match self.rng.u8(..10) {
            0..=2 => {
                let kids = vec![self.expr(&ty, depth), self.expr(&ty, depth)];
                Expr::new(ty, Node::Infix(if self.rng.bool() { "+" } else { "-" }), kids)
            }
            3 | 4 => {
                let items = self.expr(&Ty::array(ty.clone()), depth);
                Expr::call(ty, "sum", vec![items])
            }
            5 if is_duration => {
                let kid = self.expr(&ty, depth);
                Expr::new(ty, Node::Prefix("-"), vec![kid])
            }
            6 if is_duration => {
                let kids = vec![self.zone(depth), self.expr(&Ty::Prim(Prim::Date), depth)];
                Expr::call(ty, "timezone_offset", kids)
            }
            7 | 8 if is_duration => {
                let (from, name) = [
                    (Prim::Date, "date::sub"),
                    (Prim::Timestamp, "timestamp::sub"),
                    (Prim::Time, "time::diff"),
                ][self.rng.usize(..3)];
                let kids = vec![self.expr(&Ty::Prim(from), depth), self.expr(&Ty::Prim(from), depth)];
                Expr::call(ty, name, kids)
            }
            9 if is_duration => {
                let kid = self.expr(&Ty::Prim(Prim::Time), depth);
                Expr::call(ty, "time::to_duration", vec![kid])
            }
            _ => self.leaf(&ty),
        }
    }

    /// The name of a zone, seldom of none.
    fn zone(&mut self, depth: u32) -> Expr {
        let zone = match self.rng.u8(..30) {
            0 => "Nowhere/At_All",
            _ => ZONES[self.rng.usize(..ZONES.len())],
        };
        let zone = Expr::literal(&TEXT, Value::Text(zone.into()));
        if depth > 0 && self.rng.u8(..6) == 0 {
            let kids = vec![self.expr(&BOOL, depth), zone, self.zone(0)];
            return Expr::new(TEXT, Node::If, kids);
        }
        zone
    }
}
