//! One message, segment by segment: counts them, and reads those that describe devices.
//!
//! A line of free text may look like a segment of any name, such as a patient's. Only segments of the standard are named.

use super::equipment::{Equipment, Lack};
use super::header::{COMMON, Header};
use super::mdc::{Code, Level, Node, Place};
use crate::codec::delimited::Delimiters;
use crate::codec::{eui64, laboratory};
use crate::{About, Output};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;
use wardlight_model::{Field, KeyKind};

/// Most segment names, devices and device types remembered of one message.
const MOST: usize = 64;
/// Longest product value that is waited for.
const LONGEST_VALUE: usize = 512;

/// What segments are counted under whose names are not the standard's.
const OTHER: &str = "other";

/// The segments of the standard, in order.
static STANDARD: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("segments.txt").lines().filter(|line| !line.starts_with('#')).collect());

/// What a line of a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Segment {
    /// `MSH`, which begins a message.
    Header,
    /// `FHS`, `BHS`, `BTS`, `FTS`: around messages.
    Batch,
    /// `OBX`.
    Observation,
    /// `PRT`.
    Participation,
    /// `MSA`.
    Acknowledgement,
    /// Any other of the standard: counted by name, never read.
    Standard(&'static str),
    /// Any other: counted under one word for all, never read.
    Other,
    /// No segment at all.
    None,
}

/// The message being read. Keeps what describes systems, numbers and states; used again for the next.
pub(super) struct Message {
    delimiters: Delimiters,
    header: Header,
    counts: Vec<(&'static str, u32)>,
    acknowledged: &'static str,
    /// Hashes of the equipment identifiers seen, to count different ones.
    devices: Vec<u64>,
    types: Vec<u32>,
    mds: Node,
    vmd: Node,
    /// Whether the observation value of the segment at hand was cut out.
    cut: bool,
    /// Whether what was cut out is not UTF-8.
    garbled: bool,
    /// Whether a line that is no segment was named already.
    odd: bool,
    /// Whether the header is one; else segments are only counted.
    trusted: bool,
}

impl Default for Message {
    fn default() -> Self {
        Self {
            delimiters: COMMON,
            header: Header::default(),
            counts: Vec::new(),
            acknowledged: "",
            devices: Vec::new(),
            types: Vec::new(),
            mds: Node::default(),
            vmd: Node::default(),
            cut: false,
            garbled: false,
            odd: false,
            trusted: false,
        }
    }
}

impl Message {
    /// What the line is that begins with `line`; four bytes are enough to tell.
    pub(super) fn segment_of(&self, line: &[u8]) -> Segment {
        let Some((name, behind)) = line.split_first_chunk::<3>() else { return Segment::None };
        let follows = behind.first().copied();
        match name {
            b"MSH" if follows.is_some_and(|byte| !byte.is_ascii_alphanumeric() && byte > b' ') => Segment::Header,
            _ if follows.is_some_and(|byte| byte != self.delimiters.field && !matches!(byte, b'\r' | b'\n' | 0x1c)) => {
                Segment::None
            }
            b"FHS" | b"BHS" | b"BTS" | b"FTS" => Segment::Batch,
            b"OBX" => Segment::Observation,
            b"PRT" => Segment::Participation,
            b"MSA" => Segment::Acknowledgement,
            [b'A'..=b'Z', b'A'..=b'Z' | b'0'..=b'9', b'A'..=b'Z' | b'0'..=b'9'] => {
                // A name alone on its line is no segment that anybody sends.
                let named = follows.filter(|byte| *byte == self.delimiters.field).and_then(|_| standard(name));
                named.map_or(Segment::Other, Segment::Standard)
            }
            _ => Segment::None,
        }
    }

    /// Begins with the header `line`.
    pub(super) fn begin(&mut self, line: &[u8], out: &mut Output<'_>) {
        self.counts.clear();
        self.devices.clear();
        self.types.clear();
        self.mds.clear();
        self.vmd.clear();
        (self.acknowledged, self.odd) = ("", false);
        self.forget_partial();
        self.count("MSH");
        (self.delimiters, self.trusted) = self.header.read(line, out);
        let sender = out.context().side.of(out.context().ends);
        let named = self.header.sender.as_ref().map(|named| named.eui);
        let own = named.filter(|eui| sender.mac.is_some_and(|mac| eui64::of(mac) == *eui));
        if let Some(eui) = own {
            out.fact(About::Sender, Field::Eui64, &format!("{eui:016x}"), line);
        }
    }

    /// Takes the next segment. `line` is all of it for those that are read.
    pub(super) fn segment(&mut self, segment: Segment, line: &[u8], out: &mut Output<'_>) {
        match segment {
            Segment::Header | Segment::Batch => {}
            Segment::Observation => {
                self.count("OBX");
                if self.trusted {
                    self.observation(line, out);
                }
                self.forget_partial();
            }
            Segment::Participation => {
                self.count("PRT");
                if self.trusted {
                    self.participation(line, out);
                }
            }
            Segment::Acknowledgement => {
                self.count("MSA");
                self.acknowledgement(line, out);
            }
            Segment::Standard(name) => self.count(name),
            Segment::Other => self.count(OTHER),
            Segment::None if self.odd => {}
            Segment::None => {
                self.odd = true;
                out.weird("hl7.segment");
            }
        }
    }

    /// Ends, and writes the record.
    pub(super) fn close(&mut self, out: &mut Output<'_>) {
        out.record(|row| {
            self.header.write(row);
            row.text("ack_code", self.acknowledged);
            row.list("segments", self.counts.iter().map(|(segment, count)| format!("{segment}*{count}")));
            row.list("device_types", self.types.iter().map(|code| Code::spell(*code)));
            row.number("devices", self.devices.len() as u64);
        });
    }

    /// Where in the unfinished OBX segment `line` an observation value stands that is not read; it may be taken out.
    pub(super) fn private_value(&mut self, line: &[u8]) -> Option<(usize, usize)> {
        let mut at = 0;
        for _ in 0..5 {
            at = self.delimiters.find(line, at)? + 1;
        }
        if self.delimiters.find(line, at).is_some() {
            return None;
        }
        let value = line.get(at..)?;
        let id = self.delimiters.fields(line).nth(3).unwrap_or_default();
        if value.len() <= LONGEST_VALUE && Code::read(id, &self.delimiters).is_some_and(|code| code.product().is_some())
        {
            return None;
        }
        let length = if self.may_be_wide() { self.spare(value) } else { self.delimiters.settled(value) };
        self.cut |= length > 0;
        (length > 0).then_some((at, length))
    }

    /// How much of a value in an unknown character set can go: not a last character that may hide a delimiter.
    fn spare(&mut self, value: &[u8]) -> usize {
        let settled = self.delimiters.settled(value);
        let value = value.get(..settled).unwrap_or(value);
        let is_wide = |byte: &u8| !byte.is_ascii();
        match std::str::from_utf8(value) {
            Ok(text) => {
                text.char_indices().next_back().map_or(0, |(at, last)| if last.is_ascii() { settled } else { at })
            }
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => {
                self.garbled = true;
                settled - usize::from(value.last().is_some_and(is_wide))
            }
        }
    }

    /// How much of the OBX segment `line` is not its value.
    pub(super) fn length_besides_value(&self, line: &[u8]) -> usize {
        line.len() - self.delimiters.fields(line).nth(5).map_or(0, <[u8]>::len)
    }

    /// The unfinished segment will not be read after all.
    pub(super) const fn forget_partial(&mut self) {
        self.cut = false;
        self.garbled = false;
    }

    fn count(&mut self, name: &'static str) {
        if let Some((_, count)) = self.counts.iter_mut().find(|(known, _)| *known == name) {
            *count = count.saturating_add(1);
        } else if self.counts.len() < MOST {
            self.counts.push((name, 1));
        }
    }

    /// Whether the message may be in a character set that hides delimiters, and does not say so.
    fn may_be_wide(&self) -> bool {
        self.delimiters.encoding.is_none_or(|encoding| encoding == encoding_rs::UTF_8)
    }

    /// Whether a character of an unknown character set may have been taken for a delimiter in `head`.
    fn is_doubtful(&self, head: &[u8]) -> bool {
        let hides = |pair: &[u8]| matches!(pair, [0x81..=0xfe, second] if *second == self.delimiters.field);
        self.may_be_wide() && head.windows(2).any(hides) && (self.garbled || std::str::from_utf8(head).is_err())
    }

    fn observation(&mut self, line: &[u8], out: &mut Output<'_>) {
        let delimiters = self.delimiters;
        let obx = Observation::split(line, &delimiters);
        let code = Code::read(obx.id, &delimiters);
        let place = Place::read(obx.place);
        let of_type = code.filter(|code| code.is_device && obx.value.is_empty() && !self.cut).map(|code| code.number);
        if let Some(number) = of_type {
            self.enter(number, place);
        }
        let own = if self.is_doubtful(obx.head) { None } else { self.equipment(obx.equipment, out) };
        if let Some(own) = &own {
            self.say_equipment((own.kind, &own.key), obx.equipment, out);
            self.say_type(of_type, place, own, (obx.id, out));
        }
        if code.is_none() && self.header.brings_results() {
            self.say_test(own.as_ref(), obx.id, out);
        }
        if let Some(field) = code.and_then(|code| code.product()).filter(|_| !self.cut) {
            let about = own.as_ref().map(|own| (own.kind, &*own.key)).or_else(|| self.device_at(place?));
            let value = product_value(obx.value, &delimiters);
            if let Some((kind, key)) = about.filter(|_| obx.value.len() <= LONGEST_VALUE) {
                out.fact(About::Named(kind, key), field, &delimiters.text(value), value);
            }
        }
    }

    /// Says which laboratory test the coded field `id` names, by its code, the alternate one or the text of either.
    fn say_test(&self, own: Option<&Equipment<'_>>, id: &[u8], out: &mut Output<'_>) {
        let about = own.map_or(About::Sender, |own| About::Named(own.kind, &own.key));
        let mut names = self.delimiters.components(id).take(5).filter(|name| !matches!(*name, b"LN" | b"L"));
        if let Some((raw, test)) = names.find_map(|name| Some((name, laboratory::test(name)?))) {
            out.fact(about, Field::LaboratoryTest, test, raw);
        }
    }

    /// A device, or a part of one, of type `number` stands at `place` in the containment tree.
    fn enter(&mut self, number: u32, place: Option<Place>) {
        if self.types.len() < MOST && !self.types.contains(&number) {
            self.types.push(number);
        }
        match place.map(|place| (place, place.level)) {
            Some((place, Level::Mds)) => {
                self.mds.enter(place.mds, number);
                self.vmd.clear();
            }
            Some((place, Level::Vmd)) => self.vmd.enter(place.vmd, number),
            _ => {}
        }
    }

    /// Says of which type `own` is: that of its own segment, or of the medical device system it measures for when
    /// that has no identifier of its own.
    fn say_type(
        &mut self,
        of_type: Option<u32>,
        place: Option<Place>,
        own: &Equipment<'_>,
        (raw, out): (&[u8], &mut Output<'_>),
    ) {
        let node = match place {
            Some(place) if of_type.is_some() && place.level == Level::Vmd => Some(&mut self.vmd),
            Some(place) if self.mds.is_at(place.mds) => Some(&mut self.mds),
            _ => None,
        };
        let adopted = node.filter(|node| node.key.is_empty());
        let number = of_type.or_else(|| adopted.as_ref().map(|node| node.code));
        if let Some(node) = adopted {
            node.kind = own.kind;
            node.key.push_str(&own.key);
        }
        if let Some(number) = number {
            out.fact(About::Named(own.kind, &own.key), Field::MdcType, &Code::spell(number), raw);
        }
    }

    /// The identifier of the device that contains `place`.
    fn device_at(&self, place: Place) -> Option<(KeyKind, &str)> {
        let mds = Some(&self.mds).filter(|node| node.is_at(place.mds));
        let vmd = mds.and(Some(&self.vmd)).filter(|node| node.is_at(place.vmd) && place.vmd != 0);
        let named = |node: Option<&Node>| node.is_some_and(|node| !node.key.is_empty());
        [vmd, mds].into_iter().find(|node| named(*node)).flatten().map(|node| (node.kind, node.key.as_str()))
    }

    /// Reads a field of equipment identifiers: the name of the device is an EUI-64 in any repetition, else the first.
    fn equipment<'a>(&self, field: &'a [u8], out: &mut Output<'_>) -> Option<Equipment<'a>> {
        let mut all = self.repetitions(field);
        let mut first = match all.next()?.1 {
            Ok(first) => first,
            Err(Lack::Empty) => return None,
            Err(Lack::Malformed) => {
                out.weird("hl7.equipment");
                return None;
            }
        };
        if first.kind != KeyKind::Eui64 {
            let better = all.filter_map(|(_, other)| other.ok()).find(|other| other.kind == KeyKind::Eui64);
            if let Some(better) = better {
                (first.kind, first.key) = (better.kind, better.key);
            }
        }
        Some(first)
    }

    /// The repetitions of a field of equipment identifiers, each with its bytes.
    fn repetitions<'a>(&self, field: &'a [u8]) -> impl Iterator<Item = (&'a [u8], Result<Equipment<'a>, Lack>)> {
        let (delimiters, sender) = (self.delimiters, self.header.sender.clone());
        let read = move |raw| (raw, Equipment::read(raw, &delimiters, sender.as_ref()));
        delimiters.repetitions(field).take(4).map(read)
    }

    /// Says the identifiers in `field` of the device `about`, and counts it.
    fn say_equipment(&mut self, (kind, key): (KeyKind, &str), field: &[u8], out: &mut Output<'_>) {
        for (raw, equipment) in self.repetitions(field) {
            if let Ok(equipment) = equipment {
                out.fact(About::Named(kind, key), Field::Hl7Equipment, &equipment.spelled, raw);
            }
        }
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let hash = hasher.finish();
        if self.devices.len() < MOST && !self.devices.contains(&hash) {
            self.devices.push(hash);
        }
    }

    /// PRT-10 identifier, PRT-16 UDI device identifier, PRT-20 serial number, PRT-22 type. Never the person in PRT-5,
    /// nor the donation in PRT-21.
    fn participation(&mut self, line: &[u8], out: &mut Output<'_>) {
        let delimiters = self.delimiters;
        let mut fields = delimiters.fields(line);
        let (device, udi) = (fields.nth(10).unwrap_or_default(), fields.nth(5).unwrap_or_default());
        let (serial, kind) = (fields.nth(3).unwrap_or_default(), fields.nth(1).unwrap_or_default());
        let named = self.equipment(device, out);
        let model = Equipment::read(udi, &delimiters, None).ok();
        let number = delimiters.text(serial);
        let serial_key = model.as_ref().filter(|_| !number.is_empty()).map(|model| {
            let issuer = model.spelled.split('^').next().unwrap_or_default();
            format!("{issuer}/{number}")
        });
        let key = match (&named, &serial_key, &model) {
            (Some(device), _, _) if device.kind != KeyKind::Instrument => (device.kind, &*device.key),
            (_, Some(key), _) => (KeyKind::Serial, key.as_str()),
            (Some(device), ..) => (device.kind, &*device.key),
            (None, None, Some(model)) => (model.kind, &*model.key),
            (None, None, None) => return,
        };
        let about = About::Named(key.0, key.1);
        self.say_equipment(key, if named.is_some() { device } else { &[] }, out);
        if let Some(model) = &model {
            out.fact(about, Field::Udi, model.spelled.split('^').next().unwrap_or_default(), udi);
        } else if let Some(carrier) = named.as_ref().filter(|device| is_udi_carrier(&device.spelled)) {
            out.fact(about, Field::Udi, carrier.spelled.split('^').next().unwrap_or_default(), device);
        }
        out.fact(about, Field::Serial, &number, serial);
        self.say_kind(about, kind, out);
    }

    /// PRT-22: an IEEE 11073 code, or the text of another one.
    fn say_kind(&self, about: About<'_>, kind: &[u8], out: &mut Output<'_>) {
        match Code::read(kind, &self.delimiters) {
            Some(code) => out.fact(about, Field::MdcType, &Code::spell(code.number), kind),
            None => {
                let mut components = self.delimiters.components(kind);
                let (code, name) = (components.next().unwrap_or_default(), components.next().unwrap_or_default());
                let text = if name.is_empty() { code } else { name };
                out.fact(about, Field::DeviceType, &self.delimiters.text(text), kind);
            }
        }
    }

    fn acknowledgement(&mut self, line: &[u8], out: &mut Output<'_>) {
        const CODES: [&str; 6] = ["AA", "AE", "AR", "CA", "CE", "CR"];
        let code = self.delimiters.fields(line).nth(1).unwrap_or_default().trim_ascii();
        match CODES.iter().find(|known| known.as_bytes() == code) {
            Some(known) => self.acknowledged = known,
            None => out.weird("hl7.ack_code"),
        }
    }
}

/// The fields of an OBX segment that are looked at.
struct Observation<'a> {
    id: &'a [u8],
    place: &'a [u8],
    value: &'a [u8],
    equipment: &'a [u8],
    /// All that stands before the equipment.
    head: &'a [u8],
}

impl<'a> Observation<'a> {
    fn split(line: &'a [u8], delimiters: &Delimiters) -> Self {
        let mut obx = Self { id: &[], place: &[], value: &[], equipment: &[], head: line };
        let mut fields = delimiters.fields(line);
        let mut length = 0;
        for (n, field) in fields.by_ref().take(18).enumerate() {
            length += field.len() + 1;
            match n {
                3 => obx.id = field,
                4 => obx.place = field,
                5 => obx.value = field,
                _ => {}
            }
        }
        obx.equipment = fields.next().unwrap_or_default();
        obx.head = line.get(..length).unwrap_or(line);
        obx
    }
}

/// The segment of the standard that is called `name`.
fn standard(name: &[u8; 3]) -> Option<&'static str> {
    STANDARD.binary_search_by(|known| known.as_bytes().cmp(name)).ok().and_then(|at| STANDARD.get(at)).copied()
}

/// The first component of a product value that is not empty: `CWE` has it in the second.
fn product_value<'a>(field: &'a [u8], delimiters: &Delimiters) -> &'a [u8] {
    let first = delimiters.repetitions(field).next().unwrap_or_default();
    delimiters.components(first).find(|part| !part.is_empty()).unwrap_or_default()
}

/// Whether a text is a whole UDI as GS1, HIBCC or ICCBBA write it.
fn is_udi_carrier(text: &str) -> bool {
    ["(01)", "+", "=/", "=+", "&,1"].iter().any(|begin| text.starts_with(begin)) && text.len() >= 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_segments_of_the_standard_are_named() {
        assert!(STANDARD.is_sorted() && STANDARD.len() > 150);
        let of = |line: &[u8]| Message::default().segment_of(line);
        assert_eq!(of(b"PID|1"), Segment::Standard("PID"));
        for line in [&b"LEE\r"[..], b"KIM|", b"ZPI|1", b"DON|1", b"SID|", b"PID\r"] {
            assert_eq!(of(line), Segment::Other, "{}", line.escape_ascii());
        }
        assert_eq!(of(b"Lee|"), Segment::None);
    }
}
