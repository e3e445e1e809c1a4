use std::fmt::Write as _;

use runner_lang::{ItemDocs, ModuleDocs, standard_library};

use crate::{
    args::DocsArgs,
    error::Failure,
    output,
    source::{self, Source},
};

/// Names that are alike enough to be meant.
const MOST_HINTS: usize = 5;

/// Characters of a line of names.
const WIDTH: usize = 100;

/// Prints what comments say of the standard library, or of a project.
pub(crate) fn docs(args: &DocsArgs) -> Result<(), Failure> {
    let modules = match &args.of {
        None => runner_lang::docs(&standard_library(), "std"),
        Some(file) => match source::load(file)? {
            Source::Project(project) => {
                let parsed = project.parse();
                if !parsed.diagnostics.is_empty() {
                    source::tell(&project, &parsed.diagnostics);
                    return Err(Failure::told());
                }
                runner_lang::docs(&project, "")
            }
            Source::Program(_) => return Err(Failure::wrong("a compiled program has no comments")),
        },
    };
    let text = match &args.path {
        None if args.of.is_none() => contents(&modules),
        None => modules.iter().map(of_module).collect::<Vec<_>>().join("\n"),
        Some(path) => found(&modules, path)?,
    };
    output::write(None, |out| Ok(out.write_all(text.as_bytes())?))
}

/// A line for each module, and its names.
fn contents(modules: &[ModuleDocs]) -> String {
    let mut text = String::new();
    for module in modules.iter().filter(|module| !module.items.is_empty()) {
        let about = module.about.lines().next().unwrap_or_default().trim();
        let _ = writeln!(text, "{}  {about}", module.path);
        let mut line = String::new();
        for item in &module.items {
            if line.len() + item.name.len() > WIDTH {
                let _ = writeln!(text, "   {line}");
                line.clear();
            }
            let _ = write!(line, " {}", item.name);
        }
        let _ = writeln!(text, "   {line}");
    }
    text + "\n`runner docs std::array` tells of a module, `runner docs text::split` of a function.\n"
}

/// All modules and definitions of this path, or of a path that ends so.
fn found(modules: &[ModuleDocs], path: &str) -> Result<String, Failure> {
    let mut parts = Vec::new();
    for module in modules {
        if ends_with(&module.path, path) {
            parts.push(of_module(module));
        }
        let items = module.items.iter().filter(|item| ends_with(&path_of(module, item), path));
        parts.extend(items.map(|item| of_item(module, item)));
    }
    if !parts.is_empty() {
        return Ok(parts.join("\n"));
    }
    let last = path.rsplit("::").next().unwrap_or(path);
    let is_alike = |name: &str| name.contains(last) || last.contains(name);
    let paths = modules.iter().flat_map(|module| module.items.iter().map(move |item| (module, item)));
    let alike = paths.filter(|(_, item)| is_alike(&item.name)).map(|(module, item)| path_of(module, item));
    let alike: Vec<_> = alike.take(MOST_HINTS).collect();
    let failure = Failure::wrong(format!("there is no `{path}`"));
    Err(match alike.is_empty() {
        true => failure.hint("`runner docs` lists all modules"),
        false => failure.hint(format!("there is {}", alike.join(", "))),
    })
}

fn path_of(module: &ModuleDocs, item: &ItemDocs) -> String {
    if module.path.is_empty() { item.name.clone() } else { format!("{}::{}", module.path, item.name) }
}

fn ends_with(path: &str, end: &str) -> bool {
    let path = path.trim_start_matches("::");
    path.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with("::"))
}

fn of_module(module: &ModuleDocs) -> String {
    let mut text = String::new();
    let path = module.path.trim_start_matches("::");
    if !path.is_empty() || !module.about.is_empty() {
        let _ = writeln!(text, "{path}  {}\n", module.about.trim());
    }
    let items: Vec<_> = module.items.iter().map(|item| of_item(module, item)).collect();
    text + &items.join("\n")
}

fn of_item(module: &ModuleDocs, item: &ItemDocs) -> String {
    let path = path_of(module, item).trim_start_matches("::").to_owned();
    let mut text = item.signature.replacen(&item.name, &path, 1) + "\n";
    for line in item.about.lines() {
        let _ = writeln!(text, "    {line}");
    }
    text
}
