//! What the journal holds: each record's body, in CBOR with integer keys. A key that an older reader does not know is
//! passed over there and stays in the record.

use crate::cbor::{Known, Name};
use crate::{Area, AssetRecord, Attribute, Deed, Domain, Fact, Flow, HouseRule, Id, Place, Presence, Scope, Time};

/// Format of the bodies below; a body of a later one is refused, not guessed at.
pub const FORMAT: u8 = 1;

/// What kind of body a record has: the number stands in the record's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BodyKind {
    /// [`Observations`].
    Observations = 1,
    /// [`Flows`].
    Flows = 2,
    /// [`Decision`].
    Decision = 3,
    /// [`Import`].
    Import = 4,
}

impl BodyKind {
    /// The kind with this number.
    #[must_use]
    pub const fn numbered(number: u16) -> Option<Self> {
        match number {
            1 => Some(Self::Observations),
            2 => Some(Self::Flows),
            3 => Some(Self::Decision),
            4 => Some(Self::Import),
            _ => None,
        }
    }

    /// Its number in a record's head.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Observations => 1,
            Self::Flows => 2,
            Self::Decision => 3,
            Self::Import => 4,
        }
    }

    /// Whether it must be kept when the disk is nearly full: what people decided, not what the wire or a
    /// document will say again.
    #[must_use]
    pub const fn is_vital(self) -> bool {
        matches!(self, Self::Decision)
    }
}

/// What a sensor learned since its last batch.
#[derive(Debug, Clone, PartialEq, Default, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Observations {
    /// The sensor.
    #[n(0)]
    pub sensor: Id,
    /// Names of the sources that places count, from `place.source` 0.
    #[n(1)]
    pub sources: Vec<String>,
    /// Facts, each with how often it was said since.
    #[n(2)]
    pub facts: Known<Fact>,
    /// Pairs of addresses, each with its packets since.
    #[n(3)]
    pub presences: Known<Presence>,
    /// Breaches of specifications since.
    #[n(4)]
    pub oddities: Known<Oddity>,
}

/// A named breach of a specification, and how often it was seen.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Oddity {
    /// Its name, such as `dicom.short`.
    #[cbor(n(0), with = "crate::cbor::name")]
    pub name: Name,
    /// How often.
    #[n(1)]
    pub count: u64,
    /// First time.
    #[n(2)]
    pub first: Time,
    /// Where it was first seen.
    #[n(3)]
    pub place: Place,
}

/// Conversations that a sensor reported.
#[derive(Debug, Clone, PartialEq, Default, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Flows {
    /// The sensor.
    #[n(0)]
    pub sensor: Id,
    /// The conversations.
    #[n(1)]
    pub flows: Known<Flow>,
}

impl Flows {
    /// How many conversations a body holds, from its first bytes; `None` when it is no such body.
    #[must_use]
    pub fn count(body: &[u8]) -> Option<u64> {
        let mut from = minicbor::Decoder::new(body);
        for _ in 0..from.map().ok()?? {
            if from.u32().ok()? == 1 {
                return from.array().ok()?;
            }
            from.skip().ok()?;
        }
        Some(0)
    }
}

/// The sensor that a body of [`Observations`] or [`Flows`] comes from, from its first bytes; `None` when it is no such body.
#[must_use]
pub fn sensor_of(body: &[u8]) -> Option<Id> {
    let mut from = minicbor::Decoder::new(body);
    from.map().ok()?.filter(|keys| *keys > 0)?;
    (from.u32().ok()? == 0).then(|| from.decode().ok()).flatten()
}

/// Rows that one run of an importer read from another system's records. A run may come in several.
#[derive(Debug, Clone, PartialEq, Default, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Import {
    /// The source, as its operator calls it, such as `cmms`.
    #[n(0)]
    pub source: String,
    /// The run: what it changed is undone as one.
    #[n(1)]
    pub run: Id,
    /// The rows.
    #[n(2)]
    pub rows: Known<AssetRecord>,
    /// When the importer read the document.
    #[n(3)]
    pub read: Time,
    /// Whether the run ends with these rows and read all of its source: rows that did not come again are missing there now.
    #[n(4)]
    pub is_whole: bool,
    /// The importer that read it, such as `netbox`: tells what kind of system the source is.
    #[cbor(n(5), default)]
    pub importer: String,
    /// Routing domain that its addresses belong to.
    #[cbor(n(6), default)]
    pub scope: Scope,
}

/// Something a person decided.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Decision {
    /// Who: the account, as the server knows it.
    #[n(0)]
    pub by: String,
    /// When, by the server's clock. The order is the journal's, not the clock's.
    #[n(1)]
    pub at: Time,
    /// What.
    #[n(2)]
    pub command: Command,
}

/// What can be decided. As JSON, which the ledger holds, it is what it is about; [`Self::name`] says what happens to it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, minicbor::Encode, minicbor::Decode)]
#[serde(untagged)]
pub enum Command {
    /// There is such a place, or it is called otherwise from now on.
    #[n(0)]
    PutArea(#[n(0)] Area),
    /// There is no such place any more. Refused while others stand in it.
    #[n(1)]
    RemoveArea(#[n(0)] Id),
    /// A routing domain belongs to a site.
    #[n(2)]
    PutDomain(#[n(0)] Domain),
    /// What this run of an importer brought is taken back, as if it had never been.
    #[n(3)]
    UndoImport(#[n(0)] Id),
    /// Two members are one device, or are not, whatever their likeness.
    #[n(4)]
    Judge(#[n(0)] Judgement),
    /// The judgement with this decision's id no longer counts.
    #[n(5)]
    Unjudge(#[n(0)] Id),
    /// Somebody answers for devices like these, as far as no source names another.
    #[n(6)]
    PutOwner(#[n(0)] OwnerRule),
    /// The rule with this decision's id no longer counts.
    #[n(7)]
    RemoveOwner(#[n(0)] Id),
    /// A device is what somebody says, whatever was concluded.
    #[n(8)]
    Label(#[n(0)] Labelled),
    /// The label with this decision's id no longer counts.
    #[n(9)]
    Unlabel(#[n(0)] Id),
    /// Something was done that changes no device, and is to be remembered.
    #[n(10)]
    Witness(#[n(0)] Deed),
    /// Devices that show this are that, from now on.
    #[n(11)]
    PutRule(#[n(0)] HouseRule),
    /// The rule of the house with this decision's id no longer counts.
    #[n(12)]
    RemoveRule(#[n(0)] Id),
}

/// In which way somebody answers for a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, minicbor::Encode, minicbor::Decode)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum OwnerRole {
    /// Uses it for care.
    #[n(0)]
    Clinical,
    /// Keeps it running.
    #[n(1)]
    Technical,
    /// Keeps it safe.
    #[n(2)]
    Security,
}

impl OwnerRole {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Clinical, Self::Technical, Self::Security];

    /// Its name in commands and lists.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clinical => "clinical",
            Self::Technical => "technical",
            Self::Security => "security",
        }
    }

    /// The role called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// Who answers for devices that no source names an owner of. Every condition that is given must hold; the rule with the
/// most conditions counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct OwnerRule {
    /// In which role.
    #[n(0)]
    pub role: OwnerRole,
    /// Who: a department or a group, or a person's function.
    #[n(1)]
    pub owner: String,
    /// For devices of this type, or a kind of it.
    #[n(2)]
    pub r#type: Option<String>,
    /// For devices of this department.
    #[n(3)]
    pub department: Option<String>,
    /// For devices met in this routing domain.
    #[n(4)]
    pub scope: Option<Scope>,
    /// For devices that this source lists: whoever keeps the list often answers for what is on it.
    #[n(5)]
    pub source: Option<String>,
}

/// Whether two members of assets, network devices or records, are one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Judgement {
    /// One of them.
    #[n(0)]
    pub one: Id,
    /// The other.
    #[n(1)]
    pub other: Id,
    /// Whether they are the same device.
    #[n(2)]
    pub is_same: bool,
}

/// What somebody says of a device.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Labelled {
    /// The device.
    #[n(0)]
    pub device: Id,
    /// What is said of it.
    #[n(1)]
    pub attribute: Attribute,
    /// The answer.
    #[n(2)]
    pub value: String,
}

impl Command {
    /// Its name in ledger and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PutArea(_) => "area.put",
            Self::RemoveArea(_) => "area.remove",
            Self::PutDomain(_) => "domain.put",
            Self::UndoImport(_) => "import.undo",
            Self::Judge(_) => "asset.judge",
            Self::Unjudge(_) => "asset.unjudge",
            Self::PutOwner(_) => "owner.put",
            Self::RemoveOwner(_) => "owner.remove",
            Self::Label(_) => "device.label",
            Self::Unlabel(_) => "device.unlabel",
            Self::Witness(deed) => deed.kind.name(),
            Self::PutRule(_) => "rule.put",
            Self::RemoveRule(_) => "rule.remove",
        }
    }
}

/// The CBOR of a body.
#[must_use]
pub fn encode<T: minicbor::Encode<()>>(body: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    match minicbor::encode(body, &mut bytes) {
        Ok(()) => bytes,
        Err(error) => match error.as_write() {
            Some(never) => match *never {},
            // The encodings of this crate refuse nothing.
            None => Vec::new(),
        },
    }
}

/// Why a body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable(String);

impl std::fmt::Display for Unreadable {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "the body is not the CBOR it should be: {}", self.0)
    }
}

impl std::error::Error for Unreadable {}

/// The body that `bytes` hold. Errors: they are not such a body, or end early.
pub fn decode<'b, T: minicbor::Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, Unreadable> {
    minicbor::decode(bytes).map_err(|error| Unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConnState, Direction, Endpoint, Field, FlowId, FlowKey, Key, KeyKind, Level, Mac, Origin};
    use crate::{Known as How, Service, Subject, Transport};
    use std::net::IpAddr;

    fn fact(field: Field, value: &str) -> Fact {
        let via =
            Endpoint { scope: Scope(3), mac: Some(Mac([0, 9, 0xfb, 1, 2, 3])), ip: Some(IpAddr::from([10, 0, 0, 7])) };
        Fact {
            subject: Subject::Nested { via, key: Key { kind: KeyKind::Eui64, text: "0009fbfffe010203".into() } },
            field,
            value: value.to_owned(),
            protocol: "hl7",
            first: Time::from_seconds(5),
            last: Time::from_seconds(9),
            count: 3,
            place: Place { source: 1, packet: 77, offset: 54, length: 12 },
            origin: Origin::default(),
        }
    }

    #[test]
    fn bodies_come_back_as_they_were() {
        let seen = Observations {
            sensor: Id([7; 16]),
            sources: vec!["eth1".into()],
            facts: vec![fact(Field::Serial, "S-1"), fact(Field::Firmware, "2.1")].into(),
            presences: Known::default(),
            oddities: vec![Oddity { name: "hl7.short", count: 2, first: Time::default(), place: Place::default() }]
                .into(),
        };
        assert_eq!(decode(&encode(&seen)), Ok(seen));
        let area = Area {
            id: Id([1; 16]),
            parent: None,
            level: Level::Site,
            name: "Ost".into(),
            zone: Some("Europe/Berlin".into()),
        };
        let decision = Decision { by: "mayer".into(), at: Time::from_seconds(1), command: Command::PutArea(area) };
        assert_eq!(decode(&encode(&decision)), Ok(decision));
    }

    #[test]
    fn a_flow_comes_back_as_it_was() {
        let end = |last, port| (IpAddr::from([10, 0, 0, last]), port);
        let flow = Flow {
            id: FlowId(9),
            key: FlowKey {
                scope: Scope(1),
                transport: Transport::TCP,
                initiator: end(1, 4000),
                responder: end(2, 104),
            },
            macs: [Some(Mac([0, 1, 2, 3, 4, 5])), None],
            hop_limits: [Some(64), None],
            vlan: Some(12),
            first: Time::from_seconds(1),
            last: Time::from_seconds(2),
            state: ConnState::RstRH,
            history: "ShADad".into(),
            sent: [Direction { packets: 1, ip_bytes: 2, bytes: 3, missed: 4 }, Direction::default()],
            service: Some(Service { name: "dicom", known: How::PortAndContent }),
        };
        let flows = Flows { sensor: Id::default(), flows: vec![flow; 3].into() };
        assert_eq!((sensor_of(&encode(&flows)), sensor_of(&[0x18, 99])), (Some(Id::default()), None));
        assert_eq!(Flows::count(&encode(&flows)), Some(3));
        assert_eq!(Flows::count(&encode(&flows)[..10]), None);
        assert_eq!(decode(&encode(&flows)), Ok(flows));
    }

    /// The same body with a key more in the map, and with a fact whose field no version knows.
    #[test]
    fn what_a_newer_version_adds_is_passed_over() {
        let seen = Observations { facts: vec![fact(Field::Serial, "S-1")].into(), ..Observations::default() };
        let mut bytes = encode(&seen);
        assert_eq!(bytes[0], 0xa5, "a map of five");
        bytes[0] = 0xa6;
        bytes.extend([0x18, 99, 0x63, b'n', b'e', b'w']);
        assert_eq!(decode(&bytes), Ok(seen.clone()));
        let name = bytes.windows(11).position(|window| window == b"self.serial").expect("the field's name");
        bytes[name..name + 11].copy_from_slice(b"self.cereal");
        let read: Observations = decode(&bytes).expect("read without the fact");
        assert_eq!((read.facts.items.len(), read.facts.unknown), (0, 1));
    }

    #[test]
    fn bytes_cut_short_are_no_body() {
        let bytes = encode(&Observations { facts: vec![fact(Field::Serial, "S-1")].into(), ..Observations::default() });
        for end in 0..bytes.len() {
            assert!(decode::<Observations>(&bytes[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn names_are_kept_once_and_not_without_bound() {
        assert!(std::ptr::eq(crate::cbor::lasting("dicom"), crate::cbor::lasting("dicom")));
        assert_eq!(crate::cbor::lasting(&"x".repeat(65)), "other");
    }
}
