//! Compressed message bodies unpacked into lent memory, as far as they fit.
//!
//! Sources: RFC 1952 (gzip), RFC 1950 and 1951 (what HTTP calls deflate, RFC 9110 §8.4.1). A body cut short gives what
//! could be unpacked; checksums are not looked at, since nothing is believed that does not read as a message.

use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_IGNORE_ADLER32, TINFL_FLAG_PARSE_ZLIB_HEADER, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// Whether bodies of this content coding can be unpacked.
#[must_use]
pub fn is_known(coding: &str) -> bool {
    ["gzip", "x-gzip", "deflate"].iter().any(|known| coding.eq_ignore_ascii_case(known))
}

/// Unpacks `packed` into the front of `to`. Gives how many bytes came out: 0 when the coding is not known or nothing
/// could be unpacked.
#[must_use]
pub fn into(coding: &str, packed: &[u8], to: &mut [u8]) -> usize {
    if !is_known(coding) || to.is_empty() {
        return 0;
    }
    if coding.eq_ignore_ascii_case("deflate") {
        // Some senders leave out the zlib header that RFC 9110 asks for.
        let is_zlib = matches!(packed, [first, second, ..] if first & 0x0f == 8 && u16::from_be_bytes([*first, *second]) % 31 == 0);
        return inflate(packed, to, if is_zlib { TINFL_FLAG_PARSE_ZLIB_HEADER } else { 0 });
    }
    behind_gzip_header(packed).map_or(0, |deflated| inflate(deflated, to, 0))
}

fn inflate(packed: &[u8], to: &mut [u8], flags: u32) -> usize {
    let flags = flags | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF | TINFL_FLAG_IGNORE_ADLER32;
    let (_, _, written) = decompress(&mut Box::<DecompressorOxide>::default(), packed, to, 0, flags);
    written
}

/// What stands behind the header of a gzip member; `None` when it is none or is cut short.
fn behind_gzip_header(bytes: &[u8]) -> Option<&[u8]> {
    let mut cursor = super::cursor::Cursor::new(bytes);
    let [one, two, method, flags, ..] = cursor.array::<10>().ok()?;
    if [one, two, method] != [0x1f, 0x8b, 8] {
        return None;
    }
    if flags & 4 != 0 {
        let extra = cursor.u16_le().ok()?;
        cursor.skip(usize::from(extra)).ok()?;
    }
    for _ in 0..(flags >> 3 & 1) + (flags >> 4 & 1) {
        cursor.until(0).ok()?;
    }
    cursor.skip(usize::from(flags & 2)).ok()?;
    Some(cursor.rest())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::bytes;

    /// `printf 'hello hello hello' | gzip -n9`, and the same by zlib.
    const GZIP: &str = "1f8b0800000000000203 cb48cdc9c957c8409000 88f9e511 11000000";

    #[test]
    fn bodies_come_out_plain() {
        let mut to = [0; 64];
        let length = into("GZIP", &bytes(GZIP), &mut to);
        assert_eq!(&to[..length], b"hello hello hello");
        let length = into("deflate", &bytes("78da cb48cdc9c957c8409000 3a2e067d"), &mut to);
        assert_eq!(&to[..length], b"hello hello hello");
        let length = into("deflate", &bytes("cb48cdc9c957c8409000"), &mut to);
        assert_eq!(&to[..length], b"hello hello hello");
    }

    #[test]
    fn what_does_not_fit_or_is_cut_gives_what_there_is() {
        let mut to = [0; 5];
        assert_eq!(into("gzip", &bytes(GZIP), &mut to), 5);
        assert_eq!(&to, b"hello");
        let packed = bytes(GZIP);
        for end in 0..packed.len() {
            assert!(into("gzip", &packed[..end], &mut [0; 64]) <= 17);
        }
        assert_eq!(into("br", &packed, &mut to), 0);
    }
}
