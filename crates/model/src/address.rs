//! Where something is on a network: hardware address, routing domain, endpoint.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A TCP or UDP port; for ICMP the type or code, as Community ID places them.
pub type Port = u16;

/// One routing domain: an IP address means something only together with it. 0 is the sensor's own.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    serde::Serialize,
    serde::Deserialize,
    minicbor::Encode,
    minicbor::Decode,
)]
#[serde(transparent)]
#[cbor(transparent)]
pub struct Scope(#[n(0)] pub u32);

/// A 48-bit IEEE 802 hardware address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, minicbor::Encode, minicbor::Decode)]
#[cbor(transparent)]
pub struct Mac(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 6]);

impl Mac {
    /// The address that reaches every station of a segment.
    pub const BROADCAST: Self = Self([0xff; 6]);

    /// Whether it names a group of stations (I/G bit, IEEE 802-2014 §8.2.2); broadcast is one.
    #[must_use]
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 == 1
    }

    /// Whether it was not given by the IEEE registry (U/L bit): made up by software, perhaps at random.
    #[must_use]
    pub const fn is_local(self) -> bool {
        self.0[0] & 2 == 2
    }

    /// Whether a station can have it as its own: neither group nor zero.
    #[must_use]
    pub fn is_station(self) -> bool {
        !self.is_group() && self.0 != [0; 6]
    }

    /// The first `n` bytes given, or `None` when there are fewer than six.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk::<6>().map(|six| Self(*six))
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, f] = self.0;
        write!(out, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// Text that is not six hexadecimal pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseMacError;

impl fmt::Display for ParseMacError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a hardware address is six hexadecimal pairs, such as 00:1b:21:3c:4d:5e")
    }
}

impl std::error::Error for ParseMacError {}

impl FromStr for Mac {
    type Err = ParseMacError;

    /// Reads `00:1b:21:3c:4d:5e`, with `-`, `.` or nothing between pairs, or between groups of four, as well.
    fn from_str(text: &str) -> Result<Self, ParseMacError> {
        let is_mark = |c: char| matches!(c, ':' | '-' | '.');
        let groups = text.split(is_mark).count();
        let mark = text.chars().find(|c| is_mark(*c));
        let is_even = text.split(is_mark).all(|group| group.len() * groups == 12);
        if !matches!(groups, 1 | 3 | 6) || !is_even || text.chars().any(|c| is_mark(c) && Some(c) != mark) {
            return Err(ParseMacError);
        }
        let mut bytes = [0; 6];
        let mut digits = text.chars().filter(|c| !is_mark(*c));
        for byte in &mut bytes {
            let mut digit = || digits.next().and_then(|c| c.to_digit(16)).and_then(|d| u8::try_from(d).ok());
            *byte = digit().ok_or(ParseMacError)? << 4 | digit().ok_or(ParseMacError)?;
        }
        Ok(Self(bytes))
    }
}

impl serde::Serialize for Mac {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Mac {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Who sent or got a frame, as far as its headers say.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    serde::Serialize,
    serde::Deserialize,
    minicbor::Encode,
    minicbor::Decode,
)]
#[cbor(map)]
pub struct Endpoint {
    /// The routing domain that `ip` belongs to.
    #[n(0)]
    pub scope: Scope,
    /// Hardware address in the frame: the station itself, or the last router before the sensor.
    #[n(1)]
    pub mac: Option<Mac>,
    /// Network address.
    #[cbor(n(2), with = "crate::cbor::maybe_ip", has_nil)]
    pub ip: Option<IpAddr>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_is_read_in_every_common_writing() {
        let mac = Mac([0, 0x1b, 0x21, 0x3c, 0x4d, 0x5e]);
        for text in ["00:1b:21:3c:4d:5e", "00-1B-21-3C-4D-5E", "001b.213c.4d5e", "001b213c4d5e"] {
            assert_eq!(text.parse(), Ok(mac), "{text}");
        }
        for text in [
            "10.10.10.37:1900",
            "100.100.100.137",
            "00:1b-21:3c:4d:5e",
            "001b2:13c4d5e",
            "",
            "00:1b:21:3c:4d",
            "00:1b:21:3c:4d:5e:6f",
            "00:1b:21:3c:4d:5g",
        ] {
            assert_eq!(text.parse::<Mac>(), Err(ParseMacError), "{text}");
        }
        assert_eq!(mac.to_string(), "00:1b:21:3c:4d:5e");
    }

    #[test]
    fn group_and_local_bits_are_told_apart() {
        assert!(Mac::BROADCAST.is_group() && !Mac::BROADCAST.is_station());
        assert!(Mac([0x02, 0, 0, 0, 0, 1]).is_local());
        assert!(!Mac([0; 6]).is_station());
    }
}
