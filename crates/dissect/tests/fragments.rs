//! Fragments of a packet and segments of its stream wait for each other without getting mixed up.

use std::net::Ipv4Addr;
use wardlight_dissect::codec::keyed::PrivacyKey;
use wardlight_dissect::link::LinkType;
use wardlight_dissect::tally::{Listener, Tally};
use wardlight_dissect::{Frame, Sensor, Settings};
use wardlight_model::{Flow, Scope, Time};

const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

#[derive(Default)]
struct Flows(Vec<Flow>);

impl Listener for Flows {
    fn flow(&mut self, flow: &Flow) {
        self.0.push(flow.clone());
    }
}

/// A frame with part of an IPv4 packet, whose fragment field is `place` (RFC 791 §3.1).
fn frame(place: u16, payload: &[u8]) -> Vec<u8> {
    let total = u16::try_from(20 + payload.len()).expect("short");
    let mut frame = [[0x02; 12].as_slice(), &[0x08, 0x00, 0x45, 0x00], &total.to_be_bytes(), &[0, 7]].concat();
    frame.extend([place.to_be_bytes(), [64, 6], [0, 0]].concat());
    frame.extend([CLIENT.octets(), SERVER.octets()].concat());
    frame.extend(payload);
    frame
}

fn segment(seq: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let ports = [4000u16.to_be_bytes(), 5000u16.to_be_bytes()].concat();
    [&ports, seq.to_be_bytes().as_slice(), &[0; 4], &[0x50, flags, 0xff, 0xff, 0, 0, 0, 0], payload].concat()
}

#[test]
fn a_segment_that_waits_and_a_fragmented_one_come_together() {
    let memory = || Box::new(vec![0; 1 << 20]);
    let mut sensor = Sensor::new(Settings {
        scope: Scope(0),
        flows: 10,
        seed: 1,
        key: PrivacyKey::new(&[3; 32]),
        messages: memory(),
        waiting: memory(),
        pieces: memory(),
        scratch: memory(),
    });
    let (mut tally, mut flows) = (Tally::new(1), Flows::default());
    let first = segment(1, 0x18, b"HELO ward.example");
    let (head, tail) = first.split_at(24);
    let frames = [
        frame(0, &segment(0, 0x02, b"")),
        frame(0, &segment(18, 0x18, b" and more")),
        frame(0x2000, head),
        frame(3, tail),
        frame(0, &segment(27, 0x11, b"")),
    ];
    for (packet, bytes) in (1..).zip(&frames) {
        let wire_length = u32::try_from(bytes.len()).expect("short");
        let frame = Frame { time: Time::default(), source: 0, packet, link: LinkType::ETHERNET, bytes, wire_length };
        sensor.frame(&frame, &mut tally.with(&mut flows));
    }
    sensor.finish(&mut tally.with(&mut flows));
    assert_eq!(sensor.lent(), 0, "lent memory was not given back");
    let [flow] = &flows.0[..] else { panic!("one flow, not {}", flows.0.len()) };
    assert_eq!((flow.sent[0].bytes, flow.sent[0].missed), (26, 0));
}

#[test]
fn a_fact_of_a_packet_in_fragments_points_into_its_own_frame() {
    let memory = || Box::new(vec![0; 1 << 20]);
    let mut sensor = Sensor::new(Settings {
        scope: Scope(0),
        flows: 10,
        seed: 1,
        key: PrivacyKey::new(&[3; 32]),
        messages: memory(),
        waiting: memory(),
        pieces: memory(),
        scratch: memory(),
    });
    let (mut tally, mut flows) = (Tally::new(1), Flows::default());
    let whole = segment(1, 0x18, b"GET / HTTP/1.1\r\nHost: 10.0.0.2\r\nUser-Agent: Monitor/7.3\r\n\r\n");
    let (head, tail) = whole.split_at(56);
    let frames = [frame(0, &segment(0, 0x02, b"")), frame(7, tail), frame(0x2000, head)];
    for (packet, bytes) in (1..).zip(&frames) {
        let wire_length = u32::try_from(bytes.len()).expect("short");
        let frame = Frame { time: Time::default(), source: 0, packet, link: LinkType::ETHERNET, bytes, wire_length };
        sensor.frame(&frame, &mut tally.with(&mut flows));
    }
    sensor.finish(&mut tally.with(&mut flows));
    let agent = tally.facts().iter().find(|fact| fact.value == "Monitor/7.3").expect("the agent is said");
    let begin = usize::try_from(agent.place.offset).expect("short");
    assert_eq!(agent.place.packet, 2);
    assert!(frames[1][begin..].starts_with(b"Monitor/7.3"));
}
