use alloc::{rc::Rc, string::String};
use core::fmt;

use runner_core::Result;

use super::{Buffer, Vector, row_count, vector::no_memory};
use crate::{
    budget::{Budget, Charge},
    limits::{CHECKED_BYTES, NUMBER_BYTES},
    scalar::floor,
};

/// Texts, one behind the other: value `i` is `bytes[offsets[i]..offsets[i + 1]]`. Row `i` is value `i`, or value
/// `codes[i]` of a dictionary.
#[derive(Clone)]
pub(crate) struct Text {
    offsets: Buffer<u32>,
    bytes: Rc<Storage>,
    codes: Option<Buffer<u32>>,
}

struct Storage {
    text: String,
    /// What the text is charged with, for as long as it is there.
    _charge: Charge,
}

/// Appends texts to a column.
pub(crate) struct TextBuilder {
    offsets: Vector<u32>,
    text: String,
    charge: Charge,
}

impl Text {
    /// Number of texts.
    pub(crate) fn len(&self) -> usize {
        match &self.codes {
            Some(codes) => codes.len(),
            None => self.values(),
        }
    }

    fn values(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// The dictionary and the code of each row, if there is one.
    pub(crate) fn dictionary(&self) -> Option<(Self, &Buffer<u32>)> {
        let codes = self.codes.as_ref()?;
        Some((Self { codes: None, ..self.clone() }, codes))
    }

    /// These rows of this, as a dictionary.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if there is no memory left.
    pub(crate) fn coded(&self, rows: Buffer<u32>, budget: &Budget) -> Result<Self> {
        let codes = match &self.codes {
            Some(codes) => budget.map(&rows, |row| codes.get(*row as usize).copied().unwrap_or_default())?,
            None => rows,
        };
        Ok(Self { codes: Some(codes), ..self.clone() })
    }

    /// The text at a row, empty beyond the end.
    #[inline]
    pub(crate) fn get(&self, row: usize) -> &str {
        match &self.codes {
            Some(codes) => codes.get(row).map_or("", |code| self.value(*code as usize)),
            None => self.value(row),
        }
    }

    #[inline]
    fn value(&self, row: usize) -> &str {
        match (self.offsets.get(row), self.offsets.get(row + 1)) {
            (Some(start), Some(end)) => {
                self.bytes.text.get(*start as usize..*end as usize).unwrap_or_default()
            }
            _ => "",
        }
    }

    /// All texts in order.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|row| self.get(row))
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> Self {
        match &self.codes {
            Some(codes) => Self { codes: Some(codes.slice(start, end)), ..self.clone() },
            None => Self { offsets: self.offsets.slice(start, end + 1), ..self.clone() },
        }
    }

    /// Number of bytes of all texts.
    pub(crate) fn byte_len(&self) -> usize {
        self.byte_range(0, self.len())
    }

    /// Number of bytes of the texts of rows `start..end`.
    pub(crate) fn byte_range(&self, start: usize, end: usize) -> usize {
        if self.codes.is_some() {
            return (start..end).map(|row| self.get(row).len()).fold(0, usize::saturating_add);
        }
        match (self.offsets.get(start), self.offsets.get(end)) {
            (Some(first), Some(last)) => last.saturating_sub(*first) as usize,
            _ => 0,
        }
    }

    /// Bytes that the rows take, without those of a dictionary.
    pub(crate) fn held_bytes(&self) -> usize {
        self.len() * size_of::<u32>() + if self.codes.is_some() { 0 } else { self.byte_len() }
    }

    /// All texts without bounds between them, and their offsets, which may not begin at 0; `None` if there is a
    /// dictionary.
    pub(crate) fn joined(&self) -> Option<(&str, &[u32])> {
        if self.codes.is_some() {
            return None;
        }
        let text = match (self.offsets.first(), self.offsets.last()) {
            (Some(first), Some(last)) => {
                self.bytes.text.get(*first as usize..*last as usize).unwrap_or_default()
            }
            _ => "",
        };
        Some((text, &self.offsets))
    }

    /// Whether both have the same values, so that codes mean the same.
    #[inline]
    pub(super) fn has_values_of(&self, other: &Self) -> bool {
        self.offsets.is_same(&other.offsets)
    }

    /// Whether rows are the same value of the same dictionary, so that they need no comparison.
    #[inline]
    pub(crate) fn is_same_row(&self, row: usize, other: &Self, other_row: usize) -> bool {
        match (&self.codes, &other.codes) {
            (Some(codes), Some(others)) => {
                codes.get(row) == others.get(other_row) && self.has_values_of(other)
            }
            _ => false,
        }
    }

    /// Whether a dictionary is too large for so many rows of it, which had better be copied.
    pub(super) fn is_sparse(&self, rows: usize) -> bool {
        self.values() / SPARSE > rows
    }

    /// Whether both are the same rows of the same column.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.has_values_of(other)
            && match (&self.codes, &other.codes) {
                (Some(codes), Some(others)) => codes.is_same(others),
                (None, None) => true,
                _ => false,
            }
    }
}

/// A dictionary of this many values for each row is given up.
const SPARSE: usize = 4;

impl TextBuilder {
    /// With room for this many texts and bytes.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if there is no memory left, here and wherever a text grows.
    pub(crate) fn with_capacity(rows: usize, bytes: usize, budget: &Budget) -> Result<Self> {
        let mut offsets = Vector::with_capacity(rows + 1, budget)?;
        offsets.push(0)?;
        let charge = budget.charge(bytes)?;
        let mut text = String::new();
        text.try_reserve_exact(bytes).map_err(|_| no_memory(bytes))?;
        Ok(Self { offsets, text, charge })
    }

    /// Makes room for this many more texts, but not for their bytes.
    pub(crate) fn reserve(&mut self, rows: usize) -> Result<()> {
        self.offsets.reserve(rows)
    }

    /// Appends a text.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if the column would hold more bytes than offsets can count.
    #[inline]
    pub(crate) fn push(&mut self, text: &str) -> Result<()> {
        self.push_str(text)?;
        self.end()
    }

    /// Appends to the text that is being built; [`TextBuilder::end`] finishes it.
    ///
    /// # Errors
    /// As [`TextBuilder::push`].
    #[inline]
    pub(crate) fn push_str(&mut self, text: &str) -> Result<()> {
        if self.text.capacity() - self.text.len() < text.len() {
            self.grow(text.len())?;
        }
        if text.len() < CHECKED_BYTES {
            self.text.push_str(text);
            return self.charge.budget().work(text.len() / 8);
        }
        let mut rest = text;
        while !rest.is_empty() {
            let (part, more) = rest.split_at(floor(rest, CHECKED_BYTES));
            self.text.push_str(part);
            self.charge.budget().check()?;
            rest = more;
        }
        Ok(())
    }

    /// The text that is being built, to append a number, a date or the like: [`NUMBER_BYTES`] at most.
    #[inline]
    pub(crate) fn open(&mut self) -> Result<&mut String> {
        // A first short text is left to grow as it does; what it took is charged at its end.
        if self.text.len() >= NUMBER_BYTES && self.text.capacity() - self.text.len() < NUMBER_BYTES {
            self.grow(NUMBER_BYTES)?;
        }
        Ok(&mut self.text)
    }

    /// Notes work on this many bytes, and fails if the execution has to stop.
    pub(crate) fn work(&self, bytes: usize) -> Result<()> {
        self.charge.budget().work(bytes)
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, more: usize) -> Result<()> {
        row_count(self.text.len().saturating_add(more))?;
        let held = self.text.capacity();
        let wanted = self.text.len().saturating_add(more).max(held.saturating_mul(2)).max(8);
        // While the bytes move, both are there.
        self.charge.add(wanted)?;
        self.text.try_reserve_exact(wanted - self.text.len()).map_err(|_| no_memory(wanted))?;
        self.charge.release(held);
        Ok(())
    }

    /// Finishes the text that was appended.
    ///
    /// # Errors
    /// As [`TextBuilder::push`].
    #[inline]
    pub(crate) fn end(&mut self) -> Result<()> {
        if self.text.capacity() > self.charge.bytes() {
            self.charge.add(self.text.capacity() - self.charge.bytes())?;
        }
        self.offsets.push(row_count(self.text.len())?)?;
        self.charge.budget().work(1)
    }

    /// Appends all texts of a column.
    ///
    /// # Errors
    /// As [`TextBuilder::push`].
    pub(crate) fn extend(&mut self, texts: &Text) -> Result<()> {
        let Some((text, offsets)) = texts.joined() else {
            return texts.iter().try_for_each(|text| self.push(text));
        };
        let start = self.text.len();
        row_count(start + text.len())?;
        self.push_str(text)?;
        let first = offsets.first().copied().unwrap_or_default();
        self.offsets
            .append_run(offsets.get(1..).unwrap_or_default().iter().map(|end| end - first + start as u32))
    }

    /// Number of finished texts.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    pub(crate) fn finish(self) -> Text {
        let bytes = Rc::new(Storage { text: self.text, _charge: self.charge });
        Text { offsets: self.offsets.finish(), bytes, codes: None }
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
