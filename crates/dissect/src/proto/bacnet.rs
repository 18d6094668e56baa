//! BACnet/IP: which devices run the building, what they say they are, and who asks them.
//!
//! In goes one datagram; out go number, vendor, names and versions of the device object, the standard types of its
//! objects, and what its sender does: device, client, router, BBMD, foreign device. A device behind a router (its
//! message has a source network) is a nested device, named by its number; what a BBMD forwards is said of the host that
//! it forwards for. Never looked at: values of other objects, names of access users, files, text messages, passwords.
//! Segments are noted; only the first one of a message is read.
//!
//! Source: ANSI/ASHRAE 135-2020, annex J (BVLC), clauses 6 (network layer), 12.11, 15, 16, 20, 21.

mod apdu;
mod envelope;
mod names;
mod says;
mod tag;

use crate::codec::cursor::Cursor;
use crate::codec::{address, text};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output, Row};
use apdu::Apdu;
use envelope::{Envelope, Npdu};
use says::{Stand, Told};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) const ENTRY: Bacnet = Bacnet;

/// BACnet/IP.
pub(super) struct Bacnet;

static INFO: Info = Info {
    name: "bacnet",
    title: "BACnet/IP",
    source: "ANSI/ASHRAE 135-2020 annex J, clauses 6, 12.11, 15, 16, 20 and 21",
    carriers: &[Carrier::Udp],
    ports: &[47_808],
    record: &[
        field("bvlc_function", Kind::Text, Privacy::Device, "BVLC function, such as `original-unicast-npdu`"),
        field("origin", Kind::Text, Privacy::Network, "Host that a BBMD forwards for"),
        field("ttl_s", Kind::Number, Privacy::Device, "Seconds a foreign device registers for"),
        field("destination_network", Kind::Number, Privacy::Network, "DNET; 65535 for all networks"),
        field("source_network", Kind::Number, Privacy::Network, "SNET: network behind a router"),
        field("source_address", Kind::Text, Privacy::Network, "SADR: address there, hexadecimal"),
        field("network_message", Kind::Text, Privacy::Network, "Name of a network layer message, or its number"),
        field("pdu_type", Kind::Text, Privacy::Device, "Kind of application message, such as `complex-ack`"),
        field("pdu_service", Kind::Text, Privacy::Device, "Name of the service, or its number"),
        field("invoke_id", Kind::Number, Privacy::Device, "Pairs confirmed requests with their answers"),
        field("segment", Kind::Number, Privacy::Device, "Sequence number of a segment"),
        field("more_follows", Kind::Flag, Privacy::Device, "Whether more segments follow"),
        field("device", Kind::Number, Privacy::Device, "Instance of the device object that the message describes"),
        field("vendor", Kind::Number, Privacy::Device, "Vendor identifier"),
        field("max_apdu", Kind::Number, Privacy::Device, "Longest application message the device takes, in bytes"),
        field("segmentation", Kind::Text, Privacy::Device, "`both`, `transmit`, `receive` or `none`"),
        field("properties", Kind::List, Privacy::Device, "Numbers of the properties whose values are given"),
        field("error", Kind::Text, Privacy::Device, "Class and code of an error, `class:code`"),
        field("reason", Kind::Number, Privacy::Device, "Reason of a reject or an abort"),
    ],
    weirds: &[
        ("bacnet.bvlc", "the datagram is no BVLC message, or its length is wrong"),
        ("bacnet.npdu", "the network layer's header is not as clause 6.2 has it"),
        ("bacnet.apdu", "the application message is not as clause 20.1 has it"),
        ("bacnet.service", "the service's parameters are not as clause 21 has them"),
    ],
    window: 0,
};

const fn field(name: &'static str, kind: Kind, privacy: Privacy, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy, meaning }
}

impl Dissector for Bacnet {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match envelope::envelope(hello.bytes) {
            Ok(envelope) if envelope.has_npdu() => match envelope::npdu(envelope.body) {
                Ok(_) if envelope.fits => Probe::Yes,
                Ok(_) => Probe::Likely,
                Err(_) => Probe::No,
            },
            // Four bytes are too little to know it by.
            Ok(envelope) if envelope.fits => Probe::Likely,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Reading)
    }
}

struct Reading;

impl Parser for Reading {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match envelope::envelope(bytes) {
            Ok(envelope) => message(&envelope, bytes, out),
            Err(_) => out.weird("bacnet.bvlc"),
        }
        Step::Take(bytes.len())
    }
}

fn message(envelope: &Envelope<'_>, bytes: &[u8], out: &mut Output<'_>) {
    if !envelope.fits {
        out.weird("bacnet.bvlc");
    }
    let raw = bytes.get(..2).unwrap_or_default();
    out.fact(About::Sender, Field::Legacy, "cleartext-bacnet", raw);
    match envelope.function {
        envelope::FORWARDED => out.fact(About::Sender, Field::BacnetRole, "bbmd", raw),
        envelope::BROADCAST_TABLE => say_listed(envelope.body, "bbmd", out),
        envelope::FOREIGN_TABLE => say_listed(envelope.body, "foreign-device", out),
        envelope::REGISTER | envelope::DISTRIBUTE => out.fact(About::Sender, Field::BacnetRole, "foreign-device", raw),
        _ => {}
    }
    if !envelope.has_npdu() {
        out.record(|row| record_link(envelope, row));
        return;
    }
    let Ok(npdu) = envelope::npdu(envelope.body) else {
        out.weird("bacnet.npdu");
        out.record(|row| record_link(envelope, row));
        return;
    };
    let stand = stand(envelope, &npdu, out);
    let (apdu, told) = application(&npdu, stand, out);
    out.record(|row| {
        record_link(envelope, row);
        record_network(&npdu, row);
        if let Some(apdu) = &apdu {
            record_application(apdu, &told, row);
        }
    });
}

/// A BBMD lists hosts that have `role`: its peers, or foreign devices. Each entry has 10 bytes (annex J.2.4, J.2.8).
fn say_listed(table: &[u8], role: &str, out: &mut Output<'_>) {
    let raw = table.get(..1).unwrap_or(table);
    out.fact(About::Sender, Field::BacnetRole, "bbmd", raw);
    for entry in table.as_chunks::<10>().0 {
        if let Some(host) = entry.get(..4).and_then(address::host) {
            out.fact(About::Host(host), Field::BacnetRole, role, entry);
        }
    }
}

/// Where the device stands that the message is about. Says of the host that sent it when it is a router.
fn stand<'a>(envelope: &Envelope<'_>, npdu: &Npdu<'_>, out: &mut Output<'_>) -> Stand<'a> {
    const I_AM_ROUTER: u8 = 1;
    let host = match (envelope.function, envelope.origin) {
        (envelope::FORWARDED, None) => return Stand::Nowhere,
        (_, None) => About::Sender,
        (_, Some(ip)) => About::Host(ip),
    };
    if npdu.source.is_some() || npdu.network_message == Some(I_AM_ROUTER) {
        out.fact(host, Field::BacnetRole, "router", envelope.body.get(..2).unwrap_or_default());
    }
    if npdu.source.is_some() { Stand::Behind } else { Stand::Host(host) }
}

/// Says what the application's message tells, when there is one.
fn application<'a>(npdu: &Npdu<'a>, stand: Stand<'_>, out: &mut Output<'_>) -> (Option<Apdu<'a>>, Told) {
    if npdu.network_message.is_some() {
        return (None, Told::default());
    }
    let Ok(apdu) = Apdu::read(npdu.body) else {
        out.weird("bacnet.apdu");
        return (None, Told::default());
    };
    if let Stand::Host(about) = stand {
        let role = if apdu.is_said_by_a_device() { "device" } else { "client" };
        if apdu.is_said_by_a_device() || apdu.asks() {
            out.fact(about, Field::BacnetRole, role, npdu.body.get(..1).unwrap_or_default());
        }
    }
    let told = says::tell(&apdu, stand, out).unwrap_or_else(|_| {
        out.weird("bacnet.service");
        Told::default()
    });
    (Some(apdu), told)
}

fn record_link(envelope: &Envelope<'_>, row: &mut Row<'_>) {
    row.text("bvlc_function", names::function(envelope.function));
    if let Some(origin) = envelope.origin {
        row.text("origin", origin.to_string());
    }
    if envelope.function == envelope::REGISTER
        && let Ok(seconds) = Cursor::new(envelope.body).u16()
    {
        row.number("ttl_s", seconds);
    }
}

fn record_network(npdu: &Npdu<'_>, row: &mut Row<'_>) {
    if let Some(network) = npdu.destination {
        row.number("destination_network", network);
    }
    if let Some(source) = npdu.source {
        row.number("source_network", source.network);
        row.text("source_address", text::hex(source.address));
    }
    if let Some(number) = npdu.network_message {
        row.text("network_message", name_or_number(names::network(number), number));
    }
}

fn record_application(apdu: &Apdu<'_>, told: &Told, row: &mut Row<'_>) {
    row.text("pdu_type", apdu.kind.name());
    if let Some(service) = apdu.service {
        row.text("pdu_service", name_or_number(apdu.service_name(), service));
    }
    if let Some((sequence, more)) = apdu.segment {
        row.number("segment", sequence);
        if apdu.kind != apdu::Kind::SegmentAck {
            row.flag("more_follows", more);
        }
    }
    let numbers = [
        ("invoke_id", apdu.invoke.map(u32::from)),
        ("device", told.device),
        ("vendor", told.vendor),
        ("max_apdu", told.max_apdu),
        ("reason", apdu.reason.map(u32::from)),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            row.number(name, number);
        }
    }
    let segmentation = told.segmentation.and_then(|number| usize::try_from(number).ok());
    let segmentation = segmentation.and_then(|number| ["both", "transmit", "receive", "none"].get(number).copied());
    row.text("segmentation", segmentation.unwrap_or_default());
    row.list("properties", told.properties.iter().map(u32::to_string));
    if let Some((class, code)) = apdu.error() {
        row.text("error", format!("{class}:{code}"));
    }
}

fn name_or_number(name: &str, number: u8) -> String {
    if name.is_empty() { number.to_string() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use crate::trial::{bytes, hear};
    use proptest::prelude::*;

    const I_AM: &str = "1000 c4 02000309 22 05c4 9100 21 05";

    #[test]
    fn a_device_says_its_number_and_maker() {
        let heard = hear(&format!("udp 10.0.0.9:47808 > 10.0.0.255:47808\n> 810b 0018 0120 ffff 00 ff {I_AM}"));
        heard.says("10.0.0.9 bacnet.device = 777");
        heard.says("10.0.0.9 bacnet.vendor = 5");
        heard.says("10.0.0.9 bacnet.role = device");
        assert_eq!((&heard.records[0]["segmentation"], &heard.records[0]["max_apdu"]), (&"both".into(), &1476.into()));
        assert_eq!(heard.weirds, Vec::<String>::new());
    }

    #[test]
    fn a_device_behind_a_router_is_nested_and_its_router_is_a_router() {
        let heard =
            hear(&format!("udp 10.0.0.9:47808 > 10.0.0.255:47808\n> 810b 001c 0128 ffff 00 07d1 01 0c ff {I_AM}"));
        heard.says("10.0.0.9>BacnetDevice:777 bacnet.vendor = 5");
        heard.says("10.0.0.9>BacnetDevice:777 bacnet.role = device");
        heard.says("10.0.0.9 bacnet.role = router");
        assert!(!heard.facts.iter().any(|fact| fact.starts_with("10.0.0.9 bacnet.device")), "{:?}", heard.facts);
    }

    #[test]
    fn what_a_bbmd_forwards_is_said_of_the_host_it_forwards_for() {
        let heard =
            hear(&format!("udp 10.0.0.9:47808 > 10.0.0.255:47808\n> 8104 001e 0a010007 bac0 0120 ffff 00 ff {I_AM}"));
        heard.says("10.1.0.7 bacnet.device = 777");
        heard.says("10.0.0.9 bacnet.role = bbmd");
        assert!(!heard.facts.contains(&"10.0.0.9 bacnet.vendor = 5".to_owned()));
    }

    #[test]
    fn names_of_access_users_stay_where_they_are() {
        let ack = "30 01 0c 0c 08c00001 19 4d 3e 75 0e 00 \"Erika Sommer!\" 3f";
        let heard = hear(&format!("udp 10.0.0.5:47808 > 10.0.0.9:47808\n> 810a 0022 0100 {ack}"));
        heard.says("10.0.0.5 bacnet.object_type = access-user");
        assert!(!format!("{heard:?}").contains("Erika"), "{heard:?}");
    }

    proptest! {
        #[test]
        fn damaged_messages_say_no_more_than_the_whole_ones(at in 0_usize..60, byte: u8, end in 0_usize..60) {
            let ack = "30 01 0e 0c 02000309 1e 29 46 4e 75 05 00 \"B100\" 4f 29 4d 5e 91 02 91 20 5f 1f";
            let mut raw = bytes(&format!("810a 0022 0108 07d1 01 0c {ack}"));
            raw.iter_mut().skip(at).take(1).for_each(|old| *old = byte);
            raw.truncate(end);
            let heard = hear(&format!("udp 10.0.0.5:47808 > 10.0.0.9:47808\n> {}", crate::codec::text::hex(&raw)));
            prop_assert!(heard.facts.len() <= 6 && heard.records.len() <= 1);
        }
    }

    #[test]
    fn other_datagrams_that_begin_alike_are_left_alone() {
        for other in
            ["8101 0006 0000 00", "810a 0008 0200 1008", "820a 0008 0100 1008", "81ca 000c 0100 1008 0000 0000"]
        {
            let heard = hear(&format!("udp 10.0.0.5:5004 > 10.0.0.9:5004\n> {other}"));
            assert_eq!(heard.service, None, "{other}");
        }
    }
}
