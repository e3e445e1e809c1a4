//! The syntax tree: what the parser makes of a source file, and what the checker and the formatter read.
//!
//! Every node has its [`Span`]. Names are kept as written (backticks removed). The tree says nothing that the text
//! does not say: paths are not resolved, pipes and operators are still there.

use std::sync::Arc;

/// A range of bytes in a source file of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// Index of the file in its project.
    pub source: u32,
    /// First byte.
    pub start: u32,
    /// Byte behind the last.
    pub end: u32,
}

/// A name and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ident {
    /// The name, without backticks.
    pub name: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// `a::b::c`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// At least one name.
    pub names: Vec<Ident>,
    /// From the first name to the last.
    pub span: Span,
}

/// A source file, or a `module name { ... }`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Module {
    /// Whether the file begins with `submodule`.
    pub is_submodule: bool,
    /// Lines of `#!` comments.
    pub doc: Vec<String>,
    /// `@! expression` at the head.
    pub annotations: Vec<Expr>,
    /// Its definitions in order.
    pub items: Vec<Item>,
}

/// A definition with its documentation and annotations.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Lines of `##` comments before it.
    pub doc: Vec<String>,
    /// `@ expression` before it.
    pub annotations: Vec<Expr>,
    /// What it defines.
    pub kind: ItemKind,
    /// From its first keyword to its end.
    pub span: Span,
}

/// What an item defines.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum ItemKind {
    /// `const name: T = value`
    Const { name: Ident, ty: Option<TypeExpr>, value: Expr },
    /// `func name(params): R where T: ... -> body`
    Func { name: Ident, func: Func },
    /// `external func name(params): R`
    External { name: Ident, params: Vec<Param>, result: Option<TypeExpr>, type_params: Vec<TypeParam> },
    /// `type Name: T`, or `type Name(field: T)` if framed
    Type { name: Ident, def: TypeDef },
    /// `module name { ... }`
    Module { name: Ident, module: Module },
    /// `import ...`
    Import { tree: ImportTree },
    /// `anno name(params)`
    Anno { name: Ident, params: Vec<Param> },
}

/// Right side of a type definition.
#[derive(Debug, Clone, PartialEq)]
pub enum TypeDef {
    /// `type Name: T`
    Alias(TypeExpr),
    /// `type Name(field: T)` or `type Name(T)`
    Framed {
        /// The field's name, if it has one.
        field: Option<Ident>,
        /// What is framed.
        inner: TypeExpr,
    },
}

/// A function without its name: of a definition or a lambda.
#[derive(Debug, Clone, PartialEq)]
pub struct Func {
    /// Parameters in order.
    pub params: Vec<Param>,
    /// Type of the result, if it is written.
    pub result: Option<TypeExpr>,
    /// `where T: ..., U` behind the signature.
    pub type_params: Vec<TypeParam>,
    /// What it gives.
    pub body: Box<Expr>,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// Whether `const` stands before it.
    pub is_const: bool,
    /// The label, where two names are written.
    pub label: Option<Ident>,
    /// The name that the body uses.
    pub name: Ident,
    /// Its type, if it is written.
    pub ty: Option<TypeExpr>,
    /// What it is if the caller leaves it out.
    pub default: Option<Expr>,
    /// From the first name to the end.
    pub span: Span,
}

/// A type parameter and what it may stand for.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeParam {
    /// Its name.
    pub name: Ident,
    /// `: ...` behind it.
    pub bound: Option<Bound>,
}

/// What a type parameter may stand for.
#[derive(Debug, Clone, PartialEq)]
pub enum Bound {
    /// `Int32 | Text`
    OneOf(Vec<TypeExpr>),
    /// `{..}`, `{id: Int64, ..}`, `{Bool, Text, ..}`: any tuple that has these named fields, or begins with these
    /// unnamed ones.
    Tuple {
        /// The fields before `..`.
        fields: Vec<TypeField>,
        /// Where it stands.
        span: Span,
    },
}

/// `import` and what follows.
#[derive(Debug, Clone, PartialEq)]
pub enum ImportTree {
    /// `a::b` or `a::b as c`
    Name {
        /// What is imported.
        path: Path,
        /// The name that it gets.
        alias: Option<Ident>,
    },
    /// `a::*`
    All(Path),
    /// `a::(b, c::d, e::(f, g))`; the paths of the branches begin behind the prefix.
    Branches {
        /// The part before the parenthesis.
        prefix: Path,
        /// What stands within it.
        branches: Vec<ImportTree>,
    },
}

/// A type as written.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeExpr {
    /// What it is.
    pub kind: TypeKind,
    /// Where it stands.
    pub span: Span,
}

/// Forms of types.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum TypeKind {
    /// `Int64`, `shop::Album`, `T`
    Path(Path),
    /// `{A, b: B}`
    Tuple(Vec<TypeField>),
    /// `[T]`
    Array(Box<TypeExpr>),
    /// `enum {a, b: T}`
    Enum(Vec<EnumVariant>),
    /// `T?`
    Option(Box<TypeExpr>),
    /// `func (A, b: B): R`
    Func { params: Vec<(Option<Ident>, TypeExpr)>, result: Option<Box<TypeExpr>> },
    /// `{for f: F in T do [F]}`: `field` is `f`, `param` is `F`, `result` the type of each field. Written as
    /// `{for f: F in T do f: [F]}`; `named` tells whether `f:` stands behind `do`.
    For { field: Ident, param: Ident, tuple: Box<TypeExpr>, named: bool, result: Box<TypeExpr> },
    /// What could not be parsed.
    Error,
}

/// A field of a tuple type.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeField {
    /// Its name, if it has one.
    pub name: Option<Ident>,
    /// Its type.
    pub ty: TypeExpr,
    /// Whether `..` stands before it, so that the fields of the tuple type are spliced in.
    pub splice: bool,
}

/// A variant of an enum type.
#[derive(Debug, Clone, PartialEq)]
pub struct EnumVariant {
    /// Its name.
    pub name: Ident,
    /// Its payload, `{}` where none is written.
    pub ty: Option<TypeExpr>,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// Forms of expressions.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum ExprKind {
    Literal(Literal),
    /// `f"..."`
    Interpolated(Vec<TextPart>),
    /// A name or `a::b`
    Path(Path),
    /// `{a = 1, 2, ..t}`
    Tuple(Vec<TupleItem>),
    /// `[a, b]`
    Array(Vec<Expr>),
    /// `.name` or `.name(e)`
    Variant {
        name: Ident,
        payload: Option<Box<Expr>>,
    },
    /// `t.name`
    Field {
        tuple: Box<Expr>,
        name: Ident,
    },
    /// `t.0`
    Position {
        tuple: Box<Expr>,
        index: u32,
        index_span: Span,
    },
    /// `xs[i]`
    Index {
        array: Box<Expr>,
        index: Box<Expr>,
    },
    /// `f(a, label = b)`
    Call {
        function: Path,
        args: Vec<Arg>,
    },
    /// `e | f`, `e | f(b)`, `e | (x -> ...)`: `right` is a path, a call or a lambda.
    Pipe {
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `x -> e`, `func (x: T): R -> e`
    Lambda(Func),
    If {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    Match {
        subject: Box<Expr>,
        arms: Vec<MatchArm>,
    },
    /// `(let a = e; let b = e; result)`
    Let {
        bindings: Vec<LetBinding>,
        result: Box<Expr>,
    },
    /// `(e)`; kept for the formatter.
    Paren(Box<Expr>),
    /// `e: T`
    Annotated {
        expr: Box<Expr>,
        ty: TypeExpr,
    },
    /// `- + !`
    Unary {
        op: UnaryOp,
        operand: Box<Expr>,
    },
    /// All infix operators but the pipe.
    Binary {
        op: BinaryOp,
        op_span: Span,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// What could not be parsed; its error has been reported.
    Error,
}

/// A literal as its value. Signs of numbers are folded in where a minus stands before the literal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Literal {
    Bool(bool),
    /// Magnitude and sign; `bits` tells of hex, octal and binary, which give the bits of the type.
    Integer {
        magnitude: u128,
        negative: bool,
        bits: bool,
    },
    /// The digits as written, without `_`, with the sign; its type decides what they mean.
    Float(String),
    Text(String),
    /// Days since the epoch.
    Date(i32),
    /// Microseconds.
    Duration(i64),
    /// Microseconds since the epoch.
    Timestamp(i64),
}

/// A part of an interpolated text.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum TextPart {
    Text(String),
    Expr(Expr),
}

/// An item of a tuple expression.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum TupleItem {
    /// `name = e` or `e`
    Field { name: Option<Ident>, value: Expr },
    /// `..t`
    Splice(Expr),
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Arg {
    /// `label =` before it.
    pub label: Option<Ident>,
    /// Its value.
    pub value: Expr,
}

/// `let name: T = value`
#[derive(Debug, Clone, PartialEq)]
pub struct LetBinding {
    /// The name.
    pub name: Ident,
    /// Its type, if it is written.
    pub ty: Option<TypeExpr>,
    /// Its value.
    pub value: Expr,
}

/// `pattern => e`
#[derive(Debug, Clone, PartialEq)]
pub struct MatchArm {
    /// What it matches.
    pub pattern: Pattern,
    /// What follows.
    pub body: Expr,
}

/// A pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// What it is.
    pub kind: PatternKind,
    /// Where it stands.
    pub span: Span,
}

/// Forms of patterns.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum PatternKind {
    Literal(Literal),
    /// A name, which is bound.
    Bind(Ident),
    /// `_`
    Any,
    /// `.variant` or `.variant(pattern)`
    Variant {
        name: Ident,
        payload: Option<Box<Pattern>>,
    },
    /// `p | q`
    Alternatives(Vec<Pattern>),
    /// What could not be parsed.
    Error,
}

/// Prefix operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum UnaryOp {
    Neg,
    Plus,
    Not,
}

/// Infix operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum BinaryOp {
    Pow,
    Mul,
    /// `/` and `//`
    Div,
    Rem,
    Add,
    Sub,
    Eq,
    Ne,
    Lt,
    Lte,
    Gt,
    Gte,
    /// `??`
    Coalesce,
    And,
    Or,
}
