//! Which parts of the results of external functions a program looks at.
//!
//! Goes from the output to what it is made of. What an expression's consumer does not look at may be left out of its
//! value; what an operation computes with is looked at, whether or not anybody looks at its result.

use alloc::{collections::BTreeMap, vec::Vec};

use runner_core::{LocalId, Op};

use super::{Kind, Lambda, Node};
use crate::used::{SOME, Used};

/// What is looked at of the results of each of so many external functions, and by how many expressions it is called.
pub(super) fn of_results(root: &mut Node, functions: usize) -> Vec<(Used, usize)> {
    let results = alloc::vec![(Used::default(), 0); functions];
    let mut walk = Walk { locals: BTreeMap::new(), results, left: WORK };
    walk.node(root, &Used::all());
    if walk.left == 0 {
        walk.results.iter_mut().for_each(|(result, _)| *result = Used::all());
    }
    walk.results
}

/// Work that is done for a program before its results count as looked at as a whole: a fraction of a second.
const WORK: usize = 1 << 22;

struct Walk {
    /// What is looked at of locals, by the expressions in their scope so far.
    locals: BTreeMap<LocalId, Used>,
    results: Vec<(Used, usize)>,
    /// Work that may still be done; nothing is known once it is 0.
    left: usize,
}

impl Walk {
    /// Notes what an expression looks at whose value is looked at like this.
    fn node(&mut self, node: &mut Node, used: &Used) {
        self.left = self.left.saturating_sub(1 + used.weight());
        if self.left == 0 {
            return;
        }
        match &mut node.kind {
            Kind::Const(_) | Kind::Fail(_) => {}
            Kind::Local(local) => self.locals.entry(*local).or_default().add(used),
            Kind::Let { bindings, body } => self.bindings(bindings, body, used),
            Kind::Tuple(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.node(item, &used.part(index));
                }
            }
            Kind::Field { tuple, index } => self.node(tuple, &used.clone().within(*index)),
            Kind::Array(items) => items.iter_mut().for_each(|item| self.node(item, &used.items())),
            Kind::Variant { index, payload, .. } => self.node(payload, &used.part(usize::from(*index))),
            Kind::Switch { subject, arms, default } => {
                let mut taken = Used::shape();
                for arm in arms {
                    let payload = self.scope(arm.payload.as_slice(), &mut arm.body, used);
                    taken.add(&payload.into_iter().next().unwrap_or_default().within(arm.variant.into()));
                }
                default.iter_mut().for_each(|body| self.node(body, used));
                self.node(subject, &taken);
            }
            Kind::If { condition, then, otherwise } => {
                self.node(condition, &Used::all());
                self.node(then, used);
                self.node(otherwise, used);
            }
            Kind::Scalar { args, .. } => args.iter_mut().for_each(|arg| self.node(arg, &Used::all())),
            Kind::Logic { left, right, .. } => {
                self.node(left, &Used::all());
                self.node(right, &Used::all());
            }
            Kind::Map { source, lambda } => {
                let item = self.lambda(lambda, &used.items());
                self.node(source, &Used::array(&item));
            }
            Kind::FlatMap { source, lambda } => {
                let item = self.lambda(lambda, &Used::array(&used.items()));
                self.node(source, &Used::array(&item));
            }
            Kind::Filter { source, lambda, .. } | Kind::Sort { source, lambda, .. } => {
                let item = self.lambda(lambda, &Used::all());
                self.passed(source, item, &used.items());
            }
            Kind::Join { source, join } => {
                let param = join.param;
                let outer = self.locals.remove(&param);
                join.keys.iter_mut().for_each(|key| self.node(&mut key.build, &Used::all()));
                let mut item = self.leave(param, None);
                let is_own = join.own_rest(true).is_some();
                join.rest.iter_mut().for_each(|rest| self.node(rest, &Used::all()));
                let rest = self.leave(param, outer);
                join.keys.iter_mut().for_each(|key| self.node(&mut key.probe, &Used::all()));
                join.kept = used.items();
                if !is_own {
                    join.kept.add(&rest);
                }
                if self.left == 0 {
                    join.kept = Used::all();
                }
                item.add(&rest);
                self.passed(source, item, &used.items());
            }
            Kind::Group { source, lambda } => {
                let item = self.lambda(lambda, &Used::all());
                // Of each group: its key and its items.
                self.passed(source, item, &used.items().part(1).items());
            }
            Kind::Aggregate { source, aggregate } => {
                let mut item = self.lambda(&mut aggregate.key, &Used::all());
                let outer = self.locals.remove(&aggregate.group);
                self.node(&mut aggregate.body, &used.items());
                aggregate.folds.iter_mut().for_each(|folded| self.node(&mut folded.node, &Used::all()));
                let group = self.leave(aggregate.group, outer);
                item.add(&group.part(1).items());
                self.node(source, &Used::array(&item));
            }
            Kind::Fold { source, initial, lambda, .. } => {
                let params = self.scope(&lambda.params, &mut lambda.body, &Used::all());
                self.node(initial, &Used::all());
                self.node(source, &Used::array(&params.into_iter().nth(1).unwrap_or_else(Used::all)));
            }
            Kind::Loop { initial, lambda } => {
                self.lambda(lambda, &Used::all());
                self.node(initial, &Used::all());
            }
            Kind::Exists(source) => self.node(source, &Used::shape()),
            Kind::Whole { op, args, .. } => self.whole(*op, args, used),
            Kind::External { function, args } => {
                if let Some((result, calls)) = self.results.get_mut(*function) {
                    result.add(used);
                    *calls += 1;
                }
                args.iter_mut().for_each(|arg| self.node(arg, &Used::all()));
            }
        }
    }

    fn whole(&mut self, op: Op, args: &mut [Node], used: &Used) {
        let Some((first, rest)) = args.split_first_mut() else { return };
        match op {
            Op::Count => self.node(first, &Used::shape()),
            Op::Index => self.node(first, &Used::array(&used.part(SOME))),
            Op::OrNone => self.node(first, &Used::array(&used.items().part(SOME))),
            Op::Slice | Op::Reverse => self.node(first, &Used::array(&used.items())),
            Op::Append => return args.iter_mut().for_each(|arg| self.node(arg, &Used::array(&used.items()))),
            Op::Zip => {
                for (index, arg) in args.iter_mut().enumerate() {
                    self.node(arg, &Used::array(&used.items().part(index)));
                }
                return;
            }
            _ => self.node(first, &Used::all()),
        }
        rest.iter_mut().for_each(|arg| self.node(arg, &Used::all()));
    }

    fn bindings(&mut self, bindings: &mut [(LocalId, Node)], body: &mut Node, used: &Used) {
        let outer: Vec<_> = bindings.iter().map(|(local, _)| self.locals.remove(local)).collect();
        self.node(body, used);
        for ((local, value), outer) in bindings.iter_mut().zip(outer).rev() {
            let used = self.leave(*local, outer);
            self.node(value, &used);
        }
    }

    /// Items that an operation passes on, having looked at them.
    fn passed(&mut self, source: &mut Node, mut item: Used, used: &Used) {
        item.add(used);
        self.node(source, &Used::array(&item));
    }

    /// What a function of one parameter looks at of it.
    fn lambda(&mut self, lambda: &mut Lambda, used: &Used) -> Used {
        self.scope(&lambda.params, &mut lambda.body, used).into_iter().next().unwrap_or_else(Used::all)
    }

    /// What a body looks at of the locals that are bound for it.
    fn scope(&mut self, params: &[LocalId], body: &mut Node, used: &Used) -> Vec<Used> {
        let outer: Vec<_> = params.iter().map(|param| self.locals.remove(param)).collect();
        self.node(body, used);
        let inner = params.iter().zip(outer).map(|(param, outer)| self.leave(*param, outer));
        inner.collect()
    }

    /// Ends the scope of a local, of which there may be another one outside.
    fn leave(&mut self, local: LocalId, outer: Option<Used>) -> Used {
        let used = self.locals.remove(&local).unwrap_or_default();
        if let Some(outer) = outer {
            self.locals.insert(local, outer);
        }
        used
    }
}
