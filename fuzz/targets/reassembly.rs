//! One direction of a TCP connection: whatever order its segments come in, each byte comes out once, in its place, and
//! what never came is counted.
//!
//! Input: segments as two bytes of place, one of length, one of acknowledgement; the stream's bytes follow from their place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wardlight_dissect::Span;
use wardlight_dissect::flow::tcp::{Arrival, Lane, Next};
use wardlight_dissect::lent::{LARGEST, Slab};

/// Sequence number before the first byte: so that numbers wrap early.
const BEGIN: u32 = u32::MAX - 1000;

fuzz_target!(|input: &[u8]| {
    let mut slab = Slab::new(Box::new(vec![0; LARGEST]));
    let mut lane = Lane::default();
    lane.begin(BEGIN);
    let mut place = 0;
    for segment in input.as_chunks::<4>().0 {
        let [low, high, length, ack] = *segment;
        let at = u32::from(u16::from_le_bytes([low, high]));
        let payload: Vec<u8> = (at..at + u32::from(length) * 4).map(byte).collect();
        if let Arrival::InOrder(from) = lane.arrive(seq(at), &payload, Span::default(), false, &mut slab) {
            place = arrived(place, &payload[from..]);
        }
        if ack % 4 == 0 {
            lane.acknowledge(seq(u32::from(ack) * 64));
        }
        while let Some(next) = lane.next(&mut slab) {
            match next {
                Next::Bytes(loan, _) => {
                    place = arrived(place, slab.bytes(&loan));
                    slab.release(loan);
                }
                Next::Gap(lost) => place += u32::try_from(lost).expect("within the stream"),
            }
        }
        assert_eq!(lane.bytes + lane.missed, u64::from(place), "bytes and losses do not add up");
    }
    lane.close(&mut slab);
    assert_eq!(slab.in_use(), 0, "lent memory was not given back");
});

/// The place behind `bytes`, which came out at `place`.
fn arrived(place: u32, bytes: &[u8]) -> u32 {
    let wrong = (place..).zip(bytes).find(|(place, found)| byte(*place) != **found);
    assert_eq!(wrong, None, "a byte came out at another's place");
    place + u32::try_from(bytes.len()).expect("short")
}

fn seq(place: u32) -> u32 {
    BEGIN.wrapping_add(1).wrapping_add(place)
}

/// The stream's byte at `place`: differs from its neighbours'.
fn byte(place: u32) -> u8 {
    place.wrapping_mul(0x9e37_79b1).to_be_bytes()[0]
}
