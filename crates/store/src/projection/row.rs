//! One device as the columns show it.

use super::Column;
use super::fold::fold;
use std::collections::BTreeSet;
use std::sync::Arc;
use wardlight_model::change::Known;
use wardlight_model::{Attribute, Device, KeyKind, Peer, Time};

/// Most peers listed of one device; more are counted.
const LISTED: usize = 256;

/// What one column says of one device.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Absent,
    /// One text.
    Text(Arc<str>),
    /// One number, never NaN.
    Number(f64),
    /// One moment.
    Time(Time),
    /// Yes or no.
    Flag(bool),
    /// Several texts, none twice.
    List(Vec<Arc<str>>),
}

/// A device as the columns show it; in JSON an object with the columns' names.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// One for each of [`Column::ALL`].
    values: Vec<Value>,
}

impl Row {
    /// What is shown of `known`.
    #[must_use]
    pub fn of(known: &Known) -> Self {
        Self { values: Column::ALL.iter().map(|column| value(*column, known)).collect() }
    }

    pub(super) const fn from_values(values: Vec<Value>) -> Self {
        Self { values }
    }

    /// What `column` says.
    #[must_use]
    pub fn value(&self, column: Column) -> &Value {
        self.values.get(column as usize).unwrap_or(&Value::Absent)
    }

    /// Its lasting id, as text.
    #[must_use]
    pub fn id(&self) -> &str {
        match self.value(Column::Id) {
            Value::Text(id) => id,
            _ => "",
        }
    }
}

impl serde::Serialize for Row {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_map(Column::ALL.iter().zip(&self.values).map(|(column, value)| (column.name(), value)))
    }
}

impl std::fmt::Display for Value {
    /// As a table or CSV shows it: nothing for what is absent, `; ` between the texts of a list.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Absent => Ok(()),
            Self::Text(text) => out.write_str(text),
            Self::Number(number) => write!(out, "{number}"),
            Self::Time(time) => write!(out, "{time}"),
            Self::Flag(flag) => out.write_str(if *flag { "yes" } else { "no" }),
            Self::List(texts) => out.write_str(&texts.join("; ")),
        }
    }
}

impl serde::Serialize for Value {
    /// As null, string, number, RFC 3339 string, boolean or array.
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent => out.serialize_none(),
            Self::Text(text) => out.serialize_str(text),
            // Many readers take `5` for an integer and `5.0` not.
            Self::Number(number) => match number.to_string().parse() {
                Ok(whole) => out.serialize_i64(whole),
                Err(_) => out.serialize_f64(*number),
            },
            Self::Time(time) => out.collect_str(time),
            Self::Flag(flag) => out.serialize_bool(*flag),
            Self::List(texts) => out.collect_seq(texts.iter().map(|text| &**text)),
        }
    }
}

fn value(column: Column, known: &Known) -> Value {
    let device = &known.device;
    for attribute in Attribute::ALL {
        let shown = Column::of(attribute);
        if shown.contains(&column) {
            let claim = device.best(attribute).filter(|claim| !claim.value.is_empty());
            return claim.map_or(Value::Absent, |claim| match shown {
                [best, ..] if column == best => text(&claim.value),
                [_, sure, _] if column == sure => number(claim.confidence),
                _ => text(&claim.rule),
            });
        }
    }
    match column {
        Column::Id => text(&known.id.to_string()),
        Column::Station => text(&device.id),
        Column::Via => device.via.as_deref().map_or(Value::Absent, text),
        Column::FirstSeen => time(device.first),
        Column::LastSeen => time(device.last),
        _ if column.is_traffic() => traffic(column, &device.peers),
        _ => lists(column, device).or_else(|| counts(column, device)).unwrap_or_else(|| flag(column, device)),
    }
}

/// What `column`, one of [traffic](Column::is_traffic), says of a device that exchanged packets with `peers`.
pub(super) fn traffic(column: Column, peers: &[Peer]) -> Value {
    let sum =
        |of: fn(&Peer) -> u64| Value::Number(float(peers.iter().fold(0, |sum, peer| sum.saturating_add(of(peer)))));
    match column {
        Column::Peer => list(peers.iter().filter_map(|peer| peer.endpoint.ip).take(LISTED).map(|ip| ip.to_string())),
        Column::Service => list(peers.iter().map(|peer| peer.service.clone()).filter(|service| service != "-")),
        Column::Scope => list(peers.iter().map(|peer| peer.endpoint.scope.0.to_string())),
        Column::Peers => Value::Number(float(count(peers.len()))),
        Column::Flows => sum(|peer| peer.flows),
        Column::Bytes => sum(|peer| peer.ip_bytes),
        _ => Value::Absent,
    }
}

fn lists(column: Column, device: &Device) -> Option<Value> {
    Some(match column {
        Column::Mac => list(device.macs.iter().map(ToString::to_string)),
        Column::Address => list(device.addresses.iter().map(ToString::to_string)),
        Column::Key => list(device.keys.iter().map(|key| format!("{}:{}", kind_name(key.kind), key.text))),
        Column::Label => list(device.labels.iter().map(|label| label.text.clone())),
        _ => return None,
    })
}

fn counts(column: Column, device: &Device) -> Option<Value> {
    let number = match column {
        Column::Claims => count(device.claims.len()),
        Column::Conflicts => count(conflicts(device)),
        Column::Macs => count(device.macs.len()),
        Column::Addresses => count(device.addresses.len()),
        Column::Keys => count(device.keys.len()),
        Column::Labels => count(device.labels.len()),
        _ => return None,
    };
    Some(Value::Number(float(number)))
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, rounded beyond")]
const fn float(number: u64) -> f64 {
    number as f64
}

fn flag(column: Column, device: &Device) -> Value {
    let labelled = |is: fn(&str) -> bool| device.labels.iter().any(|label| is(&label.text));
    Value::Flag(match column {
        Column::IsRouter => labelled(|text| matches!(text, "router" | "virtual router")),
        Column::IsLegacy => labelled(|text| text.starts_with("legacy:")),
        Column::IsNested => device.via.is_some(),
        Column::IsRandomMac => device.macs.iter().any(|mac| mac.is_local()),
        Column::UnknownType => device.best(Attribute::Type).is_none_or(|claim| claim.value.is_empty()),
        Column::IsConflicting => conflicts(device) > 0,
        _ => return Value::Absent,
    })
}

/// Attributes on which claims differ, by more than case.
fn conflicts(device: &Device) -> usize {
    let differs = |attribute: &Attribute| {
        let mut values = device.claims.iter().filter(|claim| claim.attribute == *attribute).map(|claim| &*claim.value);
        let Some(first) = values.next() else { return false };
        values.any(|value| !value.eq_ignore_ascii_case(first) && fold(value) != fold(first))
    };
    Attribute::ALL.iter().filter(|attribute| differs(attribute)).count()
}

fn text(text: &str) -> Value {
    if text.is_empty() { Value::Absent } else { Value::Text(text.into()) }
}

fn number(number: f64) -> Value {
    if number.is_nan() { Value::Absent } else { Value::Number(number + 0.0) }
}

fn time(time: Time) -> Value {
    if time == Time::MIN { Value::Absent } else { Value::Time(time) }
}

fn list(texts: impl Iterator<Item = String>) -> Value {
    let mut seen = BTreeSet::new();
    let first = texts.filter(|text| !text.is_empty() && seen.insert(text.clone()));
    let texts: Vec<Arc<str>> = first.map(Into::into).collect();
    if texts.is_empty() { Value::Absent } else { Value::List(texts) }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

const fn kind_name(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Eui64 => "eui64",
        KeyKind::Uuid => "uuid",
        KeyKind::Serial => "serial",
        KeyKind::AeTitle => "ae_title",
        KeyKind::Instrument => "instrument",
        KeyKind::Duid => "duid",
        KeyKind::DhcpClientId => "dhcp_client_id",
        KeyKind::BacnetDevice => "bacnet_device",
        KeyKind::ModbusUnit => "modbus_unit",
    }
}
