//! SOCKS 4, 4a and 5: who has its connections made by which proxy.
//!
//! In: both directions of a stream, up to the proxy's answer; what goes through it afterwards is only counted. Out: roles of
//! both ends, whether passwords go in clear text; one record, named as in Zeek's socks.log. The user's name leaves as a keyed
//! hash, passwords never.
//!
//! Source: SOCKS 4 (Y.-D. Lee, 1992), SOCKS 4A; RFC 1928; RFC 1929.

use crate::Output;
use crate::codec::address::{is_host, v4, v6};
use crate::codec::cursor::{Cursor, Short};
use crate::codec::ends::{device, network, person, say_legacy, say_service};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use wardlight_model::{Keyed, Kind, Side};

pub(super) const ENTRY: Socks = Socks;

/// SOCKS.
pub(super) struct Socks;

static INFO: Info = Info {
    name: "socks",
    title: "SOCKS proxy",
    source: "RFC 1928, RFC 1929, SOCKS 4 and 4A",
    carriers: &[Carrier::Tcp],
    ports: &[1080],
    record: &[
        device("version", Kind::Number, "version of the protocol: 4 or 5"),
        person("user", "who asks the proxy"),
        device("method", Kind::Text, "how clients show who they are: `none`, `gssapi`, `password`, or its number"),
        device("command", Kind::Text, "`connect`, `bind` or `udp`"),
        network("request_host", Kind::Text, "host that is asked for"),
        network("request_port", Kind::Number, "port that is asked for"),
        device("status", Kind::Number, "the proxy's answer; of version 5, 0 is success, of version 4, 90 is"),
    ],
    weirds: &[("socks.message", "a message is of no version, or has impossible lengths")],
    window: 1024,
};

impl Dissector for Socks {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match hello.bytes.first() {
            Some(4 | 5) if hello.side == Side::Initiator => begins(hello.bytes).unwrap_or(Probe::More),
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation::default())
    }
}

/// Whether a client begins so. Errors: [`Short`] when too little is there.
fn begins(bytes: &[u8]) -> Result<Probe, Short> {
    let mut cursor = Cursor::new(bytes);
    if cursor.u8()? == 5 {
        let count = cursor.u8()?;
        if !(1..=9).contains(&count) {
            return Ok(Probe::No);
        }
        let methods = cursor.take(usize::from(count))?;
        let is_plain = methods.iter().all(|method| *method <= 9) && methods.iter().any(|method| *method <= 2);
        let goes_on = matches!(cursor.rest(), [] | [5, 1..=3, ..] | [5] | [1, ..]);
        return Ok(if is_plain && goes_on { Probe::Yes } else { Probe::No });
    }
    match cursor.u8()? {
        1 | 2 => {}
        _ => return Ok(Probe::No),
    }
    let (port, target) = (cursor.u16()?, cursor.array::<4>()?);
    let is_target = is_host(target.into()) || is_named(target);
    let end = cursor.rest().iter().position(|byte| *byte == 0);
    let user = cursor.rest().get(..end.unwrap_or(cursor.left())).unwrap_or_default();
    if port == 0 || !is_target || user.len() > 64 || !user.iter().all(u8::is_ascii_graphic) {
        return Ok(Probe::No);
    }
    Ok(if end.is_some() { Probe::Yes } else { Probe::More })
}

/// Whether an address says that a name follows (SOCKS 4A).
const fn is_named([a, b, c, d]: [u8; 4]) -> bool {
    a == 0 && b == 0 && c == 0 && d != 0
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The client's first message, then the proxy's choice of a method.
    #[default]
    Greeting,
    /// A name and a password, then whether they are taken.
    Password,
    /// What is asked for, then the answer.
    Request,
}

#[derive(Default)]
struct Conversation {
    /// Where client and proxy are.
    stages: [Stage; 2],
    version: u8,
    method: Option<u8>,
    command: u8,
    user: Option<Keyed>,
    host: String,
    port: u16,
    is_asked: bool,
    is_recorded: bool,
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let mut cursor = Cursor::new(bytes);
        let read = if side == Side::Initiator { self.client(&mut cursor, out) } else { self.proxy(&mut cursor, out) };
        match read {
            Ok(true) if self.is_recorded => Step::Finished,
            Ok(true) => Step::Take(bytes.len() - cursor.left()),
            Ok(false) => {
                out.weird("socks.message");
                self.record(None, out);
                Step::Finished
            }
            Err(Short) => Step::Take(0),
        }
    }

    fn end(&mut self, _: Side, _: &[u8], out: &mut Output<'_>) {
        self.record(None, out);
    }
}

impl Conversation {
    /// Reads one message of the client. `false` when it is none. Errors: [`Short`] while it is not all there.
    fn client(&mut self, cursor: &mut Cursor<'_>, out: &mut Output<'_>) -> Result<bool, Short> {
        if self.stages[0] == Stage::Greeting {
            return self.greeting(cursor, out);
        }
        // Which message comes next is said by the method that the proxy has chosen, which a client may foresee.
        if cursor.rest().first() == Some(&1) {
            cursor.skip(1)?;
            let user = sized(cursor)?;
            sized(cursor)?;
            self.user = Some(out.keyed(user)).filter(|_| !user.is_empty());
            self.stages[0] = Stage::Request;
            return Ok(true);
        }
        let [version, command, _, kind] = cursor.array()?;
        if self.is_asked || version != 5 || !(1..=3).contains(&command) {
            return Ok(false);
        }
        let host = match kind {
            1 => v4(cursor.take(4)?).map(|ip| ip.to_string()),
            4 => v6(cursor.take(16)?).map(|ip| ip.to_string()),
            3 => Some(text::clean(sized(cursor)?).into_owned()),
            _ => return Ok(false),
        };
        let host = out.masked_asked(&host.unwrap_or_default()).into_owned();
        (self.host, self.port) = (host, cursor.u16()?);
        (self.command, self.is_asked) = (command, true);
        Ok(true)
    }

    fn greeting(&mut self, cursor: &mut Cursor<'_>, out: &mut Output<'_>) -> Result<bool, Short> {
        let raw = cursor.rest();
        self.version = cursor.u8()?;
        if self.version == 5 {
            sized(cursor)?;
        } else {
            self.command = cursor.u8()?;
            self.port = cursor.u16()?;
            let target = cursor.array::<4>()?;
            let user = cursor.until(0)?;
            self.user = Some(out.keyed(user)).filter(|_| !user.is_empty());
            let named = if is_named(target) { Some(text::clean(cursor.until(0)?).into_owned()) } else { None };
            let host = named.unwrap_or_else(|| std::net::Ipv4Addr::from(target).to_string());
            self.host = out.masked_asked(&host).into_owned();
            self.is_asked = true;
        }
        self.stages[0] = Stage::Request;
        say_service(false, "_socks._tcp", raw.get(..1).unwrap_or_default(), out);
        Ok(true)
    }

    /// The same of the proxy.
    fn proxy(&mut self, cursor: &mut Cursor<'_>, out: &mut Output<'_>) -> Result<bool, Short> {
        let raw = cursor.rest().get(..2).unwrap_or_default();
        let [first, second] = cursor.array()?;
        match (self.stages[1], self.version) {
            (Stage::Greeting, 4) if first == 0 && (90..=93).contains(&second) => {
                cursor.skip(6)?;
                self.record(Some(second), out);
            }
            (Stage::Greeting, 5) if first == 5 => {
                self.method = Some(second);
                self.stages[1] = if second == 2 { Stage::Password } else { Stage::Request };
                if second == 2 {
                    say_legacy("cleartext-socks", raw, out);
                }
                if !matches!(second, 0 | 2) {
                    self.record(None, out);
                }
            }
            (Stage::Password, _) if first == 1 => self.stages[1] = Stage::Request,
            (Stage::Request, 5) if first == 5 => self.record(Some(second), out),
            _ => return Ok(false),
        }
        say_service(true, "_socks._tcp", raw, out);
        Ok(true)
    }

    fn record(&mut self, status: Option<u8>, out: &mut Output<'_>) {
        if std::mem::replace(&mut self.is_recorded, true) || self.version == 0 {
            return;
        }
        out.record(|row| {
            row.number("version", self.version);
            if let Some(user) = self.user {
                row.keyed("user", user);
            }
            row.text("method", self.method.map(method).unwrap_or_default());
            row.text("command", ["", "connect", "bind", "udp"].get(usize::from(self.command)).unwrap_or(&""));
            row.asked("request_host", &self.host);
            if self.is_asked {
                row.number("request_port", self.port);
            }
            if let Some(status) = status {
                row.number("status", status);
            }
        });
    }
}

fn method(number: u8) -> String {
    match number {
        0 => "none".to_owned(),
        1 => "gssapi".to_owned(),
        2 => "password".to_owned(),
        other => other.to_string(),
    }
}

fn sized<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], Short> {
    let length = cursor.u8()?;
    cursor.take(usize::from(length))
}
