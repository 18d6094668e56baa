//! Who answers for devices that no source names an owner of, and for how many nobody does.

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::part::called;
use crate::part::form::Sent;
use crate::part::frame::Frame;
use crate::part::words::counted;
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::{Redirect, Response};
use axum::routing::{get, post};
use wardlight_access::Action;
use wardlight_inventory::resolve::{Asset, Role};
use wardlight_model::Id;
use wardlight_model::journal::{Command, OwnerRole, OwnerRule};

/// The page.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    let set = Need::Right(Action::SetOwners);
    vec![
        Route::new("/owners", get(show)).needs(Need::Right(Action::SeeDevices)),
        Route::new("/owners/put", post(put)).needs(set),
        Route::new("/owners/remove", post(remove)).needs(set),
    ]
}

/// Devices listed for which nobody answers.
const LISTED: usize = 25;

#[derive(Template)]
#[template(path = "page/owners/page.html")]
struct Page {
    frame: Frame,
    verdict: String,
    /// Of each role, how many networked devices lack it.
    lacking: Vec<(&'static str, String)>,
    /// Id and name of some for which nobody answers.
    ownerless: Vec<(Id, String)>,
    rules: Vec<(Id, OwnerRule)>,
    may_set: bool,
    types: Vec<String>,
}

async fn show(State(site): State<Site>, Extension(visitor): Extension<Visitor>) -> Result<Response, Wrong> {
    visitor.check(&site, Action::SeeDevices, None)?;
    let settled = site.parts().assets.now();
    let met = || settled.iter().flat_map(|settled| &settled.resolution.assets).filter(|asset| asset.is_networked());
    let has = |asset: &Asset, role: Role| {
        let owner = match role {
            Role::Clinical => &asset.owners.clinical,
            Role::Technical => &asset.owners.technical,
            Role::Security => &asset.owners.security,
        };
        owner.is_some()
    };
    let lacking = OwnerRole::ALL.map(|role| (role.name(), counted(met().filter(|asset| !has(asset, role)).count())));
    let nobodys: Vec<&Asset> = met().filter(|asset| asset.owners.is_none()).collect();
    let verdict = match nobodys.len() {
        0 => "Somebody answers for every device that was met.".to_owned(),
        some => {
            format!("Nobody answers for {} devices. A rule below, or an owner in a record, settles it.", counted(some))
        }
    };
    let snapshot = site.parts().devices.snapshot();
    let named = nobodys.iter().take(LISTED).filter_map(|asset| {
        let member = asset.members.iter().find(|member| member.source == "network")?;
        Some((member.id, called::device(&snapshot.device(member.id)?)))
    });
    let may_set = visitor.may_everywhere(&site, Action::SetOwners);
    Ok(answer::page(&Page {
        frame: Frame::of(&site, &visitor, "Owners", "/owners"),
        verdict,
        lacking: lacking.into(),
        ownerless: named.collect(),
        rules: site.parts().database.owners().await?,
        may_set,
        types: if may_set { site.types().names().map(str::to_owned).collect() } else { Vec::new() },
    }))
}

#[derive(serde::Deserialize)]
struct Put {
    role: String,
    owner: String,
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    department: String,
    #[serde(default)]
    source: String,
}

async fn put(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(form): Sent<Put>,
) -> Result<Redirect, Wrong> {
    visitor.check(&site, Action::SetOwners, None)?;
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let role = OwnerRole::named(&form.role)
        .ok_or_else(|| Wrong::Senseless("Say in which role: clinical, technical or security.".to_owned()))?;
    let r#type = some(&form.r#type.to_lowercase());
    if let Some(unknown) = r#type.as_ref().filter(|name| !site.types().knows(name)) {
        return Err(Wrong::Senseless(format!(
            "No kind of device is called \u{201c}{unknown}\u{201d} here: choose one of the list that the field offers."
        )));
    }
    let owner = form.owner.trim().to_owned();
    let rule =
        OwnerRule { role, owner, r#type, department: some(&form.department), scope: None, source: some(&form.source) };
    site.decide(&visitor, Command::PutOwner(rule)).await?;
    Ok(Redirect::to("/owners"))
}

#[derive(serde::Deserialize)]
struct Remove {
    rule: String,
}

async fn remove(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(form): Sent<Remove>,
) -> Result<Redirect, Wrong> {
    visitor.check(&site, Action::SetOwners, None)?;
    let rule: Id = form.rule.parse().map_err(|_| Wrong::Nothing)?;
    site.decide(&visitor, Command::RemoveOwner(rule)).await?;
    Ok(Redirect::to("/owners"))
}
