//! Every case on every runner: one test a pair.
//!
//! Each program is encoded and decoded on its way to the runner, as it is in production.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use runner_core::{Program, Value, value, wire};
use runner_lang::{Diagnostic, Severity, compile};
use runner_tests::{
    backend::{self, Backend},
    case::{self, Case, Expected},
    transport,
};

/// Of so many cases, one runs on the databases behind every transport.
const SAMPLE: usize = 20;

fn main() {
    if transport::child(backend::served) {
        return;
    }
    let arguments = Arguments::from_args();
    let backends: Vec<_> = backend::all().into_iter().chain(backend::transports()).map(Arc::new).collect();
    let behind: Vec<_> = backend::databases_behind_transports().into_iter().map(Arc::new).collect();
    let mut trials = Vec::new();
    for (number, case) in case::all().into_iter().enumerate() {
        let case = Arc::new(case);
        if matches!(case.expected, Expected::Diagnostics(_)) {
            let name = format!("compiler::{}", case.name);
            trials.push(Trial::test(name, move || on_big_stack(move || refuses(&case))));
            continue;
        }
        let sample = behind.iter().filter(|_| number % SAMPLE == 0);
        for backend in backends.iter().chain(sample) {
            let (case, backend) = (Arc::clone(&case), Arc::clone(backend));
            let name = format!("{}::{}", backend.name, case.name);
            trials.push(Trial::test(name, move || on_big_stack(move || answers(&case, &backend))));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// The compiler refuses the case, for the reasons that it names.
fn refuses(case: &Case) -> Result<(), Failed> {
    let errors = match compile(&case.project, &case.program) {
        Ok(_) => return Err("it compiles, but it should not".into()),
        Err(errors) => errors,
    };
    let Expected::Diagnostics(expected) = &case.expected else { return Ok(()) };
    let found: Vec<_> = errors.iter().map(|error| (line(case, error), text(error))).collect();
    for (line, text) in expected {
        let matches = |found: &(Option<u32>, String)| {
            found.1.contains(text.as_str()) && (line.is_none() || found.0 == *line)
        };
        if !found.iter().any(matches) {
            return Err(format!("no error says {line:?} `{text}`; found {found:#?}").into());
        }
    }
    Ok(())
}

/// The runner gives the case's answer.
fn answers(case: &Case, backend: &Backend) -> Result<(), Failed> {
    let compiled = compile(&case.project, &case.program).map_err(|errors| {
        format!("{:#?}", errors.iter().map(|e| (line(case, e), text(e))).collect::<Vec<_>>())
    })?;
    for expected in &case.warnings {
        let found = |warning: &Diagnostic| {
            warning.severity == Severity::Warning && text(warning).contains(expected.as_str())
        };
        if !compiled.warnings.iter().any(found) {
            return Err(format!("no warning says `{expected}`; found {:?}", compiled.warnings).into());
        }
    }
    let program = Program::decode(compiled.program.bytes()).map_err(|error| error.to_string())?;
    let types = program.types();
    let input = match &case.input {
        Some(text) => value::read(types, program.input(), text).map_err(|error| error.to_string())?,
        None => Value::unit(),
    };
    let input = wire::encode(types, program.input(), &input).map_err(|error| error.to_string())?;
    let found = backend.execute(&program, &input);
    match (&case.expected, found) {
        (Expected::Output(expected), Ok(bytes)) => {
            let output = wire::decode(types, program.output(), &bytes).map_err(|error| error.to_string())?;
            let printed =
                value::print(types, program.output(), &output).map_err(|error| error.to_string())?;
            if printed == *expected {
                Ok(())
            } else {
                Err(format!("expected\n{expected}\nfound\n{printed}").into())
            }
        }
        (Expected::Error { code, text }, Err(error)) => {
            if error.code().as_str() == code && error.message().contains(text.as_str()) {
                Ok(())
            } else {
                Err(format!("expected {code} `{text}`, found {error}").into())
            }
        }
        (Expected::Output(expected), Err(error)) => {
            Err(format!("expected\n{expected}\nfound {error}").into())
        }
        (expected, Ok(bytes)) => Err(format!("expected {expected:?}, found the output {bytes:?}").into()),
        (Expected::Diagnostics(_), Err(_)) => Ok(()),
    }
}

fn line(case: &Case, diagnostic: &Diagnostic) -> Option<u32> {
    case.project.place(diagnostic.span).map(|place| place.line)
}

/// All that a diagnostic says.
fn text(diagnostic: &Diagnostic) -> String {
    let labels = diagnostic.labels.iter().map(|(_, words)| words.as_str());
    let parts: Vec<_> =
        [diagnostic.message.as_str()].into_iter().chain(labels).chain(diagnostic.hint.as_deref()).collect();
    parts.join("; ")
}

/// Recursion over the deepest programs that are allowed needs more than a test thread has.
fn on_big_stack(action: impl FnOnce() -> Result<(), Failed> + Send) -> Result<(), Failed> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(32 << 20).spawn_scoped(scope, action);
        thread.map_err(|error| error.to_string())?.join().unwrap_or_else(|_| Err("it panicked".into()))
    })
}
