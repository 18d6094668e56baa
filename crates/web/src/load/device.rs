//! One device, with the asset that it is.

use crate::answer::Wrong;
use crate::guard::Visitor;
use crate::site::{Settled, Site};
use crate::stand;
use std::sync::Arc;
use wardlight_access::Action;
use wardlight_inventory::resolve::Asset;
use wardlight_model::{Attribute, Claim, Device, Id};
use wardlight_store::projection::{Row, Snapshot};

/// A claim this near to the shown one disputes it.
const DISPUTES: f64 = 0.2;

/// A device as this visitor may see it.
pub struct One {
    /// Its lasting id.
    pub id: Id,
    /// What is known of it; no peers when the visitor may not see traffic.
    pub device: Device,
    /// The same as lists show it.
    pub row: Option<Row>,
    /// All devices at that moment.
    pub snapshot: Arc<Snapshot>,
    /// Whether the visitor may see whom it talks to.
    pub sees_traffic: bool,
    /// Whether the visitor may see which records are taken for it.
    pub sees_matches: bool,
    settled: Option<Arc<Settled>>,
}

impl One {
    /// The asset that it is.
    #[must_use]
    pub fn asset(&self) -> Option<&Asset> {
        self.settled.as_ref()?.asset(self.id)
    }

    /// All that is claimed on `attribute`, what people said first, then the surest.
    #[must_use]
    pub fn claims(&self, attribute: Attribute) -> Vec<&Claim> {
        let mut claims: Vec<&Claim> = self.device.claims.iter().filter(|claim| claim.attribute == attribute).collect();
        let rank = |claim: &Claim| claim.person().is_none();
        claims.sort_by(|a, b| {
            rank(a).cmp(&rank(b)).then(b.confidence.total_cmp(&a.confidence)).then_with(|| a.value.cmp(&b.value))
        });
        claims
    }

    /// Whether another claim on `attribute` is about as sure as the best. A device may well have many names, and what a
    /// person said is no dispute any more.
    #[must_use]
    pub fn is_disputed(&self, attribute: Attribute) -> bool {
        let claims = self.claims(attribute);
        let Some((best, others)) = claims.split_first() else { return false };
        let is_near = |claim: &&Claim| best.person().is_none() && best.confidence - claim.confidence < DISPUTES;
        attribute != Attribute::Name && others.iter().any(is_near)
    }
}

/// The device called `id`, for whoever may do `action` to it. Errors: there is none, or the visitor may not.
pub async fn one(site: &Site, visitor: &Visitor, action: Action, id: Id) -> Result<One, Wrong> {
    stand::check(site, visitor, action, id).await?;
    let stored = site.parts().database.device(id).await?.ok_or(Wrong::Nothing)?;
    let mut device: Device = serde_json::from_str(&stored.body)
        .map_err(|_| Wrong::Store(format!("device {id} is of another version's form")))?;
    let sees_traffic = stand::check(site, visitor, Action::SeeTraffic, id).await.is_ok();
    device.peers = if sees_traffic { site.parts().house.peers(id) } else { Vec::new() };
    let snapshot = site.parts().devices.snapshot();
    Ok(One {
        id,
        device,
        row: snapshot.device(id),
        snapshot,
        sees_traffic,
        sees_matches: visitor.may_everywhere(site, Action::SeeMatches),
        settled: site.parts().assets.now(),
    })
}
