//! Recursive types: which ones are, and which ones could never end.

use super::{
    State,
    types::{Named, NamedId, Node, Part, Ty, Types},
};
use crate::{
    diagnostic::Diagnostic,
    resolve::{DefId, DefKind, Source},
};

/// Marks recursive types. One that contains itself without an enum or array between is an error.
pub(super) fn check_types(
    state: &mut State,
    defs: &[(DefId, Source<'_>)],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let named: Vec<(DefId, NamedId)> = defs
        .iter()
        .filter_map(|(def, _)| match state.world.def(*def)?.kind {
            DefKind::Alias(id) | DefKind::Framed(id) => Some((*def, id)),
            _ => None,
        })
        .collect();
    for direct in [true, false] {
        let edges: Vec<Vec<NamedId>> =
            state.types.named.iter().map(|named| uses(&state.types, named, direct)).collect();
        let mut broken = Vec::new();
        for (def, id) in &named {
            let Some(path) = cycle(&edges, *id) else { continue };
            if !direct {
                if let Some(named) = state.types.named.get_mut(id.0 as usize) {
                    named.recursive = true;
                }
                continue;
            }
            broken.push(*id);
            if path.iter().any(|other| other < id) {
                continue;
            }
            let Some(def) = state.world.def(*def) else { continue };
            let names: Vec<_> = path
                .iter()
                .chain([id])
                .filter_map(|id| Some(format!("`{}`", state.types.named(*id)?.path)))
                .collect();
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
fn cycle(edges: &[Vec<NamedId>], start: NamedId) -> Option<Vec<NamedId>> {
    let mut from: Vec<Option<NamedId>> = vec![None; edges.len()];
    let mut open = vec![start];
    while let Some(node) = open.pop() {
        for next in edges.get(node.0 as usize).into_iter().flatten() {
            if *next == start {
                let mut path = vec![node];
                let mut at = node;
                while at != start {
                    at = from.get(at.0 as usize).copied().flatten()?;
                    path.push(at);
                }
                path.reverse();
                return Some(path);
            }
            if let Some(slot @ None) = from.get_mut(next.0 as usize) {
                *slot = Some(node);
                open.push(*next);
            }
        }
    }
    None
}

/// The named types within a type; if `direct`, only those that its values hold in place.
fn uses(types: &Types, named: &Named, direct: bool) -> Vec<NamedId> {
    let mut found = Vec::new();
    let mut open: Vec<Ty> = vec![named.inner];
    while let Some(ty) = open.pop() {
        match types.node(types.follow(ty)) {
            Node::Alias(id) | Node::Framed(id) => found.push(*id),
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
