//! Today: each role's first page. What is so, in one sentence; then the figures that this role works by, each with what to do
//! and its rows.

mod figures;

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::part::frame::Frame;
use crate::part::words::{counted, moment};
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use figures::{Figure, Known};
use wardlight_access::{Action, Role};

/// The page.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    vec![Route::new("/", get(show)).needs(Need::Account)]
}

#[derive(Template)]
#[template(path = "page/home/page.html")]
struct Page {
    frame: Frame,
    headline: String,
    /// What this role looks at first, and beside it.
    groups: Vec<(&'static str, Vec<Figure>)>,
    /// The other roles of the visitor: name and title.
    others: Vec<(&'static str, &'static str)>,
    role: &'static str,
    alarms: Vec<Alarm>,
}

/// A use of an account for emergencies of which nobody took note yet.
struct Alarm {
    id: String,
    account: String,
    shown: String,
    begun: String,
}

#[derive(serde::Deserialize)]
struct Asked {
    #[serde(default)]
    r#as: String,
}

async fn show(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<Asked>,
) -> Result<Response, Wrong> {
    let held = visitor.held_roles();
    let role = Role::named(&asked.r#as).filter(|role| held.contains(role)).or_else(|| held.first().copied());
    let frame = Frame::of(&site, &visitor, "Today", "/");
    let others = held.iter().filter(|other| Some(**other) != role).map(|role| (role.name(), role.title())).collect();
    let Some(role) = role else {
        let headline = "You have no role yet: whoever gave you the account gives you one.".to_owned();
        let (groups, alarms) = (Vec::new(), Vec::new());
        return Ok(answer::page(&Page { frame, headline, groups, others, role: "", alarms }));
    };
    let alarms = alarms(&site, &visitor).await?;
    let known = Known::of(&site, &visitor).await?;
    let groups = groups(role).into_iter().map(|(title, wanted)| {
        let shown = wanted.iter().filter(|figure| figure.is_shown(&site, &visitor));
        (title, shown.map(|figure| figure.told(&known)).collect::<Vec<Figure>>())
    });
    let groups = groups.filter(|(_, figures)| !figures.is_empty()).collect();
    Ok(answer::page(&Page { frame, headline: headline(role, &known), groups, others, role: role.title(), alarms }))
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

/// What each role works by, first things first (`DSH-5` to `DSH-7`).
fn groups(role: Role) -> Vec<(&'static str, Vec<figures::Kind>)> {
    use figures::Kind::{
        Conflicts, Decisions, Exports, Foreign, Known, Legacy, Likely, Lost, Missing, Ownerless, Places, Questions,
        Records, Reports, Sensitive, Silent, Unconfirmed, Unidentified, UnidentifiedTalking,
    };
    match role {
        Role::Analyst => vec![
            ("Look at these first", vec![UnidentifiedTalking, Foreign, Legacy]),
            ("What limits what you see", vec![Unidentified, Silent, Lost, Conflicts]),
        ],
        Role::ClinicalEngineer => vec![
            ("Your work", vec![Reports, Unidentified, Questions, Conflicts]),
            ("The list and the ward", vec![Missing, Unconfirmed, Ownerless, Likely]),
        ],
        Role::NetworkAdmin => vec![
            ("What the network does not tell", vec![Silent, Lost, Unidentified]),
            ("Where it may be open", vec![Foreign, Legacy, Places]),
        ],
        Role::Compliance => vec![
            ("What must be provable", vec![Decisions, Ownerless, Unconfirmed]),
            ("Who read and took away", vec![Sensitive, Exports]),
        ],
        Role::PrivacyOfficer => {
            vec![("Who read and took away", vec![Sensitive, Exports]), ("What is open", vec![Foreign, Ownerless])]
        }
        Role::Clinician => vec![("Devices of your area", vec![Known, Likely, Unidentified])],
        Role::Executive => {
            vec![
                ("What we know", vec![Known, Unidentified, Ownerless]),
                ("What it rests on", vec![Records, Silent, Lost]),
            ]
        }
        Role::Procurement => vec![("What was bought and what is there", vec![Missing, Unconfirmed, Records])],
        Role::Vendor => vec![("Devices you service", vec![Known, Unidentified])],
        Role::Auditor => vec![
            ("Evidence", vec![Decisions, Sensitive, Exports]),
            ("Accountability", vec![Ownerless, Unconfirmed, Unidentified]),
        ],
        Role::Admin => vec![
            ("Is it set up", vec![Places, Records, Silent]),
            ("How well it sees", vec![Known, Likely, Unidentified, Lost]),
            ("What waits", vec![Questions, Conflicts, Ownerless]),
        ],
    }
}

fn headline(role: Role, known: &Known) -> String {
    if known.devices == 0 {
        return match role {
            Role::Clinician | Role::Vendor => "No device of your area is known yet.".to_owned(),
            _ => "Nothing has been seen yet. Let a sensor report, load a capture, or take in a list.".to_owned(),
        };
    }
    let (all, dark) = (counted(known.devices), counted(known.unidentified));
    let open = known.questions + known.conflicts;
    match role {
        Role::ClinicalEngineer if open > 0 => {
            format!("{} decisions wait for you; of {all} devices nobody knows what {dark} are.", counted(open))
        }
        Role::Executive if known.ownerless == 0 => {
            format!("We know {} of {all} devices for what they are; somebody answers for each.", counted(known.sure))
        }
        Role::Executive => {
            format!(
                "We know {} of {all} devices for what they are; nobody answers for {}.",
                counted(known.sure),
                counted(known.ownerless)
            )
        }
        Role::Clinician | Role::Vendor => format!("{all} devices of your area; of {dark} nobody knows what they are."),
        _ if known.silent > 0 => {
            format!(
                "{} sensors are silent: what they watched is not seen. {all} devices are known.",
                counted(known.silent)
            )
        }
        _ => format!("{all} devices found by watching; of {dark} nobody knows yet what they are."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_role_has_a_first_page_of_its_own() {
        let pages: BTreeSet<String> = Role::ALL.map(|role| format!("{:?}", groups(role))).into();
        assert_eq!(pages.len(), Role::ALL.len());
        assert!(Role::ALL.iter().all(|role| groups(*role).iter().all(|(_, figures)| !figures.is_empty())));
    }
}
