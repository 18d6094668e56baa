//! Damaged input: frames cut at every byte, files cut at every byte, frames mutated at random. Nothing panics, hangs or
//! keeps lent memory; what stands before the damage is read.
//!
//! Frames come from the corpus where `WARDLIGHT_CORPUS` says, and from the laboratory's ward. By default a seeded 2 %
//! of the cuts is made; `WARDLIGHT_CUTS=all` makes every one.
#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "captures are files; tests may stop at a wrong index"
)]

use std::path::{Path, PathBuf};
use wardlight_dissect::codec::keyed::PrivacyKey;
use wardlight_dissect::file::{Decoder, FormatError, Piece};
use wardlight_dissect::link::LinkType;
use wardlight_dissect::tally::Tally;
use wardlight_dissect::{Frame, Sensor, Settings};
use wardlight_model::{Scope, Time};

/// Frames of one capture that are cut.
const FRAMES: usize = 200;
/// Mutated frames in all.
const MUTATIONS: usize = 1_000_000;
/// Longest capture that is cut at every byte of the file, and how many of them.
const SMALL: u64 = 64 * 1024;
const FILES: usize = 50;

/// Begins the form of pcap with longer frame headers.
const MODIFIED: [u8; 4] = [0x34, 0xcd, 0xb2, 0xa1];

struct Held {
    time: Time,
    link: LinkType,
    bytes: Vec<u8>,
}

impl Held {
    fn frame<'a>(&self, bytes: &'a [u8], packet: u64) -> Frame<'a> {
        let wire_length = u32::try_from(self.bytes.len()).expect("frames are short");
        Frame { time: self.time, source: 0, packet, link: self.link, bytes, wire_length }
    }
}

/// SplitMix64: the same numbers for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ mixed >> 31) % (bound.max(1) as u64)).expect("below bound")
    }
}

fn sensor() -> Sensor {
    let memory = |length: usize| Box::new(vec![0; length]);
    Sensor::new(Settings {
        scope: Scope(0),
        flows: 2000,
        seed: 1,
        key: PrivacyKey::new(&[3; 32]),
        messages: memory(2 << 20),
        waiting: memory(1 << 20),
        pieces: memory(1 << 20),
        scratch: memory(1 << 18),
    })
}

#[track_caller]
fn finish(mut sensor: Sensor, mut tally: Tally) {
    sensor.finish(&mut tally.with(&mut ()));
    assert_eq!(sensor.lent(), 0, "lent memory was not given back");
}

/// What came of a file.
#[derive(Default)]
struct Outcome {
    frames: Vec<Held>,
    /// The error that ended it.
    error: Option<FormatError>,
    /// Whether it is seen to end within a piece.
    is_cut: bool,
}

/// The frames of a capture, the first `most`.
fn read(file: &[u8], most: usize) -> Outcome {
    let (mut decoder, mut outcome, mut at) = (Decoder::default(), Outcome::default(), 0);
    while outcome.frames.len() < most {
        match decoder.next(&file[at..]) {
            Ok(Piece::Frame(frame, taken)) => {
                outcome.frames.push(Held { time: frame.time, link: frame.link, bytes: frame.bytes.to_vec() });
                at += taken;
            }
            Ok(Piece::Passed(taken)) => at += taken,
            Ok(Piece::More(_)) => break,
            Err(error) => {
                outcome.error = Some(error);
                return outcome;
            }
        }
    }
    outcome.is_cut = at < file.len() || decoder.owes() > 0;
    outcome
}

/// Where the pieces of a capture end, by its own lengths alone.
fn ends(file: &[u8]) -> Vec<usize> {
    let little = |at: usize| file.get(at..at + 4).map(|four| u32::from_le_bytes(four.try_into().expect("four bytes")));
    let big = |at: usize| little(at).map(u32::swap_bytes);
    let is_blocks = file.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]);
    let mut is_big = matches!(file.first(), Some(0xa1));
    let mut ends = vec![if is_blocks { 0 } else { 24 }];
    while let Some(at) = ends.last().copied() {
        if is_blocks && little(at) == Some(0x0a0d_0d0a) {
            is_big = file.get(at + 8) == Some(&0x1a);
        }
        let length_at = if is_blocks { at + 4 } else { at + 8 };
        let Some(length) = (if is_big { big(length_at) } else { little(length_at) }) else { break };
        let head = if is_blocks { 0 } else { 16 };
        let end = at + head + usize::try_from(length).expect("a length");
        if end > file.len() || end == at {
            break;
        }
        ends.push(end);
    }
    ends
}

/// Every plain capture of the corpus, in a fixed order; the laboratory's ward alone where there is no corpus.
fn captures() -> Vec<(PathBuf, Vec<u8>)> {
    let mut paths = Vec::new();
    match std::env::var_os("WARDLIGHT_CORPUS") {
        Some(corpus) => collect(Path::new(&corpus), &mut paths),
        None => eprintln!("skipped: WARDLIGHT_CORPUS is not set, so only the laboratory's ward is damaged"),
    }
    paths.sort();
    let read = |path: PathBuf| std::fs::read(&path).ok().map(|bytes| (path, bytes));
    let ward = (PathBuf::from("ward"), wardlight_lab::ward_capture());
    let blocks = (PathBuf::from("blocks"), blocks());
    [blocks, ward].into_iter().chain(paths.into_iter().filter_map(read)).collect()
}

/// A pcapng capture with a block that is passed over before, between and behind its frames.
fn blocks() -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let length = u32::try_from(body.len() + 12).expect("short").to_le_bytes();
        [&kind.to_le_bytes(), &length, body, &length].concat()
    };
    let section = block(0x0a0d_0d0a, &[&[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0][..], &[0xff; 8]].concat());
    let frame = block(6, &[&[0; 12][..], &[60, 0, 0, 0, 60, 0, 0, 0], &[0x42; 60]].concat());
    let passed = block(10, &[7; 40]);
    [section, passed.clone(), block(1, &[1, 0, 0, 0, 0, 0, 0, 0]), frame.clone(), passed.clone(), frame, passed]
        .concat()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path
            .extension()
            .is_some_and(|end| ["pcap", "pcapng", "cap", "trace"].iter().any(|known| end == *known))
        {
            paths.push(path);
        }
    }
}

#[test]
fn frames_cut_at_every_byte() {
    let all = std::env::var_os("WARDLIGHT_CUTS").is_some_and(|which| which == "all");
    let mut random = Random(20_261_122);
    let mut cuts = 0u64;
    for (path, file) in captures() {
        let (mut sensor, mut tally) = (sensor(), Tally::new(1));
        for (packet, held) in (1..).zip(&read(&file, FRAMES).frames) {
            for end in 0..held.bytes.len() {
                if all || random.below(50) == 0 {
                    sensor.frame(&held.frame(&held.bytes[..end], packet), &mut tally.with(&mut ()));
                    cuts += 1;
                }
            }
            sensor.frame(&held.frame(&held.bytes, packet), &mut tally.with(&mut ()));
        }
        assert!(sensor.counts().frames > 0 || file.len() < 100, "{}", path.display());
        finish(sensor, tally);
    }
    println!("{cuts} cut frames");
}

#[test]
fn files_cut_at_every_byte() {
    let small = |(_, file): &(PathBuf, Vec<u8>)| (file.len() as u64) <= SMALL;
    let mut captures: Vec<(PathBuf, Vec<u8>)> = captures().into_iter().filter(small).collect();
    let step = (captures.len() / FILES).max(1);
    captures = captures.into_iter().step_by(step).take(FILES).collect();
    for (path, file) in &captures {
        let Outcome { frames: whole, error: damage, .. } = read(file, usize::MAX);
        let ends = ends(file);
        let mut seen = 0;
        for end in 0..=file.len() {
            let Outcome { frames: part, error, is_cut } = read(&file[..end], usize::MAX);
            let is_prefix = part.iter().zip(&whole).all(|(part, whole)| part.bytes == whole.bytes);
            assert!(is_prefix && part.len() <= whole.len(), "{} cut at {end}: other frames came out", path.display());
            if error.is_some() {
                assert_eq!(part.len(), whole.len(), "{} cut at {end}: {error:?}", path.display());
            } else if damage.is_none() && file[..4] != MODIFIED {
                let is_within = end > 0 && !ends.contains(&end);
                assert_eq!(
                    is_cut,
                    is_within,
                    "{} cut at {end}: the cut is not seen, or is seen in vain",
                    path.display()
                );
            }
            if part.len() > seen {
                seen = part.len();
                let (mut sensor, mut tally) = (sensor(), Tally::new(1));
                for (packet, held) in (1..).zip(part.iter().rev().take(8).rev()) {
                    sensor.frame(&held.frame(&held.bytes, packet), &mut tally.with(&mut ()));
                }
                finish(sensor, tally);
            }
        }
    }
    println!("{} files cut at every byte", captures.len());
}

#[test]
fn a_million_mutated_frames() {
    let pool: Vec<Held> = captures().iter().flat_map(|(_, file)| read(file, FRAMES).frames).collect();
    let mut random = Random(4_711);
    let (mut sensor, mut tally) = (sensor(), Tally::new(1));
    for packet in 1..=MUTATIONS {
        // Runs of frames that follow each other keep conversations together.
        let held = &pool[(packet + random.below(3)) % pool.len()];
        let mut bytes = held.bytes.clone();
        mutate(&mut bytes, &mut random);
        sensor.frame(&held.frame(&bytes, packet as u64), &mut tally.with(&mut ()));
        if packet % 50_000 == 0 {
            finish(std::mem::replace(&mut sensor, self::sensor()), std::mem::replace(&mut tally, Tally::new(1)));
        }
    }
    finish(sensor, tally);
}

/// Changes a few bytes, takes some away, or says some twice; mostly behind the addresses.
fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(4) {
        if bytes.len() < 16 {
            return;
        }
        let at = 12 + random.below(bytes.len() - 12);
        match random.below(6) {
            0 => bytes[at] = [0, 1, 0x7f, 0x80, 0xfe, 0xff][random.below(6)],
            1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes[at] = u8::try_from(random.below(256)).expect("a byte"),
            3 => drop(bytes.drain(at..(at + random.below(8)).min(bytes.len()))),
            4 => {
                let some: Vec<u8> = bytes[at..(at + random.below(16)).min(bytes.len())].to_vec();
                bytes.splice(at..at, some);
            }
            _ => bytes.truncate(at),
        }
    }
}
