//! Names that are unique everywhere.

use std::fmt;
use std::str::FromStr;

/// A UUID (RFC 9562): version 7 for what a writer makes once, version 8 for what follows from the journal alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, minicbor::Encode, minicbor::Decode)]
#[cbor(transparent)]
pub struct Id(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 16]);

impl Id {
    /// Version 7 (RFC 9562 §5.7): made at `millis` since 1970, the rest by `chance`.
    #[must_use]
    pub fn at(millis: u64, chance: [u8; 10]) -> Self {
        let [_, _, a, b, c, d, e, f] = millis.to_be_bytes();
        let [g, h, i, j, k, l, m, n, o, p] = chance;
        Self([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]).marked(7)
    }

    /// This one of version 7 if it is beyond `last`, else the next after `last`: as if no time had passed (RFC 9562 §6.2).
    #[must_use]
    pub fn beyond(self, last: Self) -> Self {
        if self > last {
            return self;
        }
        // What is counted: 48 bits of time, 12 and 62 of chance; between them stand the version and the variant.
        const LOW: u128 = (1 << 62) - 1;
        let bits = u128::from_be_bytes(last.0);
        let counted = (bits >> 80 << 74 | (bits >> 64 & 0xfff) << 62 | bits & LOW) + 1;
        let spread = counted >> 74 << 80 | (counted >> 62 & 0xfff) << 64 | counted & LOW;
        Self(spread.to_be_bytes()).marked(7)
    }

    /// Version 8 (RFC 9562 §5.8): the first bytes of a hash of what it follows from.
    #[must_use]
    pub fn of(hash: [u8; 32]) -> Self {
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(hash).for_each(|(byte, hashed)| *byte = hashed);
        Self(bytes).marked(8)
    }

    const fn marked(self, version: u8) -> Self {
        let mut bytes = self.0;
        bytes[6] = bytes[6] & 0x0f | version << 4;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Self(bytes)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            let dash = if matches!(at, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(out, "{dash}{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// Text that is not a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseIdError;

impl fmt::Display for ParseIdError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an id is a UUID, such as 01890a5d-ac96-774b-bcce-b302099a8057")
    }
}

impl std::error::Error for ParseIdError {}

impl FromStr for Id {
    type Err = ParseIdError;

    /// Reads 32 hexadecimal digits, with or without the four dashes.
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let plain: String = text.chars().filter(|c| *c != '-').collect();
        let dashed = text.len() == 36 && text.match_indices('-').map(|(at, _)| at).eq([8, 13, 18, 23]);
        if plain.len() != 32 || !plain.bytes().all(|byte| byte.is_ascii_hexdigit()) || text.len() != 32 && !dashed {
            return Err(ParseIdError);
        }
        u128::from_str_radix(&plain, 16).map(|number| Self(number.to_be_bytes())).map_err(|_| ParseIdError)
    }
}

impl serde::Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Where in the journal something was said first: a record's sequence, and the place within the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Origin {
    /// The record's sequence, from 1; 0 outside any journal.
    pub sequence: u64,
    /// Place within the record, from 0.
    pub item: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let id = Id::at(0x0189_0a5d_ac96, [0x07, 0x4b, 0x3c, 0xce, 0xb3, 2, 9, 0x9a, 0x80, 0x57]);
        assert_eq!(id.to_string(), "01890a5d-ac96-774b-bcce-b302099a8057");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("01890a5dac96774bbcceb302099a8057".parse(), Ok(id));
        for text in [
            "",
            "01890a5d-ac96-774b-bcce-b302099a805",
            "01890a5dac96-774b-bcce-b302099a80570",
            "+1890a5dac96774bbcceb302099a8057",
        ] {
            assert_eq!(text.parse::<Id>(), Err(ParseIdError), "{text}");
        }
    }

    #[test]
    fn ids_grow_when_the_clock_does_not() {
        let last = Id::at(1_700_000_000_000, [0xff; 10]);
        let later = Id::at(1_700_000_000_001, [0; 10]);
        assert_eq!(later.beyond(last), later, "time went on");
        for clock in [1_700_000_000_000, 0] {
            let next = Id::at(clock, [7; 10]).beyond(last);
            assert!(next > last);
            assert_eq!(next.to_string(), "018bcfe5-6801-7000-8000-000000000000", "all of the chance was used up");
        }
        let mut last = Id::at(5, [3; 10]);
        for _ in 0..1000 {
            let next = Id::at(4, [200; 10]).beyond(last);
            assert!(next > last && next.0[6] >> 4 == 7 && next.0[8] >> 6 == 2, "{next}");
            last = next;
        }
    }

    #[test]
    fn a_hash_gives_version_8() {
        assert_eq!(Id::of([0xff; 32]).to_string(), "ffffffff-ffff-8fff-bfff-ffffffffffff");
    }
}
