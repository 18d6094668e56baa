//! Frames of radios: IEEE 802.11 with what capture drivers put before it, and Bluetooth.
//!
//! In comes a captured frame, out go its stations and what is inside: network packets of frames that are not encrypted,
//! management frames and Bluetooth packets whole, for the entries that read them. What is encrypted stays closed.
//!
//! Sources: IEEE 802.11-2020 §9.2 and §9.3; radiotap.org; LINKTYPE_ registry for the headers of Prism, AVS, PPI and
//! Bluetooth.

use super::{Inside, Layers, LinkType, bare, ethernet, llc};
use crate::codec::cursor::{Cursor, Short};
use wardlight_model::Mac;

/// What a driver says of a frame.
#[derive(Clone, Copy, Default)]
struct Driver {
    has_check: bool,
    is_padded: bool,
    is_broken: bool,
}

/// Takes a frame of a radio's link type apart. Errors: [`Short`].
pub(super) fn layers(link: LinkType, mut cursor: Cursor<'_>) -> Result<Layers<'_>, Short> {
    match link {
        LinkType::WLAN_RADIOTAP => radiotap(cursor),
        LinkType::PPI => ppi(cursor),
        LinkType::WLAN_PRISM | LinkType::WLAN_AVS => {
            let mut head = cursor;
            let is_avs = head.u32()? & 0xffff_fff0 == 0x8021_1000;
            let length = if is_avs { head.u32()? } else { head.u32_le()? };
            cursor.skip(usize::try_from(length).map_err(|_| Short)?)?;
            wlan(cursor, Driver::default())
        }
        LinkType::BLUETOOTH_H4 | LinkType::BLUETOOTH_LE => Ok(bare(Inside::Link(link), cursor)),
        LinkType::BLUETOOTH_H4_PHDR => {
            cursor.skip(4)?;
            Ok(bare(Inside::Link(LinkType::BLUETOOTH_H4), cursor))
        }
        LinkType::BLUETOOTH_LE_PHDR => {
            cursor.skip(8)?;
            let flags = cursor.u16_le()?;
            // The checksum was checked, and is wrong.
            let is_broken = flags & 0x0c00 == 0x0400;
            let inside = if is_broken { Inside::Nothing } else { Inside::Link(LinkType::BLUETOOTH_LE) };
            Ok(bare(inside, cursor))
        }
        _ => wlan(cursor, Driver::default()),
    }
}

fn radiotap(cursor: Cursor<'_>) -> Result<Layers<'_>, Short> {
    let mut head = cursor;
    head.skip(2)?;
    let length = usize::from(head.u16_le()?);
    let mut rest = cursor;
    let mut head = Cursor::new(rest.take(length)?);
    head.skip(4)?;
    let present = head.u32_le()?;
    let mut word = present;
    while word >> 31 == 1 {
        word = head.u32_le()?;
    }
    if present & 1 == 1 {
        // A time of eight bytes, at a multiple of eight.
        head.skip((length - head.left()).next_multiple_of(8) - (length - head.left()) + 8)?;
    }
    let flags = if present & 2 == 2 { head.u8()? } else { 0 };
    let driver = Driver { has_check: flags & 0x10 != 0, is_padded: flags & 0x20 != 0, is_broken: flags & 0x40 != 0 };
    wlan(rest, driver)
}

fn ppi(mut cursor: Cursor<'_>) -> Result<Layers<'_>, Short> {
    cursor.skip(2)?;
    let length = usize::from(cursor.u16_le()?);
    let link = cursor.u32_le()?;
    let mut fields = cursor.within(length.checked_sub(8).ok_or(Short)?)?;
    if link != LinkType::WLAN.0 {
        return Ok(bare(Inside::Nothing, cursor));
    }
    // The common field of 802.11 stands first: a time, then flags.
    let is_of_wlan = fields.u16_le().is_ok_and(|kind| kind == 2) && fields.skip(2 + 8).is_ok();
    let flags = if is_of_wlan { fields.u16_le()? } else { 0 };
    wlan(cursor, Driver { has_check: flags & 1 != 0, is_padded: false, is_broken: flags & 0xc != 0 })
}

/// An IEEE 802.11 frame from its frame control on.
pub(crate) fn plain(bytes: &[u8]) -> Result<Layers<'_>, Short> {
    wlan(Cursor::new(bytes), Driver::default())
}

fn wlan(mut cursor: Cursor<'_>, driver: Driver) -> Result<Layers<'_>, Short> {
    if driver.has_check {
        cursor = Cursor::new(cursor.take(cursor.left().checked_sub(4).ok_or(Short)?)?);
    }
    let whole = cursor;
    let (control, flags, _duration) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
    let (kind, subtype) = (control >> 2 & 3, control >> 4);
    if driver.is_broken || control & 3 != 0 || !matches!(kind, 0 | 2) {
        return Ok(bare(Inside::Nothing, whole));
    }
    let (first, second, third) = (Mac(cursor.array()?), Mac(cursor.array()?), Mac(cursor.array()?));
    let sequence = cursor.u16_le()?;
    if kind == 0 {
        let inside = if flags & 0x40 == 0 { Inside::Link(LinkType::WLAN) } else { Inside::Sealed };
        return Ok(Layers { source: Some(second), destination: Some(first), ..bare(inside, whole) });
    }
    let (destination, source) = match flags & 3 {
        0 => (first, second),
        1 => (third, second),
        2 => (first, third),
        _ => (third, Mac(cursor.array()?)),
    };
    let ends = Layers { source: Some(source), destination: Some(destination), ..bare(Inside::Nothing, cursor) };
    let is_part = flags & 4 != 0 || sequence & 0xf != 0;
    if subtype & 4 != 0 || flags & 0x40 == 0 && is_part {
        return Ok(ends);
    }
    if flags & 0x40 != 0 {
        return Ok(Layers { inside: Inside::Sealed, ..ends });
    }
    let mut is_several = false;
    if subtype & 8 != 0 {
        is_several = cursor.u16_le()? & 0x80 != 0;
        cursor.skip(if flags & 0x80 != 0 { 4 } else { 0 })?;
    }
    if driver.is_padded {
        let head = whole.left() - cursor.left();
        cursor.skip(head.next_multiple_of(4) - head)?;
    }
    if is_several {
        return Ok(Layers { inside: Inside::Several, payload: cursor.rest(), ..ends });
    }
    let (_, inside, payload) = llc(None, 0, cursor)?;
    Ok(Layers { inside, payload, ..ends })
}

/// The frames of an A-MSDU, one behind the other, each padded to four bytes.
pub(crate) fn several(payload: &[u8]) -> impl Iterator<Item = Layers<'_>> {
    let mut cursor = Cursor::new(payload);
    std::iter::from_fn(move || {
        let mut head = cursor;
        head.skip(12).ok()?;
        let length = usize::from(head.u16().ok()?) + 14;
        let frame = ethernet(cursor.within(length).ok()?).ok()?;
        cursor.take_at_most(length.next_multiple_of(4) - length);
        Some(frame)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::bytes;

    const AP: &str = "0a00000000aa";
    const STATION: &str = "0a0000000001";
    const SERVER: &str = "0a0000000002";

    /// Sender, receiver, what is inside, payload.
    #[track_caller]
    fn check(link: LinkType, frame: &str, ends: Option<(&str, &str)>, inside: Inside, payload: &str) {
        let frame = bytes(frame);
        let got = super::super::layers(link, &frame).expect("frame is whole");
        let ends = ends.map(|(from, to)| (from.parse().expect("address"), to.parse().expect("address")));
        assert_eq!(got.source.zip(got.destination), ends);
        assert_eq!((got.inside, got.payload), (inside, &bytes(payload)[..]));
    }

    #[test]
    fn the_direction_says_which_address_is_whose() {
        let packet = "aaaa03 000000 0800 45";
        let ends = Some((STATION, SERVER));
        check(LinkType::WLAN, &format!("0801 0000 {AP} {STATION} {SERVER} 0000 {packet}"), ends, Inside::Ipv4, "45");
        check(LinkType::WLAN, &format!("0802 0000 {SERVER} {AP} {STATION} 0000 {packet}"), ends, Inside::Ipv4, "45");
        check(LinkType::WLAN, &format!("0800 0000 {SERVER} {STATION} {AP} 0000 {packet}"), ends, Inside::Ipv4, "45");
        let relayed = format!("8803 0000 {AP} {AP} {SERVER} 0000 {STATION} 0000 {packet}");
        check(LinkType::WLAN, &relayed, ends, Inside::Ipv4, "45");
    }

    #[test]
    fn what_is_encrypted_or_empty_stays_closed() {
        let sealed = format!("8841 0000 {AP} {STATION} {SERVER} 0000 0000 0102030405060708");
        check(LinkType::WLAN, &sealed, Some((STATION, SERVER)), Inside::Sealed, "0000 0102030405060708");
        let null = format!("4801 0000 {AP} {STATION} {SERVER} 0000");
        check(LinkType::WLAN, &null, Some((STATION, SERVER)), Inside::Nothing, "");
        check(LinkType::WLAN, "d400 0000 0a0000000001", None, Inside::Nothing, "d400 0000 0a0000000001");
    }

    #[test]
    fn drivers_headers_are_passed_and_check_sequences_cut_off() {
        let beacon = format!("8000 0000 ffffffffffff {AP} {AP} 0000 0102");
        let ends = Some((AP, "ff:ff:ff:ff:ff:ff"));
        let inside = Inside::Link(LinkType::WLAN);
        let tap = format!("0000 1900 03000080 00000000 00000000 0102030405060708 10 {beacon} deadbeef");
        check(LinkType::WLAN_RADIOTAP, &tap, ends, inside, &beacon);
        check(LinkType::WLAN_RADIOTAP, &format!("0000 0800 00000000 {beacon}"), ends, inside, &beacon);
        let prism = format!("44000000 10000000 0000000000000000 {beacon}");
        check(LinkType::WLAN_PRISM, &prism, ends, inside, &beacon);
        check(LinkType::WLAN_PRISM, &format!("80211001 0000000c 00000000 {beacon}"), ends, inside, &beacon);
        let ppi = format!("0000 2000 69000000 0200 1400 0000000000000000 0100 {} {beacon} deadbeef", "00".repeat(10));
        check(LinkType::PPI, &ppi, ends, inside, &beacon);
        let broken = format!("0000 0900 02000000 40 {beacon}");
        check(LinkType::WLAN_RADIOTAP, &broken, None, Inside::Nothing, &beacon);
    }

    #[test]
    fn padding_behind_the_head_is_passed() {
        let padded =
            format!("0000 0900 02000000 20 8801 0000 {AP} {STATION} {SERVER} 0000 0000 0000 aaaa03 000000 0800 45");
        check(LinkType::WLAN_RADIOTAP, &padded, Some((STATION, SERVER)), Inside::Ipv4, "45");
    }

    #[test]
    fn frames_that_travel_together_are_told_apart() {
        let one = format!("{SERVER} {STATION} 0009 aaaa03 000000 0800 45");
        let frame = bytes(&format!("8801 0000 {AP} {STATION} {AP} 0000 8000 {one} 00 {one}"));
        let got = super::super::layers(LinkType::WLAN, &frame).expect("frame is whole");
        assert_eq!(got.inside, Inside::Several);
        let payloads: Vec<_> = several(got.payload).map(|frame| (frame.inside, frame.payload)).collect();
        assert_eq!(payloads, [(Inside::Ipv4, &[0x45][..]); 2]);
    }

    #[test]
    fn bluetooth_is_handed_on_whole_unless_it_is_known_to_be_broken() {
        check(LinkType::BLUETOOTH_H4_PHDR, "00000001 04 3e 00", None, Inside::Link(LinkType::BLUETOOTH_H4), "04 3e 00");
        let head = "25 c0 80 00 d6be898e";
        check(
            LinkType::BLUETOOTH_LE_PHDR,
            &format!("{head} 000c d6be898e"),
            None,
            Inside::Link(LinkType::BLUETOOTH_LE),
            "d6be898e",
        );
        check(LinkType::BLUETOOTH_LE_PHDR, &format!("{head} 0004 d6be898e"), None, Inside::Nothing, "d6be898e");
    }

    #[test]
    fn every_cut_is_short_never_a_panic() {
        let frame = bytes(&format!(
            "0000 1900 03000080 00000000 00000000 0102030405060708 10 8801 0000 {AP} {STATION} {SERVER} 0000 0000 aaaa03 000000 0800 45"
        ));
        for end in 0..frame.len() {
            for link in [105, 119, 127, 163, 187, 192, 201, 251, 256] {
                let _ = super::super::layers(LinkType(link), &frame[..end]);
            }
        }
    }
}
