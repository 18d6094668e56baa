//! DHCP and BOOTP for IPv4: what a client calls itself and asks for, and which address it is given.
//!
//! In: messages over UDP, relayed ones too. Out: facts about the client, who is named by its hardware address in the
//! message and mostly is not the sender; the address it is given; the routers it is told of; one record a message.
//! Free text from servers (option 56) and subscriber names (option 82) never leave.
//!
//! Source: RFC 951; RFC 2131; RFC 2132; RFC 3046 (82); RFC 3925 (124); RFC 4361 (61); RFC 4578 (93, 94, 97);
//! RFC 4702 (81).

mod attach;
mod client;
mod message;
mod record;

use crate::codec::address::{is_host, v4_list};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use message::{Message, code, kind};
use std::net::{IpAddr, Ipv4Addr};
use wardlight_model::{Field, Mac, Side};

pub(super) static ENTRY: Dhcp = Dhcp;

pub(super) struct Dhcp;

static INFO: Info = Info {
    name: "dhcp",
    title: "Dynamic Host Configuration Protocol",
    source: "RFC 2131; RFC 2132",
    carriers: &[Carrier::Udp],
    ports: &[67, 68, 4011],
    record: record::FIELDS,
    weirds: &[
        ("dhcp.short", "the message ends within its fixed part"),
        ("dhcp.bad_option", "an option is longer than what is left"),
        ("dhcp.no_type", "options are there, but none says the message type"),
        ("dhcp.client_mismatch", "the client's hardware address is not that of the frame it sent itself"),
    ],
    window: 0,
};

impl Dissector for Dhcp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match Message::read(hello.bytes) {
            Ok(message) if !message.has_sane_header() => Probe::No,
            Ok(message) if message.has_options() => Probe::Yes,
            Ok(_) => Probe::Likely,
            Err(_) => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Dhcp {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match Message::read(bytes) {
            Ok(message) => hear(&message, out),
            Err(_) => out.weird("dhcp.short"),
        }
        Step::Take(bytes.len())
    }
}

fn hear(message: &Message<'_>, out: &mut Output<'_>) {
    if message.has_broken_options() {
        out.weird("dhcp.bad_option");
    } else if message.has_options() && message.kind().is_none() {
        out.weird("dhcp.no_type");
    }
    relayed(message, out);
    attach::describe(message, out);
    if message.is_request() {
        requested(message, out);
    } else {
        replied(message, out);
    }
    out.record(|row| record::fill(message, row));
}

/// A relay agent states its own address (RFC 2131 §4.1).
fn relayed(message: &Message<'_>, out: &mut Output<'_>) {
    let relay = IpAddr::V4(message.relay);
    if is_host(relay) {
        out.fact(About::Host(relay), Field::Router, "dhcp-relay", message.relay_raw());
    }
}

fn requested(message: &Message<'_>, out: &mut Output<'_>) {
    let context = out.context();
    let sender = context.ends.get(context.side.index()).copied().unwrap_or_default();
    let is_unconfigured = sender.ip.is_none_or(|ip| ip.is_unspecified());
    if let (Some(mac), Some(frame)) = (message.mac(), sender.mac)
        && message.relay.is_unspecified()
        && is_unconfigured
        && frame.is_station()
        && mac != frame
    {
        out.weird("dhcp.client_mismatch");
    }
    let about = match message.mac() {
        Some(mac) => About::Station(mac),
        None if message.relay.is_unspecified() => About::Sender,
        None => return,
    };
    client::describe(message, about, out);
    // A client states an address only while it has it, RFC 2131 §2.
    if let (Some(mac), Some(kind::REQUEST | kind::INFORM)) = (message.mac(), message.kind()) {
        bind(mac, message.client, message.client_raw(), out);
    }
}

fn replied(message: &Message<'_>, out: &mut Output<'_>) {
    for (router, raw) in v4_list(message.option(code::ROUTER).unwrap_or_default()).take(8) {
        if is_host(router.into()) {
            out.fact(About::Host(router.into()), Field::Router, "dhcp", raw);
        }
    }
    // Where to boot from is fetched by TFTP (RFC 2131 §2; PXE 2.1 §2.2).
    if is_host(message.next.into()) && message.names_boot_file() {
        out.fact(About::Host(message.next.into()), Field::ServiceOffered, "_tftp._udp", message.next_raw());
    }
    // A reply without a type is BOOTP's and binds as an acknowledgement does.
    let is_binding = matches!(message.kind(), Some(kind::ACK)) || message.kind().is_none();
    if let Some(mac) = message.mac().filter(|_| is_binding) {
        if message.yours.is_unspecified() {
            bind(mac, message.client, message.client_raw(), out);
        } else {
            bind(mac, message.yours, message.yours_raw(), out);
        }
    }
}

fn bind(mac: Mac, ip: Ipv4Addr, raw: &[u8], out: &mut Output<'_>) {
    if is_host(ip.into()) {
        out.fact(About::Holder(mac, ip.into()), Field::Address, &ip.to_string(), raw);
    }
}
