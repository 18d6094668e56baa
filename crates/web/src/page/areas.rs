//! Administration of places: the tree from sites to rooms, and which routing domain belongs to which site.

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
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
use wardlight_model::journal::Command;
use wardlight_model::{Area, Domain, Id, Level, Scope};

/// The page.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    let edit = Need::Right(Action::EditSite);
    vec![
        Route::new("/areas", get(show)).needs(Need::Right(Action::SeeSite)),
        Route::new("/areas/put", post(put)).needs(edit),
        Route::new("/areas/remove", post(remove)).needs(edit),
        Route::new("/areas/domain", post(domain)).needs(edit),
    ]
}

#[derive(Template)]
#[template(path = "page/areas/page.html")]
struct Page {
    frame: Frame,
    verdict: String,
    /// From the widest inwards, each with how deep it stands and whether this visitor may change it.
    areas: Vec<(Area, usize, bool)>,
    domains: Vec<(Domain, String)>,
    may_edit: bool,
    /// Whether new sites and domains are this visitor's.
    may_edit_all: bool,
    levels: [Level; 5],
    zone: String,
}

/// From the site down to `id`; empty when there is none.
fn path(areas: &[Area], id: Id) -> Vec<Id> {
    let of = |id: Id| areas.iter().find(|area| area.id == id);
    let up = std::iter::successors(of(id), |area| of(area.parent?));
    let mut path: Vec<Id> = up.take(Level::ALL.len()).map(|area| area.id).collect();
    path.reverse();
    path
}

async fn show(State(site): State<Site>, Extension(visitor): Extension<Visitor>) -> Result<Response, Wrong> {
    let all = site.parts().database.areas().await?;
    let may = |action, id: Id| visitor.check(&site, action, Some(&path(&all, id))).is_ok();
    // Whoever sees a room is shown what it stands in.
    let seen: Vec<&Area> = all.iter().filter(|area| may(Action::SeeSite, area.id)).collect();
    let around: Vec<Id> = seen.iter().flat_map(|area| path(&all, area.id)).collect();
    let mut areas = Vec::new();
    walk(&all, None, 0, &mut |area, depth| {
        if around.contains(&area.id) {
            areas.push((area.clone(), depth, may(Action::EditSite, area.id)));
        }
    });
    let named = |id: Id| all.iter().find(|area| area.id == id).map(|area| area.name.clone()).unwrap_or_default();
    let domains = if visitor.may_everywhere(&site, Action::SeeSite) {
        site.parts().database.domains().await?.into_iter().map(|domain| (domain.clone(), named(domain.site))).collect()
    } else {
        Vec::new()
    };
    let verdict = match areas.len() {
        0 => "No place is known yet. A site with its time zone is the first; what narrower places there are is up to you.".to_owned(),
        1 => "One place. Rights and lists follow it.".to_owned(),
        some => format!("{} places. Rights and lists follow them.", counted(some)),
    };
    let frame = Frame::of(&site, &visitor, "Places", "/areas");
    let may_edit_all = visitor.may_everywhere(&site, Action::EditSite);
    let may_edit = visitor.may_see_page(&site, Action::EditSite);
    let zone = jiff::tz::TimeZone::system().iana_name().unwrap_or("Europe/Berlin").to_owned();
    Ok(answer::page(&Page { frame, verdict, areas, domains, may_edit, may_edit_all, levels: Level::ALL, zone }))
}

/// The places in `parent` by name, each before those in it.
fn walk(all: &[Area], parent: Option<Id>, depth: usize, each: &mut impl FnMut(&Area, usize)) {
    let mut own: Vec<&Area> = all.iter().filter(|area| area.parent == parent).collect();
    own.sort_by(|a, b| (a.level, &a.name, a.id).cmp(&(b.level, &b.name, b.id)));
    for area in own {
        each(area, depth);
        if depth < Level::ALL.len() {
            walk(all, Some(area.id), depth + 1, each);
        }
    }
}

#[derive(serde::Deserialize)]
struct Put {
    /// An existing place that is changed; a new one without it.
    #[serde(default)]
    id: String,
    #[serde(default)]
    level: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    parent: String,
    #[serde(default)]
    zone: String,
}

async fn put(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(form): Sent<Put>,
) -> Result<Redirect, Wrong> {
    let all = site.parts().database.areas().await?;
    let known = |text: &str| -> Result<&Area, Wrong> {
        let id: Id = text.parse().map_err(|_| Wrong::Nothing)?;
        all.iter().find(|area| area.id == id).ok_or(Wrong::Nothing)
    };
    let (before, parent) = match (form.id.as_str(), form.parent.as_str()) {
        ("", "") => (None, None),
        ("", parent) => (None, Some(known(parent)?.id)),
        (id, _) => (Some(known(id)?), known(id)?.parent),
    };
    // What is changed must be the visitor's to change; what is new, where it is put.
    match before.map(|area| area.id).or(parent) {
        Some(id) => visitor.check(&site, Action::EditSite, Some(&path(&all, id)))?,
        None => visitor.check(&site, Action::EditSite, None)?,
    }
    let level = match before {
        Some(area) => area.level,
        None => Level::named(&form.level).ok_or_else(|| {
            Wrong::Senseless("Say what kind of place it is: site, building, floor, care area or room.".to_owned())
        })?,
    };
    let zone = Some(form.zone.trim()).filter(|zone| !zone.is_empty() && level == Level::Site);
    if let Some(zone) = zone.filter(|zone| jiff::tz::TimeZone::get(zone).is_err()) {
        return Err(Wrong::Senseless(format!("\u{201c}{zone}\u{201d} is no time zone; one is Europe/Berlin.")));
    }
    let id = match before {
        Some(area) => area.id,
        None => Id::of(site.chance()?),
    };
    let name = form.name.trim().to_owned();
    site.decide(&visitor, Command::PutArea(Area { id, parent, level, name, zone: zone.map(str::to_owned) })).await?;
    Ok(Redirect::to("/areas"))
}

#[derive(serde::Deserialize)]
struct Remove {
    id: String,
}

async fn remove(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(form): Sent<Remove>,
) -> Result<Redirect, Wrong> {
    let id: Id = form.id.parse().map_err(|_| Wrong::Nothing)?;
    let all = site.parts().database.areas().await?;
    visitor.check(&site, Action::EditSite, Some(&path(&all, id)))?;
    site.decide(&visitor, Command::RemoveArea(id)).await?;
    Ok(Redirect::to("/areas"))
}

#[derive(serde::Deserialize)]
struct Scoped {
    scope: String,
    name: String,
    site: String,
}

async fn domain(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(form): Sent<Scoped>,
) -> Result<Redirect, Wrong> {
    visitor.check(&site, Action::EditSite, None)?;
    let scope = form.scope.trim().parse().map_err(|_| {
        Wrong::Senseless("A routing domain has a whole number, the same that its sensor was given.".to_owned())
    })?;
    let of: Id = form.site.parse().map_err(|_| Wrong::Nothing)?;
    let domain = Domain { scope: Scope(scope), site: of, name: form.name.trim().to_owned() };
    site.decide(&visitor, Command::PutDomain(domain)).await?;
    Ok(Redirect::to("/areas"))
}
