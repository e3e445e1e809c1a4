//! Functions that PostgreSQL lacks, in `helpers.sql`.

/// All helpers; each begins behind a line `-- name`, and stands behind those that it calls.
const SOURCE: &str = include_str!("helpers.sql");

const PREFIX: &str = "pg_temp.";

/// The statements that make a helper, `None` if there is no such one.
///
/// ```
/// assert!(runner_sql::postgres::definition("float_add").unwrap().contains("CREATE FUNCTION"));
/// ```
#[must_use]
pub fn definition(name: &str) -> Option<&'static str> {
    all().find(|(found, _)| *found == name).map(|(_, text)| text)
}

/// Helpers that a statement calls, and those that they call, in order of definition.
pub(super) fn needed(statement: &str) -> Vec<&'static str> {
    let mut needed: Vec<&str> = Vec::new();
    let mut open = calls(statement);
    while let Some(name) = open.pop() {
        let Some((name, text)) = all().find(|(found, _)| *found == name) else { continue };
        if !needed.contains(&name) {
            needed.push(name);
            open.extend(calls(text));
        }
    }
    all().map(|(name, _)| name).filter(|name| needed.contains(name)).collect()
}

fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    SOURCE.split("\n-- ").skip(1).filter_map(|section| section.split_once('\n'))
}

fn calls(text: &str) -> Vec<&str> {
    let name =
        |rest: &'_ str| rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    text.split(PREFIX).skip(1).filter_map(|rest| rest.get(..name(rest))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helpers_stand_behind_those_that_they_call() {
        let names: Vec<_> = all().map(|(name, _)| name).collect();
        for (index, (name, text)) in all().enumerate() {
            for call in calls(text) {
                let place = names.iter().position(|found| *found == call);
                assert!(place.is_some_and(|place| place <= index), "{name} calls {call}");
            }
        }
        assert_eq!(needed("SELECT pg_temp.float_div(1, 2)"), ["float_div_slow", "float_div"]);
    }
}
