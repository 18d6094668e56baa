//! RDP: which hosts can be worked on from afar, from where, and how the connection is protected.
//!
//! In: both directions of a stream until encryption begins. Out: the protection asked for and chosen, and of a client that
//! does not encrypt its build and name; one record a connection. The user in a cookie leaves as a keyed hash; routing tokens
//! and all that is drawn and typed never do.
//!
//! Source: MS-RDPBCGR §2.2.1.1 (request), §2.2.1.2 (confirm), §2.2.1.3.2 (client core data); RFC 1006; X.224 §13.

use crate::codec::cursor::{Cursor, Short};
use crate::codec::ends::{device, network, person, say_service};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Keyed, Kind, Side};

pub(super) const ENTRY: Rdp = Rdp;

/// RDP.
pub(super) struct Rdp;

static INFO: Info = Info {
    name: "rdp",
    title: "Remote Desktop Protocol",
    source: "MS-RDPBCGR §2.2.1.1 to §2.2.1.3; RFC 1006",
    carriers: &[Carrier::Tcp],
    ports: &[3389],
    record: &[
        person("cookie", "user that the client names"),
        device(
            "requested_protocols",
            Kind::List,
            "protection that the client is able to: `tls`, `hybrid`, `rdstls`, …",
        ),
        device("security_protocol", Kind::Text, "protection that the server chose; `rdp` is the old one"),
        device("result", Kind::Text, "`confirmed`, or why the server refuses"),
        device("client_build", Kind::Number, "build of the client"),
        network("client_name", Kind::Text, "name of the client's computer"),
    ],
    weirds: &[("rdp.frame", "what should be a TPKT frame is none (RFC 1006 §6)")],
    window: 16 * 1024,
};

const REQUEST: u8 = 0xe0;
const CONFIRM: u8 = 0xd0;
const PROTOCOLS: [(u32, &str); 5] = [(1, "tls"), (2, "hybrid"), (4, "rdstls"), (8, "hybrid-ex"), (16, "rdsaad")];
/// Reasons to refuse (MS-RDPBCGR §2.2.1.2.2).
const REFUSALS: [&str; 6] = [
    "ssl-required-by-server",
    "ssl-not-allowed-by-server",
    "ssl-cert-not-on-server",
    "inconsistent-flags",
    "hybrid-required-by-server",
    "ssl-with-user-auth-required-by-server",
];

impl Dissector for Rdp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        let begin = hello.bytes.iter().zip([3, 0]).all(|(one, other)| *one == other);
        match frame(hello.bytes) {
            Ok((length, frame)) if (11..=1024).contains(&length) => match Opening::read(frame) {
                Some(opening) if opening.is_certain() => Probe::Yes,
                Some(_) => Probe::Likely,
                None => Probe::No,
            },
            Err(Short) if begin && hello.bytes.len() < 1024 => Probe::More,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Connection>::default()
    }
}

/// Length of a TPKT frame and what is behind its head. Errors: [`Short`] while it is not all there.
fn frame(bytes: &[u8]) -> Result<(usize, &[u8]), Short> {
    let mut cursor = Cursor::new(bytes);
    let [version, reserved] = cursor.array()?;
    let length = usize::from(cursor.u16()?);
    if version != 3 || reserved != 0 || length < 7 {
        return Ok((0, &[]));
    }
    Ok((length, cursor.take(length - 4)?))
}

/// A connection request or confirm of X.224 with what RDP puts into it.
struct Opening<'a> {
    kind: u8,
    /// Text before the negotiation, without its line end.
    cookie: &'a [u8],
    /// Type of the negotiation (1 request, 2 response, 3 failure) and its value.
    negotiation: Option<(u8, u32)>,
    raw: &'a [u8],
}

impl<'a> Opening<'a> {
    fn read(raw: &'a [u8]) -> Option<Self> {
        let mut cursor = Cursor::new(raw);
        let length = usize::from(cursor.u8().ok()?);
        let mut head = cursor.within(length).ok()?;
        let kind = head.u8().ok()?;
        head.skip(5).ok()?;
        let rest = head.rest();
        let end = rest.windows(2).position(|pair| pair == b"\r\n");
        let (cookie, behind) = match end {
            Some(end) if rest.first().is_some_and(u8::is_ascii_alphabetic) => (rest.get(..end)?, rest.get(end + 2..)?),
            _ => (&[][..], rest),
        };
        let negotiation = match behind {
            [kind @ 1..=3, _, 8, 0, a, b, c, d, ..] => Some((*kind, u32::from_le_bytes([*a, *b, *c, *d]))),
            _ => None,
        };
        let is_empty = behind.is_empty();
        let is_opening = matches!(kind, REQUEST | CONFIRM) && cursor.is_empty();
        (is_opening && (is_empty || negotiation.is_some())).then_some(Self { kind, cookie, negotiation, raw })
    }

    /// Whether no other protocol over TPKT opens like this.
    fn is_certain(&self) -> bool {
        let is_own = |(kind, value): (u8, u32)| (self.kind == REQUEST) == (kind == 1) && value < 0x100;
        self.cookie.starts_with(b"Cookie: ") || self.negotiation.is_some_and(is_own)
    }
}

#[derive(Default)]
struct Connection {
    cookie: Option<Keyed>,
    requested: u32,
    chosen: &'static str,
    result: &'static str,
    build: Option<u32>,
    name: String,
    is_over: bool,
}

impl Parser for Connection {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let (length, frame) = match frame(bytes) {
            Ok((0, _)) => {
                // Faster output of the old protection begins so (MS-RDPBCGR §2.2.9.1.2).
                if self.result.is_empty() {
                    out.weird("rdp.frame");
                }
                return self.finish(out);
            }
            Ok(found) => found,
            Err(Short) => return Step::Take(0),
        };
        match Opening::read(frame) {
            Some(opening) if opening.kind == REQUEST => self.request(&opening, out),
            Some(opening) => {
                self.confirm(&opening, out);
                if self.chosen != "rdp" {
                    let step = self.finish(out);
                    return if self.result == "confirmed" { Step::Anew(length) } else { step };
                }
            }
            None => {
                core(frame).into_iter().for_each(|core| self.client(core, out));
                return self.finish(out);
            }
        }
        Step::Take(length)
    }

    fn end(&mut self, _: Side, _: &[u8], out: &mut Output<'_>) {
        self.finish(out);
    }
}

impl Connection {
    fn request(&mut self, opening: &Opening<'_>, out: &mut Output<'_>) {
        let raw = opening.raw.get(1..2).unwrap_or_default();
        say_service(false, "_rdp._tcp", raw, out);
        let user = opening.cookie.strip_prefix(b"Cookie: mstshash=").filter(|user| !user.is_empty());
        self.cookie = user.map(|user| out.keyed(user));
        self.requested = opening.negotiation.map_or(0, |(_, protocols)| protocols);
    }

    fn confirm(&mut self, opening: &Opening<'_>, out: &mut Output<'_>) {
        let raw = opening.raw.get(1..2).unwrap_or_default();
        say_service(true, "_rdp._tcp", raw, out);
        self.result = "confirmed";
        match opening.negotiation {
            Some((3, reason)) => {
                let place = usize::try_from(reason).unwrap_or_default().wrapping_sub(1);
                self.result = REFUSALS.get(place).copied().unwrap_or("refused");
            }
            Some((_, protocol)) if protocol > 0 => {
                let known = PROTOCOLS.iter().find(|(number, _)| *number == protocol);
                self.chosen = known.map_or("other", |(_, name)| name);
            }
            Some(_) | None => {
                self.chosen = "rdp";
                out.fact(About::Sender, Field::Legacy, "rdp-standard-security", raw);
            }
        }
    }

    /// Says what the client's core data tell (§2.2.1.3.2).
    fn client(&mut self, core: &[u8], out: &mut Output<'_>) {
        let (Some(build), Some(name)) = (core.get(16..20), core.get(20..52)) else { return };
        let number = <[u8; 4]>::try_from(build).map_or(0, u32::from_le_bytes);
        let ended = name.as_chunks::<2>().0.iter().position(|unit| *unit == [0, 0]).unwrap_or(16);
        let name = name.get(..ended * 2).unwrap_or_default();
        out.fact(About::Sender, Field::RdpClientBuild, &number.to_string(), build);
        let text = text::utf16(name);
        out.fact(About::Sender, Field::HostName, &text, name);
        (self.build, self.name) = (Some(number), out.masked_own(&text).into_owned());
    }

    fn finish(&mut self, out: &mut Output<'_>) -> Step {
        if !std::mem::replace(&mut self.is_over, true) {
            let requested = PROTOCOLS.iter().filter(|(number, _)| self.requested & number != 0).map(|(_, name)| name);
            out.record(|row| {
                if let Some(cookie) = self.cookie {
                    row.keyed("cookie", cookie);
                }
                row.list("requested_protocols", requested);
                row.text("security_protocol", self.chosen);
                row.text("result", self.result);
                if let Some(build) = self.build {
                    row.number("client_build", build);
                }
                row.host("client_name", &self.name);
            });
        }
        Step::Finished
    }
}

/// The client's core data, head excluded, in the first frame of the conference: behind the key of clients in its user data.
fn core(frame: &[u8]) -> Option<&[u8]> {
    let key = frame.windows(4).position(|four| four == b"Duca")?;
    let settings = frame.get(key + 4..)?;
    // The length before the first block has one byte or two.
    let at = settings.iter().take(4).position(|byte| *byte == 1)?;
    let block = settings.get(at..)?;
    let [1, 0xc0, low, high, ..] = *block else { return None };
    block.get(4..usize::from(u16::from_le_bytes([low, high])).min(block.len()))
}
