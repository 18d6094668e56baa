//! Places: the site tree, as far as the visitor may see it.

use crate::answer::Wrong;
use crate::guard::Visitor;
use crate::site::Site;
use std::collections::HashMap;
use wardlight_access::Action;
use wardlight_model::{Area, Id, Level};

/// A place, and the widest-first path of those it stands in, itself last.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The place.
    pub area: Area,
    /// Ids from the site down to it.
    pub path: Vec<Id>,
}

/// All places that the visitor may see, by id. Errors: the state does not answer.
pub async fn all(site: &Site, visitor: &Visitor) -> Result<Vec<Placed>, Wrong> {
    let extent = visitor.extent(site, Action::SeeSite);
    let areas = site.parts().database.areas().await?;
    let parents: HashMap<Id, Option<Id>> = areas.iter().map(|area| (area.id, area.parent)).collect();
    let mut all: Vec<Placed> = areas.into_iter().map(|area| Placed { path: path(&parents, area.id), area }).collect();
    all.retain(|placed| extent.holds(&placed.path));
    all.sort_by_key(|placed| placed.area.id);
    Ok(all)
}

/// The place called `id`. Errors: there is none, or the visitor may not know of it.
pub async fn one(site: &Site, visitor: &Visitor, id: &str) -> Result<Placed, Wrong> {
    let id: Id = id.parse().map_err(|_| Wrong::Nothing)?;
    all(site, visitor).await?.into_iter().find(|placed| placed.area.id == id).ok_or(Wrong::Nothing)
}

/// The place called `id`, whoever asks: what may be done to it is asked next. Errors: the state does not answer.
pub async fn known(site: &Site, id: Id) -> Result<Option<Placed>, Wrong> {
    let areas = site.parts().database.areas().await?;
    Ok(placed(areas).into_iter().find(|placed| placed.area.id == id))
}

fn placed(areas: Vec<Area>) -> Vec<Placed> {
    let parents: HashMap<Id, Option<Id>> = areas.iter().map(|area| (area.id, area.parent)).collect();
    areas.into_iter().map(|area| Placed { path: path(&parents, area.id), area }).collect()
}

/// A tree is no deeper than it has levels; what is stored in a ring ends here too.
fn path(parents: &HashMap<Id, Option<Id>>, id: Id) -> Vec<Id> {
    let up = std::iter::successors(Some(id), |id| parents.get(id).copied().flatten());
    let mut path: Vec<Id> = up.take(Level::ALL.len()).collect();
    path.reverse();
    path
}
