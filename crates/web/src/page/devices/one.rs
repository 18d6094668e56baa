//! One device: who it is and why, what disagrees, where it is reached, with whom it talks.
//!
//! In: the device as the state holds it, the asset that it is. Out: facts with all their claims and evidence, conflicts open.

use super::label::{self, Label};
use super::near::{self, Around};
use super::place;
use super::timeline::{self, Moment};
use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::load::device::{self, One};
use crate::load::matches::reason;
use crate::load::reports;
use crate::part::frame::Frame;
use crate::part::words::{counted, moment, named, percent};
use crate::site::Site;
use crate::stand;
use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use wardlight_access::Action;
use wardlight_inventory::resolve::Asset;
use wardlight_model::{Attribute, Claim, Deed, DeedKind, Device, Id};
use wardlight_store::projection::{Column, Row, Value};

#[derive(Template)]
#[template(path = "page/devices/one.html")]
struct Page {
    frame: Frame,
    name: String,
    kind: String,
    verdict: String,
    facts: Vec<Fact>,
    reached: Vec<(String, String)>,
    remarks: Vec<(String, String)>,
    members: Vec<Said>,
    sees_matches: bool,
    owners: Vec<(&'static str, String)>,
    /// Where it stands, as far as that is believed now; without the bed unless that was asked for.
    place: Vec<(String, String)>,
    place_source: String,
    /// Whether the bed may be asked for and is known.
    may_see_bed: bool,
    bed: String,
    labels: Vec<Label>,
    may_label: bool,
    /// Whether a rule about all that look like it may be made.
    may_rule: bool,
    may_report: bool,
    odd: &'static [(&'static str, &'static str)],
    /// What was reported lately.
    reports: Vec<reports::Report>,
    types: Vec<String>,
    id: Id,
    around: Around,
    sees_traffic: bool,
    /// How many peers are not listed; empty for none.
    more_peers: String,
    moments: Vec<Moment>,
    times: (String, String),
}

/// One attribute, and who says what of it.
struct Fact {
    title: String,
    value: String,
    sure: String,
    source: String,
    is_disputed: bool,
    claims: Vec<Told>,
}

/// One claim.
struct Told {
    value: String,
    rule: String,
    sure: String,
    evidence: Vec<String>,
    is_chosen: bool,
}

/// A record that is taken for this device.
struct Said {
    source: String,
    key: String,
    why: String,
}

pub async fn show(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Wrong> {
    let id: Id = id.parse().map_err(|_| Wrong::Nothing)?;
    render(&site, &visitor, device::one(&site, &visitor, Action::SeeDevices, id).await?, false).await
}

/// The same with the bed, which stands near to a patient: that it was read is written down first.
pub async fn bed(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Wrong> {
    let id: Id = id.parse().map_err(|_| Wrong::Nothing)?;
    let one = device::one(&site, &visitor, Action::SeeSensitive, id).await?;
    let deed = Deed { kind: DeedKind::SensitiveRead, object: Some(id), detail: "bed".to_owned() };
    site.witness(&visitor.name, deed).await?;
    render(&site, &visitor, one, true).await
}

async fn render(site: &Site, visitor: &Visitor, one: One, with_bed: bool) -> Result<Response, Wrong> {
    let (id, device, asset, sees_matches) = (one.id, &one.device, one.asset(), one.sees_matches);
    let name = device.best(Attribute::Name).map_or_else(|| device.id.clone(), |claim| named(&claim.value));
    let kind = device.best(Attribute::Type);
    let may = |action| stand::check(site, visitor, action, id);
    let sees_traffic = one.sees_traffic;
    // Whose right reaches some areas cannot open the list of conversations.
    let own = device.addresses.first().filter(|_| visitor.may_everywhere(site, Action::SeeTraffic));
    let own = own.map(ToString::to_string).unwrap_or_default();
    let seen = stand::seen(site, visitor, Action::SeeDevices).await?;
    let around = near::around(&device.peers, (&one.snapshot, &|peer| seen.has(peer)), site.types(), &own);
    let labels = label::labels(site, id).await?;
    let may_label = may(Action::LabelDevices).await.is_ok();
    let may_report = may(Action::ReportProblem).await.is_ok();
    let bed = place::bed(asset).unwrap_or_default();
    Ok(answer::page(&Page {
        frame: Frame::of(site, visitor, &name, "/devices"),
        kind: kind.map_or_else(|| "kind not known".to_owned(), |claim| claim.value.clone()),
        verdict: verdict(kind, one.row.as_ref()),
        facts: Attribute::ALL.into_iter().map(|attribute| fact(&one, attribute)).collect(),
        reached: reached(device),
        remarks: device.labels.iter().map(|label| (label.text.clone(), label.reason.clone())).collect(),
        members: asset.filter(|_| sees_matches).map(members).unwrap_or_default(),
        sees_matches,
        owners: owners(asset),
        place: place::now(asset),
        place_source: place::source(asset),
        may_see_bed: !with_bed && !bed.is_empty() && may(Action::SeeSensitive).await.is_ok(),
        bed: if with_bed { bed } else { String::new() },
        may_report,
        odd: &reports::ODD,
        reports: if may_report || may_label { reports::lately(site, Some(id)).await? } else { Vec::new() },
        moments: timeline::timeline(device, asset, &labels),
        labels,
        may_label,
        may_rule: visitor.may_everywhere(site, Action::LabelDevices),
        types: if may_label { site.types().names().map(str::to_owned).collect() } else { Vec::new() },
        id,
        more_peers: if around.more > 0 { counted(around.more) } else { String::new() },
        around,
        sees_traffic,
        times: (moment(device.first), moment(device.last)),
        name,
    }))
}

fn verdict(kind: Option<&Claim>, row: Option<&Row>) -> String {
    let conflicts = match row.map(|row| row.value(Column::Conflicts)) {
        Some(Value::Number(number)) if *number > 0.0 => format!(" Its claims differ on {number} points."),
        _ => String::new(),
    };
    match kind {
        Some(kind) if kind.person().is_some() => format!("This is a {}, {}.{conflicts}", kind.value, kind.rule),
        Some(kind) if kind.confidence >= 0.9 => {
            format!("It is known what this is, {} sure.{conflicts}", percent(kind.confidence))
        }
        Some(kind) => {
            let sure = percent(kind.confidence);
            format!(
                "This is likely a device of kind {}, {sure} sure. A record or a label would settle it.{conflicts}",
                kind.value
            )
        }
        None => format!("Nobody said what this is. A record or a label would settle it.{conflicts}"),
    }
}

fn fact(one: &One, attribute: Attribute) -> Fact {
    let claims = one.claims(attribute);
    let best = claims.first();
    Fact {
        title: attribute.name().replace('_', " "),
        value: best.map(|claim| named(&claim.value)).unwrap_or_default(),
        sure: best.map(|claim| percent(claim.confidence)).unwrap_or_default(),
        source: best.map(|claim| source(claim)).unwrap_or_default(),
        is_disputed: one.is_disputed(attribute),
        claims: claims.iter().enumerate().map(|(at, claim)| told(claim, at == 0)).collect(),
    }
}

fn source(claim: &Claim) -> String {
    let protocols: std::collections::BTreeSet<&str> =
        claim.evidence.iter().map(|evidence| evidence.protocol).filter(|name| *name != "-").collect();
    let protocols = protocols.into_iter().collect::<Vec<_>>().join(", ");
    if protocols.is_empty() { claim.rule.clone() } else { format!("{protocols} · {}", claim.rule) }
}

fn told(claim: &Claim, is_chosen: bool) -> Told {
    let evidence = claim.evidence.iter().map(|one| {
        let packet = if one.place.packet > 0 { format!(", packet {}", one.place.packet) } else { String::new() };
        format!("{} says {} in {}{packet}, {}", one.protocol, named(&one.value), one.field.name(), moment(one.time))
    });
    Told {
        value: named(&claim.value),
        rule: claim.rule.clone(),
        sure: percent(claim.confidence),
        evidence: evidence.collect(),
        is_chosen,
    }
}

fn reached(device: &Device) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    all.extend(device.addresses.iter().map(|ip| ("network address".to_owned(), ip.to_string())));
    all.extend(device.macs.iter().map(|mac| ("hardware address".to_owned(), mac.to_string())));
    all.extend(device.keys.iter().map(|key| (format!("{:?}", key.kind), key.text.clone())));
    all.extend(device.via.iter().map(|via| ("spoken for by".to_owned(), via.clone())));
    all
}

fn members(asset: &Asset) -> Vec<Said> {
    let said = |member: &wardlight_inventory::resolve::Member| Said {
        source: member.source.clone(),
        key: member.key.clone(),
        why: reason(member.link.as_ref().map(|link| &link.by)),
    };
    asset.members.iter().map(said).collect()
}

fn owners(asset: Option<&Asset>) -> Vec<(&'static str, String)> {
    let Some(asset) = asset else { return Vec::new() };
    let owner = |owner: &Option<String>| owner.clone().unwrap_or_default();
    vec![
        ("Clinical owner", owner(&asset.owners.clinical)),
        ("Technical owner", owner(&asset.owners.technical)),
        ("Security owner", owner(&asset.owners.security)),
    ]
}
