//! Neighbour discovery: which station holds which IPv6 address, and which is a router.
//!
//! In: an ICMPv6 message from its header on. Out: addresses from solicitations and advertisements that carry a
//! link-layer address, and routers. A solicitation from `::` (duplicate address detection) claims nothing yet. Other
//! ICMPv6 messages are passed over.
//!
//! Source: RFC 4861 §4; RFC 4862 §5.4; RFC 4191 §2.3; RFC 8106 §5.

use crate::codec::cursor::{Cursor, Short};
use crate::codec::{address, dns};
use crate::entry::{Carrier, Dissector, Info, Parser, Step};
use crate::{About, Output};
use std::net::{IpAddr, Ipv6Addr};
use wardlight_model::{Field, FieldInfo, Kind, Mac, Privacy, Side};

pub(super) static ENTRY: Nd = Nd;

pub(super) struct Nd;

static INFO: Info = Info {
    name: "nd",
    title: "IPv6 Neighbour Discovery",
    source: "RFC 4861 §4",
    carriers: &[Carrier::Ip(58)],
    ports: &[],
    record: &[
        field("message", Kind::Text, "`router_solicitation`, `router_advertisement`, `solicitation`, `advertisement`"),
        field("target", Kind::Text, "the address asked about or advertised"),
        field("link_address", Kind::Text, "hardware address in the link-layer address option"),
        field("is_router", Kind::Flag, "whether the advertising neighbour is a router"),
        field("is_solicited", Kind::Flag, "whether the advertisement answers a solicitation"),
        field("router_lifetime", Kind::Number, "seconds the router may be a default router; 0 when it may not"),
        field("is_managed", Kind::Flag, "whether addresses come from DHCPv6"),
        field("has_other_config", Kind::Flag, "whether other settings come from DHCPv6"),
        field("prefixes", Kind::List, "advertised prefixes with their lengths"),
        field("name_servers", Kind::List, "advertised DNS servers"),
        field("search_domains", Kind::List, "advertised DNS search domains"),
    ],
    weirds: &[
        ("nd.short", "the message ends before its fixed part does"),
        ("nd.bad_option", "an option is empty or longer than what is left"),
        ("nd.link_mismatch", "the link-layer address is not that of the frame: a proxy, or a forgery"),
        ("nd.bad_link_address", "the link-layer address or the address it is for is one that no host can have"),
    ],
    window: 0,
};

const ROUTER_SOLICITATION: u8 = 133;
const ROUTER_ADVERTISEMENT: u8 = 134;
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;

const SOURCE_LINK: u8 = 1;
const TARGET_LINK: u8 = 2;
const PREFIX: u8 = 3;
const ROUTE: u8 = 24;
const DNS_SERVERS: u8 = 25;
const DNS_DOMAINS: u8 = 31;

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Network, meaning }
}

impl Dissector for Nd {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Nd {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let told = match bytes.first() {
            Some(&ROUTER_SOLICITATION) => router_solicitation(bytes, out),
            Some(&ROUTER_ADVERTISEMENT) => router_advertisement(bytes, out),
            Some(&SOLICITATION) => solicitation(bytes, out),
            Some(&ADVERTISEMENT) => advertisement(bytes, out),
            _ => Ok(()),
        };
        if told.is_err() {
            out.weird("nd.short");
        }
        Step::Done
    }
}

fn router_solicitation(bytes: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    let options = bytes.get(8..).ok_or(Short)?;
    let link = link(options, SOURCE_LINK, out);
    bind(sender(out), link, out);
    out.record(|row| {
        row.text("message", "router_solicitation");
        row.text("link_address", link.map(|(mac, _)| mac.to_string()).unwrap_or_default());
    });
    Ok(())
}

fn router_advertisement(bytes: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    let mut cursor = Cursor::new(bytes);
    cursor.skip(5)?;
    let flags = cursor.u8()?;
    let lifetime = cursor.u16()?;
    cursor.skip(8)?;
    let options = cursor.rest();
    let link = link(options, SOURCE_LINK, out);
    let about = bind(sender(out), link, out).unwrap_or(About::Sender);
    // A border router of a sensor network advertises routes while it is nobody's default router (RFC 4191 §2.3).
    if lifetime > 0 || Options(options).any(|option| option.kind == ROUTE) {
        out.fact(about, Field::Router, "ra", bytes.get(..8).unwrap_or_default());
    }
    out.record(|row| {
        row.text("message", "router_advertisement");
        row.text("link_address", link.map(|(mac, _)| mac.to_string()).unwrap_or_default());
        row.number("router_lifetime", lifetime);
        row.flag("is_managed", flags & 0x80 != 0);
        row.flag("has_other_config", flags & 0x40 != 0);
        row.list("prefixes", of_kind(options, PREFIX).filter_map(prefix));
        row.list("name_servers", of_kind(options, DNS_SERVERS).flat_map(name_servers));
        row.asked_all("search_domains", of_kind(options, DNS_DOMAINS).flat_map(search_domains));
    });
    Ok(())
}

fn solicitation(bytes: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    let mut cursor = Cursor::new(bytes);
    cursor.skip(8)?;
    let target = Ipv6Addr::from(cursor.array::<16>()?);
    let link = link(cursor.rest(), SOURCE_LINK, out);
    bind(sender(out), link, out);
    out.record(|row| {
        row.text("message", "solicitation");
        row.text("target", target.to_string());
        row.text("link_address", link.map(|(mac, _)| mac.to_string()).unwrap_or_default());
    });
    Ok(())
}

fn advertisement(bytes: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    let mut cursor = Cursor::new(bytes);
    cursor.skip(4)?;
    let flags = cursor.u32()?;
    let target = Ipv6Addr::from(cursor.array::<16>()?);
    let link = link(cursor.rest(), TARGET_LINK, out);
    let is_router = flags & 0x8000_0000 != 0;
    if let Some(about) = bind(Some(target.into()), link, out).filter(|_| is_router) {
        out.fact(about, Field::Router, "na", bytes.get(4..24).unwrap_or_default());
    }
    out.record(|row| {
        row.text("message", "advertisement");
        row.text("target", target.to_string());
        row.text("link_address", link.map(|(mac, _)| mac.to_string()).unwrap_or_default());
        row.flag("is_router", is_router);
        row.flag("is_solicited", flags & 0x4000_0000 != 0);
    });
    Ok(())
}

/// Says that the station of `link` holds `ip`; gives who that is.
fn bind(ip: Option<IpAddr>, link: Option<(Mac, &[u8])>, out: &mut Output<'_>) -> Option<About<'static>> {
    let ((mac, raw), ip) = link.zip(ip)?;
    let context = out.context();
    let frame = context.ends.get(context.side.index()).and_then(|end| end.mac);
    if frame.is_some_and(|frame| frame.is_station() && frame != mac) {
        out.weird("nd.link_mismatch");
        return None;
    }
    if !mac.is_station() || !address::is_host(ip) {
        out.weird("nd.bad_link_address");
        return None;
    }
    let about = About::Holder(mac, ip);
    out.fact(about, Field::Address, &ip.to_string(), raw);
    Some(about)
}

/// The sender's address; `None` when it has none yet.
fn sender(out: &Output<'_>) -> Option<IpAddr> {
    let context = out.context();
    context.ends.get(context.side.index()).and_then(|end| end.ip).filter(|ip| !ip.is_unspecified())
}

/// The Ethernet address in the first option of type `kind`, with its bytes.
fn link<'a>(options: &'a [u8], kind: u8, out: &mut Output<'_>) -> Option<(Mac, &'a [u8])> {
    let mut all = Options(options);
    let found = all.by_ref().find(|option| option.kind == kind && option.value.len() == 6);
    all.by_ref().for_each(drop);
    if !all.0.is_empty() {
        out.weird("nd.bad_option");
    }
    found.and_then(|option| Some((Mac::from_slice(option.value)?, option.value)))
}

struct Opt<'a> {
    kind: u8,
    value: &'a [u8],
}

/// Options not yet read. Ends early at one that is broken, which then is left.
struct Options<'a>(&'a [u8]);

impl<'a> Iterator for Options<'a> {
    type Item = Opt<'a>;

    fn next(&mut self) -> Option<Opt<'a>> {
        let mut cursor = Cursor::new(self.0);
        let (kind, length) = (cursor.u8().ok()?, cursor.u8().ok()?);
        let value = cursor.take((usize::from(length) * 8).checked_sub(2)?).ok()?;
        self.0 = cursor.rest();
        Some(Opt { kind, value })
    }
}

fn of_kind(options: &[u8], kind: u8) -> impl Iterator<Item = &[u8]> {
    Options(options).filter(move |option| option.kind == kind).map(|option| option.value)
}

fn prefix(value: &[u8]) -> Option<String> {
    let prefix = address::v6(value.get(14..30)?)?;
    Some(format!("{prefix}/{}", value.first()?))
}

fn name_servers(value: &[u8]) -> impl Iterator<Item = String> {
    address::v6_list(value.get(6..).unwrap_or_default()).map(|ip| ip.to_string())
}

/// The domains that follow each other; zero bytes behind the last are padding.
fn search_domains(value: &[u8]) -> impl Iterator<Item = dns::Text> {
    let mut rest = value.get(6..).unwrap_or_default();
    std::iter::from_fn(move || {
        let name = dns::Name::read(rest, 0).filter(|_| rest.first() != Some(&0))?;
        rest = rest.get(name.raw().len()..)?;
        Some(name.text())
    })
}

#[cfg(test)]
mod tests {
    use crate::trial::hear;

    const HEAD: &str = "frame nd fe80::5@00:09:fb:00:00:05 > ff02::1\n";

    #[test]
    fn an_empty_option_is_a_weird_and_no_loop() {
        let heard = hear(&format!("{HEAD}> 8500 0000 00000000 0100 0009fb000005"));
        assert_eq!((heard.weirds, heard.facts.len()), (vec!["nd.bad_option".to_owned()], 0));
    }

    #[test]
    fn what_stands_before_a_broken_option_is_read() {
        let heard = hear(&format!("{HEAD}> 8500 0000 00000000 0101 0009fb000005 0302 00"));
        heard.says("fe80::5@00:09:fb:00:00:05 bind.address = fe80::5");
        assert_eq!(heard.weirds, ["nd.bad_option"]);
    }

    #[test]
    fn a_domain_called_after_a_personal_computer_is_masked() {
        let heard = hear(&format!(
            "{HEAD}> 8600 0000 40 00 0708 00000000 00000000 1f04 0000 00000258 09 \"meiers-pc\" 04 \"home\" 00 \
             00000000 00000000"
        ));
        assert!(!heard.to_json().to_string().contains("meier"), "{:#}", heard.to_json());
        assert_eq!(heard.records[0]["search_domains"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn other_icmp_messages_say_nothing() {
        for message in ["8000 0000 0001 0001 \"ping\"", "8f00 0000 0000 0001 04000000", "8900", "01"] {
            let heard = hear(&format!("{HEAD}> {message}"));
            assert!(heard.facts.is_empty() && heard.weirds.is_empty() && heard.records.is_empty(), "{message}");
        }
    }

    #[test]
    fn every_cut_of_an_advertisement_is_survived() {
        let whole = "88 00 00 00 e0 00 00 00 fe 80 00 00 00 00 00 00 00 00 00 00 00 00 00 05 02 01 00 09 fb 00 00 05";
        let bytes: Vec<&str> = whole.split(' ').collect();
        for end in 1..bytes.len() {
            let heard = hear(&format!("{HEAD}> {}", bytes[..end].join(" ")));
            assert!(heard.facts.is_empty(), "{end}");
            assert_eq!(heard.weirds.len(), usize::from(end != 24), "{end}");
        }
        hear(&format!("{HEAD}> {whole}")).says("fe80::5@00:09:fb:00:00:05 bind.router = na");
    }
}
