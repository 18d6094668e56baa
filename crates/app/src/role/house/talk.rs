//! Who talks to whom, reckoned from the sums of all conversations.

use crate::role::fleet::Fleet;
use crate::role::fleet::traffic::{Party, Talk};
use foldhash::fast::RandomState;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use wardlight_web::house::{
    Cell, MANY, MOST_PAIRS, Matrix, NO_DEVICE, OUTSIDE, Pair, Pairs, PairsWanted, UNKNOWN_KIND,
};

/// Sums looked at in one go: whoever counts conversations waits no longer than that takes.
const PIECE: usize = 20_000;
/// How old what is shown may be, at least; and how many times what reckoning took.
const FRESH: (Duration, u32) = (Duration::from_secs(10), 10);
/// How long after somebody asked for it it is reckoned so often.
const WANTED: Duration = Duration::from_mins(10);
/// How old it may be when nobody asked for it lately: whoever comes then waits for nothing.
const KEPT: Duration = Duration::from_mins(1);

/// All sums as they were at one moment, by kind of device and service.
#[derive(Default)]
pub struct Talks {
    /// The sums of each cell.
    pub matrix: Arc<Matrix>,
    cells: Vec<Most>,
    parties: Vec<Party>,
}

/// The pairs of one cell with most bytes: not more than twice as many as are shown.
#[derive(Default)]
struct Most(Vec<Sum>);

/// What one end began with another.
#[derive(Clone, Copy)]
struct Sum {
    ip_bytes: u64,
    flows: u64,
    ends: [u32; 2],
}

impl Talks {
    /// Reckons them.
    pub fn of(fleet: &Fleet) -> Self {
        let parties = fleet.traffic().parties();
        let words = Words::default();
        let mut names: Vec<Arc<str>> = Vec::new();
        let mut numbers: HashMap<Arc<str>, usize, RandomState> = HashMap::default();
        let mut numbered = |word: Arc<str>| {
            *numbers.entry(word).or_insert_with_key(|word| {
                names.push(Arc::clone(word));
                names.len() - 1
            })
        };
        let kinds: Vec<usize> = parties.iter().map(|party| numbered(words.of(party))).collect();
        let mut all = Self { parties, ..Self::default() };
        let mut cells: Vec<Cell> = Vec::new();
        let mut known: HashMap<([usize; 2], &'static str), usize, RandomState> = HashMap::default();
        let mut add = |talk: Talk| {
            let [Some(&from), Some(&to)] = talk.ends.map(|end| kinds.get(end as usize)) else { return };
            let at = *known.entry(([from, to], talk.service)).or_insert(cells.len());
            if at == cells.len() {
                let [from, to] = [from, to].map(|kind| names.get(kind).map(Arc::clone).unwrap_or_default());
                cells.push(Cell { from, to, service: talk.service, flows: 0, ip_bytes: 0, pairs: 0 });
                all.cells.push(Most::default());
            }
            let (Some(cell), Some(most)) = (cells.get_mut(at), all.cells.get_mut(at)) else { return };
            cell.flows = cell.flows.saturating_add(talk.flows);
            cell.ip_bytes = cell.ip_bytes.saturating_add(talk.ip_bytes);
            cell.pairs += 1;
            most.add(Sum { ip_bytes: talk.ip_bytes, flows: talk.flows, ends: talk.ends });
        };
        let mut next = 0;
        while let Some(end) = fleet.traffic().talks(next, PIECE, &mut add) {
            next = end;
        }
        all.cells.iter_mut().for_each(Most::cut);
        all.arrange(cells, fleet.is_counted());
        all
    }

    /// The cells in their order, most conversations first.
    fn arrange(&mut self, cells: Vec<Cell>, is_whole: bool) {
        let mut both: Vec<(Cell, Most)> = cells.into_iter().zip(std::mem::take(&mut self.cells)).collect();
        both.sort_by(|(a, _), (b, _)| (b.flows, &a.from, &a.to, a.service).cmp(&(a.flows, &b.from, &b.to, b.service)));
        let (cells, most) = both.into_iter().unzip();
        (self.cells, self.matrix) = (most, Arc::new(Matrix { cells, is_whole }));
    }

    /// The pairs that are `wanted`.
    pub fn pairs(&self, wanted: &PairsWanted) -> Pairs {
        let fits = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
        let (mut rows, mut total) = (Vec::new(), 0_usize);
        for (cell, most) in self.matrix.cells.iter().zip(&self.cells) {
            let is_of = wanted.of.as_deref().is_none_or(|kind| *cell.from == *kind || *cell.to == *kind);
            let is_so = fits(&wanted.from, &cell.from) && fits(&wanted.to, &cell.to);
            if is_of && is_so && fits(&wanted.service, cell.service) {
                total = total.saturating_add(usize::try_from(cell.pairs).unwrap_or(usize::MAX));
                rows.extend(most.0.iter().map(|sum| (cell.service, *sum)));
            }
        }
        rows.sort_unstable_by_key(|(service, sum)| (Reverse(sum.ip_bytes), sum.ends, *service));
        rows.truncate(MOST_PAIRS);
        Pairs { total, rows: rows.into_iter().filter_map(|(service, sum)| self.pair(service, sum)).collect() }
    }

    fn pair(&self, service: &'static str, sum: Sum) -> Option<Pair> {
        let end = |at: u32| self.parties.get(at as usize).map(|party| (party.endpoint, party.device));
        let [from, to] = sum.ends.map(end);
        Some(Pair { ends: [from?, to?], service, flows: sum.flows, ip_bytes: sum.ip_bytes })
    }
}

impl Most {
    fn add(&mut self, sum: Sum) {
        self.0.push(sum);
        if self.0.len() >= MOST_PAIRS * 2 {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.0.sort_unstable_by_key(|sum| (Reverse(sum.ip_bytes), sum.ends));
        self.0.truncate(MOST_PAIRS);
    }
}

/// What was reckoned last, shown until there is something newer.
#[derive(Default)]
pub struct Ready {
    held: Mutex<Option<Held>>,
    reckoning: Mutex<()>,
}

struct Held {
    talks: Arc<Talks>,
    reckoned: Instant,
    /// Until when it need not be reckoned again.
    fresh: Instant,
    asked: Option<Instant>,
}

impl Ready {
    /// What there is, for somebody who asked.
    pub fn get(&self) -> Option<Arc<Talks>> {
        let mut held = self.held();
        let one = held.as_mut()?;
        one.asked = Some(Instant::now());
        Some(Arc::clone(&one.talks))
    }

    /// The same, reckoned now unless another does.
    pub fn make(&self, fleet: &Fleet) -> Arc<Talks> {
        let _alone = self.reckoning.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = self.held().as_ref().filter(|held| held.fresh > Instant::now()) {
            return Arc::clone(&held.talks);
        }
        let begun = Instant::now();
        let talks = Arc::new(Talks::of(fleet));
        let now = Instant::now();
        let fresh = now + FRESH.0.max(begun.elapsed().saturating_mul(FRESH.1));
        let asked = self.held().as_ref().and_then(|held| held.asked);
        *self.held() = Some(Held { talks: Arc::clone(&talks), reckoned: now, fresh, asked });
        talks
    }

    /// Whether it is time to reckon it: often while somebody asks or conversations are still being counted, now and
    /// then otherwise.
    pub fn is_due(&self) -> bool {
        self.held().as_ref().is_none_or(|held| {
            let is_soon = held.is_wanted() || !held.talks.matrix.is_whole;
            held.fresh <= Instant::now() && (is_soon || held.reckoned.elapsed() >= KEPT)
        })
    }

    /// Whether somebody asked for it lately.
    pub fn is_wanted(&self) -> bool {
        self.held().as_ref().is_some_and(Held::is_wanted)
    }

    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn is_wanted(&self) -> bool {
        self.asked.is_some_and(|asked| asked.elapsed() < WANTED)
    }
}

/// The words for ends of which no kind is known, each made once.
struct Words {
    unknown: Arc<str>,
    none: Arc<str>,
    outside: Arc<str>,
    many: Arc<str>,
}

impl Default for Words {
    fn default() -> Self {
        Self { unknown: UNKNOWN_KIND.into(), none: NO_DEVICE.into(), outside: OUTSIDE.into(), many: MANY.into() }
    }
}

impl Words {
    fn of(&self, party: &Party) -> Arc<str> {
        let word = match (party.kind.as_ref(), party.device, party.endpoint.ip) {
            (Some(kind), ..) => kind,
            (None, Some(_), _) => &self.unknown,
            (None, None, Some(ip)) if is_many(ip) => &self.many,
            (None, None, Some(ip)) if is_outside(ip) => &self.outside,
            _ => &self.none,
        };
        Arc::clone(word)
    }
}

fn is_many(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_multicast() || ip.octets()[3] == 255,
        IpAddr::V6(ip) => ip.is_multicast(),
    }
}

/// Whether an address is none of a house's own (RFC 1918, 3927, 4193, 6598).
fn is_outside(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            !(ip.is_private() || ip.is_link_local() || ip.is_loopback() || ip.is_unspecified() || is_shared)
        }
        IpAddr::V6(ip) => {
            !(ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_loopback() || ip.is_unspecified())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_house_are_told_from_those_outside_and_those_of_many() {
        let of = |text: &str| {
            let ip: IpAddr = text.parse().expect("an address");
            (is_outside(ip), is_many(ip))
        };
        for inside in ["10.1.2.3", "172.16.0.1", "192.168.0.9", "169.254.1.1", "100.64.0.1", "fd00::1", "fe80::1"] {
            assert_eq!(of(inside), (false, false), "{inside}");
        }
        for outside in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:db8::1"] {
            assert!(of(outside).0, "{outside}");
        }
        for many in ["239.0.0.1", "10.0.0.255", "ff02::fb"] {
            assert!(of(many).1, "{many}");
        }
    }
}
