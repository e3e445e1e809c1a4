//! The parts of nodes.

use super::{Aggregate, Change, Function, Key, Rel, Scalar, WindowFunction};

/// A part of a node.
pub(crate) enum Part<'a> {
    Rel(&'a Rel),
    Scalar(&'a Scalar),
}

/// A part of a node, to be replaced.
pub(crate) enum PartMut<'a> {
    Rel(&'a mut Rel),
    Scalar(&'a mut Scalar),
}

impl<'a> Part<'a> {
    /// Calls `visit` with this and each part within it, those of subqueries too.
    pub(crate) fn walk(&self, visit: &mut dyn FnMut(&Part<'a>)) {
        visit(self);
        match self {
            Self::Rel(rel) => rel.for_each_part(&mut |part| part.walk(visit)),
            Self::Scalar(scalar) => scalar.for_each_part(&mut |part| part.walk(visit)),
        }
    }

    /// Whether one of these parts is such a one.
    pub(crate) fn any(&self, is_such: impl Fn(&Part<'a>) -> bool) -> bool {
        let mut found = false;
        self.walk(&mut |part| found = found || is_such(part));
        found
    }
}

macro_rules! walk {
    ($rel:ident, $scalar:ident, $key:ident, $aggregate:ident, $window:ident, $all:ident, $part:ident, $($mutable:tt)?) => {
        impl Rel {
            /// Calls `visit` with each part, inputs first.
            pub(crate) fn $rel<'a>(&'a $($mutable)? self, visit: &mut dyn FnMut($part<'a>)) {
                match self {
                    Self::Unit | Self::Scan(_) | Self::Raw { .. } | Self::Lists { .. } | Self::Shared { .. } => {}
                    Self::Items { array, .. } => visit($part::Scalar(array)),
                    Self::Parts { parts, .. } => visit($part::Scalar(parts)),
                    Self::Sequence { start, end, .. } => {
                        visit($part::Scalar(start));
                        visit($part::Scalar(end));
                    }
                    Self::Values { rows, .. } => {
                        for row in rows {
                            for scalar in row {
                                visit($part::Scalar(scalar));
                            }
                        }
                    }
                    Self::Extend { input, columns } => {
                        visit($part::Rel(input));
                        for (_, scalar) in columns {
                            visit($part::Scalar(scalar));
                        }
                    }
                    Self::Filter { input, conditions } => {
                        visit($part::Rel(input));
                        for condition in conditions {
                            visit($part::Scalar(condition));
                        }
                    }
                    Self::Join { left, right, on, .. } => {
                        visit($part::Rel(left));
                        visit($part::Rel(right));
                        for condition in on {
                            visit($part::Scalar(condition));
                        }
                    }
                    Self::Aggregate { input, keys, aggregates, .. } => {
                        visit($part::Rel(input));
                        for (_, key) in keys {
                            visit($part::Scalar(key));
                        }
                        for (_, aggregate) in aggregates {
                            aggregate.$aggregate(visit);
                        }
                    }
                    Self::Window { input, columns } => {
                        visit($part::Rel(input));
                        for (_, function) in columns {
                            function.$window(visit);
                        }
                    }
                    Self::First { input, keys, order, .. } => {
                        visit($part::Rel(input));
                        for key in keys {
                            visit($part::Scalar(key));
                        }
                        for key in order {
                            key.$key(visit);
                        }
                    }
                    Self::Limit { input, order, skip, .. } => {
                        visit($part::Rel(input));
                        for key in order {
                            key.$key(visit);
                        }
                        visit($part::Scalar(skip));
                    }
                    Self::Union { arms, .. } => {
                        for (rel, scalars) in arms {
                            visit($part::Rel(rel));
                            for scalar in scalars {
                                visit($part::Scalar(scalar));
                            }
                        }
                    }
                    Self::Recursion { initial, condition, step, next, .. } => {
                        for scalar in initial {
                            visit($part::Scalar(scalar));
                        }
                        visit($part::Rel(step));
                        visit($part::Scalar(condition));
                        for scalar in next {
                            visit($part::Scalar(scalar));
                        }
                    }
                    Self::Fence(input) => visit($part::Rel(input)),
                }
            }
        }

        impl Scalar {
            /// Calls `visit` with each part.
            pub(crate) fn $scalar<'a>(&'a $($mutable)? self, visit: &mut dyn FnMut($part<'a>)) {
                match self {
                    Self::Column(_) | Self::Literal(..) | Self::Null(_) | Self::Tag(_) | Self::Param(..) => {}
                    Self::Fail(..) | Self::Empty(_) => {}
                    Self::Call { args, .. }
                    | Self::Parts(_, args)
                    | Self::And(args)
                    | Self::Or(args)
                    | Self::Force(args) => {
                        for arg in args {
                            visit($part::Scalar(arg));
                        }
                    }
                    Self::When { condition: left, value: right }
                    | Self::Bound { count: left, bound: right }
                    | Self::Compare { left, right, .. }
                    | Self::Same(left, right)
                    | Self::ComparePacked { left, right, .. }
                    | Self::EqualPacked { left, right, .. } => {
                        visit($part::Scalar(left));
                        visit($part::Scalar(right));
                    }
                    Self::In { value, items } => {
                        visit($part::Scalar(value));
                        for item in items {
                            visit($part::Scalar(item));
                        }
                    }
                    Self::Not(value) | Self::IsNull(value) | Self::DatePart(value, _) => visit($part::Scalar(value)),
                    Self::NotNull { value, .. } | Self::Narrow(_, value) => visit($part::Scalar(value)),
                    Self::Case { branches, otherwise } => {
                        for (condition, value) in branches {
                            visit($part::Scalar(condition));
                            visit($part::Scalar(value));
                        }
                        visit($part::Scalar(otherwise));
                    }
                    Self::Unpack { packed, .. }
                    | Self::TagOf { packed, .. }
                    | Self::Payload { packed, .. }
                    | Self::GroupKey { packed, .. } => visit($part::Scalar(packed)),
                    Self::Pack { value: columns, .. } | Self::Variant { payload: columns, .. } => {
                        for column in columns.$all() {
                            visit($part::Scalar(column));
                        }
                    }
                    Self::ItemAt { array, position, .. } => {
                        visit($part::Scalar(array));
                        visit($part::Scalar(position));
                    }
                    Self::Length { array, .. } => visit($part::Scalar(array)),
                    Self::List { items, .. } => {
                        for item in items {
                            for column in item.$all() {
                                visit($part::Scalar(column));
                            }
                        }
                    }
                    Self::Query { rel, value, .. } => {
                        visit($part::Rel(rel));
                        visit($part::Scalar(value));
                    }
                    Self::Exists(rel) => visit($part::Rel(rel)),
                }
            }
        }

        impl Key {
            pub(crate) fn $key<'a>(&'a $($mutable)? self, visit: &mut dyn FnMut($part<'a>)) {
                visit($part::Scalar(&$($mutable)? self.scalar));
            }
        }

        impl Aggregate {
            pub(crate) fn $aggregate<'a>(&'a $($mutable)? self, visit: &mut dyn FnMut($part<'a>)) {
                match &$($mutable)? self.function {
                    Function::Count => {}
                    Function::CountDistinct(items) => {
                        for item in items {
                            visit($part::Scalar(item));
                        }
                    }
                    Function::Of { item, .. }
                    | Function::WideSum(item)
                    | Function::First(item)
                    | Function::Least(item) => {
                        visit($part::Scalar(item));
                    }
                    Function::Join { item, separator } => {
                        visit($part::Scalar(item));
                        visit($part::Scalar(separator));
                    }
                    Function::Collect { item, .. } => {
                        for column in item.$all() {
                            visit($part::Scalar(column));
                        }
                    }
                }
                for condition in &$($mutable)? self.filter {
                    visit($part::Scalar(condition));
                }
                for key in &$($mutable)? self.order {
                    key.$key(visit);
                }
            }
        }

        impl WindowFunction {
            fn $window<'a>(&'a $($mutable)? self, visit: &mut dyn FnMut($part<'a>)) {
                match self {
                    Self::Number(keys) => {
                        for key in keys {
                            key.$key(visit);
                        }
                    }
                    Self::CountAll => {}
                    Self::Shift { item, by, fill, position, .. } => {
                        [item, by, fill, position].into_iter().for_each(|scalar| visit($part::Scalar(scalar)));
                    }
                    Self::RollingMean { item, before, after, position, .. } => {
                        [item, before, after, position].into_iter().for_each(|scalar| visit($part::Scalar(scalar)));
                    }
                    Self::Rank { key, .. } => key.$key(visit),
                }
            }
        }
    };
}

walk!(for_each_part, for_each_part, for_each_part, for_each_part, for_each_part, all, Part,);
walk!(
    for_each_part_mut,
    for_each_part_mut,
    for_each_part_mut,
    for_each_part_mut,
    for_each_part_mut,
    all_mut,
    PartMut,
    mut
);

impl super::Plan {
    /// Calls `visit` with each part.
    pub(crate) fn for_each_part<'a>(&'a self, visit: &mut dyn FnMut(Part<'a>)) {
        self.shared.iter().for_each(|shared| visit(Part::Rel(&shared.rel)));
        match &self.change {
            None => {}
            Some(Change::Insert { rel, order, columns, .. }) => {
                visit(Part::Rel(rel));
                columns
                    .iter()
                    .flat_map(|written| written.value.all())
                    .for_each(|scalar| visit(Part::Scalar(scalar)));
                order.iter().for_each(|key| visit(Part::Scalar(&key.scalar)));
            }
            Some(Change::Update { rel, columns, .. }) => {
                visit(Part::Rel(rel));
                columns
                    .iter()
                    .flat_map(|written| written.value.all())
                    .for_each(|scalar| visit(Part::Scalar(scalar)));
            }
            Some(Change::Delete { rel, .. }) => visit(Part::Rel(rel)),
        }
        visit(Part::Rel(&self.root.rel));
        self.root.columns.iter().for_each(|scalar| visit(Part::Scalar(scalar)));
        self.root.order.iter().for_each(|key| visit(Part::Scalar(&key.scalar)));
    }

    /// Calls `visit` with each part.
    pub(crate) fn for_each_part_mut<'a>(&'a mut self, visit: &mut dyn FnMut(PartMut<'a>)) {
        self.shared.iter_mut().for_each(|shared| visit(PartMut::Rel(&mut shared.rel)));
        let written = |columns: &'a mut Vec<super::Written>, visit: &mut dyn FnMut(PartMut<'a>)| {
            for written in columns {
                written.value.all_mut().into_iter().for_each(|scalar| visit(PartMut::Scalar(scalar)));
            }
        };
        match &mut self.change {
            None => {}
            Some(Change::Insert { rel, order, columns, .. }) => {
                visit(PartMut::Rel(rel));
                written(columns, visit);
                order.iter_mut().for_each(|key| visit(PartMut::Scalar(&mut key.scalar)));
            }
            Some(Change::Update { rel, columns, .. }) => {
                visit(PartMut::Rel(rel));
                written(columns, visit);
            }
            Some(Change::Delete { rel, .. }) => visit(PartMut::Rel(rel)),
        }
        visit(PartMut::Rel(&mut self.root.rel));
        self.root.columns.iter_mut().for_each(|scalar| visit(PartMut::Scalar(scalar)));
        self.root.order.iter_mut().for_each(|key| visit(PartMut::Scalar(&mut key.scalar)));
    }
}
