use alloc::{string::String, sync::Arc, vec::Vec};

use runner_core::Result;

use super::{
    buffer::{Buffer, Meter},
    row_count,
};

/// Texts, one behind the other: row `i` is `bytes[offsets[i]..offsets[i + 1]]`.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) offsets: Buffer<u32>,
    bytes: Arc<Storage>,
}

#[derive(Debug)]
struct Storage {
    text: String,
    meter: Meter,
}

/// Appends texts to a column.
#[derive(Debug)]
pub(crate) struct TextBuilder {
    offsets: Vec<u32>,
    text: String,
}

impl Text {
    /// Number of texts.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// The text at a row, empty beyond the end.
    #[inline]
    pub(crate) fn get(&self, row: usize) -> &str {
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
        Self { offsets: self.offsets.slice(start, end + 1), bytes: Arc::clone(&self.bytes) }
    }

    /// Number of bytes of all texts.
    pub(crate) fn byte_len(&self) -> usize {
        match (self.offsets.first(), self.offsets.last()) {
            (Some(first), Some(last)) => last.saturating_sub(*first) as usize,
            _ => 0,
        }
    }

    /// Number of bytes of the texts of rows `start..end`.
    pub(crate) fn byte_range(&self, start: usize, end: usize) -> usize {
        match (self.offsets.get(start), self.offsets.get(end)) {
            (Some(first), Some(last)) => last.saturating_sub(*first) as usize,
            _ => 0,
        }
    }

    /// All texts without bounds between them.
    pub(crate) fn joined(&self) -> &str {
        match (self.offsets.first(), self.offsets.last()) {
            (Some(first), Some(last)) => {
                self.bytes.text.get(*first as usize..*last as usize).unwrap_or_default()
            }
            _ => "",
        }
    }

    /// Whether both are the same rows of the same column.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.offsets.is_same(&other.offsets)
    }

    pub(super) fn visit(&self, visit: &mut dyn FnMut(usize, &Meter)) {
        self.offsets.visit(visit);
        visit(self.bytes.text.capacity(), &self.bytes.meter);
    }
}

impl TextBuilder {
    pub(crate) fn new() -> Self {
        Self { offsets: Vec::from([0]), text: String::new() }
    }

    /// With room for this many texts and bytes.
    pub(crate) fn with_capacity(rows: usize, bytes: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self { offsets, text: String::with_capacity(bytes) }
    }

    /// Makes room for this many more texts, but not for their bytes.
    pub(crate) fn reserve(&mut self, rows: usize) {
        self.offsets.reserve(rows);
    }

    /// Appends a text.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if the column would hold more bytes than offsets can count.
    #[inline]
    pub(crate) fn push(&mut self, text: &str) -> Result<()> {
        self.text.push_str(text);
        self.end()
    }

    /// The text that is being built; [`TextBuilder::end`] finishes it.
    pub(crate) fn open(&mut self) -> &mut String {
        &mut self.text
    }

    /// Finishes the text that was appended to [`TextBuilder::open`].
    ///
    /// # Errors
    /// As [`TextBuilder::push`].
    #[inline]
    pub(crate) fn end(&mut self) -> Result<()> {
        self.offsets.push(row_count(self.text.len())?);
        Ok(())
    }

    /// Appends all texts of a column.
    ///
    /// # Errors
    /// As [`TextBuilder::push`].
    pub(crate) fn extend(&mut self, texts: &Text) -> Result<()> {
        let start = self.text.len();
        row_count(start + texts.byte_len())?;
        self.text.push_str(texts.joined());
        let first = texts.offsets.first().copied().unwrap_or_default();
        self.offsets.extend(texts.offsets.iter().skip(1).map(|end| end - first + start as u32));
        Ok(())
    }

    /// Number of finished texts.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    pub(crate) fn finish(self) -> Text {
        let bytes = Arc::new(Storage { text: self.text, meter: Meter::new() });
        Text { offsets: self.offsets.into(), bytes }
    }
}
