//! SSH: identification strings and the fingerprints of both ends' key exchange.
//!
//! In comes a TCP stream; out go each end's banner and its HASSH, an MD5 over the algorithms it offers. Everything
//! behind the first `SSH_MSG_KEXINIT` of either end is left alone. Lines that a server sends before its banner are
//! passed over unread.
//! Source: RFC 4253 §4.2 (identification) and §7.1 (key exchange); HASSH as published by Salesforce (2018).

use crate::codec::cursor::{Cursor, Short};
use crate::codec::{person, text};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use md5::{Digest as _, Md5};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) static ENTRY: Ssh = Ssh;

pub(super) struct Ssh;

static INFO: Info = Info {
    name: "ssh",
    title: "Secure Shell",
    source: "RFC 4253 §4.2, §7.1",
    carriers: &[Carrier::Tcp],
    ports: &[22],
    record: &[
        field("version", Kind::Number, Privacy::Device, "Major protocol version"),
        field("client", Kind::Text, Privacy::Device, "Client's identification string"),
        field("server", Kind::Text, Privacy::Device, "Server's identification string"),
        field("hassh", Kind::Text, Privacy::Device, "HASSH of the client's key exchange"),
        field("hassh_server", Kind::Text, Privacy::Device, "HASSH of the server's key exchange"),
    ],
    weirds: &[
        ("ssh.identification", "the identification string is longer than 255 bytes, or malformed (RFC 4253 §4.2)"),
        ("ssh.key_exchange", "the first packet is not a well-formed SSH_MSG_KEXINIT (RFC 4253 §7.1)"),
    ],
    window: WINDOW,
};

/// Room for identification and key exchange; RFC 4253 §6.1 asks for packets of 35,000 bytes.
const WINDOW: usize = 36_000;
/// Longest identification string, line end included.
const LONGEST: usize = 255;
/// Longest of the lines before it that is waited for.
const LONGEST_LINE: usize = 4096;
const KEXINIT: u8 = 20;

const fn field(name: &'static str, kind: Kind, privacy: Privacy, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy, meaning }
}

impl Dissector for Ssh {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        let begins = |line: &[u8]| line.starts_with(b"SSH-1.") || line.starts_with(b"SSH-2.");
        let partly = |line: &[u8]| b"SSH-1.".starts_with(line) || b"SSH-2.".starts_with(line);
        if begins(hello.bytes) {
            return Probe::Yes;
        }
        if !hello.ports.contains(&22) {
            return if partly(hello.bytes) { Probe::More } else { Probe::No };
        }
        for line in hello.bytes.split(|byte| *byte == b'\n') {
            if begins(line) {
                return Probe::Likely;
            }
            if !is_plain(line) {
                return Probe::No;
            }
        }
        Probe::More
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation::default())
    }
}

/// Whether each end's banner was said.
#[derive(Default)]
struct Conversation {
    said: [bool; 2],
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if !bytes.starts_with(b"SSH-") {
            return pass_over_line(bytes);
        }
        let Some(line) = line(bytes) else {
            if bytes.len() <= LONGEST {
                return Step::Take(0);
            }
            out.weird("ssh.identification");
            return Step::Done;
        };
        let Some(banner) = Banner::read(line) else {
            out.weird("ssh.identification");
            return Step::Done;
        };
        if !std::mem::replace(self.said(side), true) {
            banner.say(out);
        }
        self.key_exchange(&banner, bytes.get(line.len()..).unwrap_or_default(), out)
    }

    fn end(&mut self, _side: Side, bytes: &[u8], out: &mut Output<'_>) {
        if let Some(banner) = line(bytes).and_then(Banner::read) {
            record(&banner, Role::of(out), "", out);
        }
    }
}

impl Conversation {
    fn said(&mut self, side: Side) -> &mut bool {
        side.of(self.said.each_mut())
    }

    fn key_exchange(&mut self, banner: &Banner<'_>, packet: &[u8], out: &mut Output<'_>) -> Step {
        let role = Role::of(out);
        match Algorithms::read(packet) {
            _ if banner.major == 1 => record(banner, role, "", out),
            Ok(None) => return Step::Take(0),
            Ok(Some(algorithms)) => {
                let hassh = algorithms.hassh(role);
                out.fact(About::Sender, role.field(), &hassh, algorithms.raw);
                record(banner, role, &hassh, out);
            }
            Err(Short) => {
                out.weird("ssh.key_exchange");
                record(banner, role, "", out);
            }
        }
        Step::Done
    }
}

/// Passes over one line of what a server may send before its identification string.
fn pass_over_line(bytes: &[u8]) -> Step {
    let end = bytes.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
    match end {
        _ if !is_plain(bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default()) => Step::Done,
        Some(length) => Step::Take(length),
        None if bytes.len() > LONGEST_LINE => Step::Done,
        None => Step::Take(0),
    }
}

fn is_plain(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b'\t' | b'\r' | b'\n' | b' '..=b'~' | 0x80..))
}

/// The first line of `bytes` with its end, when it is all there and not too long.
fn line(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().take(LONGEST).position(|byte| *byte == b'\n')?;
    bytes.get(..=end)
}

/// An identification string: `SSH-protoversion-softwareversion comments`.
struct Banner<'a> {
    major: u8,
    protocol: &'a [u8],
    /// Software version and comments.
    software: &'a [u8],
    whole: &'a [u8],
}

impl<'a> Banner<'a> {
    fn read(line: &'a [u8]) -> Option<Self> {
        let whole = without_names(line.trim_ascii_end());
        let mut parts = whole.strip_prefix(b"SSH-")?.splitn(2, |byte| *byte == b'-');
        let (protocol, software) = (parts.next()?, parts.next()?);
        // 1.99 is how a server says that it speaks 2.0 and older versions (RFC 4253 §5.1).
        let major = match protocol {
            b"1.99" => 2,
            [b'1', b'.', ..] => 1,
            [b'2', b'.', ..] => 2,
            _ => return None,
        };
        Some(Self { major, protocol, software, whole })
    }

    fn say(&self, out: &mut Output<'_>) {
        out.text(About::Sender, Field::SshBanner, self.software);
        match self.protocol {
            b"1.99" => out.fact(About::Sender, Field::Legacy, "ssh1-offered", self.protocol),
            _ if self.major == 1 => out.fact(About::Sender, Field::Legacy, "ssh1", self.protocol),
            _ => {}
        }
    }
}

/// An identification string without its comment when that is not of words for products only: people may write there who
/// they are.
fn without_names(line: &[u8]) -> &[u8] {
    let Some(blank) = line.iter().position(|byte| *byte == b' ') else { return line };
    let (software, comment) = line.split_at_checked(blank).unwrap_or((line, &[]));
    let is_plain = !comment.contains(&b'@') && person::without_names(&text::clean(comment)).is_none();
    if is_plain { line } else { software }
}

/// Which end of the protocol sent a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Client,
    Server,
}

impl Role {
    /// The initiator is the client, unless the conversation was joined late and only the sender's port is SSH's own.
    fn of(out: &Output<'_>) -> Self {
        let context = out.context();
        let [initiator, responder] = context.ports;
        match (initiator == 22, responder == 22, context.side) {
            (true, false, Side::Responder) | (false, true, Side::Initiator) => Self::Client,
            (true, false, Side::Initiator) | (false, true, Side::Responder) => Self::Server,
            (_, _, Side::Initiator) => Self::Client,
            (_, _, Side::Responder) => Self::Server,
        }
    }

    const fn field(self) -> Field {
        match self {
            Self::Client => Field::Hassh,
            Self::Server => Field::HasshServer,
        }
    }
}

/// The name-lists of a key exchange, as sent.
struct Algorithms<'a> {
    kex: &'a [u8],
    /// Encryption, authentication codes and compression, each from the client to the server and back.
    ciphers: [&'a [u8]; 2],
    macs: [&'a [u8]; 2],
    compressions: [&'a [u8]; 2],
    /// All lists.
    raw: &'a [u8],
}

impl<'a> Algorithms<'a> {
    /// The lists of the packet at the start of `bytes`; `None` while it is not all there. Errors: [`Short`] when it is
    /// no key exchange.
    fn read(bytes: &'a [u8]) -> Result<Option<Self>, Short> {
        let mut cursor = Cursor::new(bytes);
        let (Ok(length), Ok(_padding), Ok(kind)) = (cursor.u32(), cursor.u8(), cursor.u8()) else { return Ok(None) };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if kind != KEXINIT || !(24..=WINDOW - LONGEST - 4).contains(&length) {
            return Err(Short);
        }
        let Some(packet) = bytes.get(6..4 + length) else { return Ok(None) };
        let mut cursor = Cursor::new(packet);
        cursor.skip(16)?;
        let raw = cursor.rest();
        let mut list = || cursor.u32().and_then(|length| cursor.take(usize::try_from(length).unwrap_or(usize::MAX)));
        let (kex, _host_keys) = (list()?, list()?);
        let [ciphers, macs, compressions] = [[list()?, list()?], [list()?, list()?], [list()?, list()?]];
        Ok(Some(Self { kex, ciphers, macs, compressions, raw }))
    }

    fn hassh(&self, role: Role) -> String {
        let way = |[to_server, to_client]: [&'a [u8]; 2]| if role == Role::Client { to_server } else { to_client };
        let mut md5 = Md5::new();
        md5.update(self.kex);
        for list in [self.ciphers, self.macs, self.compressions] {
            md5.update(b";");
            md5.update(way(list));
        }
        text::hex(&md5.finalize())
    }
}

fn record(banner: &Banner<'_>, role: Role, hassh: &str, out: &mut Output<'_>) {
    out.record(|row| {
        row.number("version", banner.major);
        let (end, fingerprint) = if role == Role::Client { ("client", "hassh") } else { ("server", "hassh_server") };
        row.text(end, banner.whole);
        row.text(fingerprint, hassh);
    });
}
