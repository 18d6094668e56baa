//! Devices: the list with facets, search, order and columns; the same as a file; one device with why.

mod asked;
mod export;
mod label;
mod near;
mod one;
mod place;
mod timeline;
mod view;

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::part::frame::Frame;
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use crate::stand;
use askama::Template;
use asked::{Asked, Senseless};
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
        Route::new("/devices/{id}", get(one::show)).needs(Need::Right(Action::SeeDevices)),
        Route::new("/devices/{id}/bed", get(one::bed)).needs(Need::Right(Action::SeeSensitive)),
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
}

impl From<Senseless> for Wrong {
    fn from(why: Senseless) -> Self {
        Self::Senseless(why.0)
    }
}

/// The pairs of an address.
type Pairs = Query<Vec<(String, String)>>;

/// What is asked, of the devices to which this visitor may do `action`. Errors: it makes no sense, or asks with whom devices
/// talk, which this visitor may not see everywhere.
async fn read(site: &Site, visitor: &Visitor, action: Action, pairs: &Pairs) -> Result<Asked, Wrong> {
    let asked = Asked::read(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))?;
    if !visitor.may_everywhere(site, Action::SeeTraffic) && asked.asks_for_traffic()? {
        visitor.check(site, Action::SeeTraffic, None)?;
    }
    Ok(Asked { bound: stand::within(site, visitor, action).await?, ..asked })
}

async fn list(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    pairs: Pairs,
) -> Result<Response, Wrong> {
    let asked = read(&site, &visitor, Action::SeeDevices, &pairs).await?;
    let sees_traffic = visitor.may_everywhere(&site, Action::SeeTraffic);
    let list = List::of(&site.parts().devices.snapshot(), asked, sees_traffic)?;
    let may_export = visitor.may_see_page(&site, Action::ExportDevices);
    let frame = Frame::of(&site, &visitor, "Devices", "/devices");
    Ok(answer::page(&Page { frame, list, may_export }))
}
