//! Raw printing on port 9100 with PJL: which printer answers, and who prints.
//!
//! In: both directions of a TCP stream. Out: model and serial number that a printer answers when asked, and roles of both
//! ends. Jobs, their names, users and all other commands are passed over: behind the first line that is not PJL the
//! stream is only counted. Source: HP Printer Job Language Technical Reference Manual, 10th edition, chapters 2 and 6
//! (`INFO`), 8 (status readback).

use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Side};

pub(super) static ENTRY: Jetdirect = Jetdirect;

/// PJL on a raw port.
pub(super) struct Jetdirect;

/// Universal Exit Language: ends whatever came before.
const EXIT: &[u8] = b"\x1b%-12345X";
const PJL: &[u8] = b"@PJL";
/// Longest line.
const LONGEST: usize = 4096;
/// Most lines of one side read.
const ENOUGH: u16 = 256;

static INFO: Info = Info {
    name: "jetdirect",
    title: "Raw printing (PJL)",
    source: "HP PJL Technical Reference Manual, 10th edition, chapters 2, 6 and 8",
    carriers: &[Carrier::Tcp],
    ports: &[9100, 9101, 9102],
    record: &[],
    weirds: &[],
    window: 2 * LONGEST,
};

impl Dissector for Jetdirect {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        // PCL reset, PostScript, PDF.
        let likely: [&[u8]; 3] = [b"\x1bE", b"%!PS", b"%PDF-"];
        let sure: [&[u8]; 4] = [EXIT, b"@PJL ", b"@PJL\r", b"@PJL\n"];
        let begins = |begin: &&[u8]| hello.bytes.starts_with(begin);
        match () {
            () if sure.iter().any(begins) => Probe::Yes,
            () if likely.iter().any(begins) => Probe::Likely,
            () if sure.iter().chain(&likely).any(|begin| begin.starts_with(hello.bytes)) => Probe::More,
            () => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation::default())
    }
}

#[derive(Default)]
struct Conversation {
    lines: u16,
    is_said: bool,
    /// What the printer's next line states.
    answers: Option<Field>,
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if side == Side::Initiator && !std::mem::replace(&mut self.is_said, true) {
            say_roles(bytes, out);
        }
        if bytes.starts_with(EXIT) {
            return Step::Take(EXIT.len());
        }
        if bytes.len() < EXIT.len() && EXIT.starts_with(bytes) {
            return Step::Take(0);
        }
        let Some(end) = bytes.iter().take(LONGEST).position(|byte| matches!(byte, b'\n' | 0x0c)) else {
            let is_begun = side == Side::Responder || PJL.starts_with(bytes.get(..4).unwrap_or(bytes));
            return if is_begun && bytes.len() < LONGEST { Step::Take(0) } else { Step::Done };
        };
        self.lines = self.lines.saturating_add(1);
        let line = bytes.get(..end).unwrap_or_default().trim_ascii();
        let goes_on = match side {
            // Behind it comes the job.
            Side::Initiator => line.is_empty() || line.starts_with(PJL) && !is_command(line, &["ENTER"]),
            Side::Responder => {
                self.answer(line, out);
                true
            }
        };
        if goes_on && self.lines < ENOUGH { Step::Take(end + 1) } else { Step::Done }
    }
}

fn say_roles(bytes: &[u8], out: &mut Output<'_>) {
    let raw = bytes.get(..4).unwrap_or(bytes);
    out.fact(About::Sender, Field::ServiceSought, "_pdl-datastream._tcp", raw);
    out.fact(About::Receiver, Field::ServiceOffered, "_pdl-datastream._tcp", raw);
    for about in [About::Sender, About::Receiver] {
        out.fact(about, Field::Legacy, "cleartext-jetdirect", raw);
    }
}

impl Conversation {
    /// Reads one line of the printer: what it answers to, then the answer.
    fn answer(&mut self, line: &[u8], out: &mut Output<'_>) {
        let field = self.answers.take();
        if line.starts_with(PJL) {
            self.answers = match () {
                () if is_command(line, &["INFO", "ID"]) => Some(Field::Model),
                () if is_command(line, &["DINQUIRE", "SERIALNUMBER"])
                    || is_command(line, &["INQUIRE", "SERIALNUMBER"])
                    || is_command(line, &["INFO", "SERIALNUMBER"]) =>
                {
                    Some(Field::Serial)
                }
                () => None,
            };
            return;
        }
        let value = line.strip_prefix(b"\"").and_then(|rest| rest.split(|byte| *byte == b'"').next());
        // `?` is what a printer says that has no such thing.
        if let Some(field) = field.filter(|_| line != b"?" && line != b"\"?\"") {
            out.text(About::Sender, field, value.unwrap_or(line));
        }
    }
}

/// Whether `line` is the PJL command of these words.
fn is_command(line: &[u8], words: &[&str]) -> bool {
    let line = line.strip_prefix(PJL).unwrap_or_default();
    let mut said = line.split(|byte| matches!(byte, b' ' | b'\t' | b'=' | b':')).filter(|word| !word.is_empty());
    words.iter().all(|word| said.next().is_some_and(|said| said.eq_ignore_ascii_case(word.as_bytes())))
}
