//! RIP and RIPng: which hosts forward for others and say so.
//!
//! In: datagrams. Out: who answers with routes is a router, and by which version; one record a message, with the number of
//! routes. Networks are passed over; passwords never come out.
//!
//! Source: RFC 2453 §3.6, §4; RFC 1058 §3.1 (version 1); RFC 2080 §2.1 (RIPng); RFC 4822 (authentication).

use crate::codec::cursor::{Cursor, Short};
use crate::codec::ends::device;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Kind, Side};

pub(super) const ENTRY: Rip = Rip;

/// RIP.
pub(super) struct Rip;

static INFO: Info = Info {
    name: "rip",
    title: "RIP and RIPng",
    source: "RFC 2453 §3.6 and §4, RFC 1058 §3.1, RFC 2080 §2.1",
    carriers: &[Carrier::Udp],
    ports: &[520, 521],
    record: &[
        device("version", Kind::Text, "`1`, `2` or `ng`"),
        device("command", Kind::Text, "`request` or `response`"),
        device("routes", Kind::Number, "how many routes it tells or asks of"),
        device("authentication", Kind::Text, "`none`, `password` or `digest`"),
    ],
    weirds: &[("rip.message", "a message does not consist of routes (RFC 2453 §3.6)")],
    window: 0,
};

impl Dissector for Rip {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match Message::read(hello.bytes, hello.ports.contains(&521)) {
            Ok(Some(message)) if message.version == "2" && hello.ports != [521; 2] => Probe::Yes,
            Ok(Some(_)) => Probe::Likely,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Rip {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match Message::read(bytes, out.context().ports.contains(&521)) {
            Ok(Some(message)) => message.say(bytes.get(..2).unwrap_or_default(), out),
            _ => out.weird("rip.message"),
        }
        Step::Take(bytes.len())
    }
}

struct Message {
    version: &'static str,
    command: &'static str,
    routes: u8,
    authentication: &'static str,
}

impl Message {
    /// The message that all of `bytes` are; nothing when they are none.
    fn read(bytes: &[u8], is_ng: bool) -> Result<Option<Self>, Short> {
        let mut cursor = Cursor::new(bytes);
        let command = match cursor.u8()? {
            1 => "request",
            2 => "response",
            _ => return Ok(None),
        };
        let version = match (cursor.u8()?, is_ng) {
            (1, true) => "ng",
            (1, false) => "1",
            (2, false) => "2",
            _ => return Ok(None),
        };
        if cursor.u16()? != 0
            || cursor.is_empty()
            || !cursor.left().is_multiple_of(20)
            || (!is_ng && cursor.left() > 25 * 20)
        {
            return Ok(None);
        }
        let mut message = Self { version, command, routes: 0, authentication: "none" };
        while !cursor.is_empty() {
            let fits = if is_ng { message.route_ng(cursor.within(20)?) } else { message.route(cursor.within(20)?) };
            if !fits? {
                return Ok(None);
            }
        }
        Ok(Some(message))
    }

    /// Whether 20 bytes are a route or authentication, which are counted.
    fn route(&mut self, mut cursor: Cursor<'_>) -> Result<bool, Short> {
        let (family, tag) = (cursor.u16()?, cursor.u16()?);
        if family == 0xffff && self.version == "2" {
            // The digest itself stands behind the routes, with tag 1.
            self.authentication = if tag == 2 { "password" } else { "digest" };
            return Ok(matches!(tag, 1..=3));
        }
        cursor.skip(4)?;
        let rest: [u8; 8] = cursor.array()?;
        let metric = cursor.u32()?;
        self.routes = self.routes.saturating_add(1);
        let is_plain = self.version == "2" || (tag == 0 && rest == [0; 8]);
        // Of no family is the request for all routes.
        let is_route = matches!((family, metric), (2, 1..=16) | (0, 16));
        Ok(is_route && is_plain)
    }

    fn route_ng(&mut self, mut cursor: Cursor<'_>) -> Result<bool, Short> {
        cursor.skip(18)?;
        let (length, metric) = (cursor.u8()?, cursor.u8()?);
        self.routes = self.routes.saturating_add(1);
        Ok(length <= 128 && matches!(metric, 0..=16 | 255))
    }

    fn say(&self, raw: &[u8], out: &mut Output<'_>) {
        if self.command == "response" {
            out.fact(About::Sender, Field::Router, "rip", raw);
        }
        match (self.version, self.authentication) {
            ("1", _) => out.fact(About::Sender, Field::Legacy, "rip1", raw),
            (_, "password") => out.fact(About::Sender, Field::Legacy, "cleartext-rip-password", raw),
            _ => {}
        }
        out.record(|row| {
            row.text("version", self.version);
            row.text("command", self.command);
            row.number("routes", self.routes);
            row.text("authentication", self.authentication);
        });
    }
}
