//! Names in scope, the innermost first.

use std::{collections::HashMap, sync::Arc};

type Name = Arc<str>;

/// What names stand for within nested scopes. A look-up takes the same time however many names there are.
#[derive(Debug, Clone)]
pub(crate) struct Scope<T> {
    entries: Vec<(Name, T)>,
    /// Indices of the entries of each name, the innermost last.
    by_name: HashMap<Name, Vec<usize>>,
}

impl<T> Default for Scope<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), by_name: HashMap::new() }
    }
}

impl<T> Scope<T> {
    pub(crate) fn push(&mut self, name: Name, value: T) {
        self.by_name.entry(name.clone()).or_default().push(self.entries.len());
        self.entries.push((name, value));
    }

    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        let index = self.by_name.get(name)?.last()?;
        self.entries.get(*index).map(|(_, value)| value)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Leaves the scopes that were entered since there were so many entries.
    pub(crate) fn truncate(&mut self, length: usize) {
        while self.entries.len() > length {
            let Some((name, _)) = self.entries.pop() else { return };
            if let Some(indices) = self.by_name.get_mut(&name) {
                indices.pop();
                if indices.is_empty() {
                    self.by_name.remove(&name);
                }
            }
        }
    }

    /// The outermost first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(Name, T)> {
        self.entries.iter()
    }
}
