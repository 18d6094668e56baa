//! Capture files as bytes: pcap and pcapng, told apart by how they begin.
//!
//! Pure: the caller brings bytes as it gets them and drops what was taken. Nothing is held here but numbers.

mod pcap;
mod pcapng;

use crate::link::LinkType;
use wardlight_model::Time;

/// Longest frame that is taken from a file, in bytes; larger ones are damage.
pub const LONGEST_FRAME: u32 = 1 << 20;

/// What stands next in a capture file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A frame; the first `taken` bytes are done with.
    Frame(Captured<'a>, usize),
    /// Something else; the first `taken` bytes are done with.
    Passed(usize),
    /// So many bytes must be there before anything can be said.
    More(usize),
}

/// One frame as a file holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Captured<'a> {
    /// When it was captured.
    pub time: Time,
    /// How it begins.
    pub link: LinkType,
    /// Its bytes, as far as captured.
    pub bytes: &'a [u8],
    /// Its length on the wire, in bytes.
    pub wire_length: u32,
}

/// Why a file cannot be read on. Places are relative to the bytes given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// It begins like no capture file.
    #[error("begins with {0:02x?}, which is no pcap or pcapng magic number")]
    NotACapture([u8; 4]),
    /// A pcap file of a version never published.
    #[error("is pcap version {0}.{1}, but only 2.x exists")]
    Version(u16, u16),
    /// A frame longer than any network carries.
    #[error("says that a frame is {0} bytes long, more than the {LONGEST_FRAME} that are possible")]
    FrameLength(u32),
    /// A pcapng block whose length cannot be.
    #[error("says that a block is {0} bytes long, which is no multiple of 4 or too short for its kind")]
    BlockLength(u32),
    /// A pcapng packet of an interface that was not described.
    #[error("has a packet of interface {0}, which no block before it describes")]
    Interface(u32),
}

/// Reads one capture file.
#[derive(Debug, Default)]
pub struct Decoder(State);

#[derive(Debug, Default)]
enum State {
    #[default]
    Start,
    Pcap(pcap::Pcap),
    Pcapng(pcapng::Pcapng),
}

impl Decoder {
    /// What stands at the beginning of `bytes`: all of the file that was not taken yet, as far as it has come.
    /// Errors: [`FormatError`]; nothing behind it can be read.
    pub fn next<'a>(&mut self, bytes: &'a [u8]) -> Result<Piece<'a>, FormatError> {
        match &mut self.0 {
            State::Start => self.begin(bytes),
            State::Pcap(pcap) => pcap.next(bytes),
            State::Pcapng(pcapng) => pcapng.next(bytes),
        }
    }

    /// What the file is: `pcap`, `pcapng`, or `None` before its beginning was read.
    #[must_use]
    pub const fn format(&self) -> Option<&'static str> {
        match &self.0 {
            State::Start => None,
            State::Pcap(_) => Some("pcap"),
            State::Pcapng(_) => Some("pcapng"),
        }
    }

    /// Bytes that it still has to pass over: a file that ends before them is cut short, though every byte was taken.
    #[must_use]
    pub const fn owes(&self) -> u64 {
        match &self.0 {
            State::Start | State::Pcap(_) => 0,
            State::Pcapng(pcapng) => pcapng.owes(),
        }
    }

    fn begin<'a>(&mut self, bytes: &'a [u8]) -> Result<Piece<'a>, FormatError> {
        let Some(magic) = bytes.first_chunk::<4>() else { return Ok(Piece::More(4)) };
        if *magic == pcapng::SECTION {
            self.0 = State::Pcapng(pcapng::Pcapng::default());
            return self.next(bytes);
        }
        let Some(order) = pcap::Order::of(*magic) else { return Err(FormatError::NotACapture(*magic)) };
        let Some(header) = bytes.first_chunk::<24>() else { return Ok(Piece::More(24)) };
        self.0 = State::Pcap(pcap::Pcap::begin(order, header)?);
        Ok(Piece::Passed(header.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::bytes;

    /// Time, link type, bytes and length on the wire.
    type Held = (i64, u32, Vec<u8>, u32);

    /// Reads a whole file, given `step` bytes more each time.
    fn frames(file: &[u8], step: usize) -> (Vec<Held>, Option<FormatError>) {
        let (mut decoder, mut frames, mut at, mut end) = (Decoder::default(), Vec::new(), 0, 0);
        loop {
            match decoder.next(&file[at..end]) {
                Ok(Piece::Frame(frame, taken)) => {
                    frames.push((frame.time.micros(), frame.link.0, frame.bytes.to_vec(), frame.wire_length));
                    at += taken;
                }
                Ok(Piece::Passed(taken)) if taken > 0 => at += taken,
                Ok(_) if end == file.len() => return (frames, None),
                Ok(_) => end = (end + step).min(file.len()),
                Err(error) => return (frames, Some(error)),
            }
        }
    }

    #[track_caller]
    fn check(file: &str, expected: &[(i64, u32, &[u8], u32)], error: Option<FormatError>) {
        let file = bytes(file);
        for step in [1, 5, file.len()] {
            let (frames, end) = frames(&file, step);
            let got: Vec<_> =
                frames.iter().map(|(time, link, bytes, wire)| (*time, *link, &bytes[..], *wire)).collect();
            assert_eq!((&got[..], end), (expected, error));
        }
    }

    const LITTLE: &str = "d4c3b2a1 0200 0400 00000000 00000000 ffff0000 01000000";

    #[test]
    fn pcap_in_both_byte_orders_and_resolutions() {
        check(&format!("{LITTLE} 01000000 02000000 02000000 03000000 aabb"), &[(1_000_002, 1, &[0xaa, 0xbb], 3)], None);
        let big = "a1b2c3d4 0002 0004 00000000 00000000 0000ffff 00000071 00000001 00000002 00000001 00000001 aa";
        check(big, &[(1_000_002, 113, &[0xaa], 1)], None);
        let nano = "4d3cb2a1 0200 0400 00000000 00000000 ffff0000 65000000 01000000 d0070000 01000000 01000000 45";
        check(nano, &[(1_000_002, 101, &[0x45], 1)], None);
        let modified = "34cdb2a1 0200 0400 00000000 00000000 ffff0000 01000000 \
                        01000000 02000000 01000000 01000000 00000000 0000 00 00 aa";
        check(modified, &[(1_000_002, 1, &[0xaa], 1)], None);
    }

    const SECTION: &str = "0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000";
    const ETHERNET: &str = "01000000 14000000 0100 0000 00000000 14000000";

    #[test]
    fn pcapng_with_several_interfaces_and_resolutions() {
        let nano = "01000000 20000000 6500 0000 00000000 0900 0100 09 000000 0000 0000 20000000";
        let first = "06000000 24000000 00000000 00000000 40420f00 01000000 01000000 aa000000 24000000";
        let second = "06000000 24000000 01000000 00000000 00ca9a3b 01000000 02000000 45000000 24000000";
        check(
            &format!("{SECTION}{ETHERNET}{nano}{first}{second}"),
            &[(1_000_000, 1, &[0xaa], 1), (1_000_000, 101, &[0x45], 2)],
            None,
        );
    }

    #[test]
    fn pcapng_passes_over_other_blocks_and_reads_simple_packets() {
        let secrets = "0a000000 18000000 4b534c54 04000000 73656372 18000000";
        let simple = "03000000 14000000 04000000 aabbccdd 14000000";
        check(&format!("{SECTION}{ETHERNET}{secrets}{simple}"), &[(0, 1, &[0xaa, 0xbb, 0xcc, 0xdd], 4)], None);
    }

    #[test]
    fn bytes_still_to_be_passed_over_are_owed() {
        let file = bytes(&format!("{SECTION}{ETHERNET} 0a000000 18000000 4b534c54 04000000 73656372 18000000"));
        for (end, owed) in [(28, 0), (48, 0), (60, 12), (71, 1), (72, 0)] {
            let (mut decoder, mut at) = (Decoder::default(), 0);
            while let Ok(Piece::Passed(taken)) = decoder.next(&file[at..end]) {
                at += taken;
            }
            assert_eq!((at, decoder.owes()), (end, owed));
        }
    }

    #[test]
    fn a_second_section_may_have_the_other_byte_order() {
        let big = "0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c \
                   00000001 00000014 0001 0000 00000000 00000014 \
                   00000006 00000024 00000000 00000000 000f4240 00000001 00000001 bb000000 00000024";
        check(&format!("{SECTION}{ETHERNET}{big}"), &[(1_000_000, 1, &[0xbb], 1)], None);
    }

    #[test]
    fn damage_is_named_and_what_came_before_is_kept() {
        check("\"hello, world\"", &[], Some(FormatError::NotACapture(*b"hell")));
        check("d4c3b2a1 0900 0400 00000000 00000000 ffff0000 01000000", &[], Some(FormatError::Version(9, 4)));
        let long = format!("{LITTLE} 01000000 02000000 01000000 01000000 aa 01000000 02000000 ffffff7f 01000000");
        check(&long, &[(1_000_002, 1, &[0xaa], 1)], Some(FormatError::FrameLength(0x7fff_ffff)));
        check(
            &format!("{SECTION} 06000000 24000000 07000000 00000000 40420f00 01000000 01000000 aa000000 24000000"),
            &[],
            Some(FormatError::Interface(7)),
        );
        check(&format!("{SECTION} 06000000 05000000 00000000"), &[], Some(FormatError::BlockLength(5)));
        check(&format!("{LITTLE} 01000000 0200"), &[], None);
    }
}
