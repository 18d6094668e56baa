//! Writes a synthetic hospital to standard output: `hospital DEVICES SECONDS [lean|full] [SCOPE]` the capture of one
//! scope from eight in the morning, `hospital DEVICES truth` the truth, `hospital DEVICES cmms` and so on the records.

use std::io::Write as _;
use wardlight_lab::hospital::{Hospital, Size, Volume, pcap_header};

fn main() -> std::io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let word = |place: usize| words.get(place).map_or("", String::as_str);
    let hospital = Hospital::plan(1, Size::devices(word(0).parse().unwrap_or(500)));
    let mut out = std::io::stdout().lock();
    let volume = if word(2) == "full" { Volume::Full } else { Volume::Lean };
    let begin = Hospital::begin().plus(8 * 3_600_000_000);
    let end = begin.plus(word(1).parse().unwrap_or(60) * 1_000_000);
    let mut playing = hospital.capture(begin, end, volume).only(word(3).parse().unwrap_or(0));
    let mut block = pcap_header();
    loop {
        let goes_on = playing.records(&mut block, 1 << 20);
        out.write_all(&block)?;
        block.clear();
        if !goes_on {
            return Ok(());
        }
    }
}
