//! Writes a synthetic hospital to standard output: `hospital DEVICES SECONDS [lean|full] [SCOPE]` the capture of one
//! scope from eight in the morning; `hospital DEVICES truth`, or `cmms`, `procurement`, `directory`, `conn`, `dhcp`, `isc`
//! in the place of the seconds, those.

use std::io::Write as _;
use wardlight_lab::hospital::{Headings, Hospital, Size, Truth, Volume, pcap_header};

fn main() -> std::io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let word = |place: usize| words.get(place).map_or("", String::as_str);
    let hospital = Hospital::plan(1, Size::devices(word(0).parse().unwrap_or(500)));
    let mut out = std::io::stdout().lock();
    if let Some(text) = document(&hospital, word(1)) {
        return out.write_all(text.as_bytes());
    }
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

/// The truth, an export or a log of an hour; `None` when it is none of those.
fn document(hospital: &Hospital, name: &str) -> Option<String> {
    let records = || hospital.records(Headings::Nuvolo);
    let begin = Hospital::begin().plus(8 * 3_600_000_000);
    let logs = || hospital.logs(begin, begin.plus(3_600_000_000), 0);
    Some(match name {
        "truth" => hospital.truth(&records()).iter().map(|row| Truth::to_json(row) + "\n").collect(),
        "cmms" => records().cmms.text,
        "procurement" => records().procurement.text,
        "directory" => records().directory.text,
        "conn" => logs().conn,
        "dhcp" => logs().dhcp,
        "isc" => logs().isc,
        _ => return None,
    })
}
