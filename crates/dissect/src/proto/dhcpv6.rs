//! DHCP for IPv6: what a client calls itself and asks for, and which addresses it is given.
//!
//! In: messages over UDP, relayed ones too (to a bounded depth). Out: facts about the client, who is the sender only
//! when no relay agent stands between; the addresses it is given; one record a message.
//!
//! Source: RFC 8415; RFC 4704 (option 39); RFC 6355 (DUID-UUID); RFC 6939 (option 79).

mod message;
mod record;

use crate::codec::address::is_host;
use crate::codec::duid::Duid;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use message::{Association, Message, code, kind};
use std::net::{IpAddr, Ipv6Addr};
use wardlight_model::{Field, Mac, Side};

pub(super) static ENTRY: Dhcpv6 = Dhcpv6;

pub(super) struct Dhcpv6;

static INFO: Info = Info {
    name: "dhcpv6",
    title: "Dynamic Host Configuration Protocol for IPv6",
    source: "RFC 8415",
    carriers: &[Carrier::Udp],
    ports: &[546, 547],
    record: record::FIELDS,
    weirds: &[
        ("dhcpv6.short", "the message ends within its fixed part"),
        ("dhcpv6.bad_option", "an option is longer than what is left"),
        ("dhcpv6.bad_duid", "a client's or server's identifier is not formed as its type asks for"),
        ("dhcpv6.deep_relay", "more relay agents than a message may pass, or none with a message in it"),
    ],
    window: 0,
};

impl Dissector for Dhcpv6 {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        let Ok(Some(message)) = Message::read(hello.bytes) else { return Probe::No };
        if !(1..=11).contains(&message.kind) {
            return Probe::No;
        }
        let has_duid = message.client_id().is_some_and(|raw| Duid::read(raw).is_some());
        match (message.has_broken_options(), has_duid) {
            (false, true) => Probe::Yes,
            _ if message.options().next().is_some() => Probe::Likely,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Dhcpv6 {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match Message::read(bytes) {
            Ok(Some(message)) => hear(&message, out),
            Ok(None) => out.weird("dhcpv6.deep_relay"),
            Err(_) => out.weird("dhcpv6.short"),
        }
        Step::Take(bytes.len())
    }
}

fn hear(message: &Message<'_>, out: &mut Output<'_>) {
    if message.has_broken_options() {
        out.weird("dhcpv6.bad_option");
    }
    let ids = [message.client_id(), message.option(code::SERVER_ID)];
    if ids.into_iter().flatten().any(|raw| Duid::read(raw).is_none()) {
        out.weird("dhcpv6.bad_duid");
    }
    if message.is_relayed_to_server() {
        out.fact(About::Sender, Field::Router, "dhcp-relay", message.relay_raw());
    }
    if message.is_from_client() {
        if let Some(about) = client(message) {
            describe(message, about, out);
        }
    } else if message.kind == kind::REPLY {
        bind(message, out);
    }
    out.record(|row| record::fill(message, row));
}

/// Who the client is: the sender, or who the innermost relay agent and the client's own identifier say.
fn client(message: &Message<'_>) -> Option<About<'static>> {
    let Some(peer) = message.peer else { return Some(About::Sender) };
    let by_option = message.link_address().and_then(Mac::from_slice);
    if let Some(mac) = by_option.or_else(|| mac_in(peer)).filter(|mac| mac.is_station()) {
        return Some(About::Station(mac));
    }
    // A link-local address means nothing outside the client's own link.
    if !peer.is_unicast_link_local() && is_host(peer.into()) {
        return Some(About::Host(peer.into()));
    }
    message.client_id().and_then(Duid::read)?.mac().map(About::Station)
}

/// The hardware address that a link-local address was made of (RFC 4291 appendix A).
fn mac_in(ip: Ipv6Addr) -> Option<Mac> {
    let [0xfe, 0x80, 0, 0, 0, 0, 0, 0, a, b, c, 0xff, 0xfe, d, e, f] = ip.octets() else { return None };
    Some(Mac([a ^ 2, b, c, d, e, f]))
}

/// Says of `about`, the client, what its options say.
fn describe(message: &Message<'_>, about: About<'_>, out: &mut Output<'_>) {
    identify(message, about, out);
    if let Some(raw) = message.option(code::FQDN) {
        out.fact(about, Field::DhcpHostname, &message::fqdn(raw), raw.get(1..).unwrap_or(raw));
    }
    for raw in message.vendor_classes().take(8) {
        out.text(about, Field::DhcpVendorClass, raw);
    }
    if let Some(raw) = message.option(code::OPTION_REQUEST) {
        out.fact(about, Field::Dhcpv6Parameters, &message::parameters(raw), raw);
    }
}

/// Says the client's identifier, once for each of its associations.
fn identify(message: &Message<'_>, about: About<'_>, out: &mut Output<'_>) {
    let Some((raw, duid)) = message.client_id().and_then(|raw| Some((raw, Duid::read(raw)?))) else { return };
    let mut is_alone = true;
    for association in message.associations().take(8) {
        out.fact(about, Field::Duid, &duid.text(Some(association.iaid)), raw);
        is_alone = false;
    }
    if is_alone {
        out.fact(about, Field::Duid, &duid.text(None), raw);
    }
    if let Some(uuid) = duid.uuid() {
        out.fact(about, Field::Uuid, &uuid, raw);
    }
}

/// Says who holds the addresses that a server gives: the client with the identifier, and when the server answers it
/// directly, the station that gets the answer.
fn bind(message: &Message<'_>, out: &mut Output<'_>) {
    let duid = message.client_id().and_then(Duid::read);
    let context = out.context();
    let receiver = context.ends.get(context.side.other().index()).copied().unwrap_or_default();
    let is_direct = message.peer.is_none() && receiver.ip.is_some_and(is_link_local);
    let mac = receiver.mac.filter(|_| is_direct && !context.to_group);
    for Association { iaid, options, .. } in message.associations().take(8) {
        for (ip, raw) in message::addresses(options).take(16).filter(|(ip, _)| is_host((*ip).into())) {
            if let Some(duid) = duid {
                out.fact(About::Host(ip.into()), Field::Duid, &duid.text(Some(iaid)), raw);
            }
            if let Some(mac) = mac {
                out.fact(About::Holder(mac, ip.into()), Field::Address, &ip.to_string(), raw);
            }
        }
    }
}

const fn is_link_local(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::hear;

    const ID: &str = "0001 000a 0003 0001 0009fb010203";

    #[test]
    fn a_link_local_address_may_hold_the_hardware_address() {
        let ip = "fe80::209:fbff:fe01:203".parse().expect("an address");
        assert_eq!(mac_in(ip), Some(Mac([0, 9, 0xfb, 1, 2, 3])));
        assert_eq!(mac_in("fe80::1".parse().expect("an address")), None);
        assert_eq!(mac_in("2001:db8::209:fbff:fe01:203".parse().expect("an address")), None);
    }

    #[test]
    fn a_client_without_association_says_its_identifier_alone() {
        let heard = hear(&format!("udp [fe80::5]:546 > [ff02::1:2]:547\n> 0b 000001 {ID} 0008 0002 0000"));
        assert_eq!(heard.facts, ["fe80::5 bind.duid = 000300010009fb010203"]);
    }

    #[test]
    fn an_answer_to_the_client_binds_its_addresses() {
        let heard = hear(&format!(
            "udp [fe80::1]:547 > [fe80::209:fbff:fe01:203]:546\n> 07 000001 {ID} 0002 000a 0003 0001 0009fb0000ff \
             0003 0028 00000005 00000000 00000000 0005 0018 20010db8000000000000000000000077 00000e10 00000e10"
        ));
        assert_eq!(heard.facts, ["2001:db8::77 bind.duid = 000300010009fb010203/00000005"]);
        let heard = hear(&format!(
            "udp [fe80::1]:547 > [fe80::209:fbff:fe01:203]:546@00:09:fb:01:02:03\n> 07 000001 {ID} \
             0003 0028 00000005 00000000 00000000 0005 0018 20010db8000000000000000000000077 00000e10 00000e10"
        ));
        heard.says("2001:db8::77@00:09:fb:01:02:03 bind.address = 2001:db8::77");
    }

    #[test]
    fn relays_within_relays_come_to_an_end() {
        let mut message = "01 000001".to_owned() + ID;
        for _ in 0..9 {
            let length = crate::trial::bytes(&message).len();
            message = format!("0c 00 {} 0009 {length:04x} {message}", "00".repeat(32));
        }
        let heard = hear(&format!("udp [2001:db8::1]:547 > [2001:db8::2]:547\n> 0b 000001 {ID}\n> {message}"));
        assert_eq!(heard.weirds, ["dhcpv6.deep_relay"]);
    }
}
