//! Packets in packets: found at every depth, bounded, in the scope and with the stations that are theirs.
#![allow(clippy::indexing_slicing, reason = "tests may stop at a wrong index")]

use wardlight_dissect::codec::keyed::PrivacyKey;
use wardlight_dissect::link::LinkType;
use wardlight_dissect::tally::{Listener, Tally};
use wardlight_dissect::{Frame, Sensor, Settings};
use wardlight_model::{Flow, Mac, Scope, Time};

const OUTER: &str = "0a0000000002 0a0000000001";
const INNER: &str = "020000000002 020000000001";

#[derive(Default)]
struct Flows(Vec<Flow>);

impl Listener for Flows {
    fn flow(&mut self, flow: &Flow) {
        self.0.push(flow.clone());
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("two digits")).collect()
}

/// An IPv4 packet in hexadecimal, with a fragment field.
fn part(protocol: u8, ends: [u8; 2], place: u16, payload: &str) -> String {
    let length = 20 + bytes(payload).len();
    format!("4500{length:04x}0007{place:04x}40{protocol:02x}00000a0000{:02x}0a0000{:02x}{payload}", ends[0], ends[1])
}

fn packet(protocol: u8, ends: [u8; 2], payload: &str) -> String {
    part(protocol, ends, 0, payload)
}

fn datagram(port: u16, payload: &str) -> String {
    format!("c350{port:04x}{:04x}0000{payload}", 8 + bytes(payload).len())
}

/// An SSDP announcement, which says what sent it.
fn announcement() -> String {
    let text = "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNT: upnp:rootdevice\r\nNTS: ssdp:alive\r\n\
                USN: uuid:00112233-4455-6677-8899-aabbccddeeff::upnp:rootdevice\r\nSERVER: Pump/7.3 UPnP/1.0 Acme/1\r\n\r\n";
    datagram(1900, &text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>())
}

struct Heard {
    flows: Vec<Flow>,
    tally: Tally,
    sensor: Sensor,
}

fn hear(link: LinkType, frames: &[String]) -> Heard {
    let memory = || Box::new(vec![0; 1 << 20]);
    let mut sensor = Sensor::new(Settings {
        scope: Scope(3),
        flows: 100,
        seed: 1,
        key: PrivacyKey::new(&[3; 32]),
        messages: memory(),
        waiting: memory(),
        pieces: memory(),
        scratch: memory(),
    });
    let (mut tally, mut flows) = (Tally::new(1), Flows::default());
    for (packet, frame) in (1..).zip(frames) {
        let bytes = &bytes(frame)[..];
        let wire_length = u32::try_from(bytes.len()).expect("short");
        let frame = Frame { time: Time::default(), source: 0, packet, link, bytes, wire_length };
        sensor.frame(&frame, &mut tally.with(&mut flows));
    }
    sensor.finish(&mut tally.with(&mut flows));
    assert_eq!(sensor.lent(), 0, "lent memory was not given back");
    Heard { flows: flows.0, tally, sensor }
}

impl Heard {
    /// The conversation from 10.0.0.`from`.
    #[track_caller]
    fn flow(&self, from: u8) -> &Flow {
        let of = |flow: &&Flow| flow.key.initiator.0 == std::net::IpAddr::from([10, 0, 0, from]);
        self.flows.iter().find(of).expect("the conversation is found")
    }
}

/// What carries `inner`, a packet, or `frame`, an Ethernet frame.
fn carried(inner: &str, frame: &str) -> Vec<(&'static str, String)> {
    let length = bytes(inner).len();
    vec![
        ("ipip", packet(4, [1, 2], inner)),
        ("gre", packet(47, [1, 2], &format!("00000800{inner}"))),
        ("gre", packet(47, [1, 2], &format!("2000655800000001{frame}"))),
        ("erspan", packet(47, [1, 2], &format!("000088be{frame}"))),
        ("erspan", packet(47, [1, 2], &format!("100088be0000000110640001 00000000{frame}"))),
        ("erspan", packet(47, [1, 2], &format!("100022eb0000000120640001 00000000 00000000{frame}"))),
        ("etherip", packet(97, [1, 2], &format!("3000{frame}"))),
        ("mpls", packet(137, [1, 2], &format!("00010140{inner}"))),
        ("vxlan", packet(17, [1, 2], &datagram(4789, &format!("0800000000006400{frame}")))),
        ("geneve", packet(17, [1, 2], &datagram(6081, &format!("0000655800006400{frame}")))),
        ("gtpu", packet(17, [1, 2], &datagram(2152, &format!("30ff{length:04x}00000001{inner}")))),
    ]
}

#[test]
fn what_a_tunnel_carries_is_read_as_any_packet_and_has_its_own_stations() {
    let inner = packet(17, [5, 6], &announcement());
    for (name, outer) in carried(&inner, &format!("{INNER}0800{inner}")) {
        let frame = format!("{OUTER}8100000a0800{outer}");
        let heard = hear(LinkType::ETHERNET, std::slice::from_ref(&frame));
        assert_eq!(heard.flows.len(), 2, "{name}");
        assert_eq!(heard.flow(1).service.map(|service| service.name), Some(name));
        assert_eq!((heard.flow(1).vlan, heard.flow(1).macs[0]), (Some(10), Some(Mac([10, 0, 0, 0, 0, 1]))));
        let flow = heard.flow(5);
        assert_eq!((flow.key.scope, flow.service.map(|service| service.name)), (Scope(3), Some("ssdp")), "{name}");
        let has_frame = outer.contains(&INNER.replace(' ', "")) || outer.contains(INNER);
        assert_eq!(flow.macs[0], has_frame.then_some(Mac([2, 0, 0, 0, 0, 1])), "{name}");
        assert_ne!(flow.vlan, Some(10), "{name}");
        let fact =
            heard.tally.facts().iter().find(|fact| fact.value.starts_with("Pump/7.3")).expect("the server is said");
        let begin = usize::try_from(fact.place.offset).expect("short");
        assert!(bytes(&frame)[begin..].starts_with(b"Pump/7.3"), "{name}: the fact points beside its bytes");
    }
}

#[test]
fn labels_and_sessions_keep_the_stations_and_the_vlan_of_their_frame() {
    let inner = packet(17, [5, 6], &announcement());
    let length = bytes(&inner).len() + 2;
    for shim in [format!("8847 00010040 00020140{inner}"), format!("8864 11000001{length:04x}0021{inner}")] {
        let heard = hear(LinkType::ETHERNET, &[format!("{OUTER}8100000a{shim}")]);
        assert_eq!(heard.flows.len(), 1);
        let flow = heard.flow(5);
        assert_eq!((flow.vlan, flow.macs[0]), (Some(10), Some(Mac([10, 0, 0, 0, 0, 1]))));
    }
}

#[test]
fn the_vlan_of_a_mirrored_frame_is_its_own() {
    let inner = packet(17, [5, 6], &announcement());
    let mirrored = packet(47, [1, 2], &format!("100088be0000000110640001 00000000{INNER}0800{inner}"));
    assert_eq!(hear(LinkType::ETHERNET, &[format!("{OUTER}0800{mirrored}")]).flow(5).vlan, Some(100));
    let tagged = packet(17, [1, 2], &datagram(4789, &format!("0800000000006400{INNER}810000070800{inner}")));
    assert_eq!(hear(LinkType::ETHERNET, &[format!("{OUTER}0800{tagged}")]).flow(5).vlan, Some(7));
}

#[test]
fn nesting_is_bounded_and_beyond_it_is_a_weird() {
    let nested =
        |depth: u8| (0..depth).fold(packet(17, [99, 6], &announcement()), |inner, n| packet(4, [n, 200], &inner));
    let six = hear(LinkType::ETHERNET, &[format!("{OUTER}0800{}", nested(6))]);
    assert_eq!((six.flows.len(), six.tally.weirds().len()), (7, 0));
    let many = hear(LinkType::ETHERNET, &[format!("{OUTER}0800{}", nested(40))]);
    assert_eq!(many.flows.len(), 7);
    assert_eq!(many.tally.weirds().keys().copied().collect::<Vec<_>>(), ["tunnel.too_deep"]);
}

#[test]
fn a_tunnel_in_fragments_is_put_together_and_fragments_in_one_are_counted_as_lost() {
    let inner = packet(17, [5, 6], &announcement());
    let gre = format!("00000800{inner}");
    let (head, tail) = gre.split_at(16);
    let whole = [part(47, [1, 2], 0x2000, head), part(47, [1, 2], 1, tail)].map(|part| format!("{OUTER}0800{part}"));
    let heard = hear(LinkType::ETHERNET, &whole);
    assert_eq!(heard.flow(5).service.map(|service| service.name), Some("ssdp"));
    let fragment = part(17, [5, 6], 0x2000, "c3500035 00400000");
    let gre = format!("00000800{fragment}");
    let (head, tail) = gre.split_at(16);
    let twice = [part(47, [1, 2], 0x2000, head), part(47, [1, 2], 1, tail)].map(|part| format!("{OUTER}0800{part}"));
    let heard = hear(LinkType::ETHERNET, &twice);
    assert_eq!((heard.flows.len(), heard.sensor.counts().lost_fragments), (1, 1));
    let alone = hear(LinkType::ETHERNET, &[format!("{OUTER}0800{}", packet(47, [1, 2], &gre))]);
    assert_eq!((alone.flows.len(), alone.sensor.counts().lost_fragments), (1, 1));
}

#[test]
fn what_only_bears_a_tunnels_port_is_read_as_any_datagram() {
    let heard =
        hear(LinkType::ETHERNET, &[format!("{OUTER}0800{}", packet(17, [1, 2], &datagram(4789, "0102030405")))]);
    assert_eq!((heard.flows.len(), heard.flow(1).service), (1, None));
}

#[test]
fn frames_of_radios_are_read_where_they_are_open_and_counted_where_not() {
    let inner = packet(17, [5, 6], &announcement());
    let head = "0000 0a00000000aa 020000000001 020000000002 0000";
    let open = format!("0801{head}aaaa030000000800{inner}");
    let sealed = format!("0841{head}0102030405060708");
    let subframe = format!("{INNER}{:04x}aaaa030000000800{inner}", bytes(&inner).len() + 8);
    let several = format!("8801{head}8000{subframe}");
    let heard = hear(LinkType::WLAN, &[open, sealed, several]);
    let flow = heard.flow(5);
    assert_eq!((flow.macs[0], flow.sent[0].packets), (Some(Mac([2, 0, 0, 0, 0, 1])), 2));
    assert_eq!((heard.flows.len(), heard.sensor.counts().sealed_frames), (1, 1));
}
