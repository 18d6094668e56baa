//! Which bytes can be a request or an answer of which function.
//!
//! In: a protocol data unit, from its function code on. Out: whether its length and its counts agree.
//!
//! Source: Modbus Application Protocol Specification V1.1b3, sections 4.1, 6 and 7.

use crate::codec::cursor::Cursor;

/// Set in the function code of an exception.
pub(super) const EXCEPTION: u8 = 0x80;
pub(super) const ENCAPSULATED: u8 = 43;

/// How well bytes fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// The specification has no such unit.
    No,
    /// Nothing is known of the function's units, or too little stands in them to know it by.
    Unknown,
    /// Length and counts agree.
    Yes,
}

/// How well `pdu` fits a request.
pub(super) fn request(pdu: &[u8]) -> Fit {
    let Some((function, body)) = pdu.split_first() else { return Fit::No };
    let fits = match function {
        1 | 2 => matches!(quantity(body), Some(1..=2000)) && body.len() == 4,
        3 | 4 => matches!(quantity(body), Some(1..=125)) && body.len() == 4,
        5 => matches!(quantity(body), Some(0 | 0xff00)) && body.len() == 4,
        6 => body.len() == 4,
        7 | 11 | 12 | 17 => return unsure(body.is_empty()),
        8 => diagnoses(body),
        15 => {
            let bytes = quantity(body).map(|coils| usize::from(coils).div_ceil(8));
            matches!(bytes, Some(1..=246)) && counted(body.get(4..), bytes)
        }
        16 => {
            let bytes = quantity(body).map(|registers| usize::from(registers) * 2);
            matches!(bytes, Some(2..=246)) && counted(body.get(4..), bytes)
        }
        20 | 21 => counted(Some(body), None),
        22 => body.len() == 6,
        23 => body.len() >= 9 && counted(body.get(8..), None),
        24 => return unsure(body.len() == 2),
        &ENCAPSULATED => encapsulated(body, 3..=3),
        1..=127 => return Fit::Unknown,
        _ => false,
    };
    if fits { Fit::Yes } else { Fit::No }
}

/// How well `pdu` fits an answer, an exception among them.
pub(super) fn answer(pdu: &[u8]) -> Fit {
    let Some((function, body)) = pdu.split_first() else { return Fit::No };
    let fits = match function {
        1 | 2 => counted(Some(body), None),
        3 | 4 | 23 => counted(Some(body), None) && body.len() % 2 == 1,
        5 => matches!(quantity(body), Some(0 | 0xff00)) && body.len() == 4,
        6 | 11 | 15 | 16 => body.len() == 4,
        7 => return unsure(body.len() == 1),
        8 => diagnoses(body),
        12 | 17 | 20 | 21 => counted(Some(body), None),
        22 => body.len() == 6,
        24 => Cursor::new(body).u16().is_ok_and(|count| usize::from(count) + 2 == body.len()),
        &ENCAPSULATED => encapsulated(body, 6..=251),
        129..=255 => matches!(body, [1..=11]),
        1..=127 => return Fit::Unknown,
        _ => false,
    };
    if fits { Fit::Yes } else { Fit::No }
}

const fn unsure(is_possible: bool) -> Fit {
    if is_possible { Fit::Unknown } else { Fit::No }
}

/// The second number of an address and a quantity.
fn quantity(body: &[u8]) -> Option<u16> {
    let mut cursor = Cursor::new(body);
    let _address = cursor.u16().ok()?;
    cursor.u16().ok()
}

/// Whether a count of bytes, and then as many bytes, are all of `body`; and the count is `wanted`, where that is known.
fn counted(body: Option<&[u8]>, wanted: Option<usize>) -> bool {
    let Some((count, rest)) = body.and_then(<[u8]>::split_first) else { return false };
    let count = usize::from(*count);
    count > 0 && count == rest.len() && wanted.is_none_or(|wanted| wanted == count)
}

fn diagnoses(body: &[u8]) -> bool {
    let sub = Cursor::new(body).u16();
    matches!(sub, Ok(0..=4 | 10..=18 | 20)) && body.len() >= 4 && body.len().is_multiple_of(2)
}

/// Encapsulated interface transport: 14 is device identification, 13 is CANopen's.
fn encapsulated(body: &[u8], length: std::ops::RangeInclusive<usize>) -> bool {
    match body {
        [14, 1..=4, ..] => length.contains(&body.len()),
        [13, ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::bytes;

    #[test]
    fn counts_and_lengths_must_agree() {
        for (text, request_fit, answer_fit) in [
            ("03 0000 000a", Fit::Yes, Fit::No),
            ("03 0000 0000", Fit::No, Fit::No),
            ("03 02 1234", Fit::No, Fit::Yes),
            ("03 03 123456", Fit::No, Fit::No),
            ("06 0001 0003", Fit::Yes, Fit::Yes),
            ("10 0001 0002 04 00000000", Fit::Yes, Fit::No),
            ("10 0001 0002 03 000000", Fit::No, Fit::No),
            ("83 02", Fit::No, Fit::Yes),
            ("83 0c", Fit::No, Fit::No),
            ("11", Fit::Unknown, Fit::No),
            ("2b 0e 01 00", Fit::Yes, Fit::No),
            ("5a 00 01", Fit::Unknown, Fit::Unknown),
            ("00 01", Fit::No, Fit::No),
        ] {
            let pdu = bytes(text);
            assert_eq!((request(&pdu), answer(&pdu)), (request_fit, answer_fit), "{text}");
        }
    }
}
