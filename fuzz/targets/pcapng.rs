//! Capture files, pcap and pcapng: the same frames come out however the file's bytes come in.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wardlight_dissect::file::{Decoder, FormatError, LONGEST_FRAME, Piece};

/// Time, link type, captured and wire length of each frame.
type Frames = Vec<(i64, u32, usize, u32)>;

fuzz_target!(|input: &[u8]| {
    let Some((step, file)) = input.split_first() else { return };
    let whole = read(file, file.len().max(1));
    assert_eq!(whole, read(file, usize::from(*step).max(1)), "the step changes what is read");
});

fn read(file: &[u8], step: usize) -> (Frames, Option<FormatError>) {
    let (mut decoder, mut frames, mut at, mut end) = (Decoder::default(), Vec::new(), 0, 0);
    loop {
        let given = &file[at..end];
        let taken = match decoder.next(given) {
            Ok(Piece::Frame(frame, taken)) => {
                assert!(frame.bytes.len() <= taken && frame.bytes.len() <= LONGEST_FRAME as usize);
                frames.push((frame.time.micros(), frame.link.0, frame.bytes.len(), frame.wire_length));
                taken
            }
            Ok(Piece::Passed(taken)) => taken,
            Ok(Piece::More(wanted)) => {
                assert!(wanted > given.len(), "wants {wanted} bytes, but has {}", given.len());
                0
            }
            Err(error) => return (frames, Some(error)),
        };
        at += taken;
        assert!(at <= file.len() || end == file.len(), "took more than there is");
        if taken == 0 && end == file.len() || at > file.len() {
            return (frames, None);
        }
        // A piece to be passed over may reach beyond what is there yet.
        end = if taken == 0 || at > end { (end.max(at) + step).min(file.len()) } else { end };
        at = at.min(end);
    }
}
