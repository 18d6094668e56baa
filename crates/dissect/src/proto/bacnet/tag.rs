//! Tags, of which everything above the fixed parts of BACnet consists.
//!
//! In: encoded parameters. Out: one tag after the other, none of which runs past the end.
//!
//! Source: ANSI/ASHRAE 135-2020 clause 20.2.

use crate::codec::cursor::{Cursor, Short};

/// Application tags that are read (clause 20.2.1.4).
pub(super) const UNSIGNED: u8 = 2;
pub(super) const CHARACTER_STRING: u8 = 7;
pub(super) const ENUMERATED: u8 = 9;
pub(super) const OBJECT_IDENTIFIER: u8 = 12;

/// Deepest nesting that is followed.
const DEEPEST: usize = 16;

/// What a tag has behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Value(&'a [u8]),
    Open,
    Close,
}

/// One tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    pub(super) number: u8,
    pub(super) is_context: bool,
    pub(super) part: Part<'a>,
}

impl<'a> Tag<'a> {
    /// The value of application tag `number`, when it is one.
    pub(super) fn application(&self, number: u8) -> Option<&'a [u8]> {
        match self.part {
            Part::Value(value) if !self.is_context && self.number == number => Some(value),
            _ => None,
        }
    }
}

/// What is still to be read of some parameters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tags<'a>(Cursor<'a>);

impl<'a> Tags<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(Cursor::new(bytes))
    }

    /// The next tag; `None` at the end. Errors: [`Short`] when it runs past the end, or is none.
    pub(super) fn next(&mut self) -> Result<Option<Tag<'a>>, Short> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let first = self.0.u8()?;
        let number = if first >> 4 == 15 { self.0.u8()? } else { first >> 4 };
        let is_context = first & 8 != 0;
        let part = match first & 7 {
            6 if is_context => Part::Open,
            7 if is_context => Part::Close,
            6 | 7 => return Err(Short),
            // The value of a Boolean stands in the tag itself.
            _ if !is_context && number == 1 => Part::Value(&[]),
            length => {
                let length = self.length(length)?;
                Part::Value(self.0.take(length)?)
            }
        };
        Ok(Some(Tag { number, is_context, part }))
    }

    fn length(&mut self, short: u8) -> Result<usize, Short> {
        let length = match short {
            5 => match self.0.u8()? {
                254 => u32::from(self.0.u16()?),
                255 => self.0.u32()?,
                length => u32::from(length),
            },
            length => u32::from(length),
        };
        usize::try_from(length).map_err(|_| Short)
    }

    /// What stands between the opening tag just read and its closing tag, and whether that was there: in a segment it
    /// may be still to come.
    pub(super) fn inside(&mut self) -> (&'a [u8], bool) {
        let whole = self.0.rest();
        let mut depth = 0;
        loop {
            let before = self.0.left();
            let length = whole.len().saturating_sub(before);
            match self.next().map(|tag| tag.map(|tag| tag.part)) {
                Ok(Some(Part::Close)) if depth == 0 => return (whole.get(..length).unwrap_or_default(), true),
                Ok(Some(Part::Close)) => depth -= 1,
                Ok(Some(Part::Open)) if depth < DEEPEST => depth += 1,
                Ok(Some(Part::Value(_))) => {}
                _ => return (whole, false),
            }
        }
    }

    /// The value of the next tag, which is context tag `number`. Errors: [`Short`] when it is not.
    pub(super) fn context(&mut self, number: u8) -> Result<&'a [u8], Short> {
        match self.next()? {
            Some(Tag { number: found, is_context: true, part: Part::Value(value) }) if found == number => Ok(value),
            _ => Err(Short),
        }
    }

    /// The value of the next tag, which is application tag `number`. Errors: [`Short`] when it is not.
    pub(super) fn application(&mut self, number: u8) -> Result<&'a [u8], Short> {
        self.next()?.and_then(|tag| tag.application(number)).ok_or(Short)
    }
}

/// An unsigned or enumerated value of up to four bytes.
pub(super) fn unsigned(value: &[u8]) -> Option<u32> {
    matches!(value.len(), 1..=4).then(|| value.iter().fold(0, |all, byte| all << 8 | u32::from(*byte)))
}

/// An object identifier: type and instance (clause 20.2.14).
pub(super) fn object(value: &[u8]) -> Option<(u16, u32)> {
    let packed = u32::from_be_bytes(value.try_into().ok()?);
    Some((u16::try_from(packed >> 22).ok()?, packed & 0x3f_ffff))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_numbers_are_read_in_all_their_forms() {
        let mut bytes = vec![0x21, 5, 0x11, 0xf9, 200, 7, 0x75, 6];
        bytes.extend(b"\0NAE55");
        bytes.extend([0x75, 254, 1, 0]);
        bytes.extend([0x41; 256]);
        let mut tags = Tags::new(&bytes);
        assert_eq!(tags.application(UNSIGNED), Ok(&[5][..]));
        assert_eq!(tags.next(), Ok(Some(Tag { number: 1, is_context: false, part: Part::Value(&[]) })));
        assert_eq!(tags.context(200), Ok(&[7][..]));
        assert_eq!(tags.application(CHARACTER_STRING), Ok(&b"\0NAE55"[..]));
        assert_eq!(tags.application(CHARACTER_STRING).map(<[u8]>::len), Ok(256));
        assert_eq!(tags.next(), Ok(None));
    }

    #[test]
    fn what_is_nested_ends_at_its_own_closing_tag() {
        let mut tags = Tags::new(&[0x3e, 0x2e, 0x21, 9, 0x2f, 0x3f, 0x21, 1]);
        tags.next().expect("an opening tag");
        assert_eq!(tags.inside(), (&[0x2e, 0x21, 9, 0x2f][..], true));
        assert_eq!(tags.application(UNSIGNED), Ok(&[1][..]));
        assert_eq!(Tags::new(&[0x21, 9, 0x2e]).inside(), (&[0x21, 9, 0x2e][..], false));
        assert!(!Tags::new(&[0x0e; 500]).inside().1);
    }

    #[test]
    fn objects_are_type_and_instance() {
        assert_eq!(object(&[0x02, 0x00, 0x02, 0xd1]), Some((8, 721)));
        assert_eq!(object(&[0x02, 0x00]), None);
    }
}
