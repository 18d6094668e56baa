//! Microsoft SQL Server (TDS): versions of both ends, whether they encrypt, and who logs in from where.
//!
//! In: both directions of a TCP stream. Out: the server's version, the client's name for its computer by the rule for
//! names, systems named in NTLM; one record a conversation. The user leaves as a keyed hash; passwords, data bases and
//! statements are never looked at. Source: MS-TDS §2.2.3 (packets), §2.2.6.4 (LOGIN7), §2.2.6.5 (PRELOGIN),
//! §2.2.7.14 (LOGINACK).

use crate::codec::cursor::{Cursor, Short};
use crate::codec::ntlm::{self, Words};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output, Row};
use wardlight_model::{Field, FieldInfo, Keyed, Kind, Privacy, Side};

pub(super) static ENTRY: Mssql = Mssql;

/// TDS.
pub(super) struct Mssql;

const RESPONSE: u8 = 0x04;
const LOGIN: u8 = 0x10;
const PRELOGIN: u8 = 0x12;
const HEADER: usize = 8;
/// Longest packet (MS-TDS §2.2.3.1.3).
const LONGEST: usize = 32_767;

static INFO: Info = Info {
    name: "mssql",
    title: "Microsoft SQL Server (TDS)",
    source: "MS-TDS §2.2.3, §2.2.6.4, §2.2.6.5, §2.2.7.14",
    carriers: &[Carrier::Tcp],
    ports: &[1433],
    record: &[
        field("server_version", Kind::Text, Privacy::Device, "version of the server: `major.minor.build`"),
        field("client_version", Kind::Text, Privacy::Device, "version of the client's driver: `major.minor.build`"),
        field("encryption", Kind::Text, Privacy::Device, "what the server says: off, on, unsupported, required"),
        field("tds_version", Kind::Text, Privacy::Device, "version of the protocol the client asks for, hexadecimal"),
        field("hostname", Kind::Text, Privacy::Network, "the client's name for its computer"),
        field("application", Kind::Text, Privacy::Network, "the client's name for its program"),
        field("library", Kind::Text, Privacy::Network, "the client's name for its driver"),
        field("username", Kind::Keyed, Privacy::Person, "user who logs on"),
    ],
    weirds: &[
        ("mssql.packet", "what should be a packet header is none"),
        ("mssql.short", "a message ends before what it must hold"),
    ],
    window: LONGEST + 1,
};

const fn field(name: &'static str, kind: Kind, privacy: Privacy, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy, meaning }
}

impl Dissector for Mssql {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match Packet::begin(hello.bytes) {
            Ok(None) => Probe::No,
            Err(Short) => Probe::More,
            Ok(Some((kind, _, mut rest))) => begins(kind, &mut rest).unwrap_or(Probe::More),
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation::default())
    }
}

/// Whether the payload of a first packet is one. Errors: [`Short`] when what is there does not suffice.
fn begins(kind: u8, rest: &mut Cursor<'_>) -> Result<Probe, Short> {
    let fits = match kind {
        LOGIN => {
            let length = rest.u32_le()?;
            // The versions 7.0 to 7.4, and 8.0 with its own kind of encryption.
            let version = rest.u32_le()?.to_be_bytes();
            (94..=0x1_ffff).contains(&length) && matches!(version, [0x07, 0, 0, 0] | [0x70..=0x74 | 0x08, ..])
        }
        // The first option is the version, behind at least two options and the end mark.
        _ => rest.u8()? == 0 && (11..=256).contains(&rest.u16()?) && rest.u16()? == 6,
    };
    Ok(match fits {
        true if kind == RESPONSE => Probe::Likely,
        true => Probe::Yes,
        false => Probe::No,
    })
}

struct Packet;

impl Packet {
    /// Kind and length of the packet that `bytes` begin with, and what stands behind its header. `None` when it is none
    /// of those before and in a log-in. Errors: [`Short`].
    fn begin(bytes: &[u8]) -> Result<Option<(u8, usize, Cursor<'_>)>, Short> {
        let mut cursor = Cursor::new(bytes);
        let kind = cursor.u8()?;
        if !matches!(kind, RESPONSE | LOGIN | PRELOGIN) {
            return Ok(None);
        }
        let (status, length) = (cursor.u8()?, usize::from(cursor.u16()?));
        let (_session, _number, window) = (cursor.u16()?, cursor.u8()?, cursor.u8()?);
        let fits = status & !0x19 == 0 && (HEADER + 1..=LONGEST).contains(&length) && window == 0;
        Ok(fits.then_some((kind, length, cursor)))
    }
}

/// What the record holds.
#[derive(Default)]
struct Conversation {
    server: Option<[u16; 3]>,
    client: Option<[u16; 3]>,
    encryption: Option<u8>,
    login: Option<Box<Login>>,
    has_asked: bool,
    is_recorded: bool,
}

struct Login {
    version: u32,
    words: [String; 3],
    user: Option<Keyed>,
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let Ok(packet) = Packet::begin(bytes) else { return Step::Take(0) };
        let Some((kind, length, _)) = packet else {
            // TLS, wrapped at first and then not: the log-in is encrypted.
            if self.server.is_none() && self.login.is_none() {
                out.weird("mssql.packet");
            }
            return self.finish(out);
        };
        let Some(payload) = bytes.get(HEADER..length) else { return Step::Take(0) };
        let read = match kind {
            PRELOGIN if payload.first() == Some(&0) => self.prelogin(side, payload, out),
            // A TLS handshake travels in such packets.
            PRELOGIN => return self.finish(out),
            RESPONSE if payload.first() == Some(&0) => self.prelogin(side, payload, out),
            LOGIN => self.login(payload, out),
            _ => {
                answer(payload, out);
                return self.finish(out);
            }
        };
        if read.is_err() {
            out.weird("mssql.short");
        }
        Step::Take(length)
    }

    fn end(&mut self, _: Side, _: &[u8], out: &mut Output<'_>) {
        self.finish(out);
    }
}

impl Conversation {
    fn prelogin(&mut self, side: Side, payload: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
        let mut options = Cursor::new(payload);
        // From the server the same comes as a response (MS-TDS §2.2.6.5).
        let is_server = self.has_asked && side == Side::Responder;
        let mut raw: &[u8] = &[];
        loop {
            let kind = options.u8()?;
            if kind == 0xff {
                break;
            }
            let (at, length) = (usize::from(options.u16()?), usize::from(options.u16()?));
            let value = payload.get(at..at + length).ok_or(Short)?;
            match (kind, value) {
                (0, [major, minor, high, low, ..]) => {
                    let version = [(*major).into(), (*minor).into(), u16::from_be_bytes([*high, *low])];
                    *(if is_server { &mut self.server } else { &mut self.client }) = Some(version);
                    raw = value.get(..4).unwrap_or(value);
                }
                (1, [encryption, ..]) if is_server => self.encryption = Some(*encryption),
                _ => {}
            }
        }
        self.has_asked = true;
        match self.server {
            Some([major, minor, build]) if is_server => {
                let version = format!("Microsoft SQL Server {major}.{minor}.{build}");
                out.fact(About::Sender, Field::Program, &version, raw);
                out.fact(About::Sender, Field::ServiceOffered, "_ms-sql-s._tcp", raw);
                // Off: nothing but the log-in is encrypted. Unsupported: not even that.
                if matches!(self.encryption, Some(0 | 2)) {
                    out.fact(About::Sender, Field::Legacy, "cleartext-mssql", raw);
                    out.fact(About::Receiver, Field::Legacy, "cleartext-mssql", raw);
                }
            }
            _ => out.fact(About::Sender, Field::ServiceSought, "_ms-sql-s._tcp", raw),
        }
        Ok(())
    }

    fn login(&mut self, payload: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
        let mut cursor = Cursor::new(payload);
        let _length = cursor.u32_le()?;
        let raw = cursor.rest().get(..4).unwrap_or_default();
        let version = cursor.u32_le()?;
        out.fact(About::Sender, Field::ServiceSought, "_ms-sql-s._tcp", raw);
        out.fact(About::Sender, Field::Legacy, "cleartext-mssql", raw);
        out.fact(About::Receiver, Field::Legacy, "cleartext-mssql", raw);
        cursor.skip(28)?;
        let mut part = |unit: usize| -> Result<&[u8], Short> {
            let (at, length) = (usize::from(cursor.u16_le()?), usize::from(cursor.u16_le()?));
            payload.get(at..at + length * unit).ok_or(Short)
        };
        let (host, user, _password, application) = (part(2)?, part(2)?, part(2)?, part(2)?);
        let (_server, _extension, library, _language, _base) = (part(2)?, part(1)?, part(2)?, part(2)?, part(2)?);
        cursor.skip(6)?;
        let (at, length) = (usize::from(cursor.u16_le()?), usize::from(cursor.u16_le()?));
        let [host, application, library] = [host, application, library].map(|raw| Words { raw, unicode: true });
        out.fact(About::Sender, Field::HostName, &host.text(), host.raw);
        let token = payload.get(at..at + length).unwrap_or_default();
        if let Some(message) = ntlm::find(token) {
            ntlm::tell(&message, out);
        }
        let words = [host, application, library].map(|words| out.masked_own(&words.text()).into_owned());
        let user = (!user.is_empty()).then(|| Words { raw: user, unicode: true }.keyed(out));
        self.login = out.wants_records().then(|| Box::new(Login { version, words, user }));
        Ok(())
    }

    fn finish(&mut self, out: &mut Output<'_>) -> Step {
        if !std::mem::replace(&mut self.is_recorded, true) && self.has_asked | self.login.is_some() {
            out.record(|row| self.fill(row));
        }
        Step::Finished
    }

    fn fill(&self, row: &mut Row<'_>) {
        for (name, version) in [("server_version", self.server), ("client_version", self.client)] {
            if let Some([major, minor, build]) = version {
                row.text(name, format!("{major}.{minor}.{build}"));
            }
        }
        if let Some(encryption) = self.encryption {
            let names = ["off", "on", "unsupported", "required"];
            row.text("encryption", names.get(usize::from(encryption)).unwrap_or(&"other"));
        }
        if let Some(login) = &self.login {
            row.text("tds_version", format!("{:08x}", login.version));
            for (name, words) in ["hostname", "application", "library"].into_iter().zip(&login.words) {
                row.host(name, words);
            }
            if let Some(user) = login.user {
                row.keyed("username", user);
            }
        }
    }
}

/// Says what the answer to a log-in tells: tokens up to LOGINACK.
fn answer(payload: &[u8], out: &mut Output<'_>) {
    let mut tokens = Cursor::new(payload);
    while let (Ok(kind), Ok(length)) = (tokens.u8(), tokens.u16_le()) {
        let Ok(value) = tokens.take(length.into()) else { return };
        match kind {
            0xad => {
                if let Some([major, minor, high, low]) = value.last_chunk::<4>() {
                    let build = u16::from_be_bytes([*high, *low]);
                    let version = format!("Microsoft SQL Server {major}.{minor}.{build}");
                    out.fact(About::Sender, Field::Program, &version, value.last_chunk::<4>().map_or(value, |raw| raw));
                    out.fact(About::Sender, Field::ServiceOffered, "_ms-sql-s._tcp", value);
                }
                return;
            }
            // Error, information, change of environment, single sign-on: passed over.
            0xaa | 0xab | 0xe3 | 0xed => {}
            _ => return,
        }
    }
}
