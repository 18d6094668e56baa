//! Frames of one block of a ring, as the kernel lays them out (linux/if_packet.h: `tpacket_block_desc`, `tpacket3_hdr`,
//! `sockaddr_ll`).

/// Bytes of a block's own head, which the kernel writes anew.
const HEAD: usize = 48;
/// Where a frame's VLAN tag stands: behind both addresses (IEEE 802.1Q).
const TAG_AT: usize = 12;
/// Bytes of a VLAN tag.
pub const TAG: usize = 4;

/// One frame, where the kernel wrote it.
#[derive(Debug, PartialEq, Eq)]
pub struct Caught<'a> {
    /// When the kernel received it, in microseconds since 1970 in UTC.
    pub micros: i64,
    /// The frame from its destination address on, with the VLAN tag that the kernel had taken out.
    pub bytes: &'a [u8],
    /// Its length on the wire.
    pub wire_length: u32,
}

/// Gives the frames of `block` in order. What does not fit into it is passed over: it would be the kernel's mistake.
pub fn frames(block: &mut [u8], mut each: impl FnMut(Caught<'_>)) {
    let Some(count) = word(block, 12) else { return };
    let mut at = word(block, 16).map_or(block.len(), size);
    for _ in 0..count {
        let Some(rest) = block.get_mut(at..) else { return };
        let next = word(rest, 0).map_or(0, size);
        if let Some(caught) = frame(rest) {
            each(caught);
        }
        if next == 0 {
            return;
        }
        at = at.saturating_add(next);
    }
}

/// Leaves nothing of the frames of `block`: they would stay until the kernel comes round to it again.
pub fn wipe(block: &mut [u8]) {
    let end = word(block, 20).map_or(block.len(), size).clamp(HEAD, block.len().max(HEAD));
    block.get_mut(HEAD..end).into_iter().for_each(|frames| frames.fill(0));
}

fn frame(head: &mut [u8]) -> Option<Caught<'_>> {
    let [seconds, nanos, length, wire, status] = [4, 8, 12, 16, 20].map(|at| word(head, at));
    let (from, mut length, status) = (usize::from(half(head, 24)?), size(length?), status?);
    let micros = i64::from(seconds?).saturating_mul(1_000_000).saturating_add(i64::from(nanos? / 1000));
    let mut wire_length = wire?;
    let mut begin = from;
    if status & libc::TP_STATUS_VLAN_VALID != 0 && length >= TAG_AT {
        let control = u16::try_from(word(head, 32)? & 0xffff).ok()?;
        let kind = if status & libc::TP_STATUS_VLAN_TPID_VALID == 0 { 0x8100 } else { half(head, 36)? };
        // There is room before each frame for this.
        begin = from.checked_sub(TAG)?;
        let addresses = head.get_mut(begin..from + TAG_AT)?;
        addresses.copy_within(TAG.., 0);
        let [a, b] = kind.to_be_bytes();
        let [c, d] = control.to_be_bytes();
        addresses.get_mut(TAG_AT..)?.copy_from_slice(&[a, b, c, d]);
        length += TAG;
        wire_length = wire_length.saturating_add(4);
    }
    Some(Caught { micros, bytes: head.get(begin..begin.checked_add(length)?)?, wire_length })
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_ne_bytes(*word))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|half| u16::from_ne_bytes(*half))
}

fn size(word: u32) -> usize {
    usize::try_from(word).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a tag is of, and its control word.
    type Tag = (u16, u16);

    /// A block with frames behind one another.
    fn block(all: &[(&[u8], Option<Tag>)]) -> Vec<u8> {
        let mut block = vec![0; HEAD];
        block[12..16].copy_from_slice(&u32::try_from(all.len()).expect("few").to_ne_bytes());
        block[16..20].copy_from_slice(&48_u32.to_ne_bytes());
        for (index, (bytes, tag)) in all.iter().enumerate() {
            let mut head = vec![0; 96];
            let length = u32::try_from(bytes.len()).expect("short");
            let next = if index + 1 == all.len() { 0 } else { 96 + length.next_multiple_of(16) };
            let status = tag.map_or(1, |_| 1 | libc::TP_STATUS_VLAN_VALID | libc::TP_STATUS_VLAN_TPID_VALID);
            let (kind, control) = tag.unwrap_or_default();
            for (at, word) in
                [(0, next), (4, 1_700_000_000), (8, 7_500), (12, length), (16, length + 100), (20, status)]
            {
                head[at..at + 4].copy_from_slice(&word.to_ne_bytes());
            }
            head[24..26].copy_from_slice(&96_u16.to_ne_bytes());
            head[32..36].copy_from_slice(&u32::from(control).to_ne_bytes());
            head[36..38].copy_from_slice(&kind.to_ne_bytes());
            block.extend(head);
            block.extend(*bytes);
            block.resize(block.len().next_multiple_of(16), 0);
        }
        block
    }

    fn caught(block: &mut [u8]) -> Vec<(i64, Vec<u8>, u32)> {
        let mut all = Vec::new();
        frames(block, |one| all.push((one.micros, one.bytes.to_vec(), one.wire_length)));
        all
    }

    #[test]
    fn frames_come_in_order_with_time_and_length() {
        let mut block = block(&[(b"the first frame", None), (b"another", None)]);
        let found = caught(&mut block);
        let time = 1_700_000_000_000_007;
        assert_eq!(found, [(time, b"the first frame".to_vec(), 115), (time, b"another".to_vec(), 107)]);
    }

    #[test]
    fn a_vlan_tag_is_put_back_where_it_was() {
        let mut block = block(&[(b"ddddddssssss\x08\0payload", Some((0x88a8, 0x2064)))]);
        let [(_, bytes, wire)] = &caught(&mut block)[..] else { panic!("one frame") };
        assert_eq!(bytes, b"ddddddssssss\x88\xa8\x20\x64\x08\0payload");
        assert_eq!(*wire, 125);
    }

    #[test]
    fn nothing_is_left_of_frames_that_were_read() {
        let mut block = block(&[(b"the first frame", None), (b"another", Some((0x8100, 5)))]);
        let length = u32::try_from(block.len()).expect("short");
        block[20..24].copy_from_slice(&length.to_ne_bytes());
        caught(&mut block);
        wipe(&mut block);
        assert!(block[HEAD..].iter().all(|byte| *byte == 0));
        assert_eq!(block[20..24], length.to_ne_bytes(), "the head is the kernel's");
        for mut short in [vec![], vec![255; 20], vec![255; 60]] {
            wipe(&mut short);
        }
    }

    #[test]
    fn what_does_not_fit_into_the_block_is_passed_over() {
        let whole = block(&[(b"the first frame", Some((0x8100, 5))), (b"another", None)]);
        for length in 0..whole.len() {
            assert!(caught(&mut whole[..length].to_vec()).len() <= 2);
        }
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut bad = whole.clone();
                bad[at] = value;
                caught(&mut bad);
            }
        }
    }
}
