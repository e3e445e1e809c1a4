use std::rc::Rc;

use runner_core::Prim;

use super::{Ident, Query, Type};

/// A SQL expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expr(Rc<Node>);

/// What an expression is.
#[derive(Debug, PartialEq)]
pub(crate) enum Node {
    Column {
        table: Option<Ident>,
        name: Ident,
    },
    /// A parameter by its number from 1.
    Param(usize),
    Text(Rc<str>),
    Number(i128),
    /// Static SQL without operands: `true`, `NULL`.
    Word(&'static str),
    Cast(Expr, Type),
    /// A call of a function by its name.
    Call {
        function: Rc<str>,
        args: Vec<Expr>,
    },
    /// A call of a function that a connection must have.
    Helper {
        name: &'static str,
        args: Vec<Expr>,
    },
    /// A call with names of arguments: `struct_pack(a := x)`.
    Named {
        function: &'static str,
        args: Vec<(Ident, Expr)>,
    },
    Template {
        text: &'static str,
        args: Vec<Expr>,
    },
    /// `(x).name`
    Field(Expr, Ident),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `lambda x: ..`
    Lambda(Ident, Expr),
    /// `(a + b)`
    Binary(&'static str, Expr, Expr),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Expr),
    In(Expr, Vec<Expr>),
    IsNull(Expr),
    IsNotNull(Expr),
    Case {
        branches: Vec<(Expr, Expr)>,
        otherwise: Option<Expr>,
    },
    Aggregate(Aggregate),
    /// The value of a table's column: in the column's own type, and converted.
    Own {
        own: Expr,
        of: Own,
        value: Expr,
    },
    /// A query of one row and one column.
    Query(Query),
    Exists(Query),
}

/// A table's column of dates, times or decimals.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Own {
    pub(crate) prim: Prim,
    pub(crate) column: Rc<str>,
}

/// An aggregate or a window function.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Aggregate {
    pub(crate) function: Rc<str>,
    /// Whether the function is a helper.
    pub(crate) is_helper: bool,
    pub(crate) args: Vec<Expr>,
    pub(crate) order: Vec<Order>,
    pub(crate) filter: Option<Expr>,
    pub(crate) over: Option<Over>,
}

/// A window.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Over {
    pub(crate) partition: Vec<Expr>,
    pub(crate) order: Vec<Order>,
    /// Rows before and after.
    pub(crate) frame: Option<(Expr, Expr)>,
}

/// A key of an order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    pub(crate) key: Expr,
    pub(crate) is_descending: bool,
}

impl Expr {
    pub(crate) fn node(&self) -> &Node {
        &self.0
    }

    /// A number that is written, perhaps with a type.
    pub(crate) fn as_number(&self) -> Option<i128> {
        match self.node() {
            Node::Number(number) => Some(*number),
            Node::Cast(value, _) => value.as_number(),
            _ => None,
        }
    }

    /// This value in the type of the table's column that it is read from, if it is read from one as it is.
    pub(crate) fn own(&self) -> Option<(&Self, &Own)> {
        match self.node() {
            Node::Own { own, of, .. } => Some((own, of)),
            _ => None,
        }
    }

    /// The same, or the value itself where there is none. Both have the same groups, order and NULLs.
    pub(crate) fn own_or_value(&self) -> &Self {
        self.own().map_or(self, |(own, _)| own)
    }

    /// Whether it is a literal or a parameter.
    pub(crate) fn is_constant(&self) -> bool {
        match self.node() {
            Node::Param(_) | Node::Text(_) | Node::Number(_) | Node::Word(_) => true,
            Node::Cast(value, _) => value.is_constant(),
            _ => false,
        }
    }

    /// Whether it is a column, or a part of one.
    pub(crate) fn is_plain(&self) -> bool {
        match self.node() {
            Node::Column { .. } => true,
            Node::Field(value, _) | Node::Cast(value, _) => value.is_plain(),
            Node::Own { own, .. } => own.is_plain(),
            _ => self.is_constant(),
        }
    }

    /// Whether literals and parameters alone may decide it, so that an engine may evaluate it while it plans: of constant
    /// conditions only the branch that is taken is left.
    pub(crate) fn is_foldable(&self) -> bool {
        match self.node() {
            Node::Column { .. }
            | Node::Query(_)
            | Node::Exists(_)
            | Node::Aggregate(_)
            | Node::Own { .. } => false,
            Node::Case { branches, otherwise } => {
                let decided = branches.iter().take_while(|(condition, _)| condition.is_foldable()).count();
                let values = branches.iter().map(|(_, value)| value).chain(otherwise);
                values.take(decided + 1).any(Self::is_foldable)
            }
            _ => {
                let mut is_foldable = true;
                self.for_each_part(&mut |part| is_foldable &= part.is_foldable());
                is_foldable
            }
        }
    }

    /// Whether a subquery is in it.
    pub(crate) fn has_query(&self) -> bool {
        let mut found = false;
        self.walk(&mut |part| found |= matches!(part.node(), Node::Query(_) | Node::Exists(_)));
        found
    }

    /// Calls `visit` with this and each expression within it.
    pub(crate) fn walk(&self, visit: &mut dyn FnMut(&Expr)) {
        visit(self);
        self.for_each_part(&mut |part| part.walk(visit));
    }

    /// Calls `visit` with each expression that this one is made of; of a subquery, with all in it.
    fn for_each_part(&self, visit: &mut dyn FnMut(&Expr)) {
        match self.node() {
            Node::Column { .. } | Node::Param(_) | Node::Text(_) | Node::Number(_) | Node::Word(_) => {}
            Node::Cast(value, _) | Node::Field(value, _) | Node::Lambda(_, value) => visit(value),
            Node::Not(value) | Node::IsNull(value) | Node::IsNotNull(value) => visit(value),
            Node::Call { args, .. } | Node::Helper { args, .. } | Node::Template { args, .. } => {
                args.iter().for_each(visit);
            }
            Node::List(args) | Node::And(args) | Node::Or(args) => {
                args.iter().for_each(visit);
            }
            Node::Named { args, .. } => args.iter().for_each(|(_, arg)| visit(arg)),
            Node::Binary(_, left, right) => {
                visit(left);
                visit(right);
            }
            Node::In(value, items) => {
                visit(value);
                items.iter().for_each(visit);
            }
            Node::Case { branches, otherwise } => {
                for (condition, value) in branches {
                    visit(condition);
                    visit(value);
                }
                otherwise.iter().for_each(visit);
            }
            Node::Aggregate(aggregate) => aggregate.for_each_part(visit),
            Node::Own { value, .. } => visit(value),
            Node::Query(query) | Node::Exists(query) => query.for_each_expr(visit),
        }
    }
}

impl Aggregate {
    pub(crate) fn new(function: impl Into<Rc<str>>, args: impl Into<Vec<Expr>>) -> Self {
        let (function, args) = (function.into(), args.into());
        Self { function, is_helper: false, args, order: Vec::new(), filter: None, over: None }
    }

    pub(crate) fn order(mut self, order: &[Order]) -> Self {
        self.order = order.to_vec();
        self
    }

    pub(crate) fn filter(mut self, filter: Option<&Expr>) -> Self {
        self.filter = filter.cloned();
        self
    }

    pub(crate) fn over(mut self, over: Option<&Over>) -> Self {
        self.over = over.cloned();
        self
    }

    pub(crate) fn expr(self) -> Expr {
        Expr::new(Node::Aggregate(self))
    }

    fn for_each_part(&self, visit: &mut dyn FnMut(&Expr)) {
        self.args.iter().for_each(&mut *visit);
        self.order.iter().for_each(|order| visit(&order.key));
        self.filter.iter().for_each(&mut *visit);
        if let Some(over) = &self.over {
            over.partition.iter().for_each(&mut *visit);
            over.order.iter().for_each(|order| visit(&order.key));
            if let Some((before, after)) = &over.frame {
                visit(before);
                visit(after);
            }
        }
    }
}

impl Expr {
    pub(crate) fn new(node: Node) -> Self {
        Self(Rc::new(node))
    }
}

pub(crate) fn column(table: &Ident, name: Ident) -> Expr {
    Expr::new(Node::Column { table: Some(table.clone()), name })
}

/// A name that stands alone: a lambda's parameter.
pub(crate) fn name(name: Ident) -> Expr {
    Expr::new(Node::Column { table: None, name })
}

pub(crate) fn param(number: usize) -> Expr {
    Expr::new(Node::Param(number))
}

pub(crate) fn text(text: &str) -> Expr {
    Expr::new(Node::Text(text.into()))
}

pub(crate) fn number(number: impl Into<i128>) -> Expr {
    Expr::new(Node::Number(number.into()))
}

pub(crate) fn word(word: &'static str) -> Expr {
    Expr::new(Node::Word(word))
}

pub(crate) fn bool(value: bool) -> Expr {
    word(if value { "true" } else { "false" })
}

pub(crate) fn null() -> Expr {
    word("NULL")
}

pub(crate) fn cast(value: &Expr, ty: impl Into<Type>) -> Expr {
    Expr::new(Node::Cast(value.clone(), ty.into()))
}

pub(crate) fn call(function: impl Into<Rc<str>>, args: impl Into<Vec<Expr>>) -> Expr {
    Expr::new(Node::Call { function: function.into(), args: args.into() })
}

pub(crate) fn helper(name: &'static str, args: impl Into<Vec<Expr>>) -> Expr {
    Expr::new(Node::Helper { name, args: args.into() })
}

pub(crate) fn named(function: &'static str, args: impl Into<Vec<(Ident, Expr)>>) -> Expr {
    Expr::new(Node::Named { function, args: args.into() })
}

/// Static text with a `{}` for each of these.
pub(crate) fn template<'a>(text: &'static str, args: impl IntoIterator<Item = &'a Expr>) -> Expr {
    Expr::new(Node::Template { text, args: args.into_iter().cloned().collect() })
}

pub(crate) fn field(value: &Expr, name: Ident) -> Expr {
    Expr::new(Node::Field(value.clone(), name))
}

pub(crate) fn list(items: impl Into<Vec<Expr>>) -> Expr {
    Expr::new(Node::List(items.into()))
}

pub(crate) fn lambda(parameter: Ident, body: &Expr) -> Expr {
    Expr::new(Node::Lambda(parameter, body.clone()))
}

/// `(a + b)`
pub(crate) fn binary(operator: &'static str, left: &Expr, right: &Expr) -> Expr {
    Expr::new(Node::Binary(operator, left.clone(), right.clone()))
}

/// The value of a table's column: in the column's own type, and converted.
pub(crate) fn own(own: &Expr, of: &Own, value: &Expr) -> Expr {
    Expr::new(Node::Own { own: own.clone(), of: of.clone(), value: value.clone() })
}

pub(crate) fn equal(left: &Expr, right: &Expr) -> Expr {
    binary("=", left, right)
}

/// All of these, `true` if there are none.
pub(crate) fn and(conditions: impl Into<Vec<Expr>>) -> Expr {
    let mut conditions = conditions.into();
    match conditions.len() {
        0 => bool(true),
        1 => conditions.remove(0),
        _ => Expr::new(Node::And(conditions)),
    }
}

/// One of these, `false` if there are none.
pub(crate) fn or(conditions: impl Into<Vec<Expr>>) -> Expr {
    let mut conditions = conditions.into();
    match conditions.len() {
        0 => bool(false),
        1 => conditions.remove(0),
        _ => Expr::new(Node::Or(conditions)),
    }
}

pub(crate) fn not(condition: &Expr) -> Expr {
    match condition.node() {
        Node::Not(inner) => inner.clone(),
        Node::IsNull(value) => is_not_null(value),
        Node::IsNotNull(value) => is_null(value),
        _ => Expr::new(Node::Not(condition.clone())),
    }
}

pub(crate) fn is_in(value: &Expr, items: impl Into<Vec<Expr>>) -> Expr {
    Expr::new(Node::In(value.clone(), items.into()))
}

pub(crate) fn is_null(value: &Expr) -> Expr {
    Expr::new(Node::IsNull(value.clone()))
}

pub(crate) fn is_not_null(value: &Expr) -> Expr {
    Expr::new(Node::IsNotNull(value.clone()))
}

/// The value of the first condition that holds, else the last one, or NULL.
pub(crate) fn case(branches: impl Into<Vec<(Expr, Expr)>>, otherwise: Option<Expr>) -> Expr {
    let branches = branches.into();
    match (branches.is_empty(), otherwise) {
        (true, otherwise) => otherwise.unwrap_or_else(null),
        (false, otherwise) => Expr::new(Node::Case { branches, otherwise }),
    }
}

/// The value where a condition holds, NULL elsewhere.
pub(crate) fn when(condition: &Expr, value: &Expr) -> Expr {
    case([(condition.clone(), value.clone())], None)
}

pub(crate) fn coalesce(value: &Expr, otherwise: &Expr) -> Expr {
    call("coalesce", [value.clone(), otherwise.clone()])
}

/// A part of a text, if both bounds are literals that count from its start.
pub(crate) fn substring(text: &Expr, start: &Expr, end: &Expr) -> Option<Expr> {
    let bound = |bound: &Expr| bound.as_number().filter(|bound| (0..i128::from(i32::MAX)).contains(bound));
    let (start, end) = (bound(start)?, bound(end)?);
    let count = number((end - start).max(0));
    Some(call("substr", [text.clone(), cast(&number(start + 1), "integer"), cast(&count, "integer")]))
}

pub(crate) fn query(query: Query) -> Expr {
    Expr::new(Node::Query(query))
}

pub(crate) fn exists(query: Query) -> Expr {
    Expr::new(Node::Exists(query))
}

impl std::convert::From<&'static str> for Type {
    fn from(name: &'static str) -> Self {
        Self::new(name)
    }
}

impl std::convert::From<&Type> for Type {
    fn from(ty: &Type) -> Self {
        ty.clone()
    }
}
