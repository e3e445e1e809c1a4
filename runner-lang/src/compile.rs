//! The pipeline behind the parser: check a project once, compile programs of it.

use runner_core::Program;

use crate::{
    budget::{Budget, Stop},
    check::{State, tree::Signature},
    diagnostic::{Diagnostic, Diagnostics, Severity},
    library::library,
    limits,
    lower::{Entry, lower},
    parser::parse_expression,
    resolve::{self, DefId, DefKind, ModId},
    source::Project,
    syntax::{Expr, ExprKind, Span},
};

/// What messages call the source of a program's expression.
pub(crate) const PROGRAM: &str = "<program>";

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
    check_with(project, &Budget::new())
}

/// [`check`] with a budget. When that is gone, the last diagnostic says so.
#[must_use]
pub fn check_with(project: &Project, budget: &Budget) -> Checked {
    let stopped = with_stack(budget, || check_here(project, budget));
    stopped.unwrap_or_else(|diagnostic| Checked {
        project: project.clone(),
        state: State::default(),
        diagnostics: vec![*diagnostic],
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
    compile_with(project, program, &Budget::new())
}

/// [`compile`] with a budget.
///
/// # Errors
/// All errors of the project and of the program's expression; one of them is `compile_limit`, `deadline` or `cancelled`
/// if the budget is gone, and [`Budget::error`] says the same.
pub fn compile_with(project: &Project, program: &str, budget: &Budget) -> Result<Compiled, Vec<Diagnostic>> {
    // Starting a thread takes as long as compiling a small program: both passes share one.
    with_stack(budget, || {
        let checked = check_here(project, budget);
        if checked.has_errors() { Err(checked.diagnostics) } else { checked.compile_here(program, budget) }
    })
    .unwrap_or_else(|stop| Err(vec![*stop]))
}

fn check_here(project: &Project, budget: &Budget) -> Checked {
    let parsed = project.parse_with(budget);
    let mut state = library().clone();
    state.types.set_budget(budget);
    let mut diagnostics = Diagnostics::new(budget);
    diagnostics.extend(parsed.diagnostics);
    state.add_project(&parsed.root, false, &mut diagnostics);
    Checked { project: project.clone(), state, diagnostics: diagnostics.finish() }
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
        self.compile_with(program, &Budget::new())
    }

    /// [`Checked::compile`] with a budget.
    ///
    /// # Errors
    /// As [`compile_with`].
    pub fn compile_with(&self, program: &str, budget: &Budget) -> Result<Compiled, Vec<Diagnostic>> {
        if self.has_errors() {
            return Err(self.diagnostics.clone());
        }
        with_stack(budget, || self.compile_here(program, budget)).unwrap_or_else(|stop| Err(vec![*stop]))
    }

    fn compile_here(&self, text: &str, budget: &Budget) -> Result<Compiled, Vec<Diagnostic>> {
        let source = self.project.sources().len() as u32;
        let (expr, found) = parse_expression(text, source, budget);
        let mut diagnostics = Diagnostics::new(budget);
        diagnostics.set_place(expr.span);
        diagnostics.extend(found);
        if budget.is_stopped() || diagnostics.has_errors() {
            return Err(diagnostics.finish());
        }
        let root = self.state.world.root.unwrap_or(resolve::STD);
        let program = match self.entry(root, &expr) {
            Some(def) => lower(&self.state, &self.project, text, Entry::Def(def), budget),
            None => {
                let mut state = self.state.clone();
                state.types.set_budget(budget);
                let typed = state.check_expr(root, &expr, &mut diagnostics);
                if budget.is_stopped() || diagnostics.has_errors() {
                    return Err(diagnostics.finish());
                }
                lower(&state, &self.project, text, Entry::Expr(&typed), budget)
            }
        };
        let program = program.map_err(|diagnostic| vec![*diagnostic])?;
        let mut warnings = self.diagnostics.clone();
        warnings.extend(diagnostics.finish());
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
        let budget = Budget::new();
        let lowered =
            with_stack(&budget, || lower(&self.state, &self.project, param, Entry::Expr(default), &budget));
        Some(match lowered.and_then(|program| program) {
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

/// Runs on a stack that is large enough for what the limits allow, whatever the caller's stack is.
fn with_stack<T: Send>(budget: &Budget, work: impl FnOnce() -> T + Send) -> Result<T, Box<Diagnostic>> {
    let builder = std::thread::Builder::new().name("runner-lang".to_owned()).stack_size(limits::STACK_BYTES);
    std::thread::scope(|scope| match builder.spawn_scoped(scope, work) {
        Ok(thread) => Ok(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))),
        Err(error) => {
            budget.stop_for(Stop::Thread);
            let message = format!("the system gives no thread to compile this on: {error}");
            Err(Box::new(Diagnostic::error("compile_limit", Span::default(), message)))
        }
    })
}
