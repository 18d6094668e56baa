//! Where things stand: site, building, floor, care area, room; and which routing domain belongs to which site.

use crate::{Id, Scope};

/// What kind of place an area is, from the widest to the narrowest.
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
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// A hospital, clinic or data centre with one time zone.
    #[n(0)]
    Site,
    /// A building of a site.
    #[n(1)]
    Building,
    /// A floor of a building.
    #[n(2)]
    Floor,
    /// A unit that gives one kind of care, such as an intensive care unit.
    #[n(3)]
    CareArea,
    /// A room or bay.
    #[n(4)]
    Room,
}

impl Level {
    /// Every level, widest first.
    pub const ALL: [Self; 5] = [Self::Site, Self::Building, Self::Floor, Self::CareArea, Self::Room];

    /// Its name in data and pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Building => "building",
            Self::Floor => "floor",
            Self::CareArea => "care_area",
            Self::Room => "room",
        }
    }

    /// Its name as people say it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::CareArea => "care area",
            other => other.name(),
        }
    }

    /// The level called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// One place. A narrower one stands in any wider one: a small clinic has rooms and no floors.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Area {
    /// Its lasting name.
    #[n(0)]
    pub id: Id,
    /// The place it is part of; none for a site.
    #[n(1)]
    pub parent: Option<Id>,
    /// What kind of place.
    #[n(2)]
    pub level: Level,
    /// What people call it; not empty.
    #[n(3)]
    pub name: String,
    /// IANA time zone, such as `Europe/Berlin`: sites have one, others take their site's.
    #[n(4)]
    pub zone: Option<String>,
}

/// One routing domain: an address means something only together with it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Domain {
    /// The number its addresses carry.
    #[n(0)]
    pub scope: Scope,
    /// The site it belongs to.
    #[n(1)]
    pub site: Id,
    /// What people call it.
    #[n(2)]
    pub name: String,
}
