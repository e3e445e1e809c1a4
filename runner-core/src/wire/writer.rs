use alloc::vec::Vec;

/// Appends primitives to a buffer.
///
/// ```
/// use runner_core::wire::Writer;
///
/// let mut writer = Writer::new();
/// writer.length(2);
/// writer.i64(-1);
/// writer.i64(300);
/// assert_eq!(writer.into_bytes(), postcard::to_allocvec(&vec![-1i64, 300]).unwrap());
/// ```
#[derive(Debug, Default, Clone)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty buffer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty buffer with room for this many bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes) }
    }

    /// What was written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// What was written so far.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of bytes so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Makes room for this many more bytes.
    pub fn reserve(&mut self, bytes: usize) {
        self.bytes.reserve(bytes);
    }

    /// Bytes that are encoded already.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// One byte.
    #[inline]
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// `Bool`
    #[inline]
    pub fn bool(&mut self, value: bool) {
        self.bytes.push(u8::from(value));
    }

    /// `Int8`
    #[inline]
    pub fn i8(&mut self, value: i8) {
        self.bytes.push(value.cast_unsigned());
    }

    /// `Int16`
    #[inline]
    pub fn i16(&mut self, value: i16) {
        self.u64(((value << 1) ^ (value >> 15)).cast_unsigned().into());
    }

    /// `Int32`
    #[inline]
    pub fn i32(&mut self, value: i32) {
        self.u64(((value << 1) ^ (value >> 31)).cast_unsigned().into());
    }

    /// `Int64`
    #[inline]
    pub fn i64(&mut self, value: i64) {
        self.u64(((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    /// `Uint16`
    #[inline]
    pub fn u16(&mut self, value: u16) {
        self.u64(value.into());
    }

    /// `Uint32`, and the index of a variant
    #[inline]
    pub fn u32(&mut self, value: u32) {
        self.u64(value.into());
    }

    /// `Uint64`
    #[inline]
    pub fn u64(&mut self, value: u64) {
        let low = |shift: u32| (value >> shift) as u8 & 0x7f;
        match value {
            0..0x80 => self.bytes.push(value as u8),
            0x80..0x4000 => self.bytes.extend_from_slice(&[low(0) | 0x80, low(7)]),
            0x4000..0x20_0000 => self.bytes.extend_from_slice(&[low(0) | 0x80, low(7) | 0x80, low(14)]),
            0x20_0000..0x1000_0000 => {
                self.bytes.extend_from_slice(&[low(0) | 0x80, low(7) | 0x80, low(14) | 0x80, low(21)]);
            }
            _ => self.long(value),
        }
    }

    /// An integer of more than four bytes.
    fn long(&mut self, mut value: u64) {
        let mut buffer = [0u8; 10];
        let mut used = 0;
        for slot in &mut buffer {
            used += 1;
            if value < 0x80 {
                *slot = value as u8;
                break;
            }
            *slot = (value as u8) | 0x80;
            value >>= 7;
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&buffer);
        self.bytes.truncate(start + used);
    }

    /// Number of items of an array.
    #[inline]
    pub fn length(&mut self, items: usize) {
        self.u64(items as u64);
    }

    /// Number of items of an array whose items are written already, from this offset to the end.
    ///
    /// For those who meet the end of an array before they know its length. Moves the items by a byte or a few.
    ///
    /// ```
    /// use runner_core::wire::Writer;
    ///
    /// let mut writer = Writer::new();
    /// writer.i64(-1);
    /// writer.i64(300);
    /// writer.length_before(0, 2);
    /// assert_eq!(writer.into_bytes(), postcard::to_allocvec(&vec![-1i64, 300]).unwrap());
    /// ```
    pub fn length_before(&mut self, offset: usize, items: usize) {
        let end = self.bytes.len();
        self.length(items);
        let used = self.bytes.len() - end;
        if let Some(tail) = self.bytes.get_mut(offset..) {
            tail.rotate_right(used);
        }
    }

    /// Forgets what was written behind this offset.
    pub fn truncate(&mut self, offset: usize) {
        self.bytes.truncate(offset);
    }

    /// `Float32`
    #[inline]
    pub fn f32(&mut self, value: f32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// `Float64`
    #[inline]
    pub fn f64(&mut self, value: f64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// `Text`
    #[inline]
    pub fn text(&mut self, value: &str) {
        self.length(value.len());
        self.bytes.extend_from_slice(value.as_bytes());
    }
}
