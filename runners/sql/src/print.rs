//! Writes a tree as SQL: on one line, or with a line for each clause and subqueries indented.

mod expr;

use std::fmt::Write;

use crate::tree::{Body, From, Ident, JoinKind, Order, Output, Query, Select, Table, With, WithKind};

/// How SQL is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// What stands before the number of a parameter.
    pub(crate) param: &'static str,
    /// Whether clauses have lines of their own.
    pub(crate) is_indented: bool,
}

/// Writes a statement.
pub(crate) fn print(query: &Query, style: Style) -> String {
    let mut printer = Printer { text: String::new(), style, depth: 0 };
    printer.query(query);
    printer.text
}

/// A name between quotes.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

struct Printer {
    text: String,
    style: Style,
    /// Queries around this place.
    depth: usize,
}

impl Printer {
    fn query(&mut self, query: &Query) {
        if !query.with.is_empty() {
            let is_recursive = query.with.iter().any(|with| with.kind == WithKind::Recursive);
            self.put(if is_recursive { "WITH RECURSIVE " } else { "WITH " });
            self.separated(&query.with, Self::with);
            self.line(0);
        }
        self.body(&query.body);
        self.order_by(&query.order);
        if let Some(limit) = &query.limit {
            self.clause("LIMIT ");
            self.expr(limit);
        }
        if let Some(offset) = &query.offset {
            self.clause("OFFSET ");
            self.expr(offset);
        }
    }

    fn with(&mut self, with: &With) {
        self.ident(&with.name);
        self.names(&with.columns);
        self.put(" AS ");
        match with.kind {
            WithKind::Plain | WithKind::Recursive => {}
            WithKind::Inlined => self.put("NOT MATERIALIZED "),
        }
        self.nested(&with.query);
    }

    fn body(&mut self, body: &Body) {
        match body {
            Body::Select(select) => self.select(select),
            Body::UnionAll(queries) => {
                for (index, query) in queries.iter().enumerate() {
                    if index > 0 {
                        self.clause("UNION ALL");
                        self.line(0);
                    }
                    self.operand(query);
                }
            }
            Body::Values(rows) => {
                self.put("VALUES ");
                self.separated(rows, |this, row| {
                    this.put("(");
                    this.list(row);
                    this.put(")");
                });
            }
            Body::Insert { table, columns, query } => {
                self.put("INSERT INTO ");
                self.table(table);
                self.put(" ");
                self.names(columns);
                self.line(0);
                self.query(query);
            }
            Body::Update { table, alias, set, from, condition } => {
                self.put("UPDATE ");
                self.table(table);
                self.alias(alias);
                self.clause("SET ");
                self.separated(set, |this, (name, value)| {
                    this.ident(name);
                    this.put(" = ");
                    this.expr(value);
                });
                self.clause("FROM ");
                self.from(from);
                self.clause("WHERE ");
                self.expr(condition);
            }
            Body::Delete { table, alias, using, condition } => {
                self.put("DELETE FROM ");
                self.table(table);
                self.alias(alias);
                if let Some(using) = using {
                    self.clause("USING ");
                    self.from(using);
                }
                self.clause("WHERE ");
                self.expr(condition);
            }
            Body::Verbatim(text) => {
                // It may end in a comment.
                self.put("\n");
                self.put(text);
                self.put("\n");
            }
        }
    }

    /// A side of a union, in parentheses if it is more than a SELECT.
    fn operand(&mut self, query: &Query) {
        let is_plain =
            matches!(query.body, Body::Select(_)) && query.with.is_empty() && query.order.is_empty();
        if is_plain && query.limit.is_none() && query.offset.is_none() {
            self.query(query);
        } else {
            self.nested(query);
        }
    }

    fn select(&mut self, select: &Select) {
        self.put("SELECT");
        if !select.distinct_on.is_empty() {
            self.put(" DISTINCT ON (");
            self.list(&select.distinct_on);
            self.put(")");
        }
        if !select.columns.is_empty() {
            self.put(" ");
            self.separated(&select.columns, |this, column| match column {
                Output::Column(expr, name) => {
                    this.expr(expr);
                    this.alias(name);
                }
                Output::All(table) => {
                    this.ident(table);
                    this.put(".*");
                }
            });
        }
        if let Some(from) = &select.from {
            self.clause("FROM ");
            self.from(from);
        }
        self.conditions("WHERE ", &select.conditions);
        if !select.group_by.is_empty() {
            self.clause("GROUP BY ");
            self.list(&select.group_by);
        }
        self.conditions("HAVING ", &select.having);
    }

    fn conditions(&mut self, word: &'static str, conditions: &[crate::tree::Expr]) {
        for (index, condition) in conditions.iter().enumerate() {
            if index == 0 {
                self.clause(word);
            } else {
                self.line(1);
                self.put("AND ");
            }
            self.expr(condition);
        }
    }

    fn from(&mut self, from: &From) {
        match from {
            From::Table { table, alias } => {
                self.table(table);
                self.alias(alias);
            }
            From::Query { query, alias, columns, is_lateral } => {
                if *is_lateral {
                    self.put("LATERAL ");
                }
                self.nested(query);
                self.alias(alias);
                self.names(columns);
            }
            From::Function { call, alias, columns, is_counted } => {
                self.expr(call);
                if *is_counted {
                    self.put(" WITH ORDINALITY");
                }
                self.alias(alias);
                self.names(columns);
            }
            From::Join { kind, left, right, condition } => {
                self.from(left);
                self.clause(match (kind, condition) {
                    (JoinKind::Inner, None) => "CROSS JOIN ",
                    (JoinKind::Inner, Some(_)) => "JOIN ",
                    (JoinKind::Left, _) => "LEFT JOIN ",
                });
                match &**right {
                    From::Join { .. } => {
                        self.put("(");
                        self.from(right);
                        self.put(")");
                    }
                    _ => self.from(right),
                }
                match (kind, condition) {
                    (_, Some(condition)) => {
                        self.put(" ON ");
                        self.expr(condition);
                    }
                    (JoinKind::Left, None) => self.put(" ON true"),
                    (JoinKind::Inner, None) => {}
                }
            }
        }
    }

    fn order_by(&mut self, order: &[Order]) {
        if !order.is_empty() {
            self.clause("ORDER BY ");
            self.orders(order);
        }
    }

    fn orders(&mut self, order: &[Order]) {
        self.separated_inline(order, |this, order| {
            this.expr(&order.key);
            if order.is_descending {
                this.put(" DESC");
            }
        });
    }

    /// A query in parentheses.
    fn nested(&mut self, query: &Query) {
        self.put("(");
        self.depth += 1;
        if self.style.is_indented {
            self.line(0);
        }
        self.query(query);
        self.depth -= 1;
        if self.style.is_indented {
            self.line(0);
        }
        self.put(")");
    }

    fn table(&mut self, table: &Table) {
        if let Some(schema) = &table.schema {
            self.ident(schema);
            self.put(".");
        }
        self.ident(&table.name);
    }

    fn alias(&mut self, alias: &Ident) {
        self.put(" AS ");
        self.ident(alias);
    }

    fn names(&mut self, names: &[Ident]) {
        if !names.is_empty() {
            self.put("(");
            self.separated_inline(names, Self::ident);
            self.put(")");
        }
    }

    fn ident(&mut self, ident: &Ident) {
        match ident {
            Ident::Numbered(prefix, number) => {
                let _ = write!(self.text, "{prefix}{number}");
            }
            Ident::Fixed(name) => self.put(name),
            Ident::Quoted(name) => self.put(&quoted(name)),
        }
    }

    /// Parts of a clause, each on its own line if lines are indented.
    fn separated<T>(&mut self, parts: &[T], mut write: impl FnMut(&mut Self, &T)) {
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                self.put(",");
                self.line(1);
            }
            write(self, part);
        }
    }

    fn separated_inline<T>(&mut self, parts: &[T], mut write: impl FnMut(&mut Self, &T)) {
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                self.put(", ");
            }
            write(self, part);
        }
    }

    /// A word that begins a clause.
    fn clause(&mut self, word: &'static str) {
        self.line(0);
        self.put(word);
    }

    /// A new line, or a space.
    fn line(&mut self, more: usize) {
        if self.style.is_indented {
            self.text.push('\n');
            for _ in 0..self.depth + more {
                self.text.push_str("  ");
            }
        } else {
            self.text.push(' ');
        }
    }

    fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::expr;

    fn sample() -> Query {
        let (t1, t2) = (Ident::Numbered("t", 1), Ident::Numbered("t", 2));
        let table = Table { schema: Some(Ident::quoted("main")), name: Ident::quoted("a \" b") };
        let key = expr::column(&t1, Ident::quoted("key"));
        let inner = Query::select(Select {
            columns: vec![Output::Column(key.clone(), Ident::Numbered("c", 1))],
            from: Some(From::Table { table, alias: t1 }),
            conditions: vec![expr::equal(&key, &expr::param(1)), expr::is_not_null(&key)],
            ..Select::default()
        });
        let column = expr::column(&t2, Ident::Numbered("c", 1));
        let sum = expr::Aggregate::new("sum", [column.clone()]).filter(Some(&expr::is_null(&column)));
        let from = From::Query {
            query: Box::new(inner.fenced()),
            alias: t2,
            columns: Vec::new(),
            is_lateral: false,
        };
        Query::select(Select {
            columns: vec![Output::Column(expr::cast(&sum.expr(), "int8"), Ident::Fixed("s"))],
            from: Some(from),
            group_by: vec![column],
            ..Select::default()
        })
    }

    #[test]
    fn a_statement_on_one_line() {
        let text = print(&sample(), Style { param: "$", is_indented: false });
        let wanted = "SELECT (sum(t2.c1) FILTER (WHERE (t2.c1 IS NULL)))::int8 AS s FROM (SELECT t1.\"key\" AS c1 \
                      FROM \"main\".\"a \"\" b\" AS t1 WHERE (t1.\"key\" = $1) AND (t1.\"key\" IS NOT NULL) \
                      OFFSET 0) AS t2 GROUP BY t2.c1";
        assert_eq!(text, wanted);
    }

    #[test]
    fn a_statement_on_many_lines() {
        let text = print(&sample(), Style { param: "$p", is_indented: true });
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines.get(1..4),
            Some(&["FROM (", "  SELECT t1.\"key\" AS c1", "  FROM \"main\".\"a \"\" b\" AS t1"][..])
        );
        assert_eq!(
            lines.get(4..8),
            Some(
                &["  WHERE (t1.\"key\" = $p1)", "    AND (t1.\"key\" IS NOT NULL)", "  OFFSET 0", ") AS t2"]
                    [..]
            )
        );
    }
}
