//! The records of a message (LIS02-A2 §5): reads H and R, counts the others.

use super::probe;
use crate::codec::delimited::Delimiters;
use crate::codec::laboratory;
use crate::entry::Probe;
use crate::{About, Output};
use wardlight_model::{Field, KeyKind};

/// Delimiters that nearly every message has; those before the first header.
const COMMON: Delimiters =
    Delimiters { field: b'|', component: b'^', repeat: b'\\', escape: Some(b'&'), part: None, encoding: None };
/// Most record types counted.
const MOST: usize = 16;

/// The message being read. Keeps what describes systems and numbers; used again for the next.
pub(super) struct Records {
    delimiters: Delimiters,
    /// Whether a header was read and the message has not ended.
    open: bool,
    /// Whether a line that is no record was named already.
    odd: bool,
    sender: String,
    receiver: String,
    processing: &'static str,
    version: String,
    instrument: String,
    counts: Vec<(u8, u32)>,
}

impl Default for Records {
    fn default() -> Self {
        Self {
            delimiters: COMMON,
            open: false,
            odd: false,
            sender: String::new(),
            receiver: String::new(),
            processing: "",
            version: String::new(),
            instrument: String::new(),
            counts: Vec::new(),
        }
    }
}

impl Records {
    /// Whether a record that begins so is worth holding until it is complete.
    pub(super) fn reads(&self, line: &[u8]) -> bool {
        matches!(line.first(), None | Some(b'H' | b'R' | b'L'))
    }

    /// Takes one whole record.
    pub(super) fn read(&mut self, line: &[u8], out: &mut Output<'_>) {
        let line = line.trim_ascii();
        if probe::header(line) == Probe::Yes {
            self.header(line, out);
            return;
        }
        match *line {
            [] => {}
            [b'R', field, ..] if field == self.delimiters.field => {
                self.count(line, out);
                self.result(line, out);
            }
            [b'L', ..] => {
                self.count(line, out);
                self.close(out);
            }
            _ => self.count(line, out),
        }
    }

    /// Counts the record that begins with `line`, and looks no further.
    pub(super) fn count(&mut self, line: &[u8], out: &mut Output<'_>) {
        let field = self.delimiters.field;
        let kind = match *line {
            [kind @ b'A'..=b'Z'] => kind,
            [kind @ b'A'..=b'Z', second, ..] if second == field => kind,
            _ if self.odd || !self.open => return,
            _ => {
                self.odd = true;
                out.weird("astm.record");
                return;
            }
        };
        if let Some((_, count)) = self.counts.iter_mut().find(|(known, _)| *known == kind) {
            *count = count.saturating_add(1);
        } else if self.counts.len() < MOST {
            self.counts.push((kind, 1));
        }
    }

    /// The message is over: writes its record.
    pub(super) fn close(&mut self, out: &mut Output<'_>) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        out.record(|row| {
            row.text("sender", &self.sender);
            row.text("receiver", &self.receiver);
            row.text("processing_id", self.processing);
            row.text("version", &self.version);
            row.text("instrument", &self.instrument);
            row.list("records", self.counts.iter().map(|(kind, count)| format!("{}*{count}", char::from(*kind))));
        });
    }

    /// What was read of the message is forgotten.
    pub(super) const fn lose(&mut self) {
        self.open = false;
    }

    /// H-5 sender, H-10 receiver, H-12 processing, H-13 version. Never H-4, the password.
    fn header(&mut self, line: &[u8], out: &mut Output<'_>) {
        self.close(out);
        self.counts.clear();
        for text in [&mut self.sender, &mut self.receiver, &mut self.version, &mut self.instrument] {
            text.clear();
        }
        (self.open, self.odd) = (true, false);
        self.delimiters = delimiters(line);
        self.count(line, out);
        let delimiters = self.delimiters;
        let mut fields = delimiters.fields(line);
        let (sender, receiver) = (fields.nth(4).unwrap_or_default(), fields.nth(4).unwrap_or_default());
        let (processing, version) = (fields.nth(1).unwrap_or_default(), fields.next().unwrap_or_default());
        self.sender.push_str(&delimiters.spell(sender));
        self.receiver.push_str(&delimiters.spell(receiver));
        self.processing = processing_id(processing);
        self.version.push_str(version_name(version));
        out.fact(About::Sender, Field::Legacy, "cleartext-astm", line.get(..1).unwrap_or(line));
        out.fact(About::Sender, Field::AstmSender, &self.sender, sender);
    }

    /// R-3, the test, and R-14, the instrument that measured.
    fn result(&mut self, line: &[u8], out: &mut Output<'_>) {
        let delimiters = self.delimiters;
        let id = delimiters.fields(line).nth(2).unwrap_or_default();
        let named = self.instrument_of(line, out);
        let about = named.as_ref().map_or(About::Sender, |key| About::Named(KeyKind::Instrument, key));
        let mut names = delimiters.components(id).take(5);
        if let Some((raw, test)) = names.find_map(|name| Some((name, laboratory::test(name)?))) {
            out.fact(about, Field::LaboratoryTest, test, raw);
        }
    }

    /// Says R-14 and gives its name. R-12 and R-13 before it must be times: else it is not R-14 that stands there.
    fn instrument_of(&mut self, line: &[u8], out: &mut Output<'_>) -> Option<String> {
        let delimiters = self.delimiters;
        let mut fields = delimiters.fields(line).skip(11);
        let (begun, done) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        let instrument = fields.next().filter(|_| is_time(begun) && is_time(done))?;
        let name = components(instrument, &delimiters, 3);
        if !name.contains(char::is_alphanumeric) {
            return None;
        }
        let key = components(instrument, &delimiters, 2);
        out.fact(About::Named(KeyKind::Instrument, &key), Field::AstmInstrument, &name, instrument);
        self.instrument.clear();
        self.instrument.push_str(&name);
        Some(key)
    }
}

/// The delimiters that a header sets: repeat, component, escape.
fn delimiters(line: &[u8]) -> Delimiters {
    let field = line.get(1).copied().unwrap_or(COMMON.field);
    let mut set = Delimiters { field, ..COMMON };
    let mut characters = line.iter().skip(2).take_while(|byte| **byte != field).copied();
    set.repeat = characters.next().unwrap_or(set.repeat);
    // Some write the repeat delimiter twice, as their programming language made them do.
    let mut others = characters.filter(|byte| *byte != set.repeat);
    set.component = others.next().unwrap_or(set.component);
    set.escape = others.next();
    set
}

/// The first `n` components, joined by `^`: those behind them change with each test (cartridge, lot, expiry).
fn components(field: &[u8], delimiters: &Delimiters, n: usize) -> String {
    let first = delimiters.repetitions(field).next().unwrap_or_default();
    let end = delimiters.components(first).take(n).map(|part| part.len() + 1).sum::<usize>().saturating_sub(1);
    delimiters.spell(first.get(..end).unwrap_or(first)).into_owned()
}

fn is_time(field: &[u8]) -> bool {
    field.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'+' | b'-' | b':' | b'.' | b'T'))
}

fn processing_id(field: &[u8]) -> &'static str {
    match field.trim_ascii() {
        b"P" => "P",
        b"T" => "T",
        b"D" => "D",
        b"Q" => "Q",
        _ => "",
    }
}

/// A version such as `E1394-97`; empty when H-13 has no such shape.
fn version_name(field: &[u8]) -> &str {
    let fits = |text: &&str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b' ');
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        text.len() <= 16 && text.bytes().all(is_plain) && (1..=8).contains(&digits)
    };
    std::str::from_utf8(field.trim_ascii()).ok().filter(fits).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_those_of_the_header() {
        let set = delimiters(br"H|@^\|X");
        assert_eq!((set.repeat, set.component, set.escape), (b'@', b'^', Some(b'\\')));
        let set = delimiters(br"H|\\^&|X");
        assert_eq!((set.repeat, set.component, set.escape), (b'\\', b'^', Some(b'&')));
    }

    #[test]
    fn only_what_stays_with_an_instrument_is_kept() {
        assert_eq!(components(b"PC-1^806149^653624^831583371^56401^20250525", &COMMON, 3), "PC-1^806149^653624");
        assert_eq!(components(b"XN-550", &COMMON, 2), "XN-550");
        assert_eq!(components(b"^^", &COMMON, 2), "");
    }

    #[test]
    fn versions_have_a_shape() {
        for version in ["E1394-97", "1394-97", "LIS2-A2", "1"] {
            assert_eq!(version_name(version.as_bytes()), version);
        }
        for other in ["DOE^JOHN", "Doe", "20230803131713"] {
            assert_eq!(version_name(other.as_bytes()), "");
        }
    }
}
