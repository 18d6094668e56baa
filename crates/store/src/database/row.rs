//! How the vocabulary's types stand in rows, and come back.
//!
//! In: facts, presences and so on, or rows. Out: the other. Counts beyond `i64::MAX` are kept as that; NUL in a text,
//! which PostgreSQL refuses, as U+FFFD. A fact whose field this version does not know is left out, not guessed at.

use super::StoredDevice;
use super::engine::Row;
use sea_query::Value;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::net::IpAddr;
use wardlight_model::change::{self, Contact, Known, Said};
use wardlight_model::journal::{Judgement, Oddity, OwnerRule, decode, encode};
use wardlight_model::{
    Area, Attribute, Device, Domain, Endpoint, Fact, Field, Id, KeptRule, Key, KeyKind, Level, Mac, Origin, Place,
    Presence, Scope, Subject, Time, cbor,
};

/// Most characters of a device's column; its body has the whole value. PostgreSQL indexes no longer ones.
const COLUMN: usize = 256;
/// Names of the kinds of keys.
const KEY_KINDS: [(KeyKind, &str); 9] = [
    (KeyKind::Eui64, "eui64"),
    (KeyKind::Uuid, "uuid"),
    (KeyKind::Serial, "serial"),
    (KeyKind::AeTitle, "ae_title"),
    (KeyKind::Instrument, "instrument"),
    (KeyKind::Duid, "duid"),
    (KeyKind::DhcpClientId, "dhcp_client_id"),
    (KeyKind::BacnetDevice, "bacnet_device"),
    (KeyKind::ModbusUnit, "modbus_unit"),
];

/// SHA-256 of a device as it is stored.
pub type Digest = [u8; 32];

/// A cell that is not what its column should hold.
pub(super) struct Misfit;

/// `text` as both engines keep it.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

pub(super) fn int(number: i64) -> Value {
    Value::BigInt(Some(number))
}

pub(super) fn count(number: u64) -> Value {
    int(signed(number))
}

/// `number`, or the largest that a column holds.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn text(text: &str) -> Value {
    Value::String(Some(clean(text).into_owned()))
}

pub(super) fn blob(bytes: &[u8]) -> Value {
    Value::Bytes(Some(bytes.to_vec()))
}

/// A share from 0 to 1; what is no number is 0. SQLite has neither a NaN nor a negative zero.
fn share(number: f64) -> Value {
    Value::Double(Some(if number > 0.0 { number.min(1.0) } else { 0.0 }))
}

pub(super) fn mac(mac: Option<Mac>) -> Value {
    mac.map_or_else(|| blob(&[]), |mac| blob(&mac.0))
}

pub(super) fn ip(ip: Option<IpAddr>) -> Value {
    match ip {
        None => blob(&[]),
        Some(IpAddr::V4(ip)) => blob(&ip.octets()),
        Some(IpAddr::V6(ip)) => blob(&ip.octets()),
    }
}

pub(super) fn area(area: &Area) -> Row {
    vec![
        blob(&area.id.0),
        Value::Bytes(area.parent.map(|id| id.0.to_vec())),
        text(area.level.name()),
        text(&area.name),
        Value::String(area.zone.as_deref().map(|zone| clean(zone).into_owned())),
    ]
}

pub(super) fn domain(domain: &Domain) -> Row {
    vec![int(domain.scope.0.into()), blob(&domain.site.0), text(&domain.name)]
}

pub(super) fn asset_row(row: &change::Row) -> Row {
    let origin = [count(row.origin.sequence), int(row.origin.item.into())];
    [&origin[..], &[text(&row.source), text(&row.record.key), blob(&encode(row))]].concat()
}

pub(super) fn source(source: &change::Source) -> Row {
    vec![text(&source.name), blob(&encode(source))]
}

pub(super) fn judgement(id: Id, judgement: &Judgement) -> Row {
    vec![blob(&id.0), blob(&judgement.one.0), blob(&judgement.other.0), int(judgement.is_same.into())]
}

pub(super) fn owner_rule(id: Id, rule: &OwnerRule) -> Row {
    vec![blob(&id.0), blob(&encode(rule))]
}

pub(super) fn label(id: Id, said: &Said) -> Row {
    vec![blob(&id.0), blob(&encode(said))]
}

pub(super) fn house_rule(id: Id, kept: &KeptRule) -> Row {
    vec![blob(&id.0), blob(&encode(kept))]
}

pub(super) fn fact(fact: &Fact) -> Row {
    let (end, key) = match &fact.subject {
        Subject::Host(end) => (end, None),
        Subject::Nested { via, key } => (via, Some(key)),
    };
    let mut row = begin(fact.origin, end);
    row.extend([
        Value::String(key.map(|key| kind_name(key.kind).to_owned())),
        Value::String(key.map(|key| clean(&key.text).into_owned())),
        text(fact.field.name()),
        text(&fact.value),
        text(fact.protocol),
        int(fact.first.micros()),
        int(fact.last.micros()),
        count(fact.count),
    ]);
    row.extend(place(fact.place));
    row
}

pub(super) fn presence(seen: &Presence) -> Row {
    let mut row = begin(seen.origin, &seen.endpoint);
    row.extend([
        int(seen.first.micros()),
        int(seen.last.micros()),
        count(seen.packets),
        int(seen.ttl.into()),
        int(seen.sent.into()),
    ]);
    row
}

pub(super) fn oddity(oddity: &Oddity) -> Row {
    let mut row = vec![text(oddity.name), count(oddity.count), int(oddity.first.micros())];
    row.extend(place(oddity.place));
    row
}

pub(super) fn contact(contact: &Contact) -> Row {
    let [a, b] = contact.ends;
    let end = |end: Endpoint| [int(end.scope.0.into()), ip(end.ip), mac(end.mac)];
    let mut row = vec![int(contact.hour)];
    row.extend([end(a), end(b)].concat());
    row.extend([text(contact.service), count(contact.flows)]);
    row.extend(contact.packets.map(count));
    row.extend(contact.ip_bytes.map(count));
    row.extend([int(contact.first.micros()), int(contact.last.micros())]);
    row
}

pub(super) fn device(known: &Known) -> Row {
    let device = &known.device;
    let macs: Vec<String> = device.macs.iter().map(Mac::to_string).collect();
    let addresses: Vec<String> = device.addresses.iter().map(IpAddr::to_string).collect();
    let (macs, addresses) = (macs.join(" "), addresses.join(" "));
    let mut row = vec![blob(&known.id.0), text(cut(&device.id))];
    let mut search = format!("{} {macs} {addresses}", device.id);
    for attribute in Attribute::ALL {
        let best = device.best(attribute);
        let value = best.map_or("", |claim| cut(&claim.value));
        row.extend([text(value), share(best.map_or(0.0, |claim| claim.confidence))]);
        search = format!("{search} {value}");
    }
    row.extend([int(device.first.micros()), int(device.last.micros()), text(&macs), text(&addresses)]);
    row.extend([text(&search.to_lowercase()), text(&body(device))]);
    row
}

/// SHA-256 of the whole of `device` as it is stored.
#[must_use]
pub fn digest(device: &Device) -> Digest {
    digest_of(&clean(&body(device)))
}

fn body(device: &Device) -> String {
    serde_json::to_string(device).expect("a device is texts, numbers and lists of them")
}

/// SHA-256 of a device's body.
pub(super) fn digest_of(body: &str) -> Digest {
    Sha256::digest(body.as_bytes()).into()
}

fn begin(origin: Origin, end: &Endpoint) -> Row {
    vec![count(origin.sequence), int(origin.item.into()), int(end.scope.0.into()), mac(end.mac), ip(end.ip)]
}

fn place(place: Place) -> [Value; 4] {
    [int(place.source.into()), count(place.packet), int(place.offset.into()), int(place.length.into())]
}

fn kind_name(kind: KeyKind) -> &'static str {
    KEY_KINDS.iter().find(|(known, _)| *known == kind).map_or("", |(_, name)| name)
}

fn cut(text: &str) -> &str {
    text.char_indices().nth(COLUMN).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// The cells of one row, read from the left.
pub(super) struct Cells(std::vec::IntoIter<Value>);

impl Cells {
    pub(super) fn of(row: Row) -> Self {
        Self(row.into_iter())
    }

    pub(super) fn int<T: TryFrom<i64>>(&mut self) -> Result<T, Misfit> {
        match self.0.next() {
            Some(Value::BigInt(Some(number))) => number.try_into().map_err(|_| Misfit),
            _ => Err(Misfit),
        }
    }

    pub(super) fn maybe_int(&mut self) -> Result<Option<i64>, Misfit> {
        if let Some(Value::BigInt(number)) = self.0.next() { Ok(number) } else { Err(Misfit) }
    }

    pub(super) fn time(&mut self) -> Result<Time, Misfit> {
        self.int().map(Time::from_micros)
    }

    pub(super) fn text(&mut self) -> Result<String, Misfit> {
        self.maybe_text()?.ok_or(Misfit)
    }

    pub(super) fn maybe_text(&mut self) -> Result<Option<String>, Misfit> {
        if let Some(Value::String(text)) = self.0.next() { Ok(text) } else { Err(Misfit) }
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Misfit> {
        self.blob()?.try_into().map_err(|_| Misfit)
    }

    pub(super) fn blob(&mut self) -> Result<Vec<u8>, Misfit> {
        self.maybe_blob()?.ok_or(Misfit)
    }

    pub(super) fn maybe_blob(&mut self) -> Result<Option<Vec<u8>>, Misfit> {
        if let Some(Value::Bytes(bytes)) = self.0.next() { Ok(bytes) } else { Err(Misfit) }
    }

    fn mac(&mut self) -> Result<Option<Mac>, Misfit> {
        let bytes = self.blob()?;
        if bytes.is_empty() { Ok(None) } else { bytes.try_into().map(|six| Some(Mac(six))).map_err(|_| Misfit) }
    }

    fn ip(&mut self) -> Result<Option<IpAddr>, Misfit> {
        let bytes = self.blob()?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let four = <[u8; 4]>::try_from(bytes.as_slice()).map(IpAddr::from);
        four.or_else(|_| <[u8; 16]>::try_from(bytes.as_slice()).map(IpAddr::from)).map(Some).map_err(|_| Misfit)
    }

    fn origin(&mut self) -> Result<Origin, Misfit> {
        Ok(Origin { sequence: self.int()?, item: self.int()? })
    }

    fn place(&mut self) -> Result<Place, Misfit> {
        Ok(Place { source: self.int()?, packet: self.int()?, offset: self.int()?, length: self.int()? })
    }

    /// An endpoint with its hardware address before the network address.
    fn station(&mut self) -> Result<Endpoint, Misfit> {
        Ok(Endpoint { scope: Scope(self.int()?), mac: self.mac()?, ip: self.ip()? })
    }

    /// An endpoint of a contact: network address first.
    fn end(&mut self) -> Result<Endpoint, Misfit> {
        let (scope, ip) = (Scope(self.int()?), self.ip()?);
        Ok(Endpoint { scope, mac: self.mac()?, ip })
    }

    pub(super) fn area(mut self) -> Result<Area, Misfit> {
        Ok(Area {
            id: Id(self.bytes()?),
            parent: self.maybe_blob()?.map(|id| id.try_into().map(Id)).transpose().map_err(|_| Misfit)?,
            level: Level::named(&self.text()?).ok_or(Misfit)?,
            name: self.text()?,
            zone: self.maybe_text()?,
        })
    }

    pub(super) fn domain(mut self) -> Result<Domain, Misfit> {
        Ok(Domain { scope: Scope(self.int()?), site: Id(self.bytes()?), name: self.text()? })
    }

    /// `None` when its field belongs to another version.
    pub(super) fn fact(mut self) -> Result<Option<Fact>, Misfit> {
        let (origin, via) = (self.origin()?, self.station()?);
        let subject = match (self.maybe_text()?, self.maybe_text()?) {
            (None, None) => Subject::Host(via),
            (Some(kind), Some(text)) => {
                let kind = KEY_KINDS.iter().find(|(_, name)| *name == kind).ok_or(Misfit)?.0;
                Subject::Nested { via, key: Key { kind, text } }
            }
            _ => return Err(Misfit),
        };
        let Some(field) = Field::named(&self.text()?) else { return Ok(None) };
        Ok(Some(Fact {
            subject,
            field,
            value: self.text()?,
            protocol: cbor::lasting(&self.text()?),
            first: self.time()?,
            last: self.time()?,
            count: self.int()?,
            place: self.place()?,
            origin,
        }))
    }

    pub(super) fn presence(mut self) -> Result<Presence, Misfit> {
        let (origin, endpoint) = (self.origin()?, self.station()?);
        let (first, last, packets, ttl) = (self.time()?, self.time()?, self.int()?, self.int()?);
        Ok(Presence { endpoint, first, last, packets, ttl, sent: self.int::<i64>()? != 0, origin })
    }

    pub(super) fn asset_row(mut self) -> Result<change::Row, Misfit> {
        let origin = self.origin()?;
        let (_source, _key) = (self.text()?, self.text()?);
        let row: change::Row = decode(&self.blob()?).map_err(|_| Misfit)?;
        Ok(change::Row { origin, ..row })
    }

    pub(super) fn source(mut self) -> Result<change::Source, Misfit> {
        let _name = self.text()?;
        decode(&self.blob()?).map_err(|_| Misfit)
    }

    pub(super) fn judgement(mut self) -> Result<(Id, Judgement), Misfit> {
        let id = Id(self.bytes()?);
        let (one, other) = (Id(self.bytes()?), Id(self.bytes()?));
        Ok((id, Judgement { one, other, is_same: self.int::<i64>()? != 0 }))
    }

    pub(super) fn owner_rule(mut self) -> Result<(Id, OwnerRule), Misfit> {
        Ok((Id(self.bytes()?), decode(&self.blob()?).map_err(|_| Misfit)?))
    }

    pub(super) fn label(mut self) -> Result<(Id, Said), Misfit> {
        Ok((Id(self.bytes()?), decode(&self.blob()?).map_err(|_| Misfit)?))
    }

    pub(super) fn house_rule(mut self) -> Result<(Id, KeptRule), Misfit> {
        Ok((Id(self.bytes()?), decode(&self.blob()?).map_err(|_| Misfit)?))
    }

    pub(super) fn oddity(mut self) -> Result<Oddity, Misfit> {
        let name = cbor::lasting(&self.text()?);
        Ok(Oddity { name, count: self.int()?, first: self.time()?, place: self.place()? })
    }

    pub(super) fn device(mut self) -> Result<StoredDevice, Misfit> {
        let id = Id(self.bytes()?);
        let Some(Value::String(Some(body))) = self.0.next_back() else { return Err(Misfit) };
        Ok(StoredDevice { id, body })
    }

    pub(super) fn contact(mut self) -> Result<Contact, Misfit> {
        Ok(Contact {
            hour: self.int()?,
            ends: [self.end()?, self.end()?],
            service: cbor::lasting(&self.text()?),
            flows: self.int()?,
            packets: [self.int()?, self.int()?],
            ip_bytes: [self.int()?, self.int()?],
            first: self.time()?,
            last: self.time()?,
        })
    }
}
