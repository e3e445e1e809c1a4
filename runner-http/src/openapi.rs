//! The [OpenAPI 3.1](https://spec.openapis.org/oas/v3.1.0) document of a server.

use serde_json::{Map, Value, json};

use crate::{
    Function, Param,
    media::{BYTES, JSON, POSTCARD, PROGRAM, SOURCE},
    problem::PROBLEM,
    schema::{Direction, Schemas, object},
    server::ServerOptions,
};

/// The document of a server with these options.
pub(crate) fn document(options: &ServerOptions) -> Value {
    let mut schemas = shared_schemas();
    let mut paths = paths(options.takes_programs(), options.takes_source());
    for function in options.functions() {
        let operation = function_operation(function, &mut schemas);
        paths.insert(format!("/v1/functions/{}", encoded(function.name())), json!({"post": operation}));
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": options.title(),
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Programs on a runner. Values are JSON, driven by their types, or postcard.",
        },
        "paths": paths,
        "components": {"schemas": schemas, "responses": {"problem": problem_response()}},
    });
    if let (Some(document), true) = (document.as_object_mut(), options.needs_token()) {
        document.insert("security".into(), json!([{"token": []}]));
        if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
            components
                .insert("securitySchemes".into(), json!({"token": {"type": "http", "scheme": "bearer"}}));
        }
    }
    document
}

fn paths(takes_programs: bool, takes_source: bool) -> Map<String, Value> {
    let id = json!({
        "name": "id",
        "in": "path",
        "required": true,
        "description": "SHA-256 of the program's bytes, in hexadecimal.",
        "schema": {"type": "string", "pattern": "^[0-9A-Fa-f]{64}$"},
    });
    let named = json!({
        "name": "program",
        "in": "query",
        "description": "Where source is sent: a function or constant, or an expression over the source.",
        "schema": {"type": "string", "default": "main"},
    });
    let binary = json!({});
    let pair = json!({"schema": {"description": "Two byte strings: the program, the input."}});
    let mut programs = Map::new();
    let mut runs = Map::from_iter([(JSON.into(), json!({"schema": {"$ref": "#/components/schemas/Run"}}))]);
    if takes_programs {
        programs.extend([(PROGRAM.into(), binary.clone()), (BYTES.into(), binary)]);
        runs.insert(POSTCARD.into(), pair);
    }
    if takes_source {
        for bodies in [&mut programs, &mut runs] {
            bodies.insert(SOURCE.into(), json!({"schema": {"type": "string"}}));
        }
    }
    let program = json!({JSON: {"schema": {"$ref": "#/components/schemas/Program"}}});
    let value = json!({JSON: {}, POSTCARD: {}});
    let of_clients = [
        (
            "/v1/programs",
            json!({"post": operation(
                "prepareProgram",
                "Prepares a program, unless it is prepared already.",
                json!({
                    "parameters": [named, timeout()],
                    "requestBody": {"required": true, "content": programs},
                    "responses": answers([
                        ("200", "The program was known.", program.clone()),
                        ("201", "The program is prepared.", program.clone()),
                    ]),
                }),
            )}),
        ),
        (
            "/v1/programs/{id}",
            json!({"get": operation(
                "describeProgram",
                "What a prepared program takes and gives.",
                json!({"parameters": [id], "responses": answers([("200", "The program.", program)])}),
            )}),
        ),
        (
            "/v1/programs/{id}/execute",
            json!({"post": operation(
                "executeProgram",
                "Executes a prepared program on the input in the body.",
                json!({
                    "parameters": [id, timeout()],
                    "requestBody": {"content": value},
                    "responses": answers([("200", "The output.", value.clone())]),
                }),
            )}),
        ),
        (
            "/v1/run",
            json!({"post": operation(
                "runProgram",
                "Prepares and executes a program.",
                json!({
                    "parameters": [named, timeout()],
                    "requestBody": {"required": true, "content": runs},
                    "responses": answers([("200", "The output.", value)]),
                }),
            )}),
        ),
    ];
    let of_the_server = [
        (
            "/",
            open(text_path(
                "getPage",
                "A page to call functions, and to write and run programs.",
                "text/html",
            )),
        ),
        (
            "/v1/interface",
            text_path("getInterface", "What the runner offers to programs, as Lutra source.", SOURCE),
        ),
        (
            "/v1/describe",
            json!({"get": operation(
                "describe",
                "What the runner is and what it can do.",
                json!({"responses": answers([(
                    "200",
                    "The description.",
                    json!({JSON: {"schema": {"$ref": "#/components/schemas/Description"}}, POSTCARD: {}}),
                )])}),
            )}),
        ),
        ("/healthz", open(text_path("isAlive", "Whether the server is alive.", "text/plain"))),
        ("/readyz", open(text_path("isReady", "Whether the server takes requests.", "text/plain"))),
        ("/metrics", text_path("getMetrics", "What was counted, for Prometheus.", "text/plain")),
        ("/openapi.json", text_path("getOpenApi", "This document.", JSON)),
    ];
    let of_clients = of_clients.into_iter().filter(|_| takes_programs || takes_source);
    of_clients.chain(of_the_server).map(|(path, item)| (path.to_owned(), item)).collect()
}

fn function_operation(function: &Function, components: &mut Map<String, Value>) -> Value {
    let (types, input) = function.input();
    let program = function.program();
    let prefix = format!("{}.", component(function.name()));
    let base = "#/components/schemas/";
    let mut inputs = Schemas::new(base, &prefix, types, Direction::Input);
    let (mut properties, mut required) = (Map::new(), Vec::new());
    let fields = types.as_tuple(input).unwrap_or_default();
    for (param, field) in function.params().iter().zip(fields) {
        let mut schema = inputs.schema(field.ty);
        if let Some(schema) = schema.as_object_mut() {
            if !param.doc().is_empty() {
                schema.insert("description".into(), json!(param.doc()));
            }
            if let Some(default) = param.default().and_then(|json| serde_json::from_str::<Value>(json).ok()) {
                schema.insert("default".into(), default);
            }
        }
        let is_option = types.as_option(types.unframed(field.ty)).is_some();
        if param.default().is_none() && !is_option {
            required.push(param.name().to_owned());
        }
        properties.insert(param.name().to_owned(), schema);
    }
    components.extend(inputs.definitions());
    let mut outputs = Schemas::new(base, &prefix, program.types(), Direction::Output);
    let output = outputs.schema(program.output());
    components.extend(outputs.definitions());

    let is_needed = !required.is_empty();
    let summary = function.doc().lines().next().unwrap_or_default();
    let mut operation = json!({
        "operationId": component(function.name()),
        "tags": ["functions"],
        "parameters": [timeout()],
        "x-signature": signature(function),
        "x-parameters": function.params().iter().map(Param::name).collect::<Vec<_>>(),
        "requestBody": {
            "required": is_needed,
            "content": {
                JSON: {"schema": object(properties, required)},
                POSTCARD: {"schema": {"description": format!("The input of `{}`.", program.signature())}},
            },
        },
        "responses": answers([("200", "The result.", json!({JSON: {"schema": output}, POSTCARD: {}}))]),
    });
    if let (Some(operation), false) = (operation.as_object_mut(), summary.is_empty()) {
        operation.insert("summary".into(), json!(summary));
        operation.insert("description".into(), json!(function.doc()));
    }
    operation
}

/// The function as Lutra has it, without defaults.
fn signature(function: &Function) -> String {
    let (types, input) = function.input();
    let fields = types.as_tuple(input).unwrap_or_default();
    let params = function.params().iter().zip(fields);
    let params: Vec<String> =
        params.map(|(param, field)| format!("{}: {}", param.name(), types.display(field.ty))).collect();
    let program = function.program();
    let output = program.types().display(program.output());
    format!("func {}({}): {output}", function.name(), params.join(", "))
}

fn operation(id: &str, summary: &str, mut rest: Value) -> Value {
    if let Some(rest) = rest.as_object_mut() {
        rest.insert("operationId".into(), json!(id));
        rest.insert("summary".into(), json!(summary));
    }
    rest
}

fn text_path(id: &str, summary: &str, media: &str) -> Value {
    let answer = json!({media: {}});
    json!({"get": operation(id, summary, json!({"responses": answers([("200", summary, answer)])}))})
}

/// The path of an item without a token.
fn open(mut item: Value) -> Value {
    if let Some(operation) = item.get_mut("get").and_then(Value::as_object_mut) {
        operation.insert("security".into(), json!([]));
    }
    item
}

fn answers<const N: usize>(answers: [(&str, &str, Value); N]) -> Value {
    let answers = answers.into_iter().map(|(status, description, content)| {
        (status.to_owned(), json!({"description": description, "content": content}))
    });
    let mut answers: Map<String, Value> = answers.collect();
    answers.insert("default".into(), json!({"$ref": "#/components/responses/problem"}));
    Value::Object(answers)
}

fn timeout() -> Value {
    json!({
        "name": "Runner-Timeout",
        "in": "header",
        "description": "How long the work may take, if that is less than the server allows.",
        "schema": {"type": "string", "pattern": r"^\d+(ms|s|m)$", "examples": ["250ms"]},
    })
}

fn problem_response() -> Value {
    json!({
        "description": "What went wrong, as RFC 9457 has it.",
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    })
}

fn shared_schemas() -> Map<String, Value> {
    let text = json!({"type": "string"});
    let flag = json!({"type": "boolean"});
    let count = json!({"type": "integer", "minimum": 0});
    let schema = json!({"type": ["object", "boolean"], "description": "A JSON Schema."});
    let schemas = json!({
        "Problem": {
            "type": "object",
            "required": ["title", "status", "code", "retryable"],
            "properties": {
                "title": text,
                "status": {"type": "integer"},
                "detail": text,
                "code": {"type": "string", "enum": crate::problem::codes()},
                "retryable": flag,
                "details": {"type": "array", "items": {
                    "type": "object",
                    "required": ["kind"],
                    "properties": {
                        "kind": {"type": "string", "examples": ["place", "sql_state", "limit"]},
                    },
                }},
            },
        },
        "Program": {
            "type": "object",
            "required": ["id", "signature", "input", "output"],
            "properties": {"id": text, "signature": text, "input": schema, "output": schema},
        },
        "Run": {
            "type": "object",
            "properties": {
                "source": {"type": "string", "description": "Lutra source, where it is taken,"},
                "program": {"type": "string", "default": "main", "description": "and the program in it;"},
                "bytes": {"type": "string", "contentEncoding": "base64", "description": "or an encoded program."},
                "input": {"description": "The input; none for a program that takes none."},
            },
            "additionalProperties": false,
            "oneOf": [{"required": ["source"]}, {"required": ["bytes"]}],
        },
        "Description": {
            "type": "object",
            "required": ["name", "version", "program_versions", "limits", "streams", "cancels", "isolates", "keeps_state"],
            "properties": {
                "name": text,
                "version": text,
                "program_versions": {"type": "array", "items": count},
                "limits": {"type": "object", "additionalProperties": count},
                "streams": flag,
                "cancels": flag,
                "isolates": flag,
                "keeps_state": flag,
            },
        },
    });
    match schemas {
        Value::Object(schemas) => schemas,
        _ => Map::new(),
    }
}

/// A name that stands in a reference: letters, digits, `.`, `-` and `_`.
fn component(name: &str) -> String {
    let mut component = String::with_capacity(name.len());
    for char in name.replace("::", ".").chars() {
        match char {
            _ if char.is_ascii_alphanumeric() || "._-".contains(char) => component.push(char),
            _ => component.push_str(&format!("-{:x}-", char as u32)),
        }
    }
    component
}

/// A name as a segment of a path, as it is sent.
pub(crate) fn encoded(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            _ if byte.is_ascii_alphanumeric() || b"-._~:@!$&'()*+,;=".contains(&byte) => {
                encoded.push(byte.into())
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
