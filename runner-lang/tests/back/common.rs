use std::{
    fs,
    path::{Path, PathBuf},
};

use runner_lang::Project;

/// A folder of the repository.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// Files and folders within a folder, in order.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Projects below a folder: single files, and folders with a `module.lt`.
pub(crate) fn projects(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in entries(folder) {
        if path.is_dir() && path.join("module.lt").is_file() {
            found.push(path);
        } else if path.is_dir() {
            found.extend(projects(&path));
        } else if path.extension().is_some_and(|extension| extension == "lt") {
            found.push(path);
        }
    }
    found
}

/// The project at a path, and the text of its (first) file.
pub(crate) fn load(path: &Path) -> (Project, String) {
    if path.is_file() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(path).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        return (Project::from_source(name, bytes), text);
    }
    let mut files = Vec::new();
    collect(path, "", &mut files);
    let text = fs::read_to_string(path.join("module.lt")).unwrap();
    (Project::from_files(files), text)
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, Vec<u8>)>) {
    for path in entries(folder) {
        let name = format!("{prefix}{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files);
        } else {
            files.push((name, fs::read(&path).unwrap()));
        }
    }
}
