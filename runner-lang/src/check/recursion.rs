//! Recursive types: which ones are, and which ones could never end.

mod components;

use std::collections::{HashMap, HashSet, hash_map::Entry};

use super::{
    State,
    types::{Named, NamedId, Node, Part, Ty, Types},
};
use crate::{
    diagnostic::{Diagnostic, Diagnostics},
    limits,
    resolve::{DefId, DefKind, Source},
};
use components::components;

/// Marks recursive types. One that contains itself without an enum or array between is an error.
pub(super) fn check_types(state: &mut State, defs: &[(DefId, Source<'_>)], diagnostics: &mut Diagnostics) {
    let named: Vec<(DefId, NamedId)> = defs
        .iter()
        .filter_map(|(def, _)| match state.world.def(*def)?.kind {
            DefKind::Alias(id) | DefKind::Framed(id) => Some((*def, id)),
            _ => None,
        })
        .collect();
    for direct in [true, false] {
        let edges: Vec<Vec<usize>> =
            state.types.named.iter().map(|named| uses(&state.types, named, direct)).collect();
        let component = components(&edges);
        let mut sizes: HashMap<usize, usize> = HashMap::new();
        component.iter().for_each(|component| *sizes.entry(*component).or_default() += 1);
        let of = |id: usize| component.get(id).copied().unwrap_or_default();
        let is_cyclic = |id: usize| {
            sizes.get(&of(id)).is_some_and(|size| *size > 1)
                || edges.get(id).is_some_and(|edges| edges.contains(&id))
        };
        // How often a cycle was looked for in a component.
        let mut looked: HashMap<usize, usize> = HashMap::new();
        let mut broken = Vec::new();
        for (def, id) in &named {
            let index = id.0 as usize;
            if !is_cyclic(index) {
                continue;
            }
            if !direct {
                if let Some(named) = state.types.named.get_mut(index) {
                    named.recursive = true;
                }
                continue;
            }
            broken.push(*id);
            let looked = looked.entry(of(index)).or_default();
            *looked += 1;
            if *looked > limits::CYCLES {
                continue;
            }
            let Some(path) = cycle(&edges, index) else { continue };
            if path.iter().any(|other| *other < index) {
                continue;
            }
            let Some(def) = state.world.def(*def) else { continue };
            let shown = path.iter().chain([&index]).take(limits::CYCLE_NAMES);
            let names: Vec<_> =
                shown.filter_map(|id| Some(format!("`{}`", state.types.named.get(*id)?.path))).collect();
            let message = format!("a type that contains itself has no values: {}", names.join(" contains "));
            diagnostics.push(
                Diagnostic::error("recursive_type", def.span, message)
                    .hint("a recursive type must go through an enum or an array"),
            );
        }
        let error = state.types.error();
        for id in broken {
            if let Some(named) = state.types.named.get_mut(id.0 as usize) {
                named.inner = error;
            }
        }
    }
}

/// The way from a type back to itself, if there is one: itself first.
fn cycle(edges: &[Vec<usize>], start: usize) -> Option<Vec<usize>> {
    let mut from: HashMap<usize, usize> = HashMap::new();
    let mut open = vec![start];
    while let Some(node) = open.pop() {
        for next in edges.get(node).into_iter().flatten() {
            if *next == start {
                let mut path = vec![node];
                let mut at = node;
                while at != start {
                    at = *from.get(&at)?;
                    path.push(at);
                }
                path.reverse();
                return Some(path);
            }
            if let Entry::Vacant(slot) = from.entry(*next) {
                slot.insert(node);
                open.push(*next);
            }
        }
    }
    None
}

/// The named types within a type; if `direct`, only those that its values hold in place.
fn uses(types: &Types, named: &Named, direct: bool) -> Vec<usize> {
    let mut found = Vec::new();
    let mut open: Vec<Ty> = vec![named.inner];
    let mut seen = HashSet::new();
    while let Some(ty) = open.pop() {
        let ty = types.follow(ty);
        if !seen.insert(ty) || !types.budget().step() {
            continue;
        }
        match types.node(ty) {
            Node::Alias(id) | Node::Framed(id) => found.push(id.0 as usize),
            Node::Tuple(fields) => open.extend(fields.iter().map(|field| field.ty)),
            Node::Array(item) if !direct => open.push(*item),
            Node::Enum(variants) if !direct => open.extend(variants.iter().map(|variant| variant.ty)),
            Node::Func(func) => {
                open.extend(func.params.iter().map(|param| param.ty));
                open.push(func.result);
            }
            Node::For(for_type) => open.extend([for_type.tuple, for_type.result]),
            Node::Splice(parts) => open.extend(parts.iter().map(|part| match part {
                Part::Field(field) => field.ty,
                Part::Splice(tuple) => *tuple,
            })),
            _ => {}
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}
