//! What people say of a device: taken in as decisions, shown with who said it, taken back.

use crate::answer::Wrong;
use crate::guard::Visitor;
use crate::part::form::Sent;
use crate::part::words::moment;
use crate::site::Site;
use crate::stand;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Redirect;
use wardlight_access::Action;
use wardlight_model::change::Said;
use wardlight_model::journal::{Command, Labelled};
use wardlight_model::{Attribute, Id, Time};

/// What a person can say of a device.
const SAYABLE: [Attribute; 4] = [Attribute::Type, Attribute::Maker, Attribute::Model, Attribute::Name];

/// One label as it is shown.
pub struct Label {
    /// The decision.
    pub id: String,
    /// Of what, and what.
    pub says: String,
    /// Who and when.
    pub by: String,
    /// Who.
    pub who: String,
    /// When.
    pub at: Time,
}

/// The labels of device `id`. Errors: the state does not answer.
pub async fn labels(site: &Site, id: Id) -> Result<Vec<Label>, Wrong> {
    let all = site.parts().database.labels().await?;
    let own = all.into_iter().filter(|(_, said)| said.label.device == id);
    Ok(own.map(|(id, said)| shown(id, &said)).collect())
}

fn shown(id: Id, said: &Said) -> Label {
    let says = format!("{}: {}", said.label.attribute.name(), said.label.value.trim());
    let by = format!("{}, {}", said.by, moment(said.at));
    Label { id: id.to_string(), says, by, who: said.by.clone(), at: said.at }
}

#[derive(serde::Deserialize)]
pub struct Form {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    maker: String,
    #[serde(default)]
    model: String,
    #[serde(default)]
    name: String,
}

/// Takes in what somebody says of a device. Errors: there is no such device for this visitor, nothing is said, or a type
/// that nobody knows.
pub async fn put(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    Sent(form): Sent<Form>,
) -> Result<Redirect, Wrong> {
    let device = allowed(&site, &visitor, &id).await?;
    site.parts().database.device(device).await?.ok_or(Wrong::Nothing)?;
    let said = [form.r#type.trim().to_lowercase(), form.maker, form.model, form.name];
    let said: Vec<(Attribute, String)> =
        SAYABLE.into_iter().zip(said).filter(|(_, value)| !value.trim().is_empty()).collect();
    if said.is_empty() {
        return Err(Wrong::Senseless("Nothing was said of the device: fill in at least one field.".to_owned()));
    }
    let unknown = said.iter().find(|(attribute, value)| *attribute == Attribute::Type && !site.types().knows(value));
    if let Some((_, value)) = unknown {
        return Err(Wrong::Senseless(format!(
            "No kind of device is called \u{201c}{value}\u{201d} here: choose one of the list that the field offers."
        )));
    }
    for (attribute, value) in said {
        site.decide(&visitor, Command::Label(Labelled { device, attribute, value })).await?;
    }
    Ok(Redirect::to(&format!("/devices/{device}")))
}

#[derive(serde::Deserialize)]
pub struct End {
    label: String,
}

/// Takes a label back. Errors: there is none such for this visitor.
pub async fn end(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    Sent(form): Sent<End>,
) -> Result<Redirect, Wrong> {
    let device = allowed(&site, &visitor, &id).await?;
    let label: Id = form.label.parse().map_err(|_| Wrong::Nothing)?;
    let all = site.parts().database.labels().await?;
    all.iter().find(|(id, said)| *id == label && said.label.device == device).ok_or(Wrong::Nothing)?;
    site.decide(&visitor, Command::Unlabel(label)).await?;
    Ok(Redirect::to(&format!("/devices/{device}")))
}

async fn allowed(site: &Site, visitor: &Visitor, id: &str) -> Result<Id, Wrong> {
    let device: Id = id.parse().map_err(|_| Wrong::Nothing)?;
    stand::check(site, visitor, Action::LabelDevices, device).await?;
    Ok(device)
}
