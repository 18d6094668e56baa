//! Lines of a text in bounded memory.

use crate::decode::{self, Decoded, Encoding};
use std::io::{self, BufRead as _, BufReader, Read};

/// Longest line, in bytes.
pub const LONGEST: usize = 1 << 20;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// From 1.
    pub number: u64,
    /// Its text without the line end.
    pub text: String,
    /// Whether it was longer than [`LONGEST`]; its rest is lost.
    pub is_cut: bool,
    /// Whether it was in another encoding than the text's begin.
    pub is_foreign: bool,
}

/// What is noted of a line in another encoding than the others.
pub const FOREIGN: &str = "not UTF-8 as the rest: read as Windows-1252";

/// Lines of a text, whatever its encoding and line ends.
pub struct Lines<R> {
    from: BufReader<Decoded<R>>,
    encoding: Encoding,
    number: u64,
}

impl<R: Read> Lines<R> {
    /// Looks at the begin of `from`. Errors: when it cannot be read.
    pub fn new(from: R) -> io::Result<Self> {
        let decoded = Decoded::new(from)?;
        let encoding = decoded.encoding;
        Ok(Self { from: BufReader::new(decoded), encoding, number: 0 })
    }

    /// The begin of the text, before any line is taken.
    pub fn peek(&self) -> String {
        self.from.get_ref().peek()
    }

    /// The bytes from where they are, as UTF-8 or Windows-1252.
    pub fn into_inner(self) -> impl Read {
        self.from
    }

    /// The next line; blank ones as well. Errors: when the bytes cannot be read.
    pub fn next(&mut self) -> io::Result<Option<Line>> {
        let mut raw = Vec::new();
        let (mut is_any, mut is_cut) = (false, false);
        loop {
            let ready = self.from.fill_buf()?;
            if ready.is_empty() {
                break;
            }
            is_any = true;
            let end = ready.iter().position(|byte| *byte == b'\n');
            let part = ready.get(..end.unwrap_or(ready.len())).unwrap_or_default();
            let room = LONGEST.saturating_sub(raw.len());
            is_cut |= part.len() > room;
            raw.extend_from_slice(part.get(..room).unwrap_or(part));
            let used = part.len() + usize::from(end.is_some());
            self.from.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !is_any {
            return Ok(None);
        }
        self.number += 1;
        if raw.last() == Some(&b'\r') {
            raw.pop();
        }
        let (text, is_1252) = decode::text(&raw);
        let is_foreign = is_1252 && self.encoding != Encoding::Windows1252;
        Ok(Some(Line { number: self.number, text: text.into_owned(), is_cut, is_foreign }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<Line> {
        let mut lines = Lines::new(bytes).unwrap();
        std::iter::from_fn(|| lines.next().unwrap()).collect()
    }

    #[test]
    fn lines_are_numbered_and_bare() {
        let read = lines(b"a\r\n\nb");
        let texts: Vec<_> = read.iter().map(|line| (line.number, line.text.as_str())).collect();
        assert_eq!(texts, [(1, "a"), (2, ""), (3, "b")]);
        assert_eq!(lines(b"a\n").len(), 1);
        assert_eq!(lines(b"").len(), 0);
    }

    #[test]
    fn a_line_of_another_encoding_is_marked() {
        let mut bytes = b"name\n".repeat(5000);
        bytes.extend(b"Ger\xe4t\n");
        let last = lines(&bytes).pop().unwrap();
        assert!(last.is_foreign);
        assert_eq!(last.text, "Gerät");
        assert!(!lines(b"Ger\xe4t\nname")[0].is_foreign);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let read = lines(&[vec![b'x'; LONGEST + 5], b"\nnext".to_vec()].concat());
        assert!(read[0].is_cut && read[0].text.len() == LONGEST);
        assert_eq!(read[1].text, "next");
    }
}
