//! Protocols whose ends talk in lines of text: lines out of a stream.
//!
//! In: both directions of a stream. Out: whole lines without their ends, each with whether the server sent it. A line beyond
//! [`LONGEST`] bytes, and what is left of one after a loss, is passed over.

use super::ends;
use crate::Output;
use crate::entry::{Parser, Step};
use wardlight_model::{Port, Side};

/// Longest line that is read, in bytes.
pub const LONGEST: usize = 4096;

/// What is done with lines.
pub trait Talk: Default + Send {
    /// The service's own ports.
    const PORTS: &'static [Port];

    /// Reads one line. Steps as of a parser; `Take` goes on behind the line, `Skip` counts from there.
    fn line(&mut self, is_server: bool, line: &[u8], out: &mut Output<'_>) -> Step;

    /// Called once, when the talk ends or nothing more is read of it.
    fn end(&mut self, out: &mut Output<'_>) {
        let _ = out;
    }
}

/// Reads both directions by line.
#[derive(Default)]
pub struct Lines<T> {
    talk: T,
    /// Whether what comes next is the rest of a line that is passed over.
    is_within: [bool; 2],
    is_over: bool,
}

impl<T: Talk> Parser for Lines<T> {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let is_within = side.of(self.is_within.each_mut());
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            if !*is_within && bytes.len() <= LONGEST {
                return Step::Take(0);
            }
            *is_within = true;
            return Step::Take(bytes.len());
        };
        if std::mem::take(is_within) || end > LONGEST {
            return Step::Take(end + 1);
        }
        let line = bytes.get(..end).unwrap_or_default();
        let is_server = ends::server(out.context(), T::PORTS) == side;
        match self.talk.line(is_server, line.strip_suffix(b"\r").unwrap_or(line), out) {
            Step::Take(_) => Step::Take(end + 1),
            Step::Skip(n) => Step::Skip(u64::try_from(end + 1).unwrap_or_default().saturating_add(n)),
            Step::Anew(_) => {
                self.close(out);
                Step::Anew(end + 1)
            }
            Step::Finished => {
                self.close(out);
                Step::Finished
            }
            step => step,
        }
    }

    fn end(&mut self, _: Side, _: &[u8], out: &mut Output<'_>) {
        self.close(out);
    }

    fn gap(&mut self, side: Side, _: u64) -> bool {
        *side.of(self.is_within.each_mut()) = true;
        true
    }
}

impl<T: Talk> Lines<T> {
    fn close(&mut self, out: &mut Output<'_>) {
        if !std::mem::replace(&mut self.is_over, true) {
            self.talk.end(out);
        }
    }
}

/// The first line of `bytes` when it is whole, and printable as far as it goes. `None` otherwise.
pub fn first(bytes: &[u8]) -> First<'_> {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let line = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
    let is_text = line.iter().all(|byte| matches!(byte, b'\t' | b'\r' | b' '..=b'~' | 0x80..));
    match end {
        _ if !is_text || line.len() > LONGEST => First::Other,
        Some(_) => First::Line(line.trim_ascii_end()),
        None => First::Part(line),
    }
}

/// What bytes begin with.
pub enum First<'a> {
    /// A whole line, without its end.
    Line(&'a [u8]),
    /// A line that goes on beyond them.
    Part(&'a [u8]),
    /// No line of text.
    Other,
}

/// The word that `line` begins with, and what stands behind the blanks after it.
pub fn word(line: &[u8]) -> (&[u8], &[u8]) {
    let line = line.trim_ascii_start();
    let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
    let (word, rest) = line.split_at_checked(end).unwrap_or((line, &[]));
    (word, rest.trim_ascii())
}

/// Whether `part` stands in `whole`, capitals or not.
pub fn has(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len().max(1)).any(|window| window.eq_ignore_ascii_case(part))
}
