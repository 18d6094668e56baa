//! What the building says: telephones and calls (SIP), controllers (BACnet/IP, Modbus/TCP), cameras (RTP).
//!
//! Sources: RFC 3261 §10, ANSI/ASHRAE 135 annex J and §16.10, Modbus Application Protocol V1.1b3 §6.21, RFC 3550 §5.1.

use crate::bytes::Bytes;
use crate::hospital::Volume;
use crate::hospital::chance::{narrow, wide};
use crate::hospital::device::mac_text;
use crate::hospital::stage::Stage;
use crate::hospital::talk::Talk;
use std::net::Ipv4Addr;

/// A telephone registers.
pub(super) fn register(stage: &Stage<'_>) -> Option<Talk> {
    let agent = stage.fill(stage.model.says.sip.as_deref()?);
    let server = stage.role("directory").filter(|server| *server != stage.index)?;
    let (ip, extension) = (stage.stay.ip, 4_000 + stage.index % 6_000);
    let mac = mac_text(stage.device.first_mac).replace(':', "");
    let call = format!("{mac}-{:x}", stage.at / 1_000_000);
    let head = format!(
        "Via: SIP/2.0/UDP {ip}:5060;branch=z9hG4bK{call}\r\nFrom: <sip:{extension}@hospital.example>;tag={mac}\r\n\
         To: <sip:{extension}@hospital.example>\r\nCall-ID: {call}@{ip}\r\nCSeq: 1 REGISTER\r\n"
    );
    let ask = format!(
        "REGISTER sip:hospital.example SIP/2.0\r\n{head}Max-Forwards: 70\r\nContact: <sip:{extension}@{ip}:5060>\r\n\
         User-Agent: {agent}\r\nExpires: 3600\r\nContent-Length: 0\r\n\r\n"
    );
    let told = format!("SIP/2.0 200 OK\r\n{head}Server: Specimen Exchange\r\nContent-Length: 0\r\n\r\n");
    let mut lane = stage.to(server, 5060)?;
    lane.client.port = 5060;
    Some(stage.datagrams(lane, 0, "sip").say(ask).answer(told))
}

/// The monitoring asks what a controller is: read device identification, basic (function 43, type 14).
pub(super) fn bus(stage: &Stage<'_>) -> Option<Talk> {
    let vendor = stage.model.says.modbus.as_deref()?;
    let monitor = stage.role("monitoring").filter(|monitor| *monitor != stage.index)?;
    let objects = [vendor, &stage.model.name, &stage.device.firmware];
    let listed = (0u8..).zip(objects).fold(Bytes::default(), |all, (n, text)| all.u8(n).short(text));
    let framed = |body: Bytes| Bytes::default().u16(1).u16(0).long(Bytes::default().u8(1).raw(body));
    let ask = framed(Bytes::default().raw([0x2b, 0x0e, 1, 0]));
    let told = framed(Bytes::default().raw([0x2b, 0x0e, 1, 1, 0, 0, 3]).raw(listed));
    Some(stage.stream(stage.from(monitor, 502)?, 0, "modbus").say(ask).answer(told))
}

/// A controller says that it is there: original broadcast, I-Am.
pub(super) fn answer(stage: &Stage<'_>) -> Option<Talk> {
    let bacnet = stage.model.says.bacnet.as_ref()?;
    let [a, b, c, _] = stage.stay.ip.octets();
    let lane = stage.group(Ipv4Addr::new(a, b, c, 255).into(), (47_808, 47_808))?;
    let instance = bacnet.instance + narrow::<u32>(stage.device.number);
    let service = Bytes::default().raw([0x10, 0x00, 0xc4]).u32(8 << 22 | instance).raw([0x22, 0x05, 0xc4, 0x91, 0x00]);
    let [high, low] = bacnet.vendor.to_be_bytes();
    let service = if high == 0 { service.raw([0x21, low]) } else { service.raw([0x22, high, low]) };
    let network = Bytes::default().raw([0x01, 0x20, 0xff, 0xff, 0x00, 0xff]).raw(service);
    let total = u16::try_from(network.0.len()).unwrap_or_default() + 4;
    Some(stage.datagrams(lane, 0, "bacnet").say(Bytes::default().raw([0x81, 0x0b]).u16(total).raw(network)))
}

/// A second of a camera's picture; now and then only, where the capture is to be small.
pub(super) fn video(stage: &Stage<'_>) -> Option<Talk> {
    if stage.volume == Volume::Lean && !(stage.seconds() + wide(stage.index)).is_multiple_of(600) {
        return None;
    }
    let server = stage.role("files").filter(|server| *server != stage.index)?;
    let source = u32::try_from(stage.index).ok()?;
    let mut lane = stage.to(server, 5_004)?;
    lane.client.port = 50_000 + narrow::<u16>(u64::from(source) % 5_000) * 2;
    let begin = narrow::<u16>(stage.seconds() * 40 % 65_536);
    let packet = |n: u16| {
        let clock = narrow::<u32>((stage.at / 1_000 * 90) % (1 << 32)).wrapping_add(u32::from(n) * 2_250);
        let head = Bytes::default().u8(0x80).u8(if n % 10 == 9 { 0xe0 } else { 0x60 });
        let head = head.u16(begin.wrapping_add(n)).u32(clock).u32(0x5eed_0000 | source);
        head.u8(0x7c).raw([0x5a; 1_180])
    };
    let talk = stage.datagrams(lane, 0, "rtp");
    Some((0..40).fold(talk, |talk, n| talk.say(packet(n)).after(24_000)))
}
