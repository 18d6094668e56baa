//! Bytes of heads and records; the tables stand in the module above.

use std::fmt;

/// Most bytes of a body.
pub const BODY: usize = 16 << 20;
/// Bytes of a segment's head.
pub(super) const HEAD: usize = 48;
/// Bytes before a record's body.
pub(super) const HEADER: usize = 52;
/// How a record begins.
pub(super) const MAGIC: [u8; 4] = *b"WLR1";
const SEGMENT: [u8; 8] = *b"WLSEGM01";
const SUFFIX: &str = ".seg";

/// Which record it is, for ever: a UUIDv7 made once by its writer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub [u8; 16]);

impl fmt::Display for Id {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// What a folder's segments have in common, unknown to whoever writes bodies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Salt(pub [u8; 16]);

/// What stands before a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub version: u8,
    pub kind: u16,
    pub length: u32,
    pub body_crc: u32,
    pub sequence: u64,
    pub synced: u64,
    pub id: Id,
}

impl Header {
    /// Its bytes under `salt`.
    pub fn bytes(&self, salt: Salt) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let mut out = Put { rest: &mut bytes };
        out.put(&MAGIC);
        out.put(&[self.version, 0]);
        out.put(&self.kind.to_le_bytes());
        out.put(&self.length.to_le_bytes());
        out.put(&self.body_crc.to_le_bytes());
        out.put(&self.sequence.to_le_bytes());
        out.put(&self.synced.to_le_bytes());
        out.put(&self.id.0);
        seal(&mut bytes, &salt.0);
        bytes
    }

    /// Reads the beginning of `bytes`. `None` when that is no header under `salt`, or one that cannot be.
    pub fn read(bytes: &[u8], salt: Salt) -> Option<Self> {
        let mut cursor = Take { rest: sealed::<HEADER>(bytes, &salt.0)? };
        if cursor.array()? != MAGIC {
            return None;
        }
        let [version, flags] = cursor.array()?;
        let header = Self {
            version,
            kind: u16::from_le_bytes(cursor.array()?),
            length: cursor.u32()?,
            body_crc: cursor.u32()?,
            sequence: cursor.u64()?,
            synced: cursor.u64()?,
            id: Id(cursor.array()?),
        };
        let fits = usize::try_from(header.length).is_ok_and(|length| length <= BODY);
        (flags == 0 && fits && header.synced < header.sequence).then_some(header)
    }

    /// Bytes of the whole record.
    pub fn span(&self) -> u64 {
        u64::from(self.length) + HEADER as u64
    }
}

/// What a segment begins with.
pub(super) fn head(first: u64, salt: Salt) -> [u8; HEAD] {
    let mut bytes = [0; HEAD];
    let mut out = Put { rest: &mut bytes };
    out.put(&SEGMENT);
    out.put(&first.to_le_bytes());
    out.put(&salt.0);
    seal(&mut bytes, &[]);
    bytes
}

/// First sequence and salt that a segment's head tells, `None` when it is damaged.
pub(super) fn read_head(bytes: &[u8]) -> Option<(u64, Salt)> {
    let mut cursor = Take { rest: sealed::<HEAD>(bytes, &[])? };
    (cursor.array()? == SEGMENT).then_some(())?;
    Some((cursor.u64()?, Salt(cursor.array()?)))
}

/// The name of the segment that begins with `first`.
pub(super) fn name(first: u64) -> String {
    format!("{first:020}{SUFFIX}")
}

/// The first sequence that a file's name tells, `None` when it is no segment.
pub(super) fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    let is_number = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|first| is_number && *first > 0)
}

/// Writes into the last four of `bytes` the CRC of `seed` and all before.
pub(super) fn seal(bytes: &mut [u8], seed: &[u8]) {
    if let Some((content, end)) = bytes.split_last_chunk_mut::<4>() {
        *end = crc32c::crc32c_append(crc32c::crc32c(seed), content).to_le_bytes();
    }
}

/// The first `N` of `bytes` without their CRC, `None` when it does not fit.
pub(super) fn sealed<'a, const N: usize>(bytes: &'a [u8], seed: &[u8]) -> Option<&'a [u8]> {
    let (content, end) = bytes.get(..N)?.split_last_chunk::<4>()?;
    (crc32c::crc32c_append(crc32c::crc32c(seed), content).to_le_bytes() == *end).then_some(content)
}

/// Writes one thing after another.
pub(super) struct Put<'a> {
    pub rest: &'a mut [u8],
}

impl Put<'_> {
    /// Writes `bytes`; what does not fit is left out.
    pub fn put(&mut self, bytes: &[u8]) {
        if let Some((space, rest)) = std::mem::take(&mut self.rest).split_at_mut_checked(bytes.len()) {
            space.copy_from_slice(bytes);
            self.rest = rest;
        }
    }
}

/// Takes one thing after another.
pub(super) struct Take<'a> {
    pub rest: &'a [u8],
}

impl Take<'_> {
    /// The next `N` bytes, `None` when fewer are left.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*taken)
    }

    /// The next four bytes.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// The next eight bytes.
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: Salt = Salt([7; 16]);

    fn header() -> Header {
        Header { version: 3, kind: 0x1234, length: 5, body_crc: 9, sequence: 77, synced: 70, id: Id([0xab; 16]) }
    }

    #[test]
    fn a_header_is_read_back() {
        assert_eq!(Header::read(&header().bytes(SALT), SALT), Some(header()));
    }

    #[test]
    fn no_bit_of_a_header_can_change_unseen() {
        let bytes = header().bytes(SALT);
        for bit in 0..HEADER * 8 {
            let mut changed = bytes;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::read(&changed, SALT), None, "bit {bit}");
        }
    }

    #[test]
    fn a_header_of_another_folder_is_none_of_ours() {
        assert_eq!(Header::read(&header().bytes(SALT), Salt([8; 16])), None);
    }

    #[test]
    fn impossible_headers_are_refused() {
        assert_eq!(Header::read(&[0; 100], SALT), None);
        let long = Header { length: 16 * 1024 * 1024 + 1, ..header() };
        assert_eq!(Header::read(&long.bytes(SALT), SALT), None);
        let ahead = Header { synced: 77, ..header() };
        assert_eq!(Header::read(&ahead.bytes(SALT), SALT), None);
    }

    #[test]
    fn only_names_of_twenty_digits_are_segments() {
        assert_eq!(first_of(&name(1)), Some(1));
        assert_eq!(first_of(&name(u64::MAX)), Some(u64::MAX));
        assert_eq!(first_of("00000000000000000000.seg"), None);
        assert_eq!(first_of("1.seg"), None);
        assert_eq!(first_of("+0000000000000000001.seg"), None);
        assert_eq!(first_of("00000000000000000001.seg.bak"), None);
    }
}
