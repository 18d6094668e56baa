//! The truth, by everything that tells a device.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use wardlight_inventory::Identified;
use wardlight_inventory::resolve::record_id;
use wardlight_lab::hospital::{SCOPES, Truth};
use wardlight_model::{Field, Id, KeyKind, Mac, Scope, Time, bare};

/// Seconds since 1970, from and until, of a device of this number.
type Tenure = (u64, u64, usize);

/// The truth about every device, to be looked up.
pub struct Roll {
    /// It, by number.
    pub truth: BTreeMap<usize, Truth>,
    /// Those that were on the network while it was watched, nested ones included.
    pub present: BTreeSet<usize>,
    macs: BTreeMap<Mac, usize>,
    serials: BTreeMap<String, Vec<usize>>,
    addresses: BTreeMap<(Scope, IpAddr), Vec<Tenure>>,
    window: (u64, u64),
}

impl Roll {
    /// The roll of all devices, for what was seen in `window`.
    pub fn of(truth: Vec<Truth>, window: (Time, Time)) -> Self {
        let seconds = |time: Time| u64::try_from(time.micros() / 1_000_000).unwrap_or_default();
        let mut roll = Self {
            truth: BTreeMap::new(),
            present: BTreeSet::new(),
            macs: BTreeMap::new(),
            serials: BTreeMap::new(),
            addresses: BTreeMap::new(),
            window: (seconds(window.0), seconds(window.1)),
        };
        truth.into_iter().for_each(|one| roll.enter(one));
        roll
    }

    fn enter(&mut self, truth: Truth) {
        for mac in truth.macs.iter().chain([&truth.board]).filter_map(|text| text.parse().ok()) {
            self.macs.entry(mac).or_insert(truth.id);
        }
        self.serials.entry(bare(&truth.serial)).or_default().push(truth.id);
        let scope = SCOPES.iter().position(|scope| scope.name == truth.scope).map(super::scope).unwrap_or_default();
        for stay in &truth.stays {
            let until = stay.until.unwrap_or(u64::MAX);
            if let Some(ip) = stay.ip.as_deref().and_then(|ip| ip.parse().ok()) {
                self.addresses.entry((scope, ip)).or_default().push((stay.from, until, truth.id));
            }
            if stay.from < self.window.1 && until > self.window.0 {
                self.present.insert(truth.id);
            }
        }
        self.truth.insert(truth.id, truth);
    }

    /// The true group of a row about a device that is no more.
    pub fn gone(&self, source: &str, row: u64) -> Id {
        record_id(super::SITE, "gone", &format!("{source} {row}"))
    }

    /// Which devices this one really is, surest first: one when all is right. By its hardware addresses, else by serial
    /// number, else by who had its address then.
    pub fn behind(&self, found: &Identified<'_>) -> Vec<usize> {
        let device = &found.device;
        let keys = device.keys.iter().filter(|key| key.kind == KeyKind::Eui64).filter_map(|key| board(&key.text));
        let macs = device.macs.iter().copied().chain(keys);
        let mut numbers: Vec<usize> = macs.filter_map(|mac| self.macs.get(&mac).copied()).collect();
        if numbers.is_empty() {
            numbers = self.numbered(found);
        }
        if numbers.is_empty() {
            let held = device.addresses.iter().flat_map(|ip| self.holders(found.scope, *ip));
            numbers = held.take(1).collect();
        }
        let mut seen = BTreeSet::new();
        numbers.retain(|number| seen.insert(*number));
        numbers
    }

    /// By serial number; where several have it, the one whose model it says as well.
    fn numbered(&self, found: &Identified<'_>) -> Vec<usize> {
        let said = found.facts.iter().filter(|fact| fact.field == Field::Serial).map(|fact| fact.value.as_str());
        let keys = found.device.keys.iter().filter(|key| matches!(key.kind, KeyKind::Serial | KeyKind::Instrument));
        let keys = keys.map(|key| key.text.split_once('/').map_or(key.text.as_str(), |(_, serial)| serial));
        let mut serials = said.chain(keys).filter_map(|serial| self.serials.get(&bare(serial)));
        let Some(numbers) = serials.next() else { return Vec::new() };
        let says = |number: &&usize| {
            let truth = self.truth.get(number);
            truth.is_some_and(|truth| found.facts.iter().any(|fact| same(&fact.value, &truth.model)))
        };
        let only = Some(numbers).filter(|numbers| numbers.len() == 1).and_then(|numbers| numbers.first());
        numbers.iter().find(says).or(only).copied().into_iter().collect()
    }

    /// Who held `ip` while the network was watched, first holder first.
    fn holders(&self, scope: Scope, ip: IpAddr) -> impl Iterator<Item = usize> {
        let tenures = self.addresses.get(&(scope, ip)).into_iter().flatten();
        let (from, until) = self.window;
        tenures.filter(move |tenure| tenure.0 < until && tenure.1 > from).map(|tenure| tenure.2)
    }
}

/// Whether `text` names `model`, however written.
fn same(text: &str, model: &str) -> bool {
    bare(text).contains(&bare(model))
}

/// The hardware address that an EUI-64 was made of (IEEE, "Guidelines for use of EUI", the older mapping).
fn board(eui: &str) -> Option<Mac> {
    let middle = eui.get(6..10)?;
    let is_made = middle.eq_ignore_ascii_case("fffe");
    is_made.then(|| format!("{}{}", eui.get(..6).unwrap_or_default(), eui.get(10..).unwrap_or_default()))?.parse().ok()
}
