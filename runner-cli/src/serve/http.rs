//! What is served over HTTP: programs, source if it is allowed, and the functions of a project.

use std::sync::Arc;

use runner_core::{Cancel, Error, Program, RunSync};
use runner_http::{Function, Param, Server, ServerOptions, Spool, Token};
use runner_interpreter::Interpreter;
use runner_json::{Layout, print};
use runner_lang::{Budget, Checked, Project, compile_with, render_all};

use super::{Settings, gate::Gate};
use crate::{
    error::Failure,
    limits::{COMPILE_BYTES, COMPILE_STEPS},
    source::{Source, load, tell},
};

/// A server for these settings, with the functions of the project as endpoints.
///
/// # Errors
/// If the project can't be read, or has errors, which are told.
pub(crate) fn server(
    gate: Gate,
    settings: &Settings,
    token: Option<&str>,
    spool: Spool,
) -> Result<Server<Gate>, Failure> {
    let mut options = ServerOptions::new().with_limits(settings.limits.http()).with_spool(spool);
    if let Some(token) = token {
        options = options.with_token(Token::new(token));
    }
    if settings.allow_no_token {
        options = options.open_to_everybody();
    }
    if !settings.takes_programs() {
        options = options.without_programs();
    }
    if settings.allow_source {
        options = options.with_compile(compiled);
    }
    let functions = functions(settings)?;
    let own: Vec<_> = functions.iter().map(|function| function.program().id()).collect();
    if let Some(project) = &settings.project {
        let name = project.file_stem().unwrap_or(project.as_os_str());
        options = options.with_title(name.to_string_lossy());
    }
    for function in functions {
        options = options.with_function(function);
    }
    let gate = gate.with_own(own).raw(settings.raw_on_network());
    Ok(Server::new(Arc::new(gate), options))
}

/// Compiles what a client sent, for as long as somebody waits for it.
fn compiled(source: &str, program: &str, cancel: &Cancel) -> Result<Program, Error> {
    let project = Project::from_source("program.lt", source);
    let budget =
        Budget::new().with_cancel(cancel.clone()).with_max_steps(COMPILE_STEPS).with_max_bytes(COMPILE_BYTES);
    let compiled = compile_with(&project, program, &budget);
    compiled.map(|compiled| compiled.program).map_err(|diagnostics| {
        let project = project.with_program(program);
        budget.error().unwrap_or_else(|| Error::prepare(render_all(&project, &diagnostics, false)))
    })
}

fn functions(settings: &Settings) -> Result<Vec<Function>, Failure> {
    let Some(path) = &settings.project else { return Ok(Vec::new()) };
    let Source::Project(project) = load(path)? else {
        return Err(Failure::wrong(format!("{}: a compiled program has no functions", path.display())));
    };
    let checked = runner_lang::check(&project);
    tell(&project, checked.diagnostics());
    if checked.has_errors() {
        return Err(Failure::told());
    }
    let entries =
        checked.functions().into_iter().filter(|function| function.is_entry && !function.is_external);
    let functions = entries.map(|function| {
        let compiled = checked.compile(&function.path).map_err(|diagnostics| {
            tell(&project, &diagnostics);
            Failure::told()
        })?;
        let params =
            function.params.iter().map(|param| named(&checked, &project, &function.path, &param.name));
        let params = params.collect::<Result<_, _>>()?;
        Ok(Function::new(function.path, compiled.program, params)?.with_doc(function.doc))
    });
    functions.collect()
}

/// A parameter of a function, with what it is if it is left out: that is computed here, once, by an interpreter. What
/// would take more than that, as it calls external functions, can't be left out.
fn named(checked: &Checked, project: &Project, function: &str, name: &str) -> Result<Param, Failure> {
    let param = Param::new(name);
    let Some(default) = checked.compile_default(function, name) else { return Ok(param) };
    let default = default.map_err(|diagnostics| {
        tell(project, &diagnostics);
        Failure::told()
    })?;
    let (program, interpreter) = (default.program, Interpreter::new());
    if let [external, ..] = program.externals() {
        let path = &external.path;
        tracing::warn!(function, parameter = name, "its default needs {path}: the parameter has to be given");
        return Ok(param);
    }
    let prepared = interpreter.prepare(&program);
    let computed = prepared.and_then(|prepared| interpreter.execute(&prepared, &[]));
    let json = computed.and_then(|value| print(program.types(), program.output(), &value, Layout::Compact));
    let json =
        json.map_err(|error| error.context(format_args!("the default of `{name}` of `{function}`")))?;
    Ok(param.with_default(String::from_utf8_lossy(&json)))
}
