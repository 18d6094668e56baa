//! What devices alike show, and what a hospital's own people conclude from it.

use crate::{Attribute, Field, Id, Time};

/// One thing that devices of one product have in common, never what tells one from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Feature {
    /// The field that says it; for [`Field::HardwareAddress`] the value is the registry's part of the address.
    #[cbor(n(0), with = "crate::cbor::field")]
    #[serde(serialize_with = "name_of")]
    pub field: Field,
    /// What it says.
    #[n(1)]
    pub value: String,
}

fn name_of<S: serde::Serializer>(field: &Field, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(field.name())
}

/// Devices that show all of `shows` are `value`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct HouseRule {
    /// What a device must show, all of it.
    #[n(0)]
    pub shows: Vec<Feature>,
    /// What is concluded.
    #[n(1)]
    pub attribute: Attribute,
    /// The answer.
    #[n(2)]
    pub value: String,
    /// The device from which it was learned.
    #[n(3)]
    pub learned_from: Id,
}

/// A rule that was kept, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct KeptRule {
    /// It.
    #[n(0)]
    pub rule: HouseRule,
    /// The account.
    #[n(1)]
    pub by: String,
    /// When.
    #[n(2)]
    pub at: Time,
}
