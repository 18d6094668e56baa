//! Whether bytes are HL7 version 2: a message header, or segments from the middle of a message.

use crate::entry::Probe;

/// Segments that nearly every message has one of; enough to know a conversation that began before the capture did.
const COMMON: [&[u8; 3]; 14] =
    [b"PID", b"PV1", b"OBX", b"OBR", b"ORC", b"NTE", b"MSA", b"EVN", b"NK1", b"IN1", b"AL1", b"DG1", b"SPM", b"TQ1"];
const BLOCK: u8 = 0x0b;
const END: u8 = 0x1c;

/// Whether a stream that begins with `bytes` is HL7 version 2.
pub(super) fn probe(bytes: &[u8]) -> Probe {
    let blank = |byte: &u8| matches!(*byte, BLOCK | b'\r' | b'\n' | b' ' | 0xef | 0xbb | 0xbf);
    let begin = bytes.iter().take(8).take_while(|byte| blank(byte)).count();
    let Some(line) = bytes.get(begin..) else { return Probe::No };
    match line {
        // The hybrid lower layer protocol puts a line of its own before the message.
        [b'A'..=b'Z', b'0'..=b'9', b'0'..=b'9', b'\r', message @ ..] if message.len() >= 8 => header(message),
        // A commit acknowledgement of MLLP release 2, or an empty block.
        [0x06 | 0x15, END, b'\r', ..] | [END, b'\r', ..] if bytes.first() == Some(&BLOCK) => Probe::Yes,
        _ if line.len() < 8 => match is_prefix(line, bytes.first() == Some(&BLOCK)) {
            true => Probe::More,
            false => middle(bytes),
        },
        _ => match header(line) {
            Probe::No => middle(bytes),
            found => found,
        },
    }
}

/// Whether `line` could become a header, or the short content of a block.
fn is_prefix(line: &[u8], in_block: bool) -> bool {
    let header = [&b"MSH"[..], b"FHS", b"BHS"].iter().any(|name| name.iter().zip(line).all(|(a, b)| a == b));
    let short = matches!(line, [0x06 | 0x15 | END] | [0x06 | 0x15, END] | [b'A'..=b'Z', b'0'..=b'9', ..]);
    (header && !line.is_empty()) || (in_block && (line.is_empty() || short))
}

/// A header names its delimiters: `MSH|^~\&|`.
fn header(line: &[u8]) -> Probe {
    let Some((b"MSH" | b"FHS" | b"BHS", [field, rest @ ..])) = line.split_first_chunk::<3>() else {
        return Probe::No;
    };
    if !is_delimiter(*field) {
        return Probe::No;
    }
    let Some(length) = rest.iter().take(7).position(|byte| byte == field) else {
        return if rest.len() < 7 { Probe::More } else { Probe::No };
    };
    match rest.get(..length) {
        Some([]) => Probe::Likely,
        Some(delimiters) if delimiters.iter().all(|byte| is_delimiter(*byte)) => Probe::Yes,
        _ => Probe::No,
    }
}

/// Two different places in a row where a common segment begins.
fn middle(bytes: &[u8]) -> Probe {
    let begins = |at: usize| {
        let line = bytes.get(at + 1..).unwrap_or_default();
        COMMON.iter().any(|name| line.strip_prefix(&name[..]).is_some_and(|rest| rest.starts_with(b"|")))
    };
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\r').map(|(at, _)| at);
    let segments = ends.filter(|at| begins(*at)).take(2).count();
    let closed = bytes.ends_with(&[END, b'\r']);
    match segments {
        2 => Probe::Yes,
        1 if closed => Probe::Yes,
        1 => Probe::More,
        _ => Probe::No,
    }
}

const fn is_delimiter(byte: u8) -> bool {
    byte.is_ascii_punctuation() || matches!(byte, 0x01..=0x08 | 0x0c | 0x0e..=0x1b | 0x1d..=0x1f | 0x80..)
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
        check(b"\x0bMSH|^~\\&|LAB", Probe::Yes);
        check(b"MSH|^~\\&|LAB", Probe::Yes);
        check(b"MSH|^~\\\\&|LAB", Probe::Yes);
        check(b"\x0bMSH#*~!%#LAB", Probe::Yes);
        check(b"\r\n\x0bFHS|^~\\&|LAB", Probe::Yes);
        check(b"MSH||||||||", Probe::Likely);
        check(b"\x0b\x06\x1c\r", Probe::Yes);
        check(b"\x0b\x1c\r", Probe::Yes);
        check(b"\x0bD23\rMSH|^~\\&|LAB", Probe::Yes);
    }

    #[test]
    fn few_bytes_that_fit_wait_for_more() {
        for bytes in [&b"\x0b"[..], b"M", b"\x0bMSH", b"MSH|^~", b"\x0b\x06"] {
            check(bytes, Probe::More);
        }
    }

    #[test]
    fn other_protocols_are_left_alone() {
        for bytes in
            [&b"GET / HTTP/1.1\r\n"[..], b"MSHTML is a word", b"MSH|hello|world", b"\x05", b"H|\\^&|||x", b"\0\0"]
        {
            check(bytes, Probe::No);
        }
        check(b"a text\rOBX| alone", Probe::More);
    }

    #[test]
    fn the_middle_of_a_message_is_known_by_its_segments() {
        check(b"||||F\rOBX|2|NM|||1\rOBX|3|NM|||2\r", Probe::Yes);
        check(b"|||F\rNTE|1\r\x1c\r", Probe::Yes);
    }
}
