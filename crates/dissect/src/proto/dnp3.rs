//! DNP3 over TCP and UDP: masters, outstations, and what outstations say they are.
//!
//! In: both directions of a stream, or datagrams. Out: roles and link addresses; of device attributes (group 0) maker,
//! product, serial number, versions; a record for each request and each answer, as Zeek's dnp3.log has them. Points,
//! measurements, controls, files and their names, and authentication are passed over.
//!
//! Source: IEEE 1815-2012 §9 (data link), §8 (transport), §4 (application), §11.3 and annex A.2 (group 0).

use crate::codec::cursor::{Cursor, Short};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side, Transport};

pub(super) const ENTRY: Dnp3 = Dnp3;

/// DNP3.
pub(super) struct Dnp3;

/// `<number> <name>`, a line each.
const FUNCTIONS: &str = include_str!("dnp3/functions.txt");

const fn field(name: &'static str, kind: Kind, privacy: Privacy, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy, meaning }
}

static INFO: Info = Info {
    name: "dnp3",
    title: "DNP3",
    source: "IEEE 1815-2012 §4, §8, §9, §11.3 and annex A.2",
    carriers: &[Carrier::Tcp, Carrier::Udp],
    ports: &[20_000],
    record: &[
        field("fc_request", Kind::Text, Privacy::Device, "Function of a request, such as `READ`"),
        field("fc_reply", Kind::Text, Privacy::Device, "Function of an answer, such as `RESPONSE`"),
        field("iin", Kind::Number, Privacy::Device, "Internal indications of an answer"),
        field("source", Kind::Number, Privacy::Network, "Link address of the sender"),
        field("destination", Kind::Number, Privacy::Network, "Link address of the receiver"),
    ],
    weirds: &[
        ("dnp3.frame", "what should be a data link header is none, or its check sum is wrong"),
        ("dnp3.check_sum", "the check sum of a block is wrong"),
        ("dnp3.attribute", "a device attribute is cut short"),
    ],
    window: 1024,
};

impl Dissector for Dnp3 {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match frame(hello.bytes) {
            Ok(_) => Probe::Yes,
            Err(Fault::Short) if matches!(hello.bytes, [0x05] | [0x05, 0x64, ..]) => Probe::More,
            Err(_) => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Conversation>::default()
    }
}

/// The header of a data link frame.
#[derive(Clone, Copy)]
struct Frame {
    is_from_master: bool,
    destination: u16,
    source: u16,
    /// Bytes of user data.
    length: usize,
}

enum Fault {
    Short,
    Malformed,
}

impl From<Short> for Fault {
    fn from(_: Short) -> Self {
        Self::Short
    }
}

const HEADER: usize = 10;
const BLOCK: usize = 16;
/// Most bytes of user data in a frame.
const LONGEST: usize = 250;

fn frame(bytes: &[u8]) -> Result<Frame, Fault> {
    let mut cursor = Cursor::new(bytes);
    let head = cursor.take(HEADER - 2)?;
    if cursor.u16_le()? != check_sum(head) || !head.starts_with(&[0x05, 0x64]) {
        return Err(Fault::Malformed);
    }
    let mut cursor = Cursor::new(head);
    let (_start, length, control) = (cursor.u16()?, cursor.u8()?, cursor.u8()?);
    let length = usize::from(length).checked_sub(5).ok_or(Fault::Malformed)?;
    let (destination, source) = (cursor.u16_le()?, cursor.u16_le()?);
    Ok(Frame { is_from_master: control & 0x80 != 0, destination, source, length })
}

impl Frame {
    /// Bytes on the wire, with a check sum behind each block.
    const fn size(self) -> usize {
        HEADER + self.length + 2 * self.length.div_ceil(BLOCK)
    }
}

/// CRC-16/DNP.
fn check_sum(bytes: &[u8]) -> u16 {
    let shift = |crc: u16, _| if crc & 1 == 0 { crc >> 1 } else { (crc >> 1) ^ 0xa6bc };
    !bytes.iter().fold(0, |crc, byte| (0..8).fold(crc ^ u16::from(*byte), shift))
}

#[derive(Default)]
struct Conversation {
    is_astray: [bool; 2],
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let is_datagram = out.context().flow.is_some_and(|(_, key)| key.transport == Transport::UDP);
        let mut taken = 0;
        while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            let frame = match frame(rest) {
                Ok(frame) => frame,
                Err(Fault::Short) if !is_datagram => break,
                Err(_) => {
                    if !*side.of(self.is_astray.each_mut()) {
                        out.weird("dnp3.frame");
                    }
                    return Step::Done;
                }
            };
            let Some(whole) = rest.get(..frame.size()) else { break };
            *side.of(self.is_astray.each_mut()) = false;
            read_frame(frame, whole, out);
            taken += whole.len();
        }
        Step::Take(taken)
    }

    fn gap(&mut self, side: Side, _lost: u64) -> bool {
        *side.of(self.is_astray.each_mut()) = true;
        true
    }
}

fn read_frame(frame: Frame, whole: &[u8], out: &mut Output<'_>) {
    let raw = whole.get(..4).unwrap_or(whole);
    let role = if frame.is_from_master { "dnp3-master" } else { "dnp3-outstation" };
    out.fact(About::Sender, Field::PlantRole, role, raw);
    out.fact(About::Sender, Field::Legacy, "cleartext-dnp3", raw);
    let mut room = [0; LONGEST];
    let Some(segment) = unblocked(whole.get(HEADER..).unwrap_or_default(), frame.length, &mut room) else {
        out.weird("dnp3.check_sum");
        return;
    };
    // Only what begins a fragment has its header.
    if let Some((transport, fragment)) = segment.split_first()
        && transport & 0x40 != 0
        && application(frame, fragment, out).is_err()
    {
        out.weird("dnp3.attribute");
    }
}

/// The user data of a frame without check sums, in `room`. `None` when one of them is wrong.
fn unblocked<'b>(blocks: &[u8], length: usize, room: &'b mut [u8; LONGEST]) -> Option<&'b [u8]> {
    let mut cursor = Cursor::new(blocks);
    for to in room.get_mut(..length)?.chunks_mut(BLOCK) {
        let block = cursor.take(to.len()).ok()?;
        if cursor.u16_le().ok()? != check_sum(block) {
            return None;
        }
        to.copy_from_slice(block);
    }
    room.get(..length)
}

/// Functions that answer: response, unsolicited response, authentication response.
const ANSWERS: std::ops::RangeInclusive<u8> = 0x81..=0x83;

fn application(frame: Frame, fragment: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    let mut cursor = Cursor::new(fragment);
    let (Ok(_control), Ok(function)) = (cursor.u8(), cursor.u8()) else { return Ok(()) };
    let is_answer = ANSWERS.contains(&function);
    let indications = if is_answer { cursor.u16().ok() } else { None };
    let number = function.to_string();
    let name = FUNCTIONS.lines().filter_map(|line| line.split_once(' ')).find(|(known, _)| *known == number);
    out.record(|row| {
        row.text(if is_answer { "fc_reply" } else { "fc_request" }, name.map_or(number.as_str(), |(_, name)| name));
        if let Some(indications) = indications {
            row.number("iin", indications);
        }
        row.number("source", frame.source);
        row.number("destination", frame.destination);
    });
    if is_answer { attributes(&mut cursor, out) } else { Ok(()) }
}

/// Says the device attributes at the beginning of an answer: objects of group 0, each with a header of its own.
fn attributes(cursor: &mut Cursor<'_>, out: &mut Output<'_>) -> Result<(), Short> {
    const DEVICE_ATTRIBUTES: u8 = 0;
    /// Qualifier for a range from start to stop, both of one byte.
    const RANGE: u8 = 0;
    const TEXT: u8 = 1;
    while let [DEVICE_ATTRIBUTES, variation, RANGE, ..] = *cursor.rest() {
        cursor.skip(3)?;
        let (start, stop) = (cursor.u8()?, cursor.u8()?);
        for _ in start..=stop {
            let (kind, length) = (cursor.u8()?, cursor.u8()?);
            let value = cursor.take(usize::from(length))?;
            let field = match variation {
                242 => Field::Software,
                243 => Field::Hardware,
                248 => Field::Serial,
                250 => Field::Model,
                252 => Field::Manufacturer,
                // Names that people gave are said with what may name a person hidden.
                247 => Field::FriendlyName,
                _ => continue,
            };
            if kind == TEXT {
                out.fact(About::Sender, field, &text::clean(value), value);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::hear;

    #[test]
    fn check_sums_are_those_of_the_standard() {
        assert_eq!(check_sum(b"123456789"), 0xea82);
    }

    #[test]
    fn a_header_with_a_wrong_check_sum_is_none() {
        let heard = hear("tcp 10.0.0.5:40000 > 10.0.0.9:20000\n> 0564 05c0 0100 000c ffff\nend");
        assert_eq!(heard.service, None);
    }
}
