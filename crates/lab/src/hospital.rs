//! The synthetic hospital: by a seed, its devices and what becomes of them, and what a sensor, other systems' logs and
//! other systems' records say of them; and the truth, to judge by.
//!
//! In: a seed and a size. Out: frames in order of time, log lines, flows, exported tables, one row of truth a device.
//! Written from the public specifications of each protocol; nothing here knows how devices are recognised. Any moment
//! can be asked for without the moments before it, and the same seed gives the same bytes.

mod calendar;
mod census;
mod chance;
mod device;
mod frame;
mod life;
mod logs;
mod model;
mod noise;
mod people;
mod place;
mod play;
mod records;
mod say;
mod stage;
mod talk;
mod truth;

pub use logs::{Logs, rows};
pub use noise::Noise;
pub use people::Patient;
pub use place::{Area, SCOPES, Scope};
pub use play::{Frame, Leased, Playing, Spoken, pcap_header};
pub use records::{Headings, Records, Row, Table};
pub use talk::Sent;
pub use truth::{Truth, Whereabouts};

use chance::Chance;
use device::Device;
use model::{Model, Plan};
use std::collections::BTreeMap;
use wardlight_model::Time;

/// Seconds of a day.
pub(crate) const DAY: u64 = 86_400;
/// When the hospital begins to be watched: Monday, 2 March 2026, midnight UTC.
pub(crate) const START: u64 = 1_772_409_600;

/// How large a hospital is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Size {
    /// Devices on its networks, nested ones included; taken as at least 50 and at most 100,000.
    pub devices: u32,
    /// How many of them the maintenance system knows; `None` for what the medical ones make.
    pub in_cmms: Option<u32>,
    /// Days for which lives are planned; afterwards all stays as it is then.
    pub days: u32,
    /// How many of them are ventilators on loan from a maker that nobody knows: they say how they are called, and no more.
    pub on_loan: u32,
}

impl Size {
    /// A hospital of so many devices, planned for 35 days.
    #[must_use]
    pub const fn devices(devices: u32) -> Self {
        Self { devices, in_cmms: None, days: 35, on_loan: 0 }
    }

    /// The case of the requirements: 15,000 devices were thought of, 22,000 are there.
    #[must_use]
    pub const fn found_more_than_thought() -> Self {
        Self { devices: 22_000, in_cmms: Some(15_000), days: 35, on_loan: 0 }
    }
}

/// How much of images and video is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Volume {
    /// Images are small, cameras seldom send: for tests and demonstrations.
    #[default]
    Lean,
    /// Images have their size, cameras send all the time.
    Full,
}

/// A hospital.
#[derive(Debug, Clone)]
pub struct Hospital {
    chance: Chance,
    size: Size,
    noise: Noise,
    models: Vec<Model>,
    plans: Vec<Vec<Plan>>,
    areas: Vec<Area>,
    devices: Vec<Device>,
    roles: BTreeMap<(u16, String), usize>,
    /// When devices come or change their address or place: seconds and device, in order.
    arrivals: Vec<(u64, usize)>,
    patients: Vec<Patient>,
    staff: Vec<String>,
}

impl Hospital {
    /// Plans the hospital of this seed and size, as untidy as the committed rates say.
    #[must_use]
    pub fn plan(seed: u64, size: Size) -> Self {
        Self::plan_with(seed, size, Noise::committed())
    }

    /// Plans it with other rates.
    #[must_use]
    pub fn plan_with(seed: u64, size: Size, noise: Noise) -> Self {
        let size = Size { devices: size.devices.clamp(50, 100_000), ..size };
        let chance = Chance::new(seed);
        let models = Model::committed();
        let mut census = census::take(chance, &size, &models, &noise);
        life::live(chance, u64::from(size.days.max(1)), &mut census, &models, &noise);
        let mut arrivals: Vec<(u64, usize)> = Vec::new();
        for (index, device) in census.devices.iter().enumerate() {
            arrivals.extend(device.stays.iter().map(|stay| (stay.from, index)).filter(|(from, _)| *from > START));
        }
        arrivals.sort_unstable();
        let people = u64::from(size.devices / 10 + 10);
        Self {
            chance,
            plans: models.iter().map(Model::habits).collect(),
            models,
            noise,
            areas: census.areas,
            devices: census.devices,
            roles: census.roles,
            arrivals,
            patients: (0..people).map(|number| people::patient(chance.of(0xbed), number)).collect(),
            staff: (0..people / 2 + 1).map(|number| people::clinician(chance.of(0xd0c), number)).collect(),
            size,
        }
    }

    /// When its life begins.
    #[must_use]
    pub const fn begin() -> Time {
        Time::from_seconds(START.cast_signed())
    }

    /// How many devices there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.devices.len()
    }

    /// Whether there are none; never.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    /// The rates it was planned with.
    #[must_use]
    pub const fn noise(&self) -> &Noise {
        &self.noise
    }

    /// Its areas.
    #[must_use]
    pub fn areas(&self) -> &[Area] {
        &self.areas
    }

    /// Its patients, in order.
    #[must_use]
    pub fn patients(&self) -> &[Patient] {
        &self.patients
    }

    /// Everything that must never be seen outside the capture: of patients, and the names of those who care for them.
    pub fn canaries(&self) -> impl Iterator<Item = &str> {
        self.patients.iter().flat_map(Patient::canaries).chain(self.staff.iter().map(String::as_str))
    }
}

#[cfg(test)]
mod tests;
