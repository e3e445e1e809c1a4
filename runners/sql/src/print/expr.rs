use std::fmt::Write;

use super::Printer;
use crate::tree::{Aggregate, Expr, Node, Over};

/// Where functions live that a connection makes for itself.
const HELPERS: &str = "pg_temp.";

impl Printer {
    pub(super) fn expr(&mut self, expr: &Expr) {
        match expr.node() {
            Node::Column { table, name } => {
                if let Some(table) = table {
                    self.ident(table);
                    self.put(".");
                }
                self.ident(name);
            }
            Node::Param(number) => {
                let _ = write!(self.text, "{}{number}", self.style.param);
            }
            Node::Text(text) => self.quoted_text(text),
            Node::Number(number) => {
                let _ = match number {
                    ..0 => write!(self.text, "({number})"),
                    0.. => write!(self.text, "{number}"),
                };
            }
            Node::Word(word) => self.put(word),
            Node::Cast(value, ty) => {
                self.primary(value);
                self.put("::");
                self.put(ty.name());
            }
            Node::Call { function, args } => self.call("", function, args),
            Node::Helper { name, args } => self.call(HELPERS, name, args),
            Node::Named { function, args } => {
                self.put(function);
                self.put("(");
                self.separated_inline(args, |this, (name, value)| {
                    this.ident(name);
                    this.put(" := ");
                    this.expr(value);
                });
                self.put(")");
            }
            Node::Template { text, args } => self.template(text, args),
            Node::Field(value, name) => {
                self.put("(");
                self.expr(value);
                self.put(").");
                self.ident(name);
            }
            Node::List(items) => {
                self.put("[");
                self.list(items);
                self.put("]");
            }
            Node::Lambda(parameter, body) => {
                self.put("lambda ");
                self.ident(parameter);
                self.put(": ");
                self.expr(body);
            }
            Node::Binary(operator, left, right) => {
                self.put("(");
                self.expr(left);
                let _ = write!(self.text, " {operator} ");
                self.expr(right);
                self.put(")");
            }
            Node::And(conditions) => self.chain(" AND ", conditions),
            Node::Or(conditions) => self.chain(" OR ", conditions),
            Node::Not(condition) => {
                self.put("(NOT ");
                self.expr(condition);
                self.put(")");
            }
            Node::In(value, items) => {
                self.put("(");
                self.expr(value);
                self.put(" IN (");
                self.list(items);
                self.put("))");
            }
            Node::IsNull(value) => self.postfix(value, " IS NULL)"),
            Node::IsNotNull(value) => self.postfix(value, " IS NOT NULL)"),
            Node::Case { branches, otherwise } => {
                self.put("CASE");
                for (condition, value) in branches {
                    self.put(" WHEN ");
                    self.expr(condition);
                    self.put(" THEN ");
                    self.expr(value);
                }
                if let Some(otherwise) = otherwise {
                    self.put(" ELSE ");
                    self.expr(otherwise);
                }
                self.put(" END");
            }
            Node::Aggregate(aggregate) => self.aggregate(aggregate),
            Node::Own { value, .. } => self.expr(value),
            Node::Query(query) => self.nested(query),
            Node::Exists(query) => {
                self.put("EXISTS ");
                self.nested(query);
            }
        }
    }

    /// An expression that a cast may follow.
    fn primary(&mut self, expr: &Expr) {
        if let Node::Own { value, .. } = expr.node() {
            return self.primary(value);
        }
        let is_open = matches!(expr.node(), Node::Case { .. } | Node::Template { .. } | Node::Aggregate(_));
        if is_open {
            self.put("(");
        }
        self.expr(expr);
        if is_open {
            self.put(")");
        }
    }

    pub(super) fn list(&mut self, exprs: &[Expr]) {
        self.separated_inline(exprs, Self::expr);
    }

    fn call(&mut self, prefix: &'static str, function: &str, args: &[Expr]) {
        self.put(prefix);
        self.put(function);
        self.put("(");
        self.list(args);
        self.put(")");
    }

    fn template(&mut self, text: &'static str, args: &[Expr]) {
        let mut args = args.iter();
        for (index, part) in text.split("{}").enumerate() {
            if index > 0
                && let Some(arg) = args.next()
            {
                self.expr(arg);
            }
            self.put(part);
        }
    }

    fn chain(&mut self, operator: &'static str, conditions: &[Expr]) {
        self.put("(");
        for (index, condition) in conditions.iter().enumerate() {
            if index > 0 {
                self.put(operator);
            }
            self.expr(condition);
        }
        self.put(")");
    }

    fn postfix(&mut self, value: &Expr, operator: &'static str) {
        self.put("(");
        self.expr(value);
        self.put(operator);
    }

    fn aggregate(&mut self, aggregate: &Aggregate) {
        if aggregate.is_helper {
            self.put(HELPERS);
        }
        self.put(&aggregate.function);
        self.put("(");
        self.list(&aggregate.args);
        if !aggregate.order.is_empty() {
            self.put(" ORDER BY ");
            self.orders(&aggregate.order);
        }
        self.put(")");
        if let Some(filter) = &aggregate.filter {
            self.put(" FILTER (WHERE ");
            self.expr(filter);
            self.put(")");
        }
        if let Some(over) = &aggregate.over {
            self.over(over);
        }
    }

    fn over(&mut self, over: &Over) {
        self.put(" OVER (");
        if !over.partition.is_empty() {
            self.put("PARTITION BY ");
            self.list(&over.partition);
        }
        if !over.order.is_empty() {
            self.put(if over.partition.is_empty() { "ORDER BY " } else { " ORDER BY " });
            self.orders(&over.order);
        }
        if let Some((before, after)) = &over.frame {
            self.put(" ROWS BETWEEN ");
            self.expr(before);
            self.put(" PRECEDING AND ");
            self.expr(after);
            self.put(" FOLLOWING");
        }
        self.put(")");
    }

    fn quoted_text(&mut self, text: &str) {
        self.put("'");
        self.put(&text.replace('\'', "''"));
        self.put("'");
    }
}
