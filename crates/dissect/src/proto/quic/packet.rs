//! Packets with long headers, borrowed from a datagram (RFC 9000 §17.2; RFC 9369 §3.2).

use crate::codec::cursor::{Cursor, Short};

/// Longest connection id (RFC 9000 §17.2).
const LONGEST_ID: usize = 20;

/// Versions that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// A draft of version 1 before its keys were settled: 29 to 32.
    Draft(u8),
    /// RFC 9000, and its drafts 33 and 34.
    One,
    /// RFC 9369.
    Two,
}

impl Version {
    const fn of(number: u32) -> Option<Self> {
        Some(match number {
            1 | 0xff00_0021 | 0xff00_0022 => Self::One,
            0xff00_001d => Self::Draft(29),
            0xff00_001e => Self::Draft(30),
            0xff00_001f => Self::Draft(31),
            0xff00_0020 => Self::Draft(32),
            0x6b33_43cf => Self::Two,
            _ => return None,
        })
    }

    /// Its name in records, as Zeek writes it.
    pub fn name(self) -> String {
        match self {
            Self::Draft(number) => format!("draft-{number}"),
            Self::One => "1".to_owned(),
            Self::Two => "2".to_owned(),
        }
    }
}

/// What a packet is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The first ones of either end, with the hellos.
    Initial,
    /// Goes on with the handshake, encrypted.
    Handshake,
    /// Early requests, or a request to begin again.
    Other,
}

/// One packet.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    /// Its version.
    pub version: Version,
    /// What it is for.
    pub form: Form,
    /// Connection id of who it is sent to.
    pub to: &'a [u8],
    /// Connection id of who sent it.
    pub from: &'a [u8],
    /// What the server gave the client to show that it is back; only in Initial packets.
    pub token: &'a [u8],
    /// All of it.
    pub whole: &'a [u8],
    /// Where the packet number begins, which is protected together with all behind it.
    pub number_at: usize,
}

impl<'a> Packet<'a> {
    /// What stands before the protected part.
    pub fn head(&self) -> &'a [u8] {
        self.whole.get(..self.number_at).unwrap_or_default()
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Option<Self>, Short> {
        let begun = cursor.rest();
        let first = cursor.u8()?;
        let Some(version) = Version::of(cursor.u32()?).filter(|_| first & 0xc0 == 0xc0) else { return Ok(None) };
        let (to, from) = (id(cursor)?, id(cursor)?);
        let kind = (first >> 4 & 3).wrapping_sub(u8::from(version == Version::Two)) & 3;
        let form = match kind {
            0 => Form::Initial,
            2 => Form::Handshake,
            _ => Form::Other,
        };
        let mut token: &[u8] = &[];
        if form == Form::Initial {
            let length = variable(cursor)?;
            token = cursor.take(usize::try_from(length).map_err(|_| Short)?)?;
        }
        let length = if kind == 3 { cursor.left() as u64 } else { variable(cursor)? };
        let number_at = begun.len() - cursor.left();
        cursor.skip(usize::try_from(length).map_err(|_| Short)?)?;
        let whole = begun.get(..begun.len() - cursor.left()).ok_or(Short)?;
        Ok(Some(Self { version, form, to, from, token, whole, number_at }))
    }
}

/// The packets with long headers that datagrams begin with.
pub fn packets(bytes: &[u8]) -> impl Iterator<Item = Packet<'_>> {
    let mut cursor = Cursor::new(bytes);
    std::iter::from_fn(move || {
        // Some fill a datagram up behind its last packet.
        while cursor.rest().first() == Some(&0) {
            cursor.skip(1).ok()?;
        }
        Packet::read(&mut cursor).ok().flatten()
    })
}

/// A number of one, two, four or eight bytes (RFC 9000 §16).
pub fn variable(cursor: &mut Cursor<'_>) -> Result<u64, Short> {
    let mut probe = *cursor;
    let value = match probe.u8()? >> 6 {
        0 => u64::from(cursor.u8()?),
        1 => u64::from(cursor.u16()? & 0x3fff),
        2 => u64::from(cursor.u32()? & 0x3fff_ffff),
        _ => cursor.u64()? & 0x3fff_ffff_ffff_ffff,
    };
    Ok(value)
}

fn id<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], Short> {
    let length = usize::from(cursor.u8()?);
    if length > LONGEST_ID {
        return Err(Short);
    }
    cursor.take(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_specification() {
        // RFC 9000 §A.1.
        for (raw, value) in [
            (&[0x25][..], 37),
            (&[0x40, 0x25], 37),
            (&[0x7b, 0xbd], 15_293),
            (&[0x9d, 0x7f, 0x3e, 0x7d], 494_878_333),
            (&[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c], 151_288_809_941_952_652),
        ] {
            assert_eq!(variable(&mut Cursor::new(raw)), Ok(value));
        }
        assert_eq!(variable(&mut Cursor::new(&[0x9d, 0])), Err(Short));
    }

    #[test]
    fn the_types_of_version_2_are_turned() {
        let form = |first: u8, version: [u8; 4]| {
            let bytes = [&[first][..], &version, &[0, 0, 0, 0]].concat();
            packets(&bytes).next().map(|packet| packet.form)
        };
        let (one, two) = ([0, 0, 0, 1], [0x6b, 0x33, 0x43, 0xcf]);
        assert_eq!((form(0xc0, one), form(0xd0, two)), (Some(Form::Initial), Some(Form::Initial)));
        assert_eq!((form(0xe0, one), form(0xf0, two)), (Some(Form::Handshake), Some(Form::Handshake)));
        assert_eq!((form(0x40, one), form(0xc0, [0; 4]), form(0xc0, [1; 4])), (None, None, None));
    }
}
