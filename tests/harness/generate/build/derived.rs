//! Calls of functions of the library that are written in Lutra.

use super::Builder;
use crate::generate::{
    ast::{Expr, Node},
    ty::{BOOL, INT, NUMBERS, Ty},
};

impl Builder<'_> {
    /// An array of items of a type.
    pub(super) fn derived_array(&mut self, item: &Ty, depth: u32) -> Expr {
        let ty = Ty::array(item.clone());
        let one = std::slice::from_ref(item);
        match self.rng.u8(..9) {
            0 => {
                let kids = vec![self.expr(&ty, depth), self.position(depth)];
                Expr::call(ty, if self.rng.bool() { "take" } else { "drop" }, kids)
            }
            1 => {
                let arrays = self.expr(&Ty::array(ty.clone()), depth);
                Expr::call(ty, "flatten", vec![arrays])
            }
            2 => {
                let options = self.expr(&Ty::array(Ty::option(item.clone())), depth);
                Expr::call(ty, "somes", vec![options])
            }
            3 => {
                let (items, from) = self.source(depth);
                let mapper = self.lambda(&[from], &Ty::option(item.clone()), depth);
                Expr::call(ty, "filter_map", vec![items, mapper])
            }
            4 => {
                let both = Ty::Tuple(vec![ty.clone(), ty.clone()]);
                let kids = vec![self.expr(&ty, depth), self.lambda(one, &BOOL, depth)];
                let both = Expr::call(both, "partition", kids);
                let field = self.rng.u8(..2).to_string();
                Expr::new(ty, Node::Field(field), vec![both])
            }
            5 | 6 => {
                let (others, other) = self.source(depth);
                let key = self.key_ty(item);
                let kids = vec![
                    self.expr(&ty, depth),
                    others,
                    self.lambda(one, &key, depth.min(2)),
                    self.lambda(&[other], &key, depth.min(2)),
                ];
                Expr::call(ty, if self.rng.bool() { "semi_join" } else { "anti_join" }, kids)
            }
            _ => self.derived_array_of(item, depth).unwrap_or_else(|| self.leaf(&ty)),
        }
    }

    /// What gives arrays of this type alone.
    fn derived_array_of(&mut self, item: &Ty, depth: u32) -> Option<Expr> {
        let ty = Ty::array(item.clone());
        match item {
            Ty::Option(some) => {
                let items = self.expr(&Ty::array((**some).clone()), depth);
                Some(Expr::call(ty, "or_none", vec![items]))
            }
            Ty::Array(inner) => {
                let items = self.expr(&Ty::array((**inner).clone()), depth);
                let size = self.small(&INT, 1..4);
                Some(Expr::call(ty, "chunk", vec![items, size]))
            }
            Ty::Tuple(fields) => match &fields[..] {
                [Ty::Prim(runner_core::Prim::Int64), one] if self.rng.bool() => {
                    let items = self.expr(&Ty::array(one.clone()), depth);
                    Some(Expr::call(ty, "enumerate", vec![items]))
                }
                [left, right] => {
                    let (name, of_right) = match right {
                        Ty::Option(some) => ("left_join", (**some).clone()),
                        right => ("join", right.clone()),
                    };
                    let key = self.key_ty(left);
                    let kids = vec![
                        self.expr(&Ty::array(left.clone()), depth),
                        self.expr(&Ty::array(of_right.clone()), depth),
                        self.lambda(std::slice::from_ref(left), &key, depth.min(2)),
                        self.lambda(&[of_right], &key, depth.min(2)),
                    ];
                    Some(Expr::call(ty, name, kids))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// An option of a value of a type.
    pub(super) fn derived_option(&mut self, some: &Ty, depth: u32) -> Expr {
        let ty = Ty::option(some.clone());
        let items = self.expr(&Ty::array(some.clone()), depth);
        match self.rng.u8(..5) {
            0 => Expr::call(ty, "mode", vec![items]),
            1 => Expr::call(ty, "first", vec![items]),
            2 => Expr::call(ty, "last", vec![items]),
            _ => {
                let key = self.sort_key(some);
                let key_of = self.lambda(std::slice::from_ref(some), &key, depth.min(2));
                Expr::call(ty, if self.rng.bool() { "min_by" } else { "max_by" }, vec![items, key_of])
            }
        }
    }

    /// A number of different items.
    pub(super) fn derived_count(&mut self, depth: u32) -> Expr {
        let (items, _) = self.source(depth);
        Expr::call(INT, "count_distinct", vec![items])
    }

    /// A statistic of numbers.
    pub(super) fn derived_float(&mut self, depth: u32) -> Expr {
        let float = Ty::Prim(runner_core::Prim::Float64);
        let number = |builder: &mut Self| Ty::Prim(NUMBERS[builder.rng.usize(..NUMBERS.len())]);
        if self.rng.u8(..5) == 0 {
            let pairs = Ty::array(Ty::Tuple(vec![number(self), number(self)]));
            let pairs = self.expr(&pairs, depth);
            return Expr::call(float, "correlation", vec![pairs]);
        }
        let numbers = Ty::array(number(self));
        let mut kids = vec![self.expr(&numbers, depth)];
        let name = ["median", "quantile", "variance", "stddev"][self.rng.usize(..4)];
        if name == "quantile" {
            kids.push(self.expr(&float, depth.min(1)));
        }
        Expr::call(float, name, kids)
    }
}
