//! What people say of a device: taken in as decisions, shown with who said it, taken back.

use crate::answer::Wrong;
use crate::guard::Visitor;
use crate::part::form::Sent;
use crate::part::words::moment;
use crate::say::{self, SAYABLE};
use crate::site::Site;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Redirect;
use wardlight_model::change::Said;
use wardlight_model::journal::Command;
use wardlight_model::{Attribute, Id, Time};

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
    let said = [form.r#type.trim().to_lowercase(), form.maker, form.model, form.name];
    let said: Vec<(Attribute, String)> =
        SAYABLE.into_iter().zip(said).filter(|(_, value)| !value.trim().is_empty()).collect();
    let device = say::may_label(&site, &visitor, &id).await?;
    for label in say::labels(&site, device, said).await? {
        site.decide(&visitor, Command::Label(label)).await?;
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
    let device = say::may_label(&site, &visitor, &id).await?;
    let label = say::own(&site, device, &form.label).await?;
    site.decide(&visitor, Command::Unlabel(label)).await?;
    Ok(Redirect::to(&format!("/devices/{device}")))
}
