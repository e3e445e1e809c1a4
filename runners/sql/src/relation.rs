use crate::{sql::Sql, value::Val};

/// An array as a SELECT in the making.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    /// What stands behind FROM.
    pub(crate) from: String,
    /// Conditions, all of which must hold.
    pub(crate) wheres: Vec<Sql>,
    /// The columns of an item, over the aliases of `from`.
    pub(crate) item: Val,
    /// The keys that give the order, over the aliases of `from`. Empty if there is none.
    pub(crate) order: Vec<Key>,
    /// Whether no two rows have the same keys.
    pub(crate) is_total: bool,
    /// A column that counts the rows from 1 without gaps, in order.
    pub(crate) position: Option<Sql>,
    /// Rows to skip and rows to take, in this order.
    pub(crate) limit: Option<(u64, u64)>,
    /// Whether something in `from` or `wheres` may fail for a row.
    pub(crate) rows_can_fail: bool,
    /// Whether `from` leaves out rows of what it is made of, by a join or a condition within. A database may evaluate what
    /// speaks of such rows before it does so.
    pub(crate) leaves_out: bool,
    /// The table that `from` is, as long as it is nothing else.
    pub(crate) keys: Option<Keys>,
}

/// Columns of a table that find rows.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    /// The alias of the table.
    pub(crate) alias: String,
    /// Those that no two rows agree in.
    pub(crate) unique: Vec<Sql>,
    /// Those that an index begins with.
    pub(crate) indexed: Vec<Sql>,
}

/// A key of an order.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) sql: Sql,
    pub(crate) descending: bool,
}

impl Relation {
    pub(crate) fn new(from: String, item: Val) -> Self {
        Self {
            from,
            wheres: Vec::new(),
            item,
            order: Vec::new(),
            is_total: false,
            position: None,
            limit: None,
            rows_can_fail: false,
            leaves_out: false,
            keys: None,
        }
    }

    /// A relation whose order is a column that counts from 1.
    pub(crate) fn counted(from: String, item: Val, position: Sql) -> Self {
        Self {
            order: vec![Key { sql: position.clone(), descending: false }],
            is_total: true,
            position: Some(position),
            ..Self::new(from, item)
        }
    }

    /// A relation in the order of a column without ties.
    pub(crate) fn ordered(from: String, item: Val, key: Sql) -> Self {
        Self { position: None, ..Self::counted(from, item, key) }
    }

    pub(crate) fn can_fail(&self) -> bool {
        self.rows_can_fail || self.item.can_fail()
    }

    /// Whether rows are left out, here or within.
    pub(crate) fn is_partial(&self) -> bool {
        self.leaves_out || !self.wheres.is_empty()
    }

    /// `FROM ... WHERE ...`
    pub(crate) fn tail(&self) -> String {
        let mut tail = format!(" FROM {}", self.from);
        for (index, condition) in self.wheres.iter().enumerate() {
            tail.push_str(if index == 0 { " WHERE " } else { " AND " });
            tail.push_str(condition.text());
        }
        tail
    }

    /// `ORDER BY ...` with a space before it, or nothing.
    pub(crate) fn order_by(&self) -> String {
        let mut text = String::new();
        for (index, key) in self.order.iter().enumerate() {
            text.push_str(if index == 0 { " ORDER BY " } else { ", " });
            text.push_str(key.sql.text());
            if key.descending {
                text.push_str(" DESC");
            }
        }
        text
    }

    /// `LIMIT ... OFFSET ...` with a space before it, or nothing.
    pub(crate) fn limit_text(&self) -> String {
        match self.limit {
            Some((skip, take)) => {
                let skip = if skip > 0 { format!(" OFFSET {skip}") } else { String::new() };
                format!(" LIMIT {take}{skip}")
            }
            None => String::new(),
        }
    }

    pub(crate) fn reverse(&mut self) {
        for key in &mut self.order {
            key.descending = !key.descending;
        }
        self.position = None;
    }
}
