//! Equipment in a data set: walks over its first elements and finds those that describe a device.
//!
//! In comes the front of a data set, piece by piece and contiguous; out go places of the elements listed in
//! [`Element`], nothing else. Every other value, patient group 0010 foremost, is passed over by its length and never
//! copied. Source: PS3.5 §7 (encodings, sequences), PS3.6 (tags).

use crate::About;
use crate::Output;
use crate::codec::charset;
use crate::codec::cursor::{Cursor, Short};
use crate::codec::text;
use std::borrow::Cow;
use wardlight_model::{Field, KeyKind};

/// How the elements of a data set are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    ImplicitLittle,
    ExplicitLittle,
    ExplicitBig,
}

/// What is known of a transfer syntax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    Plain(Encoding),
    /// The whole data set is compressed: not read.
    Deflated,
    /// Not negotiated within sight, or private.
    Unknown,
}

impl Syntax {
    /// Of the transfer syntax `uid` (PS3.5 annex A). Compressed images are explicit little endian around the pixels.
    pub fn of(uid: &str) -> Self {
        match uid {
            // The second is GE's private one with pixels of the other byte order.
            "1.2.840.10008.1.2" | "1.2.840.113619.5.2" => Self::Plain(Encoding::ImplicitLittle),
            "1.2.840.10008.1.2.2" => Self::Plain(Encoding::ExplicitBig),
            "1.2.840.10008.1.2.1.99" | "1.2.840.10008.1.2.4.95" | "1.2.840.10008.1.2.4.205" => Self::Deflated,
            uid if uid.starts_with("1.2.840.10008.1.2.") => Self::Plain(Encoding::ExplicitLittle),
            _ => Self::Unknown,
        }
    }
}

/// An element that is looked for; the discriminants index [`Walk::found`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    CharacterSet,
    Modality,
    Manufacturer,
    Station,
    Model,
    Serial,
    Software,
    PerformedBy,
}

const ELEMENTS: [(u32, Element); 8] = [
    (0x0008_0005, Element::CharacterSet),
    (0x0008_0060, Element::Modality),
    (0x0008_0070, Element::Manufacturer),
    (0x0008_1010, Element::Station),
    (0x0008_1090, Element::Model),
    (0x0018_1000, Element::Serial),
    (0x0018_1020, Element::Software),
    (0x0040_0241, Element::PerformedBy),
];

/// What a data set is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A stored object; `creator` when its sender may well have made it.
    Object { creator: bool },
    /// A performed procedure step, which names who performs it.
    Step,
}

/// What a walk wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walked {
    /// More of the data set.
    More,
    /// The bytes at this place gone: up to [`Walk::bulk`] of them, a value that is not looked for.
    Drop(usize),
    /// Nothing: all that is looked for has been passed.
    Over,
    /// Nothing: this is no data set in the negotiated encoding.
    Broken,
}

/// Where a walk over one data set stands. Numbers only.
#[derive(Debug)]
pub(super) struct Walk {
    purpose: Purpose,
    encoding: Encoding,
    at: usize,
    /// Levels of undefined length that are open; odd in a sequence, even in an item.
    depth: u8,
    /// From this level inwards elements are implicit (undefined length `UN`, PS3.5 §6.2.2); 0 when none is.
    implicit_from: u8,
    /// Bytes still to come of a long value at `at` that is not looked for.
    pub bulk: u64,
    /// Begin and length of the elements found.
    found: [Option<(usize, usize)>; ELEMENTS.len()],
}

/// Most bytes of a data set that are held while its equipment is looked for.
pub(super) const PREFIX: usize = 32 * 1024;
const DEEPEST: u8 = 32;
/// Longest value that is looked for, and that is waited for when it is passed over.
const LONGEST_VALUE: u32 = 1024;
const UNDEFINED: u32 = u32::MAX;

struct Header {
    tag: u32,
    /// `None` where the encoding has none.
    vr: Option<[u8; 2]>,
    length: u32,
    size: usize,
}

impl Walk {
    pub const fn new(purpose: Purpose, encoding: Encoding) -> Self {
        let found = [None; ELEMENTS.len()];
        Self { purpose, encoding, at: 0, depth: 0, implicit_from: 0, bulk: 0, found }
    }

    /// Goes on in `set`, the front of the data set so far without the bytes dropped.
    pub fn go(&mut self, set: &[u8]) -> Walked {
        loop {
            if self.bulk > 0 {
                return if set.len() > self.at { Walked::Drop(self.at) } else { Walked::More };
            }
            let Some(rest) = set.get(self.at..) else { return Walked::Broken };
            let Ok(header) = self.header(rest) else { return Walked::More };
            let left = rest.len();
            let in_sequence = self.depth % 2 == 1;
            if let Some(walked) = if in_sequence { self.item(&header, left) } else { self.element(&header, left) } {
                return walked;
            }
        }
    }

    fn header(&self, rest: &[u8]) -> Result<Header, Short> {
        let mut cursor = Cursor::new(rest);
        let big = self.encoding == Encoding::ExplicitBig;
        let short = |cursor: &mut Cursor<'_>| if big { cursor.u16() } else { cursor.u16_le() };
        let long = |cursor: &mut Cursor<'_>| if big { cursor.u32() } else { cursor.u32_le() };
        let (group, element) = (short(&mut cursor)?, short(&mut cursor)?);
        let tag = u32::from(group) << 16 | u32::from(element);
        let implicit = self.encoding == Encoding::ImplicitLittle || (1..=self.depth).contains(&self.implicit_from);
        let (vr, length) = if implicit || group == 0xfffe {
            (None, long(&mut cursor)?)
        } else {
            let vr = cursor.array()?;
            if has_short_length(vr) {
                (Some(vr), u32::from(short(&mut cursor)?))
            } else {
                cursor.skip(2)?;
                (Some(vr), long(&mut cursor)?)
            }
        };
        Ok(Header { tag, vr, length, size: rest.len() - cursor.left() })
    }

    /// Between the items of a sequence of undefined length.
    fn item(&mut self, header: &Header, left: usize) -> Option<Walked> {
        match header.tag {
            0xfffe_e000 if header.length == UNDEFINED => self.deeper(header),
            0xfffe_e000 => self.value(header, left),
            0xfffe_e0dd => self.higher(header),
            _ => Some(Walked::Broken),
        }
    }

    /// Among elements: of the data set itself or of an item of undefined length.
    fn element(&mut self, header: &Header, left: usize) -> Option<Walked> {
        match header.tag {
            0xfffe_e00d if self.depth > 0 => self.higher(header),
            tag if self.depth == 0 && tag > self.last() => Some(Walked::Over),
            tag if tag >> 16 == 0xfffe || tag < 0x0004_0000 => Some(Walked::Broken),
            _ if !header.vr.is_none_or(|vr| vr.iter().all(u8::is_ascii_uppercase)) => Some(Walked::Broken),
            _ if header.length == UNDEFINED => {
                if !matches!(&header.vr, None | Some([b'S', b'Q'] | [b'U', b'N'])) {
                    return Some(Walked::Over);
                }
                if header.vr == Some(*b"UN") && self.implicit_from == 0 {
                    self.implicit_from = self.depth + 1;
                }
                self.deeper(header)
            }
            _ => self.value(header, left),
        }
    }

    /// Takes a value of defined length: waits for a short one, and lets a long one go.
    fn value(&mut self, header: &Header, left: usize) -> Option<Walked> {
        let length = usize::try_from(header.length).unwrap_or(usize::MAX);
        let is_here = left - header.size >= length;
        if header.length > LONGEST_VALUE {
            self.at += header.size;
            self.bulk = u64::from(header.length);
            return None;
        }
        if !is_here {
            return Some(Walked::More);
        }
        let wanted = ELEMENTS.iter().find(|(wanted, _)| *wanted == header.tag && self.depth == 0);
        if let Some(slot) = wanted.and_then(|(_, element)| self.found.get_mut(*element as usize)) {
            *slot = Some((self.at + header.size, length));
        }
        self.at += header.size + length;
        None
    }

    fn deeper(&mut self, header: &Header) -> Option<Walked> {
        self.at += header.size;
        self.depth += 1;
        (self.depth > DEEPEST).then_some(Walked::Over)
    }

    fn higher(&mut self, header: &Header) -> Option<Walked> {
        self.at += header.size;
        self.depth = self.depth.saturating_sub(1);
        if self.implicit_from > self.depth {
            self.implicit_from = 0;
        }
        None
    }

    const fn last(&self) -> u32 {
        match self.purpose {
            Purpose::Object { .. } => 0x0018_1020,
            Purpose::Step => 0x0040_0241,
        }
    }

    /// Says what was found in `set`, whose sender calls itself `calling`. `true` when that told who made the object.
    pub fn say(&self, set: &[u8], calling: &[u8], out: &mut Output<'_>) -> bool {
        let found = Found { walk: self, set };
        match self.purpose {
            Purpose::Object { creator } => found.object(creator, out),
            Purpose::Step => found.step(calling, out),
        }
    }
}

/// Value representations whose length has two bytes (PS3.5 §7.1.2).
fn has_short_length(vr: [u8; 2]) -> bool {
    const SHORT: &[u8] = b"AEASATCSDADSDTFDFLISLOLTPNSHSLSSSTTMUIULUS";
    SHORT.as_chunks::<2>().0.contains(&vr)
}

struct Found<'a> {
    walk: &'a Walk,
    set: &'a [u8],
}

impl<'a> Found<'a> {
    fn raw(&self, element: Element) -> &'a [u8] {
        let place = self.walk.found.get(element as usize).copied().flatten();
        place.and_then(|(at, length)| self.set.get(at..at.checked_add(length)?)).unwrap_or_default()
    }

    /// The element's text, unless it says nothing.
    fn value(&self, element: Element) -> Option<Cow<'a, str>> {
        let raw = self.raw(element);
        let decoded = charset::decode(self.raw(Element::CharacterSet), raw);
        let value = match decoded {
            Cow::Borrowed(value) => text::tidy(value),
            Cow::Owned(value) => Cow::Owned(text::tidy(&value).into_owned()),
        };
        (!says_nothing(&value)).then_some(value)
    }

    fn object(&self, creator: bool, out: &mut Output<'_>) -> bool {
        const FIELDS: [(Element, Field); 6] = [
            (Element::Modality, Field::Modality),
            (Element::Manufacturer, Field::Manufacturer),
            (Element::Station, Field::StationName),
            (Element::Model, Field::Model),
            (Element::Serial, Field::Serial),
            (Element::Software, Field::Software),
        ];
        let key = self.value(Element::Manufacturer).zip(self.value(Element::Serial));
        let key = key.map(|(manufacturer, serial)| format!("{manufacturer}/{serial}"));
        let mut said = false;
        for (element, field) in FIELDS {
            let Some(value) = self.value(element) else { continue };
            // Of several software versions the first is that of the whole.
            let value = value.split('\\').next().unwrap_or_default().trim_end();
            let raw = self.raw(element);
            if let Some(key) = &key {
                out.fact(About::Named(KeyKind::Serial, key), field, value, raw);
            }
            if creator {
                out.fact(About::Sender, field, value, raw);
            }
            said |= creator && matches!(element, Element::Manufacturer | Element::Model);
        }
        said
    }

    fn step(&self, calling: &[u8], out: &mut Output<'_>) -> bool {
        let performer = self.raw(Element::PerformedBy).trim_ascii();
        let modality = self.value(Element::Modality).filter(|_| !performer.is_empty() && performer == calling);
        if let Some(modality) = &modality {
            out.fact(About::Sender, Field::Modality, modality, self.raw(Element::Modality));
        }
        modality.is_some()
    }
}

/// Whether a value is empty, a filler, or what tools that remove identities leave behind.
fn says_nothing(value: &str) -> bool {
    const FILLERS: [&str; 10] =
        ["none", "unknown", "anonymous", "anonymized", "anonymised", "removed", "deleted", "n/a", "na", "null"];
    let meaning = value.chars().any(|c| c.is_alphanumeric() && c != '0');
    !meaning || FILLERS.iter().any(|filler| value.eq_ignore_ascii_case(filler))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: Purpose = Purpose::Object { creator: true };

    /// Walks over `set` given in pieces, dropping as told; gives what was found by tag, in the bytes left.
    fn walk(encoding: Encoding, set: &[u8], piece: usize) -> (Walked, Vec<(u32, Vec<u8>)>) {
        let mut walk = Walk::new(OBJECT, encoding);
        let (mut held, mut last) = (Vec::new(), Walked::More);
        'pieces: for part in set.chunks(piece) {
            held.extend_from_slice(part);
            loop {
                last = walk.go(&held);
                match last {
                    Walked::Drop(at) => {
                        let length = held.len().min(at + usize::try_from(walk.bulk).unwrap()) - at;
                        held.drain(at..at + length);
                        walk.bulk -= length as u64;
                    }
                    Walked::More => break,
                    Walked::Over | Walked::Broken => break 'pieces,
                }
            }
        }
        let found = ELEMENTS.iter().filter_map(|(tag, element)| {
            let (at, length) = walk.found[*element as usize]?;
            Some((*tag, held[at..at + length].to_vec()))
        });
        let found = found.collect();
        (last, found)
    }

    #[track_caller]
    fn check(encoding: Encoding, script: &str, walked: Walked, expected: &[(u32, &str)]) {
        let set = crate::trial::bytes(script);
        for piece in [1, 3, set.len()] {
            let (last, found) = walk(encoding, &set, piece);
            let found: Vec<_> = found.iter().map(|(tag, raw)| (*tag, std::str::from_utf8(raw).unwrap())).collect();
            assert_eq!((last, &found[..]), (walked, expected), "in pieces of {piece}");
        }
    }

    #[test]
    fn the_three_encodings_are_read_up_to_the_last_tag() {
        check(
            Encoding::ExplicitLittle,
            r#"0800 6000 "CS" 0200 "CT" 1000 1000 "PN" 0400 "A^B " 1800 0010 "LO" 0200 "S1" 1800 5010 "LO" 0000"#,
            Walked::Over,
            &[(0x0008_0060, "CT"), (0x0018_1000, "S1")],
        );
        check(
            Encoding::ImplicitLittle,
            r#"0800 7000 04000000 "ACME" 1000 1000 04000000 "A^B " 1800 2010 02000000 "V1" 2000 1000 00000000"#,
            Walked::Over,
            &[(0x0008_0070, "ACME"), (0x0018_1020, "V1")],
        );
        check(
            Encoding::ExplicitBig,
            r#"0008 0070 "LO" 0004 "ACME" 0018 1020 "LO" 0002 "V1" 0020 0010 "SH" 0000"#,
            Walked::Over,
            &[(0x0008_0070, "ACME"), (0x0018_1020, "V1")],
        );
    }

    #[test]
    fn sequences_of_either_length_are_walked_over() {
        // A sequence and an item of undefined length whose own (0008,0070) and (0008,1090) are not the object's.
        check(
            Encoding::ExplicitLittle,
            r#"0800 4011 "SQ" 0000 ffffffff  feff 00e0 ffffffff  0800 7000 "LO" 0400 "NOPE"  feff 0de0 00000000
               feff 00e0 0c000000 0800 9010 "LO" 0400 "NOPE"  feff dde0 00000000
               0800 9010 "LO" 0200 "M1"  1000 1000 "PN" 0000 1900 1000 "LO" 0000"#,
            Walked::Over,
            &[(0x0008_1090, "M1")],
        );
        check(
            Encoding::ImplicitLittle,
            r#"0800 4011 14000000 feff 00e0 0c000000 0800 7000 04000000 "NOPE" 0800 9010 02000000 "M1" 1900 1000 00000000"#,
            Walked::Over,
            &[(0x0008_1090, "M1")],
        );
    }

    #[test]
    fn an_unknown_sequence_is_implicit_inside() {
        check(
            Encoding::ExplicitLittle,
            r#"0900 1010 "UN" 0000 ffffffff feff 00e0 ffffffff 0800 7000 04000000 "NOPE" feff 0de0 00000000
               feff dde0 00000000 1800 2010 "LO" 0200 "V2" 2000 0d00 "UI" 0000"#,
            Walked::Over,
            &[(0x0018_1020, "V2")],
        );
    }

    #[test]
    fn long_values_are_dropped_not_held() {
        let mut set = crate::trial::bytes(r#"0800 7000 "LO" 0400 "ACME" 0900 1010 "OB" 0000 a0860100"#);
        set.extend(std::iter::repeat_n(0, 100_000));
        set.extend(crate::trial::bytes(r#"1800 0010 "LO" 0200 "S1" 2000 0d00 "UI" 0000"#));
        let (last, found) = walk(Encoding::ExplicitLittle, &set, 1000);
        assert_eq!(last, Walked::Over);
        assert_eq!(found, [(0x0008_0070, b"ACME".to_vec()), (0x0018_1000, b"S1".to_vec())]);
    }

    #[test]
    fn another_encoding_than_negotiated_is_broken() {
        check(Encoding::ExplicitLittle, r#"0800 6000 02000000 "CT" 0800 7000 00000000"#, Walked::Broken, &[]);
        check(Encoding::ImplicitLittle, "0000 0000 04000000 00000000", Walked::Broken, &[]);
    }

    #[test]
    fn fillers_say_nothing() {
        for value in ["", "0000", "--", "None", "ANONYMIZED", "0"] {
            assert!(says_nothing(value), "{value}");
        }
        for value in ["GE", "10", "Anon Medical"] {
            assert!(!says_nothing(value), "{value}");
        }
    }
}
