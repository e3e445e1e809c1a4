//! What FILE names: a source, a project, or a compiled program.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use runner_core::{MAGIC, Program};
use runner_lang::{Diagnostic, Project, render_all};

use crate::{
    error::Failure,
    limits::{FILE_COUNT, FOLDER_DEPTH},
    terminal,
};

/// What was found.
pub(crate) enum Source {
    Project(Project),
    Program(Program),
}

/// Reads a file or a folder.
///
/// # Errors
/// If it is not there, or is a damaged program. What is wrong with source is found when it is compiled.
pub(crate) fn load(path: &Path) -> Result<Source, Failure> {
    let about = fs::metadata(path).map_err(|error| Failure::file(path.display(), &error))?;
    if about.is_dir() {
        return Ok(Source::Project(folder(path)?));
    }
    let bytes = fs::read(path).map_err(|error| Failure::file(path.display(), &error))?;
    if bytes.starts_with(&MAGIC) {
        let program = Program::decode(&bytes).map_err(|error| Failure::value(path.display(), &error))?;
        return Ok(Source::Program(program));
    }
    Ok(Source::Project(Project::from_source(path.display().to_string(), bytes)))
}

/// The `.lt` files of a folder and the folders below it, in order of their names.
///
/// # Errors
/// If a folder can't be read, or there are too many.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    collect(folder, 0, &mut found)?;
    found.sort();
    Ok(found)
}

/// Writes diagnostics to standard error.
pub(crate) fn tell(project: &Project, diagnostics: &[Diagnostic]) {
    if !diagnostics.is_empty() {
        terminal::say(&render_all(project, diagnostics, terminal::has_colour()));
    }
}

fn folder(path: &Path) -> Result<Project, Failure> {
    let files = files(path)?;
    if files.is_empty() {
        return Err(Failure::wrong(format!("{}: no `.lt` file in this folder", path.display())));
    }
    let mut sources = Vec::with_capacity(files.len());
    for file in files {
        let bytes = fs::read(&file).map_err(|error| Failure::file(file.display(), &error))?;
        let name = file.strip_prefix(path).unwrap_or(&file).display().to_string();
        sources.push((name, bytes));
    }
    Ok(Project::from_files(sources))
}

fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failure = |error| Failure::file(folder.display(), &error);
    if depth > FOLDER_DEPTH {
        return Err(Failure::wrong(format!(
            "{}: more than {FOLDER_DEPTH} levels of folders",
            folder.display()
        )));
    }
    for entry in fs::read_dir(folder).map_err(failure)? {
        let entry = entry.map_err(failure)?;
        let path = entry.path();
        let kind = entry.file_type().map_err(failure)?;
        // Links to folders are not followed: they may lead in circles.
        if kind.is_dir() && !entry.file_name().as_encoded_bytes().starts_with(b".") {
            collect(&path, depth + 1, found)?;
        } else if path.extension() == Some(OsStr::new("lt")) && path.is_file() {
            if found.len() >= FILE_COUNT {
                return Err(Failure::wrong(format!("{}: more than {FILE_COUNT} files", folder.display())));
            }
            found.push(path);
        }
    }
    Ok(())
}
