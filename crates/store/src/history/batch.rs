//! Flows waiting to be written.
//!
//! In: flows, in order of the journal. Out: for each hour the rows that ended in it, sorted, laid out in columns. A row
//! costs no allocation but for names and addresses not yet seen in the batch; what it holds lies in one place, so that
//! sorting does not make every column a miss of the cache.

mod intern;
mod lay;
mod names;

use super::manifest::Hour;
use super::row::{Lent, Origin};
use super::schema;
use intern::Interner;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use wardlight_model::{Flow, Mac, Scope, Time};

pub(super) use names::{Names, Texts};

/// Rows that are not yet on disk.
#[derive(Debug, Default)]
pub struct Batch {
    site: String,
    recorded: Time,
    sensors: Interner<String>,
    ends: Interner<End>,
    macs: Interner<u64>,
    services: Interner<String>,
    histories: Interner<String>,
    rows: Vec<Packed>,
}

/// One row. Codes are numbers of an [`Interner`].
#[derive(Debug, Clone, Copy, Default)]
struct Packed {
    sequence: u64,
    first: i64,
    last: i64,
    id: u64,
    /// Packets, IP bytes, payload bytes, missed bytes of the initiator, then of the responder.
    sent: [u64; 8],
    ends: [u32; 2],
    macs: [Option<u32>; 2],
    sensor: u32,
    service: Option<u32>,
    history: u32,
    ports: [u16; 2],
    vlan: Option<u16>,
    hop_limits: [Option<u8>; 2],
    transport: u8,
    state: u8,
    known: Option<u8>,
}

/// An address in its scope, as numbers: they are hashed a row, and faster than what they stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct End {
    /// The scope, and above it whether the address is of IPv6.
    scope: u64,
    high: u64,
    low: u64,
}

impl End {
    fn new(scope: Scope, address: IpAddr) -> Self {
        let (family, bits) = match address {
            IpAddr::V4(address) => (0, address.to_bits().into()),
            IpAddr::V6(address) => (1 << 32, address.to_bits()),
        };
        let [a, b, c, d, e, f, g, h, low @ ..] = bits.to_be_bytes();
        let high = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        Self { scope: u64::from(scope.0) | family, high, low: u64::from_be_bytes(low) }
    }

    const fn scope(&self) -> u64 {
        self.scope & 0xffff_ffff
    }

    fn address(&self) -> IpAddr {
        match u32::try_from(self.low) {
            Ok(bits) if self.scope >> 32 == 0 => Ipv4Addr::from_bits(bits).into(),
            _ => Ipv6Addr::from_bits(u128::from(self.high) << 64 | u128::from(self.low)).into(),
        }
    }
}

fn number(mac: Mac) -> u64 {
    let [a, b, c, d, e, f] = mac.0;
    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

/// The rows of one hour in their order, and what a manifest says of them.
pub(super) struct Part {
    pub hour: Hour,
    pub order: Vec<u32>,
    pub sequences: (u64, u64),
    pub times: (Time, Time),
    pub recorded: Time,
}

impl Batch {
    /// Rows that make a file worth its overhead; a caller does well to flush at the journal record that reaches it.
    pub const AIM: usize = 1 << 20;

    /// An empty one for the flows of `site`.
    #[must_use]
    pub fn new(site: &str) -> Self {
        Self { site: site.to_owned(), ..Self::default() }
    }

    /// Takes one flow. Flows come in order of the journal.
    pub fn push(&mut self, origin: Origin<'_>, flow: &Flow) {
        self.push_lent(&Lent::new(origin, flow));
        self.note_recorded(origin.recorded);
    }

    /// Forgets all rows and keeps the memory for the next.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.ends.clear();
        self.macs.clear();
        self.sensors.clear();
        self.services.clear();
        self.histories.clear();
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Sets when the newest of its rows was taken into the journal.
    pub(super) fn note_recorded(&mut self, recorded: Time) {
        self.recorded = recorded;
    }

    pub(super) fn push_lent(&mut self, row: &Lent<'_>) {
        let [from, to] = [row.key.initiator, row.key.responder];
        let [a, b] = row.sent;
        self.rows.push(Packed {
            sequence: row.sequence,
            first: row.times[0].micros(),
            last: row.times[1].micros(),
            id: row.id.0,
            sent: [a.packets, a.ip_bytes, a.bytes, a.missed, b.packets, b.ip_bytes, b.bytes, b.missed],
            ends: [from.0, to.0].map(|address| self.ends.code(&End::new(row.key.scope, address))),
            macs: row.macs.map(|mac| mac.map(|mac| self.macs.code(&number(mac)))),
            sensor: self.sensors.code(row.sensor),
            service: row.service.map(|(name, _)| self.services.code(name)),
            history: self.histories.code(row.history),
            ports: [from.1, to.1],
            vlan: row.vlan,
            hop_limits: row.hop_limits,
            transport: row.key.transport.0,
            state: schema::state_code(row.state),
            known: row.service.map(|(_, known)| schema::known_code(known)),
        });
    }

    /// The rows of each hour.
    pub(super) fn hours(&self) -> BTreeMap<Hour, Vec<u32>> {
        let mut hours = BTreeMap::<Hour, Vec<u32>>::new();
        let mut latest: Option<(Hour, Vec<u32>)> = None;
        for (row, number) in self.rows.iter().zip(0..) {
            let hour = Hour::of(Time::from_micros(row.last));
            match &mut latest {
                // Nearly all rows are of the same hour as the one before.
                Some((known, rows)) if *known == hour => rows.push(number),
                _ => {
                    if let Some((known, rows)) = latest.take() {
                        hours.insert(known, rows);
                    }
                    let mut rows = hours.remove(&hour).unwrap_or_default();
                    rows.push(number);
                    latest = Some((hour, rows));
                }
            }
        }
        hours.extend(latest);
        hours
    }

    /// Some rows of one hour, sorted by scope, initiator, responder, time.
    pub(super) fn part(&self, hour: Hour, rows: Vec<u32>, names: &Names) -> Part {
        let mut keys = Vec::with_capacity(rows.len());
        let (mut sequences, mut times) = ((u64::MAX, 0), (i64::MAX, i64::MIN));
        for number in rows {
            let row = self.row(number);
            let [from, to] = row.ends.map(|end| u64::from(names.rank(end)));
            keys.push((from << 32 | to, row.first, number));
            sequences = (sequences.0.min(row.sequence), sequences.1.max(row.sequence));
            times = (times.0.min(row.first), times.1.max(row.last));
        }
        keys.sort_unstable();
        Part {
            hour,
            order: keys.into_iter().map(|(_, _, number)| number).collect(),
            sequences,
            times: (Time::from_micros(times.0), Time::from_micros(times.1)),
            recorded: self.recorded,
        }
    }

    fn row(&self, number: u32) -> Packed {
        self.rows.get(number as usize).copied().unwrap_or_default()
    }
}
