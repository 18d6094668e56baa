//! Where devices stand in the site tree: rights that reach some areas reach the devices there.
//!
//! In: the assets, with the places that sources name; the tree. Out: for each device the path of areas from the site down
//! to the narrowest that is known. A place that fits two areas is in neither: nobody is shown a device by a guess.

use crate::answer::Wrong;
use crate::guard::Visitor;
use crate::site::{Settled, Site};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use wardlight_access::{Action, Extent};
use wardlight_inventory::resolve::Asset;
use wardlight_model::{Area, AssetField, Id, Level};
use wardlight_store::projection::{Column, Filter, Literal};

/// Which field of an asset names areas of which level, narrowest first.
const NAMED: [(Level, AssetField); 5] = [
    (Level::Room, AssetField::Room),
    (Level::CareArea, AssetField::Department),
    (Level::Floor, AssetField::Floor),
    (Level::Building, AssetField::Building),
    (Level::Site, AssetField::Site),
];

/// Where all devices stand, as of one settling and one tree.
#[derive(Debug, Default)]
pub struct Stands {
    paths: HashMap<Id, Arc<[Id]>>,
}

impl Stands {
    /// By the assets and the tree.
    #[must_use]
    pub fn of(settled: &Settled, areas: &[Area]) -> Self {
        let tree = Tree::of(areas);
        let mut paths = HashMap::new();
        for asset in &settled.resolution.assets {
            if let Some(path) = tree.path_of(asset) {
                let path: Arc<[Id]> = path.into();
                paths.extend(asset.members.iter().map(|member| (member.id, Arc::clone(&path))));
            }
        }
        Self { paths }
    }

    /// The areas that device `id` stands in, from the site down; none when that is not known.
    #[must_use]
    pub fn path(&self, id: Id) -> &[Id] {
        self.paths.get(&id).map_or(&[], |path| path)
    }
}

struct Tree<'a> {
    by_id: HashMap<Id, &'a Area>,
    by_name: HashMap<(Level, String), Vec<&'a Area>>,
}

impl<'a> Tree<'a> {
    fn of(areas: &'a [Area]) -> Self {
        let mut by_name: HashMap<(Level, String), Vec<&Area>> = HashMap::new();
        for area in areas {
            by_name.entry((area.level, folded(&area.name))).or_default().push(area);
        }
        Self { by_id: areas.iter().map(|area| (area.id, area)).collect(), by_name }
    }

    fn path_of(&self, asset: &Asset) -> Option<Vec<Id>> {
        let named: Vec<(Level, String)> =
            NAMED.iter().filter_map(|(level, field)| Some((*level, folded(place(asset, *field)?)))).collect();
        named.iter().find_map(|wanted| {
            let fitting = self.by_name.get(wanted)?.iter().map(|area| self.path(area));
            // What the asset says of the wider places must not contradict the path.
            let fits = |path: &Vec<&Area>| {
                path.iter()
                    .all(|area| named.iter().all(|(level, name)| *level != area.level || *name == folded(&area.name)))
            };
            // The one that most of what is said names; of two as good, neither.
            let agrees = |path: &Vec<&Area>| {
                path.iter().filter(|area| named.contains(&(area.level, folded(&area.name)))).count()
            };
            let mut fitting: Vec<Vec<&Area>> = fitting.filter(fits).collect();
            fitting.sort_by_key(|path| std::cmp::Reverse(agrees(path)));
            let only = fitting.first()?;
            let is_only = fitting.get(1).is_none_or(|second| agrees(second) < agrees(only));
            is_only.then(|| only.iter().map(|area| area.id).collect())
        })
    }

    /// From the site down to `area`.
    fn path(&self, area: &'a Area) -> Vec<&'a Area> {
        let up = std::iter::successors(Some(area), |area| self.by_id.get(&area.parent?).copied());
        let mut path: Vec<&Area> = up.take(Level::ALL.len()).collect();
        path.reverse();
        path
    }
}

/// What is believed of the asset's place now.
fn place(asset: &Asset, field: AssetField) -> Option<&str> {
    let stands = asset.stands.and_then(|at| asset.whereabouts.get(at));
    let here = stands.and_then(|there| there.stay.place.iter().find(|(of, _)| *of == field));
    here.map(|(_, value)| value.as_str()).or_else(|| asset.shown(field))
}

fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Whether `visitor` may do `action` with one side, and the other stands nowhere else: what is in areas of others is not told.
#[must_use]
pub fn may_pair(site: &Site, visitor: &Visitor, action: Action, stands: &Stands, sides: [Id; 2]) -> bool {
    let is_theirs = |side: &Id| visitor.check(site, action, Some(stands.path(*side))).is_ok();
    sides.iter().any(is_theirs) && sides.iter().all(|side| is_theirs(side) || stands.path(*side).is_empty())
}

/// Errors: `visitor` may not do `action` to device `id` where that stands, or may not know of it.
pub async fn check(site: &Site, visitor: &Visitor, action: Action, id: Id) -> Result<(), Wrong> {
    if visitor.may_everywhere(site, action) {
        return Ok(());
    }
    let stands = site.stands().await?;
    visitor.check(site, action, Some(stands.path(id)))
}

/// Which devices somebody may know of.
pub struct Seen(Option<(Arc<Stands>, Extent)>);

impl Seen {
    /// Whether the device called `id` is one of them.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        let Some((stands, extent)) = &self.0 else { return true };
        id.parse().is_ok_and(|id| extent.holds(stands.path(id)))
    }
}

/// The devices to which `visitor` may do `action`. Errors: the state does not answer.
pub async fn seen(site: &Site, visitor: &Visitor, action: Action) -> Result<Seen, Wrong> {
    let extent = visitor.extent(site, action);
    Ok(Seen(if extent == Extent::Site { None } else { Some((site.stands().await?, extent)) }))
}

/// The devices to which `visitor` may do `action`, as a filter of lists; nothing for all. Errors: to none.
pub async fn within(site: &Site, visitor: &Visitor, action: Action) -> Result<Option<Filter>, Wrong> {
    let areas: HashSet<Id> = match visitor.extent(site, action) {
        Extent::Site => return Ok(None),
        Extent::Nowhere => return visitor.check(site, action, None).map(|()| None),
        Extent::Areas(areas) => areas.into_iter().collect(),
    };
    let stands = site.stands().await?;
    let inside = stands.paths.iter().filter(|(_, path)| path.iter().any(|area| areas.contains(area)));
    let ids: Vec<Literal> = inside.map(|(id, _)| Literal::Text(id.to_string().into())).collect();
    Ok(Some(Filter::Is(Column::Id, ids)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(n: u8, parent: Option<u8>, level: Level, name: &str) -> Area {
        let zone = (level == Level::Site).then(|| "Europe/Berlin".to_owned());
        Area { id: Id([n; 16]), parent: parent.map(|n| Id([n; 16])), level, name: name.to_owned(), zone }
    }

    fn asset(n: u8, says: &[(AssetField, &str)]) -> Asset {
        use wardlight_inventory::resolve::{Member, Onboarding, Owners, SourceKind};
        use wardlight_inventory::resolve::{Stay, Whereabouts};
        let place = says.iter().map(|(field, value)| (*field, (*value).to_owned())).collect();
        let stay = Stay { first: wardlight_model::Time::MIN, last: wardlight_model::Time::MIN, place };
        let kind = SourceKind::Cmms;
        let member = Member { id: Id([n; 16]), source: "cmms".into(), kind, key: "1".into(), link: None };
        Asset {
            id: Id([n; 16]),
            members: vec![member],
            fields: Vec::new(),
            kind: None,
            whereabouts: vec![Whereabouts { stay, source: "cmms".into(), kind, worth: 1.0 }],
            stands: Some(0),
            owners: Owners::default(),
            onboarding: Onboarding::Found,
            is_confirmed: false,
            seen: None,
        }
    }

    #[test]
    fn a_device_stands_in_the_one_area_that_its_place_names_and_else_nowhere() {
        let tree = [
            area(1, None, Level::Site, "East"),
            area(2, Some(1), Level::CareArea, "ICU  North"),
            area(3, Some(2), Level::Room, "12"),
            area(4, None, Level::Site, "West"),
            area(5, Some(4), Level::Room, "12"),
        ];
        let [site, ward, room] = [AssetField::Site, AssetField::Department, AssetField::Room];
        let of = |says: &[(AssetField, &str)]| {
            let tree = Tree::of(&tree);
            tree.path_of(&asset(9, says)).map(|path| path.iter().map(|id| id.0[0]).collect::<Vec<_>>())
        };
        assert_eq!(of(&[(ward, "icu north"), (room, "12")]), Some(vec![1, 2, 3]));
        assert_eq!(of(&[(site, "WEST"), (room, "12")]), Some(vec![4, 5]));
        assert_eq!(of(&[(room, "12")]), None, "two rooms are called so");
        assert_eq!(of(&[(site, "West"), (ward, "ICU North")]), Some(vec![4]), "the ward is of another site");
        assert_eq!(of(&[(ward, "radiology")]), None);
        assert_eq!(of(&[]), None);
    }
}
