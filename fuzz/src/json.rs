//! JSON read by type, and wire bytes printed as JSON.

use runner_core::{Field, Prim, Type, TypeId, TypeTable, Variant, wire};
use runner_json::{Layout, print, read};

/// The first byte chooses a type. JSON that fits it gives wire bytes that print as JSON that gives the same bytes; wire
/// bytes print if and only if they are of the type.
pub fn check(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let (types, all) = types();
    let ty = all[usize::from(*choice) % all.len()];
    if let Ok(value) = read(&types, ty, bytes) {
        wire::decode(&types, ty, &value).expect("it is of the type");
        for layout in [Layout::Compact, Layout::Pretty] {
            let printed = print(&types, ty, &value, layout).unwrap();
            assert_eq!(read(&types, ty, &printed).unwrap(), value);
        }
    }
    let printed = print(&types, ty, bytes, Layout::Compact);
    match wire::decode(&types, ty, bytes) {
        Ok(_) => drop(read(&types, ty, &printed.unwrap()).unwrap()),
        Err(_) => assert!(printed.is_err()),
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let (types, all) = types();
    let texts: &[&[&str]] = &[
        &["true"],
        &["-128", "3.0"],
        &["18446744073709551615", "1e3"],
        &["0.1", "\"NaN\"", "\"-inf\"", "1e-320"],
        &["\"a\\u00e9\\ud83d\\ude00\\n\""],
        &["\"2025-11-14\"", "\"-10000-01-01\""],
        &["\"16:07:44.120000\""],
        &["\"2025-12-29T16:07:44.12\""],
        &["\"4.20\"", "-0.1"],
        &["null", "7"],
        &["null", "\"none\"", "{\"some\": 1}"],
        &["{\"name\": \"Ada\", \"age\": 36, \"tags\": [[\"x\"], []]}"],
        &["[1, \"x\", []]"],
        &["\"empty\"", "{\"leaf\": 1}", "{\"node\": [\"empty\", {\"leaf\": 2}]}"],
    ];
    let mut seeds = Vec::new();
    for (choice, texts) in texts.iter().enumerate() {
        for text in *texts {
            seeds.push([&[choice as u8][..], text.as_bytes()].concat());
            let value = read(&types, all[choice], text.as_bytes()).expect("a seed fits");
            seeds.push([&[choice as u8][..], &value].concat());
        }
    }
    seeds
}

/// Types of every kind.
fn types() -> (TypeTable, Vec<TypeId>) {
    let mut types = TypeTable::new();
    let mut prim = |prim| types.prim(prim);
    let mut all = [
        Prim::Bool,
        Prim::Int8,
        Prim::Uint64,
        Prim::Float64,
        Prim::Text,
        Prim::Date,
        Prim::Time,
        Prim::Timestamp,
        Prim::Decimal,
    ]
    .map(&mut prim)
    .to_vec();
    let (int, text) = (all[1], all[4]);
    let option = types.option(int);
    let options = types.option(option);
    let texts = types.array(text);
    let texts = types.array(texts);
    let field = |name: Option<&str>, ty| Field { name: name.map(Into::into), ty };
    let object = types.push(Type::Tuple(vec![
        field(Some("name"), text),
        field(Some("age"), option),
        field(Some("tags"), texts),
    ]));
    let tuple = types.push(Type::Tuple(vec![field(None, int), field(Some("t"), text), field(None, texts)]));
    let unit = types.unit();
    // A tree, whose type contains itself.
    let tree = types.push(Type::Enum(Vec::new()));
    let trees = types.array(tree);
    let variant = |name: &str, ty| Variant { name: name.into(), ty };
    let variants = vec![variant("empty", unit), variant("leaf", int), variant("node", trees)];
    types.set(tree, Type::Enum(variants));
    all.extend([option, options, object, tuple, tree]);
    (types, all)
}
