//! What a handshake of TLS or DTLS says: facts of both ends, and the record of the connection.

use super::certificate::{self, Leaf};
use crate::codec::ja4;
use crate::codec::text;
use crate::codec::tls_hello::{Hello, numbers};
use crate::{About, Output};
use sha2::{Digest as _, Sha256};
use wardlight_model::Kind::{Flag, Keyed, List, Number, Text};
use wardlight_model::Privacy::{Device, Network, Person};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

const fn field(name: &'static str, kind: Kind, privacy: Privacy, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy, meaning }
}

/// Fields of the record, named as in Zeek's ssl.log and x509.log.
pub const RECORD: &[FieldInfo] = &[
    field("version", Text, Device, "version the server chose: SSLv3, TLSv10 to TLSv13, DTLSv10 to DTLSv13"),
    field("cipher", Text, Device, "cipher suite the server chose, hexadecimal (IANA TLS Cipher Suites)"),
    field("server_name", Text, Network, "server name the client asks for"),
    field("resumed", Flag, Device, "an earlier session is taken up"),
    field("next_protocol", Text, Device, "application protocol chosen by ALPN"),
    field("established", Flag, Device, "the handshake came to its end"),
    field("ja4", Text, Device, "JA4 of the client"),
    field("subject", Text, Device, "subject of the server's certificate"),
    field("issuer", Text, Device, "issuer of the server's certificate"),
    field("client_subject", Text, Device, "subject of the client's certificate, when it names no person"),
    field("client_issuer", Text, Device, "issuer of the client's certificate, when it names no person"),
    field("client_person", Keyed, Person, "subject of the client's certificate, when it may name a person"),
    field("san_dns", List, Network, "DNS names of the server's certificate"),
    field("cert_sha256", Text, Device, "SHA-256 of the server's certificate"),
    field("not_valid_before", Number, Device, "begin of the certificate's validity, seconds since 1970"),
    field("not_valid_after", Number, Device, "end of the certificate's validity, seconds since 1970"),
    field("key_type", Text, Device, "kind of the certificate's key: rsa, ec, dsa, ed25519"),
    field("key_length", Number, Device, "length of the certificate's key in bits"),
];

/// The name of a breach and what it means.
pub type Breach = (&'static str, &'static str);

/// Names of the breaches that are told here.
#[derive(Debug, Clone, Copy)]
pub struct Breaches {
    /// A hello breaks RFC 8446 §4.1.
    pub hello: &'static str,
    /// A certificate breaks RFC 5280.
    pub certificate: &'static str,
    /// A certificate is presented after its validity.
    pub expired: &'static str,
    /// A certificate is presented before its validity.
    pub not_yet_valid: &'static str,
    /// A certificate's key is weaker than 112 bits of security.
    pub weak_key: &'static str,
}

/// The breaches of a protocol by their names.
pub const fn weirds(breaches: &Breaches) -> [Breach; 5] {
    [
        (breaches.hello, "a hello breaks RFC 8446 §4.1"),
        (breaches.certificate, "a certificate breaks RFC 5280"),
        (breaches.expired, "a certificate is presented after its validity"),
        (breaches.not_yet_valid, "a certificate is presented before its validity"),
        (breaches.weak_key, "a certificate's key is weaker than 112 bits of security (NIST SP 800-57 part 1, table 2)"),
    ]
}

/// Application records of one side after which the rest of a handshake is no longer waited for.
const ENOUGH: u8 = 8;

/// What is remembered of a handshake.
pub struct Session {
    breaches: &'static Breaches,
    /// How JA4 calls what carries it: `t` or `d`.
    carrier: char,
    client: Option<Side>,
    version: u16,
    cipher: u16,
    has_changed: [bool; 2],
    data: [u8; 2],
    is_resumed: bool,
    is_established: bool,
    is_refused: bool,
    is_recorded: bool,
    /// Values of the record, when records are wanted.
    words: Box<Words>,
}

#[derive(Default)]
struct Words {
    server_name: String,
    protocol: String,
    ja4: String,
    server: Option<Presented>,
    client: Option<Presented>,
}

/// What the record keeps of a certificate.
struct Presented {
    subject: String,
    issuer: String,
    person: Option<wardlight_model::Keyed>,
    names: Vec<String>,
    hash: String,
    validity: [i64; 2],
    key_kind: &'static str,
    key_bits: usize,
}

impl Session {
    /// Nothing yet, of a protocol whose breaches are called so, and which JA4 calls `carrier`.
    #[must_use]
    pub fn new(breaches: &'static Breaches, carrier: char) -> Self {
        Self {
            breaches,
            carrier,
            client: None,
            version: 0,
            cipher: 0,
            has_changed: [false; 2],
            data: [0; 2],
            is_resumed: false,
            is_established: false,
            is_refused: false,
            is_recorded: false,
            words: Box::default(),
        }
    }

    /// Whether what `side` sends as handshake is encrypted.
    #[must_use]
    pub fn is_encrypted(&self, side: Side) -> bool {
        self.has_changed.get(side.index()).is_some_and(|changed| *changed)
    }

    /// Notes that `side` goes over to the agreed cipher.
    pub fn changes_cipher(&mut self, side: Side) {
        // In TLS 1.3 the message means nothing (RFC 8446 §D.4).
        if is_1_3(self.version) {
            return;
        }
        // The server goes first when a session is taken up again (RFC 5246 §7.3).
        let other = self.is_encrypted(side.other());
        self.is_resumed |= self.version != 0 && side != self.client_side() && !other;
        if let Some(changed) = self.has_changed.get_mut(side.index()) {
            *changed = true;
        }
        self.is_established |= other;
    }

    /// Notes an application record of `length` bytes from `side`.
    pub fn sends_data(&mut self, side: Side, length: usize) {
        if let Some(count) = self.data.get_mut(side.index()) {
            *count = count.saturating_add(1);
        }
        if is_1_3(self.version) && side == self.client_side() {
            // A finished message has a digest of 32 bytes at least; an alert has 2 (RFC 8446 §5.2).
            (self.is_established, self.is_refused) = (length >= 40, length < 40);
        }
    }

    /// Whether nothing more will be learned.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let is_from_the_middle = self.version == 0 && self.client.is_none() && self.data != [0, 0];
        let is_tls13_begun = is_1_3(self.version) && self.is_refused;
        is_from_the_middle || self.is_established || is_tls13_begun || self.data.iter().any(|count| *count >= ENOUGH)
    }

    fn client_side(&self) -> Side {
        self.client.unwrap_or(Side::Initiator)
    }

    /// Writes the record, once, when there is anything to record.
    pub fn record(&mut self, out: &mut Output<'_>) {
        let is_empty = self.version == 0 && self.client.is_none() && self.words.server.is_none();
        if std::mem::replace(&mut self.is_recorded, true) || is_empty {
            return;
        }
        out.record(|row| {
            if self.version != 0 {
                row.text("version", zeek_name(self.version).as_bytes());
                row.text("cipher", format!("{:04x}", self.cipher).as_bytes());
                row.flag("resumed", self.is_resumed);
            }
            row.asked("server_name", &self.words.server_name);
            row.text("next_protocol", self.words.protocol.as_bytes());
            row.flag("established", self.is_established);
            row.text("ja4", self.words.ja4.as_bytes());
            if let Some(server) = &self.words.server {
                row.text("subject", server.subject.as_bytes());
                row.text("issuer", server.issuer.as_bytes());
                row.list("san_dns", &server.names);
                row.text("cert_sha256", server.hash.as_bytes());
                let [before, after] = server.validity.map(|time| u64::try_from(time).unwrap_or_default());
                row.number("not_valid_before", before);
                row.number("not_valid_after", after);
                row.text("key_type", server.key_kind.as_bytes());
                if server.key_bits > 0 {
                    row.number("key_length", server.key_bits as u64);
                }
            }
            if let Some(client) = &self.words.client {
                row.text("client_subject", client.subject.as_bytes());
                row.text("client_issuer", client.issuer.as_bytes());
                if let Some(person) = client.person {
                    row.keyed("client_person", person);
                }
            }
        });
    }
}

/// Says what a client hello tells.
pub fn client_hello(session: &mut Session, side: Side, message: &[u8], out: &mut Output<'_>) {
    let Ok(hello) = Hello::client(message) else {
        out.weird(session.breaches.hello);
        return;
    };
    // The second hello after a retry tells nothing new, and its fingerprint would be another one.
    if session.client.replace(side).is_some() {
        return;
    }
    let name = hello.server_name.unwrap_or_default();
    let text = text::clean(name);
    let masked = out.masked(&text);
    out.fact(About::Sender, Field::TlsServerName, &masked, name);
    let ja4 = ja4::fingerprint(session.carrier, &hello);
    out.fact(About::Sender, Field::Ja4, &ja4, message);
    say_version(hello.best_version(), message, out);
    if out.wants_records() {
        session.words.server_name = masked.into_owned();
        session.words.ja4 = ja4;
    }
}

/// Says what a server hello tells.
pub fn server_hello(session: &mut Session, side: Side, message: &[u8], out: &mut Output<'_>) {
    let Ok(hello) = Hello::server(message) else {
        out.weird(session.breaches.hello);
        return;
    };
    session.client = Some(side.other());
    if hello.is_retry {
        session.version = plain_version(hello.best_version());
        return;
    }
    session.version = plain_version(hello.best_version());
    session.cipher = numbers(hello.ciphers).next().unwrap_or_default();
    session.is_resumed = is_1_3(session.version) && hello.has_key;
    // What came before belongs to no cipher yet.
    (session.has_changed, session.data) = ([false; 2], [0; 2]);
    say_version(hello.best_version(), message, out);
    if out.wants_records() {
        session.words.protocol = text::clean(hello.protocol).into_owned();
    }
}

/// Says what a client hello in the format of SSL 2.0 tells.
pub fn ssl2_hello(session: &mut Session, side: Side, message: &[u8], out: &mut Output<'_>) {
    session.client = Some(side);
    let version = message.get(3..5).and_then(|version| numbers(version).next()).unwrap_or_default();
    say_version(version, message, out);
}

/// Says what the certificate message of `side` tells; `message` ends with the leaf.
pub fn certificate(session: &mut Session, side: Side, message: &[u8], out: &mut Output<'_>) {
    let is_client = session.client_side() == side;
    let der = message.get(6..).unwrap_or_default();
    let Some(leaf) = certificate::read(der, is_client) else {
        out.weird(session.breaches.certificate);
        return;
    };
    name_weaknesses(session.breaches, &leaf, out);
    let hash = text::hex(&Sha256::digest(der));
    if !leaf.is_personal {
        out.fact(About::Sender, Field::CertificateHash, &hash, der);
        out.fact(About::Sender, Field::CertificateSubject, &leaf.subject, leaf.subject_raw);
        out.fact(About::Sender, Field::CertificateIssuer, &leaf.issuer, leaf.issuer_raw);
        for name in &leaf.names {
            out.text(About::Sender, Field::CertificateName, name.as_bytes());
        }
    }
    if out.wants_records() {
        let presented = Some(present(&leaf, hash, out));
        *(if is_client { &mut session.words.client } else { &mut session.words.server }) = presented;
    }
}

fn present(leaf: &Leaf<'_>, hash: String, out: &Output<'_>) -> Presented {
    let public = |text: &str| if leaf.is_personal { String::new() } else { text.to_owned() };
    Presented {
        subject: public(&leaf.subject),
        issuer: public(&leaf.issuer),
        person: leaf.is_personal.then(|| out.keyed(leaf.subject_raw)),
        names: leaf.names.iter().filter(|_| !leaf.is_personal).map(|name| (*name).to_owned()).collect(),
        hash: public(&hash),
        validity: leaf.validity,
        key_kind: leaf.key_kind,
        key_bits: leaf.key_bits,
    }
}

fn name_weaknesses(breaches: &Breaches, leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let now = out.context().time.micros() / 1_000_000;
    let [before, after] = leaf.validity;
    if now > after {
        out.weird(breaches.expired);
    }
    if now < before {
        out.weird(breaches.not_yet_valid);
    }
    if leaf.key_bits > 0 && leaf.key_bits < if leaf.key_kind == "ec" { 224 } else { 2040 } {
        out.weird(breaches.weak_key);
    }
}

/// Says the version that an end offers at best or chose, and that it is obsolete (RFC 8996, RFC 7568, RFC 6176).
fn say_version(version: u16, message: &[u8], out: &mut Output<'_>) {
    let (name, legacy) = match plain_version(version) {
        0x0304 => ("1.3", ""),
        0x0303 => ("1.2", ""),
        0x0302 => ("1.1", "tls1.1"),
        0x0301 => ("1.0", "tls1.0"),
        0x0300 => ("ssl3", "ssl3"),
        0x0002 => ("ssl2", "ssl2"),
        0xfefc => ("dtls1.3", ""),
        0xfefd => ("dtls1.2", ""),
        0xfeff | 0x0100 => ("dtls1.0", "dtls1.0"),
        _ => return,
    };
    out.fact(About::Sender, Field::TlsVersion, name, message);
    out.fact(About::Sender, Field::Legacy, legacy, message);
}

/// Whether all behind the hellos is encrypted.
const fn is_1_3(version: u16) -> bool {
    matches!(version, 0x0304 | 0xfefc)
}

/// The version that a draft of TLS 1.3 became (0x7fNN, 0xfbNN); others as they are.
const fn plain_version(version: u16) -> u16 {
    match version >> 8 {
        0x7f | 0xfb | 0x7e => 0x0304,
        _ => version,
    }
}

fn zeek_name(version: u16) -> String {
    match version {
        0x0002 => "SSLv2".to_owned(),
        0x0300 => "SSLv3".to_owned(),
        0xfeff => "DTLSv10".to_owned(),
        0xfefd => "DTLSv12".to_owned(),
        0xfefc => "DTLSv13".to_owned(),
        0x0301..=0x0304 => format!("TLSv1{}", version - 0x0301),
        other => format!("{other:04x}"),
    }
}
