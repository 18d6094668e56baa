//! PostgreSQL: the server's version, how it lets users in, and whether both ends encrypt.
//!
//! In: both directions of a TCP stream up to the end of the log-in. Out: the server's version, roles, the way to
//! authenticate; one record a conversation. The user leaves as a keyed hash; passwords, data bases, keys to cancel and
//! statements are never looked at. Source: PostgreSQL 17 documentation, chapter 53 (Frontend/Backend Protocol 3.0).

use crate::codec::cursor::{Cursor, Short};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, Keyed, Kind, Privacy, Side};

pub(super) static ENTRY: Postgres = Postgres;

/// PostgreSQL.
pub(super) struct Postgres;

const LONGEST: usize = 10_000;
const CANCEL: u32 = 80_877_102;
const TLS: u32 = 80_877_103;
const KERBEROS: u32 = 80_877_104;

static INFO: Info = Info {
    name: "postgres",
    title: "PostgreSQL",
    source: "PostgreSQL 17 documentation, §53.2 and §53.7 (protocol 3.0)",
    carriers: &[Carrier::Tcp],
    ports: &[5432],
    record: &[
        field("version", Kind::Text, Privacy::Device, "version of the protocol the client asks for"),
        field("application_name", Kind::Text, Privacy::Network, "the client's name for its program"),
        field("user", Kind::Keyed, Privacy::Person, "user who logs on"),
        field("auth", Kind::Text, Privacy::Device, "how the server has the user authenticate"),
        field("server_version", Kind::Text, Privacy::Device, "the server's version"),
        field("tls", Kind::Text, Privacy::Device, "`accepted` or `refused`, when the client asked for encryption"),
        field("success", Kind::Flag, Privacy::Device, "whether the log-in came to its end"),
    ],
    weirds: &[("postgres.message", "what should be a message is none, or ends before what it must hold")],
    window: LONGEST,
};

const fn field(name: &'static str, kind: Kind, privacy: Privacy, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy, meaning }
}

impl Dissector for Postgres {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match begins(hello.bytes) {
            Ok(true) => Probe::Yes,
            Ok(false) => Probe::No,
            Err(Short) => Probe::More,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation::default())
    }
}

fn begins(bytes: &[u8]) -> Result<bool, Short> {
    let mut cursor = Cursor::new(bytes);
    if cursor.u16()? != 0 {
        return Ok(false);
    }
    let (length, code) = (cursor.u16()?, cursor.u32()?);
    Ok(match code {
        TLS | KERBEROS => length == 8,
        CANCEL => length == 16,
        0x0003_0000..=0x0003_0002 => {
            // `user` is the one parameter that is always there.
            let rest = cursor.take_at_most(4);
            (15..10_000).contains(&length) && rest.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_')
        }
        _ => false,
    })
}

#[derive(Default)]
struct Conversation {
    /// The client asked for encryption, and the server has not said yes or no.
    has_asked: bool,
    tls: &'static str,
    version: Option<u32>,
    auth: &'static str,
    server: String,
    application: String,
    user: Option<Keyed>,
    is_recorded: bool,
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let read = match side {
            Side::Initiator => self.client(bytes, out),
            Side::Responder => self.server(bytes, out),
        };
        read.unwrap_or(Step::Take(0))
    }

    fn end(&mut self, _: Side, _: &[u8], out: &mut Output<'_>) {
        self.record(false, out);
    }
}

impl Conversation {
    fn client(&mut self, bytes: &[u8], out: &mut Output<'_>) -> Result<Step, Short> {
        let mut cursor = Cursor::new(bytes);
        let (length, code) = (usize::try_from(cursor.u32()?).unwrap_or(usize::MAX), cursor.u32()?);
        let raw = bytes.get(4..8).unwrap_or_default();
        match code {
            TLS | KERBEROS if length == 8 => {
                self.has_asked = true;
                out.fact(About::Sender, Field::ServiceSought, "_postgresql._tcp", raw);
                Ok(Step::Take(8))
            }
            CANCEL => Ok(Step::Finished),
            _ if code >> 16 == 3 && (9..=LONGEST).contains(&length) => {
                let mut parameters = cursor.within(length - 8)?;
                out.fact(About::Sender, Field::ServiceSought, "_postgresql._tcp", raw);
                out.fact(About::Sender, Field::Legacy, "cleartext-postgres", raw);
                self.version = Some(code);
                while let (Ok(name @ [_, ..]), Ok(value)) = (parameters.until(0), parameters.until(0)) {
                    match name {
                        b"application_name" => {
                            self.application = out.masked_own(&text::clean(value)).into_owned();
                        }
                        b"user" => self.user = Some(out.keyed(value)),
                        _ => {}
                    }
                }
                // A password comes next.
                Ok(Step::Done)
            }
            _ => Ok(self.give_up(out)),
        }
    }

    fn server(&mut self, bytes: &[u8], out: &mut Output<'_>) -> Result<Step, Short> {
        let mut cursor = Cursor::new(bytes);
        let kind = cursor.u8()?;
        let raw = bytes.get(..1).unwrap_or_default();
        if std::mem::take(&mut self.has_asked) {
            self.tls = if kind == b'N' { "refused" } else { "accepted" };
            out.fact(About::Sender, Field::ServiceOffered, "_postgresql._tcp", raw);
            if kind == b'N' {
                return Ok(Step::Take(1));
            }
            self.record(false, out);
            return Ok(if kind == b'S' { Step::Anew(1) } else { Step::Finished });
        }
        let length = usize::try_from(cursor.u32()?).unwrap_or(usize::MAX);
        if self.version.is_none() || !(4..LONGEST).contains(&length) {
            return Ok(self.give_up(out));
        }
        let mut content = cursor.within(length - 4)?;
        match kind {
            b'R' => {
                let way = content.u32()?;
                self.authentication(way, raw, out);
            }
            b'S' => {
                let (Ok(name), Ok(value)) = (content.until(0), content.until(0)) else { return Ok(self.give_up(out)) };
                if name == b"server_version" {
                    let version = text::clean(value);
                    out.fact(About::Sender, Field::Program, &format!("PostgreSQL {version}"), value);
                    self.server = version.into_owned();
                }
            }
            // Ready for statements; or an error, whose text may say the user.
            b'Z' | b'E' => {
                self.record(kind == b'Z', out);
                return Ok(Step::Finished);
            }
            b'K' | b'N' | b'v' => {}
            _ => return Ok(self.give_up(out)),
        }
        Ok(Step::Take(1 + length))
    }

    fn authentication(&mut self, way: u32, raw: &[u8], out: &mut Output<'_>) {
        out.fact(About::Sender, Field::ServiceOffered, "_postgresql._tcp", raw);
        out.fact(About::Sender, Field::Legacy, "cleartext-postgres", raw);
        let name = match way {
            0 if self.auth.is_empty() => "trust",
            2 => "kerberos",
            3 => "password",
            5 => "md5",
            7 => "gss",
            9 => "sspi",
            10 => "sasl",
            _ => return,
        };
        self.auth = name;
        match name {
            "password" => out.fact(About::Sender, Field::Legacy, "cleartext-password", raw),
            "trust" => out.fact(About::Sender, Field::Legacy, "postgres-without-password", raw),
            _ => {}
        }
    }

    fn give_up(&mut self, out: &mut Output<'_>) -> Step {
        out.weird("postgres.message");
        self.record(false, out);
        Step::Finished
    }

    fn record(&mut self, is_success: bool, out: &mut Output<'_>) {
        if std::mem::replace(&mut self.is_recorded, true) || self.version.is_none() && self.tls.is_empty() {
            return;
        }
        out.record(|row| {
            if let Some(version) = self.version {
                row.text("version", format!("{}.{}", version >> 16, version & 0xffff));
                row.flag("success", is_success);
            }
            row.host("application_name", &self.application);
            if let Some(user) = self.user {
                row.keyed("user", user);
            }
            row.text("auth", self.auth);
            row.text("server_version", &self.server);
            row.text("tls", self.tls);
        });
    }
}
