//! Expressions of array types.

use runner_core::Prim;

use super::Builder;
use crate::generate::{
    ast::{Expr, Node},
    ty::{BOOL, INT, NUMBERS, PRIMS, Shape, TEXT, Ty, is_float, is_number},
};

impl Builder<'_> {
    /// An array of items of a type.
    pub(super) fn array(&mut self, item: &Ty, depth: u32) -> Expr {
        if self.rng.u8(..4) == 0
            && let Some(made) = self.array_of(item, depth)
        {
            return made;
        }
        let ty = Ty::array(item.clone());
        let one = std::slice::from_ref(item);
        match self.rng.u8(..26) {
            0..=3 => {
                let (items, from) = self.source(depth);
                let mapper = self.lambda(&[from], item, depth);
                Expr::call(ty, "map", vec![items, mapper])
            }
            4..=6 => {
                let kids = vec![self.expr(&ty, depth), self.lambda(one, &BOOL, depth)];
                Expr::call(ty, "filter", kids)
            }
            7 => {
                let (items, from) = self.source(depth);
                let mapper = self.lambda(&[from], &ty, depth);
                Expr::call(ty, "flat_map", vec![items, mapper])
            }
            8 => {
                let kids = vec![self.expr(&ty, depth), self.position(depth), self.position(depth)];
                Expr::call(ty, "slice", kids)
            }
            9..=11 => {
                let key = self.sort_key(item);
                let kids = vec![self.expr(&ty, depth), self.lambda(one, &key, depth.min(2))];
                Expr::call(ty, if self.rng.bool() { "sort" } else { "sort_desc" }, kids)
            }
            12 => {
                let items = self.expr(&ty, depth);
                Expr::call(ty, "reverse", vec![items])
            }
            13 | 14 => {
                let kids = vec![self.expr(&ty, depth), self.expr(&ty, depth)];
                Expr::call(ty, "append", kids)
            }
            15 => {
                let items = self.expr(&ty, depth);
                Expr::call(ty, "distinct", vec![items])
            }
            16 => {
                let kids = (0..self.rng.usize(1..4)).map(|_| self.expr(item, depth)).collect();
                Expr::new(ty, Node::Array, kids)
            }
            17 => {
                let (items, from) = self.source(depth);
                let kids =
                    vec![items, self.expr(item, depth), self.lambda(&[item.clone(), from], item, depth)];
                Expr::call(ty, "scan", kids)
            }
            18 => self.until_empty(item, depth),
            22..=25 => self.derived_array(item, depth),
            19 => {
                let name = if self.rng.bool() { "lag" } else { "lead" };
                let kids = vec![self.expr(&ty, depth), self.position(depth)];
                Expr::call(ty, name, kids)
            }
            _ => {
                let (items, from) = self.source(depth);
                let key = self.key_ty(&from);
                let key_of = self.lambda(std::slice::from_ref(&from), &key, depth.min(2));
                let mapper = self.lambda(&[key, Ty::array(from)], item, depth);
                Expr::call(ty, "group_map", vec![items, key_of, mapper])
            }
        }
    }

    /// What gives arrays of this type alone.
    fn array_of(&mut self, item: &Ty, depth: u32) -> Option<Expr> {
        let ty = Ty::array(item.clone());
        let numbers = |builder: &mut Self| Ty::array(Ty::Prim(NUMBERS[builder.rng.usize(..NUMBERS.len())]));
        let ordered = |builder: &mut Self| Ty::array(Ty::Prim(PRIMS[builder.rng.usize(..PRIMS.len())]));
        Some(match item {
            Ty::Prim(Prim::Text) => {
                let kids = vec![self.expr(&TEXT, depth), self.expr(&TEXT, depth)];
                Expr::call(ty, "text::split", kids)
            }
            Ty::Prim(Prim::Int32) if self.rng.bool() => {
                let from = ordered(self);
                let items = self.expr(&from, depth);
                Expr::call(ty, if self.rng.bool() { "rank" } else { "rank_dense" }, vec![items])
            }
            Ty::Prim(Prim::Float64) if self.rng.bool() => {
                let from = ordered(self);
                let items = self.expr(&from, depth);
                Expr::call(ty, if self.rng.bool() { "rank_percentile" } else { "cume_dist" }, vec![items])
            }
            Ty::Prim(Prim::Float64) => {
                let from = numbers(self);
                let size = Ty::Prim(Prim::Uint32);
                let kids = vec![self.expr(&from, depth), self.small(&size, 0..4), self.small(&size, 0..4)];
                Expr::call(ty, "rolling_mean", kids)
            }
            Ty::Prim(prim) if is_number(*prim) && !is_float(*prim) => {
                let bound = |builder: &mut Self| {
                    let kids = vec![builder.expr(item, depth), builder.small(item, 1..9)];
                    Expr::new(item.clone(), Node::Infix("%"), kids)
                };
                let kids = vec![bound(self), bound(self)];
                Expr::call(ty, "sequence", kids)
            }
            item => match self.defs.shape(item) {
                Shape::Tuple(fields) if !fields.is_empty() && matches!(item, Ty::Tuple(_)) => {
                    let columns = Ty::Tuple(fields.iter().cloned().map(Ty::array).collect());
                    match (self.rng.u8(..4), &fields[..]) {
                        (0, [left, right]) => {
                            let kids = vec![
                                self.expr(&Ty::array(left.clone()), depth),
                                self.expr(&Ty::array(right.clone()), depth),
                            ];
                            Expr::call(ty, "zip", kids)
                        }
                        (1, [key, Ty::Array(value)]) => {
                            let items = self.expr(&Ty::array((**value).clone()), depth);
                            let key_of = self.lambda(std::slice::from_ref(&**value), key, depth.min(2));
                            Expr::call(ty, "group", vec![items, key_of])
                        }
                        (2, _) => {
                            let columns = self.expr(&columns, depth);
                            Expr::call(ty, "from_columnar", vec![columns])
                        }
                        _ => {
                            let (items, from) = self.source(depth);
                            match self.defs.shape(&from) {
                                Shape::Tuple(fields) if !fields.is_empty() => {
                                    let from = Ty::Tuple(fields.into_iter().map(Ty::array).collect());
                                    let mapper = self.lambda(&[from], &columns, depth);
                                    Expr::call(ty, "map_columnar", vec![items, mapper])
                                }
                                _ => return None,
                            }
                        }
                    }
                }
                _ => return None,
            },
        })
    }

    /// A type that items can be sorted by.
    pub(super) fn sort_key(&mut self, item: &Ty) -> Ty {
        let scalar = |builder: &mut Self| {
            let prim = builder.key_ty(item).prim();
            Ty::Prim(prim.unwrap_or_else(|| PRIMS[builder.rng.usize(..PRIMS.len())]))
        };
        match self.rng.u8(..6) {
            0 => Ty::option(scalar(self)),
            1 => Ty::Tuple(vec![scalar(self), Ty::option(scalar(self))]),
            2 => Ty::option(Ty::Tuple(vec![scalar(self), scalar(self)])),
            _ => scalar(self),
        }
    }

    /// A loop that ends: each turn has fewer items than the one before.
    fn until_empty(&mut self, item: &Ty, depth: u32) -> Expr {
        let ty = Ty::array(item.clone());
        let initial = self.expr(&ty, depth);
        let (turn, one) = (self.var(), self.var());
        self.scope.push((turn, ty.clone()));
        self.scope.push((one, item.clone()));
        let next = self.expr(item, depth);
        self.scope.truncate(self.scope.len() - 2);
        let mapper = Expr::new(item.clone(), Node::Lambda(vec![one]), vec![next]);
        let items = Expr::new(ty.clone(), Node::Var(turn), Vec::new());
        let mapped = Expr::call(ty.clone(), "map", vec![items, mapper]);
        let rest = vec![mapped, self.small(&INT, 1..3), self.small(&INT, 3..9)];
        let rest = Expr::call(ty.clone(), "slice", rest);
        let step = Expr::new(ty.clone(), Node::Lambda(vec![turn]), vec![rest]);
        Expr::call(ty, "loop_until_empty", vec![initial, step])
    }
}
