use std::ops::Range;

/// Where the lines of a text begin, and how many characters are before every few bytes of it, so that a place is found
/// at once however long a line is.
#[derive(Debug)]
pub(crate) struct Lines {
    starts: Vec<usize>,
    /// Characters that begin before each multiple of [`STRIDE`].
    chars: Vec<u32>,
}

/// Bytes between two counts of characters.
const STRIDE: usize = 256;

impl Lines {
    pub(crate) fn new(text: &str) -> Self {
        let mut lines = Self { starts: vec![0], chars: vec![0] };
        let mut chars = 0;
        for (block, bytes) in text.as_bytes().chunks(STRIDE).enumerate() {
            for (index, byte) in bytes.iter().enumerate() {
                chars += u32::from(begins_char(*byte));
                if *byte == b'\n' {
                    lines.starts.push(block * STRIDE + index + 1);
                }
            }
            lines.chars.push(chars);
        }
        lines
    }

    pub(crate) fn line_column(&self, text: &str, byte: usize) -> (u32, u32) {
        let mut byte = byte.min(text.len());
        while !text.is_char_boundary(byte) {
            byte -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= byte);
        let start = line.checked_sub(1).and_then(|line| self.starts.get(line)).copied().unwrap_or(0);
        // A byte order mark is no column.
        let mark = u32::from(line == 1 && byte > 0 && text.starts_with('\u{feff}'));
        let column = self.chars_before(text, byte) - self.chars_before(text, start) - mark;
        (line as u32, column + 1)
    }

    fn chars_before(&self, text: &str, byte: usize) -> u32 {
        let block = byte / STRIDE;
        let rest = text.as_bytes().get(block * STRIDE..byte).unwrap_or_default();
        let before = self.chars.get(block).copied().unwrap_or_default();
        before + rest.iter().filter(|byte| begins_char(**byte)).count() as u32
    }

    pub(crate) fn line(&self, text: &str, line: u32) -> Option<Range<usize>> {
        let start = *self.starts.get((line as usize).checked_sub(1)?)?;
        let end = self.starts.get(line as usize).copied().unwrap_or(text.len());
        let content = text.get(start..end)?.trim_end_matches(['\n', '\r']);
        Some(start..start + content.len())
    }
}

/// Whether a character of UTF-8 begins with this byte.
fn begins_char(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters() {
        let text = "a\r\né中x\n";
        let lines = Lines::new(text);
        let table = [
            (0, (1, 1)),
            (1, (1, 2)),
            (3, (2, 1)),
            (5, (2, 2)),
            (6, (2, 2)),
            (8, (2, 3)),
            (10, (3, 1)),
            (99, (3, 1)),
        ];
        for (byte, place) in table {
            assert_eq!(lines.line_column(text, byte), place, "byte {byte}");
        }
        assert_eq!(lines.line(text, 1), Some(0..1));
        assert_eq!(lines.line(text, 2), Some(3..9));
        assert_eq!(lines.line(text, 3), Some(10..10));
        assert_eq!(lines.line(text, 4), None);
    }
}
