/// The strongly connected components of a graph by Tarjan's algorithm, with a stack of its own: the number of its
/// component for each node.
pub(super) fn components(edges: &[Vec<usize>]) -> Vec<usize> {
    let mut search = Search {
        order: vec![0; edges.len()],
        lowest: vec![0; edges.len()],
        component: vec![OPEN; edges.len()],
        stack: Vec::new(),
        entered: 0,
        found: 0,
    };
    for root in 0..edges.len() {
        if search.order.get(root) == Some(&0) {
            search.run(root, edges);
        }
    }
    search.component
}

/// A component that is not known yet.
const OPEN: usize = usize::MAX;

struct Search {
    /// When a node was entered, from 1.
    order: Vec<usize>,
    /// The first node in order that is reached from a node.
    lowest: Vec<usize>,
    component: Vec<usize>,
    stack: Vec<usize>,
    entered: usize,
    found: usize,
}

impl Search {
    fn run(&mut self, root: usize, edges: &[Vec<usize>]) {
        // Each with the number of its edges that were followed.
        let mut path = vec![(root, 0)];
        self.enter(root);
        while let Some((node, next)) = path.last_mut() {
            let node = *node;
            if let Some(target) = edges.get(node).and_then(|edges| edges.get(*next)).copied() {
                *next += 1;
                if at(&self.order, target) == 0 {
                    self.enter(target);
                    path.push((target, 0));
                } else if at(&self.component, target) == OPEN {
                    self.lower(node, at(&self.order, target));
                }
                continue;
            }
            path.pop();
            let lowest = at(&self.lowest, node);
            if let Some((parent, _)) = path.last() {
                self.lower(*parent, lowest);
            }
            if lowest == at(&self.order, node) {
                self.close(node);
            }
        }
    }

    fn enter(&mut self, node: usize) {
        self.entered += 1;
        for table in [&mut self.order, &mut self.lowest] {
            if let Some(slot) = table.get_mut(node) {
                *slot = self.entered;
            }
        }
        self.stack.push(node);
    }

    fn lower(&mut self, node: usize, to: usize) {
        if let Some(lowest) = self.lowest.get_mut(node) {
            *lowest = to.min(*lowest);
        }
    }

    /// The nodes on the stack down to this one are a component.
    fn close(&mut self, node: usize) {
        while let Some(member) = self.stack.pop() {
            if let Some(component) = self.component.get_mut(member) {
                *component = self.found;
            }
            if member == node {
                break;
            }
        }
        self.found += 1;
    }
}

fn at(table: &[usize], node: usize) -> usize {
    table.get(node).copied().unwrap_or_default()
}
