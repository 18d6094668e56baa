//! Modbus/TCP: which servers there are, who asks them, and what they say they are.
//!
//! In go both directions of a stream; out go the roles of both ends, the objects of read device identification, and one
//! record for each request and answer. Registers, coils, files and the values that are written are passed over. Requests
//! are paired with answers by transaction and unit, several in flight; whoever opened the connection is the client,
//! unless only its port is that of servers.
//!
//! Source: Modbus Application Protocol Specification V1.1b3; Modbus Messaging on TCP/IP Implementation Guide V1.0b.

mod frame;
mod identity;
mod shape;

use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Context, Output, Row};
use frame::{Found, Frame};
use identity::Identity;
use shape::{ENCAPSULATED, EXCEPTION, Fit};
use std::collections::VecDeque;
use wardlight_model::{Field, FieldInfo, Kind, Port, Privacy, Side};

pub(super) const ENTRY: Modbus = Modbus;

/// Modbus/TCP.
pub(super) struct Modbus;

const PORT: Port = 502;
/// `<number> <name>`, a line each.
const FUNCTIONS: &str = include_str!("modbus/functions.txt");
/// Most requests that wait for their answers; the oldest go first.
const IN_FLIGHT: usize = 64;

static INFO: Info = Info {
    name: "modbus",
    title: "Modbus/TCP",
    source: "Modbus Application Protocol V1.1b3; Modbus Messaging on TCP/IP V1.0b",
    carriers: &[Carrier::Tcp],
    ports: &[PORT],
    record: &[
        field("tid", Kind::Number, "Transaction identifier"),
        field("unit", Kind::Number, "Unit identifier; 0 and 255 are the server itself"),
        field("func", Kind::Text, "Function, such as `read-holding-registers`, or its number"),
        field("pdu_type", Kind::Text, "`request`, `answer` or `exception`"),
        field("exception", Kind::Number, "Exception code"),
        field("is_paired", Kind::Flag, "Whether the request of an answer was seen"),
        field("objects", Kind::List, "Numbers of the objects of device identification that are given"),
        field("next_object", Kind::Number, "Object of device identification that must be asked for next"),
    ],
    weirds: &[
        ("modbus.header", "what should be an MBAP header is none: another protocol, or a length beyond 254"),
        ("modbus.length", "length and counts of a function do not agree"),
        ("modbus.function", "the answer has another function than its request"),
        ("modbus.unasked", "an answer that nobody asked for, or twice"),
        ("modbus.identification", "device identification is cut short"),
        ("modbus.cut", "the stream ends within a unit"),
    ],
    window: 520,
};

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Device, meaning }
}

impl Dissector for Modbus {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match frame::find(hello.bytes) {
            Found::More => Probe::More,
            Found::No => Probe::No,
            Found::Frame(frame, _) => match frame.fit() {
                Fit::Yes => Probe::Yes,
                Fit::Unknown => Probe::Likely,
                Fit::No => Probe::No,
            },
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Conversation>::default()
    }
}

/// A request that waits for its answer.
#[derive(Debug, Clone, Copy)]
struct Asked {
    transaction: u16,
    unit: u8,
    function: u8,
}

#[derive(Debug, Default)]
struct Conversation {
    asked: VecDeque<Asked>,
    /// Which sides lost bytes and have not found a unit since.
    is_astray: [bool; 2],
    has_asked: bool,
    /// Whether requests were lost or forgotten, so that answers may come to what is not known.
    has_lost: bool,
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let is_astray = std::mem::take(side.of(self.is_astray.each_mut()));
        match frame::find(bytes) {
            Found::More => {
                *side.of(self.is_astray.each_mut()) = is_astray;
                Step::Take(0)
            }
            Found::Frame(frame, length) if !is_astray || frame.fit() == Fit::Yes => {
                self.frame(&frame, side == server(out.context()), out);
                Step::Take(length)
            }
            Found::No if !is_astray => {
                out.weird("modbus.header");
                Step::Done
            }
            _ => Step::Done,
        }
    }

    fn end(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) {
        if !bytes.is_empty() && !*side.of(self.is_astray.each_mut()) {
            out.weird("modbus.cut");
        }
    }

    fn gap(&mut self, side: Side, _lost: u64) -> bool {
        *side.of(self.is_astray.each_mut()) = true;
        self.has_lost = true;
        self.asked.clear();
        true
    }
}

/// Which end answers.
fn server(context: &Context) -> Side {
    match context.ports {
        [PORT, other] if other != PORT => Side::Initiator,
        _ => Side::Responder,
    }
}

impl Conversation {
    fn frame(&mut self, frame: &Frame<'_>, is_answer: bool, out: &mut Output<'_>) {
        if is_answer { self.answer(frame, out) } else { self.request(frame, out) }
    }

    fn request(&mut self, frame: &Frame<'_>, out: &mut Output<'_>) {
        if shape::request(frame.pdu) == Fit::No {
            out.weird("modbus.length");
        }
        let raw = frame.pdu.get(..1).unwrap_or_default();
        out.fact(About::Sender, Field::ModbusRole, "client", raw);
        out.fact(About::Sender, Field::Legacy, "cleartext-modbus", raw);
        self.has_asked = true;
        if self.asked.len() == IN_FLIGHT {
            self.asked.pop_front();
            self.has_lost = true;
        }
        let Frame { transaction, unit, .. } = *frame;
        self.asked.push_back(Asked { transaction, unit, function: frame.function() });
        out.record(|row| {
            record_head(frame, row);
            row.text("pdu_type", "request");
        });
    }

    fn answer(&mut self, frame: &Frame<'_>, out: &mut Output<'_>) {
        if shape::answer(frame.pdu) == Fit::No {
            out.weird("modbus.length");
        }
        let asked = self.take(frame);
        match asked {
            Some(asked) if asked.function != frame.function() & !EXCEPTION => out.weird("modbus.function"),
            None if self.has_asked && !self.has_lost => out.weird("modbus.unasked"),
            _ => {}
        }
        let raw = frame.pdu.get(..1).unwrap_or_default();
        out.fact(About::Sender, Field::ModbusRole, "server", raw);
        out.fact(About::Sender, Field::Legacy, "cleartext-modbus", raw);
        let identity = identify(frame, out);
        if let Some(identity) = &identity {
            identity.say(frame.unit, out);
        }
        out.record(|row| {
            record_head(frame, row);
            row.text("pdu_type", if frame.function() & EXCEPTION == 0 { "answer" } else { "exception" });
            if let (true, Some(code)) = (frame.function() & EXCEPTION != 0, frame.body().first()) {
                row.number("exception", *code);
            }
            row.flag("is_paired", asked.is_some());
            if let Some(identity) = &identity {
                row.list("objects", identity.objects().flatten().map(|(number, _)| number.to_string()));
                if let Some(next) = identity.next {
                    row.number("next_object", next);
                }
            }
        });
    }

    /// Takes the oldest request that `frame` may answer.
    fn take(&mut self, frame: &Frame<'_>) -> Option<Asked> {
        let at = self.asked.iter().position(|asked| asked.transaction == frame.transaction && asked.unit == frame.unit);
        at.and_then(|at| self.asked.remove(at))
    }
}

/// What `frame` says of its unit, when it identifies it.
fn identify<'a>(frame: &Frame<'a>, out: &mut Output<'_>) -> Option<Identity<'a>> {
    if frame.function() != ENCAPSULATED {
        return None;
    }
    let identity = identity::identity(frame.body());
    let is_cut = |identity: &Identity<'_>| identity.objects().any(|object| object.is_err());
    if identity.as_ref().map_or(true, |identity| identity.as_ref().is_some_and(is_cut)) {
        out.weird("modbus.identification");
    }
    identity.ok().flatten()
}

fn record_head(frame: &Frame<'_>, row: &mut Row<'_>) {
    row.number("tid", frame.transaction);
    row.number("unit", frame.unit);
    row.text("func", function_name(frame.function() & !EXCEPTION));
}

/// The specification's name for a function, or its number.
fn function_name(function: u8) -> String {
    let number = function.to_string();
    let lines = FUNCTIONS.lines().filter_map(|line| line.split_once(' '));
    let name = lines.into_iter().find(|(known, _)| *known == number).map(|(_, name)| name.to_owned());
    name.unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use crate::trial::{hear, hear_in_pieces};
    use proptest::prelude::*;

    const ASK: &str = "> 0001 0000 0005 01 2b 0e 01 00";

    #[test]
    fn a_server_says_what_it_is() {
        let heard = hear(&format!(
            "tcp 10.0.0.5:40000 > 10.0.0.9:502\n{ASK}\n\
             < 0001 0000 001d ff 2b 0e 01 01 00 00 03 00 04 \"Acme\" 01 05 \"TM221\" 02 06 \"V1.2.3\"\nend"
        ));
        heard.says("10.0.0.9 self.manufacturer = Acme");
        heard.says("10.0.0.9 self.model_number = TM221");
        heard.says("10.0.0.9 self.firmware = V1.2.3");
        heard.says("10.0.0.9 modbus.role = server");
        heard.says("10.0.0.5 modbus.role = client");
        assert_eq!(heard.weirds, ["modbus.unasked"], "unit 255 was not asked");
    }

    #[test]
    fn a_unit_behind_a_gateway_is_nested() {
        let heard = hear(&format!(
            "tcp 10.0.0.5:40000 > 10.0.0.9:502\n{ASK}\n< 0001 0000 000f 01 2b 0e 01 01 00 00 01 00 05 \"Acme1\"\nend"
        ));
        heard.says("10.0.0.9>ModbusUnit:1 self.manufacturer = Acme1");
        assert_eq!(heard.weirds, Vec::<String>::new());
        assert_eq!(heard.records[1]["is_paired"], true);
    }

    #[test]
    fn answers_find_their_requests_in_any_order() {
        let heard = hear(
            "tcp 10.0.0.5:40000 > 10.0.0.9:1502\n> 0001 0000 0006 01 03 0000 0001 0002 0000 0006 01 04 0000 0001\n\
             < 0002 0000 0005 01 04 02 0007\n< 0001 0000 0003 01 83 02\nend",
        );
        assert_eq!(heard.service, Some("modbus"));
        assert_eq!(heard.weirds, Vec::<String>::new());
        let of = |n: usize, name: &str| heard.records[n][name].clone();
        assert_eq!((of(2, "pdu_type"), of(2, "is_paired")), ("answer".into(), true.into()));
        assert_eq!((of(3, "exception"), of(3, "func")), (2.into(), "read-holding-registers".into()));
    }

    #[test]
    fn what_is_lost_is_passed_over_and_the_next_unit_is_read() {
        let heard = hear(
            "tcp 10.0.0.5:40000 > 10.0.0.9:502\n> 0001 0000 0006 01 03 0000 0001\ngap > 20\n\
             > 0004 0000 0006 01 03 0000 0001\nend",
        );
        assert_eq!(heard.records.len(), 2);
        let astray = hear(
            "tcp 10.0.0.5:40000 > 10.0.0.9:502\n> 0001 0000 0006 01 03 0000 0001\ngap > 20\n> 0000 0001 4242\nend",
        );
        assert_eq!((astray.records.len(), astray.weirds.len()), (1, 0));
    }

    proptest! {
        #[test]
        fn any_units_say_the_same_however_they_are_cut(
            units in proptest::collection::vec((0_u16..4, 0_u8..3, proptest::collection::vec(any::<u8>(), 1..20)), 1..6),
            piece in 1_usize..40,
        ) {
            let mut script = String::from("tcp 10.0.0.5:40000 > 10.0.0.9:502");
            for (n, (transaction, unit, pdu)) in units.iter().enumerate() {
                let (side, length) = (if n % 2 == 0 { '>' } else { '<' }, pdu.len() + 1);
                let pdu = crate::codec::text::hex(pdu);
                script.push_str(&format!("\n{side} {transaction:04x} 0000 {length:04x} {unit:02x} {pdu}"));
            }
            let (whole, cut) = (hear(&script), hear_in_pieces(&script, piece));
            prop_assert_eq!(whole.to_json(), cut.to_json());
            prop_assert!(whole.records.len() <= units.len());
        }
    }

    #[test]
    fn other_protocols_with_zeros_in_their_heads_are_left_alone() {
        for other in ["0100 0000 00cd 0001 0000 4142", "0000 0000 0003 00 00 01", "0000 002f ff53 4d42 7200 0000 00"] {
            assert_ne!(
                hear(&format!("tcp 10.0.0.5:4 > 10.0.0.9:104\n> {other}\nend")).service,
                Some("modbus"),
                "{other}"
            );
        }
    }
}
