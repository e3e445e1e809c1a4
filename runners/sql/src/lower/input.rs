//! The input as parameters, and arrays of it as relations of just the columns that are used.

use runner_core::{Result, TypeId};

use super::Lowering;
use crate::{
    output::Param,
    relation::Relation,
    shape::{Leaf, Shape},
    sql::Sql,
    value::{Source, Val},
};

/// Lists of the input as a FROM item, of which some may turn out to be unused.
pub(super) struct Unnested {
    lists: Vec<Sql>,
    alias: String,
    /// With all lists.
    text: String,
}

impl Lowering<'_> {
    /// The input as parameters.
    pub(super) fn input(&mut self, ty: TypeId) -> Result<Val> {
        Ok(match self.shapes.get(ty) {
            Shape::Tuple => {
                let fields = self.shapes.fields(ty);
                Val::Tuple(fields.into_iter().map(|ty| self.input(ty)).collect::<Result<_>>()?)
            }
            Shape::Array(item) if self.dialect.has_packed_params() => {
                let array = self.param(Param::One(Leaf::Packed(ty)));
                let rows = self.rows_of(Val::Leaf(array), item)?;
                let text = self.numbered_query(rows);
                let name = format!("w{}", self.with.len() + 1);
                self.with.push((name.clone(), format!("({text})")));
                Val::Source(Source::Table { name, item })
            }
            Shape::Array(item) => {
                let mut leaves = self.shapes.leaves(item);
                if leaves.is_empty() {
                    leaves.push(Leaf::Some);
                }
                let lists = leaves.into_iter().map(|leaf| self.param(Param::Many(leaf))).collect();
                Val::Source(Source::Lists { lists, item })
            }
            _ => {
                let leaves: Vec<_> =
                    self.shapes.leaves(ty).into_iter().map(|leaf| self.param(Param::One(leaf))).collect();
                self.value_of(ty, &mut leaves.into_iter())?
            }
        })
    }

    fn param(&mut self, param: Param) -> Sql {
        self.params.push(param);
        let (leaf, is_list) = match param {
            Param::Many(leaf) => (leaf, true),
            Param::One(leaf) => (leaf, false),
            Param::Unused => (Leaf::Some, false),
        };
        self.dialect.param(self.params.len(), leaf, is_list)
    }

    /// A row for each entry of parallel lists.
    pub(super) fn unnested(&mut self, lists: Vec<Sql>, item: TypeId, alias: String) -> Result<Relation> {
        let columns: Vec<_> = lists.iter().enumerate().collect();
        let text = self.dialect.unnest(&columns, true, &alias);
        let rows = Relation::counted(text.clone(), self.of_alias(item, &alias)?, Sql::column(&alias, "o"));
        self.unnested.push(Unnested { lists, alias, text });
        Ok(rows)
    }

    /// A statement without the lists that nothing refers to, and the parameters of which only those are left that it
    /// holds.
    pub(super) fn without_unused(&mut self, mut sql: String) -> (String, Vec<Param>) {
        for Unnested { lists, alias, text } in std::mem::take(&mut self.unnested) {
            let is_used = |column: &str| holds(&sql, &format!("{alias}.{column}"));
            let mut columns: Vec<_> =
                lists.iter().enumerate().filter(|(index, _)| is_used(&format!("c{}", index + 1))).collect();
            if columns.is_empty() {
                // There is still a row for each entry.
                columns.extend(lists.iter().enumerate().next());
            }
            let wanted = self.dialect.unnest(&columns, is_used("o"), &alias);
            sql = replaced(&sql, &text, &wanted);
        }
        let numbered = std::mem::take(&mut self.params).into_iter().enumerate();
        let params = numbered.map(|(index, param)| {
            let leaf = Leaf::Some;
            let name = self.dialect.param(index + 1, leaf, false);
            let name = name.text().split(':').next().unwrap_or_default();
            if holds(&sql, name) { param } else { Param::Unused }
        });
        let params = params.collect();
        (sql, params)
    }
}

/// Whether a name stands in a statement, and not as a part of a longer one.
fn holds(sql: &str, name: &str) -> bool {
    places(sql, name).next().is_some()
}

/// A statement in which one piece is replaced, which begins or ends with a name.
fn replaced(sql: &str, piece: &str, by: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut end = 0;
    for place in places(sql, piece) {
        text.extend([sql.get(end..place).unwrap_or_default(), by]);
        end = place + piece.len();
    }
    text.push_str(sql.get(end..).unwrap_or_default());
    text
}

/// Where a piece stands in a statement with no letter or digit beside it.
pub(super) fn places<'a>(sql: &'a str, piece: &'a str) -> impl Iterator<Item = usize> {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    sql.match_indices(piece).map(|(place, _)| place).filter(move |place| {
        let (before, after) = (sql.get(..*place), sql.get(place + piece.len()..));
        let is_start = !before.is_some_and(|before| before.ends_with(is_part));
        is_start && !after.is_some_and(|after| after.starts_with(is_part))
    })
}

#[cfg(test)]
mod tests {
    use super::{holds, replaced};

    #[test]
    fn names_are_found_as_a_whole() {
        assert!(holds("t1.c1 + $1", "t1.c1") && holds("t1.c1 + $1", "$1"));
        assert!(!holds("t11.c1 + at1.c1 + t1.c12", "t1.c1") && !holds("$12", "$1"));
        assert_eq!(replaced("(x) AS t1, (x) AS t11, (x) AS t1", "(x) AS t1", "y"), "y, (x) AS t11, y");
    }
}
