//! Devices: the list with facets, search, order and columns; the same as a file; one device with why.

mod asked;
mod export;
mod one;
mod view;

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::part::frame::Frame;
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use askama::Template;
use asked::{Asked, Senseless};
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use view::{Cell, List};
use wardlight_access::{Action, Extent};

/// The page.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    vec![
        Route::new("/devices", get(list)).needs(Need::Right(Action::SeeDevices)),
        Route::new("/devices/export.csv", get(export::csv)).needs(Need::Right(Action::ExportDevices)),
        Route::new("/devices/export.json", get(export::json)).needs(Need::Right(Action::ExportDevices)),
        Route::new("/devices/{id}", get(one::show)).needs(Need::Right(Action::SeeDevices)),
    ]
}

#[derive(Template)]
#[template(path = "page/devices/page.html")]
struct Page {
    frame: Frame,
    list: List,
    may_export: bool,
}

impl From<Senseless> for Wrong {
    fn from(why: Senseless) -> Self {
        Self::Senseless(why.0)
    }
}

/// The pairs of an address.
type Pairs = Query<Vec<(String, String)>>;

fn read(pairs: &Pairs) -> Result<Asked, Wrong> {
    Ok(Asked::read(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))?)
}

/// Errors: the visitor's rights reach some areas only. Where a device stands is not yet a column: lists are for those whose
/// right reaches the whole site, and the others ask for one device.
fn whole_site(site: &Site, visitor: &Visitor, action: Action) -> Result<(), Wrong> {
    match visitor.extent(site, action) {
        Extent::Site => Ok(()),
        _ => visitor.check(site, action, None),
    }
}

async fn list(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    pairs: Pairs,
) -> Result<Response, Wrong> {
    whole_site(&site, &visitor, Action::SeeDevices)?;
    let list = List::of(&site.parts().devices.snapshot(), read(&pairs)?)?;
    let may_export = visitor.extent(&site, Action::ExportDevices) == Extent::Site;
    let frame = Frame::of(&site, &visitor, "Devices", "/devices");
    Ok(answer::page(&Page { frame, list, may_export }))
}
