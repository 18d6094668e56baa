//! The information elements that tell of a conversation, by IANA's numbers, which are NetFlow v9's field types as well.

use super::record::Seen;
use crate::bytes::{Cursor, Short};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use wardlight_model::{Mac, Time};

/// Enterprise number of elements of the way back (RFC 5103 §6.1).
const REVERSE: u32 = 29305;

/// One field of a template.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    pub number: u16,
    pub length: u16,
    /// Whose element it is; IANA's when nothing.
    enterprise: Option<u32>,
}

impl Spec {
    /// Reads one field specifier. Errors: [`Short`].
    pub fn read(cursor: &mut Cursor<'_>, is_ipfix: bool) -> Result<Self, Short> {
        let (number, length) = (cursor.u16()?, cursor.u16()?);
        if is_ipfix && number & 0x8000 != 0 {
            return Ok(Self { number: number & 0x7fff, length, enterprise: Some(cursor.u32()?) });
        }
        Ok(Self { number, length, enterprise: None })
    }
}

/// A record while it is read.
pub struct Record {
    seen: Seen,
    booted: Option<Time>,
    /// First and last in milliseconds since the exporter was started.
    uptimes: [Option<u64>; 2],
    interval: Option<u64>,
    space: u64,
    /// So many packets out of so many (RFC 5476).
    drawn: [u64; 2],
    /// Counts of what left the exporter, when there are none of what came in.
    out: [u64; 2],
}

impl Record {
    pub const fn new(seen: Seen, booted: Option<Time>) -> Self {
        Self { seen, booted, uptimes: [None; 2], interval: None, space: 0, drawn: [0; 2], out: [0; 2] }
    }

    /// Takes one field.
    pub fn take(&mut self, spec: &Spec, value: &[u8]) {
        match spec.enterprise {
            None => self.element(spec.number, value),
            Some(REVERSE) => match spec.number {
                1 | 85 => self.seen.sent[1].ip_bytes = number(value),
                2 | 86 => self.seen.sent[1].packets = number(value),
                6 => self.seen.flags[1] = value.last().copied(),
                _ => {}
            },
            Some(_) => {}
        }
    }

    fn element(&mut self, element: u16, value: &[u8]) {
        let seen = &mut self.seen;
        match element {
            1 | 85 | 231 => seen.sent[0].ip_bytes = number(value),
            2 | 86 | 298 => seen.sent[0].packets = number(value),
            232 => seen.sent[1].ip_bytes = number(value),
            299 => seen.sent[1].packets = number(value),
            23 => self.out[1] = number(value),
            24 => self.out[0] = number(value),
            // Of two bytes the lower has the flags that matter here (RFC 7125).
            6 => seen.flags[0] = value.last().copied(),
            4 => seen.protocol = value.last().copied().unwrap_or_default(),
            7 | 180 | 182 => seen.ports[0] = small(value),
            11 | 181 | 183 => seen.ports[1] = small(value),
            8 | 27 => seen.addresses[0] = seen.addresses[0].or(address(value)),
            12 | 28 => seen.addresses[1] = seen.addresses[1].or(address(value)),
            32 | 139 => seen.icmp = Some(small(value)),
            56 => seen.macs[0] = Mac::from_slice(value),
            80 => seen.macs[1] = Mac::from_slice(value),
            58 | 243 => seen.vlan = Some(small(value)),
            21 => self.uptimes[1] = Some(number(value)),
            22 => self.uptimes[0] = Some(number(value)),
            150..=159 => self.moment(element, value),
            160 => {
                self.booted =
                    i64::try_from(number(value)).ok().map(|millis| Time::from_micros(millis.saturating_mul(1000)))
            }
            34 | 50 | 305 => self.interval = Some(number(value)),
            306 => self.space = number(value),
            309 => self.drawn[0] = number(value),
            310 => self.drawn[1] = number(value),
            _ => {}
        }
    }

    fn moment(&mut self, element: u16, value: &[u8]) {
        let whole = i64::try_from(number(value)).unwrap_or_default();
        let time = match element {
            150 | 151 => Time::from_seconds(whole),
            152 | 153 => Time::from_micros(whole.saturating_mul(1000)),
            // NTP's form: seconds since 1900, and 2^-32 parts of one (RFC 7011 §6.1.9).
            154..=157 => ntp(number(value)),
            _ => self.seen.exported.plus(whole.saturating_neg()),
        };
        let end = if element.is_multiple_of(2) { &mut self.seen.first } else { &mut self.seen.last };
        *end = Some(time);
    }

    /// One packet in so many is looked at, when the record says so.
    pub fn interval(&self) -> Option<u64> {
        if let [size @ 1..=u64::MAX, population] = self.drawn
            && population >= size
        {
            return Some(population / size);
        }
        self.interval.filter(|interval| *interval > 0).map(|interval| match self.space {
            0 => interval,
            space => space.saturating_add(interval) / interval,
        })
    }

    /// What was seen, counts multiplied by the sampling interval.
    pub fn seen(mut self, interval: u64) -> Seen {
        let interval = self.interval().unwrap_or(interval);
        if self.seen.sent[0].packets == 0 && self.seen.sent[0].ip_bytes == 0 {
            [self.seen.sent[0].packets, self.seen.sent[0].ip_bytes] = self.out;
        }
        for way in &mut self.seen.sent {
            way.packets = way.packets.saturating_mul(interval);
            way.ip_bytes = way.ip_bytes.saturating_mul(interval);
        }
        if interval > 1 {
            // Not those of every packet.
            self.seen.flags = [None; 2];
        }
        let since = |millis: Option<u64>| {
            let micros = i64::try_from(millis?).ok()?.checked_mul(1000)?;
            Some(self.booted?.plus(micros))
        };
        self.seen.first = self.seen.first.or(since(self.uptimes[0]));
        self.seen.last = self.seen.last.or(since(self.uptimes[1]));
        self.seen
    }
}

/// A number of up to eight bytes: exporters may send fewer than an element has (RFC 7011 §6.2).
fn number(value: &[u8]) -> u64 {
    value.iter().take(8).fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

fn small(value: &[u8]) -> u16 {
    u16::try_from(number(value)).unwrap_or_default()
}

fn address(value: &[u8]) -> Option<IpAddr> {
    let ip = match value.len() {
        4 => IpAddr::V4(Ipv4Addr::from(*value.first_chunk::<4>()?)),
        16 => IpAddr::V6(Ipv6Addr::from(*value.first_chunk::<16>()?)),
        _ => return None,
    };
    (!ip.is_unspecified()).then_some(ip)
}

fn ntp(value: u64) -> Time {
    let seconds = i64::try_from(value >> 32).unwrap_or_default() - 2_208_988_800;
    let micros = i64::try_from(((value & 0xffff_ffff) * 1_000_000) >> 32).unwrap_or_default();
    Time::from_seconds(seconds).plus(micros)
}
