//! `/api/v1/devices`: the list that the page shows, and one device with every claim and its evidence.

use super::cursor;
use super::sent::{MOST, Pairs, cut};
use crate::answer::{Problem, Wrong};
use crate::guard::Visitor;
use crate::load::asked::Asked;
use crate::load::device::{self, One};
use crate::load::devices::{object, read, shown_columns};
use crate::load::matches::reason;
use crate::part::sure::Sure;
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Extension, Json};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::net::IpAddr;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use wardlight_access::Action;
use wardlight_inventory::resolve::{Asset, Owners};
use wardlight_model::{Attribute, Claim};
use wardlight_store::projection::{Column, Kind, Mark};

/// The resource.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    vec![
        Route::new("/api/v1/devices", get(list)).needs(Need::Right(Action::SeeDevices)).says::<__path_list>(),
        Route::new("/api/v1/devices/{id}", get(show)).needs(Need::Right(Action::SeeDevices)).says::<__path_show>(),
    ]
}

/// Devices, in the order asked for.
#[derive(Serialize, ToSchema)]
struct Devices {
    /// How many devices meet the question.
    total: usize,
    /// The columns asked for, of each.
    devices: Vec<Row>,
    /// Goes into `after` for the next part; null at the end.
    next: Option<String>,
}

/// What the columns say of one device.
#[derive(Serialize)]
#[serde(transparent)]
struct Row(Map<String, Value>);

impl ToSchema for Row {}

impl PartialSchema for Row {
    fn schema() -> RefOr<Schema> {
        let property = |column: &Column| {
            let kind = match column.kind() {
                Kind::Text => json!({ "type": ["string", "null"] }),
                Kind::Number => json!({ "type": ["number", "null"] }),
                Kind::Time => json!({ "type": ["string", "null"], "format": "date-time" }),
                Kind::Flag => json!({ "type": ["boolean", "null"] }),
                Kind::List => json!({ "type": ["array", "null"], "items": { "type": "string" } }),
            };
            let mut kind = kind;
            kind.as_object_mut().map(|kind| kind.insert("description".to_owned(), json!(column.meaning())));
            (column.name().to_owned(), kind)
        };
        let properties: Map<String, Value> = Column::ALL.iter().map(property).collect();
        schema(json!({ "type": "object", "description": "What the columns say of one device.", "required": ["id"],
            "properties": properties, "additionalProperties": false }))
    }
}

/// The name of a column.
struct Named;

impl ToSchema for Named {}

impl PartialSchema for Named {
    fn schema() -> RefOr<Schema> {
        let names: Vec<&str> = Column::ALL.iter().map(|column| column.name()).collect();
        schema(json!({ "type": "string", "enum": names }))
    }
}

/// The name of a column, perhaps turned round.
struct Sorted;

impl ToSchema for Sorted {}

impl PartialSchema for Sorted {
    fn schema() -> RefOr<Schema> {
        let names = Column::ALL.iter().flat_map(|column| [column.name().to_owned(), format!("-{}", column.name())]);
        schema(json!({ "type": "string", "enum": names.collect::<Vec<_>>() }))
    }
}

/// How sure a type is.
struct Band;

impl ToSchema for Band {}

impl PartialSchema for Band {
    fn schema() -> RefOr<Schema> {
        schema(json!({ "type": "string", "enum": Sure::ALL.map(Sure::name) }))
    }
}

fn schema(json: Value) -> RefOr<Schema> {
    RefOr::T(serde_json::from_value(json).expect("a schema as this file writes it"))
}

/// Lists devices.
///
/// `q` holds words, or a filter such as `type:"infusion pump" -label:router 10.2.0.0/16 last_seen>2026-01-01`.
#[utoipa::path(get, path = "/api/v1/devices", operation_id = "listDevices", tag = "devices",
    params(
        ("q" = Option<String>, Query, description = "Words, or a filter.", max_length = 1000),
        ("sort" = inline(Option<Sorted>), Query, description = "A column; with `-` before it the other way round."),
        ("col" = inline(Option<Vec<Named>>), Query, description = "Columns shown; the usual ones without."),
        ("sure" = inline(Option<Vec<Band>>), Query, description = "How sure their type is."),
        ("after" = Option<String>, Query, description = "`next` of the part before."),
        ("limit" = Option<u16>, Query, description = "Most rows.", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, description = "Devices.", body = Devices)))]
async fn list(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    pairs: Pairs,
) -> Result<Json<Devices>, Problem> {
    const LONGEST: usize = 1000;
    let (part, rest) = pairs.part(&["q", "sort", "col", "sure"])?;
    for once in ["q", "sort"] {
        if rest.iter().filter(|(name, _)| name == once).count() > 1 {
            return Err(Wrong::Senseless(format!("`{once}` is said twice.")).into());
        }
    }
    let asked: Asked = read(&site, &visitor, Action::SeeDevices, &rest).await?;
    if asked.search.chars().count() > LONGEST {
        return Err(Wrong::Senseless(format!("`q` has {LONGEST} characters at most.")).into());
    }
    let (column, is_descending) = asked.sort.unwrap_or((Column::Name, false));
    let sort = format!("{}{}", if is_descending { "-" } else { "" }, column.name());
    let mark = part.after.as_deref().map(|after| cursor::row(&sort, after)).transpose()?;
    let query = asked.query(part.limit.min(MOST) + 1).map_err(Wrong::from)?;
    let snapshot = site.parts().devices.snapshot();
    let page = mark.map_or_else(|| snapshot.list(&query), |mark| snapshot.list_behind(&query, &mark));
    let behind = |row: &_| Mark::of(row, column).map(|mark| cursor::of_row(&sort, &mark)).unwrap_or_default();
    let (rows, next) = cut(page.rows, part.limit, behind);
    let mut columns = shown_columns(&asked, visitor.may_everywhere(&site, Action::SeeTraffic));
    if !columns.contains(&Column::Id) {
        columns.insert(0, Column::Id);
    }
    let devices = rows.iter().map(|row| Row(object(row, &columns))).collect();
    Ok(Json(Devices { total: page.total, devices, next }))
}

/// One device: who it is and why, what disagrees, where it is reached.
#[derive(Serialize, ToSchema)]
struct Device {
    /// Its lasting id, the same through restarts, merges and changed rules.
    #[schema(format = "uuid")]
    id: String,
    /// The strongest key known of it.
    station: String,
    /// Its hardware addresses.
    macs: Vec<String>,
    /// Its network addresses.
    addresses: Vec<String>,
    /// Keys that stay with it wherever it is plugged in.
    keys: Vec<String>,
    /// The device that speaks for it, when it is nested.
    via: Option<String>,
    /// What is said of it, best first within an attribute.
    claims: Vec<Said>,
    /// Attributes on which claims that are about as sure differ.
    conflicts: Vec<String>,
    /// Remarks.
    labels: Vec<Remark>,
    /// With whom it talks, most bytes first; null when your role does not show traffic.
    peers: Option<Vec<Peer>>,
    /// The asset that it is, once assets are known.
    asset: Option<Belongs>,
    /// First packet or mention.
    #[schema(format = DateTime)]
    first_seen: String,
    /// Last packet or mention.
    #[schema(format = DateTime)]
    last_seen: String,
}

/// One answer to what a device is, with its weight and its reason.
#[derive(Serialize, ToSchema)]
struct Said {
    /// What is claimed.
    attribute: String,
    /// The answer.
    value: String,
    /// How sure, 0 to 1.
    confidence: f64,
    /// The rule that drew it.
    rule: String,
    /// The facts it rests on.
    evidence: Vec<Rests>,
}

/// A fact that a claim rests on.
#[derive(Serialize, ToSchema)]
struct Rests {
    /// The fact's field.
    field: String,
    /// The fact's value; what may name a person is a keyed hash.
    value: String,
    /// The protocol that said it.
    protocol: String,
    /// The packet of its source; null when it is known by time alone.
    packet: Option<u64>,
    /// When it was first said.
    #[schema(format = DateTime)]
    time: String,
}

/// A short remark.
#[derive(Serialize, ToSchema)]
struct Remark {
    /// What is remarked.
    text: String,
    /// Why.
    reason: String,
}

/// Another station.
#[derive(Serialize, ToSchema)]
struct Peer {
    /// Its network address.
    address: Option<String>,
    /// The service spoken, where known.
    service: String,
    /// Bytes of IP packets, both ways.
    bytes: u64,
    /// Conversations.
    flows: u64,
}

/// The asset that a device is.
#[derive(Serialize, ToSchema)]
struct Belongs {
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
    /// Who answers for it.
    owners: Answering,
    /// What was found to be this device; null when your role does not show matches.
    members: Option<Vec<Member>>,
}

/// Who answers for a device.
#[derive(Serialize, ToSchema)]
pub struct Answering {
    /// Uses it for care.
    clinical: Option<String>,
    /// Keeps it running.
    technical: Option<String>,
    /// Keeps it safe.
    security: Option<String>,
}

/// A device of the network or a record of another system.
#[derive(Serialize, ToSchema)]
pub struct Member {
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
    /// Its source; `network` for a device of the network.
    source: String,
    /// Its key in that source.
    key: String,
    /// Why it is taken for this device; empty for the first.
    reason: String,
}

/// Explains one device.
#[utoipa::path(get, path = "/api/v1/devices/{id}", operation_id = "showDevice", tag = "devices",
    params(("id" = String, Path, description = "Its id.", format = "uuid")),
    responses((status = 200, description = "The device.", body = Device)))]
async fn show(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    pairs: Pairs,
) -> Result<Json<Device>, Problem> {
    pairs.none()?;
    let id = id.parse().map_err(|_| Wrong::Nothing)?;
    Ok(Json(Device::of(&device::one(&site, &visitor, Action::SeeDevices, id).await?)))
}

impl Device {
    fn of(one: &One) -> Self {
        let device = &one.device;
        let conflicts = Attribute::ALL.into_iter().filter(|attribute| one.is_disputed(*attribute));
        let peer = |peer: &wardlight_model::Peer| Peer {
            address: peer.endpoint.ip.map(|ip| ip.to_string()),
            service: peer.service.clone(),
            bytes: peer.ip_bytes,
            flows: peer.flows,
        };
        Self {
            id: one.id.to_string(),
            station: device.id.clone(),
            macs: device.macs.iter().map(ToString::to_string).collect(),
            addresses: device.addresses.iter().map(IpAddr::to_string).collect(),
            keys: device.keys.iter().map(|key| key.text.clone()).collect(),
            via: device.via.clone(),
            claims: Attribute::ALL.into_iter().flat_map(|attribute| one.claims(attribute)).map(Said::of).collect(),
            conflicts: conflicts.map(|attribute| attribute.name().to_owned()).collect(),
            labels: device
                .labels
                .iter()
                .map(|label| Remark { text: label.text.clone(), reason: label.reason.clone() })
                .collect(),
            peers: one.sees_traffic.then(|| device.peers.iter().map(peer).collect()),
            asset: one.asset().map(|asset| Belongs {
                id: asset.id.to_string(),
                owners: Answering::of(&asset.owners),
                members: one.sees_matches.then(|| members(asset)),
            }),
            first_seen: device.first.to_string(),
            last_seen: device.last.to_string(),
        }
    }
}

impl Said {
    fn of(claim: &Claim) -> Self {
        let rests = claim.evidence.iter().map(|one| Rests {
            field: one.field.name().to_owned(),
            value: one.value.clone(),
            protocol: one.protocol.to_owned(),
            packet: Some(one.place.packet).filter(|packet| *packet > 0),
            time: one.time.to_string(),
        });
        Self {
            attribute: claim.attribute.name().to_owned(),
            value: claim.value.clone(),
            confidence: claim.confidence,
            rule: claim.rule.clone(),
            evidence: rests.collect(),
        }
    }
}

impl Answering {
    /// Those of `owners`.
    #[must_use]
    pub fn of(owners: &Owners) -> Self {
        let Owners { clinical, technical, security } = owners.clone();
        Self { clinical, technical, security }
    }
}

/// What was found to be `asset`.
#[must_use]
pub fn members(asset: &Asset) -> Vec<Member> {
    let member = |member: &wardlight_inventory::resolve::Member| Member {
        id: member.id.to_string(),
        source: member.source.clone(),
        key: member.key.clone(),
        reason: reason(member.link.as_ref().map(|link| &link.by)),
    };
    asset.members.iter().map(member).collect()
}
