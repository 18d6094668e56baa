//! RFB, which VNC speaks: which screens can be seen from afar, and whether anybody may.
//!
//! In: both directions of a stream until the screen is described. Out: versions, the way to log in, the desktop's name; one
//! record a connection. Challenges, responses, pictures and keys never leave.
//!
//! Source: RFC 6143 §7.1, §7.2, §7.3; versions 3.3 and 3.7 by its appendix A.

use crate::codec::cursor::{Cursor, Short};
use crate::codec::ends::{device, network, say_legacy, say_service};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Kind, Side};

pub(super) const ENTRY: Vnc = Vnc;

/// RFB.
pub(super) struct Vnc;

static INFO: Info = Info {
    name: "vnc",
    title: "Remote Framebuffer (VNC)",
    source: "RFC 6143 §7.1 to §7.3, appendix A",
    carriers: &[Carrier::Tcp],
    ports: &[5900, 5901, 5902],
    record: &[
        device("server_version", Kind::Text, "version of the server"),
        device("client_version", Kind::Text, "version of the client"),
        device("offered", Kind::List, "ways to log in that the server offers"),
        device("authentication_method", Kind::Text, "way to log in that was taken"),
        device("auth", Kind::Flag, "whether the server let the client in"),
        device("share_flag", Kind::Flag, "whether others may stay connected"),
        network("desktop_name", Kind::Text, "name of the desktop, without what may be a person's name"),
        device("width", Kind::Number, "width of the screen in pixels"),
        device("height", Kind::Number, "height of the screen in pixels"),
    ],
    weirds: &[("vnc.message", "a message is none that may come now (RFC 6143 §7)")],
    window: 4096,
};

const NONE: u8 = 1;
const PASSWORD: u8 = 2;

impl Dissector for Vnc {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match hello.bytes.first_chunk::<12>() {
            Some(head) if version(head).is_some() => Probe::Yes,
            None if b"RFB 00".starts_with(hello.bytes.get(..6).unwrap_or(hello.bytes)) => Probe::More,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Connection>::default()
    }
}

/// Major and minor version of `RFB 003.008\n`.
fn version(line: &[u8; 12]) -> Option<(u64, u64)> {
    let rest = line.strip_prefix(b"RFB ")?.strip_suffix(b"\n")?;
    let number = |digits: &[u8]| {
        digits
            .iter()
            .all(u8::is_ascii_digit)
            .then(|| digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
    };
    match rest {
        [major @ .., b'.', a, b, c] if major.len() == 3 => Some((number(major)?, number(&[*a, *b, *c])?)),
        _ => None,
    }
}

/// What an end has still to say.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Due {
    #[default]
    Version,
    /// The server offers ways to log in; the client takes one.
    Security,
    /// The server's challenge; the client's response.
    Challenge,
    /// The server says whether the client is let in.
    Result,
    /// The client says whether it shares; the server describes the screen.
    Init,
}

#[derive(Default)]
struct Connection {
    due: [Due; 2],
    versions: [Option<(u64, u64)>; 2],
    offered: Vec<u8>,
    taken: Option<u8>,
    is_let_in: Option<bool>,
    is_shared: Option<bool>,
    screen: Option<(u16, u16, String)>,
    is_over: bool,
}

impl Parser for Connection {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let is_server = side == Side::Responder;
        let due = *side.of(self.due.each_mut());
        let mut cursor = Cursor::new(bytes);
        let read = match (due, is_server) {
            (Due::Version, _) => self.version(side, &mut cursor, out),
            (Due::Security, true) => self.offer(&mut cursor, out),
            (Due::Security, false) => self.take(&mut cursor, out),
            (Due::Challenge, _) => cursor.skip(16).map(|()| if is_server { Due::Result } else { Due::Init }).map(Some),
            (Due::Result, _) => self.result(&mut cursor),
            (Due::Init, true) => self.describe(&mut cursor, out),
            (Due::Init, false) => cursor.u8().map(|flag| {
                self.is_shared = Some(flag != 0);
                None
            }),
        };
        match read {
            Err(Short) => Step::Take(0),
            Ok(Some(next)) => {
                *side.of(self.due.each_mut()) = next;
                Step::Take(bytes.len() - cursor.left())
            }
            // What follows of a client are keys.
            Ok(None) if !is_server && due == Due::Init => Step::Done,
            Ok(None) => {
                self.record(out);
                Step::Finished
            }
        }
    }

    fn end(&mut self, _: Side, _: &[u8], out: &mut Output<'_>) {
        self.record(out);
    }
}

/// What an end says next, or nothing when nothing more is read.
type Next = Result<Option<Due>, Short>;

impl Connection {
    fn version(&mut self, side: Side, cursor: &mut Cursor<'_>, out: &mut Output<'_>) -> Next {
        let line = cursor.take(12)?;
        let Some(found) = line.first_chunk().and_then(version) else {
            out.weird("vnc.message");
            return Ok(None);
        };
        *side.of(self.versions.each_mut()) = Some(found);
        say_service(side == Side::Responder, "_rfb._tcp", line, out);
        out.fact(About::Sender, Field::VncVersion, &format!("{}.{}", found.0, found.1), line);
        Ok(Some(Due::Security))
    }

    /// The version that both ends speak: the client's.
    fn minor(&self) -> u64 {
        let [client, server] = self.versions;
        // Other minor numbers than these mean 3.3, but for the one of a known server.
        match client.or(server) {
            Some((3, 7)) => 7,
            Some((3, 8 | 889)) | Some((4.., _)) => 8,
            _ => 3,
        }
    }

    fn offer(&mut self, cursor: &mut Cursor<'_>, out: &mut Output<'_>) -> Next {
        let raw = cursor.rest();
        if self.minor() == 3 {
            let kind = u8::try_from(cursor.u32()?).unwrap_or_default();
            self.offered = vec![kind];
            self.taken = Some(kind);
            *Side::Initiator.of(self.due.each_mut()) = if kind == PASSWORD { Due::Challenge } else { Due::Init };
            say_taken(kind, raw.get(..4).unwrap_or_default(), out);
            return Ok(match kind {
                NONE => Some(Due::Init),
                PASSWORD => Some(Due::Challenge),
                _ => None,
            });
        }
        let count = usize::from(cursor.u8()?);
        self.offered = cursor.take(count)?.to_vec();
        if self.offered.contains(&NONE) {
            out.fact(About::Sender, Field::Legacy, "vnc-no-authentication", raw.get(..=count).unwrap_or_default());
        }
        // With nothing offered a reason follows.
        Ok((count > 0).then_some(Due::Challenge))
    }

    fn take(&mut self, cursor: &mut Cursor<'_>, out: &mut Output<'_>) -> Next {
        let raw = cursor.rest();
        let kind = cursor.u8()?;
        self.taken = Some(kind);
        let [client, server] = match kind {
            PASSWORD => [Due::Challenge, Due::Challenge],
            NONE if self.minor() == 7 => [Due::Init, Due::Init],
            NONE => [Due::Init, Due::Result],
            _ => return Ok(None),
        };
        *Side::Responder.of(self.due.each_mut()) = server;
        if kind == NONE || kind == PASSWORD {
            say_legacy("cleartext-vnc", raw.get(..1).unwrap_or_default(), out);
        }
        Ok(Some(client))
    }

    fn result(&mut self, cursor: &mut Cursor<'_>) -> Next {
        self.is_let_in = Some(cursor.u32()? == 0);
        Ok((self.is_let_in == Some(true)).then_some(Due::Init))
    }

    fn describe(&mut self, cursor: &mut Cursor<'_>, out: &mut Output<'_>) -> Next {
        let (width, height) = (cursor.u16()?, cursor.u16()?);
        cursor.skip(16)?;
        let length = usize::try_from(cursor.u32()?).unwrap_or(usize::MAX);
        // A name beyond what is waited for is read as far as it is said.
        let name = if length > 1024 { &[][..] } else { cursor.take(length)? };
        let text = text::clean(name);
        out.fact(About::Sender, Field::FriendlyName, &text, name);
        self.screen = Some((width, height, out.masked_own(&text).into_owned()));
        Ok(None)
    }

    fn record(&mut self, out: &mut Output<'_>) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        let [client, server] = self.versions.map(|found| found.map(|(major, minor)| format!("{major}.{minor}")));
        out.record(|row| {
            row.text("server_version", server.unwrap_or_default());
            row.text("client_version", client.unwrap_or_default());
            row.list("offered", self.offered.iter().map(|kind| method(*kind)));
            row.text("authentication_method", self.taken.map(method).unwrap_or_default());
            for (name, flag) in [("auth", self.is_let_in), ("share_flag", self.is_shared)] {
                if let Some(flag) = flag {
                    row.flag(name, flag);
                }
            }
            if let Some((width, height, name)) = &self.screen {
                row.host("desktop_name", name);
                row.number("width", *width);
                row.number("height", *height);
            }
        });
    }
}

/// Says that a way to log in leaves the connection open to all, or to those who listen.
fn say_taken(kind: u8, raw: &[u8], out: &mut Output<'_>) {
    if kind == NONE {
        out.fact(About::Sender, Field::Legacy, "vnc-no-authentication", raw);
    }
    if matches!(kind, NONE | PASSWORD) {
        say_legacy("cleartext-vnc", raw, out);
    }
}

/// The name of a way to log in (RFC 6143 §7.2 and §8.1.2).
fn method(kind: u8) -> String {
    match kind {
        0 => "invalid".to_owned(),
        NONE => "none".to_owned(),
        PASSWORD => "vnc".to_owned(),
        5 => "ra2".to_owned(),
        6 => "ra2ne".to_owned(),
        16 => "tight".to_owned(),
        17 => "ultra".to_owned(),
        18 => "tls".to_owned(),
        19 => "vencrypt".to_owned(),
        20 => "sasl".to_owned(),
        21 => "md5".to_owned(),
        22 => "xvp".to_owned(),
        30 => "apple".to_owned(),
        other => other.to_string(),
    }
}
