//! Facts to devices.
//!
//! In: what the wire said (facts), which stations sent packets (presence), who talked to whom (contacts), and the
//! knowledge that ships as data: the OUI table, fingerprints, makers, device types, ends of support. Out: one
//! [`Device`](wardlight_model::Device) a device, with claims that name their evidence.
//!
//! Pure: no I/O, no clock, no randomness; the order of the input changes nothing. It never guesses: what no fact says
//! is not claimed.

mod alike;
mod contacts;
mod feature;
mod fingerprint;
pub mod identify;
mod knowledge;
mod lifecycle;
mod maker;
pub mod oui;
mod panel;
pub mod resolve;
mod vocabulary;

pub use alike::{Alike, Cluster, Outcome};
pub use contacts::Contacts;
pub use feature::features;
pub use fingerprint::{Fingerprint, Fingerprints, Found};
pub use identify::{Identified, MOST_PEERS, Seen, identify, identify_with_facts};
pub use knowledge::{Knowledge, LoadError};
pub use lifecycle::Lifecycle;
pub use maker::{Kind, Makers};
pub use oui::Oui;
pub use panel::Panels;
pub use resolve::Phrases;
pub use vocabulary::Types;
