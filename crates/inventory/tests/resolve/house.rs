//! A hospital in a few lines: what is on its network and what its systems list, as `key=value` words.

use std::collections::{BTreeMap, BTreeSet};
use wardlight_inventory::Knowledge;
use wardlight_inventory::resolve::{
    Decision, Input, Networked, OwnerRule, Resolution, Rules, Source, SourceKind, Stay, record_id, resolve,
};
use wardlight_model::{
    AssetField, AssetRecord, Attribute, Claim, Device, Fact, Field, Id, Origin, Place, Scope, Subject, Time,
};

/// The present: 2026-11-22.
pub const NOW: i64 = 1_795_305_600;
pub const DAY: i64 = 86_400;
pub const SITE: Id = Id([7; 16]);

/// One device of the network with all that it owns.
#[derive(Debug, Clone)]
pub struct Met {
    pub id: Id,
    pub scope: Scope,
    pub site: Option<String>,
    pub device: Device,
    pub facts: Vec<Fact>,
    pub stays: Vec<Stay>,
}

/// One other system.
#[derive(Debug, Clone)]
pub struct Book {
    pub name: String,
    pub kind: SourceKind,
    pub scope: Option<Scope>,
    pub site: Option<String>,
    pub records: Vec<AssetRecord>,
}

/// The hospital.
#[derive(Debug, Clone, Default)]
pub struct House {
    pub met: Vec<Met>,
    pub books: Vec<Book>,
    pub decisions: Vec<Decision>,
    pub owners: Vec<OwnerRule>,
    pub names: BTreeMap<Id, String>,
}

pub fn time(days_ago: i64) -> Time {
    Time::from_seconds(NOW - days_ago * DAY)
}

/// The id of the device called `name`.
pub fn device_id(name: &str) -> Id {
    record_id(SITE, "the network", name)
}

impl House {
    /// A device of the network. Words: `mac`, `ip`, `scope`, `site`, `seen` (days ago), `via`, `room`, `department`,
    /// `switch`; an attribute (`maker=Philips`, with a confidence as `maker=Philips@0.6`); a field of facts (`dicom.ae_title=X`). `_` is a space.
    pub fn device(mut self, name: &str, words: &str) -> Self {
        let id = device_id(name);
        let mut met =
            Met { id, scope: Scope(0), site: None, device: device(name), facts: Vec::new(), stays: Vec::new() };
        let mut place = Vec::new();
        for (key, value) in pairs(words) {
            match key {
                "mac" => met.device.macs.push(value.parse().unwrap()),
                "ip" => met.device.addresses.push(value.parse().unwrap()),
                "scope" => met.scope = Scope(value.parse().unwrap()),
                "site" => met.site = Some(value),
                "seen" => met.device.last = time(value.parse().unwrap()),
                "via" => met.device.via = Some(value),
                "room" => place.push((AssetField::Room, value)),
                "department" => place.push((AssetField::Department, value)),
                "switch" => place.push((AssetField::Switch, value)),
                _ => said(&mut met, key, &value),
            }
        }
        if !place.is_empty() {
            met.stays.push(Stay { first: met.device.first, last: met.device.last, place });
        }
        self.names.insert(id, format!("net:{name}"));
        self.met.push(met);
        self
    }

    /// Another system; records go to the one that was named last.
    pub fn source(mut self, name: &str, kind: SourceKind) -> Self {
        self.books.push(Book { name: name.to_owned(), kind, scope: None, site: None, records: Vec::new() });
        self
    }

    pub fn in_scope(mut self, scope: u32) -> Self {
        self.books.last_mut().unwrap().scope = Some(Scope(scope));
        self
    }

    pub fn at_site(mut self, site: &str) -> Self {
        self.books.last_mut().unwrap().site = Some(site.to_owned());
        self
    }

    /// A record. Words: names of asset fields without their group (`serial`, `asset_tag`), `as_of` (days ago).
    pub fn record(mut self, key: &str, words: &str) -> Self {
        let book = self.books.last_mut().unwrap();
        let mut record = AssetRecord { key: key.to_owned(), row: 1, ..AssetRecord::default() };
        for (word, value) in pairs(words) {
            match word {
                "as_of" => record.as_of = Some(time(value.parse().unwrap())),
                _ => record.says.push((asset_field(word), value)),
            }
        }
        record.says.sort();
        self.names.insert(record_id(SITE, &book.name, key), format!("{}:{key}", book.name));
        book.records.push(record);
        self
    }

    pub fn same(mut self, a: &str, b: &str) -> Self {
        self.decisions.push(Decision::Same(self.id(a), self.id(b)));
        self
    }

    pub fn different(mut self, a: &str, b: &str) -> Self {
        self.decisions.push(Decision::Different(self.id(a), self.id(b)));
        self
    }

    /// The id of what is shown as `name`, such as `net:d1` or `cmms:4711`.
    pub fn id(&self, name: &str) -> Id {
        *self.names.iter().find(|(_, own)| *own == name).unwrap_or_else(|| panic!("no {name}")).0
    }

    pub fn resolve(&self) -> Resolution {
        let facts: Vec<Vec<&Fact>> = self.met.iter().map(|met| met.facts.iter().collect()).collect();
        let devices: Vec<Networked<'_>> = self
            .met
            .iter()
            .zip(&facts)
            .map(|(met, facts)| Networked {
                id: met.id,
                scope: met.scope,
                site: met.site.as_deref(),
                device: &met.device,
                facts,
                stays: &met.stays,
            })
            .collect();
        let sources: Vec<Source<'_>> = self
            .books
            .iter()
            .map(|book| Source {
                name: &book.name,
                kind: book.kind,
                scope: book.scope,
                site: book.site.as_deref(),
                read: time(0),
                records: &book.records,
            })
            .collect();
        let input = Input {
            site: SITE,
            devices: &devices,
            sources: &sources,
            decisions: &self.decisions,
            owners: &self.owners,
            now: time(0),
        };
        KNOWN.with(|known| resolve(&input, &known.0, &known.1))
    }

    /// The assets as sorted words: the members' names joined by `+`.
    pub fn groups(&self) -> Vec<String> {
        self.named(&self.resolve())
    }

    pub fn named(&self, resolution: &Resolution) -> Vec<String> {
        let name = |asset: &wardlight_inventory::resolve::Asset| {
            let names: BTreeSet<&str> = asset.members.iter().map(|member| self.names[&member.id].as_str()).collect();
            names.into_iter().collect::<Vec<_>>().join("+")
        };
        let mut groups: Vec<String> = resolution.assets.iter().map(name).collect();
        groups.sort();
        groups
    }

    /// The questions as `a?b why`.
    pub fn questions(&self) -> Vec<String> {
        let told = |question: &wardlight_inventory::resolve::Question| {
            let mut names = [&self.names[&question.a], &self.names[&question.b]];
            names.sort();
            format!("{}?{} {:?}", names[0], names[1], question.why)
        };
        let mut all: Vec<String> = self.resolve().questions.iter().map(told).collect();
        all.sort();
        all
    }
}

thread_local! {
    static KNOWN: (Rules, Knowledge) = (Rules::shipped().unwrap(), Knowledge::shipped().unwrap());
}

fn device(name: &str) -> Device {
    Device {
        id: name.to_owned(),
        macs: Vec::new(),
        addresses: Vec::new(),
        keys: Vec::new(),
        via: None,
        claims: Vec::new(),
        labels: Vec::new(),
        peers: Vec::new(),
        first: time(30),
        last: time(0),
        origins: Vec::new(),
    }
}

fn said(met: &mut Met, key: &str, value: &str) {
    if let Some(attribute) = Attribute::ALL.iter().find(|attribute| attribute.name() == key) {
        let (value, confidence) = value.split_once('@').unwrap_or((value, "0.95"));
        let (value, confidence) = (value.to_owned(), confidence.parse().unwrap());
        let claim = Claim { attribute: *attribute, value, confidence, rule: "self".into(), evidence: Vec::new() };
        met.device.claims.push(claim);
        return;
    }
    let field = Field::named(key).unwrap_or_else(|| panic!("no field {key}"));
    met.facts.push(Fact {
        subject: Subject::Host(wardlight_model::Endpoint { scope: met.scope, mac: None, ip: None }),
        field,
        value: value.to_owned(),
        protocol: "test",
        first: met.device.first,
        last: met.device.last,
        count: 1,
        place: Place::default(),
        origin: Origin::default(),
    });
}

pub fn asset_field(word: &str) -> AssetField {
    let named = |field: &&AssetField| field.name().split_once('.').is_some_and(|(_, name)| name == word);
    *AssetField::ALL.iter().find(named).unwrap_or_else(|| panic!("no field {word}"))
}

fn pairs(words: &str) -> impl Iterator<Item = (&str, String)> {
    words.split_whitespace().map(|word| {
        let (key, value) = word.split_once('=').unwrap_or_else(|| panic!("{word} has no ="));
        (key, value.replace('_', " "))
    })
}
