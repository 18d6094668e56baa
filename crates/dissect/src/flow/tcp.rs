//! One direction of a TCP connection put in order: each byte once, holes named, memory bounded.
//!
//! Bytes in order pass straight through from their frame. Those that come too early wait in lent memory until the hole
//! before them fills, or until the other side's acknowledgement shows that they came everywhere but here. Segments so far
//! off that they cannot be of this window are believed when they are acknowledged or follow each other: then order
//! begins anew with them. Where copies of the same bytes differ, the first counts. Source: RFC 9293 §3.

use crate::lent::{Loan, Slab};
use crate::output::Span;

/// Most segments that wait for a hole to fill.
const PIECES: usize = 64;
/// Farthest from what is expected that a segment is believed at once, in bytes.
const AHEAD: u32 = 1 << 20;
/// What is said to be lost where a stream begins anew: more than any message holds.
const UNKNOWN: u64 = u32::MAX as u64;
/// Segments that follow each other farther off, until they are believed.
const AGREEING: usize = 3;

/// One direction's order.
#[derive(Default)]
pub struct Lane {
    /// Next sequence number expected; `None` before anything was seen.
    next: Option<u32>,
    /// Highest sequence number that the other side has acknowledged.
    acknowledged: Option<u32>,
    /// Sequence number behind the last byte, once a FIN said it.
    end: Option<u32>,
    /// What came too early or was not believed, once anything was: in most directions nothing ever is.
    astray: Option<Box<Astray>>,
    /// Payload bytes passed on or passed over in order.
    pub bytes: u64,
    /// Payload bytes that never came.
    pub missed: u64,
}

/// Segments that did not come in order.
#[derive(Default)]
struct Astray {
    early: Vec<Early>,
    /// Segments far behind what is expected.
    behind: Behind,
    /// Whether order began anew and nobody was told yet.
    torn: bool,
    /// Payload bytes that came and were not believed.
    discarded: u64,
}

/// A run of segments that follow each other in a place where none can be expected.
#[derive(Default, Clone, Copy)]
struct Behind {
    next: u32,
    segments: usize,
}

struct Early {
    seq: u32,
    bytes: Loan,
    span: Span,
}

/// What a direction has next.
pub enum Next {
    /// A waiting segment is in order now. The caller reads and releases it.
    Bytes(Loan, Span),
    /// So many bytes will never come.
    Gap(u64),
}

/// What became of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Its bytes from this index on are new and in order: to be read now.
    InOrder(usize),
    /// It waits, or is not believed yet.
    Later,
    /// All its bytes were seen before.
    Again,
}

impl Lane {
    /// Sequence numbers begin behind `seq`, as a SYN says.
    pub fn begin(&mut self, seq: u32) {
        self.next.get_or_insert(seq.wrapping_add(1));
    }

    /// The last byte stands before `seq`, as a FIN says.
    pub fn finish(&mut self, seq: u32) {
        self.end.get_or_insert(seq);
        self.next.get_or_insert(seq);
    }

    /// Whether a FIN was seen and everything before it was passed on.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.end.is_some() && self.end == self.next
    }

    /// The other side has everything before `ack`.
    pub fn acknowledge(&mut self, ack: u32) {
        if self.acknowledged.is_none_or(|held| ahead(ack, held) > 0) {
            self.acknowledged = Some(ack);
        }
    }

    /// Takes a segment's payload at `seq`; `deaf` when nobody will read it, so that it need only be counted.
    pub fn arrive(&mut self, seq: u32, payload: &[u8], span: Span, deaf: bool, slab: &mut Slab) -> Arrival {
        let next = *self.next.get_or_insert(seq);
        let distance = ahead(seq, next);
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        if distance > 0 && !deaf {
            self.wait(seq, payload, span, slab);
            return Arrival::Later;
        }
        if distance > 0 {
            self.miss(distance.unsigned_abs());
            self.pass(length);
            return Arrival::InOrder(0);
        }
        let seen = distance.unsigned_abs();
        if seen > AHEAD && !deaf {
            self.doubt(seq, payload, span, slab);
            return Arrival::Later;
        }
        if seen >= length {
            if deaf {
                self.fill(length);
            }
            return Arrival::Again;
        }
        self.pass(length - seen);
        Arrival::InOrder(usize::try_from(seen).unwrap_or(usize::MAX))
    }

    /// What is in order now. Call until `None`.
    pub fn next(&mut self, slab: &mut Slab) -> Option<Next> {
        let astray = self.astray.as_deref_mut()?;
        if std::mem::take(&mut astray.torn) {
            return Some(Next::Gap(UNKNOWN));
        }
        let next = self.next?;
        let lost = loop {
            let first = astray.early.first()?;
            let distance = ahead(first.seq, next);
            if distance > 0 {
                break distance.unsigned_abs();
            }
            let mut early = astray.early.remove(0);
            let seen = usize::try_from(distance.unsigned_abs()).unwrap_or(usize::MAX);
            let Some(fresh) = early.bytes.len().checked_sub(seen).filter(|fresh| *fresh > 0) else {
                slab.release(early.bytes);
                continue;
            };
            slab.cut(&mut early.bytes, 0, seen);
            self.pass(u32::try_from(fresh).unwrap_or(u32::MAX));
            let ahead = u32::try_from(seen).unwrap_or(u32::MAX);
            return Some(Next::Bytes(
                early.bytes,
                Span { offset: early.span.offset.saturating_add(ahead), ..early.span },
            ));
        };
        let first = astray.early.first()?.seq;
        let proven = self.acknowledged.is_some_and(|ack| ahead(ack, first) >= 0) || lost > AHEAD && astray.agree();
        if !proven && astray.early.len() < PIECES {
            return None;
        }
        self.miss(lost);
        Some(Next::Gap(u64::from(lost)))
    }

    /// Gives back everything that waits; it and the holes before it count as missed, or, where nothing shows how far
    /// the stream went, what waited as discarded.
    pub fn close(&mut self, slab: &mut Slab) {
        let waited = self.astray.as_deref_mut().map_or(0, |astray| astray.drop_early(slab));
        let missing = self.next.zip(self.end.or(self.acknowledged)).map_or(0, |(next, end)| ahead(end, next));
        if missing > 0 && missing.unsigned_abs() < AHEAD {
            self.miss(missing.unsigned_abs());
        } else if waited > 0 {
            self.astray.get_or_insert_default().discarded += waited;
        }
    }

    /// Payload bytes that came and were not believed.
    pub(crate) fn discarded(&self) -> u64 {
        self.astray.as_deref().map_or(0, |astray| astray.discarded)
    }

    /// Looks at a segment far behind what is expected: a copy that came very late, or a stream that begins anew. The
    /// latter is believed when segments follow each other; those before the last are lost.
    fn doubt(&mut self, seq: u32, payload: &[u8], span: Span, slab: &mut Slab) {
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let astray = self.astray.get_or_insert_default();
        let Behind { next, segments } = astray.behind;
        let segments = if segments > 0 && next == seq { segments + 1 } else { 1 };
        astray.behind = Behind { next: seq.wrapping_add(length), segments };
        if segments < AGREEING {
            astray.discarded += u64::from(length);
            return;
        }
        astray.discarded += astray.drop_early(slab);
        (astray.behind, astray.torn) = (Behind::default(), true);
        (self.next, self.acknowledged, self.end) = (Some(seq), None, None);
        self.wait(seq, payload, span, slab);
    }

    fn pass(&mut self, length: u32) {
        self.next = self.next.map(|next| next.wrapping_add(length));
        self.bytes += u64::from(length);
    }

    fn miss(&mut self, length: u32) {
        self.next = self.next.map(|next| next.wrapping_add(length));
        self.missed += u64::from(length);
    }

    /// Bytes thought missed came late, while nobody waited for them.
    fn fill(&mut self, length: u32) {
        let filled = self.missed.min(u64::from(length));
        self.missed -= filled;
        self.bytes += filled;
    }

    /// Keeps a segment that came too early. What cannot be kept shows as a gap later.
    fn wait(&mut self, seq: u32, payload: &[u8], span: Span, slab: &mut Slab) {
        let early = &mut self.astray.get_or_insert_default().early;
        let place = early.partition_point(|early| ahead(early.seq, seq) < 0);
        let held = early.get(place).is_some_and(|early| early.seq == seq && early.bytes.len() >= payload.len());
        if held || early.len() >= PIECES {
            return;
        }
        if let Some(bytes) = slab.lend(payload) {
            early.insert(place, Early { seq, bytes, span });
        }
    }
}

impl Astray {
    /// Whether the first of what waits follow each other.
    fn agree(&self) -> bool {
        let first = self.early.get(..AGREEING).unwrap_or_default();
        let follows = |pair: &[Early]| matches!(pair, [one, other] if ahead(other.seq, one.end()) <= 0);
        !first.is_empty() && first.windows(2).all(follows)
    }

    /// Gives back what waits, and says how many bytes it was.
    fn drop_early(&mut self, slab: &mut Slab) -> u64 {
        let mut bytes = 0;
        for early in self.early.drain(..) {
            bytes += early.bytes.len() as u64;
            slab.release(early.bytes);
        }
        bytes
    }
}

impl Early {
    fn end(&self) -> u32 {
        self.seq.wrapping_add(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX))
    }
}

/// How far `seq` lies ahead of `of`, in sequence space; negative when it lies behind.
fn ahead(seq: u32, of: u32) -> i32 {
    seq.wrapping_sub(of).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Passes segments through a lane and gives what came out: bytes, with `_` for each lost one.
    fn put_in_order(segments: &[(u32, &[u8])], ack: Option<u32>) -> String {
        let mut slab = Slab::new(Box::new(vec![0; 1 << 20]));
        let mut lane = Lane::default();
        lane.begin(u32::MAX - 3);
        let mut out = String::new();
        for (seq, payload) in segments {
            let seq = seq.wrapping_add(u32::MAX - 2);
            if let Arrival::InOrder(from) = lane.arrive(seq, payload, Span::default(), false, &mut slab) {
                out.push_str(std::str::from_utf8(&payload[from..]).expect("text"));
            }
            if let Some(ack) = ack {
                lane.acknowledge(ack.wrapping_add(u32::MAX - 2));
            }
            while let Some(next) = lane.next(&mut slab) {
                match next {
                    Next::Bytes(loan, _) => {
                        out.push_str(std::str::from_utf8(slab.bytes(&loan)).expect("text"));
                        slab.release(loan);
                    }
                    Next::Gap(lost) => out.push_str(&"_".repeat(usize::try_from(lost).expect("small"))),
                }
            }
        }
        lane.close(&mut slab);
        assert_eq!(slab.in_use(), 0);
        out
    }

    #[test]
    fn segments_come_out_in_order_each_byte_once() {
        assert_eq!(put_in_order(&[(0, b"abc"), (3, b"def")], None), "abcdef");
        assert_eq!(put_in_order(&[(3, b"def"), (0, b"abc"), (0, b"abc"), (6, b"g")], None), "abcdefg");
        assert_eq!(put_in_order(&[(0, b"abc"), (2, b"XYZ")], None), "abcYZ");
        assert_eq!(put_in_order(&[(4, b"ef"), (2, b"cdXX"), (0, b"ab")], None), "abcdXX");
    }

    #[test]
    fn a_hole_that_was_acknowledged_is_named() {
        assert_eq!(put_in_order(&[(0, b"ab"), (4, b"ef")], Some(6)), "ab__ef");
        assert_eq!(put_in_order(&[(0, b"ab"), (4, b"ef")], Some(2)), "ab");
    }

    #[test]
    fn a_hole_beyond_any_window_is_named_once_it_is_proven() {
        let far = 3 << 20;
        let lost = |out: &str| out.chars().filter(|c| *c == '_').count();
        for (segments, ack, end) in [
            (&[(0, &b"ab"[..]), (far, b"cd")][..], Some(far + 2), "cd"),
            (&[(0, b"ab"), (far, b"cd"), (far + 2, b"ef"), (far + 4, b"gh")], None, "cdefgh"),
        ] {
            let out = put_in_order(segments, ack);
            assert_eq!((lost(&out), out.starts_with("ab_"), out.ends_with(end)), ((3 << 20) - 2, true, true));
        }
        let strays = [(0, &b"ab"[..]), (far, b"XX"), (far + 9, b"XX"), (far + 90, b"XX"), (2, b"cd")];
        assert_eq!(put_in_order(&strays, None), "abcd");
    }

    #[test]
    fn a_stream_far_behind_begins_anew_when_segments_agree() {
        let mut slab = Slab::new(Box::new(vec![0; 1 << 20]));
        let mut lane = Lane::default();
        let mut read = |lane: &mut Lane, seq: u32, payload: &[u8]| {
            let mut out = match lane.arrive(seq, payload, Span::default(), false, &mut slab) {
                Arrival::InOrder(from) => String::from_utf8_lossy(&payload[from..]).into_owned(),
                _ => String::new(),
            };
            while let Some(next) = lane.next(&mut slab) {
                match next {
                    Next::Bytes(loan, _) => {
                        out.push_str(&String::from_utf8_lossy(slab.bytes(&loan)));
                        slab.release(loan);
                    }
                    Next::Gap(lost) => assert_eq!((lost, out.push('_')), (UNKNOWN, ())),
                }
            }
            out
        };
        let first = 1 << 30;
        assert_eq!(read(&mut lane, first, b"old"), "old");
        assert_eq!(read(&mut lane, 50, b"ab"), "");
        assert_eq!(read(&mut lane, first + 3, b"er"), "er");
        assert_eq!(read(&mut lane, 52, b"cd"), "");
        assert_eq!(read(&mut lane, 54, b"ef"), "_ef");
        assert_eq!(read(&mut lane, 56, b"gh"), "gh");
        assert_eq!((lane.discarded(), lane.bytes, lane.missed), (4, 9, 0));
    }

    #[test]
    fn waiting_segments_are_bounded() {
        let segments: Vec<(u32, &[u8])> = (0..200).map(|n| (2 + n * 2, &b"x"[..])).collect();
        assert!(put_in_order(&segments, None).starts_with("__x_x"));
    }

    proptest! {
        #[test]
        fn any_order_gives_the_same_stream(cuts in prop::collection::btree_set(1usize..200, 0..20), swaps in prop::collection::vec(any::<prop::sample::Index>(), 20)) {
            let text: String = ('a'..='z').cycle().take(200).collect();
            let mut edges: Vec<usize> = std::iter::once(0).chain(cuts).chain([200]).collect();
            edges.dedup();
            let mut parts: Vec<(u32, &[u8])> = edges.windows(2)
                .map(|edge| (u32::try_from(edge[0]).expect("small"), &text.as_bytes()[edge[0]..edge[1]])).collect();
            let count = parts.len();
            for (n, swap) in swaps.iter().enumerate().take(count) {
                parts.swap(n, swap.index(count));
            }
            prop_assert_eq!(put_in_order(&parts, None), text);
        }
    }
}
