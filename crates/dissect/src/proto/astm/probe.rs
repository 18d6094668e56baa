//! Whether bytes are ASTM: a header record, framed or bare, or a frame from the middle of a message.

use super::lane::{ACK, ENQ, EOT, ETB, ETX, NAK, STX};
use crate::entry::Probe;

/// Most bytes of a frame that is waited for (LIS01-A2 §6.3 has 247, elder devices keep to it).
const FRAME: usize = 512;

/// Whether a stream that begins with `bytes` is ASTM.
pub(super) fn probe(bytes: &[u8]) -> Probe {
    let control = |byte: &&u8| matches!(**byte, ENQ | EOT | ACK | NAK | b'\r' | b'\n');
    let begin = bytes.iter().take_while(control).count();
    match bytes.get(begin..).unwrap_or_default() {
        [] if begin <= 64 => Probe::More,
        [STX] | [STX, b'0'..=b'7'] => Probe::More,
        [STX, b'0'..=b'7', record @ ..] if record.first() == Some(&b'H') => header(record),
        [STX, b'0'..=b'7', record @ ..] => frame(bytes.get(begin + 1..).unwrap_or_default(), record),
        [STX, record @ ..] | record => header(record),
    }
}

/// A header record names its delimiters: `H|\^&|`.
pub(super) fn header(record: &[u8]) -> Probe {
    let Some((b'H', rest)) = record.split_first() else { return Probe::No };
    let Some((field, rest)) = rest.split_first() else { return Probe::More };
    if !field.is_ascii_punctuation() {
        return Probe::No;
    }
    let length = rest.iter().take(6).position(|byte| byte == field || matches!(byte, b'\r' | b'\n'));
    let delimiters = length.and_then(|length| rest.get(..length)).unwrap_or(rest.get(..6).unwrap_or(rest));
    let fits = delimiters.iter().all(u8::is_ascii_punctuation) && delimiters.len() < 6;
    match length {
        Some(3..) if fits => Probe::Yes,
        None if fits => Probe::More,
        _ => Probe::No,
    }
}

/// A frame of any other record, whose checksum is right.
fn frame(summed: &[u8], record: &[u8]) -> Probe {
    let fits = match record {
        [] => true,
        [kind] => is_record(*kind),
        [kind, field, ..] => is_record(*kind) && field.is_ascii_punctuation(),
    };
    let is_end = |byte: &u8| matches!(*byte, ETX | ETB);
    let text = summed.iter().position(is_end).map_or(summed, |end| summed.get(..end).unwrap_or(summed));
    if !fits || text.len() > FRAME || text.iter().any(|byte| *byte < b' ' && *byte != b'\r') {
        return Probe::No;
    }
    match summed.get(text.len()..).unwrap_or_default() {
        [end, high, low, ..] => {
            let sum = text.iter().fold(*end, |sum, byte| sum.wrapping_add(*byte));
            if super::lane::checksum(*high, *low) == Some(sum) { Probe::Yes } else { Probe::No }
        }
        _ => Probe::More,
    }
}

const fn is_record(kind: u8) -> bool {
    matches!(kind, b'P' | b'O' | b'R' | b'C' | b'Q' | b'L' | b'M' | b'S')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: Probe) {
        assert_eq!(probe(bytes), expected, "{}", bytes.escape_ascii());
    }

    #[test]
    fn a_header_is_known_by_its_delimiters() {
        check(b"\x05\x021H|\\^&|||ABX", Probe::Yes);
        check(b"\x021H|@^\\|", Probe::Yes);
        check(b"H|\\^&\r", Probe::Yes);
        check(b"\x02H|\\^&|", Probe::Yes);
    }

    #[test]
    fn a_frame_is_known_by_its_checksum() {
        check(b"\x024L|1|N\r\x0307\r\n", Probe::Yes);
        check(b"\x024L|1|N\r\x0308\r\n", Probe::No);
        check(b"\x024L|1|N\r\x030", Probe::More);
    }

    #[test]
    fn control_bytes_alone_wait_for_more() {
        for bytes in [&b"\x05"[..], b"\x06\x06", b"\x04", b"\x02", b"\x021", b"\x021H", b"H|\\^", b"H|"] {
            check(bytes, Probe::More);
        }
    }

    #[test]
    fn other_protocols_are_left_alone() {
        for bytes in [
            &b"HEAD / HTTP/1.1"[..],
            b"H||||",
            b"H|hello|",
            b"MSH|^~\\&|",
            b"\x05\x00\x00\x03",
            b"\x02\x00\x00\x00",
            b"\x021Zebra",
            b"\x0b",
            b"\x06\x00",
        ] {
            check(bytes, Probe::No);
        }
    }
}
