//! The whole sensor: frames of any kind and order.
//!
//! Input: frames as one byte of kind, one of seconds passed, two of length (little-endian), and the bytes. Kind, modulo
//! 4: a frame as it stands, whose link type its next bits pick; or the bytes as payload of TCP, UDP or an IPv4 fragment,
//! with headers around them that are right but for what the first bytes say.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wardlight_dissect::lent::LARGEST;
use wardlight_dissect::link::LinkType;
use wardlight_dissect::{Frame, Sensor, Settings};
use wardlight_fuzz::{Listener, key};
use wardlight_model::{Scope, Time};

fuzz_target!(|input: &[u8]| {
    let settings = Settings {
        scope: Scope(0),
        flows: 8,
        seed: 7,
        key: key(),
        messages: Box::new(vec![0; LARGEST]),
        waiting: Box::new(vec![0; LARGEST]),
        pieces: Box::new(vec![0; LARGEST]),
        scratch: Box::new(vec![0; 1 << 16]),
    };
    let mut sensor = Sensor::new(settings);
    let (mut rest, mut seconds, mut packet) = (input, 0, 0);
    while let Some((&[kind, passed, low, high], behind)) = rest.split_first_chunk::<4>() {
        let (body, behind) = behind.split_at(usize::from(u16::from_le_bytes([low, high])).min(behind.len()));
        rest = behind;
        (seconds, packet) = (seconds + i64::from(passed), packet + 1);
        let (link, bytes) = frame(kind, body);
        let wire_length = u32::try_from(bytes.len()).expect("short");
        let time = Time::from_seconds(1_700_000_000 + seconds);
        sensor.frame(&Frame { time, source: 0, packet, link, bytes: &bytes, wire_length }, &mut Listener);
    }
    sensor.finish(&mut Listener);
    assert_eq!(sensor.lent(), 0, "lent memory was not given back");
});

fn frame(kind: u8, body: &[u8]) -> (LinkType, Vec<u8>) {
    let links = [1, 0, 101, 113, 276, 228, 229, 12];
    let (head, payload) = body.split_at(body.len().min(8));
    let said = |n: usize| head.get(n).copied().unwrap_or(0);
    let port = |n: usize| {
        [[0, 53], [0, 80], [1, 187], [0, 104], [9, 0x28], [0xc0, 0], [said(n), said(n + 1)]][usize::from(said(n)) % 7]
    };
    match kind % 4 {
        1 => {
            let mut segment = [port(0), port(1)].concat();
            segment.extend([0, 0, said(2), said(3), 0, 0, said(4), said(5), 0x50, said(6), 255, 255, 0, 0, 0, 0]);
            (LinkType(1), packet(6, [0, 0], kind, &[&segment, payload].concat()))
        }
        2 => {
            let length = u16::try_from(payload.len() + 8).unwrap_or(u16::MAX).to_be_bytes();
            let datagram = [&port(0)[..], &port(1), &length, &[0, 0], payload].concat();
            (LinkType(1), packet(17, [0, 0], kind, &datagram))
        }
        3 => (LinkType(1), packet(said(0) % 18, [said(1) & 0x3f, said(2)], kind, payload)),
        _ => (LinkType(links[usize::from(kind >> 2) % links.len()]), body.to_vec()),
    }
}

/// An Ethernet frame with an IPv4 packet between two hosts; `kind` says in which direction.
fn packet(protocol: u8, fragment: [u8; 2], kind: u8, payload: &[u8]) -> Vec<u8> {
    let (from, to) = if kind & 4 == 0 { (1, 2) } else { (2, 1) };
    let length = u16::try_from(payload.len() + 20).unwrap_or(u16::MAX).to_be_bytes();
    let mut frame = vec![0, 9, 0xfb, 0, 0, to, 0, 9, 0xfb, 0, 0, from, 8, 0, 0x45, 0];
    frame.extend(length);
    frame.extend([0, 1]);
    frame.extend(fragment);
    frame.extend([64, protocol, 0, 0, 10, 0, 0, from, 10, 0, 0, to]);
    frame.extend(payload);
    frame
}
