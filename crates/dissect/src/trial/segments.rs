//! Golden streams as packets: cut anywhere, out of order, sent again, they say what they say in order.

use super::{Event, Heard, Trial, cases};
use crate::entry::Carrier;
use crate::link::LinkType;
use crate::{Frame, Sensor, Settings};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::net::IpAddr;
use wardlight_model::{Mac, Scope, Side, Time};

/// Most bytes of a segment that is whole.
const WHOLE: usize = 16_000;
/// How many segments further a segment may arrive.
const WINDOW: usize = 6;

/// How a stream is cut and shuffled: each choice is used in turn, and again from the first.
struct Choices<'a> {
    all: &'a [u16],
    next: usize,
}

impl Choices<'_> {
    /// A number below `bound`; 0 when nothing is to be chosen.
    fn below(&mut self, bound: usize) -> usize {
        self.next += 1;
        let choice = self.all.get(self.next % self.all.len().max(1)).copied().unwrap_or_default();
        usize::from(choice).checked_rem(bound).unwrap_or_default()
    }
}

/// What each end has sent so far.
struct Line<'a> {
    trial: &'a Trial,
    next: [u32; 2],
    frames: Vec<Vec<u8>>,
}

impl Line<'_> {
    fn begun(trial: &Trial) -> Line<'_> {
        let mut line = Line { trial, next: [1_000, 0xffff_ff00], frames: Vec::new() };
        line.send(Side::Initiator, 999, 0x02, &[]);
        line.send(Side::Responder, 0xffff_feff, 0x12, &[]);
        line
    }

    /// A TCP segment (RFC 9293 §3.1) in its frame.
    fn send(&mut self, side: Side, at: u32, flags: u8, bytes: &[u8]) {
        let ends = &self.trial.ends;
        let ((from, from_port), (to, to_port)) = (ends[side.index()], ends[side.other().index()]);
        let acknowledged = self.next[side.other().index()];
        let mut segment = [from_port.to_be_bytes(), to_port.to_be_bytes()].concat();
        segment.extend([at.to_be_bytes(), acknowledged.to_be_bytes()].concat());
        segment.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        segment.extend(bytes);
        let length = u16::try_from(segment.len()).expect("short");
        let own = |side: Side| Mac([2, 0, 0, 0, 0, u8::try_from(side.index()).expect("two")]);
        let mut frame = [to.mac.unwrap_or(own(side.other())).0, from.mac.unwrap_or(own(side)).0].concat();
        match (from.ip, to.ip) {
            (Some(IpAddr::V4(from)), Some(IpAddr::V4(to))) => {
                frame.extend([0x08, 0x00, 0x45, 0]);
                frame.extend((length + 20).to_be_bytes());
                frame.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
                frame.extend([from.octets(), to.octets()].concat());
            }
            (Some(IpAddr::V6(from)), Some(IpAddr::V6(to))) => {
                frame.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
                frame.extend(length.to_be_bytes());
                frame.extend([6, 64]);
                frame.extend([from.octets(), to.octets()].concat());
            }
            other => panic!("no two addresses of one kind: {other:?}"),
        }
        frame.extend(segment);
        self.frames.push(frame);
    }

    /// Sends what one end says before the other answers, in segments as `choices` want them; in order and whole without.
    fn say(&mut self, side: Side, said: &[&[u8]], choices: Option<&mut Choices<'_>>) {
        let begin = self.next[side.index()];
        let whole: Vec<u8> = said.concat();
        let length = u32::try_from(whole.len()).expect("short");
        self.next[side.index()] = begin.wrapping_add(length);
        let place = |at: usize| begin.wrapping_add(u32::try_from(at).expect("short"));
        let Some(choices) = choices else {
            let mut at = 0;
            for part in said.iter().flat_map(|message| message.chunks(WHOLE)) {
                self.send(side, place(at), 0x18, part);
                at += part.len();
            }
            return;
        };
        let mut parts = Vec::new();
        let mut at = 0;
        while at < whole.len() {
            let most = [1, 3, 40, 700, WHOLE][choices.below(5)].min(whole.len() - at);
            let end = at + 1 + choices.below(most);
            parts.push((at, end));
            at = end;
        }
        // Sent again: a part of another cut, which overlaps what was sent.
        for _ in 0..choices.below(4) {
            let at = choices.below(whole.len());
            let end = (at + 1 + choices.below(900)).min(whole.len());
            let behind = parts.partition_point(|part| part.0 < end) + choices.below(WINDOW);
            parts.insert(behind.min(parts.len()), (at, end));
        }
        for near in parts.chunks_mut(WINDOW) {
            for here in 0..near.len() {
                let there = here + choices.below(near.len() - here);
                near.swap(here, there);
            }
        }
        for (at, end) in parts {
            self.send(side, place(at), 0x18, &whole[at..end]);
        }
    }

    fn end(&mut self) {
        for side in [Side::Initiator, Side::Responder] {
            self.send(side, self.next[side.index()], 0x11, &[]);
        }
    }
}

/// What is heard of the packets of `trial`.
fn heard(trial: &Trial, mut choices: Option<Choices<'_>>) -> Heard {
    let mut line = Line::begun(trial);
    let side = |event: &Event| match event {
        Event::Message(side, _) => Some(*side),
        _ => None,
    };
    for run in trial.events.chunk_by(|one, other| side(one).is_some() && side(one) == side(other)) {
        let said: Vec<&[u8]> = run
            .iter()
            .filter_map(|event| match event {
                Event::Message(_, message) => Some(message.as_slice()),
                _ => None,
            })
            .filter(|message| !message.is_empty())
            .collect();
        match run.first().and_then(side) {
            Some(side) => line.say(side, &said, choices.as_mut()),
            None => line.end(),
        }
    }
    let memory = || Box::new(vec![0; 1 << 20]);
    let mut sensor = Sensor::new(Settings {
        scope: Scope(0),
        flows: 100,
        seed: 1,
        key: crate::codec::keyed::PrivacyKey::new(&[7; 32]),
        messages: memory(),
        waiting: memory(),
        pieces: memory(),
        scratch: memory(),
    });
    let mut heard = Heard::default();
    for (packet, bytes) in (1..).zip(&line.frames) {
        let wire_length = u32::try_from(bytes.len()).expect("short");
        let time = Time::from_seconds(1_700_000_000);
        sensor.frame(&Frame { time, source: 0, packet, link: LinkType::ETHERNET, bytes, wire_length }, &mut heard);
    }
    sensor.finish(&mut heard);
    assert_eq!(sensor.lent(), 0, "lent memory was not given back");
    heard.settled()
}

/// RFC 9293 §3.4: what a stream says does not depend on how it travels.
#[test]
fn golden_streams_say_the_same_however_they_travel() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/proto");
    let (mut tried, mut wrong) = (std::collections::BTreeSet::new(), Vec::new());
    for case in cases(&root) {
        let script = std::fs::read_to_string(case.join("input.txt")).expect("case has input.txt");
        let trial = Trial::parse(&script);
        let has_gap = trial.events.iter().any(|event| matches!(event, Event::Gap(..)));
        if trial.carrier != Some(Carrier::Tcp) || has_gap || trial.expected.is_some() {
            continue;
        }
        tried.extend(case.parent().map(std::path::Path::to_path_buf));
        let in_order = heard(&trial, None).to_json();
        let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
        let outcome = runner.run(&prop::collection::vec(any::<u16>(), 1..200), |all| {
            let said = heard(&trial, Some(Choices { all: &all, next: 0 })).to_json();
            prop_assert_eq!(&said, &in_order);
            Ok(())
        });
        wrong.extend(outcome.err().map(|error| format!("{}: {error}", case.display())));
    }
    assert!(tried.len() > 50, "only {} entries speak over TCP", tried.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
