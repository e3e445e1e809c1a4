use alloc::{format, vec::Vec};

use crate::{
    error::{Error, Result},
    limits::EMPTY_ITEMS,
};

/// The bits of a word of a varint that say that more bytes follow.
const CONTINUES: u64 = 0x8080_8080_8080_8080;

/// Takes primitives from a buffer. Total: any bytes give values or a `DECODE_ERROR` that names the offset.
///
/// ```
/// use runner_core::{Code, wire::Reader};
///
/// let mut reader = Reader::new(&[1, 6]);
/// assert_eq!(reader.length(1)?, 1);
/// assert_eq!(reader.i64()?, 3);
/// reader.finish()?;
/// assert_eq!(Reader::new(&[0x80]).u64().unwrap_err().code(), Code::DecodeError);
/// # Ok::<(), runner_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
    total: usize,
    /// How many more items that take no bytes are accepted.
    empty_items: u64,
}

impl<'a> Reader<'a> {
    /// Reads from the start of these bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, total: bytes.len(), empty_items: EMPTY_ITEMS }
    }

    /// Number of bytes that are left.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Number of bytes that were taken.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.total - self.rest.len()
    }

    /// Asserts that nothing is left.
    ///
    /// # Errors
    /// `DECODE_ERROR` if there is, as is every error of this type.
    pub fn finish(&self) -> Result<()> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.error(&format!("{} bytes follow the end of the value", self.rest.len())))
        }
    }

    /// An error at this offset.
    #[cold]
    #[must_use]
    pub fn error(&self, words: &str) -> Error {
        Error::decode(format!("{words} (at byte {} of {})", self.offset(), self.total))
    }

    #[cold]
    fn end(&self, what: &str) -> Error {
        self.error(&format!("the bytes end within {what}"))
    }

    /// The next bytes as they are.
    ///
    /// # Errors
    /// If fewer are left.
    #[inline]
    pub fn raw(&mut self, count: usize) -> Result<&'a [u8]> {
        match self.rest.split_at_checked(count) {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(bytes)
            }
            None => Err(self.end("a value")),
        }
    }

    /// One byte.
    ///
    /// # Errors
    /// If none is left.
    #[inline]
    pub fn u8(&mut self) -> Result<u8> {
        match self.rest.split_first() {
            Some((byte, rest)) => {
                self.rest = rest;
                Ok(*byte)
            }
            None => Err(self.end("a value")),
        }
    }

    /// `Bool`
    ///
    /// # Errors
    /// If the byte is neither 0 nor 1.
    #[inline]
    pub fn bool(&mut self) -> Result<bool> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.error(&format!("a Bool must be 0 or 1, not {other}"))),
        }
    }

    /// `Int8`
    ///
    /// # Errors
    /// If nothing is left.
    #[inline]
    pub fn i8(&mut self) -> Result<i8> {
        Ok(self.u8()?.cast_signed())
    }

    /// `Int16`
    ///
    /// # Errors
    /// If the bytes end, or the number is larger than its type; so it is with all integers below.
    #[inline]
    pub fn i16(&mut self) -> Result<i16> {
        let value = self.u16()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// `Int32`
    ///
    /// # Errors
    /// As [`Reader::i16`].
    #[inline]
    pub fn i32(&mut self) -> Result<i32> {
        let value = self.u32()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// `Int64`
    ///
    /// # Errors
    /// As [`Reader::i16`].
    #[inline]
    pub fn i64(&mut self) -> Result<i64> {
        let value = self.u64()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// `Uint16`
    ///
    /// # Errors
    /// As [`Reader::i16`].
    #[inline]
    pub fn u16(&mut self) -> Result<u16> {
        let value = self.varint(3)?;
        u16::try_from(value).map_err(|_| self.too_large(16))
    }

    /// `Uint32`, and the index of a variant
    ///
    /// # Errors
    /// As [`Reader::i16`].
    #[inline]
    pub fn u32(&mut self) -> Result<u32> {
        let value = self.varint(5)?;
        u32::try_from(value).map_err(|_| self.too_large(32))
    }

    /// `Uint64`
    ///
    /// # Errors
    /// As [`Reader::i16`].
    #[inline]
    pub fn u64(&mut self) -> Result<u64> {
        self.varint(10)
    }

    /// As many `Int64` as `count` says, to the end of `values`: the same as [`Reader::i64`] for each, in less time.
    ///
    /// ```
    /// use runner_core::wire::Reader;
    ///
    /// let mut values = vec![7];
    /// Reader::new(&[2, 1, 0x80, 0x01]).i64s(3, &mut values)?;
    /// assert_eq!(values, [7, 1, -1, 64]);
    /// # Ok::<(), runner_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Reader::i16`].
    pub fn i64s(&mut self, count: usize, values: &mut Vec<i64>) -> Result<()> {
        let signed = |value: u64| (value >> 1).cast_signed() ^ -(value & 1).cast_signed();
        // The count may be made up, the bytes are there.
        values.reserve(count.min(self.rest.len()));
        let mut left = count;
        while left > 0 {
            if left > 1
                && let Some((first, second)) = self.pair()
            {
                values.extend_from_slice(&[signed(first), signed(second)]);
                left -= 2;
            } else {
                values.push(self.i64()?);
                left -= 1;
            }
        }
        Ok(())
    }

    #[cold]
    fn too_large(&self, bits: u32) -> Error {
        self.error(&format!("a number does not fit into {bits} bits"))
    }

    /// LEB128 of at most `longest` bytes.
    #[inline]
    fn varint(&mut self, longest: usize) -> Result<u64> {
        match self.rest.split_first() {
            Some((byte, rest)) if *byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(longest),
        }
    }

    /// Eight bytes at a time: all but the longest numbers are found whole in them.
    fn long_varint(&mut self, longest: usize) -> Result<u64> {
        let Some(bytes) = self.rest.first_chunk() else { return self.varint_by_bytes(longest) };
        let word = u64::from_le_bytes(*bytes);
        let ends = !word & CONTINUES;
        let length = ends.trailing_zeros() as usize / 8 + 1;
        if ends == 0 || length > longest {
            return self.varint_by_bytes(longest);
        }
        // What is up to the last byte, then neighbours joined: 7 bits to 14, to 28, to 56.
        let bits = word & (ends ^ (ends - 1)) & !CONTINUES;
        let bits = (bits & 0x007f_007f_007f_007f) | ((bits & 0x7f00_7f00_7f00_7f00) >> 1);
        let bits = (bits & 0x0000_3fff_0000_3fff) | ((bits & 0x3fff_0000_3fff_0000) >> 2);
        let bits = (bits & 0x0fff_ffff) | ((bits & 0x0fff_ffff_0000_0000) >> 4);
        self.rest = self.rest.get(length..).unwrap_or_default();
        Ok(bits)
    }

    /// Two numbers of at most four bytes each, if there are two: found in one word and joined side by side, so the next
    /// word can be looked at half as often.
    #[inline]
    fn pair(&mut self) -> Option<(u64, u64)> {
        let word = u64::from_le_bytes(*self.rest.first_chunk()?);
        let ends = !word & CONTINUES;
        let later = ends & ends.wrapping_sub(1);
        let (first, both) = (ends.trailing_zeros() + 1, later.trailing_zeros() + 1);
        if later == 0 || first > 32 || both - first > 32 {
            return None;
        }
        let low = word & (u64::MAX >> (64 - first));
        let high = (word & (u64::MAX >> (64 - both))) >> first;
        let bits = (low | (high << 32)) & !CONTINUES;
        let bits = (bits & 0x007f_007f_007f_007f) | ((bits & 0x7f00_7f00_7f00_7f00) >> 1);
        let bits = (bits & 0x0000_3fff_0000_3fff) | ((bits & 0x3fff_0000_3fff_0000) >> 2);
        self.rest = self.rest.get(both as usize / 8..)?;
        Some((bits & 0x0fff_ffff, bits >> 32))
    }

    #[cold]
    fn varint_by_bytes(&mut self, longest: usize) -> Result<u64> {
        let mut value = 0u64;
        for (index, byte) in self.rest.iter().take(longest).enumerate() {
            let bits = u64::from(byte & 0x7f);
            if index == 9 && bits > 1 {
                return Err(self.too_large(64));
            }
            value |= bits << (7 * index);
            if *byte < 0x80 {
                self.rest = self.rest.get(index + 1..).unwrap_or_default();
                return Ok(value);
            }
        }
        if self.rest.len() < longest {
            return Err(self.end("a number"));
        }
        Err(self.error("a number is longer than its type allows"))
    }

    /// Number of items of an array, checked against what is left if an item takes at least `least` bytes.
    ///
    /// Items of no bytes (`least` 0) are bounded in all by [`EMPTY_ITEMS`], or a few bytes would stand for any amount.
    ///
    /// # Errors
    /// If there can't be as many items.
    #[inline]
    pub fn length(&mut self, least: usize) -> Result<usize> {
        let items = self.u64()?;
        match (self.rest.len().checked_div(least), self.empty_items.checked_sub(items)) {
            (Some(most), _) if items > most as u64 => {
                return Err(self.error(&format!("a length of {items} is more than the bytes can hold")));
            }
            (Some(_), _) => {}
            (None, Some(left)) => self.empty_items = left,
            (None, None) => {
                return Err(self.error(&format!("more than {EMPTY_ITEMS} items that take no bytes")));
            }
        }
        usize::try_from(items).map_err(|_| self.too_large(usize::BITS))
    }

    /// `Float32`
    ///
    /// # Errors
    /// If the bytes end.
    #[inline]
    pub fn f32(&mut self) -> Result<f32> {
        match self.rest.split_first_chunk() {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(f32::from_le_bytes(*bytes))
            }
            None => Err(self.end("a Float32")),
        }
    }

    /// `Float64`
    ///
    /// # Errors
    /// If the bytes end.
    #[inline]
    pub fn f64(&mut self) -> Result<f64> {
        match self.rest.split_first_chunk() {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(f64::from_le_bytes(*bytes))
            }
            None => Err(self.end("a Float64")),
        }
    }

    /// `Text`, borrowed.
    ///
    /// # Errors
    /// If the bytes end or are not UTF-8.
    #[inline]
    pub fn text(&mut self) -> Result<&'a str> {
        let length = self.length(1)?;
        let bytes = self.raw(length)?;
        core::str::from_utf8(bytes).map_err(|error| {
            self.error(&format!("a Text is not UTF-8, {} bytes into it", error.valid_up_to()))
        })
    }
}
