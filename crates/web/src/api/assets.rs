//! `/api/v1/assets`: devices of the real world, out of network and records.
//!
//! What stands near to patients, such as a bed or a room, is not among what is answered here.

use super::cursor;
use super::devices::{Answering, Member, members};
use super::sent::{Pairs, cut};
use crate::answer::{Problem, Wrong};
use crate::guard::Visitor;
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use crate::stand;
use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;
use wardlight_access::{Action, Extent};
use wardlight_inventory::resolve::{Held, Onboarding};
use wardlight_model::{AssetField, Id, Privacy};

/// The resource.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    vec![
        Route::new("/api/v1/assets", get(list)).needs(Need::Right(Action::SeeDevices)).says::<__path_list>(),
        Route::new("/api/v1/assets/{id}", get(show)).needs(Need::Right(Action::SeeDevices)).says::<__path_show>(),
    ]
}

/// Assets, by id.
#[derive(Serialize, ToSchema)]
struct Assets {
    /// How many assets there are.
    total: usize,
    /// Some of them.
    assets: Vec<Asset>,
    /// Goes into `after` for the next part; null at the end.
    next: Option<String>,
}

/// How far a device is known to the house.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Known {
    Found,
    Expected,
    Matched,
    Onboarded,
    Retired,
}

/// One device of the real world.
#[derive(Serialize, ToSchema)]
struct Asset {
    /// Its id: the smallest of its members'.
    #[schema(format = "uuid")]
    id: String,
    /// What it is called.
    name: Option<String>,
    /// What it is.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// How sure its type is, 0 to 1.
    type_confidence: Option<f64>,
    /// Who makes it.
    maker: Option<String>,
    /// Its model.
    model: Option<String>,
    /// Its serial number.
    serial: Option<String>,
    /// The house's number for it.
    asset_tag: Option<String>,
    /// Whose it is.
    department: Option<String>,
    /// Who answers for it.
    owners: Answering,
    /// `found` on the network, `expected` from records, `matched` both, `onboarded` with type and owners, `retired`.
    state: Known,
    /// First time on the network.
    #[schema(format = DateTime)]
    first_seen: Option<String>,
    /// Last time on the network.
    #[schema(format = DateTime)]
    last_seen: Option<String>,
    /// Fields whose answers contradict each other.
    disputed: Vec<String>,
}

/// One asset with every answer.
#[derive(Serialize, ToSchema)]
struct Explained {
    /// In short.
    asset: Asset,
    /// What is said of it, and by whom.
    fields: Vec<Field>,
    /// What was found to be this device; null when your role does not show matches.
    members: Option<Vec<Member>>,
}

/// One field of an asset.
#[derive(Serialize, ToSchema)]
struct Field {
    /// Its name, such as `identity.serial`.
    name: String,
    /// Whether a good answer contradicts the best.
    is_disputed: bool,
    /// The answers, the best first.
    answers: Vec<Answer>,
}

/// One source's answer.
#[derive(Serialize, ToSchema)]
struct Answer {
    /// What it says.
    value: String,
    /// Who says it; `network` is the wire itself.
    source: String,
    /// When it was so.
    #[schema(format = DateTime)]
    time: String,
    /// What it is worth now.
    worth: f64,
}

/// Lists assets.
#[utoipa::path(get, path = "/api/v1/assets", operation_id = "listAssets", tag = "assets",
    params(
        ("after" = Option<String>, Query, description = "`next` of the part before."),
        ("limit" = Option<u16>, Query, description = "Most rows.", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, description = "Assets.", body = Assets)))]
async fn list(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    pairs: Pairs,
) -> Result<Json<Assets>, Problem> {
    let (part, _) = pairs.part(&[])?;
    let after: Option<Id> = part.after.as_deref().map(cursor::id).transpose()?;
    let settled = site.parts().assets.now();
    let all = settled.as_ref().map(|settled| settled.resolution.assets.as_slice()).unwrap_or_default();
    let (extent, stands) = (visitor.extent(&site, Action::SeeDevices), site.stands().await?);
    let is_shown =
        |asset: &&wardlight_inventory::resolve::Asset| extent == Extent::Site || extent.holds(stands.path(asset.id));
    let total = if extent == Extent::Site { all.len() } else { all.iter().filter(is_shown).count() };
    let begin = after.map_or(0, |after| all.partition_point(|asset| asset.id <= after));
    let found: Vec<&_> = all.iter().skip(begin).filter(is_shown).take(part.limit + 1).collect();
    let (found, next) = cut(found, part.limit, |asset| cursor::of_id(asset.id));
    Ok(Json(Assets { total, assets: found.into_iter().map(Asset::of).collect(), next }))
}

/// Explains one asset.
#[utoipa::path(get, path = "/api/v1/assets/{id}", operation_id = "showAsset", tag = "assets",
    params(("id" = String, Path, description = "Its id, or that of a member.", format = "uuid")),
    responses((status = 200, description = "The asset.", body = Explained)))]
async fn show(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    pairs: Pairs,
) -> Result<Json<Explained>, Problem> {
    pairs.none()?;
    let id: Id = id.parse().map_err(|_| Wrong::Nothing)?;
    stand::check(&site, &visitor, Action::SeeDevices, id).await?;
    let settled = site.parts().assets.now().ok_or(Wrong::Nothing)?;
    let asset = settled.asset(id).ok_or(Wrong::Nothing)?;
    let sees_matches = visitor.may_everywhere(&site, Action::SeeMatches);
    Ok(Json(Explained {
        asset: Asset::of(asset),
        fields: asset.fields.iter().filter(|held| is_shown(held.field)).map(Field::of).collect(),
        members: sees_matches.then(|| members(asset)),
    }))
}

/// Whether a field says nothing of people, and nothing of where patients are.
fn is_shown(field: AssetField) -> bool {
    field.privacy() != Privacy::Person && !matches!(field, AssetField::Room | AssetField::Bed | AssetField::Notes)
}

impl Asset {
    fn of(asset: &wardlight_inventory::resolve::Asset) -> Self {
        let shown = |field| asset.shown(field).map(str::to_owned);
        Self {
            id: asset.id.to_string(),
            name: shown(AssetField::Name).or_else(|| shown(AssetField::Hostname)),
            kind: asset.kind.as_ref().map(|kind| kind.name.clone()),
            type_confidence: asset.kind.as_ref().map(|kind| kind.confidence),
            maker: shown(AssetField::Maker),
            model: shown(AssetField::Model),
            serial: shown(AssetField::Serial),
            asset_tag: shown(AssetField::AssetTag),
            department: shown(AssetField::Department),
            owners: Answering::of(&asset.owners),
            state: match asset.onboarding {
                Onboarding::Found => Known::Found,
                Onboarding::Expected => Known::Expected,
                Onboarding::Matched => Known::Matched,
                Onboarding::Onboarded => Known::Onboarded,
                Onboarding::Retired => Known::Retired,
            },
            first_seen: asset.seen.map(|(first, _)| first.to_string()),
            last_seen: asset.seen.map(|(_, last)| last.to_string()),
            disputed: asset
                .disputes()
                .filter(|held| is_shown(held.field))
                .map(|held| held.field.name().to_owned())
                .collect(),
        }
    }
}

impl Field {
    fn of(held: &Held) -> Self {
        let answers = held.answers.iter().map(|answer| Answer {
            value: answer.value.clone(),
            source: answer.source.clone(),
            time: answer.time.to_string(),
            worth: answer.worth,
        });
        Self { name: held.field.name().to_owned(), is_disputed: held.is_disputed, answers: answers.collect() }
    }
}
