//! Today: the first page. What is known, what is not, and what waits for a person.

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::part::frame::Frame;
use crate::part::sure;
use crate::part::words::{counted, moment, percent};
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use wardlight_access::Action;

/// The page.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    vec![Route::new("/", get(show)).needs(Need::Account)]
}

#[derive(Template)]
#[template(path = "page/home/page.html")]
struct Page {
    frame: Frame,
    verdict: String,
    figures: Vec<Figure>,
    is_shown: bool,
    alarms: Vec<Alarm>,
}

/// A use of an account for emergencies of which nobody took note yet.
struct Alarm {
    id: String,
    account: String,
    shown: String,
    begun: String,
}

/// One number, what it counts, and where its rows are.
struct Figure {
    title: &'static str,
    count: String,
    of: String,
    rows: String,
    what_now: &'static str,
}

async fn show(State(site): State<Site>, Extension(visitor): Extension<Visitor>) -> Result<Response, Wrong> {
    let is_shown = visitor.may_everywhere(&site, Action::SeeDevices);
    let figures = if is_shown { figures(&site) } else { Vec::new() };
    let known = site.parts().devices.snapshot().len();
    let verdict = match (is_shown, known) {
        (false, _) => "Your role shows no list of the whole site yet.".to_owned(),
        (true, 0) => "Nothing has been seen yet. Let a sensor report, load a capture, or take in a list.".to_owned(),
        (true, _) => format!("{} devices were found by watching.", counted(known)),
    };
    let alarms = alarms(&site, &visitor).await?;
    Ok(answer::page(&Page { frame: Frame::of(&site, &visitor, "Today", "/"), verdict, figures, is_shown, alarms }))
}

/// For those who run Wardlight.
async fn alarms(site: &Site, visitor: &Visitor) -> Result<Vec<Alarm>, Wrong> {
    let mut alarms = Vec::new();
    if !visitor.may_everywhere(site, Action::ManageAccounts) {
        return Ok(alarms);
    }
    for emergency in site.parts().database.open_emergencies().await? {
        let account = site.parts().database.account(emergency.account).await?;
        alarms.push(Alarm {
            id: emergency.id.to_string(),
            account: emergency.account.to_string(),
            shown: account.map_or_else(|| emergency.account.to_string(), |account| account.shown),
            begun: moment(emergency.begun),
        });
    }
    Ok(alarms)
}

fn figures(site: &Site) -> Vec<Figure> {
    let snapshot = site.parts().devices.snapshot();
    let all = snapshot.len();
    let of = |count: usize| {
        if all == 0 { String::new() } else { format!("{} of {}", percent(share(count, all)), counted(all)) }
    };
    let [sure, likely, unknown] = sure::counts(&snapshot);
    let figure = |title, count: usize, band: &str, what_now| Figure {
        title,
        count: counted(count),
        of: of(count),
        rows: format!("/devices?sure={band}"),
        what_now,
    };
    vec![
        figure("Known for what they are", sure, "high", "Nothing to do."),
        figure("Likely known", likely, "middle", "A record or a label would settle them."),
        figure("Not known yet", unknown, "low", "Look at what they say, and label one of each kind."),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "a share for people")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}
