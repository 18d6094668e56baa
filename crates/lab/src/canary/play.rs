//! Plays one conversation in every way that could make a reader lose its place within a canary.

use super::{CANARIES, FIRST_PORT};
use crate::bytes::utf16;
use crate::talk::{Talk, Turn};
use crate::wire::Capture;

/// How far unusual ports lie from usual ones.
const ELSEWHERE: u16 = 21_000;

/// Plays `talk` whole, at an unusual port, and cut at canaries: without and with an end, from the middle, with a hole.
pub(super) fn in_every_way(capture: &mut Capture, talk: &Talk) {
    let mut ways = vec![talk.clone(), talk.clone().at_ports(talk.client.1, talk.server.1.wrapping_add(ELSEWHERE))];
    for (number, turn) in talk.turns.iter().enumerate() {
        let (Turn::Client(bytes) | Turn::Server(bytes)) = turn else { continue };
        let places = places(bytes);
        let Some(place) = places.get(number % places.len().max(1)).copied() else { continue };
        let last = places.last().copied().unwrap_or(place);
        ways.extend([talk.until(number, place, false), talk.until(number, last, true), talk.from(number, place)]);
        if !talk.is_datagrams() {
            ways.push(talk.without(number, place.saturating_sub(3), 5));
        }
    }
    for way in ways {
        let server = way.server.1;
        way.at_ports(port(capture), server).play(capture);
    }
}

/// A client's port that no conversation of the capture has had.
fn port(capture: &mut Capture) -> u16 {
    FIRST_PORT + capture.number() % 50_000
}

/// The middle of each canary in `bytes`, in rising order.
fn places(bytes: &[u8]) -> Vec<usize> {
    let mut places: Vec<usize> = Vec::new();
    for canary in CANARIES.all() {
        for form in [canary.text.as_bytes().to_vec(), utf16(canary.text)] {
            let found = bytes.windows(form.len()).position(|window| window == form);
            places.extend(found.map(|at| at + form.len() / 2));
        }
    }
    places.sort_unstable();
    places
}
