//! What other systems' records say of the hospital: the exports of maintenance, purchasing and directory, with the
//! faults that people make, at the committed rates.
//!
//! Everything is as of the moment the hospital begins to be watched.

mod cmms;
mod directory;
mod faults;
mod procurement;

pub use cmms::Headings;

use super::Hospital;
use super::chance::{Chance, wide};
use super::device::Device;
use super::model::Model;
use super::place::Spot;
use std::collections::BTreeSet;

/// One export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// The document.
    pub text: String,
    /// What its rows are about, in order.
    pub rows: Vec<Row>,
}

/// What one row of an export is really about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Line of the document that it begins in, from 1.
    pub line: u64,
    /// Its own key in its source.
    pub key: String,
    /// Which device, by its number in the truth; `None` when that is gone.
    pub about: Option<usize>,
    /// What is wrong or missing in it, by the names of the rates.
    pub faults: Vec<&'static str>,
}

/// The exports of one hospital.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// The maintenance system's.
    pub cmms: Table,
    /// The purchasing system's.
    pub procurement: Table,
    /// The directory's.
    pub directory: Table,
}

impl Hospital {
    /// Its exports; the maintenance system's with these headings.
    #[must_use]
    pub fn records(&self, headings: Headings) -> Records {
        Records { cmms: self.cmms(headings), procurement: self.procurement(), directory: self.directory() }
    }

    /// Which devices the maintenance system knows.
    pub(crate) fn maintained(&self) -> BTreeSet<usize> {
        let own = |index: usize| self.chance.of(0xc335).of(wide(index));
        let rate = self.noise.cmms.medical_unknown;
        let model = |index: usize| self.model_of(index);
        let is_here =
            |index: &usize| self.devices.get(*index).is_some_and(|device| device.stay(super::START).is_some());
        let medical = |index: &usize| model(*index).is_some_and(Model::is_medical) && !own(*index).happens(rate);
        let known: Vec<usize> = (0..self.len()).filter(is_here).filter(medical).collect();
        let Some(wanted) = self.size.in_cmms.and_then(|wanted| usize::try_from(wanted).ok()) else {
            return known.into_iter().collect();
        };
        let is_other = |index: &usize| model(*index).is_some_and(|model| !model.is_medical() && !model.personal);
        let mut others: Vec<usize> = (0..self.len()).filter(is_here).filter(is_other).collect();
        others.sort_by_key(|index| own(*index).of(1).bits());
        let mut late: Vec<usize> = (0..self.len()).filter(|index| !is_here(index)).collect();
        late.sort_by_key(|index| own(*index).of(1).bits());
        known.into_iter().chain(others).chain(late).take(wanted).collect()
    }

    pub(crate) fn model_of(&self, index: usize) -> Option<&Model> {
        self.models.get(self.devices.get(index)?.model)
    }

    /// A device as its first papers have it, and where it stood at the beginning.
    fn paper(&self, index: usize) -> Option<(&Device, &Model, Spot)> {
        let device = self.devices.get(index)?;
        let spot = device.stays.first().map(|stay| stay.spot).unwrap_or_default();
        Some((device, self.models.get(device.model)?, spot))
    }

    /// A model that gone devices were of.
    fn gone_model(&self, chance: Chance, is_fit: impl Fn(&Model) -> bool) -> Option<&Model> {
        let fit: Vec<&Model> = self.models.iter().filter(|model| is_fit(model)).collect();
        chance.pick(&fit).copied()
    }
}

/// A field of a CSV document (RFC 4180 §2), quoted when it must be.
fn field(text: &str, separator: char) -> String {
    if text.contains([separator, '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// One line of fields.
fn line<'a>(fields: impl IntoIterator<Item = &'a str>, separator: char) -> String {
    let fields: Vec<String> = fields.into_iter().map(|text| field(text, separator)).collect();
    fields.join(&separator.to_string()) + "\r\n"
}
