//! What attributes of a medical device system say it is: maker, model, serial number, versions, kinds.
//!
//! In: lists of attributes as protocols of the IEEE 11073 family have them, each with its number and length. Out: facts
//! about the system. Attributes with other numbers are passed over unseen: patients' are among them.
//!
//! Source: ISO/IEEE 11073-20601:2019 §6.3.2 and annex A; 11073-10101 (numbers); Philips, Data Export Interface
//! Programming Guide (4535 645 88011), System Objects, which the same numbers stand in.

use crate::codec::cursor::{Cursor, Short};
use crate::codec::{eui64, text};
use crate::{About, Output};
use wardlight_model::Field;

const SYSTEM_ID: u16 = 0x0984;
const SYSTEM_TYPE: u16 = 0x0986;
const TYPE_LIST: u16 = 0x0a5a;
const MODEL: u16 = 0x0928;
const PRODUCTION: u16 = 0x092d;
/// Partition of device specialisations.
const INFRASTRUCTURE: u16 = 8;
/// Kinds of production specification: unspecified, serial, part, hardware, software, firmware.
const KINDS: [Option<Field>; 6] = [
    None,
    Some(Field::Serial),
    Some(Field::ModelNumber),
    Some(Field::Hardware),
    Some(Field::Software),
    Some(Field::Firmware),
];

/// Has `read` read each attribute of the list that `cursor` stands at: its number and value. Errors: [`Short`] when the
/// list ends before it should; what stood before that was read.
pub(crate) fn each<'a>(cursor: &mut Cursor<'a>, mut read: impl FnMut(u16, &'a [u8])) -> Result<(), Short> {
    let (count, length) = (cursor.u16()?, usize::from(cursor.u16()?));
    let is_whole = length <= cursor.left();
    let mut list = Cursor::new(cursor.take_at_most(length));
    for _ in 0..count {
        let (number, length) = (list.u16()?, usize::from(list.u16()?));
        read(number, list.take(length)?);
    }
    if is_whole { Ok(()) } else { Err(Short) }
}

/// Says what the attribute `number` tells about the system, when it is one of those above. Errors: [`Short`].
pub(crate) fn say(number: u16, value: &[u8], about: About<'_>, out: &mut Output<'_>) -> Result<(), Short> {
    let mut cursor = Cursor::new(value);
    match number {
        SYSTEM_ID => say_eui64(octets(&mut cursor)?, about, out),
        SYSTEM_TYPE => {
            let (partition, code) = (cursor.u16()?, cursor.u16()?);
            out.fact(about, Field::MdcType, &format!("{partition}:{code}"), value);
        }
        TYPE_LIST => {
            let (count, _length) = (cursor.u16()?, cursor.u16()?);
            for _ in 0..count {
                let (code, _version) = (cursor.u16()?, cursor.u16()?);
                out.fact(about, Field::MdcType, &format!("{INFRASTRUCTURE}:{code}"), value);
            }
        }
        MODEL => {
            say_word(Field::Manufacturer, octets(&mut cursor)?, about, out);
            say_word(Field::Model, octets(&mut cursor)?, about, out);
        }
        PRODUCTION => say_production(&mut cursor, about, out)?,
        _ => {}
    }
    Ok(())
}

/// Says that the system is the one with the EUI-64 in `raw`, when that names one.
pub(crate) fn say_eui64(raw: &[u8], about: About<'_>, out: &mut Output<'_>) {
    let number = raw.first_chunk().map(|eight| u64::from_be_bytes(*eight)).filter(|_| raw.len() == 8);
    if let Some(number) = number.filter(|number| eui64::is_device(*number)) {
        out.fact(about, Field::Eui64, &format!("{number:016x}"), raw);
    }
}

/// The bytes behind a length of two bytes. Errors: [`Short`].
pub(crate) fn octets<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], Short> {
    let mut ahead = *cursor;
    let length = ahead.u16()?;
    let octets = ahead.take(usize::from(length))?;
    *cursor = ahead;
    Ok(octets)
}

/// Of each kind the first entry is said: a system lists itself before its parts.
fn say_production(cursor: &mut Cursor<'_>, about: About<'_>, out: &mut Output<'_>) -> Result<(), Short> {
    let (count, _length) = (cursor.u16()?, cursor.u16()?);
    let mut open = KINDS;
    for _ in 0..count {
        let (kind, component) = (cursor.u16()?, cursor.u16()?);
        let value = octets(cursor)?;
        let field = open.get_mut(usize::from(kind)).filter(|_| is_whole_system(component));
        if let Some(field) = field.and_then(|field| field.take_if(|_| has_word(value))) {
            say_word(field, value, about, out);
        }
    }
    Ok(())
}

/// Whether a component is the system or its program, and none of its boards.
const fn is_whole_system(component: u16) -> bool {
    const PARTS: [u16; 3] = [0x10, 0x18, 0x50];
    let [configuration, boot, board] = PARTS;
    component != configuration && component != boot && component != board
}

fn has_word(raw: &[u8]) -> bool {
    raw.iter().any(u8::is_ascii_alphanumeric)
}

fn say_word(field: Field, raw: &[u8], about: About<'_>, out: &mut Output<'_>) {
    // Some end in a zero and what was in memory behind it.
    let value = raw.split(|byte| *byte == 0).find(|part| !part.is_empty()).unwrap_or_default();
    if has_word(value) {
        out.fact(about, field, &text::clean(value), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::bytes;

    #[test]
    fn a_list_is_read_as_far_as_it_goes() {
        let raw = bytes("0003 000f 0921 0002 0007 0986 0001 ff 0984 0009 00");
        let mut seen = Vec::new();
        let read = each(&mut Cursor::new(&raw), |number, value| seen.push((number, value.len())));
        assert_eq!((read, seen), (Err(Short), vec![(0x921, 2), (0x986, 1)]));
    }

    #[test]
    fn a_length_beyond_the_end_is_no_octets_and_moves_nothing() {
        let mut cursor = Cursor::new(&[0, 4, 1, 2]);
        assert_eq!((octets(&mut cursor), cursor.left()), (Err(Short), 4));
    }
}
