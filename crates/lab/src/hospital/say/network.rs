//! What every station says to be on a network: ARP, DHCP through a relay, DNS, NTP, neighbours of IPv6, LLDP and CDP.
//!
//! Sources: RFC 826, RFC 5227, RFC 2131, RFC 2132, RFC 3046 (relay agent information), RFC 1035, RFC 5905, RFC 4861.

use crate::bytes::{Bytes, length};
use crate::hospital::device::Device;
use crate::hospital::frame::{self, End, Lane};
use crate::hospital::stage::Stage;
use crate::hospital::talk::Talk;
use crate::network::{self as messages, Abilities};
use crate::wire::checksum;
use std::net::{IpAddr, Ipv4Addr};

/// A device is there, or has another address or place: it looks whether its address is free, asks for one, and looks
/// up whom it needs.
pub(super) fn arrive(stage: &Stage<'_>) -> Vec<Talk> {
    if stage.device.behind.is_some() {
        return Vec::new();
    }
    let lease = if stage.model.dhcp.is_some() { lease(stage, false) } else { None };
    [lease, neighbour(stage), lookup(stage)].into_iter().flatten().chain(neighbour6(stage)).collect()
}

/// The lease is extended, client and server speaking to each other.
pub(super) fn renew(stage: &Stage<'_>) -> Option<Talk> {
    lease(stage, true)
}

/// Who has an address, and that it is taken (RFC 5227 §2.3); and the router's is asked for.
pub(super) fn neighbour(stage: &Stage<'_>) -> Option<Talk> {
    let (own, router) = (stage.hospital.end(stage.index, 0, stage.seconds())?, stage.router()?);
    if stage.device.behind.is_some() {
        return None;
    }
    let lane = stage.lane(own, router);
    let message = |kind: u16, from: End, to: ([u8; 6], IpAddr), target: [u8; 6]| {
        let head = Bytes::default().u16(1).u16(0x0800).u8(6).u8(4).u16(kind);
        let body = head.raw(from.mac).raw(octets(from.ip)).raw(to.0).raw(octets(to.1));
        frame::plain((from.mac, target), lane.vlan, 0x0806, &body.0)
    };
    let announced = message(1, own, ([0; 6], own.ip), messages::EVERYONE);
    let talk = stage.frames(lane, 9).say(announced);
    if own.mac == router.mac {
        return Some(talk);
    }
    let asked = message(1, own, ([0; 6], router.ip), messages::EVERYONE);
    Some(talk.say(asked).answer(message(2, router, (own.mac, own.ip), own.mac)))
}

fn octets(ip: IpAddr) -> [u8; 4] {
    match ip {
        IpAddr::V4(ip) => ip.octets(),
        IpAddr::V6(_) => [0; 4],
    }
}

/// The frames of one lease: asked of everyone, relayed to the server with the place of the client, and answered.
fn lease(stage: &Stage<'_>, is_renewal: bool) -> Option<Talk> {
    let server = stage.role("directory").filter(|server| *server != stage.index)?;
    let own = stage.hospital.end(stage.index, 68, stage.seconds())?;
    let far = stage.hospital.lane((stage.index, 68), (server, 67), stage.seconds())?;
    let wanted =
        Wanted { stage, own, server: stage.hospital.end(server, 67, stage.seconds())?, relay: stage.router()? };
    if is_renewal {
        let talk = stage.datagrams(far, 0, "dhcp");
        return Some(talk.say(wanted.request(true, false)).answer(wanted.answer(5, false)));
    }
    let near = stage.lane(
        End { ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED), ..own },
        End { mac: messages::EVERYONE, ip: IpAddr::V4(Ipv4Addr::BROADCAST), port: 67, ttl: 64 },
    );
    let back = Lane {
        client: End { mac: messages::EVERYONE, ip: IpAddr::V4(Ipv4Addr::BROADCAST), port: 68, ttl: 64 },
        server: End { port: 67, ..wanted.relay },
        ..near
    };
    let relayed = Lane { client: End { port: 67, ..wanted.relay }, server: wanted.server, ..near };
    let say = |lane: &Lane, client: bool, message: Bytes| frame::datagram(lane, client, 7, &message.0);
    let mut talk = stage.frames(near, 0);
    for (asked, answered) in [(None, 2), (Some(false), 5)] {
        talk = talk
            .say(say(&near, true, wanted.ask(asked, false)))
            .say(say(&relayed, true, wanted.ask(asked, true)))
            .answer(say(&relayed, false, wanted.answer(answered, true)))
            .answer(say(&back, false, wanted.answer(answered, false)));
    }
    Some(talk)
}

/// A lease that is wanted.
struct Wanted<'a> {
    stage: &'a Stage<'a>,
    own: End,
    server: End,
    relay: End,
}

impl Wanted<'_> {
    /// DISCOVER when nothing is asked for, else REQUEST; as the relay hands it on, when `relayed`.
    fn ask(&self, asked: Option<bool>, relayed: bool) -> Bytes {
        match asked {
            None => self.message(1, 1, relayed, |options| options),
            Some(renewal) => self.request(renewal, relayed),
        }
    }

    fn request(&self, renewal: bool, relayed: bool) -> Bytes {
        let (ip, server) = (octets(self.own.ip), octets(self.server.ip));
        self.message(
            1,
            3,
            relayed,
            |options| if renewal { options } else { options.u8(50).short(ip).u8(54).short(server) },
        )
    }

    fn answer(&self, kind: u8, relayed: bool) -> Bytes {
        let (server, relay) = (octets(self.server.ip), octets(self.relay.ip));
        self.message(2, kind, relayed, |options| {
            let options = options.u8(54).short(server).u8(51).short(28_800u32.to_be_bytes());
            options
                .u8(1)
                .short([255, 255, 255, 0])
                .u8(3)
                .short(relay)
                .u8(6)
                .short(server)
                .u8(15)
                .short("hospital.example")
        })
    }

    /// A message with what every one has: fixed fields, kind, name, class and wishes of the client, place by the relay.
    fn message(&self, side: u8, kind: u8, relayed: bool, more: impl FnOnce(Bytes) -> Bytes) -> Bytes {
        let mac = self.own.mac;
        let [a, b, c, d, ..] = self.stage.chance.of(0xd4c9).bits().to_be_bytes();
        let yours = if side == 2 { octets(self.own.ip) } else { [0; 4] };
        let gateway = if relayed { octets(self.relay.ip) } else { [0; 4] };
        let fixed = Bytes::default().u8(side).u8(1).u8(6).u8(u8::from(relayed)).raw([a, b, c, d]).u16(0).u16(0);
        let fixed = fixed.raw([0; 4]).raw(yours).raw([0; 4]).raw(gateway).raw(mac).zeros(10 + 192).u32(0x6382_5363);
        let options = more(fixed.u8(53).short([kind]));
        let options = if side == 1 { self.client(options) } else { options };
        let options = if relayed { options.u8(82).short(self.circuit()) } else { options };
        options.u8(255)
    }

    fn client(&self, options: Bytes) -> Bytes {
        let Some(dhcp) = &self.stage.model.dhcp else { return options };
        let options = options.u8(61).short(Bytes::default().u8(1).raw(self.own.mac));
        let options =
            if self.stage.device.host.is_empty() { options } else { options.u8(12).short(&self.stage.device.host) };
        let vendor = self.stage.fill(&dhcp.vendor);
        let options = if vendor.is_empty() { options } else { options.u8(60).short(&vendor) };
        options.u8(55).short(&dhcp.asks)
    }

    /// Where the client is plugged in: VLAN and port, and the switch (RFC 3046 §3.1, §3.2).
    fn circuit(&self) -> Bytes {
        let hospital = self.stage.hospital;
        let switch =
            self.stage.stay.at.and_then(|at| hospital.end(at, 0, self.stage.seconds())).map_or([0; 6], |end| end.mac);
        let vlan = self.stage.area().map_or(0, |area| area.vlan);
        let [_, port] = self.stage.stay.port.to_be_bytes();
        let circuit = Bytes::default().u8(0).u8(4).u16(vlan).u8(1).u8(port);
        Bytes::default().u8(1).short(circuit).u8(2).short(Bytes::default().u8(0).u8(6).raw(switch))
    }
}

/// The device looks up whom it speaks to (RFC 1035 §4.1).
pub(super) fn lookup(stage: &Stage<'_>) -> Option<Talk> {
    let server = stage.role("directory").filter(|server| *server != stage.index)?;
    let says = &stage.model.says;
    let role = if says.dicom.is_some() { "pacs" } else { "engine" };
    let name = says.tls.clone().unwrap_or_else(|| format!("{role}1.hospital.example"));
    let found = stage.role(role).and_then(|role| stage.hospital.end(role, 0, stage.seconds()));
    let address = match (says.tls.is_some(), found) {
        (false, Some(end)) => octets(end.ip),
        _ => crate::hospital::stage::outside(&name).octets(),
    };
    let [id, more, ..] = stage.chance.of(0xd45).bits().to_be_bytes();
    let question = messages::dns_name(&name).u16(1).u16(1);
    let head = |flags: u16, answers: u16| {
        Bytes::default().raw([id, more]).u16(flags).u16(1).u16(answers).u16(0).u16(0).raw(&question)
    };
    let answer = head(0x8180, 1).u16(0xc00c).u16(1).u16(1).u32(300).long(address);
    Some(stage.datagrams(stage.to(server, 53)?, 14, "dns").say(head(0x0100, 0)).answer(answer))
}

/// The time is asked for (RFC 5905 §7.3).
pub(super) fn clock(stage: &Stage<'_>) -> Option<Talk> {
    let server = stage.role("directory").filter(|server| *server != stage.index)?;
    let stamp = |seconds: u64| {
        let since_1900 = u32::try_from(seconds % (1 << 32)).unwrap_or_default().wrapping_add(2_208_988_800);
        Bytes::default().u32(since_1900).u32(0x4000_0000)
    };
    let now = stage.seconds();
    let ask = Bytes::default().raw([0x23, 0, 10, 0xec]).zeros(36).raw(stamp(now));
    let told = Bytes::default().raw([0x24, 3, 10, 0xec]).u32(0x0200).u32(0x0400).raw([198, 51, 100, 1]);
    let told = told.raw(stamp(now - 90)).raw(stamp(now)).raw(stamp(now)).raw(stamp(now));
    Some(stage.datagrams(stage.to(server, 123)?, 0, "ntp").say(ask).answer(told))
}

/// The router announces itself to IPv6 hosts.
pub(super) fn router6(stage: &Stage<'_>) -> Option<Talk> {
    let own = stage.hospital.end(stage.index, 0, stage.seconds())?;
    let lane = stage.lane(own, own);
    let macs = (own.mac, [0x33, 0x33, 0, 0, 0, 1]);
    Some(stage.frames(lane, 0).say(frame::plain(macs, lane.vlan, 0x86dd, &messages::advertisement(own.mac).0)))
}

/// A host that speaks IPv6 looks whether its address is free, and asks for a router (RFC 4862 §5.4.2, RFC 4861 §4.1).
pub(super) fn neighbour6(stage: &Stage<'_>) -> Vec<Talk> {
    let Some(own) = stage.hospital.end(stage.index, 0, stage.seconds()).filter(|_| stage.device.speaks_v6) else {
        return Vec::new();
    };
    let address = Device::link_local(own.mac).octets();
    let [.., d, e, f] = address;
    let asked = Bytes::default().u16(0xff02).zeros(9).raw([1, 0xff, d, e, f]);
    let free = Bytes::default().u32(0).raw(address);
    let routers = Bytes::default().u16(0xff02).zeros(13).u8(2);
    let wish = Bytes::default().u32(0).u8(1).u8(1).raw(own.mac);
    let lane = stage.lane(own, own);
    let frame = |to: [u8; 4], packet: Bytes| {
        let [a, b, c, d] = to;
        frame::plain((own.mac, [0x33, 0x33, a, b, c, d]), lane.vlan, 0x86dd, &packet.0)
    };
    let first = frame([0xff, d, e, f], icmp6(&[0; 16], &asked, 135, &free));
    let second = frame([0, 0, 0, 2], icmp6(&address, &routers, 133, &wish));
    vec![stage.frames(lane, 3).say(first).say(second)]
}

fn icmp6(source: &[u8; 16], target: &Bytes, kind: u8, body: &Bytes) -> Bytes {
    let total: u16 = length::<u16>(&body.0) + 4;
    let pseudo = Bytes::default().raw(source).raw(target).u32(u32::from(total)).u32(58);
    let sum = checksum(&[&pseudo.0, &[kind, 0], &body.0]);
    let header = Bytes::default().u32(0x6000_0000).u16(total).u8(58).u8(255).raw(source).raw(target);
    header.u8(kind).u8(0).u16(sum).raw(body)
}

/// The station announces itself to the bridge at the other end of its wire.
pub(super) fn link(stage: &Stage<'_>) -> Vec<Talk> {
    let Some((own, description)) =
        stage.hospital.end(stage.index, 0, stage.seconds()).zip(stage.model.says.lldp.as_deref())
    else {
        return Vec::new();
    };
    if stage.is_wireless() || stage.device.behind.is_some() {
        return Vec::new();
    }
    let lane = Lane { vlan: 0, ..stage.lane(own, own) };
    let port = if stage.model.role == "switch" { "Gi1/0/48" } else { "eth0" };
    let abilities = match stage.model.kind.as_str() {
        "switch" | "router" => Abilities::SWITCH,
        "access point" => Abilities::ACCESS_POINT,
        "ip phone" => Abilities::PHONE,
        _ => Abilities::STATION,
    };
    let mut description = stage.fill(description);
    let unit = messages::lldp_unit(own.mac, &stage.device.host, port, (&description, abilities));
    let talk = stage.frames(lane, 0).say(frame::plain((own.mac, messages::LLDP_GROUP), 0, 0x88cc, &unit.0));
    let Some(platform) = stage.model.says.cdp.as_deref() else { return vec![talk] };
    // The checksum of an odd number of bytes is not that of RFC 1071: units of even length keep out of it.
    if (stage.device.host.len() + port.len() + description.len() + platform.len()).is_multiple_of(2) {
        description.push(' ');
    }
    let unit = messages::cdp_unit((&stage.device.host, octets(own.ip)), port, platform, (&description, abilities));
    let frame = frame::plain((own.mac, messages::CDP_GROUP), 0, length(&unit.0), &unit.0);
    vec![talk.say(frame)]
}
