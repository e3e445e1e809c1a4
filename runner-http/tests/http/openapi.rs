//! The OpenAPI document: valid by the schema that the OpenAPI Initiative publishes (`openapi-3.1.schema.json`, Apache-2.0),
//! and true by what the server reads and writes.

use runner_core::{Program, Value as LutraValue, value, wire};
use runner_http::{Function, Param, ServerOptions, Token};
use runner_json::{Layout, print};
use serde_json::{Value, json};

use crate::support::{compile, compiled, serve};

const SOURCE: &str = r#"
type Tree: enum {leaf: Int8, node: {left: Tree, right: Tree}}
type Celsius(degrees: Float64)
func scalars(a: Bool, b: Int8, c: Uint64, d: Float32, e: Text, f: Date, g: Time, h: Duration, i: Timestamp, j: Decimal) ->
  {a, b, c, d, e, f, g, h, i, j}
func shapes(pair: {Int64, Text}, rows: [{id: Int64, name: Text?}], deep: Int64??, kind: enum {plain, tagged: Text}, nothing: {}) ->
  {pair, rows, deep, kind, nothing}
func grow(tree: Tree, warm: Celsius): {tree: Tree, warm: Celsius} -> {tree, warm}
func one(x: [Int64]): Int64 -> sum(x)
const none = 42
"#;

fn function(name: &str, params: Vec<Param>) -> Function {
    Function::new(name, compiled(SOURCE, name).unwrap(), params)
        .unwrap()
        .with_doc(format!("Says {name}.\n\nMore of it."))
}

fn functions() -> Vec<Function> {
    let params = |names: &str| names.split(' ').map(Param::new).collect::<Vec<_>>();
    vec![
        function("scalars", params("a b c d e f g h i j")),
        function("shapes", params("pair rows deep kind nothing")),
        function("grow", params("tree warm")),
        function("one", vec![Param::new("x").with_default("[1]").with_doc("Numbers.")]),
        function("none", vec![]),
        Function::new("shop::größe", compiled(SOURCE, "none").unwrap(), vec![]).unwrap(),
    ]
}

async fn document(options: ServerOptions) -> Value {
    let options = functions().into_iter().fold(options, ServerOptions::with_function);
    let answer = serve(options.with_token(Token::new("x"))).await;
    let answer = answer.ask("GET /openapi.json HTTP/1.1\nAuthorization: Bearer x", b"").await;
    assert_eq!(answer.status, 200);
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_valid() {
    let schema: Value = serde_json::from_str(include_str!("openapi-3.1.schema.json")).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for options in [ServerOptions::new(), ServerOptions::new().with_compile(compile)] {
        let document = document(options).await;
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
        // Schemas of schemas are not looked into by that one.
        let mut schemas = Vec::new();
        collect(&document, "schema", &mut schemas);
        assert!(schemas.len() > 20);
        for schema in schemas {
            jsonschema::draft202012::meta::validate(schema)
                .unwrap_or_else(|error| panic!("{error}: {schema}"));
        }
        let mut references = Vec::new();
        collect(&document, "$ref", &mut references);
        for reference in references {
            let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
    }
    // A validator is only worth something if it refuses.
    assert!(!validator.is_valid(&json!({"openapi": "3.1.0", "info": {"title": "x"}, "paths": {}})));
}

fn collect<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                if name == key {
                    found.push(value);
                }
                collect(value, key, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, key, found)),
        _ => {}
    }
}

/// A schema of the document with all that it may refer to.
fn validator(document: &Value, pointer: &str) -> jsonschema::Validator {
    let mut schema = document.pointer(pointer).unwrap_or_else(|| panic!("{pointer} in {document:#}")).clone();
    schema["components"] = document["components"].clone();
    jsonschema::draft202012::new(&schema).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn schemas_are_those_of_what_is_read_and_written() {
    let options = functions().into_iter().fold(ServerOptions::new(), ServerOptions::with_function);
    let document = document(ServerOptions::new()).await;
    let served = serve(options).await;
    let right = [
        (
            "scalars",
            json!({"a": true, "b": -128, "c": u64::MAX, "d": 0.5, "e": "", "f": "2025-11-14", "g": "16:07:44.12",
            "h": "-213:06:00", "i": "2025-12-29T16:07:44", "j": "4.20"}),
        ),
        (
            "scalars",
            json!({"a": false, "b": 127, "c": 0, "d": "NaN", "e": "ä", "f": "+100000-11-14", "g": "00:00:00",
            "h": "0:30:00", "i": "-10000-12-29T16:07:44.123456", "j": 4.2}),
        ),
        (
            "shapes",
            json!({"pair": [1, "x"], "rows": [{"id": 1, "name": "y"}, {"id": 2}], "deep": {"some": 7},
            "kind": "plain", "nothing": {}}),
        ),
        (
            "shapes",
            json!({"pair": [1, "x"], "rows": [], "deep": "none", "kind": {"tagged": "t"}, "nothing": {}}),
        ),
        (
            "shapes",
            json!({"pair": [1, "x"], "rows": [{"id": 2, "name": null}], "kind": "plain", "nothing": {}}),
        ),
        ("grow", json!({"tree": {"node": {"left": {"leaf": 1}, "right": {"leaf": 2}}}, "warm": 21.5})),
        ("one", json!({})),
        ("one", json!({"x": [1, 2]})),
        ("none", json!({})),
    ];
    for (name, input) in &right {
        let operation = format!("/paths/~1v1~1functions~1{name}/post");
        let inputs =
            validator(&document, &format!("{operation}/requestBody/content/application~1json/schema"));
        assert!(inputs.is_valid(input), "{name} {input}");
        let head = format!("POST /v1/functions/{name} HTTP/1.1\nContent-Type: application/json");
        let answer = served.ask(&head, input.to_string().as_bytes()).await;
        assert_eq!(answer.status, 200, "{name} {input} {}", answer.text());
        let outputs =
            validator(&document, &format!("{operation}/responses/200/content/application~1json/schema"));
        let errors: Vec<String> =
            outputs.iter_errors(&answer.json()).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name} {} {errors:?}", answer.text());
    }
    let wrong = [
        ("scalars", "b", json!(128)),
        ("scalars", "c", json!(-1)),
        ("scalars", "d", json!("x")),
        ("scalars", "f", json!("14.11.2025")),
        ("scalars", "j", json!("4.205")),
        ("shapes", "pair", json!([1])),
        ("shapes", "pair", json!([1, "x", 2])),
        ("shapes", "rows", json!([{"name": "y"}])),
        ("shapes", "rows", json!([{"id": 1, "nam": "y"}])),
        ("shapes", "kind", json!("tagged")),
        ("shapes", "kind", json!({"tagged": 1})),
        ("grow", "tree", json!({"node": {"left": {"leaf": 1}}})),
        ("one", "x", json!(["1"])),
        ("one", "y", json!(1)),
    ];
    for (name, field, value) in wrong {
        let mut input = right.iter().find(|(known, _)| *known == name).unwrap().1.clone();
        input[field] = value;
        let pointer =
            format!("/paths/~1v1~1functions~1{name}/post/requestBody/content/application~1json/schema");
        assert!(!validator(&document, &pointer).is_valid(&input), "{name} {input}");
        let head = format!("POST /v1/functions/{name} HTTP/1.1\nContent-Type: application/json");
        served.ask(&head, input.to_string().as_bytes()).await.problem(400, "DECODE_ERROR");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_are_described_as_they_are_called() {
    let document = document(ServerOptions::new()).await;
    let one = &document["paths"]["/v1/functions/one"]["post"];
    assert_eq!(one["summary"], "Says one.");
    assert_eq!(one["description"], "Says one.\n\nMore of it.");
    assert_eq!(one["requestBody"]["required"], false);
    let x = &one["requestBody"]["content"]["application/json"]["schema"]["properties"]["x"];
    assert_eq!((&x["default"], &x["description"]), (&json!([1]), &json!("Numbers.")));
    assert!(document["paths"].get("/v1/functions/shop::gr%C3%B6%C3%9Fe").is_some());
    assert_eq!(document["security"], json!([{"token": []}]));
    assert_eq!(document["paths"]["/healthz"]["get"]["security"], json!([]));

    // A program that was sent says the same of itself.
    let program: Program = compiled(SOURCE, "grow").unwrap();
    let served = serve(ServerOptions::new()).await;
    let head = "POST /v1/programs HTTP/1.1\nContent-Type: application/vnd.runner.program";
    let about = served.ask(head, program.bytes()).await.json();
    let types = program.types();
    let tree = value::read(types, program.input(), "{tree = leaf(3), warm = 1.0}").unwrap();
    assert!(matches!(tree, LutraValue::Tuple(_)));
    let bytes = wire::encode(types, program.input(), &tree).unwrap();
    let json: Value =
        serde_json::from_slice(&print(types, program.input(), &bytes, Layout::Compact).unwrap()).unwrap();
    for schema in [&about["input"], &about["output"]] {
        assert!(jsonschema::draft202012::new(schema).unwrap().is_valid(&json), "{schema}");
    }
}
