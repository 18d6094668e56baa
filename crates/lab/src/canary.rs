//! Canaries: unmistakable made-up values in every patient, order, visitor and log-in field of every protocol.
//!
//! Whoever reads these captures must not let any of them out again: not in output, not in files, not in memory that
//! a core dump holds.

mod clinic;
mod control;
mod dicom;
mod messages;
mod mobile;
mod network;
mod office;
mod play;
mod scan;
mod secured;
mod services;
mod web;
mod words;

use crate::talk::Talk;
use crate::wire::{Capture, Manner};

pub use network::air_captures;
pub use scan::{Hit, Scanner};
pub use words::{CAGES, CANARIES, Canaries, SHORT_NAMES};

/// One value that must never be seen outside the capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Canary {
    /// What it is, such as `family`.
    pub name: &'static str,
    /// The value.
    pub text: &'static str,
}

/// Conversations of every protocol with canaries in them, as a pcap file: `split` payload bytes in a TCP segment (at
/// least 1), some out of order, some twice, some packets in fragments; whole, at an unusual port, broken off within a
/// canary, begun within one, and with a hole in one.
#[must_use]
pub fn canary_capture(split: usize) -> Vec<u8> {
    let mut capture = Capture::begin(1_715_700_000, Manner { segment: split.max(1), rough: true });
    for talk in &talks() {
        play::in_every_way(&mut capture, talk);
    }
    office::announcements(&mut capture);
    network::announcements(&mut capture);
    capture.into_bytes()
}

/// The conversations, each as it is meant.
fn talks() -> Vec<Talk> {
    let first = [dicom::talks(), messages::talks(), web::talks(), office::talks()].concat();
    let second = [services::talks(), clinic::talks(), network::talks(), mobile::talks()].concat();
    [first, second, control::talks(), secured::talks()].concat()
}

/// The client's port of the first conversation; each further one has its own.
const FIRST_PORT: u16 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::{base64, utf16};
    use crate::talk::Turn;
    use std::collections::BTreeSet;

    #[test]
    fn canaries_are_long_and_share_no_part() {
        let mut seen = BTreeSet::new();
        for Canary { name, text } in CANARIES.all() {
            assert!(text.len() >= 10, "{name}");
            let folded: Vec<char> = text.to_lowercase().chars().collect();
            let parts: BTreeSet<String> = folded.windows(8).map(|window| window.iter().collect()).collect();
            for part in parts {
                assert!(seen.insert(part.clone()), "{name}: {part} stands in another canary too");
            }
        }
    }

    #[test]
    fn every_canary_and_every_cage_is_said() {
        let talks = talks();
        let mut all: Vec<u8> = Vec::new();
        for turn in talks.iter().flat_map(|talk| &talk.turns) {
            if let Turn::Client(bytes) | Turn::Server(bytes) = turn {
                all.extend(bytes);
            }
        }
        let mut capture = Capture::begin(0, crate::wire::SMOOTH);
        office::announcements(&mut capture);
        all.extend(capture.into_bytes());
        let has = |bytes: &[u8]| all.windows(bytes.len()).any(|window| window == bytes);
        for Canary { name, text } in CANARIES.all() {
            let halves: Vec<u8> = text.bytes().flat_map(|byte| [b'A' + (byte >> 4), b'A' + (byte & 15)]).collect();
            let forms = [text.as_bytes().to_vec(), utf16(text), base64(text.as_bytes()).into_bytes(), halves];
            assert!(forms.iter().any(|form| has(form)), "{name}");
        }
        for cage in CAGES {
            assert!(has(cage.as_bytes()) || has(&utf16(cage)), "{cage}");
        }
    }

    #[test]
    fn the_same_split_gives_the_same_capture() {
        let capture = canary_capture(1460);
        assert_eq!(capture, canary_capture(1460));
        assert!(canary_capture(100).len() > capture.len());
    }
}
