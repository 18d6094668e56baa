//! Whose ledger it is.

use std::fmt;
use std::str::FromStr;

/// A site: the 16 bytes of its UUID. Shown in the usual form with hyphens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site(pub [u8; 16]);

/// Why a text is no site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a UUID in lower case, such as 0192f0c1-2d3e-7a4b-8c5d-6e7f80910213")]
pub struct ParseSiteError;

impl fmt::Display for Site {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, byte) in self.0.iter().enumerate() {
            let hyphen = if matches!(n, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(out, "{hyphen}{byte:02x}")?;
        }
        Ok(())
    }
}

impl FromStr for Site {
    type Err = ParseSiteError;

    /// Takes only the form in which a site is shown, so that a site has one name.
    fn from_str(text: &str) -> Result<Self, ParseSiteError> {
        let mut digits = text.chars().filter(|c| *c != '-').map(|c| c.to_digit(16));
        let mut site = [0; 16];
        for byte in &mut site {
            let (Some(Some(high)), Some(Some(low))) = (digits.next(), digits.next()) else {
                return Err(ParseSiteError);
            };
            *byte = u8::try_from(high << 4 | low).map_err(|_| ParseSiteError)?;
        }
        let site = Self(site);
        if site.to_string() == text { Ok(site) } else { Err(ParseSiteError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_has_one_name() {
        let name = "0192f0c1-2d3e-7a4b-8c5d-6e7f80910213";
        assert_eq!(name.parse::<Site>().unwrap().to_string(), name);
        for other in
            ["", "0192F0C1-2d3e-7a4b-8c5d-6e7f80910213", "0192f0c12d3e7a4b8c5d6e7f80910213", "é", &format!("{name}0")]
        {
            assert_eq!(other.parse::<Site>(), Err(ParseSiteError), "{other}");
        }
    }
}
