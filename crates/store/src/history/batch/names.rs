//! What the codes of a batch stand for, as text, and how the addresses are ordered.

use super::{Batch, End, Part};
use crate::history::encode::Chunk;
use crate::history::schema::{self, COLUMNS, column};
use std::net::IpAddr;
use wardlight_model::Transport;

/// Texts one behind the other, by number.
#[derive(Debug, Default)]
pub(in crate::history) struct Texts {
    all: String,
    ends: Vec<usize>,
}

impl Texts {
    /// How many there are.
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text with this number.
    pub fn text(&self, number: u32) -> &str {
        let number = number as usize;
        let begin = number.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        self.ends.get(number).and_then(|end| self.all.get(begin..*end)).unwrap_or_default()
    }

    fn push(&mut self, write: impl FnOnce(&mut String)) {
        write(&mut self.all);
        self.ends.push(self.all.len());
    }

    fn of<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Self {
        let mut all = Self::default();
        texts.into_iter().for_each(|text| all.push(|out| out.push_str(text.as_ref())));
        all
    }
}

/// What codes stand for, and how the addresses are ordered.
pub(in crate::history) struct Names {
    site: Texts,
    sensors: Texts,
    ends: Texts,
    macs: Texts,
    services: Texts,
    histories: Texts,
    transports: Texts,
    known: Texts,
    states: Texts,
    scopes: Vec<i64>,
    /// For each code of an end its place in the order of (scope, text).
    ranks: Vec<u32>,
}

impl Names {
    /// The names of all codes in `batch`.
    pub fn new(batch: &Batch) -> Self {
        let (mut ends, mut macs) = (Texts::default(), Texts::default());
        batch.ends.values().iter().for_each(|end| ends.push(|out| write_address(end.address(), out)));
        batch.macs.values().iter().for_each(|mac| macs.push(|out| write_mac(*mac, out)));
        Self {
            site: Texts::of([&batch.site]),
            sensors: Texts::of(batch.sensors.values()),
            ranks: ranks(batch.ends.values(), &ends),
            ends,
            macs,
            services: Texts::of(batch.services.values()),
            histories: Texts::of(batch.histories.values()),
            transports: Texts::of((0..=u8::MAX).map(|number| Transport(number).to_string())),
            known: Texts::of(schema::known_names()),
            states: Texts::of(schema::state_names()),
            scopes: batch.ends.values().iter().map(|end| i64::try_from(end.scope()).unwrap_or_default()).collect(),
        }
    }

    /// The place of the end `code` in the order of (scope, text).
    pub fn rank(&self, code: u32) -> u32 {
        self.ranks.get(code as usize).copied().unwrap_or_default()
    }

    /// The scope of the end `code`.
    pub fn scope(&self, code: u32) -> i64 {
        self.scopes.get(code as usize).copied().unwrap_or_default()
    }

    /// Empty columns for some rows of `part`, in the order of [`COLUMNS`].
    pub fn chunks(&self, part: &Part) -> [Chunk<'_>; COLUMNS.len()] {
        let mut place = 0;
        COLUMNS.each_ref().map(|column| {
            let texts = self.texts(place);
            let low = if place == column::SEQUENCE { part.sequences.0 } else { 0 };
            place += 1;
            Chunk::new(column, texts, i64::try_from(low).unwrap_or_default())
        })
    }

    /// What the codes of the column at `place` stand for.
    const fn texts(&self, place: usize) -> Option<&Texts> {
        const MACS: usize = column::MACS + 1;
        Some(match place {
            column::SITE => &self.site,
            column::SENSOR => &self.sensors,
            column::ORIG_H | column::RESP_H => &self.ends,
            column::PROTO => &self.transports,
            column::SERVICE => &self.services,
            column::SERVICE_KNOWN => &self.known,
            column::STATE => &self.states,
            column::HISTORY => &self.histories,
            column::MACS | MACS => &self.macs,
            _ => return None,
        })
    }
}

fn ranks(ends: &[End], texts: &Texts) -> Vec<u32> {
    // The first bytes of a text as a number: most pairs differ in them.
    let key = |code: u32| {
        let mut first = [0; 16];
        first.iter_mut().zip(texts.text(code).bytes()).for_each(|(to, from)| *to = from);
        u128::from_be_bytes(first)
    };
    let mut order: Vec<(u64, u128, u32)> = ends.iter().zip(0..).map(|(end, n)| (end.scope(), key(n), n)).collect();
    order.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| texts.text(a.2).cmp(texts.text(b.2))));
    let mut ranks = vec![0; order.len()];
    for ((_, _, code), rank) in order.into_iter().zip(0..) {
        if let Some(place) = ranks.get_mut(code as usize) {
            *place = rank;
        }
    }
    ranks
}

/// As [`IpAddr`] writes itself, without the detours of formatting: there are as many as hosts.
fn write_address(address: IpAddr, out: &mut String) {
    let IpAddr::V4(address) = address else {
        out.push_str(&address.to_string());
        return;
    };
    for (at, byte) in address.octets().into_iter().enumerate() {
        if at > 0 {
            out.push('.');
        }
        if byte >= 100 {
            out.push(char::from(b'0' + byte / 100));
        }
        if byte >= 10 {
            out.push(char::from(b'0' + byte / 10 % 10));
        }
        out.push(char::from(b'0' + byte % 10));
    }
}

/// The hardware address whose bytes are the lower ones of `mac`, as [`wardlight_model::Mac`] writes itself.
fn write_mac(mac: u64, out: &mut String) {
    let digit = |half: u8| char::from(if half < 10 { b'0' + half } else { b'a' + half - 10 });
    for (at, byte) in mac.to_be_bytes().into_iter().skip(2).enumerate() {
        if at > 0 {
            out.push(':');
        }
        out.push(digit(byte >> 4));
        out.push(digit(byte & 15));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::batch::number;
    use proptest::prelude::*;
    use wardlight_model::{Mac, Scope};

    proptest! {
        #[test]
        fn addresses_are_written_as_they_write_themselves(ip: IpAddr, mac: [u8; 6], scope: u32) {
            let (mut address, mut hardware) = (String::new(), String::new());
            let end = End::new(Scope(scope), ip);
            write_address(end.address(), &mut address);
            write_mac(number(Mac(mac)), &mut hardware);
            prop_assert_eq!((address, hardware), (ip.to_string(), Mac(mac).to_string()));
            prop_assert_eq!(end.scope(), u64::from(scope));
        }

        #[test]
        fn ends_are_ordered_by_scope_and_text(ends in proptest::collection::vec((0..3_u32, any::<IpAddr>()), 0..50)) {
            let texts = Texts::of(ends.iter().map(|(_, ip)| ip.to_string()));
            let keys: Vec<End> = ends.iter().map(|(scope, ip)| End::new(Scope(*scope), *ip)).collect();
            let ranks = ranks(&keys, &texts);
            let mut order: Vec<usize> = (0..ends.len()).collect();
            order.sort_by_key(|n| ranks[*n]);
            prop_assert!(order.iter().map(|n| (ends[*n].0, ends[*n].1.to_string())).is_sorted());
        }
    }
}
