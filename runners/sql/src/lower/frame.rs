use crate::sql::Sql;

/// What an expression needs beside itself in FROM and WHERE of the query that it stands in. Each join gives one row.
#[derive(Debug, Default, Clone)]
pub(super) struct Frame {
    joins: Vec<String>,
    pub(super) wheres: Vec<Sql>,
    pub(super) can_fail: bool,
}

impl Frame {
    pub(super) fn is_empty(&self) -> bool {
        self.joins.is_empty() && self.wheres.is_empty()
    }

    /// Joins something that begins with `CROSS JOIN LATERAL` or `LEFT JOIN LATERAL`.
    pub(super) fn join(&mut self, join: String, can_fail: bool) {
        self.joins.push(join);
        self.can_fail |= can_fail;
    }

    /// ` FROM ... WHERE ...`, or nothing.
    pub(super) fn clause(&self) -> String {
        if self.is_empty() { String::new() } else { self.joined("") }
    }

    /// ` FROM ... WHERE ...` with one more join.
    pub(super) fn joined(&self, join: &str) -> String {
        let mut text = String::from(" FROM (SELECT 1 AS z) AS t0");
        for join in self.joins.iter().map(String::as_str).chain([join]).filter(|join| !join.is_empty()) {
            text.push(' ');
            text.push_str(join);
        }
        for (index, condition) in self.wheres.iter().enumerate() {
            text.push_str(if index == 0 { " WHERE " } else { " AND " });
            text.push_str(condition.text());
        }
        text
    }

    /// The joins alone, each with a space before it.
    pub(super) fn join_text(&self) -> String {
        self.joins.iter().map(|join| format!(" {join}")).collect()
    }
}
