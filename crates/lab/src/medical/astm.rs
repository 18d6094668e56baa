//! Analysers: records of ASTM E1394 (LIS02-A2) in frames of ASTM E1381 (LIS01-A2 §8).

use crate::bytes::Bytes;
use crate::talk::Talk;

/// A sender's session: enquiry, one frame a record, end; the receiver acknowledges each.
pub(crate) fn session(talk: Talk, records: &[String]) -> Talk {
    let opened = talk.say([0x05]).answer([0x06]);
    let sent = records
        .iter()
        .zip((1..=7u8).chain(0..=0).cycle())
        .fold(opened, |talk, (record, number)| talk.say(frame(number, record)).answer([0x06]));
    sent.say([0x04])
}

/// One frame with one record, its number between 0 and 7.
pub(crate) fn frame(number: u8, record: &str) -> Bytes {
    let text = Bytes::default().u8(b'0' + number).raw(record).u8(b'\r').u8(0x03);
    let sum = text.0.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    Bytes::default().u8(0x02).raw(text).raw(format!("{sum:02X}\r\n"))
}
