//! The input of a program, put together from `--input` and `--arg`.

use std::path::{Path, PathBuf};

use runner_core::{Program, TypeId, value, wire};

use crate::{args::RunArgs, error::Failure, format::Format, input};

/// A parameter of a program. The only one of a compiled program has no name.
struct Param<'a> {
    name: Option<&'a str>,
    ty: TypeId,
    value: Option<Vec<u8>>,
}

/// The bytes of the input that the arguments give. `names` are the program's parameters, if the source is there.
///
/// # Errors
/// If a parameter is not given, twice given or not there, or its value is not of its type.
pub(crate) fn input(program: &Program, names: Option<&[String]>, args: &RunArgs) -> Result<Vec<u8>, Failure> {
    let mut params = params(program, names);
    for arg in &args.args {
        give(program, &mut params, arg)?;
    }
    let missing = params.iter().filter(|param| param.value.is_none()).count();
    match &args.input {
        Some(_) if params.is_empty() => {
            return Err(Failure::wrong("the program takes no input; leave `--input` out"));
        }
        Some(file) if args.args.is_empty() => {
            return input::read(program.types(), program.input(), file, args.input_format);
        }
        Some(file) if missing == 1 => {
            for param in params.iter_mut().filter(|param| param.value.is_none()) {
                let bytes = input::read(program.types(), param.ty, file, args.input_format)?;
                param.value = Some(whole(program, param.ty, file, bytes)?);
            }
        }
        Some(_) if missing == 0 => {
            return Err(Failure::wrong("every parameter has its `--arg`; there is none for `--input`"));
        }
        _ if missing == 0 => {}
        _ => {
            let words = match args.args.is_empty() {
                true => "the program needs an input".to_owned(),
                false => "values are missing".to_owned(),
            };
            let wanted = describe(program, params.iter().filter(|param| param.value.is_none()));
            return Err(Failure::wrong(format!("{words}: {wanted}"))
                .hint("give it with `--input FILE`, `--input -` for standard input, or `--arg NAME=VALUE`"));
        }
    }
    Ok(params.into_iter().filter_map(|param| param.value).flatten().collect())
}

fn params<'a>(program: &'a Program, names: Option<&'a [String]>) -> Vec<Param<'a>> {
    let types = program.types();
    let param = |name, ty| Param { name, ty, value: None };
    let fields = types.as_tuple(program.input()).unwrap_or_default();
    if fields.is_empty() && types.is_unit(program.input()) {
        return Vec::new();
    }
    if let Some([name]) = names {
        return vec![param(Some(name.as_str()), program.input())];
    }
    if !fields.is_empty() && fields.iter().all(|field| field.name.is_some()) {
        return fields.iter().map(|field| param(field.name.as_deref(), field.ty)).collect();
    }
    vec![param(None, program.input())]
}

fn give(program: &Program, params: &mut [Param<'_>], arg: &str) -> Result<(), Failure> {
    let Some((name, text)) = arg.split_once('=') else {
        return Err(Failure::wrong(format!("--arg {arg}: expected NAME=VALUE")));
    };
    let name = name.trim();
    let known = describe(program, params.iter());
    let Some(param) = params.iter_mut().find(|param| param.name.is_none_or(|known| known == name)) else {
        let known = if known.is_empty() { "it takes none".into() } else { format!("there are: {known}") };
        return Err(Failure::wrong(format!("--arg {name}: the program has no such parameter; {known}")));
    };
    if param.value.is_some() {
        return Err(Failure::wrong(format!("--arg {name}: the parameter is given twice")));
    }
    let types = program.types();
    param.value = Some(match file(text) {
        Some(file) => {
            let bytes = input::read(types, param.ty, &file, None)?;
            whole(program, param.ty, &file, bytes)?
        }
        None => {
            let value = value::read(types, param.ty, text)
                .map_err(|error| Failure::value(format_args!("--arg {name}"), &error));
            let value = value.map_err(|failure| match types.as_prim(types.unframed(param.ty)) {
                Some(runner_core::Prim::Text) if !text.trim_start().starts_with('"') => {
                    failure.hint(format!("text stands in quotes: `--arg '{name}={text:?}'`"))
                }
                _ => failure,
            })?;
            wire::encode(types, param.ty, &value)?
        }
    });
    Ok(())
}

/// `@FILE` with an extension that is known, which no date has.
fn file(text: &str) -> Option<PathBuf> {
    let path = PathBuf::from(text.strip_prefix('@')?);
    Format::of_extension(path.extension()?.to_str()?)?;
    Some(path)
}

/// Bytes that go between others have to be one value; those of other formats are.
fn whole(program: &Program, ty: TypeId, file: &Path, bytes: Vec<u8>) -> Result<Vec<u8>, Failure> {
    if Format::choose(None, "", Some(file)).is_ok_and(|format| format != Format::Postcard) {
        return Ok(bytes);
    }
    wire::decode(program.types(), ty, &bytes)
        .map_err(|error| Failure::value(input::name(file), &error))
        .map(|_| bytes)
}

fn describe<'a>(program: &Program, params: impl Iterator<Item = &'a Param<'a>>) -> String {
    let params: Vec<String> = params
        .map(|param| {
            let ty = program.types().display(param.ty);
            param.name.map_or_else(|| ty.to_string(), |name| format!("{name}: {ty}"))
        })
        .collect();
    params.join(", ")
}
