//! Signatures of Rust closures as Lutra source.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use postcard_schema::schema::{DataModelType, DataModelVariant, NamedType, NamedValue};
use runner_core::{Field, Prim, Type, TypeId, TypeTable, Variant};

/// `external func geocode(address: Text): {Float64, Float64}?`, or a comment that says why it can't be declared.
pub(super) fn declaration(
    path: &str,
    names: &[String],
    params: &[&'static NamedType],
    result: &'static NamedType,
) -> String {
    let mut types = TypeTable::new();
    let mut lutra = |schema: &NamedType| match add(&mut types, schema) {
        Ok(ty) => Ok(types.display(ty).to_string()),
        Err(unknown) => Err(format!("# {path}: Lutra has no type for Rust's `{unknown}`")),
    };
    let params: Result<Vec<_>, _> = names
        .iter()
        .zip(params)
        .map(|(name, param)| Ok(format!("{}: {}", quoted(name), lutra(param)?)))
        .collect();
    let signature = params.and_then(|params| Ok(format!("({}): {}", params.join(", "), lutra(result)?)));
    match signature {
        Ok(signature) => {
            // A function of a module is declared within it.
            let mut modules: Vec<&str> = path.split("::").collect();
            let name = quoted(modules.pop().unwrap_or_default());
            let inner = format!("external func {name}{signature}");
            modules
                .iter()
                .rev()
                .fold(inner, |inner, module| format!("module {} {{ {inner} }}", quoted(module)))
        }
        Err(comment) => comment,
    }
}

/// `a`, `b`, ... for parameters without a name, of which there are few.
pub(super) fn letter(index: usize) -> String {
    ('a'..='z').nth(index).map(String::from).unwrap_or_default()
}

/// The Lutra type of a Rust type.
fn add(types: &mut TypeTable, schema: &NamedType) -> Result<TypeId, &'static str> {
    Ok(match schema.ty {
        DataModelType::Bool => types.prim(Prim::Bool),
        DataModelType::I8 => types.prim(Prim::Int8),
        DataModelType::I16 => types.prim(Prim::Int16),
        DataModelType::I32 => types.prim(Prim::Int32),
        DataModelType::I64 => types.prim(Prim::Int64),
        DataModelType::U8 => types.prim(Prim::Uint8),
        DataModelType::U16 => types.prim(Prim::Uint16),
        DataModelType::U32 => types.prim(Prim::Uint32),
        DataModelType::U64 => types.prim(Prim::Uint64),
        DataModelType::F32 => types.prim(Prim::Float32),
        DataModelType::F64 => types.prim(Prim::Float64),
        DataModelType::String => types.prim(Prim::Text),
        DataModelType::ByteArray => {
            let byte = types.prim(Prim::Uint8);
            types.array(byte)
        }
        DataModelType::Option(some) => {
            let some = add(types, some)?;
            types.option(some)
        }
        DataModelType::Unit | DataModelType::UnitStruct => types.unit(),
        DataModelType::NewtypeStruct(inner) => add(types, inner)?,
        DataModelType::Seq(item) => {
            let item = add(types, item)?;
            types.array(item)
        }
        DataModelType::Tuple(items) | DataModelType::TupleStruct(items) => unnamed(types, items)?,
        DataModelType::Struct(fields) => named(types, fields)?,
        DataModelType::Enum(variants) => {
            let variants = variants.iter().map(|variant| {
                let ty = match variant.ty {
                    DataModelVariant::UnitVariant => types.unit(),
                    DataModelVariant::NewtypeVariant(inner) => add(types, inner)?,
                    DataModelVariant::TupleVariant(items) => unnamed(types, items)?,
                    DataModelVariant::StructVariant(fields) => named(types, fields)?,
                };
                Ok(Variant { name: quoted(&snake_case(variant.name)), ty })
            });
            let variants = variants.collect::<Result<_, _>>()?;
            types.intern(Type::Enum(variants))
        }
        _ => return Err(schema.name),
    })
}

fn unnamed(types: &mut TypeTable, items: &[&NamedType]) -> Result<TypeId, &'static str> {
    let items = items.iter().map(|item| add(types, item)).collect::<Result<Vec<_>, _>>()?;
    Ok(types.tuple(items))
}

fn named(types: &mut TypeTable, fields: &[&NamedValue]) -> Result<TypeId, &'static str> {
    let fields = fields
        .iter()
        .map(|field| {
            let name = field.name.strip_prefix("r#").unwrap_or(field.name);
            Ok(Field { name: Some(quoted(name)), ty: add(types, field.ty)? })
        })
        .collect::<Result<_, _>>()?;
    Ok(types.intern(Type::Tuple(fields)))
}

/// `SomeVariant` as `some_variant`.
fn snake_case(name: &str) -> String {
    let mut out = String::new();
    for (index, char) in name.chars().enumerate() {
        if char.is_uppercase() && index > 0 {
            out.push('_');
        }
        out.extend(char.to_lowercase());
    }
    out
}

/// Between backticks where it could be read as something else.
fn quoted(name: &str) -> String {
    const KEYWORDS: &str = " anno as const do else enum external false for func if import in internal let match module \
                            submodule then true type where ";
    let is_plain = name.chars().all(|char| char.is_alphanumeric() || char == '_')
        && name.chars().next().is_some_and(|char| !char.is_numeric())
        && !KEYWORDS.contains(&format!(" {name} "));
    if is_plain { name.to_string() } else { format!("`{name}`") }
}
