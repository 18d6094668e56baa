//! LPD: who prints where, and the name that a client has for its computer.
//!
//! In: both directions of a TCP stream. Out: roles of both ends, and the host in the name of a control file; one record a
//! conversation. Queues leave by the rule for names. Users, lists of jobs, control files and documents are never looked
//! at. Source: RFC 1179 §5 (commands), §6 (subcommands).

use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) static ENTRY: Lpd = Lpd;

/// Line printer daemon.
pub(super) struct Lpd;

/// Longest line read.
const LONGEST: usize = 512;
const RECEIVE: u8 = 2;

static INFO: Info = Info {
    name: "lpd",
    title: "Line Printer Daemon",
    source: "RFC 1179 §5, §6",
    carriers: &[Carrier::Tcp],
    ports: &[515],
    record: &[
        field("command", Kind::Text, "`print`, `receive`, `state`, `state-long`, `remove`"),
        field("queue", Kind::Text, "queue that is asked for"),
    ],
    weirds: &[("lpd.line", "a line is none of those that RFC 1179 allows")],
    window: LONGEST,
};

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Network, meaning }
}

impl Dissector for Lpd {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        // Nothing but the form of one line tells the protocol, so only its port is believed.
        if hello.side != Side::Initiator || !hello.ports.contains(&515) {
            return Probe::No;
        }
        match (hello.bytes, line(hello.bytes)) {
            ([1..=5, b'!'..=b'~', ..], Some(_)) => Probe::Likely,
            ([1..=5], None) => Probe::More,
            ([1..=5, name @ ..], None) if name.len() < LONGEST && name.iter().all(is_printed) => Probe::More,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation::default())
    }
}

fn is_printed(byte: &u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..)
}

/// The first line without its end.
fn line(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().take(LONGEST).position(|byte| *byte == b'\n')?;
    bytes.get(..end)
}

#[derive(Default)]
struct Conversation {
    command: u8,
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if side == Side::Responder {
            // An acknowledgement; what else comes may be a list of jobs with their users.
            out.fact(About::Sender, Field::ServiceOffered, "lpd", bytes.get(..1).unwrap_or_default());
            return Step::Done;
        }
        let Some(line) = line(bytes) else {
            if bytes.len() < LONGEST {
                return Step::Take(0);
            }
            out.weird("lpd.line");
            return Step::Done;
        };
        let Some((command, rest)) = line.split_first() else { return Step::Done };
        if self.command == 0 {
            return self.command(*command, rest, line.len() + 1, out);
        }
        // `count name`: of control files (2) and of documents (3) alike the name ends with the host (RFC 1179 §6.2).
        let name = rest.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        match (command, name) {
            (
                2 | 3,
                [b'c' | b'd', b'f', b'A'..=b'Z' | b'a'..=b'z', b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', host @ ..],
            ) => {
                out.text(About::Sender, Field::HostName, host);
            }
            (1..=3, _) => {}
            _ => out.weird("lpd.line"),
        }
        Step::Done
    }
}

impl Conversation {
    fn command(&mut self, command: u8, rest: &[u8], length: usize, out: &mut Output<'_>) -> Step {
        self.command = command;
        let queue = rest.split(|byte| matches!(byte, b' ' | b'\t')).next().unwrap_or_default();
        let name = match command {
            1 => "print",
            2 => "receive",
            3 => "state",
            4 => "state-long",
            _ => "remove",
        };
        let raw = queue.get(..0).unwrap_or_default();
        out.fact(About::Sender, Field::ServiceSought, "lpd", raw);
        for about in [About::Sender, About::Receiver] {
            out.fact(about, Field::Legacy, "cleartext-lpd", raw);
        }
        let queue = text::clean(queue);
        out.record(|row| {
            row.text("command", name);
            row.host("queue", &*queue);
        });
        if command == RECEIVE { Step::Take(length) } else { Step::Done }
    }
}
