//! Views that somebody saved: a title for an address of the list, one's own or of all who have a role, with what it counts now.

use crate::answer::Wrong;
use crate::guard::Visitor;
use crate::load::asked::Asked;
use crate::part::form::Sent;
use crate::part::words::counted;
use crate::site::Site;
use axum::Extension;
use axum::extract::State;
use axum::response::Redirect;
use wardlight_access::{Action, Role};
use wardlight_model::Id;
use wardlight_store::database::View;
use wardlight_store::projection::{Filter, Snapshot};

/// The page that these are views of.
const PAGE: &str = "devices";
/// Views that one account may have.
const MOST: usize = 40;

/// One view as it is shown.
pub struct Shown {
    /// Its id.
    pub id: Id,
    /// What it is called.
    pub title: String,
    /// Where it leads.
    pub address: String,
    /// How many devices are so now.
    pub count: String,
    /// Whether this visitor may remove it.
    pub is_own: bool,
}

/// The views of `visitor`. Errors: the state does not answer.
pub async fn views(
    site: &Site,
    visitor: &Visitor,
    devices: &Snapshot,
    bound: Option<&Filter>,
) -> Result<Vec<Shown>, Wrong> {
    let held = visitor.held_roles();
    let roles: Vec<&str> = held.iter().map(|role| role.name()).collect();
    let all = site.parts().database.views(visitor.account, &roles, PAGE).await?;
    let sees_traffic = visitor.may_everywhere(site, Action::SeeTraffic);
    Ok(all.into_iter().map(|view| shown(view, visitor, devices, (bound, sees_traffic))).collect())
}

fn shown(view: View, visitor: &Visitor, devices: &Snapshot, (bound, sees_traffic): (Option<&Filter>, bool)) -> Shown {
    let pairs = pairs(&view.address);
    let asked = Asked::read(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let asked = asked.map(|asked| Asked { bound: bound.cloned(), ..asked });
    // A count tells with whom devices talk as well as the list does, which is refused.
    let is_told = |asked: &Asked| sees_traffic || asked.asks_for_traffic() == Ok(false);
    let count = asked.ok().filter(is_told).and_then(|asked| asked.filter(None).ok());
    let count = count.map(|filter| devices.count(&filter));
    Shown {
        id: view.id,
        title: view.title,
        address: format!("/devices?{}", view.address),
        count: count.map_or_else(|| "not known".to_owned(), counted),
        is_own: view.account == Some(visitor.account),
    }
}

/// The pairs of a query string.
fn pairs(query: &str) -> Vec<(String, String)> {
    let uri: Result<axum::http::Uri, _> = format!("/?{query}").parse();
    let read = uri.ok().and_then(|uri| axum::extract::Query::try_from_uri(&uri).ok());
    read.map(|axum::extract::Query(pairs)| pairs).unwrap_or_default()
}

#[derive(serde::Deserialize)]
pub struct Form {
    title: String,
    address: String,
    #[serde(default)]
    role: String,
}

/// Saves a view. Errors: it has no title, asks for nothing that there is, or there are too many.
pub async fn put(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(form): Sent<Form>,
) -> Result<Redirect, Wrong> {
    let title = form.title.trim().to_owned();
    if title.is_empty() || title.chars().count() > 60 || title.chars().any(char::is_control) {
        return Err(Wrong::Senseless("A view has a title of at most 60 signs.".to_owned()));
    }
    // As the page itself would write it: nothing else is kept.
    let pairs = pairs(&form.address);
    let address = Asked::read(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))?.anew().address();
    let held = visitor.held_roles();
    let role = Role::named(&form.role).filter(|role| held.contains(role));
    if !form.role.is_empty() && role.is_none() {
        return Err(Wrong::Senseless("A view is shared with those who have a role of yours.".to_owned()));
    }
    let database = &site.parts().database;
    let roles: Vec<&str> = held.iter().map(|role| role.name()).collect();
    if database.views(visitor.account, &roles, PAGE).await?.len() >= MOST {
        return Err(Wrong::Senseless(format!("There are {MOST} views already: remove one first.")));
    }
    let chance = site.chance()?;
    let account = role.is_none().then_some(visitor.account);
    let role = role.map(|role| role.name().to_owned());
    let view = View {
        id: Id::of(chance),
        account,
        role,
        page: PAGE.to_owned(),
        title,
        address: address.clone(),
        made: site.now(),
    };
    database.put_view(&view).await?;
    Ok(Redirect::to(&format!("/devices?{address}")))
}

#[derive(serde::Deserialize)]
pub struct End {
    view: String,
}

/// Removes a view of one's own. Errors: there is none such.
pub async fn end(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(form): Sent<End>,
) -> Result<Redirect, Wrong> {
    let id: Id = form.view.parse().map_err(|_| Wrong::Nothing)?;
    let view = site.parts().database.view(id).await?.ok_or(Wrong::Nothing)?;
    let is_shared = view.role.as_deref().and_then(Role::named).is_some_and(|role| visitor.held_roles().contains(&role));
    if view.account != Some(visitor.account) && !(view.account.is_none() && is_shared) {
        return Err(Wrong::Nothing);
    }
    site.parts().database.drop_view(id).await?;
    Ok(Redirect::to("/devices"))
}
