//! What a step of the engine changes in the stored state: whole rows, so that doing it twice is doing it once; only
//! [`Contact`] adds up, and is therefore committed together with the journal's offset.

use crate::cbor::Name;
use crate::journal::{Judgement, Labelled, Oddity, OwnerRule};
use crate::{Area, AssetRecord, Device, Domain, Endpoint, Fact, Feature, Id, KeptRule, Origin, Presence, Scope, Time};

/// One row that is new, different or gone.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A fact as it stands now; told apart by its origin.
    Fact(Fact),
    /// A presence as it stands now; told apart by its origin.
    Presence(Presence),
    /// A breach of a specification as it stands now; told apart by its name.
    Oddity(Oddity),
    /// What two ends exchanged, to be added to what they had exchanged in that hour.
    Contact(Contact),
    /// A device as it stands now.
    Device(Box<Known>),
    /// A device that is no more: it was found to be part of another.
    DeviceGone(Id),
    /// A place as it stands now.
    Area(Area),
    /// A place that is no more.
    AreaGone(Id),
    /// A routing domain as it stands now.
    Domain(Domain),
    /// What a row of another system's records says, as it stands now; told apart by its origin.
    Row(Row),
    /// A row that was taken back.
    RowGone(Origin),
    /// A source of records as it stands now; told apart by its name.
    Source(Source),
    /// What a person judged; told apart by the decision's id.
    Judged(Id, Judgement),
    /// A judgement that was taken back.
    JudgedGone(Id),
    /// Who answers for devices like these; told apart by the decision's id.
    Owner(Id, OwnerRule),
    /// A rule about owners that was taken back.
    OwnerGone(Id),
    /// What a person says of a device; told apart by the decision's id.
    Labelled(Id, Said),
    /// A label that was taken back, or that a later one took the place of.
    LabelledGone(Id),
    /// A rule of the house; told apart by the decision's id.
    Ruled(Id, KeptRule),
    /// A rule of the house that was taken back.
    RuledGone(Id),
}

/// What a person says of a device, and who.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Said {
    /// What.
    #[n(0)]
    pub label: Labelled,
    /// The account.
    #[n(1)]
    pub by: String,
    /// When.
    #[n(2)]
    pub at: Time,
}

/// What a row of another system's records said from one run of its importer until another.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Row {
    /// Where the journal first has it so.
    #[cbor(skip)]
    pub origin: Origin,
    /// The source, as its operator calls it.
    #[n(0)]
    pub source: String,
    /// The runs that had it so, earliest first.
    #[n(1)]
    pub runs: Vec<Id>,
    /// What it says.
    #[n(2)]
    pub record: AssetRecord,
}

/// A source of records.
#[derive(Debug, Clone, PartialEq, Eq, Default, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Source {
    /// What its operator calls it.
    #[n(0)]
    pub name: String,
    /// Its last runs, earliest first.
    #[n(1)]
    pub runs: Vec<Run>,
    /// The importer that reads it; empty when an earlier version did not note it.
    #[cbor(n(2), default)]
    pub importer: String,
    /// Routing domain that its addresses belong to.
    #[cbor(n(3), default)]
    pub scope: Scope,
}

/// One run of an importer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Run {
    /// Its id.
    #[n(0)]
    pub id: Id,
    /// When it read the document.
    #[n(1)]
    pub read: Time,
    /// Rows that it had.
    #[n(2)]
    pub rows: u64,
    /// Whether it read all of its source.
    #[n(3)]
    pub is_whole: bool,
}

/// A device with its lasting name.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// The same through restarts, merges and changed rules.
    pub id: Id,
    /// What is known of it.
    pub device: Device,
    /// What it has in common with others like it, lowest first. Follows from facts; not stored.
    pub features: Vec<Feature>,
}

/// What two ends exchanged by one service in one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contact {
    /// Who began the conversations, and who answered.
    pub ends: [Endpoint; 2],
    /// The service spoken, `-` when unknown.
    pub service: Name,
    /// Hours since 1970-01-01 00:00 UTC, in which the conversations ended.
    pub hour: i64,
    /// Conversations.
    pub flows: u64,
    /// IP packets from the initiator and from the responder.
    pub packets: [u64; 2],
    /// Bytes of IP packets from the initiator and from the responder.
    pub ip_bytes: [u64; 2],
    /// First packet.
    pub first: Time,
    /// Last packet.
    pub last: Time,
}
