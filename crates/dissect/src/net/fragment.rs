//! Fragments to packets, in bounded lent memory.
//!
//! Sources: RFC 815, RFC 8200 §4.5, RFC 5722 (an IPv6 packet with overlapping fragments is dropped whole; the same is
//! done for IPv4, where overlaps serve evasion only). A fragment that comes twice is no overlap when its bytes are the
//! same; when they differ, another packet has the same number.

use super::{Fragment, Packet};
use crate::lent::{Loan, Slab};
use crate::output::Span;
use std::collections::BTreeMap;
use std::net::IpAddr;
use wardlight_model::{Scope, Time};

/// Most packets whose fragments wait at one time.
const PACKETS: usize = 512;
/// Most fragments of one packet.
const PIECES: usize = 64;
/// A packet whose fragments do not all come within this time is dropped (RFC 8200 §4.5), in microseconds.
const PATIENCE: i64 = 60_000_000;
/// Largest packet that can be put together, in bytes.
const LARGEST: u32 = 65_535;

type Key = (Scope, IpAddr, IpAddr, u8, u32);

/// Packets whose fragments wait for the others.
#[derive(Default)]
pub(crate) struct Fragments {
    waiting: BTreeMap<Key, Partial>,
    /// Fragments of packets that never came together.
    pub(crate) dropped: u64,
}

struct Partial {
    since: Time,
    pieces: Vec<Piece>,
    total: Option<u32>,
}

struct Piece {
    offset: u32,
    bytes: Loan,
    span: Span,
}

/// The payload of a packet put together.
pub(crate) struct Whole {
    /// Its bytes; to be released.
    pub(crate) bytes: Loan,
    /// Where each part of them came from, in order.
    pub(crate) spans: Vec<Span>,
}

/// A fragment and where it came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrived {
    /// Its place in its packet.
    pub(crate) fragment: Fragment,
    /// Where its payload stands in its frame.
    pub(crate) span: Span,
    /// When it came.
    pub(crate) time: Time,
}

impl Fragments {
    /// Adds one fragment. Gives the payload of the whole packet when it was the last one missing; the caller releases
    /// it.
    pub(crate) fn add(
        &mut self,
        scope: Scope,
        packet: &Packet<'_>,
        arrived: Arrived,
        slab: &mut Slab,
    ) -> Option<Whole> {
        let Arrived { fragment, time: now, .. } = arrived;
        let key = (scope, packet.source, packet.destination, packet.protocol, fragment.id);
        self.expire(now, slab);
        if !self.waiting.contains_key(&key) && self.waiting.len() >= PACKETS {
            self.make_room(slab);
        }
        let full = self.waiting.len() >= PACKETS;
        let length = u32::try_from(packet.payload.len()).unwrap_or(u32::MAX);
        let end = fragment.offset.saturating_add(length);
        if packet.missing > 0 || end > LARGEST || length == 0 || full && !self.waiting.contains_key(&key) {
            self.dropped += 1;
            return None;
        }
        let partial = self.waiting.entry(key).or_insert(Partial { since: now, pieces: Vec::new(), total: None });
        if !partial.add(arrived, end, packet.payload, slab) {
            self.dropped += 1;
            self.give_up(&key, slab);
            return None;
        }
        let whole = partial.is_whole().then(|| partial.join(slab))?;
        self.waiting.remove(&key);
        if whole.is_none() {
            self.dropped += 1;
        }
        whole
    }

    /// Gives back everything held.
    pub(crate) fn close(&mut self, slab: &mut Slab) {
        let keys: Vec<Key> = self.waiting.keys().copied().collect();
        keys.iter().for_each(|key| self.give_up(key, slab));
    }

    /// Gives up packets that waited too long: their number is another packet's by now.
    fn expire(&mut self, now: Time, slab: &mut Slab) {
        let late = |partial: &Partial| now.since(partial.since).unsigned_abs() > PATIENCE.unsigned_abs();
        let keys: Vec<Key> = self.waiting.iter().filter(|(_, partial)| late(partial)).map(|(key, _)| *key).collect();
        keys.iter().for_each(|key| self.give_up(key, slab));
    }

    /// Gives up the packet that waits longest.
    fn make_room(&mut self, slab: &mut Slab) {
        let oldest = self.waiting.iter().min_by_key(|(key, partial)| (partial.since, **key)).map(|(key, _)| *key);
        oldest.iter().for_each(|key| self.give_up(key, slab));
    }

    fn give_up(&mut self, key: &Key, slab: &mut Slab) {
        let pieces = self.waiting.remove(key).map(|partial| partial.pieces).unwrap_or_default();
        self.dropped += pieces.len() as u64;
        pieces.into_iter().for_each(|piece| slab.release(piece.bytes));
    }
}

impl Partial {
    /// Keeps one fragment. `false` when the packet is to be dropped: overlap, the same place with other bytes, two ends,
    /// too many pieces, no memory.
    fn add(&mut self, arrived: Arrived, end: u32, bytes: &[u8], slab: &mut Slab) -> bool {
        let Arrived { fragment, span, .. } = arrived;
        let place = self.pieces.partition_point(|piece| piece.offset < fragment.offset);
        let before = place.checked_sub(1).and_then(|before| self.pieces.get(before));
        let after = self.pieces.get(place);
        if let Some(twin) = after.filter(|piece| piece.offset == fragment.offset && piece.bytes.len() == bytes.len()) {
            return slab.bytes(&twin.bytes) == bytes && fragment.more == (self.total != Some(end));
        }
        let overlaps =
            before.is_some_and(|piece| piece.end() > fragment.offset) || after.is_some_and(|piece| piece.offset < end);
        let ends_twice = !fragment.more && self.total.is_some_and(|total| total != end);
        let beyond = self.total.is_some_and(|total| end > total);
        if overlaps || ends_twice || beyond || self.pieces.len() >= PIECES {
            return false;
        }
        let Some(bytes) = slab.lend(bytes) else { return false };
        self.pieces.insert(place, Piece { offset: fragment.offset, bytes, span });
        if !fragment.more {
            self.total = Some(end);
        }
        true
    }

    fn is_whole(&self) -> bool {
        let reached = self.pieces.iter().try_fold(0, |at, piece| (piece.offset == at).then(|| piece.end()));
        self.total.is_some() && reached == self.total
    }

    fn join(&mut self, slab: &mut Slab) -> Option<Whole> {
        let mut pieces = std::mem::take(&mut self.pieces).into_iter();
        let first = pieces.next()?;
        let mut whole = Whole { bytes: first.bytes, spans: vec![first.span] };
        let mut is_whole = true;
        for piece in pieces {
            whole.spans.push(Span { at: whole.bytes.len(), ..piece.span });
            is_whole = is_whole && slab.join(&mut whole.bytes, &piece.bytes);
            slab.release(piece.bytes);
        }
        if is_whole {
            return Some(whole);
        }
        slab.release(whole.bytes);
        None
    }
}

impl Piece {
    fn end(&self) -> u32 {
        self.offset.saturating_add(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(offset: u32, more: bool, payload: &[u8]) -> (Packet<'_>, Fragment) {
        let fragment = Fragment { id: 9, offset, more };
        let packet = Packet {
            source: [10, 0, 0, 1].into(),
            destination: [10, 0, 0, 2].into(),
            protocol: 17,
            ttl: 64,
            length: 0,
            payload,
            missing: 0,
            fragment: Some(fragment),
        };
        (packet, fragment)
    }

    /// Adds fragments with the second and the frame each comes in. Gives the packet they make, with its spans as frame
    /// and place, and the count of those dropped.
    #[track_caller]
    fn put(pieces: &[(i64, u32, bool, &[u8])]) -> (Option<Vec<u8>>, Vec<(u64, usize)>, u64) {
        let mut slab = Slab::new(Box::new(vec![0; 1 << 20]));
        let mut fragments = Fragments::default();
        let mut whole = None;
        for (number, (second, offset, more, payload)) in (1..).zip(pieces) {
            let (packet, fragment) = piece(*offset, *more, payload);
            let span = Span { packet: number, ..Span::default() };
            let arrived = Arrived { fragment, span, time: Time::from_seconds(*second) };
            whole = fragments.add(Scope(0), &packet, arrived, &mut slab).or(whole);
        }
        let bytes = whole.as_ref().map(|whole| slab.bytes(&whole.bytes).to_vec());
        let spans = whole.iter().flat_map(|whole| &whole.spans).map(|span| (span.packet, span.at)).collect();
        if let Some(whole) = whole {
            slab.release(whole.bytes);
        }
        fragments.close(&mut slab);
        assert_eq!(slab.in_use(), 0);
        (bytes, spans, fragments.dropped)
    }

    #[track_caller]
    fn check(pieces: &[(u32, bool, &[u8])], expected: Option<&[u8]>) {
        let pieces: Vec<_> = pieces.iter().map(|(offset, more, payload)| (0, *offset, *more, *payload)).collect();
        assert_eq!(put(&pieces).0.as_deref(), expected);
    }

    #[test]
    fn each_part_keeps_the_frame_it_came_in() {
        let (_, spans, dropped) = put(&[(0, 8, false, b"gh"), (0, 0, true, b"01234567")]);
        assert_eq!((spans, dropped), (vec![(2, 0), (1, 8)], 0));
    }

    #[test]
    fn parts_of_different_packets_are_not_put_together() {
        let (bytes, _, dropped) = put(&[(0, 0, true, b"OLDOLDOL"), (90, 8, false, b"new")]);
        assert_eq!((bytes, dropped), (None, 2));
        let new = [(0, 0, true, &b"OLDOLDOL"[..]), (90, 0, true, b"01234567"), (90, 8, false, b"new")];
        let (bytes, _, dropped) = put(&new);
        assert_eq!((bytes.as_deref(), dropped), (Some(&b"01234567new"[..]), 1));
    }

    #[test]
    fn the_same_place_with_other_bytes_drops_the_packet() {
        let (bytes, _, dropped) = put(&[(0, 0, true, b"OLDOLDOL"), (1, 0, true, b"01234567"), (1, 8, false, b"new")]);
        assert_eq!((bytes, dropped), (None, 3));
        let (bytes, _, dropped) = put(&[(0, 8, false, b"a"), (0, 8, true, b"a"), (0, 0, true, b"01234567")]);
        assert_eq!((bytes, dropped), (None, 3), "it ends and goes on");
    }

    #[test]
    fn fragments_come_together_in_any_order() {
        check(&[(0, true, b"01234567"), (8, true, b"89abcdef"), (16, false, b"gh")], Some(b"0123456789abcdefgh"));
        check(
            &[(16, false, b"gh"), (0, true, b"01234567"), (0, true, b"01234567"), (8, true, b"89abcdef")],
            Some(b"0123456789abcdefgh"),
        );
    }

    #[test]
    fn an_overlap_drops_the_packet() {
        check(&[(0, true, b"0123456789abcdef"), (8, true, b"XXXXXXXX"), (16, false, b"gh")], None);
    }

    #[test]
    fn waiting_packets_are_bounded() {
        let mut slab = Slab::new(Box::new(vec![0; 4 << 20]));
        let mut fragments = Fragments::default();
        for id in 0..5000 {
            let (mut packet, mut fragment) = piece(0, true, b"01234567");
            fragment.id = id;
            packet.fragment = Some(fragment);
            let arrived = Arrived { fragment, span: Span::default(), time: Time::default() };
            fragments.add(Scope(0), &packet, arrived, &mut slab);
        }
        assert!(fragments.waiting.len() <= PACKETS);
        assert_eq!(fragments.dropped + fragments.waiting.len() as u64, 5000);
        fragments.close(&mut slab);
        assert_eq!(slab.in_use(), 0);
    }
}
