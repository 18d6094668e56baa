//! Bodies as compressing servers send them: deflate (RFC 1951) of literals only, in gzip (RFC 1952).

use crate::bytes::{Bytes, length};

/// `plain` as a gzip member.
pub(crate) fn gzip(plain: &[u8]) -> Vec<u8> {
    let head = Bytes::default().raw([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
    head.raw(deflate(plain)).u32le(check(plain)).u32le(length(plain)).0
}

/// `plain` in one block with the fixed codes of RFC 1951 §3.2.6, so that none of it stands in the result as it is.
pub(crate) fn deflate(plain: &[u8]) -> Vec<u8> {
    let mut bits = vec![true, true, false];
    let mut put = |code: u16, count: u16| bits.extend((0..count).rev().map(|place| code >> place & 1 == 1));
    for byte in plain {
        let byte = u16::from(*byte);
        if byte < 144 { put(0x30 + byte, 8) } else { put(0x190 + byte - 144, 9) }
    }
    put(0, 7);
    bits.chunks(8).map(|bits| bits.iter().rev().fold(0u8, |byte, bit| byte << 1 | u8::from(*bit))).collect()
}

/// The CRC-32 of RFC 1952 §8.
fn check(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| sum >> 1 ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_sum_is_the_usual_one() {
        assert_eq!(check(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_letter_is_packed_as_rfc_1951_says() {
        assert_eq!(deflate(b"a"), [0x4b, 0x04, 0x00], "as `printf a | gzip` has it behind its header");
    }
}
