//! Types as JSON Schema (2020-12), of the JSON that [`runner_json`] reads and prints.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use runner_core::{Field, Prim, Type, TypeId, TypeTable, Variant};
use serde_json::{Map, Value, json};

/// Whether values are read, where options may be left out, or printed, where all fields are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Input,
    Output,
}

/// Schemas of the types of one table. A type within itself becomes a definition, and is referred to.
pub(crate) struct Schemas<'a> {
    types: &'a TypeTable,
    direction: Direction,
    /// What a reference begins with, such as `#/$defs/`.
    base: &'a str,
    /// What the name of a definition begins with.
    prefix: &'a str,
    recursive: BTreeSet<u32>,
    definitions: BTreeMap<String, Value>,
    begun: HashSet<String>,
}

impl<'a> Schemas<'a> {
    pub(crate) fn new(base: &'a str, prefix: &'a str, types: &'a TypeTable, direction: Direction) -> Self {
        let recursive = recursive(types);
        Self {
            types,
            direction,
            base,
            prefix,
            recursive,
            definitions: BTreeMap::new(),
            begun: HashSet::new(),
        }
    }

    /// The schema of a type, with the definitions that it needs within it.
    pub(crate) fn whole(mut self, ty: TypeId) -> Value {
        let mut schema = self.schema(ty);
        let definitions = self.definitions();
        if let (Some(schema), false) = (schema.as_object_mut(), definitions.is_empty()) {
            schema.insert("$defs".to_owned(), Value::Object(definitions));
        }
        schema
    }

    /// The definitions that schemas refer to.
    pub(crate) fn definitions(self) -> Map<String, Value> {
        self.definitions.into_iter().collect()
    }

    /// The schema of a type.
    pub(crate) fn schema(&mut self, ty: TypeId) -> Value {
        self.value(ty, false)
    }

    /// `wrapped`: an option directly within another one, which is written as an ordinary enum.
    fn value(&mut self, ty: TypeId, wrapped: bool) -> Value {
        let types = self.types;
        let bare = types.unframed(ty);
        if self.recursive.contains(&bare.0) {
            return self.reference(bare, wrapped);
        }
        self.described(ty, bare, wrapped)
    }

    fn reference(&mut self, ty: TypeId, wrapped: bool) -> Value {
        let direction = if self.direction == Direction::Input { "Input" } else { "Output" };
        let plain = if wrapped { "Tagged" } else { "" };
        let name = format!("{}{direction}{plain}{}", self.prefix, ty.0);
        if self.begun.insert(name.clone()) {
            let schema = self.described(ty, ty, wrapped);
            self.definitions.insert(name.clone(), schema);
        }
        json!({"$ref": format!("{}{name}", self.base)})
    }

    /// The schema, with the name of a framed type as its title.
    fn described(&mut self, ty: TypeId, bare: TypeId, wrapped: bool) -> Value {
        let types = self.types;
        let mut schema = match types.get(bare) {
            Some(Type::Prim(prim)) => scalar(*prim, self.direction),
            Some(Type::Array(item)) => json!({"type": "array", "items": self.value(*item, false)}),
            Some(Type::Tuple(fields)) if is_object(fields) => self.object(fields),
            Some(Type::Tuple(fields)) => {
                let items: Vec<Value> = fields.iter().map(|field| self.value(field.ty, false)).collect();
                json!({"type": "array", "prefixItems": items, "items": false, "minItems": items.len()})
            }
            Some(Type::Enum(variants)) => match types.as_option(bare) {
                Some(some) if !wrapped => {
                    let nested = types.as_option(types.unframed(some)).is_some();
                    json!({"anyOf": [self.value(some, nested), {"type": "null"}]})
                }
                some => {
                    let nested = some.is_some_and(|some| types.as_option(types.unframed(some)).is_some());
                    self.variants(variants, nested)
                }
            },
            Some(Type::Framed { .. }) | None => json!(true),
        };
        if let (Some(Type::Framed { name, .. }), Some(schema)) = (types.get(ty), schema.as_object_mut()) {
            schema.insert("title".to_owned(), json!(name));
        }
        schema
    }

    fn object(&mut self, fields: &[Field]) -> Value {
        let types = self.types;
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for field in fields {
            let name = field.name.clone().unwrap_or_default();
            let is_option = types.as_option(types.unframed(field.ty)).is_some();
            if self.direction == Direction::Output || !is_option {
                required.push(name.clone());
            }
            properties.insert(name, self.value(field.ty, false));
        }
        object(properties, required)
    }

    fn variants(&mut self, variants: &[Variant], nested: bool) -> Value {
        let types = self.types;
        let (plain, tagged): (Vec<_>, Vec<_>) =
            variants.iter().partition(|variant| types.is_unit(variant.ty));
        let names: Vec<&str> = plain.iter().map(|variant| variant.name.as_str()).collect();
        let mut choices = Vec::new();
        if !names.is_empty() {
            choices.push(json!({"type": "string", "enum": names}));
        }
        for variant in tagged {
            let payload = self.value(variant.ty, nested);
            let properties = Map::from_iter([(variant.name.clone(), payload)]);
            choices.push(object(properties, vec![variant.name.clone()]));
        }
        match choices.len() {
            1 => choices.pop().unwrap_or_default(),
            _ => json!({"oneOf": choices}),
        }
    }
}

/// The schema of an object of these properties and no others.
pub(crate) fn object(properties: Map<String, Value>, required: Vec<String>) -> Value {
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if let (Some(schema), false) = (schema.as_object_mut(), required.is_empty()) {
        schema.insert("required".to_owned(), json!(required));
    }
    schema
}

fn scalar(prim: Prim, direction: Direction) -> Value {
    let integer = |format: &str, least: i64, most: u64| json!({"type": "integer", "format": format, "minimum": least, "maximum": most});
    let signed = |format, bits: u32| integer(format, -(1 << (bits - 1)), (1 << (bits - 1)) - 1);
    let text =
        |pattern: &str, example: &str| json!({"type": "string", "pattern": pattern, "examples": [example]});
    match prim {
        Prim::Bool => json!({"type": "boolean"}),
        Prim::Int8 => signed("int8", 8),
        Prim::Int16 => signed("int16", 16),
        Prim::Int32 => signed("int32", 32),
        Prim::Int64 => integer("int64", i64::MIN, i64::MAX.unsigned_abs()),
        Prim::Uint8 | Prim::Prim8 => integer("uint8", 0, u8::MAX.into()),
        Prim::Uint16 | Prim::Prim16 => integer("uint16", 0, u16::MAX.into()),
        Prim::Uint32 | Prim::Prim32 => integer("uint32", 0, u32::MAX.into()),
        Prim::Uint64 | Prim::Prim64 => integer("uint64", 0, u64::MAX),
        Prim::Float32 | Prim::Float64 => {
            let format = if prim == Prim::Float32 { "float" } else { "double" };
            json!({"anyOf": [
                {"type": "number", "format": format},
                {"type": "string", "enum": ["NaN", "inf", "-inf"]},
            ]})
        }
        Prim::Text => json!({"type": "string"}),
        Prim::Date => text(r"^([+-]\d{4,}|\d{4})-\d{2}-\d{2}$", "2025-11-14"),
        Prim::Time | Prim::Duration => text(r"^-?\d+:\d{2}:\d{2}(\.\d{1,6})?$", "16:07:44.120000"),
        Prim::Timestamp => {
            let pattern = r"^([+-]\d{4,}|\d{4})-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?$";
            text(pattern, "2025-12-29T16:07:44.120000")
        }
        Prim::Decimal => match direction {
            Direction::Output => text(r"^-?\d+\.\d{2}$", "4.20"),
            Direction::Input => {
                json!({"anyOf": [text(r"^-?\d+(\.\d{1,2})?$", "4.20"), {"type": "number", "multipleOf": 0.01}]})
            }
        },
    }
}

/// All fields have names, and no two the same one: what JSON writes as an object.
fn is_object(fields: &[Field]) -> bool {
    let mut names = HashSet::new();
    fields.iter().all(|field| field.name.as_deref().is_some_and(|name| names.insert(name)))
}

/// Types that are within themselves. Without recursion: types come from the network.
fn recursive(types: &TypeTable) -> BTreeSet<u32> {
    let parts = |ty: TypeId| -> Vec<TypeId> {
        match types.get(ty) {
            Some(Type::Array(item)) => vec![*item],
            Some(Type::Tuple(fields)) => fields.iter().map(|field| field.ty).collect(),
            Some(Type::Enum(variants)) => variants.iter().map(|variant| variant.ty).collect(),
            Some(Type::Framed { inner, .. }) => vec![*inner],
            Some(Type::Prim(_)) | None => Vec::new(),
        }
    };
    let mut recursive = BTreeSet::new();
    for (root, _) in types.iter() {
        let (mut seen, mut next) = (HashSet::new(), parts(root));
        while let Some(ty) = next.pop() {
            if ty == root {
                recursive.insert(types.unframed(root).0);
                break;
            }
            if seen.insert(ty) {
                next.extend(parts(ty));
            }
        }
    }
    recursive
}
