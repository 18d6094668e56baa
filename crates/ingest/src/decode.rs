//! Which encoding a text is in, and UTF-16 put as UTF-8 while it is read.
//!
//! UTF-8 and Windows-1252 pass through: they are told apart line by line, since exports mix them. Sources: Unicode 16
//! §23.8 (byte order mark), WHATWG Encoding Standard (UTF-16, windows-1252).

use std::borrow::Cow;
use std::io::{self, Read};

/// How much of the begin is looked at.
const HEAD: usize = 16 * 1024;
/// Bytes decoded at once.
const PIECE: usize = 8 * 1024;

/// A text's encoding, as its begin shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a mark.
    Utf8,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// Windows-1252.
    Windows1252,
}

/// A text that gives UTF-8 or Windows-1252 whatever it was in, without its byte order mark.
pub struct Decoded<R> {
    from: R,
    decoder: Option<encoding_rs::Decoder>,
    head: Vec<u8>,
    ready: Vec<u8>,
    at: usize,
    is_done: bool,
    /// What it was in.
    pub encoding: Encoding,
}

impl<R: Read> Decoded<R> {
    /// Looks at the begin of `from`. Errors: when it cannot be read.
    pub fn new(mut from: R) -> io::Result<Self> {
        let mut head = Vec::new();
        from.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
        let (encoding, mark) = encoding(&head);
        head.drain(..mark);
        let decoder = match encoding {
            Encoding::Utf16Le => Some(encoding_rs::UTF_16LE.new_decoder_without_bom_handling()),
            Encoding::Utf16Be => Some(encoding_rs::UTF_16BE.new_decoder_without_bom_handling()),
            Encoding::Utf8 | Encoding::Windows1252 => None,
        };
        Ok(Self { from, decoder, head, ready: Vec::new(), at: 0, is_done: false, encoding })
    }

    /// The begin of the text, decoded, without taking it.
    pub fn peek(&self) -> String {
        match self.encoding {
            Encoding::Utf8 => String::from_utf8_lossy(&self.head).into_owned(),
            Encoding::Windows1252 => encoding_rs::WINDOWS_1252.decode_without_bom_handling(&self.head).0.into_owned(),
            Encoding::Utf16Le => encoding_rs::UTF_16LE.decode_without_bom_handling(&self.head).0.into_owned(),
            Encoding::Utf16Be => encoding_rs::UTF_16BE.decode_without_bom_handling(&self.head).0.into_owned(),
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        let mut raw = std::mem::take(&mut self.head);
        if raw.is_empty() {
            self.from.by_ref().take(PIECE as u64).read_to_end(&mut raw)?;
        }
        self.is_done = raw.is_empty();
        self.at = 0;
        self.ready.clear();
        let Some(decoder) = &mut self.decoder else {
            self.ready = raw;
            return Ok(());
        };
        let mut text = String::with_capacity(raw.len().saturating_mul(3).saturating_add(16));
        let (result, _, _) = decoder.decode_to_string(&raw, &mut text, self.is_done);
        debug_assert_eq!(result, encoding_rs::CoderResult::InputEmpty, "three bytes of UTF-8 hold any two of UTF-16");
        self.ready = text.into_bytes();
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.ready.len() && !self.is_done {
            self.refill()?;
        }
        let ready = self.ready.get(self.at..).unwrap_or_default();
        let taken = ready.len().min(to.len());
        to.iter_mut().zip(ready).for_each(|(to, from)| *to = *from);
        self.at += taken;
        Ok(taken)
    }
}

/// The encoding that `head`, the begin of a text, is in, and the length of its byte order mark.
pub fn encoding(head: &[u8]) -> (Encoding, usize) {
    match head {
        [0xef, 0xbb, 0xbf, ..] => return (Encoding::Utf8, 3),
        [0xff, 0xfe, ..] => return (Encoding::Utf16Le, 2),
        [0xfe, 0xff, ..] => return (Encoding::Utf16Be, 2),
        _ => {}
    }
    // Tables are mostly ASCII: in UTF-16 every other byte of them is zero.
    let zeros = |from: usize| head.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), head.len() / 2);
    if half >= 2 && odd * 10 > half * 7 && even * 10 < half {
        return (Encoding::Utf16Le, 0);
    }
    if half >= 2 && even * 10 > half * 7 && odd * 10 < half {
        return (Encoding::Utf16Be, 0);
    }
    match std::str::from_utf8(head) {
        Ok(_) => (Encoding::Utf8, 0),
        // A character cut by the end of what was looked at.
        Err(error) if error.error_len().is_none() => (Encoding::Utf8, 0),
        Err(_) => (Encoding::Windows1252, 0),
    }
}

/// The text of `line`: UTF-8, else Windows-1252, and whether it was the latter.
pub fn text(line: &[u8]) -> (Cow<'_, str>, bool) {
    match std::str::from_utf8(line) {
        Ok(text) => (Cow::Borrowed(text), false),
        Err(_) => (encoding_rs::WINDOWS_1252.decode_without_bom_handling(line).0, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> (Encoding, String) {
        let mut decoded = Decoded::new(bytes).unwrap();
        let (mut raw, peeked) = (Vec::new(), decoded.peek());
        decoded.read_to_end(&mut raw).unwrap();
        let read = text(&raw).0.into_owned();
        assert!(read.starts_with(peeked.trim_end_matches('\u{fffd}')) || bytes.len() > HEAD);
        (decoded.encoding, read)
    }

    #[test]
    fn a_text_is_read_in_every_encoding() {
        let wanted = "Gerät;Größe\nÖlpumpe;5\n";
        let utf16 = |to: fn(u16) -> [u8; 2]| wanted.encode_utf16().flat_map(to).collect::<Vec<u8>>();
        let (le, be) = (utf16(u16::to_le_bytes), utf16(u16::to_be_bytes));
        let marked = |mark: &[u8], text: &[u8]| [mark, text].concat();
        let cases = [
            (wanted.as_bytes().to_vec(), Encoding::Utf8),
            (marked(&[0xef, 0xbb, 0xbf], wanted.as_bytes()), Encoding::Utf8),
            (le.clone(), Encoding::Utf16Le),
            (be.clone(), Encoding::Utf16Be),
            (marked(&[0xff, 0xfe], &le), Encoding::Utf16Le),
            (marked(&[0xfe, 0xff], &be), Encoding::Utf16Be),
            (encoding_rs::WINDOWS_1252.encode(wanted).0.into_owned(), Encoding::Windows1252),
        ];
        for (bytes, encoding) in cases {
            assert_eq!(decoded(&bytes), (encoding, wanted.to_owned()));
        }
    }

    #[test]
    fn utf16_is_decoded_across_pieces() {
        let wanted = "a€😀\n".repeat(20_000);
        let bytes: Vec<u8> = [0xff, 0xfe].into_iter().chain(wanted.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(decoded(&bytes).1, wanted);
    }
}
