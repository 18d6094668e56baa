//! Sun RPC with NFS, mount, portmap and what else lives on it: which programs are asked for, offered, and where.
//!
//! In: datagrams, or both directions of a TCP stream. Out: programs by name, where a portmapper says they live, and the
//! client's name for its computer by the rule for names; one record for each program of a conversation. Files, handles,
//! users' numbers and arguments are never looked at.
//! Source: RFC 5531 §9 (messages), §11 (record marking), appendix A (AUTH_SYS); RFC 1833 §3 (portmap); program numbers:
//! IANA "Remote Procedure Call (RPC) Program Numbers".

use crate::codec::cursor::{Cursor, Short};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side, Transport};

pub(super) static ENTRY: Sunrpc = Sunrpc;

/// Sun RPC.
pub(super) struct Sunrpc;

/// `<number> <name>`, a line each.
const PROGRAMS: &str = include_str!("sunrpc/programs.txt");
const PORTMAP: u32 = 100_000;
const NFS: u32 = 100_003;
const MOUNT: u32 = 100_005;
const AUTH_SYS: u32 = 1;

/// Most bytes of a message that are read: header, credentials, and a portmapper's answer.
const LONGEST: usize = 8192;
/// Most of a call: header, credentials and verifier of 400 bytes each at most.
const CALL: usize = 24 + 2 * 408;
/// Most calls that wait for their answers.
const IN_FLIGHT: usize = 8;
/// Most programs a portmapper's answer is read for.
const LISTED: usize = 128;
/// Messages after which no more is expected to be learned.
const ENOUGH: u8 = 64;

static INFO: Info = Info {
    name: "sunrpc",
    title: "Sun RPC (portmap, mount, NFS)",
    source: "RFC 5531 §9 and §11, RFC 1833 §3",
    carriers: &[Carrier::Tcp, Carrier::Udp],
    ports: &[111, 2049],
    record: &[
        field("program", Kind::Text, Privacy::Device, "program called: a name, or its number"),
        field("version", Kind::Number, Privacy::Device, "version of the program"),
        field("procedure", Kind::Number, Privacy::Device, "procedure of the first call"),
        field("auth", Kind::Number, Privacy::Device, "flavour of the credentials; 0 none, 1 AUTH_SYS, 6 RPCSEC_GSS"),
        field("machine", Kind::Text, Privacy::Network, "the client's name for its computer"),
    ],
    weirds: &[("sunrpc.message", "what should be a call or an answer is none")],
    window: LONGEST + 4,
};

const fn field(name: &'static str, kind: Kind, privacy: Privacy, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy, meaning }
}

fn name(program: u32) -> Option<&'static str> {
    PROGRAMS
        .lines()
        .filter_map(|line| line.split_once(' '))
        .find(|(number, _)| number.parse() == Ok(program))
        .map(|pair| pair.1)
}

impl Dissector for Sunrpc {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        // A stream has a mark of four bytes before each message; a datagram cannot begin with what is one.
        let marked =
            hello.bytes.split_first_chunk::<4>().filter(|(mark, _)| mark.first().is_some_and(|byte| byte & 0x80 != 0));
        let calls = |bytes: &[u8]| match Call::read(bytes) {
            Ok(Some(call)) => name(call.program).is_some(),
            _ => false,
        };
        match marked {
            Some((_, message)) if calls(message) => Probe::Yes,
            _ if calls(hello.bytes) => Probe::Yes,
            Some((mark, message)) if could_call(message, u32::from_be_bytes(*mark) & 0x7fff_ffff) => Probe::More,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation::default())
    }
}

/// Whether a stream's message of `length` bytes, of which these are the first, may be a call.
fn could_call(message: &[u8], length: u32) -> bool {
    let fixed = [0, 0, 0, 0, 0, 0, 0, 2];
    let begins = message.get(4..).unwrap_or_default().iter().zip(fixed).all(|(here, fixed)| *here == fixed);
    begins && message.len() < CALL && (40..0x10_0000).contains(&length) && message.len() < length as usize
}

struct Call<'a> {
    id: u32,
    program: u32,
    version: u32,
    procedure: u32,
    flavour: u32,
    machine: &'a [u8],
    arguments: &'a [u8],
    raw: &'a [u8],
}

impl<'a> Call<'a> {
    /// `None` when it is none. Errors: [`Short`] when what is there may be one.
    fn read(bytes: &'a [u8]) -> Result<Option<Self>, Short> {
        let mut cursor = Cursor::new(bytes);
        let (id, kind, rpc) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
        if kind != 0 || rpc != 2 {
            return Ok(None);
        }
        let raw = cursor.rest().get(..4).unwrap_or_default();
        let (program, version, procedure) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
        let (flavour, length) = (cursor.u32()?, cursor.u32()?);
        if length > 400 || length % 4 != 0 || version > 100 || procedure > 1000 {
            return Ok(None);
        }
        let mut credentials = cursor.within(length as usize)?;
        let (_, length) = (cursor.u32()?, cursor.u32()?);
        if length > 400 {
            return Ok(None);
        }
        cursor.skip(length as usize)?;
        let mut machine = || -> Result<&'a [u8], Short> {
            let (_stamp, length) = (credentials.u32()?, credentials.u32()?);
            credentials.take(length as usize)
        };
        let machine = if flavour == AUTH_SYS { machine().unwrap_or_default() } else { &[] };
        Ok(Some(Self { id, program, version, procedure, flavour, machine, arguments: cursor.rest(), raw }))
    }
}

/// A call that waits for its answer.
#[derive(Clone, Copy)]
struct Asked {
    id: u32,
    program: u32,
    version: u32,
    procedure: u32,
    /// Program and protocol that a portmapper is asked about.
    about: (u32, u32),
}

#[derive(Default)]
struct Conversation {
    asked: Vec<Asked>,
    said: Vec<(u32, u32)>,
    read: u8,
}

impl Parser for Conversation {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if out.context().flow.is_none_or(|(_, key)| key.transport != Transport::TCP) {
            return match self.message(bytes, bytes.len(), out) {
                Ok(true) => Step::Finished,
                Ok(false) | Err(Short) => Step::Take(1),
            };
        }
        let Some((mark, rest)) = bytes.split_first_chunk::<4>() else { return Step::Take(0) };
        let length = (u32::from_be_bytes(*mark) & 0x7fff_ffff) as usize;
        match self.message(rest.get(..length).unwrap_or(rest), length, out) {
            Ok(true) => Step::Finished,
            Err(Short) if bytes.len() < LONGEST && rest.len() < length => Step::Take(0),
            Ok(false) | Err(Short) if length == 0 => Step::Take(4),
            Ok(false) | Err(Short) => Step::Skip(4 + length as u64),
        }
    }
}

impl Conversation {
    /// Reads one message of `length` bytes, perhaps cut. `true` when nothing more is to be learned.
    fn message(&mut self, bytes: &[u8], length: usize, out: &mut Output<'_>) -> Result<bool, Short> {
        let mut cursor = Cursor::new(bytes);
        let (_, kind) = (cursor.u32()?, cursor.u32()?);
        match kind {
            0 => match Call::read(bytes) {
                Ok(Some(call)) if call.program == PORTMAP && bytes.len() < length.min(LONGEST - 4) => {
                    return Err(Short);
                }
                Ok(Some(call)) => self.call(&call, out),
                Err(Short) if bytes.len() < length => return Err(Short),
                Ok(None) | Err(Short) => out.weird("sunrpc.message"),
            },
            1 => return self.answer(bytes, length, out),
            // A fragment that is not the first of its message.
            _ => {}
        }
        Ok(self.is_enough())
    }

    fn call(&mut self, call: &Call<'_>, out: &mut Output<'_>) {
        let mut about = (0, 0);
        if (call.program, call.version, call.procedure) == (PORTMAP, 2, 3) {
            let mut cursor = Cursor::new(call.arguments);
            about = (cursor.u32().unwrap_or_default(), cursor.u32().and_then(|_| cursor.u32()).unwrap_or_default());
        }
        if self.asked.len() >= IN_FLIGHT {
            self.asked.remove(0);
        }
        let Call { id, program, version, procedure, .. } = *call;
        self.asked.push(Asked { id, program, version, procedure, about });
        if self.said.contains(&(program, version)) || self.said.len() >= IN_FLIGHT {
            return;
        }
        self.said.push((program, version));
        if let Some(name) = name(program) {
            out.fact(About::Sender, Field::ServiceSought, &format!("rpc:{name}"), call.raw);
        }
        if matches!(program, NFS | MOUNT) && call.flavour <= AUTH_SYS {
            for about in [About::Sender, About::Receiver] {
                out.fact(about, Field::Legacy, "cleartext-nfs", call.raw);
            }
        }
        if !call.machine.eq_ignore_ascii_case(b"localhost") {
            out.text(About::Sender, Field::HostName, call.machine);
        }
        out.record(|row| {
            row.text("program", name(program).map_or_else(|| program.to_string(), str::to_owned));
            row.number("version", version);
            row.number("procedure", procedure);
            row.number("auth", call.flavour);
            row.host("machine", call.machine);
        });
    }

    fn answer(&mut self, bytes: &[u8], length: usize, out: &mut Output<'_>) -> Result<bool, Short> {
        let mut cursor = Cursor::new(bytes);
        let (id, _, is_denied) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
        let Some(at) = self.asked.iter().position(|asked| asked.id == id) else { return Ok(self.is_enough()) };
        let asked = self.asked.get(at).copied().ok_or(Short)?;
        if is_denied != 0 {
            return Ok(true);
        }
        let (_, verifier) = (cursor.u32()?, cursor.u32()?);
        cursor.skip(verifier as usize)?;
        let raw = cursor.rest().get(..4).unwrap_or_default();
        if cursor.u32()? != 0 {
            return Ok(true);
        }
        // A list of programs is read whole, or as far as it may be held.
        if asked.program == PORTMAP && bytes.len() < length.min(LONGEST - 4) {
            return Err(Short);
        }
        self.asked.remove(at);
        if let Some(name) = name(asked.program) {
            out.fact(About::Sender, Field::ServiceOffered, &format!("rpc:{name}"), raw);
        }
        match (asked.program, asked.version, asked.procedure) {
            (PORTMAP, 2, 3) => {
                let raw = cursor.rest().get(..4).unwrap_or_default();
                say_place(asked.about, cursor.u32().unwrap_or_default(), raw, out);
            }
            (PORTMAP, 2, 4) => say_list(cursor, out),
            (PORTMAP, ..) => {}
            _ => return Ok(true),
        }
        Ok(self.is_enough())
    }

    /// Counts a message. `true` when so many were read that no more is expected.
    const fn is_enough(&mut self) -> bool {
        self.read = self.read.saturating_add(1);
        self.read > ENOUGH
    }
}

/// Says that a program known by name lives at `port` of the sender.
fn say_place((program, protocol): (u32, u32), port: u32, raw: &[u8], out: &mut Output<'_>) {
    let carrier = match protocol {
        6 => "tcp",
        17 => "udp",
        _ => return,
    };
    if let Some(name) = name(program).filter(|_| (1..=0xffff).contains(&port)) {
        out.fact(About::Sender, Field::ServiceOffered, &format!("rpc:{name}@{carrier}/{port}"), raw);
    }
}

/// Says where all programs of a portmapper's list live (RFC 1833 §3.2).
fn say_list(mut cursor: Cursor<'_>, out: &mut Output<'_>) {
    for _ in 0..LISTED {
        let Ok(1) = cursor.u32() else { return };
        let raw = cursor.rest().get(..16).unwrap_or_default();
        let (Ok(program), Ok(_), Ok(protocol), Ok(port)) = (cursor.u32(), cursor.u32(), cursor.u32(), cursor.u32())
        else {
            return;
        };
        say_place((program, protocol), port, raw, out);
    }
}
