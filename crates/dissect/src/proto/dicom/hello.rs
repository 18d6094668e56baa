//! Whether bytes begin a DICOM stream (PS3.8 §9.3).

use crate::codec::cursor::{Cursor, Short};
use crate::entry::Probe;

/// Longest association PDU believed, in bytes.
const LONGEST: u32 = 1 << 20;

/// Whether a stream that begins with `bytes` is DICOM.
pub(super) fn probe(bytes: &[u8]) -> Probe {
    // What is there is checked before more is asked for.
    judge(bytes).unwrap_or(Probe::More)
}

fn judge(bytes: &[u8]) -> Result<Probe, Short> {
    let mut cursor = Cursor::new(bytes);
    let kind = cursor.u8()?;
    if !(1..=7).contains(&kind) || *bytes.get(1).unwrap_or(&0) != 0 {
        return Ok(Probe::No);
    }
    if matches!(bytes.get(2), Some(high) if *high != 0 && kind != 4) {
        return Ok(Probe::No);
    }
    cursor.skip(1)?;
    let length = cursor.u32()?;
    match kind {
        1 | 2 => association(kind, length, &mut cursor),
        4 => transfer(length, &mut cursor),
        _ if length != 4 => Ok(Probe::No),
        _ => Ok(short(kind, cursor.array()?)),
    }
}

fn association(kind: u8, length: u32, cursor: &mut Cursor<'_>) -> Result<Probe, Short> {
    if !(68..LONGEST).contains(&length) || cursor.u16()? & 1 == 0 {
        return Ok(Probe::No);
    }
    cursor.skip(2)?;
    let titles = cursor.take_at_most(32);
    // Those of an answer are reserved and may hold anything.
    if kind == 1 && !titles.iter().all(|byte| matches!(byte, 0 | b' '..=b'~' | 0xa0..)) {
        return Ok(Probe::No);
    }
    cursor.skip(if titles.len() == 32 { 32 } else { usize::MAX })?;
    Ok(if cursor.u8()? == 0x10 { Probe::Yes } else { Probe::No })
}

fn transfer(length: u32, cursor: &mut Cursor<'_>) -> Result<Probe, Short> {
    let value = cursor.u32()?;
    if value < 2 || value.checked_add(4).is_none_or(|filled| filled > length) {
        return Ok(Probe::No);
    }
    let (context, control) = (cursor.u8()?, cursor.u8()?);
    if control > 3 || context % 2 == 0 {
        return Ok(Probe::No);
    }
    if control & 1 == 0 {
        return Ok(if value + 4 == length { Probe::Likely } else { Probe::No });
    }
    // A command set begins with its group length (0000,0000).
    Ok(if cursor.array()? == [0, 0, 0, 0, 4, 0, 0, 0] { Probe::Yes } else { Probe::No })
}

fn short(kind: u8, body: [u8; 4]) -> Probe {
    match (kind, body) {
        (3, [0, 1..=2, 1..=3, 1..=10]) => Probe::Yes,
        (5 | 6, [0, 0, 0, 0]) | (7, [0, 0, 0 | 2, 0..=6]) => Probe::Likely,
        _ => Probe::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(script: &str, expected: Probe) {
        let bytes = crate::trial::bytes(script);
        assert_eq!(probe(&bytes), expected, "{script}");
        for cut in 1..bytes.len() {
            let part = probe(&bytes[..cut]);
            assert!(part == Probe::More || part == expected, "{part:?} after {cut} bytes of {script}");
        }
    }

    #[test]
    fn pdus_are_told_by_content() {
        let zeros = "00".repeat(32);
        let request = r#"01 00 000000c8 0001 0000 "PACS            CT_1            ""#;
        check(&format!("{request} {zeros} 10"), Probe::Yes);
        check(&format!("{request} {zeros} 11"), Probe::No);
        check(request, Probe::More);
        check("04 00 0000004a 00000046 01 03 0000 0000 04000000", Probe::Yes);
        check("04 00 00004000 00003ffc 01 00", Probe::Likely);
        check("03 00 00000004 00 01 01 07", Probe::Yes);
        check("06 00 00000004 00000000", Probe::Likely);
    }

    #[test]
    fn other_protocols_are_not_claimed() {
        check("03 00 0013 0e e0 00000000", Probe::No); // TPKT
        check("01 00 5e 0000fb 0800", Probe::No);
        check("05 01 00", Probe::No); // SOCKS
        check("04 01 0050 0a000001 00", Probe::No); // SOCKS 4
        check("16 03 01 0200 01", Probe::No); // TLS
        check("00 00 00 00 00 06", Probe::No); // Modbus
        check("01 00 00000fff 0002", Probe::No);
        check("04 00 00000010 0000000c 02 03", Probe::No);
    }
}
