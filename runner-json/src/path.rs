//! Where in a JSON document a reader is, for messages.

use std::fmt;

/// Steps from the root; printed as `$.items[3].price`.
#[derive(Debug, Default)]
pub(crate) struct Path<'a>(Vec<Step<'a>>);

#[derive(Debug, Clone, Copy)]
pub(crate) enum Step<'a> {
    Key(&'a str),
    Item(usize),
}

impl<'a> Path<'a> {
    pub(crate) fn push(&mut self, step: Step<'a>) {
        self.0.push(step);
    }

    pub(crate) fn pop(&mut self) {
        self.0.pop();
    }

    /// Moves on to the next item of the same array.
    pub(crate) fn next_item(&mut self) {
        if let Some(Step::Item(index)) = self.0.last_mut() {
            *index += 1;
        }
    }

    pub(crate) fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        self.0.iter().try_for_each(|step| match step {
            Step::Item(index) => write!(f, "[{index}]"),
            Step::Key(name) if is_plain(name) => write!(f, ".{name}"),
            Step::Key(name) => write!(f, "[{name:?}]"),
        })
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|char| char.is_alphanumeric() || char == '_')
}
