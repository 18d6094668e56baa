//! Kerberos 5: which computers log in to which domain, for which services, and how weak their encryption is.
//!
//! In: messages between clients and key distribution centres over UDP and TCP. Out: names of computers and domains, roles,
//! weak encryption; one record a message. A user's name leaves as a keyed hash; tickets, keys and authenticators never do.
//!
//! Source: RFC 4120 §5.2, §5.4, §5.9, §7.2.2 (TCP), §7.5; RFC 4757 (RC4); RFC 6649 (weak types).

use crate::codec::ber::{self, Fault, INTEGER, Reader, SEQUENCE};
use crate::codec::ends::{device, known_word, network, person, say_service};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Kind, Side, Transport};

pub(super) const ENTRY: Kerberos = Kerberos;

/// Kerberos.
pub(super) struct Kerberos;

static INFO: Info = Info {
    name: "kerberos",
    title: "Kerberos 5",
    source: "RFC 4120 §5.2, §5.4, §5.9, §7.2.2, §7.5; RFC 4757; RFC 6649",
    carriers: &[Carrier::Udp, Carrier::Tcp],
    ports: &[88],
    record: &[
        device("request_type", Kind::Text, "`AS` or `TGS`"),
        device("message", Kind::Text, "`request`, `reply` or `error`"),
        person("client", "user that a ticket is for"),
        network("computer", Kind::Text, "computer that a ticket is for"),
        network("realm", Kind::Text, "realm of the client or server"),
        device("service", Kind::Text, "known class of the service asked for, such as `krbtgt` or `cifs`"),
        network("service_host", Kind::Text, "host or realm of the service"),
        device("success", Kind::Flag, "whether a ticket was given"),
        device("error_code", Kind::Number, "why not (RFC 4120 §7.5.9)"),
        device("cipher", Kind::Text, "encryption of the answer"),
        device("ciphers", Kind::List, "encryption that the client is able to, best first"),
    ],
    weirds: &[("kerberos.malformed", "a message breaks its notation (RFC 4120 §5)")],
    window: 64 * 1024,
};

const SERVICES: &[&str] = &[
    "krbtgt",
    "host",
    "cifs",
    "ldap",
    "http",
    "dns",
    "rpcss",
    "termsrv",
    "nfs",
    "imap",
    "smtp",
    "pop",
    "ftp",
    "gc",
    "wsman",
    "mssqlsvc",
    "kadmin",
    "afs",
    "cups",
    "ipp",
    "protectedstorage",
    "restrictedkrbhost",
    "exchangemdb",
    "exchangerfr",
    "msserverclustermgmtapi",
    "hdb",
    "postgres",
    "dicom",
];
/// Encryption types with their names, by the registry of Kerberos parameters.
const CIPHERS: [(i64, &str); 11] = [
    (1, "des-cbc-crc"),
    (2, "des-cbc-md4"),
    (3, "des-cbc-md5"),
    (16, "des3-cbc-sha1"),
    (17, "aes128-cts-hmac-sha1-96"),
    (18, "aes256-cts-hmac-sha1-96"),
    (19, "aes128-cts-hmac-sha256-128"),
    (20, "aes256-cts-hmac-sha384-192"),
    (23, "rc4-hmac"),
    (24, "rc4-hmac-exp"),
    (25, "camellia128-cts-cmac"),
];
/// Kind of an address that is a NetBIOS name (RFC 4120 §7.5.3).
const NETBIOS: i64 = 20;

impl Dissector for Kerberos {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match hello.bytes {
            [0, 0, _, _, rest @ ..] => begins(rest),
            [] | [0] => Probe::No,
            // Over UDP a message fills its datagram.
            bytes => match ber::size(bytes) {
                Ok(size) if size == bytes.len() => begins(bytes),
                _ => Probe::No,
            },
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

/// Whether `bytes` begin as a request, a reply or an error: its tag, a sequence, and version 5.
fn begins(bytes: &[u8]) -> Probe {
    const VERSION: [u8; 3] = [INTEGER, 1, 5];
    let mut rest = bytes;
    for tags in [&[0x6a, 0x6b, 0x6c, 0x6d, 0x7e][..], &[SEQUENCE], &[0xa0, 0xa1]] {
        match (rest.first(), ber::extent(rest)) {
            (None, _) => return Probe::More,
            (Some(tag), _) if !tags.contains(tag) => return Probe::No,
            (_, Ok((head, _))) => rest = rest.get(head..).unwrap_or_default(),
            (_, Err(Fault::Short)) => return Probe::More,
            (_, Err(Fault::Malformed)) => return Probe::No,
        }
    }
    match rest.starts_with(&VERSION) {
        true => Probe::Yes,
        false if VERSION.starts_with(rest) => Probe::More,
        false => Probe::No,
    }
}

impl Parser for Kerberos {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if out.context().flow.is_none_or(|(_, key)| key.transport != Transport::TCP) {
            tell(bytes, out);
            return Step::Take(bytes.len());
        }
        let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return Step::Take(0) };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length > INFO.window - 4 {
            return Step::Done;
        }
        let Some(message) = rest.get(..length) else { return Step::Take(0) };
        tell(message, out);
        Step::Take(4 + length)
    }
}

fn tell(bytes: &[u8], out: &mut Output<'_>) {
    match Message::read(bytes) {
        Ok(Some(message)) => message.say(bytes.get(..1).unwrap_or_default(), out),
        Ok(None) => {}
        Err(_) => out.weird("kerberos.malformed"),
    }
}

/// What of a message is read.
#[derive(Default)]
struct Message<'a> {
    kind: u8,
    client: Vec<&'a [u8]>,
    realm: &'a [u8],
    service: Vec<&'a [u8]>,
    error: Option<i64>,
    cipher: Option<i64>,
    ciphers: Vec<i64>,
    netbios: &'a [u8],
}

impl<'a> Message<'a> {
    fn read(bytes: &'a [u8]) -> Result<Option<Self>, Fault> {
        let outer = Reader::new(bytes).any()?;
        let mut message = Self { kind: outer.tag, ..Self::default() };
        if !matches!(outer.tag, 0x6a..=0x6d | 0x7e) {
            return Ok(None);
        }
        let mut parts = outer.inside().inside(SEQUENCE)?;
        while !parts.is_empty() {
            let part = parts.any()?;
            let mut value = part.inside();
            match (outer.tag, part.tag) {
                (0x6a | 0x6c, 0xa4) => message.body(value.inside(SEQUENCE)?)?,
                (0x6b | 0x6d, 0xa3) | (0x7e, 0xa9) => message.realm = value.any()?.content,
                (0x6b | 0x6d, 0xa4) | (0x7e, 0xa8) => message.client = principal(value)?,
                (0x6b | 0x6d, 0xa5) => message.service = ticket(value)?,
                (0x6b | 0x6d, 0xa6) => message.cipher = value.inside(SEQUENCE)?.inside(0xa0)?.integer().ok(),
                (0x7e, 0xaa) => message.service = principal(value)?,
                (0x7e, 0xa6) => message.error = Some(value.integer()?),
                _ => {}
            }
        }
        Ok(Some(message))
    }

    /// The body of a request (RFC 4120 §5.4.1).
    fn body(&mut self, mut parts: Reader<'a>) -> Result<(), Fault> {
        while !parts.is_empty() {
            let part = parts.any()?;
            let mut value = part.inside();
            match part.tag {
                0xa1 => self.client = principal(value)?,
                0xa2 => self.realm = value.any()?.content,
                0xa3 => self.service = principal(value)?,
                0xa8 => {
                    let mut kinds = value.inside(SEQUENCE)?;
                    while !kinds.is_empty() && self.ciphers.len() < 16 {
                        self.ciphers.push(kinds.integer()?);
                    }
                }
                0xa9 => {
                    let mut addresses = value.inside(SEQUENCE)?;
                    while !addresses.is_empty() {
                        let mut address = addresses.inside(SEQUENCE)?;
                        if address.inside(0xa0)?.integer()? == NETBIOS {
                            self.netbios = address.inside(0xa1)?.any()?.content;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    const fn is_answer(&self) -> bool {
        matches!(self.kind, 0x6b | 0x6d | 0x7e)
    }

    /// The computer that a ticket is for: its account ends in `$`, or is that of the host's own service.
    fn computer(&self) -> Option<&'a [u8]> {
        match self.client.as_slice() {
            [account] => account.strip_suffix(b"$").filter(|name| !name.is_empty()),
            [service, host, ..] if service.eq_ignore_ascii_case(b"host") => Some(host),
            _ => None,
        }
    }

    fn say(&self, raw: &[u8], out: &mut Output<'_>) {
        let is_tcp = out.context().flow.is_some_and(|(_, key)| key.transport == Transport::TCP);
        say_service(self.is_answer(), if is_tcp { "_kerberos._tcp" } else { "_kerberos._udp" }, raw, out);
        let client = if self.is_answer() { About::Receiver } else { About::Sender };
        if let Some(name) = self.computer() {
            out.text(client, Field::HostName, name);
        }
        out.text(client, Field::NetbiosName, self.netbios);
        // A name in small letters is the short one; realms of domains are their DNS names in capitals.
        // Elsewhere the realm is the service's.
        if matches!(self.kind, 0x6a | 0x6b | 0x6d) {
            out.fact(client, Field::Domain, &text::clean(self.realm).to_lowercase(), self.realm);
        }
        let is_des = |kind: &i64| matches!(kind, 1..=3);
        if self.ciphers.iter().any(is_des) {
            out.fact(About::Sender, Field::Legacy, "kerberos-des-offered", raw);
        }
        let weak = match self.cipher {
            Some(1..=3) => Some("kerberos-des"),
            Some(23 | 24) => Some("kerberos-rc4"),
            _ => None,
        };
        if let Some(weak) = weak {
            out.fact(About::Sender, Field::Legacy, weak, raw);
            out.fact(About::Receiver, Field::Legacy, weak, raw);
        }
        self.record(out);
    }

    fn record(&self, out: &mut Output<'_>) {
        let computer = self.computer();
        let mut room = [0; 192];
        let user = if computer.is_none() { joined(&self.client, &mut room) } else { &[] };
        out.record(|row| {
            row.text(
                "request_type",
                match self.kind {
                    0x6a | 0x6b => "AS",
                    0x6c | 0x6d => "TGS",
                    _ => "",
                },
            );
            row.text(
                "message",
                match self.kind {
                    0x7e => "error",
                    _ if self.is_answer() => "reply",
                    _ => "request",
                },
            );
            row.person("client", user);
            row.host("computer", computer.unwrap_or_default());
            row.asked("realm", text::clean(self.realm).to_lowercase());
            row.text("service", self.service.first().and_then(|class| known_word(SERVICES, class)).unwrap_or_default());
            row.host(
                "service_host",
                self.service.get(1).map(|host| text::clean(host).to_lowercase()).unwrap_or_default(),
            );
            if self.is_answer() {
                row.flag("success", self.kind != 0x7e);
            }
            if let Some(code) = self.error.and_then(|code| u64::try_from(code).ok()) {
                row.number("error_code", code);
            }
            row.text("cipher", self.cipher.map(cipher).unwrap_or_default());
            row.list("ciphers", self.ciphers.iter().map(|kind| cipher(*kind)));
        });
    }
}

/// The parts of a name (RFC 4120 §5.2.2).
fn principal(mut value: Reader<'_>) -> Result<Vec<&[u8]>, Fault> {
    let mut name = value.inside(SEQUENCE)?;
    name.expect(0xa0)?;
    let mut parts = name.inside(0xa1)?.inside(SEQUENCE)?;
    let mut found = Vec::new();
    while !parts.is_empty() && found.len() < 4 {
        found.push(parts.any()?.content);
    }
    Ok(found)
}

/// The service that a ticket is for (RFC 4120 §5.3).
fn ticket(mut value: Reader<'_>) -> Result<Vec<&[u8]>, Fault> {
    let mut parts = value.inside(0x61)?.inside(SEQUENCE)?;
    while !parts.is_empty() {
        let part = parts.any()?;
        if part.tag == 0xa2 {
            return principal(part.inside());
        }
    }
    Ok(Vec::new())
}

/// The parts of a name with `/` between, in memory of the caller, so that it does not reach the heap.
fn joined<'b>(parts: &[&[u8]], room: &'b mut [u8]) -> &'b [u8] {
    let bytes =
        parts.iter().enumerate().flat_map(|(n, part)| b"/".get(..n.min(1)).into_iter().chain([*part]).flatten());
    let mut length = 0;
    for (to, from) in room.iter_mut().zip(bytes) {
        (*to, length) = (*from, length + 1);
    }
    room.get(..length).unwrap_or_default()
}

fn cipher(kind: i64) -> String {
    CIPHERS.iter().find(|(known, _)| *known == kind).map_or_else(|| kind.to_string(), |(_, name)| (*name).to_owned())
}
