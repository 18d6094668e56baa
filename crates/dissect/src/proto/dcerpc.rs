//! DCE/RPC, as Windows and PROFINET use it: which interfaces are asked for and offered, and at which ports.
//!
//! In: both directions of a TCP stream, or datagrams. Out: interfaces by name, what an endpoint mapper says lives where,
//! names and systems in NTLM; one record an association, named as in Zeek's dce_rpc.log. Calls and their arguments are
//! never looked at, but for the answers of endpoint mappers. Users leave as keyed hashes.
//! Source: The Open Group C706 chapter 12 (PDUs), annex L (towers); MS-RPCE §2.2; interfaces by the MS-* document of each.

mod interface;
mod tower;

use crate::codec::cursor::{Cursor, Short};
use crate::codec::ntlm::{self, Message};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use interface::{Interface, Order};
use std::collections::BTreeSet;
use wardlight_model::{Field, FieldInfo, Keyed, Kind, Privacy, Side, Transport};

pub(super) static ENTRY: Dcerpc = Dcerpc;

/// DCE/RPC, connection-oriented (version 5) and connectionless (version 4).
pub(super) struct Dcerpc;

const HEADER: usize = 16;
const LONGEST: usize = 16 * 1024;
/// Most interfaces of an association remembered.
const INTERFACES: usize = 16;
/// Most answers of an endpoint mapper read.
const ANSWERS: u8 = 32;

const REQUEST: u8 = 0;
const RESPONSE: u8 = 2;
const BIND: u8 = 11;
const BIND_ACK: u8 = 12;
const ALTER: u8 = 14;
const ALTER_ACK: u8 = 15;
const AUTH_3: u8 = 16;

static INFO: Info = Info {
    name: "dcerpc",
    title: "DCE/RPC",
    source: "The Open Group C706 chapter 12 and annex L; MS-RPCE §2.2",
    carriers: &[Carrier::Tcp, Carrier::Udp],
    ports: &[135, 593, 34964],
    record: &[
        field("endpoint", Kind::List, Privacy::Device, "interfaces asked for, by name where that is known"),
        field("accepted", Kind::List, Privacy::Device, "those that the server accepts"),
        field("username", Kind::Keyed, Privacy::Person, "user who logs on by NTLM"),
    ],
    weirds: &[
        ("dcerpc.header", "what follows a PDU is no header"),
        ("dcerpc.short", "a bind or its answer ends before what it must hold"),
    ],
    window: LONGEST + 1,
};

const fn field(name: &'static str, kind: Kind, privacy: Privacy, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy, meaning }
}

impl Dissector for Dcerpc {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        if hello.bytes.first() == Some(&4) {
            return if connectionless(hello.bytes).is_ok_and(|call| call.is_some()) { Probe::Yes } else { Probe::No };
        }
        match Header::read(hello.bytes) {
            Err(Short) => Probe::More,
            Ok(Some(header)) if matches!(header.kind, BIND | BIND_ACK | ALTER | ALTER_ACK) => Probe::Yes,
            Ok(Some(header)) if matches!(header.kind, REQUEST | RESPONSE) => Probe::Likely,
            Ok(_) => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation::default())
    }
}

/// The header of a connection-oriented PDU.
#[derive(Clone, Copy)]
struct Header {
    kind: u8,
    order: Order,
    length: usize,
    auth: usize,
}

impl Header {
    /// `None` when it is none. Errors: [`Short`] when what is there may be one.
    fn read(bytes: &[u8]) -> Result<Option<Self>, Short> {
        let mut cursor = Cursor::new(bytes);
        if cursor.u8()? != 5 || cursor.u8()? > 1 {
            return Ok(None);
        }
        let (kind, _flags, order) = (cursor.u8()?, cursor.u8()?, cursor.u8()?);
        let order = match order {
            0x10 => Order::Little,
            0x00 => Order::Big,
            _ => return Ok(None),
        };
        if kind > 19 || cursor.u8()? != 0 || cursor.u16()? != 0 {
            return Ok(None);
        }
        let (length, auth) = (order.u16(&mut cursor)?.into(), order.u16(&mut cursor)?.into());
        Ok((length >= HEADER && auth < length).then_some(Self { kind, order, length, auth }))
    }
}

#[derive(Default)]
struct Conversation {
    asked: Vec<(u16, Interface)>,
    accepted: Vec<Interface>,
    user: Option<Keyed>,
    /// Who answers.
    server: Option<Side>,
    is_mapper: bool,
    /// The client proves who its user is in a message behind the answer.
    has_more: bool,
    answers: u8,
    is_recorded: bool,
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if out.context().flow.is_some_and(|(_, key)| key.transport == Transport::UDP) {
            return self.datagram(bytes, out);
        }
        let header = match Header::read(bytes) {
            Ok(Some(header)) => header,
            Ok(None) => {
                out.weird("dcerpc.header");
                return self.finish(out);
            }
            Err(Short) => return Step::Take(0),
        };
        let is_wanted = match header.kind {
            BIND | BIND_ACK | ALTER | ALTER_ACK | AUTH_3 => true,
            RESPONSE => self.is_mapper,
            _ => false,
        };
        if header.length > LONGEST || !is_wanted {
            let is_over = matches!(header.kind, REQUEST | RESPONSE) && !self.is_mapper;
            return if is_over { self.finish(out) } else { Step::Skip(header.length as u64) };
        }
        let Some(whole) = bytes.get(..header.length) else { return Step::Take(0) };
        if self.pdu(side, header, whole, out).is_err() {
            out.weird("dcerpc.short");
        }
        if self.is_over(header.kind) { self.finish(out) } else { Step::Take(header.length) }
    }

    fn end(&mut self, _: Side, _: &[u8], out: &mut Output<'_>) {
        self.finish(out);
    }
}

impl Conversation {
    /// Whether nothing more is learned behind a PDU of this kind. An answer whose question was not seen is no end.
    const fn is_over(&self, kind: u8) -> bool {
        match kind {
            BIND_ACK | ALTER_ACK => !self.asked.is_empty() && !self.is_mapper && !self.has_more,
            AUTH_3 => !self.is_mapper,
            RESPONSE => self.answers >= ANSWERS,
            _ => false,
        }
    }

    fn pdu(&mut self, side: Side, header: Header, whole: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
        let mut body = Cursor::new(whole.get(HEADER..).ok_or(Short)?);
        match header.kind {
            BIND | ALTER => {
                self.server = Some(side.other());
                self.bind(header.order, &mut body, out)?;
            }
            BIND_ACK | ALTER_ACK => {
                self.server = Some(side);
                self.answer(header.order, whole, out)?;
            }
            RESPONSE => {
                self.answers = self.answers.saturating_add(1);
                tower::say(whole, out);
            }
            _ => {}
        }
        self.authentication(header, whole, out);
        Ok(())
    }

    fn bind(&mut self, order: Order, body: &mut Cursor<'_>, out: &mut Output<'_>) -> Result<(), Short> {
        body.skip(8)?;
        let count = body.u8()?;
        body.skip(3)?;
        for _ in 0..count {
            let (id, transfers) = (order.u16(body)?, body.u8()?);
            body.skip(1)?;
            let raw = body.take(16)?;
            let interface = order.uuid(raw);
            body.skip(4 + 20 * usize::from(transfers))?;
            if self.asked.len() < INTERFACES && !self.asked.iter().any(|(known, _)| *known == id) {
                self.asked.push((id, interface));
                self.is_mapper |= interface.name() == Some("epmapper");
                interface.say(About::Sender, Field::ServiceSought, raw, out);
            }
        }
        Ok(())
    }

    fn answer(&mut self, order: Order, whole: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
        let mut body = Cursor::new(whole);
        body.skip(HEADER + 8)?;
        let address = order.u16(&mut body)?;
        body.skip(address.into())?;
        // The list of results begins at a multiple of four.
        let at = whole.len() - body.left();
        body.skip(at.wrapping_neg() % 4)?;
        let count = body.u8()?;
        body.skip(3)?;
        for (_, interface) in self.asked.iter().take(count.into()) {
            let raw = body.rest().get(..2).unwrap_or_default();
            let (result, _reason) = (order.u16(&mut body)?, order.u16(&mut body)?);
            body.skip(20)?;
            if result == 0 && !self.accepted.contains(interface) {
                self.accepted.push(*interface);
                interface.say(About::Sender, Field::ServiceOffered, raw, out);
            }
        }
        Ok(())
    }

    /// Says what NTLM tells in the trailer of a PDU.
    fn authentication(&mut self, header: Header, whole: &[u8], out: &mut Output<'_>) {
        let token = whole.len().checked_sub(header.auth).and_then(|at| whole.get(at..)).unwrap_or_default();
        let Some(message) = ntlm::find(token).filter(|_| header.kind != RESPONSE) else { return };
        ntlm::tell(&message, out);
        match message {
            Message::Challenge { .. } => self.has_more = true,
            Message::Authenticate { user, .. } if !user.raw.is_empty() => self.user = Some(user.keyed(out)),
            _ => {}
        }
    }

    fn datagram(&mut self, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let Ok(Some((kind, interface, raw))) = connectionless(bytes) else { return Step::Take(1) };
        match kind {
            REQUEST if self.asked.is_empty() => {
                self.asked.push((0, interface));
                interface.say(About::Sender, Field::ServiceSought, raw, out);
            }
            RESPONSE => {
                interface.say(About::Sender, Field::ServiceOffered, raw, out);
                self.accepted.push(interface);
                if interface.name() != Some("epmapper") {
                    return self.finish(out);
                }
                tower::say(bytes, out);
            }
            _ => {}
        }
        Step::Take(1)
    }

    fn finish(&mut self, out: &mut Output<'_>) -> Step {
        if !std::mem::replace(&mut self.is_recorded, true) && !self.asked.is_empty() {
            out.record(|row| {
                // One interface is asked for once for each way to write its arguments.
                let asked: BTreeSet<&str> = self.asked.iter().map(|(_, interface)| interface.text()).collect();
                row.list("endpoint", asked);
                row.list("accepted", self.accepted.iter().map(Interface::text));
                if let Some(user) = self.user {
                    row.keyed("username", user);
                }
            });
        }
        Step::Finished
    }
}

/// Kind, interface, and the bytes that say it.
type Call<'a> = (u8, Interface, &'a [u8]);

/// Kind and interface of a connectionless PDU (C706 §12.5.1), with the bytes that say the interface.
fn connectionless(bytes: &[u8]) -> Result<Option<Call<'_>>, Short> {
    let mut cursor = Cursor::new(bytes);
    let (version, kind, _flags, _flags2, order) =
        (cursor.u8()?, cursor.u8()?, cursor.u8()?, cursor.u8()?, cursor.u8()?);
    let order = if order == 0x10 { Order::Little } else { Order::Big };
    cursor.skip(3 + 16)?;
    let raw = cursor.take(16)?;
    cursor.skip(16 + 4 + 4 + 4 + 2 + 2 + 2)?;
    let (length, _fragment) = (order.u16(&mut cursor)?, order.u16(&mut cursor)?);
    cursor.skip(2)?;
    let interface = order.uuid(raw);
    let fits = version == 4 && kind <= 10 && usize::from(length) <= cursor.left() && interface.name().is_some();
    Ok(fits.then_some((kind, interface, raw)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_binds_are_claimed_on_any_port() {
        let probe = |text: &str| {
            let bytes = crate::trial::bytes(text);
            ENTRY.probe(&Hello { side: Side::Initiator, bytes: &bytes, ports: [40000, 50000] })
        };
        assert_eq!(probe("05 00 0b 03 10000000 4800 0000 01000000"), Probe::Yes);
        assert_eq!(probe("05 00 00 03 10000000 4800 0000 01000000"), Probe::Likely);
        assert_eq!(probe("05 00 0b"), Probe::More);
        // SOCKS 5.
        assert_eq!(probe("05 02 00 02"), Probe::No);
        assert_eq!(probe("05 01 00"), Probe::More);
    }
}
