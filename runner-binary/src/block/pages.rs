use memmap2::{Advice, MmapMut, MmapOptions};

/// Address space, of which only what is filled is memory.
#[derive(Debug)]
pub(super) struct Pages {
    map: MmapMut,
    len: usize,
}

impl Pages {
    /// Room for so many bytes, if the system gives it.
    pub(super) fn new(room: usize) -> Option<Self> {
        let map = MmapOptions::new().len(room).no_reserve_swap().map_anon().ok()?;
        // Without huge pages it is slower and no less right.
        let _ = map.advise(Advice::HugePage);
        Some(Self { map, len: 0 })
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Appends, if there is room.
    pub(super) fn push(&mut self, part: &[u8]) -> bool {
        let end = self.len + part.len();
        let Some(place) = self.map.get_mut(self.len..end) else { return false };
        place.copy_from_slice(part);
        self.len = end;
        true
    }
}

impl AsRef<[u8]> for Pages {
    fn as_ref(&self) -> &[u8] {
        self.map.get(..self.len).unwrap_or_default()
    }
}
