//! DNS messages: header, questions and resource records as the wire has them (RFC 1035 §4), borrowed and bounded.
//!
//! Shared by `dns`, `mdns`, `llmnr` and `nbns`. Reads what is there of a message that is cut short, follows compressed
//! names only backwards, and never allocates: a name's text stands in a buffer of fixed size.

use super::address;
use crate::codec::cursor::{Cursor, Short};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Length of the header, in bytes.
const HEADER: usize = 12;
/// Longest name, in bytes (RFC 1035 §2.3.4).
const LONGEST_NAME: usize = 255;
/// Most owners of one message whose names are checked, since each may lead through many labels.
const CHECKED: usize = 256;
/// Most compression pointers followed in one name.
const HOPS: u8 = 32;

/// Resource record types that dissectors act on (IANA).
pub mod kind {
    #![allow(missing_docs, reason = "the names are the registry's own")]
    pub const A: u16 = 1;
    pub const NS: u16 = 2;
    pub const CNAME: u16 = 5;
    pub const PTR: u16 = 12;
    pub const MX: u16 = 15;
    pub const TXT: u16 = 16;
    pub const AAAA: u16 = 28;
    pub const SRV: u16 = 33;
    pub const DNAME: u16 = 39;
    pub const OPT: u16 = 41;
    pub const IXFR: u16 = 251;
    pub const AXFR: u16 = 252;
}

/// The registry's mnemonic of a resource record type, when it is one of the common ones.
#[must_use]
pub fn kind_name(kind: u16) -> Option<&'static str> {
    const NAMES: [(u16, &str); 38] = [
        (1, "A"),
        (2, "NS"),
        (5, "CNAME"),
        (6, "SOA"),
        (10, "NULL"),
        (11, "WKS"),
        (12, "PTR"),
        (13, "HINFO"),
        (15, "MX"),
        (16, "TXT"),
        (17, "RP"),
        (18, "AFSDB"),
        (24, "SIG"),
        (25, "KEY"),
        (28, "AAAA"),
        (29, "LOC"),
        (33, "SRV"),
        (35, "NAPTR"),
        (37, "CERT"),
        (39, "DNAME"),
        (41, "OPT"),
        (43, "DS"),
        (44, "SSHFP"),
        (46, "RRSIG"),
        (47, "NSEC"),
        (48, "DNSKEY"),
        (50, "NSEC3"),
        (51, "NSEC3PARAM"),
        (52, "TLSA"),
        (64, "SVCB"),
        (65, "HTTPS"),
        (99, "SPF"),
        (249, "TKEY"),
        (250, "TSIG"),
        (251, "IXFR"),
        (252, "AXFR"),
        (255, "ANY"),
        (257, "CAA"),
    ];
    NAMES.iter().find(|(known, _)| *known == kind).map(|(_, name)| *name)
}

/// The first whole message of a stream, where a length of two bytes stands before each (RFC 1035 §4.2.2), and how many
/// bytes it takes there. `None` while it is incomplete.
#[must_use]
pub fn framed(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let mut cursor = Cursor::new(bytes);
    let length = usize::from(cursor.u16().ok()?);
    cursor.take(length).ok().map(|message| (message, length + 2))
}

/// One message, its header read.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    bytes: &'a [u8],
    /// Transaction identifier.
    pub id: u16,
    /// The second 16 bits of the header as they stand.
    pub flags: u16,
    /// How many questions, answers, authority and additional records the header promises.
    pub counts: [u16; 4],
}

/// How the parts of a message fit its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// All parts are there and fill the message.
    Whole,
    /// All parts are there, and bytes are left.
    Trailing,
    /// The message ends before its parts do.
    Cut,
    /// A name is too long, runs out of the message, or points forward or to itself.
    BadName,
}

impl<'a> Message<'a> {
    /// Reads the header. Errors: [`Short`] when it is incomplete.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Short> {
        let mut cursor = Cursor::new(bytes);
        let (id, flags) = (cursor.u16()?, cursor.u16()?);
        let counts = [cursor.u16()?, cursor.u16()?, cursor.u16()?, cursor.u16()?];
        Ok(Self { bytes, id, flags, counts })
    }

    /// Whether it answers (QR).
    #[must_use]
    pub const fn is_response(&self) -> bool {
        self.flags & 0x8000 != 0
    }

    /// What is asked for: 0 a query, 4 a notification, 5 an update.
    #[must_use]
    pub const fn opcode(&self) -> u16 {
        self.flags >> 11 & 15
    }

    /// Whether it was cut to fit its transport (TC).
    #[must_use]
    pub const fn is_truncated(&self) -> bool {
        self.flags & 0x0200 != 0
    }

    /// Response code of the header; 0 is success.
    #[must_use]
    pub const fn rcode(&self) -> u16 {
        self.flags & 15
    }

    /// Questions and records in order, as far as they are there.
    #[must_use]
    pub const fn parts(&self) -> Parts<'a> {
        Parts { message: self.bytes, at: HEADER, left: self.counts, is_cut: false }
    }

    /// The first question, when it is there.
    #[must_use]
    pub fn question(&self) -> Option<Part<'a>> {
        self.parts().next().filter(|part| part.section == Section::Question)
    }

    /// Records of all sections, without questions.
    pub fn records(&self) -> impl Iterator<Item = Part<'a>> + use<'a> {
        self.parts().filter(|part| part.section != Section::Question)
    }

    /// How the parts fit the message's length. The names of the first owners are checked, those within values are not.
    #[must_use]
    pub fn shape(&self) -> Shape {
        let mut parts = self.parts();
        let has_bad_name = parts.by_ref().take(CHECKED).any(|part| !part.name.is_sound());
        if has_bad_name {
            return Shape::BadName;
        }
        parts.by_ref().for_each(drop);
        if parts.is_cut {
            Shape::Cut
        } else if parts.at < self.bytes.len() {
            Shape::Trailing
        } else {
            Shape::Whole
        }
    }
}

/// Where in a message a part stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// What is asked.
    Question,
    /// What answers it.
    Answer,
    /// Who is responsible; in updates and mDNS probes, what is claimed.
    Authority,
    /// What may be wanted next.
    Additional,
}

/// A question, or a resource record.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// Where it stands.
    pub section: Section,
    /// The name asked about, or the record's owner.
    pub name: Name<'a>,
    /// Resource record type.
    pub kind: u16,
    /// Class as it stands, with the bit that mDNS uses for its own purposes.
    pub class: u16,
    /// Seconds it may be kept; 0 in questions.
    pub ttl: u32,
    /// The value; empty in questions.
    pub value: &'a [u8],
    message: &'a [u8],
    value_at: usize,
}

impl<'a> Part<'a> {
    /// The class without the top bit, which mDNS uses to flush caches and ask for unicast (RFC 6762 §10.2, §5.4).
    #[must_use]
    pub const fn plain_class(&self) -> u16 {
        self.class & 0x7fff
    }

    /// The address an A or AAAA record of the internet class gives.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self.kind {
            kind::A if self.plain_class() == 1 => address::v4(self.value).map(IpAddr::V4),
            kind::AAAA if self.plain_class() == 1 => address::v6(self.value).map(IpAddr::V6),
            _ => None,
        }
    }

    /// The name that the value is or ends with.
    #[must_use]
    pub fn target(&self) -> Option<Name<'a>> {
        let ahead = match self.kind {
            kind::NS | kind::CNAME | kind::PTR | kind::DNAME => 0,
            kind::MX => 2,
            kind::SRV => 6,
            _ => return None,
        };
        let name = Name::read(self.message, self.value_at.saturating_add(ahead))?;
        (name.at + name.length <= self.value_at + self.value.len() && name.is_sound()).then_some(name)
    }
}

/// Walks over the parts of a message. Ends early where the message does.
#[derive(Debug, Clone)]
pub struct Parts<'a> {
    message: &'a [u8],
    at: usize,
    left: [u16; 4],
    is_cut: bool,
}

impl<'a> Parts<'a> {
    fn section(&mut self) -> Option<Section> {
        const ALL: [Section; 4] = [Section::Question, Section::Answer, Section::Authority, Section::Additional];
        let (left, section) = self.left.iter_mut().zip(ALL).find(|(left, _)| **left > 0)?;
        *left -= 1;
        Some(section)
    }

    fn part(&mut self, section: Section) -> Option<Part<'a>> {
        let name = Name::read(self.message, self.at)?;
        let behind = self.message.get(self.at + name.length..)?;
        let mut cursor = Cursor::new(behind);
        let (kind, class) = (cursor.u16().ok()?, cursor.u16().ok()?);
        let (mut ttl, mut value): (u32, &[u8]) = (0, &[]);
        if section != Section::Question {
            ttl = cursor.u32().ok()?;
            let length = usize::from(cursor.u16().ok()?);
            value = cursor.take(length).ok()?;
        }
        let end = self.message.len() - cursor.left();
        self.at = end;
        Some(Part { section, name, kind, class, ttl, value, message: self.message, value_at: end - value.len() })
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let section = self.section()?;
        let part = self.part(section);
        if part.is_none() {
            self.left = [0; 4];
            self.is_cut = true;
        }
        part
    }
}

/// A name where it stands in a message; its later labels may stand elsewhere (RFC 1035 §4.1.4).
#[derive(Debug, Clone, Copy)]
pub struct Name<'a> {
    message: &'a [u8],
    at: usize,
    length: usize,
}

impl<'a> Name<'a> {
    /// The name that begins at `at` of `message`. `None` when it does not end there; where pointers lead is not checked.
    #[must_use]
    pub fn read(message: &'a [u8], at: usize) -> Option<Self> {
        let mut cursor = Cursor::new(message.get(at..)?);
        loop {
            match cursor.u8().ok()? {
                0 => break,
                length @ 1..=63 => cursor.skip(usize::from(length)).ok()?,
                192.. => {
                    cursor.skip(1).ok()?;
                    break;
                }
                64..=191 => return None,
            }
            if message.len() - at - cursor.left() > LONGEST_NAME {
                return None;
            }
        }
        Some(Self { message, at, length: message.len() - at - cursor.left() })
    }

    /// The name in `raw` alone: without pointers, and perhaps without its end (RFC 4702 §2.3.1).
    #[must_use]
    pub const fn alone(raw: &'a [u8]) -> Self {
        Self { message: raw, at: 0, length: raw.len() }
    }

    /// Its bytes at the place where it stands.
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        self.message.get(self.at..self.at + self.length).unwrap_or_default()
    }

    /// Its labels, from the leftmost.
    #[must_use]
    pub const fn labels(&self) -> Labels<'a> {
        Labels { message: self.message, at: self.at, behind: self.at, room: LONGEST_NAME, hops: HOPS, is_whole: false }
    }

    /// Its labels, when they are at most `N`: the first ones of the array, and how many.
    #[must_use]
    pub fn few_labels<const N: usize>(&self) -> Option<([&'a [u8]; N], usize)> {
        let mut labels = self.labels();
        let mut few = [&[][..]; N];
        let mut count = 0;
        for label in labels.by_ref() {
            *few.get_mut(count)? = label;
            count += 1;
        }
        labels.is_whole.then_some((few, count))
    }

    /// Whether all its labels are there and it is not too long.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let mut labels = self.labels();
        labels.by_ref().for_each(drop);
        labels.is_whole
    }

    /// Whether both are the same name, letters compared without case.
    #[must_use]
    pub fn is_same(&self, other: &Name<'_>) -> bool {
        let (mut ours, mut theirs) = (self.labels(), other.labels());
        loop {
            match (ours.next(), theirs.next()) {
                (Some(our), Some(their)) if our.eq_ignore_ascii_case(their) => {}
                (None, None) => return ours.is_whole && theirs.is_whole,
                _ => return false,
            }
        }
    }

    /// Its labels joined by `.`, with no dot at the end.
    #[must_use]
    pub fn text(&self) -> Text {
        let mut text = Text::default();
        self.labels().for_each(|label| text.push(label));
        text
    }

    /// The address that a name below `in-addr.arpa` or `ip6.arpa` stands for.
    #[must_use]
    pub fn reverse(&self) -> Option<IpAddr> {
        let (labels, count) = self.few_labels::<34>()?;
        let (labels, zone) = labels.get(..count)?.split_last_chunk::<2>()?;
        if !zone[1].eq_ignore_ascii_case(b"arpa") {
            return None;
        }
        if zone[0].eq_ignore_ascii_case(b"in-addr") {
            let [d, c, b, a] = <[&[u8]; 4]>::try_from(labels).ok()?.map(decimal);
            return Some(Ipv4Addr::new(a?, b?, c?, d?).into());
        }
        if !zone[0].eq_ignore_ascii_case(b"ip6") || labels.len() != 32 {
            return None;
        }
        let mut digits = labels.iter().rev().map(|label| hex_digit(label));
        digits.try_fold(0, |number: u128, digit| Some(number << 4 | digit?)).map(|number| Ipv6Addr::from(number).into())
    }
}

fn decimal(label: &[u8]) -> Option<u8> {
    std::str::from_utf8(label).ok()?.parse().ok()
}

fn hex_digit(label: &[u8]) -> Option<u128> {
    let &[digit] = label else { return None };
    char::from(digit).to_digit(16).map(u128::from)
}

/// The labels of a name. Ends early where the name is broken.
#[derive(Debug, Clone)]
pub struct Labels<'a> {
    message: &'a [u8],
    at: usize,
    behind: usize,
    room: usize,
    hops: u8,
    is_whole: bool,
}

impl<'a> Iterator for Labels<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let mut cursor = Cursor::new(self.message.get(self.at..)?);
            match cursor.u8().ok()? {
                0 => {
                    self.is_whole = true;
                    return None;
                }
                length @ 1..=63 => {
                    let length = usize::from(length);
                    self.room = self.room.checked_sub(length + 1)?;
                    let label = cursor.take(length).ok()?;
                    self.at += length + 1;
                    return Some(label);
                }
                high @ 192.. => {
                    let to = usize::from(high & 63) << 8 | usize::from(cursor.u8().ok()?);
                    self.hops = self.hops.checked_sub(1).filter(|_| to < self.behind)?;
                    (self.at, self.behind) = (to, to);
                }
                64..=191 => return None,
            }
        }
    }
}

/// The text of a name, in a buffer of fixed size.
#[derive(Clone, Copy)]
pub struct Text {
    bytes: [u8; LONGEST_NAME],
    length: usize,
}

impl Default for Text {
    fn default() -> Self {
        Self { bytes: [0; LONGEST_NAME], length: 0 }
    }
}

impl Text {
    /// Adds a label, behind a dot when it is not the first. A label that does not fit is left out.
    pub fn push(&mut self, label: &[u8]) {
        let begin = if self.length == 0 { 0 } else { self.length + 1 };
        if let Some(to) = self.bytes.get_mut(begin..begin + label.len()) {
            to.copy_from_slice(label);
            if let Some(dot) = begin.checked_sub(1).and_then(|at| self.bytes.get_mut(at)) {
                *dot = b'.';
            }
            self.length = begin + label.len();
        }
    }

    /// The same in lower case.
    #[must_use]
    pub fn in_lower_case(mut self) -> Self {
        self.bytes.make_ascii_lowercase();
        self
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::bytes;
    use proptest::prelude::*;

    fn text(name: &Name<'_>) -> String {
        String::from_utf8_lossy(name.text().as_ref()).into_owned()
    }

    #[test]
    fn a_compressed_answer_is_read_with_its_places() {
        let message = bytes(
            "1234 8180 0001 0002 0000 0000 03\"www\"07\"example\"00 0001 0001 \
             c00c 0005 0001 00000e10 0006 03\"cdn\"c010 c029 0001 0001 0000003c 0004 0a000005",
        );
        let message = Message::read(&message).expect("header");
        assert_eq!(message.shape(), Shape::Whole);
        let parts: Vec<Part<'_>> = message.parts().collect();
        assert_eq!(text(&parts[0].name), "www.example");
        assert_eq!(parts[1].target().map(|name| text(&name)).as_deref(), Some("cdn.example"));
        assert!(parts[2].name.is_same(&parts[1].target().expect("target")));
        assert_eq!(parts[2].address(), Some(IpAddr::from([10, 0, 0, 5])));
        assert_eq!((parts[2].ttl, parts[2].name.raw()), (60, &[0xc0, 0x29][..]));
    }

    #[test]
    fn pointers_forward_or_in_a_circle_are_bad_names() {
        for name in ["c00c", "c010 c00c", "03\"abc\"c00c", "c030"] {
            let message = bytes(&format!("1234 0100 0001 0000 0000 0000 {name} 0001 0001 00000000"));
            let message = Message::read(&message).expect("header");
            assert_eq!(message.shape(), Shape::BadName, "{name}");
        }
    }

    #[test]
    fn a_cut_message_is_read_as_far_as_it_goes() {
        let whole = bytes("1234 8180 0001 0001 0000 0000 01\"a\"00 0001 0001 c00c 0001 0001 0000003c 0004 0a000005");
        for end in HEADER..whole.len() {
            let message = Message::read(&whole[..end]).expect("header");
            assert_eq!(message.shape(), Shape::Cut, "{end}");
            assert_eq!(message.parts().count(), usize::from(end >= 19), "{end}");
        }
        assert!(Message::read(&whole[..11]).is_err());
    }

    #[test]
    fn reverse_names_give_their_address() {
        let four = bytes(
            "015 0230 0131 03 \"192\" 07\"in-addr\"04\"arpa\"00".replace("015 0230 0131", "0135 023130 0130").as_str(),
        );
        assert_eq!(Name::alone(&four).reverse(), Some(IpAddr::from([192, 0, 10, 5])));
        let six =
            bytes(&format!("{}{}03\"ip6\"04\"arpa\"00", "0131".to_owned() + &"0130".repeat(27), "0130 0138 0165 0166"));
        assert_eq!(Name::alone(&six).reverse(), "fe80::1".parse().ok());
        assert_eq!(Name::alone(&bytes("03\"abc\"04\"arpa\"00")).reverse(), None);
    }

    #[test]
    fn a_text_holds_the_longest_name() {
        let long = [&[63; 64][..], &[63; 64], &[63; 64], &[61; 62], &[0]].concat();
        let name = Name::read(&long, 0).expect("255 bytes");
        assert!(name.is_sound());
        assert_eq!(name.text().as_ref().len(), 253);
        assert!(Name::read(&[&long[..254], &[1, 1, 0]].concat(), 0).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_walked_to_an_end(message in prop::collection::vec(prop_oneof![0u8..4, 190u8.., any::<u8>()], 0..200)) {
            if let Ok(message) = Message::read(&message) {
                for part in message.parts() {
                    let name = part.target().unwrap_or(part.name);
                    prop_assert!(name.text().as_ref().len() <= LONGEST_NAME);
                    prop_assert!(!name.is_same(&part.name) || name.is_sound());
                    let _ = (name.reverse(), part.address(), name.few_labels::<6>());
                }
            }
        }
    }
}
