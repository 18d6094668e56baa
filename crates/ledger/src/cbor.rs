//! The part of CBOR that the ledger is written in, with exactly one way to write each value.
//!
//! In: bytes from a disk, all of them suspect. Out: values, or why not. Never a panic, a recursion, or an allocation that
//! the bytes only claim. Unknown keys of a map are skipped, so that a later version may add some; whoever hashes, hashes
//! the bytes as they came.
//!
//! Source: RFC 8949 §3, and the deterministic encoding of its §4.2.1: shortest heads, definite lengths, ascending keys.

/// Why bytes are not what the ledger writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end inside a value.
    #[error("ends inside a value")]
    Short,
    /// More bytes follow than the value has.
    #[error("goes on behind its end")]
    Long,
    /// A value of another type, length or range than this place has.
    #[error("holds something else where {0} should be")]
    Wrong(&'static str),
    /// Not the one way in which this value may be written.
    #[error("is not written in its shortest form or order")]
    Loose,
    /// Something that must be there is not.
    #[error("lacks {0}")]
    Missing(&'static str),
    /// Written by a later version of this program.
    #[error("has format version {0}; this program reads version 1")]
    Version(u64),
}

/// Writes values one behind another.
#[derive(Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn uint(&mut self, value: u64) -> &mut Self {
        self.head(0, value)
    }

    pub(crate) fn int(&mut self, value: i64) -> &mut Self {
        match u64::try_from(value) {
            Ok(value) => self.head(0, value),
            Err(_) => self.head(1, (!value).cast_unsigned()),
        }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.head(2, bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.head(3, text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    pub(crate) fn array(&mut self, items: usize) -> &mut Self {
        self.head(4, items as u64)
    }

    /// Keys must follow in ascending order.
    pub(crate) fn map(&mut self, pairs: usize) -> &mut Self {
        self.head(5, pairs as u64)
    }

    pub(crate) fn null(&mut self) -> &mut Self {
        self.0.push(NULL);
        self
    }

    pub(crate) fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }

    fn head(&mut self, major: u8, value: u64) -> &mut Self {
        let major = major << 5;
        let bytes = value.to_be_bytes();
        let [.., b6, b7] = bytes;
        match value {
            0..24 => self.0.push(major | b7),
            24..0x100 => self.0.extend([major | 24, b7]),
            0x100..0x1_0000 => self.0.extend([major | 25, b6, b7]),
            0x1_0000..0x1_0000_0000 => {
                self.0.push(major | 26);
                self.0.extend(bytes.iter().skip(4));
            }
            _ => {
                self.0.push(major | 27);
                self.0.extend(bytes);
            }
        }
        self
    }
}

const NULL: u8 = 0xf6;

/// Reads values one behind another.
#[derive(Clone)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn uint(&mut self) -> Result<u64, DecodeError> {
        match self.head()? {
            (0, value) => Ok(value),
            _ => Err(DecodeError::Wrong("a number")),
        }
    }

    pub(crate) fn int(&mut self) -> Result<i64, DecodeError> {
        const WRONG: DecodeError = DecodeError::Wrong("a number");
        match self.head()? {
            (0, value) => i64::try_from(value).map_err(|_| WRONG),
            (1, value) => i64::try_from(value).map(|value| !value).map_err(|_| WRONG),
            _ => Err(WRONG),
        }
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        match self.head()? {
            (2, length) => self.take(length),
            _ => Err(DecodeError::Wrong("bytes")),
        }
    }

    /// Bytes of exactly `N`.
    pub(crate) fn exactly<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        self.bytes()?.try_into().map_err(|_| DecodeError::Wrong("bytes of a fixed length"))
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, DecodeError> {
        match self.head()? {
            (3, length) => std::str::from_utf8(self.take(length)?).map_err(|_| DecodeError::Wrong("text")),
            _ => Err(DecodeError::Wrong("text")),
        }
    }

    pub(crate) fn array(&mut self) -> Result<u64, DecodeError> {
        match self.head()? {
            (4, items) => Ok(items),
            _ => Err(DecodeError::Wrong("a list")),
        }
    }

    /// Whether a null came next; it is then read.
    pub(crate) fn null(&mut self) -> bool {
        match self.0.split_first() {
            Some((&NULL, rest)) => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// Whether bytes or text come next, by the major type.
    pub(crate) fn is_bytes(&self) -> bool {
        self.0.first().is_some_and(|byte| byte >> 5 == 2)
    }

    /// Reads a map with ascending numbers as keys. `each` reads the value of a key it knows and says `true`.
    pub(crate) fn map(
        &mut self,
        mut each: impl FnMut(u64, &mut Self) -> Result<bool, DecodeError>,
    ) -> Result<(), DecodeError> {
        let (5, pairs) = self.head()? else { return Err(DecodeError::Wrong("a map")) };
        let mut last = None;
        for _ in 0..pairs {
            let key = self.uint()?;
            if last.is_some_and(|last| last >= key) {
                return Err(DecodeError::Loose);
            }
            last = Some(key);
            if !each(key, self)? {
                self.skip()?;
            }
        }
        Ok(())
    }

    /// Nothing may be left.
    pub(crate) fn end(&self) -> Result<(), DecodeError> {
        if self.0.is_empty() { Ok(()) } else { Err(DecodeError::Long) }
    }

    /// Reads past one value of any type.
    fn skip(&mut self) -> Result<(), DecodeError> {
        let mut left = 1_u64;
        while left > 0 {
            left -= 1;
            let (major, value) = self.head()?;
            let inside = match major {
                2 | 3 => self.take(value).map(|_| 0)?,
                4 => value,
                5 => value.checked_mul(2).ok_or(DecodeError::Short)?,
                6 => 1,
                _ => 0,
            };
            left = left.checked_add(inside).ok_or(DecodeError::Short)?;
        }
        Ok(())
    }

    fn head(&mut self) -> Result<(u8, u64), DecodeError> {
        let (&first, rest) = self.0.split_first().ok_or(DecodeError::Short)?;
        self.0 = rest;
        let (major, low) = (first >> 5, first & 31);
        let width = match low {
            0..24 => return Ok((major, u64::from(low))),
            24..28 => 1_u64 << (low - 24),
            _ => return Err(DecodeError::Loose),
        };
        let value = self.take(width)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        let least = if width == 1 { 24 } else { 1 << (4 * width) };
        // Major type 7 is simple values and floats, whose bits are no number.
        if major != 7 && value < least {
            return Err(DecodeError::Loose);
        }
        Ok((major, value))
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], DecodeError> {
        let length = usize::try_from(length).map_err(|_| DecodeError::Short)?;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(DecodeError::Short)?;
        self.0 = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_written_as_rfc_8949_appendix_a_says() {
        let cases: &[(i64, &[u8])] = &[
            (0, &[0x00]),
            (23, &[0x17]),
            (24, &[0x18, 0x18]),
            (1000, &[0x19, 0x03, 0xe8]),
            (1_000_000, &[0x1a, 0x00, 0x0f, 0x42, 0x40]),
            (1_000_000_000_000, &[0x1b, 0x00, 0x00, 0x00, 0xe8, 0xd4, 0xa5, 0x10, 0x00]),
            (-1, &[0x20]),
            (-1000, &[0x39, 0x03, 0xe7]),
        ];
        for (value, bytes) in cases {
            assert_eq!(Writer::default().int(*value).finish(), *bytes);
            assert_eq!(Reader::new(bytes).int(), Ok(*value));
        }
        assert_eq!(Writer::default().text("IETF").finish(), b"\x64IETF");
        assert_eq!(Writer::default().array(3).finish(), [0x83]);
    }

    #[test]
    fn there_is_one_way_to_write_a_value() {
        for loose in [&[0x18, 0x17][..], &[0x19, 0x00, 0xff], &[0x1a, 0, 0, 0xff, 0xff], &[0x1f]] {
            assert_eq!(Reader::new(loose).uint(), Err(DecodeError::Loose), "{loose:x?}");
        }
        let twice = [0xa2, 0x01, 0x00, 0x01, 0x00];
        assert_eq!(Reader::new(&twice).map(|_, _| Ok(false)), Err(DecodeError::Loose));
    }

    #[test]
    fn unknown_keys_are_skipped_whatever_they_hold() {
        // {1: 7, 2: [{3: "x"}, 0.5 as half, tag 1 of 5], 9: 8}
        let bytes = [0xa3, 0x01, 0x07, 0x02, 0x83, 0xa1, 0x03, 0x61, b'x', 0xf9, 0x38, 0x00, 0xc1, 0x05, 0x09, 0x08];
        let mut seen = Vec::new();
        let mut reader = Reader::new(&bytes);
        let read = reader.map(|key, reader| {
            let is_known = key != 2;
            if is_known {
                seen.push((key, reader.uint()?));
            }
            Ok(is_known)
        });
        assert_eq!((read, reader.end()), (Ok(()), Ok(())));
        assert_eq!(seen, [(1, 7), (9, 8)]);
    }

    #[test]
    fn a_claimed_length_costs_nothing() {
        let mut endless = vec![0xa1, 0x00];
        endless.extend([0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(Reader::new(&endless).map(|_, _| Ok(false)), Err(DecodeError::Short));
        assert_eq!(Reader::new(&[0x5a, 0xff, 0xff, 0xff, 0xff]).bytes(), Err(DecodeError::Short));
    }

    proptest! {
        #[test]
        fn numbers_come_back(value: i64) {
            prop_assert_eq!(Reader::new(&Writer::default().int(value).finish()).int(), Ok(value));
        }

        #[test]
        fn any_bytes_are_fine(bytes: Vec<u8>) {
            let _ = Reader::new(&bytes).map(|_, _| Ok(false));
        }
    }
}
