//! A project: its source files, and the modules that they make up.

mod lines;
mod tree;

use std::{ops::Range, sync::Arc};

use runner_core::Place;

use crate::{
    budget::Budget,
    diagnostic::Diagnostic,
    limits,
    syntax::{Module, Span},
};
pub(crate) use lines::Lines;

/// The source files of a program, as text. It does no I/O: whoever has the files hands them over.
///
/// ```
/// use runner_lang::Project;
///
/// let project = Project::from_files([
///     ("module.lt", "func main(): Int64 -> shop::total()"),
///     ("shop.lt", "func total(): Int64 -> 7"),
/// ]);
/// let parsed = project.parse();
/// assert!(parsed.diagnostics.is_empty());
/// assert_eq!(&*parsed.root.children[0].name, "shop");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Project {
    sources: Vec<Source>,
    is_folder: bool,
}

impl Project {
    /// A project of a single file, which is its root module. The name is what messages call it.
    ///
    /// ```
    /// let project = runner_lang::Project::from_source("hello.lt", "func main(): Int64 -> 1");
    /// assert_eq!(project.sources()[0].path(), "hello.lt");
    /// ```
    #[must_use]
    pub fn from_source(name: impl Into<String>, text: impl Into<Vec<u8>>) -> Self {
        Self { sources: vec![Source::new(name.into(), text.into())], is_folder: false }
    }

    /// A project of the files of a folder: paths relative to it, and contents. Files that don't end in `.lt` are left
    /// out, and so are the files of a sub-folder without a `module.lt`. One file alone is a project too.
    #[must_use]
    pub fn from_files<P: Into<String>, B: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, B)>) -> Self {
        let mut files: Vec<(String, Vec<u8>)> =
            files.into_iter().map(|(path, text)| (normal(&path.into()), text.into())).collect();
        files.retain(|(path, _)| path.ends_with(".lt"));
        files.sort();
        files.dedup_by(|later, earlier| later.0 == earlier.0);
        let is_folder = files.len() > 1 || files.iter().any(|(path, _)| path == "module.lt");
        Self { sources: files.into_iter().map(|(path, text)| Source::new(path, text)).collect(), is_folder }
    }

    /// The files in the order of their paths; a [`Span`] names one by its index.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The project with a program behind its files, which is where the diagnostics of an expression that was given to
    /// [`Checked::compile`](crate::Checked::compile) say that it is; for [`render`](crate::render).
    ///
    /// ```
    /// use runner_lang::{Project, compile, render};
    ///
    /// let project = Project::from_source("shop.lt", "func total(): Int64 -> 7");
    /// let diagnostics = compile(&project, "totl()").unwrap_err();
    /// let text = render(&project.with_program("totl()"), &diagnostics[0], false);
    /// assert!(text.contains("program:1:1"));
    /// ```
    #[must_use]
    pub fn with_program(&self, text: &str) -> Self {
        let mut project = self.clone();
        project.sources.push(Source::new("program".to_owned(), text.as_bytes().to_vec()));
        project
    }

    /// Where a span begins: file, line and column. `None` if it is of no file of this project.
    ///
    /// ```
    /// use runner_lang::{Project, syntax::Span};
    ///
    /// let project = Project::from_source("a.lt", "# é\nconst é = 1");
    /// let place = project.place(Span { source: 0, start: 14, end: 15 }).unwrap();
    /// assert_eq!((place.line, place.column), (2, 9));
    /// ```
    #[must_use]
    pub fn place(&self, span: Span) -> Option<Place> {
        let source = self.sources.get(span.source as usize)?;
        let (line, column) = source.line_column(span.start);
        Some(Place { source: source.path.clone(), line, column })
    }

    /// Parses every file. All errors of syntax are reported; what could be parsed is there in any case.
    #[must_use]
    pub fn parse(&self) -> Parsed {
        tree::parse(self, &Budget::new())
    }

    pub(crate) fn parse_with(&self, budget: &Budget) -> Parsed {
        tree::parse(self, budget)
    }
}

/// What parsing a project gives.
#[derive(Debug, Clone, Default)]
pub struct Parsed {
    /// The root module.
    pub root: ModuleTree,
    /// Errors of syntax, file by file, in the order of their places.
    pub diagnostics: Vec<Diagnostic>,
}

/// A module made of files, with the modules below it that have files of their own. (A `module name { ... }` within a
/// file is an item of its part.)
#[derive(Debug, Clone, Default)]
pub struct ModuleTree {
    /// Name of the module; empty for the root.
    pub name: Arc<str>,
    /// The module's file, then those that begin with `submodule`.
    pub parts: Vec<Module>,
    /// Modules of other files and sub-folders, by name.
    pub children: Vec<ModuleTree>,
}

/// A source file.
#[derive(Debug, Clone)]
pub struct Source {
    path: String,
    text: Arc<str>,
    lines: Arc<Lines>,
    problem: Option<Problem>,
}

/// Why a source can't be parsed.
#[derive(Debug, Clone, Copy)]
enum Problem {
    TooLarge,
    /// From this byte on.
    NotUtf8(usize),
}

impl Source {
    fn new(path: String, bytes: Vec<u8>) -> Self {
        let (text, problem) = if bytes.len() > limits::SOURCE_BYTES {
            (String::new(), Some(Problem::TooLarge))
        } else {
            match String::from_utf8(bytes) {
                Ok(text) => (text, None),
                Err(error) => {
                    let problem = Problem::NotUtf8(error.utf8_error().valid_up_to());
                    (String::from_utf8_lossy(error.as_bytes()).into_owned(), Some(problem))
                }
            }
        };
        Self { path, lines: Arc::new(Lines::new(&text)), text: text.into(), problem }
    }

    /// Its path relative to the project, with `/` between folders.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its text. What was no UTF-8 in it is replaced, and an error when it is parsed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte, both from 1; the column counts characters. A byte behind the end is at the end.
    #[must_use]
    pub fn line_column(&self, byte: u32) -> (u32, u32) {
        self.lines.line_column(&self.text, byte as usize)
    }

    /// The bytes of a line (from 1) without its end.
    #[must_use]
    pub fn line(&self, line: u32) -> Option<Range<usize>> {
        self.lines.line(&self.text, line)
    }
}

/// A path with `/` between folders and no `./` before it.
fn normal(path: &str) -> String {
    let path = path.replace('\\', "/");
    path.strip_prefix("./").unwrap_or(&path).to_owned()
}
