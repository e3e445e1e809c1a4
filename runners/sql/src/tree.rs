//! SQL as a tree: what a plan is emitted as, and what [`print`](crate::print) writes.
//!
//! # Conventions
//!
//! - An [`Expr`] is immutable and cheap to clone. It is made by the functions of [`expr`]: `call`, `cast`, `binary`,
//!   `template`, ...
//! - A **template** is static text with a `{}` for each operand: `template("({} || {})", [a, b])`. It spells an operation
//!   and nothing else: no clause, no subquery, no identifier, no name of a type that depends on the program (that is a
//!   [`Type`] in a cast, or `ty(..)` as an operand). A template puts itself into parentheses where its operators need it;
//!   its operands never need any, because every node prints as a primary of SQL: calls, columns, literals, casts
//!   (`x::int8`), or something in parentheses. `CASE` and templates are the exceptions: both are put into parentheses
//!   where a cast or an index follows.
//! - Names are [`Ident`]s. Those that the lowering makes print bare (`t5`, `c1`, `o`), all others quoted.
//! - Text literals are `text(..)`; the printer quotes them. Numbers are `number(..)`, without a type of their own.
//! - A function that a connection must have (PostgreSQL) is called by `helper("name", ..)`, so that a statement's helpers
//!   are found by walking it.
//! - An aggregate is an [`Aggregate`] with its order, filter and window, whatever is written around it.
//!
//! Nothing reads, compares or replaces printed SQL. What has to be known of an expression is known of the plan.

pub(crate) mod expr;

use std::rc::Rc;

pub(crate) use expr::{Aggregate, Expr, Node, Order, Over, Own};

/// A name in a statement.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Ident {
    /// A name that the lowering makes: `t5`, `c1`.
    Numbered(&'static str, usize),
    /// A name that the lowering knows: `o`, `ctid`.
    Fixed(&'static str),
    /// A name of the database or the program, which is quoted.
    Quoted(Rc<str>),
}

impl Ident {
    pub(crate) fn quoted(name: &str) -> Self {
        Self::Quoted(name.into())
    }
}

/// A type as the engine calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Type(Rc<str>);

impl Type {
    /// A type's name, in which names of fields are quoted.
    pub(crate) fn new(name: impl Into<Rc<str>>) -> Self {
        Self(name.into())
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// Arrays of this type.
    pub(crate) fn array(&self) -> Self {
        Self(format!("{}[]", self.0).into())
    }
}

/// A statement, or a query within one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    pub(crate) with: Vec<With>,
    pub(crate) body: Body,
    pub(crate) order: Vec<Order>,
    pub(crate) limit: Option<Expr>,
    /// `OFFSET 0` is a fence on both databases: such a query is not merged with the one around it.
    pub(crate) offset: Option<Expr>,
}

/// A common table expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct With {
    pub(crate) name: Ident,
    pub(crate) columns: Vec<Ident>,
    pub(crate) kind: WithKind,
    pub(crate) query: Query,
}

/// How a common table expression is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WithKind {
    /// As the engine likes.
    Plain,
    /// Wherever it is used.
    Inlined,
    /// It refers to itself.
    Recursive,
}

/// What a query is made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    Select(Box<Select>),
    UnionAll(Vec<Query>),
    Values(Vec<Vec<Expr>>),
    Insert {
        table: Table,
        columns: Vec<Ident>,
        query: Box<Query>,
    },
    Update {
        table: Table,
        alias: Ident,
        set: Vec<(Ident, Expr)>,
        from: From,
        condition: Expr,
    },
    Delete {
        table: Table,
        alias: Ident,
        using: Option<From>,
        condition: Expr,
    },
    /// SQL that a program gives as a whole.
    Verbatim(Rc<str>),
}

/// A SELECT.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Select {
    /// `DISTINCT ON`, if not empty.
    pub(crate) distinct_on: Vec<Expr>,
    pub(crate) columns: Vec<Output>,
    pub(crate) from: Option<From>,
    /// Conditions that all must hold.
    pub(crate) conditions: Vec<Expr>,
    pub(crate) group_by: Vec<Expr>,
    pub(crate) having: Vec<Expr>,
}

/// A column of a SELECT.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Output {
    /// An expression and its name.
    Column(Expr, Ident),
    /// All columns of something in FROM.
    All(Ident),
}

/// A table by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) schema: Option<Ident>,
    pub(crate) name: Ident,
}

/// What stands behind FROM.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum From {
    Table {
        table: Table,
        alias: Ident,
    },
    Query {
        query: Box<Query>,
        alias: Ident,
        columns: Vec<Ident>,
        is_lateral: bool,
    },
    /// A function that gives rows, and a counter from 1 as its last column if it is asked for.
    Function {
        call: Expr,
        alias: Ident,
        columns: Vec<Ident>,
        is_counted: bool,
    },
    Join {
        kind: JoinKind,
        left: Box<From>,
        right: Box<From>,
        condition: Option<Expr>,
    },
}

/// A join; without a condition it is one with `true`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JoinKind {
    Inner,
    Left,
}

impl Query {
    pub(crate) fn of(body: Body) -> Self {
        Self { with: Vec::new(), body, order: Vec::new(), limit: None, offset: None }
    }

    pub(crate) fn select(select: Select) -> Self {
        Self::of(Body::Select(Box::new(select)))
    }

    /// The same behind a fence.
    pub(crate) fn fenced(mut self) -> Self {
        if self.limit.is_none() && self.offset.is_none() {
            self.offset = Some(expr::number(0));
        }
        self
    }

    /// Calls `visit` with each expression, those within others too.
    pub(crate) fn for_each_expr(&self, visit: &mut dyn FnMut(&Expr)) {
        self.with.iter().for_each(|with| with.query.for_each_expr(visit));
        match &self.body {
            Body::Select(select) => select.for_each_expr(visit),
            Body::UnionAll(queries) => queries.iter().for_each(|query| query.for_each_expr(visit)),
            Body::Values(rows) => rows.iter().flatten().for_each(|expr| expr.walk(visit)),
            Body::Insert { query, .. } => query.for_each_expr(visit),
            Body::Update { set, from, condition, .. } => {
                set.iter().for_each(|(_, expr)| expr.walk(visit));
                from.for_each_expr(visit);
                condition.walk(visit);
            }
            Body::Delete { using, condition, .. } => {
                using.iter().for_each(|from| from.for_each_expr(visit));
                condition.walk(visit);
            }
            Body::Verbatim(_) => {}
        }
        self.order.iter().for_each(|order| order.key.walk(visit));
        self.limit.iter().chain(&self.offset).for_each(|expr| expr.walk(visit));
    }

    /// Names of the helpers that are called.
    pub(crate) fn helpers(&self) -> Vec<Rc<str>> {
        let mut names = Vec::new();
        self.for_each_expr(&mut |expr| {
            let name: Rc<str> = match expr.node() {
                Node::Helper { name, .. } => (*name).into(),
                Node::Aggregate(aggregate) if aggregate.is_helper => Rc::clone(&aggregate.function),
                _ => return,
            };
            if !names.contains(&name) {
                names.push(name);
            }
        });
        names
    }
}

impl Select {
    fn for_each_expr(&self, visit: &mut dyn FnMut(&Expr)) {
        self.distinct_on.iter().for_each(|expr| expr.walk(visit));
        for column in &self.columns {
            if let Output::Column(expr, _) = column {
                expr.walk(visit);
            }
        }
        self.from.iter().for_each(|from| from.for_each_expr(visit));
        let rest = self.conditions.iter().chain(&self.group_by).chain(&self.having);
        rest.for_each(|expr| expr.walk(visit));
    }
}

impl From {
    /// Names of what columns come from.
    pub(crate) fn aliases(&self) -> Vec<Ident> {
        match self {
            Self::Table { alias, .. } | Self::Query { alias, .. } | Self::Function { alias, .. } => {
                vec![alias.clone()]
            }
            Self::Join { left, right, .. } => {
                let mut all = left.aliases();
                all.extend(right.aliases());
                all
            }
        }
    }

    /// A join, or the right side alone.
    pub(crate) fn joined(left: Option<Self>, kind: JoinKind, right: Self, condition: Option<Expr>) -> Self {
        match left {
            Some(left) => Self::Join { kind, left: Box::new(left), right: Box::new(right), condition },
            None => right,
        }
    }

    fn for_each_expr(&self, visit: &mut dyn FnMut(&Expr)) {
        match self {
            Self::Table { .. } => {}
            Self::Query { query, .. } => query.for_each_expr(visit),
            Self::Function { call, .. } => call.walk(visit),
            Self::Join { left, right, condition, .. } => {
                left.for_each_expr(visit);
                right.for_each_expr(visit);
                condition.iter().for_each(|expr| expr.walk(visit));
            }
        }
    }
}
