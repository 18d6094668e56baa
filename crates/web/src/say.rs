//! What people say of a device, on pages and through the API: who may, and what makes sense.

use crate::answer::Wrong;
use crate::guard::Visitor;
use crate::site::Site;
use crate::stand;
use wardlight_access::Action;
use wardlight_model::journal::Labelled;
use wardlight_model::{Attribute, Id};

/// What a person can say of a device.
pub const SAYABLE: [Attribute; 4] = [Attribute::Type, Attribute::Maker, Attribute::Model, Attribute::Name];

/// The device called `id`, of which the visitor may say something. Errors: there is none such.
pub async fn may_label(site: &Site, visitor: &Visitor, id: &str) -> Result<Id, Wrong> {
    let device: Id = id.parse().map_err(|_| Wrong::Nothing)?;
    stand::check(site, visitor, Action::LabelDevices, device).await?;
    Ok(device)
}

/// What is said of `device`, as decisions take it. Errors: there is no such device, nothing is said, or a type that nobody
/// knows.
pub async fn labels(site: &Site, device: Id, said: Vec<(Attribute, String)>) -> Result<Vec<Labelled>, Wrong> {
    site.parts().database.device(device).await?.ok_or(Wrong::Nothing)?;
    sensible(site, &said)?;
    Ok(said.into_iter().map(|(attribute, value)| Labelled { device, attribute, value }).collect())
}

/// Errors: nothing is said, or a type that nobody knows.
pub fn sensible(site: &Site, said: &[(Attribute, String)]) -> Result<(), Wrong> {
    if said.is_empty() {
        return Err(Wrong::Senseless("Nothing was said of the device: fill in at least one field.".to_owned()));
    }
    let unknown = said.iter().find(|(attribute, value)| *attribute == Attribute::Type && !site.types().knows(value));
    if let Some((_, value)) = unknown {
        return Err(Wrong::Senseless(format!(
            "No kind of device is called \u{201c}{value}\u{201d} here: choose one of the list that the field offers."
        )));
    }
    Ok(())
}

/// The label called `id` of `device`. Errors: there is none such.
pub async fn own(site: &Site, device: Id, id: &str) -> Result<Id, Wrong> {
    let label: Id = id.parse().map_err(|_| Wrong::Nothing)?;
    let all = site.parts().database.labels().await?;
    all.iter().find(|(id, said)| *id == label && said.label.device == device).map(|(id, _)| *id).ok_or(Wrong::Nothing)
}
