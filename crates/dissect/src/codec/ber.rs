//! ASN.1 Basic Encoding Rules: elements out of bytes, each within the one that holds it.
//!
//! Reads definite lengths only, as SNMP (RFC 3417 §8), LDAP (RFC 4511 §5.1) and DER demand; the indefinite form is
//! [`Fault::Malformed`]. Never recurses by itself, never copies. Source: ITU-T X.690 (02/2021) §8.

use crate::codec::cursor::{Cursor, Short};
use std::fmt;

/// Identifier octet of an `INTEGER`.
pub const INTEGER: u8 = 0x02;
/// Identifier octet of an `OCTET STRING`.
pub const OCTET_STRING: u8 = 0x04;
/// Identifier octet of an `OBJECT IDENTIFIER`.
pub const OBJECT_IDENTIFIER: u8 = 0x06;
/// Identifier octet of an `ENUMERATED`.
pub const ENUMERATED: u8 = 0x0a;
/// Identifier octet of a `SEQUENCE` or `SEQUENCE OF`.
pub const SEQUENCE: u8 = 0x30;

/// Why no element could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The element goes on beyond the bytes there are: more of a stream may complete it.
    #[error("the element goes on beyond the bytes there are")]
    Short,
    /// Not the element that was expected, or no definite length of at most four bytes.
    #[error("not the expected element")]
    Malformed,
}

impl From<Short> for Fault {
    fn from(_: Short) -> Self {
        Self::Short
    }
}

/// One element: what it is, and its contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// First identifier octet: class, constructed bit and tag number (31 when the number follows in more octets).
    pub tag: u8,
    /// Contents octets.
    pub content: &'a [u8],
}

impl<'a> Element<'a> {
    /// The elements within.
    #[must_use]
    pub const fn inside(&self) -> Reader<'a> {
        Reader::new(self.content)
    }
}

/// Elements one behind the other. A read that fails leaves it where it was.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Reader<'a> {
    /// A reader at the first of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { cursor: Cursor::new(bytes) }
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.cursor.is_empty()
    }

    /// The bytes not yet read.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.cursor.rest()
    }

    /// Identifier octet of the next element.
    #[must_use]
    pub fn peek(&self) -> Option<u8> {
        self.cursor.rest().first().copied()
    }

    /// The next element, whatever it is. Errors: [`Fault`].
    pub fn any(&mut self) -> Result<Element<'a>, Fault> {
        let mut cursor = self.cursor;
        let (tag, length) = head(&mut cursor)?;
        let content = cursor.take(length)?;
        self.cursor = cursor;
        Ok(Element { tag, content })
    }

    /// Contents of the next element, which must be `tag`. Errors: [`Fault`].
    pub fn expect(&mut self, tag: u8) -> Result<&'a [u8], Fault> {
        match self.peek() {
            Some(next) if next == tag => self.any().map(|element| element.content),
            Some(_) => Err(Fault::Malformed),
            None => Err(Fault::Short),
        }
    }

    /// The elements within the next one, which must be `tag`. Errors: [`Fault`].
    pub fn inside(&mut self, tag: u8) -> Result<Self, Fault> {
        self.expect(tag).map(Reader::new)
    }

    /// The next element, which must be an `INTEGER` of at most 64 bits. Errors: [`Fault`].
    pub fn integer(&mut self) -> Result<i64, Fault> {
        let content = self.expect(INTEGER)?;
        integer(content).ok_or(Fault::Malformed)
    }
}

/// How many bytes the element at the start of `bytes` has, head included; they need not all be there. Errors: [`Fault`].
pub fn size(bytes: &[u8]) -> Result<usize, Fault> {
    let mut cursor = Cursor::new(bytes);
    let (_, length) = head(&mut cursor)?;
    Ok(bytes.len() - cursor.left() + length)
}

/// Value of the contents of an `INTEGER` or `ENUMERATED`; `None` when empty or beyond 64 bits.
#[must_use]
pub fn integer(content: &[u8]) -> Option<i64> {
    let negative = content.first()? & 0x80 != 0;
    let (spare, significant) = content.split_at(content.len().saturating_sub(8));
    let sign: u8 = if negative { 0xff } else { 0 };
    if spare.iter().any(|byte| *byte != sign) {
        return None;
    }
    let mut bytes = [sign; 8];
    bytes.iter_mut().rev().zip(significant.iter().rev()).for_each(|(to, from)| *to = *from);
    Some(i64::from_be_bytes(bytes))
}

/// How many bytes head and contents of the element at the start of `bytes` have; they need not all be there. Errors:
/// [`Fault`].
pub fn extent(bytes: &[u8]) -> Result<(usize, usize), Fault> {
    let mut cursor = Cursor::new(bytes);
    let (_, length) = head(&mut cursor)?;
    Ok((bytes.len() - cursor.left(), length))
}

fn head(cursor: &mut Cursor<'_>) -> Result<(u8, usize), Fault> {
    let tag = cursor.u8()?;
    if tag & 0x1f == 0x1f {
        high_tag_number(cursor)?;
    }
    let first = cursor.u8()?;
    let octets = usize::from(first & 0x7f);
    let length = match first {
        0..=0x7f => octets,
        0x81..=0x84 => cursor.take(octets)?.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
        _ => return Err(Fault::Malformed),
    };
    Ok((tag, length))
}

fn high_tag_number(cursor: &mut Cursor<'_>) -> Result<(), Fault> {
    for _ in 0..4 {
        if cursor.u8()? & 0x80 == 0 {
            return Ok(());
        }
    }
    Err(Fault::Malformed)
}

/// Contents of an `OBJECT IDENTIFIER`, as encoded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Oid<'a>(pub &'a [u8]);

impl<'a> Oid<'a> {
    /// What stands behind `prefix` (encoded as well) when this lies at or below it.
    #[must_use]
    pub fn below(self, prefix: &[u8]) -> Option<Sub<'a>> {
        self.0.strip_prefix(prefix).map(Sub)
    }

    /// Writes the first `count` numbers, joined by dots.
    #[must_use]
    pub fn dotted(self, count: usize) -> String {
        use fmt::Write as _;
        let mut sub = Sub(self.0);
        let Some(first) = sub.next() else { return String::new() };
        let root = (first / 40).min(2);
        let mut text = format!("{root}.{}", first - root * 40);
        for arc in sub.take(count.saturating_sub(2)) {
            let _ = write!(text, ".{arc}");
        }
        text
    }
}

impl fmt::Display for Oid<'_> {
    /// Numbers joined by dots; at most the first 40, and none from the first that is malformed.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.dotted(40))
    }
}

impl fmt::Debug for Oid<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// The numbers in the rest of an object identifier; ends at one that is cut short or beyond 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sub<'a>(pub &'a [u8]);

impl Iterator for Sub<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let end = self.0.iter().position(|byte| byte & 0x80 == 0)?;
        let (number, rest) = self.0.split_at_checked(end + 1)?;
        self.0 = rest;
        let value = number.iter().try_fold(0u64, |sum, byte| {
            let sum = sum << 7 | u64::from(byte & 0x7f);
            (sum <= u64::from(u32::MAX)).then_some(sum)
        });
        let value = value.and_then(|value| u32::try_from(value).ok());
        if value.is_none() {
            self.0 = &[];
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn elements_lie_within_each_other() {
        let mut outer = Reader::new(&[0x30, 0x81, 0x07, 2, 1, 0xff, 4, 2, b'h', b'i']);
        let mut inner = outer.inside(SEQUENCE).expect("a sequence");
        assert_eq!(inner.integer(), Ok(-1));
        assert_eq!(inner.expect(INTEGER), Err(Fault::Malformed));
        assert_eq!(inner.any(), Ok(Element { tag: OCTET_STRING, content: b"hi" }));
        assert_eq!(inner.any(), Err(Fault::Short));
        assert!(outer.is_empty());
    }

    #[test]
    fn indefinite_and_oversized_lengths_are_malformed() {
        assert_eq!(Reader::new(&[0x30, 0x80, 0, 0]).any(), Err(Fault::Malformed));
        assert_eq!(Reader::new(&[0x30, 0x85, 0, 0, 0, 0, 1, 9]).any(), Err(Fault::Malformed));
        assert_eq!(Reader::new(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).any(), Err(Fault::Short));
        assert_eq!(size(&[0x30, 0x82, 0x01, 0x00]), Ok(260));
    }

    #[test]
    fn integers_are_signed_and_bounded() {
        assert_eq!(integer(&[0, 0x80]), Some(128));
        assert_eq!(integer(&[0x80]), Some(-128));
        assert_eq!(integer(&[0, 0, 0, 0, 0, 0, 0, 0, 7]), Some(7));
        assert_eq!(integer(&[1, 0, 0, 0, 0, 0, 0, 0, 7]), None);
        assert_eq!(integer(&[]), None);
    }

    #[test]
    fn object_identifiers_are_dotted() {
        assert_eq!(Oid(&[0x2b, 6, 1, 4, 1, 0xbf, 8, 3]).to_string(), "1.3.6.1.4.1.8072.3");
        assert_eq!(Oid(&[0x88, 0x37, 3]).to_string(), "2.999.3");
        assert_eq!(Oid(&[0x2b, 6, 0x81]).to_string(), "1.3.6");
        assert_eq!(Oid(&[0x2b, 6, 0xff, 0xff, 0xff, 0xff, 0x7f, 1]).to_string(), "1.3.6");
        assert_eq!(Oid(&[0x2b, 6, 1, 2]).dotted(3), "1.3.6");
        assert_eq!(Oid(&[0x2b, 6, 1, 2]).below(&[0x2b, 6]).map(Iterator::collect), Some(vec![1, 2]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut reader = Reader::new(&bytes);
            while let Ok(element) = reader.any() {
                let _ = (Oid(element.content).to_string(), integer(element.content));
            }
        }
    }
}
