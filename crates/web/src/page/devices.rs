//! Devices: the list with facets, search, order and columns; the same as a file; one device with why.

mod export;
mod label;
mod near;
mod one;
mod place;
mod report;
mod saved;
mod timeline;
mod view;

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::load::devices::read;
use crate::part::frame::Frame;
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use view::{Cell, List};
use wardlight_access::Action;

/// The page.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    vec![
        Route::new("/devices", get(list)).needs(Need::Right(Action::SeeDevices)),
        Route::new("/devices/export.csv", get(export::csv)).needs(Need::Right(Action::ExportDevices)),
        Route::new("/devices/export.json", get(export::json)).needs(Need::Right(Action::ExportDevices)),
        Route::new("/devices/export.xlsx", get(export::xlsx)).needs(Need::Right(Action::ExportDevices)),
        Route::new("/devices/views", post(saved::put)).needs(Need::Right(Action::ManageOwnAccount)),
        Route::new("/devices/views/end", post(saved::end)).needs(Need::Right(Action::ManageOwnAccount)),
        Route::new("/devices/{id}", get(one::show)).needs(Need::Right(Action::SeeDevices)),
        Route::new("/devices/{id}/bed", get(one::bed)).needs(Need::Right(Action::SeeSensitive)),
        Route::new("/reports", get(report::list)).needs(Need::Right(Action::LabelDevices)),
        Route::new("/devices/{id}/report", post(report::put)).needs(Need::Right(Action::ReportProblem)),
        Route::new("/devices/{id}/label", post(label::put)).needs(Need::Right(Action::LabelDevices)),
        Route::new("/devices/{id}/label/end", post(label::end)).needs(Need::Right(Action::LabelDevices)),
    ]
}

#[derive(Template)]
#[template(path = "page/devices/page.html")]
struct Page {
    frame: Frame,
    list: List,
    may_export: bool,
    views: Vec<saved::Shown>,
    may_save: bool,
    /// The visitor's roles: name and title.
    roles: Vec<(&'static str, &'static str)>,
}

/// The pairs of an address.
type Pairs = Query<Vec<(String, String)>>;

async fn list(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    pairs: Pairs,
) -> Result<Response, Wrong> {
    let asked = read(&site, &visitor, Action::SeeDevices, &pairs).await?;
    let sees_traffic = visitor.may_everywhere(&site, Action::SeeTraffic);
    let snapshot = site.parts().devices.snapshot();
    let views = saved::views(&site, &visitor, &snapshot, asked.bound.as_ref()).await?;
    let list = List::of(&snapshot, asked, sees_traffic)?;
    let may_export = visitor.may_see_page(&site, Action::ExportDevices);
    let frame = Frame::of(&site, &visitor, "Devices", "/devices");
    let may_save = visitor.may_see_page(&site, Action::ManageOwnAccount);
    let roles = visitor.held_roles().into_iter().map(|role| (role.name(), role.title())).collect();
    Ok(answer::page(&Page { frame, list, may_export, views, may_save, roles }))
}
