//! One device of the network, or one row of a source, in the form in which rows are compared.

use super::rules::{Mark, Rules};
use super::slip::{undecorated, unlabelled};
use super::udi::Udi;
use super::{Input, Networked, Source, record_id};
use crate::Knowledge;
use crate::identify::{is_link_local, is_own_name, is_private, mac_of_eui64};
use crate::lifecycle::day;
use crate::maker::fold;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use wardlight_model::{AssetField, AssetRecord, Attribute, Claim, Fact, Field, Id, KeyKind, Mac, Scope, Time, bare};

/// Claims of the network below this say nothing here.
const LIKELY: f64 = 0.3;
/// A maker that is at least this sure can speak against another.
const SURE: f64 = 0.85;
/// A source that is trusted with makers at least this far can speak against another.
const TRUSTED: f64 = 0.7;
/// A type that is at least this sure is compared.
const SURE_TYPE: f64 = 0.6;

/// One row.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) id: Id,
    /// 0 is the network; then the sources by name.
    pub(super) source: usize,
    /// Which of the input's devices, or of its source's records.
    pub(super) at: usize,
    /// What tells it from others, in the normal form of each.
    pub(super) marks: Vec<(Mark, String)>,
    /// Makers, folded.
    pub(super) makers: Vec<String>,
    /// Whether the maker can speak against another.
    pub(super) is_maker_sure: bool,
    /// Models: words without those of the maker.
    pub(super) models: Vec<String>,
    /// Kinds of device, in our words.
    pub(super) types: Vec<String>,
    pub(super) site: Option<String>,
    pub(super) department: Option<String>,
    pub(super) room: Option<String>,
    pub(super) domain: Option<String>,
    /// When it was there, as far as is known.
    pub(super) seen: (Time, Time),
    /// Since when it is said to be no more.
    pub(super) retired: Option<Time>,
    /// The row of the device that speaks for it.
    pub(super) via: Option<usize>,
}

impl Row {
    pub(super) const fn is_network(&self) -> bool {
        self.source == 0
    }

    fn mark(&mut self, mark: Mark, value: String, rules: &Rules) {
        if !value.is_empty() && !rules.is_void(mark, &value) {
            self.marks.push((mark, value));
        }
    }

    fn serial(&mut self, text: &str, rules: &Rules) {
        // A spreadsheet wrote `1.23457E+11`: the number is lost.
        let is_damaged = text.contains("E+") && text.starts_with(|c: char| c.is_ascii_digit());
        let serial = undecorated(&bare(unlabelled(text))).to_owned();
        if !is_damaged && serial.len() >= 3 {
            self.mark(Mark::Serial, serial, rules);
        }
    }

    fn udi(&mut self, text: &str, rules: &Rules) {
        let Some(udi) = Udi::parse(text) else { return };
        if let Some(serial) = &udi.serial {
            self.mark(Mark::Udi, whole(&udi.device, serial), rules);
            self.serial(serial, rules);
        }
        self.mark(Mark::UdiDi, bare(&udi.device), rules);
    }

    fn mac(&mut self, mac: Mac, rules: &Rules) {
        let mark = if mac.is_local() { Mark::MadeUpMac } else { Mark::Mac };
        if mac.is_station() {
            self.mark(mark, mac.to_string(), rules);
        }
    }

    fn host(&mut self, text: &str, rules: &Rules) {
        let lower = text.trim().trim_end_matches('.').to_lowercase();
        let (name, domain) = lower.split_once('.').map_or((&*lower, None), |(name, domain)| (name, Some(domain)));
        if lower.parse::<IpAddr>().is_ok() || !is_own_name(name) || rules.is_void(Mark::Hostname, &bare(name)) {
            return;
        }
        self.mark(Mark::Hostname, name.to_owned(), rules);
        if let Some(domain) = domain.filter(|domain| *domain != "local") {
            self.domain.get_or_insert_with(|| domain.to_owned());
        }
    }

    fn ae_title(&mut self, text: &str, rules: &Rules) {
        let title = text.trim().to_uppercase();
        if !rules.is_void(Mark::AeTitle, &bare(&title)) {
            self.mark(Mark::AeTitle, title, rules);
        }
    }

    fn address(&mut self, scope: Scope, ip: IpAddr, rules: &Rules) {
        if is_private(ip) && !is_link_local(ip) {
            self.mark(Mark::Address, format!("{ip}%{}", scope.0), rules);
        }
    }

    fn maker(&mut self, name: &str, knowledge: &Knowledge) {
        let folded = fold(knowledge.makers.normal(name));
        if !folded.is_empty() && !self.makers.contains(&folded) {
            self.makers.push(folded);
        }
    }

    fn model(&mut self, text: &str) {
        let folded = fold(text);
        let own = |word: &&str| !self.makers.iter().any(|maker| maker.split(' ').any(|part| part == *word));
        let words: Vec<&str> = folded.split(' ').filter(own).collect();
        if !words.concat().is_empty() {
            self.models.push(words.join(" "));
        }
    }

    fn settled(mut self) -> Self {
        let device = |mark| self.marks.iter().find(|(own, _)| *own == mark).map(|(_, value)| value.clone());
        if let (Some(device), Some(serial)) = (device(Mark::UdiDi), device(Mark::Serial)) {
            self.marks.push((Mark::Udi, whole(&device, &serial)));
        }
        for list in [&mut self.models, &mut self.types] {
            list.sort();
            list.dedup();
        }
        self.makers.sort();
        self.marks.sort();
        self.marks.dedup();
        self
    }
}

/// The same for a UDI that was read and for one whose parts stand in two fields.
fn whole(device: &str, serial: &str) -> String {
    format!("{}/{}", bare(device), undecorated(&bare(serial)))
}

/// The rows of `input` by id, and which records were left out because a later one has the same key.
pub(super) fn rows(input: &Input<'_>, order: &[usize], rules: &Rules, knowledge: &Knowledge) -> (Vec<Row>, Vec<Id>) {
    let devices = input.devices.iter().enumerate().map(|(at, device)| (network(at, device, rules, knowledge), None));
    let mut rows: Vec<(Row, Option<&AssetRecord>)> = devices.collect();
    for (place, source) in order.iter().enumerate().filter_map(|(place, at)| Some((place, input.sources.get(*at)?))) {
        for (at, listed) in source.records.iter().enumerate() {
            let id = record_id(input.site, source.name, &listed.key);
            let row = Row { id, source: place + 1, at, ..Row::default() };
            rows.push((record(row, source, listed, rules, knowledge), Some(listed)));
        }
    }
    // Of records with one key the latest counts; the last words only make the order of the input count for nothing.
    rows.sort_by(|(a, x), (b, y)| {
        let rank = |listed: &Option<&AssetRecord>| listed.map(|one| (one.as_of, one.row));
        a.id.cmp(&b.id)
            .then_with(|| rank(y).cmp(&rank(x)))
            .then_with(|| y.map(|one| &one.says).cmp(&x.map(|one| &one.says)))
    });
    let mut replaced = Vec::new();
    rows.dedup_by(|(later, _), (kept, _)| {
        let is_same = later.id == kept.id;
        replaced.extend(is_same.then_some(later.id));
        is_same
    });
    let mut rows: Vec<Row> = rows.into_iter().map(|(row, _)| row).collect();
    speak_for(&mut rows, input);
    (rows, replaced)
}

/// Finds the rows of the devices that speak for nested ones.
fn speak_for(rows: &mut [Row], input: &Input<'_>) {
    let device = |row: &Row| input.devices.get(row.at).filter(|_| row.is_network());
    let named = rows.iter().enumerate().filter_map(|(at, row)| Some((device(row)?.device.id.as_str(), at)));
    let named: BTreeMap<&str, usize> = named.collect();
    let via: Vec<Option<usize>> =
        rows.iter().map(|row| named.get(device(row)?.device.via.as_deref()?).copied()).collect();
    rows.iter_mut().zip(via).for_each(|(row, via)| row.via = via);
}

fn network(at: usize, found: &Networked<'_>, rules: &Rules, knowledge: &Knowledge) -> Row {
    let device = found.device;
    let mut row = Row { id: found.id, at, seen: (device.first, device.last), ..Row::default() };
    let claims = |attribute, least: f64| {
        let own = device.claims.iter().filter(move |claim| claim.attribute == attribute && claim.confidence >= least);
        own.map(|claim| claim.value.as_str())
    };
    claims(Attribute::Maker, LIKELY).for_each(|name| row.maker(name, knowledge));
    // Devices are built around others' boards: who made the board says nothing against who made the device.
    let is_own_word = |claim: &Claim| claim.confidence >= SURE && claim.rule != "oui";
    row.is_maker_sure = device.best(Attribute::Maker).is_some_and(is_own_word);
    claims(Attribute::Model, LIKELY).for_each(|text| row.model(text));
    row.types = claims(Attribute::Type, SURE_TYPE).map(str::to_owned).collect();
    claims(Attribute::Serial, LIKELY).for_each(|text| row.serial(text, rules));
    claims(Attribute::Name, LIKELY).for_each(|text| row.host(text, rules));
    device.macs.iter().for_each(|mac| row.mac(*mac, rules));
    device.addresses.iter().for_each(|ip| row.address(found.scope, *ip, rules));
    for key in &device.keys {
        match key.kind {
            KeyKind::Eui64 => mac_of_eui64(&key.text).into_iter().for_each(|mac| row.mac(mac, rules)),
            KeyKind::Serial => row.serial(key.text.split_once('/').map_or(&*key.text, |(_, serial)| serial), rules),
            KeyKind::AeTitle => row.ae_title(&key.text, rules),
            KeyKind::Uuid | KeyKind::Instrument | KeyKind::Duid | KeyKind::DhcpClientId => {}
            KeyKind::BacnetDevice | KeyKind::ModbusUnit => {}
        }
    }
    found.facts.iter().for_each(|fact| stated(&mut row, fact.field, &fact.value, rules));
    if own_names(found.facts) > rules.most_names {
        // What is said behind it is said of others; only its addresses are its own.
        row.marks.retain(|(mark, _)| matches!(mark, Mark::Mac | Mark::MadeUpMac | Mark::Address));
    }
    row.site = found.site.map(fold);
    if let Some(stay) = found.stays.iter().max_by_key(|stay| (stay.last, stay.place.clone())) {
        let place = |field| stay.place.iter().find(|(own, _)| *own == field).map(|(_, value)| fold(value));
        row.department = place(AssetField::Department);
        row.room = place(AssetField::Room);
        row.site = row.site.or_else(|| place(AssetField::Site));
    }
    row.settled()
}

/// How many host names the device gives itself; that others call it by many names says nothing.
fn own_names(facts: &[&Fact]) -> usize {
    let own = facts.iter().filter(|fact| {
        matches!(fact.field, Field::DhcpHostname | Field::NetbiosName | Field::NtlmComputer | Field::LlmnrName)
    });
    own.map(|fact| fact.value.to_lowercase()).collect::<BTreeSet<String>>().len()
}

/// What the device says of itself beside what its claims and keys already hold.
fn stated(row: &mut Row, field: Field, value: &str, rules: &Rules) {
    match field {
        Field::Serial => row.serial(value, rules),
        Field::Udi => row.udi(value, rules),
        Field::AssetTag => row.mark(Mark::AssetTag, bare(value), rules),
        Field::AeTitle => row.ae_title(value, rules),
        Field::CertificateHash => row.mark(Mark::Certificate, value.to_lowercase(), rules),
        Field::Domain => drop(row.domain.get_or_insert_with(|| value.to_lowercase())),
        Field::DhcpHostname
        | Field::DnsName
        | Field::MdnsName
        | Field::LlmnrName
        | Field::NetbiosName
        | Field::NtlmComputer
        | Field::NtlmDnsName
        | Field::SnmpName
        | Field::LldpName
        | Field::CdpName
        | Field::HostName => row.host(value, rules),
        _ => {}
    }
}

/// Whether resolution reads facts of `field` beside a device's claims, keys and addresses.
#[must_use]
pub const fn identifies(field: Field) -> bool {
    matches!(
        field,
        Field::Serial
            | Field::Udi
            | Field::AssetTag
            | Field::AeTitle
            | Field::CertificateHash
            | Field::Domain
            | Field::DhcpHostname
            | Field::DnsName
            | Field::MdnsName
            | Field::LlmnrName
            | Field::NetbiosName
            | Field::NtlmComputer
            | Field::NtlmDnsName
            | Field::SnmpName
            | Field::LldpName
            | Field::CdpName
            | Field::HostName
    )
}

fn record(mut row: Row, source: &Source<'_>, listed: &AssetRecord, rules: &Rules, knowledge: &Knowledge) -> Row {
    let said = listed.as_of.unwrap_or(source.read);
    row.seen = (said, said);
    listed.says(AssetField::Maker).into_iter().for_each(|name| row.maker(name, knowledge));
    row.is_maker_sure =
        rules.precedence(AssetField::Maker).is_some_and(|rule| rule.worth(source.kind, 1.0, 0) >= TRUSTED);
    for (field, value) in &listed.says {
        match field {
            AssetField::Model => row.model(value),
            AssetField::Serial => row.serial(value, rules),
            AssetField::Udi => row.udi(value, rules),
            AssetField::UdiDi => row.mark(Mark::UdiDi, bare(value), rules),
            AssetField::Type => row.types.extend(knowledge.phrases.meaning(value).map(str::to_owned)),
            AssetField::Mac => value.parse().into_iter().for_each(|mac| row.mac(mac, rules)),
            AssetField::Ip => {
                let place = source.scope.zip(value.parse().ok());
                place.into_iter().for_each(|(scope, ip)| row.address(scope, ip, rules));
            }
            AssetField::Hostname => row.host(value, rules),
            AssetField::Domain => row.domain = Some(value.to_lowercase()),
            AssetField::AeTitle => row.ae_title(value, rules),
            AssetField::CertificateHash => row.mark(Mark::Certificate, value.to_lowercase(), rules),
            AssetField::AssetTag => row.mark(Mark::AssetTag, bare(value), rules),
            AssetField::Site => row.site = Some(fold(value)),
            AssetField::Department => row.department = Some(fold(value)),
            AssetField::Room => row.room = Some(fold(value)),
            AssetField::State if rules.is_retired(value) => drop(row.retired.get_or_insert(said)),
            AssetField::Retired => row.retired = day(value).map(Time::from_seconds).or(row.retired),
            _ => {}
        }
    }
    row.site = row.site.or_else(|| source.site.map(fold));
    row.settled()
}
