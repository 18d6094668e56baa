//! IEEE EUI-64 as texts have them, and those made of a hardware address.
//!
//! Source: IEEE, Guidelines for Use of EUI, OUI and CID (2017).

use wardlight_model::Mac;

/// The number that 16 hexadecimal digits write, with or without `-` or `:` between groups of two, four or six.
#[must_use]
pub fn parse(text: &str) -> Option<u64> {
    let text = text.trim_start_matches("0x");
    let is_separated = |by: char| {
        let mut groups = text.split(by);
        text.contains(by) && groups.all(|group| matches!(group.len(), 2 | 4 | 6))
    };
    if text.len() != 16 {
        let separator = ['-', ':'].into_iter().find(|by| is_separated(*by))?;
        let digits: String = text.chars().filter(|c| *c != separator).collect();
        return if digits.len() == 16 { parse(&digits) } else { None };
    }
    u64::from_str_radix(text, 16).ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The EUI-64 made of a hardware address: `FFFE` in the middle.
#[must_use]
pub const fn of(mac: Mac) -> u64 {
    let [a, b, c, d, e, f] = mac.0;
    u64::from_be_bytes([a, b, c, 0xff, 0xfe, d, e, f])
}

/// Whether it names one device: neither an organisation alone nor all ones.
#[must_use]
pub const fn is_device(eui: u64) -> bool {
    eui & 0xff_ffff_ffff != 0 && eui != u64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_may_be_grouped() {
        let number = Some(0x0060_19ff_fe12_3456);
        for text in ["006019FFFE123456", "00-60-19-ff-fe-12-34-56", "006019-FFFE-123456", "0060:19ff:fe12:3456"] {
            assert_eq!(parse(text), number, "{text}");
        }
        for text in ["", "006019FFFE12345", "006019-FFFE-12345G", "00-6019FFFE123456", "+06019FFFE1234567", "1-2-3"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(Some(of(Mac([0x00, 0x60, 0x19, 0x12, 0x34, 0x56]))), number);
        assert!(!is_device(0x0060_1900_0000_0000) && !is_device(u64::MAX));
    }
}
