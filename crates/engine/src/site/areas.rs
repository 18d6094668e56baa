//! Places and routing domains, as people say they are.

use std::collections::BTreeMap;
use wardlight_model::change::Change;
use wardlight_model::journal::Command;
use wardlight_model::{Area, Domain, Id, Level, Scope};

/// Why a decision was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A place without a name.
    #[error("a place needs a name")]
    NoName,
    /// The place that it should stand in is not known.
    #[error("there is no place {0} for it to stand in")]
    NoParent(Id),
    /// A place stands in a wider one only; a site in none.
    #[error("a {} does not stand in a {}", inner.name(), outer.map_or("place of no kind: name the place it stands in", Level::name))]
    WrongLevel {
        /// What it is.
        inner: Level,
        /// What it should stand in.
        outer: Option<Level>,
    },
    /// A site needs a time zone, as its people keep time.
    #[error("a site needs a time zone, such as Europe/Berlin")]
    NoZone,
    /// Others stand in it.
    #[error("{count} places or domains still belong to it: move or remove them first")]
    InUse {
        /// How many.
        count: usize,
    },
    /// There is none.
    #[error("there is no place {0}")]
    NoSuchPlace(Id),
    /// The run of an importer is not known, or too long ago.
    #[error("no source has a run {0} among its last: a newer one may have taken its place")]
    NoSuchRun(Id),
    /// A judgement or a rule about owners that is none.
    #[error("{0}")]
    Senseless(&'static str),
    /// A routing domain belongs to a site, not to something narrower.
    #[error("{0} is no site: a routing domain belongs to one")]
    NoSite(Id),
}

/// Carries `command` out; `None` when it is not about places. Errors: it makes no sense as things stand, and changes nothing.
pub(super) fn apply(
    areas: &mut BTreeMap<Id, Area>,
    domains: &mut BTreeMap<Scope, Domain>,
    command: &Command,
) -> Result<Option<Change>, Refusal> {
    match command {
        Command::PutArea(area) => {
            check(areas, area)?;
            areas.insert(area.id, area.clone());
            Ok(Some(Change::Area(area.clone())))
        }
        Command::RemoveArea(id) => {
            let inside = areas.values().filter(|area| area.parent == Some(*id)).count();
            let count = inside + domains.values().filter(|domain| domain.site == *id).count();
            if count > 0 {
                return Err(Refusal::InUse { count });
            }
            areas.remove(id).ok_or(Refusal::NoSuchPlace(*id))?;
            Ok(Some(Change::AreaGone(*id)))
        }
        Command::PutDomain(domain) => {
            let site = areas.get(&domain.site).filter(|area| area.level == Level::Site);
            site.ok_or(Refusal::NoSite(domain.site))?;
            if domain.name.trim().is_empty() {
                return Err(Refusal::NoName);
            }
            domains.insert(domain.scope, domain.clone());
            Ok(Some(Change::Domain(domain.clone())))
        }
        Command::UndoImport(_)
        | Command::Judge(_)
        | Command::Unjudge(_)
        | Command::PutOwner(_)
        | Command::RemoveOwner(_)
        | Command::Label(_)
        | Command::Unlabel(_)
        | Command::Witness(_)
        | Command::PutRule(_)
        | Command::RemoveRule(_) => Ok(None),
    }
}

/// A parent is wider than its child, so no place can come to stand in itself; and neither may become so by a change of
/// its own level.
fn check(areas: &BTreeMap<Id, Area>, area: &Area) -> Result<(), Refusal> {
    if area.name.trim().is_empty() {
        return Err(Refusal::NoName);
    }
    let outer = area.parent.map(|id| areas.get(&id).ok_or(Refusal::NoParent(id))).transpose()?.map(|outer| outer.level);
    let fits = match outer {
        None => area.level == Level::Site,
        Some(outer) => outer < area.level,
    };
    if !fits {
        return Err(Refusal::WrongLevel { inner: area.level, outer });
    }
    let too_wide = areas.values().find(|inner| inner.parent == Some(area.id) && inner.level <= area.level);
    if let Some(inner) = too_wide {
        return Err(Refusal::WrongLevel { inner: inner.level, outer: Some(area.level) });
    }
    let has_zone = area.zone.as_ref().is_some_and(|zone| !zone.trim().is_empty());
    if area.level == Level::Site && !has_zone { Err(Refusal::NoZone) } else { Ok(()) }
}
