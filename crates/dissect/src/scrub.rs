//! Wiping what calls leave behind on the stack.
//!
//! A parser that turns bytes over (names, arrays, character sets) leaves pieces of payload below its caller's frame.
//! Nothing reads them, but a later value with padding is built on top of them and carries them along; so they go.

/// Deepest that a parser's own calls reach, in bytes, with room to spare.
const DEPTH: usize = 24 * 1024;

/// Zeroes the part of the stack that calls made by the caller have used.
#[inline(never)]
pub fn scrub() {
    let mut used = [0u8; DEPTH];
    std::hint::black_box(&mut used);
}
