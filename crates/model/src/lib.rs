//! The vocabulary of Wardlight: what every other crate says to the next.
//!
//! Types only, no I/O, no clock, no decisions. A type lives here when at least two crates use it.

mod address;
mod area;
mod asset;
pub mod cbor;
pub mod change;
mod deed;
mod device;
mod fact;
mod flow;
mod id;
pub mod journal;
mod name;
mod record;
mod rule;
mod time;

pub use address::{Endpoint, Mac, ParseMacError, Port, Scope};
pub use area::{Area, Domain, Level};
pub use asset::{AssetField, AssetRecord, Form, bare};
pub use deed::{Deed, DeedKind};
pub use device::{Attribute, Claim, Device, Evidence, Label, Peer};
pub use fact::{Fact, Field, Key, KeyKind, Place, Subject};
pub use flow::{ConnState, Direction, Flow, FlowId, FlowKey, Known, Presence, Service, Side, Transport};
pub use id::{Id, Origin, ParseIdError};
pub use name::folded;
pub use record::{FieldInfo, Keyed, Kind, Privacy, Record, Value, Weird};
pub use rule::{Feature, HouseRule, KeptRule};
pub use time::Time;
