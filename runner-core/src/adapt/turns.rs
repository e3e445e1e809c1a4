//! What waits, by whom it is for.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

use crate::caller::Caller;

/// Items that wait for their turn: clients take turns, within a client its connections do, and what one connection
/// waits for comes in order.
pub(super) struct Turns<T> {
    clients: Ring<u64, Ring<Caller, VecDeque<(u64, T)>>>,
    len: usize,
    last: u64,
}

/// Members in the order of their turns.
struct Ring<K, V> {
    members: HashMap<K, V>,
    order: VecDeque<K>,
    /// Items of all members.
    items: usize,
}

impl<T> Turns<T> {
    pub(super) fn new() -> Self {
        Self { clients: Ring::new(), len: 0, last: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Items of a client.
    pub(super) fn of_client(&self, client: u64) -> usize {
        self.clients.members.get(&client).map_or(0, |connections| connections.items)
    }

    /// Puts an item behind those of its connection; gives the number by which it can be removed.
    pub(super) fn push(&mut self, caller: Caller, item: T) -> u64 {
        self.last += 1;
        self.len += 1;
        let connections = self.clients.member(caller.client(), Ring::new);
        connections.items += 1;
        connections.member(caller, VecDeque::new).push_back((self.last, item));
        self.last
    }

    /// Whether there is an item of somebody who may have one now.
    pub(super) fn any(&self, may: impl Fn(Caller) -> bool) -> bool {
        self.clients
            .members
            .values()
            .flat_map(|connections| connections.members.keys())
            .any(|caller| may(*caller))
    }

    /// The next item of those who may have one now.
    pub(super) fn pop(&mut self, may: impl Fn(Caller) -> bool) -> Option<(Caller, T)> {
        if self.len == 0 {
            return None;
        }
        let (place, caller) = self.clients.order.iter().enumerate().find_map(|(place, client)| {
            let connections = self.clients.members.get(client)?;
            connections.order.iter().copied().find(|caller| may(*caller)).map(|caller| (place, caller))
        })?;
        let connections = self.clients.members.get_mut(&caller.client())?;
        let waiting = connections.members.get_mut(&caller)?;
        let (_, item) = waiting.pop_front()?;
        let connection_is_done = waiting.is_empty();
        let at = connections.order.iter().position(|known| *known == caller)?;
        connections.turned(at, caller, connection_is_done);
        connections.items -= 1;
        let client_is_done = connections.items == 0;
        self.clients.turned(place, caller.client(), client_is_done);
        self.len -= 1;
        Some((caller, item))
    }

    /// Takes out an item that no longer waits for its turn.
    pub(super) fn remove(&mut self, caller: Caller, number: u64) -> Option<T> {
        let connections = self.clients.members.get_mut(&caller.client())?;
        let waiting = connections.members.get_mut(&caller)?;
        let place = waiting.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        let (_, item) = waiting.remove(place)?;
        if waiting.is_empty() {
            connections.leave(caller);
        }
        connections.items -= 1;
        if connections.items == 0 {
            self.clients.leave(caller.client());
        }
        self.len -= 1;
        Some(item)
    }
}

impl<K: Copy + Eq + Hash, V> Ring<K, V> {
    fn new() -> Self {
        Self { members: HashMap::new(), order: VecDeque::new(), items: 0 }
    }

    /// The member of this key, a new one at the end of the order.
    fn member(&mut self, key: K, new: impl FnOnce() -> V) -> &mut V {
        self.members.entry(key).or_insert_with(|| {
            self.order.push_back(key);
            new()
        })
    }

    /// A member has had its turn.
    fn turned(&mut self, place: usize, key: K, is_done: bool) {
        self.order.remove(place);
        if is_done {
            self.members.remove(&key);
        } else {
            self.order.push_back(key);
        }
    }

    fn leave(&mut self, key: K) {
        self.members.remove(&key);
        self.order.retain(|known| *known != key);
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn clients_take_turns_and_so_do_their_connections() {
        let (a, b) = (Caller::of(&"a"), Caller::alone());
        let a2 = Caller::of(&"a");
        let mut turns = Turns::new();
        for item in 0..3 {
            turns.push(a, item);
        }
        turns.push(a2, 10);
        let number = turns.push(b, 20);
        turns.push(b, 21);
        assert_eq!(turns.of_client(a.client()), 4);
        let taken: Vec<_> = std::iter::from_fn(|| turns.pop(|_| true)).map(|(_, item)| item).collect();
        assert_eq!(taken, [0, 20, 10, 21, 1, 2]);
        assert!(turns.is_empty() && turns.remove(b, number).is_none());
    }

    #[test]
    fn those_who_may_not_are_passed_over_and_keep_their_place() {
        let (a, b) = (Caller::alone(), Caller::alone());
        let mut turns = Turns::new();
        turns.push(a, 1);
        turns.push(b, 2);
        turns.push(b, 3);
        assert!(turns.any(|caller| caller == a));
        assert_eq!(turns.pop(|caller| caller != a), Some((b, 2)));
        assert_eq!(turns.pop(|_| false), None);
        assert_eq!(turns.pop(|_| true), Some((a, 1)));
        assert_eq!((turns.pop(|_| true), turns.len()), (Some((b, 3)), 0));
        assert!(!turns.any(|_| true));
    }

    #[test]
    fn what_is_removed_has_no_turn() {
        let (a, b) = (Caller::alone(), Caller::alone());
        let mut turns = Turns::new();
        let numbers: Vec<_> = (0..3).map(|item| turns.push(a, item)).collect();
        turns.push(b, 9);
        assert_eq!(turns.remove(a, numbers[1]), Some(1));
        assert_eq!(turns.remove(a, numbers[0]), Some(0));
        assert_eq!(turns.remove(a, numbers[2]), Some(2));
        assert_eq!((turns.of_client(a.client()), turns.pop(|_| true)), (0, Some((b, 9))));
    }
}
