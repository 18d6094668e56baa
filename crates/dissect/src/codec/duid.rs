//! DHCP unique identifiers: what a DHCP client or server calls itself (RFC 8415 §11), in DHCPv6 and, behind option 61,
//! in DHCPv4 (RFC 4361).

use super::{text, uuid};
use crate::codec::cursor::Cursor;
use wardlight_model::Mac;

/// The longest identifier that the specification allows, in bytes, type included.
const LONGEST: usize = 130;

/// One DHCP unique identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duid<'a>(&'a [u8]);

impl<'a> Duid<'a> {
    /// The identifier that `raw` is: a known type with the length that type asks for.
    #[must_use]
    pub fn read(raw: &'a [u8]) -> Option<Self> {
        let kind = Cursor::new(raw).u16().ok()?;
        let fits = match kind {
            1 => (9..=LONGEST).contains(&raw.len()),
            2 => (7..=LONGEST).contains(&raw.len()),
            3 => (5..=LONGEST).contains(&raw.len()),
            4 => raw.len() == 18,
            _ => false,
        };
        fits.then_some(Self(raw))
    }

    /// Hexadecimal, followed by `/` and the eight digits of `iaid` when that is known.
    #[must_use]
    pub fn text(&self, iaid: Option<u32>) -> String {
        let duid = text::hex(self.0);
        iaid.map_or_else(|| duid.clone(), |iaid| format!("{duid}/{iaid:08x}"))
    }

    /// The Ethernet address in an identifier of type LLT or LL: one of the device's own, not always that in use.
    #[must_use]
    pub fn mac(&self) -> Option<Mac> {
        let mut cursor = Cursor::new(self.0);
        let kind = cursor.u16().ok()?;
        let hardware = cursor.u16().ok()?;
        if kind == 1 {
            cursor.skip(4).ok()?;
        }
        let is_ethernet = matches!(kind, 1 | 3) && hardware == 1 && cursor.left() == 6;
        is_ethernet.then(|| Mac::from_slice(cursor.rest())).flatten().filter(|mac| mac.is_station())
    }

    /// The UUID of an identifier of type UUID (RFC 6355).
    #[must_use]
    pub fn uuid(&self) -> Option<String> {
        self.0.strip_prefix(&[0, 4]).and_then(uuid::text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_says_what_it_holds() {
        let llt = [0, 1, 0, 1, 9, 9, 9, 9, 0, 9, 0xfb, 1, 2, 3];
        let ll = [0, 3, 0, 1, 0, 9, 0xfb, 1, 2, 3];
        for raw in [&llt[..], &ll[..]] {
            assert_eq!(Duid::read(raw).and_then(|duid| duid.mac()), Some(Mac([0, 9, 0xfb, 1, 2, 3])));
        }
        let mut by_uuid = vec![0, 4];
        by_uuid.extend(0..16);
        let uuid = Duid::read(&by_uuid).and_then(|duid| duid.uuid());
        assert_eq!(uuid.as_deref(), Some("00010203-0405-0607-0809-0a0b0c0d0e0f"));
        let enterprise = Duid::read(&[0, 2, 0, 0, 0xab, 0x11, 1, 2]).expect("type EN");
        assert_eq!(enterprise.mac(), None);
        assert_eq!(enterprise.text(Some(5)), "00020000ab110102/00000005");
    }

    #[test]
    fn other_bytes_are_no_duid() {
        for raw in [&[][..], &[0, 9, 1, 2, 3, 4, 5], &[0, 4, 1], &[0, 3, 0, 1], &[0; 200]] {
            assert_eq!(Duid::read(raw), None, "{raw:?}");
        }
    }
}
