//! Generated programs as trees with a type at every node, and as source.

use std::collections::BTreeSet;

use runner_core::Value;

use super::{
    tables,
    ty::{Def, Defs, Shape, Ty},
};

/// The variable of the first table that is a parameter, beyond all others.
const TABLES: u32 = 1 << 20;

/// A function `main`, its input, and the types that it speaks of.
#[derive(Debug, Clone)]
pub struct Tree {
    /// Definitions of types.
    pub defs: Defs,
    /// The parameters, each a variable, its type and its value.
    pub params: Vec<(u32, Ty, Value)>,
    /// The body of `main`.
    pub body: Expr,
}

/// An expression. What it consists of are its `kids`.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// The type of its value; of a lambda, that of its body.
    pub ty: Ty,
    /// What it does.
    pub node: Node,
    /// What it does it with.
    pub kids: Vec<Expr>,
}

/// A place within an expression: indices of kids, from the root.
pub type Path = Vec<usize>;

/// What an expression does.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A constant.
    Literal(Value),
    /// A variable.
    Var(u32),
    /// A table of a database, by its place in [`tables::all`].
    Table(usize),
    /// Binds a variable to the first kid; the second is the result.
    Let(u32),
    /// A tuple.
    Tuple,
    /// A field of a tuple, or the inner value of a framed type.
    Field(String),
    /// An array; never empty.
    Array,
    /// A variant and its payload, if it has one.
    Variant(String),
    /// Condition and branches.
    If,
    /// A subject, and a kid for each pattern.
    Match(Vec<Pattern>),
    /// A function's name, behind which the kids are arguments.
    Call(String),
    /// A call whose type has to be said.
    CallAs(String),
    /// An operator between two kids.
    Infix(&'static str),
    /// An operator before its kid.
    Prefix(&'static str),
    /// `xs[i]`
    Brackets,
    /// A function, as an argument.
    Lambda(Vec<u32>),
}

/// A pattern.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    /// A variant, its payload bound or not.
    Variant(String, Option<u32>),
    /// A constant of a type.
    Literal(Ty, Value),
    /// Anything.
    Any,
}

impl Expr {
    /// An expression.
    #[must_use]
    pub fn new(ty: Ty, node: Node, kids: Vec<Self>) -> Self {
        Self { ty, node, kids }
    }

    /// A constant.
    #[must_use]
    pub fn literal(ty: &Ty, value: Value) -> Self {
        Self::new(ty.clone(), Node::Literal(value), Vec::new())
    }

    /// A call.
    #[must_use]
    pub fn call(ty: Ty, name: &str, kids: Vec<Self>) -> Self {
        Self::new(ty, Node::Call(name.into()), kids)
    }

    /// How many expressions there are in it.
    #[must_use]
    pub fn size(&self) -> usize {
        1 + self.kids.iter().map(Self::size).sum::<usize>()
    }

    /// The variables that it binds for its kid at an index.
    #[must_use]
    pub fn binds(&self, kid: usize) -> Vec<u32> {
        match &self.node {
            Node::Let(var) if kid == 1 => vec![*var],
            Node::Lambda(vars) => vars.clone(),
            Node::Match(patterns) if kid > 0 => match patterns[kid - 1] {
                Pattern::Variant(_, Some(var)) => vec![var],
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// The variables that it uses and does not bind.
    #[must_use]
    pub fn free(&self) -> BTreeSet<u32> {
        let mut free = BTreeSet::new();
        if let Node::Var(var) = self.node {
            free.insert(var);
        }
        for (index, kid) in self.kids.iter().enumerate() {
            let mut inner = kid.free();
            for var in self.binds(index) {
                inner.remove(&var);
            }
            free.extend(inner);
        }
        free
    }

    /// The paths to all expressions within it, each before those within.
    #[must_use]
    pub fn paths(&self) -> Vec<Path> {
        let mut paths = Vec::new();
        self.collect_paths(&mut Vec::new(), &mut paths);
        paths
    }

    fn collect_paths(&self, path: &mut Path, paths: &mut Vec<Path>) {
        paths.push(path.clone());
        for (index, kid) in self.kids.iter().enumerate() {
            path.push(index);
            kid.collect_paths(path, paths);
            path.pop();
        }
    }

    fn collect_tables(&self, found: &mut BTreeSet<usize>) {
        if let Node::Table(index) = self.node {
            found.insert(index);
        }
        self.kids.iter().for_each(|kid| kid.collect_tables(found));
    }

    /// Puts a variable in the place of a table. Whether it is there.
    fn replace_table(&mut self, index: usize, var: u32) -> bool {
        let is_table = self.node == Node::Table(index);
        if is_table {
            self.node = Node::Var(var);
        }
        self.kids.iter_mut().fold(is_table, |found, kid| kid.replace_table(index, var) || found)
    }

    /// Puts an expression into a place, and corrects the types above it.
    fn replace(&mut self, path: &[usize], replacement: Self) {
        let Some((&index, rest)) = path.split_first() else {
            *self = replacement;
            return;
        };
        self.kids[index].replace(rest, replacement);
        match &self.node {
            Node::Tuple if matches!(self.ty, Ty::Tuple(_)) => {
                self.ty = Ty::Tuple(self.kids.iter().map(|kid| kid.ty.clone()).collect());
            }
            Node::Lambda(_) => self.ty = self.kids[0].ty.clone(),
            Node::Let(_) => self.ty = self.kids[1].ty.clone(),
            Node::Call(name) if name == "map" => self.ty = Ty::array(self.kids[1].ty.clone()),
            _ => {}
        }
    }

    /// The types that it says, for [`Tree::source`] to know which definitions are needed.
    fn types<'a>(&'a self, found: &mut Vec<&'a Ty>) {
        found.push(&self.ty);
        self.kids.iter().for_each(|kid| kid.types(found));
    }
}

impl Tree {
    /// The same with another expression in a place.
    #[must_use]
    pub fn with(&self, path: &[usize], replacement: Expr) -> Self {
        let mut tree = self.clone();
        tree.body.replace(path, replacement);
        tree
    }

    /// The program as source.
    #[must_use]
    pub fn source(&self) -> String {
        let mut types = Vec::new();
        self.body.types(&mut types);
        types.extend(self.params.iter().map(|(_, ty, _)| ty));
        let mut needed = BTreeSet::new();
        types.into_iter().for_each(|ty| self.need(ty, &mut needed));
        let mut out = String::new();
        for index in needed {
            out += &self.defs.print_def(index);
            out.push('\n');
        }
        for table in self.tables().into_iter().filter_map(|index| tables::all().into_iter().nth(index)) {
            let (name, ty) = (table.name, self.print_rows(&Ty::array(table.row())));
            out += &format!("func {name}(): {ty} -> std::sql::from(\"{name}\")\n");
        }
        let params = self.params.iter().map(|(var, ty, _)| match *var {
            TABLES.. => format!("x{var}: {}", self.print_rows(ty)),
            _ => format!("x{var}: {}", self.defs.print(ty)),
        });
        let params: Vec<_> = params.collect();
        out += &format!("func main({}) ->\n  {}\n", params.join(", "), self.print(&self.body));
        out
    }

    /// The type of a table, whose columns have names.
    fn print_rows(&self, ty: &Ty) -> String {
        let Ty::Array(row) = ty else { panic!("a table is an array") };
        let Ty::Tuple(columns) = &**row else { panic!("a row is a tuple") };
        let columns = columns.iter().enumerate();
        let columns: Vec<_> =
            columns.map(|(index, ty)| format!("c{index}: {}", self.defs.print(ty))).collect();
        format!("[{{{}}}]", columns.join(", "))
    }

    /// The tables that it reads.
    #[must_use]
    pub fn tables(&self) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        self.body.collect_tables(&mut found);
        found
    }

    /// The same for a runner without tables: each one that it reads is a parameter, whose rows are in the order that
    /// `arrange` brings them into.
    #[must_use]
    pub fn with_tables_as_input(&self, arrange: impl Fn(&mut Vec<Value>)) -> Self {
        let mut tree = self.clone();
        for (index, table) in tables::all().into_iter().enumerate() {
            let var = TABLES + index as u32;
            if tree.body.replace_table(index, var) {
                let (ty, mut rows) = (Ty::array(table.row()), table.rows);
                arrange(&mut rows);
                tree.params.push((var, ty, Value::Array(rows)));
            }
        }
        tree
    }

    /// The input: of one parameter its value, else the tuple of all.
    #[must_use]
    pub fn input(&self) -> Value {
        match &self.params[..] {
            [(_, _, value)] => value.clone(),
            params => Value::Tuple(params.iter().map(|(_, _, value)| value.clone()).collect()),
        }
    }

    fn need(&self, ty: &Ty, needed: &mut BTreeSet<usize>) {
        match ty {
            Ty::Prim(_) | Ty::Ordering => {}
            Ty::Tuple(fields) => fields.iter().for_each(|field| self.need(field, needed)),
            Ty::Array(inner) | Ty::Option(inner) => self.need(inner, needed),
            Ty::Named(index) => {
                if needed.insert(*index) {
                    match &self.defs.0[*index] {
                        Def::Framed(inner) => self.need(inner, needed),
                        Def::Enum(types) | Def::Tuple(types) => {
                            types.iter().for_each(|ty| self.need(ty, needed));
                        }
                    }
                }
            }
        }
    }

    fn print(&self, expr: &Expr) -> String {
        let all = || expr.kids.iter().map(|kid| self.print(kid)).collect::<Vec<_>>().join(", ");
        let kid = |index: usize| self.print(&expr.kids[index]);
        let ty = || self.defs.print(&expr.ty);
        match &expr.node {
            Node::Literal(value) => self.defs.print_value(&expr.ty, value),
            Node::Var(var) => format!("x{var}"),
            Node::Table(index) => format!("{}()", tables::all()[*index].name),
            Node::Let(var) => format!("(let x{var} = {}; {})", kid(0), kid(1)),
            Node::Tuple => format!("{{{}}}", all()),
            Node::Field(name) => format!("{}.{name}", kid(0)),
            Node::Array => format!("[{}]", all()),
            Node::Variant(name) if expr.kids.is_empty() => format!("(.{name}: {})", ty()),
            Node::Variant(name) => format!("(.{name}({}): {})", all(), ty()),
            Node::If => format!("(if {} then {} else {})", kid(0), kid(1), kid(2)),
            Node::Match(patterns) => {
                let arms = patterns.iter().zip(&expr.kids[1..]);
                let arms = arms
                    .map(|(pattern, arm)| format!("{} => {}", self.print_pattern(pattern), self.print(arm)));
                format!("(match {} {{ {} }})", kid(0), arms.collect::<Vec<_>>().join(", "))
            }
            Node::Call(name) => format!("{name}({})", all()),
            Node::CallAs(name) => format!("({name}({}): {})", all(), ty()),
            Node::Infix(operator) => format!("({} {operator} {})", kid(0), kid(1)),
            Node::Prefix(operator) => format!("({operator}{})", kid(0)),
            Node::Brackets => format!("{}[{}]", kid(0), kid(1)),
            Node::Lambda(vars) => match &vars[..] {
                [var] => format!("x{var} -> {}", kid(0)),
                vars => {
                    let vars: Vec<_> = vars.iter().map(|var| format!("x{var}")).collect();
                    format!("func ({}) -> {}", vars.join(", "), kid(0))
                }
            },
        }
    }

    fn print_pattern(&self, pattern: &Pattern) -> String {
        match pattern {
            Pattern::Variant(name, None) => format!(".{name}"),
            Pattern::Variant(name, Some(var)) => format!(".{name}(x{var})"),
            Pattern::Any => "_".into(),
            Pattern::Literal(ty, value) => match (self.defs.shape(ty), value) {
                (Shape::Prim(_), Value::Int(value)) => value.to_string(),
                (Shape::Prim(_), Value::Uint(value)) => value.to_string(),
                _ => self.defs.print_value(ty, value),
            },
        }
    }
}
