//! Numbers in few bits, as Apache Parquet 2 packs them ("Encodings": RLE = 3, DELTA_BINARY_PACKED = 5).

/// Equal numbers in a row that are worth a run of their own.
const RUN: usize = 8;
/// Numbers of a block of deltas, and of the parts that have a width of their own.
const BLOCK: usize = 128;
const PART: usize = 32;

/// Bits that numbers up to `most` need.
pub(super) fn width(most: u64) -> u8 {
    u8::try_from(u64::BITS - most.leading_zeros()).unwrap_or(64)
}

/// Appends `codes`, each of at most `width` bits: runs of equal ones as one, others packed eight at a time.
pub(super) fn hybrid(codes: &[u32], width: u8, out: &mut Vec<u8>) {
    let (mut packed, mut rest) = (0, codes);
    while let Some(first) = rest.get(packed) {
        let run = rest.iter().skip(packed).take_while(|code| *code == first).count();
        if run < RUN {
            packed += RUN.min(rest.len() - packed);
            continue;
        }
        let (before, same) = rest.split_at(packed);
        literal(before, width, out);
        varint((run as u64) << 1, out);
        out.extend(first.to_le_bytes().iter().take(usize::from(width.div_ceil(8))));
        rest = same.get(run..).unwrap_or_default();
        packed = 0;
    }
    literal(rest, width, out);
}

/// Appends `numbers` as differences from one to the next.
pub(super) fn delta(numbers: &[i64], out: &mut Vec<u8>) {
    varint(BLOCK as u64, out);
    varint((BLOCK / PART) as u64, out);
    varint(numbers.len() as u64, out);
    varint(zigzag(numbers.first().copied().unwrap_or_default()), out);
    let mut last = numbers;
    let mut deltas = [0_i64; BLOCK];
    while last.len() > 1 {
        let count = BLOCK.min(last.len() - 1);
        for ((delta, a), b) in deltas.iter_mut().zip(last).zip(last.iter().skip(1)) {
            *delta = b.wrapping_sub(*a);
        }
        block(deltas.get(..count).unwrap_or_default(), out);
        last = last.get(count..).unwrap_or_default();
    }
}

fn block(deltas: &[i64], out: &mut Vec<u8>) {
    let least = deltas.iter().copied().min().unwrap_or_default();
    varint(zigzag(least), out);
    let above = |delta: &i64| delta.wrapping_sub(least).cast_unsigned();
    let parts = deltas.chunks(PART);
    let widths = parts.clone().map(|part| width(part.iter().map(above).fold(0, |all, bits| all | bits)));
    out.extend(widths.clone().chain(std::iter::repeat(0)).take(BLOCK / PART));
    for (part, width) in parts.zip(widths) {
        pack(part.iter().map(above).chain(std::iter::repeat(0)).take(PART), width, out);
    }
}

/// Numbers packed in groups of eight; the last group is filled up with zeros.
fn literal(codes: &[u32], width: u8, out: &mut Vec<u8>) {
    if codes.is_empty() {
        return;
    }
    let groups = codes.len().div_ceil(RUN);
    varint((groups as u64) << 1 | 1, out);
    pack(codes.iter().map(|code| u64::from(*code)).chain(std::iter::repeat(0)).take(groups * RUN), width, out);
}

/// Appends the lowest `width` bits of each number, lowest bit first; together they fill whole bytes.
fn pack(numbers: impl Iterator<Item = u64>, width: u8, out: &mut Vec<u8>) {
    if width > 32 {
        return pack_wide(numbers, width, out);
    }
    let (mut bits, mut held) = (0_u64, 0_u32);
    for number in numbers {
        bits |= number << held;
        held += u32::from(width);
        if held >= 32 {
            let [a, b, c, d, ..] = bits.to_le_bytes();
            out.extend([a, b, c, d]);
            bits >>= 32;
            held -= 32;
        }
    }
    out.extend(bits.to_le_bytes().iter().take(held.div_ceil(8) as usize));
}

fn pack_wide(numbers: impl Iterator<Item = u64>, width: u8, out: &mut Vec<u8>) {
    let (mut bits, mut held) = (0_u128, 0_u32);
    for number in numbers {
        bits |= u128::from(number) << held;
        held += u32::from(width);
        while held >= 8 {
            out.extend(bits.to_le_bytes().first());
            bits >>= 8;
            held -= 8;
        }
    }
    out.extend(bits.to_le_bytes().iter().take(held.div_ceil(8) as usize));
}

const fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        let [low, ..] = number.to_le_bytes();
        out.push(low | 0x80);
        number >>= 7;
    }
    let [low, ..] = number.to_le_bytes();
    out.push(low);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(codes: &[u32], width: u8) -> Vec<u8> {
        let mut out = Vec::new();
        hybrid(codes, width, &mut out);
        out
    }

    /// The examples of the specification: the numbers 0 to 7 in three bits; a run.
    #[test]
    fn numbers_are_packed_as_specified() {
        assert_eq!(packed(&[0, 1, 2, 3, 4, 5, 6, 7], 3), [3, 0b1000_1000, 0b1100_0110, 0b1111_1010]);
        assert_eq!(packed(&[5; 100], 3), [200, 1, 5]);
        assert_eq!(packed(&[0; 9], 0), [18]);
        assert_eq!(packed(&[1, 0, 1], 1), [3, 0b101]);
        let mut mixed = vec![1, 2, 3, 4, 5, 6, 7, 8];
        mixed.extend([9; 8]);
        assert_eq!(packed(&mixed, 4), [3, 0x21, 0x43, 0x65, 0x87, 16, 9]);
    }

    /// The second example of the specification: 7, 5, 3, 1, 2, 3, 4, 5.
    #[test]
    fn differences_are_packed_as_specified() {
        let mut out = Vec::new();
        delta(&[7, 5, 3, 1, 2, 3, 4, 5], &mut out);
        assert_eq!(out[..6], [0x80, 1, 4, 8, 14, 3], "block, parts, count, first, least difference");
        assert_eq!(out[6..], [2, 0, 0, 0, 0b1100_0000, 0b0011_1111, 0, 0, 0, 0, 0, 0]);
        for (numbers, length) in [(&[][..], 5), (&[3][..], 5), (&[i64::MIN, i64::MAX, 0][..], 5 + 9 + 10 + 4 + 256)] {
            let mut out = Vec::new();
            delta(numbers, &mut out);
            assert!(out.len() <= length, "{numbers:?}: {}", out.len());
        }
    }
}
