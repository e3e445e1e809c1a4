//! The pipeline behind the parser: check a project once, compile programs of it.

use runner_core::Program;

use crate::{
    check::{State, tree::Signature},
    diagnostic::{Diagnostic, Severity},
    library::library,
    lower::{Entry, lower},
    parser::parse_expression,
    resolve::{self, DefId, DefKind, ModId},
    source::Project,
    syntax::{Expr, ExprKind},
};

/// What messages call the source of a program's expression.
pub(crate) const PROGRAM: &str = "<program>";

/// Stack for walks over syntax trees and programs, whose depth is bounded.
const STACK: usize = 256 << 20;

/// A project whose names are resolved and whose types are known, or the errors in it.
///
/// ```
/// use runner_lang::{Project, check};
///
/// let project = Project::from_source("shop.lt", "func total(prices: [Int64]): Int64 -> sum(prices)");
/// let checked = check(&project);
/// assert!(!checked.has_errors());
/// let compiled = checked.compile("total").unwrap();
/// assert_eq!(compiled.program.signature(), "func ([Int64]): Int64");
/// assert_eq!(checked.compile("total([1, 2]) * 2").unwrap().program.signature(), "func ({}): Int64");
/// ```
#[derive(Debug, Clone)]
pub struct Checked {
    project: Project,
    state: State,
    diagnostics: Vec<Diagnostic>,
}

/// A program, and what may not be meant in the source.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The program.
    pub program: Program,
    /// Warnings of the project and of the program's expression.
    pub warnings: Vec<Diagnostic>,
}

/// A function or constant of a project, for documentation and completion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionInfo {
    /// Its path from the root module, which [`Checked::compile`] takes.
    pub path: String,
    /// Its `##` comment.
    pub doc: String,
    /// Its parameters; none for a constant.
    pub params: Vec<ParamInfo>,
    /// The type of its result.
    pub result: String,
    /// Whether a runner must implement it.
    pub is_external: bool,
    /// Whether it is a constant.
    pub is_const: bool,
    /// Whether it can be a program: it has no type parameters and no `const` ones, and neither takes nor gives functions.
    pub is_entry: bool,
}

/// A parameter of a [`FunctionInfo`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamInfo {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: String,
    /// Whether a call may leave it out; see [`Checked::compile_default`].
    pub has_default: bool,
}

/// Parses, resolves and checks every definition of a project. All independent errors are reported.
///
/// ```
/// use runner_lang::{Project, check};
///
/// let checked = check(&Project::from_source("a.lt", "func main(): Text -> 1\nfunc f() -> g()"));
/// assert_eq!(checked.diagnostics().len(), 2);
/// ```
#[must_use]
pub fn check(project: &Project) -> Checked {
    with_stack(|| {
        let parsed = project.parse();
        let mut state = library().clone();
        let mut diagnostics = parsed.diagnostics;
        diagnostics.extend(state.add_project(&parsed.root, false));
        sort(&mut diagnostics);
        Checked { project: project.clone(), state, diagnostics }
    })
}

/// Checks a project and compiles one program of it, see [`Checked::compile`].
///
/// # Errors
/// All errors of the project and of the program's expression.
///
/// ```
/// use runner_lang::{Project, compile};
///
/// let project = Project::from_source("main.lt", "func main(x: Int64): Int64 -> x + 1");
/// assert_eq!(compile(&project, "main").unwrap().program.signature(), "func (Int64): Int64");
/// ```
pub fn compile(project: &Project, program: &str) -> Result<Compiled, Vec<Diagnostic>> {
    check(project).compile(program)
}

impl Checked {
    /// Errors and warnings, file by file, in the order of their places.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Whether there are errors, so that nothing can be compiled.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Compiles a program: the path of a function or constant (`main`, `shop::total`), or any expression over the
    /// project (`worst(read())`). Places in the expression are of an extra source behind those of the project.
    ///
    /// # Errors
    /// All errors of the project, or those of the expression.
    pub fn compile(&self, program: &str) -> Result<Compiled, Vec<Diagnostic>> {
        if self.has_errors() {
            return Err(self.diagnostics.clone());
        }
        with_stack(|| self.compile_here(program))
    }

    fn compile_here(&self, text: &str) -> Result<Compiled, Vec<Diagnostic>> {
        let source = self.project.sources().len() as u32;
        let (expr, mut diagnostics) = parse_expression(text, source);
        if has_errors(&diagnostics) {
            return Err(diagnostics);
        }
        let root = self.state.world.root.unwrap_or(resolve::STD);
        let program = match self.entry(root, &expr) {
            Some(def) => lower(&self.state, &self.project, text, Entry::Def(def)),
            None => {
                let mut state = self.state.clone();
                let typed = state.check_expr(root, &expr, &mut diagnostics);
                if has_errors(&diagnostics) {
                    return Err(diagnostics);
                }
                lower(&state, &self.project, text, Entry::Expr(&typed))
            }
        };
        let program = program.map_err(|diagnostic| vec![*diagnostic])?;
        let mut warnings = self.diagnostics.clone();
        warnings.extend(diagnostics);
        Ok(Compiled { program, warnings })
    }

    /// The definition that an expression names, if it is nothing but a name.
    fn entry(&self, root: ModId, expr: &Expr) -> Option<DefId> {
        match &expr.kind {
            ExprKind::Paren(inner) => self.entry(root, inner),
            ExprKind::Path(path) => match self.state.world.lookup(root, path) {
                Ok(resolve::Entry::Def(def)) => {
                    let kind = self.state.world.def(def)?.kind;
                    matches!(kind, DefKind::Const | DefKind::Func | DefKind::External).then_some(def)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The functions and constants of the project, in the order of their definition.
    ///
    /// ```
    /// use runner_lang::{Project, check};
    ///
    /// let text = "## Twice a number.\nfunc double(x: Int64): Int64 -> 2 * x";
    /// let functions = check(&Project::from_source("a.lt", text)).functions();
    /// assert_eq!(functions[0].path, "double");
    /// assert_eq!(functions[0].doc, "Twice a number.");
    /// assert_eq!(functions[0].params[0].ty, "Int64");
    /// ```
    #[must_use]
    pub fn functions(&self) -> Vec<FunctionInfo> {
        let defs = (0..).map(DefId).zip(&self.state.world.defs);
        let own = defs.filter(|(_, def)| !def.is_std);
        own.filter_map(|(id, def)| {
            if !matches!(def.kind, DefKind::Const | DefKind::Func | DefKind::External) {
                return None;
            }
            let signature = self.state.signature(id)?;
            let types = &self.state.types;
            let params = signature.params.iter();
            let params = params.map(|param| ParamInfo {
                name: param.name.to_string(),
                ty: types.show(param.ty),
                has_default: param.has_default,
            });
            Some(FunctionInfo {
                path: def.path.to_string(),
                doc: def.doc.to_string(),
                params: params.collect(),
                result: signature.result.map_or_else(|| "_".to_owned(), |result| types.show(result)),
                is_external: def.kind == DefKind::External,
                is_const: signature.is_const,
                is_entry: self.is_entry(signature),
            })
        })
        .collect()
    }

    /// Compiles the default of a parameter to a program that takes nothing and gives it. `None` if the function, the
    /// parameter or its default is not there.
    ///
    /// # Errors
    /// All errors of the project.
    ///
    /// ```
    /// use runner_lang::{Project, check};
    ///
    /// let project = Project::from_source("a.lt", "func f(x: Int64, least: Int8 = 3): Bool -> x > to_int64(least)");
    /// let checked = check(&project);
    /// let least = checked.compile_default("f", "least").unwrap().unwrap();
    /// assert_eq!(least.program.signature(), "func ({}): Int8");
    /// assert!(checked.compile_default("f", "x").is_none());
    /// ```
    #[must_use]
    pub fn compile_default(&self, function: &str, param: &str) -> Option<Result<Compiled, Vec<Diagnostic>>> {
        let defs = (0..).map(DefId).zip(&self.state.world.defs);
        let (id, _) = defs.into_iter().find(|(_, def)| !def.is_std && &*def.path == function)?;
        let params = &self.state.signature(id)?.params;
        let default = params.iter().find(|known| &*known.name == param)?.default.as_deref()?;
        if self.has_errors() {
            return Some(Err(self.diagnostics.clone()));
        }
        let lowered = with_stack(|| lower(&self.state, &self.project, param, Entry::Expr(default)));
        Some(match lowered {
            Ok(program) => Ok(Compiled { program, warnings: Vec::new() }),
            Err(diagnostic) => Err(vec![*diagnostic]),
        })
    }

    fn is_entry(&self, signature: &Signature) -> bool {
        if signature.params.iter().any(|param| param.is_const) {
            return false;
        }
        let types = &self.state.types;
        let mut data = signature.params.iter().map(|param| param.ty).chain(signature.result);
        signature.type_params.is_empty() && data.all(|ty| !types.is_func(ty))
    }
}

fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span.source, diagnostic.span.start));
}

/// Runs on a stack that is large enough for what the limits allow, whatever the caller's stack is. Only pages that
/// are touched take memory.
fn with_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let mut work = Some(work);
    let mut result = None;
    let run = || result = work.take().map(|work| work());
    let panic = std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("runner-lang".to_owned()).stack_size(STACK);
        builder.spawn_scoped(scope, run).ok()?.join().err()
    });
    match (result, work, panic) {
        (Some(result), ..) => result,
        // No thread can be started here: the caller's stack must do.
        (None, Some(work), _) => work(),
        (None, None, panic) => {
            std::panic::resume_unwind(panic.unwrap_or_else(|| Box::new("nothing was run")))
        }
    }
}
