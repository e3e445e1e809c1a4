//! Programs over tables: joins, aggregates over them, and arrays that are used more than once.
//!
//! A table has no order, so what is made of one is only asked for what no order changes: an aggregate, or the items sorted
//! by all of their fields.

use fastrand::Rng;

use super::{Builder, DEPTH};
use crate::generate::{
    ast::{Expr, Node, Tree},
    data::Taste,
    tables::{self, Table},
    ty::{BOOL, Defs, FLOAT, INT, Shape, Ty, is_float, is_number},
};

/// Levels of what is made of tables at most.
const LEVELS: u32 = 3;

/// A random program over tables with a random input.
pub fn table_tree(rng: &mut Rng) -> Tree {
    let taste = Taste { tame: rng.u8(..8) > 0, items: rng.usize(2..8) };
    let fuel = rng.usize(10..super::FUEL);
    let mut builder = Builder { rng, defs: Defs::default(), taste, scope: Vec::new(), next: 0, fuel };
    let params: Vec<_> = (0..builder.rng.usize(..3)).map(|_| builder.param()).collect();
    let mut bags = Bags { tables: tables::all(), shared: Vec::new() };
    let body = builder.over_tables(&mut bags);
    Tree { defs: builder.defs, params, body }
}

/// Where arrays without an order come from.
struct Bags {
    tables: Vec<Table>,
    /// Variables that hold one, and its items.
    shared: Vec<(u32, Ty)>,
}

impl Builder<'_> {
    fn over_tables(&mut self, bags: &mut Bags) -> Expr {
        let mut lets = Vec::new();
        for _ in 0..self.rng.usize(..3) {
            let (value, item) = self.bag(bags, LEVELS);
            let var = self.var();
            bags.shared.push((var, item));
            lets.push((var, value));
        }
        let count = self.rng.usize(1..3) + usize::from(!lets.is_empty());
        let answers: Vec<_> = (0..count).map(|_| self.answer(bags)).collect();
        let ty = Ty::Tuple(answers.iter().map(|answer| answer.ty.clone()).collect());
        let body = Expr::new(ty, Node::Tuple, answers);
        lets.into_iter()
            .rev()
            .fold(body, |body, (var, value)| Expr::new(body.ty.clone(), Node::Let(var), vec![value, body]))
    }

    /// What no order of the tables changes.
    fn answer(&mut self, bags: &mut Bags) -> Expr {
        let (bag, item) = self.bag(bags, LEVELS);
        match self.rng.u8(..10) {
            0..=4 => self.aggregate(bag, &item),
            5 | 6 => self.sorted(bag, &item),
            7 => {
                let sorted = self.sorted(bag, &item);
                let kids = vec![sorted, self.small(&INT, -3..6), self.small(&INT, -3..9)];
                Expr::call(Ty::array(item), "slice", kids)
            }
            _ => {
                // From here on it is an array like any other.
                let sorted = self.sorted(bag, &item);
                let (var, ty) = (self.var(), self.ty(2));
                self.scope.push((var, Ty::array(item)));
                let body = self.expr(&ty, DEPTH - 2);
                self.scope.pop();
                Expr::new(ty, Node::Let(var), vec![sorted, body])
            }
        }
    }

    /// An array without an order, and the type of its items: a tuple of scalars and options of scalars.
    fn bag(&mut self, bags: &mut Bags, levels: u32) -> (Expr, Ty) {
        if levels == 0 {
            return self.first_bag(bags);
        }
        match self.rng.u8(..16) {
            0 | 1 => {
                let (bag, item) = self.bag(bags, levels - 1);
                let condition = self.lambda(std::slice::from_ref(&item), &BOOL, 2);
                (Expr::call(Ty::array(item.clone()), "filter", vec![bag, condition]), item)
            }
            2 => {
                let (bag, item) = self.bag(bags, levels - 1);
                let fields: Vec<_> = (0..self.rng.usize(1..4)).map(|_| self.scalar_of(&item)).collect();
                let mapped = Ty::Tuple(fields);
                let mapper = self.lambda(std::slice::from_ref(&item), &mapped, 2);
                (Expr::call(Ty::array(mapped.clone()), "map", vec![bag, mapper]), mapped)
            }
            3..=6 => self.join(bags, levels - 1),
            7 | 8 => self.semi_join(bags, levels - 1),
            9 | 10 => self.looked_up(bags, levels - 1),
            11 | 12 => self.grouped(bags, levels - 1),
            13 => {
                let (bag, item) = self.bag(bags, levels - 1);
                (Expr::call(Ty::array(item.clone()), "distinct", vec![bag]), item)
            }
            14 => {
                let (bag, item) = self.bag(bags, levels - 1);
                let condition = self.lambda(std::slice::from_ref(&item), &BOOL, 2);
                let ty = Ty::array(item.clone());
                let some = Expr::call(ty.clone(), "filter", vec![bag.clone(), condition]);
                (Expr::call(ty, "append", vec![bag, some]), item)
            }
            _ => self.first_bag(bags),
        }
    }

    /// A table, or a variable that holds what was made of one.
    fn first_bag(&mut self, bags: &Bags) -> (Expr, Ty) {
        if !bags.shared.is_empty() && self.rng.bool() {
            let (var, item) = &bags.shared[self.rng.usize(..bags.shared.len())];
            return (Expr::new(Ty::array(item.clone()), Node::Var(*var), Vec::new()), item.clone());
        }
        // The larger ones more often.
        let index = self.rng.usize(..bags.tables.len()).min(self.rng.usize(..bags.tables.len()));
        let row = bags.tables[index].row();
        (Expr::new(Ty::array(row.clone()), Node::Table(index), Vec::new()), row)
    }

    fn join(&mut self, bags: &mut Bags, levels: u32) -> (Expr, Ty) {
        let ((left, left_item), (right, right_item)) =
            (self.bag(bags, levels), self.bag(bags, levels.min(1)));
        let (a, b) = (self.var(), self.var());
        let on = self.on(&row(a, &left_item), &row(b, &right_item));
        let matches = filtered(right, b, on);
        let fields: Vec<_> = (0..self.rng.usize(2..5))
            .map(|n| {
                if n % 2 == 0 {
                    self.field_of(&row(a, &left_item))
                } else {
                    self.field_of(&row(b, &right_item))
                }
            })
            .collect();
        let item = Ty::Tuple(fields.iter().map(|field| field.ty.clone()).collect());
        let mapper = Expr::new(
            item.clone(),
            Node::Lambda(vec![b]),
            vec![Expr::new(item.clone(), Node::Tuple, fields)],
        );
        let ty = Ty::array(item.clone());
        let mapped = Expr::call(ty.clone(), "map", vec![matches, mapper]);
        let outer = Expr::new(ty.clone(), Node::Lambda(vec![a]), vec![mapped]);
        (Expr::call(ty, "flat_map", vec![left, outer]), item)
    }

    fn semi_join(&mut self, bags: &mut Bags, levels: u32) -> (Expr, Ty) {
        let ((left, left_item), (right, right_item)) =
            (self.bag(bags, levels), self.bag(bags, levels.min(1)));
        let (a, b) = (self.var(), self.var());
        let (left_row, right_row) = (row(a, &left_item), row(b, &right_item));
        let condition = match self.rng.u8(..5) {
            0 | 1 => {
                let on = self.on(&left_row, &right_row);
                Expr::call(BOOL, "is_empty", vec![filtered(right, b, on)])
            }
            2 => {
                let on = self.on(&left_row, &right_row);
                let found = vec![right, Expr::new(BOOL, Node::Lambda(vec![b]), vec![on])];
                Expr::call(BOOL, "is_some", vec![Expr::call(Ty::option(right_item), "find", found)])
            }
            3 => {
                let on = self.on(&left_row, &right_row);
                let held = vec![right, Expr::new(BOOL, Node::Lambda(vec![b]), vec![on])];
                Expr::call(BOOL, "any", vec![Expr::call(Ty::array(BOOL), "map", held)])
            }
            _ => {
                let (wanted, key) = self.pair(&left_row, &right_row);
                let keys = vec![right, Expr::new(key.ty.clone(), Node::Lambda(vec![b]), vec![key.clone()])];
                Expr::call(BOOL, "contains", vec![Expr::call(Ty::array(key.ty), "map", keys), wanted])
            }
        };
        let condition =
            if self.rng.bool() { condition } else { Expr::new(BOOL, Node::Prefix("!"), vec![condition]) };
        (filtered(left, a, condition), left_item)
    }

    /// Fields of each item, and something about the items of another array that go with it.
    fn looked_up(&mut self, bags: &mut Bags, levels: u32) -> (Expr, Ty) {
        let ((left, left_item), (right, right_item)) =
            (self.bag(bags, levels), self.bag(bags, levels.min(1)));
        let (a, b) = (self.var(), self.var());
        let left_row = row(a, &left_item);
        let mut fields = vec![self.field_of(&left_row), self.field_of(&left_row)];
        let found = if self.rng.bool() {
            let on = self.on(&left_row, &row(b, &right_item));
            self.aggregate(filtered(right, b, on), &right_item)
        } else {
            self.find_by_key(bags, &left_row)
        };
        fields.push(found);
        let item = Ty::Tuple(fields.iter().map(|field| field.ty.clone()).collect());
        let mapper = Expr::new(
            item.clone(),
            Node::Lambda(vec![a]),
            vec![Expr::new(item.clone(), Node::Tuple, fields)],
        );
        (Expr::call(Ty::array(item.clone()), "map", vec![left, mapper]), item)
    }

    /// A field of the row that has a key, or something else where there is none.
    fn find_by_key(&mut self, bags: &Bags, left: &Expr) -> Expr {
        let index = self.rng.usize(..3);
        let right_item = bags.tables[index].row();
        let table = Expr::new(Ty::array(right_item.clone()), Node::Table(index), Vec::new());
        let b = self.var();
        let key = field(&row(b, &right_item), 0);
        let wanted = self.like(left, &key.ty);
        let on = Expr::new(BOOL, Node::Infix("=="), vec![key, wanted]);
        let found = vec![table, Expr::new(BOOL, Node::Lambda(vec![b]), vec![on])];
        let found = Expr::call(Ty::option(right_item.clone()), "find", found);
        let c = self.var();
        let value = self.field_of(&row(c, &right_item));
        let default = self.literal(&value.ty);
        let ty = value.ty.clone();
        Expr::call(
            ty.clone(),
            "map_or",
            vec![found, default, Expr::new(ty, Node::Lambda(vec![c]), vec![value])],
        )
    }

    fn grouped(&mut self, bags: &mut Bags, levels: u32) -> (Expr, Ty) {
        let (bag, item) = self.bag(bags, levels);
        let (a, k, v) = (self.var(), self.var(), self.var());
        let key = match self.rng.u8(..4) {
            0 => {
                let fields = vec![self.field_of(&row(a, &item)), self.field_of(&row(a, &item))];
                let ty = Ty::Tuple(fields.iter().map(|field| field.ty.clone()).collect());
                Expr::new(ty, Node::Tuple, fields)
            }
            _ => self.field_of(&row(a, &item)),
        };
        let mut fields = match &key.ty {
            Ty::Tuple(keys) => (0..keys.len()).map(|index| field(&row(k, &key.ty), index)).collect(),
            ty => vec![row(k, ty)],
        };
        for _ in 0..self.rng.usize(1..4) {
            let values = Expr::new(Ty::array(item.clone()), Node::Var(v), Vec::new());
            let values = if self.rng.u8(..4) == 0 {
                let condition = self.lambda(std::slice::from_ref(&item), &BOOL, 1);
                Expr::call(values.ty.clone(), "filter", vec![values, condition])
            } else {
                values
            };
            fields.push(self.aggregate(values, &item));
        }
        let group = Ty::Tuple(fields.iter().map(|field| field.ty.clone()).collect());
        let key_of = Expr::new(key.ty.clone(), Node::Lambda(vec![a]), vec![key]);
        let mapper = Expr::new(
            group.clone(),
            Node::Lambda(vec![k, v]),
            vec![Expr::new(group.clone(), Node::Tuple, fields)],
        );
        (Expr::call(Ty::array(group.clone()), "group_map", vec![bag, key_of, mapper]), group)
    }

    /// The condition of a join.
    fn on(&mut self, left: &Expr, right: &Expr) -> Expr {
        let (a, b) = self.pair(left, right);
        let equal = if self.rng.u8(..6) == 0 {
            let (c, d) = self.pair(left, right);
            let both = |x: Expr, y: Expr| {
                Expr::new(Ty::Tuple(vec![x.ty.clone(), y.ty.clone()]), Node::Tuple, vec![x, y])
            };
            Expr::new(BOOL, Node::Infix("=="), vec![both(b, d), both(a, c)])
        } else {
            let kids = if self.rng.bool() { vec![a, b] } else { vec![b, a] };
            Expr::new(BOOL, Node::Infix("=="), kids)
        };
        if self.rng.u8(..3) > 0 {
            return equal;
        }
        let rows = [left, right].map(|row| match row.node {
            Node::Var(var) => (var, row.ty.clone()),
            _ => panic!("a row is a variable"),
        });
        self.scope.extend(rows);
        let other = if self.rng.bool() {
            let (c, d) = self.pair(left, right);
            let operator = ["<", "!=", ">=", "=="][self.rng.usize(..4)];
            Expr::new(BOOL, Node::Infix(operator), vec![d, c])
        } else {
            self.expr(&BOOL, 2)
        };
        self.scope.truncate(self.scope.len() - 2);
        let kids = if self.rng.bool() { vec![equal, other] } else { vec![other, equal] };
        Expr::new(BOOL, Node::Infix("&&"), kids)
    }

    /// Something of the left and a field of the right that can be compared.
    fn pair(&mut self, left: &Expr, right: &Expr) -> (Expr, Expr) {
        let right = self.field_of(right);
        (self.like(left, &right.ty), right)
    }

    /// Something of this type that is made of a row.
    fn like(&mut self, row: &Expr, ty: &Ty) -> Expr {
        let is_int = |ty: &Ty| ty.prim().is_some_and(|prim| is_number(prim) && !is_float(prim));
        let same: Vec<_> = fields(row).into_iter().filter(|field| field.ty == *ty).collect();
        let ints: Vec<_> = fields(row).into_iter().filter(|field| is_int(&field.ty)).collect();
        let found = match (same.len(), ints.len()) {
            (1.., _) => same[self.rng.usize(..same.len())].clone(),
            (0, 1..) if is_int(ty) => {
                let name = format!("to_{}", self.defs.print(ty).to_lowercase());
                Expr::call(ty.clone(), &name, vec![ints[self.rng.usize(..ints.len())].clone()])
            }
            _ => return self.literal(ty),
        };
        if is_int(ty) && self.rng.u8(..4) == 0 {
            let more = self.small(ty, -2..3);
            return Expr::new(ty.clone(), Node::Infix("+"), vec![found, more]);
        }
        found
    }

    /// A scalar that no order of the items changes.
    fn aggregate(&mut self, bag: Expr, item: &Ty) -> Expr {
        let x = self.var();
        let value = self.field_of(&row(x, item));
        let ty = value.ty.clone();
        let column = |bag: Expr, value: Expr| {
            let ty = value.ty.clone();
            let mapper = Expr::new(ty.clone(), Node::Lambda(vec![x]), vec![value]);
            Expr::call(Ty::array(ty), "map", vec![bag, mapper])
        };
        let is_exact = ty == FLOAT || ty.prim().is_some_and(|prim| is_number(prim) && !is_float(prim));
        match self.rng.u8(..9) {
            0 => Expr::call(INT, "count", vec![bag]),
            1 => {
                let distinct = Expr::call(Ty::array(ty), "distinct", vec![column(bag, value)]);
                Expr::call(INT, "count", vec![distinct])
            }
            2 => {
                let wanted = self.literal(&ty);
                Expr::call(BOOL, "contains", vec![column(bag, value), wanted])
            }
            3 => {
                let condition = self.lambda(std::slice::from_ref(item), &BOOL, 1);
                let held = Expr::call(Ty::array(BOOL), "map", vec![bag, condition]);
                Expr::call(BOOL, if self.rng.bool() { "all" } else { "any" }, vec![held])
            }
            4..=6 if is_exact => {
                // Sums of narrow integers overflow.
                let value = if ty == FLOAT { value } else { Expr::call(INT, "to_int64", vec![value]) };
                Expr::call(value.ty.clone(), "sum", vec![column(bag, value)])
            }
            _ if ty.prim().is_some() => {
                let name = if self.rng.bool() { "min" } else { "max" };
                Expr::call(Ty::option(ty), name, vec![column(bag, value)])
            }
            _ => Expr::call(BOOL, "is_empty", vec![bag]),
        }
    }

    /// The items by all of their fields.
    fn sorted(&mut self, bag: Expr, item: &Ty) -> Expr {
        let ty = bag.ty.clone();
        let mut sorted = bag;
        let mut by = |builder: &mut Self, key: &dyn Fn(Expr) -> Expr| {
            let x = builder.var();
            let key = key(row(x, item));
            let name = if builder.rng.u8(..4) == 0 { "sort_desc" } else { "sort" };
            let key_of = Expr::new(key.ty.clone(), Node::Lambda(vec![x]), vec![key]);
            let unsorted = std::mem::replace(&mut sorted, Expr::literal(&INT, runner_core::Value::Int(0)));
            sorted = Expr::call(ty.clone(), name, vec![unsorted, key_of]);
        };
        let Shape::Tuple(types) = self.defs.shape(item) else { panic!("an item is a tuple") };
        for (index, ty) in types.iter().enumerate() {
            match ty {
                Ty::Option(some) => {
                    by(self, &|row| Expr::call((**some).clone(), "or_default", vec![field(&row, index)]));
                    by(self, &|row| Expr::call(BOOL, "is_some", vec![field(&row, index)]));
                }
                _ => by(self, &|row| field(&row, index)),
            }
        }
        sorted
    }

    fn field_of(&mut self, row: &Expr) -> Expr {
        let fields = fields(row);
        fields[self.rng.usize(..fields.len())].clone()
    }

    /// The type of a field, or another scalar's.
    fn scalar_of(&mut self, item: &Ty) -> Ty {
        match item {
            Ty::Tuple(fields) if self.rng.u8(..4) > 0 => fields[self.rng.usize(..fields.len())].clone(),
            _ => [INT, BOOL, crate::generate::ty::TEXT][self.rng.usize(..3)].clone(),
        }
    }
}

fn row(var: u32, item: &Ty) -> Expr {
    Expr::new(item.clone(), Node::Var(var), Vec::new())
}

fn field(row: &Expr, index: usize) -> Expr {
    let Ty::Tuple(fields) = &row.ty else { panic!("a row is a tuple") };
    Expr::new(fields[index].clone(), Node::Field(index.to_string()), vec![row.clone()])
}

fn fields(row: &Expr) -> Vec<Expr> {
    let Ty::Tuple(fields) = &row.ty else { panic!("a row is a tuple") };
    (0..fields.len()).map(|index| field(row, index)).collect()
}

fn filtered(bag: Expr, var: u32, condition: Expr) -> Expr {
    let ty = bag.ty.clone();
    Expr::call(ty, "filter", vec![bag, Expr::new(BOOL, Node::Lambda(vec![var]), vec![condition])])
}
