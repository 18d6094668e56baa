//! IEEE 11073 codes in OBX-3 and places in the containment tree in OBX-4 (IHE PCD TF-2 appendix B.8).

use crate::codec::delimited::Delimiters;
use wardlight_model::{Field, KeyKind};

/// A code of IEEE 11073-10101: partition × 65,536 + term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code {
    /// Both in one number, as messages have it.
    pub number: u32,
    /// Whether it is the type of a device or of a part of one.
    pub is_device: bool,
}

impl Code {
    /// Reads a coded field: the code is its first or its alternate one. `None` when neither is an IEEE 11073 code.
    pub(super) fn read(field: &[u8], delimiters: &Delimiters) -> Option<Self> {
        let mut components = delimiters.components(field);
        let mut triple = || Some((components.next()?, components.next()?, components.next().unwrap_or_default()));
        [triple(), triple()].into_iter().flatten().find_map(|(code, name, system)| Self::of(code, name, system))
    }

    fn of(code: &[u8], name: &[u8], system: &[u8]) -> Option<Self> {
        let known = matches!(system.trim_ascii(), b"MDC" | b"ISO+" | b"11073_10101") || name.starts_with(b"MDC_");
        let number: u32 = std::str::from_utf8(code).ok()?.trim().parse().ok().filter(|number| known && *number > 0)?;
        let by_name = name.starts_with(b"MDC_DEV_") || name.starts_with(b"MDC_MOC_VMS_MDS");
        let by_number =
            name.is_empty() && matches!(number >> 16, 1 | 8) && (0x1000..0x1e00).contains(&(number & 0xffff));
        Some(Self { number, is_device: by_name || by_number })
    }

    /// Partition and code within it, as facts have them: `1:4429` for 69965.
    pub(super) fn spell(number: u32) -> String {
        format!("{}:{}", number >> 16, number & 0xffff)
    }

    /// The field that an observation of this code gives: production specification and system model only.
    pub(super) const fn product(self) -> Option<Field> {
        Some(match self.number {
            531_969 | 67_880 => Field::Model,
            531_970 => Field::Manufacturer,
            531_972 => Field::Serial,
            531_973 => Field::ModelNumber,
            531_974 => Field::Hardware,
            531_975 => Field::Software,
            531_976 => Field::Firmware,
            _ => return None,
        })
    }
}

/// Which level of the containment tree a place names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Medical device system.
    Mds,
    /// Virtual medical device.
    Vmd,
    /// Channel or metric.
    Below,
}

/// A place in the containment tree: `mds.vmd.channel.metric`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Number of the medical device system.
    pub mds: u32,
    /// Number of the virtual medical device in it; 0 for the system itself.
    pub vmd: u32,
    /// Which level it names.
    pub level: Level,
}

impl Place {
    /// Reads OBX-4. `None` when it is not dotted numbers.
    pub(super) fn read(field: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(field).ok()?.trim();
        let mut numbers = text.split('.').map(|number| number.parse::<u32>().ok());
        let mds = numbers.next()??;
        let (mut vmd, mut below) = (0, 0);
        for (n, number) in numbers.enumerate() {
            match n {
                0 => vmd = number?,
                _ => below |= number?,
            }
        }
        let level = match (vmd, below) {
            (0, 0) => Level::Mds,
            (_, 0) => Level::Vmd,
            _ => Level::Below,
        };
        Some(Self { mds, vmd, level })
    }
}

/// A device system or a device in it, as far as the message has named it.
pub(super) struct Node {
    index: Option<u32>,
    /// Its type.
    pub code: u32,
    /// What sort of name it has.
    pub kind: KeyKind,
    /// Its name; empty while it has none.
    pub key: String,
}

impl Default for Node {
    fn default() -> Self {
        Self { index: None, code: 0, kind: KeyKind::Instrument, key: String::new() }
    }
}

impl Node {
    /// Forgets it.
    pub(super) fn clear(&mut self) {
        self.index = None;
        self.key.clear();
    }

    /// Begins another, of type `code` and without a name.
    pub(super) fn enter(&mut self, index: u32, code: u32) {
        self.key.clear();
        (self.index, self.code) = (Some(index), code);
    }

    /// Whether it is the one numbered so.
    pub(super) fn is_at(&self, index: u32) -> bool {
        self.index == Some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::super::header::COMMON;
    use super::*;

    #[test]
    fn codes_are_known_by_their_system() {
        let read = |raw: &'static str| Code::read(raw.as_bytes(), &COMMON).map(|code| (code.number, code.is_device));
        assert_eq!(read("69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC"), Some((69965, true)));
        assert_eq!(read("528391^MDC_DEV_SPEC_PROFILE_BP^MDC"), Some((528_391, true)));
        assert_eq!(read("69965^^MDC"), Some((69965, true)));
        assert_eq!(read("531972^MDC_ID_PROD_SPEC_SERIAL^MDC"), Some((531_972, false)));
        assert_eq!(read("531972^^MDC"), Some((531_972, false)));
        assert_eq!(read("X1^Monitor^L^69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC"), Some((69965, true)));
        assert_eq!(read("150021^MDC_PRESS_BLD_NONINV_SYS^MDC"), Some((150_021, false)));
        assert_eq!(read("0^MDCX_EVT^MDC"), None);
        assert_eq!(read("718-7^Hgb^LN"), None);
        assert_eq!(read("531972^Serial^99LOCAL"), None);
        assert_eq!(Code::spell(69965), "1:4429");
        assert_eq!(Code::spell(528_391), "8:4103");
    }

    #[test]
    fn places_have_levels() {
        let read = |raw: &str| Place::read(raw.as_bytes()).map(|place| (place.mds, place.vmd, place.level));
        assert_eq!(read("1.0.0.0"), Some((1, 0, Level::Mds)));
        assert_eq!(read("1"), Some((1, 0, Level::Mds)));
        assert_eq!(read("2.3.0.0"), Some((2, 3, Level::Vmd)));
        assert_eq!(read("1.1.1.7"), Some((1, 1, Level::Below)));
        assert_eq!(read("1.0.0.4"), Some((1, 0, Level::Below)));
        assert_eq!(read("LOC"), None);
        assert_eq!(read(""), None);
    }
}
