//! Conversations that another one announced are known by that, and only those.

use std::net::Ipv4Addr;
use wardlight_dissect::codec::keyed::PrivacyKey;
use wardlight_dissect::link::LinkType;
use wardlight_dissect::tally::{Listener, Tally};
use wardlight_dissect::{Frame, Sensor, Settings};
use wardlight_model::{Flow, Port, Scope, Time};

const TCP: u8 = 6;
const UDP: u8 = 17;
const CLIENT: u8 = 5;
const SERVER: u8 = 9;
const OTHER: u8 = 7;

#[derive(Default)]
struct Flows(Vec<Flow>);

impl Listener for Flows {
    fn flow(&mut self, flow: &Flow) {
        self.0.push(flow.clone());
    }
}

type End = (u8, Port);

/// One packet from `from` to `to`, numbered from 0 within its direction for TCP.
fn packet(transport: u8, from: End, to: End, seq: usize, payload: &[u8]) -> Vec<u8> {
    let ip = |last| Ipv4Addr::new(10, 0, 0, last).octets();
    let ports = [from.1.to_be_bytes(), to.1.to_be_bytes()].concat();
    let seq = u32::try_from(1 + seq).expect("short").to_be_bytes();
    let head = match transport {
        TCP => [ports, seq.to_vec(), vec![0, 0, 0, 1, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]].concat(),
        _ => [ports, u16::try_from(8 + payload.len()).expect("short").to_be_bytes().to_vec(), vec![0, 0]].concat(),
    };
    let total = u16::try_from(20 + head.len() + payload.len()).expect("short").to_be_bytes();
    let mut frame =
        [[0x02; 12].as_slice(), &[0x08, 0x00, 0x45, 0x00], &total, &[0, 7, 0, 0, 64, transport, 0, 0]].concat();
    frame.extend([ip(from.0), ip(to.0)].concat());
    frame.extend([head.as_slice(), payload].concat());
    frame
}

/// The service found for the conversation with `port`.
fn service_of(port: Port, frames: &[Vec<u8>]) -> Option<&'static str> {
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
    for (number, bytes) in (1..).zip(frames) {
        let wire_length = u32::try_from(bytes.len()).expect("short");
        let time = Time::from_seconds(1000 + i64::try_from(number).expect("few"));
        let frame = Frame { time, source: 0, packet: number, link: LinkType::ETHERNET, bytes, wire_length };
        sensor.frame(&frame, &mut tally.with(&mut flows));
    }
    sensor.finish(&mut tally.with(&mut flows));
    let found = flows.0.iter().find(|flow| [flow.key.initiator.1, flow.key.responder.1].contains(&port));
    found.expect("the conversation").service.map(|service| service.name)
}

fn control(answer: &str) -> Vec<Vec<u8>> {
    let (client, server) = ((CLIENT, 40_000), (SERVER, 21));
    let greeting = b"220 ProFTPD 1.3.5 Server ready\r\n";
    vec![
        packet(TCP, server, client, 0, greeting),
        packet(TCP, client, server, 0, b"PASV\r\n"),
        packet(TCP, server, client, greeting.len(), answer.as_bytes()),
    ]
}

#[test]
fn a_passive_data_connection_is_announced_by_the_server() {
    for answer in [
        "227 Entering Passive Mode (10,0,0,9,19,137).\r\n",
        // Whatever address stands there, a speaker is believed of itself only.
        "227 Entering Passive Mode (10,0,0,7,19,137).\r\n",
    ] {
        let mut frames = control(answer);
        frames.push(packet(TCP, (CLIENT, 40_001), (SERVER, 5001), 0, b"MZ planted"));
        assert_eq!(service_of(5001, &frames), Some("ftp_data"), "{answer}");
    }
}

#[test]
fn nobody_else_and_no_other_port_is_meant_by_it() {
    for (from, to) in
        [((OTHER, 40_001), (SERVER, 5001)), ((CLIENT, 40_001), (OTHER, 5001)), ((SERVER, 40_001), (CLIENT, 5001))]
    {
        let mut frames = control("227 Entering Passive Mode (10,0,0,9,19,137).\r\n");
        frames.push(packet(TCP, from, to, 0, b"MZ planted"));
        assert_eq!(service_of(5001, &frames), None, "{from:?} {to:?}");
    }
}

#[test]
fn an_active_data_connection_is_announced_by_the_client() {
    let (client, server) = ((CLIENT, 40_000), (SERVER, 21));
    let frames = [
        packet(TCP, server, client, 0, b"220 ProFTPD 1.3.5 Server ready\r\n"),
        packet(TCP, client, server, 0, b"PORT 10,0,0,5,4,1\r\n"),
        packet(TCP, (SERVER, 20), (CLIENT, 1025), 0, b"MZ planted"),
    ];
    assert_eq!(service_of(1025, &frames), Some("ftp_data"));
}

#[test]
fn what_tftp_answers_from_another_port_is_known() {
    let frames = [
        packet(UDP, (CLIENT, 2345), (SERVER, 69), 0, b"\0\x01boot.bin\0octet\0"),
        packet(UDP, (SERVER, 33_333), (CLIENT, 2345), 0, b"\0\x03\0\x01planted"),
    ];
    assert_eq!(service_of(33_333, &frames), Some("tftp"));
    assert_eq!(service_of(33_333, &frames[1..]), None);
}
