//! LDAP: directory servers and what they say they are, and how clients bind to them.
//!
//! In: messages over TCP and UDP. Out: roles, the way to bind, names of the domain, vendor and host in the root of the
//! directory, what NTLM tells of either end; one record a bind. Names of accounts leave as keyed hashes; passwords, searches
//! and all other entries never do. Behind StartTLS, and where messages are wrapped, bytes are only counted.
//!
//! Source: RFC 4511 §4; RFC 4512 §5.1 (root); RFC 3045 (vendor); MS-ADTS §3.1.1.3.2, §5.1.1.1.

use crate::codec::ber::{self, Element, Fault, INTEGER, OCTET_STRING, Reader, SEQUENCE};
use crate::codec::ends::{device, known_word, person, say_legacy, say_service};
use crate::codec::{ntlm, text};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Keyed, Kind, Side, Transport};

pub(super) const ENTRY: Ldap = Ldap;

/// LDAP.
pub(super) struct Ldap;

static INFO: Info = Info {
    name: "ldap",
    title: "Lightweight Directory Access Protocol",
    source: "RFC 4511 §4; RFC 4512 §5.1; RFC 3045; MS-ADTS",
    carriers: &[Carrier::Tcp, Carrier::Udp],
    ports: &[389, 3268],
    record: &[
        device("message_id", Kind::Number, "number of the message"),
        device("opcode", Kind::Text, "`bind` or `starttls`"),
        device("version", Kind::Number, "version of the protocol"),
        device("method", Kind::Text, "`anonymous`, `simple`, or the known mechanism of SASL"),
        person("name", "account that binds"),
        device("result", Kind::Number, "the server's answer; 0 is success, 14 goes on (RFC 4511 appendix A)"),
    ],
    weirds: &[("ldap.malformed", "a message breaks its notation (RFC 4511 §5.1)")],
    window: 64 * 1024,
};

const BIND: u8 = 0x60;
const BIND_ANSWER: u8 = 0x61;
const SEARCH: u8 = 0x63;
const ENTRY_FOUND: u8 = 0x64;
const EXTENDED: u8 = 0x77;
const EXTENDED_ANSWER: u8 = 0x78;
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
const MECHANISMS: &[&str] = &[
    "gssapi",
    "gss-spnego",
    "external",
    "digest-md5",
    "cram-md5",
    "plain",
    "ntlm",
    "scram-sha-1",
    "scram-sha-256",
    "scram-sha-512",
    "anonymous",
    "login",
];

impl Dissector for Ldap {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match begin(hello.bytes) {
            Ok(Some((_, BIND, [INTEGER, 1, 2 | 3, OCTET_STRING, ..]))) => Probe::Yes,
            Ok(Some((_, SEARCH | EXTENDED, [OCTET_STRING | 0x80, ..]))) => Probe::Yes,
            Ok(Some((_, 0x61 | 0x65 | EXTENDED_ANSWER, rest))) if rest.starts_with(&[ber::ENUMERATED, 1]) => Probe::Yes,
            Ok(Some((_, ENTRY_FOUND, [OCTET_STRING, ..]))) => Probe::Yes,
            Ok(Some((_, 0x42 | 0x4a | 0x50 | 0x66 | 0x68 | 0x6c | 0x6e | 0x73, _))) => Probe::Likely,
            Err(Fault::Short) if matches!(hello.bytes, [0x30, ..]) && hello.bytes.len() < 24 => Probe::More,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Conversation>::default()
    }
}

/// Size, tag of the operation, and what is there of its contents.
type Begun<'a> = (usize, u8, &'a [u8]);

/// Size of the message that `bytes` begin with, the tag of its operation, and what is there of the operation's contents.
/// `None` when it is no message. Errors: [`Fault`] while its beginning is not all there, or is malformed.
fn begin(bytes: &[u8]) -> Result<Option<Begun<'_>>, Fault> {
    if bytes.first() != Some(&SEQUENCE) {
        return if bytes.is_empty() { Err(Fault::Short) } else { Ok(None) };
    }
    let (head, size) = ber::extent(bytes).map(|(head, length)| (head, head + length))?;
    let rest = bytes.get(head..).unwrap_or_default();
    match rest.first() {
        None => return Err(Fault::Short),
        Some(&INTEGER) => {}
        Some(_) => return Ok(None),
    }
    let number = ber::size(rest)?;
    let operation = rest.get(number..).filter(|rest| !rest.is_empty()).ok_or(Fault::Short)?;
    let (inner, length) = ber::extent(operation)?;
    let tag = operation.first().copied().unwrap_or_default();
    let rest = operation.get(inner..).unwrap_or_default();
    if rest.len() < length.min(4) {
        return Err(Fault::Short);
    }
    Ok((number <= 6 && head + number + inner + length <= size).then_some((size, tag, rest)))
}

#[derive(Default)]
struct Conversation {
    bind: Option<Bind>,
    is_encrypting: bool,
    is_said: [bool; 2],
}

/// A bind that waits for its answer.
#[derive(Default)]
struct Bind {
    id: u64,
    version: u64,
    method: &'static str,
    name: Option<Keyed>,
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let (size, tag) = match begin(bytes) {
            Ok(Some((size, tag, _))) => (size, tag),
            // Wrapped messages of SASL, or something that came after TLS began.
            Ok(None) | Err(Fault::Malformed) => return Step::Done,
            Err(Fault::Short) => return Step::Take(0),
        };
        let is_stream = out.context().flow.is_some_and(|(_, key)| key.transport == Transport::TCP);
        // Bulk is what a directory holds of others; only its root has no name.
        let is_bulk =
            !matches!(tag, BIND | BIND_ANSWER | ENTRY_FOUND | EXTENDED | EXTENDED_ANSWER) || size > INFO.window - 8;
        self.say_role(side, tag, bytes, out);
        if is_bulk {
            return Step::Skip(u64::try_from(size).unwrap_or(u64::MAX));
        }
        let Some(message) = bytes.get(..size) else {
            return if is_stream { Step::Take(0) } else { Step::Take(bytes.len()) };
        };
        match self.message(message, out) {
            Ok(true) => return Step::Anew(size),
            Ok(false) => {}
            Err(_) => out.weird("ldap.malformed"),
        }
        Step::Take(size)
    }
}

impl Conversation {
    fn say_role(&mut self, side: Side, tag: u8, bytes: &[u8], out: &mut Output<'_>) {
        if !std::mem::replace(side.of(self.is_said.each_mut()), true) {
            let is_tcp = out.context().flow.is_some_and(|(_, key)| key.transport == Transport::TCP);
            let is_answer = matches!(tag, 0x61 | 0x64 | 0x65 | 0x67 | 0x69 | 0x6b | 0x6d | 0x6f | 0x73 | 0x78 | 0x79);
            let service = if is_tcp { "_ldap._tcp" } else { "_ldap._udp" };
            say_service(is_answer, service, bytes.get(..1).unwrap_or_default(), out);
        }
    }

    /// Reads one whole message. `true` when encryption begins behind it.
    fn message(&mut self, bytes: &[u8], out: &mut Output<'_>) -> Result<bool, Fault> {
        let mut parts = Reader::new(bytes).inside(SEQUENCE)?;
        let id = u64::try_from(parts.integer()?).unwrap_or_default();
        let operation = parts.any()?;
        let mut inside = operation.inside();
        match operation.tag {
            BIND => self.bind(id, inside, out)?,
            BIND_ANSWER => self.bound(inside, out)?,
            ENTRY_FOUND if inside.expect(OCTET_STRING)?.is_empty() => root(inside.inside(SEQUENCE)?, out)?,
            EXTENDED => self.is_encrypting = inside.any()?.content == START_TLS,
            EXTENDED_ANSWER if std::mem::take(&mut self.is_encrypting) => {
                let result = ber::integer(inside.any()?.content).and_then(|code| u64::try_from(code).ok());
                out.record(|row| {
                    row.number("message_id", id);
                    row.text("opcode", "starttls");
                    row.number("result", result.unwrap_or_default());
                });
                return Ok(result == Some(0));
            }
            _ => {}
        }
        Ok(false)
    }

    fn bind(&mut self, id: u64, mut inside: Reader<'_>, out: &mut Output<'_>) -> Result<(), Fault> {
        let version = u64::try_from(inside.integer()?).unwrap_or_default();
        let name = inside.expect(OCTET_STRING)?;
        let way = inside.any()?;
        let method = match way {
            Element { tag: 0x80, content: [] } => "anonymous",
            Element { tag: 0x80, .. } => "simple",
            Element { tag: 0xa3, .. } => {
                let mut parts = way.inside();
                let mechanism = known_word(MECHANISMS, parts.expect(OCTET_STRING)?).unwrap_or("sasl");
                tell_ntlm(parts.expect(OCTET_STRING).unwrap_or_default(), out);
                mechanism
            }
            _ => {
                tell_ntlm(way.content, out);
                "ntlm"
            }
        };
        if matches!(method, "simple" | "plain") {
            say_legacy("cleartext-ldap-bind", name.get(..0).unwrap_or_default(), out);
        }
        let name = (!name.is_empty()).then(|| out.keyed(name));
        self.bind = Some(Bind { id, version, method, name });
        Ok(())
    }

    fn bound(&mut self, mut inside: Reader<'_>, out: &mut Output<'_>) -> Result<(), Fault> {
        let code = inside.any()?;
        let result = ber::integer(code.content).and_then(|code| u64::try_from(code).ok()).unwrap_or_default();
        while let Ok(part) = inside.any() {
            if part.tag == 0x87 {
                tell_ntlm(part.content, out);
            }
        }
        let bind = self.bind.take().unwrap_or_default();
        if bind.method == "anonymous" && result == 0 {
            out.fact(About::Sender, Field::Legacy, "ldap-anonymous-bind", code.content);
        }
        out.record(|row| {
            row.number("message_id", bind.id);
            row.text("opcode", "bind");
            row.number("version", bind.version);
            row.text("method", bind.method);
            if let Some(name) = bind.name {
                row.keyed("name", name);
            }
            row.number("result", result);
        });
        Ok(())
    }
}

fn tell_ntlm(token: &[u8], out: &mut Output<'_>) {
    if let Some(message) = ntlm::find(token) {
        ntlm::tell(&message, out);
    }
}

/// Says what the attributes of a directory's root tell.
fn root(mut attributes: Reader<'_>, out: &mut Output<'_>) -> Result<(), Fault> {
    let (mut vendor, mut version): (&[u8], &[u8]) = (&[], &[]);
    while !attributes.is_empty() {
        let mut attribute = attributes.inside(SEQUENCE)?;
        let name = attribute.expect(OCTET_STRING)?;
        let mut values = attribute.any()?.inside();
        let first = values.expect(OCTET_STRING).unwrap_or_default();
        match name.to_ascii_lowercase().as_slice() {
            b"vendorname" => vendor = first,
            b"vendorversion" => version = first,
            b"dnshostname" => out.text(About::Sender, Field::HostName, first),
            b"defaultnamingcontext" | b"rootdomainnamingcontext" | b"namingcontexts" => {
                out.fact(About::Sender, Field::Domain, &domain(first), first);
            }
            _ => {}
        }
    }
    let stated = format!("{} {}", text::clean(vendor), text::clean(version));
    out.fact(About::Sender, Field::LdapVendor, &stated, if vendor.is_empty() { version } else { vendor });
    Ok(())
}

/// The domain that `dc=` parts name, joined by dots (RFC 2247 §2); nothing when there are others.
fn domain(name: &[u8]) -> String {
    let name = text::clean(name).to_lowercase();
    let labels: Option<Vec<&str>> = name.split(',').map(|part| part.trim().strip_prefix("dc=")).collect();
    labels.unwrap_or_default().join(".")
}
