//! What people say of devices, whatever was concluded.

use super::Refusal;
use std::collections::BTreeMap;
use wardlight_model::change::{Change, Said};
use wardlight_model::journal::{Command, Decision};
use wardlight_model::{Claim, Device, Id};

/// Most bytes of a label.
const LONGEST: usize = 200;

/// What people say, by the decision's id.
#[derive(Debug, Default, Clone)]
pub(super) struct Labels(BTreeMap<Id, Said>);

impl Labels {
    pub(super) fn held(labels: BTreeMap<Id, Said>) -> Self {
        Self(labels)
    }

    /// Carries `decision` out, whose id is `id`; nothing when it is not about labels. Of one attribute of a device the last
    /// word counts. Errors: it makes no sense.
    pub(super) fn apply(&mut self, id: Id, decision: &Decision) -> Result<Vec<Change>, Refusal> {
        match &decision.command {
            Command::Label(label) => {
                let value = label.value.trim();
                if value.is_empty() || value.len() > LONGEST || value.chars().any(char::is_control) {
                    return Err(Refusal::Senseless("a label is one line of at most 200 bytes"));
                }
                let is_earlier =
                    |said: &Said| (said.label.device, said.label.attribute) == (label.device, label.attribute);
                let earlier: Vec<Id> = self.0.iter().filter(|(_, said)| is_earlier(said)).map(|(id, _)| *id).collect();
                earlier.iter().for_each(|id| drop(self.0.remove(id)));
                let said = Said { label: label.clone(), by: decision.by.clone(), at: decision.at };
                self.0.insert(id, said.clone());
                Ok(earlier.into_iter().map(Change::LabelledGone).chain([Change::Labelled(id, said)]).collect())
            }
            Command::Unlabel(earlier) => {
                self.0.remove(earlier).ok_or(Refusal::Senseless("there is no such label"))?;
                Ok(vec![Change::LabelledGone(*earlier)])
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The devices that are spoken of, each with what is said, oldest word first.
    pub(super) fn by_device(&self) -> BTreeMap<Id, Vec<&Said>> {
        let mut all: BTreeMap<Id, Vec<&Said>> = BTreeMap::new();
        self.0.values().for_each(|said| all.entry(said.label.device).or_default().push(said));
        all.values_mut().for_each(|said| said.sort_by_key(|said| (said.at, said.label.attribute)));
        all
    }
}

/// Adds to `device` what people say of it; of two that were labelled before they were found to be one, the later word is
/// first.
pub(super) fn put(device: &mut Device, said: &[&Said]) {
    for one in said {
        let claim = Claim::of_person(one.label.attribute, one.label.value.trim(), &one.by);
        let at = device.claims.iter().position(|other| other.attribute >= claim.attribute);
        device.claims.insert(at.unwrap_or(device.claims.len()), claim);
    }
}
