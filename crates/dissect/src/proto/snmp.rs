//! SNMP: what managed equipment says about itself, and who manages it how.
//!
//! In comes one datagram of version 1, 2c or 3; out go the values of objects that describe a device, when the device
//! itself says them, and its engine id. A user name leaves as a keyed hash only, a community, which is a password, as no
//! more than whether it is one that everybody knows; `sysContact` and the values of set requests are never looked at.
//! Source: RFC 1157, RFC 3416 (PDUs), RFC 3412 and 3414 (version 3), RFC 3411 §5 (engine ids), RFC 3418 (system group).

mod message;
mod mib;

use crate::codec::address;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output, Row};
use message::{Body, Message, Pdu, PduKind, Version};
use mib::Described;
use std::net::IpAddr;
use wardlight_model::{Field, FieldInfo, Kind, Mac, Privacy, Side};

pub(super) static ENTRY: Snmp = Snmp;

pub(super) struct Snmp;

static INFO: Info = Info {
    name: "snmp",
    title: "Simple Network Management Protocol",
    source: "RFC 1157; RFC 3411 to 3418",
    carriers: &[Carrier::Udp],
    ports: &[161, 162],
    record: &[
        field("version", Kind::Text, Privacy::Device, "Protocol version: 1, 2c or 3"),
        field(
            "pdu",
            Kind::Text,
            Privacy::Device,
            "What the message is, such as `get-next-request`; none when encrypted",
        ),
        field("community", Kind::Text, Privacy::Device, "Community of versions 1 and 2c: `default` or `other`"),
        field("user_hash", Kind::Keyed, Privacy::Person, "User name of version 3, mostly that of a member of staff"),
        field("authenticated", Kind::Flag, Privacy::Device, "Whether a version 3 message is authenticated"),
        field("encrypted", Kind::Flag, Privacy::Device, "Whether a version 3 message is encrypted"),
        field("engine_id", Kind::Text, Privacy::Device, "Authoritative engine id, hexadecimal (RFC 3411 §5)"),
        field("engine_enterprise", Kind::Number, Privacy::Device, "Private enterprise number in the engine id"),
        field("engine_mac", Kind::Text, Privacy::Network, "Hardware address in the engine id"),
        field("request_id", Kind::Number, Privacy::Device, "Request id, as unsigned number of 32 bits"),
        field("error_status", Kind::Number, Privacy::Device, "Error status of a response; 0 for none"),
        field("bindings", Kind::Number, Privacy::Device, "Number of variable bindings"),
        field("mib", Kind::Text, Privacy::Device, "First eight numbers of the first object asked for or given"),
        field("display_string", Kind::Text, Privacy::Device, "sysDescr.0, when the message gives it"),
        field("enterprise", Kind::Text, Privacy::Device, "Enterprise of a version 1 trap, dotted"),
        field("generic_trap", Kind::Number, Privacy::Device, "Generic trap number of a version 1 trap"),
        field("specific_trap", Kind::Number, Privacy::Device, "Specific trap number of a version 1 trap"),
    ],
    weirds: &[
        ("snmp.malformed", "the message is not encoded as RFC 3416 or RFC 3412 demand"),
        ("snmp.engine_id", "the engine id has not 5 to 32 bytes (RFC 3411 §5)"),
    ],
    window: 0,
};

const fn field(name: &'static str, kind: Kind, privacy: Privacy, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy, meaning }
}

impl Dissector for Snmp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        if message::envelope(hello.bytes).is_ok() { Probe::Yes } else { Probe::No }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation::default())
    }
}

#[derive(Default)]
struct Conversation {
    described: Described,
    engine_said: [bool; 2],
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let Ok(message) = message::envelope(bytes) else {
            out.weird("snmp.malformed");
            return Step::Take(bytes.len());
        };
        let pdu = message::pdu(&message);
        if pdu.is_err() {
            out.weird("snmp.malformed");
        }
        let pdu = pdu.ok().flatten();
        say_version(&message, pdu.as_ref(), out);
        self.say_engine(side, &message, pdu.as_ref(), out);
        if let Some(pdu) = &pdu {
            if pdu.bindings().any(|binding| binding.is_err()) {
                out.weird("snmp.malformed");
            }
            if pdu.kind.is_said_by_the_device() {
                let origin = origin(pdu, out);
                self.described.tell(pdu, origin.map_or(About::Sender, About::Host), out);
            }
        }
        out.record(|row| record(&message, pdu.as_ref(), row));
        Step::Take(bytes.len())
    }
}

impl Conversation {
    /// Says the engine id of the authoritative sender. Whoever answers or announces without wanting a reply is
    /// authoritative (RFC 3414 §1.5.1), and such messages have the reportable flag clear (RFC 3412 §6.4).
    fn say_engine(&mut self, side: Side, message: &Message<'_>, pdu: Option<&Pdu<'_>>, out: &mut Output<'_>) {
        let Some(security) = &message.security else { return };
        if !security.engine.is_empty() && !(5..=32).contains(&security.engine.len()) {
            out.weird("snmp.engine_id");
            return;
        }
        let speaks_for_itself = pdu.is_none_or(|pdu| pdu.kind.is_said_by_the_device() || pdu.kind == PduKind::Report);
        let said = side.of(self.engine_said.each_mut());
        if !security.reportable && speaks_for_itself && !*said && !security.engine.is_empty() {
            *said = true;
            let hex = crate::codec::text::hex(security.engine);
            out.fact(About::Sender, Field::SnmpEngineId, &hex, security.engine);
        }
    }
}

fn say_version(message: &Message<'_>, pdu: Option<&Pdu<'_>>, out: &mut Output<'_>) {
    let raw = message.version_raw;
    out.fact(About::Sender, Field::SnmpVersion, message.version.name(), raw);
    let weak = match (message.version, &message.security) {
        (Version::V1, _) => "snmp-v1",
        (Version::V2c, _) => "snmp-v2c",
        (Version::V3, Some(security)) if security.is_open() && pdu.is_some_and(|pdu| pdu.kind != PduKind::Report) => {
            "snmp-v3-noauth"
        }
        (Version::V3, _) => return,
    };
    out.fact(About::Sender, Field::Legacy, weak, raw);
    if pdu.is_some_and(|pdu| pdu.kind == PduKind::Response) {
        out.fact(About::Receiver, Field::Legacy, weak, raw);
    }
}

/// The host a trap comes from, when the message names another one than its sender.
fn origin(pdu: &Pdu<'_>, out: &Output<'_>) -> Option<IpAddr> {
    let named = pdu.trap.map(|trap| trap.agent).or_else(|| mib::trap_address(pdu))?;
    let context = out.context();
    let sender = context.side.of(context.ends);
    address::host(named).filter(|ip| sender.ip != Some(*ip))
}

fn record(message: &Message<'_>, pdu: Option<&Pdu<'_>>, row: &mut Row<'_>) {
    row.text("version", message.version.name());
    row.text("pdu", pdu.map_or("", |pdu| pdu.kind.name()));
    if let Body::Community(community) = message.body {
        row.text("community", community_class(community));
    }
    if let Some(security) = &message.security {
        row.person("user_hash", security.user);
        row.flag("authenticated", security.authenticated);
        row.flag("encrypted", security.encrypted);
        record_engine(security.engine, row);
    }
    if let Some(pdu) = pdu {
        record_pdu(pdu, row);
    }
}

/// Whether a community is one that devices are delivered with. Not even a hash of it may leave: it is a password that
/// may be guessed.
fn community_class(community: &[u8]) -> &'static str {
    let is_default = [&b"public"[..], b"private"].iter().any(|known| community.eq_ignore_ascii_case(known));
    if is_default { "default" } else { "other" }
}

fn record_engine(engine: &[u8], row: &mut Row<'_>) {
    row.text("engine_id", crate::codec::text::hex(engine));
    let Some((enterprise, rest)) = engine.split_first_chunk::<4>() else { return };
    let enterprise = u32::from_be_bytes(*enterprise);
    row.number("engine_enterprise", enterprise & 0x7fff_ffff);
    // Since SNMPv3 the first bit is set and the fifth byte says what follows; 3 is a hardware address.
    if let (true, Some((3, mac))) = (enterprise >> 31 == 1, rest.split_first())
        && let (Some(mac), 6) = (Mac::from_slice(mac), mac.len())
    {
        row.text("engine_mac", mac.to_string());
    }
}

fn record_pdu(pdu: &Pdu<'_>, row: &mut Row<'_>) {
    match pdu.trap {
        Some(trap) => {
            row.text("enterprise", trap.enterprise.to_string());
            row.number("generic_trap", trap.generic);
            row.number("specific_trap", trap.specific);
        }
        None => {
            row.number("request_id", pdu.request);
            if pdu.kind == PduKind::Response {
                row.number("error_status", pdu.error);
            }
        }
    }
    let mut bindings = pdu.bindings().flatten();
    row.number("bindings", pdu.bindings().flatten().count() as u64);
    // Further numbers are indices, and those of some tables spell out user names or communities.
    row.text("mib", bindings.next().map(|(name, _)| name.dotted(8)).unwrap_or_default());
    if pdu.kind.is_said_by_the_device() {
        row.text("display_string", mib::description(pdu).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use crate::trial::hear;

    const GET: &str = "302902010004067075626c6963a01c02040f00000102010002010030 0e300c06082b060102010101000500";

    #[test]
    fn a_request_says_nothing_about_the_device_asked() {
        let heard = hear(&format!("udp 10.0.0.5:40000 > 10.0.0.9:161\n> {GET}"));
        assert_eq!(heard.facts, ["10.0.0.5 legacy.use = snmp-v1", "10.0.0.5 snmp.version = 1"]);
        assert_eq!(heard.records[0]["mib"], "1.3.6.1.2.1.1.1");
    }

    #[test]
    fn of_a_community_only_its_class_leaves() {
        for (community, class) in
            [("7075626c6963", "default"), ("505249564154", "other"), ("536f4d33", "other"), ("", "other")]
        {
            let length = community.len() / 2;
            let pdu = "a01c02040f00000102010002010030 0e300c06082b060102010101000500";
            let get = format!("30{:02x} 020100 04{length:02x} {community} {pdu}", 35 + length);
            let heard = hear(&format!("udp 10.0.0.5:40000 > 10.0.0.9:161\n> {get}"));
            let record = heard.records[0].as_object().expect("a record");
            assert_eq!(record["community"], class);
            assert!(!record.contains_key("community_hash") && heard.records.len() == 1);
        }
    }

    #[test]
    fn ldap_and_kerberos_are_not_snmp() {
        for other in ["300c02010160070201030400 8000", "6a81 1030 0ea1 0302 0105 a203 0201 0aa4 0230 00", "3003020101"]
        {
            let heard = hear(&format!("udp 10.0.0.5:40000 > 10.0.0.9:161\n> {other}"));
            assert_ne!(heard.service, Some("snmp"), "{other}");
        }
    }
}
