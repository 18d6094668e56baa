//! OPC UA over TCP: which servers there are, which products they are, and how well they are protected.
//!
//! In: both directions of a stream. Out: roles, and of services that are not encrypted what applications say of themselves
//! (FindServers, GetEndpoints, CreateSession) and what the build of a server is (Read); one record for each secure channel
//! and each of these answers. Values of other nodes, users, session names, certificates and host names are passed over.
//!
//! Source: OPC 10000-6 1.05 §5.2 (binary encoding), §6.7 (secure conversation), §7.1 (connection protocol); OPC 10000-4 1.05
//! §5.5 (discovery), §5.6, §5.7, §5.11.2, §7; OPC 10000-5 1.05 §12.4 (BuildInfo).

mod encoding;
mod services;

use crate::codec::cursor::{Cursor, Short};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use services::Services;
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) const ENTRY: Opcua = Opcua;

/// OPC UA.
pub(super) struct Opcua;

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Device, meaning }
}

static INFO: Info = Info {
    name: "opcua",
    title: "OPC UA",
    source: "OPC 10000-6 1.05 §5.2, §6.7 and §7.1; OPC 10000-4 1.05 §5 and §7; OPC 10000-5 1.05 §12.4",
    carriers: &[Carrier::Tcp],
    ports: &[4840],
    record: &[
        field("message", Kind::Text, "`open-channel`, or the service that is answered, such as `get-endpoints`"),
        field("policy", Kind::Text, "Security policy of the channel, such as `None` or `Basic256Sha256`"),
        field("policies", Kind::List, "Security policies that endpoints offer"),
        field("applications", Kind::Number, "How many applications or endpoints are described"),
        field("product_uri", Kind::Text, "Product of the first application described"),
    ],
    weirds: &[
        ("opcua.header", "what should be a message header is none"),
        ("opcua.service", "a service's parameters are not as the specification has them"),
    ],
    window: 65_536,
};

impl Dissector for Opcua {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        let mut cursor = Cursor::new(hello.bytes);
        let kind = cursor.take_at_most(4);
        let is_first =
            |kind: &[u8]| [b"HELF", b"ACKF", b"RHEF", b"ERRF", b"OPNF"].iter().any(|known| known.starts_with(kind));
        if kind.is_empty() || !is_first(kind) {
            return Probe::No;
        }
        match (cursor.u32_le(), kind) {
            (Err(Short), _) => Probe::More,
            (Ok(32..=4128), b"HELF") | (Ok(28), b"ACKF") | (Ok(12..=8192), b"RHEF") => Probe::Yes,
            (Ok(16..=4128), b"ERRF") | (Ok(64..=8192), b"OPNF") => Probe::Yes,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Conversation>::default()
    }
}

#[derive(Default)]
struct Conversation {
    /// Whether messages of a channel can be read.
    is_plain: bool,
    is_astray: [bool; 2],
    services: Services,
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let mut cursor = Cursor::new(bytes);
        let (Ok(kind), Ok(size)) = (cursor.array::<4>(), cursor.u32_le()) else { return Step::Take(0) };
        let is_known = matches!(&kind[..3], b"HEL" | b"ACK" | b"RHE" | b"ERR" | b"OPN" | b"MSG" | b"CLO");
        if !is_known || !matches!(kind[3], b'F' | b'C' | b'A') || size < 8 {
            if !*side.of(self.is_astray.each_mut()) {
                out.weird("opcua.header");
            }
            return Step::Done;
        }
        *side.of(self.is_astray.each_mut()) = false;
        let is_bulk = &kind[..3] == b"MSG" && (!self.is_plain || kind[3] != b'F');
        let length = usize::try_from(size).unwrap_or(usize::MAX);
        if is_bulk || length > INFO.window {
            return Step::Skip(u64::from(size));
        }
        let Ok(body) = cursor.take(length - 8) else { return Step::Take(0) };
        match &kind[..3] {
            b"HEL" => say_ends(About::Sender, About::Receiver, kind_bytes(bytes), out),
            b"ACK" | b"RHE" => say_ends(About::Receiver, About::Sender, kind_bytes(bytes), out),
            b"OPN" => self.open_channel(body, out),
            b"MSG" if self.services.read(body, out).is_err() => out.weird("opcua.service"),
            _ => {}
        }
        Step::Take(length)
    }

    fn gap(&mut self, side: Side, _lost: u64) -> bool {
        *side.of(self.is_astray.each_mut()) = true;
        true
    }
}

fn kind_bytes(bytes: &[u8]) -> &[u8] {
    bytes.get(..4).unwrap_or(bytes)
}

fn say_ends(client: About<'_>, server: About<'_>, raw: &[u8], out: &mut Output<'_>) {
    out.fact(client, Field::PlantRole, "opcua-client", raw);
    out.fact(server, Field::PlantRole, "opcua-server", raw);
}

impl Conversation {
    /// The header of a message that opens a channel is never encrypted: it names the policy.
    fn open_channel(&mut self, body: &[u8], out: &mut Output<'_>) {
        let mut cursor = Cursor::new(body);
        let uri = cursor.u32_le().and_then(|_channel| encoding::string(&mut cursor));
        let Ok(uri) = uri else { return out.weird("opcua.service") };
        let policy = policy(uri);
        self.is_plain = policy == "None";
        if self.is_plain {
            out.fact(About::Sender, Field::Legacy, "cleartext-opcua", uri);
        }
        out.record(|row| {
            row.text("message", "open-channel");
            row.text("policy", policy);
        });
    }
}

/// The name of a security policy of the specification, at the end of its URI; empty for others.
fn policy(uri: &[u8]) -> &'static str {
    const POLICIES: [&str; 6] =
        ["None", "Basic128Rsa15", "Basic256", "Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"];
    let name = text::clean(uri.rsplit(|byte| *byte == b'#').next().unwrap_or_default());
    POLICIES.into_iter().find(|known| *known == name).unwrap_or_default()
}
