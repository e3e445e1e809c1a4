use std::ops::Range;

/// Where the lines of a text begin.
#[derive(Debug)]
pub(super) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub(super) fn new(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self { starts: [0].into_iter().chain(ends.map(|(at, _)| at + 1)).collect() }
    }

    pub(super) fn line_column(&self, text: &str, byte: usize) -> (u32, u32) {
        let mut byte = byte.min(text.len());
        while !text.is_char_boundary(byte) {
            byte -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= byte);
        let start = line.checked_sub(1).and_then(|line| self.starts.get(line)).copied().unwrap_or(0);
        let before = text.get(start..byte).unwrap_or_default().trim_start_matches('\u{feff}');
        (line as u32, before.chars().count() as u32 + 1)
    }

    pub(super) fn line(&self, text: &str, line: u32) -> Option<Range<usize>> {
        let start = *self.starts.get((line as usize).checked_sub(1)?)?;
        let end = self.starts.get(line as usize).copied().unwrap_or(text.len());
        let content = text.get(start..end)?.trim_end_matches(['\n', '\r']);
        Some(start..start + content.len())
    }
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
