//! ARP: which station holds which IPv4 address.
//!
//! In: the frame's payload. Out: the sender's address, from requests, replies and announcements. What a message says of
//! its target is hearsay and is not handed on; a probe (sender 0.0.0.0) claims nothing yet.
//!
//! Source: RFC 826; RFC 5227 (probes and announcements).

use crate::codec::address;
use crate::codec::cursor::{Cursor, Short};
use crate::entry::{Carrier, Dissector, Info, Parser, Step};
use crate::{About, Output, Row};
use std::net::Ipv4Addr;
use wardlight_model::{Field, FieldInfo, Kind, Mac, Privacy, Side};

pub(super) static ENTRY: Arp = Arp;

pub(super) struct Arp;

static INFO: Info = Info {
    name: "arp",
    title: "Address Resolution Protocol",
    source: "RFC 826; RFC 5227",
    carriers: &[Carrier::Ethertype(0x0806)],
    ports: &[],
    record: &[
        field("operation", Kind::Text, "`request`, `reply`, `probe` or `announcement`"),
        field("orig_h", Kind::Text, "IPv4 address of the sender"),
        field("orig_hw", Kind::Text, "hardware address of the sender, as the message states it"),
        field("resp_h", Kind::Text, "IPv4 address asked about or answered to"),
        field("resp_hw", Kind::Text, "hardware address answered to"),
    ],
    weirds: &[
        ("arp.short", "the message ends before its addresses do"),
        ("arp.bad_lengths", "the address lengths do not fit Ethernet and IPv4"),
        ("arp.sender_mismatch", "the sender's hardware address is not that of the frame: a proxy, or a forgery"),
        ("arp.bad_sender", "the sender states an address that no station or host can have"),
    ],
    window: 0,
};

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Network, meaning }
}

impl Dissector for Arp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Arp {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match Message::read(bytes) {
            Ok(Some(message)) => message.tell(out),
            Ok(None) => {}
            Err(weird) => out.weird(weird),
        }
        Step::Done
    }
}

struct Message<'a> {
    is_reply: bool,
    sender: (Mac, Ipv4Addr),
    target: (Mac, Ipv4Addr),
    /// The bytes of the sender's two addresses.
    claim: &'a [u8],
}

impl<'a> Message<'a> {
    /// A request or reply over Ethernet for IPv4; `None` for other hardware, protocols and operations.
    fn read(bytes: &'a [u8]) -> Result<Option<Self>, &'static str> {
        Self::parse(bytes).unwrap_or(Err("arp.short"))
    }

    fn parse(bytes: &'a [u8]) -> Result<Result<Option<Self>, &'static str>, Short> {
        let mut cursor = Cursor::new(bytes);
        let (hardware, protocol) = (cursor.u16()?, cursor.u16()?);
        let (hardware_length, protocol_length, operation) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
        // 6 is what some Token Ring and FDDI bridges leave in frames for Ethernet, RFC 1390.
        if !matches!(hardware, 1 | 6) || protocol != 0x0800 || !matches!(operation, 1 | 2) {
            return Ok(Ok(None));
        }
        if (hardware_length, protocol_length) != (6, 4) {
            return Ok(Err("arp.bad_lengths"));
        }
        let claim = cursor.rest().get(..10).ok_or(Short)?;
        let sender = (Mac(cursor.array()?), Ipv4Addr::from(cursor.array::<4>()?));
        let target = (Mac(cursor.array()?), Ipv4Addr::from(cursor.array::<4>()?));
        Ok(Ok(Some(Self { is_reply: operation == 2, sender, target, claim })))
    }

    fn tell(&self, out: &mut Output<'_>) {
        let (mac, ip) = self.sender;
        let context = out.context();
        let frame = context.ends.get(context.side.index()).and_then(|end| end.mac);
        if frame.is_some_and(|frame| frame.is_station() && frame != mac) {
            out.weird("arp.sender_mismatch");
        } else if ip.is_unspecified() {
            // A probe: the sender has no address yet.
        } else if mac.is_station() && address::is_host(ip.into()) {
            out.fact(About::Holder(mac, ip.into()), Field::Address, &ip.to_string(), self.claim);
        } else {
            out.weird("arp.bad_sender");
        }
        out.record(|row| self.fill(row));
    }

    fn fill(&self, row: &mut Row<'_>) {
        row.text("operation", self.operation());
        row.text("orig_h", self.sender.1.to_string());
        row.text("orig_hw", self.sender.0.to_string());
        row.text("resp_h", self.target.1.to_string());
        if self.is_reply {
            row.text("resp_hw", self.target.0.to_string());
        }
    }

    fn operation(&self) -> &'static str {
        match (self.is_reply, self.sender.1) {
            (_, ip) if ip == self.target.1 => "announcement",
            (true, _) => "reply",
            (false, ip) if ip.is_unspecified() => "probe",
            (false, _) => "request",
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::trial::hear;

    const HEAD: &str = "frame arp 00:09:fb:00:00:05 > ff:ff:ff:ff:ff:ff\n";

    #[test]
    fn a_request_names_its_sender_only() {
        let heard =
            hear(&format!("{HEAD}> 0001 0800 06 04 0001 0009fb000005 0a000005 000000000000 0a000009 \"padding\""));
        assert_eq!(heard.facts, ["10.0.0.5@00:09:fb:00:00:05 bind.address = 10.0.0.5"]);
        assert_eq!((heard.places[0].1, heard.places[0].2), (8, 10));
    }

    #[test]
    fn a_probe_binds_nothing() {
        let heard = hear(&format!("{HEAD}> 0001 0800 06 04 0001 0009fb000005 00000000 000000000000 0a000005"));
        assert!(heard.facts.is_empty() && heard.weirds.is_empty());
        assert_eq!(heard.records[0]["operation"], "probe");
    }

    #[test]
    fn a_claim_for_another_frame_is_a_weird() {
        let heard = hear(&format!("{HEAD}> 0001 0800 06 04 0002 0009fb000006 0a000006 000000000000 0a000009"));
        assert!(heard.facts.is_empty());
        assert_eq!(heard.weirds, ["arp.sender_mismatch"]);
    }

    #[test]
    fn what_no_host_can_have_is_a_weird() {
        for (message, weird) in [
            ("0001 0800 06 04 0001 0009fb000005 ffffffff 000000000000 0a000009", "arp.bad_sender"),
            ("0001 0800 06 10 0001 0009fb000005 0a000005 000000000000 0a000009", "arp.bad_lengths"),
            ("0001 0800 06 04 0001 0009fb000005 0a000005 000000000000 0a0000", "arp.short"),
        ] {
            let heard = hear(&format!("{HEAD}> {message}"));
            assert_eq!((heard.facts.len(), heard.weirds), (0, vec![weird.to_owned()]), "{message}");
        }
    }

    #[test]
    fn other_hardware_is_passed_over() {
        let heard = hear(&format!("{HEAD}> 0020 0800 14 04 0001 0009fb000005 0a000005"));
        assert_eq!(heard.to_json(), hear(&format!("{HEAD}> 0001 86dd 06 10 0001 00")).to_json());
        assert!(heard.weirds.is_empty() && heard.facts.is_empty());
    }
}
