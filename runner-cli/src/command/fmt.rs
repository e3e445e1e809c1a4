use std::path::{Path, PathBuf};

use runner_lang::Project;

use crate::{args::FmtArgs, error::Failure, input, output, source, terminal::say};

/// Formats files in place; a file with errors of syntax stays as it is.
pub(crate) fn fmt(args: &FmtArgs) -> Result<(), Failure> {
    let mut wrong = 0;
    for file in files(&args.files)? {
        let is_stdin = file.as_os_str() == "-";
        let Some((text, formatted)) = format(&file)? else {
            wrong += 1;
            continue;
        };
        if args.check {
            if text != formatted {
                say(&format!("{}: not formatted", input::name(&file)));
                wrong += 1;
            }
        } else if is_stdin || text != formatted {
            let target = (!is_stdin).then_some(file.as_path());
            output::write(target, |out| Ok(out.write_all(formatted.as_bytes())?))?;
        }
    }
    if wrong == 0 { Ok(()) } else { Err(Failure::told()) }
}

/// The files that are named, and those in the folders that are.
fn files(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in named {
        if path.is_dir() { files.extend(source::files(path)?) } else { files.push(path.clone()) }
    }
    Ok(files)
}

/// The text of a file and its formatted form; `None` after its diagnostics were told.
fn format(file: &Path) -> Result<Option<(String, String)>, Failure> {
    let name = input::name(file);
    let bytes = input::bytes(file)?;
    let project = Project::from_source(name, bytes);
    let parsed = project.parse().diagnostics;
    let text = project.sources().first().map_or("", |source| source.text()).to_owned();
    if !parsed.is_empty() {
        source::tell(&project, &parsed);
        return Ok(None);
    }
    match runner_lang::format(&text) {
        Ok(formatted) => Ok(Some((text, formatted))),
        Err(diagnostics) => {
            source::tell(&project, &diagnostics);
            Ok(None)
        }
    }
}
