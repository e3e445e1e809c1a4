//! Parts of values.

use alloc::collections::BTreeMap;

/// What is looked at of a value; nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Used {
    /// Anything at all, such as how many items there are.
    any: bool,
    /// The value as a whole. There are no parts then.
    all: bool,
    /// Fields of a tuple by their index, payloads of an enum by their variant, all items of an array as part 0. Those of
    /// which nothing is looked at are not there.
    parts: BTreeMap<usize, Self>,
    /// Parts and parts of parts.
    weight: usize,
    /// Levels of parts.
    depth: usize,
}

/// Levels of parts that are told apart.
const DEPTH: usize = 6;

/// Parts of a value, and parts of those, that are told apart.
const PARTS: usize = 1024;

/// Items of an array.
const ITEMS: usize = 0;

/// The payload of `.some`.
pub(crate) const SOME: usize = 1;

impl Used {
    /// The whole value.
    pub(crate) fn all() -> Self {
        Self { any: true, all: true, ..Self::default() }
    }

    /// How many items there are, or which variant.
    pub(crate) fn shape() -> Self {
        Self { any: true, ..Self::default() }
    }

    /// An array whose items are looked at like this.
    pub(crate) fn array(items: &Self) -> Self {
        let mut array = Self::shape();
        array.add(&items.clone().within(ITEMS));
        array
    }

    /// A value of which this part is looked at.
    pub(crate) fn within(self, part: usize) -> Self {
        if !self.any {
            return self;
        }
        if self.depth >= DEPTH {
            return Self::all();
        }
        let (weight, depth) = (self.weight + 1, self.depth + 1);
        Self { any: true, all: false, parts: BTreeMap::from([(part, self)]), weight, depth }
    }

    /// About how long it takes to add this to something.
    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    /// What is looked at of a part.
    pub(crate) fn part(&self, part: usize) -> Self {
        if self.all { Self::all() } else { self.parts.get(&part).cloned().unwrap_or_default() }
    }

    /// What is looked at of the items of an array.
    pub(crate) fn items(&self) -> Self {
        self.part(ITEMS)
    }

    /// Whether anything of a part is looked at.
    pub(crate) fn has(&self, part: usize) -> bool {
        self.all || self.parts.contains_key(&part)
    }

    /// Adds what is looked at by somebody else.
    pub(crate) fn add(&mut self, other: &Self) {
        self.any |= other.any;
        if self.all {
            return;
        }
        if other.all {
            *self = Self::all();
            return;
        }
        let known = self.parts.len();
        for (part, used) in &other.parts {
            let own = self.parts.entry(*part).or_default();
            let before = own.weight;
            own.add(used);
            self.weight = self.weight + own.weight - before;
            self.depth = self.depth.max(own.depth + 1);
        }
        self.weight += self.parts.len() - known;
        if self.weight > PARTS {
            *self = Self::all();
        }
    }
}
