//! Who registered a hardware address prefix, from the IEEE registry (MA-L, MA-M, MA-S and the older IAB: 24, 28 and 36
//! bits).
//!
//! In: `data/oui.tsv` or a newer file of the same form, one `<prefix in hexadecimal> <tab> <organisation>` a line,
//! `#` before a comment, sorted by prefix (`cargo xtask oui` writes it so). Out: the organisation of the longest prefix
//! that fits. A locally administered address belongs to nobody.
//!
//! Source: IEEE Std 802-2014 §8.2.2 and <https://regauth.standards.ieee.org/>.

use wardlight_model::Mac;

/// Prefix lengths given out, in hexadecimal digits, longest first.
const DIGITS: [usize; 3] = [9, 7, 6];

/// The registry, ready for look-ups. Borrows the text that it was loaded from.
#[derive(Debug, Clone, Default)]
pub struct Oui<'a> {
    /// By index of [`DIGITS`]: prefix and organisation, sorted.
    tables: [Vec<(u64, &'a str)>; 3],
}

impl<'a> Oui<'a> {
    /// Reads the table; lines that have not its form are passed over. Takes milliseconds.
    #[must_use]
    pub fn load(text: &'a str) -> Self {
        let mut tables: [Vec<(u64, &str)>; 3] = Default::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((prefix, name)) = line.split_once('\t') else { continue };
            let Some(slot) = DIGITS.iter().position(|digits| *digits == prefix.len()) else { continue };
            if let (Ok(number), Some(table)) = (u64::from_str_radix(prefix, 16), tables.get_mut(slot)) {
                table.push((number, name.trim()));
            }
        }
        for table in &mut tables {
            if !table.is_sorted() {
                table.sort_unstable();
            }
        }
        Self { tables }
    }

    /// The organisation that `mac` was given to by the registry; `None` for made-up addresses and unknown prefixes.
    /// 00:00:00 is nobody's: counted up from zero, it is what tests, emulators and unset adapters use, whoever holds it.
    #[must_use]
    pub fn organisation(&self, mac: Mac) -> Option<&'a str> {
        if mac.is_local() || !mac.is_station() || mac.0.starts_with(&[0; 3]) {
            return None;
        }
        let number = mac.0.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        self.tables.iter().zip(DIGITS).find_map(|(table, digits)| {
            let prefix = number >> (48 - 4 * digits);
            let at = table.binary_search_by_key(&prefix, |(known, _)| *known).ok()?;
            table.get(at).map(|(_, name)| *name)
        })
    }

    /// Number of prefixes known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tables.iter().map(Vec::len).sum()
    }

    /// Whether no prefix is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str =
        "# IEEE\n002272\tAmerican Micro-Fuel Device Corp.\n208593B\tIOG Products LLC\n70B3D5719\t2M Technology\n";

    fn who(text: &str, mac: &str) -> Option<String> {
        Oui::load(text).organisation(mac.parse().unwrap()).map(str::to_owned)
    }

    #[test]
    fn the_longest_prefix_wins() {
        assert_eq!(who(TABLE, "00:22:72:01:02:03").as_deref(), Some("American Micro-Fuel Device Corp."));
        assert_eq!(who(TABLE, "70:b3:d5:71:9f:ff").as_deref(), Some("2M Technology"));
        assert_eq!(who(TABLE, "70:b3:d5:71:8f:ff"), None);
        assert_eq!(who(TABLE, "20:85:93:b1:2f:ff").as_deref(), Some("IOG Products LLC"));
    }

    #[test]
    fn a_made_up_address_belongs_to_nobody() {
        assert_eq!(who("022272\tX\n", "02:22:72:01:02:03"), None);
        assert_eq!(who("012272\tX\n", "01:22:72:01:02:03"), None);
    }

    #[test]
    fn an_address_counted_up_from_zero_belongs_to_nobody() {
        let oui = Oui::load(crate::knowledge::OUI);
        assert_eq!(oui.organisation(Mac([0, 0, 0, 0, 0, 0x21])), None);
        assert_eq!(oui.organisation(Mac([0, 0, 1, 0, 0, 0x21])), Some("XEROX CORPORATION"));
    }

    #[test]
    fn a_broken_table_is_read_as_far_as_it_goes() {
        let oui = Oui::load("garbage\nzz\tX\n00227\tX\n0000FF\tB\n0000AA\tA\n");
        assert_eq!(oui.len(), 2);
        assert_eq!(oui.organisation(Mac([0, 0, 0xaa, 0, 0, 0])), Some("A"));
    }

    #[test]
    fn the_shipped_table_knows_makers_of_medical_devices() {
        let oui = Oui::load(crate::knowledge::OUI);
        assert!(oui.len() > 40_000, "{}", oui.len());
        assert_eq!(oui.organisation("00:09:fb:01:02:03".parse().unwrap()), Some("Philips Patient Monitoring"));
    }
}
