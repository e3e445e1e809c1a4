use runner_core::{Prim, Program, Type, TypeId, TypeTable};

/// Types within each other at most that a sample is made of.
const DEPTH: usize = 64;

/// An input of zeros, empty texts and arrays, and first variants, encoded.
pub(crate) fn input(program: &Program) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(program.types(), program.input(), DEPTH, &mut bytes);
    bytes
}

/// All of these are encoded as zeros; a type says how many.
fn write(types: &TypeTable, ty: TypeId, depth: usize, bytes: &mut Vec<u8>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match types.get(ty) {
        Some(Type::Prim(Prim::Float32)) => bytes.extend([0; 4]),
        Some(Type::Prim(Prim::Float64)) => bytes.extend([0; 8]),
        Some(Type::Prim(_) | Type::Array(_)) => bytes.push(0),
        Some(Type::Tuple(fields)) => fields.iter().for_each(|field| write(types, field.ty, depth, bytes)),
        Some(Type::Framed { inner, .. }) => write(types, *inner, depth, bytes),
        Some(Type::Enum(variants)) => {
            bytes.push(0);
            variants.iter().take(1).for_each(|variant| write(types, variant.ty, depth, bytes));
        }
        None => {}
    }
}
