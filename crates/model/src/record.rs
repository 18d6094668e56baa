//! One transaction of one protocol, as named typed values; and breaches of a protocol's specification.

use crate::flow::FlowId;
use crate::{Flow, FlowKey, Place, Side, Time};

/// How much a value tells about a person; decides what may leave the sensor.
///
/// Patient data and secrets have no class: there is no way to put them into a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Privacy {
    /// Says what a device is or does: model, version, status, AE title.
    Device,
    /// Says where something is on a network: names and addresses of hosts.
    Network,
    /// May name a member of staff: user names, personal host names. Only its keyed hash is handed on.
    Person,
}

/// The type of a record's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number from 0 up.
    Number,
    /// Yes or no.
    Flag,
    /// A list of texts.
    List,
    /// The keyed hash of a text that may name a person.
    Keyed,
}

/// One field of a protocol's record: its name, type and privacy class. Part of the entry's `Info`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldInfo {
    /// Name in records, logs and reference, `snake_case`.
    pub name: &'static str,
    /// Type of the value.
    pub kind: Kind,
    /// Privacy class of the value.
    pub privacy: Privacy,
    /// What it means, with unit and source where they apply.
    pub meaning: &'static str,
}

/// A keyed hash (HMAC-SHA-256, first 128 bits) in place of a value that may name a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Keyed(pub [u8; 16]);

impl std::fmt::Display for Keyed {
    /// `#` and 32 hexadecimal digits.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "#{:032x}", u128::from_be_bytes(self.0))
    }
}

/// One value of a record.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Text, at most 256 bytes, no control characters.
    Text(String),
    /// A whole number from 0 up.
    Number(u64),
    /// Yes or no.
    Flag(bool),
    /// Texts, at most 64.
    List(Vec<String>),
    /// In place of a text that may name a person.
    Keyed(Keyed),
}

/// One transaction of one protocol: a query with its answer, an association, a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The dissector's name, such as `dicom`.
    pub protocol: &'static str,
    /// When the message that completed it was seen.
    pub time: Time,
    /// The conversation that carried it; `None` for protocols below IP.
    pub flow: Option<(FlowId, FlowKey)>,
    /// Which end of the conversation sent it.
    pub side: Side,
    /// The values, in the order the dissector gave them; names stand in the entry's `Info`.
    pub values: Vec<(&'static str, Value)>,
}

/// A named breach of a specification: seen, counted, not an error of ours.
#[derive(Debug, Clone, PartialEq)]
pub struct Weird {
    /// `<protocol>.<what>`, listed in the entry's `Info`.
    pub name: &'static str,
    /// When it was seen.
    pub time: Time,
    /// Where it was seen.
    pub place: Place,
    /// The conversation it was seen in; `None` below IP.
    pub flow: Option<FlowKey>,
}

impl Record {
    /// The value of the field called `name`, when the record has it.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|(held, _)| *held == name).map(|(_, value)| value)
    }
}

impl From<&Flow> for (FlowId, FlowKey) {
    fn from(flow: &Flow) -> Self {
        (flow.id, flow.key)
    }
}
