//! What a hole or a lying clock does: it is counted, and what comes behind it is read.

use wardlight_dissect::codec::keyed::PrivacyKey;
use wardlight_dissect::link::LinkType;
use wardlight_dissect::tally::{Listener, Tally};
use wardlight_dissect::{Counts, Frame, Sensor, Settings};
use wardlight_model::{Flow, Record, Scope, Time};

#[derive(Default)]
struct All {
    flows: Vec<Flow>,
    records: Vec<Record>,
}

impl Listener for All {
    fn flow(&mut self, flow: &Flow) {
        self.flows.push(flow.clone());
    }

    fn wants_records(&self) -> bool {
        true
    }

    fn record(&mut self, record: &Record) {
        self.records.push(record.clone());
    }
}

/// An IPv4 packet (RFC 791 §3.1) in its frame, from host 1 to host 2, or back.
fn frame(back: bool, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let total = u16::try_from(20 + payload.len()).expect("short");
    let mut frame = [[0x02; 12].as_slice(), &[0x08, 0x00, 0x45, 0x00], &total.to_be_bytes(), &[0; 4]].concat();
    let (from, to) = if back { (2, 1) } else { (1, 2) };
    frame.extend([64, protocol, 0, 0, 10, 0, 0, from, 10, 0, 0, to]);
    frame.extend(payload);
    frame
}

fn segment(back: bool, seq: u32, ack: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let ports = if back { [2575u16, 40000] } else { [40000u16, 2575] };
    let ports: Vec<u8> = ports.iter().flat_map(|port| port.to_be_bytes()).collect();
    let head = [&ports[..], &seq.to_be_bytes(), &ack.to_be_bytes(), &[0x50, flags, 0xff, 0xff, 0, 0, 0, 0]].concat();
    frame(back, 6, &[&head[..], payload].concat())
}

fn listen(frames: &[(i64, Vec<u8>)]) -> (All, Counts) {
    let memory = || Box::new(vec![0; 1 << 20]);
    let mut sensor = Sensor::new(Settings {
        scope: Scope(0),
        flows: 100,
        seed: 1,
        key: PrivacyKey::new(&[3; 32]),
        messages: memory(),
        waiting: memory(),
        pieces: memory(),
        scratch: memory(),
    });
    let (mut tally, mut all) = (Tally::new(1), All::default());
    for (packet, (second, bytes)) in (1..).zip(frames) {
        let (time, wire_length) = (Time::from_seconds(*second), u32::try_from(bytes.len()).expect("short"));
        let frame = Frame { time, source: 0, packet, link: LinkType::ETHERNET, bytes, wire_length };
        sensor.frame(&frame, &mut tally.with(&mut all));
    }
    sensor.finish(&mut tally.with(&mut all));
    assert_eq!(sensor.lent(), 0, "lent memory was not given back");
    (all, sensor.counts())
}

/// A connection whose client sends a message, is not heard for `hole` bytes, and sends ten more; the server answers
/// each when `answers`.
fn interface(hole: u32, answers: bool) -> (All, Counts) {
    let message = b"\x0bMSH|^~\\&|MON|ICU|LAB|HOS|20240101||ORU^R01|1|P|2.5\rPID|1\r\x1c\r";
    let length = u32::try_from(message.len()).expect("short");
    let answer = b"\x0bMSH|^~\\&|LAB|HOS|MON|ICU|2024||ACK|1|P|2.5\rMSA|AA|1\r\x1c\r";
    let (mut client, mut server) = (1000u32, 5000u32);
    let mut frames = vec![
        segment(false, client - 1, 0, 0x02, b""),
        segment(true, server - 1, client, 0x12, b""),
        segment(false, client, server, 0x18, message),
    ];
    client = client.wrapping_add(length).wrapping_add(hole);
    for _ in 0..10 {
        frames.push(segment(false, client, server, 0x18, message));
        client = client.wrapping_add(length);
        if answers {
            frames.push(segment(true, server, client, 0x18, answer));
            server += u32::try_from(answer.len()).expect("short");
        }
    }
    let frames: Vec<_> = frames.into_iter().map(|frame| (1_700_000_000, frame)).collect();
    listen(&frames)
}

fn messages(all: &All) -> usize {
    let named = |name: &str| all.records.iter().filter(|record| record.protocol == name).count();
    named("hl7")
}

#[test]
fn messages_behind_a_hole_wider_than_any_window_are_read() {
    let (all, counts) = interface(3 << 20, true);
    assert_eq!((messages(&all), counts.missed_bytes), (21, 3 << 20));
    let (all, counts) = interface(3 << 20, false);
    assert_eq!((messages(&all), counts.missed_bytes), (11, 3 << 20));
}

#[test]
fn messages_of_a_stream_that_begins_anew_far_behind_are_read() {
    let (all, counts) = interface(3 << 30, true);
    assert_eq!((all.flows.len(), counts.missed_bytes), (1, 0));
    assert_eq!(messages(&all) as u64 + counts.cut_bytes / 60, 21, "{counts:?}");
    assert!(messages(&all) >= 19, "{}", messages(&all));
}

#[test]
fn one_lying_time_does_not_join_conversations() {
    let query = b"\x14\xea\x00\x35\x00\x1d\x00\x00\x12\x34\x01\x00\x00\x01\0\0\0\0\0\0\x03foo\0\0\x01\0\x01";
    let normal: Vec<_> = (0..20).map(|n| (1_700_000_000 + n * 600, frame(false, 17, query))).collect();
    assert_eq!(listen(&normal).0.flows.len(), 20);
    let lie = (4_100_000_000, frame(false, 17, query));
    let (all, counts) = listen(&[vec![lie.clone()], normal.clone()].concat());
    assert_eq!((all.flows.len(), counts.clock_leaps), (21, 1));
    let (all, counts) = listen(&[&normal[..10], &[lie], &normal[10..]].concat());
    assert_eq!((all.flows.len(), counts.clock_leaps), (21, 1));
}
