//! `numeric` in PostgreSQL's binary format, for integers: four-digit groups behind a header of count, weight, sign and
//! scale.

const BASE: u64 = 10_000;

pub(crate) fn encode(mut value: u64, out: &mut Vec<u8>) {
    let mut groups = Vec::with_capacity(5);
    while value > 0 {
        groups.push((value % BASE) as u16);
        value /= BASE;
    }
    let count = groups.len() as u16;
    out.extend_from_slice(&count.to_be_bytes());
    out.extend_from_slice(&count.saturating_sub(1).to_be_bytes());
    out.extend_from_slice(&[0; 4]);
    for group in groups.iter().rev() {
        out.extend_from_slice(&group.to_be_bytes());
    }
}

/// `None` if this is no integer from 0 to 2^64 - 1.
pub(crate) fn decode(bytes: &[u8]) -> Option<u64> {
    let mut words = bytes.chunks_exact(2).map(|pair| {
        u16::from_be_bytes([pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0)])
    });
    let (count, weight, sign) = (words.next()?, words.next()?.cast_signed(), words.next()?);
    let _scale = words.next()?;
    if count == 0 && sign == 0 {
        return Some(0);
    }
    if sign != 0 || weight < 0 {
        return None;
    }
    let mut value = 0u64;
    for place in 0..=weight {
        let group = if place.cast_unsigned() < count { words.next()? } else { 0 };
        value = value.checked_mul(BASE)?.checked_add(group.into())?;
    }
    words.all(|group| group == 0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_read_back() {
        for value in [0, 1, 9_999, 10_000, 100_000_000, 12_345_678_901_234, u64::MAX] {
            let mut bytes = Vec::new();
            encode(value, &mut bytes);
            assert_eq!(decode(&bytes), Some(value));
        }
        assert_eq!(decode(&[0, 1, 0, 0, 0x40, 0, 0, 0, 0, 1]), None);
        assert_eq!(decode(&[0]), None);
    }
}
