//! One device of the inventory, and why we believe what we say of it.

use crate::cbor::Name;
use crate::{Endpoint, Field, Key, Mac, Origin, Place, Time};
use serde::Deserialize as _;
use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

/// What is said of a device.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    minicbor::Encode,
    minicbor::Decode,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Attribute {
    /// What it is, such as `infusion pump` or `ip camera`.
    #[n(0)]
    Type,
    /// Who makes the product (not the network chip in it).
    #[n(1)]
    Maker,
    /// Product model.
    #[n(2)]
    Model,
    /// Operating system with version.
    #[n(3)]
    OperatingSystem,
    /// Firmware or software version.
    #[n(4)]
    Firmware,
    /// Serial number.
    #[n(5)]
    Serial,
    /// Name it is known by.
    #[n(6)]
    Name,
}

impl Attribute {
    /// Every attribute, in the order shown.
    pub const ALL: [Self; 7] =
        [Self::Type, Self::Maker, Self::Model, Self::OperatingSystem, Self::Firmware, Self::Serial, Self::Name];

    /// The attribute called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|attribute| attribute.name() == name)
    }

    /// Its name in data and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Maker => "maker",
            Self::Model => "model",
            Self::OperatingSystem => "operating_system",
            Self::Firmware => "firmware",
            Self::Serial => "serial",
            Self::Name => "name",
        }
    }
}

/// The fact that a claim rests on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Evidence {
    /// The fact's field name, such as `dhcp.vendor_class`.
    #[serde(serialize_with = "name_of", deserialize_with = "named")]
    pub field: Field,
    /// The fact's value.
    pub value: String,
    /// The dissector that read it.
    #[serde(deserialize_with = "lasting")]
    pub protocol: Name,
    /// Where it was first said; packet 0 when that is known by time alone.
    pub place: Place,
    /// When it was first said.
    pub time: Time,
}

fn name_of<S: serde::Serializer>(field: &Field, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(field.name())
}

fn named<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Field, D::Error> {
    let name = Cow::<'de, str>::deserialize(from)?;
    Field::named(&name).ok_or_else(|| serde::de::Error::custom(format_args!("there is no field {name}")))
}

fn lasting<'de, D: serde::Deserializer<'de>>(from: D) -> Result<&'static str, D::Error> {
    Cow::<'de, str>::deserialize(from).map(|name| crate::cbor::lasting(&name))
}

/// One answer to "what is this device's …", with its weight and its reason.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Claim {
    /// What is claimed.
    pub attribute: Attribute,
    /// The answer.
    pub value: String,
    /// How sure, 0 (a guess) to 1 (the device says so itself and nothing contradicts).
    pub confidence: f64,
    /// The rule that drew it: a fingerprint's id, `oui`, `self`, or who says so.
    pub rule: String,
    /// The facts it rests on.
    pub evidence: Vec<Evidence>,
}

/// With what the rule of a claim begins that a person made.
const PERSON: &str = "said by ";

impl Claim {
    /// What the account `by` says, which counts for more than whatever was concluded.
    #[must_use]
    pub fn of_person(attribute: Attribute, value: &str, by: &str) -> Self {
        let rule = format!("{PERSON}{by}");
        Self { attribute, value: value.to_owned(), confidence: 1.0, rule, evidence: Vec::new() }
    }

    /// The person who says so; `None` for what was concluded.
    #[must_use]
    pub fn person(&self) -> Option<&str> {
        self.rule.strip_prefix(PERSON)
    }
}

impl Hash for Claim {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.attribute, &self.value, self.confidence.to_bits(), &self.rule, &self.evidence).hash(state);
    }
}

/// A short remark on a device, such as `router` or `shares segment with medical`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Label {
    /// What is remarked.
    pub text: String,
    /// Why, in one sentence.
    pub reason: String,
}

/// Another station that a device exchanged packets with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Peer {
    /// The other end.
    pub endpoint: Endpoint,
    /// The service spoken, `-` when unknown.
    pub service: String,
    /// Bytes of IP packets both ways.
    pub ip_bytes: u64,
    /// Number of conversations.
    pub flows: u64,
}

/// One device.
#[derive(Debug, Clone, PartialEq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Device {
    /// Its lasting name in the run: `mac:…`, `ip:…`, `eui64:…`, and so on; the strongest key known.
    pub id: String,
    /// Its hardware addresses, lowest first.
    pub macs: Vec<Mac>,
    /// Its network addresses, lowest first.
    pub addresses: Vec<IpAddr>,
    /// Keys that stay with it wherever it is plugged in.
    pub keys: Vec<Key>,
    /// The device that speaks for it, when it is nested.
    pub via: Option<String>,
    /// Every claim, best first within an attribute.
    pub claims: Vec<Claim>,
    /// Remarks.
    pub labels: Vec<Label>,
    /// Who it talks to, most bytes first.
    pub peers: Vec<Peer>,
    /// First packet or mention.
    pub first: Time,
    /// Last packet or mention.
    pub last: Time,
    /// Where the journal first speaks of each thing that was found to be this device; from these follows its lasting id.
    #[serde(skip)]
    pub origins: Vec<Origin>,
}

impl Device {
    /// The best claim on `attribute`, when there is one: the last word of a person, else the surest.
    #[must_use]
    pub fn best(&self, attribute: Attribute) -> Option<&Claim> {
        let own = || self.claims.iter().filter(|claim| claim.attribute == attribute);
        let said = own().find(|claim| claim.person().is_some());
        said.or_else(|| own().max_by(|a, b| a.confidence.total_cmp(&b.confidence)))
    }
}
