//! Where things stand: scopes, sites, care areas with their network, rooms and beds.

use super::chance::{Chance, narrow, wide};
use std::net::Ipv4Addr;

/// One routing domain, watched by a sensor of its own. Both use 10.0.0.0/24 and what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Its name.
    pub name: &'static str,
    /// The site that it is the network of.
    pub site: &'static str,
    /// Whether its mirror port shows VLAN tags.
    pub is_tagged: bool,
}

/// The hospital's routing domains: the main one, and that of a clinic which was bought.
pub const SCOPES: [Scope; 2] = [
    Scope { name: "main", site: "Main Campus", is_tagged: true },
    Scope { name: "riverside", site: "Riverside Clinic", is_tagged: false },
];

/// One ward, department or other part, with a network of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    /// Which scope's, as its place in [`SCOPES`].
    pub scope: u16,
    /// What kind of area, such as `icu`.
    pub kind: String,
    /// What people call it, such as `ICU 2`.
    pub name: String,
    /// The building's name.
    pub building: String,
    /// Floor, 0 for the ground.
    pub floor: u8,
    /// First three numbers of its addresses; the network has 24 bits.
    pub network: [u8; 3],
    /// Its VLAN.
    pub vlan: u16,
    /// Rooms, numbered from 1.
    pub rooms: u16,
}

/// Most devices that are planned into one area: the rest of its network is for those that come and go.
pub(crate) const CAPACITY: usize = 110;

/// A place within an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// Which area.
    pub area: u32,
    /// Room, from 1.
    pub room: u16,
    /// Bed, from 1; 0 where there are none.
    pub bed: u8,
}

impl Area {
    /// The `number`-th area of `kind` in `scope`; `index` counts the scope's areas.
    pub(crate) fn new(chance: Chance, scope: u16, kind: &str, (number, index): (usize, usize)) -> Self {
        const BUILDINGS: [&str; 5] = ["A", "B", "C", "North", "Tower"];
        let own = chance.of(wide(index)).of(u64::from(scope));
        let [.., third, fourth] = wide(index).to_be_bytes();
        let building = if scope == 0 { own.of(1).pick(&BUILDINGS).copied().unwrap_or("A") } else { "R" };
        let rooms = if matches!(kind, "data centre" | "telemetry") { 2 } else { 24 };
        Self {
            scope,
            kind: kind.to_owned(),
            name: format!("{} {number}", title(kind)),
            building: building.to_owned(),
            floor: narrow(own.of(2).below(6)),
            network: [10, third, fourth],
            vlan: narrow::<u16>(10 + wide(index) % 4_000),
            rooms,
        }
    }

    /// Whether patients lie here.
    pub(crate) fn has_beds(&self) -> bool {
        matches!(self.kind.as_str(), "icu" | "nicu" | "ed" | "ward" | "dialysis")
    }

    /// The address of host `number` in its network.
    pub(crate) const fn host(&self, number: u8) -> Ipv4Addr {
        let [a, b, c] = self.network;
        Ipv4Addr::new(a, b, c, number)
    }

    /// A room of this area, and a bed when it has some.
    pub(crate) fn spot(&self, chance: Chance, area: u32) -> Spot {
        let room = narrow::<u16>(1 + chance.of(1).below(u64::from(self.rooms)));
        let bed = if self.has_beds() { narrow::<u8>(1 + chance.of(2).below(2)) } else { 0 };
        Spot { area, room, bed }
    }
}

/// A kind of area as people write it: `ICU`, `Data centre`.
fn title(kind: &str) -> String {
    match kind {
        "icu" | "nicu" | "ed" | "or" => kind.to_uppercase(),
        _ => {
            let mut letters = kind.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
        }
    }
}
