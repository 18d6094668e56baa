//! Which devices are meant; and the same in words, as [`parse`](super::parse) reads them.

use super::{Column, Kind};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use wardlight_model::Time;

/// What a device must meet. A test that does not fit its column's kind is met by none.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Every one of these; all devices when there are none.
    All(Vec<Self>),
    /// At least one of these.
    Any(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// The column says one of these; texts whatever their case. A list: at least one text of it.
    Is(Column, Vec<Literal>),
    /// A text of the column contains this, whatever the case.
    Contains(Column, String),
    /// A text of the column starts with this, whatever the case.
    Starts(Column, String),
    /// An address of the column belongs to this network.
    Within(Column, Net),
    /// The column's number or time, seen against this.
    Compare(Column, Bound, Literal),
    /// The column says anything at all.
    Present(Column),
    /// A text of any [searched](Column::is_searched) column contains this, whatever the case.
    Search(String),
}

/// On which side of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
}

impl Bound {
    /// How it is written.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::AtLeast => ">=",
        }
    }
}

/// A value to compare with.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// For columns of texts.
    Text(Arc<str>),
    /// For columns of numbers.
    Number(f64),
    /// For columns of times.
    Time(Time),
    /// For columns of flags.
    Flag(bool),
}

impl Literal {
    /// Reads `text` as a column of `kind` writes it; a date is its midnight in UTC.
    #[must_use]
    pub fn read(kind: Kind, text: &str) -> Option<Self> {
        match kind {
            Kind::Text | Kind::List => Some(Self::Text(text.into())),
            Kind::Number => text.parse().ok().filter(|number: &f64| number.is_finite()).map(Self::Number),
            Kind::Time => moment(text).map(Self::Time),
            Kind::Flag if matches!(text, "yes" | "true") => Some(Self::Flag(true)),
            Kind::Flag if matches!(text, "no" | "false") => Some(Self::Flag(false)),
            Kind::Flag => None,
        }
    }
}

fn moment(text: &str) -> Option<Time> {
    let zoneless = || text.parse::<jiff::civil::DateTime>().ok();
    let civil = || zoneless()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let moment = text.parse::<jiff::Timestamp>().ok().or_else(civil)?;
    Some(Time::from_micros(moment.as_microsecond()))
}

/// The addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Net {
    address: IpAddr,
    bits: u8,
}

impl Net {
    /// Reads `10.2.0.0/16`, or a lone address as the network that holds only it.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let is_digits = |bits: &&str| bits.bytes().all(|byte| byte.is_ascii_digit());
        let bits = match bits {
            Some(bits) => Some(bits).filter(is_digits)?.parse().ok().filter(|bits| *bits <= most)?,
            None => most,
        };
        Some(Self { address, bits })
    }

    /// Whether `address` belongs to it; IPv4 and IPv6 never meet.
    #[must_use]
    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(32 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(128 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl fmt::Display for Net {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.address, self.bits)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(parts) if parts.is_empty() => out.write_str("*"),
            Self::Any(parts) if parts.is_empty() => out.write_str("-*"),
            Self::Is(_, values) if values.is_empty() => out.write_str("-*"),
            Self::All(parts) => join(out, parts, " "),
            Self::Any(parts) => join(out, parts, " OR "),
            Self::Not(part) => write!(out, "-{part}"),
            Self::Is(column, values) => {
                write!(out, "{}:", column.name())?;
                for (n, value) in values.iter().enumerate() {
                    write!(out, "{}{value}", if n == 0 { "" } else { "," })?;
                }
                Ok(())
            }
            Self::Contains(column, text) => write!(out, "{}~{}", column.name(), Quoted(text)),
            Self::Starts(column, text) => write!(out, "{}^{}", column.name(), Quoted(text)),
            Self::Within(column, net) => write!(out, "{}:{net}", column.name()),
            Self::Compare(column, bound, value) => write!(out, "{}{}{value}", column.name(), bound.sign()),
            Self::Present(column) => write!(out, "{}:*", column.name()),
            Self::Search(text) => write!(out, "{}", Quoted(text)),
        }
    }
}

fn join(out: &mut fmt::Formatter<'_>, parts: &[Filter], between: &str) -> fmt::Result {
    out.write_str("(")?;
    for (n, part) in parts.iter().enumerate() {
        write!(out, "{}{part}", if n == 0 { "" } else { between })?;
    }
    out.write_str(")")
}

impl fmt::Display for Literal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => Quoted(text).fmt(out),
            Self::Number(number) => write!(out, "{number}"),
            Self::Time(time) => write!(out, "{time}"),
            Self::Flag(flag) => out.write_str(if *flag { "yes" } else { "no" }),
        }
    }
}

/// A text in quotes, so that nothing in it means anything.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "\"{}\"", self.0.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_the_addresses_that_begin_like_it() {
        for (net, inside, outside) in [
            ("10.2.0.0/16", "10.2.255.255", "10.3.0.0"),
            ("10.2.3.4", "10.2.3.4", "10.2.3.5"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("fe80::/10", "febf::1", "fec0::1"),
            ("::/0", "ffff::", "10.0.0.1"),
        ] {
            let net = Net::read(net).unwrap();
            assert!(net.holds(inside.parse().unwrap()) && !net.holds(outside.parse().unwrap()), "{net}");
        }
        for text in ["10.2.0.0/33", "10.2/16", "::/129", "10.0.0.0/", "10.0.0.0/+8", "x"] {
            assert_eq!(Net::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_is_read_as_date_or_time() {
        let noon = Some(Literal::Time(Time::from_seconds(1_767_225_600 + 12 * 3600)));
        assert_eq!(Literal::read(Kind::Time, "2026-01-01"), Some(Literal::Time(Time::from_seconds(1_767_225_600))));
        assert_eq!(Literal::read(Kind::Time, "2026-01-01T12:00"), noon);
        assert_eq!(Literal::read(Kind::Time, "2026-01-01T13:00:00+01:00"), noon);
        assert_eq!(Literal::read(Kind::Time, "yesterday"), None);
    }
}
