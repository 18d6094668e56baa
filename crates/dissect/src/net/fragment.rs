//! Fragments to packets, in bounded lent memory.
//!
//! Sources: RFC 815, RFC 8200 §4.5, RFC 5722 (an IPv6 packet with overlapping fragments is dropped whole; the same is
//! done for IPv4, where overlaps serve evasion only).

use super::{Fragment, Packet};
use crate::lent::{Loan, Slab};
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
}

impl Fragments {
    /// Adds one fragment. Gives the payload of the whole packet when it was the last one missing; the caller releases
    /// it.
    pub(crate) fn add(
        &mut self,
        scope: Scope,
        packet: &Packet<'_>,
        fragment: Fragment,
        now: Time,
        slab: &mut Slab,
    ) -> Option<Loan> {
        let key = (scope, packet.source, packet.destination, packet.protocol, fragment.id);
        if !self.waiting.contains_key(&key) && self.waiting.len() >= PACKETS {
            self.expire(now, slab);
        }
        let full = self.waiting.len() >= PACKETS;
        let length = u32::try_from(packet.payload.len()).unwrap_or(u32::MAX);
        let end = fragment.offset.saturating_add(length);
        if packet.missing > 0 || end > LARGEST || length == 0 || full && !self.waiting.contains_key(&key) {
            self.dropped += 1;
            return None;
        }
        let partial = self.waiting.entry(key).or_insert(Partial { since: now, pieces: Vec::new(), total: None });
        if !partial.add(fragment, end, packet.payload, slab) {
            self.dropped += 1;
            self.forget(&key, slab);
            return None;
        }
        let whole = partial.is_whole().then(|| partial.join(slab));
        if whole.is_some() {
            self.forget(&key, slab);
        }
        whole.flatten()
    }

    /// Gives back everything held.
    pub(crate) fn close(&mut self, slab: &mut Slab) {
        let keys: Vec<Key> = self.waiting.keys().copied().collect();
        for key in keys {
            self.dropped += self.waiting.get(&key).map_or(0, |partial| partial.pieces.len() as u64);
            self.forget(&key, slab);
        }
    }

    fn expire(&mut self, now: Time, slab: &mut Slab) {
        let late = |partial: &Partial| now.since(partial.since).unsigned_abs() > PATIENCE.unsigned_abs();
        let mut keys: Vec<Key> =
            self.waiting.iter().filter(|(_, partial)| late(partial)).map(|(key, _)| *key).collect();
        if keys.is_empty() {
            keys.extend(self.waiting.iter().min_by_key(|(key, partial)| (partial.since, **key)).map(|(key, _)| *key));
        }
        for key in keys {
            self.dropped += self.waiting.get(&key).map_or(0, |partial| partial.pieces.len() as u64);
            self.forget(&key, slab);
        }
    }

    fn forget(&mut self, key: &Key, slab: &mut Slab) {
        let pieces = self.waiting.remove(key).map(|partial| partial.pieces).unwrap_or_default();
        pieces.into_iter().for_each(|piece| slab.release(piece.bytes));
    }
}

impl Partial {
    /// Keeps one fragment. `false` when the packet is to be dropped: overlap, two ends, too many pieces, no memory.
    fn add(&mut self, fragment: Fragment, end: u32, bytes: &[u8], slab: &mut Slab) -> bool {
        let place = self.pieces.partition_point(|piece| piece.offset < fragment.offset);
        let before = place.checked_sub(1).and_then(|before| self.pieces.get(before));
        let after = self.pieces.get(place);
        if after.is_some_and(|piece| piece.offset == fragment.offset && piece.bytes.len() == bytes.len()) {
            return true;
        }
        let overlaps =
            before.is_some_and(|piece| piece.end() > fragment.offset) || after.is_some_and(|piece| piece.offset < end);
        let ends_twice = !fragment.more && self.total.is_some_and(|total| total != end);
        let beyond = self.total.is_some_and(|total| end > total);
        if overlaps || ends_twice || beyond || self.pieces.len() >= PIECES {
            return false;
        }
        let Some(bytes) = slab.lend(bytes) else { return false };
        self.pieces.insert(place, Piece { offset: fragment.offset, bytes });
        if !fragment.more {
            self.total = Some(end);
        }
        true
    }

    fn is_whole(&self) -> bool {
        let reached = self.pieces.iter().try_fold(0, |at, piece| (piece.offset == at).then(|| piece.end()));
        self.total.is_some() && reached == self.total
    }

    fn join(&mut self, slab: &mut Slab) -> Option<Loan> {
        let mut pieces = std::mem::take(&mut self.pieces).into_iter();
        let mut whole = pieces.next()?.bytes;
        for piece in pieces {
            let joined = slab.join(&mut whole, &piece.bytes);
            slab.release(piece.bytes);
            if !joined {
                slab.release(whole);
                return None;
            }
        }
        Some(whole)
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

    #[track_caller]
    fn check(pieces: &[(u32, bool, &[u8])], expected: Option<&[u8]>) {
        let mut slab = Slab::new(Box::new(vec![0; 1 << 20]));
        let mut fragments = Fragments::default();
        let mut whole = None;
        for (offset, more, payload) in pieces {
            let (packet, fragment) = piece(*offset, *more, payload);
            whole = fragments.add(Scope(0), &packet, fragment, Time::default(), &mut slab).or(whole);
        }
        assert_eq!(whole.as_ref().map(|loan| slab.bytes(loan)), expected);
        if let Some(loan) = whole {
            slab.release(loan);
        }
        fragments.close(&mut slab);
        assert_eq!(slab.in_use(), 0);
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
            fragments.add(Scope(0), &packet, fragment, Time::from_seconds(i64::from(id)), &mut slab);
        }
        assert!(fragments.waiting.len() <= PACKETS);
        assert_eq!(fragments.dropped + fragments.waiting.len() as u64, 5000);
        fragments.close(&mut slab);
        assert_eq!(slab.in_use(), 0);
    }
}
