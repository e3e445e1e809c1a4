use runner_core::{Error, Field, Program, Result, Type, TypeId, TypeTable};

/// A program that a server offers as an endpoint of its own, `POST /v1/functions/NAME`.
///
/// ```
/// use runner_core::{Field, Expr, INPUT, Kind, Parts, Prim, Program, Type, TypeTable};
/// use runner_http::{Function, Param};
///
/// let mut types = TypeTable::new();
/// let int = types.prim(Prim::Int64);
/// let body = vec![Expr { kind: Kind::Local(INPUT), ty: int }];
/// let program = Program::new(Parts { types, input: int, output: int, body, ..Parts::default() })?;
///
/// let same = Function::new("same", program, vec![Param::new("x").with_default("42")])?.with_doc("What it gets.");
/// assert_eq!(same.name(), "same");
/// # Ok::<(), runner_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Function {
    name: String,
    doc: String,
    params: Vec<Param>,
    program: Program,
    /// The program's types, and the tuple of the parameters.
    types: TypeTable,
    input: TypeId,
}

/// A parameter of a [`Function`].
#[derive(Debug, Clone)]
pub struct Param {
    name: String,
    doc: String,
    default: Option<String>,
}

impl Param {
    /// A parameter that must be given, unless it is an option.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), doc: String::new(), default: None }
    }

    /// Says what it means.
    #[must_use]
    pub fn with_doc(mut self, doc: impl Into<String>) -> Self {
        self.doc = doc.into();
        self
    }

    /// The value, in JSON, that is meant where none is given.
    #[must_use]
    pub fn with_default(mut self, json: impl Into<String>) -> Self {
        self.default = Some(json.into());
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn doc(&self) -> &str {
        &self.doc
    }

    pub(crate) fn default(&self) -> Option<&str> {
        self.default.as_deref()
    }
}

impl Function {
    /// A function by its name and its parameters in order. The input of the program is `{}` for none, the parameter for
    /// one, and the tuple of them for several, as the compiler makes it.
    ///
    /// # Errors
    /// `PREPARE_ERROR` if the parameters are not those of the program or share a name, or a default is not of its type.
    pub fn new(name: impl Into<String>, program: Program, params: Vec<Param>) -> Result<Self> {
        let name = name.into();
        let wrong = |what: &str| Error::prepare(format!("the function `{name}` {what}"));
        if name.is_empty() || name.contains('/') {
            return Err(wrong("has a name that can't stand in a path"));
        }
        let mut types = program.types().clone();
        let given: Vec<TypeId> = match params.as_slice() {
            [_] => vec![program.input()],
            _ => {
                let fields = types.as_tuple(program.input()).unwrap_or_default();
                if fields.len() != params.len() || types.as_tuple(program.input()).is_none() {
                    return Err(wrong(&format!("takes other parameters: {}", program.signature())));
                }
                fields.iter().map(|field| field.ty).collect()
            }
        };
        let fields = params.iter().zip(given);
        let fields: Vec<Field> =
            fields.map(|(param, ty)| Field { name: Some(param.name.clone()), ty }).collect();
        for (index, param) in params.iter().enumerate() {
            if params.iter().take(index).any(|other| other.name == param.name) {
                return Err(wrong(&format!("has two parameters `{}`", param.name)));
            }
        }
        for (param, field) in params.iter().zip(&fields) {
            if let Some(default) = &param.default {
                runner_json::read(&types, field.ty, default.as_bytes()).map_err(|error| {
                    wrong(&format!("has a default of `{}` that is wrong: {}", param.name, error.message()))
                })?;
            }
        }
        // The bytes of a tuple of one are those of its field.
        let input = types.push(Type::Tuple(fields));
        Ok(Self { name, doc: String::new(), params, program, types, input })
    }

    /// Says what it does.
    #[must_use]
    pub fn with_doc(mut self, doc: impl Into<String>) -> Self {
        self.doc = doc.into();
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its program.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    pub(crate) fn doc(&self) -> &str {
        &self.doc
    }

    pub(crate) fn params(&self) -> &[Param] {
        &self.params
    }

    /// The types, and the tuple of the parameters among them.
    pub(crate) fn input(&self) -> (&TypeTable, TypeId) {
        (&self.types, self.input)
    }

    /// The bytes of the input that a JSON object of the parameters gives.
    pub(crate) fn read(&self, json: &[u8]) -> Result<Vec<u8>> {
        let completed = self.completed(json);
        runner_json::read(&self.types, self.input, completed.as_deref().unwrap_or(json))
    }

    /// The object with the defaults of the parameters that it does not give, behind those that it does, so that places
    /// in messages stay. `None` if it is fine as it is, or is no object.
    fn completed(&self, json: &[u8]) -> Option<Vec<u8>> {
        type Names = std::collections::BTreeMap<String, serde::de::IgnoredAny>;
        self.params.iter().find(|param| param.default.is_some())?;
        let given: Names = serde_json::from_slice(json).ok()?;
        let missing = self.params.iter().filter(|param| !given.contains_key(&param.name));
        let missing: Vec<&Param> = missing.filter(|param| param.default.is_some()).collect();
        if missing.is_empty() {
            return None;
        }
        let end = json.iter().rposition(|byte| *byte == b'}')?;
        let mut completed = json.get(..end)?.to_vec();
        for (index, param) in missing.into_iter().enumerate() {
            if index > 0 || !given.is_empty() {
                completed.push(b',');
            }
            serde_json::to_writer(&mut completed, &param.name).ok()?;
            completed.push(b':');
            completed.extend_from_slice(param.default.as_deref().unwrap_or_default().as_bytes());
        }
        completed.extend_from_slice(json.get(end..)?);
        Some(completed)
    }
}

#[cfg(test)]
mod tests {
    use runner_core::{Expr, INPUT, Kind, Parts, Prim};

    use super::*;

    fn pair() -> Function {
        let mut types = TypeTable::new();
        let (int, text) = (types.prim(Prim::Int8), types.prim(Prim::Text));
        let input = types.tuple([int, text]);
        let body = vec![Expr { kind: Kind::Local(INPUT), ty: input }];
        let parts = Parts { types, input, output: input, body, ..Parts::default() };
        let params = vec![Param::new("a").with_default("7"), Param::new("b").with_default("\"x\"")];
        Function::new("pair", Program::new(parts).unwrap(), params).unwrap()
    }

    #[test]
    fn defaults_stand_for_what_is_not_given() {
        let cases: [(&str, &[u8]); 5] = [
            ("{}", &[7, 1, b'x']),
            (" { } ", &[7, 1, b'x']),
            (r#"{"b": "}"}"#, &[7, 1, b'}']),
            (r#"{"a": 1}"#, &[1, 1, b'x']),
            (r#"{"b": "y", "a": 2}"#, &[2, 1, b'y']),
        ];
        for (json, bytes) in cases {
            assert_eq!(pair().read(json.as_bytes()).unwrap(), bytes, "{json}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_where_it_stands() {
        let error = pair().read(br#"{"a": 300}"#).unwrap_err();
        assert_eq!(error.message(), "line 1, column 9: at `$.a`: expected Int8, found the number 300");
        for wrong in ["", "[]", "{", "{\"c\": 1}", "{\"a\": 1, \"a\": 2}", "7"] {
            assert!(pair().read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn parameters_are_those_of_the_program() {
        let program = pair().program;
        for params in [vec![], vec![Param::new("a"), Param::new("a")], vec![Param::new("a"); 3]] {
            let error = Function::new("f", program.clone(), params).unwrap_err();
            assert_eq!(error.code(), runner_core::Code::PrepareError);
        }
        let wrong = vec![Param::new("a").with_default("300"), Param::new("b")];
        assert!(Function::new("f", program.clone(), wrong).is_err());
        assert!(Function::new("a/b", program, vec![Param::new("a"), Param::new("b")]).is_err());
    }
}
