//! Who talks to whom: each device with a few servers, again and again.

use super::{Device, Hospital, address, random};
use std::net::{IpAddr, Ipv4Addr};
use wardlight_model::{ConnState, Direction, Flow, FlowId, FlowKey, Known, Mac, Scope, Service, Time, Transport};

/// One way to talk.
struct Talk {
    service: Option<&'static str>,
    transport: Transport,
    port: u16,
    /// How many servers there are.
    servers: u64,
    /// With how many of them one device talks.
    own: u64,
    /// Bits of the largest number of bytes that the initiator sends, and that come back.
    sizes: [u32; 2],
}

const fn talk(service: &'static str, transport: Transport, port: u16, servers: [u64; 2], sizes: [u32; 2]) -> Talk {
    Talk { service: Some(service), transport, port, servers: servers[0], own: servers[1], sizes }
}

/// Numbered as `kinds.rs` names them.
const TALK: [Talk; 8] = [
    talk("dns", Transport::UDP, 53, [4, 2], [6, 9]),
    talk("tls", Transport::TCP, 443, [3000, 6], [13, 18]),
    talk("hl7", Transport::TCP, 2575, [12, 1], [11, 7]),
    talk("dicom", Transport::TCP, 104, [30, 2], [24, 10]),
    talk("ntp", Transport::UDP, 123, [2, 1], [6, 6]),
    talk("snmp", Transport::UDP, 161, [6, 1], [6, 8]),
    talk("smb", Transport::TCP, 445, [40, 3], [14, 20]),
    Talk { service: None, transport: Transport::UDP, port: 5353, servers: 1, own: 1, sizes: [8, 0] },
];

/// Conversation number `n`, which ends at `last`.
pub(super) fn flow(hospital: Hospital, n: u64, last: Time) -> Flow {
    let chance = random(hospital.seed.rotate_left(17) ^ n);
    let device = hospital.device(random(chance) % hospital.devices.max(1));
    let talks = device.kind.talks;
    let row = talks.get(usize::try_from(chance % 97).unwrap_or_default() % talks.len().max(1)).copied().unwrap_or(0);
    let talk = TALK.get(row).unwrap_or(&TALK[0]);
    let server =
        random(device.chance ^ u64::from(talk.port) << 32).wrapping_add((chance >> 8) % talk.own) % talk.servers;
    let is_tcp = talk.transport == Transport::TCP;
    let [out, back] = talk.sizes.map(|bits| if bits == 0 { 0 } else { size(random(chance ^ u64::from(bits)), bits) });
    let sent = [out, back].map(|bytes| direction(bytes, is_tcp));
    let lasting = i64::try_from(size(random(chance ^ 1), if is_tcp { 25 } else { 15 })).unwrap_or_default();
    let is_refused = is_tcp && chance.is_multiple_of(53);
    let port = u16::try_from(32_768 + (chance >> 20) % 28_000).unwrap_or(u16::MAX);
    Flow {
        id: FlowId(n),
        key: FlowKey {
            scope: Scope(0),
            transport: talk.transport,
            initiator: (address(device.n), if talk.port == 123 { 123 } else { port }),
            responder: (server_address(row, server), talk.port),
        },
        macs: [Some(device.mac()), Some(router(device))],
        hop_limits: [Some(if device.kind.is_windows { 128 } else { 64 }), (back > 0).then_some(63)],
        vlan: Some(u16::try_from(100 + device.n / 200 % 3900).unwrap_or_default()),
        first: last.plus(-lasting),
        last,
        state: if is_refused { ConnState::Rej } else { ConnState::SF },
        history: if is_refused {
            "Sr"
        } else if is_tcp {
            "ShADadFf"
        } else {
            "Dd"
        }
        .to_owned(),
        sent,
        service: talk.service.map(|name| Service { name, known: Known::PortAndContent }),
    }
}

fn direction(bytes: u64, is_tcp: bool) -> Direction {
    let packets = if is_tcp { 4 + bytes / 1400 } else { u64::from(bytes > 0) };
    Direction { packets, ip_bytes: bytes + packets * if is_tcp { 40 } else { 28 }, bytes, missed: 0 }
}

/// A size whose order of magnitude is even, below two to the `bits`.
fn size(chance: u64, bits: u32) -> u64 {
    let bits = 4 + u32::try_from(chance % 64).unwrap_or_default() * bits.saturating_sub(5) / 63;
    (1 << bits) + (chance >> 8) % (1 << bits)
}

/// Servers stand behind routers, in networks of their own.
fn server_address(row: usize, server: u64) -> IpAddr {
    let [.., high, low] = server.to_be_bytes();
    Ipv4Addr::new(10, 200 + u8::try_from(row).unwrap_or_default(), high, low).into()
}

fn router(device: Device) -> Mac {
    let [.., high, low] = (device.n / super::NETWORK).to_be_bytes();
    Mac([0xf4, 0xbd, 0x9e, 0, high, low])
}
